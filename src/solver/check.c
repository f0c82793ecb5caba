/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks of features and targets.  A factorization passes over a NaN without a word (its test for
 * a bad pivot is `<= 0`), so non-finite numbers are caught before they get there.
 */
#include "solver/check.h"

#include "core/status.h"

#include <math.h>

static covary_status check_finite(const char *what, const panel *checked)
{
    for (int64_t row = 0; row < checked->n_local; row++) {
        for (int64_t col = 0; col < checked->width; col++) {
            if (!isfinite(checked->data[row * checked->width + col])) {
                return COVARY_FAIL(COVARY_ERR_DATA,
                                   "%s of training row %lld, column %lld, is not a finite number; "
                                   "remove or repair that frame",
                                   what, (long long)(checked->first + row), (long long)col);
            }
        }
    }
    return COVARY_OK;
}

covary_status solver_check_panels(const panel *features, const panel *targets)
{
    covary_status status = COVARY_OK;

    if (features->n_rows != targets->n_rows || features->first != targets->first ||
        features->n_local != targets->n_local) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "features and targets do not have the same rows: %lld from %lld and "
                           "%lld from %lld",
                           (long long)features->n_local, (long long)features->first,
                           (long long)targets->n_local, (long long)targets->first);
    }
    if (features->n_rows < 1 || features->width < 1 || targets->width < 1) {
        return COVARY_FAIL(
            COVARY_ERR_DATA, "nothing to train on: %lld frames with %lld features and %lld targets",
            (long long)features->n_rows, (long long)features->width, (long long)targets->width);
    }
    COVARY_TRY(check_finite("a feature", features));
    COVARY_TRY(check_finite("a target", targets));

done:
    return status;
}
