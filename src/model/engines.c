/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prediction engines of a model: one for each representation, or for each chart of one, with
 * the systems as outputs.  Systems with the same kernel function share its evaluation.
 */
#include "model/model.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

/* Systems of one representation with one kernel function; their outputs lie side by side. */
typedef struct {
    kernel  of;
    int64_t first, n_outputs;
} output_group;

typedef struct {
    output_group *list;
    int           n;
} output_groups;

static int64_t outputs_of(const linear_system *system)
{
    return system->n_columns * system->n_tensors;
}

static output_group *group_with(output_groups *groups, const kernel *of)
{
    for (int g = 0; g < groups->n; g++) {
        if (kernel_equal(&groups->list[g].of, of)) {
            return &groups->list[g];
        }
    }
    groups->list[groups->n] = (output_group){.of = *of};
    return &groups->list[groups->n++];
}

/* Visit every system that is predicted in representation r. */
#define FOR_EACH_SYSTEM(model, r, part, system)                                                    \
    for (int p_ = 0; p_ < (model)->n_properties; p_++)                                             \
        for (model_part *part = (model)->properties[p_].parts,                                     \
                        *end_ = part + (model)->properties[p_].n_parts;                            \
             part < end_; part++)                                                                  \
            for (linear_system *system = part->systems, *last_ = system + part->n_systems;         \
                 part->representation == (r) && system < last_; system++)

static int count_systems(covary_model *model, int r)
{
    int n = 0;

    FOR_EACH_SYSTEM(model, r, part, system)
    {
        n++;
    }
    return n;
}

static void place_outputs(covary_model *model, int r, output_groups *groups)
{
    int64_t first = 0;

    FOR_EACH_SYSTEM(model, r, part, system)
    {
        output_group *group = group_with(groups, &system->of);
        system->output = group->n_outputs; /* within the group, for now */
        group->n_outputs += outputs_of(system);
    }
    for (int g = 0; g < groups->n; g++) {
        groups->list[g].first = first;
        first += groups->list[g].n_outputs;
    }
    FOR_EACH_SYSTEM(model, r, part, system)
    {
        system->output += group_with(groups, &system->of)->first;
    }
    model->representations[r]->n_outputs = first;
}

/* Training sites of one chart: [n_train][sites of the chart] of all train sites. */
typedef struct {
    int64_t n_train;
    int     n_all, first, n;
} chart_sites;

static void copy_sites(chart_sites of, int64_t width, int64_t stride, const double *from,
                       double *to)
{
    for (int64_t frame = 0; frame < of.n_train; frame++) {
        for (int site = 0; site < of.n; site++) {
            memcpy(to + (frame * of.n + site) * stride,
                   from + (frame * of.n_all + of.first + site) * width, (size_t)width * sizeof *to);
        }
    }
}

static covary_status chart_weights(covary_model *model, int r, chart_sites sites,
                                   const output_group *group, double **weights)
{
    covary_status status = MEMORY_ALLOCATE("weights of the engine",
                                           sites.n_train * sites.n * group->n_outputs, weights);

    if (status != COVARY_OK) {
        return status;
    }
    FOR_EACH_SYSTEM(model, r, part, system)
    {
        if (kernel_equal(&system->of, &group->of)) {
            copy_sites(sites, outputs_of(system), group->n_outputs, system->weights,
                       *weights + (system->output - group->first));
        }
    }
    return COVARY_OK;
}

static covary_status create_engine(covary_model *model, int r, engine_precision precision,
                                   chart_sites sites, const output_groups *groups, engine **out)
{
    covary_status         status = COVARY_OK;
    const representation *in = model->representations[r];
    const int64_t         dimension = in->features->dimension;
    engine_group         *parts = NULL;
    double               *rows = NULL, **weights = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("groups", groups->n, &parts));
    COVARY_TRY(MEMORY_ALLOCATE("weights", groups->n, &weights));
    COVARY_TRY(MEMORY_ALLOCATE("training rows", sites.n_train * sites.n * dimension, &rows));
    copy_sites(sites, dimension, dimension, in->train, rows);
    for (int g = 0; g < groups->n; g++) {
        COVARY_TRY(chart_weights(model, r, sites, &groups->list[g], &weights[g]));
        parts[g] = (engine_group){.of = groups->list[g].of,
                                  .n_outputs = groups->list[g].n_outputs,
                                  .weights = weights[g]};
    }
    COVARY_TRY(
        engine_create(precision, sites.n_train * sites.n, dimension, rows, groups->n, parts, out));

