/* SPDX-License-Identifier: BSD-3-Clause */
/* Panel <-> block-cyclic matrix, in rounds; private to src/linalg and its tests. */
#ifndef COVARY_LINALG_REDISTRIBUTE_H
#define COVARY_LINALG_REDISTRIBUTE_H

#include "linalg/block_cyclic.h"

typedef enum { PANEL_TO_MATRIX, MATRIX_TO_PANEL } redistribute_direction;

/*
 * Collective; all ranks together move at most about `limit` numbers a round (one row at least).
 * The source of the direction is only read.
 */
covary_status redistribute(panel *rows, block_cyclic *matrix, redistribute_direction direction,
                           int64_t limit);

#endif
