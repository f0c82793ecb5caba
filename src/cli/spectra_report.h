/* SPDX-License-Identifier: BSD-3-Clause */
/* --report of covary spectra: one page that needs nothing but itself. */
#ifndef COVARY_CLI_SPECTRA_REPORT_H
#define COVARY_CLI_SPECTRA_REPORT_H

#include "cli/spectra_plot.h"

/* Plots, warnings, bands, settings and inputs of the first set; the others are in the plots.
 * Local. */
covary_status spectra_report(const spectra_drawing *of, text *html);

#endif
