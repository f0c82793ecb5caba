/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts of work and memory against loops that count, and the choice of solvers.   ranks: 1 */
#include "support.h"

#include "core/status.h"
#include "model/solver_choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t GIBI = (int64_t)1 << 30;

static cost_system plain(int64_t n_frames)
{
    return (cost_system){.n_frames = n_frames,
                         .n_rows = 1,
                         .n_sites = 1,
                         .train_sites = 1,
                         .dimension = 28,
                         .n_tensors = 1,
                         .n_columns = 9};
}

/* Multiplications and additions of a factorization, as its three loops do them. */
static double count_factor(int n)
{
    double flops = 0.0;

    for (int k = 0; k < n; k++) {
        flops += n - k; /* the root and the column */
        for (int j = k + 1; j < n; j++) {
            flops += 2.0 * (n - j);
        }
    }
    return flops;
}

static void a_factor_takes_what_its_loops_do(void **state)
{
    const cost_layout alone = {.n_ranks = 1};
    const cost_system system = plain(400);
    cost_estimate     cost;

    (void)state;
    cost_cholesky(&system, &alone, &cost);
    assert_near(cost.phases[PHASE_FACTOR].products / count_factor(400), 1.0, 0.01);
    assert_near(cost.phases[PHASE_LOO].products / count_factor(400), 1.0, 0.01);
    for (int k = 0; k < COST_N_PHASES; k++) {
        assert_true(cost.phases[k].messages == 0.0); /* nobody to send to */
        assert_true(cost.phases[k].sent == 0.0);
    }
}

static void kernel_values_are_counted_once_a_pair(void **state)
{
    const cost_layout alone = {.n_ranks = 1};
    cost_system       system = plain(50);
    cost_estimate     cost;
    double            flops = 0.0;

    (void)state;
    system.n_sites = 4;
    system.n_rows = 3;
    system.n_tensors = 6;
    for (int i = 0; i < 50; i++) { /* frames on and below the diagonal, sites, features, tensors */
        for (int j = 0; j <= i; j++) {
            flops += 4 * (2 * 28 + COST_EXP_FLOPS + 2 * 3 * 3 * 6);
        }
    }
    cost_cholesky(&system, &alone, &cost);
    assert_near(cost.phases[PHASE_ASSEMBLE].kernels / flops, 1.0, 0.03);
}

/* Probes and columns of the sample, against the inverse of the triangle. */
static void estimated_errors_cost_a_part_of_a_factor(void **state)
{
    const cost_system system = plain(10000);
    cost_layout       on = {.n_ranks = 1, .precision = PRECISION_DOUBLE};
    cost_estimate     estimated, exact, automatic;

    (void)state;
    cost_cholesky(&system, &on, &automatic);
    on.leave_one_out = LOO_ESTIMATED;
    cost_cholesky(&system, &on, &estimated);
    on.leave_one_out = LOO_EXACT;
    cost_cholesky(&system, &on, &exact);
    assert_near(estimated.phases[PHASE_LOO].products / (256.0 * 1e8), 1.0, 1e-12);
    assert_near(exact.phases[PHASE_LOO].products / (1e12 / 3.0), 1.0, 0.1);
    assert_true(automatic.phases[PHASE_LOO].products == estimated.phases[PHASE_LOO].products);
    assert_true(exact.phases[PHASE_FACTOR].products == estimated.phases[PHASE_FACTOR].products);
}

