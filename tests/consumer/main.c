/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that uses the installed library: headers and library agree on the meaning of a status,
 * a run can be made and asked to stop, and a failure says what it was.
 */
#include <covary/run.h>
#include <covary/spectra.h>
#include <covary/status.h>
#include <covary/version.h>
#include <stdio.h>
#include <string.h>

static int check(int holds, const char *claim)
{
    if (!holds)
        fprintf(stderr, "does not hold: %s (%s)\n", claim, covary_status_message());
    return holds ? 0 : 1;
}

int main(int argc, char **argv)
{
    covary_run         *run = NULL, *unlogged = NULL;
    covary_run_options  quiet = {.verbosity = COVARY_QUIET};
    covary_run_options  lost = {.verbosity = COVARY_QUIET, .log_json = "missing-folder/log.json"};
    covary_spectra_set *set = NULL;
    const char         *missing = "missing-folder/annotation.h5";
    int                 failures = 0;

    MPI_Init(&argc, &argv);
    printf("covary %s (%s)\n", COVARY_VERSION, COVARY_COMMIT);
    failures += check(!strcmp(covary_status_text(COVARY_OK), "success"), "OK means success");
    failures += check(covary_exit_status(COVARY_STOPPED) == 75, "a stopped run exits with 75");
    failures += check(covary_run_create(MPI_COMM_WORLD, &lost, &unlogged) == COVARY_ERR_IO &&
                          strstr(covary_status_message(), "missing-folder/log.json"),
                      "a log that cannot be written is named");
    failures += check(covary_run_create(MPI_COMM_WORLD, &quiet, &run) == COVARY_OK, "a run starts");
    failures += check(covary_run_size(run) == 1, "the run has the ranks of its communicator");
    failures += check(covary_run_check_stop(run) == COVARY_OK, "nobody asked to stop");
    failures += check(covary_spectra(run, &missing, 1, NULL, NULL, &set) == COVARY_ERR_IO &&
                          set == NULL && strstr(covary_status_message(), missing),
                      "spectra of a missing file name it");
    covary_run_request_stop(run);
    failures += check(covary_run_check_stop(run) == COVARY_STOPPED, "a request to stop is seen");
    covary_run_destroy(&run);
    covary_run_destroy(&unlogged);
    MPI_Finalize();
    return failures ? 1 : 0;
}
