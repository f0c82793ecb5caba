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
        int         n_values, n_packed, n_irreps, l[4], multiplicity[4];
        bool        pseudo[4];
    } table[] = {
        {"scalar", 1, 1, 1, {0}, {1}, {false}},
        {"vector", 3, 3, 1, {1}, {1}, {false}},
        {"axial-vector", 3, 3, 1, {1}, {1}, {true}},
        {"symmetric-tensor", 9, 6, 2, {0, 2}, {1, 1}, {false, false}},
        {"tensor", 9, 9, 3, {0, 1, 2}, {1, 1, 1}, {false, true, false}},
        {"symmetric-tensor-3", 27, 10, 2, {1, 3}, {1, 1}, {false, false}},
        {"tensor-3", 27, 27, 4, {0, 1, 2, 3}, {1, 3, 2, 1}, {true, false, true, false}},
        {"symmetric-tensor-4", 81, 15, 3, {0, 2, 4}, {1, 1, 1}, {false, false, false}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const property_kind *kind = property_kind_find(table[i].name);
        assert_non_null(kind);
        assert_int_equal(kind->n_values, table[i].n_values);
        assert_int_equal(kind->n_packed, table[i].n_packed);
        assert_int_equal(property_n_irreps(kind), table[i].n_irreps);
        for (int k = 0; k < table[i].n_irreps; k++) {
            assert_int_equal(property_irrep(kind, k).of.l, table[i].l[k]);
            assert_int_equal(property_irrep(kind, k).of.pseudo, table[i].pseudo[k]);
            assert_int_equal(property_irrep(kind, k).multiplicity, table[i].multiplicity[k]);
        }
    }
    assert_null(property_kind_find("pseudoscalar"));
}

