/* SPDX-License-Identifier: BSD-3-Clause */
/* The pivots of the partial factor are the inducing frames; the factor itself is not kept. */
#include "solver/inducing.h"

#include "core/memory.h"
#include "core/status.h"
#include "solver/rpcholesky.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static covary_status check(const covariant_kernel *with, inducing_limits limits)
{
    if (with->n_rows != 1 || limits.most < 1 || limits.most > INT_MAX) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "%lld inducing frames by a kernel of %d rows",
                           (long long)limits.most, with->n_rows);
    }
    return COVARY_OK;
}

static int by_index(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

covary_status inducing_select(covary_run *run, const covariant_kernel *with,
                              const covariant_panels *train, inducing_limits limits,
                              int64_t *n_chosen, int64_t *frames, double *left)
{
    covary_status           status = COVARY_OK;
    rpcholesky             *factor = NULL;
    const rpcholesky_limits asked = {
        .most = limits.most, .tolerance = limits.tolerance, .seed = limits.seed};

    *n_chosen = 0;
    COVARY_TRY_TOGETHER(run, "inducing frames", check(with, limits));
    COVARY_TRY(rpcholesky_create(run, with, train, asked, &factor));
    memcpy(frames, factor->pivots, (size_t)factor->n_pivots * sizeof *frames);
    qsort(frames, (size_t)factor->n_pivots, sizeof *frames, by_index);
    *n_chosen = factor->n_pivots;
    *left = factor->trace / (double)train->features->n_rows;

done:
    rpcholesky_destroy(&factor);
    return status;
}
