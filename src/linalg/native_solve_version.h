/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * X <- L^-T L^-1 X for few columns, where memory paces and every process is to read its part of L
 * twice and no more.  With block row k of L on grid row r and its last block on grid column c:
 *
 *   down:  X_k = L_kk^-1 (B_k - sum_(j<k) L_kj X_j): grid row r multiplies, sums go to (r, c), X_k
 *          to grid column c, which has the columns that it will be multiplied with
 *   up:    X_k = L_kk^-T (X_k - S_k): the S_k of grid column c are summed by (r, c), X_k goes to
 *          grid row r, whose processes add L_kj^T X_k to their S_j
 *
 * Each half is also a solution of its own.  A process of another row or column does not wait for a
 * step and goes ahead to the next that concerns it.
 *
 * Steps go in groups: what lies left of a group's columns is multiplied for all its local rows at
 * once, before it (down) or after it (up), since a taller product reads memory in longer runs and X
 * more rarely.
 */
#include "linalg/native.h"

#include "core/memory.h"
#include "core/status.h"
#include "linalg/precision.h"
#include "linalg/thin.h"

#include <cblas.h>
#include <string.h>

enum {
    MOST_COLUMNS = 512, /* of X at a time */
    GROUP_ROWS = 1024   /* local rows of a group of steps, about */
};

/* Column-major with as many columns as X has now. */
typedef struct {
    const block_cyclic *l;
    const REAL         *entries; /* [local columns][leading] of L */
    int64_t             width;
    int64_t             group; /* steps */
    REAL               *rows;  /* [width][l->local_rows] of B, then of X */
    REAL               *cols;  /* [width][l->local_cols] of X */
    REAL               *sums;  /* [width][l->local_cols] S, this process's part */
    REAL               *left;  /* [width][l->local_rows] sums of products left of the group */
    REAL               *tile;  /* [width][block] */
    REAL               *sent;  /* the same: what MPI sums */
} workspace;

static void release(workspace *w)
{
    MEMORY_RELEASE(&w->sent);
    MEMORY_RELEASE(&w->tile);
    MEMORY_RELEASE(&w->left);
    MEMORY_RELEASE(&w->sums);
    MEMORY_RELEASE(&w->cols);
    MEMORY_RELEASE(&w->rows);
}

static covary_status allocate(workspace *w, int64_t width)
{
    covary_status       status = COVARY_OK;
    const block_cyclic *l = w->l;

    COVARY_TRY(MEMORY_ALLOCATE("rows of a solution", l->local_rows * width, &w->rows));
    COVARY_TRY(MEMORY_ALLOCATE("columns of a solution", l->local_cols * width, &w->cols));
    COVARY_TRY(MEMORY_ALLOCATE("sums of a solution", l->local_cols * width, &w->sums));
    COVARY_TRY(MEMORY_ALLOCATE("sums of a solution", l->local_rows * width, &w->left));
    COVARY_TRY(MEMORY_ALLOCATE("block of a solution", l->block * width, &w->tile));
    COVARY_TRY(MEMORY_ALLOCATE("block of a solution", l->block * width, &w->sent));

done:
    return status;
}

static int row_of(const block_cyclic *l, int64_t k)
{
    return (int)(k % l->grid->n_rows);
}

static int col_of(const block_cyclic *l, int64_t k)
{
    return (int)(k % l->grid->n_cols);
}

static void copy_block(int n, int64_t width, const REAL *from, int64_t from_leading, REAL *to,
                       int64_t to_leading)
{
    for (int64_t col = 0; col < width; col++) {
        memcpy(to + col * to_leading, from + col * from_leading, (size_t)n * sizeof *to);
    }
}

/* Columns [begin, begin + width) of x on all processes of the grid row. */
static void gather_rows(const workspace *w, const MATRIX *x, int64_t begin)
{
    const block_cyclic *at = LAYOUT(x);
    const int64_t       rows = at->local_rows;

    for (int64_t col = 0; col < w->width; col++) {
        const int owner = (int)((begin + col) / at->block % at->grid->n_cols);
        REAL     *to = w->rows + col * rows;

        if (owner == at->grid->col) {
            memcpy(to, x->data + block_cyclic_cols_before(at, begin + col) * at->leading,
                   (size_t)rows * sizeof *to);
        }
        MPI_Bcast(to, (int)rows, REAL_TYPE, owner, at->grid->along_row);
    }
}

