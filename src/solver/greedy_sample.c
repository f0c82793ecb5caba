/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over known rows in one order, in vectors of sample rows. */
#include "solver/greedy_sample.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"
#include "linalg/dot.h"
#include "linalg/lapack.h"
#include "solver/greedy_measure.h"

#include <string.h>

int64_t greedy_sample_width(const greedy_system *system, int64_t n_frames)
{
    const int64_t n_rows = n_frames * system->with.n_rows;

    return (n_rows + GREEDY_PANEL - 1) / GREEDY_PANEL * GREEDY_PANEL;
}

void greedy_sample_release(greedy_sample *released)
{
    MEMORY_RELEASE(&released->tile);
    MEMORY_RELEASE(&released->known);
    covariant_columns_destroy(&released->columns);
}

/* The sample's rows of the factor of the known frames. */
static covary_status find_known(const covariant_frames *frames, covariant_columns *columns,
                                const triangle *factor, greedy_sample *to)
{
    covary_status status = COVARY_OK;
    const int64_t n = triangle_order(factor);
    double       *rows = NULL, *turned = NULL, *scratch = NULL;

    to->n_terms = n;
    COVARY_TRY(MEMORY_ALLOCATE("rows of the sample", to->n_rows * n, &rows));
    COVARY_TRY(MEMORY_ALLOCATE("rows of the sample", to->width * n, &turned));
    COVARY_TRY(MEMORY_ALLOCATE("scratch of triangles", triangle_scratch(n), &scratch));
    COVARY_TRY(MEMORY_ALLOCATE("rows of the sample", to->width * n, &to->known));
    COVARY_TRY(covariant_columns_tile(columns, frames, rows));
    triangle_solve(factor, to->n_rows, rows, scratch);
    for (int64_t row = 0; row < to->n_rows; row++) {
        for (int64_t k = 0; k < n; k++) {
            turned[k * to->width + row] = rows[row * n + k];
        }
    }
    greedy_sample_pack(n, to->width, turned, to->known);

done:
    MEMORY_RELEASE(&scratch);
    MEMORY_RELEASE(&turned);
    MEMORY_RELEASE(&rows);
    return status;
}

covary_status greedy_sample_create(const greedy_system *system, const covariant_frames *frames,
                                   covariant_columns *columns, const triangle *factor,
                                   greedy_sample *out)
{
    covary_status status = COVARY_OK;
    const int64_t n_rows = system->with.n_rows;

    *out = (greedy_sample){.n = frames->n_frames,
                           .n_rows = frames->n_frames * n_rows,
                           .width = greedy_sample_width(system, frames->n_frames)};
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", n_rows * out->n_rows, &out->tile));
    COVARY_TRY(covariant_columns_create(&system->with, frames, &out->columns));
    if (factor != NULL) {
        COVARY_TRY(find_known(frames, columns, factor, out));
    }

done:
    return status;
}

covary_status greedy_sample_begin(greedy_sample *with, const covariant_frames *frame,
                                  int64_t n_rows, double *covariances)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(covariant_columns_tile(with->columns, frame, with->tile));
    memset(covariances, 0, (size_t)(n_rows * with->width) * sizeof *covariances);
    for (int64_t m = 0; m < n_rows; m++) {
        memcpy(covariances + m * with->width, with->tile + m * with->n_rows,
               (size_t)with->n_rows * sizeof *covariances);
    }

done:
    return status;
}

void greedy_sample_pack(int64_t n_terms, int64_t width, const double *rows, double *panels)
{
    for (int64_t first = 0; first < width; first += GREEDY_PANEL) {
        for (int64_t k = 0; k < n_terms; k++) {
            memcpy(panels + first * n_terms + k * GREEDY_PANEL, rows + k * width + first,
                   GREEDY_PANEL * sizeof *panels);
        }
    }
}

VECTORIZED
static void subtract_panel(int64_t n_terms, const double *factors, const double *rows, double *to)
{
    double sums[GREEDY_PANEL];

    memcpy(sums, to, sizeof sums);
    for (int64_t k = 0; k < n_terms; k++) {
        for (int i = 0; i < GREEDY_PANEL; i++) {
            sums[i] -= factors[k] * rows[k * GREEDY_PANEL + i];
        }
    }
    memcpy(to, sums, sizeof sums);
}

void greedy_sample_subtract(int64_t n, int64_t n_terms, const double *factors, int64_t stride,
                            int64_t width, const double *panels, double *covariances)
{
    for (int64_t first = 0; first < width && n_terms > 0; first += GREEDY_PANEL) {
        for (int64_t row = 0; row < n; row++) {
            subtract_panel(n_terms, factors + row * stride, panels + first * n_terms,
                           covariances + row * width + first);
        }
    }
}

covary_status greedy_sample_gain(int64_t n_rows, double ridge, const double *own, int64_t width,
                                 const double *covariances, double *scratch, double *gain)
{
    covary_status status = COVARY_OK;
    double       *factor = scratch, *products = factor + n_rows * n_rows;

    *gain = 0.0;
    memcpy(factor, own, (size_t)(n_rows * n_rows) * sizeof *own);
    COVARY_TRY(greedy_factor(n_rows, ridge, factor, products + n_rows * n_rows));
    for (int64_t m = 0; m < n_rows; m++) {
        for (int64_t q = 0; q <= m; q++) {
            products[m * n_rows + q] = products[q * n_rows + m] =
                ordered_dot(width, covariances + m * width, covariances + q * width);
        }
    }
    if (lapack_cholesky_solve((int)n_rows, (int)n_rows, factor, products) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_LIBRARY, "dpotrs refused its arguments"));
    }
    for (int64_t m = 0; m < n_rows; m++) {
        *gain += products[m * n_rows + m];
    }

done:
    return status;
}
