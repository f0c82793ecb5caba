/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of the covariant kernel by the BLAS, for assembly.  Private to src/kernel.
 *
 * Sites are kept one after the other, each with all its frames, so that a pair of sites of some
 * frames with some others is a product of two matrices.
 */
#ifndef COVARY_KERNEL_COVARIANT_BLOCK_H
#define COVARY_KERNEL_COVARIANT_BLOCK_H

#include "kernel/covariant.h"

typedef struct {
    int64_t n_frames;
    int     n_sites;  /* the first ones of every frame */
    double *features; /* [n_sites][n_frames][dimension] */
    double *norms;    /* [n_sites][n_frames] */
    double *tensors;  /* [n_sites][n_frames][n_rows][n_tensors], or NULL */
} covariant_sites;

/* Zeros, to be released after a failure too.  Local. */
covary_status covariant_sites_allocate(const covariant_kernel *of, int64_t n_frames, int n_sites,
                                       bool tensors, covariant_sites *out);
void          covariant_sites_release(covariant_sites *released);

/* from [n_frames][n_sites][width] -> to [kept sites][n_frames][width].  Local. */
void covariant_sites_order(int64_t n_frames, int n_sites, int kept, int64_t width,
                           const double *from, double *to);

/* Takes `shift` [dimension] off all features and finds the norms.  Local. */
void covariant_sites_centre(int64_t dimension, const double *shift, covariant_sites *sites);

/* Scratch of one call after another. */
typedef struct {
    double *k;        /* of a pair of sites, [column frames][row frames] */
    double *products; /* Phi_I Phi_J^T, [column frames x n_rows][row frames x n_rows] */
    double *expanded; /* [row frames x n_rows]: a column of k with every value n_rows times */
    /* Arguments of the kernel function -> its values, or something else that is linear in them. */
    void (*evaluate)(const kernel *of, int64_t n, double *values);
} covariant_workspace;

/* For blocks of values, of at most so many frames.  Local. */
covary_status covariant_workspace_allocate(const covariant_kernel *of, int row_frames,
                                           int column_frames, covariant_workspace *out);
void          covariant_workspace_release(covariant_workspace *released);

/* Have the two sites the same class?  Local. */
bool covariant_pair_counts(const covariant_kernel *of, int site, int train_site);

/* Frames whose rows are about `rows`: the side of a tile.  Local. */
int covariant_tile_frames(const covariant_kernel *of, int rows);

/* Frames [first, first + n) of some sites. */
typedef struct {
    const covariant_sites *of;
    int64_t                first;
    int                    n;
} covariant_range;

/*
 * The block of frames `rows` and `columns`, column-major: row i n_rows + m of column j n_rows + q
 * is at out[(j n_rows + q) leading + i n_rows + m].  `rows` have all sites, `columns` the training
 * sites.  Local.
 */
void covariant_block(const covariant_kernel *of, covariant_range rows, covariant_range columns,
                     const covariant_workspace *with, double *out, int leading);

#endif
