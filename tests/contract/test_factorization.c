/* SPDX-License-Identifier: BSD-3-Clause */
/* Factors, solutions and inverses against serial ones, whoever computes.   ranks: 1 2 3 4 6 */
#include "support.h"

#include "linalg/factorization.h"

#include <math.h>
#include <string.h>

enum { MOST = 150 };

static const int blocks[] = {1, 7, 64};

/* Symmetric, positive definite, no structure: a random B gives B B^T / n + I. */
static void random_matrix(int n, double *a)
{
    static double b[MOST * MOST];
    test_random   stream = {(uint64_t)n};

    for (int i = 0; i < n * n; i++) {
        b[i] = test_normal(&stream);
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            a[i * n + j] = i == j ? 1.0 : 0.0;
            for (int k = 0; k < n; k++) {
                a[i * n + j] += b[i * n + k] * b[j * n + k] / n;
            }
        }
    }
}

/* Plain lower Cholesky factor in place; order of the first bad minor or 0. */
static int serial_cholesky(int n, double *a)
{
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < j; k++) {
            a[j * n + j] -= a[j * n + k] * a[j * n + k];
        }
        if (!(a[j * n + j] > 0.0)) {
            return j + 1;
        }
        a[j * n + j] = sqrt(a[j * n + j]);
        for (int i = j + 1; i < n; i++) {
            for (int k = 0; k < j; k++) {
                a[i * n + j] -= a[i * n + k] * a[j * n + k];
            }
            a[i * n + j] /= a[j * n + j];
        }
    }
    return 0;
}

static void serial_solve(int n, const double *factor, double *x)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++) {
            x[i] -= factor[i * n + k] * x[k];
        }
        x[i] /= factor[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) {
            x[i] -= factor[k * n + i] * x[k];
        }
        x[i] /= factor[i * n + i];
    }
}

/* The lower triangle of a; above it NaN, which nobody may read. */
static block_cyclic *distributed(const process_grid *grid, int n, int block, const double *a)
{
    block_cyclic *made = NULL;

    assert_ok(block_cyclic_create(grid, n, n, block, &made));
    for (int64_t col = 0; col < made->local_cols; col++) {
        for (int64_t row = 0; row < made->local_rows; row++) {
            const int64_t i = block_cyclic_row(made, row), j = block_cyclic_col(made, col);

            made->data[col * made->leading + row] = i >= j ? a[i * n + j] : NAN;
        }
    }
    return made;
}

/* Rows over the ranks as evenly as they go; the last ranks may have none. */
static panel *shared_panel(int64_t n, int64_t width)
{
    const int64_t n_ranks = covary_run_size(test_run()), rank = covary_run_rank(test_run());
    const int64_t share = (n + n_ranks - 1) / n_ranks;
    const int64_t begin = share * rank < n ? share * rank : n;
    const int64_t end = begin + share < n ? begin + share : n;
    panel        *made = NULL;

    assert_ok(panel_create(test_run(), end - begin, width, &made));
    assert_int_equal(made->n_rows, n);
    return made;
}

/* One half after the other gives what both give. */
static void check_halves(const block_cyclic *factor, const factorization_ops *by,
                         const panel *targets, const block_cyclic *both)
{
    block_cyclic *half = NULL;

    assert_ok(block_cyclic_create(factor->grid, both->n_rows, both->n_cols, both->block, &half));
    assert_ok(block_cyclic_from_panel(targets, half));
    assert_ok(block_cyclic_cholesky_solve(factor, by, FACTOR_LOWER, half));
    assert_ok(block_cyclic_cholesky_solve(factor, by, FACTOR_TRANSPOSED, half));
    for (int64_t col = 0; col < both->local_cols; col++) {
        for (int64_t row = 0; row < both->local_rows; row++) {
            const int64_t at = col * both->leading + row;

            assert_near(half->data[at], both->data[at], 1e-13 * (1.0 + fabs(both->data[at])));
        }
    }
    block_cyclic_destroy(&half);
}

