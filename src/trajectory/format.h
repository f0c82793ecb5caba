/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a trajectory format is: a table of operations.  A new format is a new table in the registry
 * of format.c; the generic layer (trajectory.c) joins files and splits frames over ranks.
 */
#ifndef COVARY_TRAJECTORY_FORMAT_H
#define COVARY_TRAJECTORY_FORMAT_H

#include "trajectory/trajectory.h"
#include <stdbool.h>
#include <stddef.h>

/* A file as it was when the trajectory was opened; the same on every rank. */
typedef struct {
    const char *path;
    int64_t     bytes;
    int64_t     seconds, nanoseconds; /* of the last modification */
    const char *particles;            /* of several groups the one wanted (H5MD); may be NULL */
    bool        gzip;                 /* compressed */
} format_source;

/* Sizes that bound memory and decide how work is shared; tests make them tiny. */
typedef struct {
    int64_t chunk_bytes;   /* read at once, at least 1 */
    int64_t share_bytes;   /* least part of a file worth a rank of its own when indexing */
    int64_t index_entries; /* most entries of the sparse index of one file */
    int64_t cache_bytes;   /* files so large keep their index beside them; 0: none does */
} format_tuning;

/* The labels wanted, and under which key each was found in the frame read last. */
typedef struct {
    int                  n;
    const label_request *requests;
    const char         **keys; /* [n] */
} format_labels;

enum { FORMAT_CUT_TEXT = 320 };

/*
 * What a file turned out to hold; the same on every rank.  A writer that was stopped leaves frames
 * behind the whole ones that were begun or announced: they count, and cannot be read.
 */
typedef struct {
    int64_t n_frames;             /* whole ones, at least 1 */
    int64_t n_cut;                /* behind them */
    char    cut[FORMAT_CUT_TEXT]; /* what a message says of those, behind the file's name */
    int64_t max_atoms;            /* of one frame */
    bool    elements;             /* frames have atomic numbers; if not, `read` leaves them 0 */
    bool    doubtful;             /* they may mean something else: a topology goes before them */
} format_contents;

typedef struct {
    const char        *name;       /* extxyz */
    const char        *summary;    /* for help texts */
    const char *const *extensions; /* xyz, extxyz; ended by NULL */
    bool               labels;     /* frames may carry labels */
    bool               gzip;       /* files may be compressed by gzip */

    /* Do the first bytes of a file look like this format?  Local. */
    bool (*probe)(const char *head, size_t length);

    /*
     * Formats that share a container, as HDF5, need a second look: does a file that passed `probe`
     * hold this one?  NULL: `probe` tells it all.  Local.
     */
    covary_status (*recognize)(covary_run *run, const char *path, const char *head, size_t length,
                               bool *recognized);

    /*
     * Find the frames of a file.  Collective.
     * file  out  the format's own state, the same on every rank but for what is open
     */
    covary_status (*open)(covary_run *run, const format_source *source, const format_tuning *tuning,
                          void **file, format_contents *contents);

    /* Append frames [first, first + count) of the file to `batch`.  Local. */
    covary_status (*read)(void *file, int64_t first, int64_t count, format_labels *labels,
                          frames *batch);

    /*
     * The lines of a frame, in a string to be released; NULL: the format is not extended XYZ.
     * Local.
     */
    covary_status (*copy)(void *file, int64_t frame, char **lines);

    /* Give back descriptors and buffers until the next read; NULL if there are none.  Local. */
    void (*rest)(void *file);

    /* Release everything; accepts a pointer to NULL.  Local. */
    void (*close)(void **file);
} format_ops;

extern const format_ops format_extxyz;
extern const format_ops format_dcd;
extern const format_ops format_lammps;
extern const format_ops format_lammps_binary;
extern const format_ops format_xtc;
extern const format_ops format_trr;
extern const format_ops format_amber;
extern const format_ops format_mdtraj;
extern const format_ops format_h5md;

/* All formats, ended by NULL. */
const format_ops *const *format_registry(void);

/*
 * The format of a file by its content, else by its name.  Local.
 *
 * head  in  the first `length` bytes
 *
 * COVARY_ERR_FORMAT: none; the message lists those there are and knows compressed files.
 */
covary_status format_find(covary_run *run, const char *path, const char *head, size_t length,
                          const format_ops **found);

/* COVARY_ERR_IO: the file has not the size any more that it had when it was opened.  Local. */
covary_status format_check_unchanged(const char *path, int64_t bytes);

/* trajectory_open with other sizes.  Collective. */
covary_status trajectory_open_tuned(covary_run *run, const char *const *paths, int n_paths,
                                    const trajectory_options *options, const format_tuning *tuning,
                                    trajectory **out);

#endif
