/* SPDX-License-Identifier: BSD-3-Clause */
/* From spectral densities to the spectra that a user gets.  All functions are local. */
#ifndef COVARY_SPECTRA_OUTPUTS_H
#define COVARY_SPECTRA_OUTPUTS_H

#include "spectra/noise.h"
#include "spectra/quantity.h"

typedef struct outputs outputs;

/*
 * The spectra that can be made of the quantities, at these wavenumbers; all borrowed.  The
 * temperature of the settings is set.  COVARY_ERR_MEMORY.
 */
covary_status outputs_create(const series *from, const quantities *of,
                             const spectra_settings *settings, int64_t n_points,
                             const double *wavenumber, outputs **out);
void          outputs_destroy(outputs **released);

int outputs_count(const outputs *of);

/* Name, description and units of a spectrum. */
void outputs_describe(const outputs *of, int which, spectrum *into);

/* values [outputs_count][n_points] of densities [channels][n_points] */
void outputs_values(const outputs *of, const double *densities, double *values);

/* What noise adds to a spectrum, [n_points]; false if it is not known, or the spectrum is no sum.
 */
bool outputs_floor(const outputs *of, int which, const noise *from, double *values);

#endif
