/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames picked one after the other: those of a search that computes every variance anew by
 * elimination, or every distance, and the same to the last bit on any number of ranks.
 * ranks: 1 2 3 4
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/greedy.h"

enum { FRAMES = 20, KNOWN = 4, MOST = 4, SAMPLE = 4 };

static const double RIDGE = 1e-6;

/* Two systems of one set: its own kernel, and a scalar one of its features. */
typedef struct {
    training_set   set;
    greedy_problem of;
    greedy_view    view;
    greedy_system  systems[2];
    kernel         kernels[2];
} picking;

static void create(const covariant_shape *shape, greedy_rule rule, picking *out)
{
    *out = (picking){.set = shape == NULL ? training_create(FRAMES, 3, 1, 11)
                                          : training_create_covariant(*shape, FRAMES, 4, 1, 11)};
    const training_set *set = &out->set;

    out->kernels[0] = kernel_named("gaussian", 0, 3.0);
    out->kernels[1] = kernel_named("matern-5/2", 0, 5.0);
    out->view = (greedy_view){.dimension = set->dimension,
                              .n_sites = set->n_sites,
                              .n_others = set->one_sided ? 1 : set->n_sites,
                              .classes = set->classes,
                              .unit = 2.0};
    out->systems[0] = (greedy_system){.with = training_kernel(set, &out->kernels[0]),
                                      .has_tensors = set->tensors != NULL,
                                      .ridge = RIDGE,
                                      .weight = 0.25};
    out->systems[1] = out->systems[0];
    out->systems[1].with.of = out->kernels[1];
    out->systems[1].weight = 2.0;
    out->of = (greedy_problem){
        .rule = rule, .n_views = 1, .n_systems = 2, .views = &out->view, .systems = out->systems};
}

/* Frames [first, first + n) of the set, under their own numbers. */
static greedy_frames frames_of(const picking *from, int64_t first, int64_t n)
{
    greedy_frames made = {0};

    assert_ok(greedy_frames_create(&from->of, n, &made));
    for (int64_t i = 0; i < n; i++) {
        made.numbers[i] = first + i;
        for (int field = 0; field < greedy_n_fields(&from->of); field++) {
            const int64_t width = greedy_width(&from->of, field);
            const double *all = field == 0 ? from->set.rows : from->set.tensors;

            if (width > 0) {
                memcpy(made.fields[field] + i * width, all + (first + i) * width,
                       (size_t)width * sizeof *all);
            }
        }
    }
    return made;
}

typedef struct {
    int64_t     n;
    greedy_pick picks[FRAMES];
} choice;

/*
 * The first n_known frames are known, the last n_pivots of these reduce variances; the others are
 * split over the ranks.
 */
static choice choose(covary_run *run, const picking *from, int64_t n_known, int64_t n_pivots,
                     int64_t most)
{
    const int64_t n = from->set.n - n_known, rank = covary_run_rank(run);
    const int64_t size = covary_run_size(run), first = n * rank / size;
    greedy_frames known_frames = frames_of(from, 0, n_known), picked = {0};
    greedy_frames mine = frames_of(from, n_known + first, n * (rank + 1) / size - first);
    greedy_frames sample = frames_of(from, 0, SAMPLE);
    greedy_known *known = NULL;
    int64_t       pivots[FRAMES];
    choice        made = {0};

    for (int64_t k = 0; k < n_pivots; k++) {
        pivots[k] = n_known - 1 - k;
    }
    assert_ok(
        greedy_known_create(run, &from->of, &known_frames, n_pivots, pivots, &sample, &known));
    assert_ok(greedy_choose(run, &from->of, known, &mine, most, &made.n, made.picks, &picked));
    assert_int_equal(picked.n, made.n);
    for (int64_t k = 0; k < made.n; k++) {
        assert_int_equal(picked.numbers[k], made.picks[k].number);
        assert_memory_equal(picked.fields[0] + k * greedy_width(&from->of, 0),
                            from->set.rows + made.picks[k].number * greedy_width(&from->of, 0),
                            (size_t)greedy_width(&from->of, 0) * sizeof(double));
    }
    greedy_known_destroy(&known);
    greedy_frames_release(&picked);
    greedy_frames_release(&mine);
    greedy_frames_release(&known_frames);
    greedy_frames_release(&sample);
    return made;
}

