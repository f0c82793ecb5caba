/* SPDX-License-Identifier: BSD-3-Clause */
/* What a fit takes, from the sizes of its training set. */
#include "model/plan.h"

#include "core/node.h"
#include "core/status.h"
#include "linalg/block_cyclic.h"
#include "linalg/grid.h"
#include "linalg/rate.h"
#include "solver/hyper_grid.h"

#include <math.h>

static const double mebibyte = 1048576.0;

/* Lengths and ridges of all properties are searched together. */
static double search_flops(const covary_config *config, const covary_model *model,
                           const training_set *set)
{
    const int64_t          n = model->n_train, columns = set->targets->width;
    const covariant_kernel with = covariant_plain(&model->type, set->features->width);
    const covariant_frames subset = {
        .n_frames = n < config->selection_frames ? n : config->selection_frames};
    const hyper_problem problem = {.with = &with,
                                   .train = &subset,
                                   .fixed_length = config->length,
                                   .fixed_ridge = config->ridge,
                                   .n_members = 1,
                                   .columns = &columns};

    return isnan(config->length) || isnan(config->ridge) ? hyper_flops(&problem, HYPER_FULL) : 0.0;
}

covary_status plan_needs(const covary_run *run, const covary_config *config,
                         const covary_model *model, const training_set *set, fit_needs *needs)
{
    const int64_t n = model->n_train, word = (int64_t)sizeof(double);
    const int64_t width = set->features->width + set->targets->width;
    int64_t       subset = n < config->selection_frames ? n : config->selection_frames;
    process_grid  shape = {0}; /* of the grid to come */
    covary_status status;

    grid_shape(covary_run_size(run), &shape.n_rows, &shape.n_cols);
    needs->grid_rows = shape.n_rows;
    needs->grid_cols = shape.n_cols;
    needs->block =
        config->block > 0 ? (int)config->block : block_cyclic_default_block(n, 1, &shape);
    status = block_cyclic_check(needs->grid_rows, needs->grid_cols, n, n, needs->block);
    if (status != COVARY_OK) {
        return status;
    }
    needs->matrix_bytes = block_cyclic_count(n, needs->block, 0, needs->grid_rows) *
                          block_cyclic_count(n, needs->block, 0, needs->grid_cols) * word;
    /* features and targets replicated, packed for the engine, weights; or the search's matrices */
    needs->rank_bytes = 3 * n * width * word + (needs->matrix_bytes > 2 * subset * subset * word
                                                    ? needs->matrix_bytes
                                                    : 2 * subset * subset * word);
    needs->file_bytes = n * width * word;
    needs->flops = search_flops(config, model, set) +
                   model->n_properties * (2.0 / 3.0) * (double)n * (double)n * (double)n;
    return COVARY_OK;
}

covary_status plan_check(covary_run *run, const fit_needs *needs)
{
    return node_check_memory(run, "the kernel matrix", needs->rank_bytes);
}

static covary_status describe(covary_run *run, const covary_config *config,
                              const covary_model *model, const training_set *set,
                              const fit_needs *needs, double rate, text *report)
{
    covary_status status = COVARY_OK;
    const int     size = covary_run_size(run);
    /* ScaLAPACK reaches something like half of dgemm's rate */
    double seconds = needs->flops / (0.5 * rate * size);

    COVARY_TRY(text_add(report, "frames         %lld of %lld atoms\n", (long long)model->n_train,
                        (long long)model->n_atoms));
    COVARY_TRY(text_add(report, "ranks          %d, with %lld to %lld frames each\n", size,
                        (long long)(model->n_train / size),
                        (long long)((model->n_train + size - 1) / size)));
    COVARY_TRY(text_add(report, "features       %lld\n", (long long)set->features->width));
    COVARY_TRY(text_add(report, "targets        %lld\n", (long long)set->targets->width));
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
    COVARY_TRY(training_prepare(run, config, model, &set));
    COVARY_TRY_TOGETHER(run, "plan the fit", plan_needs(run, config, model, &set, &needs));
    COVARY_TRY(plan_check(run, &needs));
    COVARY_TRY_TOGETHER(run, "measure the rate", linalg_measure_rate(&rate));
    MPI_Allreduce(MPI_IN_PLACE, &rate, 1, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "describe the plan",
                        describe(run, config, model, &set, &needs, rate, report));

done:
    training_release(&set);
    covary_model_destroy(&model);
    return status;
}
