/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leave-one-frame-out residuals where the inverse of A = K + ridge I is not there.
 *
 * Exact ones are e_i = C_i w_i with C_i = [(A^-1)_ii]^-1.  With A = P + E, P = G G^T + ridge I, the
 * diagonal blocks of P^-1 are known in closed form and E_ii is what is left of the diagonal.  C_i
 * is modelled as
 *
 *   C_i = [(P^-1)_ii]^-1 + gamma (E_ii + ridge I),
 *
 * which is exact for E = 0 (gamma = 0) and, with gamma about 1 and no ridge in it, for a diagonal E
 * to first order.  gamma is fitted for each of up to 16 groups of frames (quantiles of E_ii
 * (P^-1)_ii) so that the sums of tr (A^-1)_ii over the group are those that random probes z give:
 * z^T A^-1 z has tr A^-1 as its mean (Hutchinson, Commun. Stat. Simul. 19, 433 (1990)), and so it
 * is for part of the rows.  P^-1, of which both are known, serves as control variate.
 */
#ifndef COVARY_SOLVER_LOO_ESTIMATE_H
#define COVARY_SOLVER_LOO_ESTIMATE_H

#include "solver/preconditioner.h"

/* Probes that give sums over groups of n_rows rows in all to a few percent.  Local. */
int64_t loo_estimate_probes(int64_t n_rows);

/* Entries +1 and -1, the same for a row of the system on any number of ranks.  Local. */
void loo_estimate_fill(uint64_t seed, int64_t first_column, int64_t n_columns, panel *probes);

/*
 * by        in   P^-1, with the ridge as its shift
 * n_rows    in   of a frame
 * probes    in   [frames n_rows][n_probes], of loo_estimate_fill
 * solved    in   A^-1 probes
 * weights   in   [frames n_rows][columns]
 * loo       out  like weights
 *
 * Collective.
 */
covary_status loo_estimate(const preconditioner *by, int n_rows, const panel *probes,
                           const panel *solved, const panel *weights, panel *loo);

#endif
