/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files in parallel HDF5: what goes in comes out on any number of ranks, and every failure is one
 * message on every rank with nothing left on disk.   ranks: 1 2 3 4
 */
#include "support.h"

#include "core/memory.h"
#include "storage/storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void barrier(void)
{
    MPI_Barrier(covary_run_comm(test_run()));
}

static bool on_root(void)
{
    return covary_run_rank(test_run()) == 0;
}

/* Entries of the scratch folder that begin with `prefix`. */
static int count_entries(const char *prefix)
{
    DIR           *folder = opendir(test_scratch());
    struct dirent *entry;
    int            n = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    closedir(folder);
    return n;
}

static bool file_exists(const char *path)
{
    struct stat seen;

    return stat(path, &seen) == 0;
}

/* Rank 0 writes bytes that are no concern of HDF5. */
static void write_raw(const char *path, const char *bytes, size_t n)
{
    if (on_root()) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, n, file), n);
        fclose(file);
    }
    barrier();
}

static void share(int64_t n, int64_t *first, int64_t *count)
{
    int64_t rank = covary_run_rank(test_run()), size = covary_run_size(test_run());

    *first = n * rank / size;
    *count = n * (rank + 1) / size - *first;
}

static double value_at(int64_t i)
{
    return 0.25 * (double)i - 3.0;
}

/* --- round trips ------------------------------------------------------------------------------ */

static void attributes_come_back(void **state)
{
    static const int64_t     three[3] = {1, -2, INT64_MAX};
    static const double      two[2] = {0.1, -1e300};
    static const char *const texts[] = {"none", "periodic"};
    const char              *path = scratch_path("attributes.h5");
    storage                 *file = NULL;
    char                    *read = NULL;
    int64_t                  number = 0, numbers[3];
    double                   real = 0.0, reals[2];

    (void)state;
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_make_group(file, "/a/b"));
    assert_ok(storage_set_text(file, "/a/b", "unit", "e*\xc3\x85"));
    assert_ok(storage_set_text(file, "/a", "empty", ""));
    assert_ok(storage_set_texts(file, "/a/b", "list", 2, texts));
    assert_ok(storage_set_int64(file, "/a/b", "n", -7));
    assert_ok(storage_set_int64s(file, "/a/b", "three", 3, three));
    assert_ok(storage_set_double(file, "/", "ridge", 1e-9));
    assert_ok(storage_set_doubles(file, "/", "two", 2, two));
    assert_ok(storage_commit(&file));
    assert_null(file);

    assert_ok(storage_open(test_run(), path, &file));
    assert_ok(storage_get_text(file, "/a/b", "unit", &read));
    assert_string_equal(read, "e*\xc3\x85");
    MEMORY_RELEASE(&read);
    assert_ok(storage_get_text(file, "/a", "empty", &read));
    assert_string_equal(read, "");
    MEMORY_RELEASE(&read);
    assert_ok(storage_get_int64(file, "/a/b", "n", &number));
    assert_int_equal(number, -7);
    assert_ok(storage_get_int64s(file, "/a/b", "three", 3, numbers));
    assert_memory_equal(numbers, three, sizeof three);
    assert_ok(storage_get_double(file, "/", "ridge", &real));
    assert_true(real == 1e-9);
    assert_ok(storage_get_doubles(file, "/", "two", 2, reals));
    assert_memory_equal(reals, two, sizeof two);
    assert_true(storage_has_attribute(file, "/a/b", "list"));
    assert_false(storage_has_attribute(file, "/a/b", "absent"));
    assert_false(storage_has_attribute(file, "/absent", "unit"));
    storage_close(&file);
    assert_null(file);
}

