/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel matrix of the training rows, assembled straight into block-cyclic storage. */
#ifndef COVARY_KERNEL_ASSEMBLY_H
#define COVARY_KERNEL_ASSEMBLY_H

#include "kernel/kernel.h"
#include "linalg/block_cyclic.h"

/*
 * Lower triangle of K + ridge I of `features` into `a` (n x n, created by the caller); what is left
 * above the diagonal has no meaning.  Every process gathers only the rows that its blocks need.
 * For a stationary kernel k(x, x) = 1 exactly.  Collective.
 * COVARY_ERR_INTERNAL: shapes that do not fit.
 */
covary_status kernel_assemble(const kernel *of, const panel *features, double ridge,
                              block_cyclic *a);

/* The same, dense and serial: full K [n][n] of rows [n][dimension].  Local. */
covary_status kernel_dense(const kernel *of, int64_t n, int64_t dimension, const double *rows,
                           double *k);

/*
 * The arguments only, [n][n]: squared distances or dot products, whichever the kernel takes.
 * kernel_evaluate turns a copy into K, so a search over lengths needs one product.  Local.
 */
covary_status kernel_dense_arguments(const kernel *of, int64_t n, int64_t dimension,
                                     const double *rows, double *arguments);

#endif