/* A factor at twice the rate after the elimination of some rows, and one more refinement. */
static void mixed_precision_takes_half_of_a_factor(void **state)
{
    const cost_system system = plain(10000);
    cost_layout       on = {.n_ranks = 1, .precision = PRECISION_DOUBLE};
    cost_estimate     full, mixed, automatic;

    (void)state;
    assert_int_equal(cost_eliminated(10000), 250);
    assert_int_equal(cost_eliminated(160), 10);
    cost_cholesky(&system, &on, &full);
    on.precision = PRECISION_MIXED;
    cost_cholesky(&system, &on, &mixed);
    on.precision = PRECISION_AUTO;
    cost_cholesky(&system, &on, &automatic);
    assert_near(mixed.phases[PHASE_FACTOR].products / full.phases[PHASE_FACTOR].products, 0.5,
                1e-12);
    assert_near(mixed.phases[PHASE_ASSEMBLE].products, 250.0 * 1e8, 1.0);
    assert_near(mixed.phases[PHASE_SOLVE].kernels / full.phases[PHASE_SOLVE].kernels, 2.0, 1e-12);
    assert_near((double)mixed.matrix_bytes / (double)full.matrix_bytes, 0.5, 1e-6);
    assert_true(mixed.solver_bytes < full.solver_bytes);
    assert_true(automatic.phases[PHASE_FACTOR].products == mixed.phases[PHASE_FACTOR].products);
    assert_true(automatic.solver_bytes == full.solver_bytes); /* it may come to that */
    on.leave_one_out = LOO_EXACT;
    cost_cholesky(&system, &on, &automatic);
    assert_true(automatic.phases[PHASE_FACTOR].products == full.phases[PHASE_FACTOR].products);
}

static void ranks_share_work_and_memory(void **state)
{
    const cost_system system = plain(60000);
    cost_estimate     before, after;

    (void)state;
    for (int64_t n_ranks = 4; n_ranks <= 4096; n_ranks *= 4) {
        const cost_layout fewer = {.n_ranks = n_ranks / 4}, more = {.n_ranks = n_ranks};
        cost_cholesky(&system, &fewer, &before);
        cost_cholesky(&system, &more, &after);
        assert_near((double)after.matrix_bytes / (double)before.matrix_bytes, 0.25, 0.06);
        assert_true(cost_seconds(&after, &machine_nominal) <
                    cost_seconds(&before, &machine_nominal));
    }
}

/* Blocks of the lower triangle that reach a process that does not own them: by hand, 4 x 4. */
static void strips_travel_along_rows_and_columns(void **state)
{
    enum { N = 4096, B = 128, P = 4 };
    const cost_layout on = {.n_ranks = P * P, .block = B};
    const cost_system system = plain(N);
    cost_estimate     cost;
    double            sent = 0.0;

    (void)state;
    for (int k = 0; k < N / B; k++) { /* each block goes to P - 1 along its row, and so down */
        sent += 2.0 * (P - 1) * (double)(N / B - 1 - k) * B * B * 8.0;
    }
    cost_cholesky(&system, &on, &cost);
    assert_near(cost.phases[PHASE_FACTOR].sent / (sent / (P * P)), 1.0, 0.5);
    assert_true(cost.phases[PHASE_FACTOR].messages >= N / B);
}

static void time_is_a_sum_over_what_is_done(void **state)
{
    const machine_rates one = {
        .dgemm = 1, .engine = 2, .memory_bandwidth = 4, .latency = 8, .network_bandwidth = 16};
    cost_estimate cost = {0};

    (void)state;
    cost.phases[PHASE_READ] =
        (work){.products = 10, .kernels = 10, .moved = 10, .messages = 10, .sent = 10};
    assert_near(cost_phase_seconds(&cost, PHASE_READ, &one), 10 + 5 + 2.5 + 80 + 0.625, 1e-12);
    cost_add(&cost, &cost);
    assert_near(cost_seconds(&cost, &one), 2 * (10 + 5 + 2.5 + 80 + 0.625), 1e-12);
}

