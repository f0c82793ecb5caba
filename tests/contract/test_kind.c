/* SPDX-License-Identifier: BSD-3-Clause */
/* What every kind of property promises.   ranks: 1 */
#include "support.h"

#include "geometry/vector3.h"
#include "molecules.h"
#include "property/kind.h"
#include "property/symmetric.h"

#include <string.h>

/* Runs `check` often for every kind, with random lab values that belong to the kind. */
static void for_all(void (*check)(const property_kind *kind, const double *lab,
                                  test_random *stream))
{
    test_random stream = {51};
    double      lab[KIND_MAX_VALUES];

    for (const property_kind *const *kind = property_kind_registry(); *kind != NULL; kind++) {
        for (int repeat = 0; repeat < 40; repeat++) {
            for (int k = 0; k < (*kind)->n_values; k++) {
                lab[k] = test_normal(&stream);
            }
            if ((*kind)->symmetric) {
                double mean[SYMMETRIC_MAX_SIZE];
                symmetric_average((*kind)->rank, lab, mean);
                symmetric_spread((*kind)->rank, mean, lab);
            }
            check(*kind, lab, &stream);
        }
    }
}

/* Symmetric kinds come back symmetric to the last bit: in the exchange of any two neighbours. */
static void check_symmetry(const property_kind *kind, const double *lab, test_random *stream)
{
    double rotation[9], packed[KIND_MAX_PACKED], back[KIND_MAX_VALUES];

    test_rotation(stream, test_uniform(stream) < 0.5, rotation);
    property_to_body(kind, rotation, lab, packed);
    property_to_lab(kind, rotation, packed, back);
    for (int after = 1; kind->symmetric && 9 * after <= kind->n_values; after *= 3) {
        for (int c = 0; c < kind->n_values; c++) {
            const int i = c / (3 * after) % 3, j = c / after % 3;
            assert_true(back[c] == back[c + 3 * after * (j - i) + after * (i - j)]);
        }
    }
}

static double squared_norm(int count, const double *values)
{
    double sum = 0.0;

    for (int k = 0; k < count; k++) {
        sum += values[k] * values[k];
    }
    return sum;
}

static void check_sizes(const property_kind *kind, const double *lab, test_random *stream)
{
    int size = 0;

    (void)lab;
    (void)stream;
    assert_ptr_equal(property_kind_find(kind->name), kind);
    assert_true(kind->n_values <= KIND_MAX_VALUES && kind->n_packed <= kind->n_values);
    assert_true(kind->n_packed <= KIND_MAX_PACKED);
    assert_in_range(property_n_irreps(kind), 1, KIND_MAX_IRREPS);
    for (int k = 0; k < property_n_irreps(kind); k++) {
        const kind_irrep part = property_irrep(kind, k);
        assert_in_range(part.of.l, k > 0 ? property_irrep(kind, k - 1).of.l + 1 : 0, kind->rank);
        assert_int_equal(part.first, size);
        assert_int_equal(property_irrep_size(kind, k), part.multiplicity * (2 * part.of.l + 1));
        assert_in_range(property_irrep_size(kind, k), 1, KIND_MAX_IRREP_SIZE);
        /* inversion gives (-1)^rank, of an axial kind (-1)^(rank + 1) */
        assert_int_equal(part.of.pseudo, (part.of.l + kind->rank + (kind->axial ? 1 : 0)) % 2);
        size += property_irrep_size(kind, k);
    }
    assert_int_equal(size, kind->n_packed);
    for (int c = 0; c < kind->n_values && kind->n_short > 0; c++) {
        assert_in_range(kind->short_places[c], 0, kind->n_short - 1);
    }
    assert_int_equal(kind->n_short, kind->symmetric && kind->rank > 1 ? kind->n_packed : 0);
}

static void symmetric_values_are_symmetric_to_the_last_bit(void **state)
{
    (void)state;
    for_all(check_symmetry);
}

static void sizes_agree(void **state)
{
    (void)state;
    for_all(check_sizes);
}