/* Trace of K_tt - K_tu (K_uu + ridge I)^-1 K_ut by elimination, weighted, of both systems. */
static double naive_variance(const picking *from, int64_t t, int64_t n, const int64_t *u)
{
    const training_set *set = &from->set;
    const int64_t       m = set->n_rows, size = n * m, wide = size + m;
    long double        *a = calloc((size_t)(size * wide + 1), sizeof *a), sum = 0.0L;

    assert_non_null(a);
    for (int s = 0; s < 2; s++) {
        const kernel *of = &from->kernels[s];
        long double   trace = 0.0L;

        for (int64_t i = 0; i < size; i++) {
            const int64_t row = u[i / m] * m + i % m;
            for (int64_t j = 0; j < wide; j++) {
                const int64_t column = j < size ? u[j / m] * m + j % m : t * m + j - size;
                a[i * wide + j] = kernel_entry(set, of, row, column);
            }
            a[i * wide + i] += (long double)RIDGE;
        }
        eliminate(size, wide, a);
        for (int64_t q = 0; q < m; q++) {
            trace += kernel_entry(set, of, t * m + q, t * m + q);
            for (int64_t i = 0; i < size; i++) {
                trace -= kernel_entry(set, of, t * m + q, u[i / m] * m + i % m) *
                         a[i * wide + size + q] / a[i * wide + i];
            }
        }
        sum += (long double)from->systems[s].weight * trace;
    }
    free(a);
    return (double)sum;
}

static double naive_distance(const picking *from, int64_t t, int64_t n, const int64_t *u)
{
    const training_set *set = &from->set;
    double              least = INFINITY;

    for (int64_t k = 0; k < n; k++) {
        for (int pair = 0; pair < set->n_sites * set->n_sites; pair++) {
            const int a = pair / set->n_sites, b = pair % set->n_sites;
            double    squared = 0.0;

            if (set->classes != NULL && set->classes[a] != set->classes[b]) {
                continue;
            }
            for (int64_t i = 0; i < set->dimension; i++) {
                const double by = set->rows[(t * set->n_sites + a) * set->dimension + i] -
                                  set->rows[(u[k] * set->n_sites + b) * set->dimension + i];
                squared += by * by;
            }
            least = fmin(least, sqrt(squared) / from->view.unit);
        }
    }
    return least;
}

/* How much lower the label of t makes the mean variance of the sample. */
static double naive_gain(const picking *from, int64_t t, int64_t n, const int64_t *u)
{
    int64_t more[FRAMES + 1];
    double  gain = 0.0;

    memcpy(more, u, (size_t)n * sizeof *u);
    more[n] = t;
    for (int64_t i = 0; i < SAMPLE; i++) {
        gain += naive_variance(from, i, n, u) - naive_variance(from, i, n + 1, more);
    }
    return gain / SAMPLE;
}

/* The measure of t beside u, of which the first n_known are known. */
static double naive_value(const picking *from, int64_t t, int64_t n_known, int64_t n,
                          const int64_t *u)
{
    double least = INFINITY;

    switch (from->of.rule) {
    case GREEDY_DISTANCE:
        return naive_distance(from, t, n, u);
    case GREEDY_VARIANCE:
        return naive_variance(from, t, n, u);
    case GREEDY_MEAN:
        for (int64_t k = n_known; k <= n; k++) {
            least = fmin(least, naive_gain(from, t, k, u));
        }
    }
    return least;
}

/* The best of the frames behind the known ones that are not among the n of u. */
static double naive_best(const picking *from, int64_t n_known, int64_t n, const int64_t *u,
                         int64_t *best)
{
    double largest = -INFINITY;

    for (int64_t t = n_known; t < from->set.n; t++) {
        bool   is_taken = false;
        double value;

        for (int64_t k = 0; k < n; k++) {
            is_taken = is_taken || u[k] == t;
        }
        if (is_taken) {
            continue;
        }
        value = naive_value(from, t, n_known, n, u);
        if (value > largest) {
            largest = value;
            *best = t;
        }
    }
    return largest;
}

static void assert_naive(const picking *from, int64_t n_known)
{
    const choice made = choose(test_run(), from, n_known, n_known, MOST);
    int64_t      u[FRAMES], best = -1;
    double       value;

    for (int64_t k = 0; k < n_known; k++) {
        u[k] = k;
    }
    assert_int_equal(made.n, MOST);
    value = naive_best(from, n_known, n_known, u, &best);
    for (int64_t k = 0; k < MOST; k++) {
        const greedy_pick *pick = &made.picks[k];

        assert_int_equal(pick->number, best);
        if (isfinite(value) || isfinite(pick->value)) {
            assert_near(pick->value, value, 1e-9 * (1.0 + value));
        }
        u[n_known + k] = best;
        value = naive_best(from, n_known, n_known + k + 1, u, &best);
        assert_near(pick->left, value, 1e-9 * (1.0 + value));
    }
}

