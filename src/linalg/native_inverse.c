/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * L <- L^-1 in place by block columns, from the first to the last.
 *
 * Before step k the rows above block k hold the inverse of their triangle X_00, and those below it
 * hold M = L_20 - L_21' L_10', the part of the elimination that concerns the columns before k. With
 *
 *     L_00                    step k:   L_21 <- -L_21 L_11^-1
 *     L_10  L_11                        L_20 <- L_20 + L_21 L_10
 *     L_20  L_21  L_22                  L_10 <- L_11^-1 L_10,   L_11 <- L_11^-1
 *
 * nearly all work, N^3 / 3, is the product in the second line, a full rectangle.  L_21 comes along
 * the rows of the grid and L_10 along its columns.  The next L_21 does not depend on the step, and
 * the rows of the next L_10 are brought up to date first, so that both travel during the product.
 */
#include "linalg/native.h"

#include "core/memory.h"
#include "core/status.h"
#include "linalg/lapack.h"
#include "linalg/ring.h"

#include <cblas.h>
#include <string.h>

/* What this process needs for a step. */
typedef struct {
    int64_t       step;
    int           width;
    int64_t       first;  /* local row from which on it has L_11 and the new L_21 */
    const double *column; /* [width][column_leading] */
    int64_t       column_leading;
    const double *row; /* [columns before the step][row_leading]: L_10 */
    int64_t       row_leading;
    ring          along_row, along_col;
} stage;

typedef struct {
    block_cyclic *a;
    int64_t       n_steps, width;
    stage         stages[2];
    double       *columns[2], *rows[2]; /* that come from elsewhere; as many as are needed */
    double       *corner;               /* L_11, on its grid column */
} workspace;

/* L_21 <- -L_21 L_11^-1 on the grid column that owns it. */
static void scale_column(workspace *w, int64_t step)
{
    block_cyclic       *a = w->a;
    const process_grid *grid = a->grid;
    const int           owner = (int)(step % grid->n_rows), width = block_width(a, step);
    const int64_t       below = local_row(a, step + 1);
    double             *column = a->data + local_col(a, step) * a->leading;
    const double       *corner = column + local_row(a, step) * (grid->row == owner);
    int64_t             leading = a->leading;

    if (grid->n_rows > 1) {
        MPI_Datatype row;

        for (int j = 0; j < width && grid->row == owner; j++) {
            memcpy(w->corner + (int64_t)j * width, corner + j * leading,
                   (size_t)width * sizeof *corner);
        }
        MPI_Type_contiguous(width, MPI_DOUBLE, &row);
        MPI_Type_commit(&row);
        MPI_Bcast(w->corner, width, row, owner, grid->along_col);
        MPI_Type_free(&row);
        corner = w->corner;
        leading = width;
    }
    cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit,
                (int)(a->local_rows - below), width, -1.0, corner, (int)leading, column + below,
                (int)a->leading);
}

static void start_column(workspace *w, int64_t step)
{
    block_cyclic       *a = w->a;
    const process_grid *grid = a->grid;
    const int           root = (int)(step % grid->n_cols);
    stage              *s = &w->stages[step % 2];
    double             *data = w->columns[grid->n_cols > 2 ? step % 2 : 0];
    int64_t             n_rows;

    s->step = step;
    s->width = block_width(a, step);
    s->first = local_row(a, step);
    n_rows = a->local_rows - s->first;
    s->column_leading = n_rows > 0 ? n_rows : 1;
    if (grid->col == root) {
        scale_column(w, step);
        data = a->data + local_col(a, step) * a->leading + s->first;
        s->column_leading = a->leading;
    }
    s->column = data;
    ring_start(&s->along_row, grid->along_row, root, n_rows, s->width, MPI_DOUBLE, data,
               s->column_leading, 0);
}

/* After start_column. */
static void start_row(workspace *w, int64_t step)
{
    block_cyclic       *a = w->a;
    const process_grid *grid = a->grid;
    const int           root = (int)(step % grid->n_rows);
    stage              *s = &w->stages[step % 2];
    double             *data = w->rows[grid->n_rows > 2 ? step % 2 : 0];

    s->row_leading = s->width;
    if (grid->row == root) {
        data = a->data + s->first;
        s->row_leading = a->leading;
    }
    s->row = data;
    ring_start(&s->along_col, grid->along_col, root, s->width, local_col(a, step), MPI_DOUBLE, data,
               s->row_leading, 0);
}