/* Rank 0 alone knows the values; the others pass what they should not. */
static void replicated_values_are_those_of_rank_0(void **state)
{
    const char *path = scratch_path("replicated.h5");
    const char *text = on_root() ? "the truth" : "not";
    int64_t     dims[2] = {2, 3}, found[2] = {-1, 3};
    double      matrix[6], *loaded = NULL;
    storage    *file = NULL;
    char       *read = NULL;

    (void)state;
    for (int i = 0; i < 6; i++) {
        matrix[i] = on_root() ? value_at(i) : -1.0;
    }
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_put(file, "/model/weights", STORAGE_FLOAT64, 2, dims, matrix));
    assert_ok(storage_put_text(file, "/model/config", text));
    assert_ok(storage_set_text(file, "/model", "name", text));
    assert_ok(storage_commit(&file));

    assert_ok(storage_open(test_run(), path, &file));
    assert_ok(storage_load(file, "/model/weights", STORAGE_FLOAT64, 2, found, (void **)&loaded));
    assert_int_equal(found[0], 2);
    for (int i = 0; i < 6; i++) {
        assert_true(loaded[i] == value_at(i));
    }
    MEMORY_RELEASE(&loaded);
    assert_ok(storage_get_dataset_text(file, "/model/config", &read));
    assert_string_equal(read, "the truth");
    MEMORY_RELEASE(&read);
    assert_ok(storage_get_text(file, "/model", "name", &read));
    assert_string_equal(read, "the truth");
    MEMORY_RELEASE(&read);
    storage_close(&file);
}

static void texts_of_any_length_come_back(void **state)
{
    const char *path = scratch_path("texts.h5");
    char       *large = NULL, **read = NULL, *one = NULL;
    const char *texts[3] = {"", "x", "tr\xc3\xa4jectory.xyz"};
    storage    *file = NULL;
    int64_t     n = 0;

    (void)state;
    assert_ok(MEMORY_ALLOCATE("large text", 200001, &large));
    memset(large, 'y', 200000);
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_put_texts(file, "/texts", 3, texts));
    assert_ok(storage_put_text(file, "/large", large));
    assert_ok(storage_commit(&file));
    assert_ok(storage_open(test_run(), path, &file));
    assert_ok(storage_get_dataset_texts(file, "/texts", &n, &read));
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(read[i], texts[i]);
    }
    storage_release_texts(n, &read);
    assert_ok(storage_get_dataset_text(file, "/large", &one));
    assert_string_equal(one, large);
    MEMORY_RELEASE(&one);
    assert_int_equal(storage_get_dataset_text(file, "/texts", &one), COVARY_ERR_FORMAT);
    assert_message("3 texts, not one");
    storage_close(&file);
    MEMORY_RELEASE(&large);
}

