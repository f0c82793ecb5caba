/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inverse of G G^T + shift I against the matrix itself, multiplied out, down to the smallest
 * shift that the preconditioner is made for.
 * ranks: 1 3
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "core/status.h"
#include "solver/preconditioner.h"

enum { WIDTH = 3, PIVOTS = 12, FRAMES = 90, DIMENSION = 4 };

typedef struct {
    training_set    set;
    training_panels panels;
    preconditioner *by;
    int64_t         n, first, n_local; /* rows of the system, of this rank */
    double         *g;                 /* [n][rank] on every rank */
    double          trace;             /* of G G^T */
} fixture;

/* Rows of G on every rank. */
static void replicate_factor(fixture *f, const rpcholesky *factor)
{
    panel  *rows = NULL;
    int64_t first, n;

    assert_ok(panel_create(test_run(), f->n_local, factor->rank, &rows));
    for (int64_t chunk = 0; chunk < factor->n_chunks; chunk++) {
        const int64_t row = rpcholesky_rows(factor, f->n_local, chunk, &first, &n);

        for (int64_t i = 0; i < n; i++) {
            for (int64_t col = 0; col < factor->rank; col++) {
                rows->data[(row + i) * factor->rank + col] =
                    factor->chunks[chunk][col * factor->chunk_rows + first + i];
            }
        }
    }
    assert_ok(panel_replicate(rows, &f->g));
    for (int64_t k = 0; k < f->n * factor->rank; k++) {
        f->trace += f->g[k] * f->g[k];
    }
    panel_destroy(&rows);
}

static training_set set_of(covariant_shape shape)
{
    return shape.n_rows == 0 ? training_create(FRAMES, DIMENSION, 2, 21)
                             : training_create_covariant(shape, FRAMES, DIMENSION, 2, 21);
}

/* shift: of the trace of the kernel. */
static fixture prepare(covariant_shape shape, double shift)
{
    const kernel            of = kernel_named("gaussian", 0, 6.0);
    const rpcholesky_limits limits = {.most = PIVOTS, .seed = 5};
    fixture                 f = {.set = set_of(shape)};
    const covariant_kernel  with = training_kernel(&f.set, &of);
    rpcholesky             *factor = NULL;

    f.panels = panels_of(test_run(), &f.set);
    assert_ok(rpcholesky_create(test_run(), &with, &f.panels.train, limits, &factor));
    f.n = f.panels.targets->n_rows;
    f.first = f.panels.targets->first;
    f.n_local = f.panels.targets->n_local;
    replicate_factor(&f, factor);
    assert_ok(preconditioner_create(test_run(), &factor, shift * f.trace, &f.by));
    assert_null(factor);
    return f;
}

static void release(fixture *f)
{
    preconditioner_destroy(&f->by);
    MEMORY_RELEASE(&f->g);
    panels_release(&f->panels);
    training_release(&f->set);
}

/* Entry [row][col] of P z, z [n][WIDTH]. */
static double multiply(const fixture *f, const double *z, int64_t row, int64_t col)
{
    const int64_t r = f->by->factor->rank;
    long double   sum = (long double)f->by->shift * z[row * WIDTH + col];

    for (int64_t k = 0; k < r; k++) {
        long double inner = 0.0L;

        for (int64_t i = 0; i < f->n; i++) {
            inner += (long double)f->g[i * r + k] * z[i * WIDTH + col];
        }
        sum += inner * f->g[row * r + k];
    }
    return (double)sum;
}

static const covariant_shape shapes[] = {{0, 0, 0, false}, {2, 3, 8, true}, {3, 3, 5, false}};
static const double          shifts[] = {1.0, 1e-6, PRECONDITIONER_FLOOR};

