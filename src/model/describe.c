/* SPDX-License-Identifier: BSD-3-Clause */
/* The training frames in a representation: features, tensors, and targets in its axes. */
#include "model/domain.h"
#include "model/kept_frames.h"
#include "model/training.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

static covary_status evaluate_share(const training_set *set, described_set *into)
{
    int64_t       bad_frame = 0, frame;
    const char   *path;
    covary_status status =
        sites_evaluate(into->sites, set->batch->n_frames, set->batch->positions, &bad_frame);

    if (status != COVARY_OK) {
        trajectory_locate(set->from, set->batch->first + bad_frame, &path, &frame);
        covary_record_context("%s, frame %lld", path, (long long)frame);
    }
    return status;
}

/* One more described set, whose sites are of the representation. */
static covary_status extend(training_set *set, const representation *added)
{
    covary_status  status = COVARY_OK;
    described_set *longer = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("described sets", set->n_described + 1, &longer));
    if (set->n_described > 0) {
        memcpy(longer, set->described, (size_t)set->n_described * sizeof *longer);
    }
    MEMORY_RELEASE(&set->described);
    set->described = longer;
    set->described[set->n_described].candidate = set->n_described;
    set->n_described++; /* whatever it will hold is to be released */
    COVARY_TRY(site_batch_create(added, set->batch->n_frames, &longer[set->n_described - 1].sites));

done:
    return status;
}