/* Rows of every type, in pieces of a few rows, from ranks with different numbers of pieces. */
static void rows_of_every_type_come_back(void **state)
{
    enum { ROWS = 37 };
    const char *path = scratch_path("rows.h5");
    int64_t     dims[3] = {ROWS, 2, 3}, first, count, values = ROWS * 6;
    double      reals[ROWS * 6], read[ROWS * 6];
    float       singles[ROWS * 6], read_singles[ROWS * 6];
    int64_t     longs[ROWS * 6], read_longs[ROWS * 6];
    int32_t     ints[ROWS * 6], read_ints[ROWS * 6];
    uint8_t     bytes[ROWS * 6], read_bytes[ROWS * 6];
    storage    *file = NULL;

    (void)state;
    for (int i = 0; i < ROWS * 6; i++) {
        reals[i] = value_at(i) + 1e-12;
        singles[i] = (float)value_at(i);
        longs[i] = (int64_t)i << 40;
        ints[i] = 3 - i;
        bytes[i] = (uint8_t)(255 - i);
    }
    share(ROWS, &first, &count);
    assert_ok(storage_create(test_run(), path, &file));
    storage_limit_piece(file, 5 * 48);
    assert_ok(storage_define(file, "/r/f64", STORAGE_FLOAT64, 3, dims));
    assert_ok(storage_define(file, "/r/f32", STORAGE_FLOAT32, 3, dims));
    assert_ok(storage_define(file, "/r/rounded", STORAGE_FLOAT32, 3, dims));
    assert_ok(storage_define(file, "/r/i64", STORAGE_INT64, 3, dims));
    assert_ok(storage_define(file, "/r/i32", STORAGE_INT32, 3, dims));
    assert_ok(storage_define(file, "/r/u8", STORAGE_UINT8, 3, dims));
    assert_ok(storage_write_rows(file, "/r/f64", STORAGE_FLOAT64, first, count, reals + 6 * first));
    assert_ok(
        storage_write_rows(file, "/r/f32", STORAGE_FLOAT32, first, count, singles + 6 * first));
    assert_ok(
        storage_write_rows(file, "/r/rounded", STORAGE_FLOAT64, first, count, reals + 6 * first));
    assert_ok(storage_write_rows(file, "/r/i64", STORAGE_INT64, first, count, longs + 6 * first));
    assert_ok(storage_write_rows(file, "/r/i32", STORAGE_INT32, first, count, ints + 6 * first));
    assert_ok(storage_write_rows(file, "/r/u8", STORAGE_UINT8, first, count, bytes + 6 * first));
    assert_int_equal(
        storage_write_rows(file, "/r/i64", STORAGE_FLOAT64, first, count, reals + 6 * first),
        COVARY_ERR_INTERNAL);
    assert_message("/r/i64 holds int64, not float64");
    assert_ok(storage_commit(&file));

    assert_ok(storage_open(test_run(), path, &file));
    storage_limit_piece(file, 7 * 48);
    assert_ok(storage_get(file, "/r/f64", STORAGE_FLOAT64, values, read));
    assert_memory_equal(read, reals, sizeof reals);
    assert_ok(storage_get(file, "/r/f32", STORAGE_FLOAT32, values, read_singles));
    assert_memory_equal(read_singles, singles, sizeof singles);
    assert_ok(storage_get(file, "/r/rounded", STORAGE_FLOAT64, values, read));
    for (int i = 0; i < ROWS * 6; i++) {
        assert_true(read[i] == (double)(float)reals[i]);
    }
    assert_ok(storage_read_rows(file, "/r/i64", STORAGE_INT64, first, count, read_longs));
    assert_memory_equal(read_longs, longs + 6 * first, (size_t)count * 48);
    assert_ok(storage_read_rows(file, "/r/i32", STORAGE_INT32, first, count, read_ints));
    assert_memory_equal(read_ints, ints + 6 * first, (size_t)count * 24);
    assert_ok(storage_read_rows(file, "/r/u8", STORAGE_UINT8, first, count, read_bytes));
    assert_memory_equal(read_bytes, bytes + 6 * first, (size_t)count * 6);
    storage_close(&file);
}

/* The last rank alone has rows; all others select nothing. */
static void empty_rank_writes_nothing(void **state)
{
    const char *path = scratch_path("empty.h5");
    int         size = covary_run_size(test_run());
    bool        last = covary_run_rank(test_run()) == size - 1;
    int64_t     four = 4, none = 0;
    double      rows[4] = {1, 2, 3, 4}, read[4];
    storage    *file = NULL;

    (void)state;
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_define(file, "/x", STORAGE_FLOAT64, 1, &four));
    assert_ok(storage_define(file, "/none", STORAGE_FLOAT64, 1, &none));
    assert_ok(storage_write_rows(file, "/x", STORAGE_FLOAT64, 0, last ? 4 : 0, last ? rows : NULL));
    assert_ok(storage_write_rows(file, "/none", STORAGE_FLOAT64, 0, 0, NULL));
    assert_ok(storage_commit(&file));
    assert_ok(storage_open(test_run(), path, &file));
    assert_ok(storage_get(file, "/x", STORAGE_FLOAT64, 4, read));
    assert_memory_equal(read, rows, sizeof rows);
    assert_ok(storage_get(file, "/none", STORAGE_FLOAT64, 0, read));
    storage_close(&file);
}

