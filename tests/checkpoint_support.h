/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of checkpoints share: fits that keep one, interrupted where a test wants it. */
#ifndef COVARY_TESTS_CHECKPOINT_SUPPORT_H
#define COVARY_TESTS_CHECKPOINT_SUPPORT_H

#include "fault_support.h"

#include "core/run.h"

#include <sys/stat.h>
#include <unistd.h>

/* Everything is written at once. */
static const char always[] = "solver.checkpoint_minutes=1e-9";

static const char *const *more; /* settings of the fit at hand, ended by NULL */

static inline covary_status fit_kept(covary_run *run)
{
    covary_status  status = COVARY_OK;
    covary_config *config = NULL;
    const char    *settings[8] = {always};
    int            n = 1;

    for (int k = 0; more != NULL && more[k] != NULL; k++) {
        settings[n++] = more[k];
    }
    COVARY_TRY(covary_config_load(run, scratch_path("config.yaml"), settings, n, &config));
    COVARY_TRY(covary_fit_to_file(run, config, scratch_path("output.h5")));

done:
    covary_config_destroy(&config);
    return status;
}

static int agreements; /* of the last run */

/* On a run of its own on `comm`, with COVARY_FAULT=<fault> unless that is NULL. */
static inline covary_status perform_on(MPI_Comm comm, task work, const char *fault)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET, .signals = true};
    covary_run              *run = NULL;
    covary_status            status;

    if (fault != NULL) {
        setenv("COVARY_FAULT", fault, 1);
    }
    status = covary_run_create(comm, &quiet, &run);
    unsetenv("COVARY_FAULT");
    if (status == COVARY_OK) {
        status = work(run);
        agreements = run->agreements;
    }
    covary_run_destroy(&run);
    return status;
}

static inline covary_status perform_here(task work, const char *fault)
{
    return perform_on(covary_run_comm(test_run()), work, fault);
}

/* Rank 0 acts, the others wait. */
static inline void copy_file(const char *from, const char *to)
{
    char   buffer[65536];
    size_t n;

    if (covary_run_rank(test_run()) == 0) {
        FILE *source = fopen(scratch_path(from), "rb"), *copy = fopen(scratch_path(to), "wb");
        assert_true(source != NULL && copy != NULL);
        while ((n = fread(buffer, 1, sizeof buffer, source)) > 0) {
            assert_true(fwrite(buffer, 1, n, copy) == n);
        }
        fclose(source);
        assert_int_equal(fclose(copy), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

static inline void remove_file(const char *name)
{
    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        remove(scratch_path(name));
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

static inline bool is_there(const char *name)
{
    struct stat about;
    int         there = stat(scratch_path(name), &about) == 0;

    MPI_Bcast(&there, 1, MPI_INT, 0, covary_run_comm(test_run()));
    return there != 0;
}

/* Byte by byte, on every rank. */
static inline bool same_files(const char *a, const char *b)
{
    int same = 0;

    if (covary_run_rank(test_run()) == 0) {
        FILE *first = fopen(scratch_path(a), "rb"), *second = fopen(scratch_path(b), "rb");
        int   x = EOF, y = EOF;

        if (first != NULL && second != NULL) {
            do {
                x = getc(first);
                y = getc(second);
            } while (x == y && x != EOF);
            same = x == y;
        }
        if (first != NULL) {
            fclose(first);
        }
        if (second != NULL) {
            fclose(second);
        }
    }
    MPI_Bcast(&same, 1, MPI_INT, 0, covary_run_comm(test_run()));
    return same != 0;
}

static const char *const automatic[] = {"kernel.length=4", "ridge=auto", NULL};

/* The checkpoint of a fit that was stopped as late as can be, in kept.checkpoint too. */
static inline void make_checkpoint(void)
{
    char          fault_text[32];
    covary_status status = perform_here(fit_kept, NULL);
    const int     n = agreements;

    assert_ok(status);
    for (int fault = n; status == COVARY_OK; fault -= n / 20) {
        assert_true(fault > 0);
        remove_file("output.h5");
        snprintf(fault_text, sizeof fault_text, "%d:0:stop", fault);
        status = perform_here(fit_kept, fault_text);
    }
    assert_int_equal(status, COVARY_STOPPED);
    copy_file("output.h5.checkpoint", "kept.checkpoint");
}

#endif
