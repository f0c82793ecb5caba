/* SPDX-License-Identifier: BSD-3-Clause */
/* What every rule of body axes promises, for every molecule and handedness.   ranks: 1 */
#include "support.h"

#include "geometry/vector3.h"
#include "molecules.h"

#include <string.h>

static axes *make(const axes_ops *ops, const molecule *of, bool improper)
{
    axes *rule = NULL;

    assert_ok(axes_create(ops, of->n_atoms, of->weights, of->positions, improper, &rule));
    return rule;
}

/* Any positive weights in place of the masses. */
static void free_weights(axes *rule, test_random *stream)
{
    double weights[MOLECULE_MAX_ATOMS];

    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        weights[atom] = exp(2.0 * test_normal(stream));
    }
    assert_ok(axes_set_weights(rule, weights));
    assert_memory_equal(rule->weights, weights, (size_t)rule->n_atoms * sizeof *weights);
}

/* Runs `check` for every rule, molecule and handedness, signs as a group or not, free weights. */
static void for_all(void (*check)(const axes *rule, const molecule *of, test_random *stream))
{
    test_random stream = {2024};

    for (const axes_ops *const *ops = axes_registry(); *ops != NULL; ops++) {
        for (int improper = 0; improper < 2; improper++) {
            for (const molecule *const *of = molecules; *of != NULL; of++) {
                for (int variant = 0; variant < 4; variant++) {
                    axes *rule = make(*ops, *of, improper);
                    rule->signs = variant % 2 == 0 ? SIGNS_MATCHED : SIGNS_GROUP;
                    if (variant / 2 == 1) {
                        free_weights(rule, &stream);
                    }
                    check(rule, *of, &stream);
                    axes_destroy(&rule);
                }
            }
        }
    }
}

static void names_are_found(void **state)
{
    (void)state;
    for (const axes_ops *const *ops = axes_registry(); *ops != NULL; ops++) {
        assert_ptr_equal(axes_find((*ops)->name), *ops);
        assert_true(strlen((*ops)->summary) > 0);
    }
    assert_non_null(axes_find("inertia"));
    assert_non_null(axes_find("eckart"));
    assert_null(axes_find("Inertia"));
}

static void check_rotation(const axes *rule, const molecule *of, test_random *stream)
{
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    double              lab[3 * MOLECULE_MAX_ATOMS], product[9];
    pose                at;

    assert_int_equal(rule->shape, of->shape);
    for (int k = 0; k < 50; k++) {
        molecule_shake(stream, of, 0.1, lab);
        assert_ok(axes_pose(rule, lab, &at));
        matrix3_multiply(at.rotation, at.rotation, true, product);
        assert_near(largest_difference(9, product, identity), 0.0, 1e-14);
        const double det = matrix3_det(at.rotation);
        assert_near(fabs(det), 1.0, 1e-14);
        assert_true(det > 0.0 || (rule->improper && of->shape == SHAPE_SPATIAL));
        assert_true(at.margin >= 0.0 && at.margin <= 1.0);
    }
}

static void rotation_is_orthogonal(void **state)
{
    (void)state;
    for_all(check_rotation);
}

/* The image of the pose and of [n_atoms][3] body coordinates that is nearest to `target`. */
static void take_nearest_image(const axes *rule, const double *target, double *rotation,
                               double *body)
{
    double    signs[AXES_MAX_SIGN_IMAGES][3], least = HUGE_VAL;
    const int count = axes_sign_images(rule, signs);
    int       nearest = 0;

    for (int image = 0; image < count; image++) {
        double largest = 0.0;
        for (int64_t k = 0; k < 3 * rule->n_atoms; k++) {
            largest = fmax(largest, fabs(signs[image][k % 3] * body[k] - target[k]));
        }
        nearest = largest < least ? image : nearest;
        least = fmin(least, largest);
    }
    for (int64_t k = 0; k < 3 * rule->n_atoms; k++) {
        body[k] *= signs[nearest][k % 3];
    }
    for (int k = 0; k < 9; k++) {
        rotation[k] *= signs[nearest][k / 3];
    }
}

