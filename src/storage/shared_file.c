/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every rank has the temporary file open and writes at offsets of its own, which a prefix sum of
 * the counts gives; nothing is sent to another rank.
 */
#include "storage/shared_file.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "storage/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct shared_file {
    covary_run *run;
    char       *path;
    char       *part; /* temporary name; NULL once renamed */
    int         descriptor;
    int64_t     size; /* of what all ranks have appended */
};

static covary_status shared_file_begin(covary_run *run, const char *path, shared_file **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("file handle", 1, out));
    (*out)->run = run;
    (*out)->descriptor = -1;
    COVARY_TRY(memory_copy_text(path, &(*out)->path));
done:
    return status;
}

/* Collective: rank 0's temporary file, known to all. */
static covary_status shared_file_share_part(shared_file *file)
{
    covary_status status = COVARY_OK;
    const bool    root = covary_run_rank(file->run) == 0;
    int64_t       length = 0;

    COVARY_TRY_TOGETHER(file->run, "make a temporary file",
                        root ? part_make(file->path, &file->part) : COVARY_OK);
    length = root ? (int64_t)strlen(file->part) + 1 : 0;
    MPI_Bcast(&length, 1, MPI_INT64_T, 0, covary_run_comm(file->run));
    COVARY_TRY_TOGETHER(file->run, "name a temporary file",
                        root ? COVARY_OK : MEMORY_ALLOCATE("file name", length, &file->part));
    MPI_Bcast(file->part, (int)length, MPI_CHAR, 0, covary_run_comm(file->run));
done:
    return status;
}

static covary_status shared_file_open(shared_file *file)
{
    file->descriptor = open(file->part, O_WRONLY);
    if (file->descriptor < 0) {
        return COVARY_FAIL(COVARY_ERR_IO,
                           "%s: rank 0 has made it, this rank cannot open it (%s); use a file "
                           "system that all nodes share",
                           file->part, strerror(errno));
    }
    return COVARY_OK;
}

covary_status shared_file_create(covary_run *run, const char *path, shared_file **out)
{
    covary_status status = COVARY_OK;
    shared_file  *file = NULL;

    COVARY_TRY_TOGETHER(run, "begin a file", shared_file_begin(run, path, &file));
    COVARY_TRY(shared_file_share_part(file));
    COVARY_TRY_TOGETHER(run, "open a temporary file", shared_file_open(file));
    *out = file;
    file = NULL;
done:
    shared_file_close(&file);
    return status;
}

static covary_status shared_file_refuse(const shared_file *file, int reason)
{
    return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be written: %s", file->path, strerror(reason));
}

static covary_status shared_file_write(const shared_file *file, int64_t offset, const char *bytes,
                                       size_t count)
{
    while (count > 0) {
        ssize_t written = pwrite(file->descriptor, bytes, count, (off_t)offset);

        if (written < 0 && errno != EINTR) {
            return shared_file_refuse(file, errno);
        }
        if (written > 0) {
            bytes += written;
            offset += written;
            count -= (size_t)written;
        }
    }
    return COVARY_OK;
}

covary_status shared_file_append(shared_file *file, const char *bytes, size_t count)
{
    covary_status status = COVARY_OK;
    MPI_Comm      comm = covary_run_comm(file->run);
    int64_t       mine = (int64_t)count, before = 0, total = 0;

    MPI_Exscan(&mine, &before, 1, MPI_INT64_T, MPI_SUM, comm);
    MPI_Allreduce(&mine, &total, 1, MPI_INT64_T, MPI_SUM, comm);
    before = covary_run_rank(file->run) == 0 ? 0 : before; /* MPI leaves it undefined there */
    COVARY_TRY_TOGETHER(file->run, "write bytes",
                        shared_file_write(file, file->size + before, bytes, count));
    file->size += total;
done:
    return status;
}

/* On disk, as far as this rank has written it. */
static covary_status shared_file_finish(shared_file *file)
{
    int reason = fsync(file->descriptor) != 0 ? errno : 0;

    if (close(file->descriptor) != 0 && reason == 0) {
        reason = errno;
    }
    file->descriptor = -1;
    return reason == 0 ? COVARY_OK : shared_file_refuse(file, reason);
}

covary_status shared_file_commit(shared_file **file)
{
    covary_status status = COVARY_OK;
    covary_run   *run = (*file)->run;
    const bool    root = covary_run_rank(run) == 0;

    COVARY_TRY_TOGETHER(run, "finish a file", shared_file_finish(*file));
    COVARY_TRY(
        covary_announce(run, 0, root ? part_rename((*file)->part, (*file)->path) : COVARY_OK));
    MEMORY_RELEASE(&(*file)->part);
done:
    shared_file_close(file);
    return status;
}

void shared_file_close(shared_file **file)
{
    if (!*file) {
        return;
    }
    if ((*file)->descriptor >= 0) {
        close((*file)->descriptor);
    }
    if ((*file)->part && covary_run_rank((*file)->run) == 0) {
        unlink((*file)->part);
    }
    MEMORY_RELEASE(&(*file)->part);
    MEMORY_RELEASE(&(*file)->path);
    MEMORY_RELEASE(file);
}
