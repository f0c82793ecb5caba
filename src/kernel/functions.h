/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of the kernel functions, for the registry. */
#ifndef COVARY_KERNEL_FUNCTIONS_H
#define COVARY_KERNEL_FUNCTIONS_H

#include "kernel/kernel.h"

extern const kernel_ops kernel_gaussian;
extern const kernel_ops kernel_laplacian;
extern const kernel_ops kernel_matern;
extern const kernel_ops kernel_linear;
extern const kernel_ops kernel_polynomial;

#endif
