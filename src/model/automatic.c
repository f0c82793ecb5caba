/* SPDX-License-Identifier: BSD-3-Clause */
/* One choice for every molecule. */
#include "model/automatic.h"

#include <string.h>

static const char *or_else(const char *given, const char *otherwise)
{
    return strcmp(given, "auto") == 0 ? otherwise : given;
}

const char *automatic_basis(const covary_config *config)
{
    return or_else(config->basis, "eckart");
}

const char *automatic_scaling(const covary_config *config)
{
    return or_else(config->scaling, "standardize");
}

const char *automatic_kernel(const covary_config *config)
{
    return or_else(config->kernel, "gaussian");
}

const char *const *automatic_descriptors(const covary_config *config, int *n)
{
    static const char *const both[] = {"cartesians", "distances"};

    if (config->n_descriptors == 0) {
        *n = 2;
        return both;
    }
    *n = (int)config->n_descriptors;
    return (const char *const *)config->descriptors;
}
