/* SPDX-License-Identifier: BSD-3-Clause */
/* What a fit would do: the figures behind --dry-run. */
#include "model/plan.h"

#include "core/status.h"
#include "linalg/block_cyclic.h"
#include "model/training.h"

static covary_status describe_plan(covary_run *run, const covary_config *config,
                                   const covary_model *model, const training_set *set,
                                   const block_cyclic *a, text *report)
{
    covary_status status = COVARY_OK;
    double        n = (double)model->n_train, matrix = (double)(a->local_rows * a->local_cols) * 8;
    double        rows = n * (double)(set->features->width + 3 * set->targets->width) * 8;

    COVARY_TRY(text_add(report, "frames         %lld of %lld atoms\n", (long long)model->n_train,
                        (long long)model->n_atoms));
    COVARY_TRY(text_add(report, "ranks          %d, each with about %lld frames\n",
                        covary_run_size(run), (long long)(model->n_train / covary_run_size(run))));
    COVARY_TRY(text_add(report, "features       %lld\n", (long long)set->features->width));
    COVARY_TRY(text_add(report, "targets        %lld\n", (long long)set->targets->width));
    COVARY_TRY(text_add(report, "process grid   %d x %d, blocks of %d\n", a->grid->n_rows,
                        a->grid->n_cols, a->block));
    COVARY_TRY(text_add(report, "memory         %.1f MiB per rank (matrix %.1f MiB)\n",
                        (matrix + rows) / 1048576.0, matrix / 1048576.0));
    COVARY_TRY(text_add(report,
                        "factorization  %.3g flop, for each property with its own length "
                        "or ridge\n",
                        n * n * n));
    COVARY_TRY(text_add(report, "model file     about %.1f MiB: %s\n",
                        n * (double)(set->features->width + set->targets->width) * 8 / 1048576.0,
                        config->output));

done:
    return status;
}

covary_status fit_plan(covary_run *run, const covary_config *config, text *report)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;
    training_set  set = {0};
    process_grid *grid = NULL;
    block_cyclic *a = NULL;
    int           block;

    COVARY_TRY_TOGETHER(run, "create the model", model_create(&model));
    COVARY_TRY(training_prepare(run, config, model, &set));
    COVARY_TRY(grid_create(run, &grid));
    block =
        config->block > 0 ? (int)config->block : block_cyclic_default_block(model->n_train, grid);
    COVARY_TRY(block_cyclic_create(grid, model->n_train, model->n_train, block, &a));
    COVARY_TRY_TOGETHER(run, "describe the plan",
                        describe_plan(run, config, model, &set, a, report));

done:
    block_cyclic_destroy(&a);
    grid_destroy(&grid);
    training_release(&set);
    covary_model_destroy(&model);
    return status;
}
