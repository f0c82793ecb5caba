/* SPDX-License-Identifier: BSD-3-Clause */
/* Plots by gnuplot, as SVG inside of a page. */
#ifndef COVARY_CLI_GNUPLOT_H
#define COVARY_CLI_GNUPLOT_H

#include "core/text.h"
#include <covary/run.h>

/*
 * Is gnuplot there?  Collective, rank 0 looks.  COVARY_ERR_LIBRARY: how to get it.
 */
covary_status gnuplot_check(covary_run *run);

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
