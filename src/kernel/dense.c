/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel matrices in one piece, for subsets that fit one process.
 * Tiles of the lower triangle are computed and mirrored.
 */
#include "kernel/assembly.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "kernel/arguments.h"
#include <string.h>

enum { TILE = 128 };

/* Distances do not change when all rows are shifted, and centred rows lose less to rounding. */
static void centre(int64_t n, int64_t dimension, double *rows)
{
    for (int64_t d = 0; d < dimension; d++) {
        double mean = 0.0;

        for (int64_t i = 0; i < n; i++) {
            mean += rows[i * dimension + d] / (double)n;
        }
        for (int64_t i = 0; i < n; i++) {
            rows[i * dimension + d] -= mean;
        }
    }
}

/* Columns [j, j + b.n) and rows [i, i + a.n) of the matrix, and its mirror image. */
static void dense_tile(bool stationary, int dimension, int64_t n, int64_t i, points a, int64_t j,
                       points b, double *matrix)
{
    double *tile = matrix + j * n + i;

    arguments_dots(dimension, a, b, tile, (int)n);
    if (stationary) {
        arguments_distances(dimension, a, b, tile, tile, (int)n);
    }
    for (int col = 0; col < b.n; col++) {
        for (int row = 0; row < a.n; row++) {
            matrix[(i + row) * n + j + col] = matrix[(j + col) * n + i + row];
        }
    }
}

covary_status kernel_dense_arguments(const kernel *of, int64_t n, int64_t dimension,
                                     const double *rows, double *arguments)
{
    covary_status status = COVARY_OK;
    const bool    stationary = of->ops->stationary;
    double       *shifted = NULL, *norms = NULL;
    int           width, size;

    COVARY_TRY(narrow_to_int("features", dimension, &width));
    COVARY_TRY(narrow_to_int("rows of a dense kernel matrix", n, &size));
    COVARY_TRY(MEMORY_ALLOCATE("centred features", n * dimension, &shifted));
    COVARY_TRY(MEMORY_ALLOCATE("norms of features", n, &norms));
    memcpy(shifted, rows, (size_t)(n * dimension) * sizeof *rows);
    if (stationary) {
        centre(n, dimension, shifted);
    }
    points_norms(n, dimension, shifted, norms);
    for (int64_t j = 0; j < n; j += TILE) {
        const int n_cols = n - j < TILE ? (int)(n - j) : TILE;

        for (int64_t i = j; i < n; i += TILE) {
            const int n_rows = n - i < TILE ? (int)(n - i) : TILE;

            dense_tile(stationary, width, n, i, points_part(i, n_rows, width, shifted, norms), j,
                       points_part(j, n_cols, width, shifted, norms), arguments);
        }
    }

done:
    MEMORY_RELEASE(&norms);
    MEMORY_RELEASE(&shifted);
    return status;
}

covary_status kernel_dense(const kernel *of, int64_t n, int64_t dimension, const double *rows,
                           double *k)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(kernel_dense_arguments(of, n, dimension, rows, k));
    kernel_evaluate(of, n * n, k);

done:
    return status;
}
