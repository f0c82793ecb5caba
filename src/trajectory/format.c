/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of trajectory formats, and how a file finds its own: content first, then name. */
#include "trajectory/format.h"

#include "core/status.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const format_ops *const registry[] = {&format_extxyz, &format_dcd, &format_xtc, &format_trr,
                                             NULL};

const format_ops *const *format_registry(void)
{
    return registry;
}

static bool has_extension(const char *path, const format_ops *format)
{
    const char *dot = strrchr(path, '.');

    for (int i = 0; dot != NULL && format->extensions[i] != NULL; i++) {
        if (strcasecmp(dot + 1, format->extensions[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Programs that unpack what starts with such bytes. */
static const char *unpacker(const char *head, size_t length)
{
    static const struct {
        const char *magic;
        size_t      length;
        const char *program;
    } packed[] = {{"\x1f\x8b", 2, "gunzip"},
                  {"BZh", 3, "bunzip2"},
                  {"\xfd"
                   "7zXZ",
                   5, "unxz"},
                  {"\x28\xb5\x2f\xfd", 4, "unzstd"}};

    for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++) {
        if (length >= packed[i].length && memcmp(head, packed[i].magic, packed[i].length) == 0) {
            return packed[i].program;
        }
    }
    return NULL;
}

covary_status format_find(const char *path, const char *head, size_t length,
                          const format_ops **found)
{
    char        names[256];
    size_t      used = 0;
    const char *program = unpacker(head, length);

    if (program != NULL) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "'%s' is compressed; unpack it first (%s)", path,
                           program);
    }
    for (int i = 0; registry[i] != NULL; i++) {
        if (registry[i]->probe(head, length)) {
            *found = registry[i];
            return COVARY_OK;
        }
    }
    for (int i = 0; registry[i] != NULL; i++) {
        if (has_extension(path, registry[i])) {
            *found = registry[i];
            return COVARY_OK;
        }
    }
    names[0] = '\0';
    for (int i = 0; registry[i] != NULL && used < sizeof names; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 registry[i]->name);
    }
    return COVARY_FAIL(COVARY_ERR_FORMAT, "the format of '%s' is not known (known: %s)", path,
                       names);
}
