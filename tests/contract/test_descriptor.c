/* SPDX-License-Identifier: BSD-3-Clause */
/* What every descriptor promises.   ranks: 1 */
#include "support.h"

#include "descriptor/descriptor.h"
#include "molecules.h"

#include <string.h>

enum { MAX_FEATURES = MOLECULE_MAX_ATOMS * (MOLECULE_MAX_ATOMS + 1) / 2 };

/* Runs `check` for every descriptor and molecule in which it has features. */
static void for_all(void (*check)(const descriptor_ops *ops, const molecule *of,
                                  const descriptor_molecule *given, test_random *stream))
{
    test_random stream = {71};

    for (const descriptor_ops *const *ops = descriptor_registry(); *ops != NULL; ops++) {
        for (const molecule *const *of = molecules; *of != NULL; of++) {
            const descriptor_molecule given = {(*of)->n_atoms, (*of)->species, (*of)->weights,
                                               (*of)->positions};
            const int64_t             n = (*ops)->dimension(&given);
            assert_in_range(n, 0, MAX_FEATURES);
            if (n > 0) {
                check(*ops, *of, &given, &stream);
            } else {
                assert_int_equal(given.n_atoms, 1);
            }
        }
    }
}

static void names_are_found(void **state)
{
    (void)state;
    for (const descriptor_ops *const *ops = descriptor_registry(); *ops != NULL; ops++) {
        assert_ptr_equal(descriptor_find((*ops)->name), *ops);
        assert_true(strlen((*ops)->summary) > 0);
    }
    assert_null(descriptor_find("distance"));
}

/* All features are written, nothing beyond them is, and the same geometry gives the same row. */
static void check_extent(const descriptor_ops *ops, const molecule *of,
                         const descriptor_molecule *given, test_random *stream)
{
    const int64_t n = ops->dimension(given);
    double        positions[3 * MOLECULE_MAX_ATOMS], row[MAX_FEATURES + 1], again[MAX_FEATURES];

    molecule_shake(stream, of, 0.05, positions);
    for (int64_t k = 0; k <= n; k++) {
        row[k] = NAN;
    }
    row[n] = -777.0;
    assert_ok(ops->evaluate(given, positions, row));
    assert_true(row[n] == -777.0);
    for (int64_t k = 0; k < n; k++) {
        assert_true(isfinite(row[k]));
    }
    assert_ok(ops->evaluate(given, positions, again));
    assert_memory_equal(row, again, (size_t)n * sizeof *row);
}

static void rows_are_filled_exactly(void **state)
{
    (void)state;
    for_all(check_extent);
}

/* Rotations, reflections and shifts change nothing, unless the descriptor says it needs axes. */
static void check_invariance(const descriptor_ops *ops, const molecule *of,
                             const descriptor_molecule *given, test_random *stream)
{
    const int64_t n = ops->dimension(given);
    double        positions[3 * MOLECULE_MAX_ATOMS], moved[3 * MOLECULE_MAX_ATOMS], q[9];
    double        row[MAX_FEATURES], then[MAX_FEATURES];

    for (int k = 0; k < 20; k++) {
        const double t[3] = {0.5, -1.0, 0.25};
        molecule_shake(stream, of, 0.05, positions);
        test_rotation(stream, k % 2, q);
        molecule_move(of->n_atoms, q, t, positions, moved);
        assert_ok(ops->evaluate(given, positions, row));
        assert_ok(ops->evaluate(given, moved, then));
        const double apart = largest_difference(n, row, then);
        if (ops->needs_axes) {
            assert_true(apart > 1e-3);
        } else {
            assert_near(apart, 0.0, 1e-13 * 100.0); /* Coulomb elements reach some hundreds */
        }
    }
}

static void features_are_invariant_unless_they_need_axes(void **state)
{
    (void)state;
    for_all(check_invariance);
}

/* Halving a step twice makes differences quotients converge: the features are smooth. */
static void check_smoothness(const descriptor_ops *ops, const molecule *of,
                             const descriptor_molecule *given, test_random *stream)
{
    const int64_t n = ops->dimension(given), width = 3 * of->n_atoms;
    double        at[3 * MOLECULE_MAX_ATOMS], direction[3 * MOLECULE_MAX_ATOMS];
    double        slope[2][MAX_FEATURES], above[MAX_FEATURES], below[MAX_FEATURES];
    double        moved[3 * MOLECULE_MAX_ATOMS];
    bool          changes = false;

    for (int64_t k = 0; k < width; k++) {
        direction[k] = test_normal(stream);
    }
    molecule_shake(stream, of, 0.05, at);
    for (int half = 0; half < 2; half++) {
        const double step = 1e-4 / (1 + half);
        for (int64_t k = 0; k < width; k++) {
            moved[k] = at[k] + step * direction[k];
        }
        assert_ok(ops->evaluate(given, moved, above));
        for (int64_t k = 0; k < width; k++) {
            moved[k] = at[k] - step * direction[k];
        }
        assert_ok(ops->evaluate(given, moved, below));
        for (int64_t k = 0; k < n; k++) {
            slope[half][k] = (above[k] - below[k]) / (2.0 * step);
        }
    }
    for (int64_t k = 0; k < n; k++) {
        assert_near(slope[0][k], slope[1][k], 1e-5 * (1.0 + fabs(slope[0][k])));
        changes = changes || fabs(slope[0][k]) > 1e-6;
    }
    assert_true(changes || of->n_atoms == 1);
}

static void features_are_smooth_and_see_distortions(void **state)
{
    (void)state;
    for_all(check_smoothness);
}

static void check_bad_positions(const descriptor_ops *ops, const molecule *of,
                                const descriptor_molecule *given, test_random *stream)
{
    double positions[3 * MOLECULE_MAX_ATOMS], row[MAX_FEATURES];

    (void)stream;
    if (of->n_atoms > 1) {
        memcpy(positions, of->positions, sizeof positions);
        memcpy(positions + 3, positions, 3 * sizeof *positions);
        if (ops->needs_axes) {
            assert_ok(ops->evaluate(given, positions, row));
        } else {
            assert_int_equal(ops->evaluate(given, positions, row), COVARY_ERR_DATA);
            assert_message("atoms 1 (");
            assert_message("coincide");
        }
    }
    for (int64_t k = 0; k < 3 * of->n_atoms; k++) {
        memcpy(positions, of->positions, sizeof positions);
        positions[k] = k % 2 ? NAN : INFINITY;
        if (of->n_atoms > 1 || ops->needs_axes) {
            assert_int_equal(ops->evaluate(given, positions, row), COVARY_ERR_NUMERIC);
        }
    }
}

static void coinciding_and_infinite_positions_fail(void **state)
{
    (void)state;
    for_all(check_bad_positions);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(names_are_found),
    cmocka_unit_test(rows_are_filled_exactly),
    cmocka_unit_test(features_are_invariant_unless_they_need_axes),
    cmocka_unit_test(features_are_smooth_and_see_distortions),
    cmocka_unit_test(coinciding_and_infinite_positions_fail),
};

TEST_MAIN(cases)
