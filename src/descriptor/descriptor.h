/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors: body-frame geometries -> rows of features.
 *
 * A descriptor set is the concatenation of one or several descriptors for one molecule, minus the
 * mean of the training rows (smaller rounding errors in kernels) and divided by their scale.
 * Nothing outside src/descriptor knows what a feature means.
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
    void (*evaluate)(const descriptor_molecule *molecule, const double *body, double *row);
} descriptor_ops;

const descriptor_ops *const *descriptor_registry(void); /* ended by NULL */
const descriptor_ops        *descriptor_find(const char *name);

typedef struct {
    descriptor_molecule    molecule; /* owns its arrays */
    int                    n_ops;
    const descriptor_ops **ops;
    int64_t                dimension;
    double                *mean;  /* [dimension], 0 before scaling is set */
    double                *scale; /* [dimension], 1 before scaling is set */
} descriptor_set;

/* COVARY_ERR_CONFIG: unknown name (with the nearest).  Everything given is copied.  Local. */
covary_status descriptor_set_create(const char *const *names, int n_names,
                                    const descriptor_molecule *molecule, descriptor_set **out);
void          descriptor_set_destroy(descriptor_set **released);

/* rows[frame][dimension] from body[frame][n_atoms][3]; centred and scaled.  Local. */
void descriptor_set_evaluate(const descriptor_set *set, int64_t n_frames, const double *body,
                             double *rows);

/*
 * Choose mean and scale from the training rows ([n_local][dimension], evaluated before) and apply
 * them to these rows.  Collective.  scaling: none | standardize.  Constant features keep scale 1.
 */
covary_status descriptor_set_scale(covary_run *run, descriptor_set *set, const char *scaling,
                                   int64_t n_local, double *rows);

#endif
