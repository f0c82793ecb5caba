/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was searched on the way to a model, in its order: for those who want to know why it is as it
 * is, and for a fit that goes on behind the searches of an interrupted one.
 */
#ifndef COVARY_MODEL_SEARCH_PATH_H
#define COVARY_MODEL_SEARCH_PATH_H

#include "storage/storage.h"

/* The best length and ridge of one system of a part, as it was tried. */
typedef struct {
    int     property, l, system;
    bool    full;     /* or coarse, among many candidates */
    char   *setting;  /* "gram, distances, 4 permutations, gaussian" */
    int64_t n_frames; /* searched on */
    int64_t n_solved; /* systems, for this and for those that shared the search */
    double  seconds;  /* of all of them on a core of 10 Gflop/s, as selection.seconds counts */
    double  length, ridge;
    double  error; /* the criterion, for the norm of a frame; INFINITY: nothing could be solved */
    bool    at_edge;
} search_step;

typedef struct {
    int64_t      n;
    search_step *steps; /* [n] */
} search_path;

/* Local; the setting is copied. */
covary_status search_path_add(search_path *to, const search_step *step);

/* Those of `from` that `to` does not have yet.  Local. */
covary_status search_path_extend(search_path *to, const search_path *from);
void          search_path_release(search_path *released);

/*
 * As /search of a file: settings, and a table with the numbers of each.  A path without steps is
 * not there.  Collective.  COVARY_ERR_FORMAT: the two do not belong together, or are of more
 * properties.
 */
covary_status search_path_write(storage *file, const search_path *path);
covary_status search_path_read(storage *file, int n_properties, search_path *path);

#endif
