/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fault injection for tests: COVARY_FAULT=N:RANK makes rank RANK fail at its N-th agreement,
 * counted from 1.  Walking N from 1 until a run succeeds visits every point at which ranks agree.
 * COVARY_FAULT=N:RANK:stop asks rank RANK to stop there, as a signal would.
 */
#ifndef COVARY_CORE_FAULT_H
#define COVARY_CORE_FAULT_H

#include <covary/run.h>
#include <stdbool.h>

/* Count one agreement; true if it is to fail.  Local. */
bool fault_is_due(covary_run *run);

#endif
