/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread that computes beside its owner: one job at a time, handed over and waited for.
 *
 * MPI, HDF5 and the run belong to the owner; a job uses none of them.  A failure of the job is
 * recorded for the owner, who waits for it.
 */
#ifndef COVARY_CORE_WORKER_H
#define COVARY_CORE_WORKER_H

#include <covary/status.h>
#include <stdbool.h>

typedef struct worker worker;

/*
 * The thread computes in the floating-point mode of the caller and takes no signals.  Local.
 *
 * beside  in  false: jobs are done at once by who hands them over; so they are where the system
 *             gives no thread
 */
covary_status worker_create(bool beside, worker **out);

/* Waits for a job that is under way; accepts a pointer to NULL.  Local. */
void worker_destroy(worker **released);

/* Hand a job over; `data` is the job's until worker_wait.  Only when no job is under way.  Local.
 */
void worker_start(worker *with, covary_status (*job)(void *data), void *data);

/* Until the job is done: its status, its message in the record.  COVARY_OK without a job.  Local.
 */
covary_status worker_wait(worker *with);

#endif
