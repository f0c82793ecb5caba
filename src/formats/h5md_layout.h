/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where in an H5MD file the frames are.
 *
 * H5MD stores a quantity as an element: a dataset, if it is the same in all frames, or a group of
 * `value` [samples][...] with the `step` and the `time` of each sample.  These are lists, or single
 * numbers: the increments from sample to sample, with an attribute `offset` for the first one.
 *
 * de Buyl, Colberg, Hoefling, Comput. Phys. Commun. 185, 1546 (2014); H5MD 1.1.0, nongnu.org/h5md.
 */
#ifndef COVARY_FORMATS_H5MD_LAYOUT_H
#define COVARY_FORMATS_H5MD_LAYOUT_H

#include "storage/storage.h"
#include <covary/status.h>

enum { H5MD_PATH_BYTES = 512, H5MD_NAMES_MAX = 128 };

typedef enum { CLOCK_MISSING, CLOCK_REGULAR, CLOCK_LISTED } h5md_clock_kind;

/* The steps, or the times, of an element's samples. */
typedef struct {
    h5md_clock_kind kind;
    double          offset, increment;        /* CLOCK_REGULAR */
    char            dataset[H5MD_PATH_BYTES]; /* CLOCK_LISTED */
} h5md_clock;

typedef struct {
    bool       present, sampled;
    char       value[H5MD_PATH_BYTES]; /* dataset */
    int64_t    n_samples;              /* 1 unless it is sampled */
    int64_t    width;                  /* numbers of a sample, */
    int64_t    dims[2];                /* in so many rows and columns, if it has them */
    double     scale; /* of what has a unit: to angstrom, or angstrom/fs; 0: it is not known */
    h5md_clock step, time;
    double     fs; /* in one unit of time */
} h5md_element;

/* Atomic numbers of the values of `species`. */
typedef struct {
    bool    named; /* the values have names, which are symbols; else they are atomic numbers */
    int     n;
    int64_t values[H5MD_NAMES_MAX];
    uint8_t numbers[H5MD_NAMES_MAX]; /* 0: not an element */
} h5md_names;

/* No pointers: rank 0 finds it and sends it to the others as it is. */
typedef struct {
    int64_t      n_frames, n_atoms;
    int64_t      n_cut; /* frames of an unfinished annotation behind those that are there */
    h5md_element position;
    h5md_element velocity; /* only where there is one of every position */
    h5md_element edges;    /* width 3: a diagonal; 9: three rows */
    h5md_element species;
    h5md_element id; /* only where it is sampled: atoms may change places */
    h5md_names   names;
    uint8_t      periodic; /* bits 1, 2, 4: the box repeats along its vectors */
    bool         elements;
    bool         doubtful; /* the elements may be types that a program counts from 1 */
} h5md_layout;

/*
 * Look through a file.  Local.
 *
 * group  in  the group of particles that is wanted; NULL: the only one that has positions
 *
 * COVARY_ERR_FORMAT: no group, or several to choose from, shapes that do not go together, units
 * that are not known, values that were announced and never written.
 */
covary_status h5md_layout_find(const storage *file, const char *group, h5md_layout *layout);

/* Atomic number of a value of `species`, 0 if it is none.  Local. */
uint8_t h5md_atomic_number(const h5md_names *names, int64_t value);

#endif
