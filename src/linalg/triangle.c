/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Forward substitution by panels of rows.  Right-hand sides lie in the lanes of vectors, a few
 * vectors at a time, so that a panel is read from memory once for all of them and no sum runs
 * across lanes.
 */
#include "linalg/triangle.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"

#include <string.h>

/* Rows of a panel, of which each has its sum in a register; vectors that meet a panel in cache. */
enum { HEIGHT = 6, LANES = 8, VECTORS = 4 };

typedef double vector __attribute__((vector_size(LANES * sizeof(double)), may_alias));

struct triangle {
    int64_t n, n_panels;
    double *left;    /* per panel p [HEIGHT p][HEIGHT]: its rows left of the diagonal block */
    double *corner;  /* [n_panels][HEIGHT][HEIGHT] the diagonal blocks, with the diagonal */
    double *inverse; /* [n_panels][HEIGHT] of the diagonal elements; 0 behind the last row */
};

static int64_t panels_of(int64_t n)
{
    return (n + HEIGHT - 1) / HEIGHT;
}

/* Where panel p begins in `left`. */
static int64_t start_of(int64_t p)
{
    return p * (p - 1) / 2 * HEIGHT * HEIGHT;
}

int64_t triangle_bytes(int64_t n)
{
    const int64_t p = panels_of(n);

    return (start_of(p) + p * HEIGHT * (HEIGHT + 1)) * (int64_t)sizeof(double);
}

int64_t triangle_scratch(int64_t n)
{
    return panels_of(n) * HEIGHT * LANES * VECTORS;
}

static covary_status fill_row(triangle *made, int64_t row, const double *numbers)
{
    const int64_t p = row / HEIGHT, r = row % HEIGHT;
    double       *left = made->left + start_of(p);

    for (int64_t j = 0; j < p * HEIGHT; j++) {
        left[j * HEIGHT + r] = numbers[j];
    }
    for (int64_t j = p * HEIGHT; j <= row; j++) {
        made->corner[(p * HEIGHT + r) * HEIGHT + j % HEIGHT] = numbers[j];
    }
    if (!(numbers[row] > 0.0)) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC, "a triangle with %g on its diagonal, row %lld",
                           numbers[row], (long long)row);
    }
    made->inverse[row] = 1.0 / numbers[row];
    return COVARY_OK;
}

covary_status triangle_create(int64_t n, const double *lower, triangle **out)
{
    covary_status status = COVARY_OK;
    triangle     *made = NULL;
    const int64_t n_panels = panels_of(n);

    COVARY_TRY(MEMORY_ALLOCATE("triangle", 1, &made));
    made->n = n;
    made->n_panels = n_panels;
    COVARY_TRY(MEMORY_ALLOCATE("triangle", start_of(n_panels), &made->left));
    COVARY_TRY(MEMORY_ALLOCATE("triangle", n_panels * HEIGHT * HEIGHT, &made->corner));
    COVARY_TRY(MEMORY_ALLOCATE("triangle", n_panels * HEIGHT, &made->inverse));
    for (int64_t row = 0; row < n; row++) {
        COVARY_TRY(fill_row(made, row, lower + row * (row + 1) / 2));
    }
    *out = made;
    made = NULL;

done:
    triangle_destroy(&made);
    return status;
}

void triangle_destroy(triangle **released)
{
    triangle *made = *released;

    if (made != NULL) {
        MEMORY_RELEASE(&made->inverse);
        MEMORY_RELEASE(&made->corner);
        MEMORY_RELEASE(&made->left);
    }
    MEMORY_RELEASE(released);
}

int64_t triangle_order(const triangle *of)
{
    return of->n;
}

void triangle_rows(const triangle *of, double *lower)
{
    for (int64_t row = 0; row < of->n; row++) {
        const int64_t p = row / HEIGHT, r = row % HEIGHT;
        const double *left = of->left + start_of(p);

        for (int64_t j = 0; j < p * HEIGHT; j++) {
            *lower++ = left[j * HEIGHT + r];
        }
        for (int64_t j = 0; j <= r; j++) {
            *lower++ = of->corner[(p * HEIGHT + r) * HEIGHT + j];
        }
    }
}

/* Unknowns first ... first + HEIGHT - 1 of LANES right-hand sides, x [..][LANES]. */
VECTORIZED
static void solve_panel(int64_t first, const double *left, const double *corner,
                        const double *inverse, double *lanes)
{
    vector *x = (vector *)(void *)lanes;
    vector  sum[HEIGHT] = {{0.0}};

    for (int64_t j = 0; j < first; j++) {
        for (int r = 0; r < HEIGHT; r++) {
            sum[r] += left[j * HEIGHT + r] * x[j];
        }
    }
    for (int r = 0; r < HEIGHT; r++) {
        vector rest = x[first + r] - sum[r];

        for (int q = 0; q < r; q++) {
            rest -= corner[r * HEIGHT + q] * x[first + q];
        }
        x[first + r] = rest * inverse[r];
    }
}

/* Up to VECTORS times LANES columns. */
static void solve_some(const triangle *with, int64_t n_columns, double *x, double *scratch)
{
    const int64_t n = with->n, size = with->n_panels * HEIGHT * LANES;
    const int64_t n_vectors = (n_columns + LANES - 1) / LANES;

    memset(scratch, 0, (size_t)(n_vectors * size) * sizeof *scratch);
    for (int64_t column = 0; column < n_columns; column++) {
        double *lane = scratch + column / LANES * size + column % LANES;
        for (int64_t i = 0; i < n; i++) {
            lane[i * LANES] = x[column * n + i];
        }
    }
    for (int64_t p = 0; p < with->n_panels; p++) {
        for (int64_t v = 0; v < n_vectors; v++) {
            solve_panel(p * HEIGHT, with->left + start_of(p), with->corner + p * HEIGHT * HEIGHT,
                        with->inverse + p * HEIGHT, scratch + v * size);
        }
    }
    for (int64_t column = 0; column < n_columns; column++) {
        const double *lane = scratch + column / LANES * size + column % LANES;
        for (int64_t i = 0; i < n; i++) {
            x[column * n + i] = lane[i * LANES];
        }
    }
}

void triangle_solve(const triangle *with, int64_t n_columns, double *x, double *scratch)
{
    const int64_t most = (int64_t)VECTORS * LANES;

    for (int64_t first = 0; first < n_columns; first += most) {
        const int64_t n = n_columns - first < most ? n_columns - first : most;

        solve_some(with, n, x + first * with->n, scratch);
    }
}
