/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of models share: configurations in a line, small training files, frames in memory,
 * and the turning of values by plain loops, which owes nothing to src/property.
 */
#ifndef COVARY_TESTS_MODEL_SUPPORT_H
#define COVARY_TESTS_MODEL_SUPPORT_H

#include "support.h"

#include "model/prediction.h"
#include "trajectory/elements.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Members left NULL or 0 get the default that is written beside them. */
typedef struct {
    const char *train;
    const char *properties;   /* YAML list; dipole and polarizability of the test data */
    const char *basis;        /* eckart */
    const char *handedness;   /* improper */
    const char *signs;        /* matched */
    const char *weights;      /* auto */
    const char *reference;    /* auto */
    const char *n_references; /* 1 */
    const char *symmetry;     /* none; a permutation in cycle notation goes in quotes */
    const char *descriptor;   /* cartesians, distances */
    const char *scaling;      /* standardize */
    const char *kernel;       /* gaussian */
    const char *length;       /* 6 */
    const char *ridge;        /* 1e-2 */
    const char *rest;         /* further lines */
} model_recipe;

/* One representation and one kernel function: nothing is chosen but what a recipe leaves auto. */

#define DIPOLE         "{name: dipole, kind: vector, unit: e*bohr}"
#define POLARIZABILITY "{name: polarizability, kind: symmetric-tensor, unit: bohr^3}"

static inline covary_config *recipe_config(const model_recipe *from)
{
    char           yaml[4096];
    covary_config *config = NULL;

#define GIVEN_OR(member, preset) (from->member != NULL ? from->member : (preset))
    snprintf(yaml, sizeof yaml,
             "data: {train: ['%s']}\n"
             "properties: [%s]\n"
             "representation: {basis: %s, axes: %s, signs: %s, weights: %s, "
             "reference: '%s', references: %s, descriptor: [%s], scaling: %s, symmetry: %s}\n"
             "kernel: {type: %s, length: %s}\n"
             "ridge: %s\n%s",
             from->train, GIVEN_OR(properties, DIPOLE ", " POLARIZABILITY),
             GIVEN_OR(basis, "eckart"), GIVEN_OR(handedness, "improper"),
             GIVEN_OR(signs, "matched"), GIVEN_OR(weights, "auto"), GIVEN_OR(reference, "auto"),
             GIVEN_OR(n_references, "1"), GIVEN_OR(descriptor, "cartesians, distances"),
             GIVEN_OR(scaling, "standardize"), GIVEN_OR(symmetry, "none"),
             GIVEN_OR(kernel, "gaussian"), GIVEN_OR(length, "6"), GIVEN_OR(ridge, "1e-2"),
             GIVEN_OR(rest, ""));
#undef GIVEN_OR
    assert_ok(config_parse_text("recipe", yaml, &config));
    return config;
}

static inline covary_model *recipe_fit(covary_run *run, const model_recipe *from)
{
    covary_config *config = recipe_config(from);
    covary_model  *model = NULL;

    assert_ok(covary_fit(run, config, &model));
    covary_config_destroy(&config);
    return model;
}

static inline covary_run *run_alone(void)
{
    const covary_run_options options = {.verbosity = COVARY_QUIET};
    covary_run              *run = NULL;

    assert_ok(covary_run_create(MPI_COMM_SELF, &options, &run));
    return run;
}

