/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The covariant kernel between frames: what the solvers see.
 *
 * A frame has n_sites sites (its permuted images, the signs of its axes, its charts; often one).  A
 * site a is a row of features d_a and a matrix Phi_a, [n_rows][n_tensors]: the tensors of its
 * geometry that the property is a combination of.  The block of frames i and j is
 *
 *   K_ij = scale sum_{a of i} sum_{b of j} [class a = class b] k(d_a, d_b) Phi_a Phi_b^T
 *
 * and row i n_rows + m of the system is component m of frame i.  With one site, one row and no
 * tensors it is the plain kernel k(d_i, d_j).
 *
 * Predictions have the same form: y(i) = sum_a Phi_a q(d_a), where q(d) = sum_b k(d, d_b) w_b is a
 * model with one output a tensor and column, made for the engine, and w_b = scale Phi_b^T W_j.
 */
#ifndef COVARY_KERNEL_COVARIANT_H
#define COVARY_KERNEL_COVARIANT_H

#include "kernel/kernel.h"
#include "linalg/block_cyclic.h"

typedef struct {
    kernel  of;
    int64_t dimension; /* of a site's features */
    int     n_sites;
    int     n_rows; /* of a frame in the system */
    int64_t n_tensors;
    /*
     * The sum over all sites of one frame is enough (b is site 0 of j only), because k and the
     * tensors do not change when the sites of both frames are permuted alike.
     */
    bool       one_sided;
    const int *classes; /* [n_sites], or NULL: all the same; borrowed */
    double     scale;
} covariant_kernel;

/* Sites of some frames in the memory of this rank; borrowed. */
typedef struct {
    int64_t       n_frames;
    const double *features; /* [n_frames][n_sites][dimension] */
    const double *tensors;  /* [n_frames][n_sites][n_rows][n_tensors]; NULL: 1, of 1 x 1 */
} covariant_frames;

/* The same for all training frames, split over the ranks by frames; borrowed. */
typedef struct {
    const panel *features; /* [frames][n_sites * dimension] */
    const panel *tensors;  /* [frames][n_sites * n_rows * n_tensors], or NULL */
} covariant_panels;

/* Frames [first, first + n) of this rank's share; borrowed.  Local. */
covariant_frames covariant_share(const covariant_panels *of, int64_t first, int64_t n);

/* One site, one row, no tensors. */
covariant_kernel covariant_plain(const kernel *of, int64_t dimension);

/* Sites of a training frame that carry weights: 1 if one_sided, else n_sites.  Local. */
int covariant_train_sites(const covariant_kernel *of);

/*
 * Lower triangle of K + ridge I into `a`, created by the caller with n_rows * frames rows and a
 * block that is a multiple of n_rows.  Every process gathers only the frames that its blocks need.
 * Collective.  COVARY_ERR_INTERNAL: shapes that do not fit.
 */
covary_status covariant_assemble(const covariant_kernel *of, const covariant_panels *train,
                                 double ridge, block_cyclic *a);

/*
 * Lower triangle of K + ridge I - F F^T into `a`, computed in double precision: what elimination of
 * other frames leaves.  factor: F, [frames][n_rows][rank].  Otherwise as above.
 */
covary_status covariant_assemble_rest(const covariant_kernel *of, const covariant_panels *train,
                                      double ridge, const panel *factor, block_cyclic_single *a);

/*
 * K between all frames of `rows` and all of `columns` into `a`, created by the caller with n_rows
 * times as many rows and columns and a block that is a multiple of n_rows.  Collective, as above.
 */
covary_status covariant_assemble_between(const covariant_kernel *of, const covariant_panels *rows,
                                         const covariant_panels *columns, block_cyclic *a);

/* K of one set of frames without a ridge, dense and serial: full K, [n_frames n_rows][n_frames
 * n_rows].  Local.
 */
covary_status covariant_dense(const covariant_kernel *of, const covariant_frames *train, double *k);

/* dK / d log length, of the same shape.  Local. */
covary_status covariant_dense_slopes(const covariant_kernel *of, const covariant_frames *train,
                                     double *slopes);

/*
 * K between two sets of frames, [rows->n_frames n_rows][columns->n_frames n_rows], by the
 * prediction engine: a value's bits depend on its two frames alone.  Local.
 */
covary_status covariant_tile(const covariant_kernel *of, const covariant_frames *rows,
                             const covariant_frames *columns, double *values);

/* The columns of tiles, made ready for many sets of rows. */
typedef struct covariant_columns covariant_columns;

/* At least one frame; borrows the kernel, copies what it needs of the frames.  Local. */
covary_status covariant_columns_create(const covariant_kernel *of, const covariant_frames *columns,
                                       covariant_columns **out);
void          covariant_columns_destroy(covariant_columns **released);

/* The tile of some rows with them, as above.  Its scratch stays there for the next.  Local. */
covary_status covariant_columns_tile(covariant_columns *with, const covariant_frames *rows,
                                     double *values);

/* mean over frames and rows of K's diagonal: the unit of ridges.  Local. */
covary_status covariant_mean_diagonal(const covariant_kernel *of, const covariant_frames *train,
                                      double *mean);

/*
 * The diagonal block of one frame, [n_rows][n_rows]: its sites' features and tensors (or NULL), and
 * scratch k [n_sites].  Local.
 */
void covariant_own_block(const covariant_kernel *of, const double *features, const double *tensors,
                         double *k, double *block);

/*
 * weights [n_frames n_rows][n_columns] -> the engine's
 * packed [n_frames][train sites][n_columns][n_tensors].  Local.
 */
void covariant_pack(const covariant_kernel *of, const covariant_frames *train, int64_t n_columns,
                    const double *weights, double *packed);

/*
 * values [n_rows][n_columns] += sum over sites a of Phi_a q_a for one frame; q [n_sites][stride]
 * holds [n_columns][n_tensors] numbers a site, tensors [n_sites][n_rows][n_tensors] or NULL. Local.
 */
void covariant_unpack(const covariant_kernel *of, const double *tensors, int64_t n_columns,
                      const double *q, int64_t stride, double *values);

#endif
