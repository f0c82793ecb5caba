/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks of features, tensors and targets.  A factorization passes over a NaN without a word (its
 * test for a bad pivot is `<= 0`), so non-finite numbers are caught before they get there.
 */
#include "solver/check.h"

#include "core/status.h"

#include <math.h>

/* `n_rows`: rows of the panel that belong to one frame. */
static covary_status check_finite(const char *what, const panel *checked, int n_rows)
{
    const int64_t size = checked->width * n_rows, first = checked->first / n_rows;

    for (int64_t i = 0; i < checked->n_local * checked->width; i++) {
        if (!isfinite(checked->data[i])) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s of training frame %lld, column %lld, is not a finite number; "
                               "remove or repair that frame",
                               what, (long long)(first + i / size), (long long)(i % size));
        }
    }
    return COVARY_OK;
}

static covary_status check_shapes(const covariant_kernel *with, const covariant_panels *train)
{
    const int64_t width = with->n_sites * with->dimension;
    const int64_t n_products = with->n_sites * with->n_rows * with->n_tensors;

    if (with->n_sites < 1 || with->n_rows < 1 || train->features->width != width) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a kernel of %d sites with %lld features and %d rows does not fit "
                           "%lld features a frame",
                           with->n_sites, (long long)with->dimension, with->n_rows,
                           (long long)train->features->width);
    }
    if (train->tensors == NULL ? with->n_rows != 1 : train->tensors->width != n_products) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a kernel of %d sites, %d rows and %lld tensors does not fit %lld "
                           "numbers a frame",
                           with->n_sites, with->n_rows, (long long)with->n_tensors,
                           (long long)(train->tensors == NULL ? 0 : train->tensors->width));
    }
    return COVARY_OK;
}

/* Are the rows of `of` those of the frames of `features`, n_rows a frame? */
static bool has_frames(const panel *of, const panel *features, int n_rows)
{
    return of->n_rows == features->n_rows * n_rows && of->first == features->first * n_rows &&
           of->n_local == features->n_local * n_rows;
}

covary_status solver_check_panels(const covariant_kernel *with, const covariant_panels *train,
                                  const panel *targets)
{
    covary_status status = COVARY_OK;
    const panel  *features = train->features, *tensors = train->tensors;

    if (features->n_rows < 1 || features->width < 1 || targets->width < 1) {
        return COVARY_FAIL(
            COVARY_ERR_DATA, "nothing to train on: %lld frames with %lld features and %lld targets",
            (long long)features->n_rows, (long long)features->width, (long long)targets->width);
    }
    COVARY_TRY(check_shapes(with, train));
    if (!has_frames(targets, features, with->n_rows)) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "features and targets do not have the same rows: %lld from %lld and "
                           "%lld from %lld, %d for each frame",
                           (long long)features->n_local, (long long)features->first,
                           (long long)targets->n_local, (long long)targets->first, with->n_rows);
    }
    if (tensors != NULL && !has_frames(tensors, features, 1)) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "features and tensors do not have the same rows: %lld from %lld and "
                           "%lld from %lld",
                           (long long)features->n_local, (long long)features->first,
                           (long long)tensors->n_local, (long long)tensors->first);
    }
    COVARY_TRY(check_finite("a feature", features, 1));
    if (tensors != NULL) {
        COVARY_TRY(check_finite("a tensor", tensors, 1));
    }
    COVARY_TRY(check_finite("a target", targets, with->n_rows));

done:
    return status;
}
