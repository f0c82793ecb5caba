/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel functions by the shape of their formula, so that the inner loops know three shapes instead
 * of all kernels.  Private to src/kernel.
 *
 *   gaussian   exp(-s a)                                a: squared distance
 *   decay      exp(-z) sum_j c_j z^j, z = sqrt(s a)     a: squared distance
 *   power      (1 + s a)^order                          a: dot product
 */
#ifndef COVARY_KERNEL_FORM_H
#define COVARY_KERNEL_FORM_H

#include "kernel/kernel.h"

typedef enum { FORM_GAUSSIAN, FORM_DECAY, FORM_POWER } form_shape;

struct kernel_form {
    form_shape shape;
    double     scale;                                  /* s */
    int        order;                                  /* of the polynomial */
    double     coefficients[KERNEL_LARGEST_ORDER + 2]; /* c_j of decay; a slope has one more */
};

#endif