static void rank_and_tolerance_are_those_asked_for(void **state)
{
    const cost_layout preset = {.n_ranks = 1}, same = {.n_ranks = 1, .tolerance = 1e-6};
    const cost_layout other = {.n_ranks = 1, .rank = 500, .tolerance = 1e-12};
    const cost_layout third = {.n_ranks = 1, .rank = 500, .tolerance = 1e-18};
    const cost_system system = plain(10000);
    cost_estimate     a, b, c;

    (void)state;
    cost_iterative(&system, &preset, &a);
    cost_iterative(&system, &same, &b);
    assert_true(cost_seconds(&a, &machine_nominal) == cost_seconds(&b, &machine_nominal));
    cost_iterative(&system, &other, &b);
    cost_iterative(&system, &third, &c);
    assert_near((c.phases[PHASE_SOLVE].kernels - b.phases[PHASE_SOLVE].kernels) /
                    (b.phases[PHASE_SOLVE].kernels - a.phases[PHASE_SOLVE].kernels),
                1.0, 1e-12);
    assert_int_equal(cost_default_rank(10000), 3000);
    assert_near((double)a.matrix_bytes, 8.0 * 3000 * (10112 + 3000), 1.0);
    assert_near((double)b.matrix_bytes, 8.0 * 500 * (10112 + 500), 1.0);
}

/* 10,000 frames have values of 0.4 GB: kept, they are bytes in place of operations. */
static void kernel_values_are_kept_in_a_third_of_the_memory(void **state)
{
    const cost_layout kept = {.n_ranks = 1, .memory = 1200000000};
    const cost_layout anew = {.n_ranks = 1, .memory = 1199999999};
    const cost_system system = plain(10000);
    cost_estimate     a, b;

    (void)state;
    cost_iterative(&system, &kept, &a);
    cost_iterative(&system, &anew, &b);
    const work *with = &a.phases[PHASE_SOLVE], *without = &b.phases[PHASE_SOLVE];
    assert_near(with->moved - without->moved, COST_ITERATIONS * 4e8, 1.0);
    assert_near(without->kernels - with->kernels,
                COST_ITERATIONS * 5e7 * cost_pair(system.dimension, 0), 1e3);
    assert_true(cost_seconds(&a, &machine_nominal) < cost_seconds(&b, &machine_nominal));
}

static void the_grid_is_the_one_asked_for(void **state)
{
    const cost_layout flat = {.n_ranks = 8, .grid_rows = 1, .grid_cols = 8};
    const cost_layout other = {.n_ranks = 6, .grid_rows = 1, .grid_cols = 8};
    const cost_layout open = {.n_ranks = 8};
    const cost_system system = plain(9000);
    cost_estimate     a, b;
    int               rows, cols, block;

    (void)state;
    cost_grid(&system, &flat, &rows, &cols, &block);
    assert_int_equal(rows * 100 + cols, 108);
    cost_grid(&system, &other, &rows, &cols, &block); /* as if on another number of ranks */
    assert_int_equal(rows * 100 + cols, 302);
    cost_cholesky(&system, &flat, &a); /* (1 / p + 1 / q) / 2 but for directions of one process */
    cost_cholesky(&system, &open, &b);
    assert_near(a.phases[PHASE_FACTOR].sent / b.phases[PHASE_FACTOR].sent, 1.0 / (0.25 + 0.5),
                1e-12);
}

/* -- the choice ---------------------------------------------------------------------------------
 */

static fit_sizes sizes_of(sized_system *system, int64_t n_frames)
{
    *system = (sized_system){.system = plain(n_frames)};
    return (fit_sizes){.n_frames = n_frames,
                       .n_parts = 1,
                       .n_representations = 1,
                       .n_systems = 1,
                       .systems = system,
                       .frame_bytes = 2000,
                       .feature_bytes = 224,
                       .file_bytes = 400};
}

static void auto_is_cholesky_where_it_fits(void **state)
{
    const cost_layout on = {.n_ranks = 4};
    sized_system      system;
    const fit_sizes   sizes = sizes_of(&system, 5000);
    solver_choice     choice, again;

    (void)state;
    assert_ok(solver_choose("auto", &sizes, &on, GIBI, &choice));
    assert_int_equal(choice.solver, SOLVER_CHOLESKY);
    assert_false(choice.is_last_resort);
    assert_non_null(strstr(choice.reason, "of 1 GiB per rank"));
    assert_ok(solver_choose("auto", &sizes, &on, GIBI, &again));
    assert_string_equal(choice.reason, again.reason);
}

