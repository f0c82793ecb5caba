/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the points of a search are dealt to ranks: all of them, once, and as evenly as can be.
 * ranks: 1
 */
#include "support.h"

#include "solver/hyper_plan.h"

#include <math.h>

enum { MOST = 40 };

static double cost(const int *lengths, int first, int end, double matrix, double point)
{
    double sum = 0.0;

    for (int i = first; i < end; i++) {
        sum += point + (i == first || lengths[i] != lengths[i - 1] ? matrix : 0.0);
    }
    return sum;
}

static double costliest(int n_ranks, const int *starts, const int *lengths, double matrix,
                        double point)
{
    double largest = 0.0;

    for (int rank = 0; rank < n_ranks; rank++) {
        largest = fmax(largest, cost(lengths, starts[rank], starts[rank + 1], matrix, point));
    }
    return largest;
}

/* The smallest possible cost of the costliest of n_ranks pieces, by trying every last piece. */
static double smallest_cost(int n_points, const int *lengths, double matrix, double point,
                            int n_ranks)
{
    double best[MOST + 1]; /* of the first so many points, with the ranks so far */

    for (int end = 0; end <= n_points; end++) {
        best[end] = cost(lengths, 0, end, matrix, point);
    }
    for (int rank = 1; rank < n_ranks; rank++) {
        for (int end = n_points; end >= 0; end--) {
            for (int first = 0; first <= end; first++) {
                const double last = cost(lengths, first, end, matrix, point);

                best[end] = fmin(best[end], fmax(best[first], last));
            }
        }
    }
    return best[n_points];
}

static void pieces_are_as_cheap_as_can_be(void **unused)
{
    const double matrices[] = {0.0, 0.3, 5.0, 100.0};

    (void)unused;
    for (int n_points = 0; n_points <= MOST; n_points += 5) {
        int lengths[MOST];

        for (int i = 0; i < n_points; i++) {
            lengths[i] = n_points % 2 ? i / 5 : i * i / 60;
        }
        for (int n_ranks = 1; n_ranks <= 9; n_ranks++) {
            for (int i = 0; i < 4; i++) {
                int starts[10];

                hyper_deal(n_points, lengths, matrices[i], 1.0, n_ranks, starts);
                assert_int_equal(starts[0], 0);
                assert_int_equal(starts[n_ranks], n_points);
                for (int rank = 0; rank < n_ranks; rank++) {
                    assert_true(starts[rank] <= starts[rank + 1]);
                }
                assert_near(costliest(n_ranks, starts, lengths, matrices[i], 1.0),
                            smallest_cost(n_points, lengths, matrices[i], 1.0, n_ranks), 1e-6);
            }
        }
    }
}

/* Dear matrices keep the ridges of a length together. */
static void dear_matrices_are_assembled_once(void **unused)
{
    int lengths[25], starts[6];

    (void)unused;
    for (int i = 0; i < 25; i++) {
        lengths[i] = i / 5;
    }
    hyper_deal(25, lengths, 100.0, 1.0, 5, starts);
    for (int rank = 0; rank <= 5; rank++) {
        assert_int_equal(starts[rank], 5 * rank);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(pieces_are_as_cheap_as_can_be),
    cmocka_unit_test(dear_matrices_are_assembled_once),
};

TEST_MAIN(cases)