static void groups_list_their_members(void **state)
{
    const char *path = scratch_path("groups.h5");
    int64_t     one = 1, n = 0, dims[STORAGE_MAX_RANK];
    double      x = 2.0;
    storage    *file = NULL;
    char      **names = NULL;
    int         rank = 0;

    (void)state;
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_put(file, "/g/b/value", STORAGE_FLOAT64, 1, &one, &x));
    assert_ok(storage_make_group(file, "/g/a"));
    assert_ok(storage_link(file, "/g/b/value", "/g/c/same"));
    assert_ok(storage_commit(&file));
    assert_ok(storage_open(test_run(), path, &file));
    assert_ok(storage_children(file, "/g", &n, &names));
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "b");
    assert_string_equal(names[2], "c");
    storage_release_texts(n, &names);
    assert_ok(storage_children(file, "/g/a", &n, &names));
    assert_int_equal(n, 0);
    storage_release_texts(n, &names);
    assert_true(storage_exists(file, "/g/c/same"));
    assert_false(storage_exists(file, "/g/c/same/deeper"));
    assert_false(storage_exists(file, "/g/d/e/f"));
    assert_ok(storage_shape(file, "/g/c/same", NULL, &rank, dims));
    assert_int_equal(rank, 1);
    storage_close(&file);
}

/* --- failures --------------------------------------------------------------------------------- */

static void what_is_missing_or_different_is_named(void **state)
{
    const char *path = scratch_path("missing.h5");
    int64_t     two = 2, n, dims[2] = {-1, -1}, number;
    double      pair[2] = {1.5, 2.5}, *loaded = NULL;
    storage    *file = NULL;
    char       *read = NULL, **names = NULL;

    (void)state;
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_put(file, "/pair", STORAGE_FLOAT64, 1, &two, pair));
    assert_ok(storage_set_double(file, "/pair", "scale", 0.5));
    assert_ok(storage_commit(&file));
    assert_ok(storage_open(test_run(), path, &file));
    assert_int_equal(storage_get(file, "/weights", STORAGE_FLOAT64, 2, pair), COVARY_ERR_FORMAT);
    assert_message("missing.h5: has no dataset /weights");
    assert_int_equal(storage_get(file, "/pair", STORAGE_FLOAT64, 3, pair), COVARY_ERR_FORMAT);
    assert_message("/pair has 2 values, not 3");
    assert_int_equal(storage_get(file, "/pair", STORAGE_INT64, 2, pair), COVARY_ERR_FORMAT);
    assert_message("/pair holds float64, not int64");
    assert_int_equal(storage_load(file, "/pair", STORAGE_FLOAT64, 2, dims, (void **)&loaded),
                     COVARY_ERR_FORMAT);
    assert_message("/pair has 1 dimensions, not 2");
    dims[0] = 5;
    assert_int_equal(storage_load(file, "/pair", STORAGE_FLOAT64, 1, dims, (void **)&loaded),
                     COVARY_ERR_FORMAT);
    assert_message("dimension 1 of /pair is 2, not 5");
    assert_int_equal(storage_read_rows(file, "/pair", STORAGE_FLOAT64, 1, 2, pair),
                     COVARY_ERR_FORMAT);
    assert_message("no rows 1 to 3");
    assert_int_equal(storage_get(file, "/", STORAGE_FLOAT64, 2, pair), COVARY_ERR_FORMAT);
    assert_int_equal(storage_get_text(file, "/pair", "unit", &read), COVARY_ERR_FORMAT);
    assert_message("/pair has no attribute unit");
    assert_int_equal(storage_get_text(file, "/pair", "scale", &read), COVARY_ERR_FORMAT);
    assert_message("is not a text");
    assert_int_equal(storage_get_int64(file, "/pair", "scale", &number), COVARY_ERR_FORMAT);
    assert_message("is not an integer");
    assert_int_equal(storage_get_text(file, "/other", "unit", &read), COVARY_ERR_FORMAT);
    assert_message("has no /other");
    assert_int_equal(storage_children(file, "/other", &n, &names), COVARY_ERR_FORMAT);
    assert_message("has no group /other");
    assert_int_equal(storage_children(file, "/pair", &n, &names), COVARY_ERR_FORMAT);
    storage_close(&file);
    assert_null(read);
    assert_null(loaded);
}

