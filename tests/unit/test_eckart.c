/* SPDX-License-Identifier: BSD-3-Clause */
/* The singular value decomposition and the Eckart axes.   ranks: 1 */
#include "support.h"

#include "geometry/svd3.h"
#include "geometry/vector3.h"
#include "molecules.h"

#include <string.h>

static void factors_multiply_to_the_matrix(void **state)
{
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    static const double spectra[][3] = {
        {3, 2, 1}, {1, 1, 1},     {5, 1e-8, 1e-16},  {2, 1, 0}, {2, 0, 0},
        {0, 0, 0}, {1, 1, 1e-30}, {1e200, 1e190, 1}, {7, 7, 1}, {1e-200, 0, 0}};
    test_random stream = {21};
    double      p[9], q[9], a[9], s[3], left[9], right[9], product[9];

    (void)state;
    for (size_t m = 0; m < sizeof spectra / sizeof spectra[0]; m++) {
        for (int repeat = 0; repeat < 100; repeat++) {
            test_rotation(&stream, repeat % 2, p);
            test_rotation(&stream, 0, q);
            memset(a, 0, sizeof a);
            for (int k = 0; k < 27; k++) {
                const int i = k / 9, j = k / 3 % 3, x = k % 3;
                a[3 * i + j] += p[3 * i + x] * spectra[m][x] * q[3 * j + x];
            }
            svd3(a, s, left, right);
            const double scale = fmax(spectra[m][0], 1e-300);
            for (int k = 0; k < 3; k++) {
                assert_near(s[k] / scale, spectra[m][k] / scale, 4e-15);
                assert_true(s[k] >= 0.0);
            }
            for (int ij = 0; ij < 9; ij++) {
                double sum = 0.0;
                for (int k = 0; k < 3; k++) {
                    sum += left[3 * k + ij / 3] * (s[k] / scale) * right[3 * k + ij % 3];
                }
                assert_near(sum, a[ij] / scale, 4e-15);
            }
            matrix3_multiply(left, left, true, product);
            assert_near(largest_difference(9, product, identity), 0.0, 4e-15);
            matrix3_multiply(right, right, true, product);
            assert_near(largest_difference(9, product, identity), 0.0, 4e-15);
        }
    }
}

/* Where columns are graded, small singular values keep their digits. */
static void small_singular_values_are_accurate(void **state)
{
    test_random stream = {22};
    double      p[9], a[9], s[3], left[9], right[9];

    (void)state;
    for (int repeat = 0; repeat < 100; repeat++) {
        const double graded[3] = {1.0, 1e-9, 1e-18};
        test_rotation(&stream, 0, p);
        for (int k = 0; k < 9; k++) {
            a[k] = p[k] * graded[k % 3];
        }
        svd3(a, s, left, right);
        for (int k = 0; k < 3; k++) {
            assert_near(s[k] / graded[k], 1.0, 1e-14);
        }
    }
}

static axes *make(const molecule *of, bool improper)
{
    axes *rule = NULL;

    assert_ok(
        axes_create(axes_find("eckart"), of->n_atoms, of->weights, of->positions, improper, &rule));
    return rule;
}

/* sum_i w_i |R x_i - r_i|^2 about the pose's centre */
static double cost(const axes *rule, const double rotation[9], const double centre[3],
                   const double *lab)
{
    double sum = 0.0;

    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        double x[3] = {lab[3 * atom] - centre[0], lab[3 * atom + 1] - centre[1],
                       lab[3 * atom + 2] - centre[2]};
        double body[3];
        matrix3_apply(rotation, x, body);
        vector3_add(-1.0, rule->reference + 3 * atom, body);
        sum += rule->weights[atom] * vector3_dot(body, body);
    }
    return sum;
}

/* The rotation by the small vector a, nearest to 1 + [a]x. */
static void small_rotation(const double a[3], double out[9])
{
    const double linear[9] = {1, -a[2], a[1], a[2], 1, -a[0], -a[1], a[0], 1};
    double       s[3], u[9], v[9];

    svd3(linear, s, u, v);
    for (int e = 0; e < 9; e++) {
        out[e] = u[e / 3] * v[e % 3] + u[3 + e / 3] * v[3 + e % 3] + u[6 + e / 3] * v[6 + e % 3];
    }
}

static void check_rivals(const axes *rule, const double *lab, test_random *stream)
{
    double q[9], rival[9];
    pose   at;

    assert_ok(axes_pose(rule, lab, &at));
    const double least = cost(rule, at.rotation, at.centre, lab) * (1 - 1e-13);
    for (int k = 0; k < 500; k++) {
        test_rotation(stream, rule->improper && k % 2, q);
        assert_true(cost(rule, q, at.centre, lab) >= least);
    }
    for (int k = 0; k < 50; k++) {
        const double a[3] = {0.01 * test_normal(stream), 0.01 * test_normal(stream),
                             0.01 * test_normal(stream)};
        small_rotation(a, q);
        matrix3_multiply(q, at.rotation, false, rival);
        assert_true(cost(rule, rival, at.centre, lab) >= least);
    }
}

/* Neither any rotation among many nor one nearby. */
static void no_rotation_comes_closer(void **state)
{
    const molecule *const of[] = {&dichloroethane, &ammonia, &hexagon};
    test_random           stream = {23};
    double                lab[3 * MOLECULE_MAX_ATOMS];

    (void)state;
    for (int m = 0; m < 3; m++) {
        for (int improper = 0; improper < 2; improper++) {
            axes *rule = make(of[m], improper);
            for (int frame = 0; frame < 10; frame++) {
                molecule_shake(&stream, of[m], frame < 5 ? 0.1 : 1.0, lab);
                check_rivals(rule, lab, &stream);
            }
            axes_destroy(&rule);
        }
    }
}

