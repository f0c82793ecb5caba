/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bands of a spectrum.  A peak is a point higher than its neighbours that stands out by some share
 * of the highest value: its prominence is how far one has to go down to reach a higher point.
 */
#ifndef COVARY_SPECTRA_PEAKS_H
#define COVARY_SPECTRA_PEAKS_H

#include "spectra/spectrum.h"

typedef struct {
    double position;   /* cm^-1, of the parabola through the three highest points */
    double height;     /* of the same, in the unit of the spectrum */
    double prominence; /* in the unit of the spectrum */
    double width;      /* cm^-1, full width at half the height; NAN where other peaks overlap */
    double area;       /* in the spectrum's unit of areas, between `from` and `to` by trapezia */
    double from, to;   /* cm^-1: the lowest points between this peak and its neighbours, or the ends
                          of the spectrum */
} peak;

/*
 * Peaks whose prominence is at least `least` times the highest value, ascending in wavenumber.
 * Local; the list is to be released, also after a failure.  COVARY_ERR_MEMORY.
 *
 * wavenumber  in  [n_points] cm^-1
 */
covary_status peaks_find(int64_t n_points, const double *wavenumber, const spectrum *of,
                         double least, int64_t *n_peaks, peak **peaks);

#endif
