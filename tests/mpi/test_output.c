/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be known of an output before the work whose result it takes.   ranks: 1 2 3 */
#include "support.h"

#include "core/output.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static void name_in_scratch(char path[512], const char *name)
{
    snprintf(path, 512, "%s/%s", test_scratch(), name);
}

static void barrier(void)
{
    MPI_Barrier(covary_run_comm(test_run()));
}

static void put_file(const char *path)
{
    if (covary_run_rank(test_run()) == 0) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_true(fputs("kept\n", file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    barrier();
}

static int count_files(const char *folder)
{
    DIR *opened = opendir(folder);
    int  n = 0;

    assert_non_null(opened);
    for (struct dirent *entry = readdir(opened); entry != NULL; entry = readdir(opened)) {
        n += entry->d_name[0] != '.';
    }
    closedir(opened);
    return n;
}

static void judging_an_output_changes_nothing(void **state)
{
    char path[512], content[16] = "";
    int  before, after;

    (void)state;
    name_in_scratch(path, "tried");
    put_file(path);
    before = count_files(test_scratch());
    barrier();
    assert_ok(output_check(test_run(), path, NULL, 0));
    barrier();
    after = count_files(test_scratch());
    assert_int_equal(after, before);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(content, sizeof content, file));
    fclose(file);
    assert_string_equal(content, "kept\n");
}

static void places_that_cannot_be_written_are_named(void **state)
{
    (void)state;
    assert_int_equal(output_check(test_run(), "/nonexistent/folder/model.h5", NULL, 0),
                     COVARY_ERR_IO);
    assert_message("/nonexistent/folder/model.h5");
    assert_int_equal(output_check(test_run(), test_scratch(), NULL, 0), COVARY_ERR_IO);
    assert_message("is a folder");
    assert_int_equal(output_check(test_run(), "", NULL, 0), COVARY_ERR_IO);
    assert_message("empty");
    assert_int_equal(output_check(test_run(), "/dev/null", NULL, 0), COVARY_ERR_IO);
    assert_message("is a device");
}

static void an_output_may_not_be_an_input(void **state)
{
    char        input[512], link_to_it[512], other[512];
    const char *inputs[3] = {NULL, "/nonexistent/input", input};

    (void)state;
    name_in_scratch(input, "input");
    name_in_scratch(link_to_it, "link");
    name_in_scratch(other, "other");
    put_file(input);
    put_file(other);
    if (covary_run_rank(test_run()) == 0) {
        assert_int_equal(symlink(input, link_to_it), 0);
    }
    barrier();
    assert_ok(output_check(test_run(), other, inputs, 3));
    assert_int_equal(output_check(test_run(), input, inputs, 3), COVARY_ERR_USAGE);
    assert_message("would be overwritten");
    assert_int_equal(output_check(test_run(), link_to_it, inputs, 3), COVARY_ERR_USAGE);
    assert_message("link");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(judging_an_output_changes_nothing),
    cmocka_unit_test(places_that_cannot_be_written_are_named),
    cmocka_unit_test(an_output_may_not_be_an_input),
};

TEST_MAIN(cases)
