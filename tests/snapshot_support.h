/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Comparing models of many ranks with the same fit on one: what was chosen must be the same to the
 * last bit, what was solved the same to rounding.
 */
#ifndef COVARY_TESTS_SNAPSHOT_SUPPORT_H
#define COVARY_TESTS_SNAPSHOT_SUPPORT_H

#include "model_support.h"
#include "ridge_support.h"

enum { SNAPSHOT_SYSTEMS = 16, SNAPSHOT_PROPERTIES = 2 };

/* One linear system of a model, with the representation that it is learned in. */
typedef struct {
    char    choices[256]; /* names and bits of all that was chosen */
    double  likelihood;
    int64_t n_weights;
    double *weights;
} system_snapshot;

typedef struct {
    double  loo;
    int64_t n_values;
    double *values;     /* [n_values] of all test frames */
    double *magnitudes; /* [n_frames] */
} property_snapshot;

/* What is compared of a model: everything that predictions and reports are made of. */
typedef struct {
    int64_t           n_frames, n_features;
    double           *features; /* of all representations, with their margin and distance */
    int               n_systems, n_properties;
    system_snapshot   systems[SNAPSHOT_SYSTEMS];
    property_snapshot properties[SNAPSHOT_PROPERTIES];
} snapshot;

static inline int64_t n_train_features(const representation *in)
{
    return in->n_train * representation_train_sites(in) * in->features->dimension;
}

static inline void snapshot_features(const covary_model *model, snapshot *of)
{
    int64_t at = 0;

    for (int r = 0; r < model->n_representations; r++) {
        of->n_features += n_train_features(model->representations[r]) + 2;
    }
    of->features = test_numbers(of->n_features);
    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];

        of->features[at++] = in->train_margin;
        of->features[at++] = in->train_distance;
        memcpy(of->features + at, in->train, (size_t)n_train_features(in) * sizeof(double));
        at += n_train_features(in);
    }
}

static inline system_snapshot snapshot_system(const covary_model *model, const model_part *part,
                                              const linear_system *system)
{
    const representation *in = model->representations[part->representation];
    system_snapshot       of = {.likelihood = system->log_likelihood};
    char                 *at = of.choices, *end = of.choices + sizeof of.choices;

    of.n_weights =
        in->n_train * representation_train_sites(in) * system->n_columns * system->n_tensors;
    of.weights = test_numbers(of.n_weights);
    memcpy(of.weights, system->weights, (size_t)of.n_weights * sizeof(double));
    at += snprintf(at, (size_t)(end - at), "%s %s %a %a %d %d", in->basis, in->scaling,
                   system->of.length, system->ridge, in->n_sites, (int)in->one_sided);
    at += snprintf(at, (size_t)(end - at), " %s %d rows %d", system->of.name,
                   (int)system->n_columns, system->n_rows);
    for (int d = 0; d < in->features->n_ops; d++) {
        at += snprintf(at, (size_t)(end - at), " %s", in->features->ops[d]->name);
    }
    assert_true(at < end);
    return of;
}

static inline snapshot snapshot_take(const covary_model *model, const frames *test)
{
    snapshot of = {.n_frames = test->n_frames, .n_properties = model->n_properties};

    assert_true(of.n_properties <= SNAPSHOT_PROPERTIES);
    snapshot_features(model, &of);
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *from = &model->properties[p];
        property_snapshot    *to = &of.properties[p];

        for (int k = 0; k < from->n_parts; k++) {
            for (int s = 0; s < from->parts[k].n_systems; s++) {
                assert_true(of.n_systems < SNAPSHOT_SYSTEMS);
                of.systems[of.n_systems++] =
                    snapshot_system(model, &from->parts[k], &from->parts[k].systems[s]);
            }
        }
        to->loo = from->loo.rmse;
        to->n_values = of.n_frames * covary_model_n_values(model, p);
        to->values = predict_one(model, p, of.n_frames, test->positions, NULL);
        to->magnitudes = test_numbers(of.n_frames);
        for (int64_t frame = 0; frame < of.n_frames; frame++) {
            to->magnitudes[frame] = magnitude_of(model, p, frames_positions(test, frame));
        }
    }
    return of;
}

static inline void snapshot_release(snapshot *of)
{
    free(of->features);
    for (int s = 0; s < of->n_systems; s++) {
        free(of->systems[s].weights);
    }
    for (int p = 0; p < of->n_properties; p++) {
        free(of->properties[p].values);
        free(of->properties[p].magnitudes);
    }
}

