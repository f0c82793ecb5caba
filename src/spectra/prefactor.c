/* SPDX-License-Identifier: BSD-3-Clause */
/* Prefactors in SI units, converted in the last step. */
#include "spectra/prefactor.h"

#include "core/constants.h"

#include <math.h>

static const double per_metre = 100.0; /* 1/m in 1/cm */

double angular_frequency(double wavenumber)
{
    return 2.0 * PI * LIGHT_SPEED * per_metre * wavenumber * FEMTOSECOND;
}

/* x / (1 - exp(-x)), 1 at 0. */
static double harmonic(double x)
{
    return x == 0.0 ? 1.0 : -x / expm1(-x);
}

/* hbar w / (kB T) */
static double reduced_energy(double wavenumber, double temperature)
{
    return PLANCK * LIGHT_SPEED * per_metre * wavenumber / (BOLTZMANN * temperature);
}

double quantum_correction(spectra_correction correction, double wavenumber, double temperature)
{
    const double x = reduced_energy(wavenumber, temperature);

    switch (correction) {
    case SPECTRA_HARMONIC:
    case SPECTRA_KUBO:
        return harmonic(x);
    case SPECTRA_SCHOFIELD:
        return exp(0.5 * x);
    case SPECTRA_STANDARD:
        return 2.0 / (1.0 + exp(-x));
    case SPECTRA_NO_CORRECTION:
        break;
    }
    return 1.0;
}

double prefactor_absorption(double wavenumber, const spectra_settings *settings)
{
    const double kt = BOLTZMANN * settings->temperature;
    const double classical =
        AVOGADRO / (6.0 * VACUUM_PERMITTIVITY * LIGHT_SPEED * kt * settings->refractive_index);
    const double w = angular_frequency(wavenumber);
    const double relative =
        quantum_correction(settings->correction, wavenumber, settings->temperature) /
        harmonic(reduced_energy(wavenumber, settings->temperature));

    return classical * relative * w * w * DEBYE * DEBYE / FEMTOSECOND;
}

double prefactor_scattering(double wavenumber, const spectra_settings *settings)
{
    const double scattered = 2.0 * PI * (1e9 / settings->laser - per_metre * wavenumber); /* 1/m */
    const double cubed = ANGSTROM * ANGSTROM * ANGSTROM;

    return scattered * scattered * scattered * scattered * LIGHT_SPEED * per_metre * cubed * cubed *
           FEMTOSECOND *
           quantum_correction(settings->correction, wavenumber, settings->temperature);
}

double prefactor_power(const spectra_settings *settings)
{
    const double unit = DALTON * ANGSTROM * ANGSTROM / FEMTOSECOND; /* J s */

    return 2.0 * LIGHT_SPEED * per_metre * unit / (BOLTZMANN * settings->temperature);
}