static void return_rows(const workspace *w, MATRIX *x, int64_t begin)
{
    const block_cyclic *at = LAYOUT(x);

    for (int64_t col = 0; col < w->width; col++) {
        if ((begin + col) / at->block % at->grid->n_cols == at->grid->col) {
            memcpy(x->data + block_cyclic_cols_before(at, begin + col) * at->leading,
                   w->rows + col * at->local_rows, (size_t)at->local_rows * sizeof(REAL));
        }
    }
}

/* tile <- L_kk^-1 (B_k - tile) or its transpose; on the process that has L_kk. */
static void solve_corner(const workspace *w, int64_t k, CBLAS_TRANSPOSE transposed, const REAL *b,
                         int64_t ldb)
{
    const block_cyclic *l = w->l;
    const int           n = block_width(l, k);

    for (int64_t col = 0; col < w->width; col++) {
        for (int i = 0; i < n; i++) {
            w->tile[col * n + i] = b[col * ldb + i] - w->tile[col * n + i];
        }
    }
    BLAS(trsm)
    (CblasColMajor, CblasLeft, CblasLower, transposed, CblasNonUnit, n, (int)w->width, 1.0,
     w->entries + local_col(l, k) * l->leading + local_row(l, k), (int)l->leading, w->tile, n);
}

/* The tiles of comm's processes summed in that of root. */
static void sum_tiles(const workspace *w, int n, int root, MPI_Comm comm)
{
    const int count = (int)(n * w->width);
    int       n_ranks;

    MPI_Comm_size(comm, &n_ranks);
    if (n_ranks > 1) {
        memcpy(w->sent, w->tile, (size_t)count * sizeof *w->sent);
        MPI_Reduce(w->sent, w->tile, count, REAL_TYPE, MPI_SUM, root, comm);
    }
}

/* Local columns left of the group that step k is of. */
static int64_t left_of_group(const workspace *w, int64_t k)
{
    return local_col(w->l, k / w->group * w->group);
}

/* Before step k, the first of a group. */
static void group_down(const workspace *w, int64_t k)
{
    const block_cyclic *l = w->l;
    const int64_t       row = local_row(l, k), n = local_row(l, k + w->group) - row;

    NAMED(thin_add)
    (n, local_col(l, k), w->width, w->entries + row, l->leading, w->cols, l->local_cols,
     w->left + row, l->local_rows);
}

/* After step k, the first of a group and the last one on the way up. */
static void group_up(const workspace *w, int64_t k)
{
    const block_cyclic *l = w->l;
    const int64_t       row = local_row(l, k), n = local_row(l, k + w->group) - row;

    NAMED(thin_add_transposed)
    (n, local_col(l, k), w->width, w->entries + row, l->leading, w->rows + row, l->local_rows,
     w->sums, l->local_cols);
}

static void step_down(const workspace *w, int64_t k)
{
    const block_cyclic *l = w->l;
    const process_grid *grid = l->grid;
    const int           n = block_width(l, k), r = row_of(l, k), c = col_of(l, k);
    const int64_t       row = local_row(l, k), before = local_col(l, k);
    const int64_t       left = left_of_group(w, k);

    if (grid->row == r) {
        copy_block(n, w->width, w->left + row, l->local_rows, w->tile, n);
        NAMED(thin_add)
        (n, before - left, w->width, w->entries + left * l->leading + row, l->leading,
         w->cols + left, l->local_cols, w->tile, n);
        sum_tiles(w, n, c, grid->along_row);
    }
    if (grid->col != c) {
        return;
    }
    if (grid->row == r) {
        solve_corner(w, k, CblasNoTrans, w->rows + row, l->local_rows);
    }
    MPI_Bcast(w->tile, (int)(n * w->width), REAL_TYPE, r, grid->along_col);
    copy_block(n, w->width, w->tile, n, w->cols + before, l->local_cols);
}

