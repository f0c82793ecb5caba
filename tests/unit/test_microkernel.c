/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every version of the microkernel that this processor runs, in both precisions: exponentials
 * against long double, engines against their definition.   ranks: 1
 */
#include "support.h"

#include "core/memory.h"
#include "kernel/engine.h"
#include "kernel/microkernel.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST_VERSIONS = 6 };

static int find_versions(const microkernel *found[MOST_VERSIONS])
{
    int n = 0;

    for (int single = 0; single < 2; single++) {
        for (const microkernel *const *v = microkernel_versions(single); *v != NULL; v++) {
            if ((*v)->runs_here()) {
                assert_true(n < MOST_VERSIONS);
                found[n++] = *v;
            }
        }
    }
    return n;
}

static bool is_single(const microkernel *version)
{
    return version->size == sizeof(float);
}

static void exponential(const microkernel *version, double *values)
{
    float narrow[MICRO_CHUNK];

    if (!is_single(version)) {
        version->exponential(MICRO_CHUNK, values);
        return;
    }
    for (int i = 0; i < MICRO_CHUNK; i++) {
        narrow[i] = (float)values[i];
    }
    version->exponential(MICRO_CHUNK, narrow);
    for (int i = 0; i < MICRO_CHUNK; i++) {
        values[i] = narrow[i];
    }
}

/* Largest error in units of the last place, over arguments from 0 to `lowest`, even and random. */
static double worst_exponential(const microkernel *version, double lowest)
{
    enum { ROUNDS = 20000 };
    const bool  single = is_single(version);
    test_random stream = {1};
    double      worst = 0.0;

    for (int round = 0; round < ROUNDS; round++) {
        double x[MICRO_CHUNK], value[MICRO_CHUNK];

        for (int i = 0; i < MICRO_CHUNK; i++) {
            const double even = (round + i / (double)MICRO_CHUNK) / ROUNDS;

            x[i] = lowest * (i % 2 == 0 ? even : pow(test_uniform(&stream), round % 20));
            x[i] = single ? (double)(float)x[i] : x[i];
            value[i] = x[i];
        }
        exponential(version, value);
        for (int i = 0; i < MICRO_CHUNK; i++) {
            const long double exact = expl((long double)x[i]);
            int               exponent;

            frexpl(exact, &exponent);
            worst = fmax(worst, (double)(fabsl((long double)value[i] - exact) /
                                         ldexpl(1.0L, exponent - (single ? 24 : 53))));
        }
    }
    return worst;
}

static void exponential_is_good_to_four_units_in_the_last_place(void **state)
{
    const microkernel *versions[MOST_VERSIONS];
    const int          n = find_versions(versions);

    (void)state;
    for (int i = 0; i < n; i++) {
        const double worst =
            worst_exponential(versions[i], is_single(versions[i]) ? -69.0 : -708.0);

        assert_true(worst > 0.0);
        assert_true(worst < 4.0);
    }
}

static void exponential_keeps_its_ends(void **state)
{
    const microkernel *versions[MOST_VERSIONS];
    const int          n = find_versions(versions);

    (void)state;
    for (int i = 0; i < n; i++) {
        const bool   single = is_single(versions[i]);
        const double half = log(0.5) / 2.0; /* where the nearest power of two changes */
        double       values[MICRO_CHUNK] = {0.0,
                                            -0.0,
                                            -1e-40,
                                            -709.0,
                                            -710.0,
                                            -746.0,
                                            -1e300,
                                            -INFINITY,
                                            NAN,
                                            half,
                                            nextafter(half, 0)};

        exponential(versions[i], values);
        assert_true(values[0] == 1.0 && values[1] == 1.0 && values[2] == 1.0);
        for (int zero = 3; zero < 8; zero++) {
            assert_true(values[zero] == 0.0 && signbit(values[zero]) == 0);
        }
        assert_true(isnan(values[8]));
        assert_near(values[9], sqrt(0.5), single ? 1e-7 : 1e-15);
        assert_near(values[10], sqrt(0.5), single ? 1e-7 : 1e-15);
    }
}

/* Random rows, some near training rows, weights of the most outputs, and what is right. */
enum { N_TRAIN = 133, N_ROWS = 53, MOST_FEATURES = 70, MOST_OUTPUTS = 20 };

typedef struct {
    int     dimension, n_rows;
    kernel  of;
    double  train[N_TRAIN * MOST_FEATURES], rows[N_ROWS * MOST_FEATURES];
    double  weights[N_TRAIN * MOST_OUTPUTS];
    double  expected[N_ROWS * MOST_OUTPUTS];
    double  allowed[N_ROWS * MOST_OUTPUTS]; /* per eps */
    double  nearest[N_ROWS], scale[N_ROWS]; /* distance; largest sum of the two lengths */
    double *out;
} problem;

