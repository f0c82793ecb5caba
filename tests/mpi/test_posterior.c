/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Variances against their definition by elimination in long double.
 * ranks: 1 2 4 7
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/posterior.h"

enum { N_TEST = 5, N_ALL = 64 };

typedef struct {
    const char     *kernel;
    double          length, ridge;
    int64_t         n, most; /* training frames, inducing ones */
    covariant_shape shape;   /* all 0: plain */
} posterior_case;

static const posterior_case problems[] = {
    {"gaussian", 2.0, 1e-4, 30, 30, {0, 0, 0, false}},
    {"gaussian", 2.0, 1e-4, 30, 8, {0, 0, 0, false}},
    {"laplacian", 3.0, 1e-3, 3, 2, {0, 0, 0, false}},
    {"polynomial", 1.0, 1e-2, 12, 12, {0, 0, 0, false}},
    {"gaussian", 2.0, 1e-3, 11, 4, {1, 3, 5, false}},
    {"matern-5/2", 3.0, 1e-3, 9, 9, {4, 5, 2, false}},
    {"laplacian", 3.0, 1e-4, 6, 5, {4, 3, 8, true}},
};

enum { N_PROBLEMS = (int)(sizeof problems / sizeof problems[0]) };

/* Training frames and, behind them, N_TEST frames to predict. */
typedef struct {
    training_set      set;
    kernel            of;
    covariant_kernel  with;
    training_panels   panels; /* of the training frames */
    posterior_factors factors;
    triangle         *prior, *evidence;
    posterior        *by;
    long double      *k; /* all rows with all */
} posterior_fixture;

static void fill_kernel(posterior_fixture *of)
{
    const int64_t n = of->set.n * of->set.n_rows;

    of->k = calloc((size_t)(n * n), sizeof *of->k);
    assert_non_null(of->k);
    for (int64_t i = 0; i < n * n; i++) {
        of->k[i] = kernel_entry(&of->set, &of->of, i / n, i % n);
    }
}

static posterior_fixture set_up(const posterior_case *problem)
{
    const int64_t     n_all = problem->n + N_TEST;
    posterior_fixture made = {.set =
                                  problem->shape.n_rows == 0
                                      ? training_create(n_all, 4, 1, 77)
                                      : training_create_covariant(problem->shape, n_all, 4, 1, 77),
                              .of = kernel_named(problem->kernel, 2, problem->length)};

    made.with = training_kernel(&made.set, &made.of);
    training_set train = made.set;
    train.n = problem->n;
    made.panels = panels_of(test_run(), &train);
    assert_ok(posterior_fit(test_run(), &made.with, &made.panels.train, problem->ridge,
                            (posterior_limits){.most = problem->most}, &made.factors));
    assert_ok(triangle_create(made.factors.n, made.factors.prior, &made.prior));
    assert_ok(triangle_create(made.factors.n, made.factors.evidence, &made.evidence));
    const covariant_frames inducing = {made.factors.n_frames, made.factors.features,
                                       made.factors.tensors};
    assert_ok(posterior_create(&made.with, &inducing, made.prior, made.evidence, problem->ridge,
                               &made.by));
    fill_kernel(&made);
    return made;
}

static void tear_down(posterior_fixture *made)
{
    free(made->k);
    posterior_destroy(&made->by);
    triangle_destroy(&made->evidence);
    triangle_destroy(&made->prior);
    posterior_factors_release(&made->factors);
    panels_release(&made->panels);
    training_release(&made->set);
}

static covariant_frames frames_behind(const posterior_fixture *of, int64_t first, int64_t n)
{
    const training_set *set = &of->set;
    const int64_t       n_tensors = set->n_sites * set->n_rows * set->n_tensors;

    return (covariant_frames){.n_frames = n,
                              .features = set->rows + first * set->n_sites * set->dimension,
                              .tensors =
                                  set->tensors == NULL ? NULL : set->tensors + first * n_tensors};
}

static long double entry(const posterior_fixture *of, int64_t row, int64_t column)
{
    return of->k[row * of->set.n * of->set.n_rows + column];
}

/* Row i of the inducing frames among all rows. */
static int64_t inducing_row(const posterior_fixture *of, int64_t i)
{
    const int n_rows = of->set.n_rows;

    return of->factors.frames[i / n_rows] * n_rows + i % n_rows;
}

