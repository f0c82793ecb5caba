/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run: one communicator, one log, one set of timers and signal flags.
 *
 * Every collective function of the library takes the run; nothing else in the library knows
 * MPI_COMM_WORLD.
 */
#ifndef COVARY_RUN_H
#define COVARY_RUN_H

#include <covary/status.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct covary_run covary_run;

typedef enum { COVARY_QUIET, COVARY_NORMAL, COVARY_VERBOSE } covary_verbosity;

typedef struct {
    covary_verbosity verbosity;      /* what reaches standard error */
    const char      *log_json;       /* file for the log as one JSON object a line, or NULL */
    bool             signals;        /* catch SIGINT, SIGTERM and SIGUSR1 as requests to stop */
    bool             no_index_cache; /* leave no .NAME.covary-index beside large trajectories */
} covary_run_options;

/*
 * Duplicate `comm` and start the log.  Collective over `comm`.  Until the run is destroyed the
 * calling thread computes with subnormal numbers taken as zero: kernels underflow into them, and
 * they are slow.
 *
 * options  in   may be NULL: normal verbosity, no JSON log, signals left alone
 * run      out  new; release with covary_run_destroy
 *
 * COVARY_ERR_IO: the JSON log cannot be written.
 */
COVARY_API covary_status covary_run_create(MPI_Comm comm, const covary_run_options *options,
                                           covary_run **run);

/*
 * Free the communicator, close the log, put signal handlers and the mode of floating-point
 * arithmetic back.  Collective; accepts NULL.
 */
COVARY_API void covary_run_destroy(covary_run **run);

/* Communicator (borrowed), rank in it and number of ranks.  Local. */
COVARY_API MPI_Comm covary_run_comm(const covary_run *run);
COVARY_API int      covary_run_rank(const covary_run *run);
COVARY_API int      covary_run_size(const covary_run *run);

/*
 * Has any rank been asked to stop (SIGINT, SIGTERM, SIGUSR1, or covary_run_request_stop)?
 * Collective: COVARY_STOPPED on every rank if so, else COVARY_OK on every rank.
 */
COVARY_API covary_status covary_run_check_stop(covary_run *run);

/* Ask for the same from the program itself.  Local. */
COVARY_API void covary_run_request_stop(covary_run *run);

#ifdef __cplusplus
}
#endif
#endif
