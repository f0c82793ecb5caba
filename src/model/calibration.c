/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts of errors within intervals. */
#include "model/calibration.h"

#include <math.h>
#include <mpi.h>

static const double widths[CALIBRATION_LEVELS] = {
    0.25, 0.5, 0.75, [CALIBRATION_68] = 1.0, 1.25, 1.5, 1.75, [CALIBRATION_95] = 1.959963984540054,
    2.25, 2.5, 3.0};

double calibration_width(int level)
{
    return widths[level];
}

double calibration_nominal(int level)
{
    return erf(widths[level] * sqrt(0.5));
}

double calibration_observed(const calibration *of, int level)
{
    return of->n > 0.0 ? of->within[level] / of->n : NAN;
}

void calibration_add(calibration *to, double weight, double error, double deviation)
{
    if (!(error != 0.0)) {
        return;
    }
    to->n += weight;
    for (int level = 0; level < CALIBRATION_LEVELS; level++) {
        to->within[level] += fabs(error) <= widths[level] * deviation ? weight : 0.0;
    }
}

void calibration_merge(covary_run *run, calibration *of)
{
    double sums[1 + CALIBRATION_LEVELS] = {of->n};

    for (int level = 0; level < CALIBRATION_LEVELS; level++) {
        sums[1 + level] = of->within[level];
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, 1 + CALIBRATION_LEVELS, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(run));
    of->n = sums[0];
    for (int level = 0; level < CALIBRATION_LEVELS; level++) {
        of->within[level] = sums[1 + level];
    }
}
