/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Annotations: one H5MD 1.1 file with predictions and flags for every frame.
 *
 *   /h5md                              version, author, creator
 *   /particles/all/species             [atoms] atomic numbers
 *   /particles/all/box                 dimension, boundary; edges/value [frames][3][3] with a cell
 *   /particles/all/position/value      [frames][atoms][3] angstrom
 *   /observables/<name>/value          [frames], [frames][3], [frames][3][3], ...; per atom:
 *                                      [frames][atoms]...
 *   /observables/domain/value          [frames] bit set of annotation_flag
 *   /observables/domain_margin/value   [frames] distance of the body axes to an ambiguity, 0 ... 1
 *   /observables/domain_distance/value [frames] distance to the nearest training frame, in units of
 *                                      the largest such distance within the training set
 *   /covary                            provenance; inputs/{path,bytes,checksum}; settings
 *   /covary/frames_complete            [1] so many frames, from the first on, are predicted
 *
 * Where frames are boxes of molecules, observables have a further dimension,
 *
 *   /observables/<name>/value          [frames][molecules]..., also of the domain
 *   /observables/<name>_total/value    [frames]...: the sum over the molecules of a frame
 *   /covary/molecules                  [molecules][atoms of one] indices of atoms in the frame, in
 *                                      the model's order
 *
 * All elements share one dataset of steps and one of times (hard links).  Names under /observables
 * are one level deep because that is all that common readers follow.  Row f of every dataset is the
 * frame with global index f of the input.
 *
 * An annotation grows as <path>.part, over as many runs as it takes, and is renamed when all frames
 * are in it.  From the beginning the file can be opened by any reader of HDF5; what counts in it is
 * frames_complete, which is written after the rows that it counts have reached the disk.  Frames
 * that no run has come to are flagged with ANNOTATION_MISSING, and their values are zeros.
 */
#ifndef COVARY_ANNOTATION_ANNOTATION_H
#define COVARY_ANNOTATION_ANNOTATION_H

#include "core/units.h"
#include "trajectory/frames.h"
#include <covary/run.h>

enum { ANNOTATION_MAX_RANK = 4, ANNOTATION_VERSION = 2 };

typedef enum {
    ANNOTATION_FAR = 1,        /* farther from the training set than it is from itself */
    ANNOTATION_AMBIGUOUS = 2,  /* body axes nearer to an ambiguity than in training */
    ANNOTATION_UNCERTAIN = 4,  /* predicted standard deviation beyond that of training */
    ANNOTATION_DEGENERATE = 8, /* a predicted gap too small to divide by: the value is limited */
    ANNOTATION_CLOSE = 16,     /* two atoms closer than any of their elements in training */
    ANNOTATION_MISSING = 128   /* not predicted yet; values mean nothing */
} annotation_flag;

typedef struct {
    const char *name; /* dipole, dipole_std */
    const unit *unit; /* NULL: no unit attribute */
    const char *kind; /* name of a property kind, kept as an attribute; may be NULL */
    int         rank; /* 3^rank values per frame (per atom), row-major */
    bool        per_atom;
    bool        per_molecule; /* of each molecule of a box */
    const char *description;  /* in words, kept as an attribute; may be NULL */
} annotation_observable;

typedef struct {
    const char *path;
    int64_t     bytes;
    const char *checksum; /* of storage/checksum.h */
} annotation_input;

/* Whatever else decides on the contents: an annotation cannot go on with another value. */
typedef struct {
    const char *name, *value;
} annotation_setting;

/* Texts may be NULL: left out.  Version and commit are added by the writer. */
typedef struct {
    const char               *author;
    const char               *command; /* the command line */
    const char               *created; /* ISO 8601; the only text that depends on the clock */
    const char               *config;  /* YAML of the model */
    annotation_input          model;
    int                       n_inputs;
    const annotation_input   *inputs;
    int                       n_settings;
    const annotation_setting *settings;
} annotation_provenance;

typedef struct {
    int64_t                      n_frames;
    int64_t                      n_atoms;
    const uint8_t               *species; /* [n_atoms] atomic numbers */
    int                          n_observables;
    const annotation_observable *observables;
    int64_t                      n_molecules; /* of a box; 0: every frame is one molecule */
    int64_t                      molecule_atoms;
    const int64_t               *molecules; /* [n_molecules][molecule_atoms] atoms of a frame */
    bool                         positions; /* write them */
    bool                         double_positions; /* as float64; else float32 */
    bool                         cell;     /* write box/edges; frames without a cell have zeros */
    uint8_t                      periodic; /* bits 1, 2, 4: boundary of the three cell vectors */
    bool                         time; /* NAN where a frame has none; MDAnalysis insists on times */
    bool                         margin;
    bool                         distance;
    int                          compress; /* level of deflate, 1 ... 9; 0: contiguous datasets */
    int64_t                      chunk;    /* frames compressed together; 0: annotation_chunk */
    annotation_provenance        provenance;
} annotation_layout;

/* Frames of a chunk such that none is over 256 KiB: readers keep them in small caches.  Local. */
int64_t annotation_chunk(const annotation_layout *layout);

/* Bytes that the datasets of a layout take in the file.  Local. */
int64_t annotation_bytes(const annotation_layout *layout);

typedef struct annotation_writer annotation_writer;

/*
 * Begin an annotation, or go on with the one that an earlier run has left in `path`.part; the
 * layout is the same on every rank and need not outlive the call.  Collective.
 *
 * anew  in  remove what an earlier run has left
 *
 * COVARY_ERR_IO: cannot be written, or another run is writing it; COVARY_ERR_DATA: two observables
 * of one name, or a name that is not one path component; or what is there was begun with another
 * model or other inputs; COVARY_ERR_USAGE: it was begun with other settings; COVARY_ERR_FORMAT: it
 * is damaged or of another version.  The message names the difference and the remedy.
 */
