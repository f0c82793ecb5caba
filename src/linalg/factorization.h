/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways to factor a block-cyclic matrix and to use the factor; callers go through block_cyclic.h,
 * which checks shapes and takes logarithms.  Every operation is collective.
 */
#ifndef COVARY_LINALG_FACTORIZATION_H
#define COVARY_LINALG_FACTORIZATION_H

#include "linalg/block_cyclic.h"

struct factorization_ops {
    const char *name; /* native */
    const char *summary;
    int64_t     most_local; /* elements of a local part */

    /* A = L L^T on and below the diagonal; *bad_pivot as in block_cyclic_cholesky. */
    covary_status (*factor)(block_cyclic *a, int64_t *bad_pivot);
    /* X <- A^-1 X, or one half of it. */
    covary_status (*solve)(const block_cyclic *factor, factor_half half, block_cyclic *x);
    /* L <- L^-1, of a factor without zeros on its diagonal. */
    covary_status (*invert)(block_cyclic *factor);

    /* The first two in single precision. */
    covary_status (*factor_single)(block_cyclic_single *a, int64_t *bad_pivot);
    covary_status (*solve_single)(const block_cyclic_single *factor, factor_half half,
                                  block_cyclic_single *x);
};

extern const factorization_ops factorization_native;    /* written for this layout */
extern const factorization_ops factorization_scalapack; /* the reference */

const factorization_ops *const *factorization_registry(void);         /* ended by NULL; local */
const factorization_ops        *factorization_find(const char *name); /* NULL: unknown; local */

/* The chosen one; native for NULL.  Local. */
static inline const factorization_ops *factorization_used(const factorization_ops *chosen)
{
    return chosen != NULL ? chosen : &factorization_native;
}

#endif