static void check_return(const property_kind *kind, const double *lab, test_random *stream)
{
    double r[9], packed[KIND_MAX_PACKED], back[KIND_MAX_VALUES];

    test_rotation(stream, test_uniform(stream) < 0.5, r);
    property_to_body(kind, r, lab, packed);
    property_to_lab(kind, r, packed, back);
    assert_near(largest_difference(kind->n_values, back, lab), 0.0, 1e-14);
    assert_near(squared_norm(kind->n_packed, packed), squared_norm(kind->n_values, lab), 2e-13);
}

static void way_to_the_body_and_back_keeps_values_and_norm(void **state)
{
    (void)state;
    for_all(check_return);
}

/* Turning by S in the lab and then by R is turning by R S. */
static void check_group(const property_kind *kind, const double *lab, test_random *stream)
{
    double r[9], s[9], rs[9], transposed[9];
    double once[KIND_MAX_PACKED], packed[KIND_MAX_PACKED], twice[KIND_MAX_PACKED];
    double turned[KIND_MAX_VALUES];

    test_rotation(stream, test_uniform(stream) < 0.5, r);
    test_rotation(stream, test_uniform(stream) < 0.5, s);
    matrix3_multiply(r, s, false, rs);
    property_to_body(kind, rs, lab, once);
    for (int k = 0; k < 9; k++) {
        transposed[k] = s[3 * (k % 3) + k / 3];
    }
    property_to_body(kind, transposed, lab, packed); /* lab -> S^T lab */
    property_to_lab(kind, transposed, packed, turned);
    assert_near(largest_difference(kind->n_values, turned, lab), 0.0, 1e-14);
    property_to_body(kind, (const double[9]){1, 0, 0, 0, 1, 0, 0, 0, 1}, lab, packed);
    property_to_lab(kind, transposed, packed, turned); /* S lab */
    property_to_body(kind, r, turned, twice);
    assert_near(largest_difference(kind->n_packed, once, twice), 0.0, 1e-14);
}

static void rotations_compose(void **state)
{
    (void)state;
    for_all(check_group);
}

/* R applied to every index in turn, times det R for axial kinds: the definition. */
static void turn_slowly(const property_kind *kind, const double r[9], const double *values,
                        double *turned)
{
    const double det = matrix3_det(r);

    for (int c = 0; c < kind->n_values; c++) {
        turned[c] = 0.0;
        for (int d = 0; d < kind->n_values; d++) {
            double product = kind->axial ? det : 1.0;
            for (int k = 0, i = c, j = d; k < kind->rank; k++, i /= 3, j /= 3) {
                product *= r[3 * (i % 3) + j % 3];
            }
            turned[c] += product * values[d];
        }
    }
}

static void check_definition(const property_kind *kind, const double *lab, test_random *stream)
{
    double        r[9], turned[KIND_MAX_VALUES], packed[KIND_MAX_PACKED], once[KIND_MAX_PACKED];
    kind_rotation turns;

    test_rotation(stream, test_uniform(stream) < 0.5, r);
    turn_slowly(kind, r, lab, turned);
    property_pack(kind, turned, packed);
    property_to_body(kind, r, lab, once);
    assert_near(largest_difference(kind->n_packed, once, packed), 0.0, 1e-13);
    property_rotation(kind, r, &turns);
    property_pack(kind, lab, once);
    property_turn(kind, &turns, false, once);
    assert_near(largest_difference(kind->n_packed, once, packed), 0.0, 1e-13);
    property_turn(kind, &turns, true, once);
    property_unpack(kind, once, turned);
    assert_near(largest_difference(kind->n_values, turned, lab), 0.0, 1e-13);
}

static void values_turn_by_every_index(void **state)
{
    (void)state;
    for_all(check_definition);
}

/* Any packed value belongs to Cartesian values of the same norm. */
static void check_packing(const property_kind *kind, const double *lab, test_random *stream)
{
    double packed[KIND_MAX_PACKED], again[KIND_MAX_PACKED], values[KIND_MAX_VALUES];

    (void)lab;
    for (int k = 0; k < kind->n_packed; k++) {
        packed[k] = test_normal(stream);
    }
    property_unpack(kind, packed, values);
    property_pack(kind, values, again);
    assert_near(largest_difference(kind->n_packed, packed, again), 0.0, 1e-14);
    assert_near(squared_norm(kind->n_packed, packed), squared_norm(kind->n_values, values), 2e-13);
}

static void packing_is_unitary(void **state)
{
    (void)state;
    for_all(check_packing);
}