/* The first n_frames frames of n_atoms atoms of a file of the test data.  Collective. */
static inline const char *first_frames(const char *name, int64_t n_frames, int64_t n_atoms)
{
    const char *from = test_data(name), *to = scratch_path(name);

    if (covary_run_rank(test_run()) == 0) {
        FILE *in = fopen(from, "r"), *out = fopen(to, "w");
        char  line[2048];

        assert_non_null(in);
        assert_non_null(out);
        for (int64_t i = 0; i < n_frames * (n_atoms + 2); i++) {
            assert_non_null(fgets(line, sizeof line, in));
            fputs(line, out);
        }
        fclose(in);
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return to;
}

/* All frames of a file on this rank alone, with up to two labels; release with frames_destroy. */
static inline frames *read_all(const char *path, const label_request *requests, int n_requests)
{
    covary_run *run = run_alone();
    trajectory *from = NULL;
    frames     *batch = NULL;

    assert_ok(trajectory_open(run, &path, 1,
                              &(trajectory_options){.requests = requests, .n_requests = n_requests},
                              &from));
    assert_ok(frames_create(trajectory_n_frames(from),
                            trajectory_n_frames(from) * trajectory_max_atoms(from), &batch));
    assert_ok(trajectory_read(from, 0, trajectory_n_frames(from), batch));
    trajectory_close(&from);
    covary_run_destroy(&run);
    return batch;
}

static inline double determinant3(const double m[9])
{
    return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
           m[2] * (m[3] * m[7] - m[4] * m[6]);
}

/* One value of a kind under x -> turn x, from the definition of a (pseudo)tensor. */
static inline void turn_value(const property_kind *kind, const double turn[9], const double *from,
                              double *to)
{
    const double sign = kind->axial ? determinant3(turn) : 1.0;

    for (int c = 0; c < kind->n_values; c++) {
        to[c] = 0.0;
        for (int d = 0; d < kind->n_values; d++) {
            double product = sign;
            for (int k = 0, i = c, j = d; k < kind->rank; k++, i /= 3, j /= 3) {
                product *= turn[3 * (i % 3) + j % 3];
            }
            to[c] += product * from[d];
        }
    }
}

static inline void move_atoms(int64_t n_atoms, const double turn[9], const double shift[3],
                              const double *from, double *to)
{
    for (int64_t i = 0; i < 3 * n_atoms; i++) {
        const double *row = turn + 3 * (i % 3), *x = from + i / 3 * 3;

        to[i] = shift[i % 3] + row[0] * x[0] + row[1] * x[1] + row[2] * x[2];
    }
}

/* Predictions of property p; the caller frees them. */
static inline double *predict_one(const covary_model *model, int p, int64_t n_frames,
                                  const double *positions, double *margin)
{
    double **values = calloc((size_t)covary_model_n_properties(model), sizeof *values);
    double  *made = calloc((size_t)(n_frames * covary_model_n_values(model, p)), sizeof *made);

    assert_non_null(values);
    assert_non_null(made);
    values[p] = made;
    assert_ok(covary_model_predict(model, n_frames, positions, values, margin));
    free(values);
    return made;
}

/* What the rounding of sums is measured by for one frame, see prediction.h. */
static inline double magnitude_of(const covary_model *model, int p, const double *positions)
{
    prediction *batch = NULL;
    double      magnitude;

    assert_ok(prediction_create(model, 1, &batch));
    assert_ok(prediction_compute(model, 1, positions, batch));
    magnitude = prediction_magnitude(model, p, 0, batch);
    prediction_destroy(&batch);
    return magnitude;
}

/*
 * The largest |turn y(X) - y(turn X + shift)| over the frames, each with an operation of its own,
 * and its largest ratio to 4 eps (|Phi| |weights|_1 + 2 |y|), which rounding explains while the
 * axes are well determined: the sum over the training frames, and the turning of the value itself.
 */
typedef struct {
    double deviation, ratio;
    double margin; /* the smallest */
} covariance;

static inline void compare_turned(const covary_model *model, int p, const double turn[9],
                                  double magnitude, const double *before, const double *after,
                                  covariance *found)
{
    const property_kind *kind = model->properties[p].of->kind;
    double               expected[KIND_MAX_VALUES];

    for (int64_t item = 0; item < covary_model_n_values(model, p); item += kind->n_values) {
        double error = 0.0, size = 0.0;

        turn_value(kind, turn, before + item, expected);
        for (int c = 0; c < kind->n_values; c++) {
            error += (after[item + c] - expected[c]) * (after[item + c] - expected[c]);
            size += expected[c] * expected[c];
        }
        const double scale = magnitude + 2.0 * sqrt(size);

        found->deviation = fmax(found->deviation, sqrt(error));
        found->ratio = fmax(found->ratio, sqrt(error) / (4.0 * DBL_EPSILON * scale + DBL_MIN));
    }
}

static inline covariance measure_covariance(const covary_model *model, int p, int improper,
                                            int64_t n_frames, const double *positions,
                                            uint64_t seed)
{
    const int64_t n_atoms = model->about.n_atoms, stride = 3 * n_atoms;
    test_random   stream = {seed};
    covariance    found = {.margin = 1.0};
    double        turn[9], shift[3], margin;
    double       *moved = calloc((size_t)stride, sizeof *moved);

    assert_non_null(moved);
    for (int64_t frame = 0; frame < n_frames; frame++) {
        const double *x = positions + frame * stride;

        test_rotation(&stream, improper, turn);
        for (int k = 0; k < 3; k++) {
            shift[k] = test_normal(&stream);
        }
        move_atoms(n_atoms, turn, shift, x, moved);
        double *before = predict_one(model, p, 1, x, &margin);
        double *after = predict_one(model, p, 1, moved, NULL);

        compare_turned(model, p, turn, magnitude_of(model, p, moved), before, after, &found);
        found.margin = fmin(found.margin, margin);
        free(after);
        free(before);
    }
    free(moved);
    return found;
}

#endif
