/* SPDX-License-Identifier: BSD-3-Clause */
/* Signs, and inner products of the rows of a frame. */
#include "solver/loo_probes.h"

#include "solver/loo_sample.h"

#include <cblas.h>

void loo_signs(uint64_t seed, int64_t first, int64_t count, double *signs)
{
    for (int64_t k = 0; k < count; k++) {
        signs[k] = loo_uniform(seed + (uint64_t)(first + k)) < 0.5 ? -1.0 : 1.0;
    }
}

void loo_probe_blocks(const panel *solved, int64_t n_rows, double *blocks)
{
    const int width = (int)solved->width;

    for (int64_t row = 0; row < solved->n_local; row++) {
        const double *left = solved->data + row * width;

        for (int64_t k = 0; k < n_rows; k++) {
            const double *right = solved->data + (row / n_rows * n_rows + k) * width;

            blocks[row * n_rows + k] = cblas_ddot(width, left, 1, right, 1) / width;
        }
    }
}