covary_status annotation_begin(covary_run *run, const char *path, const annotation_layout *layout,
                               bool anew, annotation_writer **out);

/*
 * Would annotation_begin go on, and behind which frame?  Collective; nothing is changed.
 *
 * n_complete  out  -1: there is no `path`.part
 *
 * Errors of annotation_begin.
 */
covary_status annotation_look(covary_run *run, const char *path, const annotation_layout *layout,
                              int64_t *n_complete);

typedef struct annotation annotation;

/*
 * Begin an annotation that appears at its end, or not at all, with the provenance of another one in
 * place of the layout's.  Collective.  COVARY_ERR_IO, COVARY_ERR_DATA: as above.
 */
covary_status annotation_create_from(covary_run *run, const char *path,
                                     const annotation_layout *layout, const annotation *origin,
                                     annotation_writer **out);

/* Frames that are in the file: the first one to write; those of them that count.  Local. */
int64_t annotation_n_written(const annotation_writer *writer);
int64_t annotation_n_flushed(const annotation_writer *writer);

/*
 * One batch: frames [batch->first, batch->first + batch->n_frames) from this rank, possibly none.
 * Collective; every rank calls equally often.  The batches of all ranks together are the frames
 * that follow those written before, without a gap.
 *
 * values    in  per observable: [n_frames][3^rank] or [n_frames][n_atoms][3^rank], with
 *               [n_molecules] behind the frames if per molecule
 * margin    in  [n_frames], not read without layout.margin
 * distance  in  [n_frames], not read without layout.distance
 * flags     in  [n_frames] sums of annotation_flag; NULL: none set
 *               (all three [n_frames][n_molecules] in boxes)
 *
 * COVARY_ERR_DATA: a frame has other atoms than the layout.
 */
covary_status annotation_write(annotation_writer *writer, const frames *batch,
                               const double *const *values, const double *margin,
                               const double *distance, const uint8_t *flags);

/* On return all frames written so far are on disk and count as complete.  Collective. */
covary_status annotation_flush(annotation_writer *writer);

/*
 * Finish and give the file its name.  Collective; *writer is NULL afterwards.  When this fails,
 * `path`.part stays.  COVARY_ERR_INTERNAL: there are frames to write yet.
 */
covary_status annotation_commit(annotation_writer **writer);

/*
 * Leave off; frames that were not flushed do not count.  `path`.part stays if it has any that do.
 * Collective; accepts a pointer to NULL.
 */
void annotation_abandon(annotation_writer **writer);

/* --- reading ---------------------------------------------------------------------------------- */

/* Collective.  COVARY_ERR_IO, COVARY_ERR_FORMAT: cannot be read, is no annotation. */
covary_status annotation_open(covary_run *run, const char *path, annotation **out);
void          annotation_close(annotation **closed);

/* Local from here on; pointers are borrowed. */
int64_t        annotation_n_frames(const annotation *opened);
int64_t        annotation_n_complete(const annotation *opened); /* n_frames unless unfinished */
int64_t        annotation_n_atoms(const annotation *opened);
int64_t        annotation_n_molecules(const annotation *opened);    /* 0: frames are no boxes */
int64_t        annotation_molecule_atoms(const annotation *opened); /* atoms of one molecule */
const int64_t *annotation_molecules(const annotation *opened); /* as in the layout; NULL: none */
const int32_t *annotation_species(const annotation *opened);   /* [n_atoms] */
bool           annotation_has_positions(const annotation *opened);
bool           annotation_has_single_positions(const annotation *opened); /* stored as float32 */
bool           annotation_has_cell(const annotation *opened);
bool           annotation_has_time(const annotation *opened);
bool           annotation_has_margin(const annotation *opened);
bool           annotation_has_distance(const annotation *opened);
uint8_t        annotation_periodic(const annotation *opened); /* as annotation_layout.periodic */

/* Observables in alphabetical order, without the three of the domain. */
int                          annotation_n_observables(const annotation *opened);
const annotation_observable *annotation_observable_at(const annotation *opened, int index);
int annotation_find(const annotation *opened, const char *name); /* -1: there is none */

/* A text of /covary (version, commit, command, config, created, model, model_checksum) or NULL. */
const char *annotation_text(const annotation *opened, const char *name);

/* Input files in their order: trajectories, then the topology if one was given. */
int                     annotation_n_inputs(const annotation *opened);
const annotation_input *annotation_input_at(const annotation *opened, int index);

/* Rows [first, first + count) in double; shapes as in annotation_write.  COVARY_ERR_FORMAT. */
covary_status annotation_read_values(const annotation *opened, int index, int64_t first,
                                     int64_t count, double *values);
covary_status annotation_read_positions(const annotation *opened, int64_t first, int64_t count,
                                        double *positions);
covary_status annotation_read_cell(const annotation *opened, int64_t first, int64_t count,
                                   double *cell);
covary_status annotation_read_steps(const annotation *opened, int64_t first, int64_t count,
                                    int64_t *steps);
covary_status annotation_read_times(const annotation *opened, int64_t first, int64_t count,
                                    double *times); /* fs */
covary_status annotation_read_flags(const annotation *opened, int64_t first, int64_t count,
                                    uint8_t *flags);
covary_status annotation_read_margin(const annotation *opened, int64_t first, int64_t count,
                                     double *margin);
covary_status annotation_read_distance(const annotation *opened, int64_t first, int64_t count,
                                       double *distance);

#endif
