/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A = L L^T by block columns, right-looking: factor block column k, then subtract its products from
 * all block columns behind it.
 *
 * The product for local rows i and columns j is L_ik L_jk^T.  Every process needs the rows of block
 * column k that it owns rows of, which come along its grid row, and the blocks L_jk of its own
 * columns j, which the processes of its grid column then hold and exchange.  Block column k + 1 is
 * brought up to date and factored before all others, so that it travels while these are computed.
 *
 * Local products have hundreds of columns and thousands of rows; between two of them the messages
 * are given a push.  Only on and below the diagonal is anything read or written.
 */
#include "linalg/native.h"

#include "core/memory.h"
#include "core/status.h"
#include "linalg/lapack.h"
#include "linalg/precision.h"
#include "linalg/ring.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Block column `step` below its diagonal block, as far as this process needs it. */
typedef struct {
    int64_t      step;
    int          width;
    int64_t      first, rows; /* local rows */
    const REAL  *own;         /* [width][leading], of the own rows */
    int64_t      leading;
    REAL        *others; /* blocks [width][rows of the block] that other grid rows own */
    ring         along_row;
    int          n_messages; /* of the exchange of blocks, once own is here */
    bool         is_exchanging;
    MPI_Request *messages;
} front;

typedef struct {
    const block_cyclic *a;
    REAL               *entries; /* [local columns][leading] of A */
    int64_t             n_steps;
    int64_t             width; /* of a block column */
    front               fronts[2];
    REAL    *copies[2]; /* of block columns of other grid columns; as many as are needed */
    REAL    *corner;    /* the diagonal block, on its grid column */
    REAL    *chunk;     /* [width][columns of a product], transposed blocks side by side */
    int64_t *n_foreign; /* [local block columns + 1] of those before, with rows elsewhere */
} workspace;

/*
 * The diagonal block at global row `first`.  Routines differ in whether NaN is a bad pivot for
 * them: here it is not finite (-1), wherever it shows.
 */
static int64_t factor_diagonal(int n, REAL *block, int64_t leading, int64_t first)
{
    const int lda = (int)leading;
    int       info = 0;

    LAPACK(potrf)("L", &n, block, &lda, &info, 1);
    for (int64_t i = 0; i < (info > 0 ? info : n); i++) {
        if (!isfinite(block[i * leading + i])) {
            return -1;
        }
    }
    return info > 0 ? first + info : 0;
}

/* Factor the block column of f, which this grid column owns. */
static int64_t factor_column(workspace *w, const front *f)
{
    const block_cyclic *a = w->a;
    const process_grid *grid = a->grid;
    const int           owner = (int)(f->step % grid->n_rows), width = f->width;
    REAL               *column = w->entries + local_col(a, f->step) * a->leading;
    REAL               *diagonal = column + local_row(a, f->step) * (grid->row == owner);
    int64_t             leading = a->leading, bad = 0;

    if (grid->row == owner) {
        bad = factor_diagonal(width, diagonal, leading, f->step * a->block);
    }
    if (grid->n_rows > 1) {
        MPI_Datatype row;

        for (int j = 0; j < width && grid->row == owner; j++) {
            for (int i = j; i < width; i++) {
                w->corner[(int64_t)j * width + i] = diagonal[j * leading + i];
            }
        }
        MPI_Bcast(&bad, 1, MPI_INT64_T, owner, grid->along_col);
        MPI_Type_contiguous(width, REAL_TYPE, &row);
        MPI_Type_commit(&row);
        MPI_Bcast(w->corner, width, row, owner, grid->along_col);
        MPI_Type_free(&row);
        diagonal = w->corner;
        leading = width;
    }
    if (bad == 0) {
        BLAS(trsm)
        (CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)f->rows, width, 1.0,
         diagonal, (int)leading, column + f->first, (int)a->leading);
    }
    return bad;
}

