/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Length and ridge of covariant systems, with blocks of rows a frame, and searches that compare
 * candidates on a subset that every rank has.
 * ranks: 1 2 3 4
 */
#include "selection_support.h"

static const covariant_shape plain_shape = {.n_sites = 1, .n_rows = 3, .n_tensors = 4};
static const covariant_shape group_shape = {
    .n_sites = 2, .n_rows = 5, .n_tensors = 2, .is_group = true};

static void choice_is_the_same_bits_on_any_number_of_ranks(void **unused)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    const covariant_shape    shapes[] = {plain_shape, group_shape};
    const char              *types[] = {"matern-5/2", "polynomial"};
    covary_run              *alone = NULL;

    (void)unused;
    assert_ok(covary_run_create(MPI_COMM_SELF, &quiet, &alone));
    for (int i = 0; i < 4; i++) {
        training_set     set = training_create_covariant(shapes[i % 2], 17, 4, 3, 17);
        selection_target here[2] = {{.first = 0, .count = 2, .length = NAN, .ridge = NAN},
                                    {.first = 2, .count = 1, .length = NAN, .ridge = NAN}};
        selection_target there[2];

        memcpy(there, here, sizeof here);
        assert_ok(choose_on(alone, &set, types[i / 2], 1000, 2, there));
        assert_ok(choose(&set, types[i / 2], 1000, 2, here));
        for (int member = 0; member < 2; member++) {
            assert_true(here[member].length == there[member].length);
            assert_true(here[member].ridge == there[member].ridge);
            assert_true(here[member].error == there[member].error);
            assert_true(here[member].at_edge == there[member].at_edge);
        }
        training_release(&set);
    }
    covary_run_destroy(&alone);
}

static void error_is_that_of_refits(void **unused)
{
    const covariant_shape shapes[] = {plain_shape, group_shape};

    (void)unused;
    for (int i = 0; i < 2; i++) {
        training_set     set = training_create_covariant(shapes[i], 8, 4, 2, 18);
        selection_target members[2] = {{.first = 0, .count = 2, .length = NAN, .ridge = 1e-3},
                                       {.first = 1, .count = 1, .length = 2.0, .ridge = NAN}};

        assert_ok(choose(&set, "matern-3/2", 1000, 2, members));
        for (int member = 0; member < 2; member++) {
            const double expected = rmse_by_refits(&set, "matern-3/2", &members[member]);

            assert_true(expected > 1e-2);
            assert_near(members[member].error, expected, 1e-6 * expected);
        }
        training_release(&set);
    }
}

static void rows_bound_the_subset_too(void **unused)
{
    const selection_limits limits = {.max_frames = 50, .max_rows = 100};
    const int64_t          middles[] = {1, 4, 7, 10};
    int64_t                chosen[4];

    (void)unused;
    assert_int_equal(selection_count(1000, 1, limits), 50);
    assert_int_equal(selection_count(1000, 3, limits), 33);
    assert_int_equal(selection_count(20, 3, limits), 20);
    assert_int_equal(selection_count(1000, 101, limits), 1);
    selection_frames(12, 4, chosen);
    assert_memory_equal(chosen, middles, sizeof middles);
}

/* The whole set as a system for selection_search, on every rank; sigma by the definition. */
static selection_system whole(const training_set *set, const kernel *of)
{
    const covariant_kernel with = training_kernel(set, of);
    selection_system       on = {
              .train = training_frames(set), .n_columns = set->width, .targets = set->targets};

    on.sigma = selection_sigma(&with, &on.train);
    return on;
}

static void gathered_subset_is_that_of_its_frames(void **unused)
{
    const kernel           of = kernel_named("gaussian", 0, 1.0);
    training_set           set = training_create_covariant(group_shape, 9, 4, 2, 19);
    const covariant_kernel with = training_kernel(&set, &of);
    training_panels        panels = panels_of(test_run(), &set);
    const int64_t          chosen[] = {0, 3, 8};
    selection_subset       subset = {0};

    (void)unused;
    assert_ok(
        selection_gather(test_run(), &with, &panels.train, panels.targets, 3, chosen, &subset));
    assert_int_equal(subset.system.train.n_frames, 3);
    for (int i = 0; i < 3; i++) {
        assert_memory_equal(subset.system.train.features + 8 * i, set.rows + 8 * chosen[i],
                            8 * sizeof(double));
        assert_memory_equal(subset.system.train.tensors + 20 * i, set.tensors + 20 * chosen[i],
                            20 * sizeof(double));
        assert_memory_equal(subset.system.targets + 10 * i, set.targets + 10 * chosen[i],
                            10 * sizeof(double));
    }
    selection_release(&subset);
    panels_release(&panels);

    training_set sites = {.n = 18, .dimension = 4, .rows = set.rows}; /* sites are rows alike */
    assert_near(whole(&set, &of).sigma, sigma_of(&sites), 1e-13);
    training_release(&set);
}

