/* SPDX-License-Identifier: BSD-3-Clause */
/* Bands: the peaks of a spectrum with their errors and the floor below them. */
#include "spectra/spectra_set.h"

#include "core/memory.h"
#include "core/status.h"
#include "spectra/peaks.h"

#include <math.h>

const double spectra_least_band = 0.02;

/* The point of an even grid next to a wavenumber. */
static int64_t point_at(const spectra *in, double wavenumber)
{
    const double  spacing = in->wavenumber[1] - in->wavenumber[0];
    const int64_t point = llround((wavenumber - in->wavenumber[0]) / spacing);

    return point < 0 ? 0 : point >= in->n_points ? in->n_points - 1 : point;
}

double spectra_highest(const covary_spectra_set *set, int index)
{
    const spectra *in = &set->of;
    const double   from = fmin(200.0, 0.5 * (in->settings.from + in->settings.to));
    double         highest = 0.0;

    for (int64_t i = 0; i < in->n_points; i++) {
        if (in->wavenumber[i] >= from) {
            highest = fmax(highest, in->spectra[index].values[i]);
        }
    }
    return highest;
}

covary_status covary_spectra_bands(const covary_spectra_set *set, int index, double least, int *n,
                                   covary_band **bands)
{
    covary_status   status = COVARY_OK;
    const spectra  *in = &set->of;
    const spectrum *of = &in->spectra[index];
    peak           *peaks = NULL;
    int64_t         n_peaks = 0;
    double          highest = 0.0;

    *n = 0;
    *bands = NULL;
    for (int64_t i = 0; i < in->n_points; i++) {
        highest = fmax(highest, of->values[i]);
    }
    least = highest > 0.0 ? least * spectra_highest(set, index) / highest : least;
    COVARY_TRY(peaks_find(in->n_points, in->wavenumber, of, least, &n_peaks, &peaks));
    COVARY_TRY(MEMORY_ALLOCATE("bands", n_peaks, bands));
    for (int64_t p = 0; p < n_peaks; p++) {
        const int64_t at = point_at(in, peaks[p].position);
        (*bands)[p] = (covary_band){
            .position = peaks[p].position,
            .height = peaks[p].height,
            .error = of->errors[at],
            .width = peaks[p].width,
            .area = of->area_unit != NULL ? peaks[p].area : (double)NAN,
            .floor = of->floor != NULL ? of->floor[at] : 0.0,
        };
    }
    *n = (int)n_peaks;

done:
    MEMORY_RELEASE(&peaks);
    return status;
}

void covary_bands_release(covary_band **bands)
{
    MEMORY_RELEASE(bands);
}
