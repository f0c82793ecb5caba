/* SPDX-License-Identifier: BSD-3-Clause */
/* What a user should know before trusting spectra. */
#ifndef COVARY_SPECTRA_FINDINGS_H
#define COVARY_SPECTRA_FINDINGS_H

#include "spectra/jumps.h"
#include "spectra/pieces.h"
#include "spectra/spectrum.h"
#include "spectra/temperature.h"

/* What was found on the way; `steps` are those of the quantities, in their order. */
typedef struct {
    const division    *by;
    const quantities  *of;
    const temperature *temperature;
    const steps       *steps;
} findings;

/*
 * Add warnings to spectra that are complete otherwise: of too long a step, a run too short for the
 * resolution, gaps in time, values that jump, a temperature that drifts or is not that of the
 * settings.  Local.  COVARY_ERR_MEMORY.
 */
covary_status findings_add(const series *from, const spectra_settings *asked, const findings *found,
                           spectra *to);

#endif
