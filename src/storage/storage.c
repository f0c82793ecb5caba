/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a file: begun under a temporary name, renamed when complete, or removed.  What it is
 * when it outlives its run: storage_continue.c.
 *
 * Rank 0 makes the temporary file through POSIX before HDF5 opens it on every rank, because errno
 * says why a folder cannot be written and MPI-IO does not.
 */
#include "core/in_hand.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/text.h"
#include "storage/part.h"
#include "storage/storage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t DEFAULT_PIECE = 256 << 20;

/* Data of more than a stripe begin at a stripe's edge, as parallel file systems like it. */
enum { ALIGN_FROM = 1 << 20, ALIGN_TO = 1 << 20 };

/* Room taken for what HDF5 writes beside the data; with it, even an abandoned file can be closed.
 */
enum { HEADROOM = 1 << 20 };

const char *storage_path(const storage *file)
{
    return file->path;
}

void storage_limit_piece(storage *file, int64_t bytes)
{
    file->piece = bytes > 0 ? bytes : DEFAULT_PIECE;
}

void storage_spread(storage *file)
{
    file->nodes = STORAGE_SEVERAL_NODES;
}

static void storage_release(storage **file)
{
    if (*file) {
        if ((*file)->lock >= 0) {
            close((*file)->lock);
        }
        MEMORY_RELEASE(&(*file)->final);
        MEMORY_RELEASE(&(*file)->part);
        MEMORY_RELEASE(&(*file)->path);
        MEMORY_RELEASE(file);
    }
}

covary_status storage_begin(covary_run *run, const char *path, storage **out)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;

    /* Reasons go into our messages; HDF5 would print them on every rank. */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    COVARY_TRY(MEMORY_ALLOCATE("file handle", 1, &file));
    file->run = run;
    file->lock = -1;
    file->id = H5I_INVALID_HID;
    file->piece = DEFAULT_PIECE;
    COVARY_TRY(memory_copy_text(path, &file->path));
    *out = file;
    file = NULL;
done:
    storage_release(&file);
    return status;
}

/* Access through MPI-IO on the run's communicator. */
hid_t storage_access_properties(const storage *file)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);

    if (access >= 0 && (H5Pset_fapl_mpio(access, covary_run_comm(file->run), MPI_INFO_NULL) < 0 ||
                        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0 ||
                        H5Pset_alignment(access, ALIGN_FROM, ALIGN_TO) < 0)) {
        H5Pclose(access);
        access = H5I_INVALID_HID;
    }
    return access;
}

/* Rank 0: a new empty file beside the final one, of a name that no other run has. */
static covary_status storage_make_part(storage *file)
{
    return part_make(file->path, &file->part);
}

covary_status storage_reach(const char *path, int flags)
{
    int descriptor = open(path, flags);

    if (descriptor < 0) {
        return COVARY_FAIL(COVARY_ERR_IO,
                           "%s: rank 0 sees it, another rank does not (%s); use a file system that "
                           "all nodes share",
                           path, strerror(errno));
    }
    close(descriptor);
    return COVARY_OK;
}

/*
 * Rank 0: the same of the one name that every run uses, so that what a killed one has left is used
 * up.  Another run may have been faster until the lock was taken.
 */
static covary_status storage_make_lone_part(storage *file)
{
    covary_status status = COVARY_OK;
    text          name = {0};

    COVARY_TRY(output_check_here(file->path, NULL, 0));
    COVARY_TRY(text_add(&name, "%s-new", file->path));
    COVARY_TRY(storage_lock(name.data, O_CREAT | O_RDWR, &file->lock));
    COVARY_TRY(memory_copy_text(name.data, &file->part));
    if (access(file->path, F_OK) == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO, "%s: another run has just begun it", file->path));
    }
done:
    text_release(&name);
    return status;
}

