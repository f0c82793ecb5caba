/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sets of the numbers below n that are joined two by two: a forest, in which the root of a set is
 * its smallest member (Galler and Fisher, Commun. ACM 7, 301 (1964), with paths halved).  Local.
 */
#ifndef COVARY_CORE_DISJOINT_SETS_H
#define COVARY_CORE_DISJOINT_SETS_H

#include <stdint.h>

/* parent [n]  out  every number is a set of its own */
void disjoint_sets_start(int64_t n, int64_t *parent);

/* The smallest member of the set. */
int64_t disjoint_sets_root(int64_t *parent, int64_t member);

void disjoint_sets_join(int64_t *parent, int64_t a, int64_t b);

/*
 * Give every number the number of its set in place of its parent, in the order of their smallest
 * members.  Returns how many sets there are.
 */
int64_t disjoint_sets_number(int64_t n, int64_t *parent);

#endif
