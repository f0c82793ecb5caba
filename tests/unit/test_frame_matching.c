/* SPDX-License-Identifier: BSD-3-Clause */
/* The best permutation between frames is the best of all.   ranks: 1 */
#include "symmetry_support.h"

#include "geometry/bond_graph.h"
#include "geometry/frame_matching.h"
#include "trajectory/elements.h"

static double separation(const double *x, int a, int b)
{
    return sqrt(pow(x[3 * a] - x[3 * b], 2) + pow(x[3 * a + 1] - x[3 * b + 1], 2) +
                pow(x[3 * a + 2] - x[3 * b + 2], 2));
}

static double flattened(double d)
{
    return d <= 3.5 ? d : 3.5 + 3.5 * log(d / 3.5);
}

/* Difference of pi X and Y from the definition; HUGE_VAL where bonds forbid it. */
static double difference_of(int n, const uint8_t *species, const double *x, const double *y,
                            const int32_t *image)
{
    double sum = 0.0;

    for (int a = 0; a < n; a++) {
        for (int b = 0; b < a; b++) {
            const double radii = element_radius(species[a]) + element_radius(species[b]);
            const double p = separation(x, image[a], image[b]), q = separation(y, a, b);
            if (fmin(p, q) < 1.2 * radii && fmax(p, q) >= 1.35 * radii) {
                return HUGE_VAL;
            }
            sum += pow(flattened(p) - flattened(q), 2);
        }
    }
    return n > 1 ? 2.0 * sum / (n * (n - 1)) : 0.0;
}

/* The least difference over all permutations of equal species but the identity. */
static double least_of_all(int n, const uint8_t *species, const double *x, const double *y,
                           int depth, int32_t *image)
{
    double least = HUGE_VAL;

    if (depth == n) {
        return permutation_is_identity(n, image) ? HUGE_VAL
                                                 : difference_of(n, species, x, y, image);
    }
    for (int32_t to = 0; to < n; to++) {
        bool free_place = species[to] == species[depth];
        for (int k = 0; k < depth; k++) {
            free_place = free_place && image[k] != to;
        }
        image[depth] = to;
        if (free_place) {
            least = fmin(least, least_of_all(n, species, x, y, depth + 1, image));
        }
    }
    return least;
}

/* Molecules without tetrahedral centres, where the difference alone decides. */
static void best_permutation_is_the_best_of_all(void **state)
{
    const molecule *const tried[] = {&carbon_dioxide, &water, &hexagon, &ammonia,
                                     &bromochlorofluoromethane};
    int                   n_found = 0;

    (void)state;
    for (size_t m = 0; m < sizeof tried / sizeof tried[0]; m++) {
        const molecule *of = tried[m];
        const int       n = (int)of->n_atoms;
        ensemble        frames = ensemble_about(12, n, of->species, of->positions, 0.12, 61 + m);
        matching       *all = NULL;

        assert_ok(matching_create(n, of->species, NULL, 12, frames.positions, &all));
        for (int i = 0; i < 12; i++) {
            for (int j = 0; j < 12; j++) {
                const double *x = ensemble_frame(&frames, i), *y = ensemble_frame(&frames, j);
                int32_t       image[12], scratch[12];
                const double  found = matching_best(all, i, j, HUGE_VAL, image);
                const double  least = least_of_all(n, of->species, x, y, 0, scratch);

                assert_true((found < HUGE_VAL) == (least < HUGE_VAL));
                if (found < HUGE_VAL) {
                    n_found++;
                    assert_near(found, least, 1e-12);
                    assert_near(difference_of(n, of->species, x, y, image), least, 1e-12);
                }
            }
        }
        matching_destroy(&all);
        free(frames.positions);
    }
    assert_true(n_found > 400);
}

static void identical_orders_differ_by_what_they_are(void **state)
{
    ensemble frames =
        ensemble_about(6, 8, dichloroethane.species, dichloroethane.positions, 0.1, 66);
    const int32_t identity[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    matching     *all = NULL;

    (void)state;
    assert_ok(matching_create(8, dichloroethane.species, NULL, 6, frames.positions, &all));
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            assert_near(matching_difference(all, i, j),
                        difference_of(8, dichloroethane.species, ensemble_frame(&frames, i),
                                      ensemble_frame(&frames, j), identity),
                        1e-12);
        }
    }
    matching_destroy(&all);
    free(frames.positions);
}

