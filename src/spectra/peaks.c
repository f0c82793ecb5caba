/* SPDX-License-Identifier: BSD-3-Clause */
/* Maxima by walks to both sides. */
#include "spectra/peaks.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>

/* The lowest value met from a point on, until one is higher than it. */
static double lowest_until_higher(int64_t n, const double *values, int64_t from, int64_t step)
{
    double lowest = values[from];

    for (int64_t i = from; i >= 0 && i < n && values[i] <= values[from]; i += step) {
        lowest = fmin(lowest, values[i]);
    }
    return lowest;
}

/* How far a maximum stands out; 0 of a point that is none.  Of a plateau, the first point is one.
 */
static double prominence_of(int64_t n, const double *values, int64_t at)
{
    int64_t behind = at + 1;

    if (at == 0 || values[at - 1] >= values[at]) {
        return 0.0;
    }
    while (behind < n && values[behind] == values[at]) {
        behind++;
    }
    if (behind == n || values[behind] > values[at]) {
        return 0.0;
    }
    return values[at] -
           fmax(lowest_until_higher(n, values, at, -1), lowest_until_higher(n, values, at, 1));
}

/* The lowest of points [from, to]. */
static int64_t lowest_between(const double *values, int64_t from, int64_t to)
{
    int64_t lowest = from;

    for (int64_t i = from; i <= to; i++) {
        lowest = values[i] < values[lowest] ? i : lowest;
    }
    return lowest;
}

/* Where a line from a point of a peak falls to half its height, within [from, to]; NAN: nowhere. */
static double half_height(const double *wavenumber, const double *values, int64_t at, int64_t end,
                          double half)
{
    const int64_t step = end < at ? -1 : 1;

    for (int64_t i = at; i != end; i += step) {
        const double here = values[i], there = values[i + step];
        if (there <= half && here > half) {
            const double share = (here - half) / (here - there);
            return wavenumber[i] + share * (wavenumber[i + step] - wavenumber[i]);
        }
    }
    return NAN;
}

static peak measure(const double *wavenumber, const spectrum *of, int64_t at, int64_t from,
                    int64_t to)
{
    const double *values = of->values;
    const double  left = values[at - 1], right = values[at + 1];
    const double  bend = left - 2.0 * values[at] + right;
    const double  off = bend < 0.0 ? 0.5 * (left - right) / bend : 0.0; /* in points */
    peak          made = {.from = wavenumber[from], .to = wavenumber[to]};

    made.position = wavenumber[at] + off * (wavenumber[at + 1] - wavenumber[at]);
    made.height = values[at] - 0.25 * (left - right) * off;
    made.width = half_height(wavenumber, values, at, to, 0.5 * made.height) -
                 half_height(wavenumber, values, at, from, 0.5 * made.height);
    for (int64_t i = from; i < to; i++) {
        made.area += 0.5 * (values[i] + values[i + 1]) * (wavenumber[i + 1] - wavenumber[i]);
    }
    made.area *= of->area_factor;
    return made;
}

covary_status peaks_find(int64_t n_points, const double *wavenumber, const spectrum *of,
                         double least, int64_t *n_peaks, peak **peaks)
{
    covary_status status = COVARY_OK;
    int64_t      *places = NULL, n = 0;
    double        highest = 0.0;

    *n_peaks = 0;
    *peaks = NULL;
    for (int64_t i = 0; i < n_points; i++) {
        highest = fmax(highest, of->values[i]);
    }
    COVARY_TRY(MEMORY_ALLOCATE("places of peaks", n_points, &places));
    for (int64_t i = 1; i + 1 < n_points; i++) {
        const double prominence = prominence_of(n_points, of->values, i);
        if (prominence > 0.0 && prominence >= least * highest) {
            places[n++] = i;
        }
    }
    COVARY_TRY(MEMORY_ALLOCATE("peaks", n, peaks));
    for (int64_t k = 0; k < n; k++) {
        const int64_t before = k > 0 ? places[k - 1] : 0;
        const int64_t behind = k + 1 < n ? places[k + 1] : n_points - 1;
        (*peaks)[k] =
            measure(wavenumber, of, places[k], lowest_between(of->values, before, places[k]),
                    lowest_between(of->values, places[k], behind));
        (*peaks)[k].prominence = prominence_of(n_points, of->values, places[k]);
    }
    *n_peaks = n;

done:
    MEMORY_RELEASE(&places);
    return status;
}
