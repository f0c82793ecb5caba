/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Work, memory and messages of a fit, counted from sizes alone, before anything is done.
 *
 * Time is (Blackford et al., ScaLAPACK Users' Guide (SIAM, 1997), section 5.2, with kernel
 * evaluations and bytes from memory beside the products of matrices)
 *
 *   products / (efficiency dgemm) + kernels / engine + moved / memory bandwidth
 *     + messages latency + sent / network bandwidth,
 *
 * of the rank that has most.  Efficiencies are fractions of dgemm that the library reaches; they
 * were measured (tests/bench/plan.sh compares).  N = n_frames n_rows is the order of a system, P
 * the number of ranks on a grid of p x q, b the block.
 *
 * All functions are local, and their results depend on their arguments alone.
 */
#ifndef COVARY_MODEL_COST_H
#define COVARY_MODEL_COST_H

#include "linalg/factorization.h"
#include "model/machine.h"
#include "solver/precision.h"

/* A system of equations, or several with one matrix and their columns side by side. */
typedef struct {
    int64_t n_frames;
    int     n_rows, n_sites, train_sites; /* of a frame; see kernel/covariant.h */
    int64_t dimension, n_tensors, n_columns;
} cost_system;

/* How a solver is asked to work; 0: automatic, or as assumed. */
typedef struct {
    int64_t                  n_ranks;
    int64_t                  block;
    int                      grid_rows, grid_cols; /* unless their product is not n_ranks */
    const factorization_ops *factorization;        /* NULL: native */
    solver_precision         precision;            /* cholesky */
    int64_t                  rank;      /* iterative: of the preconditioner; cost_default_rank */
    double                   tolerance; /* iterative: cost_iterations */
    int64_t                  inducing;  /* low-rank: frames; cost_default_inducing */
    loo_effort               leave_one_out;
    int64_t                  memory; /* of a rank; iterative keeps kernel values in a third of it */
} cost_layout;

/* Of one rank. */
typedef struct {
    double products; /* floating-point operations in products of matrices */
    double kernels;  /* of kernel evaluations, see cost_pair */
    double moved;    /* bytes from and to memory */
    double messages; /* one after another */
    double sent;     /* bytes */
} work;

typedef enum {
    PHASE_READ,     /* read and describe the frames */
    PHASE_SEARCH,   /* the automatic choices */
    PHASE_SELECT,   /* iterative: partial Cholesky; low-rank: inducing frames */
    PHASE_ASSEMBLE, /* the kernel matrix */
    PHASE_FACTOR,   /* low-rank: with Phi */
    PHASE_SOLVE,    /* with recomputed residuals; iterative: all iterations */
    PHASE_LOO,      /* leave-one-out errors */
    PHASE_KEEP,     /* replicate and write the model */
    COST_N_PHASES
} cost_phase;

const char *cost_phase_name(cost_phase phase);

typedef struct {
    work    phases[COST_N_PHASES];
    int64_t matrix_bytes; /* of the matrix that is factored, or of the preconditioner */
    int64_t solver_bytes; /* all that the solver holds at once, with the matrix */
} cost_estimate;

enum { COST_ITERATIONS = 35, COST_EXP_FLOPS = 28 };

/*
 * Operations for one kernel value of two rows: the distance, the exponential, and n_outputs
 * products with weights.
 */
double cost_pair(int64_t dimension, int64_t n_outputs);

/*
 * Solving with a full factor: N^3 / 3 operations for it, as many for the inverse of the triangle
 * that exact leave-one-out errors need, N^2 for each probe and row of a sample; N / b steps, in
 * each of which strips of b columns travel along the rows and the columns of the grid, N^2 / 2 (1 /
 * p + 1 / q) numbers in all.  In mixed precision products take half of the time, N^2 r are added
 * for r rows that are eliminated, and there is a second refinement; where precision is automatic,
 * memory is that of double precision, which may be needed in the end.
 */
void cost_cholesky(const cost_system *of, const cost_layout *on, cost_estimate *out);

/*
 * Conjugate gradients, preconditioned by a partial Cholesky factor of rank r: 2 N r^2 operations
 * for it, and for each iteration all n_frames^2 pairs, half of them where both sides carry weights,
 * anew or as bytes of values that are kept, 4 N r operations a column, and an all-gather.
 * Leave-one-out errors take iterations to LOO_TOLERANCE for the columns of some frames, and one
 * with LOO_PROBES.
 */
void cost_iterative(const cost_system *of, const cost_layout *on, cost_estimate *out);

/* Inducing frames with m rows: 3 N m^2 + m^3 / 3 operations (solver/low_rank.c). */
void cost_low_rank(const cost_system *of, const cost_layout *on, cost_estimate *out);

/* 30 N^1/2, at most N: the rank with which 25 to 45 iterations do (tests/bench/iterative.sh). */
int64_t cost_default_rank(int64_t n);

/* 2.5 N^1/2, at most one row in MIXED_SHARE: those that mixed precision eliminates. */
int64_t cost_eliminated(int64_t n);

/* COST_ITERATIONS to a residual of 1e-6, and as many more for each digit more (tolerance 0: 1e-6).
 */
double cost_iterations(double tolerance);

/* A quarter of the frames, from 1000 to 10000, at most all. */
int64_t cost_default_inducing(int64_t n_frames);
int64_t cost_inducing(const cost_layout *on, int64_t n_frames); /* that, or as asked for */

/*
 * Do the indices of the factorization reach all elements that a rank has of the matrices?
 * COVARY_ERR_NUMERIC: as block_cyclic_check and block_cyclic_check_product.
 */
covary_status cost_check_cholesky(const cost_system *of, const cost_layout *on);
covary_status cost_check_low_rank(const cost_system *of, const cost_layout *on);

/* Process grid and block that the solver will use for the kernel matrix. */
void cost_grid(const cost_system *of, const cost_layout *on, int *n_rows, int *n_cols, int *block);

/* *to += count times `more`, phase by phase; memory is that of the larger one. */
void cost_add(cost_estimate *to, const cost_estimate *more);

/* Seconds of one phase, and of all. */
double cost_phase_seconds(const cost_estimate *of, cost_phase phase, const machine_rates *on);
double cost_seconds(const cost_estimate *of, const machine_rates *on);

#endif
