/* SPDX-License-Identifier: BSD-3-Clause */
/* One descriptor, read at any place; whoever finds less than there was is told so. */
#include "input/byte_file.h"

#include "core/status.h"
#include "input/line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

static covary_status fail_changed(const byte_file *file, int64_t now)
{
    return COVARY_FAIL(COVARY_ERR_IO,
                       "'%s' has changed while in use: it had %" PRId64 " bytes and has %" PRId64
                       " now; read it when it is complete",
                       file->path, file->bytes, now);
}

covary_status byte_file_open(byte_file *file, const char *path, int64_t bytes)
{
    covary_status status = COVARY_OK;
    struct stat   now;

    *file = (byte_file){.path = path, .bytes = bytes, .descriptor = -1};
    file->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (file->descriptor < 0 || fstat(file->descriptor, &now) != 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "cannot open '%s': %s", path, strerror(errno));
        goto done;
    }
    if (now.st_size != bytes) {
        status = fail_changed(file, now.st_size);
    }
done:
    if (status != COVARY_OK) {
        byte_file_close(file);
    }
    return status;
}

void byte_file_close(byte_file *file)
{
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    file->descriptor = -1;
}

covary_status byte_file_read(const byte_file *file, int64_t offset, int64_t count, void *to)
{
    covary_status status = COVARY_OK;
    int64_t       filled = 0;

    COVARY_TRY(line_reader_fetch(file->path, file->descriptor, to, count, offset, &filled));
    if (filled < count) {
        status = fail_changed(file, offset + filled);
    }
done:
    return status;
}
