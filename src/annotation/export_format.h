/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The formats that annotations can be exported to.  A format is a table of operations, all of them
 * local: what it takes of an annotation, and the bytes of each frame.
 */
#ifndef COVARY_ANNOTATION_EXPORT_FORMAT_H
#define COVARY_ANNOTATION_EXPORT_FORMAT_H

#include "annotation/export_rows.h"
#include "core/text.h"
#include <covary/export.h>

/*
 * What is to be written; choice.properties points to `properties`.  That it can be written may be
 * asked before there is an annotation: what comes last is known once it is open.
 */
typedef struct {
    const char                  *path; /* of the annotation */
    const covary_export_options *options;
    int                          n_observables; /* that it has or will have */
    const annotation_observable *observables;
    bool                         has_positions;
    int                         *properties;
    bool                         named; /* those that the user asked for, not just all */
    row_choice                   choice;
    bool                         single_positions; /* they were stored as float32 */
    int64_t                      n_present;        /* frames that will be written */
    int64_t *place; /* [atoms] in the list of molecules, -1: in none; NULL: no boxes */
} export_job;

typedef struct {
    const char *name;
    const char *ending; /* of file names, ".csv" */
    const char *summary;
    bool        positions; /* writes them */
    bool        apart;     /* a file holds one property */

    /* Can it hold what is asked for?  May narrow the properties.  COVARY_ERR_DATA, _USAGE. */
    covary_status (*prepare)(export_job *job);
    /* Collective: the whole file.  NULL: of the bytes that the next two give. */
    covary_status (*write)(covary_run *run, const export_job *job, const char *output);
    /* Before the first frame; NULL: nothing. */
    covary_status (*begin)(const export_job *job, text *into);
    /* One row of `rows`. */
    covary_status (*add)(const export_job *job, const export_rows *rows, int64_t row, text *into);
} export_format;

/* All formats, ended by NULL. */
const export_format *const *export_registry(void);

extern const export_format export_h5md, export_extxyz, export_csv, export_npy, export_travis;

/*
 * Could an annotation with these observables be exported so?  Local.  Errors as of covary_export.
 */
covary_status export_check(const covary_export_options *options, const char *path,
                           int n_observables, const annotation_observable *observables,
                           bool has_positions);

/* Bytes that a layout becomes in a format, at most: text takes two to three times as many.  Local.
 */
int64_t export_bytes(const covary_export_options *options, const annotation_layout *layout);

/* The job's property p. */
const annotation_observable *export_property(const export_job *job, int p);

/* "name (unit)" of every property of the annotation, for messages. */
covary_status export_list(const export_job *job, text *into);

/* Numbers with a separator between them. */
covary_status export_add_numbers(const double *values, int64_t n, char separator, text *into);
covary_status export_add_singles(const double *values, int64_t n, char separator, text *into);
covary_status export_add_integer(int64_t value, text *into);

#endif
