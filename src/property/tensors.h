/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tensors built from vectors of a geometry: the B_t of property = sum_t c_t B_t.
 *
 * From vectors x_1 ... x_n that turn with the molecule (centred positions for the basis gram, three
 * unit vectors for body axes) all products of l of them are formed, and their harmonic parts taken,
 * in the components of property/irreps.h:
 *
 *   l = 0          1
 *   l = 1          x_a
 *   l >= 2         harmonic part of x_a x_b ..., a <= b <= ..., times sqrt(multinomial)
 *   pseudo, l = 0  x_a . (x_b x x_c), a < b < c
 *   pseudo, l = 1  x_a x x_b, a < b
 *   pseudo, l >= 2 harmonic part of x_a ... (x_b x x_c), a <= ..., b < c, times sqrt(multinomial)
 *
 * With Phi the matrix of these columns, Phi Phi'^T of two geometries is irrep_power(of X^T X'):
 * the covariant kernels of Glielmo, Sollich and De Vita, Phys. Rev. B 95, 214302 (2017), for any l.
 * All functions are local.
 */
#ifndef COVARY_PROPERTY_TENSORS_H
#define COVARY_PROPERTY_TENSORS_H

#include "property/irreps.h"

#include <stdint.h>

/* Columns of Phi for n_vectors vectors. */
int64_t tensors_count(irrep of, int64_t n_vectors);

/* phi [2l+1][tensors_count] from vectors [n_vectors][3]. */
void tensors_evaluate(irrep of, int64_t n_vectors, const double *vectors, double *phi);

#endif