/* Factor, solution for `width` right-hand sides, log determinant and diagonal of the inverse. */
static void check_cholesky(const factorization_ops *by, const process_grid *grid, int n, int block,
                           int width)
{
    static double a[MOST * MOST], x[MOST], diagonal[MOST];
    block_cyclic *matrix = NULL, *rhs = NULL;
    panel        *targets = shared_panel(n, width);
    double        logdet = 0.0, expected = 0.0;
    int64_t       bad = -7;

    random_matrix(n, a);
    matrix = distributed(grid, n, block, a);
    for (int64_t i = 0; i < targets->n_local; i++) {
        for (int k = 0; k < width; k++) {
            targets->data[i * width + k] = cos((double)(targets->first + i) * (k + 1));
        }
    }
    assert_ok(block_cyclic_create(grid, n, width, block, &rhs));
    assert_ok(block_cyclic_from_panel(targets, rhs));
    assert_ok(block_cyclic_cholesky(matrix, by, &logdet, &bad));
    assert_int_equal(bad, 0);
    assert_ok(block_cyclic_cholesky_solve(matrix, by, FACTOR_BOTH, rhs));
    check_halves(matrix, by, targets, rhs);
    assert_ok(block_cyclic_to_panel(rhs, targets));
    assert_ok(block_cyclic_inverse_blocks(matrix, by, 1, diagonal));

    assert_int_equal(serial_cholesky(n, a), 0);
    for (int i = 0; i < n; i++) {
        expected += 2.0 * log(a[i * n + i]);
    }
    assert_near(logdet, expected, 1e-11);
    for (int k = 0; k < width; k++) {
        for (int i = 0; i < n; i++) {
            x[i] = cos((double)i * (k + 1));
        }
        serial_solve(n, a, x);
        for (int64_t i = 0; i < targets->n_local; i++) {
            assert_near(targets->data[i * width + k], x[targets->first + i], 1e-12);
        }
    }
    for (int i = 0; i<n; i += n> 20 ? 9 : 1) {
        memset(x, 0, sizeof x);
        x[i] = 1.0;
        serial_solve(n, a, x);
        assert_near(diagonal[i], x[i], 1e-12);
    }
    block_cyclic_destroy(&rhs);
    block_cyclic_destroy(&matrix);
    panel_destroy(&targets);
}

/* Blocks of the inverse of n / r units; what is above the factor's diagonal does not count. */
static void check_inverse_blocks(const factorization_ops *by, const process_grid *grid, int n,
                                 int r, int block)
{
    static double a[MOST * MOST], x[MOST], inverse[MOST * MOST];
    block_cyclic *matrix = NULL;
    double        logdet = 0.0;
    int64_t       bad = -7;

    random_matrix(n, a);
    matrix = distributed(grid, n, block, a);
    assert_ok(block_cyclic_cholesky(matrix, by, &logdet, &bad));
    for (int64_t col = 0; col < matrix->local_cols; col++) {
        for (int64_t row = 0; row < matrix->local_rows; row++) {
            if (block_cyclic_row(matrix, row) < block_cyclic_col(matrix, col)) {
                matrix->data[col * matrix->leading + row] = 1e6;
            }
        }
    }
    assert_ok(block_cyclic_inverse_blocks(matrix, by, r, inverse));
    assert_int_equal(serial_cholesky(n, a), 0);
    for (int i = 0; i < n; i++) {
        memset(x, 0, sizeof x);
        x[i] = 1.0;
        serial_solve(n, a, x);
        for (int j = i / r * r; j < i / r * r + r; j++) {
            assert_near(inverse[i * r + j % r], x[j], 1e-12);
        }
    }
    block_cyclic_destroy(&matrix);
}

/* A check by every factorization on every shape of grid that the ranks make. */
static void on_all(void (*check)(const factorization_ops *by, const process_grid *grid))
{
    const int n_ranks = covary_run_size(test_run());

    for (int rows = 1; rows <= n_ranks; rows++) {
        process_grid *grid = NULL;

        if (n_ranks % rows != 0) {
            continue;
        }
        assert_ok(grid_create_shape(test_run(), rows, n_ranks / rows, &grid));
        for (const factorization_ops *const *entry = factorization_registry(); *entry != NULL;
             entry++) {
            check(*entry, grid);
        }
        grid_destroy(&grid);
    }
}

static void check_all_inverses(const factorization_ops *by, const process_grid *grid)
{
    static const int cases[][3] = {{6, 3, 3}, {45, 3, 6}, {60, 5, 20}, {66, 3, 66}, {30, 6, 6}};

    for (int i = 0; i < 5; i++) {
        check_inverse_blocks(by, grid, cases[i][0], cases[i][1], cases[i][2]);
    }
}

static void blocks_of_the_inverse_are_those_of_the_dense_one(void **state)
{
    (void)state;
    on_all(check_all_inverses);
}

static void check_all_sizes(const factorization_ops *by, const process_grid *grid)
{
    static const int sizes[] = {1, 2, 5, 40, MOST};

    for (int size = 0; size < 5; size++) {
        for (int block = 0; block < 3; block++) {
            check_cholesky(by, grid, sizes[size], blocks[block], 3);
        }
    }
    check_cholesky(by, grid, 5, 2, 530); /* more than are solved at a time */
}

