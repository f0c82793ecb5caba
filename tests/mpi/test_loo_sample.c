/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums from samples: how often frames are drawn, that estimates are right in the mean, and that
 * their variance is what it is said to be.
 * ranks: 1 3
 */
#include "support.h"

#include "solver/loo_sample.h"

#include <math.h>
#include <string.h>

enum { N = 500, SIZE = 40, SEEDS = 600, ORDERS = 20 };

/* Terms y of very different sizes, and a model of them that is right to about a third. */
static void make_terms(uint64_t seed, double *y, double *model)
{
    test_random stream = {seed};

    for (int i = 0; i < N; i++) {
        y[i] = exp(1.5 * test_normal(&stream));
        model[i] = y[i] * exp(0.3 * test_normal(&stream));
    }
}

static void probabilities_have_the_right_sum_and_order(void **unused)
{
    double y[N], model[N], probability[N];

    (void)unused;
    make_terms(5, y, model);
    model[7] = 1e6; /* certain to be drawn */
    for (int64_t count = 1; count <= N; count += 83) {
        double sum = 0.0;

        loo_probabilities(N, model, count, probability);
        for (int i = 0; i < N; i++) {
            assert_true(probability[i] > 0.0 && probability[i] <= 1.0);
            assert_true(probability[7] >= probability[i]);
            sum += probability[i];
        }
        assert_near(sum, (double)count, 1e-10 * N);
    }
    memset(model, 0, sizeof model);
    loo_probabilities(N, model, SIZE, probability);
    for (int i = 0; i < N; i++) {
        assert_near(probability[i], (double)SIZE / N, 1e-14);
    }
    loo_probabilities(N, y, N, probability);
    for (int i = 0; i < N; i++) {
        assert_true(probability[i] == 1.0);
    }
}

static void frames_are_drawn_as_often_as_they_should(void **unused)
{
    double  y[N], model[N], probability[N];
    int     times[N] = {0};
    int64_t frames[SIZE];

    (void)unused;
    make_terms(5, y, model);
    loo_probabilities(N, model, SIZE, probability);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const int64_t drawn = loo_draw(N, probability, seed, SIZE, frames);

        assert_true(drawn == SIZE || drawn == SIZE - 1);
        for (int64_t k = 0; k < drawn; k++) {
            assert_true(k == 0 || frames[k] > frames[k - 1]);
            times[frames[k]]++;
        }
    }
    for (int i = 0; i < N; i++) {
        const double p = probability[i], scatter = sqrt(p * (1.0 - p) / SEEDS);

        assert_near(times[i] / (double)SEEDS, p, 5.0 * scatter + 1e-3);
    }
}

/* loo and sampling as a sample leaves them: each frame on its rank. */
static loo_sum scatter_of(const double *y, const double *probability, int64_t drawn,
                          const int64_t *frames, panel *loo, panel *sampling)
{
    const bool chosen[2] = {false, true};

    for (int64_t i = 0; i < sampling->n_local; i++) {
        const double root = sqrt(0.5 * y[sampling->first + i]);

        sampling->data[i] = 0.0;
        for (int k = 0; k < 4; k++) { /* two rows, the column that counts and another one */
            loo->data[4 * i + k] = k % 2 == 1 ? root : 1e3;
        }
    }
    for (int64_t k = 0; k < drawn; k++) {
        const int64_t place = frames[k] - sampling->first;

        if (place >= 0 && place < sampling->n_local) {
            sampling->data[place] = probability[frames[k]];
        }
    }
    return loo_scatter(loo, sampling, chosen);
}

/* Errors of the estimates of one population, relative to its sum, and what they are said to be. */
typedef struct {
    double sum, squares, said;
} error_sums;

static void add_estimates(uint64_t population, panel *loo, panel *sampling, error_sums *errors)
{
    double  y[N], model[N], probability[N], total = 0.0;
    int64_t frames[SIZE];

    make_terms(population, y, model);
    loo_probabilities(N, model, SIZE, probability);
    for (int i = 0; i < N; i++) {
        total += y[i];
    }
    for (uint64_t seed = 0; seed < SEEDS / ORDERS; seed++) {
        const int64_t drawn = loo_draw(N, probability, seed, SIZE, frames);
        const loo_sum found = scatter_of(y, probability, drawn, frames, loo, sampling);
        double        error = -1.0;

        for (int64_t k = 0; k < drawn; k++) {
            error += y[frames[k]] / probability[frames[k]] / total;
        }
        assert_int_equal(found.sample, drawn);
        assert_near(found.squares, total, 1e-10 * total);
        errors->sum += error;
        errors->squares += error * error;
        errors->said += found.variance / (total * total);
    }
}

/* Of several populations: what a systematic sample is worth depends on their order. */
static void estimates_are_unbiased_and_scatter_as_they_say(void **unused)
{
    const int     rank = covary_run_rank(test_run()), size = covary_run_size(test_run());
    const int64_t first = (int64_t)N * rank / size, end = (int64_t)N * (rank + 1) / size;
    panel        *loo = NULL, *sampling = NULL;
    error_sums    errors = {0};

    (void)unused;
    assert_ok(panel_create(test_run(), 2 * (end - first), 2, &loo));
    assert_ok(panel_create(test_run(), end - first, 1, &sampling));
    for (uint64_t population = 0; population < ORDERS; population++) {
        add_estimates(population, loo, sampling, &errors);
    }
    assert_true(fabs(errors.sum) < 4.0 * sqrt(errors.squares));
    assert_near(errors.said / errors.squares, 1.0, 0.15);
    assert_true(sqrt(errors.squares / SEEDS) < 0.1);
    panel_destroy(&sampling);
    panel_destroy(&loo);
}

/* Nothing scatters where all are exact, or drawn for certain. */
static void exact_sums_have_no_variance(void **unused)
{
    const bool chosen[1] = {true};
    panel     *loo = NULL, *sampling = NULL;

    (void)unused;
    assert_ok(panel_create(test_run(), 3, 1, &loo));
    assert_ok(panel_create(test_run(), 3, 1, &sampling));
    for (int i = 0; i < 3; i++) {
        loo->data[i] = 2.0;
        sampling->data[i] = 1.0;
    }
    const loo_sum exact = loo_scatter(loo, NULL, chosen), all = loo_scatter(loo, sampling, chosen);
    assert_true(exact.squares == 4.0 * (double)loo->n_rows && all.squares == exact.squares);
    assert_true(exact.variance == 0.0 && all.variance == 0.0);
    assert_int_equal(exact.sample, 0);
    assert_int_equal(all.sample, loo->n_rows);
    panel_destroy(&sampling);
    panel_destroy(&loo);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(probabilities_have_the_right_sum_and_order),
    cmocka_unit_test(frames_are_drawn_as_often_as_they_should),
    cmocka_unit_test(estimates_are_unbiased_and_scatter_as_they_say),
    cmocka_unit_test(exact_sums_have_no_variance),
};

TEST_MAIN(cases)
