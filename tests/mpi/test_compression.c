/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datasets in compressed chunks: what all ranks write comes back, in less room; and datasets of
 * every layout that are written together.   ranks: 1 2 3 4
 */
#include "support.h"

#include "core/memory.h"
#include "storage/storage.h"

#include <stdio.h>
#include <sys/stat.h>

/*
 * Chunks that ranks share, in several calls, and a rank without rows; in the end the file has given
 * back the room that was taken for full chunks.
 */
static void compressed_rows_come_back(void **state)
{
    enum { ROWS = 40000, CHUNK = 512 };
    char        path[1024];
    int64_t     rank = covary_run_rank(test_run()), size = covary_run_size(test_run());
    int64_t     dims[2] = {ROWS, 3}, few[1] = {5}, none[2] = {0, 3}, first, count, half;
    double     *rows = NULL, *read = NULL, five[5] = {1, 2, 3, 4, 5};
    storage    *file = NULL;
    struct stat seen;

    (void)state;
    snprintf(path, sizeof path, "%s/compressed.h5", test_scratch());
    assert_ok(MEMORY_ALLOCATE("rows", 3 * ROWS, &rows));
    assert_ok(MEMORY_ALLOCATE("rows", 3 * ROWS, &read));
    for (int i = 0; i < 3 * ROWS; i++) {
        rows[i] = 0.25 * (double)(i % 1000);
    }
    first = ROWS * rank / size;
    count = ROWS * (rank + 1) / size - first;
    half = count / 2;
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_define_compressed(file, "/c/x", STORAGE_FLOAT64, 2, dims, CHUNK, 4));
    assert_ok(storage_define_compressed(file, "/c/single", STORAGE_FLOAT32, 2, dims, CHUNK, 9));
    assert_ok(storage_define_compressed(file, "/c/few", STORAGE_FLOAT64, 1, few, CHUNK, 1));
    assert_ok(storage_define_compressed(file, "/c/none", STORAGE_FLOAT64, 2, none, CHUNK, 1));
    assert_ok(storage_write_rows(file, "/c/x", STORAGE_FLOAT64, first, half, rows + 3 * first));
    assert_ok(storage_write_rows(file, "/c/x", STORAGE_FLOAT64, first + half, count - half,
                                 rows + 3 * (first + half)));
    storage_limit_piece(file, 24 * 700);
    assert_ok(
        storage_write_rows(file, "/c/single", STORAGE_FLOAT64, first, count, rows + 3 * first));
    assert_ok(storage_write_rows(file, "/c/few", STORAGE_FLOAT64, 0, rank == 0 ? 5 : 0, five));
    assert_ok(storage_write_rows(file, "/c/none", STORAGE_FLOAT64, 0, 0, NULL));
    assert_ok(storage_commit(&file));

    assert_int_equal(stat(path, &seen), 0);
    assert_true(seen.st_size < ROWS * 36 / 4);
    assert_true((int64_t)seen.st_blocks * 512 < ROWS * 36 / 4 + (1 << 20));
    assert_ok(storage_open(test_run(), path, &file));
    assert_ok(storage_read_rows(file, "/c/x", STORAGE_FLOAT64, 0, ROWS, read));
    assert_memory_equal(read, rows, 3 * ROWS * sizeof *rows);
    assert_ok(storage_read_rows(file, "/c/single", STORAGE_FLOAT64, first, count, read));
    for (int64_t i = 0; i < 3 * count; i++) {
        assert_true(read[i] == (double)(float)rows[3 * first + i]);
    }
    assert_ok(storage_get(file, "/c/few", STORAGE_FLOAT64, 5, read));
    assert_memory_equal(read, five, sizeof five);
    storage_close(&file);
    MEMORY_RELEASE(&read);
    MEMORY_RELEASE(&rows);
}

/* Two rounds of rows of three datasets; the second round has a single row. */
static void write_rounds(bool spread)
{
    enum { ROWS = 23, COLUMNS = 3 };
    static const char *const names[COLUMNS] = {"/narrow", "/packed", "/bytes"};
    char                     path[1024];
    int64_t                  rank = covary_run_rank(test_run()), size = covary_run_size(test_run());
    int64_t                  dims[2] = {ROWS, 3};
    double                   rows[3 * ROWS], read[3 * ROWS];
    uint8_t                  bytes[ROWS], read_bytes[ROWS];
    storage                 *file = NULL;
    storage_column_rows      columns[COLUMNS] = {{0}};

    snprintf(path, sizeof path, "%s/columns.h5", test_scratch());
    for (int i = 0; i < 3 * ROWS; i++) {
        rows[i] = 0.1 * i;
        bytes[i / 3] = (uint8_t)(i + 7);
    }
    assert_ok(storage_create(test_run(), path, &file));
    storage_limit_piece(file, 4 * 24);
    if (spread) {
        storage_spread(file);
    }
    assert_ok(storage_define(file, names[0], STORAGE_FLOAT32, 2, dims));
    assert_ok(storage_define_compressed(file, names[1], STORAGE_FLOAT64, 2, dims, 5, 4));
    assert_ok(storage_define(file, names[2], STORAGE_UINT8, 1, dims));
    for (int c = 0; c < COLUMNS; c++) {
        const storage_type type = c == 2 ? STORAGE_UINT8 : STORAGE_FLOAT64;
        assert_ok(storage_column_open(file, names[c], type, &columns[c].column));
    }
    for (int round = 0; round < 2; round++) {
        const int64_t start = round == 0 ? 0 : ROWS - 1, n = round == 0 ? ROWS - 1 : 1;
        const int64_t first = start + n * rank / size, end = start + n * (rank + 1) / size;
        columns[0].rows = columns[1].rows = rows + 3 * first;
        columns[2].rows = bytes + first;
        /* one rank is wrong: all are told, and go on */
        assert_int_equal(storage_write_columns(file, COLUMNS, columns, rank == 0 ? ROWS : first,
                                               rank == 0 ? 1 : end - first),
                         COVARY_ERR_INTERNAL);
        assert_message("rows 23 to 24 do not lie in /narrow with 23 rows");
        assert_ok(storage_write_columns(file, COLUMNS, columns, first, end - first));
    }
    for (int c = 0; c < COLUMNS; c++) {
        storage_column_close(&columns[c].column);
    }
    assert_ok(storage_commit(&file));

    assert_ok(storage_open(test_run(), path, &file));
    assert_ok(storage_get(file, names[0], STORAGE_FLOAT64, 3 * ROWS, read));
    for (int i = 0; i < 3 * ROWS; i++) {
        assert_true(read[i] == (double)(float)rows[i]);
    }
    assert_ok(storage_get(file, names[1], STORAGE_FLOAT64, 3 * ROWS, read));
    assert_memory_equal(read, rows, sizeof rows);
    assert_ok(storage_get(file, names[2], STORAGE_UINT8, ROWS, read_bytes));
    assert_memory_equal(read_bytes, bytes, sizeof bytes);
    storage_close(&file);
}

static void columns_are_written_together(void **state)
{
    (void)state;
    write_rounds(false);
    write_rounds(true);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(columns_are_written_together),
    cmocka_unit_test(compressed_rows_come_back),
};

TEST_MAIN(cases)
