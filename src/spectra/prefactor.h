/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From power spectral densities to spectra.  Densities are two-sided, S(w) = int dt exp(-i w t)
 * C(t), in the square of the quantity's unit times fs: debye^2 fs, angstrom^6 fs, dalton
 * angstrom^2/fs.  Wavenumbers are in cm^-1.  All functions are local.
 */
#ifndef COVARY_SPECTRA_PREFACTOR_H
#define COVARY_SPECTRA_PREFACTOR_H

#include "spectra/spectrum.h"

/* w = 2 pi c nu, 1/fs. */
double angular_frequency(double wavenumber);

/* Q(x) of spectrum.h at hbar w / (kB T). */
double quantum_correction(spectra_correction correction, double wavenumber, double temperature);

/*
 * Molar absorption in m^2/mol, Napierian: this times the density of the dipole.  The correction is
 * relative to the harmonic one, which is 1 here because absorption less emission goes as
 * w (1 - exp(-x)) Q(x).
 */
double prefactor_absorption(double wavenumber, const spectra_settings *settings);

/* Scattering cross-section in m^2/(sr cm^-1): this times a density of the polarizability. */
double prefactor_scattering(double wavenumber, const spectra_settings *settings);

/* Degrees of freedom per cm^-1: this times the density of sqrt(mass) times velocity. */
double prefactor_power(const spectra_settings *settings);

#endif