/* P P^-1 r = r, to rounding of what P^-1 does not take away: eps trace / shift. */
static void inverse_undoes_the_matrix(void **unused)
{
    (void)unused;
    for (int c = 0; c < 9; c++) {
        fixture f = prepare(shapes[c % 3], shifts[c / 3]);
        double *all = test_numbers(f.n * WIDTH), *found = NULL;
        panel  *r = panel_of_pieces(test_run(), f.n, f.n / FRAMES, WIDTH, all), *z = NULL;

        assert_int_equal(r->n_local, f.n_local);
        assert_ok(panel_create(test_run(), f.n_local, WIDTH, &z));
        assert_ok(preconditioner_apply(f.by, r, z));
        assert_ok(panel_replicate(z, &found));
        for (int64_t k = 0; k < f.n * WIDTH; k++) {
            assert_near(multiply(&f, found, k / WIDTH, k % WIDTH), all[k],
                        1e-13 + 1e-15 / shifts[c / 3]);
        }
        MEMORY_RELEASE(&found);
        panel_destroy(&z);
        panel_destroy(&r);
        free(all);
        release(&f);
    }
}

/* Unit matrices of the rank and of the system, side by side: [rows][rank + n]. */
static panel *unit_panel(const fixture *f)
{
    const int64_t r = f->by->factor->rank;
    panel        *unit = NULL;

    assert_ok(panel_create(test_run(), f->n_local, r + f->n, &unit));
    for (int64_t i = 0; i < f->n_local; i++) {
        unit->data[i * unit->width + r + f->first + i] = 1.0;
    }
    return unit;
}

/* S S^T r = P^-1 r, with S from unit vectors. */
static void root_multiplies_to_the_inverse(void **unused)
{
    (void)unused;
    for (int c = 0; c < 6; c++) {
        fixture       f = prepare(shapes[c % 3], shifts[c / 3]);
        const int64_t rank = f.by->factor->rank;
        panel        *unit = unit_panel(&f), *root = NULL, *r = NULL, *z = NULL;
        double       *small = test_numbers(rank * unit->width);
        double       *all = test_numbers(f.n), *inner = NULL;

        memset(small, 0, (size_t)(rank * unit->width) * sizeof *small);
        for (int64_t k = 0; k < rank; k++) {
            small[k * unit->width + k] = 1.0;
        }
        r = panel_of_pieces(test_run(), f.n, f.n / FRAMES, 1, all);
        assert_ok(panel_create(test_run(), f.n_local, unit->width, &root));
        assert_ok(panel_create(test_run(), f.n_local, 1, &z));
        assert_ok(preconditioner_root(f.by, small, unit, root));
        assert_ok(preconditioner_apply(f.by, r, z));
        inner = test_numbers(unit->width);
        memset(inner, 0, (size_t)unit->width * sizeof *inner);
        for (int64_t k = 0; k < f.n_local * unit->width; k++) {
            inner[k % unit->width] += root->data[k] * r->data[k / unit->width];
        }
        MPI_Allreduce(MPI_IN_PLACE, inner, (int)unit->width, MPI_DOUBLE, MPI_SUM,
                      covary_run_comm(test_run()));
        for (int64_t i = 0; i < f.n_local; i++) {
            double sum = 0.0;

            for (int64_t k = 0; k < unit->width; k++) {
                sum += root->data[i * unit->width + k] * inner[k];
            }
            assert_near(sum * f.by->shift, z->data[i] * f.by->shift, 1e-15 / shifts[c / 3] + 1e-13);
        }
        free(inner);
        free(all);
        free(small);
        panel_destroy(&z);
        panel_destroy(&r);
        panel_destroy(&root);
        panel_destroy(&unit);
        release(&f);
    }
}

static void factor_that_is_not_finite_is_refused(void **unused)
{
    fixture     f = prepare(shapes[0], 1e-6);
    rpcholesky *factor = f.by->factor;

    (void)unused;
    f.by->factor = NULL;
    preconditioner_destroy(&f.by);
    if (factor->n_chunks > 0) {
        factor->chunks[0][factor->skipped] = NAN;
    }
    assert_int_equal(preconditioner_create(test_run(), &factor, 1e-6, &f.by), COVARY_ERR_NUMERIC);
    assert_null(factor);
    assert_null(f.by);
    release(&f);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(inverse_undoes_the_matrix),
    cmocka_unit_test(root_multiplies_to_the_inverse),
    cmocka_unit_test(factor_that_is_not_finite_is_refused),
};

TEST_MAIN(cases)
