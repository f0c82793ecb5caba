/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of OpenBLAS: one a rank unless OPENBLAS_NUM_THREADS (or OMP_NUM_THREADS) says otherwise.
 * OpenBLAS cannot know of the other ranks and would start as many threads as there are cores in
 * each of them.  Local.
 */
#ifndef COVARY_LINALG_THREADS_H
#define COVARY_LINALG_THREADS_H

void linalg_use_one_thread_by_default(void);

/* "OpenBLAS 0.3.21 ..."; static text. */
const char *linalg_version(void);

#endif
