/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `auto` in the representation and the kernel of a configuration stands for: Eckart axes,
 * Cartesians and distances, standardized, a Gaussian kernel.  A fit and the reader of its model
 * must ask the same functions.  All are local; text is borrowed from the configuration or static.
 */
#ifndef COVARY_MODEL_AUTOMATIC_H
#define COVARY_MODEL_AUTOMATIC_H

#include "core/config.h"

const char *automatic_basis(const covary_config *config);
const char *automatic_scaling(const covary_config *config);
const char *automatic_kernel(const covary_config *config);

/* The names of the descriptors, [*n]. */
const char *const *automatic_descriptors(const covary_config *config, int *n);

#endif
