/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Labels whose behaviour is known exactly (oracle.h) for molecules of every shape: atom, diatomic,
 * line, plane, space.  Every kind of property is learned, turns with the molecule and obeys the
 * molecule's symmetry; an ion's dipole moves with its origin as electrostatics says.   ranks: 1 3
 */
#include "model_support.h"
#include "molecules.h"
#include "oracle.h"

enum { TRAIN = 60, TEST = 12, ALL = TRAIN + TEST };

static const char every_kind[] =
    "{name: dipole, kind: vector, unit: debye}, "
    "{name: polarizability, kind: symmetric-tensor, unit: angstrom^3}, "
    "{name: moment, kind: axial-vector, unit: none}, "
    "{name: gradient, kind: tensor, unit: none}, "
    "{name: forces, kind: vector, unit: eV/angstrom, per_atom: true}";

enum { DIPOLE_AT, POLARIZABILITY_AT, MOMENT_AT, GRADIENT_AT, FORCES_AT, N_KINDS };

/* ALL frames: shaken within the molecule's shape, turned and shifted at random. */
static void draw_frames(const molecule *of, double amplitude, double *positions)
{
    test_random stream = {2026u + (uint64_t)of->n_atoms};
    double      shaken[3 * MOLECULE_MAX_ATOMS], turn[9], shift[3];

    for (int frame = 0; frame < ALL; frame++) {
        molecule_shake(&stream, of, amplitude, shaken);
        test_rotation(&stream, frame % 2, turn);
        for (int k = 0; k < 3; k++) {
            shift[k] = 2.0 * test_normal(&stream);
        }
        move_atoms(of->n_atoms, turn, shift, shaken, positions + 3 * of->n_atoms * frame);
    }
}

static void print_numbers(FILE *out, const char *key, int n, const double *values)
{
    fprintf(out, " %s=\"", key);
    for (int i = 0; i < n; i++) {
        fprintf(out, "%s%.17g", i == 0 ? "" : " ", values[i]);
    }
    fputs("\"", out);
}