static void vectors_turn_with_the_axes(void **state)
{
    test_random stream = {41};
    double      r[9], v[3], turned[3], expected[3], packed[3];

    (void)state;
    for (int k = 0; k < 40; k++) {
        const double det = k % 2 ? -1.0 : 1.0;
        test_rotation(&stream, k % 2, r);
        fill(&stream, 3, v);
        matrix3_apply(r, v, turned);
        irrep_polynomials(1, turned, expected);
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
    double      r[9], x[3], p[3], cross[3], x_body[3], p_body[3], turned[3], expected[3], packed[3];

    (void)state;
    for (int k = 0; k < 40; k++) {
        test_rotation(&stream, k % 2, r);
        fill(&stream, 3, x);
        fill(&stream, 3, p);
        vector3_cross(x, p, cross);
        matrix3_apply(r, x, x_body);
        matrix3_apply(r, p, p_body);
        vector3_cross(x_body, p_body, turned);
        irrep_polynomials(1, turned, expected);
        property_to_body(property_kind_find("axial-vector"), r, cross, packed);
        assert_near(largest_difference(3, packed, expected), 0.0, 1e-14);
    }
}

static void symmetric_tensors_are_packed_as_documented(void **state)
{
    const property_kind *symmetric = property_kind_find("symmetric-tensor");
    const double         t[9] = {1, 6, 5, 6, 2, 4, 5, 4, 3};
    const double         uneven[9] = {1, 7, 5, 5, 2, 3, 5, 5, 3};
    const double         root = sqrt(2.0);
    const double         expected[6] = {6 / sqrt(3.0), 6 * root, 4 * root,
                                        3 / sqrt(6.0), 5 * root, -1 / root};
    double               packed[6], back[9];

    (void)state;
    property_to_body(symmetric, identity, t, packed);
    assert_near(largest_difference(6, packed, expected), 0.0, 1e-14);
    property_to_lab(symmetric, identity, packed, back);
    assert_near(largest_difference(9, back, t), 0.0, 1e-14);
    property_to_body(symmetric, identity, uneven, packed); /* its symmetric part alone */
    assert_near(largest_difference(6, packed, expected), 0.0, 1e-14);
}

/* v v v and v v v v: every part is known from |v| and the polynomials. */
static void powers_of_vectors_are_packed_as_documented(void **state)
{
    test_random stream = {45};
    double      v[3], values[81], expected[15], packed[15], harmonic[9];

    (void)state;
    fill(&stream, 3, v);
    const double squared = vector3_dot(v, v);
    for (int c = 0; c < 27; c++) {
        values[c] = v[c / 9] * v[c / 3 % 3] * v[c % 3];
    }
    irrep_polynomials(1, v, harmonic);
    for (int m = 0; m < 3; m++) {
        expected[m] = sqrt(3.0 / 5.0) * squared * harmonic[m];
    }
    irrep_polynomials(3, v, expected + 3);
    property_pack(property_kind_find("symmetric-tensor-3"), values, packed);
    assert_near(largest_difference(10, packed, expected), 0.0, 1e-13);

    for (int c = 0; c < 81; c++) {
        values[c] = v[c / 27] * v[c / 9 % 3] * v[c / 3 % 3] * v[c % 3];
    }
    expected[0] = squared * squared / sqrt(5.0);
    irrep_polynomials(2, v, harmonic);
    for (int m = 0; m < 5; m++) {
        expected[1 + m] = sqrt(6.0 / 7.0) * squared * harmonic[m];
    }
    irrep_polynomials(4, v, expected + 6);
    property_pack(property_kind_find("symmetric-tensor-4"), values, packed);
    assert_near(largest_difference(15, packed, expected), 0.0, 1e-13);
}

/* a b c, with every part from dot and cross products. */
static void products_of_three_vectors_are_packed_as_documented(void **state)
{
    test_random stream = {46};
    double      a[3], b[3], c[3], ab[3], ac[3], bc[3], values[27], packed[27], expected[27];
    double      vector[3][3], one[5], two[5];

    (void)state;
    fill(&stream, 3, a);
    fill(&stream, 3, b);
    fill(&stream, 3, c);
    for (int k = 0; k < 27; k++) {
        values[k] = a[k / 9] * b[k / 3 % 3] * c[k % 3];
    }
    vector3_cross(a, b, ab);
    vector3_cross(a, c, ac);
    vector3_cross(b, c, bc);
    expected[0] = vector3_dot(a, bc) / sqrt(6.0);
    for (int i = 0; i < 3; i++) {
        const double start = vector3_dot(a, b) * c[i], middle = vector3_dot(a, c) * b[i];
        const double ends = vector3_dot(b, c) * a[i];
        vector[0][i] = (start + middle + ends) / sqrt(15.0);
        vector[1][i] = (start - middle) / 2.0;
        vector[2][i] = (2.0 * ends - start - middle) / sqrt(12.0);
    }
    for (int copy = 0; copy < 3; copy++) {
        irrep_polynomials(1, vector[copy], expected + 1 + 3 * copy);
    }
    irrep_pair(a, bc, one);
    for (int m = 0; m < 5; m++) {
        expected[10 + m] = one[m] / sqrt(2.0);
    }
    irrep_pair(ab, c, one);
    irrep_pair(ac, b, two);
    for (int m = 0; m < 5; m++) {
        expected[15 + m] = (one[m] + two[m]) / sqrt(6.0);
    }
    irrep_from_cartesian(3, values, expected + 20);
    property_pack(property_kind_find("tensor-3"), values, packed);
    assert_near(largest_difference(27, packed, expected), 0.0, 1e-14);
}

static void turn_by_angles(double theta, double phi, double psi, double out[9])
{
    const double about_x[9] = {1, 0, 0, 0, cos(phi), -sin(phi), 0, sin(phi), cos(phi)};
    const double about_z[9] = {cos(theta), -sin(theta), 0, sin(theta), cos(theta), 0, 0, 0, 1};
    const double again_x[9] = {1, 0, 0, 0, cos(psi), -sin(psi), 0, sin(psi), cos(psi)};
    double       first[9];

    matrix3_multiply(again_x, about_z, false, first);
    matrix3_multiply(first, about_x, false, out);
}

/*
 * Average over rotations about x (or all of them) and reflections, by brute force.  Exact for
 * l <= 4: seven turns leave |m| < 7 nothing but m = 0, and the rule of Gauss with three points
 * integrates P_l of the cosine.
 */
static void average_slowly(const property_kind *kind, molecule_shape shape, const double *packed,
                           double *average)
{
    enum { TURNS = 7 };
    static const double cosines[3] = {-0.7745966692414834, 0.0, 0.7745966692414834};
    static const double weights[3] = {5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0};
    const double        step = 6.283185307179586 / TURNS;
    double              values[KIND_MAX_VALUES], turned[KIND_MAX_PACKED], total = 0.0;

    memset(average, 0, (size_t)kind->n_packed * sizeof *average);
    property_unpack(kind, packed, values);
    for (int operation = 0; operation < 6 * TURNS * TURNS; operation++) {
        const int    flip = operation % 2, tilt = operation / 2 % 3;
        const int    turn = operation / 6 % TURNS, twist = operation / 6 / TURNS;
        const double mirror[9] = {1, 0, 0, 0, 1, 0, 0, 0, flip ? -1.0 : 1.0};
        double       rotation[9], whole[9], weight = weights[tilt];
        if (shape == SHAPE_PLANAR) {
            memcpy(rotation, identity, sizeof rotation);
        } else if (shape == SHAPE_LINEAR) {
            turn_by_angles(0.0, step * turn, 0.0, rotation);
        } else {
            turn_by_angles(acos(cosines[tilt]), step * turn, step * twist, rotation);
        }
        matrix3_multiply(rotation, mirror, false, whole);
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
    double      packed[KIND_MAX_PACKED], expected[KIND_MAX_PACKED];

    (void)state;
    for (const property_kind *const *kind = property_kind_registry(); *kind != NULL; kind++) {
        for (int shape = SHAPE_POINT; shape < SHAPE_SPATIAL; shape++) {
            fill(&stream, (*kind)->n_packed, packed);
            average_slowly(*kind, (molecule_shape)shape, packed, expected);
            property_project(*kind, (molecule_shape)shape, packed);
            assert_near(largest_difference((*kind)->n_packed, packed, expected), 0.0, 1e-13);
        }
    }
}

/* What is left of Cartesian values. */
static void project_values(const char *kind, molecule_shape shape, double *values)
{
    double packed[KIND_MAX_PACKED];

    property_pack(property_kind_find(kind), values, packed);
    property_project(property_kind_find(kind), shape, packed);
    property_unpack(property_kind_find(kind), packed, values);
}

static void projection_keeps_what_the_shape_allows(void **state)
{
    double v[3] = {1, 2, 3}, axial[3] = {1, 2, 3}, t[9] = {1, 6, 5, 6, 2, 4, 5, 4, 6};

    (void)state;
    project_values("vector", SHAPE_PLANAR, v);
    assert_true(v[0] == 1.0 && v[1] == 2.0 && v[2] == 0.0);
    project_values("vector", SHAPE_LINEAR, v);
    assert_true(v[0] == 1.0 && v[1] == 0.0);
    project_values("vector", SHAPE_POINT, v);
    assert_true(v[0] == 0.0);
    project_values("axial-vector", SHAPE_PLANAR, axial);
    assert_true(axial[0] == 0.0 && axial[1] == 0.0 && axial[2] == 3.0);
    project_values("axial-vector", SHAPE_LINEAR, axial);
    assert_true(axial[2] == 0.0);
    project_values("symmetric-tensor", SHAPE_PLANAR, t);
    const double planar[9] = {1, 6, 0, 6, 2, 0, 0, 0, 6};
    assert_near(largest_difference(9, t, planar), 0.0, 1e-14);
    project_values("symmetric-tensor", SHAPE_LINEAR, t);
    const double linear[9] = {1, 0, 0, 0, 4, 0, 0, 0, 4};
    assert_near(largest_difference(9, t, linear), 0.0, 1e-14);
    project_values("symmetric-tensor", SHAPE_POINT, t);
    const double point[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3};
    assert_near(largest_difference(9, t, point), 0.0, 1e-14);
}

static void irreps_are_trace_antisymmetric_and_traceless_parts(void **state)
{
    const property_kind *tensor = property_kind_find("tensor");
    const double         t[9] = {1, 2, 3, 4, 5, 6, 7, 8, 12};
    const double         root = sqrt(2.0);
    double               part[KIND_MAX_IRREP_SIZE], isotropic[81];

    (void)state;
    property_irrep_part(tensor, 0, t, part);
    assert_near(part[0], 6.0, 1e-14);
    property_irrep_part(tensor, 1, t, part); /* y z x */
    const double antisymmetric[3] = {4 / root, -2 / root, -2 / root};
    assert_near(largest_difference(3, part, antisymmetric), 0.0, 1e-14);
    property_irrep_part(tensor, 2, t, part);
    const double traceless[5] = {3 * root, 7 * root, 18 / sqrt(6.0), 5 * root, -4 / root};
    assert_near(largest_difference(5, part, traceless), 0.0, 1e-14);

    /* sum_ij T_iijj / 5 of the isotropic tensor of rank 4 with T_xxxx = 3 */
    for (int c = 0; c < 81; c++) {
        const int i = c / 27, j = c / 9 % 3, k = c / 3 % 3, l = c % 3;
        isotropic[c] = (i == j && k == l) + (i == k && j == l) + (i == l && j == k);
    }
    property_irrep_part(property_kind_find("symmetric-tensor-4"), 0, isotropic, part);
    assert_near(part[0], 3.0, 1e-14);
    property_irrep_part(property_kind_find("symmetric-tensor-4"), 1, isotropic, part);
    assert_near(part[2], 0.0, 1e-14);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(kinds_have_the_documented_sizes),
    cmocka_unit_test(vectors_turn_with_the_axes),
    cmocka_unit_test(cross_products_are_axial),
    cmocka_unit_test(symmetric_tensors_are_packed_as_documented),
    cmocka_unit_test(powers_of_vectors_are_packed_as_documented),
    cmocka_unit_test(products_of_three_vectors_are_packed_as_documented),
    cmocka_unit_test(projection_is_the_average_over_the_symmetry),
    cmocka_unit_test(projection_keeps_what_the_shape_allows),
    cmocka_unit_test(irreps_are_trace_antisymmetric_and_traceless_parts),
};

TEST_MAIN(cases)
