/* SPDX-License-Identifier: BSD-3-Clause */
/* Cells from lengths and angles and back.   ranks: 1 */
#include "trajectory/cell.h"

#include "support.h"

#include <math.h>

static double dot(const double *u, const double *v)
{
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
}

/* The definition: norms are the lengths, cosines those of the angles; a along x, b in xy. */
static void vectors_have_the_lengths_and_angles(void **state)
{
    static const double lengths[3] = {14.0, 15.0, 16.0}, degrees[3] = {80.0, 95.0, 100.0};
    double              cell[9];

    (void)state;
    assert_true(cell_from_lengths(lengths, degrees, cell));
    assert_true(cell[1] == 0.0 && cell[2] == 0.0 && cell[5] == 0.0);
    assert_true(cell[0] > 0.0 && cell[4] > 0.0 && cell[8] > 0.0);
    for (int d = 0; d < 3; d++) {
        const int i = (d + 1) % 3, j = (d + 2) % 3;
        assert_near(sqrt(dot(cell + 3 * d, cell + 3 * d)), lengths[d], 1e-13);
        assert_near(dot(cell + 3 * i, cell + 3 * j),
                    lengths[i] * lengths[j] * cos(degrees[d] * acos(-1.0) / 180.0), 1e-11);
    }
}

static void right_angles_are_exact(void **state)
{
    static const double lengths[3] = {3.0, 4.0, 5.0}, degrees[3] = {90.0, 90.0, 90.0};
    double              cell[9];

    (void)state;
    assert_true(cell_from_lengths(lengths, degrees, cell));
    for (int i = 0; i < 9; i++) {
        assert_true(cell[i] == (i % 4 == 0 ? lengths[i / 4] : 0.0));
    }
}

/* Slabs and files without a cell: what is written for the angles then means nothing. */
static void missing_vectors_are_zero(void **state)
{
    static const double slab[3] = {3.0, 4.0, 0.0}, none[3] = {0.0, 0.0, 0.0};
    static const double degrees[3] = {0.0, 0.0, 120.0};
    double              cell[9];

    (void)state;
    assert_true(cell_from_lengths(slab, degrees, cell));
    assert_near(cell[3], -2.0, 1e-14);
    assert_true(cell[6] == 0.0 && cell[7] == 0.0 && cell[8] == 0.0);
    assert_true(cell_from_lengths(none, none, cell));
    for (int i = 0; i < 9; i++) {
        assert_true(cell[i] == 0.0);
    }
}

static void impossible_cells_are_told(void **state)
{
    static const double lengths[3] = {3.0, 4.0, 5.0};
    static const double flat[3] = {30.0, 30.0, 120.0}, folded[3] = {90.0, 90.0, 0.0};
    static const double right[3] = {90.0, 90.0, 90.0}, unknown[3] = {90.0, NAN, 90.0};
    static const double negative[3] = {3.0, -4.0, 5.0}, endless[3] = {3.0, 4.0, INFINITY};
    double              cell[9];

    (void)state;
    assert_false(cell_from_lengths(lengths, flat, cell));
    assert_false(cell_from_lengths(lengths, folded, cell));
    assert_false(cell_from_lengths(lengths, unknown, cell));
    assert_false(cell_from_lengths(negative, right, cell));
    assert_false(cell_from_lengths(endless, right, cell));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(vectors_have_the_lengths_and_angles),
    cmocka_unit_test(right_angles_are_exact),
    cmocka_unit_test(missing_vectors_are_zero),
    cmocka_unit_test(impossible_cells_are_told),
};

TEST_MAIN(cases)
