/* SPDX-License-Identifier: BSD-3-Clause */
/* One element of an H5MD file: found, and read by frames.  All functions are local. */
#ifndef COVARY_FORMATS_H5MD_ELEMENT_H
#define COVARY_FORMATS_H5MD_ELEMENT_H

#include "formats/h5md_layout.h"

/* "parent/name" in into[H5MD_PATH_BYTES], which may be `parent`; false: there is no room. */
bool h5md_join(char *into, const char *parent, const char *name);

/*
 * Shape and clocks of the element `name` of a group.
 *
 * rank  in  dimensions of a sample; 0: one or two
 *
 * COVARY_ERR_FORMAT: another rank, a clock that is none, values that were never written.
 */
covary_status h5md_element_find(const storage *file, const char *group, const char *name, int rank,
                                h5md_element *element);

/* Its unit of length, on `value` or on the group; angstrom where the file names none. */
covary_status h5md_element_length_unit(const storage *file, const char *group, const char *name,
                                       h5md_element *element);

/* The same of velocities, with scale 0 where the unit is not known, or not told. */
covary_status h5md_element_velocity_unit(const storage *file, const char *group, const char *name,
                                         h5md_element *element);

/* An element that is being read. */
typedef struct {
    const storage      *file;
    const h5md_element *element;
    storage_rows       *values, *steps, *times; /* NULL: not needed yet */
    int64_t            *all_steps;              /* [n_samples], where samples are searched */
    double             *row;                    /* [width] the sample read last */
    int64_t             row_sample;             /* which one it is; -1: none */
} h5md_reader;

void h5md_reader_start(h5md_reader *reader, const storage *file, const h5md_element *element);
void h5md_reader_stop(h5md_reader *reader);

/* Samples [first, first + count), [count][width]. */
covary_status h5md_reader_samples(h5md_reader *reader, int64_t first, int64_t count,
                                  double *values);

/* Steps of samples, and their times in fs, NAN where the file has none. */
covary_status h5md_reader_steps(h5md_reader *reader, int64_t first, int64_t count, int64_t *steps);
covary_status h5md_reader_times(h5md_reader *reader, int64_t first, int64_t count, double *times);

/*
 * What holds at frames [first, first + count), [count][width]: the fixed value; the samples of the
 * same numbers, if their steps are those of the frames; else the last sample at or before each.
 *
 * n_frames  in  of the file
 * steps     in  [count] of the frames
 *
 * COVARY_ERR_DATA: a frame comes before the first sample; the steps of the samples do not ascend.
 */
covary_status h5md_reader_at(h5md_reader *reader, int64_t n_frames, int64_t first, int64_t count,
                             const int64_t *steps, double *values);

#endif
