/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The choice of inducing frames: the same on any number of ranks, and as good as it says.
 * ranks: 1 2 3 4 7
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/inducing.h"

enum { MOST = 200 };

typedef struct {
    int64_t n, frames[MOST];
    double  left;
} choice;

static choice choose(covary_run *run, const training_set *set, const kernel *of,
                     inducing_limits limits)
{
    const covariant_kernel with = training_kernel(set, of);
    training_panels        panels = panels_of(run, set);
    choice                 made = {0};

    assert_true(limits.most <= MOST);
    assert_ok(inducing_select(run, &with, &panels.train, limits, &made.n, made.frames, &made.left));
    panels_release(&panels);
    return made;
}

static void assert_is_choice(const choice *made, int64_t n)
{
    for (int64_t k = 0; k < made->n; k++) {
        assert_in_range(made->frames[k], k == 0 ? 0 : made->frames[k - 1] + 1, n - 1);
    }
}

/* tr(K - K_nm K_mm^-1 K_mn) / n by elimination. */
static double trace_left(const training_set *set, const kernel *of, const choice *made)
{
    const int64_t n = set->n, m = made->n, wide = m + n;
    long double  *k = calloc((size_t)(m * wide), sizeof *k), sum = 0.0L;

    assert_non_null(k);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < m; j++) {
            k[i * wide + j] = kernel_entry(set, of, made->frames[i], made->frames[j]);
        }
        for (int64_t row = 0; row < n; row++) {
            k[i * wide + m + row] = kernel_entry(set, of, row, made->frames[i]);
        }
    }
    eliminate(m, wide, k);
    for (int64_t row = 0; row < n; row++) {
        sum += kernel_entry(set, of, row, row);
        for (int64_t i = 0; i < m; i++) {
            sum -= kernel_entry(set, of, row, made->frames[i]) * k[i * wide + m + row] /
                   k[i * wide + i];
        }
    }
    free(k);
    return (double)(sum / (long double)n);
}

/* Plain rows, several sites, and sites of a group, all with one row a frame. */
static training_set set_of(int i)
{
    static const covariant_shape shapes[] = {{4, 1, 2, false}, {2, 1, 2, true}};

    return i == 0 ? training_create(190, 3, 1, 5)
                  : training_create_covariant(shapes[i - 1], 150, 4, 1, 5);
}

static void what_is_left_is_that_of_the_frames(void **unused)
{
    const kernel of = kernel_named("matern-5/2", 0, 3.0);

    (void)unused;
    for (int i = 0; i < 3; i++) {
        training_set set = set_of(i);
        double       before = INFINITY;

        for (int64_t most = 1; most <= 130; most = 3 * most + 1) {
            const inducing_limits limits = {.most = most, .seed = 3};
            const choice          made = choose(test_run(), &set, &of, limits);

            assert_int_equal(made.n, most);
            assert_is_choice(&made, set.n);
            assert_near(made.left, trace_left(&set, &of, &made), 1e-9);
            assert_true(made.left < before);
            before = made.left;
        }
        training_release(&set);
    }
}

/* Down to where three digits of the rest are left. */
static void ranks_choose_the_same_frames(void **unused)
{
    const kernel          of = kernel_named("gaussian", 0, 6.0);
    const inducing_limits limits = {.most = MOST, .tolerance = 1e-12, .seed = 8};
    covary_run           *alone = NULL;

    (void)unused;
    assert_ok(covary_run_create(MPI_COMM_SELF, NULL, &alone));
    for (int i = 0; i < 3; i++) {
        training_set set = set_of(i);
        const choice together = choose(test_run(), &set, &of, limits);
        const choice expected = choose(alone, &set, &of, limits);

        assert_int_equal(together.n, expected.n);
        assert_memory_equal(together.frames, expected.frames, sizeof expected.frames);
        training_release(&set);
    }
    covary_run_destroy(&alone);
}

static void tolerance_ends_the_choice(void **unused)
{
    const kernel          of = kernel_named("gaussian", 0, 4.0);
    const inducing_limits limits = {.most = MOST, .tolerance = 1e-5, .seed = 1};
    training_set          set = set_of(0);
    const choice          made = choose(test_run(), &set, &of, limits);

    (void)unused;
    assert_true(made.left <= limits.tolerance);
    assert_in_range(made.n, 10, 150);
    training_release(&set);
}

/* The kernel of rank D is known from D frames, however many are asked for. */
static void superfluous_frames_are_not_chosen(void **unused)
{
    const kernel          of = kernel_named("linear", 0, 1.0);
    const inducing_limits limits = {.most = 50, .seed = 1};
    training_set          set = set_of(0);
    const choice          made = choose(test_run(), &set, &of, limits);

    (void)unused;
    assert_in_range(made.n, set.dimension, set.dimension + 1);
    assert_near(made.left, 0.0, 1e-12);
    training_release(&set);
}

/* Frames far from all others are chosen; of many that are nearly the same, few. */
static void rare_frames_are_chosen(void **unused)
{
    enum { RARE = 5, CHOSEN = 12 };
    const kernel          of = kernel_named("gaussian", 0, 1.0);
    const inducing_limits limits = {.most = CHOSEN, .seed = 2};
    training_set          set = set_of(0);
    int                   n_rare = 0;

    (void)unused;
    for (int64_t i = 0; i < set.n * set.dimension; i++) {
        const int64_t frame = i / set.dimension;

        set.rows[i] *= 1e-3;
        set.rows[i] += frame % 38 == 1 && i % set.dimension == 0 ? 10.0 * (double)frame : 0.0;
    }
    const choice made = choose(test_run(), &set, &of, limits);
    for (int64_t k = 0; k < made.n; k++) {
        n_rare += made.frames[k] % 38 == 1;
    }
    assert_int_equal(n_rare, RARE);
    training_release(&set);
}

static void several_rows_a_frame_are_refused(void **unused)
{
    const covariant_shape  shape = {1, 3, 5, false};
    const kernel           of = kernel_named("gaussian", 0, 2.0);
    const int64_t          held = memory_state().blocks;
    training_set           set = training_create_covariant(shape, 9, 4, 1, 5);
    const covariant_kernel with = training_kernel(&set, &of);
    training_panels        panels = panels_of(test_run(), &set);
    const inducing_limits  limits = {.most = 3};
    choice                 made = {0};

    (void)unused;
    assert_int_equal(
        inducing_select(test_run(), &with, &panels.train, limits, &made.n, made.frames, &made.left),
        COVARY_ERR_INTERNAL);
    panels_release(&panels);
    training_release(&set);
    assert_int_equal(memory_state().blocks, held);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(what_is_left_is_that_of_the_frames),
    cmocka_unit_test(ranks_choose_the_same_frames),
    cmocka_unit_test(tolerance_ends_the_choice),
    cmocka_unit_test(superfluous_frames_are_not_chosen),
    cmocka_unit_test(rare_frames_are_chosen),
    cmocka_unit_test(several_rows_a_frame_are_refused),
};

TEST_MAIN(cases)