/* Eckart's condition: sum_i w_i r_i x (R x_i) = 0. */
static void no_torque_is_left(void **state)
{
    const molecule *of = &dichloroethane;
    axes           *rule = make(of, false);
    test_random     stream = {24};

    (void)state;
    for (int frame = 0; frame < 100; frame++) {
        double lab[3 * MOLECULE_MAX_ATOMS], body[3 * MOLECULE_MAX_ATOMS], torque[3] = {0}, one[3];
        pose   at;
        molecule_shake(&stream, of, 0.3, lab);
        assert_ok(axes_pose(rule, lab, &at));
        pose_to_body(&at, of->n_atoms, lab, body);
        for (int64_t atom = 0; atom < of->n_atoms; atom++) {
            vector3_cross(rule->reference + 3 * atom, body + 3 * atom, one);
            vector3_add(of->weights[atom], one, torque);
        }
        assert_near(sqrt(vector3_dot(torque, torque)), 0.0, 1e-12); /* of some 300 u angstrom^2 */
    }
    axes_destroy(&rule);
}

/* The axes of inertia fail here; the labels of the atoms keep these axes apart. */
static void symmetric_tops_are_covariant(void **state)
{
    const molecule *const of[] = {&ammonia, &hexagon};
    test_random           stream = {25};

    (void)state;
    for (int m = 0; m < 2; m++) {
        axes *rule = make(of[m], false);
        for (int k = 0; k < 100; k++) {
            const double t[3] = {0.1, 0.2, 0.3};
            double       lab[3 * MOLECULE_MAX_ATOMS], q[9], body[3 * MOLECULE_MAX_ATOMS];
            pose         at;
            test_rotation(&stream, 0, q);
            molecule_move(of[m]->n_atoms, q, t, of[m]->positions, lab);
            assert_ok(axes_pose(rule, lab, &at));
            pose_to_body(&at, of[m]->n_atoms, lab, body);
            assert_near(largest_difference(3 * of[m]->n_atoms, body, rule->reference), 0.0, 1e-14);
            assert_true(at.margin > 0.1);
        }
        axes_destroy(&rule);
    }
}

/* Six equal atoms on three axes: B = diag(a, b, c) of the frame's coordinates. */
static void margin_measures_the_distance_to_ambiguity(void **state)
{
    const double weights[6] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    const double reference[18] = {3, 0, 0, -3, 0, 0, 0, 2, 0, 0, -2, 0, 0, 0, 1, 0, 0, -1};
    axes        *proper = NULL, *improper = NULL;

    (void)state;
    assert_ok(axes_create(axes_find("eckart"), 6, weights, reference, false, &proper));
    assert_ok(axes_create(axes_find("eckart"), 6, weights, reference, true, &improper));
    for (double step = 0.1; step > 1e-12; step /= 10.0) {
        /* B = diag(3, 1 + step, -1): inverted, and nearly free to turn about x */
        const double b = (1.0 + step) / 2.0, c = -1.0, a = 1.0;
        const double turning[18] = {a, 0, 0, -a, 0, 0, 0, b, 0, 0, -b, 0, 0, 0, c, 0, 0, -c};
        /* B = diag(3, 2, step): nearly flat, so that reflections are nearly undecided */
        const double flat[18] = {1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, step, 0, 0, -step};
        pose         at;

        assert_ok(axes_pose(proper, turning, &at));
        assert_near(at.margin, step / 3.0, 1e-15);
        assert_ok(axes_pose(improper, turning, &at));
        assert_near(at.margin, 1.0 / 3.0, 1e-14);
        assert_near(matrix3_det(at.rotation), -1.0, 1e-14);
        assert_ok(axes_pose(improper, flat, &at));
        assert_near(at.margin, step / 3.0, 1e-15);
        assert_ok(axes_pose(proper, flat, &at));
        assert_near(at.margin, (2.0 + step) / 3.0, 1e-14);
        improper->shape = SHAPE_PLANAR; /* then z has no say */
        assert_ok(axes_pose(improper, flat, &at));
        assert_near(at.margin, 2.0 / 3.0, 1e-14);
        assert_ok(axes_pose(improper, turning, &at));
        assert_near(matrix3_det(at.rotation), 1.0, 1e-14);
        improper->shape = SHAPE_SPATIAL;
    }
    axes_destroy(&improper);
    axes_destroy(&proper);
}

/* Axes follow small distortions smoothly: no jump beyond the step along a path of bending. */
static void axes_are_continuous(void **state)
{
    const molecule *of = &ammonia;
    axes           *rule = make(of, false);
    double          lab[12];
    pose            before, now;

    (void)state;
    assert_ok(axes_pose(rule, of->positions, &before));
    for (int step = 1; step <= 1000; step++) {
        memcpy(lab, of->positions, sizeof lab);
        for (int atom = 1; atom < 4; atom++) { /* umbrella inversion through the plane */
            lab[3 * atom + 2] += 0.74 * step / 1000.0;
            lab[3 * atom + atom % 3] += 0.2 * sin(0.01 * step);
        }
        assert_ok(axes_pose(rule, lab, &now));
        assert_true(largest_difference(9, before.rotation, now.rotation) < 0.02);
        before = now;
    }
    axes_destroy(&rule);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(factors_multiply_to_the_matrix),
    cmocka_unit_test(small_singular_values_are_accurate),
    cmocka_unit_test(no_rotation_comes_closer),
    cmocka_unit_test(no_torque_is_left),
    cmocka_unit_test(symmetric_tops_are_covariant),
    cmocka_unit_test(margin_measures_the_distance_to_ambiguity),
    cmocka_unit_test(axes_are_continuous),
};

TEST_MAIN(cases)
