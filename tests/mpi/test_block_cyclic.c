/* SPDX-License-Identifier: BSD-3-Clause */
/* Grid, block-cyclic layout, redistribution, Cholesky against a serial one.   ranks: 1 2 3 4 6 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "support.h"

#include "core/memory.h"
#include "linalg/block_cyclic.h"
#include "linalg/redistribute.h"
#include "linalg/scalapack.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 150 };

static const int blocks[] = {1, 7, 64};

/* Symmetric, positive definite, no structure: a random B gives B B^T / n + I. */
static void random_matrix(int n, double *a)
{
    static double b[MOST * MOST];
    test_random   stream = {(uint64_t)n};

    for (int i = 0; i < n * n; i++) {
        b[i] = test_normal(&stream);
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            a[i * n + j] = i == j ? 1.0 : 0.0;
            for (int k = 0; k < n; k++) {
                a[i * n + j] += b[i * n + k] * b[j * n + k] / n;
            }
        }
    }
}

/* Plain lower Cholesky factor in place; order of the first bad minor or 0. */
static int serial_cholesky(int n, double *a)
{
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < j; k++) {
            a[j * n + j] -= a[j * n + k] * a[j * n + k];
        }
        if (!(a[j * n + j] > 0.0)) {
            return j + 1;
        }
        a[j * n + j] = sqrt(a[j * n + j]);
        for (int i = j + 1; i < n; i++) {
            for (int k = 0; k < j; k++) {
                a[i * n + j] -= a[i * n + k] * a[j * n + k];
            }
            a[i * n + j] /= a[j * n + j];
        }
    }
    return 0;
}

static void serial_solve(int n, const double *factor, double *x)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++) {
            x[i] -= factor[i * n + k] * x[k];
        }
        x[i] /= factor[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) {
            x[i] -= factor[k * n + i] * x[k];
        }
        x[i] /= factor[i * n + i];
    }
}

/* The lower triangle of a; above it NaN, which nobody may read. */
static block_cyclic *distributed(const process_grid *grid, int n, int block, const double *a)
{
    block_cyclic *made = NULL;

    assert_ok(block_cyclic_create(grid, n, n, block, &made));
    for (int64_t col = 0; col < made->local_cols; col++) {
        for (int64_t row = 0; row < made->local_rows; row++) {
            const int64_t i = block_cyclic_row(made, row), j = block_cyclic_col(made, col);

            made->data[col * made->leading + row] = i >= j ? a[i * n + j] : NAN;
        }
    }
    return made;
}

/* Rows over the ranks as evenly as they go; the last ranks may have none. */
static panel *shared_panel(int64_t n, int64_t width)
{
    const int64_t n_ranks = covary_run_size(test_run()), rank = covary_run_rank(test_run());
    const int64_t share = (n + n_ranks - 1) / n_ranks;
    const int64_t begin = share * rank < n ? share * rank : n;
    const int64_t end = begin + share < n ? begin + share : n;
    panel        *made = NULL;

    assert_ok(panel_create(test_run(), end - begin, width, &made));
    assert_int_equal(made->n_rows, n);
    return made;
}

static void grids_use_every_rank(void **state)
{
    static const int shapes[][3] = {{1, 1, 1}, {2, 1, 2},  {3, 1, 3},  {4, 2, 2},    {6, 2, 3},
                                    {7, 1, 7}, {12, 3, 4}, {36, 6, 6}, {128, 8, 16}, {97, 1, 97}};
    process_grid    *grid = NULL;
    int              rows, cols;

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        grid_shape(shapes[i][0], &rows, &cols);
        assert_int_equal(rows, shapes[i][1]);
        assert_int_equal(cols, shapes[i][2]);
    }
    assert_ok(grid_create(test_run(), &grid));
    assert_int_equal(grid->n_rows * grid->n_cols, covary_run_size(test_run()));
    assert_true(grid->n_rows <= grid->n_cols);
    assert_int_equal(grid_rank(grid, grid->row, grid->col), covary_run_rank(test_run()));
    grid_destroy(&grid);
    grid_destroy(&grid);
    assert_int_equal(grid_create_shape(test_run(), 2, covary_run_size(test_run()), &grid),
                     COVARY_ERR_CONFIG);
    assert_null(grid);
}

