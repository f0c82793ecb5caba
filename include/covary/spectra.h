/* SPDX-License-Identifier: BSD-3-Clause */
/* Infrared, Raman and power spectra from annotations or labelled trajectories. */
#ifndef COVARY_SPECTRA_H
#define COVARY_SPECTRA_H

#include <covary/run.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What to compute, and of what; all zero: everything, by the defaults in parentheses. */
typedef struct {
    /*
     * Of the files.  Names of observables or label keys, "none" to do without (dipole, mu,
     * REF_dipole; polarizability, alpha, pol, REF_polarizability; velo, vel, velocity, velocities).
     */
    const char *dipole, *polarizability, *velocity;
    const char *dipole_unit, *polarizability_unit, *velocity_unit; /* of labels; annotations tell
                                                                      theirs themselves */
    const char *topology, *particles; /* of trajectories, as in covary_input_options */
    const char *frames;               /* FIRST:STOP:STRIDE through all files (all) */
    double      step;                 /* fs from a frame of a file to the next (by their times) */

    /* Of the spectra. */
    const char *parts;            /* ir, raman, power, with commas between (all that there are) */
    const char *method;           /* welch, correlation (welch) */
    const char *window;           /* hann, blackman, gaussian, none (hann) */
    const char *quantum;          /* harmonic, kubo, schofield, standard, none (harmonic) */
    const char *derivative;       /* exact, differences (exact) */
    double      resolution;       /* cm^-1 (10) */
    int         padding;          /* so many times a window is transformed (4) */
    double      temperature;      /* K (that of the atoms' motion) */
    double      laser;            /* nm (532) */
    double      refractive_index; /* of the medium, for infrared absorption (1) */
    double      from, to;         /* cm^-1 (0 to 4000) */

    const char *command; /* the command line, for the file; or NULL */
} covary_spectra_options;

/* A spectrum; all is borrowed from its set. */
typedef struct {
    const char   *name;        /* ir, ir_decadic, raman_unpolarized, depolarization, power_H, ... */
    const char   *description; /* in words */
    const char   *unit;        /* of values, errors and floor */
    const char   *area_unit;   /* of an integral over wavenumbers; NULL: it means nothing */
    double        area_factor; /* an area in area_unit is this times the integral over cm^-1 */
    const double *values;      /* [n_points] */
    const double *errors;      /* [n_points] standard errors, NAN of a single block of segments */
    const double *floor;       /* [n_points] what the model's errors add to the values, or NULL */
} covary_spectrum;

/* A local maximum of a spectrum that stands out of it. */
typedef struct {
    double position; /* cm^-1 */
    double height;   /* in the spectrum's unit */
    double error;    /* standard error of the height; NAN if unknown */
    double width;    /* cm^-1, full width at half maximum; NAN where a neighbour hides it */
    double area;     /* between the minima to both sides, in the area unit; NAN without one */
    double floor;    /* of the model's errors at the position, in the spectrum's unit; 0: unknown */
} covary_band;

typedef struct covary_spectra_set covary_spectra_set;

/*
 * Spectra of annotations, or of trajectories with labels, each file a trajectory of its own.
 * Collective; the same on every rank, bit by bit for any number of ranks, in bounded memory.
 *
 * paths    in   n_paths files: annotations alone, finished or not, or trajectories alone
 * options  in   may be NULL
 * output   in   an HDF5 file to write, replaced once the new one is complete; NULL: none
 * out      out  new, or NULL if it is not wanted
 *
 * COVARY_ERR_USAGE: unknown names, labels without a unit, the output is an input;
 * COVARY_ERR_CONFIG: settings out of range; COVARY_ERR_DATA: the files lack what is asked for,
 * hold different molecules or values that are not finite, frames are not equally spaced in time or
 * too few; COVARY_ERR_IO, COVARY_ERR_FORMAT: a file cannot be read or written; COVARY_STOPPED.
 */
COVARY_API covary_status covary_spectra(covary_run *run, const char *const *paths, int n_paths,
                                        const covary_spectra_options *options, const char *output,
                                        covary_spectra_set **out);

/* Read what covary_spectra has written.  Collective.  COVARY_ERR_IO, COVARY_ERR_FORMAT. */
COVARY_API covary_status covary_spectra_load(covary_run *run, const char *path,
                                             covary_spectra_set **out);
COVARY_API void          covary_spectra_destroy(covary_spectra_set **set);

/* All local; pointers are borrowed. */
COVARY_API int64_t         covary_spectra_n_points(const covary_spectra_set *set);
COVARY_API const double   *covary_spectra_wavenumbers(const covary_spectra_set *set); /* cm^-1 */
COVARY_API int             covary_spectra_count(const covary_spectra_set *set);
COVARY_API covary_spectrum covary_spectra_at(const covary_spectra_set *set, int spectrum);
COVARY_API int    covary_spectra_find(const covary_spectra_set *set, const char *name); /* or -1 */
COVARY_API double covary_spectra_temperature(const covary_spectra_set *set);            /* K */
COVARY_API double covary_spectra_resolution(const covary_spectra_set *set); /* cm^-1, reached */
COVARY_API int    covary_spectra_n_warnings(const covary_spectra_set *set);
COVARY_API const char *covary_spectra_warning(const covary_spectra_set *set, int warning);

/*
 * The bands of a spectrum by ascending wavenumber: maxima from which one has to go down by at least
 * `least` of the highest value beyond 200 cm^-1 (where rotation is over) before one can reach a
 * higher point.  Local.
 *
 * bands  out  new, [*n]; free with covary_bands_release
 */
COVARY_API covary_status covary_spectra_bands(const covary_spectra_set *set, int spectrum,
                                              double least, int *n, covary_band **bands);
COVARY_API void          covary_bands_release(covary_band **bands);

#ifdef __cplusplus
}
#endif
#endif