/* Body coordinates of a moved molecule are those of the unmoved one, whatever is free. */
static void check_invariance(const axes *rule, const molecule *of, test_random *stream)
{
    double lab[3 * MOLECULE_MAX_ATOMS], moved[3 * MOLECULE_MAX_ATOMS];
    double body[3 * MOLECULE_MAX_ATOMS], again[3 * MOLECULE_MAX_ATOMS], q[9], expected[9];
    pose   at, then;

    for (int k = 0; k < 50; k++) {
        const double t[3] = {10.0 * test_normal(stream), 10.0 * test_normal(stream),
                             10.0 * test_normal(stream)};
        molecule_shake(stream, of, 0.05, lab);
        test_rotation(stream, rule->improper && k % 2, q);
        molecule_move(of->n_atoms, q, t, lab, moved);
        assert_ok(axes_pose(rule, lab, &at));
        assert_ok(axes_pose(rule, moved, &then));
        pose_to_body(&at, of->n_atoms, lab, body);
        pose_to_body(&then, of->n_atoms, moved, again);
        if (at.margin < 1e-3) {
            continue; /* close to an ambiguity */
        }
        take_nearest_image(rule, body, then.rotation, again);
        const double tolerance = 1e-13 / at.margin; /* 10 angstrom times rounding */
        assert_near(largest_difference(3 * of->n_atoms, body, again), 0.0, tolerance);
        assert_near(at.margin, then.margin, tolerance);
        if (of->shape == SHAPE_SPATIAL) { /* R(QX) = R(X) Q^T */
            matrix3_multiply(at.rotation, q, true, expected);
            assert_near(largest_difference(9, then.rotation, expected), 0.0, tolerance);
        }
    }
}

static void body_coordinates_are_invariant(void **state)
{
    (void)state;
    for_all(check_invariance);
}

/*
 * The images form a group, and hold whatever sign the eigensolver leaves: 1 of a point, 2 of a
 * line, 4 of a plane, 4 or 8 of the rest.
 */
static void check_images(const axes *rule, const molecule *of, test_random *stream)
{
    static const int counts[] = {1, 2, 4, 4};
    const bool       group = rule->signs == SIGNS_GROUP && strcmp(rule->ops->name, "inertia") == 0;
    double           s[AXES_MAX_SIGN_IMAGES][3], lab[3 * MOLECULE_MAX_ATOMS];
    double           body[3 * MOLECULE_MAX_ATOMS], raw[3 * MOLECULE_MAX_ATOMS], q[9];
    const double     t[3] = {0, 0, 0};
    const int        count = axes_sign_images(rule, s);
    axes             raw_rule = *rule;
    pose             at, solved;

    assert_int_equal(count, !group                                         ? 1
                            : rule->improper && of->shape == SHAPE_SPATIAL ? 8
                                                                           : counts[of->shape]);
    assert_true(s[0][0] == 1.0 && s[0][1] == 1.0 && s[0][2] == 1.0);
    for (int a = 0; a < count; a++) {
        assert_true(count == 8 || s[a][0] * s[a][1] * s[a][2] == 1.0);
        for (int b = 0; b < count; b++) {
            int found = 0;
            for (int c = 0; c < count; c++) {
                found += s[a][0] * s[b][0] == s[c][0] && s[a][1] * s[b][1] == s[c][1] &&
                         s[a][2] * s[b][2] == s[c][2];
            }
            assert_int_equal(found, 1);
        }
    }
    raw_rule.signs = SIGNS_RAW;
    for (int k = 0; k < 20 && group && of != &hexagon && of != &ammonia; k++) {
        test_rotation(stream, rule->improper && k % 2, q);
        molecule_move(of->n_atoms, q, t, of->positions, lab);
        assert_ok(axes_pose(rule, lab, &at));
        assert_ok(axes_pose(&raw_rule, lab, &solved));
        assert_true(solved.margin <= at.margin);
        pose_to_body(&at, of->n_atoms, lab, body);
        pose_to_body(&solved, of->n_atoms, lab, raw);
        take_nearest_image(rule, body, solved.rotation, raw);
        assert_near(largest_difference(3 * of->n_atoms, raw, body), 0.0, 1e-13);
    }
}

static void sign_images_form_a_group(void **state)
{
    (void)state;
    for_all(check_images);
}