/* L_20 <- L_20 + L_21 L_10 in local rows [begin, end). */
static void add_products(const workspace *w, const stage *s, stage *pushed, int64_t begin,
                         int64_t end)
{
    const block_cyclic *a = w->a;
    const int64_t       n_cols = local_col(a, s->step);

    for (int64_t col = 0; col < n_cols; col += PRODUCT_COLS) {
        for (int64_t row = begin; row < end; row += PRODUCT_ROWS) {
            cblas_dgemm(
                CblasColMajor, CblasNoTrans, CblasNoTrans, (int)smaller(PRODUCT_ROWS, end - row),
                (int)smaller(PRODUCT_COLS, n_cols - col), s->width, 1.0, s->column + row - s->first,
                (int)s->column_leading, s->row + col * s->row_leading, (int)s->row_leading, 1.0,
                a->data + col * a->leading + row, (int)a->leading);
            if (pushed != NULL) {
                ring_poll(&pushed->along_row);
                ring_poll(&pushed->along_col);
            }
        }
    }
}

/* L_10 <- L_11^-1 L_10 and L_11 <- L_11^-1, once nobody reads the old ones any more. */
static void finish(workspace *w, stage *s)
{
    block_cyclic       *a = w->a;
    const process_grid *grid = a->grid;
    const int           lda = (int)a->leading;
    int                 info = 0;

    ring_finish(&s->along_row);
    ring_finish(&s->along_col);
    if (s->step % grid->n_rows == grid->row) {
        cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, s->width,
                    (int)local_col(a, s->step), 1.0, s->column, (int)s->column_leading,
                    a->data + s->first, lda);
        if (s->step % grid->n_cols == grid->col) {
            /* no zero is on the diagonal, and nothing else is refused */
            dtrtri_("L", "N", &s->width, a->data + local_col(a, s->step) * a->leading + s->first,
                    &lda, &info, 1, 1);
        }
    }
}

static void invert(workspace *w)
{
    const block_cyclic *a = w->a;

    start_column(w, 0);
    start_row(w, 0);
    for (int64_t step = 0; step < w->n_steps; step++) {
        stage  *s = &w->stages[step % 2], *next = NULL;
        int64_t begin = local_row(a, step + 1);

        ring_arrive(&s->along_row);
        ring_arrive(&s->along_col);
        if (step + 1 < w->n_steps) {
            start_column(w, step + 1);
            add_products(w, s, NULL, begin, local_row(a, step + 2));
            begin = local_row(a, step + 2);
            start_row(w, step + 1);
            next = &w->stages[(step + 1) % 2];
        }
        add_products(w, s, next, begin, a->local_rows);
        finish(w, s);
    }
}

static covary_status allocate(workspace *w)
{
    covary_status       status = COVARY_OK;
    const block_cyclic *a = w->a;

    for (int i = 0; i < 2; i++) {
        if (a->grid->n_cols > 1 + i) {
            COVARY_TRY(MEMORY_ALLOCATE("block column", a->local_rows * w->width, &w->columns[i]));
        }
        if (a->grid->n_rows > 1 + i) {
            COVARY_TRY(MEMORY_ALLOCATE("block row", a->local_cols * w->width, &w->rows[i]));
        }
    }
    if (a->grid->n_rows > 1) {
        COVARY_TRY(MEMORY_ALLOCATE("diagonal block", w->width * w->width, &w->corner));
    }

done:
    return status;
}

static void release(workspace *w)
{
    for (int i = 0; i < 2; i++) {
        MEMORY_RELEASE(&w->columns[i]);
        MEMORY_RELEASE(&w->rows[i]);
    }
    MEMORY_RELEASE(&w->corner);
}

covary_status native_invert(block_cyclic *factor)
{
    covary_status status = COVARY_OK;
    covary_run   *run = factor->grid->run;
    workspace    *w = NULL;

    COVARY_TRY_TOGETHER(run, "inverse of a factor", MEMORY_ALLOCATE("inverse of a factor", 1, &w));
    w->a = factor;
    w->n_steps = block_count(factor);
    w->width = block_width(factor, 0);
    COVARY_TRY_TOGETHER(run, "inverse of a factor", allocate(w));
    if (w->n_steps > 0) {
        invert(w);
    }

done:
    if (w != NULL) {
        release(w);
    }
    MEMORY_RELEASE(&w);
    return status;
}