static double length_of(int n, const double *row)
{
    double sum = 0.0;

    for (int d = 0; d < n; d++) {
        sum += row[d] * row[d];
    }
    return sqrt(sum);
}

static double distance_of(const problem *p, int row, int i)
{
    double sum = 0.0;

    for (int d = 0; d < p->dimension; d++) {
        sum += pow(p->rows[row * p->dimension + d] - p->train[i * p->dimension + d], 2);
    }
    return sqrt(sum);
}

/* The rounding of k by that of its argument, and of its product with the weight: one eps each. */
static void solve(problem *p)
{
    const engine_group all = {.of = p->of, .n_outputs = MOST_OUTPUTS, .weights = p->weights};

    engine_reference(N_TRAIN, p->dimension, p->train, &all, N_ROWS, p->rows, p->expected);
    memset(p->allowed, 0, sizeof p->allowed);
    for (int row = 0; row < N_ROWS; row++) {
        const double x = length_of(p->dimension, p->rows + row * p->dimension);

        p->nearest[row] = INFINITY;
        for (int i = 0; i < N_TRAIN; i++) {
            const double y = length_of(p->dimension, p->train + i * p->dimension);
            const double rounding = kernel_rounding(&p->of, x, y, x + y);
            const double distance = distance_of(p, row, i);

            p->nearest[row] = fmin(p->nearest[row], distance);
            p->scale[row] = fmax(p->scale[row], x + y);

            for (int t = 0; t < MOST_OUTPUTS; t++) {
                p->allowed[row * MOST_OUTPUTS + t] +=
                    rounding * fabs(p->weights[i * MOST_OUTPUTS + t]);
            }
        }
    }
}

static problem *problem_create(int dimension, const char *name)
{
    test_random stream = {(uint64_t)dimension};
    problem    *p = NULL;

    assert_ok(MEMORY_ALLOCATE("problem", 1, &p));
    assert_ok(MEMORY_ALLOCATE("outputs", N_ROWS * MOST_OUTPUTS, &p->out));
    assert_ok(kernel_parse(name, 3, &p->of));
    p->of.length = 1.5 * sqrt(dimension);
    p->dimension = dimension;
    for (int i = 0; i < N_TRAIN * dimension; i++) {
        p->train[i] = test_normal(&stream);
    }
    for (int i = 0; i < N_ROWS * dimension; i++) {
        p->rows[i] = test_normal(&stream);
    }
    for (int i = 0; i < N_TRAIN * MOST_OUTPUTS; i++) {
        p->weights[i] = test_normal(&stream);
    }
    for (int near = 0; near < 8; near++) { /* ever nearer to training rows, the first on one */
        for (int d = 0; d < dimension; d++) {
            p->rows[(7 + near) * dimension + d] =
                p->train[(130 - near) * dimension + d] +
                (near == 0 ? 0.0 : pow(10.0, -near) * test_normal(&stream));
        }
    }
    solve(p);
    return p;
}

static void problem_destroy(problem **p)
{
    MEMORY_RELEASE(&(*p)->out);
    MEMORY_RELEASE(p);
}

static engine *create(const microkernel *version, const problem *p, int n_outputs)
{
    double       weights[N_TRAIN * MOST_OUTPUTS];
    engine_group group = {.of = p->of, .n_outputs = n_outputs, .weights = weights};
    engine      *e = NULL;

    for (int i = 0; i < N_TRAIN; i++) {
        memcpy(weights + i * n_outputs, p->weights + i * MOST_OUTPUTS,
               (size_t)n_outputs * sizeof *weights);
    }
    assert_ok(engine_create_version(version, N_TRAIN, p->dimension, p->train, 1, &group, &e));
    return e;
}

/* The first n_outputs of the problem, by one version. */
static void compare(const microkernel *version, problem *p, int n_outputs)
{
    const double eps = is_single(version) ? FLT_EPSILON : DBL_EPSILON;
    const double cancelled = is_single(version) ? 50.0 : 500.0; /* 1 / (2 sqrt(near fraction)) */
    double       nearest[N_ROWS];
    engine      *e = create(version, p, n_outputs);

    assert_ok(engine_apply(e, N_ROWS, p->rows, p->out, nearest));
    for (int row = 0; row < N_ROWS; row++) {
        for (int t = 0; t < n_outputs; t++) {
            const int at = row * MOST_OUTPUTS + t;

            assert_near(p->out[row * n_outputs + t], p->expected[at], eps * p->allowed[at]);
        }
        assert_near(sqrt(nearest[row]), p->nearest[row], cancelled * eps * p->scale[row]);
    }
    assert_true(nearest[7] == 0.0);
    engine_destroy(&e);
}

