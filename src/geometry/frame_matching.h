/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Matching of two geometries of one molecule by a permutation of its atoms.
 *
 * Frames are compared by their interatomic distances, so orientation and handedness do not matter:
 *
 *   difference = mean over pairs (g(|x_a - x_b|) - g(|y_a - y_b|))^2,
 *   g(d) = d up to 3.5 angstrom and 3.5 (1 + ln(d / 3.5)) beyond,
 *
 * where g keeps the motion of far ends from drowning the near neighbourhood.  A permutation is
 * only considered if it
 *   - keeps species and classes,
 *   - maps no certain bond (BOND_CERTAIN) of one frame on a certain gap (BOND_ABSENT) of the other,
 *   - turns all tetrahedral centres into ones of the same sense, or all into their mirror images:
 *     others would have to break bonds (H. C. Longuet-Higgins, Mol. Phys. 6, 445 (1963)).
 * All functions are local.
 */
#ifndef COVARY_GEOMETRY_FRAME_MATCHING_H
#define COVARY_GEOMETRY_FRAME_MATCHING_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct matching matching;

/* positions [n_frames][n_atoms][3] angstrom, not kept; classes may be NULL. */
covary_status matching_create(int64_t n_atoms, const uint8_t *species, const int *classes,
                              int64_t n_frames, const double *positions, matching **frames);
void          matching_destroy(matching **frames);

/* Difference of frames i and j as they are, angstrom^2. */
double matching_difference(const matching *frames, int64_t i, int64_t j);

/*
 * The permutation, not the identity, that brings frame i nearest to frame j: the least difference
 * of pi X_i and X_j below `limit` (angstrom^2); HUGE_VAL if there is none.  The search is by
 * branch and bound and gives up after a fixed number of comparisons, with the best so far.
 *
 * image  out  [n_atoms]; untouched if there is none
 */
double matching_best(matching *frames, int64_t i, int64_t j, double limit, int32_t *image);

/*
 * Generators of the permutations that bring frame i on itself within `limit`, along a chain of
 * stabilizers as in bond_graph_automorphisms: the best permutation for each step of the chain.
 *
 * visit  in  called for each with its difference; stops at the first failure
 */
typedef covary_status matching_visit(void *context, const int32_t *image, double difference);
covary_status matching_self(matching *frames, int64_t i, double limit, matching_visit *visit,
                            void *context);

#endif
