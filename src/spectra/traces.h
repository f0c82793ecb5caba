/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traces: a value of a row over the frames of a piece, from a series that has all values of a frame
 * side by side.  Rows come in strips, so that memory is bounded however many molecules or atoms
 * there are; frames that two pieces share are read once where one strip has all rows.
 */
#ifndef COVARY_SPECTRA_TRACES_H
#define COVARY_SPECTRA_TRACES_H

#include "spectra/pieces.h"
#include "spectra/quantity.h"

typedef struct traces traces;

/* For pieces of a division, which is borrowed like the others.  COVARY_ERR_MEMORY.  Local. */
covary_status traces_create(const series *from, const quantity *of, const division *by,
                            traces **out);
void          traces_destroy(traces **released);

/*
 * What is to be done with a trace [count + ahead] of a piece: row -1 is the sum over all rows.
 */
typedef void traces_function(void *context, const piece *from, int64_t row, int value,
                             const double *trace);

/*
 * All traces of a piece, in order of rows, the sums last.  Local.
 *
 * means  in  [n_rows][n] to be subtracted from a quantity that is centred; NULL: those of the piece
 */
covary_status traces_of_piece(traces *of, const piece *from, const double *means,
                              traces_function *function, void *context);

#endif