static covary_status storage_create_part(storage *file)
{
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t access = storage_access_properties(file);

    H5Eclear2(H5E_DEFAULT);
    if (creation >= 0 && access >= 0 && H5Pset_obj_track_times(creation, 0) >= 0) {
        file->id = H5Fcreate(file->part, H5F_ACC_TRUNC, creation, access);
    }
    covary_status status =
        file->id >= 0 ? COVARY_OK : storage_refuse(file, COVARY_ERR_IO, "cannot be created");
    if (access >= 0) {
        H5Pclose(access);
    }
    if (creation >= 0) {
        H5Pclose(creation);
    }
    return status;
}

/* Rank 0 alone acts. */
static covary_status storage_reserve_headroom(const storage *file)
{
    if (covary_run_rank(file->run) != 0) {
        return COVARY_OK;
    }
    return storage_reserve(file, "the directory", 0, HEADROOM);
}

/*
 * Rank 0 alone acts: room for the whole file, with what HDF5 adds between and after the data.  A
 * continued file has all of it already.
 */
static covary_status storage_reserve_whole(const storage *file)
{
    if (covary_run_rank(file->run) != 0 || file->final) {
        return COVARY_OK;
    }
    return storage_reserve(file, "the file", 0, file->end + HEADROOM);
}

/* For rank 0: the temporary file and its name in `part`. */
typedef covary_status (*part_maker)(storage *file);

static covary_status storage_create_from(covary_run *run, const char *path, part_maker make_part,
                                         storage **out)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;
    char         *part = NULL;

    COVARY_TRY_TOGETHER(run, "begin a file", storage_begin(run, path, &file));
    COVARY_TRY_TOGETHER(run, "make a temporary file",
                        covary_run_rank(run) == 0 ? make_part(file) : COVARY_OK);
    COVARY_TRY(storage_share_text(file, file->part, &part));
    MEMORY_RELEASE(&file->part);
    file->part = part;
    COVARY_TRY_TOGETHER(run, "see a file", storage_reach(file->part, O_RDWR));
    /* Before, because nothing is open yet; after, because creating gives the room up. */
    COVARY_TRY_TOGETHER(run, "find room on disk", storage_reserve_headroom(file));
    COVARY_TRY_TOGETHER(run, "create a file", storage_create_part(file));
    COVARY_TRY_TOGETHER(run, "find room on disk", storage_reserve_headroom(file));
    *out = file;
    file = NULL;
done:
    storage_close(&file);
    return status;
}

covary_status storage_create(covary_run *run, const char *path, storage **out)
{
    return storage_create_from(run, path, storage_make_part, out);
}

covary_status storage_create_locked(covary_run *run, const char *path, storage **out)
{
    return storage_create_from(run, path, storage_make_lone_part, out);
}

/* A signature is at 0, 512, 1024, 2048, ... */
covary_status storage_inspect(const char *path)
{
    static const char signature[8] = {'\211', 'H', 'D', 'F', '\r', '\n', '\032', '\n'};
    covary_status     status = COVARY_OK;
    struct stat       seen;
    int               descriptor = open(path, O_RDONLY);
    bool              found = false;

    if (descriptor < 0 || fstat(descriptor, &seen) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be read: %s", path, strerror(errno)));
    }
    if (S_ISDIR(seen.st_mode)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO, "%s: is a folder, not a file", path));
    }
    for (off_t at = 0; !found && at + 8 <= seen.st_size; at = at ? 2 * at : 512) {
        char bytes[8] = {0};

        found = pread(descriptor, bytes, 8, at) == 8 && memcmp(bytes, signature, 8) == 0;
    }
    if (!found) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: is not an HDF5 file%s", path,
                               seen.st_size == 0 ? " (it is empty)" : ""));
    }
done:
    if (descriptor >= 0) {
        close(descriptor);
    }
    return status;
}

bool storage_open_id(storage *file, const char *name, unsigned flags, hid_t access)
{
    if (flags == H5F_ACC_RDONLY) {
        in_hand_take(name);
        file->in_hand = true;
    }
    H5Eclear2(H5E_DEFAULT);
    if (access >= 0) {
        file->id = H5Fopen(name, flags, access);
        const hid_t reasons = H5Eget_current_stack(); /* any other call would clear them */
        H5Pclose(access);
        H5Eset_current_stack(reasons);
    }
    return file->id >= 0;
}

