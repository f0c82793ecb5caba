/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AMBER's convention for trajectories in named arrays, and MDTraj's, which follows it.
 *
 *   coordinates   [frames][atoms][3]; in a restart file [atoms][3]
 *   velocities    the same; optional
 *   time          [frames] or a number; optional
 *   cell_lengths  [frames][3] or [3], with cell_angles in degrees; optional
 *
 * Attribute `units` of each; a factor `scale_factor` on the stored values.  "AMBER NetCDF
 * Trajectory Convention", version 1.0; MDTraj, "HDF5 Format Specification", version 1.1 ("Pande").
 */
#ifndef COVARY_FORMATS_AMBER_LAYOUT_H
#define COVARY_FORMATS_AMBER_LAYOUT_H

#include "formats/array_file.h"

#include <covary/status.h>

/* Which of an array's dimensions are frames. */
typedef enum { ARRAY_MISSING, ARRAY_FIXED, ARRAY_OF_FRAMES } array_use;

typedef struct {
    int64_t   n_frames, n_atoms;
    int64_t   n_cut; /* frames announced behind those */
    array_use coordinates, velocities, time, cell;
    double    angstrom, fs; /* in one stored unit of coordinates, of time */
    double    velocity;     /* angstrom/fs in one stored unit of velocities; 0: it is not known */
    double    cell_angstrom, cell_degree; /* of cell_lengths, of cell_angles */
} amber_layout;

/* Units where the file names none. */
typedef struct {
    const char *length, *time;
} amber_defaults;

/*
 * Does the file say of itself that it follows a convention?  Attribute `key` of the file, a list of
 * words of which `word` is one.  Local.
 */
covary_status amber_follows(const array_file *file, const char *key, const char *word,
                            bool *follows);

/*
 * What a file holds.  Local.
 * COVARY_ERR_FORMAT: arrays are missing or of other shapes, units are unknown, there is no frame.
 */
covary_status amber_layout_find(const array_file *file, const char *path,
                                const amber_defaults *defaults, amber_layout *layout);

/* Is it the same in both?  Local. */
bool amber_layout_equal(const amber_layout *a, const amber_layout *b);

#endif
