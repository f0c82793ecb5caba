/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items worked on by one rank each and known to all ranks afterwards: what is then made of them, in
 * their order, does not depend on the number of ranks.
 */
#ifndef COVARY_SPECTRA_GATHER_H
#define COVARY_SPECTRA_GATHER_H

#include <covary/run.h>
#include <stdint.h>

/* The values of an item, zeros before.  Local. */
typedef covary_status gather_function(void *context, int64_t item, double *values);

/*
 * values [n_items][width], of all items on every rank; release them, also after a failure.
 * Collective; shows progress under the name of the phase.  A failure of the function on any rank is
 * one on every rank.
 *
 * COVARY_ERR_DATA: 2^31 values or more; COVARY_ERR_MEMORY; COVARY_STOPPED: asked to.
 */
covary_status gather_items(covary_run *run, const char *phase, int64_t n_items, int64_t width,
                           gather_function *function, void *context, double **values);

#endif