static void factor_is_the_serial_one(void **state)
{
    (void)state;
    on_all(check_all_sizes);
}

/* Wide enough that products have several chunks of columns, and messages several pieces. */
static void check_large(const factorization_ops *by, const process_grid *grid)
{
    enum { N = 1130 };
    block_cyclic *matrix = NULL;
    double        logdet = 1.0;
    int64_t       bad = 0;

    /* L_ij = 1 / (1 + i - j), A_ij = sum of L_ik L_jk over k <= j: its factor is known */
    assert_ok(block_cyclic_create(grid, N, N, 32, &matrix));
    for (int64_t col = 0; col < matrix->local_cols; col++) {
        for (int64_t row = 0; row < matrix->local_rows; row++) {
            const int64_t i = block_cyclic_row(matrix, row), j = block_cyclic_col(matrix, col);
            double        sum = 0.0;

            for (int64_t k = 0; i >= j && k <= j; k++) {
                sum += 1.0 / (double)((1 + i - k) * (1 + j - k));
            }
            matrix->data[col * matrix->leading + row] = i >= j ? sum : -7.0;
        }
    }
    assert_ok(block_cyclic_cholesky(matrix, by, &logdet, &bad));
    assert_int_equal(bad, 0);
    assert_near(logdet, 0.0, 1e-10); /* L_ii = 1 */
    for (int64_t col = 0; col < matrix->local_cols; col++) {
        for (int64_t row = 0; row < matrix->local_rows; row++) {
            const int64_t i = block_cyclic_row(matrix, row), j = block_cyclic_col(matrix, col);

            assert_near(matrix->data[col * matrix->leading + row],
                        i >= j ? 1.0 / (double)(1 + i - j) : -7.0, 1e-12);
        }
    }
    block_cyclic_destroy(&matrix);
}

static void large_factors_are_those_they_were_made_of(void **state)
{
    (void)state;
    on_all(check_large);
}

/*
 * Several groups of steps.  L_ij = 1 / (1 + i - j): sums of its rows and columns are harmonic
 * numbers.
 */
static void check_large_solutions(const factorization_ops *by, const process_grid *grid)
{
    enum { N = 2300 };
    static const int         widths[] = {2, 11};
    static const factor_half halves[] = {FACTOR_LOWER, FACTOR_TRANSPOSED};
    static double            harmonic[N + 1];
    block_cyclic            *factor = NULL;

    for (int i = 0; i < N; i++) {
        harmonic[i + 1] = harmonic[i] + 1.0 / (i + 1.0);
    }
    assert_ok(block_cyclic_create(grid, N, N, 128, &factor));
    for (int64_t col = 0; col < factor->local_cols; col++) {
        for (int64_t row = 0; row < factor->local_rows; row++) {
            const int64_t below = block_cyclic_row(factor, row) - block_cyclic_col(factor, col);

            factor->data[col * factor->leading + row] =
                below < 0 ? -7.0 : 1.0 / (1.0 + (double)below);
        }
    }
    for (int i = 0; i < 4; i++) {
        block_cyclic *x = NULL;

        assert_ok(block_cyclic_create(grid, N, widths[i / 2], 128, &x));
        for (int64_t at = 0; at < x->local_cols * x->local_rows; at++) {
            const int64_t row = block_cyclic_row(x, at % x->local_rows);
            const int64_t col = at / x->local_rows;

            x->data[col * x->leading + at % x->local_rows] =
                (double)(block_cyclic_col(x, col) + 1) *
                harmonic[halves[i % 2] == FACTOR_LOWER ? row + 1 : N - row];
        }
        assert_ok(block_cyclic_cholesky_solve(factor, by, halves[i % 2], x));
        for (int64_t at = 0; at < x->local_cols * x->local_rows; at++) {
            const int64_t col = at / x->local_rows;

            assert_near(x->data[col * x->leading + at % x->local_rows],
                        (double)(block_cyclic_col(x, col) + 1), 1e-11);
        }
        block_cyclic_destroy(&x);
    }
    block_cyclic_destroy(&factor);
}

static void large_solutions_are_those_of_known_sums(void **state)
{
    (void)state;
    on_all(check_large_solutions);
}