/* The centre stays that of the masses; the reference is canonical for the weights. */
static void weights_move_the_axes_and_not_the_centre(void **state)
{
    const molecule *of = &dichloroethane;
    const double    bad[8] = {1, 1, 1, 1, 1, 1, 1, -1};
    test_random     stream = {14};
    double          centre[3], moments[9];
    pose            at;

    (void)state;
    for (const axes_ops *const *ops = axes_registry(); *ops != NULL; ops++) {
        axes *rule = make(*ops, of, true);
        free_weights(rule, &stream);
        geometry_centre(of->n_atoms, of->weights, of->positions, centre);
        assert_ok(axes_pose(rule, of->positions, &at));
        assert_near(largest_difference(3, at.centre, centre), 0.0, 1e-15);
        memset(moments, 0, sizeof moments);
        for (int k = 0; k < 9 * 8; k++) {
            const double *x = rule->reference + 3 * (k / 9);
            moments[k % 9] += rule->weights[k / 9] * x[k % 9 / 3] * x[k % 3];
        }
        for (int k = 0; k < 9; k++) {
            assert_near(k % 4 == 0 ? 0.0 : moments[k], 0.0, 1e-13 * moments[0]);
        }
        assert_true(moments[0] >= moments[4] && moments[4] >= moments[8]);
        assert_int_equal(axes_set_weights(rule, bad), COVARY_ERR_DATA);
        assert_message("atom 8 has the weight -1");
        axes_destroy(&rule);
    }
}

static void check_own_reference(const axes *rule, const molecule *of, test_random *stream)
{
    double body[3 * MOLECULE_MAX_ATOMS], lab[3 * MOLECULE_MAX_ATOMS];
    pose   at;

    (void)stream;
    assert_ok(axes_pose(rule, of->positions, &at));
    pose_to_body(&at, of->n_atoms, of->positions, body);
    for (int64_t i = 0; i < 3 * of->n_atoms; i++) {
        const double *x = body + i / 3 * 3, *r = at.rotation + i % 3;
        lab[i] = at.centre[i % 3] + r[0] * x[0] + r[3] * x[1] + r[6] * x[2];
    }
    assert_near(largest_difference(3 * of->n_atoms, lab, of->positions), 0.0, 1e-14);
    if (of == &hexagon || of == &ammonia || at.margin < 1e-3) {
        return; /* tops: the axes of inertia are not determined */
    }
    assert_near(largest_difference(3 * of->n_atoms, body, rule->reference), 0.0, 1e-13);
}

static void reference_lies_in_its_own_axes(void **state)
{
    (void)state;
    for_all(check_own_reference);
}

/* Lines along x, planes in xy: what property_project relies on. */
static void check_convention(const axes *rule, const molecule *of, test_random *stream)
{
    double lab[3 * MOLECULE_MAX_ATOMS], moved[3 * MOLECULE_MAX_ATOMS];
    double body[3 * MOLECULE_MAX_ATOMS], q[9];
    pose   at;

    for (int k = 0; k < 20; k++) {
        const double t[3] = {1, 2, 3};
        test_rotation(stream, k % 2, q);
        molecule_shake(stream, of, 0.05, lab);
        molecule_move(of->n_atoms, q, t, lab, moved);
        assert_ok(axes_pose(rule, moved, &at));
        pose_to_body(&at, of->n_atoms, moved, body);
        for (int64_t atom = 0; atom < of->n_atoms; atom++) {
            if (of->shape <= SHAPE_LINEAR) {
                assert_near(body[3 * atom + 1], 0.0, 1e-14);
            }
            if (of->shape <= SHAPE_PLANAR) {
                assert_near(body[3 * atom + 2], 0.0, 1e-14);
            }
        }
    }
}

static void lines_lie_along_x_and_planes_in_xy(void **state)
{
    (void)state;
    for_all(check_convention);
}

static void check_bad_positions(const axes *rule, const molecule *of, test_random *stream)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    double              lab[3 * MOLECULE_MAX_ATOMS];
    pose                at;

    (void)stream;
    for (int64_t k = 0; k < 3 * of->n_atoms; k++) {
        memcpy(lab, of->positions, sizeof lab);
        lab[k] = bad[k % 3];
        assert_int_equal(axes_pose(rule, lab, &at), COVARY_ERR_NUMERIC);
        assert_message("is not finite");
    }
    for (int64_t k = 0; k < 3 * of->n_atoms; k++) {
        lab[k] = 1e160 * of->positions[k];
    }
    if (axes_pose(rule, lab, &at) == COVARY_OK) { /* squares overflow: an error, or still axes */
        assert_near(fabs(matrix3_det(at.rotation)), 1.0, 1e-13);
    }
    memset(lab, 0, sizeof lab); /* all atoms in one place */
    assert_ok(axes_pose(rule, lab, &at));
    assert_near(fabs(matrix3_det(at.rotation)), 1.0, 1e-13);
    assert_true(of->shape == SHAPE_POINT ? at.margin == 1.0 : at.margin == 0.0);
}

