/* SPDX-License-Identifier: BSD-3-Clause */
/* The symmetric eigensolver and the axes of inertia.   ranks: 1 */
#include "support.h"

#include "geometry/eigen3.h"
#include "geometry/vector3.h"
#include "molecules.h"

#include <string.h>

/* |A v - lambda v|, orthonormality and order. */
static void check_eigenpairs(const double a[9], double scale)
{
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    double              values[3], vectors[9], turned[3], product[9];

    eigen3_symmetric(a, values, vectors);
    assert_true(values[0] <= values[1] && values[1] <= values[2]);
    for (int k = 0; k < 3; k++) {
        matrix3_apply(a, vectors + 3 * k, turned);
        vector3_add(-values[k], vectors + 3 * k, turned);
        assert_near(sqrt(vector3_dot(turned, turned)) / scale, 0.0, 4e-15);
    }
    matrix3_multiply(vectors, vectors, true, product);
    assert_near(largest_difference(9, product, identity), 0.0, 4e-15);
}

static void eigenpairs_satisfy_their_equation(void **state)
{
    static const double spectra[][3] = {{1, 2, 3},   {1, 1, 2},         {2, 2, 2},
                                        {0, 0, 1},   {0, 1, 1},         {-3, 1e-12, 4},
                                        {0, 0, 0},   {1, 1 + 1e-12, 2}, {1e-30, 2e-30, 5e-30},
                                        {1e20, 1, 0}};
    test_random         stream = {1};
    double              q[9], a[9], values[3], vectors[9];

    (void)state;
    for (size_t s = 0; s < sizeof spectra / sizeof spectra[0]; s++) {
        double scale = 1e-300;
        double least = spectra[s][0], most = spectra[s][0];
        for (int k = 0; k < 3; k++) {
            scale = fmax(scale, fabs(spectra[s][k]));
            least = fmin(least, spectra[s][k]);
            most = fmax(most, spectra[s][k]);
        }
        for (int repeat = 0; repeat < 50; repeat++) {
            test_rotation(&stream, 0, q);
            for (int i = 0; i < 3; i++) {
                for (int j = 0; j < 3; j++) {
                    a[3 * i + j] = 0.0;
                    for (int k = 0; k < 3; k++) {
                        a[3 * i + j] += q[3 * i + k] * spectra[s][k] * q[3 * j + k];
                    }
                }
            }
            check_eigenpairs(a, scale);
            eigen3_symmetric(a, values, vectors);
            assert_near(values[0] / scale, least / scale, 4e-15);
            assert_near(values[2] / scale, most / scale, 4e-15);
        }
    }
}

static void diagonal_matrices_are_sorted(void **state)
{
    const double a[9] = {3, 0, 0, 0, 1, 0, 0, 0, 2};
    double       values[3], vectors[9];

    (void)state;
    eigen3_symmetric(a, values, vectors);
    assert_true(values[0] == 1.0 && values[1] == 2.0 && values[2] == 3.0);
    assert_near(fabs(vectors[1]), 1.0, 0.0);
    assert_near(fabs(vectors[5]), 1.0, 0.0);
    assert_near(fabs(vectors[6]), 1.0, 0.0);
}

static axes *make(const molecule *of, bool improper)
{
    axes *rule = NULL;

    assert_ok(axes_create(axes_find("inertia"), of->n_atoms, of->weights, of->positions, improper,
                          &rule));
    return rule;
}

/* Water by hand: hydrogens at +-0.757 along x, oxygen below them on y, z = 0. */
static void water_lies_as_calculated_by_hand(void **state)
{
    const double below = 2 * 1.008 / (15.999 + 2 * 1.008) * 0.586;
    axes        *rule = make(&water, false);
    pose         at;
    double       body[9];

    (void)state;
    assert_ok(axes_pose(rule, water.positions, &at));
    assert_near(at.centre[2], below, 1e-15);
    pose_to_body(&at, 3, water.positions, body);
    assert_near(fabs(body[3]), 0.757, 1e-15);
    assert_near(body[6], -body[3], 1e-15);
    assert_near(body[0], 0.0, 1e-15);
    assert_near(fabs(body[1]), below, 1e-15);
    assert_near(fabs(body[4]), 0.586 - below, 1e-15);
    assert_near(body[2], 0.0, 1e-15);

    const double mx = 2 * 1.008 * 0.757 * 0.757;
    const double my = 15.999 * below * below + 2 * 1.008 * pow(0.586 - below, 2);
    assert_near(at.margin, fmin(mx - my, my) / mx, 1e-14);
    axes_destroy(&rule);
}

