/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows, and what they make of a sharp line (Harris, Proc. IEEE 66, 51 (1978)).  Their sidelobes
 * matter, as w^2 raises what leaks from strong lines at low wavenumbers.  All functions are local.
 */
#ifndef COVARY_SPECTRA_WINDOW_H
#define COVARY_SPECTRA_WINDOW_H

#include "spectra/spectrum.h"

/* The window at t, from -1 to 1: even, and 1 in the middle. */
double window_value(spectra_window window, double t);

/*
 * The full width at half maximum of a line, times the window's duration from end to end.  A segment
 * shows a line by the square of the window's transform, a correlation function by the transform.
 */
double window_line_width(spectra_window window, spectra_method method);

/*
 * Correlation between the periodograms of white noise in two segments, the second of which begins
 * `shift` lengths of a segment behind the first (Welch, IEEE Trans. Audio Electroacoust. 15, 70
 * (1967)).
 */
double window_overlap(spectra_window window, double shift);

#endif
