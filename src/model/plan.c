/* SPDX-License-Identifier: BSD-3-Clause */
/* What a fit takes, from the sizes of its training set and of the systems that may be chosen. */
#include "model/plan.h"

#include "core/memory.h"
#include "core/node.h"
#include "core/status.h"
#include "linalg/block_cyclic.h"
#include "linalg/grid.h"
#include "linalg/rate.h"
#include "model/candidates.h"
#include "model/kept_frames.h"

#include <math.h>
#include <string.h>

static const double mebibyte = 1048576.0;

/* The largest of all candidates for one part: each of its systems in each representation. */
typedef struct {
    int64_t n_rows;       /* of a frame */
    int64_t tensor_bytes; /* of all frames */
    int64_t weight_bytes; /* of the model, and of the engine once more */
    double  rows_cubed;   /* (rows a frame)^3, summed over the systems */
} part_needs;

static void take_larger(part_needs *most, part_needs other)
{
    most->n_rows = other.n_rows > most->n_rows ? other.n_rows : most->n_rows;
    most->tensor_bytes =
        other.tensor_bytes > most->tensor_bytes ? other.tensor_bytes : most->tensor_bytes;
    most->weight_bytes =
        other.weight_bytes > most->weight_bytes ? other.weight_bytes : most->weight_bytes;
    most->rows_cubed = fmax(most->rows_cubed, other.rows_cubed);
}

static covary_status measure_part(const covary_model *model, const model_part *part,
                                  part_needs *most)
{
    covary_status status = COVARY_OK;
    const kernel  any = {.length = 1.0};
    model_part    tried = {0};

    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        part_needs            needs = {0};

        COVARY_TRY(part_try(part, r, in, &any, &tried));
        for (int s = 0; s < tried.n_systems; s++) {
            const linear_system *system = &tried.systems[s];
            const int64_t        rows = system->n_rows, tensors = rows * system->n_tensors;
            part_needs           one = {.n_rows = rows, .tensor_bytes = in->n_sites * tensors * 8};
            take_larger(&needs, one);
            needs.rows_cubed += pow((double)rows, 3.0);
            needs.weight_bytes +=
                representation_train_sites(in) * 8 * (system->n_columns * system->n_tensors);
        }
        take_larger(most, needs);
        part_release(&tried);
    }

done:
    part_release(&tried);
    return status;
}

static int64_t feature_bytes(const covary_model *model)
{
    int64_t bytes = 0;

    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        bytes += in->n_sites * in->features->dimension * 8;
    }
    return bytes;
}

static int64_t local_bytes(const fit_needs *needs, int64_t n_rows, int64_t n_cols)
{
    return block_cyclic_count(n_rows, needs->block, 0, needs->grid_rows) *
           block_cyclic_count(n_cols, needs->block, 0, needs->grid_cols) * (int64_t)sizeof(double);
}

/* Grid and matrices, and the operations of one system with one row a frame. */
static covary_status measure_matrix(const covary_run *run, const covary_config *config,
                                    int64_t n_train, int64_t n_kept, int64_t n_rows,
                                    fit_needs *needs)
{
    process_grid shape = {0}; /* of the grid to come */
    const double n = (double)n_train, m = (double)n_kept;

    grid_shape(covary_run_size(run), &shape.n_rows, &shape.n_cols);
    needs->grid_rows = shape.n_rows;
    needs->grid_cols = shape.n_cols;
    needs->rows = n_train * n_rows;
    needs->columns = n_kept * n_rows;
    needs->block = config->block > 0
                       ? (int)config->block
                       : block_cyclic_default_block(needs->columns, (int)n_rows, &shape);
    needs->matrix_bytes = local_bytes(needs, needs->rows, needs->columns);
    needs->flops = (2.0 / 3.0) * pow(m, 3.0);
    if (kept_frames_low_rank(config)) { /* the choice, two solutions with a triangle, one product */
        needs->matrix_bytes += 2 * local_bytes(needs, needs->columns, needs->columns);
        needs->flops += 4.0 * n * m * m;
    }
    return block_cyclic_check(shape.n_rows, shape.n_cols, needs->rows, needs->columns, needs->block,
                              INT64_MAX);
}

