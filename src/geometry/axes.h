/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Body axes: a rule that gives every geometry of one molecule a pose.
 *
 * The rule holds masses, positive weights for the atoms (the masses, or what axis_weights.h chose)
 * and a reference geometry; it is stateless, so the pose of a frame depends on that frame alone.
 * Geometries are centred at their centre of mass, whatever the weights: that is the origin of
 * charged molecules' dipoles, and any centre that moves with the molecule does for the axes.
 *
 * Conventions common to all rules: body x is the axis of the largest second moment
 * sum_i w_i x_i^2 (the smallest moment of inertia), z that of the smallest.  A linear molecule lies
 * along body x, a planar one in the plane xy.
 */
#ifndef COVARY_GEOMETRY_AXES_H
#define COVARY_GEOMETRY_AXES_H

#include "geometry/pose.h"
#include <covary/status.h>
#include <stdbool.h>

typedef struct axes axes;

/*
 * The directions of the inertia axes.
 *
 * SIGNS_MATCHED  those that fit the reference best
 * SIGNS_RAW      the eigensolver's: an accident of the orientation in the lab, for comparison only
 * SIGNS_GROUP    none is preferred: whoever uses the pose averages over axes_sign_images.  The pose
 *                is one of the images (the matched one), and any other would do.
 */
typedef enum { SIGNS_MATCHED, SIGNS_RAW, SIGNS_GROUP } axes_signs;

enum { AXES_MAX_SIGN_IMAGES = 8 };

/*
 * A rule turns centred positions [n_atoms][3] into R (rows: body axes in the lab) and a margin in
 * 0 ... 1, 0 where the axes are ambiguous.  It is called for planar and spatial shapes only: points
 * and lines are the same for all rules.
 *
 * inertia  principal axes; their signs maximize sum_a s_a b_a with
 *          b_a = sum_i w_i (C_ai - centre) (Cref_ai - centre), over all signs or those with
 *          det R = +1.  Margin: the least of
 *            (m_x - m_y) / m_x and (m_y - m_z) / m_x  of the second moments m,
 *            proper:   (s_a b_a + s_b b_b) / (n_a + n_b) of the three pairs of axes,
 *            improper: s_a b_a / n_a of each axis,
 *          n_a = sqrt(m_a mref_a).  SIGNS_RAW and SIGNS_GROUP: the moments alone.
 * eckart   the rotation that minimizes sum_i w_i |R x_i - xref_i|^2, from
 *          B = sum_i w_i x_i xref_i^T = P diag(s_x >= s_y >= s_z) Q^T (Kabsch, Acta Cryst. A 32,
 * 922 (1976); Kudin and Dymarsky, J. Chem. Phys. 122, 224105 (2005)). Margin, at most 1: proper
 * (s_y + d s_z) / s_x with d = sign det B; improper s_z / s_x.
 *
 * A planar shape leaves z without meaning: det R = +1 then, and z does not count in the margin.
 * In a spatial molecule with improper axes a frame that happens to be planar (n_z or s_z below
 * 1e-9 of the largest) gets det R = +1 and a margin near 0.
 */
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
    axes_signs      signs;     /* inertia only; axes_create: matched */
    molecule_shape  shape;     /* of all training frames; axes_create sets the reference's */
    double         *masses;    /* [n_atoms] > 0: the centre */
    double         *weights;   /* [n_atoms] > 0: the axes */
    double         *reference; /* [n_atoms][3] centred, in its own inertia axes */
};

/* Registry of rules, ended by NULL; find returns NULL for an unknown name. */
const axes_ops *const *axes_registry(void);
const axes_ops        *axes_find(const char *name);

/*
 * A rule for one molecule.  Local.
 *
 * masses     in   [n_atoms], copied; also the weights until axes_set_weights
 * reference  in   [n_atoms][3] angstrom in any orientation; copied, centred and turned to its
 *                 principal axes (det +1; x and y such that the first atom off the axis' origin has
 *                 a positive coordinate)
 *
 * rule->shape is that of the reference; the caller raises it to the largest of all frames.
 * COVARY_ERR_DATA: no atoms, a mass that is not positive.  COVARY_ERR_NUMERIC: the reference is
 * not finite.
 */
covary_status axes_create(const axes_ops *ops, int64_t n_atoms, const double *masses,
                          const double *reference, bool improper, axes **rule);
void          axes_destroy(axes **rule);

/*
 * Weights [n_atoms], copied, in place of the masses; the reference is turned to its principal axes
 * of these.  Local.  COVARY_ERR_DATA: a weight that is not positive.
 */
covary_status axes_set_weights(axes *rule, const double *weights);

/*
 * The group of signs that a pose is ambiguous by: with R and C = R (X - c), so are diag(s) R and
 * diag(s) C for every s of the list; returns its length.  The first is 1, 1, 1.  Local.
 *
 * SIGNS_GROUP with inertia axes: for spatial molecules the 4 of determinant +1, or all 8 of
 * improper axes; for planar ones 4, all combinations of s_x and s_y, with s_z = s_x s_y since their
 * axes have det R = +1; for lines s_x = +-1 with s_y = s_x; otherwise 1.
 */
int axes_sign_images(const axes *rule, double signs[AXES_MAX_SIGN_IMAGES][3]);

/*
 * Pose of one geometry, positions [n_atoms][3] angstrom in the lab.  Local.
 *
 * A point gets R = 1 and margin 1.  A line gets body x along it with the reference's sense, any
 * axes y and z, det R = +1, and the margin min(1 - m_y / m_x, |b_x| / n_x)
 * (SIGNS_GROUP: the first alone).
 * COVARY_ERR_NUMERIC: the positions are not finite (or overflow); the pose is never NaN otherwise.
 */
covary_status axes_pose(const axes *rule, const double *positions, pose *out);

/* Centre sum_i w_i x_i / sum_i w_i; weights NULL: all 1.  n_atoms >= 1.  Local. */
void geometry_centre(int64_t n_atoms, const double *weights, const double *positions,
                     double centre[3]);

/*
 * Shape to a relative tolerance on the singular values of the centred positions (1e-7 is usual);
 * extents below 1e-12 angstrom make a point.  Local.
 */
molecule_shape geometry_shape(int64_t n_atoms, const double *positions, double tolerance);

#endif
