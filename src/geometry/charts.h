/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Charts: Eckart axes of several references, blended smoothly, for molecules that are too floppy
 * for one.
 *
 * Chart r gives a geometry X the pose of the Eckart rule with reference r, and a weight
 *
 *   v_r(X) = u_r / sqrt(sum_s u_s^2),   u_r = step(g_r) exp(-rmsd_r^2 / 2 width^2)
 *
 * so that the kernel sum_r v_r(X) v_r(X') k(phi_r, phi_r') D(R_r^T R_r') is covariant, smooth, and
 * 1 at X = X' where k is.  rmsd_r^2 = sum_i w_i |R_r x_i - ref_i|^2 / sum_i w_i, and g_r is 0 where
 * the axes of chart r are ambiguous and 1 at its reference.  With M = sum_i w_i (R x_i) ref_i^T,
 * whose eigenvalues are the signed singular values of the Eckart rule,
 *
 *   proper    g = (e1 e2 - e3)(M) / same of the reference, the product of all sums of two
 *   improper  g = e3(M) / same
 *   planar    g = e2(M) / same;   line, point: 1
 *
 * e1, e2, e3 being the elementary symmetric functions (trace, sum of principal minors,
 * determinant): unlike the singular values themselves they are smooth also where those cross.
 * step rises from 0 at g = 0 to 1 at g = CHARTS_STEP with two continuous derivatives.
 *
 * The idea of weights that vanish where the axes are ambiguous: Dym, Lawrence and Siegel,
 * arXiv:2402.16077 (2024).
 */
#ifndef COVARY_GEOMETRY_CHARTS_H
#define COVARY_GEOMETRY_CHARTS_H

#include "geometry/axes.h"
#include <covary/run.h>

enum { CHARTS_MAX = 8 };

#define CHARTS_STEP 0.25

typedef struct {
    int    n_charts;
    axes  *rules[CHARTS_MAX]; /* eckart; the references are turned to one another */
    double scale[CHARTS_MAX]; /* the g of the reference before it is divided by itself */
    double width;             /* angstrom; not used by a single chart */
} charts;

/*
 * From references [n_charts][n_atoms][3] angstrom, in any orientation unless `turned`: the first is
 * turned to its principal axes, each further one to the nearest (least rmsd) of those before it.
 * Local.
 *
 * masses  in  [n_atoms], copied: centre and weights
 * shape   in  of all training frames
 * width   in  angstrom; not positive or NAN: half the mean distance (rmsd) of a reference to the
 *             nearest other one
 * turned  in  the references are those of charts made before, as in a file; taken to the last bit
 *
 * COVARY_ERR_DATA: as axes_create; n_charts not in 1 ... CHARTS_MAX.
 */
covary_status charts_create(int n_charts, int64_t n_atoms, const double *masses,
                            const double *references, bool improper, molecule_shape shape,
                            double width, bool turned, charts **out);
void          charts_destroy(charts **released);

/*
 * References chosen from the training frames, and the charts made of them.  Collective; the same to
 * the last bit for any number of ranks, as long as the frames count in the order of the ranks.
 *
 * The first is the medoid of interatomic distances (reference_medoid), or `first` if it is given;
 * each further one the frame of a sample that is farthest (rmsd) from those there are; then each
 * but a given first moves to the medoid of the sampled frames nearest to it.  Frames equal within
 * 1e-12 count as equal, and the first of them is taken.
 *
 * count  in  number of charts, 1 ... CHARTS_MAX, or 0: as many as needed that every training frame
 *            has a chart with g >= CHARTS_GOOD_GAP, an Eckart margin of CHARTS_GOOD_MARGIN and an
 *            rmsd below CHARTS_GOOD_RMSD of the first reference's radius of gyration.  More charts
 *            are taken only if they leave at most half as many frames without a good one: for
 *            nearly linear molecules they are no cure
 * first  in  [n_atoms][3] angstrom, the same on every rank, or NULL
 *
 * There are fewer charts than asked for if there are not so many different frames.
 * COVARY_ERR_DATA: no frame on any rank.  COVARY_ERR_NUMERIC: positions that are not finite.
 */
covary_status charts_choose(covary_run *run, int count, int64_t n_local_frames, int64_t n_atoms,
                            const double *positions, const double *masses, const double *first,
                            bool improper, molecule_shape shape, charts **out);

#define CHARTS_GOOD_GAP    0.25
#define CHARTS_GOOD_MARGIN 0.002
#define CHARTS_GOOD_RMSD   0.35

/*
 * Poses and weights of one geometry, positions [n_atoms][3] angstrom in the lab.  Local.
 *
 * poses    out  [n_charts], as axes_pose
 * weights  out  [n_charts], >= 0, their squares sum to 1; one chart: 1
 * margin   out  sum_r v_r^2 margin_r of the poses, 0 ... 1; 0 if every u_r vanishes, when all
 *               weights are 0
 *
 * COVARY_ERR_NUMERIC: as axes_pose.
 */
covary_status charts_pose(const charts *of, const double *positions, pose *poses, double *weights,
                          double *margin);

#endif
