/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard deviations and covariances of predicted values in the lab, from the variances of the
 * systems that they are put together from.
 *
 * Systems and columns are independent, so the covariance of a property's packed values has a block
 * for each column of each system, amplitude^2 times the variance of the system's rows.  It turns
 * with the molecule like the values themselves, on both sides: C -> D C D^T, and from spherical to
 * Cartesian components likewise.
 *
 * A property that is learned as its product h with a gap g is h / g; to first order, h and g being
 * independent, its covariance is (C_h + y y^T var g) / g^2 with the predicted value y.
 */
#ifndef COVARY_MODEL_COVARIANCES_H
#define COVARY_MODEL_COVARIANCES_H

#include "model/model.h"

/*
 * What a property has: the model's, but std where a covariance would have more than 3^4 numbers.
 * Local.
 */
uncertainty covariances_kind(const covary_model *model, int property);

/* Numbers of one frame: those of the values, or for each atom (the molecule) their pairs.  Local.
 */
int64_t covariances_n_values(const covary_model *model, int property);

/* With its scratch, for up to `capacity` frames. */
typedef struct covariances covariances;

covary_status covariances_create(const covary_model *model, int64_t capacity, covariances **out);
void          covariances_destroy(covariances **released);
int64_t       covariances_bytes_per_frame(const covary_model *model);

/*
 * Variances of all systems in these frames, by the sites of every representation.  Local.
 */
covary_status covariances_compute(covariances *with, int64_t n_frames, site_batch *const *sites);

/*
 * values    in   per property, predicted, [n_values] of a frame from values[p] + frame n_values
 * out       out  per property [n_frames][covariances_n_values]: standard deviations, or
 * covariances, of the frames of the last computation.  Local.
 */
void covariances_write(const covariances *with, double *const *values, double *const *out);

/* Is a system of this frame less certain than in any training frame?  Local. */
bool covariances_exceeds(const covariances *with, int64_t frame);

#endif
