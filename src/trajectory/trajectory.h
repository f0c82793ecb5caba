/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trajectories: one or several files read as one sequence of frames, split over the ranks.
 *
 * A format is a table of operations (trajectory/format.h); the split into contiguous ranges of
 * frames, one a rank, is the same for all formats.
 */
#ifndef COVARY_TRAJECTORY_TRAJECTORY_H
#define COVARY_TRAJECTORY_TRAJECTORY_H

#include "trajectory/frames.h"
#include "trajectory/topology.h"
#include <covary/run.h>

typedef struct trajectory trajectory;

/*
 * A label that a caller wants with every frame.  A symmetric tensor has equal components, so a
 * label may also be given in a short form: n_short values, at most LABEL_SHORT_MAX.
 */
enum { LABEL_SHORT_MAX = 15 };

typedef struct {
    const char        *name;         /* for messages */
    const char *const *keys;         /* accepted keys, best first, ended by NULL */
    int                n_components; /* per frame or per atom */
    int                n_short;      /* so many values will do too; 0: all components are needed */
    const int         *short_places; /* [n_components] which of them each component is; borrowed */
    bool               per_atom;     /* a column of the frame, not a value of the comment line */
    bool               optional;     /* frames may be without it: its values are NAN then */

    /* Velocities of the atoms: formats that keep them as such give them, in angstrom/fs, without a
     * key (TRR, H5MD, AMBER NetCDF, MDTraj HDF5). */
    bool velocity;
} label_request;

/*
 * What a caller wants beyond positions; all of it is copied.
 *
 * Frames that are not selected are as good as not there: the others are counted without them, in
 * their order.  Their steps, times and places in messages stay those of the files.
 */
typedef struct {
    const label_request *requests; /* labels, filled into every batch in this order */
    int                  n_requests;
    const topology      *topology; /* elements and cell for files without; NULL: none is given */
    bool                 without_elements; /* files that have none may be read all the same */
    const char          *frames;    /* FIRST:STOP:STRIDE (trajectory/selection.h); NULL: all */
    const char          *particles; /* the group to take of H5MD files; NULL: the only one */
    const char          *times; /* FROM:TO of those frames, whose times must ascend; NULL: all */
} trajectory_options;

/*
 * Open files and find their frames.  Collective.
 *
 * paths    in   n_paths files, read in this order
 * options  in   NULL: positions alone
 * out      out  new; release with trajectory_close
 *
 * COVARY_ERR_IO, COVARY_ERR_FORMAT: the message names file and line or frame (counted from 1);
 * COVARY_ERR_DATA: labels of a format that has none, elements that neither file nor topology has,
 * a window of time in files without times or whose times do not ascend; COVARY_ERR_USAGE: a
 * selection that is none, or takes no frame.
 */
covary_status trajectory_open(covary_run *run, const char *const *paths, int n_paths,
                              const trajectory_options *options, trajectory **out);
void          trajectory_close(trajectory **closed);

/* Number of frames, selected and in all files; the largest atom count; the format's name.  Local.
 */
int64_t     trajectory_n_frames(const trajectory *opened);
int64_t     trajectory_n_in_files(const trajectory *opened);
int64_t     trajectory_max_atoms(const trajectory *opened);
const char *trajectory_format_name(const trajectory *opened);
int         trajectory_n_files(const trajectory *opened);

/*
 * The selected frames as FIRST:STOP:STRIDE of those in the files; the same text means the same
 * frames of the same files.  Release with MEMORY_RELEASE.  Local.
 */
covary_status trajectory_selection(const trajectory *opened, char **said);

/* Do all frames have elements: of their file, or of the topology?  Local. */
bool trajectory_has_elements(const trajectory *opened);

/* This rank's contiguous share [first, first + count).  Local. */
void trajectory_share(const trajectory *opened, int64_t *first, int64_t *count);

/*
 * Read frames [first, first + count) into `batch` (reused; its storage grows).  Local; any rank
 * may read any frame, consecutive reads are fastest.
 * COVARY_ERR_FORMAT, COVARY_ERR_DATA: the message names file, frame and key.  COVARY_ERR_IO: also
 * when a file is no longer what was opened.  After a failure the batch holds the frames before it.
 */
covary_status trajectory_read(trajectory *opened, int64_t first, int64_t count, frames *batch);

/* File and frame within it (counted from 1) of a global frame index, for messages.  Local. */
void trajectory_locate(const trajectory *opened, int64_t frame, const char **path,
                       int64_t *frame_in_file);

/*
 * The lines of a frame as they stand in its file, if that is extended XYZ: count, keys, atoms.
 *
 * lines  out  new, in counted memory; NULL: the format is another
 *
 * Local.  Errors of trajectory_read.
 */
covary_status trajectory_copy(trajectory *opened, int64_t frame, char **lines);

/*
 * Does every frame of the batch hold the given atoms in the given order?  Local.
 *
 * batch    in  read from `from`
 * species  in  [n_atoms] atomic numbers
 *
 * COVARY_ERR_DATA: the message names file, frame, atom and both elements and says what differs:
 * the count, the elements, or their order.
 */
covary_status frames_check_composition(const frames *batch, const trajectory *from, int64_t n_atoms,
                                       const uint8_t *species);

/* The key under which request r was found in the last frame read; NULL: it has none, or nothing was
 * read yet.  Local. */
const char *trajectory_label_key(const trajectory *opened, int r);

#endif
