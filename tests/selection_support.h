/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the selection share: a choice for a training set, and its error by refits. */
#ifndef COVARY_TESTS_SELECTION_SUPPORT_H
#define COVARY_TESTS_SELECTION_SUPPORT_H

#include "ridge_support.h"

#include "solver/selection.h"

static inline covary_status choose_by(selection_rule rule, covary_run *run, const training_set *set,
                                      const char *type, int64_t max_frames, int n_properties,
                                      selection_target *properties)
{
    const kernel           of = kernel_named(type, 2, NAN);
    const covariant_kernel with = training_kernel(set, &of);
    const selection_limits limits = {.max_frames = max_frames, .max_rows = 1000};
    training_panels        panels = panels_of(run, set);
    covary_status status = select_hyperparameters(run, &with, &panels.train, panels.targets, limits,
                                                  rule, HYPER_FULL, n_properties, properties);

    panels_release(&panels);
    return status;
}

static inline covary_status choose_on(covary_run *run, const training_set *set, const char *type,
                                      int64_t max_frames, int n_properties,
                                      selection_target *properties)
{
    return choose_by((selection_rule){.by = SELECTION_LEAVE_ONE_OUT}, run, set, type, max_frames,
                     n_properties, properties);
}

static inline covary_status choose(const training_set *set, const char *type, int64_t max_frames,
                                   int n_properties, selection_target *properties)
{
    return choose_on(test_run(), set, type, max_frames, n_properties, properties);
}

/* sqrt(mean over frames of the squared norm) over the columns of a property, by refits. */
static inline double rmse_by_refits(const training_set *set, const char *type,
                                    const selection_target *property)
{
    const kernel of = kernel_named(type, 2, property->length);
    double      *loo = test_numbers(set->n * set->n_rows * set->width);
    double       sum = 0.0;

    leave_out_each(set, &of, property->ridge, loo);
    for (int64_t row = 0; row < set->n * set->n_rows; row++) {
        for (int64_t col = property->first; col < property->first + property->count; col++) {
            sum += loo[row * set->width + col] * loo[row * set->width + col];
        }
    }
    free(loo);
    return sqrt(sum / (double)set->n);
}

static inline double sigma_of(const training_set *set)
{
    double variance = 0.0;

    for (int64_t col = 0; col < set->dimension; col++) {
        double mean = 0.0, square = 0.0;

        for (int64_t row = 0; row < set->n; row++) {
            mean += set->rows[row * set->dimension + col] / (double)set->n;
        }
        for (int64_t row = 0; row < set->n; row++) {
            square += pow(set->rows[row * set->dimension + col] - mean, 2.0) / (double)set->n;
        }
        variance += square;
    }
    return sqrt(variance);
}

#endif