done:
    for (int g = 0; weights != NULL && g < groups->n; g++) {
        MEMORY_RELEASE(&weights[g]);
    }
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&weights);
    MEMORY_RELEASE(&parts);
    return status;
}

static double length_of(int64_t n, const double *row)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        sum += row[i] * row[i];
    }
    return sqrt(sum);
}

/* Lengths of the training rows, and that of the mean that was taken off, which eps is of. */
typedef struct {
    int64_t n;
    double *each, largest, mean;
} row_lengths;

static covary_status measure_rows(const representation *in, int64_t n, row_lengths *found)
{
    const descriptor_set *set = in->features;
    const int64_t         dimension = set->dimension;
    double                sum = 0.0;

    found->n = n;
    for (int64_t i = 0; i < dimension; i++) {
        sum += set->mean[i] * set->scale[i] * set->mean[i] * set->scale[i];
    }
    found->mean = sqrt(sum);
    if (MEMORY_ALLOCATE("lengths of rows", n, &found->each) != COVARY_OK) {
        return COVARY_ERR_MEMORY;
    }
    for (int64_t row = 0; row < n; row++) {
        found->each[row] = length_of(dimension, in->train + row * dimension);
        found->largest = fmax(found->largest, found->each[row]);
    }
    return COVARY_OK;
}

/* Weights times the rounding of the kernel values that they belong to. */
static covary_status sum_magnitudes(covary_model *model, int r, int64_t n_rows)
{
    covary_status status = COVARY_OK;
    row_lengths   rows = {0};

    COVARY_TRY(measure_rows(model->representations[r], n_rows, &rows));
    FOR_EACH_SYSTEM(model, r, part, system)
    {
        const int64_t width = outputs_of(system);
        MEMORY_RELEASE(&system->norms);
        COVARY_TRY(MEMORY_ALLOCATE("norms of weights", width, &system->norms));
        for (int64_t row = 0; row < n_rows; row++) {
            const double rounding = kernel_rounding(&system->of, rows.largest, rows.each[row],
                                                    rows.largest + rows.mean);
            for (int64_t i = 0; i < width; i++) {
                system->norms[i] += rounding * fabs(system->weights[row * width + i]);
            }
        }
    }

done:
    MEMORY_RELEASE(&rows.each);
    return status;
}

static covary_status prepare_representation(covary_model *model, int r, engine_precision precision)
{
    covary_status   status = COVARY_OK;
    representation *in = model->representations[r];
    output_groups   groups = {0};
    chart_sites     sites = {.n_train = in->n_train,
                             .n_all = representation_train_sites(in),
                             .n = representation_train_sites(in) / in->n_charts};

    COVARY_TRY(MEMORY_ALLOCATE("groups of outputs", count_systems(model, r), &groups.list));
    representation_release_engines(in);
    COVARY_TRY(MEMORY_ALLOCATE("engines", in->n_charts, &in->engines));
    place_outputs(model, r, &groups);
    COVARY_TRY(sum_magnitudes(model, r, sites.n_train * sites.n_all));
    for (int chart = 0; chart < in->n_charts; chart++) {
        sites.first = chart * sites.n;
        COVARY_TRY(create_engine(model, r, precision, sites, &groups, &in->engines[chart]));
    }

done:
    MEMORY_RELEASE(&groups.list);
    return status;
}

covary_status model_prepare(covary_model *model, engine_precision precision)
{
    covary_status status = COVARY_OK;

    model->precision = precision;
    for (int r = 0; r < model->n_representations; r++) {
        COVARY_TRY(prepare_representation(model, r, precision));
    }

done:
    return status;
}