static void step_up(const workspace *w, int64_t k)
{
    const block_cyclic *l = w->l;
    const process_grid *grid = l->grid;
    const int           n = block_width(l, k), r = row_of(l, k), c = col_of(l, k);
    const int64_t       row = local_row(l, k), before = local_col(l, k);
    const int64_t       left = left_of_group(w, k);

    if (grid->col == c) {
        copy_block(n, w->width, w->sums + before, l->local_cols, w->tile, n);
        sum_tiles(w, n, r, grid->along_col);
    }
    if (grid->row != r) {
        return;
    }
    if (grid->col == c) {
        solve_corner(w, k, CblasTrans, w->cols + before, l->local_cols);
    }
    MPI_Bcast(w->tile, (int)(n * w->width), REAL_TYPE, c, grid->along_row);
    copy_block(n, w->width, w->tile, n, w->rows + row, l->local_rows);
    NAMED(thin_add_transposed)
    (n, before - left, w->width, w->entries + left * l->leading + row, l->leading, w->tile, n,
     w->sums + left, l->local_cols);
}

/* What would come from above: B itself where the blocks of the diagonal are. */
static void take_rows(const workspace *w, int64_t k)
{
    const block_cyclic *l = w->l;

    if (l->grid->row == row_of(l, k) && l->grid->col == col_of(l, k)) {
        copy_block(block_width(l, k), w->width, w->rows + local_row(l, k), l->local_rows,
                   w->cols + local_col(l, k), l->local_cols);
    }
}

/* X from where the blocks of the diagonal are to their grid rows. */
static void give_rows(const workspace *w, int64_t k)
{
    const block_cyclic *l = w->l;
    const int           n = block_width(l, k), c = col_of(l, k);

    if (l->grid->row != row_of(l, k)) {
        return;
    }
    if (l->grid->col == c) {
        copy_block(n, w->width, w->cols + local_col(l, k), l->local_cols, w->tile, n);
    }
    MPI_Bcast(w->tile, (int)(n * w->width), REAL_TYPE, c, l->grid->along_row);
    copy_block(n, w->width, w->tile, n, w->rows + local_row(l, k), l->local_rows);
}

static void go_down(const workspace *w)
{
    for (int64_t k = 0; k < block_count(w->l); k++) {
        if (k % w->group == 0) {
            group_down(w, k);
        }
        step_down(w, k);
    }
}

static void go_up(const workspace *w)
{
    for (int64_t k = block_count(w->l) - 1; k >= 0; k--) {
        step_up(w, k);
        if (k % w->group == 0) {
            group_up(w, k);
        }
    }
}

/* All memory is there, and nothing can fail.  Collective. */
static void solve_columns(workspace *w, factor_half half, MATRIX *x, int64_t begin)
{
    const int64_t n_blocks = block_count(w->l);

    memset(w->sums, 0, (size_t)(w->l->local_cols * w->width) * sizeof *w->sums);
    memset(w->left, 0, (size_t)(w->l->local_rows * w->width) * sizeof *w->left);
    gather_rows(w, x, begin);
    if (half != FACTOR_TRANSPOSED) {
        go_down(w);
    }
    for (int64_t k = 0; k < n_blocks && half == FACTOR_TRANSPOSED; k++) {
        take_rows(w, k);
    }
    if (half != FACTOR_LOWER) {
        go_up(w);
    }
    for (int64_t k = n_blocks - 1; k >= 0 && half == FACTOR_LOWER; k--) {
        give_rows(w, k);
    }
    return_rows(w, x, begin);
}

covary_status NAMED(native_solve)(const MATRIX *factor, factor_half half, MATRIX *x)
{
    covary_status       status = COVARY_OK;
    const block_cyclic *l = LAYOUT(factor);
    const int64_t       n_cols = LAYOUT(x)->n_cols;
    const int64_t       group = (int64_t)GROUP_ROWS * l->grid->n_rows / l->block;
    workspace           w = {.l = l, .entries = factor->data, .group = group > 0 ? group : 1};

    COVARY_TRY_TOGETHER(l->grid->run, "solution with a factor",
                        allocate(&w, smaller(n_cols, MOST_COLUMNS)));
    for (int64_t begin = 0; begin < n_cols; begin += MOST_COLUMNS) {
        w.width = smaller(n_cols - begin, MOST_COLUMNS);
        solve_columns(&w, half, x, begin);
    }

done:
    release(&w);
    return status;
}
