/* SPDX-License-Identifier: BSD-3-Clause */
/* The distributed kernel matrix against the dense one and the engine.   ranks: 1 2 3 4 7 */
#include "support.h"

#include "core/memory.h"
#include "linalg/factorization.h"
#include "kernel/covariant.h"
#include "kernel/engine.h"

#include <math.h>

enum { N = 130, D = 6, OUTPUTS = 2 };

static double rows[N * D], matrix[N * N];

/* K + ridge I of plain rows. */
static covary_status assemble(const kernel *of, const panel *features, double ridge,
                              block_cyclic *a)
{
    const covariant_kernel plain = covariant_plain(of, features->width);
    const covariant_panels train = {.features = features};

    return covariant_assemble(&plain, &train, ridge, a);
}

/* K of plain rows. */
static covary_status dense(const kernel *of, int64_t n, int64_t dimension, const double *x,
                           double *k)
{
    const covariant_kernel plain = covariant_plain(of, dimension);
    const covariant_frames train = {.n_frames = n, .features = x};

    return covariant_dense(&plain, &train, k);
}

static kernel parsed(const char *name)
{
    kernel k;

    assert_ok(kernel_parse(name, 2, &k));
    k.length = 2.0;
    return k;
}

static void random_rows(void)
{
    test_random stream = {11};

    for (int i = 0; i < N * D; i++) {
        rows[i] = 3.0 + test_normal(&stream);
    }
    for (int d = 0; d < D; d++) {
        rows[17 * D + d] = rows[99 * D + d]; /* twins */
    }
}

/* The first n rows; rank 0 has the fewest. */
static panel *features_of(int64_t n)
{
    const int64_t n_ranks = covary_run_size(test_run()), rank = covary_run_rank(test_run());
    const int64_t n_local = n / n_ranks + (rank == n_ranks - 1 ? n % n_ranks : 0);
    panel        *features = NULL;

    random_rows();
    assert_ok(panel_create(test_run(), n_local, D, &features));
    for (int64_t i = 0; i < n_local * D; i++) {
        features->data[i] = rows[features->first * D + i];
    }
    return features;
}

static void check_against_dense(const process_grid *grid, const kernel *k, int n, int block)
{
    panel        *features = features_of(n);
    block_cyclic *a = NULL;

    assert_ok(block_cyclic_create(grid, n, n, block, &a));
    assert_ok(assemble(k, features, 0.25, a));
    assert_ok(dense(k, n, D, rows, matrix));
    for (int64_t col = 0; col < a->local_cols; col++) {
        for (int64_t row = 0; row < a->local_rows; row++) {
            const int64_t i = block_cyclic_row(a, row), j = block_cyclic_col(a, col);
            const double  expected = matrix[i * n + j] + (i == j ? 0.25 : 0.0);

            if (i >= j) {
                assert_near(a->data[col * a->leading + row], expected, 1e-12 * fmax(1.0, expected));
            }
            if (i == j && k->ops->stationary) {
                assert_true(a->data[col * a->leading + row] == 1.25);
            }
        }
    }
    block_cyclic_destroy(&a);
    panel_destroy(&features);
}

static void blocks_are_those_of_the_dense_matrix(void **state)
{
    static const char *const names[] = {"gaussian", "laplacian", "matern-5/2", "linear",
                                        "polynomial"};
    static const int         blocks[] = {1, 7, 64, 200};
    static const int         sizes[] = {1, 3, 64, N};
    process_grid            *grid = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    for (int name = 0; name < 5; name++) {
        const kernel k = parsed(names[name]);

        for (int block = 0; block < 4; block++) {
            check_against_dense(grid, &k, sizes[(name + block) % 4], blocks[block]);
        }
    }
    grid_destroy(&grid);
}

/* K + ridge I - F F^T, rounded once; a factor of rank 0 leaves the first two. */
static void products_are_subtracted_before_rounding(void **state)
{
    static const int       ranks[] = {0, 1, 9};
    const kernel           k = parsed("gaussian");
    const covariant_kernel plain = covariant_plain(&k, D);
    process_grid          *grid = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    for (int i = 0; i < 3; i++) {
        const int64_t        rank = ranks[i];
        panel               *features = features_of(N), *factor = NULL;
        block_cyclic_single *a = NULL;
        double              *f = NULL;

        assert_ok(panel_create(test_run(), features->n_local, rank, &factor));
        for (int64_t at = 0; at < factor->n_local * rank; at++) {
            factor->data[at] = sin(1.0 + (double)(factor->first * rank + at));
        }
        assert_ok(panel_replicate(factor, &f));
        assert_ok(dense(&k, N, D, rows, matrix));
        assert_ok(block_cyclic_single_create(grid, N, N, 7, &a));
        const covariant_panels train = {.features = features};
        assert_ok(covariant_assemble_rest(&plain, &train, 0.25, factor, a));
        for (int64_t col = 0; col < a->layout->local_cols; col++) {
            for (int64_t row = 0; row < a->layout->local_rows; row++) {
                const int64_t left = block_cyclic_row(a->layout, row);
                const int64_t right = block_cyclic_col(a->layout, col);
                double        expected = matrix[left * N + right] + (left == right ? 0.25 : 0.0);

                for (int64_t q = 0; q < rank; q++) {
                    expected -= f[left * rank + q] * f[right * rank + q];
                }
                if (left >= right) {
                    assert_near(a->data[col * a->layout->leading + row], expected,
                                6e-8 * fabs(expected) + 1e-13);
                }
            }
        }
        panel_destroy(&factor);
        assert_ok(panel_create(test_run(), features->n_local + 1, rank, &factor));
        assert_int_equal(covariant_assemble_rest(&plain, &train, 0.25, factor, a),
                         COVARY_ERR_INTERNAL);
        MEMORY_RELEASE(&f);
        block_cyclic_single_destroy(&a);
        panel_destroy(&factor);
        panel_destroy(&features);
    }
    grid_destroy(&grid);
}

