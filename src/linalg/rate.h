/* SPDX-License-Identifier: BSD-3-Clause */
/* How fast this rank multiplies matrices: the unit of all estimates of time. */
#ifndef COVARY_LINALG_RATE_H
#define COVARY_LINALG_RATE_H

#include <covary/status.h>

/*
 * Flop/s of dgemm here and now, as every rank measures it at the same time; takes some 10 ms.
 * Local. COVARY_ERR_MEMORY: three small matrices do not fit.
 */
covary_status linalg_measure_rate(double *flops_per_second);

#endif