/* Factor block column `step` where it is, and send it on its way along the rows of the grid. */
static void start(workspace *w, int64_t step)
{
    const block_cyclic *a = w->a;
    const process_grid *grid = a->grid;
    const int           root = (int)(step % grid->n_cols);
    front              *f = &w->fronts[step % 2];
    REAL               *data;
    int64_t             bad = 0;

    ring_finish(&f->along_row);
    f->step = step;
    f->width = block_width(a, step);
    f->first = local_row(a, step + 1);
    f->rows = a->local_rows - f->first;
    f->is_exchanging = false;
    if (grid->col == root) {
        bad = factor_column(w, f);
        data = w->entries + local_col(a, step) * a->leading + f->first;
        f->leading = a->leading;
    } else {
        data = w->copies[grid->n_cols > 2 ? step % 2 : 0];
        f->leading = f->rows > 0 ? f->rows : 1;
    }
    f->own = data;
    ring_start(&f->along_row, grid->along_row, root, f->rows, f->width, REAL_TYPE, data, f->leading,
               bad);
}

/* Does another grid row own the rows of the block that has a local block column's number? */
static bool is_foreign(const block_cyclic *a, int64_t local)
{
    return global_block(a, local) % a->grid->n_rows != a->grid->row;
}

/* Place of L_jk, for the local block column j, in front.others if it comes from elsewhere. */
static REAL *foreign_block(const workspace *w, const front *f, int64_t local)
{
    const int64_t before = w->n_foreign[local] - w->n_foreign[blocks_before(w->a, f->step + 1)];

    return f->others + before * w->width * f->width;
}

static const REAL *own_block(const workspace *w, const front *f, int64_t local)
{
    return f->own + local_row(w->a, global_block(w->a, local)) - f->first;
}

static void exchange_block(const workspace *w, front *f, int64_t local)
{
    const process_grid *grid = w->a->grid;
    const int64_t       block = global_block(w->a, local);
    const int           height = block_width(w->a, block), owner = (int)(block % grid->n_rows);
    const bool          is_here = owner == grid->row;
    const REAL         *own = is_here ? own_block(w, f, local) : NULL;
    MPI_Datatype        type;

    MPI_Type_vector(f->width, height, is_here ? (int)f->leading : height, REAL_TYPE, &type);
    MPI_Type_commit(&type);
    if (!is_here) {
        MPI_Irecv(foreign_block(w, f, local), 1, type, owner, 0, grid->along_col,
                  &f->messages[f->n_messages++]);
    }
    for (int row = 0; row < grid->n_rows && is_here; row++) {
        if (row != owner) {
            MPI_Isend(own, 1, type, row, 0, grid->along_col, &f->messages[f->n_messages++]);
        }
    }
    MPI_Type_free(&type);
}

/* Own rows are here: get the transposed blocks from the grid column.  Blocks arrive in order. */
static void exchange(const workspace *w, front *f)
{
    const int64_t end = blocks_before(w->a, w->n_steps);

    f->is_exchanging = true;
    f->n_messages = 0;
    for (int64_t local = blocks_before(w->a, f->step + 1); local < end; local++) {
        if (w->a->grid->n_rows > 1 && f->along_row.note == 0) {
            exchange_block(w, f, local);
        }
    }
}

static void push(const workspace *w, front *f)
{
    int is_done;

    if (f->is_exchanging) {
        MPI_Testall(f->n_messages, f->messages, &is_done, MPI_STATUSES_IGNORE);
    } else {
        ring_poll(&f->along_row);
        if (f->along_row.n_missing == 0) {
            exchange(w, f);
        }
    }
}

static void arrive(const workspace *w, front *f)
{
    ring_arrive(&f->along_row);
    if (!f->is_exchanging) {
        exchange(w, f);
    }
    MPI_Waitall(f->n_messages, f->messages, MPI_STATUSES_IGNORE);
}

/* The blocks L_jk of local block columns [begin, end) side by side: their rows in one column. */
static void gather_chunk(const workspace *w, const front *f, int64_t begin, int64_t end)
{
    const int64_t first = begin * w->a->block;
    const int64_t n_cols = smaller(end * w->a->block, w->a->local_cols) - first;

    for (int64_t local = begin; local < end; local++) {
        const int     height = block_width(w->a, global_block(w->a, local));
        const bool    is_other = is_foreign(w->a, local);
        const int64_t leading = is_other ? height : f->leading;
        const REAL   *from = is_other ? foreign_block(w, f, local) : own_block(w, f, local);

        for (int64_t k = 0; k < f->width; k++) {
            memcpy(w->chunk + k * n_cols + local * w->a->block - first, from + k * leading,
                   (size_t)height * sizeof *from);
        }
    }
}

