/* SPDX-License-Identifier: BSD-3-Clause */
/* From parts and representations to sizes. */
#include "model/sizes.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

/* The tried parts are kept until all systems are listed, since those alike are to be merged. */
typedef struct {
    const covary_config *config;
    const covary_model  *model;
    fit_sizes           *out;
    bool                 may_share; /* systems of several parts may have one factor */
    int                  n_tried;
    model_part          *tried;  /* [n_tried] */
    int                 *origin; /* [n_systems] index in tried */
    int                 *index;  /* [n_systems] of the system in its part */
} listing;

static const double WORD = sizeof(double);

void sizes_release(fit_sizes *released)
{
    MEMORY_RELEASE(&released->systems);
}

static cost_system size_of(const linear_system *system, const representation *in, int64_t n_frames)
{
    return (cost_system){
        .n_frames = n_frames,
        .n_rows = system->n_rows,
        .n_sites = in->n_sites,
        .train_sites = representation_train_sites(in),
        .dimension = in->features->dimension,
        .n_tensors = system->n_tensors,
        .n_columns = system->n_columns,
    };
}

/* The listed system with the same matrix, or NULL. */
static sized_system *find_same(const listing *to, const model_part *part,
                               const linear_system *system)
{
    for (int s = 0; s < to->out->n_systems && to->may_share; s++) {
        const model_part *other = &to->tried[to->origin[s]];
        if (systems_match(part, system, other, &other->systems[to->index[s]])) {
            return &to->out->systems[s];
        }
    }
    return NULL;
}

static covary_status list_systems(listing *to, int part_index, int tried)
{
    covary_status         status = COVARY_OK;
    fit_sizes            *out = to->out;
    const model_part     *part = &to->tried[tried];
    const representation *in = to->model->representations[part->representation];

    for (int s = 0; s < part->n_systems; s++) {
        const linear_system *system = &part->systems[s];
        sized_system        *same = find_same(to, part, system);
        if (same != NULL) {
            same->system.n_columns += system->n_columns;
            continue;
        }
        COVARY_TRY(MEMORY_RESIZE("sizes", out->n_systems + 1, &out->systems));
        COVARY_TRY(MEMORY_RESIZE("sizes", out->n_systems + 1, &to->origin));
        COVARY_TRY(MEMORY_RESIZE("sizes", out->n_systems + 1, &to->index));
        to->origin[out->n_systems] = tried;
        to->index[out->n_systems] = s;
        out->systems[out->n_systems++] =
            (sized_system){.part = part_index,
                           .representation = part->representation,
                           .system = size_of(system, in, to->model->n_train)};
    }

done:
    return status;
}

/* In representation r with any kernel function, or with the systems that the part has. */
static covary_status try_part(listing *to, const model_part *part, int part_index, int r)
{
    covary_status status = COVARY_OK;
    const kernel  any = {.length = 1.0};

    COVARY_TRY(MEMORY_RESIZE("parts", to->n_tried + 1, &to->tried));
    memset(&to->tried[to->n_tried], 0, sizeof to->tried[0]);
    to->n_tried++;
    COVARY_TRY(part_try(part, r, to->model->representations[r], &any, &to->tried[to->n_tried - 1]));
    COVARY_TRY(list_systems(to, part_index, to->n_tried - 1));

done:
    return status;
}

static covary_status list_part(listing *to, const model_part *part, int part_index)
{
    covary_status status = COVARY_OK;

    if (part->n_systems > 0) {
        return try_part(to, part, part_index, part->representation);
    }
    for (int r = 0; r < to->model->n_representations; r++) {
        COVARY_TRY(try_part(to, part, part_index, r));
    }

done:
    return status;
}

static void release(listing *released)
{
    for (int t = 0; t < released->n_tried; t++) {
        part_release(&released->tried[t]);
    }
    MEMORY_RELEASE(&released->index);
    MEMORY_RELEASE(&released->origin);
    MEMORY_RELEASE(&released->tried);
}

/* Positions, labels and targets, and for each candidate the rows of all sites twice over. */
static double bytes_of_frame(const covary_model *model)
{
    double numbers = 2.0 * 3.0 * (double)model->about.n_atoms;

    for (int p = 0; p < model->n_properties; p++) {
        numbers += 4.0 * (double)model->properties[p].width;
    }
    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        numbers += in->n_sites * (2.0 * (double)in->features->dimension + 16.0);
    }
    return numbers * WORD;
}

/*
 * Some hundred factorizations and inversions for each system, on subsets of so many rows at most
 * (model/trials.c), within the budget of selection.seconds on cores of 10 Gflop/s.  Each
 * rank has the matrix, its factor, its derivative and a copy of the targets (solver/criterion.c).
 * Nobody has counted validation frames yet.
 */
static void add_search(const covary_config *config, const covary_model *model, fit_sizes *to)
{
    const double rows_most = 2000.0;
    const double n_all = config->n_validation > 0 ? INFINITY : (double)to->n_frames;

    if (!isnan(config->length) && !isnan(config->ridge) && model->n_representations == 1) {
        return;
    }
    for (int s = 0; s < to->n_systems; s++) {
        const double n_frames = fmin((double)config->selection_frames, n_all);
        const double rows = fmin(n_frames * to->systems[s].system.n_rows, rows_most);
        to->search_flops += 100.0 * 2.0 / 3.0 * rows * rows * rows;
        to->search_bytes = fmax(to->search_bytes, 4.0 * rows * rows * WORD);
    }
    to->search_flops = fmin(to->search_flops, config->selection_seconds * 1e10);
}

covary_status sizes_measure(const covary_config *config, const covary_model *model, fit_sizes *out)
{
    covary_status status = COVARY_OK;
    listing       to = {.config = config, .model = model, .out = out};

    *out = (fit_sizes){.n_frames = model->n_train, .n_representations = model->n_representations};
    to.may_share = !isnan(config->length) && !isnan(config->ridge) && model->n_representations == 1;
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            COVARY_TRY(list_part(&to, &model->properties[p].parts[k], out->n_parts++));
        }
    }
    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        const double          bytes =
            representation_train_sites(in) * (double)in->features->dimension * WORD;
        out->feature_bytes = fmax(out->feature_bytes, bytes);
    }
    out->frame_bytes = bytes_of_frame(model);
    out->file_bytes = out->feature_bytes + 3.0 * (double)model->about.n_atoms * WORD;
    add_search(config, model, out);

done:
    release(&to);
    return status;
}

fit_sizes sizes_as_if(const fit_sizes *of, int64_t n_frames)
{
    fit_sizes other = *of;

    other.n_frames = n_frames;
    return other;
}

double sizes_weight_bytes(const fit_sizes *of)
{
    double sum = 0.0;

    for (int part = 0; part < of->n_parts; part++) {
        double most = 0.0;
        for (int r = 0; r < of->n_representations; r++) {
            double bytes = 0.0;
            for (int s = 0; s < of->n_systems; s++) {
                const cost_system *system = &of->systems[s].system;
                if (of->systems[s].part == part && of->systems[s].representation == r) {
                    bytes += (double)(system->train_sites * system->n_columns * system->n_tensors) *
                             WORD;
                }
            }
            most = fmax(most, bytes);
        }
        sum += most;
    }
    return sum;
}