/* A coarse search costs a third, and tells nearly the same errors. */
static void coarse_search_compares_candidates(void **unused)
{
    const char  *types[] = {"laplacian", "gaussian"};
    training_set set = training_create_covariant(plain_shape, 40, 3, 1, 20);
    double       coarse[2], full[2];

    (void)unused;
    for (int i = 0; i < 2; i++) {
        const kernel           of = kernel_named(types[i], 0, NAN);
        const covariant_kernel with = training_kernel(&set, &of);
        const selection_system on = whole(&set, &of);
        selection_target       member = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};

        assert_ok(selection_search(test_run(), &with, &on, HYPER_COARSE, 1, &member));
        coarse[i] = member.error;
        assert_near(coarse[i], rmse_by_refits(&set, types[i], &member), 0.05 * coarse[i]);
        member.length = member.ridge = NAN;
        assert_ok(selection_search(test_run(), &with, &on, HYPER_FULL, 1, &member));
        full[i] = member.error;
        assert_true(full[i] <= 1.01 * coarse[i]);
        assert_true(coarse[i] <= 1.3 * full[i]);
    }
    assert_true((coarse[0] < coarse[1]) == (full[0] < full[1]));
    training_release(&set);
}

/* The last feature is so large that x.x' overflows: no point has a factor. */
static void hopeless_candidate_is_infinitely_bad(void **unused)
{
    training_set           set = training_create(8, 2, 1, 21);
    const kernel           of = kernel_named("polynomial", 3, NAN);
    const covariant_kernel with = training_kernel(&set, &of);
    selection_target       member = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};

    (void)unused;
    set.rows[15] = 1e170;
    selection_system on = whole(&set, &of);
    on.sigma = 1.0;
    assert_ok(selection_search(test_run(), &with, &on, HYPER_COARSE, 1, &member));
    assert_true(isinf(member.error) && member.error > 0.0);
    member.length = member.ridge = NAN;
    assert_int_equal(selection_search(test_run(), &with, &on, HYPER_FULL, 1, &member),
                     COVARY_ERR_NUMERIC);
    training_release(&set);
}

/* The estimate of a search's work is right within a factor of 2, and less for a coarse one. */
static void flops_are_those_of_the_search(void **unused)
{
    training_set           set = training_create_covariant(plain_shape, 24, 4, 2, 22);
    const kernel           of = kernel_named("gaussian", 0, NAN);
    const covariant_kernel with = training_kernel(&set, &of);
    const covariant_frames train = training_frames(&set);
    const int64_t          columns[] = {1, 1};
    const double           n = (double)(set.n * set.n_rows);
    double                 flops[2];

    (void)unused;
    for (int effort = HYPER_COARSE; effort <= HYPER_FULL; effort++) {
        hyper_grid   *grid = NULL;
        hyper_problem problem = {.with = &with,
                                 .train = &train,
                                 .sigma = 2.0,
                                 .fixed_length = NAN,
                                 .fixed_ridge = NAN,
                                 .n_members = 2,
                                 .columns = columns,
                                 .targets = set.targets};

        assert_ok(hyper_grid_create(test_run(), &problem, &grid));
        assert_ok(hyper_grid_search(grid, (hyper_effort)effort));
        const double factors = hyper_grid_evaluated(grid) * 2.0 / 3.0 * n * n * n;
        flops[effort] = hyper_flops(&problem, (hyper_effort)effort);
        assert_true(flops[effort] > 0.5 * factors && flops[effort] < 3.0 * factors);
        hyper_grid_destroy(&grid);
        problem.fixed_length = problem.fixed_ridge = 1.0;
        assert_true(hyper_flops(&problem, (hyper_effort)effort) < 0.1 * flops[effort]);
    }
    assert_true(flops[HYPER_COARSE] < 0.6 * flops[HYPER_FULL]);
    training_release(&set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(choice_is_the_same_bits_on_any_number_of_ranks),
    cmocka_unit_test(error_is_that_of_refits),
    cmocka_unit_test(rows_bound_the_subset_too),
    cmocka_unit_test(gathered_subset_is_that_of_its_frames),
    cmocka_unit_test(coarse_search_compares_candidates),
    cmocka_unit_test(hopeless_candidate_is_infinitely_bad),
    cmocka_unit_test(flops_are_those_of_the_search),
};

TEST_MAIN(cases)
