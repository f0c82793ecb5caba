/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds against formulas written out by hand.   ranks: 1 */
#include "support.h"

#include "geometry/vector3.h"
#include "molecules.h"
#include "property/kind.h"

#include <string.h>

static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

static void fill(test_random *stream, int count, double *values)
{
    for (int k = 0; k < count; k++) {
        values[k] = test_normal(stream);
    }
}

static void kinds_have_the_documented_sizes(void **state)
{
    static const struct {
        const char *name;
        int         n_values, n_packed, n_irreps, l[3];
    } table[] = {
        {"scalar", 1, 1, 1, {0}},       {"vector", 3, 3, 1, {1}},
        {"axial-vector", 3, 3, 1, {1}}, {"symmetric-tensor", 9, 6, 2, {0, 2}},
        {"tensor", 9, 9, 3, {0, 1, 2}},
    };

    (void)state;
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
        const property_kind *kind = property_kind_find(table[k].name);
        assert_non_null(kind);
        assert_int_equal(kind->n_values, table[k].n_values);
        assert_int_equal(kind->n_packed, table[k].n_packed);
        assert_int_equal(property_n_irreps(kind), table[k].n_irreps);
        for (int irrep = 0; irrep < table[k].n_irreps; irrep++) {
            assert_int_equal(property_irrep_l(kind, irrep), table[k].l[irrep]);
        }
    }
    assert_null(property_kind_find("pseudoscalar"));
}

static void vectors_turn_with_the_axes(void **state)
{
    test_random stream = {41};
    double      r[9], v[3], expected[3], packed[3];

    (void)state;
    for (int k = 0; k < 40; k++) {
        const double det = k % 2 ? -1.0 : 1.0;
        test_rotation(&stream, k % 2, r);
        fill(&stream, 3, v);
        matrix3_apply(r, v, expected);
        property_to_body(property_kind_find("vector"), r, v, packed);
        assert_near(largest_difference(3, packed, expected), 0.0, 1e-15);
        property_to_body(property_kind_find("axial-vector"), r, v, packed);
        vector3_scale(det, expected);
        assert_near(largest_difference(3, packed, expected), 0.0, 1e-15);
        property_to_body(property_kind_find("scalar"), r, v, packed);
        assert_true(packed[0] == v[0]);
    }
}

/* The angular momentum x cross p turns as an axial vector, also under reflections. */
static void cross_products_are_axial(void **state)
{
    test_random stream = {42};
    double      r[9], x[3], p[3], cross[3], x_body[3], p_body[3], expected[3], packed[3];

    (void)state;
    for (int k = 0; k < 40; k++) {
        test_rotation(&stream, k % 2, r);
        fill(&stream, 3, x);
        fill(&stream, 3, p);
        vector3_cross(x, p, cross);
        matrix3_apply(r, x, x_body);
        matrix3_apply(r, p, p_body);
        vector3_cross(x_body, p_body, expected);
        property_to_body(property_kind_find("axial-vector"), r, cross, packed);
        assert_near(largest_difference(3, packed, expected), 0.0, 1e-14);
    }
}

/* R T R^T for T = a b^T is (R a)(R b)^T: which index is which shows. */
static void tensors_turn_with_both_indices(void **state)
{
    const property_kind *tensor = property_kind_find("tensor");
    test_random          stream = {43};
    double               r[9], a[3], b[3], ra[3], rb[3], t[9], packed[9];

    (void)state;
    for (int k = 0; k < 40; k++) {
        test_rotation(&stream, k % 2, r);
        fill(&stream, 3, a);
        fill(&stream, 3, b);
        matrix3_apply(r, a, ra);
        matrix3_apply(r, b, rb);
        for (int ij = 0; ij < 9; ij++) {
            t[ij] = a[ij / 3] * b[ij % 3];
        }
        property_to_body(tensor, r, t, packed);
        for (int ij = 0; ij < 9; ij++) {
            assert_near(packed[ij], ra[ij / 3] * rb[ij % 3], 1e-14);
        }
    }
}

static void symmetric_tensors_are_packed_as_documented(void **state)
{
    const property_kind *symmetric = property_kind_find("symmetric-tensor");
    const double         t[9] = {1, 6, 5, 6, 2, 4, 5, 4, 3};
    const double         uneven[9] = {1, 7, 5, 5, 2, 3, 5, 5, 3};
    const double         root = sqrt(2.0);
    const double         expected[6] = {1, 2, 3, 4 * root, 5 * root, 6 * root};
    double               packed[6], back[9];

    (void)state;
    property_to_body(symmetric, identity, t, packed);
    assert_near(largest_difference(6, packed, expected), 0.0, 1e-14);
    property_to_lab(symmetric, identity, packed, back);
    assert_near(largest_difference(9, back, t), 0.0, 1e-14);
    property_to_body(symmetric, identity, uneven, packed); /* its symmetric part alone */
    assert_near(largest_difference(6, packed, expected), 0.0, 1e-14);
}