/* A leading minor of order 33 that is negative; then what is not finite instead. */
static void check_bad_pivots(const factorization_ops *by, const process_grid *grid)
{
    enum { N = 60, PLANTED = 33 };
    static const double values[] = {-5.0, 0.0, NAN, INFINITY};
    static double       a[N * N];

    for (int block = 0; block < 3; block++) {
        for (int kind = 0; kind < 4; kind++) {
            block_cyclic *matrix;
            double        logdet = 0.0;
            int64_t       bad = 0;

            random_matrix(N, a);
            a[(PLANTED - 1) * N + PLANTED - 1] = values[kind];
            matrix = distributed(grid, N, blocks[block], a);
            assert_ok(block_cyclic_cholesky(matrix, by, &logdet, &bad));
            if (kind < 2) {
                assert_int_equal(bad, PLANTED);
            } else {
                assert_true(bad != 0);
            }
            assert_true(kind != 2 || bad == -1);
            assert_true(isnan(logdet));
            block_cyclic_destroy(&matrix);
        }
    }
}

static void bad_pivots_are_known_to_all_ranks(void **state)
{
    (void)state;
    on_all(check_bad_pivots);
}

static void check_nan(const factorization_ops *by, const process_grid *grid)
{
    enum { N = 60 };
    static double a[N * N];

    random_matrix(N, a);
    a[50 * N + 3] = NAN;
    for (int block = 0; block < 3; block++) {
        block_cyclic *matrix = distributed(grid, N, blocks[block], a);
        double        logdet = 0.0;
        int64_t       bad = 0;

        assert_ok(block_cyclic_cholesky(matrix, by, &logdet, &bad));
        assert_int_equal(bad, -1);
        block_cyclic_destroy(&matrix);
    }
}

static void nan_below_the_diagonal_is_detected(void **state)
{
    (void)state;
    on_all(check_nan);
}

static void check_singular(const factorization_ops *by, const process_grid *grid)
{
    block_cyclic *matrix = NULL;
    double        diagonal[5];

    assert_ok(block_cyclic_create(grid, 5, 5, 2, &matrix)); /* zeros */
    assert_int_equal(block_cyclic_inverse_blocks(matrix, by, 1, diagonal), COVARY_ERR_NUMERIC);
    assert_message("zero in row 1 of");
    block_cyclic_destroy(&matrix);
    assert_ok(block_cyclic_create(grid, 5, 4, 2, &matrix));
    assert_int_equal(block_cyclic_inverse_blocks(matrix, by, 1, diagonal), COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&matrix);
    assert_ok(block_cyclic_create(grid, 6, 6, 2, &matrix));
    assert_int_equal(block_cyclic_inverse_blocks(matrix, by, 3, diagonal), COVARY_ERR_INTERNAL);
    assert_int_equal(block_cyclic_inverse_blocks(matrix, by, 0, diagonal), COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&matrix);
}

static void singular_factors_are_told(void **state)
{
    (void)state;
    on_all(check_singular);
}

/* The lower triangle in single precision, above it NaN. */
static block_cyclic_single *distributed_single(const process_grid *grid, int n, int block,
                                               const double *a)
{
    block_cyclic        *from = distributed(grid, n, block, a);
    block_cyclic_single *made = NULL;

    assert_ok(block_cyclic_single_create(grid, n, n, block, &made));
    for (int64_t at = 0; at < from->local_cols * from->leading; at++) {
        made->data[at] = (float)from->data[at];
    }
    block_cyclic_destroy(&from);
    return made;
}

/*
 * The factor and its log determinant; then columns whose sizes are far beyond the range of single
 * precision, by both halves at once or one after the other.
 */
static void check_single(const factorization_ops *by, const process_grid *grid, int n, int block,
                         int width)
{
    static double        a[MOST * MOST], x[MOST];
    block_cyclic_single *matrix = NULL;
    panel               *targets = shared_panel(n, width), *solved = shared_panel(n, width);
    double               logdet = 0.0, expected = 0.0;
    int64_t              bad = -7;

    random_matrix(n, a);
    matrix = distributed_single(grid, n, block, a);
    assert_ok(block_cyclic_cholesky_single(matrix, by, &logdet, &bad));
    assert_int_equal(bad, 0);
    assert_int_equal(serial_cholesky(n, a), 0);
    for (int i = 0; i < n; i++) {
        expected += 2.0 * log(a[i * n + i]);
    }
    assert_near(logdet, expected, 1e-6 * n);
    for (int64_t i = 0; i < targets->n_local * width; i++) {
        const double size = i % width == 0 ? 0.0 : pow(1e20, (double)(i % width) - 1.5);

        targets->data[i] = size * cos((double)(targets->first + i / width) * (double)(i % width));
    }
    for (int n_calls = 1; n_calls <= 2; n_calls++) {
        block_cyclic *rhs = NULL;

        assert_ok(block_cyclic_create(grid, n, width, block, &rhs));
        assert_ok(block_cyclic_from_panel(targets, rhs));
        assert_ok(block_cyclic_cholesky_solve_single(
            matrix, by, n_calls == 1 ? FACTOR_BOTH : FACTOR_LOWER, rhs));
        if (n_calls == 2) {
            assert_ok(block_cyclic_cholesky_solve_single(matrix, by, FACTOR_TRANSPOSED, rhs));
        }
        assert_ok(block_cyclic_to_panel(rhs, solved));
        for (int k = 0; k < width; k++) {
            const double size = k == 0 ? 0.0 : pow(1e20, k - 1.5);

            for (int i = 0; i < n; i++) {
                x[i] = size * cos((double)i * k);
            }
            serial_solve(n, a, x);
            for (int64_t i = 0; i < solved->n_local; i++) {
                assert_near(solved->data[i * width + k], x[solved->first + i], 1e-5 * size);
            }
        }
        block_cyclic_destroy(&rhs);
    }
    block_cyclic_single_destroy(&matrix);
    panel_destroy(&solved);
    panel_destroy(&targets);
}

