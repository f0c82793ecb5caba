/* SPDX-License-Identifier: BSD-3-Clause */
/* The dot product in an order of its own, which no BLAS promises. */
#ifndef COVARY_LINALG_DOT_H
#define COVARY_LINALG_DOT_H

#include <stdint.h>

/* sum of a_i b_i; its bits depend on the numbers alone.  Local. */
double ordered_dot(int64_t n, const double *a, const double *b);

#endif
