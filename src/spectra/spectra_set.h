/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spectra with where they come from, just computed or read back.
 *
 *   /                      format "covary spectra", format_version
 *   /wavenumber            [points] cm^-1
 *   /spectra/<name>        description, unit, formula; area_unit and area_factor: an area in
 *                          area_unit is area_factor times the integral over cm^-1
 *   /spectra/<name>/values, errors, floor   [points]; floor where a model's errors are known
 *   /settings              as they were used, with what was found: resolution, temperature, step
 *   /covary                version, commit, created; command, warnings;
 * inputs/{path,bytes,checksum}
 */
#ifndef COVARY_SPECTRA_SPECTRA_SET_H
#define COVARY_SPECTRA_SPECTRA_SET_H

#include "core/text.h"
#include "spectra/series_source.h"
#include "spectra/spectrum.h"
#include "storage/storage.h"
#include <covary/spectra.h>

struct covary_spectra_set {
    spectra  of;       /* its arrays belong to `computed`, or to the set if that is NULL */
    spectra *computed; /* NULL: read from a file */

    char    *version, *commit, *created, *command; /* command may be NULL */
    int64_t  n_inputs;
    char   **paths, **checksums; /* [n_inputs] */
    int64_t *bytes;
    char    *sources[3]; /* of dipole, polarizability, velocity: "mu (debye)"; NULL: not there */
    int64_t  n_molecules, n_atoms, n_stretches;
    int64_t  n_warnings;
    char   **warnings; /* of the source, then of the computation */
    int64_t  n_texts;
    char   **texts; /* what the spectra of a file borrow: descriptions, units */
};

enum { SPECTRA_VERSION = 1 };

extern const char *const spectra_source_names[3]; /* dipole, polarizability, velocity */

/*
 * Write a set under a temporary name, then rename.  Collective; rank 0's values are written.
 * COVARY_ERR_IO.
 */
covary_status spectra_set_save(covary_run *run, const covary_spectra_set *set, const char *path);

/* Is this a file of spectra, of whatever version?  Local. */
bool spectra_file_is_one(const storage *file);

/* What a spectrum is by its prefix, with its prefactor; "" where the unit says all.  Local. */
const char *spectra_formula(const char *name);

/* --- texts, appended; local ------------------------------------------------------------------- */

/* A line of names, then a line a wavenumber: every spectrum, its errors and its floor. */
covary_status spectra_add_csv(const covary_spectra_set *set, text *into);

/*
 * One spectrum as TRAVIS writes them (Brehm, Thomas, Gehrke, Kirchner, J. Chem. Phys. 152, 164105
 * (2020)): wavenumber; value; integral from the first wavenumber on, in TRAVIS's units: km/mol of
 * ir, 10^-40 m^2 of raman, K of power.
 */
covary_status spectra_add_travis(const covary_spectra_set *set, int spectrum, text *into);

/* All of it as one JSON object, with the bands of the main spectra. */
covary_status spectra_add_json(const covary_spectra_set *set, text *into);

/* Settings, sources and warnings as members of a JSON object. */
covary_status spectra_add_json_settings(const covary_spectra_set *set, text *into);

/* The bands of the main spectra as a table for people, or as CSV. */
covary_status spectra_add_bands(const covary_spectra_set *set, text *into);
covary_status spectra_add_bands_csv(const covary_spectra_set *set, text *into);

/* The spectra whose bands are told, those that there are: ir, raman_unpolarized, power.  [3] */
int spectra_main(const covary_spectra_set *set, int spectra_found[3]);

/*
 * The highest value of a spectrum beyond 200 cm^-1: of molecules that turn freely the wing below
 * may be a hundred times higher than any vibration.  Of spectra that end before 400 cm^-1, the
 * highest of the upper half.
 */
double spectra_highest(const covary_spectra_set *set, int spectrum);

/* Bands that stand out by less than this part of the highest value are not told. */
extern const double spectra_least_band;

#endif
