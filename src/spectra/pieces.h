/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames cut into pieces that are worked on one by one: segments and blocks of an estimate, groups
 * of these whose spread gives standard errors, and pieces for sums over all frames or a sample.
 * Nothing here depends on the number of ranks.  All functions are local.
 */
#ifndef COVARY_SPECTRA_PIECES_H
#define COVARY_SPECTRA_PIECES_H

#include "spectra/series.h"
#include "spectra/spectrum.h"

/* Frames [first, first + count) of a stretch, and `ahead` more behind them to look at. */
typedef struct {
    int64_t stretch, first, count, ahead;
} piece;

typedef struct {
    int64_t n;
    piece  *of; /* [n] ascending */
} pieces;

/* How an estimate goes through the frames. */
typedef struct {
    int64_t window;     /* frames of a segment; of the longest lag, without lag 0 */
    int64_t needed;     /* frames without which a stretch takes no part */
    int64_t margin;     /* frames at both ends of a stretch that differences need */
    int64_t transform;  /* values of a Fourier transform, of which the grid follows */
    double  resolution; /* cm^-1, reached */
    bool    shortened;  /* no stretch is long enough for the resolution asked for */
    double  overlap;    /* correlation between a piece and the next */
    int64_t n_frames;   /* of the stretches that take part */
    int64_t n_left_out; /* stretches that do not */
    pieces  pieces;
} division;

/*
 * The pieces of an estimate: segments that overlap by half, or by a little less, so that the last
 * one ends with its stretch; or blocks as long as the longest lag, with the frames that lags reach.
 * Release with division_release, also after a failure.
 *
 * COVARY_ERR_DATA: no stretch of some 16 frames; COVARY_ERR_MEMORY.
 */
covary_status division_create(const series *of, const spectra_settings *settings, division *out);
void          division_release(division *released);

/* All frames, each in one piece, in pieces of at most a length such that there are few of them. */
covary_status pieces_of_all(const series *of, pieces *out);

/* The same of at most some 10^5 frames, in pieces spread evenly over all. */
covary_status pieces_of_sample(const series *of, pieces *out);
void          pieces_release(pieces *released);

/* The first of n items in the share of part `part` of `n_parts`; shares differ by one at most. */
int64_t share_begin(int64_t n, int64_t n_parts, int64_t part);

#endif
