/* SPDX-License-Identifier: BSD-3-Clause */
/* Cores and memory of a node, and what is said about too few.   ranks: 1 2 3 */
#include "support.h"

#include "core/log.h"
#include "core/node.h"
#include "core/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void all_ranks_of_a_node_see_the_same(void **state)
{
    const node_resources here = node_resources_of(test_run());
    int                  numbers[2] = {here.n_cores, -here.n_cores};

    (void)state;
    assert_int_equal(here.n_ranks, covary_run_size(test_run())); /* tests run on one node */
    assert_true(here.n_cores >= 1 && here.n_cores <= sysconf(_SC_NPROCESSORS_CONF));
    assert_true(here.memory_bytes > 0);
    MPI_Allreduce(MPI_IN_PLACE, numbers, 2, MPI_INT, MPI_MAX, covary_run_comm(test_run()));
    assert_int_equal(numbers[0], -numbers[1]);
}

/* Lines of a log with `part` in them, on rank 0; 0 elsewhere. */
static int count_lines(const char *path, const char *part)
{
    FILE *log = covary_run_rank(test_run()) == 0 ? fopen(path, "r") : NULL;
    char  line[1024];
    int   n = 0;

    while (log != NULL && fgets(line, sizeof line, log) != NULL) {
        n += strstr(line, part) != NULL;
    }
    if (log != NULL) {
        fclose(log);
    }
    return n;
}

static void a_crowded_node_is_told_once_with_the_remedy(void **state)
{
    char                     path[512];
    const covary_run_options options = {.verbosity = COVARY_QUIET, .log_json = path};
    const int                n = covary_run_size(test_run());
    const bool               is_last = covary_run_rank(test_run()) == n - 1;
    const node_resources     roomy = {.n_ranks = n, .n_cores = 4 * n};
    /* the node of the last rank has fewer cores than the others */
    const node_resources one_small = {.n_ranks = n, .n_cores = is_last ? 2 * n - 1 : 4 * n};
    const bool           first = covary_run_rank(test_run()) == 0;
    covary_run          *run = NULL;

    (void)state;
    snprintf(path, sizeof path, "%s/crowded.jsonl", test_scratch());
    assert_ok(covary_run_create(covary_run_comm(test_run()), &options, &run));
    assert_false(node_warn_if_crowded(run, &roomy, 1));
    assert_false(node_warn_if_crowded(run, &roomy, 4));
    assert_false(node_warn_if_crowded(run, &one_small, 1));
    assert_int_equal(count_lines(path, "wait for each other"), 0);
    assert_true(node_warn_if_crowded(run, &one_small, 2));
    assert_true(node_warn_if_crowded(run, &one_small, 3));
    covary_run_destroy(&run);
    assert_int_equal(count_lines(path, "wait for each other"), first ? 1 : 0);
    assert_int_equal(count_lines(path, "OPENBLAS_NUM_THREADS=1"), first ? 1 : 0);
}

static void a_need_beyond_the_node_names_the_remedy(void **state)
{
    (void)state;
    assert_ok(node_check_memory(test_run(), "the test", 1));
    covary_status_clear();
    assert_int_equal(node_check_memory(test_run(), "the test", (int64_t)1 << 50),
                     COVARY_ERR_MEMORY);
    assert_message("the test: ");
    assert_message("use more nodes");
}

static void write_file(const char *folder, const char *name, const char *contents)
{
    char  path[768];
    FILE *file;

    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(contents, file);
    fclose(file);
}

/* The smallest one on the way from a process's group to the root counts. */
static void limits_of_control_groups_are_found(void **state)
{
    char root[300], folder[512], listing[512];

    (void)state;
    if (covary_run_rank(test_run()) != 0) {
        return;
    }
    snprintf(root, sizeof root, "%s/groups", test_scratch());
    snprintf(listing, sizeof listing, "%s/listing", root);
    write_file(root, "listing", "0::/job/step\n");
    assert_true(node_memory_limit(listing, root) == INT64_MAX);
    snprintf(folder, sizeof folder, "%s/job", root);
    write_file(folder, "memory.max", "3000000000\n");
    snprintf(folder, sizeof folder, "%s/job/step", root);
    write_file(folder, "memory.max", "max\n");
    assert_true(node_memory_limit(listing, root) == 3000000000);
    write_file(folder, "memory.max", "2000000000\n");
    assert_true(node_memory_limit(listing, root) == 2000000000);

    write_file(root, "listing", "9:cpu:/job/step\n4:memory:/job\n");
    assert_true(node_memory_limit(listing, root) == INT64_MAX);
    snprintf(folder, sizeof folder, "%s/memory", root);
    write_file(folder, "memory.limit_in_bytes", "9223372036854771712\n");
    snprintf(folder, sizeof folder, "%s/memory/job", root);
    write_file(folder, "memory.limit_in_bytes", "1000000000\n");
    assert_true(node_memory_limit(listing, root) == 1000000000);

    snprintf(listing, sizeof listing, "%s/absent", root);
    assert_true(node_memory_limit(listing, root) == INT64_MAX);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(all_ranks_of_a_node_see_the_same),
    cmocka_unit_test(a_crowded_node_is_told_once_with_the_remedy),
    cmocka_unit_test(a_need_beyond_the_node_names_the_remedy),
    cmocka_unit_test(limits_of_control_groups_are_found),
};

TEST_MAIN(cases)
