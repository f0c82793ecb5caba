/* SPDX-License-Identifier: BSD-3-Clause */
/* One warning a finding, with the remedy. */
#include "spectra/findings.h"

#include "core/constants.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <math.h>

static const double  highest_band = 4000.0;  /* cm^-1, stretching of bonds to hydrogen */
static const double  heavy_band = 2500.0;    /* without hydrogen */
static const double  tolerated_drift = 0.05; /* of the temperature */
static const double  sure = 3.0;             /* standard errors */
static const double  longest_step = 20.0;    /* of the mean */
static const int64_t few_segments = 8;

static covary_status warn(spectra *to, text *line)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_RESIZE("warnings", to->n_warnings + 1, &to->warnings));
    COVARY_TRY(memory_copy_text(line->data, &to->warnings[to->n_warnings]));
    to->n_warnings++;

done:
    text_release(line);
    return status;
}

static bool has_hydrogen(const series *of)
{
    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        if (of->species[atom] == 1) {
            return true;
        }
    }
    return of->n_atoms == 0;
}

static covary_status judge_step(const series *of, spectra *to)
{
    const double  nyquist = 1.0 / (200.0 * LIGHT_SPEED * of->step * FEMTOSECOND);
    const double  band = has_hydrogen(of) ? highest_band : heavy_band;
    covary_status status = COVARY_OK;
    text          line = {0};

    if (nyquist < band) {
        COVARY_TRY(text_add(&line,
                            "frames are %.4g fs apart: bands above %.0f cm^-1 appear at lower "
                            "wavenumbers; store frames at least every %.2g fs",
                            of->step, nyquist, of->step * nyquist / band));
        COVARY_TRY(warn(to, &line));
    }

done:
    text_release(&line);
    return status;
}

static covary_status judge_length(const series *of, const spectra_settings *asked,
                                  const division *by, spectra *to)
{
    const double  segment = (double)by->needed * of->step * 1e-3;
    covary_status status = COVARY_OK;
    text          line = {0};

    if (by->shortened) {
        COVARY_TRY(text_add(&line,
                            "the longest run of frames without a gap, %.4g ps, is too short for a "
                            "resolution of %.4g cm^-1: it is %.4g cm^-1",
                            segment, asked->resolution, by->resolution));
        COVARY_TRY(warn(to, &line));
    }
    if (by->n_left_out > 0) {
        COVARY_TRY(text_add(&line,
                            "%lld of %lld runs of frames without a gap are shorter than a segment "
                            "of %.4g ps and take no part; a wider resolution has shorter segments",
                            (long long)by->n_left_out, (long long)of->n_stretches, segment));
        COVARY_TRY(warn(to, &line));
    }
    if (to->n_segments < few_segments) {
        COVARY_TRY(text_add(&line,
                            "there %s only %lld independent segment%s of %.4g ps: errors are %s; "
                            "a wider resolution has more segments",
                            to->n_segments == 1 ? "is" : "are", (long long)to->n_segments,
                            to->n_segments == 1 ? "" : "s", segment,
                            to->n_segments == 1 ? "not known" : "rough"));
        COVARY_TRY(warn(to, &line));
    }

done:
    text_release(&line);
    return status;
}

static covary_status judge_temperature(const spectra_settings *asked, const temperature *measured,
                                       spectra *to)
{
    const double  off = to->settings.temperature - measured->value;
    covary_status status = COVARY_OK;
    text          line = {0};

    if (fabs(measured->drift) > tolerated_drift * measured->value &&
        fabs(measured->drift) > sure * measured->of_drift) {
        COVARY_TRY(text_add(&line,
                            "the temperature drifts from %.0f to %.0f K: leave out what is not in "
                            "equilibrium (--frames, --time)",
                            measured->value - 0.5 * measured->drift,
                            measured->value + 0.5 * measured->drift));
        COVARY_TRY(warn(to, &line));
    }
    if (asked->temperature == 0.0 && measured->n_rigid > 0) {
        COVARY_TRY(
            text_add(&line,
                     "%lld distances between atoms never change: the temperature, %.0f K, is "
                     "that of the other degrees of freedom; give it if this is wrong",
                     (long long)measured->n_rigid, measured->value));
        COVARY_TRY(warn(to, &line));
    }
    if (asked->temperature > 0.0 && fabs(off) > tolerated_drift * measured->value &&
        fabs(off) > sure * measured->error) {
        COVARY_TRY(text_add(&line,
                            "the atoms move as at %.0f K, not as at %.0f K: intensities are wrong "
                            "by the ratio, unless the given temperature is right",
                            measured->value, asked->temperature));
        COVARY_TRY(warn(to, &line));
    }

done:
    text_release(&line);
    return status;
}

static covary_status judge_steps(const quantities *of, const steps *found, spectra *to)
{
    covary_status status = COVARY_OK;
    text          line = {0};

    for (int i = 0; i < of->n; i++) {
        const bool dipole = of->of[i].kind == SERIES_DIPOLE;
        if (found[i].most > longest_step * found[i].mean) {
            COVARY_TRY(
                text_add(&line,
                         "the %s jumps by %.3g %s to frame %lld (counted from 0), %.0f times "
                         "the mean step, which adds a floor to the spectrum: %s",
                         dipole ? "dipole" : "polarizability", found[i].most,
                         dipole ? "debye" : "angstrom^3", (long long)found[i].frame,
                         found[i].most / found[i].mean,
                         "models need axes that do not flip (representation.basis: auto), "
                         "dipoles of cells to be made continuous"));
            COVARY_TRY(warn(to, &line));
        }
    }

done:
    text_release(&line);
    return status;
}

covary_status findings_add(const series *from, const spectra_settings *asked, const findings *found,
                           spectra *to)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(judge_step(from, to));
    COVARY_TRY(judge_length(from, asked, found->by, to));
    COVARY_TRY(judge_steps(found->of, found->steps, to));
    COVARY_TRY(judge_temperature(asked, found->temperature, to));

done:
    return status;
}