/*
 * C^T M^-1 C in the lab of the definition: [M | C] is eliminated, then C^T times the result.
 * m [n][n], c [n][width] -> product [width][width].
 */
static void quadratic_form(int64_t n, int64_t width, const long double *m, const long double *c,
                           long double *product)
{
    const int64_t wide = n + width;
    long double  *a = calloc((size_t)(n * wide), sizeof *a);

    assert_non_null(a);
    for (int64_t i = 0; i < n; i++) {
        memcpy(a + i * wide, m + i * n, (size_t)n * sizeof *a);
        memcpy(a + i * wide + n, c + i * width, (size_t)width * sizeof *a);
    }
    eliminate(n, wide, a);
    for (int64_t i = 0; i < width * width; i++) {
        product[i] = 0.0L;
        for (int64_t k = 0; k < n; k++) {
            product[i] += c[k * width + i / width] * a[k * wide + n + i % width] / a[k * wide + k];
        }
    }
    free(a);
}

/* D(t) = K_tt - K_tu K_uu^-1 K_ut + ridge I, and K_ut [n][n_rows]. */
static void left_by_definition(const posterior_fixture *of, double ridge, int64_t frame,
                               const long double *m, long double *c, long double *left)
{
    const int64_t n_rows = of->set.n_rows, n = of->factors.n;

    for (int64_t i = 0; i < n * n_rows; i++) {
        c[i] = entry(of, inducing_row(of, i / n_rows), frame * n_rows + i % n_rows);
    }
    quadratic_form(n, n_rows, m, c, left);
    for (int64_t i = 0; i < n_rows * n_rows; i++) {
        const int64_t row = i / n_rows, column = i % n_rows;
        left[i] = entry(of, frame * n_rows + row, frame * n_rows + column) - left[i] +
                  (row == column ? (long double)ridge : 0.0L);
    }
}

/*
 * The covariance of frame `frame` of labels of all training frames but `left_out`:
 * D(t) + K_tu (K_uu + sum_x K_ux D(x)^-1 K_xu)^-1 K_ut.
 */
static void by_definition(const posterior_fixture *of, const posterior_case *problem, int64_t frame,
                          int64_t left_out, long double *block)
{
    const int64_t n_rows = of->set.n_rows, n = of->factors.n, size = n_rows * n_rows;
    long double  *m = calloc((size_t)(3 * n * n), sizeof *m), *informed = m + n * n;
    long double  *product = informed + n * n;
    long double  *c = calloc((size_t)(2 * n * n_rows + 2 * size), sizeof *c);
    long double  *across = c + n * n_rows, *left = across + n * n_rows, *second = left + size;

    assert_non_null(m);
    assert_non_null(c);
    for (int64_t i = 0; i < n * n; i++) {
        m[i] = informed[i] = entry(of, inducing_row(of, i / n), inducing_row(of, i % n));
    }
    for (int64_t x = 0; x < problem->n; x++) {
        left_by_definition(of, problem->ridge, x, m, c, left);
        for (int64_t i = 0; i < n * n_rows; i++) {
            across[i % n_rows * n + i / n_rows] = c[i];
        }
        quadratic_form(n_rows, n, left, across, product);
        for (int64_t i = 0; i < n * n && x != left_out; i++) {
            informed[i] += product[i];
        }
    }
    left_by_definition(of, problem->ridge, frame, m, c, left);
    quadratic_form(n, n_rows, informed, c, second);
    for (int64_t i = 0; i < size; i++) {
        block[i] = left[i] + second[i];
    }
    free(c);
    free(m);
}

static void assert_blocks(const posterior_fixture *of, const posterior_case *problem, int64_t first,
                          int64_t n, bool left_out, const double *blocks)
{
    const int64_t size = of->set.n_rows * of->set.n_rows;
    long double   expected[N_ALL];

    for (int64_t f = 0; f < n; f++) {
        by_definition(of, problem, first + f, left_out ? first + f : -1, expected);
        for (int64_t i = 0; i < size; i++) {
            const double scale = (double)expected[0] + problem->ridge;
            assert_float_equal(blocks[f * size + i], (double)expected[i], 1e-8 * scale + 1e-13);
        }
    }
}

