/* SPDX-License-Identifier: BSD-3-Clause */
/* The program: start MPI, parse, dispatch, report once, finalize. */
#include "cli/commands.h"
#include "cli/crash.h"
#include "cli/launch.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/threads.h"
#include "storage/netcdf.h"
#include "spectra/fourier.h"
#include "storage/storage.h"
#include <covary/version.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static covary_status print_help(const covary_run *run, const arguments *given)
{
    text          help = {0};
    covary_status status = arguments_help(given->command, &help);

    print_result(run, &help);
    text_release(&help);
    return status;
}

static void print_version(const covary_run *run)
{
    char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
    int  length;

    if (covary_run_rank(run) != 0) {
        return;
    }
    MPI_Get_library_version(mpi, &length);
    for (int i = 0; i < length; i++) {
        mpi[i] = mpi[i] == '\n' || mpi[i] == ',' ? '\0' : mpi[i];
    }
    printf("covary " COVARY_VERSION " (" COVARY_COMMIT ")\n%s\n%s\nHDF5 %s\nPnetCDF %s\n%s\n", mpi,
           linalg_version(), storage_version(), netcdf_version(), fourier_version());
}

static covary_status dispatch(covary_run *run, const arguments *given)
{
    if (given->help) {
        return print_help(run, given);
    }
    if (given->version) {
        print_version(run);
        return COVARY_OK;
    }
    return given->command->perform(run, given);
}

/* Every rank parses the same words, but memory may be short on one alone. */
static covary_status start_together(covary_status mine)
{
    int worst = (int)mine;

    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return (covary_status)worst;
}

/* What was printed must have arrived: a full disk behind a redirection is a failure. */
static covary_status check_output(int rank)
{
    if (rank == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
        return COVARY_FAIL(COVARY_ERR_IO, "standard output cannot be written: %s", strerror(errno));
    }
    return COVARY_OK;
}

/* One message, from rank 0, which every rank agreed on; into the log too once there is one. */
static void report_failure(int rank, covary_run *run, covary_status status)
{
    const char *message = covary_status_message();

    message = *message != '\0' ? message : covary_status_text(status);
    if (run != NULL) {
        log_write(run, LOG_ERROR, "%s", message);
    } else if (rank == 0) {
        fprintf(stderr, "covary: %s\n", message);
    }
}

static void report_leaks(int rank)
{
    memory_ledger ledger = memory_state();

    if (ledger.blocks != 0) {
        fprintf(stderr, "covary: internal check: rank %d still holds %lld blocks, %lld bytes\n",
                rank, (long long)ledger.blocks, (long long)ledger.bytes);
    }
}

int main(int argc, char **argv)
{
    covary_status status;
    covary_run   *run = NULL;
    arguments     given;
    int           rank, threads;

    launch_prepare();
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &threads); /* who has less computes alone */
    crash_prepare();
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    linalg_use_one_thread_by_default();
    status = start_together(arguments_parse(argc, argv, &given));
    if (status == COVARY_OK) {
        status = covary_run_create(MPI_COMM_WORLD, &given.run, &run);
    }
    if (status == COVARY_OK) {
        status = dispatch(run, &given);
        timer_report(run);
        log_write(run, LOG_DETAIL, "peak of counted memory on rank 0: %.1f MiB",
                  (double)memory_state().peak_bytes / 1048576.0);
    }
    status = status == COVARY_OK ? check_output(rank) : status;
    if (status != COVARY_OK) {
        report_failure(rank, run, status);
    }
    covary_run_destroy(&run);
    arguments_release(&given);
    report_leaks(rank);
    MPI_Finalize();
    return covary_exit_status(status);
}
