/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The factorization on block-cyclic matrices that is written for them: large local products of
 * matrices, and strips that travel while these are computed.  Private to src/linalg.
 */
#ifndef COVARY_LINALG_NATIVE_H
#define COVARY_LINALG_NATIVE_H

#include "linalg/factorization.h"

/* As block_cyclic_cholesky, without the determinant.  Workspace: O(n block / ranks^(1/2)). */
covary_status native_cholesky(block_cyclic *a, int64_t *bad_pivot);

#endif
