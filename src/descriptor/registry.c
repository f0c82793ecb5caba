/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptors by name. */
#include "descriptor/pairs.h"

#include <stddef.h>
#include <string.h>

static const descriptor_ops *const registry[] = {
    &descriptor_distances,
    &descriptor_inverse_distances,
    &descriptor_exponential_distances,
    &descriptor_relative_to_equilibrium,
    &descriptor_coulomb,
    &descriptor_cartesians,
    NULL,
};

const descriptor_ops *const *descriptor_registry(void)
{
    return registry;
}

const descriptor_ops *descriptor_find(const char *name)
{
    for (const descriptor_ops *const *entry = registry; *entry != NULL; entry++) {
        if (strcmp((*entry)->name, name) == 0) {
            return *entry;
        }
    }
    return NULL;
}
