/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A liquid in a triclinic box: its molecules are predicted as if each were alone, whole or wrapped,
 * whatever else is in the box, on any number of ranks.   ranks: 1 2 3
 */
#include "model_support.h"

#include "annotation/annotation.h"

#include <inttypes.h>

enum { SIDE = 4, MOLECULES = SIDE * SIDE * SIDE, ATOMS = 8, FRAMES = 5, WATERS = 3 };
enum { BOX_ATOMS = MOLECULES * ATOMS + 3 * WATERS };

static const double cell[9] = {30.0, 0.0, 0.0, -7.0, 31.0, 0.0, 4.0, 8.0, 29.0};

/* How a box is written. */
typedef struct {
    const char *name;
    bool        wrapped;
    bool        waters;
    bool        mixed;   /* atoms of every molecule in another order */
    bool        swapped; /* of every other molecule two hydrogens of one carbon, too */
} writing;

static const int mixing[ATOMS] = {4, 0, 5, 2, 1, 6, 3, 7}; /* place k gets the model's atom */

/* Every molecule is a frame of the test data, turned, at a place of a grid. */
static void make_molecules(const frames *test, int frame, double *positions)
{
    test_random stream = {11u + (uint64_t)frame};

    for (int m = 0; m < MOLECULES; m++) {
        const int     n[3] = {m % SIDE, m / SIDE % SIDE, m / SIDE / SIDE};
        const double *from = frames_positions(test, (m + frame) % test->n_frames);
        double        turn[9];
        test_rotation(&stream, 0, turn);
        for (int a = 0; a < ATOMS; a++) {
            for (int k = 0; k < 3; k++) {
                double *to = positions + 3 * (m * ATOMS + a) + k;
                *to = 0.0;
                for (int j = 0; j < 3; j++) { /* around the first atom */
                    *to += turn[3 * k + j] * (from[3 * a + j] - from[j]);
                    *to += (n[j] + 0.5) / SIDE * cell[3 * j + k];
                }
            }
        }
    }
}

static void write_atom(FILE *out, const writing *how, test_random *stream, const char *symbol,
                       const double *position)
{
    double to[3];

    memcpy(to, position, sizeof to);
    for (int v = 0; v < 3 && how->wrapped; v++) {
        const double times = rint(3.0 * (test_uniform(stream) - 0.5));
        for (int k = 0; k < 3; k++) {
            to[k] += times * cell[3 * v + k];
        }
    }
    fprintf(out, "%s %.17g %.17g %.17g\n", symbol, to[0], to[1], to[2]);
}

static void write_waters(FILE *out, const writing *how, test_random *stream)
{
    static const double water[9] = {0, 0, 0, 0, 0.757, 0.586, 0, -0.757, 0.586};

    for (int i = 0; i < 3 * WATERS; i++) { /* between the planes of the grid */
        const double at[3] = {water[3 * (i % 3)] + 7.5 * (i / 3), water[3 * (i % 3) + 1],
                              water[3 * (i % 3) + 2]};
        write_atom(out, how, stream, i % 3 == 0 ? "O" : "H", at);
    }
}

