/* SPDX-License-Identifier: BSD-3-Clause */
/* Plots by gnuplot: as SVG inside of a page, or as files of their own. */
#ifndef COVARY_CLI_GNUPLOT_H
#define COVARY_CLI_GNUPLOT_H

#include "core/text.h"
#include <covary/run.h>

/*
 * Is gnuplot there, and can it draw for this terminal?  Collective, rank 0 looks.
 *
 * terminal  in  svg, pngcairo
 * option    in  of the command line, which needs it, for the message
 *
 * COVARY_ERR_LIBRARY: how to get it.
 */
covary_status gnuplot_check(covary_run *run, const char *terminal, const char *option);

/* What gnuplot writes on standard output, as it is.  Local.  COVARY_ERR_LIBRARY: it failed. */
covary_status gnuplot_run(const text *commands, text *output);

/*
 * Let gnuplot draw.  Local.
 *
 * commands  in   any number of plots, each an SVG document on standard output
 * drawn     out  the documents one after the other, each from <svg to </svg>; without what pages
 *                with several of them cannot have twice
 *
 * COVARY_ERR_LIBRARY: gnuplot failed.
 */
covary_status gnuplot_draw(const text *commands, text *drawn);

#endif