/* The faster one where both estimate; the one that can where exact errors are asked for. */
static void choice_goes_by_the_leave_one_out_errors(void **state)
{
    cost_layout     on = {.n_ranks = 1};
    sized_system    system;
    const fit_sizes sizes = sizes_of(&system, 50000);
    solver_choice   choice;

    (void)state;
    const double times = solver_choice_need(SOLVER_CHOLESKY, &sizes, &on).seconds /
                         solver_choice_need(SOLVER_ITERATIVE, &sizes, &on).seconds;
    assert_true(times > 1.0 && times < 5.0);
    assert_ok(solver_choose("auto", &sizes, &on, 512 * GIBI, &choice));
    assert_int_equal(choice.solver, SOLVER_ITERATIVE);
    on.leave_one_out = LOO_EXACT;
    assert_ok(solver_choose("auto", &sizes, &on, 512 * GIBI, &choice));
    assert_int_equal(choice.solver, SOLVER_CHOLESKY);
}

static void auto_keeps_within_the_memory(void **state)
{
    const cost_layout on = {.n_ranks = 1};
    sized_system      system;
    const fit_sizes   sizes = sizes_of(&system, 100000); /* a matrix of 75 GiB */
    solver_choice     choice;
    covary_status     status;

    (void)state;
    for (int64_t allowed = GIBI / 64; allowed <= 256 * GIBI; allowed *= 2) {
        covary_status_clear();
        status = solver_choose("auto", &sizes, &on, allowed, &choice);
        if (status != COVARY_OK) {
            assert_int_equal(status, COVARY_ERR_MEMORY);
            assert_message("by each of 1 ranks");
            assert_message("; use ");
            assert_true(allowed < 16 * GIBI);
            continue;
        }
        assert_true(choice.need.rank_bytes <= allowed);
        assert_true(solver_choice_is_built(choice.solver));
        assert_true(choice.is_last_resort == (choice.solver == SOLVER_LOW_RANK));
        assert_true(choice.solver != SOLVER_CHOLESKY || allowed >= 75 * GIBI);
    }
    assert_int_equal(status, COVARY_OK);
}

static void what_is_asked_for_is_refused_with_the_remedy(void **state)
{
    const cost_layout on = {.n_ranks = 2};
    cost_layout       more = on;
    sized_system      system;
    fit_sizes         sizes = sizes_of(&system, 100000);
    solver_choice     choice;

    (void)state;
    covary_status_clear();
    assert_int_equal(solver_choose("cholesky", &sizes, &on, 4 * GIBI, &choice), COVARY_ERR_MEMORY);
    assert_message("solver cholesky: ");
    assert_message("by each of 2 ranks, and 4 GiB may be used");
    assert_message("about 32 ranks");
    more.n_ranks = solver_choice_ranks(SOLVER_CHOLESKY, &sizes, &on, 4 * GIBI);
    assert_int_equal(more.n_ranks, 32);
    assert_ok(solver_choose("cholesky", &sizes, &more, 4 * GIBI, &choice));

    sizes.n_frames = (int64_t)1 << 31;
    covary_status_clear();
    assert_int_equal(solver_choose("cholesky", &sizes, &on, 4 * GIBI, &choice), COVARY_ERR_NUMERIC);
    assert_message("2^31 rows");
}