static void check_projection(const property_kind *kind, const double *lab, test_random *stream)
{
    double packed[KIND_MAX_PACKED], once[KIND_MAX_PACKED], r[9];

    test_rotation(stream, 0, r);
    property_to_body(kind, r, lab, packed);
    for (int shape = SHAPE_SPATIAL; shape >= SHAPE_POINT; shape--) {
        memcpy(once, packed, sizeof once);
        property_project(kind, (molecule_shape)shape, once);
        assert_true(squared_norm(kind->n_packed, once) <=
                    squared_norm(kind->n_packed, packed) * (1 + 1e-14));
        if (shape == SHAPE_SPATIAL) {
            assert_memory_equal(once, packed, (size_t)kind->n_packed * sizeof *once);
        }
        memcpy(packed, once, sizeof packed);
        property_project(kind, (molecule_shape)shape, packed);
        assert_near(largest_difference(kind->n_packed, packed, once), 0.0, 1e-14);
    }
}

static void projection_is_a_projection(void **state)
{
    (void)state;
    for_all(check_projection);
}

/* A linear molecule's prediction must not depend on its free axes. */
static void check_free_axes(const property_kind *kind, const double *lab, test_random *stream)
{
    double packed[KIND_MAX_PACKED], turned[KIND_MAX_VALUES], values[KIND_MAX_VALUES];
    double phi = 6.0 * test_uniform(stream);
    double about_x[9] = {1, 0, 0, 0, cos(phi), -sin(phi), 0, sin(phi), cos(phi)};
    double any[9];

    property_to_body(kind, (const double[9]){1, 0, 0, 0, 1, 0, 0, 0, 1}, lab, packed);
    property_project(kind, SHAPE_LINEAR, packed);
    property_to_lab(kind, about_x, packed, values);
    property_to_body(kind, (const double[9]){1, 0, 0, 0, 1, 0, 0, 0, 1}, values, turned);
    assert_near(largest_difference(kind->n_packed, packed, turned), 0.0, 1e-14);

    property_project(kind, SHAPE_POINT, packed);
    test_rotation(stream, 0, any);
    property_to_lab(kind, any, packed, values);
    property_to_body(kind, (const double[9]){1, 0, 0, 0, 1, 0, 0, 0, 1}, values, turned);
    assert_near(largest_difference(kind->n_packed, packed, turned), 0.0, 1e-14);
}

static void projected_values_do_not_see_the_free_axes(void **state)
{
    (void)state;
    for_all(check_free_axes);
}

/* Each part keeps its norm in any axes, and together they hold the whole norm. */
static void check_irreps(const property_kind *kind, const double *lab, test_random *stream)
{
    double r[9], packed[KIND_MAX_PACKED], turned[KIND_MAX_VALUES];
    double part[KIND_MAX_IRREP_SIZE], then[KIND_MAX_IRREP_SIZE], total = 0.0;

    test_rotation(stream, test_uniform(stream) < 0.5, r);
    property_to_body(kind, (const double[9]){1, 0, 0, 0, 1, 0, 0, 0, 1}, lab, packed);
    property_to_lab(kind, r, packed, turned);
    for (int k = 0; k < property_n_irreps(kind); k++) {
        const int size = property_irrep_size(kind, k);
        property_irrep_part(kind, k, lab, part);
        property_irrep_part(kind, k, turned, then);
        assert_near(squared_norm(size, part), squared_norm(size, then), 2e-13);
        total += property_irrep_weight(kind, k) * squared_norm(size, part);
    }
    assert_near(total, squared_norm(kind->n_values, lab), 2e-13);
}

static void irreps_turn_among_themselves(void **state)
{
    (void)state;
    for_all(check_irreps);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(sizes_agree),
    cmocka_unit_test(way_to_the_body_and_back_keeps_values_and_norm),
    cmocka_unit_test(symmetric_values_are_symmetric_to_the_last_bit),
    cmocka_unit_test(values_turn_by_every_index),
    cmocka_unit_test(packing_is_unitary),
    cmocka_unit_test(rotations_compose),
    cmocka_unit_test(projection_is_a_projection),
    cmocka_unit_test(projected_values_do_not_see_the_free_axes),
    cmocka_unit_test(irreps_turn_among_themselves),
};

TEST_MAIN(cases)
