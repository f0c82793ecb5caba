/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of failures share: a small training set and configuration, and the walk through
 * all points at which ranks agree.
 */
#ifndef COVARY_TESTS_FAULT_SUPPORT_H
#define COVARY_TESTS_FAULT_SUPPORT_H

#include "support.h"

#include "core/memory.h"
#include "core/status.h"
#include <covary/covary.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_AGREEMENTS = 5000 };

/* The first frames of the training set of dichloroethane, 10 lines each.  On rank 0. */
static inline void write_training(int n_frames)
{
    char  line[1024];
    FILE *from = fopen(test_data("dce_train.xyz"), "r");
    FILE *to = fopen(scratch_path("train.xyz"), "w");

    for (int l = 0; from != NULL && to != NULL && l < 10 * n_frames; l++) {
        if (fgets(line, (int)sizeof line, from) != NULL) {
            fputs(line, to);
        }
    }
    if (to != NULL) {
        fclose(to);
    }
    if (from != NULL) {
        fclose(from);
    }
}

static inline void write_config(const char *properties)
{
    FILE *to = fopen(scratch_path("config.yaml"), "w");

    if (to != NULL) {
        fprintf(to,
                "data: {train: [train.xyz]}\n"
                "properties: [%s]\n"
                "representation: {basis: eckart, references: 1, scaling: standardize,\n"
                "  descriptor: [cartesians, distances], symmetry: none}\n"
                "kernel: {type: gaussian, length: 4}\n",
                properties);
        fclose(to);
    }
}

static inline void prepare(int n_frames, const char *properties)
{
    (void)test_scratch(); /* made together, before one rank writes to it */
    if (covary_run_rank(test_run()) == 0) {
        write_training(n_frames);
        write_config(properties);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

#define FAULT_DIPOLE "{name: dipole, kind: vector, unit: e*bohr}"
#define FAULT_BOTH   FAULT_DIPOLE ", {name: polarizability, kind: symmetric-tensor, unit: bohr^3}"

typedef covary_status (*task)(covary_run *run);

static inline covary_status fit(covary_run *run, int n_settings, const char *const *settings)
{
    covary_status  status = COVARY_OK;
    covary_config *config = NULL;
    covary_model  *model = NULL;

    COVARY_TRY(covary_config_load(run, scratch_path("config.yaml"), settings, n_settings, &config));
    COVARY_TRY(covary_fit(run, config, &model));
    COVARY_TRY(covary_model_save(run, model, scratch_path("output.h5")));

done:
    covary_model_destroy(&model);
    covary_config_destroy(&config);
    return status;
}

/* Files named output.h5 and whatever follows.  On every rank, counted by rank 0. */
static inline int count_outputs(void)
{
    int n = 0;

    if (covary_run_rank(test_run()) == 0) {
        DIR *folder = opendir(test_scratch());

        for (struct dirent *at = NULL; folder != NULL && (at = readdir(folder)) != NULL;) {
            n += strncmp(at->d_name, "output.h5", strlen("output.h5")) == 0;
        }
        if (folder != NULL) {
            closedir(folder);
        }
    }
    MPI_Bcast(&n, 1, MPI_INT, 0, covary_run_comm(test_run()));
    return n;
}

/* The task on a run of its own, whose rank `rank` fails at its agreement `fault` (0: never). */
static inline covary_status perform(task work, int fault, int rank)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    covary_run              *run = NULL;
    covary_status            status;
    char                     text[32];

    snprintf(text, sizeof text, "%d:%d", fault, rank);
    setenv("COVARY_FAULT", text, 1);
    status = covary_run_create(covary_run_comm(test_run()), &quiet, &run);
    unsetenv("COVARY_FAULT");
    if (status == COVARY_OK) {
        status = work(run);
    }
    covary_run_destroy(&run);
    return status;
}

/* What every rank finds wrong after a run, as one text on all of them. */
static inline const char *wrong_after(covary_status status, int64_t held, int n_outputs,
                                      bool writes)
{
    enum { UNLIKE = 1, UNEXPECTED = 2, SILENT = 4, HOLDING = 8, LEFT = 16 };
    int extremes[2] = {(int)status, -(int)status}, found = 0;

    MPI_Allreduce(MPI_IN_PLACE, extremes, 2, MPI_INT, MPI_MAX, covary_run_comm(test_run()));
    found |= extremes[0] != -extremes[1] ? UNLIKE : 0;
    found |= status != COVARY_OK && status != COVARY_ERR_INTERNAL ? UNEXPECTED : 0;
    found |= status != COVARY_OK && strstr(covary_status_message(), "fault injected") == NULL
                 ? SILENT
                 : 0;
    found |= memory_state().blocks != held ? HOLDING : 0;
    found |= n_outputs != (status == COVARY_OK && writes ? 1 : 0) ? LEFT : 0;
    MPI_Allreduce(MPI_IN_PLACE, &found, 1, MPI_INT, MPI_BOR, covary_run_comm(test_run()));
    return found & UNLIKE       ? "the ranks end differently"
           : found & UNEXPECTED ? "another failure than the one injected"
           : found & SILENT     ? "a rank does not know the message"
           : found & HOLDING    ? "memory is held"
           : found & LEFT       ? "the files are not as they should be"
                                : NULL;
}

/* At agreement 1, 1 + stride, ... of each rank from the first one on, until the task succeeds. */
static inline void fail_on_ranks(task work, bool writes, int at_least, int first_rank, int stride)
{
    const int     size = covary_run_size(test_run());
    const int64_t held = memory_state().blocks;

    for (int rank = first_rank; rank < size; rank++) {
        covary_status status = COVARY_ERR_INTERNAL;
        int           fault = 1 - stride;
        while (status != COVARY_OK) {
            const char *wrong;
            fault += stride;
            assert_true(fault < MOST_AGREEMENTS);
            status = perform(work, fault, rank);
            wrong = wrong_after(status, held, count_outputs(), writes);
            if (wrong != NULL) {
                fail_msg("agreement %d, rank %d: %s (%s)", fault, rank, wrong,
                         covary_status_message());
            }
        }
        assert_true(fault > at_least);
        if (writes && covary_run_rank(test_run()) == 0) {
            remove(scratch_path("output.h5"));
        }
        MPI_Barrier(covary_run_comm(test_run()));
    }
}

static inline void fail_everywhere(task work, bool writes, int at_least)
{
    const int size = covary_run_size(test_run());

    fail_on_ranks(work, writes, at_least, size > 2 ? size - 1 : 0, 1);
}

/* Long tasks, most of whose agreements repeat in loops: every third on two ranks, every fifth on
 * three. */
static inline void fail_on_last_rank(task work, bool writes, int at_least)
{
    const int size = covary_run_size(test_run());

    fail_on_ranks(work, writes, at_least, size - 1, 2 * size - 1);
}

#endif