/* Average over rotations about x (or all of them) and reflections, by brute force. */
static void average_slowly(const property_kind *kind, molecule_shape shape, const double *packed,
                           double *average)
{
    enum { TURNS = 36 };
    double    values[KIND_MAX_VALUES], turned[KIND_MAX_VALUES];
    const int n_tilts = shape == SHAPE_POINT ? TURNS : 1;
    const int n_turns = shape == SHAPE_PLANAR ? 1 : TURNS;
    double    total = 0.0;

    memset(average, 0, (size_t)kind->n_packed * sizeof *average);
    for (int operation = 0; operation < 2 * n_turns * n_tilts * n_tilts; operation++) {
        const int    flip = operation % 2, turn = operation / 2 % n_turns;
        const int    tilt = operation / 2 / n_turns % n_tilts;
        const int    twist = operation / 2 / n_turns / n_tilts;
        const double step = 6.283185307179586 / TURNS;
        const double phi = step * turn, psi = step * twist, theta = 0.5 * step * (tilt + 0.5);
        const double about_x[9] = {1, 0, 0, 0, cos(phi), -sin(phi), 0, sin(phi), cos(phi)};
        const double about_z[9] = {cos(theta), -sin(theta), 0, sin(theta), cos(theta), 0, 0, 0, 1};
        const double again_x[9] = {1, 0, 0, 0, cos(psi), -sin(psi), 0, sin(psi), cos(psi)};
        const double mirror[9] = {1, 0, 0, 0, 1, 0, 0, 0, flip ? -1.0 : 1.0};
        double       first[9], second[9], whole[9], weight = 1.0;
        memcpy(whole, mirror, sizeof whole);
        if (shape == SHAPE_LINEAR) {
            matrix3_multiply(about_x, mirror, false, whole);
        } else if (shape == SHAPE_POINT) {
            matrix3_multiply(again_x, about_z, false, first);
            matrix3_multiply(first, about_x, false, second);
            matrix3_multiply(second, mirror, false, whole);
            weight = sin(theta);
        }
        property_to_lab(kind, identity, packed, values);
        property_to_body(kind, whole, values, turned);
        for (int k = 0; k < kind->n_packed; k++) {
            average[k] += weight * turned[k];
        }
        total += weight;
    }
    for (int k = 0; k < kind->n_packed; k++) {
        average[k] /= total;
    }
}

static void projection_is_the_average_over_the_symmetry(void **state)
{
    test_random stream = {44};
    double      packed[KIND_MAX_VALUES], expected[KIND_MAX_VALUES];

    (void)state;
    for (const property_kind *const *kind = property_kind_registry(); *kind != NULL; kind++) {
        for (int shape = SHAPE_POINT; shape < SHAPE_SPATIAL; shape++) {
            /* the midpoint rule in the polar angle of a point is exact to 1e-3 only */
            const double tolerance = shape == SHAPE_POINT ? 5e-3 : 1e-14;
            fill(&stream, (*kind)->n_packed, packed);
            average_slowly(*kind, (molecule_shape)shape, packed, expected);
            property_project(*kind, (molecule_shape)shape, packed);
            assert_near(largest_difference((*kind)->n_packed, packed, expected), 0.0, tolerance);
        }
    }
}

static void projection_keeps_what_the_shape_allows(void **state)
{
    const double root = sqrt(2.0);
    double       v[3] = {1, 2, 3}, axial[3] = {1, 2, 3};
    double       t[6] = {1, 2, 6, 4 * root, 5 * root, 6 * root};

    (void)state;
    property_project(property_kind_find("vector"), SHAPE_PLANAR, v);
    assert_true(v[0] == 1.0 && v[1] == 2.0 && v[2] == 0.0);
    property_project(property_kind_find("vector"), SHAPE_LINEAR, v);
    assert_true(v[0] == 1.0 && v[1] == 0.0);
    property_project(property_kind_find("vector"), SHAPE_POINT, v);
    assert_true(v[0] == 0.0);
    property_project(property_kind_find("axial-vector"), SHAPE_PLANAR, axial);
    assert_true(axial[0] == 0.0 && axial[1] == 0.0 && axial[2] == 3.0);
    property_project(property_kind_find("symmetric-tensor"), SHAPE_PLANAR, t);
    const double planar[6] = {1, 2, 6, 0, 0, 6 * root};
    assert_near(largest_difference(6, t, planar), 0.0, 1e-14);
    property_project(property_kind_find("symmetric-tensor"), SHAPE_LINEAR, t);
    const double linear[6] = {1, 4, 4, 0, 0, 0};
    assert_near(largest_difference(6, t, linear), 0.0, 1e-14);
    property_project(property_kind_find("symmetric-tensor"), SHAPE_POINT, t);
    const double point[6] = {3, 3, 3, 0, 0, 0};
    assert_near(largest_difference(6, t, point), 0.0, 1e-14);
}

static void irreps_are_trace_antisymmetric_and_traceless_parts(void **state)
{
    const property_kind *tensor = property_kind_find("tensor");
    const double         t[9] = {1, 2, 3, 4, 5, 6, 7, 8, 12};
    const double         root = sqrt(2.0);
    double               part[KIND_MAX_IRREP_SIZE];

    (void)state;
    property_irrep_part(tensor, 0, t, part);
    assert_near(part[0], 6.0, 1e-15);
    property_irrep_part(tensor, 1, t, part);
    assert_near(part[0], -2 / root, 1e-15);
    assert_near(part[1], 4 / root, 1e-15);
    assert_near(part[2], -2 / root, 1e-15);
    property_irrep_part(tensor, 2, t, part);
    const double traceless[6] = {-5, -1, 6, 7 * root, 5 * root, 3 * root};
    assert_near(largest_difference(6, part, traceless), 0.0, 1e-14);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(kinds_have_the_documented_sizes),
    cmocka_unit_test(vectors_turn_with_the_axes),
    cmocka_unit_test(cross_products_are_axial),
    cmocka_unit_test(tensors_turn_with_both_indices),
    cmocka_unit_test(symmetric_tensors_are_packed_as_documented),
    cmocka_unit_test(projection_is_the_average_over_the_symmetry),
    cmocka_unit_test(projection_keeps_what_the_shape_allows),
    cmocka_unit_test(irreps_are_trace_antisymmetric_and_traceless_parts),
};

TEST_MAIN(cases)
