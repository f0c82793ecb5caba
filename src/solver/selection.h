/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Automatic length and ridge: the smallest value of a criterion (criterion.h), per member.  A
 * member is what gets hyperparameters of its own: some columns of the targets of one covariant
 * kernel (a property, or one of its irreps).
 *
 * The grid points are dealt out to the ranks and each is solved serially on a subset of the
 * training frames, so the choice does not depend on the number of ranks.  With every frame on every
 * rank, candidates (kernels, representations) are compared by one coarse search each:
 *
 *   selection_frames -> for each candidate: its sites of these frames (selection_gather, or made by
 *   the caller) -> selection_search(HYPER_COARSE) -> the best one -> selection_search(HYPER_FULL)
 */
#ifndef COVARY_SOLVER_SELECTION_H
#define COVARY_SOLVER_SELECTION_H

#include "kernel/covariant.h"
#include "solver/hyper_grid.h"

typedef struct {
    int64_t first, count; /* columns of the targets that belong to one member */
    double  length;       /* in: fixed, or NAN; out: chosen */
    double  ridge;        /* in: fixed, or NAN; out: chosen */
    double  error;        /* out: the criterion, for the norm of a frame, on the subset; INFINITY:
                             not known, as no system could be solved */
    bool        at_edge;  /* out: the optimum lies at the last length or ridge of the search */
    const char *name;     /* for the log; may be NULL */
    int64_t     n_solved; /* out: systems, for all members that shared the search */
    double      flops;    /* out: of these, on all ranks together, about */
} selection_target;

/* Both bound the subset: the time of a search grows with the cube of its rows. */
typedef struct {
    int64_t max_frames;
    int64_t max_rows; /* n_rows for each frame */
} selection_limits;

/* Frames and targets that are searched on, the same on every rank; borrowed. */
typedef struct {
    covariant_frames train;
    int64_t          n_columns;
    const double    *targets; /* [n_frames n_rows][n_columns], centred by whoever knows how */
    double           sigma;   /* unit of length, as by selection_sigma */
    criterion_rule   rule;
} selection_system;

/* The same with storage of its own. */
typedef struct {
    selection_system system;
    double          *features, *tensors, *targets;
    int64_t          n_validation; /* the last frames */
    int64_t         *starts;       /* of folds */
} selection_subset;

/* What makes a choice good. */
typedef enum {
    SELECTION_LEAVE_ONE_OUT,
    SELECTION_FOLDS,
    SELECTION_VALIDATION,
    SELECTION_LIKELIHOOD
} selection_by;

typedef struct {
    selection_by by;
    int64_t      n_folds; /* fewer frames make fewer folds */
    bool         in_time; /* a fold is a piece of the frames in their order; else they are mixed */
    const covariant_panels *validation;         /* frames that are left out; borrowed */
    const panel            *validation_targets; /* as those of training */
} selection_rule;

/*
 * How many of n_frames fit the limits, one at least; then which: the middles of equal pieces,
 * ascending.  Local.
 */
int64_t selection_count(int64_t n_frames, int n_rows, selection_limits limits);
void    selection_frames(int64_t n_frames, int64_t n_chosen, int64_t *chosen);

/*
 * sqrt of the total variance of the features over all sites of all frames, at the same place of the
 * feature row; 1 if that is 0.  Local.
 */
double selection_sigma(const covariant_kernel *with, const covariant_frames *train);

/* What a criterion's error is called: "leave-one-out rmse".  Local. */
const char *selection_error_name(selection_by by);

/* The chosen frames on every rank, to be left out one by one.  Collective; release also after a
 * failure. */
covary_status selection_gather(covary_run *run, const covariant_kernel *with,
                               const covariant_panels *train, const panel *targets,
                               int64_t n_chosen, const int64_t *chosen, selection_subset *out);
void          selection_release(selection_subset *released);

/* Validation frames after those of a subset, whose sigma stays.  Collective. */
covary_status selection_add_validation(covary_run *run, const covariant_kernel *with,
                                       const selection_rule *rule, int64_t n_chosen,
                                       selection_subset *subset);

/*
 * Give a subset its rule: folds get nearly as many frames each, and their frames come to lie side
 * by side.  Which frames are in which fold depends on their numbers alone.  Local.
 */
covary_status selection_arrange(const covariant_kernel *with, selection_rule rule,
                                selection_subset *subset);

/*
 * Collective.  Lengths are sigma 2^a; ridges are 10^b, times the mean of K's diagonal if the kernel
 * is not stationary (see hyper_grid.h).  The grid extends itself while an optimum lies at its
 * edge; a full search then descends from each member's best point.  Members with the same
 * fixed values share every factorization.  Of errors within 1 % of the smallest the one at the
 * largest ridge, then at the shortest length is taken.  A point counts as infinitely bad if its
 * factorization fails or if rounding is more than 5 % of its leave-one-out error (see
 * criterion_evaluate).
 *
 * The linear kernel gets length sigma (its length only trades against the ridge), kernels without
 * a length get 1.  Fewer than 4 frames, or targets that are 0, get values that need no search.
 * Everything chosen is logged; an optimum at the edge of a full search is a warning.
 *
 * COVARY_ERR_CONFIG: a fixed length or ridge that is not positive.
 * COVARY_ERR_NUMERIC: no point of a full search can be solved; a coarse one says INFINITY.
 */
covary_status selection_search(covary_run *run, const covariant_kernel *with,
                               const selection_system *on, hyper_effort effort, int n_members,
                               selection_target *members);

/*
 * A search on a subset of the training frames; by validation, of both sets in proportion.
 * Collective.
 * Errors of selection_search and solver_check_panels, and COVARY_ERR_CONFIG: limits below 1.
 */
covary_status select_hyperparameters(covary_run *run, const covariant_kernel *with,
                                     const covariant_panels *train, const panel *targets,
                                     selection_limits limits, selection_rule rule,
                                     hyper_effort effort, int n_members, selection_target *members);

#endif
