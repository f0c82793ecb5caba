/* SPDX-License-Identifier: BSD-3-Clause */
/* What a user should know before trusting spectra. */
#ifndef COVARY_SPECTRA_FINDINGS_H
#define COVARY_SPECTRA_FINDINGS_H

#include "spectra/pieces.h"
#include "spectra/spectrum.h"
#include "spectra/temperature.h"

/*
 * Add warnings to spectra that are complete otherwise: of too long a step, a run too short for the
 * resolution, gaps in time, a temperature that drifts or is not that of the settings.  Local.
 * COVARY_ERR_MEMORY.
 */
covary_status findings_add(const series *of, const spectra_settings *asked, const division *by,
                           const temperature *measured, spectra *to);

#endif
