/* SPDX-License-Identifier: BSD-3-Clause */
/* Panels: layout, copies, gathers.   ranks: 1 2 3 4 6 */
#include "support.h"

#include "core/memory.h"
#include "linalg/panel.h"

/* Uneven on purpose: rank r has 3 r mod 5 rows, rank 0 none. */
static int64_t rows_of(int rank)
{
    return 3 * rank % 5;
}

static double entry(int64_t row, int64_t col)
{
    return (double)row * 100.0 + (double)col;
}

static panel *filled(int64_t n_local, int64_t width)
{
    panel *made = NULL;

    assert_ok(panel_create(test_run(), n_local, width, &made));
    for (int64_t row = 0; row < n_local; row++) {
        for (int64_t col = 0; col < width; col++) {
            made->data[row * width + col] = entry(made->first + row, col);
        }
    }
    return made;
}

static void rows_follow_the_ranks(void **state)
{
    const int rank = covary_run_rank(test_run()), n_ranks = covary_run_size(test_run());
    panel    *p = filled(rows_of(rank), 4);
    int64_t  *starts = NULL;
    int64_t   sum = 0;

    (void)state;
    assert_ok(panel_starts(p, &starts));
    for (int other = 0; other < n_ranks; other++) {
        assert_int_equal(starts[other], sum);
        assert_true(other != rank || p->first == sum);
        sum += rows_of(other);
    }
    assert_int_equal(starts[n_ranks], sum);
    assert_int_equal(p->n_rows, sum);
    MEMORY_RELEASE(&starts);
    panel_destroy(&p);
    panel_destroy(&p);
}

static void every_rank_gets_a_copy(void **state)
{
    panel  *p = filled(rows_of(covary_run_rank(test_run())) + 1, 3);
    double *all = NULL;

    (void)state;
    assert_ok(panel_replicate(p, &all));
    for (int64_t row = 0; row < p->n_rows; row++) {
        for (int64_t col = 0; col < 3; col++) {
            assert_true(all[row * 3 + col] == entry(row, col));
        }
    }
    MEMORY_RELEASE(&all);
    panel_destroy(&p);
}

/* A different stride on every rank, rows twice, and one rank that wants nothing. */
static void gathers_what_each_rank_wants(void **state)
{
    enum { WIDTH = 5, MOST = 400 };
    static const int64_t limits[] = {1, 64, 1 << 20};
    const int            rank = covary_run_rank(test_run());
    panel               *p = filled(20 + rows_of(rank), WIDTH);
    int64_t              wanted[MOST], n = 0;
    double               rows[MOST * WIDTH];

    (void)state;
    for (int64_t row = rank; rank != 1 && row < p->n_rows; row += rank + 1) {
        wanted[n++] = row;
        if (row % 3 == 0) {
            wanted[n++] = row;
        }
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < MOST * WIDTH; j++) {
            rows[j] = -1.0;
        }
        assert_ok(panel_gather_limited(p, n, wanted, limits[i], rows));
        for (int64_t row = 0; row < n; row++) {
            for (int64_t col = 0; col < WIDTH; col++) {
                assert_true(rows[row * WIDTH + col] == entry(wanted[row], col));
            }
        }
        assert_true(rows[n * WIDTH] == -1.0);
    }
    panel_destroy(&p);
}

static void empty_panels_are_panels(void **state)
{
    panel  *p = NULL;
    double *all = NULL;
    double  nothing;

    (void)state;
    assert_ok(panel_create(test_run(), 0, 7, &p));
    assert_int_equal(p->n_rows, 0);
    assert_ok(panel_gather(p, 0, NULL, &nothing));
    assert_ok(panel_replicate(p, &all));
    MEMORY_RELEASE(&all);
    panel_destroy(&p);
}

static void one_rank_asking_wrongly_fails_on_all(void **state)
{
    const int last = covary_run_size(test_run()) - 1;
    panel    *p = filled(2, 1);
    double    rows[2];
    int64_t   wanted[2] = {0, 1};

    (void)state;
    if (covary_run_rank(test_run()) == last) {
        wanted[1] = p->n_rows;
    }
    assert_int_equal(panel_gather(p, 2, wanted, rows), COVARY_ERR_INTERNAL);
    assert_message("out of order");
    if (covary_run_rank(test_run()) == last) {
        wanted[0] = 1;
        wanted[1] = 0;
    }
    assert_int_equal(panel_gather(p, 2, wanted, rows), COVARY_ERR_INTERNAL);
    panel_destroy(&p);
}

static void ranks_must_agree_about_the_width(void **state)
{
    const int rank = covary_run_rank(test_run());
    panel    *p = NULL;

    (void)state;
    if (covary_run_size(test_run()) > 1) {
        assert_int_equal(panel_create(test_run(), 1, 3 + (rank == 1), &p), COVARY_ERR_INTERNAL);
        assert_null(p);
    }
    assert_int_equal(panel_create(test_run(), rank == 0 ? -1 : 1, 3, &p), COVARY_ERR_INTERNAL);
    assert_null(p);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(rows_follow_the_ranks),
    cmocka_unit_test(every_rank_gets_a_copy),
    cmocka_unit_test(gathers_what_each_rank_wants),
    cmocka_unit_test(empty_panels_are_panels),
    cmocka_unit_test(one_rank_asking_wrongly_fails_on_all),
    cmocka_unit_test(ranks_must_agree_about_the_width),
};

TEST_MAIN(cases)
