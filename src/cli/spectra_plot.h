/* SPDX-License-Identifier: BSD-3-Clause */
/* Spectra as a drawing: a panel each for infrared absorption, Raman scattering and power. */
#ifndef COVARY_CLI_SPECTRA_PLOT_H
#define COVARY_CLI_SPECTRA_PLOT_H

#include "core/text.h"
#include <covary/spectra.h>

/* The first set is the one that matters: its bands are labelled. */
typedef struct {
    int                              n_sets;
    const covary_spectra_set *const *sets;     /* [n_sets] */
    const char *const               *names;    /* [n_sets] what the key calls them */
    bool                             reversed; /* wavenumbers ascend to the left */
} spectra_drawing;

typedef enum { DRAW_FOR_PAGE, DRAW_SVG, DRAW_PNG } spectra_form;

/* By the ending of a file's name.  Local.  COVARY_ERR_USAGE: neither .svg nor .png. */
covary_status spectra_form_of(const char *path, spectra_form *form);

/* gnuplot's name of the terminal for a form. */
const char *spectra_terminal(spectra_form form);

/* Local.  COVARY_ERR_LIBRARY: gnuplot failed. */
covary_status spectra_draw(const spectra_drawing *of, spectra_form form, text *drawn);

#endif
