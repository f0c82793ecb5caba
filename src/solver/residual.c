/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The recomputed residual.  It goes through the prediction engine, so it also says whether the
 * model that will be used reproduces its own training targets.
 */
#include "solver/residual.h"

#include "core/memory.h"
#include "core/status.h"
#include "kernel/engine.h"

#include <math.h>

covary_status residual_create(covary_run *run, const kernel *of, double ridge,
                              const panel *features, const panel *targets, residual_check *out)
{
    *out = (residual_check){
        .run = run, .of = of, .ridge = ridge, .features = features, .targets = targets};
    return panel_replicate(features, &out->all_features);
}

void residual_release(residual_check *released)
{
    MEMORY_RELEASE(&released->all_features);
}

/* residual <- K W for the rows of this rank. */
static covary_status multiply_kernel(const residual_check *check, const double *all_weights,
                                     panel *residual)
{
    covary_status      status = COVARY_OK;
    engine            *with = NULL;
    const engine_group group = {
        .of = *check->of, .n_outputs = check->targets->width, .weights = all_weights};

    COVARY_TRY(engine_create(check->features->n_rows, check->features->width, check->all_features,
                             1, &group, &with));
    COVARY_TRY(
        engine_apply(with, check->features->n_local, check->features->data, residual->data, NULL));

done:
    engine_destroy(&with);
    return status;
}

/* A NaN must win over every number, which neither fmax nor MPI_MAX promises. */
static double larger_magnitude(double largest, double value)
{
    const double magnitude = isnan(value) ? INFINITY : fabs(value);

    return magnitude > largest ? magnitude : largest;
}

covary_status residual_compute(const residual_check *check, const panel *weights, panel *residual,
                               double *relative)
{
    covary_status status = COVARY_OK;
    double       *all_weights = NULL;
    const int64_t n_entries = residual->n_local * residual->width;
    double        largest[2] = {0.0, 0.0}; /* of the residual, of the targets */

    COVARY_TRY(panel_replicate(weights, &all_weights));
    COVARY_TRY_TOGETHER(check->run, "recomputed residual",
                        multiply_kernel(check, all_weights, residual));
    for (int64_t entry = 0; entry < n_entries; entry++) {
        const double target = check->targets->data[entry];

        residual->data[entry] =
            target - residual->data[entry] - check->ridge * weights->data[entry];
        largest[0] = larger_magnitude(largest[0], residual->data[entry]);
        largest[1] = larger_magnitude(largest[1], target);
    }
    MPI_Allreduce(MPI_IN_PLACE, largest, 2, MPI_DOUBLE, MPI_MAX, covary_run_comm(check->run));
    *relative = largest[1] > 0.0 ? largest[0] / largest[1] : largest[0];

done:
    MEMORY_RELEASE(&all_weights);
    return status;
}
