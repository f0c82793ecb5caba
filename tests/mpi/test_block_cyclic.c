/* SPDX-License-Identifier: BSD-3-Clause */
/* Grid, block-cyclic layout, redistribution.   ranks: 1 2 3 4 6 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "support.h"

#include "linalg/block_cyclic.h"
#include "linalg/redistribute.h"
#include "linalg/scalapack.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const int blocks[] = {1, 7, 64};

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
    static const int shapes[][3] = {{1, 1, 1}, {2, 2, 1},  {3, 3, 1},  {4, 2, 2},    {6, 3, 2},
                                    {7, 7, 1}, {12, 4, 3}, {36, 6, 6}, {128, 16, 8}, {97, 97, 1}};
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
    assert_true(grid->n_rows >= grid->n_cols);
    assert_int_equal(grid_rank(grid, grid->row, grid->col), covary_run_rank(test_run()));
    grid_destroy(&grid);
    grid_destroy(&grid);
    assert_int_equal(grid_create_shape(test_run(), 2, covary_run_size(test_run()), &grid),
                     COVARY_ERR_CONFIG);
    assert_null(grid);
    rows = cols = 0;
    assert_ok(grid_choose(6, &rows, &cols));
    assert_int_equal(rows * 10 + cols, 32);
    rows = 2;
    cols = 3;
    assert_ok(grid_choose(6, &rows, &cols));
    assert_int_equal(rows * 10 + cols, 23);
    assert_int_equal(grid_choose(8, &rows, &cols), COVARY_ERR_CONFIG);
    assert_message("2 x 3 does not use the 8 ranks");
    assert_message("auto fits, as does one of 1x8, 2x4, 4x2, 8x1");
}

static void default_block_leaves_no_rank_idle(void **state)
{
    process_grid *grid = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    assert_int_equal(block_cyclic_default_block(100000, 1, grid), 256);
    assert_int_equal(block_cyclic_default_block(16000, 1, grid), 128);
    for (int64_t n = 2 * grid->n_rows; n < 2000; n += 17) {
        const int block = block_cyclic_default_block(n, 1, grid);

        assert_true(block_cyclic_count(n, block, grid->col, grid->n_cols) > 0);
        assert_true(block_cyclic_count(n, block, grid->row, grid->n_rows) > 0);
    }
    assert_int_equal(block_cyclic_default_block(1, 1, grid), 1);
    assert_int_equal(block_cyclic_default_block(100000, 3, grid), 255);
    assert_int_equal(block_cyclic_default_block(10000, 3, grid), 126);
    assert_int_equal(block_cyclic_default_block(100000, 300, grid), 300);
    for (int64_t n = 10 * grid->n_rows; n < 2000; n += 35) {
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
    assert_int_equal(block_cyclic_limit(1, 1, 128, INT_MAX), 46340);
    assert_int_equal(block_cyclic_limit(2, 2, 1, INT_MAX), 92680);
    assert_int_equal(block_cyclic_limit(1, 1, 128, INT64_MAX), INT_MAX);
    assert_ok(block_cyclic_check(1, 1, 46340, 46340, 128, INT_MAX));
    assert_ok(block_cyclic_check(1, 1, 46341, 46341, 128, INT64_MAX));
    assert_int_equal(block_cyclic_check(2, 3, 1000000, 1000000, 128, INT_MAX), COVARY_ERR_NUMERIC);
    snprintf(largest, sizeof largest, "N = %d", (int)block_cyclic_limit(2, 3, 128, INT_MAX));
    assert_message(largest);
    assert_message("use solver.factorization: native, more ranks");
    assert_ok(grid_create(test_run(), &grid));
    assert_int_equal(block_cyclic_create(grid, (int64_t)1 << 31, 1, 128, &matrix),
                     COVARY_ERR_NUMERIC);
    assert_message("largest kernel matrix has N = 2147483647; use more ranks");
    assert_null(matrix);
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
    cmocka_unit_test(the_block_of_pblas_is_ours),
};

TEST_MAIN(cases)
