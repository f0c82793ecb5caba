/* SPDX-License-Identifier: BSD-3-Clause */
/* Annotations in the formats of other programs. */
#ifndef COVARY_EXPORT_H
#define COVARY_EXPORT_H

#include <covary/run.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What to export; all zero but the format: everything. */
typedef struct {
    const char        *format; /* h5md, extxyz, csv, npy or travis */
    int                n_properties;
    const char *const *properties;   /* [n_properties] names, in the order wanted; none: all */
    const char        *frames;       /* A:B:C as slices of Python, or NULL: all */
    const char        *times;        /* FROM:TO of those, in fs or with fs, ps, ns; NULL: all */
    int                compress;     /* h5md: level of deflate, 1 ... 9; 0: none */
    int64_t            chunk;        /* h5md: frames that are compressed together; 0: chosen */
    bool               no_positions; /* h5md: leave them out */
    int64_t            batch; /* frames per rank and step; 0: chosen from the memory it takes */
} covary_export_options;

/*
 * Write frames and properties of an annotation in another format: every rank formats its share of
 * the frames in bounded memory, all ranks write one file, which does not depend on how many they
 * are (of the format h5md, its contents).  Frames that are not predicted yet are left out, with a
 * warning.  Of boxes of molecules csv has a line a frame and molecule, if a property of molecules
 * is among those wanted, and extxyz the molecules one after another, as <name>_molecules.
 * Collective.
 *
 * output  in  replaced once the new file is complete; the format npy writes one file a property,
 *             with the property's name before the ending if there are several
 *
 * COVARY_ERR_USAGE: an unknown format, property or range of frames or times, or the output is the
 * annotation; COVARY_ERR_DATA: the annotation has not what the format needs, or no times; the
 * message says what there is; COVARY_ERR_IO, COVARY_ERR_FORMAT: a file cannot be read or written.
 */
COVARY_API covary_status covary_export(covary_run *run, const char *annotation,
                                       const covary_export_options *options, const char *output);

#ifdef __cplusplus
}
#endif
#endif