covary_status plan_needs(const covary_run *run, const covary_config *config,
                         const covary_model *model, fit_needs *needs)
{
    covary_status status = COVARY_OK;
    const int64_t n = model->n_train;
    part_needs    most = {0};
    int64_t       weight_bytes = 0, kept = n;
    double        rows_cubed = 0.0;

    *needs = (fit_needs){0};
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            part_needs of = {0};
            COVARY_TRY(measure_part(model, &model->properties[p].parts[k], &of));
            take_larger(&most, of);
            weight_bytes += of.weight_bytes;
            rows_cubed += of.rows_cubed;
        }
    }
    COVARY_TRY(kept_frames_most(config, n, &kept));
    COVARY_TRY(measure_matrix(run, config, n, kept, most.n_rows, needs));
    /* features replicated and packed for the engine, tensors of what the matrix needs, weights */
    needs->rank_bytes = needs->matrix_bytes +
                        n * (3 * feature_bytes(model) + 2 * most.tensor_bytes) +
                        2 * kept * weight_bytes;
    needs->file_bytes = kept * (feature_bytes(model) / model->n_representations + weight_bytes);
    needs->flops *= rows_cubed;
    if (isnan(config->length) || isnan(config->ridge) || model->n_representations > 1) {
        needs->flops += fmin(config->selection_seconds * 1e10, 60.0 * needs->flops);
    }

done:
    return status;
}

covary_status plan_check(covary_run *run, const fit_needs *needs)
{
    return node_check_memory(run, "the kernel matrix", needs->rank_bytes);
}

static covary_status describe_candidates(const covary_model *model, text *report)
{
    covary_status status = COVARY_OK;

    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        COVARY_TRY(text_add(report, "%s", r == 0 ? "candidates     " : "               "));
        COVARY_TRY(candidate_name(in, report));
        COVARY_TRY(text_add(report, " (%lld features, %d site%s a frame)\n",
                            (long long)in->features->dimension, in->n_sites,
                            in->n_sites == 1 ? "" : "s"));
    }

done:
    return status;
}

static covary_status describe(covary_run *run, const covary_config *config,
                              const covary_model *model, const fit_needs *needs, double rate,
                              text *report)
{
    covary_status status = COVARY_OK;
    const int     size = covary_run_size(run);
    /* ScaLAPACK reaches something like half of dgemm's rate */
    double seconds = needs->flops / (0.5 * rate * size);

    COVARY_TRY(text_add(report, "frames         %lld of %lld atoms\n", (long long)model->n_train,
                        (long long)model->about.n_atoms));
    COVARY_TRY(text_add(report, "ranks          %d, with %lld to %lld frames each\n", size,
                        (long long)(model->n_train / size),
                        (long long)((model->n_train + size - 1) / size)));
    COVARY_TRY(describe_candidates(model, report));
    COVARY_TRY(text_add(report, "targets        %lld\n",
                        (long long)training_column(model, model->n_properties)));
    COVARY_TRY(text_add(report, "largest matrix %lld rows, %lld columns\n", (long long)needs->rows,
                        (long long)needs->columns));
    COVARY_TRY(text_add(report, "process grid   %d x %d, blocks of %d\n", needs->grid_rows,
                        needs->grid_cols, needs->block));
    COVARY_TRY(text_add(report, "memory         %.1f MiB per rank, %.1f MiB of it the matrix\n",
                        (double)needs->rank_bytes / mebibyte,
                        (double)needs->matrix_bytes / mebibyte));
    COVARY_TRY(text_add(report, "work           %.2g flop, about %.2g s at %.0f Gflop/s a rank\n",
                        needs->flops, seconds, rate * 1e-9));
    COVARY_TRY(text_add(report, "model file     about %.1f MiB: %s\n",
                        (double)needs->file_bytes / mebibyte, config->output));

done:
    return status;
}

covary_status plan_fit(covary_run *run, const covary_config *config, text *report)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;
    training_set  set = {0};
    fit_needs     needs;
    double        rate = 0.0;

    COVARY_TRY_TOGETHER(run, "create the model", model_create(&model));
    COVARY_TRY_TOGETHER(run, "check the configuration", candidates_check(config));
    COVARY_TRY(training_prepare(run, config, model, &set));
    COVARY_TRY(candidates_describe(run, config, model, &set));
    COVARY_TRY_TOGETHER(run, "plan the fit", plan_needs(run, config, model, &needs));
    COVARY_TRY(plan_check(run, &needs));
    COVARY_TRY_TOGETHER(run, "measure the rate", linalg_measure_rate(&rate));
    MPI_Allreduce(MPI_IN_PLACE, &rate, 1, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "describe the plan",
                        describe(run, config, model, &needs, rate, report));

done:
    training_release(&set);
    covary_model_destroy(&model);
    return status;
}
