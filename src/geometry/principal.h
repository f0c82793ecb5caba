/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Principal axes of a set of points, and the table of rules: private to src/geometry.
 */
#ifndef COVARY_GEOMETRY_PRINCIPAL_H
#define COVARY_GEOMETRY_PRINCIPAL_H

#include "geometry/charts.h"

extern const axes_ops axes_inertia;
extern const axes_ops axes_eckart;

/*
 * Relative extent (n_a / n_x of the inertia rule, s_z / s_x of the eckart rule) below which the
 * sense of an axis is rounding noise.
 */
#define PRINCIPAL_NO_EXTENT 1e-9

/*
 * Axes (rows, by descending second moment; signs as the eigensolver leaves them) and second moments
 * sum_i w_i (axis . x_i)^2.
 *
 * The moments are summed again along the axes instead of taken from the eigensolver: a moment that
 * is exactly zero then comes out as (eps |x|)^2 rather than eps |x|^2.
 *
 * weights  in  [n_atoms], or NULL for 1
 */
void principal_axes(int64_t n_atoms, const double *weights, const double *centred, double rows[9],
                    double moments[3]);

/* The same of positions that are not centred, about `centre`. */
void principal_axes_about(int64_t n_atoms, const double *weights, const double *positions,
                          const double centre[3], double rows[9], double moments[3]);

/* min(m_x - m_y, m_y - m_z) / m_x of descending moments; 0 if all are. */
double principal_gap(const double moments[3]);

/* Pose, gap g (before the step) and rmsd (angstrom) of one chart.  Local. */
covary_status charts_fit(const charts *of, int chart, const double *positions, pose *at,
                         double *gap, double *rmsd);

/* COVARY_ERR_DATA, naming the atom, unless all weights [n_atoms] are positive and finite. */
covary_status axes_check_weights(int64_t n_atoms, const double *weights);

#endif
