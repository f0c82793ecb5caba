/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Room on disk, taken when a file is begun, when a dataset is defined and before a file is closed.
 *
 * A disk that fills up in the middle of a collective write is seen by one rank alone, inside MPI-IO
 * or HDF5, where the others cannot be told; and HDF5 cannot let go of a file that it cannot write
 * out.  So the blocks are taken beforehand, by one rank, with an errno.  Where the file system
 * cannot do that, the free space it reports must be enough.
 */
#ifdef __linux__
#define _GNU_SOURCE /* fallocate; posix_fallocate would write every block where it is missing */
#endif
#include "core/text.h"
#include "storage/storage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* 0 or an errno. */
static int take_blocks(int descriptor, int64_t offset, int64_t bytes)
{
    struct statvfs space;

#ifdef __linux__
    if (fallocate(descriptor, 0, (off_t)offset, (off_t)bytes) == 0) {
        return 0;
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS) {
        return errno;
    }
#else
    (void)offset;
#endif
    if (fstatvfs(descriptor, &space) == 0 &&
        (double)space.f_bavail * (double)space.f_frsize < (double)bytes) {
        return ENOSPC;
    }
    return 0;
}

covary_status storage_reserve(const storage *file, const char *what, int64_t offset, int64_t bytes)
{
    int descriptor = open(file->part, O_RDWR);
    int reason = descriptor < 0 ? errno : take_blocks(descriptor, offset, bytes);

    if (descriptor >= 0) {
        close(descriptor);
    }
    if (reason != 0) {
        return COVARY_FAIL(COVARY_ERR_IO, "%s: no room for the %lld bytes of %s: %s", file->path,
                           (long long)bytes, what, strerror(reason));
    }
    return COVARY_OK;
}

covary_status storage_room(const char *path, int64_t *bytes)
{
    covary_status  status = COVARY_OK;
    text           folder = {0};
    const char    *slash = strrchr(path, '/');
    struct statvfs space;

    COVARY_TRY(slash ? text_add_bytes(&folder, path, (size_t)(slash - path) + 1)
                     : text_add(&folder, "."));
    if (statvfs(folder.data, &space) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO, "%s: its disk cannot be asked for room: %s", path,
                               strerror(errno)));
    }
    *bytes = (int64_t)((double)space.f_bavail * (double)space.f_frsize);
done:
    text_release(&folder);
    return status;
}
