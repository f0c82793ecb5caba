/* SPDX-License-Identifier: BSD-3-Clause */
/* Interatomic distances as they are. */
#include "descriptor/pairs.h"

const descriptor_ops descriptor_distances = {
    .name = "distances",
    .summary = "interatomic distances, angstrom",
    .dimension = pairs_count,
    .evaluate = pairs_distances,
};
