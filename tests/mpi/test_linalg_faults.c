/* SPDX-License-Identifier: BSD-3-Clause */
/* Every agreement of panels, grids, matrices and assembly fails once.   ranks: 1 2 3 4 */
#include "support.h"

#include "core/memory.h"
#include "core/status.h"
#include "linalg/factorization.h"
#include "kernel/covariant.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 20, D = 3 };

typedef struct {
    panel        *features, *weights;
    process_grid *grid;
    block_cyclic *matrix, *x;
    double       *all;
} objects;

static void release(objects *o)
{
    MEMORY_RELEASE(&o->all);
    block_cyclic_destroy(&o->x);
    block_cyclic_destroy(&o->matrix);
    grid_destroy(&o->grid);
    panel_destroy(&o->weights);
    panel_destroy(&o->features);
}

static covary_status prepare(covary_run *run, objects *o)
{
    covary_status status = COVARY_OK;
    const int64_t n_ranks = covary_run_size(run), rank = covary_run_rank(run);
    const int64_t n_local = N * (rank + 1) / n_ranks - N * rank / n_ranks;

    COVARY_TRY(panel_create(run, n_local, D, &o->features));
    for (int64_t i = 0; i < n_local * D; i++) {
        o->features->data[i] = sin((double)(o->features->first * D + i));
    }
    COVARY_TRY(panel_create(run, n_local, 1, &o->weights));
    COVARY_TRY(grid_create(run, &o->grid));
    COVARY_TRY(block_cyclic_create(o->grid, N, N, 3, &o->matrix));
    COVARY_TRY(block_cyclic_create(o->grid, N, 1, 3, &o->x));

done:
    return status;
}

static covary_status fit(objects *o)
{
    covary_status status = COVARY_OK;
    double        logdet, diagonal[N];
    int64_t       bad;
    /* every feature a site of its own, with itself as tensor */
    covariant_kernel sites = {
        .dimension = 1, .n_sites = D, .n_rows = 1, .n_tensors = 1, .scale = 1.0};
    const covariant_panels train = {.features = o->features, .tensors = o->features};

    COVARY_TRY(kernel_parse("matern-3/2", 1, &sites.of));
    COVARY_TRY(covariant_assemble(&sites, &train, 1e-3, o->matrix));
    COVARY_TRY(block_cyclic_from_panel(o->weights, o->x));
    COVARY_TRY(block_cyclic_cholesky(o->matrix, &factorization_native, &logdet, &bad));
    COVARY_TRY(block_cyclic_cholesky_solve(o->matrix, &factorization_native, FACTOR_BOTH, o->x));
    COVARY_TRY(block_cyclic_inverse_blocks(o->matrix, &factorization_native, 1, diagonal));
    COVARY_TRY(block_cyclic_to_panel(o->x, o->weights));
    COVARY_TRY(panel_replicate(o->weights, &o->all));

done:
    return status;
}

/* One pass on a run of its own, whose agreements count from 1. */
static covary_status pass(void)
{
    covary_run_options options = {.verbosity = COVARY_QUIET};
    covary_run        *run = NULL;
    objects            o = {0};
    covary_status      status;

    status = covary_run_create(covary_run_comm(test_run()), &options, &run);
    if (status == COVARY_OK) {
        status = prepare(run, &o);
    }
    if (status == COVARY_OK) {
        status = fit(&o);
    }
    release(&o);
    covary_run_destroy(&run);
    return status;
}

static void every_fault_is_heard_by_all_and_leaves_nothing_behind(void **state)
{
    const int64_t held = memory_state().blocks;
    const int     n_ranks = covary_run_size(test_run());
    covary_status status = COVARY_OK;
    int           fault = 0;

    (void)state;
    assert_ok(pass());
    do {
        char text[32];
        int  extremes[2];

        fault++;
        snprintf(text, sizeof text, "%d:%d", fault, fault % n_ranks);
        setenv("COVARY_FAULT", text, 1);
        status = pass();
        extremes[0] = (int)status;
        extremes[1] = -(int)status;
        MPI_Allreduce(MPI_IN_PLACE, extremes, 2, MPI_INT, MPI_MAX, covary_run_comm(test_run()));
        assert_int_equal(extremes[0], -extremes[1]);
        assert_int_equal(memory_state().blocks, held);
    } while (status != COVARY_OK && fault < 1000);
    unsetenv("COVARY_FAULT");
    assert_ok(status);
    assert_true(fault > 25);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_fault_is_heard_by_all_and_leaves_nothing_behind),
};

TEST_MAIN(cases)
