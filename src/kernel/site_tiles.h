/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scalar kernel between sites, class by class, in tiles of which each rank has a fair share.
 *
 * Sites of one class form a plain scalar kernel matrix of their own, [sites][training sites]. Where
 * all of its sites carry weights it is symmetric, and a tile serves the sums of its columns as well
 * as those of its rows: the frames of all ranks are cut into an odd number of blocks on a circle,
 * and the rank that has a frame has its values with its own block and with the half of the others
 * that follows.  The tiles of a strip, some frames of one block, follow each other.
 */
#ifndef COVARY_KERNEL_SITE_TILES_H
#define COVARY_KERNEL_SITE_TILES_H

#include "kernel/covariant.h"
#include "kernel/engine.h"

typedef struct {
    const covariant_kernel *kernel;              /* borrowed */
    const covariant_panels *train;               /* borrowed */
    int                     n_sites, n_train;    /* of a frame */
    int                    *sites, *train_sites; /* [n_sites], [n_train] */
    int64_t                 n_blocks;            /* of frames of all ranks */
    engine                **engines;             /* [n_blocks] of their training sites, or NULL */
} site_class;

/* Kernel values [n_rows][n_columns] of sites. */
typedef struct {
    int64_t first, n_frames; /* of this rank, all of one block */
    int64_t block;           /* of the columns */
    int64_t n_rows;
    int64_t column, n_columns; /* training sites of all ranks */
    bool    is_mirrored;       /* it serves its columns too: no other tile has these pairs */
} site_tile;

/* New: the classes that have training sites.  Memory: those sites on every rank.  Collective. */
covary_status site_classes_create(const covariant_kernel *of, const covariant_panels *train,
                                  int *n_classes, site_class **out);
void          site_classes_destroy(int n_classes, site_class **released);

/* Are the values with a site those of the site?  Local, as all that follow. */
bool site_class_is_symmetric(const site_class *of);

/* Local frames from `first` on that are a strip, at least one. */
int64_t site_strip(const site_class *of, int64_t first);

/* Tiles of a strip, and the one of n frames from `first` on that is so many blocks ahead. */
int64_t   site_strip_tiles(const site_class *of);
site_tile site_tile_ahead(const site_class *of, int64_t first, int64_t n, int64_t ahead);

/* Most rows and columns of a tile, and values in all tiles of this rank. */
int64_t site_tile_rows(const site_class *of);
int64_t site_tile_columns(const site_class *of);
int64_t site_count_values(const site_class *of);

/* values <- of a tile; points [site_tile_rows][dimension]: scratch.  COVARY_ERR_MEMORY. */
covary_status site_tile_values(const site_class *of, const site_tile *tile, double *points,
                               double *values);

/* from [n_frames][all_sites][width] -> to [n_frames][n_sites][width], the sites listed. */
void site_pick(int64_t n_frames, int64_t all_sites, int n_sites, const int *sites, int64_t width,
               const double *from, double *to);

#endif