static void default_block_leaves_no_rank_idle(void **state)
{
    process_grid *grid = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    assert_int_equal(block_cyclic_default_block(100000, 1, grid), 128);
    for (int64_t n = 2 * grid->n_cols; n < 2000; n += 17) {
        const int block = block_cyclic_default_block(n, 1, grid);

        assert_true(block_cyclic_count(n, block, grid->col, grid->n_cols) > 0);
        assert_true(block_cyclic_count(n, block, grid->row, grid->n_rows) > 0);
    }
    assert_int_equal(block_cyclic_default_block(1, 1, grid), 1);
    assert_int_equal(block_cyclic_default_block(100000, 3, grid), 126);
    assert_int_equal(block_cyclic_default_block(100000, 200, grid), 200);
    for (int64_t n = 10 * grid->n_cols; n < 2000; n += 35) {
        const int block = block_cyclic_default_block(n, 5, grid);

        assert_int_equal(block % 5, 0);
        assert_true(block_cyclic_count(n, block, grid->col, grid->n_cols) > 0);
    }
    grid_destroy(&grid);
}

static void every_index_has_one_owner(void **state)
{
    (void)state;
    for (int places = 1; places < 6; places++) {
        for (int n = 0; n < 60; n += 7) {
            for (int block = 1; block < 20; block += 3) {
                int counts[6] = {0};

                for (int i = 0; i < n; i++) {
                    counts[i / block % places]++;
                }
                for (int place = 0; place < places; place++) {
                    assert_int_equal(block_cyclic_count(n, block, place, places), counts[place]);
                }
            }
        }
    }
}

static void limits_of_32_bits_are_seen_before_allocation(void **state)
{
    process_grid *grid = NULL;
    block_cyclic *matrix = NULL;
    char          largest[32];

    (void)state;
    /* 46340^2 < 2^31 <= 46341^2 */
    assert_int_equal(block_cyclic_limit(1, 1, 128), 46340);
    assert_int_equal(block_cyclic_limit(2, 2, 1), 92680);
    assert_ok(block_cyclic_check(1, 1, 46340, 46340, 128));
    assert_ok(grid_create(test_run(), &grid));
    assert_int_equal(block_cyclic_create(grid, 1000000, 1000000, 128, &matrix), COVARY_ERR_NUMERIC);
    snprintf(largest, sizeof largest, "N = %d",
             (int)block_cyclic_limit(grid->n_rows, grid->n_cols, 128));
    assert_message(largest);
    assert_message("use more ranks");
    assert_null(matrix);
    assert_int_equal(block_cyclic_create(grid, (int64_t)1 << 31, 1, 128, &matrix),
                     COVARY_ERR_NUMERIC);
    assert_int_equal(block_cyclic_create(grid, 10, 10, 0, &matrix), COVARY_ERR_CONFIG);
    grid_destroy(&grid);
}

static void check_round_trip(const process_grid *grid, int n, int width, int block, int64_t limit)
{
    panel        *rows = shared_panel(n, width), *back = shared_panel(n, width);
    block_cyclic *matrix = NULL;

    for (int64_t i = 0; i < rows->n_local; i++) {
        for (int64_t j = 0; j < width; j++) {
            rows->data[i * width + j] = (double)((rows->first + i) * 1000 + j);
        }
    }
    assert_ok(block_cyclic_create(grid, n, width, block, &matrix));
    assert_ok(redistribute(rows, matrix, PANEL_TO_MATRIX, limit));
    for (int64_t col = 0; col < matrix->local_cols; col++) {
        for (int64_t row = 0; row < matrix->local_rows; row++) {
            const int64_t i = block_cyclic_row(matrix, row), j = block_cyclic_col(matrix, col);

            assert_true(matrix->data[col * matrix->leading + row] == (double)(i * 1000 + j));
        }
    }
    assert_ok(redistribute(back, matrix, MATRIX_TO_PANEL, limit));
    assert_memory_equal(rows->data, back->data,
                        (size_t)(rows->n_local * width) * sizeof *rows->data);
    block_cyclic_destroy(&matrix);
    panel_destroy(&back);
    panel_destroy(&rows);
}

static void panels_go_there_and_back(void **state)
{
    static const int     sizes[] = {1, 2, 5, 63, 64, 129};
    static const int     widths[] = {1, 3, 20};
    static const int64_t limits[] = {1, 100, 1 << 24};
    process_grid        *grid = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    for (int size = 0; size < 6; size++) {
        for (int block = 0; block < 3; block++) {
            /* rounds of single rows only for small ones: each is a message from all to all */
            for (int limit = sizes[size] > 5; limit < 3; limit++) {
                check_round_trip(grid, sizes[size], widths[(size + limit) % 3], blocks[block],
                                 limits[limit]);
            }
        }
    }
    grid_destroy(&grid);
}

static void shapes_that_differ_are_refused(void **state)
{
    process_grid *grid = NULL;
    block_cyclic *matrix = NULL;
    panel        *rows = shared_panel(10, 2);

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    assert_ok(block_cyclic_create(grid, 10, 3, 4, &matrix));
    assert_int_equal(block_cyclic_from_panel(rows, matrix), COVARY_ERR_INTERNAL);
    assert_int_equal(block_cyclic_to_panel(matrix, rows), COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&matrix);
    panel_destroy(&rows);
    grid_destroy(&grid);
}

