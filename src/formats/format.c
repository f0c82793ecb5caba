/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of trajectory formats, and how a file finds its own: content first, then name. */
#include "trajectory/format.h"

#include "core/status.h"
#include "input/gzip_stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { GZIP_HEAD_TEXT = 4096 }; /* bytes of text that are looked at */

static const format_ops *const registry[] = {
    &format_extxyz, &format_dcd,    &format_lammps, &format_xtc,           &format_trr,
    &format_amber,  &format_mdtraj, &format_h5md,   &format_lammps_binary, NULL,
};

const format_ops *const *format_registry(void)
{
    return registry;
}

/* Does the name of `length` characters end in one of the format's extensions? */
static bool has_extension(const char *path, size_t length, const format_ops *format)
{
    for (int i = 0; format->extensions[i] != NULL; i++) {
        const size_t part = strlen(format->extensions[i]);
        if (length > part && path[length - part - 1] == '.' &&
            strncasecmp(path + length - part, format->extensions[i], part) == 0) {
            return true;
        }
    }
    return false;
}

/* The format of what gzip has compressed, if it is read that way; else NULL.  NAME.xyz.gz */
static const format_ops *find_packed(const char *path, const char *head, size_t length)
{
    char         start[GZIP_HEAD_TEXT];
    const size_t text_length = gzip_head_text(head, length, start, sizeof start);
    const size_t name = strlen(path), ending = strlen(".gz");

    for (int i = 0; registry[i] != NULL; i++) {
        if (registry[i]->gzip && registry[i]->probe(start, text_length)) {
            return registry[i];
        }
    }
    for (int i = 0; registry[i] != NULL; i++) {
        if (registry[i]->gzip && name > ending && strcasecmp(path + name - ending, ".gz") == 0 &&
            has_extension(path, name - ending, registry[i])) {
            return registry[i];
        }
    }
    return NULL;
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

    *found = gzip_is(head, length) ? find_packed(path, head, length) : NULL;
    if (*found != NULL) {
        return COVARY_OK;
    }
    if (program != NULL) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "'%s' is compressed; unpack it first (%s)", path,
                           program);
    }
    COVARY_TRY(find_by_content(run, path, head, length, found, &shared));
    for (int i = 0; registry[i] != NULL && *found == NULL && !shared; i++) {
        *found = has_extension(path, strlen(path), registry[i]) ? registry[i] : NULL;
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