static const char *write_box(const frames *test, const writing *how)
{
    const char *path = scratch_path(how->name);
    test_random stream = {5};
    double      positions[3 * MOLECULES * ATOMS];

    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        for (int frame = 0; frame < FRAMES; frame++) {
            fprintf(out, "%d\nLattice=\"", MOLECULES * ATOMS + (how->waters ? 3 * WATERS : 0));
            for (int i = 0; i < 9; i++) {
                fprintf(out, " %g", cell[i]);
            }
            fprintf(out, "\" Properties=species:S:1:pos:R:3\n");
            make_molecules(test, frame, positions);
            for (int i = 0; i < MOLECULES * ATOMS; i++) {
                const bool swap = how->swapped && i / ATOMS % 2 == 1;
                int        a = how->mixed ? mixing[i % ATOMS] : i % ATOMS;
                a = swap && (a == 4 || a == 5) ? 9 - a : a;
                write_atom(out, how, &stream, element_symbol(test->species[a]),
                           positions + 3 * (i / ATOMS * ATOMS + a));
            }
            if (how->waters) {
                write_waters(out, how, &stream);
            }
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

static covary_model *small_model(const char *symmetry)
{
    const model_recipe recipe = {.train = first_frames("dce_train.xyz", 20, 8),
                                 .descriptor = "inverse-distances",
                                 .basis = "gram",
                                 .symmetry = symmetry};

    return recipe_fit(test_run(), &recipe);
}

static annotation *annotate(const covary_model *model, const char *path, int64_t batch)
{
    const char                   *output = scratch_path("box.h5");
    const covary_annotate_options options = {
        .input = {.molecules = COVARY_MOLECULES_AUTO}, .positions = true, .batch = batch};
    annotation *file = NULL;

    assert_ok(covary_annotate(test_run(), model, &path, 1, &options, output));
    assert_ok(annotation_open(test_run(), output, &file));
    return file;
}

/* Each molecule against its prediction alone: to the bit, or within `tolerance` of the largest. */
static void expect_molecules(const annotation *file, const covary_model *model, const frames *test,
                             double tolerance)
{
    static double positions[3 * MOLECULES * ATOMS], values[9 * MOLECULES], alone[9 * MOLECULES];
    uint8_t       flags[MOLECULES];

    assert_int_equal(annotation_n_frames(file), FRAMES);
    assert_int_equal(annotation_n_molecules(file), MOLECULES);
    assert_int_equal(annotation_molecule_atoms(file), ATOMS);
    for (int frame = 0; frame < FRAMES; frame++) {
        make_molecules(test, frame, positions);
        assert_ok(annotation_read_flags(file, frame, 1, flags));
        for (int p = 0; p < 2; p++) {
            const char   *name = covary_model_property_name(model, p);
            const int64_t n = covary_model_n_values(model, p);
            char          total_name[64];
            double        total[9], sum[9] = {0}, *wanted[2] = {NULL, NULL};
            wanted[p] = alone;
            snprintf(total_name, sizeof total_name, "%s_total", name);
            assert_ok(covary_model_predict(model, MOLECULES, positions, wanted, NULL));
            assert_ok(annotation_read_values(file, annotation_find(file, name), frame, 1, values));
            assert_ok(
                annotation_read_values(file, annotation_find(file, total_name), frame, 1, total));
            for (int64_t i = 0; i < MOLECULES * n; i++) {
                assert_near(values[i], alone[i], tolerance * (1.0 + fabs(alone[i])));
                sum[i % n] += values[i];
            }
            assert_memory_equal(total, sum, (size_t)n * sizeof *sum);
        }
    }
}

/* Positions go through text of 17 digits, so even the bits are the same. */
static void unwrapped_molecules_are_predicted_as_if_alone(void **state)
{
    frames       *test = read_all(first_frames("dce_test.xyz", 30, 8), NULL, 0);
    covary_model *model = small_model("none");
    const char   *path = write_box(test, &(writing){.name = "whole.xyz"});

    (void)state;
    for (int64_t batch = 0; batch <= 2; batch++) {
        annotation *file = annotate(model, path, batch);
        expect_molecules(file, model, test, 0.0);
        for (int64_t i = 0; i < MOLECULES * ATOMS; i++) {
            assert_int_equal(annotation_molecules(file)[i], i);
        }
        annotation_close(&file);
    }
    covary_model_destroy(&model);
    frames_destroy(&test);
}

static void wrapped_molecules_have_the_same_answers(void **state)
{
    frames       *test = read_all(first_frames("dce_test.xyz", 30, 8), NULL, 0);
    covary_model *model = small_model("none");
    const writing how = {.name = "wrapped.xyz", .wrapped = true, .waters = true};
    annotation   *file = annotate(model, write_box(test, &how), 0);

    (void)state;
    assert_int_equal(annotation_n_atoms(file), BOX_ATOMS);
    expect_molecules(file, model, test, 1e-9);
    annotation_close(&file);
    covary_model_destroy(&model);
    frames_destroy(&test);
}

/* With the symmetry of the model any order that keeps bonds has the same answers. */
static void atoms_may_be_in_another_order(void **state)
{
    frames       *test = read_all(first_frames("dce_test.xyz", 30, 8), NULL, 0);
    covary_model *model = small_model("auto");
    const writing how = {.name = "mixed.xyz", .wrapped = true, .mixed = true, .swapped = true};
    annotation   *file = annotate(model, write_box(test, &how), 0);

    (void)state;
    for (int64_t i = 0; i < MOLECULES * ATOMS; i++) {
        const int64_t atom = annotation_molecules(file)[i];
        assert_int_equal(atom / ATOMS, i / ATOMS);
        assert_int_equal(test->species[mixing[atom % ATOMS]], test->species[i % ATOMS]);
    }
    expect_molecules(file, model, test, 1e-9);
    annotation_close(&file);
    covary_model_destroy(&model);
    frames_destroy(&test);
}

/* Boxes without the molecule, labels of boxes, and boxes that are not said to be ones. */
static void what_does_not_fit_is_refused(void **state)
{
    frames                 *test = read_all(first_frames("dce_test.xyz", 30, 8), NULL, 0);
    covary_model           *model = small_model("none");
    const char             *box = write_box(test, &(writing){.name = "box.xyz"});
    const char             *ammonia = first_frames("nh3_test.xyz", 3, 4);
    const char             *output = scratch_path("refused.h5");
    covary_annotate_options options = {.input = {.molecules = COVARY_MOLECULES_AUTO}};
    covary_evaluation      *evaluation = NULL;

    (void)state;
    assert_int_equal(covary_annotate(test_run(), model, &ammonia, 1, &options, output),
                     COVARY_ERR_DATA);
    assert_message(
        "none of the molecules is the model's (C2H4Cl2); by their bonds there are 1 H3N");
    assert_message("--molecules none");
    assert_int_equal(covary_evaluate(test_run(), model, &box, 1, &options.input, &evaluation),
                     COVARY_ERR_USAGE);
    assert_message("no labels");
    options.input.molecules = COVARY_MOLECULES_NONE;
    assert_int_equal(covary_annotate(test_run(), model, &box, 1, &options, output),
                     COVARY_ERR_DATA);
    assert_message("--molecules auto");
    covary_model_destroy(&model);
    frames_destroy(&test);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(unwrapped_molecules_are_predicted_as_if_alone),
    cmocka_unit_test(wrapped_molecules_have_the_same_answers),
    cmocka_unit_test(atoms_may_be_in_another_order),
    cmocka_unit_test(what_does_not_fit_is_refused),
};

TEST_MAIN(cases)