/* A relabelled, mirrored copy is found back, whatever it was relabelled by. */
static void relabelled_copies_are_found_back(void **state)
{
    test_random  stream = {67};
    double       benzene[36], pair[72], turned[36], q[9];
    const double t[3] = {1, 2, 3};

    (void)state;
    benzene_geometry(benzene);
    for (int trial = 0; trial < 20; trial++) {
        int32_t   relabel[12], image[12];
        matching *all = NULL;

        for (int k = 0; k < 12; k++) { /* carbons and hydrogens, each among themselves */
            const int first = k / 6 * 6;
            const int l = first + (int)(test_uniform(&stream) * (k - first + 1));
            relabel[k] = k;
            relabel[k] = relabel[l];
            relabel[l] = k;
        }
        thermal_frame(&stream, 12, 0.05, benzene, pair);
        test_rotation(&stream, trial % 2, q);
        molecule_move(12, q, t, pair, turned);
        permutation_apply(12, relabel, 3, turned, pair + 36);
        assert_ok(matching_create(12, benzene_species, NULL, 2, pair, &all));
        assert_near(matching_best(all, 0, 1, HUGE_VAL, image), 0.0, 1e-20);
        assert_memory_equal(image, relabel, sizeof image);
        assert_true(matching_best(all, 0, 1, 0.0, image) == HUGE_VAL);
        matching_destroy(&all);
    }
}

/*
 * Two hydrogens of one carbon do not change places while the other end stays, even where that would
 * bring two conformers nearer.
 */
static void centres_do_not_invert_alone(void **state)
{
    static const char *const cycles[] = {"(5 6)(7 8)", "(1 2)(3 4)(5 7)(6 8)", NULL};
    const double             anti[24] = {0,    0.38, 0.66,  0,     -0.38, -0.66, 0,    -0.67,
                                         2.08, 0,    0.67,  -2.08, 0.89,  1.0,   0.66, -0.89,
                                         1.0,  0.66, -0.89, -1.0,  -0.66, 0.89,  -1.0, -0.66};
    permutation_group       *allowed = group_of(8, cycles);
    ensemble                 frames = ensemble_create(12, 8, dichloroethane.species);
    test_random              stream = {68};
    matching                *all = NULL;
    int                      n_forbidden = 0;

    (void)state;
    for (int k = 0; k < 12; k++) {
        thermal_frame(&stream, 8, 0.03, k % 2 ? anti : dichloroethane.positions,
                      ensemble_frame(&frames, k));
    }
    assert_ok(matching_create(8, dichloroethane.species, NULL, 12, frames.positions, &all));
    for (int i = 0; i < 12; i++) {
        for (int j = 0; j < 12; j++) {
            int32_t      image[8], scratch[8];
            const double found = matching_best(all, i, j, HUGE_VAL, image);

            assert_true(found < HUGE_VAL);
            assert_true(permutation_group_find(allowed, image) > 0);
            n_forbidden += least_of_all(8, dichloroethane.species, ensemble_frame(&frames, i),
                                        ensemble_frame(&frames, j), 0, scratch) < found - 1e-9;
        }
    }
    assert_true(n_forbidden > 0);
    matching_destroy(&all);
    permutation_group_destroy(&allowed);
    free(frames.positions);
}

typedef struct {
    int     count;
    int32_t images[64][12];
} visited;

static covary_status keep(void *context, const int32_t *image, double difference)
{
    visited *all = context;

    assert_true(difference < 0.01 && all->count < 64);
    memcpy(all->images[all->count++], image, 12 * sizeof *image);
    return COVARY_OK;
}

static void a_symmetric_frame_generates_its_group(void **state)
{
    double             benzene[36];
    visited            all = {0};
    matching          *one = NULL;
    permutation_group *group = NULL;

    (void)state;
    benzene_geometry(benzene);
    assert_ok(matching_create(12, benzene_species, NULL, 1, benzene, &one));
    assert_ok(matching_self(one, 0, 0.01, keep, &all));
    assert_true(all.count >= 2);
    assert_ok(permutation_group_generate(12, all.count, all.images[0], 1000, NULL, &group));
    assert_int_equal(group->order, 12);
    permutation_group_destroy(&group);
    matching_destroy(&one);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(best_permutation_is_the_best_of_all),
    cmocka_unit_test(identical_orders_differ_by_what_they_are),
    cmocka_unit_test(relabelled_copies_are_found_back),
    cmocka_unit_test(centres_do_not_invert_alone),
    cmocka_unit_test(a_symmetric_frame_generates_its_group),
};

TEST_MAIN(cases)
