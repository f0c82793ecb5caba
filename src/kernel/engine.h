/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fused prediction engine: out = k(rows, training rows) x weights, a few pairs at a time, so
 * that kernel values never leave the registers and the first kilobytes of the cache.  Several
 * groups of outputs may have kernels of their own; they share one product of distances.
 */
#ifndef COVARY_KERNEL_ENGINE_H
#define COVARY_KERNEL_ENGINE_H

#include "kernel/kernel.h"

/*
 * In single precision rows, weights, distances and kernel values are floats, the sums over each
 * block of training points too; sums of blocks, rows and outputs of the calls are doubles.  The
 * error of an output is then within eps32 sum_i |w_i| kernel_rounding(of row and training row i),
 * that is, about 6e-8 of the sum of the absolute weights for centred features: whether that is
 * little depends on how much the weights cancel.  Features and weights up to 1e18.
 */
typedef enum { ENGINE_DOUBLE, ENGINE_SINGLE } engine_precision;

typedef struct engine engine;

typedef struct {
    kernel        of;
    int64_t       n_outputs;
    const double *weights; /* [n_train][n_outputs] */
} engine_group;

/*
 * train [n_train][dimension] and the weights are packed into storage of the engine.  Local.
 * COVARY_ERR_INTERNAL: nothing to predict from, or nothing to predict.
 */
covary_status engine_create(engine_precision precision, int64_t n_train, int64_t dimension,
                            const double *train, int n_groups, const engine_group *groups,
                            engine **out);

/* The same with a given version of the inner loops, for tests and measurements. */
struct microkernel;
covary_status engine_create_version(const struct microkernel *micro, int64_t n_train,
                                    int64_t dimension, const double *train, int n_groups,
                                    const engine_group *groups, engine **out);

void engine_destroy(engine **released);

/*
 * out [n_rows][sum of n_outputs], the groups' outputs side by side; nearest [n_rows] (or NULL) gets
 * the squared distance to the nearest training row (INFINITY for a row with NaN).  A row's result
 * does not depend on the other rows of the call, to the last bit.  The engine itself is only read.
 * Local.
 */
covary_status engine_apply(const engine *with, int64_t n_rows, const double *rows, double *out,
                           double *nearest);

/*
 * An engine without weights, for values alone; it takes rows as they come and does not centre them.
 * Local.  Errors of engine_create.
 */
covary_status engine_create_unweighted(int64_t n_train, int64_t dimension, const double *train,
                                       const kernel *of, engine **out);

/*
 * values [n_rows][n_train] <- k(row, training row) of such an engine.  The bits of a value depend
 * on its two rows alone.  Local.  COVARY_ERR_INTERNAL: an engine with weights.
 */
covary_status engine_values(const engine *unweighted, int64_t n_rows, const double *rows,
                            double *values);

/* The definition for one group, as a double loop, for tests. */
void engine_reference(int64_t n_train, int64_t dimension, const double *train,
                      const engine_group *group, int64_t n_rows, const double *rows, double *out);

#endif
