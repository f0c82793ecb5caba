/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The variance of predictions, as of a Gaussian process with the covariance K + ridge I of labels,
 * in a low-rank form whose cost does not grow with the training set.
 *
 * m inducing frames u out of the training frames x carry the information of all labels, and what
 * they do not tell about a training frame makes its label noisy ("fully independent training
 * conditional"; Snelson and Ghahramani, Adv. Neural Inf. Process. Syst. 18, 1257 (2006);
 * Quinonero-Candela and Rasmussen, J. Mach. Learn. Res. 6, 1939 (2005), section 6), with whole
 * frames for single labels.  With L L^T = K_uu, v(t) = L^-1 K_ut, D(t) = K_tt - v^T v + ridge I and
 * B = I + sum_x v(x) D(x)^-1 v(x)^T, the covariance of the rows of frame t is
 *
 *   D(t) + P(t),  P(t) = v(t)^T B^-1 v(t):
 *
 * what the inducing frames do not tell about t, and what the labels do not tell about them.  With
 * all frames as inducing ones it is exact.  Without the label of training frame i it is
 *
 *   D(i) (D(i) - P(i))^-1 D(i) .
 *
 * All in units of the kernel: the amplitude of the process is the caller's.
 */
#ifndef COVARY_SOLVER_POSTERIOR_H
#define COVARY_SOLVER_POSTERIOR_H

#include "kernel/covariant.h"
#include "linalg/triangle.h"

/* The same on every rank. */
typedef struct {
    int64_t  n_frames;
    int64_t *frames;   /* [n_frames] of all training frames, in no order */
    double  *features; /* [n_frames][n_sites][dimension] */
    double  *tensors;  /* [n_frames][n_sites][n_rows][n_tensors], or NULL */
    int64_t  n;        /* n_frames n_rows */
    double  *prior;    /* [n (n + 1) / 2] the factor L of K_uu, row by row */
    double  *evidence; /* alike, of B */
} posterior_factors;

typedef struct {
    int64_t  most;      /* inducing frames, at least 1 */
    double   tolerance; /* stop when this much is left of the kernel's diagonal, on average */
    uint64_t seed;
} posterior_limits;

/*
 * Choose inducing frames as in solver/rpcholesky.h, and factor.  Work N n^2 / ranks, memory
 * N n / ranks for the choice and 2 n^2.  Collective; *out is to be released whatever the
 * outcome.
 *
 * COVARY_ERR_NUMERIC: a matrix that is not positive definite even with 1e-6 more on its diagonal.
 */
covary_status posterior_fit(covary_run *run, const covariant_kernel *with,
                            const covariant_panels *train, double ridge, posterior_limits limits,
                            posterior_factors *out);
void          posterior_factors_release(posterior_factors *released);

/* Ready to be evaluated: borrows the triangles, copies the rest; has scratch of its own. */
typedef struct posterior posterior;

covary_status posterior_create(const covariant_kernel *with, const covariant_frames *inducing,
                               const triangle *prior, const triangle *evidence, double ridge,
                               posterior **out);
void          posterior_destroy(posterior **released);

/*
 * blocks [n_frames][n_rows][n_rows] <- covariances of labels of these frames.  A block does not
 * depend on the other frames of the call, to the last bit.  Local.
 */
covary_status posterior_blocks(posterior *by, const covariant_frames *frames, double *blocks);

/*
 * The same without the label of each, of training frames.  A block is NAN where rounding hides it.
 * Local.
 */
covary_status posterior_leave_out(posterior *by, const covariant_frames *frames, double *blocks);

/*
 * One frame's block with n_frames inducing frames, in as many floating-point operations as the
 * engine of predictions does in its time.  Local.
 */
double posterior_flops(const covariant_kernel *with, int64_t n_frames);

#endif
