/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Power spectral densities from pieces of traces.  What pieces give is added up in sums, [channels
 * + 1][width], that may be added and subtracted in turn: the last row counts what the others are
 * sums of.  Densities are two-sided and in the square of the traces' unit times fs.  All functions
 * are local.
 */
#ifndef COVARY_SPECTRA_ESTIMATOR_H
#define COVARY_SPECTRA_ESTIMATOR_H

#include "spectra/fourier.h"
#include "spectra/pieces.h"

typedef struct estimator estimator;

typedef struct {
    /* Values of a row of sums, and doubles that a channel takes while a group is open. */
    void (*sizes)(const estimator *with, int64_t *width, int64_t *open);

    /* Add a trace of a piece, [count + ahead], to an open channel; and the piece to the counts. */
    void (*add)(estimator *with, const double *trace, const piece *from, double weight,
                double *open);
    void (*count)(const estimator *with, const piece *from, double *counts);

    /* The sums of a channel whose group is complete. */
    void (*close)(estimator *with, double *open, double *sums);

    /* Density at the points of the band. */
    void (*density)(estimator *with, const double *sums, const double *counts, double *density);
} estimator_method;

extern const estimator_method estimator_welch, estimator_correlation;

struct estimator {
    const estimator_method *method;
    const division         *by;
    double                  step; /* fs */
    int                     n_channels;
    int64_t                 first_point, n_points; /* of the grid of the transform */
    double                 *window;                /* [by->window], or [by->window + 1] of lags */
    double                  square;                /* of the window, summed */
    fourier                *grid;                  /* by->transform values */
    fourier                *lags;                  /* twice by->window values, of correlations */
    double                 *kept;                  /* a transform of `lags` */
    double                 *open;                  /* [n_channels][size of an open channel] */
    int64_t                 width, open_size;
};

/*
 * An estimator at the points of the grid between two wavenumbers.  `by` is borrowed.
 * COVARY_ERR_CONFIG: there are none; COVARY_ERR_MEMORY.
 */
covary_status estimator_create(const series *of, const spectra_settings *settings,
                               const division *by, int n_channels, estimator **out);
void          estimator_destroy(estimator **released);

/* Doubles of the sums of all channels and their counts. */
int64_t estimator_sums_size(const estimator *of);

/* Wavenumber of a point, cm^-1. */
double estimator_wavenumber(const estimator *of, int64_t point);

/* Open a group; add the trace of a piece to a channel; count the piece; close the group. */
void estimator_open(estimator *with);
void estimator_add(estimator *with, const double *trace, const piece *from, double weight,
                   int channel);
void estimator_count(const estimator *with, const piece *from, double *sums);
void estimator_close(estimator *with, double *sums);

/* densities [n_channels][n_points] of sums */
void estimator_densities(estimator *with, const double *sums, double *densities);

#endif
