/* SPDX-License-Identifier: BSD-3-Clause */
/* What the methods have in common: grid, window, channels. */
#include "spectra/estimator.h"

#include "core/constants.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/window.h"

#include <math.h>
#include <string.h>

/* Central differences know nothing of the wavenumbers near to the last, where they are zero. */
static const double differences_reach = 0.9;

/* cm^-1 between points */
static double spacing(const estimator *of)
{
    return 1.0 / (100.0 * LIGHT_SPEED * (double)of->by->transform * of->step * FEMTOSECOND);
}

/* The points between the wavenumbers asked for. */
static covary_status choose_points(const spectra_settings *settings, estimator *of)
{
    const int64_t most = of->by->transform / 2;
    const bool    differences = settings->derivative == SPECTRA_DIFFERENCES;
    const double  reach = differences ? differences_reach * (double)most : (double)most;
    const double  last = floor(fmin(settings->to / spacing(of) * (1.0 + 1e-12), reach));

    of->first_point = (int64_t)ceil(fmin(settings->from / spacing(of), 1e15));
    of->n_points = (int64_t)last - of->first_point + 1;
    if (of->n_points < 1) {
        return COVARY_FAIL(
            COVARY_ERR_CONFIG,
            "a step of %.4g fs gives no point of a spectrum from %.6g to %.6g cm^-1, "
            "only up to %.6g cm^-1; widen the range, or store frames more often",
            of->step, settings->from, settings->to, reach * spacing(of));
    }
    return COVARY_OK;
}

static covary_status make_window(const spectra_settings *settings, estimator *of)
{
    const bool    welch = settings->method == SPECTRA_WELCH;
    const int64_t n = of->by->window;
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("a window", n + 1, &of->window));
    for (int64_t i = 0; i <= n; i++) {
        const double at = (double)i / (double)n;
        of->window[i] = window_value(settings->window, welch ? 2.0 * at - 1.0 : at);
        of->square += i < n ? of->window[i] * of->window[i] : 0.0;
    }

done:
    return status;
}

covary_status estimator_create(const series *of, const spectra_settings *settings,
                               const division *by, int n_channels, estimator **out)
{
    static const estimator_method *const methods[] = {&estimator_welch, &estimator_correlation};
    covary_status                        status = COVARY_OK;
    estimator                           *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("an estimator of spectra", 1, &made));
    made->method = methods[settings->method];
    made->by = by;
    made->step = of->step;
    made->n_channels = n_channels;
    COVARY_TRY(choose_points(settings, made));
    COVARY_TRY(make_window(settings, made));
    COVARY_TRY(fourier_create(by->transform, &made->grid));
    if (settings->method == SPECTRA_CORRELATION) {
        const int64_t length = fourier_length(2 * by->window);
        COVARY_TRY(fourier_create(length, &made->lags));
        COVARY_TRY(MEMORY_ALLOCATE("a transform of a block", length + 2, &made->kept));
    }
    made->method->sizes(made, &made->width, &made->open_size);
    COVARY_TRY(MEMORY_ALLOCATE("sums of spectra", n_channels * made->open_size, &made->open));

done:
    if (status != COVARY_OK) {
        estimator_destroy(&made);
    }
    *out = made;
    return status;
}

void estimator_destroy(estimator **released)
{
    estimator *of = *released;

    if (of != NULL) {
        MEMORY_RELEASE(&of->open);
        MEMORY_RELEASE(&of->kept);
        fourier_destroy(&of->lags);
        fourier_destroy(&of->grid);
        MEMORY_RELEASE(&of->window);
        MEMORY_RELEASE(released);
    }
}

int64_t estimator_sums_size(const estimator *of)
{
    return (of->n_channels + 1) * of->width;
}

double estimator_wavenumber(const estimator *of, int64_t point)
{
    return (double)(of->first_point + point) * spacing(of);
}

void estimator_open(estimator *with)
{
    memset(with->open, 0, (size_t)(with->n_channels * with->open_size) * sizeof *with->open);
}

void estimator_add(estimator *with, const double *trace, const piece *from, double weight,
                   int channel)
{
    with->method->add(with, trace, from, weight, with->open + channel * with->open_size);
}

void estimator_count(const estimator *with, const piece *from, double *sums)
{
    with->method->count(with, from, sums + with->n_channels * with->width);
}

void estimator_close(estimator *with, double *sums)
{
    for (int channel = 0; channel < with->n_channels; channel++) {
        with->method->close(with, with->open + channel * with->open_size,
                            sums + channel * with->width);
    }
}

void estimator_densities(estimator *with, const double *sums, double *densities)
{
    for (int channel = 0; channel < with->n_channels; channel++) {
        with->method->density(with, sums + channel * with->width,
                              sums + with->n_channels * with->width,
                              densities + channel * with->n_points);
    }
}