static covary_status storage_open_found(storage *file, hid_t access)
{
    if (storage_open_id(file, file->path, H5F_ACC_RDONLY, access)) {
        return COVARY_OK;
    }
    return storage_refuse(file, COVARY_ERR_FORMAT, "HDF5 cannot open it; is the file complete?");
}

covary_status storage_open(covary_run *run, const char *path, storage **out)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;

    COVARY_TRY_TOGETHER(run, "begin a file", storage_begin(run, path, &file));
    COVARY_TRY_TOGETHER(run, "look at a file",
                        covary_run_rank(run) == 0 ? storage_inspect(path) : COVARY_OK);
    COVARY_TRY_TOGETHER(run, "see a file", storage_reach(path, O_RDONLY));
    COVARY_TRY_TOGETHER(run, "open a file",
                        storage_open_found(file, storage_access_properties(file)));
    *out = file;
    file = NULL;
done:
    storage_close(&file);
    return status;
}

/* Access through POSIX; locks keep out who writes, where the file system has locks. */
static hid_t storage_access_alone(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);

    if (access >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0) {
        H5Pclose(access);
        access = H5I_INVALID_HID;
    }
#if H5_VERSION_GE(1, 10, 7)
    if (access >= 0) {
        H5Pset_file_locking(access, true, true);
    }
#endif
    return access;
}

covary_status storage_open_alone(covary_run *run, const char *path, storage **out)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;

    COVARY_TRY(storage_begin(run, path, &file));
    COVARY_TRY(storage_inspect(path));
    COVARY_TRY(storage_open_found(file, storage_access_alone()));
    *out = file;
    file = NULL;
done:
    storage_close(&file);
    return status;
}

/* Rank 0: the temporary file, on disk by now, gets its name, durably. */
static covary_status storage_rename(storage *file)
{
    return part_rename(file->part, file->final ? file->final : file->path);
}

/* Flush and close; the id is given up even when HDF5 cannot write. */
static covary_status storage_finish(storage *file)
{
    covary_status status = COVARY_OK;

    H5Eclear2(H5E_DEFAULT);
    if (H5Fflush(file->id, H5F_SCOPE_LOCAL) < 0) {
        status = storage_refuse(file, COVARY_ERR_IO, "cannot be written out");
    }
    H5Eclear2(H5E_DEFAULT);
    if (H5Fclose(file->id) < 0 && status == COVARY_OK) {
        status = storage_refuse(file, COVARY_ERR_IO, "cannot be closed");
    }
    file->id = H5I_INVALID_HID;
    return status;
}

covary_status storage_commit(storage **file)
{
    covary_status status = COVARY_OK;
    covary_run   *run = (*file)->run;

    (*file)->broken = true; /* until all is on disk */
    COVARY_TRY_TOGETHER(run, "find room on disk", storage_reserve_whole(*file));
    COVARY_TRY_TOGETHER(run, "finish a file", storage_finish(*file));
    COVARY_TRY_TOGETHER(run, "sync a file",
                        covary_run_rank(run) == 0 ? part_sync((*file)->part) : COVARY_OK);
    COVARY_TRY(
        covary_announce(run, 0, covary_run_rank(run) == 0 ? storage_rename(*file) : COVARY_OK));
    MEMORY_RELEASE(&(*file)->part);
done:
    storage_close(file);
    return status;
}

void storage_close(storage **file)
{
    if (!*file) {
        return;
    }
    bool remove = (*file)->part && !(*file)->final && covary_run_rank((*file)->run) == 0;

    /* HDF5 closes by writing; on a full disk that needs the room that the data have taken. */
    if (remove && (*file)->broken) {
        int kept = truncate((*file)->part, 0);
        (void)kept; /* closing is worth trying either way */
    }
    if ((*file)->id >= 0) {
        H5Fclose((*file)->id);
    }
    if ((*file)->in_hand) {
        in_hand_lay_down();
    }
    if (remove) {
        unlink((*file)->part);
    }
    storage_release(file);
}

void storage_abandon(storage **file)
{
    if (*file) {
        MEMORY_RELEASE(&(*file)->final);
    }
    storage_close(file);
}