static void blocks_are_those_of_the_definition(void **state)
{
    (void)state;
    for (int k = 0; k < N_PROBLEMS; k++) {
        posterior_fixture of = set_up(&problems[k]);
        double            blocks[N_TEST * N_ALL];

        const covariant_frames test = frames_behind(&of, problems[k].n, N_TEST);
        assert_ok(posterior_blocks(of.by, &test, blocks));
        assert_blocks(&of, &problems[k], problems[k].n, N_TEST, false, blocks);
        tear_down(&of);
    }
}

static void frames_are_left_out_as_if_they_had_no_label(void **state)
{
    (void)state;
    for (int k = 0; k < N_PROBLEMS; k++) {
        posterior_fixture of = set_up(&problems[k]);
        double            blocks[N_TEST * N_ALL];
        const int64_t     n = problems[k].n < N_TEST ? problems[k].n : N_TEST;

        const covariant_frames train = frames_behind(&of, 0, n);
        assert_ok(posterior_leave_out(of.by, &train, blocks));
        assert_blocks(&of, &problems[k], 0, n, true, blocks);
        tear_down(&of);
    }
}

static void all_frames_give_the_exact_variance(void **state)
{
    posterior_fixture of = set_up(&problems[0]);
    const int64_t     n = problems[0].n;
    long double       a[32 * 32], c[32], exact;
    double            found;

    (void)state;
    assert_int_equal(of.factors.n_frames, n);
    for (int64_t i = 0; i < n * n; i++) {
        a[i] = entry(&of, i / n, i % n) + (i / n == i % n ? (long double)problems[0].ridge : 0.0L);
    }
    for (int64_t i = 0; i < n; i++) {
        c[i] = entry(&of, i, n);
    }
    quadratic_form(n, 1, a, c, &exact);
    exact = entry(&of, n, n) - exact + (long double)problems[0].ridge;
    const covariant_frames test = frames_behind(&of, n, 1);
    assert_ok(posterior_blocks(of.by, &test, &found));
    assert_float_equal(found, (double)exact, 1e-8 * (double)exact);
    tear_down(&of);
}

/* What is left of a kernel is rounding, with any sign: there is a variance all the same. */
static void rounding_is_no_failure(void **state)
{
    static const posterior_case smooth = {"gaussian", 3e3, 1e-15, 20, 20, {1, 5, 6, false}};
    posterior_fixture           of = set_up(&smooth);
    const int64_t               n_rows = of.set.n_rows;
    double                      blocks[N_TEST * N_ALL];

    (void)state;
    const covariant_frames test = frames_behind(&of, smooth.n, N_TEST);
    assert_ok(posterior_blocks(of.by, &test, blocks));
    for (int64_t i = 0; i < N_TEST * n_rows; i++) {
        const double variance = blocks[i / n_rows * n_rows * n_rows + i % n_rows * (n_rows + 1)];
        assert_true(variance > 0.0 && variance < 1e-3);
    }
    tear_down(&of);
}

/* By how many frames a call has, or where in it, no bit changes. */
static void a_frame_does_not_depend_on_its_company(void **state)
{
    (void)state;
    for (int k = 0; k < N_PROBLEMS; k++) {
        posterior_fixture of = set_up(&problems[k]);
        const int64_t     size = of.set.n_rows * of.set.n_rows;
        double            together[(N_TEST + 32) * N_ALL], alone[N_ALL];

        const int64_t          n = of.set.n;
        const covariant_frames all = frames_behind(&of, 0, n);
        assert_ok(posterior_blocks(of.by, &all, together));
        for (int64_t f = 0; f < n; f++) {
            const covariant_frames one = frames_behind(&of, f, 1);
            assert_ok(posterior_blocks(of.by, &one, alone));
            assert_memory_equal(alone, together + f * size, (size_t)size * sizeof *alone);
        }
        tear_down(&of);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(blocks_are_those_of_the_definition),
    cmocka_unit_test(frames_are_left_out_as_if_they_had_no_label),
    cmocka_unit_test(all_frames_give_the_exact_variance),
    cmocka_unit_test(rounding_is_no_failure),
    cmocka_unit_test(a_frame_does_not_depend_on_its_company),
};

TEST_MAIN(cases)