/* Factor, solution for three right-hand sides, log determinant and diagonal of the inverse. */
static void check_cholesky(const process_grid *grid, int n, int block)
{
    static double a[MOST * MOST], x[MOST], diagonal[MOST];
    block_cyclic *matrix = NULL, *rhs = NULL;
    panel        *targets = shared_panel(n, 3);
    double        logdet = 0.0, expected = 0.0;
    int64_t       bad = -7;

    random_matrix(n, a);
    matrix = distributed(grid, n, block, a);
    for (int64_t i = 0; i < targets->n_local; i++) {
        for (int k = 0; k < 3; k++) {
            targets->data[i * 3 + k] = cos((double)(targets->first + i) * (k + 1));
        }
    }
    assert_ok(block_cyclic_create(grid, n, 3, block, &rhs));
    assert_ok(block_cyclic_from_panel(targets, rhs));
    assert_ok(block_cyclic_cholesky(matrix, &logdet, &bad));
    assert_int_equal(bad, 0);
    assert_ok(block_cyclic_cholesky_solve(matrix, rhs));
    assert_ok(block_cyclic_to_panel(rhs, targets));
    assert_ok(block_cyclic_inverse_blocks(matrix, 1, diagonal));

    assert_int_equal(serial_cholesky(n, a), 0);
    for (int i = 0; i < n; i++) {
        expected += 2.0 * log(a[i * n + i]);
    }
    assert_near(logdet, expected, 1e-11);
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < n; i++) {
            x[i] = cos((double)i * (k + 1));
        }
        serial_solve(n, a, x);
        for (int64_t i = 0; i < targets->n_local; i++) {
            assert_near(targets->data[i * 3 + k], x[targets->first + i], 1e-12);
        }
    }
    for (int i = 0; i<n; i += n> 20 ? 9 : 1) {
        memset(x, 0, sizeof x);
        x[i] = 1.0;
        serial_solve(n, a, x);
        assert_near(diagonal[i], x[i], 1e-12);
    }
    block_cyclic_destroy(&rhs);
    block_cyclic_destroy(&matrix);
    panel_destroy(&targets);
}

/* Blocks of the inverse of n / r units; what is above the factor's diagonal does not count. */
static void check_inverse_blocks(const process_grid *grid, int n, int r, int block)
{
    static double a[MOST * MOST], x[MOST], inverse[MOST * MOST];
    block_cyclic *matrix = NULL;
    double        logdet = 0.0;
    int64_t       bad = -7;

    random_matrix(n, a);
    matrix = distributed(grid, n, block, a);
    assert_ok(block_cyclic_cholesky(matrix, &logdet, &bad));
    for (int64_t col = 0; col < matrix->local_cols; col++) {
        for (int64_t row = 0; row < matrix->local_rows; row++) {
            if (block_cyclic_row(matrix, row) < block_cyclic_col(matrix, col)) {
                matrix->data[col * matrix->leading + row] = 1e6;
            }
        }
    }
    assert_ok(block_cyclic_inverse_blocks(matrix, r, inverse));
    assert_int_equal(serial_cholesky(n, a), 0);
    for (int i = 0; i < n; i++) {
        memset(x, 0, sizeof x);
        x[i] = 1.0;
        serial_solve(n, a, x);
        for (int j = i / r * r; j < i / r * r + r; j++) {
            assert_near(inverse[i * r + j % r], x[j], 1e-12);
        }
    }
    block_cyclic_destroy(&matrix);
}

static void blocks_of_the_inverse_are_those_of_the_dense_one(void **state)
{
    static const int cases[][3] = {{6, 3, 3}, {45, 3, 6}, {60, 5, 20}, {66, 3, 66}, {30, 6, 6}};
    const int        n_ranks = covary_run_size(test_run());

    (void)state;
    for (int shape = 0; shape < 3; shape++) {
        process_grid *grid = NULL;

        if (shape == 0) {
            assert_ok(grid_create(test_run(), &grid));
        } else {
            assert_ok(grid_create_shape(test_run(), shape == 1 ? n_ranks : 1,
                                        shape == 1 ? 1 : n_ranks, &grid));
        }
        for (int i = 0; i < 5; i++) {
            check_inverse_blocks(grid, cases[i][0], cases[i][1], cases[i][2]);
        }
        grid_destroy(&grid);
    }
}

static void check_all_sizes(const process_grid *grid)
{
    static const int sizes[] = {1, 2, 5, 40, MOST};

    for (int size = 0; size < 5; size++) {
        for (int block = 0; block < 3; block++) {
            check_cholesky(grid, sizes[size], blocks[block]);
        }
    }
}

