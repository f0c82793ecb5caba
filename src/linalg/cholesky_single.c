/* SPDX-License-Identifier: BSD-3-Clause */
/* The factor in single precision, and solutions for right-hand sides in double precision. */
#define SINGLE
#include "linalg/cholesky_version.h"

#include "core/memory.h"

/* largest [n_cols] |x| of every column, on all ranks. */
static void find_largest(const block_cyclic *x, double *largest)
{
    for (int64_t col = 0; col < x->local_cols; col++) {
        const double *column = x->data + col * x->leading;
        double       *to = largest + block_cyclic_col(x, col);

        for (int64_t row = 0; row < x->local_rows; row++) {
            *to = fmax(*to, fabs(column[row]));
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, largest, (int)x->n_cols, MPI_DOUBLE, MPI_MAX,
                  covary_run_comm(x->grid->run));
}

/* The columns in units of the largest number, 1 for columns of zeros. */
static void narrow(const block_cyclic *x, double *units, block_cyclic_single *to)
{
    find_largest(x, units);
    for (int64_t col = 0; col < x->n_cols; col++) {
        units[col] = units[col] > 0.0 ? units[col] : 1.0;
    }
    for (int64_t col = 0; col < x->local_cols; col++) {
        const double unit = units[block_cyclic_col(x, col)];

        for (int64_t row = 0; row < x->local_rows; row++) {
            const int64_t at = col * x->leading + row;

            to->data[at] = (float)(x->data[at] / unit);
        }
    }
}

static void widen(const block_cyclic_single *from, const double *units, block_cyclic *x)
{
    for (int64_t col = 0; col < x->local_cols; col++) {
        const double unit = units[block_cyclic_col(x, col)];

        for (int64_t row = 0; row < x->local_rows; row++) {
            const int64_t at = col * x->leading + row;

            x->data[at] = unit * (double)from->data[at];
        }
    }
}

covary_status block_cyclic_cholesky_solve_single(const block_cyclic_single *factor,
                                                 const factorization_ops *by, factor_half half,
                                                 block_cyclic *x)
{
    covary_status        status = COVARY_OK;
    block_cyclic_single *narrowed = NULL;
    double              *units = NULL;

    COVARY_TRY(check_sides(factor->layout, x));
    COVARY_TRY(block_cyclic_single_create(x->grid, x->n_rows, x->n_cols, x->block, &narrowed));
    COVARY_TRY_TOGETHER(x->grid->run, "solution with a factor",
                        MEMORY_ALLOCATE("units of columns", x->n_cols, &units));
    narrow(x, units, narrowed);
    COVARY_TRY(by->solve_single(factor, half, narrowed));
    widen(narrowed, units, x);

done:
    MEMORY_RELEASE(&units);
    block_cyclic_single_destroy(&narrowed);
    return status;
}
