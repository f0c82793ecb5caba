/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signs that make J(s) = sum_ij s_i s_j P_ij small, with a spanning tree of frames alike: its edges
 * give the start, its branches the groups whose signs are changed together.  Private to src/solver.
 * All functions are local.
 */
#ifndef COVARY_SOLVER_SIGN_TREE_H
#define COVARY_SOLVER_SIGN_TREE_H

#include <covary/status.h>
#include <stdint.h>

typedef struct {
    int64_t  n;
    int32_t *parent; /* [n] of each frame; -1 for the root, frame 0 */
    int32_t *order;  /* [n] frames, parents before their children */
    int32_t *common; /* [n][n] the nearest common ancestor of two frames */
    double  *field;  /* [n] sum_{j not i} P_ij s_j */
    double  *within; /* [n] scratch of the branches */
    double  *across; /* [n] */
} sign_tree;

/*
 * The largest spanning tree of |similarity_ij| over the larger of the two diagonal elements;
 * similarity [n][n], symmetric.  Release also after a failure.
 */
covary_status sign_tree_create(int64_t n, const double *similarity, sign_tree *out);
void          sign_tree_release(sign_tree *released);

/* signs [n]: the similarity along every edge becomes positive; 1 at the root. */
void sign_tree_start(const sign_tree *tree, const double *similarity, double *signs);

/*
 * Change signs, one by one and by branches, as long as J falls; then all, if the first one is -1.
 * p [n][n], symmetric.
 */
void sign_tree_descend(sign_tree *tree, const double *p, double *signs);

#endif
