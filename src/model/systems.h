/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of a property and the linear systems by which they are learned.
 *
 * A part is one irrep of a property (with all copies of it, and for all atoms of a per-atom
 * property), learned in one representation with hyperparameters of its own.  What becomes of it
 * depends on how the representation couples components:
 *
 *   none   one system: every component in the body axes is a column of the plain kernel
 *   signs  a system for each behaviour under the signs of the axes, with one row a frame
 *   full   a system with the 2l + 1 components in the lab as rows.  Per-atom properties that
 *          permutations move get a system for each orbit of atoms, with the components of all its
 *          atoms as rows.
 *
 * Packed values of a part: [atoms or 1][copies][2l + 1], as in property/property.h.
 */
#ifndef COVARY_MODEL_SYSTEMS_H
#define COVARY_MODEL_SYSTEMS_H

#include "core/text.h"
#include "kernel/kernel.h"
#include "model/representation.h"
#include "property/property.h"
#include <covary/evaluation.h>

typedef struct {
    kernel   of; /* with its length */
    double   ridge;
    bool     at_edge;     /* the search ended at the edge of what it may try */
    double   search_rmse; /* the criterion of the search, on its subset; NAN: there was none */
    double   log_likelihood;
    int      n_rows;
    int64_t  n_columns, n_tensors;
    double   scale;     /* of the kernel, representation_scale where that applies */
    bool     coupled;   /* the rows are components of one irrep */
    int64_t *map;       /* [n_rows][n_columns] index in the part's packed values */
    int      character; /* signs: bit s is set where choice s changes the sign of the column */
    int64_t  n_places;  /* atoms that permutations move among themselves, or 0 */
    int64_t *places;    /* [n_places] */
    double  *weights;   /* [n_train][train sites][n_columns][n_tensors] for the engine, n_train of
                           the representation */
    double *norms;    /* [n_columns][n_tensors] sums of |weights| times the rounding of the kernel,
                         in eps, made by model_prepare */
    int     variance; /* of its predictions: index in the model, or -1 */
    double *amplitudes; /* [n_columns] of the process: standard deviations times these; or NULL */
    int64_t output;     /* its first output in the engine of the representation */
} linear_system;

typedef struct {
    irrep          about;
    int            copies;
    int64_t        n_sites;        /* atoms, or 1 */
    int64_t        first, width;   /* its place in the property's packed values */
    int            representation; /* index in the model */
    bool           kernel_auto, length_auto, ridge_auto;
    double        *mean; /* [width] in the axes of the targets, 0 where that is not covariant */
    int            n_systems;
    linear_system *systems;
    char          *runners_up; /* what else was tried, in words; may be NULL */
} model_part;

/*
 * The systems of a part in its representation, with this kernel function.  Local; not to be called
 * twice.
 */
covary_status part_set_systems(model_part *part, const representation *in, const kernel *of);
void          part_release(model_part *part);

/*
 * The same part with systems as they would be in representation r and with this kernel function.
 * Local; *made is to be released with part_release also after a failure.
 */
covary_status part_try(const model_part *part, int r, const representation *in, const kernel *of,
                       model_part *made);

/* The kernel by which a system is solved and predicts. */
covariant_kernel system_kernel(const linear_system *system, const representation *in);

/* Do two systems have the same matrix, given the same kernel and ridge? */
bool systems_match(const model_part *a, const linear_system *of_a, const model_part *b,
                   const linear_system *of_b);

/*
 * Tensors of all sites of one frame, [n_sites][n_rows][n_tensors].  Local.
 * system_has_tensors is false where they are 1: then kernels get NULL.
 */
bool system_has_tensors(const model_part *part, const linear_system *system,
                        const representation *in);
void system_tensors(const model_part *part, const linear_system *system, const site_batch *sites,
                    int64_t frame, double *scratch, double *tensors);

/* Numbers of scratch space that system_tensors needs for any system of the part. */
int64_t part_scratch(const model_part *part, const representation *in);

/*
 * Packed values of a part in the lab <-> in the axes in which it is learned (the lab itself where
 * components are coupled).  Only what the molecule's shape allows is kept.  In place, local.
 */
void part_to_axes(const model_part *part, const site_batch *sites, int64_t frame, double *values);
void part_to_lab(const model_part *part, const site_batch *sites, int64_t frame, double *values);

/*
 * The matrix [2l + 1][2l + 1] by which part_to_lab turns a copy of a site; false: it is one of the
 * unit.  Local.
 */
bool part_turn(const model_part *part, const site_batch *sites, int64_t frame, double *matrix);

/*
 * Add ", atoms 2 3" or ", other atoms", if the part has one system for each orbit of atoms; atoms
 * count from 1.  Local.
 */
covary_status system_name_atoms(const model_part *part, int s, text *into);

#endif