static void check_single_sizes(const factorization_ops *by, const process_grid *grid)
{
    static const int sizes[] = {1, 5, 40, MOST};

    for (int size = 0; size < 4; size++) {
        for (int block = 0; block < 3; block++) {
            check_single(by, grid, sizes[size], blocks[block], 3);
        }
    }
    check_single(by, grid, MOST, 32, 11); /* more columns than are read one by one */
}

static void factor_in_single_precision_is_near(void **state)
{
    (void)state;
    on_all(check_single_sizes);
}

/* Negative, zero or no number in a leading minor of order 33. */
static void check_single_pivots(const factorization_ops *by, const process_grid *grid)
{
    enum { N = 60, PLANTED = 33 };
    static const double values[] = {-5.0, 0.0, NAN};
    static double       a[N * N];

    for (int kind = 0; kind < 3; kind++) {
        block_cyclic_single *matrix;
        double               logdet = 0.0;
        int64_t              bad = 0;

        random_matrix(N, a);
        a[(PLANTED - 1) * N + PLANTED - 1] = values[kind];
        matrix = distributed_single(grid, N, 7, a);
        assert_ok(block_cyclic_cholesky_single(matrix, by, &logdet, &bad));
        assert_int_equal(bad, kind < 2 ? PLANTED : -1);
        assert_true(isnan(logdet));
        block_cyclic_single_destroy(&matrix);
    }
}

static void bad_pivots_in_single_precision_are_known_to_all_ranks(void **state)
{
    (void)state;
    on_all(check_single_pivots);
}

/* A factor and right-hand sides that do not belong together. */
static void check_single_shapes(const factorization_ops *by, const process_grid *grid)
{
    block_cyclic_single *matrix = NULL;
    block_cyclic        *rhs = NULL;
    double               logdet = 0.0;
    int64_t              bad = 0;

    assert_ok(block_cyclic_single_create(grid, 6, 5, 2, &matrix));
    assert_int_equal(block_cyclic_cholesky_single(matrix, by, &logdet, &bad), COVARY_ERR_INTERNAL);
    block_cyclic_single_destroy(&matrix);
    assert_ok(block_cyclic_single_create(grid, 6, 6, 2, &matrix));
    assert_ok(block_cyclic_create(grid, 5, 1, 2, &rhs));
    assert_int_equal(block_cyclic_cholesky_solve_single(matrix, by, FACTOR_BOTH, rhs),
                     COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&rhs);
    block_cyclic_single_destroy(&matrix);
}

static void shapes_in_single_precision_are_checked(void **state)
{
    (void)state;
    on_all(check_single_shapes);
}

static void names_are_known(void **state)
{
    (void)state;
    assert_ptr_equal(factorization_find("native"), &factorization_native);
    assert_ptr_equal(factorization_find("scalapack"), &factorization_scalapack);
    assert_null(factorization_find("none"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(factor_is_the_serial_one),
    cmocka_unit_test(large_factors_are_those_they_were_made_of),
    cmocka_unit_test(large_solutions_are_those_of_known_sums),
    cmocka_unit_test(blocks_of_the_inverse_are_those_of_the_dense_one),
    cmocka_unit_test(bad_pivots_are_known_to_all_ranks),
    cmocka_unit_test(nan_below_the_diagonal_is_detected),
    cmocka_unit_test(singular_factors_are_told),
    cmocka_unit_test(factor_in_single_precision_is_near),
    cmocka_unit_test(bad_pivots_in_single_precision_are_known_to_all_ranks),
    cmocka_unit_test(shapes_in_single_precision_are_checked),
    cmocka_unit_test(names_are_known),
};

TEST_MAIN(cases)