static void factor_is_the_serial_one(void **state)
{
    process_grid *grid = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    check_all_sizes(grid);
    grid_destroy(&grid);
}

static void tall_grids_give_the_same(void **state)
{
    process_grid *grid = NULL;

    (void)state;
    assert_ok(grid_create_shape(test_run(), covary_run_size(test_run()), 1, &grid));
    check_cholesky(grid, 40, 7);
    grid_destroy(&grid);
}

/* A leading minor of order 33 that is negative; then one NaN instead. */
static void bad_pivots_are_known_to_all_ranks(void **state)
{
    enum { N = 60, PLANTED = 33 };
    static double a[N * N];
    process_grid *grid = NULL;

    (void)state;
    random_matrix(N, a);
    assert_ok(grid_create(test_run(), &grid));
    for (int block = 0; block < 3; block++) {
        static const double values[] = {-5.0, NAN, INFINITY};

        for (int kind = 0; kind < 3; kind++) {
            const int     planted = (PLANTED - 1) * N + (PLANTED - 1);
            const double  kept = a[planted];
            block_cyclic *matrix;
            double        logdet = 0.0;
            int64_t       bad = 0;

            a[planted] = values[kind];
            matrix = distributed(grid, N, blocks[block], a);
            assert_ok(block_cyclic_cholesky(matrix, &logdet, &bad));
            if (kind == 0) {
                assert_int_equal(bad, PLANTED);
            } else {
                assert_true(bad != 0);
            }
            assert_true(kind != 1 || bad == -1);
            assert_true(isnan(logdet));
            block_cyclic_destroy(&matrix);
            a[planted] = kept;
        }
    }
    grid_destroy(&grid);
}

static void nan_below_the_diagonal_is_detected(void **state)
{
    enum { N = 60 };
    static double a[N * N];
    process_grid *grid = NULL;

    (void)state;
    random_matrix(N, a);
    a[50 * N + 3] = NAN;
    assert_ok(grid_create(test_run(), &grid));
    for (int block = 0; block < 3; block++) {
        block_cyclic *matrix = distributed(grid, N, blocks[block], a);
        double        logdet = 0.0;
        int64_t       bad = 0;

        assert_ok(block_cyclic_cholesky(matrix, &logdet, &bad));
        assert_int_equal(bad, -1);
        block_cyclic_destroy(&matrix);
    }
    grid_destroy(&grid);
}

static void singular_factors_are_told(void **state)
{
    process_grid *grid = NULL;
    block_cyclic *matrix = NULL;
    double        diagonal[5];

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    assert_ok(block_cyclic_create(grid, 5, 5, 2, &matrix)); /* zeros */
    assert_int_equal(block_cyclic_inverse_blocks(matrix, 1, diagonal), COVARY_ERR_NUMERIC);
    assert_message("zero in row");
    block_cyclic_destroy(&matrix);
    assert_ok(block_cyclic_create(grid, 5, 4, 2, &matrix));
    assert_int_equal(block_cyclic_inverse_blocks(matrix, 1, diagonal), COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&matrix);
    assert_ok(block_cyclic_create(grid, 6, 6, 2, &matrix));
    assert_int_equal(block_cyclic_inverse_blocks(matrix, 3, diagonal), COVARY_ERR_INTERNAL);
    assert_int_equal(block_cyclic_inverse_blocks(matrix, 0, diagonal), COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&matrix);
    grid_destroy(&grid);
}

/* What the library's calls through its symbol table will reach. */
static void the_block_of_pblas_is_ours(void **state)
{
    int (*bound)(const int *, const char *) = NULL;
    void     *symbol = dlsym(RTLD_DEFAULT, "pilaenv_");
    const int context = 0;

    (void)state;
    assert_non_null(symbol);
    memcpy(&bound, &symbol, sizeof bound);
    assert_int_equal(bound(&context, "D"), 128);
    assert_ptr_equal(bound, pilaenv_);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(grids_use_every_rank),
    cmocka_unit_test(default_block_leaves_no_rank_idle),
    cmocka_unit_test(every_index_has_one_owner),
    cmocka_unit_test(limits_of_32_bits_are_seen_before_allocation),
    cmocka_unit_test(panels_go_there_and_back),
    cmocka_unit_test(shapes_that_differ_are_refused),
    cmocka_unit_test(factor_is_the_serial_one),
    cmocka_unit_test(tall_grids_give_the_same),
    cmocka_unit_test(blocks_of_the_inverse_are_those_of_the_dense_one),
    cmocka_unit_test(bad_pivots_are_known_to_all_ranks),
    cmocka_unit_test(nan_below_the_diagonal_is_detected),
    cmocka_unit_test(singular_factors_are_told),
    cmocka_unit_test(the_block_of_pblas_is_ours),
};

TEST_MAIN(cases)