/* Frames [first, last) with all labels. */
static void write_frames(const char *path, const molecule *of, const double *positions, int first,
                         int last)
{
    FILE         *out;
    oracle_values values;

    if (covary_run_rank(test_run()) == 0) {
        out = fopen(path, "w");
        assert_non_null(out);
        for (int frame = first; frame < last; frame++) {
            const double *x = positions + 3 * of->n_atoms * frame;

            oracle_evaluate((int)of->n_atoms, of->species, x, 0.0, &values);
            fprintf(out, "%d\nProperties=species:S:1:pos:R:3:forces:R:3", (int)of->n_atoms);
            print_numbers(out, "dipole", 3, values.dipole);
            print_numbers(out, "polarizability", 9, values.polarizability);
            print_numbers(out, "moment", 3, values.moment);
            print_numbers(out, "gradient", 9, values.gradient);
            fputs("\n", out);
            for (int atom = 0; atom < of->n_atoms; atom++) {
                fprintf(out, "%s", element_symbol(of->species[atom]));
                for (int c = 0; c < 6; c++) {
                    fprintf(out, " %.17g",
                            c < 3 ? x[3 * atom + c] : values.forces[3 * atom + c - 3]);
                }
                fputs("\n", out);
            }
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

/* The largest |v - axis (axis . v)| over the frames. */
static double off_axis(const molecule *of, const double *positions, const double *vectors)
{
    double largest = 0.0;

    for (int frame = 0; frame < ALL; frame++) {
        const double *x = positions + 3 * of->n_atoms * frame, *v = vectors + 3 * frame;
        double        axis[3], norm = 0.0, along = 0.0, off = 0.0;

        for (int k = 0; k < 3; k++) {
            axis[k] = x[3 * (of->n_atoms - 1) + k] - x[3 * (of->n_atoms - 2) + k];
            norm += axis[k] * axis[k];
        }
        for (int k = 0; k < 3; k++) {
            axis[k] /= sqrt(norm);
            along += axis[k] * v[k];
        }
        for (int k = 0; k < 3; k++) {
            off += (v[k] - along * axis[k]) * (v[k] - along * axis[k]);
        }
        largest = fmax(largest, sqrt(off));
    }
    return largest;
}

/* The largest deviation of tensors from a axis axis^T + b (1 - axis axis^T). */
static double off_uniaxial(const molecule *of, const double *positions, const double *tensors)
{
    double largest = 0.0;

    for (int frame = 0; frame < ALL; frame++) {
        const double *x = positions + 3 * of->n_atoms * frame, *t = tensors + 9 * frame;
        double        axis[3], norm = 0.0, a = 0.0;

        for (int k = 0; k < 3; k++) {
            axis[k] = x[3 * (of->n_atoms - 1) + k] - x[3 * (of->n_atoms - 2) + k];
            norm += axis[k] * axis[k];
        }
        for (int c = 0; c < 9; c++) {
            a += axis[c / 3] * axis[c % 3] * t[c] / norm;
        }
        const double b = 0.5 * (t[0] + t[4] + t[8] - a);

        for (int c = 0; c < 9; c++) {
            const double uniaxial =
                (a - b) * axis[c / 3] * axis[c % 3] / norm + (c % 4 == 0 ? b : 0.0);

            largest = fmax(largest, fabs(t[c] - uniaxial));
        }
    }
    return largest;
}

static void check_line(const covary_model *model, const molecule *of, const double *positions)
{
    double *dipoles = predict_one(model, DIPOLE_AT, ALL, positions, NULL);
    double *moments = predict_one(model, MOMENT_AT, ALL, positions, NULL);
    double *tensors = predict_one(model, POLARIZABILITY_AT, ALL, positions, NULL);

    assert_int_equal(model->about.shape, SHAPE_LINEAR);
    assert_true(off_axis(of, positions, dipoles) <= 1e-13);
    assert_true(off_uniaxial(of, positions, tensors) <= 1e-13);
    for (int i = 0; i < 3 * ALL; i++) {
        assert_true(moments[i] == 0.0); /* a pseudovector along a line with mirror planes */
    }
    free(tensors);
    free(moments);
    free(dipoles);
}

static void check_atom(const covary_model *model, const double *positions)
{
    double *dipoles = predict_one(model, DIPOLE_AT, ALL, positions, NULL);
    double *forces = predict_one(model, FORCES_AT, ALL, positions, NULL);
    double *tensors = predict_one(model, POLARIZABILITY_AT, ALL, positions, NULL);

    assert_int_equal(model->about.shape, SHAPE_POINT);
    for (int i = 0; i < 3 * ALL; i++) {
        assert_true(dipoles[i] == 0.0);
        assert_true(forces[i] == 0.0);
    }
    for (int i = 0; i < 9 * ALL; i++) {
        assert_near(tensors[i], i % 9 % 4 == 0 ? oracle_polarizability(18) : 0.0, 1e-14);
    }
    free(tensors);
    free(forces);
    free(dipoles);
}

/* Errors on the test frames, as a fraction of the rms; zero references have no fraction. */
static void check_errors(const covary_model *model, const molecule *of, const char *test,
                         double relative)
{
    covary_evaluation *evaluation = NULL;

    assert_ok(covary_evaluate(test_run(), model, &test, 1, NULL, &evaluation));
    for (int p = 0; p < N_KINDS; p++) {
        const covary_errors errors = covary_evaluation_errors(evaluation, p);
        const double        limit = fmax(relative * errors.rms_reference, 1e-12);

        assert_int_equal(errors.n, p == FORCES_AT ? TEST * of->n_atoms : TEST);
        if (!(errors.rmse <= limit)) {
            print_error("%s, %s: rmse %g of rms %g\n", of->name,
                        covary_model_property_name(model, p), errors.rmse, errors.rms_reference);
        }
        assert_true(errors.rmse <= limit);
    }
    covary_evaluation_destroy(&evaluation);
}

static void check_molecule(const molecule *of, const char *basis, double amplitude, double relative)
{
    double             positions[3 * ORACLE_MAX_ATOMS * ALL];
    const char        *train = scratch_path("oracle_train.xyz");
    const char        *test = scratch_path("oracle_test.xyz");
    const model_recipe recipe = {
        .train = train,
        .properties = every_kind,
        .basis = basis,
        .descriptor = of->n_atoms == 1 ? "cartesians" : "cartesians, distances",
        .length = "10",
        .ridge = "1e-9",
    };

    draw_frames(of, amplitude, positions);
    write_frames(train, of, positions, 0, TRAIN);
    write_frames(test, of, positions, TRAIN, ALL);
    covary_model *model = recipe_fit(test_run(), &recipe);

    check_errors(model, of, test, relative);
    for (int p = 0; p < N_KINDS; p++) {
        for (int mirrored = 0; mirrored < 2; mirrored++) {
            const covariance found =
                measure_covariance(model, p, mirrored, ALL, positions, 9u + (unsigned)p);

            if (!(found.ratio <= 1.0)) {
                print_error("%s, %s: %.2e is %.2f of what rounding explains\n", of->name,
                            covary_model_property_name(model, p), found.deviation, found.ratio);
            }
            assert_true(found.ratio <= 1.0);
        }
    }
    if (of->shape == SHAPE_LINEAR) {
        check_line(model, of, positions);
    } else if (of->shape == SHAPE_POINT) {
        check_atom(model, positions);
    }
    covary_model_destroy(&model);
}

static void water_is_learned_in_its_plane(void **state)
{
    (void)state;
    check_molecule(&water, "eckart", 0.05, 5e-3);
    check_molecule(&water, "inertia", 0.05, 5e-3);
}

static void ammonia_is_learned_in_eckart_axes(void **state)
{
    (void)state;
    check_molecule(&ammonia, "eckart", 0.02, 6e-2);
}

static void lines_are_learned_and_stay_lines(void **state)
{
    (void)state;
    check_molecule(&carbon_dioxide, "inertia", 0.05, 5e-3);
    check_molecule(&carbon_dioxide, "eckart", 0.05, 5e-3);
    check_molecule(&hydrogen_fluoride, "inertia", 0.05, 5e-3);
}

static void an_atom_has_no_direction(void **state)
{
    (void)state;
    check_molecule(&argon, "inertia", 0.05, 1e-12);
    check_molecule(&argon, "eckart", 0.05, 1e-12);
}

/* All targets are 0 once their means are taken off. */
static void nothing_to_learn_is_no_failure(void **state)
{
    double             positions[3 * ALL];
    const model_recipe recipe = {
        .train = scratch_path("argon.xyz"),
        .properties = every_kind,
        .descriptor = "cartesians",
        .length = "auto",
        .ridge = "auto",
    };

    (void)state;
    draw_frames(&argon, 0.05, positions);
    write_frames(recipe.train, &argon, positions, 0, TRAIN);
    covary_model *model = recipe_fit(test_run(), &recipe);

    check_atom(model, positions);
    covary_model_destroy(&model);
}

/* Origins of an ion's dipole: the property, and where its origin is in a frame. */
enum { ABOUT_MASS, ABOUT_NUCLEI, ABOUT_POINT, N_ORIGINS };

static const double point[3] = {0.5, -0.25, 2.0};

static const char every_origin[] =
    "{name: about_mass, kind: vector, unit: e*angstrom, charge: 1, origin: center-of-mass}, "
    "{name: about_nuclei, kind: vector, unit: e*angstrom, charge: 1, "
    "origin: center-of-nuclear-charge}, "
    "{name: about_point, kind: vector, unit: e*angstrom, charge: 1, origin: '0.5 -0.25 2'}";

static void find_origin(int kind, const molecule *of, const double *x, double origin[3])
{
    double sum = 0.0;

    memcpy(origin, point, sizeof point);
    for (int atom = 0; kind != ABOUT_POINT && atom < of->n_atoms; atom++) {
        const double weight = kind == ABOUT_MASS     ? element_mass(of->species[atom])
                              : kind == ABOUT_NUCLEI ? (double)of->species[atom]
                                                     : 0.0;

        for (int k = 0; k < 3; k++) {
            origin[k] = (atom == 0 ? 0.0 : origin[k]) + weight * x[3 * atom + k];
        }
        sum += weight;
    }
    for (int k = 0; kind != ABOUT_POINT && k < 3; k++) {
        origin[k] /= sum;
    }
}

/* mu(o) = mu(mean of the positions) + q (mean - o) with q = 1 e. */
static void ion_dipole(int kind, const molecule *of, const double *x, double dipole[3])
{
    oracle_values values;
    double        origin[3];

    oracle_evaluate((int)of->n_atoms, of->species, x, 1.0, &values);
    find_origin(kind, of, x, origin);
    for (int k = 0; k < 3; k++) {
        dipole[k] = values.dipole[k] - origin[k];
        for (int atom = 0; atom < of->n_atoms; atom++) {
            dipole[k] += x[3 * atom + k] / (double)of->n_atoms;
        }
    }
}

static void write_ions(const char *path, const molecule *of, const double *positions)
{
    static const char *const names[N_ORIGINS] = {"about_mass", "about_nuclei", "about_point"};

    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        for (int frame = 0; frame < TRAIN; frame++) {
            const double *x = positions + 3 * of->n_atoms * frame;

            fprintf(out, "%d\n", (int)of->n_atoms);
            for (int kind = 0; kind < N_ORIGINS; kind++) {
                double dipole[3];

                ion_dipole(kind, of, x, dipole);
                print_numbers(out, names[kind], 3, dipole);
            }
            for (int atom = 0; atom < of->n_atoms; atom++) {
                fprintf(out, "\n%s %.17g %.17g %.17g", element_symbol(of->species[atom]),
                        x[3 * atom], x[3 * atom + 1], x[3 * atom + 2]);
            }
            fputs("\n", out);
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

static void dipoles_of_ions_move_with_their_origin(void **state)
{
    double             positions[9 * ALL];
    const char        *train = scratch_path("ions.xyz");
    const model_recipe recipe = {
        .train = train, .properties = every_origin, .length = "10", .ridge = "1e-6"};
    double *predicted[N_ORIGINS];

    (void)state;
    draw_frames(&water, 0.05, positions);
    write_ions(train, &water, positions);
    covary_model *model = recipe_fit(test_run(), &recipe);

    for (int kind = 0; kind < N_ORIGINS; kind++) {
        predicted[kind] = predict_one(model, kind, ALL, positions, NULL);
    }
    for (int frame = 0; frame < ALL; frame++) {
        const double *x = positions + 9 * frame;
        double        origin[N_ORIGINS][3], dipole[3];

        for (int kind = 0; kind < N_ORIGINS; kind++) {
            find_origin(kind, &water, x, origin[kind]);
            ion_dipole(kind, &water, x, dipole);
            for (int k = 0; k < 3; k++) {
                assert_near(predicted[kind][3 * frame + k], dipole[k], 2e-2);
                assert_near(predicted[kind][3 * frame + k] - predicted[0][3 * frame + k],
                            origin[0][k] - origin[kind][k], 1e-11);
            }
        }
    }
    for (int kind = 0; kind < ABOUT_POINT; kind++) { /* a fixed point turns with nothing */
        assert_true(measure_covariance(model, kind, 1, ALL, positions, 4).deviation <= 1e-11);
    }
    for (int kind = 0; kind < N_ORIGINS; kind++) {
        free(predicted[kind]);
    }
    covary_model_destroy(&model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(water_is_learned_in_its_plane),
    cmocka_unit_test(ammonia_is_learned_in_eckart_axes),
    cmocka_unit_test(lines_are_learned_and_stay_lines),
    cmocka_unit_test(an_atom_has_no_direction),
    cmocka_unit_test(nothing_to_learn_is_no_failure),
    cmocka_unit_test(dipoles_of_ions_move_with_their_origin),
};

TEST_MAIN(cases)