/* A part of the matrix to subtract products from: local block columns of a chunk. */
typedef struct {
    workspace   *w;
    const front *f;
    front       *pushed;        /* the next one, or NULL */
    int64_t      first, n_cols; /* local columns of the chunk */
} update;

/* Local rows [begin, end) of local block columns [left, right). */
static void subtract(const update *u, int64_t begin, int64_t end, int64_t left, int64_t right)
{
    const block_cyclic *a = u->w->a;
    const int64_t       col = left * a->block;
    const int           n_cols = (int)(smaller(right * a->block, a->local_cols) - col);

    for (int64_t row = begin; row < end; row += PRODUCT_ROWS) {
        BLAS(gemm)
        (CblasColMajor, CblasNoTrans, CblasTrans, (int)smaller(PRODUCT_ROWS, end - row), n_cols,
         u->f->width, -1.0, u->f->own + row - u->f->first, (int)u->f->leading,
         u->w->chunk + col - u->first, (int)u->n_cols, 1.0, u->w->entries + col * a->leading + row,
         (int)a->leading);
        if (u->pushed != NULL) {
            push(u->w, u->pushed);
        }
    }
}

/* One local block column from its diagonal block to local row `end`. */
static void subtract_column(const update *u, int64_t end, int64_t local)
{
    const block_cyclic *a = u->w->a;
    const int64_t       block = global_block(a, local), col = local * a->block;
    const int64_t       diagonal = local_row(a, block), below = local_row(a, block + 1);

    if (!is_foreign(a, local)) {
        BLAS(syrk)
        (CblasColMajor, CblasLower, CblasNoTrans, block_width(a, block), u->f->width, -1.0,
         u->f->own + diagonal - u->f->first, (int)u->f->leading, 1.0,
         u->w->entries + col * a->leading + diagonal, (int)a->leading);
    }
    subtract(u, below, end, local, local + 1);
}

/*
 * What local block columns [left, right) have on and below the diagonal, up to local row `end`: a
 * rectangle that all of the left half reaches into, and what is above it and right of it.
 */
static void subtract_trapezoid(const update *u, int64_t end, int64_t left, int64_t right)
{
    const int64_t middle = left + (right - left) / 2;
    const int64_t split = smaller(end, local_row(u->w->a, global_block(u->w->a, middle)));

    if (right - left == 1) {
        subtract_column(u, end, left);
        return;
    }
    subtract_trapezoid(u, split, left, middle);
    subtract(u, split, end, left, middle);
    subtract_trapezoid(u, end, middle, right);
}

/* Bring local block columns [left, right) up to date, pushing the front that is on its way. */
static void subtract_products(workspace *w, const front *f, front *pushed, int64_t left,
                              int64_t right)
{
    const int64_t at_once = PRODUCT_COLS > w->a->block ? PRODUCT_COLS / w->a->block : 1;

    for (int64_t begin = left; begin < right; begin += at_once) {
        const int64_t end = smaller(begin + at_once, right);
        const int64_t below = local_row(w->a, global_block(w->a, end));
        const update  u = {.w = w,
                           .f = f,
                           .pushed = pushed,
                           .first = begin * w->a->block,
                           .n_cols =
                               smaller(end * w->a->block, w->a->local_cols) - begin * w->a->block};

        gather_chunk(w, f, begin, end);
        subtract_trapezoid(&u, below, begin, end);
        subtract(&u, below, w->a->local_rows, begin, end);
    }
}

