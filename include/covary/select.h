/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that are worth labels: picked from trajectories one after the other. */
#ifndef COVARY_SELECT_H
#define COVARY_SELECT_H

#include <covary/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    /*
     * The frame whose label lowers the mean variance of the archive most: of 500 of its frames at
     * equal distances.  Variances are as below.
     */
    COVARY_SELECT_MEAN_VARIANCE,
    /*
     * The frame whose properties the labels of the training frames and of those picked before leave
     * the largest variance: the mean over properties and over their parts (irreps), each relative
     * to its mean before any label.
     */
    COVARY_SELECT_VARIANCE,
    /* The frame that is farthest from all of these, by its features. */
    COVARY_SELECT_DISTANCE
} covary_select_method;

typedef struct {
    covary_input_options input;
    covary_select_method method;
    int64_t              count; /* frames to pick, at least 1 */
    int64_t              batch; /* candidates at once on all ranks together, at least twice the
                                   count; 0: as many as take 1 GiB */
    int                n_known;
    const char *const *known; /* [n_known] files of frames that have labels already; none: with a
                                 model the files it was fitted to, with a configuration none */
} covary_select_options;

/* One frame that was picked. */
typedef struct {
    const char *file;
    int64_t     frame; /* its index in the file, from 0 */
    double      value; /* what it takes from the relative mean variance, or its relative variance
                          or distance, when it was picked; the first by distance, without known
                          frames, has none: NAN */
    double left;       /* the largest of the frames that were left then */
} covary_picked;

typedef struct covary_picks covary_picks;

/*
 * Pick frames and write them to `output` as extended XYZ, in the order in which they were picked,
 * with the keys source_file and source_frame.  A frame of extended XYZ is copied as it stands, with
 * its labels; of other formats positions, elements and cell are written.  Collective; the picks are
 * whole on every rank and do not depend on the number of ranks.
 *
 * model    in   NULL: the molecule, its symmetry and the scale of the features are found in up to
 *               1000 of the frames themselves, representation and kernel are the first that the
 *               configuration allows (kernel.length: auto is 7 sigma of the features, ridge: auto
 *               1e-12); no labels are needed, and data.train is not read
 * config   in   for that; NULL with a model
 * options  in   frames of boxes are not taken apart (molecules is not looked at)
 * picks    out  new; may be NULL
 *
 * A frame that is like a known or a picked one is never picked: there may be fewer than asked for,
 * and the log warns of that.  Of archives with more candidates than a batch, the best frames of one
 * batch compete with the next batch.
 *
 * COVARY_ERR_USAGE: no count, neither model nor configuration; the output is an input.
 * COVARY_ERR_DATA: frames of another molecule, training files that are not what the model was
 * fitted to; COVARY_ERR_IO: they are missing, the message says what to do; COVARY_STOPPED.
 */
COVARY_API covary_status covary_select(covary_run *run, const covary_model *model,
                                       const covary_config *config, const char *const *paths,
                                       int n_paths, const covary_select_options *options,
                                       const char *output, covary_picks **picks);
COVARY_API void          covary_picks_destroy(covary_picks **picks);

/* Local; names are borrowed. */
COVARY_API int64_t       covary_picks_count(const covary_picks *picks);
COVARY_API covary_picked covary_picks_frame(const covary_picks *picks, int64_t pick);
COVARY_API int64_t       covary_picks_candidates(const covary_picks *picks);
COVARY_API int64_t       covary_picks_known(const covary_picks *picks);

#ifdef __cplusplus
}
#endif
#endif
