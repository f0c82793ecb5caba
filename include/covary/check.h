/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong with labelled frames, before hours of computing. */
#ifndef COVARY_CHECK_H
#define COVARY_CHECK_H

#include <covary/config.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct covary_check covary_check;

typedef enum {
    COVARY_FINDING_ERROR,  /* a fit of these data fails */
    COVARY_FINDING_WARNING /* it succeeds, and is likely to learn something wrong */
} covary_severity;

/* All texts are borrowed from the check. */
typedef struct {
    covary_severity severity;
    /*
     * One word for programs: file, positions, composition, labels, fit (errors); unit, charge,
     * atom-order, geometry, copies, conflict, outlier (warnings).
     */
    const char *what;
    const char *property; /* NULL: it is about none in particular */
    const char *message;  /* what is wrong, without the place */
    const char *remedy;   /* "" where the message has it */
    int64_t     n_frames; /* it is found in; 0: it is about no frame */
    int         n_listed; /* the first (the worst, of outliers) of them have places */
} covary_finding;

/*
 * Look at the training frames of a configuration.  All of them are looked at whatever is found;
 * leave-one-out errors are those of at most 1500 frames.  Collective; the result is the same on
 * every rank and for any number of ranks.
 *
 * check  out  new; release with covary_check_destroy
 *
 * COVARY_ERR_CONFIG: the configuration itself is wrong.  Whatever is wrong with the data is a
 * finding and no failure.
 */
COVARY_API covary_status covary_check_labels(covary_run *run, const covary_config *config,
                                             covary_check **check);
COVARY_API void          covary_check_destroy(covary_check **check);

/* Frames in all files that can be read; findings, errors first; their number.  Local. */
COVARY_API int64_t        covary_check_n_frames(const covary_check *check);
COVARY_API int            covary_check_n_findings(const covary_check *check);
COVARY_API int            covary_check_n_errors(const covary_check *check);
COVARY_API covary_finding covary_check_finding(const covary_check *check, int finding);

/* Place k < n_listed of a finding: the file (borrowed) and the frame in it, from 1.  Local. */
COVARY_API void covary_check_place(const covary_check *check, int finding, int k, const char **path,
                                   int64_t *frame);

#ifdef __cplusplus
}
#endif
#endif