static const char *const names[] = {"gaussian",   "laplacian", "matern-3/2", "matern-5/2",
                                    "matern-9/2", "linear",    "polynomial"};
enum { N_NAMES = sizeof names / sizeof names[0] };

static void engines_of_every_shape_are_right(void **state)
{
    static const int   features[] = {1, 2, 3, 7, 8, 9, 27, 28, 66, 70};
    const microkernel *versions[MOST_VERSIONS];
    const int          n = find_versions(versions);

    (void)state;
    for (size_t d = 0; d < sizeof features / sizeof features[0]; d++) {
        problem *p = problem_create(features[d], names[d % 2 == 0 ? 0 : d % N_NAMES]);

        for (int i = 0; i < n; i++) {
            for (int n_outputs = 1; n_outputs <= MOST_OUTPUTS; n_outputs++) {
                compare(versions[i], p, n_outputs);
            }
        }
        problem_destroy(&p);
    }
}

static void engines_of_every_kernel_are_right(void **state)
{
    const microkernel *versions[MOST_VERSIONS];
    const int          n = find_versions(versions);

    (void)state;
    for (int name = 0; name < N_NAMES; name++) {
        problem *p = problem_create(10, names[name]);

        for (int i = 0; i < n; i++) {
            compare(versions[i], p, 3);
        }
        problem_destroy(&p);
    }
}

/* At the far end of the largest order the polynomial is infinite, and the kernel 0 all the same. */
static void far_pairs_add_nothing(void **state)
{
    static const char *const far[] = {"gaussian", "laplacian", "matern-5/2", "matern-101/2"};
    const microkernel       *versions[MOST_VERSIONS];
    const int                n = find_versions(versions);

    (void)state;
    for (int name = 0; name < 4; name++) {
        problem *p = problem_create(4, far[name]);

        for (double length = 1e-1; length > 1e-9; length *= 0.1) {
            p->of.length = length;
            for (int i = 0; i < n; i++) {
                engine *e = create(versions[i], p, 2);

                assert_ok(engine_apply(e, N_ROWS, p->rows, p->out, NULL));
                for (int row = 0; length < 1e-3 && row < N_ROWS; row++) {
                    const double alone = row == 7 ? p->weights[130 * MOST_OUTPUTS] : 0.0;

                    if (row > 7 && row < 15) {
                        continue;
                    }

                    assert_near(p->out[row * 2], alone, is_single(versions[i]) ? 1e-7 : 0.0);
                }
                engine_destroy(&e);
            }
        }
        problem_destroy(&p);
    }
}

/* Rows with neighbours, rows alone, rows in other lanes; one of them is not a number. */
static void rows_are_alike_to_the_bit(void **state)
{
    enum { WIDTH = 5 };
    const microkernel *versions[MOST_VERSIONS];
    const int          n = find_versions(versions);
    problem           *p = problem_create(27, "matern-3/2");

    (void)state;
    p->rows[20 * 27 + 3] = NAN;
    for (int i = 0; i < n; i++) {
        engine *e = create(versions[i], p, WIDTH);
        double  whole[N_ROWS], part[N_ROWS];

        assert_ok(engine_apply(e, N_ROWS, p->rows, p->out, whole));
        for (int first = 0; first < N_ROWS; first++) {
            double    out[N_ROWS * WIDTH];
            const int count = 1 + first % 7 < N_ROWS - first ? 1 + first % 7 : N_ROWS - first;

            assert_ok(engine_apply(e, count, p->rows + first * 27, out, part));
            assert_memory_equal(out, p->out + first * WIDTH, (size_t)(count * WIDTH) * sizeof *out);
            assert_memory_equal(part, whole + first, (size_t)count * sizeof *part);
        }
        assert_true(isnan(p->out[20 * WIDTH]) && isinf(whole[20]));
        engine_destroy(&e);
    }
    problem_destroy(&p);
}

static void the_best_version_runs_here(void **state)
{
    (void)state;
    for (int single = 0; single < 2; single++) {
        const microkernel *best = microkernel_best(single);

        assert_true(best->runs_here());
        assert_non_null(best->name);
        assert_int_equal(is_single(best), single);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(exponential_is_good_to_four_units_in_the_last_place),
    cmocka_unit_test(exponential_keeps_its_ends),
    cmocka_unit_test(engines_of_every_shape_are_right),
    cmocka_unit_test(engines_of_every_kernel_are_right),
    cmocka_unit_test(far_pairs_add_nothing),
    cmocka_unit_test(rows_are_alike_to_the_bit),
    cmocka_unit_test(the_best_version_runs_here),
};

TEST_MAIN(cases)
