/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where series come from: annotations, or trajectories with labels.
 *
 * Every file is a trajectory of its own: stretches of frames end with it.  Memory does not grow
 * with the number of frames.
 */
#ifndef COVARY_SPECTRA_SERIES_SOURCE_H
#define COVARY_SPECTRA_SERIES_SOURCE_H

#include "core/text.h"
#include "spectra/stretches.h"
#include <covary/run.h>

/* What is taken from the files; all may be NULL or 0, and is borrowed. */
typedef struct {
    /*
     * Names of observables or label keys; "none": there shall be none.  NULL: dipole, mu,
     * REF_dipole of labels, or the only observable that can be one; likewise polarizability, alpha,
     * pol, REF_polarizability, and columns velo, vel, velocity, velocities.
     */
    const char *dipole, *polarizability, *velocity;

    /* Units of labels and columns, which files of frames do not tell. */
    const char *dipole_unit, *polarizability_unit, *velocity_unit;

    const char *topology, *particles; /* of trajectories, as covary_input_options has them */
    const char *frames;               /* FIRST:STOP:STRIDE through all files */
    double      step;                 /* fs from a frame of a file to the next; 0: by the times */
    int64_t     cache_bytes;          /* of labels that are kept; 0: 64 MiB; tests make it small */
} series_options;

typedef struct series_source series_source;

/* What a source does behind the series that it offers. */
typedef struct {
    covary_status (*times)(void *state, int64_t first, int64_t count, double *times);
    void (*locate)(void *state, int64_t frame, const char **path, int64_t *frame_in_file);
    covary_status (*read)(void *state, series_kind kind, int64_t first, int64_t count,
                          double *values);
    void (*close)(void **state); /* accepts a pointer to NULL */
} series_source_ops;

struct series_source {
    series                   of;
    const series_source_ops *ops;
    void                    *state;
    int64_t                  stride; /* files' frames from a frame of the series to the next */
    int                      n_parts;
    int64_t                 *ends;    /* [n_parts] as a timeline has them */
    uint8_t                 *species; /* [of.n_atoms] */
    double                  *masses;
    stretches                found;
    int                      n_warnings;
    char                   **warnings; /* [n_warnings] one line each */
    text names[SERIES_N_KINDS]; /* where each kind is from: "dipole (e*bohr)"; empty: it is not */
};

/*
 * Open files, all annotations or all trajectories.  Collective.  The series is out->of; the log
 * says the warnings, too.
 *
 * COVARY_ERR_USAGE: files of both kinds, an unknown observable, labels without a unit, units of
 * annotations; COVARY_ERR_DATA: neither dipoles nor polarizabilities nor velocities; files of
 * different molecules; times as stretches_find has it; COVARY_ERR_IO, COVARY_ERR_FORMAT.
 */
covary_status series_open(covary_run *run, const char *const *paths, int n_paths,
                          const series_options *options, series_source **out);
void          series_close(series_source **closed);

/* One line for who reads the results.  Local, the same on every rank. */
covary_status series_warn(series_source *of, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Of a cell of three row vectors, angstrom^3.  Local. */
double series_cell_volume(const double cell[9]);

/* The parts of series_open for either kind of file: all but masses, stretches and gaps. */
covary_status series_open_annotations(covary_run *run, const char *const *paths, int n_paths,
                                      const series_options *options, series_source *into);
covary_status series_open_trajectories(covary_run *run, const char *const *paths, int n_paths,
                                       const series_options *options, series_source *into);

#endif