static void other_files_are_refused(void **state)
{
    const char *path = scratch_path("other.h5");
    storage    *file = NULL;

    (void)state;
    assert_int_equal(storage_open(test_run(), scratch_path("absent.h5"), &file), COVARY_ERR_IO);
    assert_message("absent.h5: cannot be read: No such file");
    assert_int_equal(storage_open(test_run(), test_scratch(), &file), COVARY_ERR_IO);
    assert_message("is a folder");
    write_raw(path, "5\nProperties=species", 20);
    assert_int_equal(storage_open(test_run(), path, &file), COVARY_ERR_FORMAT);
    assert_message("other.h5: is not an HDF5 file");
    barrier();
    write_raw(path, "", 0);
    assert_int_equal(storage_open(test_run(), path, &file), COVARY_ERR_FORMAT);
    assert_message("(it is empty)");
    barrier();
    write_raw(path, "\211HDF\r\n\032\nrubbish rubbish rubbish", 31);
    assert_int_equal(storage_open(test_run(), path, &file), COVARY_ERR_FORMAT);
    assert_message("other.h5: HDF5 cannot open it");
    assert_null(file);
}

static void truncated_file_is_refused(void **state)
{
    const char *path = scratch_path("cut.h5");
    int64_t     rows = 1000;
    double     *values = NULL;
    storage    *file = NULL;
    struct stat seen;

    (void)state;
    assert_ok(MEMORY_ALLOCATE("rows", rows, &values));
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_put(file, "/x", STORAGE_FLOAT64, 1, &rows, values));
    assert_ok(storage_commit(&file));
    if (on_root()) {
        assert_int_equal(stat(path, &seen), 0);
        assert_int_equal(truncate(path, seen.st_size - 100), 0);
    }
    barrier();
    assert_int_equal(storage_open(test_run(), path, &file), COVARY_ERR_FORMAT);
    assert_message("truncated");
    assert_null(file);
    MEMORY_RELEASE(&values);
}

static void places_that_cannot_be_written_are_refused(void **state)
{
    const char *occupied = scratch_path("folder.h5");
    storage    *file = NULL;

    (void)state;
    assert_int_equal(storage_create(test_run(), "/nowhere/at/all.h5", &file), COVARY_ERR_IO);
    assert_message("/nowhere/at/all.h5: cannot be written: No such file or directory");
    assert_int_equal(storage_create(test_run(), "/proc/model.h5", &file), COVARY_ERR_IO);
    assert_message("/proc/model.h5: cannot be written");
    assert_int_equal(storage_create(test_run(), "", &file), COVARY_ERR_IO);
    assert_message("empty");
    if (on_root()) {
        assert_int_equal(mkdir(occupied, 0777), 0);
    }
    barrier();
    assert_int_equal(storage_create(test_run(), occupied, &file), COVARY_ERR_IO);
    assert_message("is a folder");
    assert_null(file);
    assert_int_equal(count_entries("folder.h5.part"), 0);
}

static void nothing_has_the_name_before_commit(void **state)
{
    const char *path = scratch_path("abandoned.h5");
    int64_t     two = 2;
    double      pair[2] = {1, 2};
    storage    *file = NULL;

    (void)state;
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_put(file, "/pair", STORAGE_FLOAT64, 1, &two, pair));
    assert_false(file_exists(path));
    assert_int_equal(count_entries("abandoned.h5.part"), 1);
    barrier();
    storage_close(&file);
    barrier();
    assert_int_equal(count_entries("abandoned.h5"), 0);
    storage_close(&file);
}

