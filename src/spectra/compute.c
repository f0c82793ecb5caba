/* SPDX-License-Identifier: BSD-3-Clause */
/* Spectra of a series: what is estimated, how sure it is, and what to mind. */
#include "core/constants.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/densities.h"
#include "spectra/findings.h"
#include "spectra/gather.h"
#include "spectra/noise.h"
#include "spectra/outputs.h"
#include "spectra/settings.h"
#include "spectra/temperature.h"

#include <math.h>
#include <string.h>

static const double usual_end = 4000.0; /* cm^-1 */

typedef struct {
    const series    *from;
    spectra_settings settings; /* with nothing left open */
    quantities       of;
    division         by;
    temperature      measured;
    steps            steps[QUANTITIES_MOST];
    densities        densities;
    noise            noise;
    outputs         *outputs;
    double          *sums, *values; /* of densities with a block left out */
} work;

void spectra_destroy(spectra **released)
{
    spectra *of = *released;

    if (of == NULL) {
        return;
    }
    for (int s = 0; s < of->n_spectra && of->spectra != NULL; s++) {
        MEMORY_RELEASE(&of->spectra[s].values);
        MEMORY_RELEASE(&of->spectra[s].errors);
        MEMORY_RELEASE(&of->spectra[s].floor);
    }
    for (int w = 0; w < of->n_warnings; w++) {
        MEMORY_RELEASE(&of->warnings[w]);
    }
    MEMORY_RELEASE(&of->warnings);
    MEMORY_RELEASE(&of->spectra);
    MEMORY_RELEASE(&of->wavenumber);
    MEMORY_RELEASE(released);
}

static void work_release(work *released)
{
    MEMORY_RELEASE(&released->sums);
    MEMORY_RELEASE(&released->values);
    outputs_destroy(&released->outputs);
    densities_release(&released->densities);
    division_release(&released->by);
    quantities_release(&released->of);
}

/* What is known before any frame is read. */
static covary_status prepare(work *on)
{
    const double  nyquist = 1.0 / (200.0 * LIGHT_SPEED * on->from->step * FEMTOSECOND);
    covary_status status = COVARY_OK;

    COVARY_TRY(settings_check(&on->settings));
    COVARY_TRY(quantities_choose(on->from, &on->settings, &on->of));
    if (on->settings.to == 0.0) {
        on->settings.to = fmin(usual_end, nyquist);
    }
    COVARY_TRY(division_create(on->from, &on->settings, &on->by));

done:
    return status;
}

static covary_status choose_temperature(work *on)
{
    if (on->settings.temperature > 0.0) {
        return COVARY_OK;
    }
    if (!(on->measured.value > 0.0)) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "the temperature is not known: there are no velocities or positions of "
                           "moving atoms to take it from; give it (--temperature)");
    }
    on->settings.temperature = on->measured.value;
    return COVARY_OK;
}

static covary_status create_spectra(work *on, spectra *made)
{
    const estimator *with = on->densities.with;
    covary_status    status = COVARY_OK;

    made->n_points = with->n_points;
    made->step = on->from->step;
    made->resolution = on->by.resolution;
    made->segment_frames = on->by.window;
    made->n_segments = on->by.pieces.n;
    made->n_blocks = on->densities.n_blocks;
    made->n_frames = on->by.n_frames;
    made->settings = on->settings;
    COVARY_TRY(MEMORY_ALLOCATE("wavenumbers", made->n_points, &made->wavenumber));
    for (int64_t point = 0; point < made->n_points; point++) {
        made->wavenumber[point] = estimator_wavenumber(with, point);
    }
    COVARY_TRY(outputs_create(on->from, &on->of, &on->settings, made->n_points, made->wavenumber,
                              &on->outputs));
    COVARY_TRY(MEMORY_ALLOCATE("spectra", outputs_count(on->outputs), &made->spectra));
    made->n_spectra = outputs_count(on->outputs);
    for (int s = 0; s < made->n_spectra; s++) {
        spectrum *of = &made->spectra[s];
        outputs_describe(on->outputs, s, of);
        COVARY_TRY(MEMORY_ALLOCATE("a spectrum", made->n_points, &of->values));
        COVARY_TRY(MEMORY_ALLOCATE("errors of a spectrum", made->n_points, &of->errors));
        COVARY_TRY(MEMORY_ALLOCATE("the floor of a spectrum", made->n_points, &of->floor));
        if (!outputs_floor(on->outputs, s, &on->noise, of->floor)) {
            MEMORY_RELEASE(&of->floor);
        }
    }
    COVARY_TRY(MEMORY_ALLOCATE("sums of spectra", estimator_sums_size(with), &on->sums));
    COVARY_TRY(MEMORY_ALLOCATE("densities", on->of.n_channels * made->n_points, &on->values));

done:
    return status;
}

