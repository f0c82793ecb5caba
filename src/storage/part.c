/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a temporary file; see part.h. */
#include "storage/part.h"

#include "core/memory.h"
#include "core/output.h"
#include "core/status.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ATTEMPTS = 1000 };

covary_status part_make(const char *path, char **part)
{
    covary_status status = COVARY_OK;
    text          name = {0};
    int           descriptor = -1;

    COVARY_TRY(output_check_here(path, NULL, 0));
    for (int attempt = 0; descriptor < 0; attempt++) {
        name.length = 0;
        COVARY_TRY(text_add(&name, "%s.part-%ld-%d", path, (long)getpid(), attempt));
        descriptor = open(name.data, O_CREAT | O_EXCL | O_RDWR, 0666);
        if (descriptor < 0 && (errno != EEXIST || attempt == MOST_ATTEMPTS)) {
            COVARY_TRY(
                COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be written: %s", path, strerror(errno)));
        }
    }
    close(descriptor);
    COVARY_TRY(memory_copy_text(name.data, part));
done:
    text_release(&name);
    return status;
}

covary_status part_sync(const char *path)
{
    int descriptor = open(path, O_RDONLY);
    int failed = descriptor < 0 || fsync(descriptor) != 0;
    int reason = errno;

    if (descriptor >= 0) {
        close(descriptor);
    }
    /* Some file systems cannot sync a folder and say so; their rename is as safe as it gets. */
    if (failed && reason != EINVAL && reason != EBADF && reason != EACCES) {
        return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be written out: %s", path, strerror(reason));
    }
    return COVARY_OK;
}

covary_status part_rename(const char *part, const char *path)
{
    covary_status status = COVARY_OK;
    text          folder = {0};
    const char   *slash = strrchr(path, '/');

    COVARY_TRY(slash ? text_add_bytes(&folder, path, (size_t)(slash - path) + 1)
                     : text_add(&folder, "."));
    if (rename(part, path) != 0) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be given its name: %s", path, strerror(errno)));
    }
    COVARY_TRY(part_sync(folder.data));
done:
    text_release(&folder);
    return status;
}
