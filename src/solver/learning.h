/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors of one system that is learned from some of its frames, on others that it never saw.  All
 * functions are local.
 */
#ifndef COVARY_SOLVER_LEARNING_H
#define COVARY_SOLVER_LEARNING_H

#include "solver/selection.h"

typedef struct {
    const covariant_kernel *with;    /* the length is where the search begins */
    const selection_system *on;      /* frames and targets; borrowed, as is all here */
    const bool             *centred; /* [n_rows * n_columns] whose mean is learned apart */
    double                  ridge;   /* where the search begins */
    bool                    search;  /* length and ridge, anew on each subset */
} learning_system;

/* A random order of n frames, another one for every repeat.  Subsets are its beginnings: nested. */
covary_status learning_order(int64_t n, int repeat, int64_t *order);

/*
 * Learn from the first n_train frames of the order and test on the last n_test.
 *
 * mean_square  out  mean over the tested frames of the squared norm of the error; INFINITY: the
 *                   kernel matrix cannot be factored
 */
covary_status learning_error(const learning_system *of, const int64_t *order, int64_t n_train,
                             int64_t n_test, double *mean_square);

#endif