/* All spectra without a block. */
static covary_status leave_out(void *context, int64_t block, double *values)
{
    work *on = context;

    densities_without(&on->densities, block, on->sums, on->values);
    outputs_values(on->outputs, on->values, values);
    return COVARY_OK;
}

/*
 * Standard errors by the jackknife, which holds for ratios as well (Efron and Stein, Ann. Stat. 9,
 * 586 (1981)).  Correlation r between neighbouring pieces, which the spread of blocks of m pieces
 * does not show, raises the variance by 1 + 2 r / (m + 2 r (m - 1)).
 */
static void set_errors(const work *on, const double *left_out, spectra *to)
{
    const int64_t n = to->n_blocks, width = to->n_spectra * to->n_points;
    const double  r = on->by.overlap, m = (double)on->densities.block_pieces;
    const double  raised = 1.0 + 2.0 * r / (m + 2.0 * r * (m - 1.0));
    const double  factor = n < 2 ? NAN : raised * (double)(n - 1) / (double)n;

    for (int64_t i = 0; i < width; i++) {
        spectrum     *of = &to->spectra[i / to->n_points];
        const int64_t point = i % to->n_points;
        double        sum = 0.0, squares = 0.0;
        for (int64_t block = 0; block < n && n > 1; block++) {
            const double off = left_out[block * width + i] - of->values[point];
            sum += off;
            squares += off * off;
        }
        of->errors[point] = sqrt(factor * fmax(squares - sum * sum / (double)n, 0.0));
    }
}

static covary_status fill(covary_run *run, work *on, spectra *to)
{
    const int64_t width = to->n_spectra * to->n_points;
    covary_status status = COVARY_OK;
    double       *values = NULL, *left_out = NULL;

    COVARY_TRY_TOGETHER(run, "spectra", MEMORY_ALLOCATE("spectra", width, &values));
    leave_out(on, -1, values);
    for (int s = 0; s < to->n_spectra; s++) {
        memcpy(to->spectra[s].values, values + s * to->n_points,
               (size_t)to->n_points * sizeof *values);
    }
    if (to->n_blocks > 1) {
        COVARY_TRY(
            gather_items(run, "errors of spectra", to->n_blocks, width, leave_out, on, &left_out));
    }
    set_errors(on, left_out, to);

done:
    MEMORY_RELEASE(&left_out);
    MEMORY_RELEASE(&values);
    return status;
}

covary_status spectra_compute(covary_run *run, const series *of, const spectra_settings *settings,
                              spectra **out)
{
    covary_status status = COVARY_OK;
    spectra      *made = NULL;
    work          on = {.from = of, .settings = *settings};

    timer_begin(run, "spectra");
    COVARY_TRY_TOGETHER(run, "settings of spectra", prepare(&on));
    COVARY_TRY(temperature_measure(run, of, &on.measured));
    COVARY_TRY_TOGETHER(run, "temperature", choose_temperature(&on));
    COVARY_TRY(densities_compute(run, of, &on.settings, &on.of, &on.by, &on.densities));
    COVARY_TRY(noise_measure(run, of, &on.of, &on.noise));
    for (int i = 0; i < on.of.n && on.of.of[i].total[0] >= 0; i++) { /* motion is the last */
        COVARY_TRY(steps_measure(run, of, &on.of.of[i], &on.steps[i]));
    }
    COVARY_TRY_TOGETHER(run, "spectra", MEMORY_ALLOCATE("spectra", 1, &made));
    COVARY_TRY_TOGETHER(run, "spectra", create_spectra(&on, made));
    made->temperature_measured = settings->temperature == 0.0;
    made->temperature_error = made->temperature_measured ? on.measured.error : 0.0;
    COVARY_TRY(fill(run, &on, made));
    COVARY_TRY_TOGETHER(
        run, "spectra",
        findings_add(of, settings, &(findings){&on.by, &on.of, &on.measured, on.steps}, made));
    for (int w = 0; w < made->n_warnings; w++) {
        log_write(run, LOG_WARNING, "%s", made->warnings[w]);
    }

done:
    timer_end(run, "spectra");
    if (status != COVARY_OK) {
        spectra_destroy(&made);
    }
    work_release(&on);
    *out = made;
    return status;
}
