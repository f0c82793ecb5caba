/* SPDX-License-Identifier: BSD-3-Clause */
/* What settings may be. */
#ifndef COVARY_SPECTRA_SETTINGS_H
#define COVARY_SPECTRA_SETTINGS_H

#include "spectra/spectrum.h"

/* COVARY_ERR_CONFIG: a number out of its range, which the message names.  Local. */
covary_status settings_check(const spectra_settings *of);

#endif