static void positions_that_are_not_finite_fail(void **state)
{
    (void)state;
    for_all(check_bad_positions);
}

/* A spatial molecule that is flat, straight or a copy of its mirror image in one frame. */
static void degenerate_frames_still_give_axes(void **state)
{
    static const double factors[][3] = {{1, 1, 0}, {1, 0, 0}, {0, 0, 1}, {0, 1, 1}, {-1, 1, 1}};
    double              lab[3 * MOLECULE_MAX_ATOMS];
    pose                at;

    (void)state;
    for (const axes_ops *const *ops = axes_registry(); *ops != NULL; ops++) {
        for (int improper = 0; improper < 2; improper++) {
            axes *rule = make(*ops, &bromochlorofluoromethane, improper);
            for (size_t f = 0; f < sizeof factors / sizeof factors[0]; f++) {
                for (int k = 0; k < 15; k++) {
                    lab[k] = factors[f][k % 3] * bromochlorofluoromethane.positions[k];
                }
                assert_ok(axes_pose(rule, lab, &at));
                assert_near(fabs(matrix3_det(at.rotation)), 1.0, 1e-14);
                assert_true(improper || matrix3_det(at.rotation) > 0.0);
                if (f < 4 && (improper || f == 1 || f == 2)) {
                    assert_true(at.margin < 1e-9);
                }
            }
            axes_destroy(&rule);
        }
    }
}

/* One flat frame of a spatial molecule: reflections are undecided, so none is chosen. */
static void flat_frames_take_no_reflection(void **state)
{
    test_random stream = {8};
    double      flat[15], lab[15], q[9];
    pose        at;

    (void)state;
    for (int k = 0; k < 15; k++) {
        flat[k] = k % 3 == 2 ? 0.0 : bromochlorofluoromethane.positions[k];
    }
    for (const axes_ops *const *ops = axes_registry(); *ops != NULL; ops++) {
        axes *rule = make(*ops, &bromochlorofluoromethane, true);
        for (int k = 0; k < 50; k++) {
            const double t[3] = {1, 2, 3};
            test_rotation(&stream, k % 2, q);
            molecule_move(5, q, t, flat, lab);
            assert_ok(axes_pose(rule, lab, &at));
            assert_near(matrix3_det(at.rotation), 1.0, 1e-14);
            assert_true(at.margin < 1e-9);
        }
        axes_destroy(&rule);
    }
}

/* Planar molecules whose atoms are off the plane by the last digit of a file, not by rounding. */
static void planar_shapes_do_not_look_at_z(void **state)
{
    test_random stream = {10};
    double      lab[3 * MOLECULE_MAX_ATOMS], noisy[3 * MOLECULE_MAX_ATOMS];
    pose        at, then;

    (void)state;
    for (const axes_ops *const *ops = axes_registry(); *ops != NULL; ops++) {
        for (int improper = 0; improper < 2; improper++) {
            molecule noisy_hexagon = hexagon; /* a reference that is off its plane, too */
            for (int k = 0; k < 6; k++) {
                noisy_hexagon.positions[3 * k + 2] = 1e-3 * test_normal(&stream);
            }
            axes *rule = make(*ops, &noisy_hexagon, improper);
            rule->shape = SHAPE_PLANAR;
            for (int k = 0; k < 50; k++) {
                molecule_shake(&stream, &hexagon, 0.1, lab);
                memcpy(noisy, lab, sizeof lab);
                for (int atom = 0; atom < 6; atom++) {
                    noisy[3 * atom + 2] += 1e-5 * test_normal(&stream);
                }
                assert_ok(axes_pose(rule, lab, &at));
                assert_ok(axes_pose(rule, noisy, &then));
                assert_near(matrix3_det(then.rotation), 1.0, 1e-14);
                assert_near(at.margin, then.margin, 1e-4);
            }
            axes_destroy(&rule);
        }
    }
}

