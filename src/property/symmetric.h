/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Symmetric Cartesian tensors by their independent components, up to rank 4.
 *
 * A symmetric tensor of rank l has (l+1)(l+2)/2 different components, one for every monomial of
 * degree l, in lexicographic order (rank 2: xx xy xz yy yz zz).  A polynomial
 * sum_k q_k monomial_k belongs to the tensor with components q_k / multiplicity_k, and the inner
 * product of that tensor with another one, t, over all 3^l components is sum_k q_k t_k.
 *
 * x^a y^b z^c has the place n (n + 1) / 2 + c with n = b + c, so a factor x keeps the place, y adds
 * n + 1 and z adds n + 2.  All functions are local and cannot fail.
 */
#ifndef COVARY_PROPERTY_SYMMETRIC_H
#define COVARY_PROPERTY_SYMMETRIC_H

enum { SYMMETRIC_MAX_RANK = 4, SYMMETRIC_MAX_SIZE = 15 };

static inline int symmetric_size(int rank)
{
    return (rank + 1) * (rank + 2) / 2;
}

/* n = b + c of the monomial at a place, for any rank. */
extern const int symmetric_tail[SYMMETRIC_MAX_SIZE];

/* Place of each of the 3^rank components, row-major. */
const int       *symmetric_places(int rank);
extern const int symmetric_places_3[27], symmetric_places_4[81];

/* How many of the 3^rank components have the same place: l! / (a! b! c!). */
const double *symmetric_multiplicity(int rank);

/*
 * [2l+1][symmetric_size(l)]: coefficients of the polynomials S_m . (r ... r) of property/irreps.h.
 * From the real spherical harmonics up to l = 4, e.g. Varshalovich, Moskalev, Khersonskii, Quantum
 * Theory of Angular Momentum (1988), section 5.13.
 */
const double *symmetric_harmonics(int l);

/* Components from 3^rank values, each the mean over all orders of its indices, and back. */
void symmetric_average(int rank, const double *values, double *components);
void symmetric_spread(int rank, const double *components, double *values);

/* Components of rank - 2: t_ii... of those of `rank` >= 2. */
void symmetric_trace(int rank, const double *components, double *traced);

/* product += r^2 times a polynomial of degree rank - 2. */
void symmetric_add_r2(int rank, const double *polynomial, double *product);

/* product += (form . r) times a polynomial of degree rank - 1. */
void symmetric_add_form(int rank, const double form[3], const double *polynomial, double *product);

#endif
