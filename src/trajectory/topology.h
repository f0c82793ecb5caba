/* SPDX-License-Identifier: BSD-3-Clause */
/* What a trajectory file may not say of its atoms: elements, read from another file. */
#ifndef COVARY_TRAJECTORY_TOPOLOGY_H
#define COVARY_TRAJECTORY_TOPOLOGY_H

#include <stdint.h>

typedef struct {
    int64_t  n_atoms;
    uint8_t *species; /* [n_atoms] atomic numbers, 1 ... ELEMENT_MAX */
} topology;

#endif