static const greedy_rule     rules[] = {GREEDY_MEAN, GREEDY_VARIANCE, GREEDY_DISTANCE};
static const covariant_shape shapes[] = {{1, 3, 3, false}, {4, 2, 2, false}, {2, 3, 4, true}};

static void picks_are_those_of_the_definition(void **unused)
{
    (void)unused;
    for (int i = 0; i < 12; i++) {
        picking by;

        create(i / 3 == 0 ? NULL : &shapes[i / 3 - 1], rules[i % 3], &by);
        assert_naive(&by, 0);
        assert_naive(&by, KNOWN);
        training_release(&by.set);
    }
}

static void ranks_pick_the_same(void **unused)
{
    covary_run *alone = NULL;

    (void)unused;
    assert_ok(covary_run_create(MPI_COMM_SELF, NULL, &alone));
    for (int i = 0; i < 9; i++) {
        picking by;

        create(&shapes[i / 3], rules[i % 3], &by);
        const choice together = choose(test_run(), &by, KNOWN, KNOWN, FRAMES - KNOWN);
        const choice expected = choose(alone, &by, KNOWN, KNOWN, FRAMES - KNOWN);

        assert_int_equal(together.n, FRAMES - KNOWN);
        assert_int_equal(together.n, expected.n);
        assert_memory_equal(together.picks, expected.picks,
                            (size_t)expected.n * sizeof *expected.picks);
        training_release(&by.set);
    }
    covary_run_destroy(&alone);
}

/* Frame t as frame `like`, but for the order of its sites. */
static void make_like(picking *by, int64_t t, int64_t like)
{
    training_set *set = &by->set;
    const int64_t features = set->dimension, tensors = set->n_rows * set->n_tensors;

    for (int site = 0; site < set->n_sites; site++) {
        const int64_t to = t * set->n_sites + site;
        const int64_t from = like * set->n_sites + (site + 1) % set->n_sites;

        memcpy(set->rows + to * features, set->rows + from * features,
               (size_t)features * sizeof *set->rows);
        memcpy(set->tensors + to * tensors, set->tensors + from * tensors,
               (size_t)tensors * sizeof *set->tensors);
    }
}

/*
 * One is like a known frame that reduces variances, one like a known one that does not, two are
 * like a third: four less.
 */
static void frames_like_others_are_not_picked(void **unused)
{
    (void)unused;
    for (int i = 0; i < 6; i++) {
        picking by;
        bool    is_picked[FRAMES] = {false};

        create(&shapes[i < 3 ? 0 : 2], rules[i % 3], &by);
        make_like(&by, 9, 1);
        make_like(&by, 19, 3);
        make_like(&by, 12, 6);
        make_like(&by, 13, 6);
        const choice made = choose(test_run(), &by, KNOWN, 1, FRAMES - KNOWN);

        assert_int_equal(made.n, FRAMES - KNOWN - 4);
        for (int64_t k = 0; k < made.n; k++) {
            assert_false(is_picked[made.picks[k].number]);
            is_picked[made.picks[k].number] = true;
        }
        assert_false(is_picked[9] || is_picked[19]);
        assert_int_equal(is_picked[6] + is_picked[12] + is_picked[13], 1);
        assert_true(made.picks[made.n - 1].left == 0.0);
        training_release(&by.set);
    }
}

static void nothing_is_held_and_nothing_to_pick_is_no_failure(void **unused)
{
    const int64_t held = memory_state().blocks;
    picking       by;

    (void)unused;
    create(&shapes[0], GREEDY_MEAN, &by);
    assert_int_equal(choose(test_run(), &by, FRAMES, FRAMES, 3).n, 0);
    assert_int_equal(choose(test_run(), &by, FRAMES - 1, FRAMES - 1, 3).n, 1);
    training_release(&by.set);
    assert_int_equal(memory_state().blocks, held);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(picks_are_those_of_the_definition),
    cmocka_unit_test(ranks_pick_the_same),
    cmocka_unit_test(frames_like_others_are_not_picked),
    cmocka_unit_test(nothing_is_held_and_nothing_to_pick_is_no_failure),
};

TEST_MAIN(cases)
