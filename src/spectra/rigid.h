/* SPDX-License-Identifier: BSD-3-Clause */
/* Distances between atoms that the dynamics kept constant, as SHAKE does with bonds to hydrogen. */
#ifndef COVARY_SPECTRA_RIGID_H
#define COVARY_SPECTRA_RIGID_H

#include "spectra/series.h"

/*
 * How many pairs of atoms that are bonded, or as near, are equally far from each other in frames
 * spread over the whole series.  The least of thermal spreads, that of a triple bond at 40 K, is
 * 0.005 angstrom; positions that were rounded to 0.01 angstrom spread by 0.004.  Each is taken as a
 * degree of freedom that does not move.  0 without positions or with few frames.  Local.
 */
covary_status rigid_count(const series *of, int64_t *n);

#endif
