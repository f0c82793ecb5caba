/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often errors stay within so many predicted standard deviations, against how often those of a
 * normal distribution do: the calibration curve.
 */
#ifndef COVARY_MODEL_CALIBRATION_H
#define COVARY_MODEL_CALIBRATION_H

#include <covary/run.h>

/* CALIBRATION_68: within one standard deviation; CALIBRATION_95: within 1.96. */
enum { CALIBRATION_68 = 3, CALIBRATION_95 = 7, CALIBRATION_LEVELS = 11 };

/* Sums of weights: of all errors, and of those within each interval.  Zeros: none. */
typedef struct {
    double n, within[CALIBRATION_LEVELS];
} calibration;

/* Half the width of an interval, in standard deviations, and the part of errors it is to hold. */
double calibration_width(int level);
double calibration_nominal(int level);

/* The part that it does hold; NAN without errors. */
double calibration_observed(const calibration *of, int level);

/*
 * Add an error of this size where `deviation` was predicted.  An error of exactly 0 is of a
 * component that symmetry forbids, and tells nothing.
 */
void calibration_add(calibration *to, double weight, double error, double deviation);

/* Sum over all ranks.  Collective. */
void calibration_merge(covary_run *run, calibration *of);

#endif
