/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files that outlive the run that writes them.
 *
 * HDF5 is opened on a file whose metadata are complete and on disk, and is asked for nothing but
 * rows of contiguous datasets with room of their own: it has no metadata to write, so that there is
 * no moment at which the file could not be opened.  (Superblocks of the default version carry no
 * mark of being open.)
 */
#ifdef __linux__
#define _GNU_SOURCE /* locks of open file descriptions */
#endif
#include "core/memory.h"
#include "core/text.h"
#include "storage/storage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A lock belongs to the descriptor: those of the process would be gone as soon as MPI-IO closes the
 * file.  It covers one byte that no file has, because MPI-IO may lock what it writes.
 */
static bool lock_is_free(int descriptor)
{
#ifdef F_OFD_SETLK
    struct flock far = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_MAX - 1};

    far.l_len = 1;
    return fcntl(descriptor, F_OFD_SETLK, &far) == 0 || (errno != EAGAIN && errno != EACCES);
#else
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
#endif
}

/* Has the file still the name that it was opened by? */
static bool is_named(int descriptor, const char *path)
{
    struct stat mine, there;

    return fstat(descriptor, &mine) == 0 && stat(path, &there) == 0 &&
           mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

covary_status storage_lock(const char *path, int flags, int *descriptor)
{
    for (;;) {
        *descriptor = open(path, flags | O_CLOEXEC, 0666);
        if (*descriptor < 0) {
            return errno == ENOENT && !(flags & O_CREAT)
                       ? COVARY_OK
                       : COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be written: %s", path,
                                     strerror(errno));
        }
        if (!lock_is_free(*descriptor)) {
            close(*descriptor);
            *descriptor = -1;
            return COVARY_FAIL(COVARY_ERR_IO,
                               "%s: another run is writing it; wait for that one, or give another "
                               "output",
                               path);
        }
        if (is_named(*descriptor, path)) {
            return COVARY_OK;
        }
        close(*descriptor); /* renamed or removed before the lock was ours: look again */
    }
}

static covary_status name_part(const char *path, char **part)
{
    covary_status status = COVARY_OK;
    text          name = {0};

    COVARY_TRY(text_add(&name, "%s.part", path));
    COVARY_TRY(memory_copy_text(name.data, part));
done:
    text_release(&name);
    return status;
}

/* Local, the look on rank 0 alone. */
static covary_status find_part(covary_run *run, const char *path, storage **out)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;
    char         *part = NULL;

    COVARY_TRY(name_part(path, &part));
    COVARY_TRY(storage_begin(run, part, &file));
    *out = file;
    COVARY_TRY(memory_copy_text(path, &file->final));
    COVARY_TRY(memory_copy_text(part, &file->part));
    if (covary_run_rank(run) == 0) {
        COVARY_TRY(storage_lock(part, O_RDWR, &file->lock));
    }
done:
    MEMORY_RELEASE(&part);
    return status;
}

static covary_status open_part(storage *file)
{
    if (storage_open_id(file, file->part, H5F_ACC_RDWR, storage_access_properties(file))) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: HDF5 cannot open it: it is damaged or cut off",
                       file->part);
}

covary_status storage_continue(covary_run *run, const char *path, storage **out)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;
    const bool    root = covary_run_rank(run) == 0;
    int           found = 0;

    *out = NULL;
    COVARY_TRY_TOGETHER(run, "look for a file", find_part(run, path, &file));
    found = root && file->lock >= 0;
    MPI_Bcast(&found, 1, MPI_INT, 0, covary_run_comm(run));
    if (!found) {
        goto done;
    }
    COVARY_TRY_TOGETHER(run, "look at a file", root ? storage_inspect(file->part) : COVARY_OK);
    COVARY_TRY_TOGETHER(run, "see a file", storage_reach(file->part, O_RDWR));
    COVARY_TRY_TOGETHER(run, "open a file", open_part(file));
    *out = file;
    file = NULL;
done:
    storage_close(&file);
    return status;
}

/* Rank 0. */
static covary_status remove_part(const char *path)
{
    covary_status status = COVARY_OK;
    char         *part = NULL;
    int           lock = -1;

    COVARY_TRY(name_part(path, &part));
    COVARY_TRY(storage_lock(part, O_RDWR, &lock));
    if (lock >= 0 && unlink(part) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be removed: %s", part, strerror(errno)));
    }
done:
    if (lock >= 0) {
        close(lock);
    }
    MEMORY_RELEASE(&part);
    return status;
}

covary_status storage_discard(covary_run *run, const char *path)
{
    return covary_agree(run, "remove a file",
                        covary_run_rank(run) == 0 ? remove_part(path) : COVARY_OK);
}

covary_status storage_flush(storage *file)
{
    covary_status status = COVARY_OK;

    H5Eclear2(H5E_DEFAULT);
    if (H5Fflush(file->id, H5F_SCOPE_LOCAL) < 0) {
        status = storage_refuse(file, COVARY_ERR_IO, "cannot be written out");
    }
    return covary_agree(file->run, "write a file out", status);
}
