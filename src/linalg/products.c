/* SPDX-License-Identifier: BSD-3-Clause */
/* Thin covers of the PBLAS, and what it has no routine for. */
#include "linalg/products.h"

#include "core/status.h"
#include "core/text.h"
#include "linalg/scalapack.h"
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

static const int one = 1;

/* The PBLAS computes positions in a local part with 32-bit integers; place (0, 0) has most. */
covary_status block_cyclic_check_product(int grid_rows, int grid_cols, int64_t n_rows,
                                         int64_t n_cols, int block)
{
    const int64_t rows = block_cyclic_count(n_rows, block, 0, grid_rows);
    const int64_t cols = block_cyclic_count(n_cols, block, 0, grid_cols);

    if (n_rows > INT_MAX || n_cols > INT_MAX || (rows > 0 && cols > INT_MAX / rows)) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC,
                           "the part of a %" PRId64 " x %" PRId64 " matrix on one of %d x %d "
                           "processes passes the 32-bit indices of ScaLAPACK; use more ranks",
                           n_rows, n_cols, grid_rows, grid_cols);
    }
    return COVARY_OK;
}

static covary_status check_size(const block_cyclic *matrix)
{
    return block_cyclic_check_product(matrix->grid->n_rows, matrix->grid->n_cols, matrix->n_rows,
                                      matrix->n_cols, matrix->block);
}

static bool share_layout(const block_cyclic *a, const block_cyclic *b)
{
    return a->grid == b->grid && a->block == b->block;
}

static covary_status refuse(const char *what, const block_cyclic *a, const block_cyclic *b)
{
    return COVARY_FAIL(COVARY_ERR_INTERNAL,
                       "%s of a %" PRId64 " x %" PRId64 " matrix in blocks of %d and one of "
                       "%" PRId64 " x %" PRId64 " in blocks of %d",
                       what, a->n_rows, a->n_cols, a->block, b->n_rows, b->n_cols, b->block);
}

static covary_status check_product(const block_cyclic *a, bool transposed, const block_cyclic *b,
                                   const block_cyclic *c)
{
    covary_status status = COVARY_OK;
    const int64_t rows = transposed ? a->n_cols : a->n_rows;
    const int64_t inner = transposed ? a->n_rows : a->n_cols;

    if (!share_layout(a, b) || !share_layout(a, c) || inner != b->n_rows || rows != c->n_rows ||
        b->n_cols != c->n_cols) {
        return refuse("a product", a, b);
    }
    COVARY_TRY(check_size(a));
    COVARY_TRY(check_size(b));
    COVARY_TRY(check_size(c));

done:
    return status;
}

covary_status block_cyclic_multiply(double alpha, const block_cyclic *a, bool transposed,
                                    const block_cyclic *b, double beta, block_cyclic *c)
{
    covary_status status = COVARY_OK;
    const int     n_rows = (int)c->n_rows, n_cols = (int)c->n_cols; /* checked at creation */
    const int     inner = (int)b->n_rows;

    COVARY_TRY_TOGETHER(a->grid->run, "product", check_product(a, transposed, b, c));
    pdgemm_(transposed ? "T" : "N", "N", &n_rows, &n_cols, &inner, &alpha, a->data, &one, &one,
            a->descriptor, b->data, &one, &one, b->descriptor, &beta, c->data, &one, &one,
            c->descriptor, 1, 1);

done:
    return status;
}

static covary_status check_gram(const block_cyclic *a, const block_cyclic *c)
{
    covary_status status = COVARY_OK;

    if (!share_layout(a, c) || c->n_rows != a->n_cols || c->n_cols != a->n_cols) {
        return refuse("products of the columns", a, c);
    }
    COVARY_TRY(check_size(a));
    COVARY_TRY(check_size(c));

done:
    return status;
}

/* Where a local column has its diagonal: the local row, or -1 if another rank has it. */
static int64_t diagonal_row(const block_cyclic *square, int64_t col)
{
    const process_grid *grid = square->grid;
    const int64_t       block = block_cyclic_col(square, col) / square->block;

    return block % grid->n_rows == grid->row
               ? block / grid->n_rows * square->block + col % square->block
               : -1;
}