static double smallest_margin(covary_run *run, const described_set *described, int64_t n_frames)
{
    double margin = 1.0;

    for (int64_t frame = 0; frame < n_frames; frame++) {
        margin = fmin(margin, described->sites->margin[frame]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &margin, 1, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
    return margin;
}

/* The rows of the sites as a panel. */
static covary_status make_panel(covary_run *run, const representation *of, const training_set *set,
                                described_set *into)
{
    covary_status status = COVARY_OK;
    const int64_t width = of->n_sites * of->features->dimension;

    COVARY_TRY(panel_create(run, set->batch->n_frames, width, &into->features));
    memcpy(into->features->data, into->sites->rows,
           (size_t)(set->batch->n_frames * width) * sizeof(double));

done:
    return status;
}

/* In a representation whose scaling is known. */
static covary_status describe_validation(covary_run *run, const representation *of,
                                         training_set *set)
{
    covary_status  status = COVARY_OK;
    described_set *into;

    COVARY_TRY_TOGETHER(run, "reserve the sites", extend(set, of));
    into = &set->described[set->n_described - 1];
    COVARY_TRY_TOGETHER(run, "describe the validation frames", evaluate_share(set, into));
    COVARY_TRY(make_panel(run, of, set, into));

done:
    return status;
}

covary_status training_describe(covary_run *run, covary_model *model, training_set *set,
                                representation **added)
{
    covary_status   status = COVARY_OK;
    representation *of = *added;
    described_set  *into;

    timer_begin(run, "describe");
    COVARY_TRY_TOGETHER(run, "reserve the sites", extend(set, of));
    COVARY_TRY_TOGETHER(run, "add a representation", model_add_representation(model, added));
    into = &set->described[set->n_described - 1];
    COVARY_TRY_TOGETHER(run, "describe the training frames", evaluate_share(set, into));
    COVARY_TRY(descriptor_set_scale(run, of->features, of->scaling,
                                    set->batch->n_frames * of->n_sites, into->sites->rows));
    COVARY_TRY(make_panel(run, of, set, into));
    of->train_margin = smallest_margin(run, into, set->batch->n_frames);
    if (set->validation != NULL) {
        COVARY_TRY(describe_validation(run, of, set->validation));
    }

done:
    timer_end(run, "describe");
    representation_destroy(added);
    return status;
}

covary_status training_keep(covary_run *run, covary_model *model, const training_set *set, int r)
{
    covary_status   status = COVARY_OK;
    representation *of = model->representations[r];
    const panel    *all = set->described[r].features;
    const int64_t   width = representation_train_sites(of) * of->features->dimension;
    panel          *kept = NULL;
    int64_t         begin, end;

    kept_frames_range(of, all->first, all->n_local, &begin, &end);
    COVARY_TRY(panel_create(run, end - begin, width, &kept));
    for (int64_t k = begin; k < end; k++) {
        memcpy(kept->data + (k - begin) * width,
               all->data + (of->train_frames[k] - all->first) * all->width,
               (size_t)width * sizeof(double));
    }
    MEMORY_RELEASE(&of->train);
    COVARY_TRY(panel_replicate(kept, &of->train));
    COVARY_TRY(domain_measure(run, of, all));

done:
    panel_destroy(&kept);
    return status;
}

/* May the mean of this packed value be learned apart, without harm to covariance? */
static bool has_mean(const model_part *part, const representation *in, int64_t value)
{
    switch (in->how) {
    case COUPLING_NONE:
        return true;
    case COUPLING_SIGNS:
        return representation_character(in, part->about, (int)(value % (2 * part->about.l + 1))) ==
               0;
    case COUPLING_FULL:
        break;
    }
    return part->about.l == 0 && !part->about.pseudo;
}

/* Means over all frames in their order, whatever the split. */
static void set_means(const representation *in, int64_t n_frames, const double *all,
                      model_part *part)
{
    for (int64_t c = 0; c < part->width; c++) {
        part->mean[c] = 0.0;
        for (int64_t frame = 0; frame < n_frames; frame++) {
            part->mean[c] += all[frame * part->width + c] / (double)n_frames;
        }
        part->mean[c] *= has_mean(part, in, c) ? 1.0 : 0.0;
    }
}

/* Atoms that permutations exchange have one mean. */
static covary_status average_means(const representation *in, model_part *part)
{
    const permutation_group *group = in->of->group;
    const int64_t            per_atom = part->width / part->n_sites;
    double                  *means = NULL;
    covary_status            status;

    if (in->n_permutations == 1 || part->n_sites == 1) {
        return COVARY_OK;
    }
    status = MEMORY_ALLOCATE("means", part->width, &means);
    for (int64_t c = 0; status == COVARY_OK && c < part->width; c++) {
        for (int k = 0; k < group->order; k++) {
            const int64_t atom = permutation_group_image(group, k)[c / per_atom];
            means[c] += part->mean[atom * per_atom + c % per_atom] / group->order;
        }
    }
    if (status == COVARY_OK) {
        memcpy(part->mean, means, (size_t)part->width * sizeof *means);
    }
    MEMORY_RELEASE(&means);
    return status;
}

static void fill_part(const covary_model *model, const training_set *set, int p,
                      const model_part *part, panel *values)
{
    const site_batch *sites = set->described[part->representation].sites;
    const int64_t     column = training_column(model, p) + part->first;

    for (int64_t frame = 0; frame < values->n_local; frame++) {
        double *value = values->data + frame * part->width;
        memcpy(value, set->targets->data + frame * set->targets->width + column,
               (size_t)part->width * sizeof *value);
        part_to_axes(part, sites, frame, value);
    }
}

covary_status training_part_values(covary_run *run, const covary_model *model,
                                   const training_set *set, int p, const model_part *part,
                                   panel **values)
{
    covary_status status = panel_create(run, set->batch->n_frames, part->width, values);

    if (status == COVARY_OK) {
        fill_part(model, set, p, part, *values);
    }
    return status;
}

void training_system_targets(const linear_system *system, const panel *values, int64_t first,
                             panel *targets)
{
    for (int64_t frame = 0; frame < values->n_local; frame++) {
        for (int64_t i = 0; i < system->n_rows * system->n_columns; i++) {
            const int64_t row = frame * system->n_rows + i / system->n_columns;
            targets->data[row * targets->width + first + i % system->n_columns] =
                values->data[frame * values->width + system->map[i]];
        }
    }
}

covary_status training_part_targets(covary_run *run, const covary_model *model,
                                    const training_set *set, int p, model_part *part,
                                    panel **values)
{
    covary_status         status = COVARY_OK;
    const representation *in = model->representations[part->representation];
    double               *all = NULL;
    panel                *made = NULL;

    *values = NULL;
    COVARY_TRY(training_part_values(run, model, set, p, part, &made));
    COVARY_TRY(panel_replicate(made, &all));
    set_means(in, made->n_rows, all, part);
    COVARY_TRY_TOGETHER(run, "average the means", average_means(in, part));
    for (int64_t i = 0; i < made->n_local * part->width; i++) {
        made->data[i] -= part->mean[i % part->width];
    }
    *values = made;
    made = NULL;

done:
    MEMORY_RELEASE(&all);
    panel_destroy(&made);
    return status;
}

covary_status training_validation_targets(covary_run *run, const covary_model *model,
                                          const training_set *set, int p, const model_part *part,
                                          panel **values)
{
    covary_status status = training_part_values(run, model, set->validation, p, part, values);

    for (int64_t i = 0; status == COVARY_OK && i < (*values)->n_local * part->width; i++) {
        (*values)->data[i] -= part->mean[i % part->width];
    }
    return status;
}

covary_status training_tensors(covary_run *run, const covary_model *model, const training_set *set,
                               const model_part *part, const linear_system *system, panel **out)
{
    covary_status         status = COVARY_OK;
    const representation *in = model->representations[part->representation];
    const site_batch     *sites = set->described[part->representation].sites;
    const int64_t         width = in->n_sites * system->n_rows * system->n_tensors;
    double               *scratch = NULL;
    panel                *made = NULL;

    *out = NULL;
    if (!system_has_tensors(part, system, in)) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(run, "reserve scratch space",
                        MEMORY_ALLOCATE("scratch", part_scratch(part, in), &scratch));
    COVARY_TRY(panel_create(run, set->batch->n_frames, width, &made));
    for (int64_t frame = 0; frame < made->n_local; frame++) {
        system_tensors(part, system, sites, frame, scratch, made->data + frame * width);
    }
    *out = made;
    made = NULL;

done:
    panel_destroy(&made);
    MEMORY_RELEASE(&scratch);
    return status;
}
