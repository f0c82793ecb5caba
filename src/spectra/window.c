/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows by their formulas, their line widths and overlaps by sums. */
#include "spectra/window.h"

#include "core/constants.h"

#include <math.h>

enum { POINTS = 1000, HALVINGS = 50 };

double window_value(spectra_window window, double t)
{
    switch (window) {
    case SPECTRA_HANN:
        return 0.5 + 0.5 * cos(PI * t);
    case SPECTRA_BLACKMAN:
        return 0.42 + 0.5 * cos(PI * t) + 0.08 * cos(2.0 * PI * t);
    case SPECTRA_GAUSSIAN:
        return exp(-8.0 * t * t);
    case SPECTRA_NO_WINDOW:
        break;
    }
    return 1.0;
}

/* The transform at `line` periods within the window, relative to its maximum. */
static double height(spectra_window window, double line)
{
    double sum = 0.0, most = 0.0;

    for (int i = 0; i < POINTS; i++) {
        double t = (i + 0.5) / POINTS, value = window_value(window, t);
        sum += value * cos(PI * line * t);
        most += value;
    }
    return sum / most;
}

double window_line_width(spectra_window window, spectra_method method)
{
    double low = 0.0, high = 2.0; /* all heights fall from 1 to below 0.4 */

    for (int i = 0; i < HALVINGS; i++) {
        double middle = 0.5 * (low + high), value = height(window, middle);
        if ((method == SPECTRA_WELCH ? value * value : value) > 0.5) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + high;
}

double window_overlap(spectra_window window, double shift)
{
    double product = 0.0, square = 0.0;

    for (int i = 0; i < POINTS; i++) {
        double t = 2.0 * (i + 0.5) / POINTS - 1.0, value = window_value(window, t);
        double behind = t - 2.0 * shift;
        product += behind < -1.0 ? 0.0 : value * window_value(window, behind);
        square += value * value;
    }
    return product * product / (square * square);
}
