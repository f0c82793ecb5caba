/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of trajectory formats, and how a file finds its own: content first, then name. */
#include "trajectory/format.h"

#include "core/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const format_ops *const registry[] = {
    &format_extxyz, &format_dcd,    &format_lammps, &format_xtc,           &format_trr,
    &format_amber,  &format_mdtraj, &format_h5md,   &format_lammps_binary, NULL,
};

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

/* The first format that the content fits; *shared: only its container is known. */
static covary_status find_by_content(covary_run *run, const char *path, const char *head,
                                     size_t length, const format_ops **found, bool *shared)
{
    covary_status status = COVARY_OK;

    for (int i = 0; registry[i] != NULL; i++) {
        bool recognized = registry[i]->probe(head, length);
        if (recognized && registry[i]->recognize != NULL) {
            *shared = true;
            COVARY_TRY(registry[i]->recognize(run, path, head, length, &recognized));
        }
        if (recognized) {
            *found = registry[i];
            return COVARY_OK;
        }
    }
done:
    return status;
}

covary_status format_find(covary_run *run, const char *path, const char *head, size_t length,
                          const format_ops **found)
{
    covary_status status = COVARY_OK;
    char          names[256];
    size_t        used = 0;
    bool          shared = false;
    const char   *program = unpacker(head, length);

    if (program != NULL) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "'%s' is compressed; unpack it first (%s)", path,
                           program);
    }
    *found = NULL;
    COVARY_TRY(find_by_content(run, path, head, length, found, &shared));
    for (int i = 0; registry[i] != NULL && *found == NULL && !shared; i++) {
        *found = has_extension(path, registry[i]) ? registry[i] : NULL;
    }
    if (*found != NULL) {
        return COVARY_OK;
    }
    names[0] = '\0';
    for (int i = 0; registry[i] != NULL && used < sizeof names; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 registry[i]->name);
    }
    status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s '%s' is not known (known: %s)",
                         shared ? "what is in the file" : "the format of", path, names);
done:
    return status;
}

covary_status format_check_unchanged(const char *path, int64_t bytes)
{
    struct stat about;

    if (stat(path, &about) != 0) {
        return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    if (about.st_size != bytes) {
        return COVARY_FAIL(COVARY_ERR_IO,
                           "%s: the file has changed since it was opened; read it when nothing "
                           "writes to it",
                           path);
    }
    return COVARY_OK;
}
