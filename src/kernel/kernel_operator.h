/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of A = K + ridge I with panels, without the matrix.
 *
 * A covariant kernel is a scalar kernel between sites with tensors around it, so that one scalar
 * value serves all components and columns:
 *
 *   (K X)_i = sum_a Phi_a q_a,   q_a = sum_b [class a = class b] k(d_a, d_b) w_b,
 *   w_b = scale Phi_b^T X_j
 *
 * which is a prediction for the training frames.  The scalar values are either computed anew in
 * every product, or kept; where k(d_a, d_b) serves q_b as well as q_a, once for both.  Memory: the
 * training sites, their weights and sums on every rank, and the values if they are kept.
 */
#ifndef COVARY_KERNEL_KERNEL_OPERATOR_H
#define COVARY_KERNEL_KERNEL_OPERATOR_H

#include "kernel/covariant.h"

typedef struct kernel_operator kernel_operator;

typedef enum {
    OPERATOR_AUTOMATIC,     /* what fits into the memory given and does no harm */
    OPERATOR_ON_THE_FLY,    /* nothing is kept */
    OPERATOR_STORED_DOUBLE, /* kernel values in double precision */
    OPERATOR_STORED_SINGLE  /* the same in single precision; sums in double */
} operator_storage;

/*
 * Rounding the values to single precision changes K by E.  Relative errors of the values are
 * independent and of rms 2^-24 / sqrt 3 or less, and a symmetric matrix of independent entries of
 * rms s has a norm of 2 s sqrt n (Wigner, Ann. Math. 67, 325 (1958)); |K_ij| is at most the largest
 * diagonal.  Single precision is harmless where that norm is below 1/100 of the ridge; a solution
 * then differs by that part at most, and a correction from a residual in full precision mends it.
 *
 * memory   in   bytes that this rank may spend on values, for OPERATOR_AUTOMATIC
 * out      new; borrows the kernel and the panels
 *
 * Collective.  COVARY_ERR_INTERNAL: shapes that do not fit.
 */
covary_status kernel_operator_create(const covariant_kernel *of, const covariant_panels *train,
                                     double ridge, operator_storage storage, int64_t memory,
                                     kernel_operator **out);
void          kernel_operator_destroy(kernel_operator **released);

/* What was chosen, the same on every rank.  Local. */
operator_storage kernel_operator_stored(const kernel_operator *of);

/*
 * y <- (K + ridge I) x for panels [frames n_rows][columns], the rows of a frame on the rank that
 * has the frame.  Collective.
 */
covary_status kernel_operator_apply(const kernel_operator *with, const panel *x, panel *y);

/* The same, never with values in single precision. */
covary_status kernel_operator_apply_fully(const kernel_operator *with, const panel *x, panel *y);

#endif