/* 32-bit indices of a local part: refused as the solver would, with the largest N. */
static void parts_beyond_the_indices_are_refused(void **state)
{
    const cost_layout native = {.n_ranks = 2}, most = {.n_ranks = 1, .inducing = 10000};
    const cost_layout scalapack = {.n_ranks = 2, .factorization = &factorization_scalapack};
    const int64_t     plenty = 1 << 20;
    sized_system      system;
    fit_sizes         sizes = sizes_of(&system, 100000);
    solver_choice     choice;
    char              said[256];
    int               rows, cols, block;

    (void)state;
    assert_ok(solver_choose("cholesky", &sizes, &native, plenty * GIBI, &choice));
    covary_status_clear();
    assert_int_equal(solver_choose("cholesky", &sizes, &scalapack, plenty * GIBI, &choice),
                     COVARY_ERR_NUMERIC);
    snprintf(said, sizeof said, "%s", covary_status_message());
    assert_non_null(strstr(said, "with 2 ranks the largest kernel matrix has N = "));
    covary_status_clear();
    cost_grid(&system.system, &scalapack, &rows, &cols, &block);
    assert_int_equal(
        block_cyclic_check(rows, cols, 100000, 100000, block, factorization_scalapack.most_local),
        COVARY_ERR_NUMERIC);
    assert_string_equal(strstr(covary_status_message(), "a 100000 x"), strstr(said, "a 100000 x"));

    sizes.n_frames = block_cyclic_limit(rows, cols, block, factorization_scalapack.most_local);
    assert_ok(solver_choose("cholesky", &sizes, &scalapack, plenty * GIBI, &choice));
    sizes.n_frames++;
    covary_status_clear();
    assert_int_equal(solver_choose("cholesky", &sizes, &scalapack, plenty * GIBI, &choice),
                     COVARY_ERR_NUMERIC);
    covary_status_clear();
    assert_ok(solver_choose("auto", &sizes, &scalapack, plenty * GIBI, &choice));
    assert_int_equal(choice.solver, SOLVER_ITERATIVE);
    assert_non_null(strstr(choice.reason, "32-bit indices"));

    sizes.n_frames = 2000000;
    covary_status_clear();
    assert_int_equal(solver_choose("low-rank", &sizes, &most, plenty * GIBI, &choice),
                     COVARY_ERR_NUMERIC);
    assert_message("2000000 x 10000 matrix");
    assert_message("use more ranks");
    sizes.n_frames = 200000;
    covary_status_clear();
    assert_ok(solver_choose("low-rank", &sizes, &most, plenty * GIBI, &choice));
}

static void inducing_frames_are_a_quarter_within_bounds(void **state)
{
    (void)state;
    assert_int_equal(cost_default_inducing(10), 10);
    assert_int_equal(cost_default_inducing(2000), 1000);
    assert_int_equal(cost_default_inducing(20000), 5000);
    assert_int_equal(cost_default_inducing(1000000), 10000);
    assert_int_equal(cost_default_rank(100), 100);
    assert_int_equal(cost_default_rank(1000000), 30000);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(a_factor_takes_what_its_loops_do),
    cmocka_unit_test(kernel_values_are_counted_once_a_pair),
    cmocka_unit_test(mixed_precision_takes_half_of_a_factor),
    cmocka_unit_test(ranks_share_work_and_memory),
    cmocka_unit_test(strips_travel_along_rows_and_columns),
    cmocka_unit_test(time_is_a_sum_over_what_is_done),
    cmocka_unit_test(rank_and_tolerance_are_those_asked_for),
    cmocka_unit_test(kernel_values_are_kept_in_a_third_of_the_memory),
    cmocka_unit_test(the_grid_is_the_one_asked_for),
    cmocka_unit_test(auto_is_cholesky_where_it_fits),
    cmocka_unit_test(choice_goes_by_the_leave_one_out_errors),
    cmocka_unit_test(estimated_errors_cost_a_part_of_a_factor),
    cmocka_unit_test(auto_keeps_within_the_memory),
    cmocka_unit_test(what_is_asked_for_is_refused_with_the_remedy),
    cmocka_unit_test(parts_beyond_the_indices_are_refused),
    cmocka_unit_test(inducing_frames_are_a_quarter_within_bounds),
};

TEST_MAIN(cases)