/* A copy in which the numbers are still to come. */
static inline snapshot snapshot_shaped_like(const snapshot *like)
{
    snapshot of = *like;

    of.features = test_numbers(of.n_features);
    for (int s = 0; s < of.n_systems; s++) {
        of.systems[s].weights = test_numbers(of.systems[s].n_weights);
    }
    for (int p = 0; p < of.n_properties; p++) {
        of.properties[p].values = test_numbers(of.properties[p].n_values);
        of.properties[p].magnitudes = test_numbers(of.n_frames);
    }
    return of;
}

static inline void from_first_rank(double *numbers, int64_t count)
{
    MPI_Bcast(numbers, (int)count, MPI_DOUBLE, 0, covary_run_comm(test_run()));
}

/* Rank 0's snapshot goes to all, whose own have the same shape (or the ranks chose differently). */
static inline void snapshot_spread(snapshot *of)
{
    int64_t shape[3] = {of->n_systems, of->n_features, of->n_properties}, first[3];

    memcpy(first, shape, sizeof first);
    MPI_Bcast(first, 3, MPI_INT64_T, 0, covary_run_comm(test_run()));
    assert_memory_equal(shape, first, sizeof shape);
    from_first_rank(of->features, of->n_features);
    for (int s = 0; s < of->n_systems; s++) {
        int64_t n = of->systems[s].n_weights;

        MPI_Bcast(&n, 1, MPI_INT64_T, 0, covary_run_comm(test_run()));
        assert_int_equal(n, of->systems[s].n_weights);
        MPI_Bcast(of->systems[s].choices, sizeof of->systems[s].choices, MPI_CHAR, 0,
                  covary_run_comm(test_run()));
        from_first_rank(&of->systems[s].likelihood, 1);
        from_first_rank(of->systems[s].weights, n);
    }
    for (int p = 0; p < of->n_properties; p++) {
        from_first_rank(&of->properties[p].loo, 1);
        from_first_rank(of->properties[p].values, of->properties[p].n_values);
        from_first_rank(of->properties[p].magnitudes, of->n_frames);
    }
}

/* The fit on rank 0 alone, sent to all; `like` gives the sizes. */
static inline snapshot snapshot_alone(const model_recipe *recipe, const frames *test,
                                      const snapshot *like)
{
    snapshot      of;
    covary_run   *run = NULL;
    covary_model *model = NULL;

    if (covary_run_rank(test_run()) == 0) {
        run = run_alone();
        model = recipe_fit(run, recipe);
        of = snapshot_take(model, test);
        covary_model_destroy(&model);
        covary_run_destroy(&run);
    } else {
        of = snapshot_shaped_like(like);
    }
    snapshot_spread(&of);
    return of;
}

static inline void expect_numbers(const double *got, const double *expected, int64_t count,
                                  double relative)
{
    const double tolerance = relative * largest_magnitude(count, expected);

    for (int64_t i = 0; i < count; i++) {
        assert_near(got[i], expected[i], tolerance);
    }
}

/* Representations with their features, hyperparameters: the same to the last bit. */
static inline void expect_same_choices(const snapshot *here, const snapshot *alone)
{
    assert_int_equal(here->n_systems, alone->n_systems);
    assert_int_equal(here->n_features, alone->n_features);
    assert_true(
        memcmp(here->features, alone->features, (size_t)here->n_features * sizeof(double)) == 0);
    for (int s = 0; s < here->n_systems; s++) {
        assert_string_equal(here->systems[s].choices, alone->systems[s].choices);
    }
}

static inline void expect_same_solutions(const snapshot *here, const snapshot *alone,
                                         double of_weights)
{
    for (int s = 0; s < here->n_systems; s++) {
        const system_snapshot *a = &here->systems[s], *b = &alone->systems[s];

        assert_near(a->likelihood, b->likelihood, of_weights * fabs(b->likelihood));
        expect_numbers(a->weights, b->weights, b->n_weights, of_weights);
    }
    for (int p = 0; p < here->n_properties; p++) {
        const double loo = alone->properties[p].loo;

        assert_near(here->properties[p].loo, loo, of_weights * loo);
    }
}

/* Predictions to the rounding of their sums, `factor` eps of the magnitude of each frame. */
static inline void expect_values_to_rounding(const snapshot *here, const snapshot *alone,
                                             double factor)
{
    for (int p = 0; p < here->n_properties; p++) {
        const property_snapshot *a = &here->properties[p], *b = &alone->properties[p];
        const int64_t            width = b->n_values / here->n_frames;

        for (int64_t v = 0; v < b->n_values; v++) {
            assert_near(a->values[v], b->values[v],
                        factor * DBL_EPSILON * b->magnitudes[v / width]);
        }
    }
}

#endif
