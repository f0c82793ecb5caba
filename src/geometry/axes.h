/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Body axes: a rule that gives every geometry of one molecule a pose.
 *
 * The rule holds positive weights for the atoms (masses) and a reference geometry; it is stateless,
 * so the pose of a frame depends on that frame alone.
 */
#ifndef COVARY_GEOMETRY_AXES_H
#define COVARY_GEOMETRY_AXES_H

#include "geometry/pose.h"
#include <covary/status.h>
#include <stdbool.h>

typedef struct axes axes;

typedef struct {
    const char *name; /* inertia, eckart */
    const char *summary;
    covary_status (*pose)(const axes *rule, const double *centred, double rotation[9],
                          double *margin);
} axes_ops;

typedef enum { SHAPE_POINT, SHAPE_LINEAR, SHAPE_PLANAR, SHAPE_SPATIAL } molecule_shape;

struct axes {
    const axes_ops *ops;
    int64_t         n_atoms;
    bool            improper;  /* all of O(3) allowed; false: det R = +1 */
    bool            raw_signs; /* inertia: the eigensolver's signs, for tests of the tests */
    molecule_shape  shape;     /* of all training frames */
    double         *weights;   /* [n_atoms] > 0 */
    double         *reference; /* [n_atoms][3] centred, in its own inertia axes */
};

/* Registry of rules, ended by NULL; find returns NULL for an unknown name. */
const axes_ops *const *axes_registry(void);
const axes_ops        *axes_find(const char *name);

/*
 * A rule for one molecule.  Local.
 *
 * weights    in   [n_atoms], copied
 * reference  in   [n_atoms][3] angstrom in any orientation, copied and canonicalized
 */
covary_status axes_create(const axes_ops *ops, int64_t n_atoms, const double *weights,
                          const double *reference, bool improper, axes **rule);
void          axes_destroy(axes **rule);

/* Pose of one geometry, positions [n_atoms][3] angstrom in the lab.  Local. */
covary_status axes_pose(const axes *rule, const double *positions, pose *out);

/* Centre, and shape to a relative tolerance on the singular values (1e-7 is usual).  Local. */
void           geometry_centre(int64_t n_atoms, const double *weights, const double *positions,
                               double centre[3]);
molecule_shape geometry_shape(int64_t n_atoms, const double *positions, double tolerance);

#endif