/* Six atoms at +-a, +-b, +-c on three axes, moments 1, 1 - gap, 0.3. */
static void covariance_error_grows_as_one_over_the_gap(void **state)
{
    const double weights[6] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    test_random  stream = {3};

    (void)state;
    for (double gap = 1e-1; gap > 0.5e-10; gap /= 10.0) {
        const double b = sqrt(1.0 - gap), c = sqrt(0.3);
        const double aligned[18] = {1, 0, 0, -1, 0, 0, 0, b, 0, 0, -b, 0, 0, 0, c, 0, 0, -c};
        const double origin[3] = {0, 0, 0};
        double       q[9], lab[18], expected[9], worst = 0.0;
        axes        *rule = NULL;
        pose         at;

        assert_ok(axes_create(axes_find("inertia"), 6, weights, aligned, true, &rule));
        for (int k = 0; k < 100; k++) {
            test_rotation(&stream, k % 2, q);
            molecule_move(6, q, origin, aligned, lab);
            assert_ok(axes_pose(rule, lab, &at));
            for (int i = 0; i < 9; i++) {
                expected[i] = q[3 * (i % 3) + i / 3];
            }
            worst = fmax(worst, largest_difference(9, at.rotation, expected));
            assert_near(at.margin, fmin(gap, 0.7 - gap), 1e-14);
        }
        assert_near(worst, 0.0, 8 * 2.22e-16 / gap);
        axes_destroy(&rule);
    }
}

/* The eigensolver's signs depend on the orientation; matched ones do not. */
static void raw_signs_break_covariance(void **state)
{
    const molecule *of = &bromochlorofluoromethane;
    axes           *rule = make(of, false);
    test_random     stream = {5};
    int             broken[2];
    pose            at, then;

    (void)state;
    for (int raw = 0; raw < 2; raw++) {
        rule->signs = raw == 1 ? SIGNS_RAW : SIGNS_MATCHED;
        broken[raw] = 0;
        assert_ok(axes_pose(rule, of->positions, &at));
        for (int k = 0; k < 100; k++) {
            const double t[3] = {0, 0, 0};
            double       q[9], lab[15], expected[9];
            test_rotation(&stream, 0, q);
            molecule_move(5, q, t, of->positions, lab);
            assert_ok(axes_pose(rule, lab, &then));
            matrix3_multiply(at.rotation, q, true, expected);
            assert_near(matrix3_det(then.rotation), 1.0, 1e-14);
            broken[raw] += largest_difference(9, then.rotation, expected) > 0.1;
        }
    }
    assert_int_equal(broken[0], 0);
    assert_in_range(broken[1], 20, 99);
    axes_destroy(&rule);
}

/* Brute force over all sign choices gives the same sum. */
static void matched_signs_are_the_best(void **state)
{
    const molecule *of = &dichloroethane;
    test_random     stream = {6};

    (void)state;
    for (int improper = 0; improper < 2; improper++) {
        axes *rule = make(of, improper);
        for (int k = 0; k < 200; k++) {
            double lab[3 * MOLECULE_MAX_ATOMS], body[3 * MOLECULE_MAX_ATOMS];
            double overlap[3] = {0, 0, 0};
            pose   at;
            molecule_shake(&stream, of, 0.4, lab);
            assert_ok(axes_pose(rule, lab, &at));
            pose_to_body(&at, of->n_atoms, lab, body);
            for (int64_t i = 0; i < 3 * of->n_atoms; i++) {
                overlap[i % 3] += of->weights[i / 3] * body[i] * rule->reference[i];
            }
            const double sum = overlap[0] + overlap[1] + overlap[2];
            for (int signs = 0; signs < 8; signs++) {
                const int x = 1 - 2 * (signs & 1), y = 1 - (signs & 2), z = 1 - (signs & 4) / 2;
                if (improper || x * y * z == 1) {
                    assert_true(x * overlap[0] + y * overlap[1] + z * overlap[2] <= sum + 1e-12);
                }
            }
        }
        axes_destroy(&rule);
    }
}

static void mirror_images_stay_apart_for_proper_axes(void **state)
{
    const molecule *of = &bromochlorofluoromethane;
    double          mirrored[15], body[15], image[15];
    pose            at, then;

    (void)state;
    for (int k = 0; k < 15; k++) {
        mirrored[k] = k % 3 == 1 ? -of->positions[k] : of->positions[k];
    }
    for (int improper = 0; improper < 2; improper++) {
        axes *rule = make(of, improper);
        assert_ok(axes_pose(rule, of->positions, &at));
        assert_ok(axes_pose(rule, mirrored, &then));
        pose_to_body(&at, 5, of->positions, body);
        pose_to_body(&then, 5, mirrored, image);
        const double apart = largest_difference(15, body, image);
        assert_true(improper ? apart < 1e-13 : apart > 0.1);
        assert_near(matrix3_det(then.rotation), improper ? -1.0 : 1.0, 1e-14);
        axes_destroy(&rule);
    }
}

static void margin_vanishes_for_tops(void **state)
{
    const molecule *const tops[] = {&ammonia, &hexagon};

    (void)state;
    for (int k = 0; k < 2; k++) {
        axes *rule = make(tops[k], false);
        pose  at;
        assert_ok(axes_pose(rule, tops[k]->positions, &at));
        assert_near(at.margin, 0.0, 1e-14);
        axes_destroy(&rule);
    }
}

