/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One rank's pass over its bytes of an XYZ file: lines are counted, frames are chained.
 *
 * A frame of n atoms is n + 2 lines, the first of which is the number n alone; so each frame says
 * where the next one starts, but only the start of the file says where the first one does.  A rank
 * in the middle therefore guesses: every line that is nothing but a number may start a chain, and
 * the few chains that hold are kept until the ranks before say which is right (extxyz_index.c).
 */
#ifndef COVARY_FORMATS_EXTXYZ_SCAN_H
#define COVARY_FORMATS_EXTXYZ_SCAN_H

#include "input/byte_source.h"
#include "formats/extxyz_index.h"

enum { SCAN_CHAINS = 4, SCAN_HEAD = 64 };

/* Frames that follow each other; lines count from the first one that starts in the range. */
typedef struct {
    int64_t root;       /* line of the first frame */
    int64_t next;       /* line at which the frame after the last one must start */
    int64_t n_frames;   /* that start in the range */
    int64_t max_atoms;  /* of one frame, without the last, which may not be whole */
    int64_t last_line;  /* of the last frame */
    int64_t last_atoms; /* in the last frame */
    int64_t stride;     /* every so many frames there is an entry */
    int64_t n_entries;
} scan_chain;

/* What a rank tells the others: int64_t throughout, to be sent as such. */
typedef struct {
    int64_t    n_lines;  /* that start in the range */
    int64_t    text_end; /* past the last line that is not blank; 0: there is none */
    int64_t    n_chains;
    scan_chain chains[SCAN_CHAINS];
} scan_summary;

typedef struct {
    const char  *path;
    int64_t      bytes;      /* of the file */
    text_packing packing;    /* of a compressed file: recording in the pass that guesses */
    int64_t      begin, end; /* bytes: the lines that start in there */
    int64_t      chunk_bytes;
    int64_t      capacity; /* entries of a chain */
    index_entry *entries[SCAN_CHAINS];
    scan_summary found;
    /* where the one chain of an exact pass ended before it should have */
    bool    broken;
    int64_t broken_line;
    char    broken_text[SCAN_HEAD + 1];
} extxyz_scan;

/* Entries with frames counted within a chain and lines within the range; release afterwards. */
covary_status extxyz_scan_create(const format_source *source, const format_tuning *tuning,
                                 int64_t n_ranges, extxyz_scan *scan);
void          extxyz_scan_release(extxyz_scan *scan);

/* The pass that guesses.  Local. */
covary_status extxyz_scan_guess(extxyz_scan *scan);

/*
 * The pass that knows: chain 0 starts at line `root` and is followed to the end of the range, or to
 * where it breaks (`broken`).  Needs the text_end of a pass that guessed.  Local.
 */
covary_status extxyz_scan_follow(extxyz_scan *scan, int64_t root);

#endif
