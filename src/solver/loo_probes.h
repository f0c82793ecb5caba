/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Diagonal blocks of an inverse A^-1 = S S^T, approximately, from a few random columns: probes of
 * signs have the unit matrix as their mean square, which may stand between S and S^T, so that rows
 * of S probes have the inner products of A^-1 to a part of sqrt(2 / n_probes), whatever A is
 * (Johnson and Lindenstrauss; Achlioptas, J. Comput. Syst. Sci. 66, 671 (2003), for signs).
 */
#ifndef COVARY_SOLVER_LOO_PROBES_H
#define COVARY_SOLVER_LOO_PROBES_H

#include "linalg/panel.h"

/* signs [count] <- the numbers from `first` on of a sequence of 1 and -1.  Local. */
void loo_signs(uint64_t seed, int64_t first, int64_t count, double *signs);

/*
 * blocks [local frames][n_rows][n_rows] from S probes, [frames n_rows][probes].  Local.
 */
void loo_probe_blocks(const panel *solved, int64_t n_rows, double *blocks);

#endif
