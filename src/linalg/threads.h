/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of OpenBLAS: one a rank unless OPENBLAS_NUM_THREADS (or OMP_NUM_THREADS) says otherwise.
 * OpenBLAS cannot know of the other ranks and would start as many threads as there are cores in
 * each of them.
 */
#ifndef COVARY_LINALG_THREADS_H
#define COVARY_LINALG_THREADS_H

#include <covary/run.h>

void linalg_use_one_thread_by_default(void); /* Local */

/* How many there are.  Local. */
int linalg_threads(void);

/* Warn, once in a run, where a node has fewer cores than its ranks have threads.  Collective. */
void linalg_check_threads(covary_run *run);

/* "OpenBLAS 0.3.21 ..."; static text. */
const char *linalg_version(void);

#endif