/* As the reference's atoms along an axis trade places, that axis loses its sense. */
static void margin_vanishes_where_signs_are_undecided(void **state)
{
    const double weights[6] = {1, 1, 1, 1, 1, 1};
    const double reference[18] = {2, 0, 0, -2, 0, 0, 0, 1.5, 0, 0, -1.5, 0, 0, 0, 1, 0, 0, -1};
    axes        *rule = NULL;
    pose         at;

    (void)state;
    for (int improper = 0; improper < 2; improper++) {
        assert_ok(axes_create(axes_find("inertia"), 6, weights, reference, improper, &rule));
        for (double overlap = 1e-2; overlap > 1e-9; overlap /= 10.0) {
            /* axis x and y spread over atoms 3 to 6 and 1, 2, 5, 6: nearly no overlap left */
            const double o = overlap;
            const double frame[18] = {o,  1.0, 0, -o, -1.0, 0,   2, o, 0,
                                      -2, -o,  0, 0,  0,    0.5, 0, 0, -0.5};
            assert_ok(axes_pose(rule, frame, &at));
            assert_true(at.margin < 3.0 * overlap && at.margin > 0.0);
            rule->signs = SIGNS_GROUP; /* which leaves nothing to decide but the moments */
            assert_ok(axes_pose(rule, frame, &at));
            assert_true(at.margin > 0.05);
            rule->signs = SIGNS_MATCHED;
        }
        axes_destroy(&rule);
    }
}

static void line_takes_the_sense_of_the_reference(void **state)
{
    axes       *rule = make(&carbon_dioxide, true);
    test_random stream = {9};
    double      q[9], lab[9], body[9];
    pose        at;

    (void)state;
    for (int k = 0; k < 50; k++) {
        const double t[3] = {1, 2, 3};
        test_rotation(&stream, k % 2, q);
        molecule_move(3, q, t, carbon_dioxide.positions, lab);
        assert_ok(axes_pose(rule, lab, &at));
        pose_to_body(&at, 3, lab, body);
        assert_near(largest_difference(9, body, rule->reference), 0.0, 1e-14);
        assert_near(fabs(body[3]), 1.16, 1e-14);
        assert_near(at.margin, 1.0, 1e-14);
        assert_near(matrix3_det(at.rotation), 1.0, 1e-14);
    }
    axes_destroy(&rule);
}

/* A line that is bent in one frame: the margin falls from 1 with the extent across. */
static void margin_of_a_line_sees_that_it_is_bent(void **state)
{
    axes  *rule = make(&carbon_dioxide, false);
    double lab[9];
    pose   at;

    (void)state;
    for (double bend = 0.0; bend < 0.5; bend += 0.1) {
        memcpy(lab, carbon_dioxide.positions, sizeof lab);
        lab[0] = bend;
        assert_ok(axes_pose(rule, lab, &at));
        const double along = 2 * 15.999 * 1.16 * 1.16;
        const double across = 12.011 * 2 * 15.999 / (12.011 + 2 * 15.999) * bend * bend;
        assert_near(at.margin, 1.0 - across / along, 1e-14);
    }
    axes_destroy(&rule);
}

static void shapes_are_recognized(void **state)
{
    test_random stream = {11};
    double      q[9], lab[3 * MOLECULE_MAX_ATOMS], bent[9];

    (void)state;
    for (const molecule *const *of = molecules; *of != NULL; of++) {
        for (int k = 0; k < 20; k++) {
            const double t[3] = {30, -20, 10};
            test_rotation(&stream, 0, q);
            molecule_move((*of)->n_atoms, q, t, (*of)->positions, lab);
            assert_int_equal(geometry_shape((*of)->n_atoms, lab, 1e-7), (*of)->shape);
        }
    }
    for (int k = 0; k < 20; k++) {
        const double t[3] = {0, 0, 0};
        test_rotation(&stream, 0, q);
        memcpy(bent, carbon_dioxide.positions, sizeof bent);
        bent[0] = 1e-5;
        molecule_move(3, q, t, bent, lab);
        assert_int_equal(geometry_shape(3, lab, 1e-7), SHAPE_PLANAR);
        assert_int_equal(geometry_shape(3, lab, 1e-4), SHAPE_LINEAR);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(eigenpairs_satisfy_their_equation),
    cmocka_unit_test(diagonal_matrices_are_sorted),
    cmocka_unit_test(water_lies_as_calculated_by_hand),
    cmocka_unit_test(covariance_error_grows_as_one_over_the_gap),
    cmocka_unit_test(raw_signs_break_covariance),
    cmocka_unit_test(matched_signs_are_the_best),
    cmocka_unit_test(mirror_images_stay_apart_for_proper_axes),
    cmocka_unit_test(margin_vanishes_for_tops),
    cmocka_unit_test(margin_vanishes_where_signs_are_undecided),
    cmocka_unit_test(line_takes_the_sense_of_the_reference),
    cmocka_unit_test(margin_of_a_line_sees_that_it_is_bent),
    cmocka_unit_test(shapes_are_recognized),
};

TEST_MAIN(cases)
