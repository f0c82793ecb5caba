/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What spectra are made of: quantities over time, wherever they come from.
 *
 * Frames are numbered through all trajectories.  Those of a stretch follow each other at equal
 * steps of time within one trajectory; between stretches nothing is known of the time.  A series is
 * the same on every rank, and every rank may read any of its frames.
 */
#ifndef COVARY_SPECTRA_SERIES_H
#define COVARY_SPECTRA_SERIES_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    SERIES_DIPOLE,             /* [molecules][3] debye */
    SERIES_DIPOLE_STD,         /* [molecules][3] debye, standard deviations of a model's errors */
    SERIES_POLARIZABILITY,     /* [molecules][3][3] angstrom^3 */
    SERIES_POLARIZABILITY_STD, /* [molecules][3][3] angstrom^3 */
    SERIES_FLAGS,              /* [molecules] sums of annotation_flag */
    SERIES_VELOCITY,           /* [atoms][3] angstrom/fs */
    SERIES_POSITION,           /* [atoms][3] angstrom, not wrapped into a cell on purpose */
    SERIES_VOLUME,             /* [1] angstrom^3, of the cell */
    SERIES_N_KINDS
} series_kind;

/* Frames [first, first + count). */
typedef struct {
    int64_t first, count;
} series_stretch;

typedef struct {
    double                step; /* fs from a frame of a stretch to the next */
    int64_t               n_frames;
    int64_t               n_stretches;
    const series_stretch *stretches;   /* [n_stretches] ascending, none empty */
    int64_t               n_molecules; /* at least 1: a molecule alone, or a cell as a whole */
    int64_t               n_atoms;
    const uint8_t        *species; /* [n_atoms] atomic numbers */
    const double         *masses;  /* [n_atoms] dalton */
    bool                  has[SERIES_N_KINDS];
    void                 *source;

    /*
     * Values of frames [first, first + count) of a kind that the series has: [count] times the
     * shape above.  Local.  Errors name file and frame; values that are not finite are one
     * (COVARY_ERR_DATA).
     */
    covary_status (*read)(void *source, series_kind kind, int64_t first, int64_t count,
                          double *values);
} series;

/* Values of a frame.  Local. */
static inline int64_t series_width(const series *of, series_kind kind)
{
    switch (kind) {
    case SERIES_DIPOLE:
    case SERIES_DIPOLE_STD:
        return 3 * of->n_molecules;
    case SERIES_POLARIZABILITY:
    case SERIES_POLARIZABILITY_STD:
        return 9 * of->n_molecules;
    case SERIES_FLAGS:
        return of->n_molecules;
    case SERIES_VELOCITY:
    case SERIES_POSITION:
        return 3 * of->n_atoms;
    case SERIES_VOLUME:
    case SERIES_N_KINDS:
        break;
    }
    return 1;
}

#endif