/* All block columns; the first bad pivot ends it. */
static int64_t factor_columns(workspace *w)
{
    const process_grid *grid = w->a->grid;
    const int64_t       end = blocks_before(w->a, w->n_steps);
    int64_t             bad = 0;

    start(w, 0);
    for (int64_t step = 0; step < w->n_steps && bad == 0; step++) {
        front  *f = &w->fronts[step % 2], *next = NULL;
        int64_t begin = blocks_before(w->a, step + 1);

        arrive(w, f);
        bad = f->along_row.note;
        if (bad == 0 && step + 1 < w->n_steps) {
            if ((step + 1) % grid->n_cols == grid->col) {
                subtract_products(w, f, NULL, begin, begin + 1);
                begin++;
            }
            start(w, step + 1);
            next = &w->fronts[(step + 1) % 2];
            subtract_products(w, f, next, begin, end);
        }
    }
    ring_finish(&w->fronts[0].along_row);
    ring_finish(&w->fronts[1].along_row);
    return bad;
}

static covary_status allocate_front(const workspace *w, front *f)
{
    covary_status       status = COVARY_OK;
    const process_grid *grid = w->a->grid;
    const int64_t       n_local = blocks_before(w->a, w->n_steps);
    const int64_t       size = w->n_foreign[n_local] * w->width * w->width;

    COVARY_TRY(MEMORY_ALLOCATE("messages of a block column", n_local * grid->n_rows, &f->messages));
    COVARY_TRY(MEMORY_ALLOCATE("block column", size, &f->others));

done:
    return status;
}

static covary_status allocate(workspace *w)
{
    covary_status       status = COVARY_OK;
    const block_cyclic *a = w->a;
    const int64_t width = smaller(a->block, a->n_rows), n_local = blocks_before(a, w->n_steps);
    const int64_t chunk = PRODUCT_COLS > width ? PRODUCT_COLS : width;

    COVARY_TRY(MEMORY_ALLOCATE("blocks", n_local + 1, &w->n_foreign));
    for (int64_t local = 0; local < n_local; local++) {
        w->n_foreign[local + 1] = w->n_foreign[local] + is_foreign(a, local);
    }
    for (int i = 0; i < 2; i++) {
        if (a->grid->n_cols > 1 + i) {
            COVARY_TRY(MEMORY_ALLOCATE("block column", a->local_rows * width, &w->copies[i]));
        }
        COVARY_TRY(allocate_front(w, &w->fronts[i]));
    }
    if (a->grid->n_rows > 1) {
        COVARY_TRY(MEMORY_ALLOCATE("diagonal block", width * width, &w->corner));
    }
    COVARY_TRY(MEMORY_ALLOCATE("products", chunk * width, &w->chunk));

done:
    return status;
}

static void release(workspace *w)
{
    for (int i = 0; i < 2; i++) {
        MEMORY_RELEASE(&w->copies[i]);
        MEMORY_RELEASE(&w->fronts[i].others);
        MEMORY_RELEASE(&w->fronts[i].messages);
    }
    MEMORY_RELEASE(&w->chunk);
    MEMORY_RELEASE(&w->corner);
    MEMORY_RELEASE(&w->n_foreign);
}

/* On one process there is nothing to send, and LAPACK needs no workspace. */
static bool is_serial(const block_cyclic *a)
{
    return a->grid->n_rows * a->grid->n_cols == 1;
}

covary_status NAMED(native_cholesky)(MATRIX *matrix, int64_t *bad_pivot)
{
    covary_status       status = COVARY_OK;
    const block_cyclic *a = LAYOUT(matrix);
    workspace          *w = NULL;

    if (is_serial(a) || a->n_rows == 0) {
        *bad_pivot = factor_diagonal((int)a->n_rows, matrix->data, a->leading, 0);
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(a->grid->run, "Cholesky factorization",
                        MEMORY_ALLOCATE("Cholesky factorization", 1, &w));
    w->a = a;
    w->entries = matrix->data;
    w->width = block_width(a, 0);
    w->n_steps = block_count(a);
    COVARY_TRY_TOGETHER(a->grid->run, "Cholesky factorization", allocate(w));
    *bad_pivot = factor_columns(w);

done:
    if (w != NULL) {
        release(w);
    }
    MEMORY_RELEASE(&w);
    return status;
}
