/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of an inverse from columns of frames: what is missed by approximate columns is of second
 * order in their residuals, and exactly what the header says.
 * ranks: 1 2 5
 */
#include "support.h"

#include "solver/frame_columns.h"

#include <math.h>

enum { FRAMES = 6, ROWS = 2, N = FRAMES * ROWS, SAMPLE = 2, WIDTH = SAMPLE * ROWS };

/* The matrix min(i, j) + 1, whose inverse is that of second differences. */
static double matrix(int64_t i, int64_t j)
{
    return (double)(i < j ? i : j) + 1.0;
}

static double inverse(int64_t i, int64_t j)
{
    const int64_t apart = i < j ? j - i : i - j;

    return apart > 1 ? 0.0 : apart == 1 ? -1.0 : i == N - 1 ? 1.0 : 2.0;
}

static int64_t local_frames(void)
{
    const int rank = covary_run_rank(test_run()), size = covary_run_size(test_run());

    return FRAMES * (rank + 1) / size - FRAMES * rank / size;
}

static void unit_columns_are_those_of_the_frames(void **unused)
{
    const int64_t frames[SAMPLE] = {1, 4};
    panel        *unit = NULL;

    (void)unused;
    assert_ok(frame_columns_unit(test_run(), local_frames() * ROWS, ROWS, SAMPLE, frames, &unit));
    assert_int_equal(unit->n_rows, N);
    assert_int_equal(unit->width, WIDTH);
    for (int64_t k = 0; k < unit->n_local * WIDTH; k++) {
        const int64_t row = unit->first + k / WIDTH, col = k % WIDTH;

        assert_true(unit->data[k] == (row == frames[col / ROWS] * ROWS + col % ROWS ? 1.0 : 0.0));
    }
    panel_destroy(&unit);
}

/* x: columns of the inverse with errors; all [N][WIDTH] on every rank. */
static void make_columns(const int64_t *frames, double x[N][WIDTH], double r[N][WIDTH])
{
    test_random stream = {4};

    for (int64_t i = 0; i < N; i++) {
        for (int64_t c = 0; c < WIDTH; c++) {
            x[i][c] = inverse(i, frames[c / ROWS] * ROWS + c % ROWS) + 0.1 * test_normal(&stream);
        }
    }
    for (int64_t i = 0; i < N; i++) {
        for (int64_t c = 0; c < WIDTH; c++) {
            r[i][c] = i == frames[c / ROWS] * ROWS + c % ROWS ? 1.0 : 0.0;
            for (int64_t j = 0; j < N; j++) {
                r[i][c] -= matrix(i, j) * x[j][c];
            }
        }
    }
}

/* r^T A^-1 r of two columns. */
static double missed(double r[N][WIDTH], int64_t a, int64_t b)
{
    double sum = 0.0;

    for (int64_t i = 0; i < N; i++) {
        for (int64_t j = 0; j < N; j++) {
            sum += r[i][a] * inverse(i, j) * r[j][b];
        }
    }
    return sum;
}

static panel *spread(double all[N][WIDTH])
{
    panel *made = NULL;

    assert_ok(panel_create(test_run(), local_frames() * ROWS, WIDTH, &made));
    for (int64_t k = 0; k < made->n_local * WIDTH; k++) {
        made->data[k] = all[made->first + k / WIDTH][k % WIDTH];
    }
    return made;
}

static void blocks_miss_what_is_of_second_order(void **unused)
{
    const int64_t frames[SAMPLE] = {0, 5};
    double        x[N][WIDTH], r[N][WIDTH];
    double        first[WIDTH * ROWS], second[WIDTH * ROWS];
    panel        *unit = NULL;

    (void)unused;
    make_columns(frames, x, r);
    assert_ok(frame_columns_unit(test_run(), local_frames() * ROWS, ROWS, SAMPLE, frames, &unit));
    panel *columns = spread(x), *residual = spread(r);
    frame_columns_multiply(unit, columns, ROWS, first);
    frame_columns_multiply(columns, residual, ROWS, second);
    for (int64_t k = 0; k < WIDTH * ROWS; k++) {
        const int64_t a = k / ROWS, b = a / ROWS * ROWS + k % ROWS;
        const int64_t row = frames[a / ROWS] * ROWS + a % ROWS;
        const int64_t col = frames[a / ROWS] * ROWS + b % ROWS;

        assert_near(first[k] + second[k] + missed(r, a, b), inverse(row, col), 1e-11);
    }
    panel_destroy(&residual);
    panel_destroy(&columns);
    panel_destroy(&unit);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(unit_columns_are_those_of_the_frames),
    cmocka_unit_test(blocks_miss_what_is_of_second_order),
};

TEST_MAIN(cases)