/* More rows than a tile has, so that every branch of the walk is taken. */
static void large_matrices_are_walked_whole(void **state)
{
    enum { LARGE = 700 };
    test_random   stream = {12};
    const kernel  k = parsed("gaussian");
    process_grid *grid = NULL;
    block_cyclic *a = NULL;
    panel        *features = NULL;
    double       *all = NULL;
    const int     rank = covary_run_rank(test_run());

    (void)state;
    assert_ok(panel_create(test_run(), rank == 0 ? LARGE : 0, D, &features));
    for (int64_t i = 0; i < features->n_local * D; i++) {
        features->data[i] = test_normal(&stream);
    }
    assert_ok(panel_replicate(features, &all));
    assert_ok(grid_create(test_run(), &grid));
    assert_ok(block_cyclic_create(grid, LARGE, LARGE, 32, &a));
    assert_ok(assemble(&k, features, 1e-3, a));
    for (int64_t col = 0; col < a->local_cols; col++) {
        for (int64_t row = 0; row < a->local_rows; row++) {
            const int64_t i = block_cyclic_row(a, row), j = block_cyclic_col(a, col);
            double        value = 0.0;

            for (int d = 0; d < D; d++) {
                value += (all[i * D + d] - all[j * D + d]) * (all[i * D + d] - all[j * D + d]);
            }
            if (i >= j) {
                assert_near(a->data[col * a->leading + row],
                            exp(-value / 8.0) + (i == j ? 1e-3 : 0.0), 1e-14);
            }
        }
    }
    block_cyclic_destroy(&a);
    grid_destroy(&grid);
    panel_destroy(&features);
    MEMORY_RELEASE(&all);
}

/* Assemble, factor, solve; then K W + ridge W by the engine gives the targets back. */
static void engine_gives_the_targets_back(void **state)
{
    static const char *const names[] = {"gaussian", "laplacian", "matern-3/2"};
    const double             ridge = 1e-3;
    process_grid            *grid = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    for (int name = 0; name < 3; name++) {
        const kernel  k = parsed(names[name]);
        panel        *features = features_of(N), *weights = NULL;
        block_cyclic *a = NULL, *x = NULL;
        engine       *e = NULL;
        engine_group  group = {.of = k, .n_outputs = OUTPUTS};
        double       *all = NULL, logdet, out[N * OUTPUTS], nearest[N];
        int64_t       bad;

        assert_ok(panel_create(test_run(), features->n_local, OUTPUTS, &weights));
        for (int64_t i = 0; i < features->n_local * OUTPUTS; i++) {
            weights->data[i] = sin((double)(features->first * OUTPUTS + i));
        }
        assert_ok(block_cyclic_create(grid, N, N, 16, &a));
        assert_ok(block_cyclic_create(grid, N, OUTPUTS, 16, &x));
        assert_ok(assemble(&k, features, ridge, a));
        assert_ok(block_cyclic_from_panel(weights, x));
        assert_ok(block_cyclic_cholesky(a, &factorization_native, &logdet, &bad));
        assert_int_equal(bad, 0);
        assert_ok(block_cyclic_cholesky_solve(a, &factorization_native, FACTOR_BOTH, x));
        assert_ok(block_cyclic_to_panel(x, weights));
        assert_ok(panel_replicate(weights, &all));
        group.weights = all;
        assert_ok(engine_create(ENGINE_DOUBLE, N, D, rows, 1, &group, &e));
        assert_ok(engine_apply(e, N, rows, out, nearest));
        for (int i = 0; i < N * OUTPUTS; i++) {
            assert_near(out[i] + ridge * all[i], sin((double)i), 1e-11);
            assert_true(nearest[i / OUTPUTS] == 0.0);
        }
        engine_destroy(&e);
        block_cyclic_destroy(&x);
        block_cyclic_destroy(&a);
        panel_destroy(&weights);
        panel_destroy(&features);
        MEMORY_RELEASE(&all);
    }
    grid_destroy(&grid);
}

static void assembly_repeats_itself_to_the_bit(void **state)
{
    const kernel  k = parsed("matern-5/2");
    panel        *features = features_of(N);
    process_grid *grid = NULL;
    block_cyclic *a[2] = {NULL, NULL};

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    for (int i = 0; i < 2; i++) {
        assert_ok(block_cyclic_create(grid, N, N, 8, &a[i]));
        assert_ok(assemble(&k, features, 1e-8, a[i]));
    }
    assert_memory_equal(a[0]->data, a[1]->data,
                        (size_t)(a[0]->leading * a[0]->local_cols) * sizeof *a[0]->data);
    block_cyclic_destroy(&a[1]);
    block_cyclic_destroy(&a[0]);
    grid_destroy(&grid);
    panel_destroy(&features);
}

static void wrong_shapes_are_refused(void **state)
{
    const kernel  k = parsed("gaussian");
    panel        *features = features_of(N);
    process_grid *grid = NULL;
    block_cyclic *a = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    assert_ok(block_cyclic_create(grid, N + 1, N + 1, 8, &a));
    assert_int_equal(assemble(&k, features, 0.0, a), COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&a);
    grid_destroy(&grid);
    panel_destroy(&features);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(blocks_are_those_of_the_dense_matrix),
    cmocka_unit_test(products_are_subtracted_before_rounding),
    cmocka_unit_test(large_matrices_are_walked_whole),
    cmocka_unit_test(engine_gives_the_targets_back),
    cmocka_unit_test(assembly_repeats_itself_to_the_bit),
    cmocka_unit_test(wrong_shapes_are_refused),
};

TEST_MAIN(cases)
