/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors: body-frame geometries -> rows of features.
 *
 * A descriptor set is the concatenation of one or several descriptors (its blocks) for one
 * molecule, minus the mean of the training rows (smaller rounding errors in kernels) and times
 * their scale factors.  Nothing outside src/descriptor knows what a feature means.
 *
 *   distances                r_ij                                   angstrom
 *   inverse-distances        1 / r_ij                               1 / angstrom
 *   exponential-distances    exp(-r_ij / 1 angstrom)
 *   relative-to-equilibrium  r_ij(reference) / r_ij                 Dral, Owens, Yurchenko, Thiel,
 *                                                                   J. Chem. Phys. 146, 244108
 * (2017) coulomb                  0.5 Z_i^2.4 and Z_i Z_j / r_ij         hartree; Rupp et al.,
 * Phys. Rev. Lett. 108, 058301 (2012) cartesians               body coordinates, atom by atom
 * angstrom
 *
 * Pairs count as (1,2), (1,3) ... (1,n), (2,3) ...; the Coulomb matrix as its upper triangle row by
 * row, diagonal included.
 */
#ifndef COVARY_DESCRIPTOR_DESCRIPTOR_H
#define COVARY_DESCRIPTOR_DESCRIPTOR_H

#include <covary/run.h>
#include <stdbool.h>
#include <stdint.h>

/* What a descriptor may know of the molecule. */
typedef struct {
    int64_t        n_atoms;
    const uint8_t *species;   /* [n_atoms] */
    const double  *weights;   /* [n_atoms] u */
    const double  *reference; /* [n_atoms][3] angstrom */
} descriptor_molecule;

typedef struct {
    const char *name;
    const char *summary;
    bool        needs_axes; /* depends on the body axes, not only on distances */
    int64_t (*dimension)(const descriptor_molecule *molecule);
    /* Finite features or COVARY_ERR_DATA (atoms coincide), COVARY_ERR_NUMERIC (not finite). */
    covary_status (*evaluate)(const descriptor_molecule *molecule, const double *body, double *row);
} descriptor_ops;

const descriptor_ops *const *descriptor_registry(void); /* ended by NULL */
const descriptor_ops        *descriptor_find(const char *name);

/* COVARY_ERR_CONFIG: there is no such descriptor; the message names the nearest.  Local. */
covary_status descriptor_check(const char *name);

typedef struct {
    descriptor_molecule    molecule; /* owns its arrays */
    int                    n_ops;
    const descriptor_ops **ops;
    int64_t               *block_start; /* [n_ops + 1]; op k fills [start[k], start[k + 1]) */
    int64_t                dimension;
    double                *mean;  /* [dimension], 0 before scaling is set */
    double                *scale; /* [dimension] factors, 1 before scaling is set */
} descriptor_set;

/*
 * Everything given is copied.  Local.
 *
 * COVARY_ERR_CONFIG: unknown name (with the nearest); no feature at all (distances of one atom).
 * COVARY_ERR_DATA, COVARY_ERR_NUMERIC: the reference has coinciding or non-finite atoms.
 */
covary_status descriptor_set_create(const char *const *names, int n_names,
                                    const descriptor_molecule *molecule, descriptor_set **out);
void          descriptor_set_destroy(descriptor_set **released);

/* Does any descriptor of the set depend on the body axes? */
bool descriptor_set_needs_axes(const descriptor_set *set);

/*
 * rows[frame][dimension] = (features - mean) * scale from body[frame][n_atoms][3].  Local.
 *
 * failed  out  index (of n_frames) of the frame that failed, or NULL; the caller names file and
 *              frame with covary_record_context
 *
 * COVARY_ERR_DATA: two atoms closer than 1e-6 angstrom; the message names them.
 * COVARY_ERR_NUMERIC: positions that are not finite.
 */
covary_status descriptor_set_evaluate(const descriptor_set *set, int64_t n_frames,
                                      const double *body, double *rows, int64_t *failed);

/*
 * Choose mean and scale from the training rows ([n_local][dimension], evaluated before any scaling
 * was set) and apply them to these rows.  Collective.
 *
 * none         scale 1
 * standardize  1 / population standard deviation of the column.  A column whose deviation is at
 *              most 1e-8 of the largest in its block, or 1e-12 of the block's largest mean, is
 *              constant and gets 0; a block in which every column is constant keeps 1.
 *
 * COVARY_ERR_CONFIG: another scaling.  COVARY_ERR_DATA: no rows on any rank.
 */
covary_status descriptor_set_scale(covary_run *run, descriptor_set *set, const char *scaling,
                                   int64_t n_local, double *rows);

#endif
