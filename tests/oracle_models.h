/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Models of molecules whose properties are those of oracle.h: frames with exact labels in a file,
 * a model fitted to them, and its predictions one frame at a time with what their rounding is.
 */
#ifndef COVARY_TESTS_ORACLE_MODELS_H
#define COVARY_TESTS_ORACLE_MODELS_H

#include "model_support.h"
#include "oracle.h"

#include "model/prediction.h"

typedef struct {
    const char *name;
    int         n_atoms;
    uint8_t     species[ORACLE_MAX_ATOMS];
} oracle_molecule;

/* The labels that a file can have, as lists of properties for a configuration. */
#define ORACLE_DIPOLE         "{name: dipole, kind: vector, unit: none}"
#define ORACLE_POLARIZABILITY "{name: polarizability, kind: symmetric-tensor, unit: none}"
#define ORACLE_MOMENT         "{name: moment, kind: axial-vector, unit: none}"
#define ORACLE_GRADIENT       "{name: gradient, kind: tensor, unit: none}"
#define ORACLE_OCTUPOLE       "{name: octupole, kind: symmetric-tensor-3, unit: none}"
#define ORACLE_MIXED          "{name: mixed, kind: tensor-3, unit: none}"
#define ORACLE_HEXADECAPOLE   "{name: hexadecapole, kind: symmetric-tensor-4, unit: none}"

static inline void oracle_print(FILE *out, const char *key, int n, const double *values)
{
    fprintf(out, " %s=\"", key);
    for (int i = 0; i < n; i++) {
        fprintf(out, "%s%.17g", i == 0 ? "" : " ", values[i]);
    }
    fputs("\"", out);
}

static inline void oracle_write_frame(FILE *out, const oracle_molecule *of, const double *x)
{
    oracle_values values;

    oracle_evaluate(of->n_atoms, of->species, x, 0.0, &values);
    fprintf(out, "%d\nProperties=species:S:1:pos:R:3", of->n_atoms);
    oracle_print(out, "dipole", 3, values.dipole);
    oracle_print(out, "polarizability", 9, values.polarizability);
    oracle_print(out, "moment", 3, values.moment);
    oracle_print(out, "gradient", 9, values.gradient);
    oracle_print(out, "octupole", 27, values.octupole);
    oracle_print(out, "mixed", 27, values.mixed);
    oracle_print(out, "hexadecapole", 81, values.hexadecapole);
    fputs("\n", out);
    for (int atom = 0; atom < of->n_atoms; atom++) {
        fprintf(out, "%s %.17g %.17g %.17g\n", element_symbol(of->species[atom]), x[3 * atom],
                x[3 * atom + 1], x[3 * atom + 2]);
    }
}

/* Frames [n_frames][n_atoms][3] into a file of the scratch folder.  Collective. */
static inline void oracle_write(const char *path, const oracle_molecule *of, int n_frames,
                                const double *positions)
{
    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        for (int frame = 0; frame < n_frames; frame++) {
            oracle_write_frame(out, of, positions + 3 * of->n_atoms * frame);
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

/* A fit; `described` is the inside of the section representation, numbers are YAML too. Collective.
 */
static inline covary_model *oracle_fit(const char *train, const char *properties,
                                       const char *described, const char *length, const char *ridge)
{
    char           yaml[4096];
    covary_config *config = NULL;
    covary_model  *model = NULL;

    snprintf(yaml, sizeof yaml,
             "data: {train: ['%s']}\nproperties: [%s]\nrepresentation: {%s}\n"
             "kernel: {type: gaussian, length: %s}\nridge: %s\n",
             train, properties, described, length, ridge);
    assert_ok(config_parse_text("oracle", yaml, &config));
    assert_ok(covary_fit(test_run(), config, &model));
    covary_config_destroy(&config);
    return model;
}

/* Prediction of one frame for all properties, and its rounding. */
enum { ORACLE_MOST_PROPERTIES = 7 };

typedef struct {
    const covary_model *model;
    prediction         *into;
    double              margin;
    double              rounding[ORACLE_MOST_PROPERTIES]; /* eps (magnitude + 4 |y|) / margin */
    double              size[ORACLE_MOST_PROPERTIES];     /* |y| */
} oracle_prediction;

static inline oracle_prediction oracle_predictor(const covary_model *model)
{
    oracle_prediction made = {.model = model};

    assert_true(covary_model_n_properties(model) <= ORACLE_MOST_PROPERTIES);
    assert_ok(prediction_create(model, 1, &made.into));
    return made;
}

static inline double oracle_norm(int64_t n, const double *values)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        sum += values[i] * values[i];
    }
    return sqrt(sum);
}

static inline void oracle_predict(oracle_prediction *by, const double *positions)
{
    assert_ok(prediction_compute(by->model, 1, positions, by->into));
    by->margin = by->into->margin[0];
    for (int p = 0; p < covary_model_n_properties(by->model); p++) {
        by->size[p] = oracle_norm(covary_model_n_values(by->model, p), by->into->values[p]);
        const double rms = by->model->properties[p].loo.rms_reference;
        by->rounding[p] =
            DBL_EPSILON *
            (prediction_magnitude(by->model, p, 0, by->into) + 4.0 * fmax(rms, by->size[p])) /
            fmax(1e-3, by->margin);
    }
}

#endif
