/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every agreement of writing and reading an annotation fails once, on one rank or another: all
 * ranks hear of it, no memory stays held, and nothing stays on disk but what the next run can go on
 * with.   ranks: 2 3
 */
#include "support.h"

#include "annotation/annotation.h"
#include "core/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 6 };

/* All frames from rank 0. */
static covary_status write_frames(annotation_writer *writer, bool root)
{
    uint8_t             species[FRAMES] = {2, 2, 2, 2, 2, 2}, periodic[FRAMES] = {0};
    int64_t             starts[FRAMES + 1] = {0, 1, 2, 3, 4, 5, 6}, steps[FRAMES] = {0};
    double              positions[3 * FRAMES] = {0.0}, cells[9 * FRAMES] = {0.0};
    double              times[FRAMES] = {0.0}, values[FRAMES] = {0.0};
    const double *const all[1] = {values};
    const frames        batch = {.n_frames = root ? FRAMES : 0,
                                 .atom_start = starts,
                                 .positions = positions,
                                 .species = species,
                                 .cell = cells,
                                 .periodic = periodic,
                                 .step = steps,
                                 .time = times};

    return annotation_write(writer, &batch, all, values, values, NULL);
}

static const uint8_t               HELIUM[1] = {2};
static const annotation_observable ENERGY = {.name = "energy", .kind = "scalar"};
static const annotation_input      INPUT = {"a.xyz", 1, "sha256:00"};

static covary_status write_pass(covary_run *run)
{
    const annotation_layout layout = {.n_frames = FRAMES,
                                      .n_atoms = 1,
                                      .species = HELIUM,
                                      .n_observables = 1,
                                      .observables = &ENERGY,
                                      .time = true,
                                      .margin = true,
                                      .distance = true,
                                      .positions = true,
                                      .provenance = {.model = {"m.h5", 1, "sha256:11"},
                                                     .command = "covary predict",
                                                     .config = "data: {}",
                                                     .n_inputs = 1,
                                                     .inputs = &INPUT}};
    annotation_writer      *writer = NULL;

    covary_status status =
        annotation_begin(run, scratch_path("faults.h5"), &layout, false, &writer);
    if (status == COVARY_OK && annotation_n_written(writer) == 0) { /* no pass before came so far */
        status = write_frames(writer, covary_run_rank(run) == 0);
    }
    if (status == COVARY_OK) {
        status = annotation_commit(&writer);
    }
    annotation_abandon(&writer);
    return status;
}

static covary_status read_pass(covary_run *run)
{
    annotation   *opened = NULL;
    covary_status status = annotation_open(run, scratch_path("faults.h5"), &opened);

    annotation_close(&opened);
    return status;
}

static int count_temporary_files(void)
{
    DIR           *folder = opendir(test_scratch());
    struct dirent *entry;
    int            n = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        n += strstr(entry->d_name, "-new") != NULL;
    }
    closedir(folder);
    return n;
}

/* One pass in a run of its own, because a run counts its agreements. */
static covary_status pass_in_new_run(covary_status (*pass)(covary_run *))
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    covary_run              *run = NULL;

    covary_status status = covary_run_create(covary_run_comm(test_run()), &quiet, &run);
    if (status == COVARY_OK) {
        status = pass(run);
    }
    covary_run_destroy(&run);
    return status;
}

static void walk(covary_status (*pass)(covary_run *), int at_least)
{
    const int64_t  held = memory_state().blocks;
    const MPI_Comm comm = covary_run_comm(test_run());
    covary_status  status = COVARY_OK;
    int            fault = 0;

    do {
        char place[32];
        int  extremes[2];

        fault++;
        snprintf(place, sizeof place, "%d:%d", fault, fault % covary_run_size(test_run()));
        setenv("COVARY_FAULT", place, 1);
        status = pass_in_new_run(pass);
        extremes[0] = (int)status;
        extremes[1] = -(int)status;
        MPI_Allreduce(MPI_IN_PLACE, extremes, 2, MPI_INT, MPI_MAX, comm);
        assert_int_equal(extremes[0], -extremes[1]);
        assert_int_equal(memory_state().blocks, held);
        assert_int_equal(count_temporary_files(), 0);
        MPI_Barrier(comm);
    } while (status != COVARY_OK && fault < 1000);
    unsetenv("COVARY_FAULT");
    assert_ok(status);
    assert_true(fault > at_least);
}

static void faults_of_writing_are_heard_and_leave_nothing(void **state)
{
    (void)state;
    walk(write_pass, 100);
}

static void faults_of_reading_are_heard_and_leave_nothing(void **state)
{
    (void)state;
    assert_ok(write_pass(test_run()));
    walk(read_pass, 10);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(faults_of_writing_are_heard_and_leave_nothing),
    cmocka_unit_test(faults_of_reading_are_heard_and_leave_nothing),
};

TEST_MAIN(cases)
