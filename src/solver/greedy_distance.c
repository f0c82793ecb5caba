/* SPDX-License-Identifier: BSD-3-Clause */
/* Distances of frames by their features. */
#include "solver/greedy_measure.h"

#include "linalg/dot.h"

#include <math.h>

#define SAME 1e-6 /* of the length of features: nearer frames are the same one */

static double square_distance(int64_t n, const double *a, const double *b)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
}

/* Of the nearest sites of one class. */
static double view_distance(const greedy_view *by, const double *frame, const double *other)
{
    double least = INFINITY;

    for (int a = 0; a < by->n_sites; a++) {
        for (int b = 0; b < by->n_others; b++) {
            if (by->classes == NULL || by->classes[a] == by->classes[b]) {
                least = fmin(least, square_distance(by->dimension, frame + a * by->dimension,
                                                    other + b * by->dimension));
            }
        }
    }
    return least;
}

double greedy_distance(const greedy_problem *of, const greedy_frames *frames, int64_t place,
                       const greedy_frames *others, int64_t other, bool *same)
{
    double largest = 0.0;

    *same = true;
    for (int v = 0; v < of->n_views; v++) {
        const greedy_view *by = &of->views[v];
        const int64_t      width = greedy_width(of, v);
        const double      *x = frames->fields[v] + place * width;
        const double      *y = others->fields[v] + other * width;
        const double       squared = view_distance(by, x, y);
        const double       size = ordered_dot(width, x, x) + ordered_dot(width, y, y);

        largest = fmax(largest, sqrt(squared) / by->unit);
        *same = *same && squared <= SAME * SAME * size / by->n_sites;
    }
    return largest;
}