static void old_file_stays_until_commit(void **state)
{
    const char *path = scratch_path("old.h5");
    storage    *file = NULL;
    double      value = 0.0;

    (void)state;
    for (int round = 1; round <= 3; round++) {
        assert_ok(storage_create(test_run(), path, &file));
        assert_ok(storage_set_double(file, "/", "round", round));
        if (round == 2) {
            storage_close(&file);
        } else {
            assert_ok(storage_commit(&file));
        }
        assert_ok(storage_open(test_run(), path, &file));
        assert_ok(storage_get_double(file, "/", "round", &value));
        assert_near(value, round == 2 ? 1 : round, 0.0);
        storage_close(&file);
    }
    barrier();
    assert_int_equal(count_entries("old.h5"), 1);
}

/* Two runs that write the same name at once do not disturb one another. */
static void two_writers_of_one_name_do_not_meet(void **state)
{
    const char *path = scratch_path("twice.h5");
    storage    *one = NULL, *two = NULL;
    double      value = 0.0;

    (void)state;
    assert_ok(storage_create(test_run(), path, &one));
    assert_ok(storage_create(test_run(), path, &two));
    assert_ok(storage_set_double(one, "/", "writer", 1.0));
    assert_ok(storage_set_double(two, "/", "writer", 2.0));
    assert_ok(storage_commit(&one));
    assert_ok(storage_commit(&two));
    assert_ok(storage_open(test_run(), path, &one));
    assert_ok(storage_get_double(one, "/", "writer", &value));
    assert_near(value, 2.0, 0.0);
    storage_close(&one);
}

/* Write 1.6 MB, as long as that goes well. */
static covary_status write_much(const char *path)
{
    int64_t       rows = 200000, first, count;
    double       *values = NULL;
    storage      *file = NULL;
    covary_status status;

    share(rows, &first, &count);
    assert_ok(MEMORY_ALLOCATE("rows", rows, &values));
    status = storage_create(test_run(), path, &file);
    if (status == COVARY_OK) {
        status = storage_define(file, "/x", STORAGE_FLOAT64, 1, &rows);
    }
    if (status == COVARY_OK) {
        status = storage_write_rows(file, "/x", STORAGE_FLOAT64, first, count, values);
    }
    if (status == COVARY_OK) {
        status = storage_commit(&file);
    }
    storage_close(&file);
    MEMORY_RELEASE(&values);
    return status;
}

/* A limit on the size of files stands for a full disk: at once, and once data are defined. */
static void full_disk_is_reported_and_cleaned_up(void **state)
{
    static const rlim_t limits[2] = {65536, 1200000};
    const char         *path = scratch_path("full.h5");
    struct rlimit       before, small;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (int i = 0; i < 2; i++) {
        small = before;
        small.rlim_cur = limits[i];
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        covary_status status = write_much(path);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, COVARY_ERR_IO);
        assert_message(i == 0 ? "full.h5: no room for the 1048576 bytes of the directory"
                              : "full.h5: no room for the 1600000 bytes of /x");
        assert_message("File too large");
        barrier();
        assert_int_equal(count_entries("full.h5"), 0);
    }
    signal(SIGXFSZ, handler);
    assert_ok(write_much(path));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(attributes_come_back),
    cmocka_unit_test(replicated_values_are_those_of_rank_0),
    cmocka_unit_test(texts_of_any_length_come_back),
    cmocka_unit_test(rows_of_every_type_come_back),
    cmocka_unit_test(empty_rank_writes_nothing),
    cmocka_unit_test(groups_list_their_members),
    cmocka_unit_test(what_is_missing_or_different_is_named),
    cmocka_unit_test(other_files_are_refused),
    cmocka_unit_test(truncated_file_is_refused),
    cmocka_unit_test(places_that_cannot_be_written_are_refused),
    cmocka_unit_test(nothing_has_the_name_before_commit),
    cmocka_unit_test(old_file_stays_until_commit),
    cmocka_unit_test(two_writers_of_one_name_do_not_meet),
    cmocka_unit_test(full_disk_is_reported_and_cleaned_up),

};

TEST_MAIN(cases)