/* The stored reference does not depend on how the given one lies in the lab. */
static void reference_is_the_same_from_any_orientation(void **state)
{
    const molecule *const of[] = {&bromochlorofluoromethane, &dichloroethane, &water,
                                  &hydrogen_fluoride, &carbon_dioxide};
    test_random           stream = {12};
    double                q[9];

    (void)state;
    for (size_t m = 0; m < sizeof of / sizeof of[0]; m++) {
        axes *rule = make(axes_registry()[0], of[m], false);
        for (int k = 0; k < 20; k++) {
            const double t[3] = {-1, 2, 3};
            molecule     moved = *of[m];
            axes        *again;
            test_rotation(&stream, 0, q);
            molecule_move(of[m]->n_atoms, q, t, of[m]->positions, moved.positions);
            again = make(axes_registry()[0], &moved, false);
            assert_near(largest_difference(3 * of[m]->n_atoms, rule->reference, again->reference),
                        0.0, 1e-13);
            axes_destroy(&again);
        }
        axes_destroy(&rule);
    }
}

static void large_molecules_have_poses(void **state)
{
    enum { N_ATOMS = 300 };
    static double positions[3 * N_ATOMS], moved[3 * N_ATOMS], weights[N_ATOMS], q[9];
    const double  t[3] = {5, -3, 2};
    test_random   stream = {7};
    double        expected[9];
    pose          at, then;

    (void)state;
    for (int k = 0; k < 3 * N_ATOMS; k++) {
        positions[k] = (3.0 - k % 3) * test_normal(&stream);
        weights[k / 3] = 1.0 + test_uniform(&stream);
    }
    test_rotation(&stream, 0, q);
    molecule_move(N_ATOMS, q, t, positions, moved);
    for (const axes_ops *const *ops = axes_registry(); *ops != NULL; ops++) {
        axes *rule = NULL;
        assert_ok(axes_create(*ops, N_ATOMS, weights, positions, false, &rule));
        assert_ok(axes_pose(rule, positions, &at));
        assert_ok(axes_pose(rule, moved, &then));
        matrix3_multiply(at.rotation, q, true, expected);
        assert_near(largest_difference(9, then.rotation, expected), 0.0, 1e-13);
        axes_destroy(&rule);
    }
}

static void bad_molecules_are_refused(void **state)
{
    const double positions[6] = {0, 0, 0, 1, 0, 0}, infinite[6] = {0, 0, 0, 0, INFINITY, 0};
    const double weights[2] = {1.0, 2.0}, massless[2] = {1.0, 0.0};
    axes        *rule = NULL;

    (void)state;
    for (const axes_ops *const *ops = axes_registry(); *ops != NULL; ops++) {
        assert_int_equal(axes_create(*ops, 0, weights, positions, false, &rule), COVARY_ERR_DATA);
        assert_int_equal(axes_create(*ops, 2, massless, positions, false, &rule), COVARY_ERR_DATA);
        assert_message("atom 2 has the weight 0");
        assert_int_equal(axes_create(*ops, 2, weights, infinite, false, &rule), COVARY_ERR_NUMERIC);
        assert_message("atom 2");
        assert_null(rule);
    }
    axes_destroy(&rule);
    axes_destroy(NULL);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(names_are_found),
    cmocka_unit_test(rotation_is_orthogonal),
    cmocka_unit_test(body_coordinates_are_invariant),
    cmocka_unit_test(sign_images_form_a_group),
    cmocka_unit_test(weights_move_the_axes_and_not_the_centre),
    cmocka_unit_test(reference_lies_in_its_own_axes),
    cmocka_unit_test(lines_lie_along_x_and_planes_in_xy),
    cmocka_unit_test(positions_that_are_not_finite_fail),
    cmocka_unit_test(degenerate_frames_still_give_axes),
    cmocka_unit_test(flat_frames_take_no_reflection),
    cmocka_unit_test(planar_shapes_do_not_look_at_z),
    cmocka_unit_test(reference_is_the_same_from_any_orientation),
    cmocka_unit_test(large_molecules_have_poses),
    cmocka_unit_test(bad_molecules_are_refused),
};

TEST_MAIN(cases)
