/* SPDX-License-Identifier: BSD-3-Clause */
/* Series in memory, the same on every rank, and harmonic oscillators to fill them with. */
#ifndef COVARY_TESTS_SPECTRA_SUPPORT_H
#define COVARY_TESTS_SPECTRA_SUPPORT_H

#include "support.h"

#include "core/constants.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/spectrum.h"

#include <math.h>
#include <string.h>

/* Of the oscillators: K, cm^-1, and derivatives of both parts of alpha by their coordinate. */
static const double TEMPERATURE = 300.0, BAND = 1500.0, MEAN = 0.7, OFF = 0.4;

typedef struct {
    series         of;
    double        *values[SERIES_N_KINDS];
    series_stretch stretches[16];
    uint8_t        species[8];
    double         masses[8];
    int64_t        failing; /* frame that cannot be read, -1: none */
    int            on_rank; /* where it cannot */
} memory_series;

static inline covary_status read_memory(void *source, series_kind kind, int64_t first,
                                        int64_t count, double *values)
{
    const memory_series *in = source;
    const int64_t        width = series_width(&in->of, kind);

    if (in->failing >= first && in->failing < first + count &&
        in->on_rank == covary_run_rank(test_run())) {
        return COVARY_FAIL(COVARY_ERR_IO, "frame %lld cannot be read", (long long)in->failing);
    }
    assert_true(first >= 0 && count >= 0 && first + count <= in->of.n_frames);
    memcpy(values, in->values[kind] + first * width, (size_t)(count * width) * sizeof *values);
    return COVARY_OK;
}

/* Stretches of equal length, without anything in them yet. */
static inline memory_series *series_create(int64_t n_stretches, int64_t frames, double step,
                                           int64_t n_molecules)
{
    memory_series *made = NULL;

    assert_ok(MEMORY_ALLOCATE("a series", 1, &made));
    made->of = (series){.step = step,
                        .n_frames = n_stretches * frames,
                        .n_stretches = n_stretches,
                        .stretches = made->stretches,
                        .n_molecules = n_molecules,
                        .species = made->species,
                        .masses = made->masses,
                        .source = made,
                        .read = read_memory};
    for (int64_t s = 0; s < n_stretches; s++) {
        made->stretches[s] = (series_stretch){s * frames, frames};
    }
    made->failing = -1;
    return made;
}

static inline void series_destroy(memory_series **released)
{
    for (int kind = 0; kind < SERIES_N_KINDS; kind++) {
        MEMORY_RELEASE(&(*released)->values[kind]);
    }
    MEMORY_RELEASE(released);
}

/* Room for a kind, zeros: [frames][width]. */
static inline double *series_add(memory_series *to, series_kind kind)
{
    assert_ok(MEMORY_ALLOCATE("values", to->of.n_frames * series_width(&to->of, kind),
                              &to->values[kind]));
    to->of.has[kind] = true;
    return to->values[kind];
}

/* The spectrum of a name; fails if there is none. */
static inline const spectrum *spectrum_of(const spectra *in, const char *name)
{
    for (int s = 0; s < in->n_spectra; s++) {
        if (strcmp(in->spectra[s].name, name) == 0) {
            return &in->spectra[s];
        }
    }
    fail_msg("no spectrum %s", name);
    return NULL;
}

/* Integral between two wavenumbers, in the unit of areas. */
static inline double area_of(const spectra *in, const char *name, double from, double to)
{
    const spectrum *of = spectrum_of(in, name);
    double          sum = 0.0;

    for (int64_t i = 0; i + 1 < in->n_points; i++) {
        if (in->wavenumber[i] >= from && in->wavenumber[i + 1] <= to) {
            sum += 0.5 * (of->values[i] + of->values[i + 1]) *
                   (in->wavenumber[i + 1] - in->wavenumber[i]);
        }
    }
    return sum * of->area_factor;
}

/* Mean of values between two wavenumbers. */
static inline double mean_between(const spectra *in, const double *values, double from, double to)
{
    double  sum = 0.0;
    int64_t n = 0;

    for (int64_t i = 0; i < in->n_points; i++) {
        if (in->wavenumber[i] >= from && in->wavenumber[i] <= to) {
            sum += values[i];
            n++;
        }
    }
    return sum / (double)n;
}

static inline double per_fs(double wavenumber)
{
    return 2.0 * PI * LIGHT_SPEED * 100.0 * wavenumber * FEMTOSECOND;
}

/* kB T in dalton angstrom^2/fs^2 */
static inline double thermal_energy(double temperature)
{
    return BOLTZMANN * temperature / (DALTON * 1e10);
}

/*
 * Mass-weighted coordinate of a harmonic oscillator, angstrom dalton^(1/2), with the mean energy of
 * a temperature in every stretch and a phase of its own there.
 */
static inline double oscillator(double wavenumber, double temperature, double phase, double time)
{
    const double w = per_fs(wavenumber);

    return sqrt(2.0 * thermal_energy(temperature)) / w * cos(w * time + phase);
}

/* Oscillators with a dipole of 1 debye/(angstrom dalton^(1/2)) and both parts of alpha. */
static inline memory_series *oscillators(int64_t n_stretches, int64_t frames, double step,
                                         double mean, double off)
{
    memory_series *made = series_create(n_stretches, frames, step, 1);
    double        *dipole = series_add(made, SERIES_DIPOLE);
    double        *alpha = series_add(made, SERIES_POLARIZABILITY);
    test_random    stream = {7};

    for (int64_t s = 0; s < n_stretches; s++) {
        const double phase = 2.0 * PI * test_uniform(&stream);
        for (int64_t f = s * frames; f < (s + 1) * frames; f++) {
            const double q = oscillator(BAND, TEMPERATURE, phase, (double)f * step);
            dipole[3 * f + 1] = q;
            dipole[3 * f + 2] = 1.5;
            alpha[9 * f] = 8.0 + mean * q + off * q;
            alpha[9 * f + 4] = 8.0 + mean * q - off * q;
            alpha[9 * f + 8] = 8.0 + mean * q;
        }
    }
    return made;
}

static inline spectra_settings given_temperature(void)
{
    spectra_settings made = spectra_default_settings();

    made.temperature = TEMPERATURE;
    return made;
}

static inline spectra *compute(const memory_series *from, const spectra_settings *settings)
{
    spectra *made = NULL;

    assert_ok(spectra_compute(test_run(), &from->of, settings, &made));
    return made;
}

#endif