covary_status block_cyclic_gram(const block_cyclic *a, double shift, block_cyclic *c)
{
    static const double unit = 1.0, zero = 0.0;
    covary_status       status = COVARY_OK;
    const int           n = (int)a->n_cols, inner = (int)a->n_rows; /* checked at creation */

    COVARY_TRY_TOGETHER(a->grid->run, "products of columns", check_gram(a, c));
    pdsyrk_("L", "T", &n, &inner, &unit, a->data, &one, &one, a->descriptor, &zero, c->data, &one,
            &one, c->descriptor, 1, 1);
    for (int64_t col = 0; col < c->local_cols; col++) {
        const int64_t row = diagonal_row(c, col);

        if (row >= 0) {
            c->data[col * c->leading + row] += shift;
        }
    }

done:
    return status;
}

static covary_status check_triangle(const block_cyclic *lower, triangle_side side,
                                    const block_cyclic *x)
{
    covary_status status = COVARY_OK;
    const int64_t order = side == TRIANGLE_RIGHT_TRANSPOSED ? x->n_cols : x->n_rows;

    if (!share_layout(lower, x) || lower->n_rows != lower->n_cols || order != lower->n_rows) {
        return refuse("a solution with the triangle", lower, x);
    }
    COVARY_TRY(check_size(lower));
    COVARY_TRY(check_size(x));

done:
    return status;
}

covary_status block_cyclic_triangle_solve(const block_cyclic *lower, triangle_side side,
                                          block_cyclic *x)
{
    static const double unit = 1.0;
    covary_status       status = COVARY_OK;
    const int           n_rows = (int)x->n_rows, n_cols = (int)x->n_cols; /* checked at creation */

    COVARY_TRY_TOGETHER(lower->grid->run, "triangle", check_triangle(lower, side, x));
    pdtrsm_(side == TRIANGLE_RIGHT_TRANSPOSED ? "R" : "L", "L", "T", "N", &n_rows, &n_cols, &unit,
            lower->data, &one, &one, lower->descriptor, x->data, &one, &one, x->descriptor, 1, 1, 1,
            1);

done:
    return status;
}

void block_cyclic_diagonal_range(const block_cyclic *square, double *least, double *largest)
{
    double range[2] = {-INFINITY, -INFINITY}; /* of -least and largest */

    for (int64_t col = 0; col < square->local_cols; col++) {
        const int64_t row = diagonal_row(square, col);

        if (row >= 0) {
            const double entry = square->data[col * square->leading + row];

            range[0] = fmax(range[0], -entry);
            range[1] = fmax(range[1], entry);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_DOUBLE, MPI_MAX, covary_run_comm(square->grid->run));
    *least = -range[0];
    *largest = range[1];
}

double block_cyclic_largest(const block_cyclic *matrix)
{
    double largest = 0.0;

    for (int64_t col = 0; col < matrix->local_cols; col++) {
        for (int64_t row = 0; row < matrix->local_rows; row++) {
            const double entry = matrix->data[col * matrix->leading + row];

            largest = fmax(largest, isfinite(entry) ? fabs(entry) : INFINITY);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX,
                  covary_run_comm(matrix->grid->run));
    return largest;
}

static covary_status check_units(const block_cyclic *a, const block_cyclic *b, int r, int *count)
{
    if (!share_layout(a, b) || a->n_rows != b->n_rows || a->n_cols != b->n_cols) {
        return refuse("products of the rows", a, b);
    }
    if (r < 1 || a->n_rows % r != 0 || a->block % r != 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "products of %d rows each of %" PRId64 " rows in blocks of %d", r,
                           a->n_rows, a->block);
    }
    return narrow_to_int("products of rows", a->n_rows * r, count);
}

/* Column by column, as they lie in memory. */
static void multiply_rows(const block_cyclic *a, const block_cyclic *b, int r, double *products)
{
    for (int64_t col = 0; col < a->local_cols; col++) {
        const double *left = a->data + col * a->leading, *right = b->data + col * b->leading;

        for (int64_t row = 0; row < a->local_rows; row += r) {
            double *product = products + block_cyclic_row(a, row) * r;

            for (int p = 0; p < r; p++) {
                for (int q = 0; q < r; q++) {
                    product[p * r + q] += left[row + p] * right[row + q];
                }
            }
        }
    }
}

covary_status block_cyclic_row_products(const block_cyclic *a, const block_cyclic *b, int r,
                                        double *products)
{
    covary_status status = COVARY_OK;
    int           count = 0;

    COVARY_TRY_TOGETHER(a->grid->run, "products of rows", check_units(a, b, r, &count));
    memset(products, 0, (size_t)count * sizeof *products);
    multiply_rows(a, b, r, products);
    MPI_Allreduce(MPI_IN_PLACE, products, count, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(a->grid->run));

done:
    return status;
}
