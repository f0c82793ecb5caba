/* SPDX-License-Identifier: BSD-3-Clause */
/* Molecular formulas. */
#ifndef COVARY_TRAJECTORY_FORMULA_H
#define COVARY_TRAJECTORY_FORMULA_H

#include "core/text.h"

/* C2H4Cl2: carbon, hydrogen, then by atomic number.  Local. */
covary_status formula_add(int64_t n_atoms, const uint8_t *species, text *into);

#endif
