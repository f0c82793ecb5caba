/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An index as a file: a header of fixed size, the entries, what the format adds, a checksum of it
 * all.  Numbers are in the order of this machine; on another one the header does not fit.
 */
#include "trajectory/frame_index_cache.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/run_options.h"
#include "core/status.h"
#include "core/text.h"
#include "storage/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    VERSION = 1,
    SETTLED_SECONDS = 2, /* a file that was written to so lately may be written to again */
    SUM_BYTES = 64,
    FORMAT_BYTES = 24,
    BYTES_MAX = 1 << 30 /* of a kept index: more is none of ours */
};

typedef struct {
    char    magic[16];
    int64_t version;
    char    format[FORMAT_BYTES];
    int64_t bytes, seconds, nanoseconds; /* of the trajectory */
    int64_t index_entries;               /* of the tuning */
    int64_t n_frames, max_atoms, n_passed;
    int64_t n_entries, n_extra;
} cache_header;

/* .NAME.covary-index in the folder of `path`, with an ending. */
static covary_status add_name(const char *path, const char *ending, text *into)
{
    const char *slash = strrchr(path, '/');
    const int   folder = slash != NULL ? (int)(slash + 1 - path) : 0;

    return text_add(into, "%.*s.%s.covary-index%s", folder, path, path + folder, ending);
}

static cache_header make_header(const format_source *source, const format_tuning *tuning,
                                const char *format, const frame_index *index)
{
    cache_header made;

    memset(&made, 0, sizeof made);
    memcpy(made.magic, "covary-index\r\n\x1a", sizeof made.magic);
    made.version = VERSION;
    memcpy(made.format, format, strlen(format));
    made.bytes = source->bytes;
    made.seconds = source->seconds;
    made.nanoseconds = source->nanoseconds;
    made.index_entries = tuning->index_entries;
    made.n_frames = index->n_frames;
    made.max_atoms = index->max_atoms;
    made.n_passed = index->n_passed;
    made.n_entries = index->n_entries;
    made.n_extra = index->n_extra;
    return made;
}

static bool is_kept(const covary_run *run, const format_source *source, const format_tuning *tuning)
{
    return tuning->cache_bytes > 0 && source->bytes >= tuning->cache_bytes &&
           !run_options(run)->no_index_cache;
}

static void sum_up(const char *bytes, int64_t length, char digits[SUM_BYTES + 1])
{
    checksum sum;

    checksum_begin(&sum);
    checksum_add(&sum, bytes, (size_t)length);
    checksum_end(&sum, digits);
}

/* Whole file into memory; nothing if it is not there, cannot be read or is absurd. */
static void read_bytes(const char *name, char **bytes, int64_t *length)
{
    struct stat about;
    int64_t     have = 0;
    int         descriptor = open(name, O_RDONLY | O_CLOEXEC);

    *length = 0;
    if (descriptor < 0) {
        return;
    }
    if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) &&
        about.st_size >= (off_t)(sizeof(cache_header) + SUM_BYTES) && about.st_size <= BYTES_MAX &&
        MEMORY_ALLOCATE("kept index", about.st_size, bytes) == COVARY_OK) {
        ssize_t got = 1;
        while (have < about.st_size && got > 0) {
            got = pread(descriptor, *bytes + have, (size_t)(about.st_size - have), have);
            have += got > 0 ? got : 0;
        }
        *length = have == about.st_size ? have : 0;
    }
    close(descriptor);
}

/* Frames and places in order, from the first frame on. */
static bool are_ordered(const char *bytes, const cache_header *header)
{
    index_entry last = {.frame = -1, .line = -1, .offset = -1}, entry;

    for (int64_t e = 0; e < header->n_entries; e++) {
        memcpy(&entry, bytes + e * (int64_t)sizeof entry, sizeof entry);
        if (entry.frame <= last.frame || entry.offset <= last.offset || entry.line < 0 ||
            (e == 0 && entry.frame != 0)) {
            return false;
        }
        last = entry;
    }
    return last.frame < header->n_frames;
}

/* Does the header belong to this file, and does everything behind it fit it? */
static bool is_sound(const char *bytes, int64_t length, const cache_header *wanted)
{
    const int64_t rest = length - (int64_t)sizeof(cache_header) - SUM_BYTES;
    cache_header  found, alike = *wanted;
    char          digits[SUM_BYTES + 1];

    memcpy(&found, bytes, sizeof found);
    alike.n_frames = found.n_frames;
    alike.max_atoms = found.max_atoms;
    alike.n_passed = found.n_passed;
    alike.n_entries = found.n_entries;
    alike.n_extra = found.n_extra;
    if (memcmp(&found, &alike, sizeof found) != 0 || found.n_entries < 1 || found.n_extra < 0 ||
        found.n_entries > rest / (int64_t)sizeof(index_entry) ||
        found.n_entries * (int64_t)sizeof(index_entry) + found.n_extra != rest) {
        return false;
    }
    sum_up(bytes, length - SUM_BYTES, digits);
    return memcmp(digits, bytes + length - SUM_BYTES, SUM_BYTES) == 0 &&
           are_ordered(bytes + sizeof found, &found);
}

/* Rank 0: the kept index, as it stands in its file; length 0 if there is none that fits. */
static void find_kept(covary_run *run, const format_source *source, const cache_header *wanted,
                      char **bytes, int64_t *length)
{
    text name = {0};

    *length = 0;
    if (add_name(source->path, "", &name) == COVARY_OK) {
        read_bytes(name.data, bytes, length);
    }
    if (*length > 0 && !is_sound(*bytes, *length, wanted)) {
        log_write(run, LOG_DETAIL, "%s: not of this state of '%s', made anew", name.data,
                  source->path);
        *length = 0;
    } else if (*length > 0) {
        log_write(run, LOG_DETAIL, "%s: index taken from there", name.data);
    }
    text_release(&name);
}

static covary_status unpack(const char *bytes, frame_index *index)
{
    covary_status status = COVARY_OK;
    cache_header  header;

    memcpy(&header, bytes, sizeof header);
    bytes += sizeof header;
    const size_t entry_bytes = (size_t)header.n_entries * sizeof(index_entry);
    *index = (frame_index){.n_frames = header.n_frames,
                           .max_atoms = header.max_atoms,
                           .n_passed = header.n_passed,
                           .n_entries = header.n_entries,
                           .n_extra = header.n_extra};
    COVARY_TRY(MEMORY_ALLOCATE("index", header.n_entries, &index->entries));
    COVARY_TRY(MEMORY_ALLOCATE("index", header.n_extra, &index->extra));
    memcpy(index->entries, bytes, entry_bytes);
    memcpy(index->extra, bytes + entry_bytes, (size_t)header.n_extra);
done:
    return status;
}

covary_status index_cache_load(covary_run *run, const format_source *source,
                               const format_tuning *tuning, const char *format, frame_index *index,
                               bool *found)
{
    covary_status status = COVARY_OK;
    const int     rank = covary_run_rank(run);
    char         *bytes = NULL;
    int64_t       length = 0;

    *index = (frame_index){0};
    *found = false;
    if (!is_kept(run, source, tuning)) {
        goto done;
    }
    const cache_header wanted = make_header(source, tuning, format, index);
    if (rank == 0) {
        find_kept(run, source, &wanted, &bytes, &length);
    }
    MPI_Bcast(&length, 1, MPI_INT64_T, 0, covary_run_comm(run));
    if (length == 0) {
        goto done;
    }
    COVARY_TRY_TOGETHER(run, "load a kept index",
                        rank == 0 ? COVARY_OK : MEMORY_ALLOCATE("kept index", length, &bytes));
    MPI_Bcast(bytes, (int)length, MPI_BYTE, 0, covary_run_comm(run)); /* at most BYTES_MAX */
    COVARY_TRY_TOGETHER(run, "take a kept index", unpack(bytes, index));
    *found = true;
done:
    MEMORY_RELEASE(&bytes);
    return status;
}

/* The file is still what was indexed, and has not been written to for a while. */
static bool is_settled(const format_source *source, struct stat *about)
{
    struct timespec now;

    return stat(source->path, about) == 0 && about->st_size == source->bytes &&
           about->st_mtim.tv_sec == source->seconds &&
           about->st_mtim.tv_nsec == source->nanoseconds &&
           clock_gettime(CLOCK_REALTIME, &now) == 0 &&
           about->st_mtim.tv_sec + SETTLED_SECONDS < now.tv_sec;
}

static bool write_bytes(int descriptor, const char *bytes, size_t length)
{
    size_t written = 0;

    while (written < length) {
        const ssize_t put = write(descriptor, bytes + written, length - written);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        written += put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* Who may read the trajectory may read its index.  Returns errno, 0 if all went well. */
static int write_file(const char *name, char *temporary, mode_t mode, const text *contents)
{
    int       failure = 0;
    const int descriptor = mkstemp(temporary);

    if (descriptor < 0) {
        return errno;
    }
    if (fchmod(descriptor, mode & 0644) != 0 ||
        !write_bytes(descriptor, contents->data, contents->length)) {
        failure = errno;
    }
    if (close(descriptor) != 0 && failure == 0) {
        failure = errno;
    }
    if (failure == 0 && rename(temporary, name) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        unlink(temporary);
    }
    return failure;
}

static covary_status pack(const cache_header *header, const frame_index *index, text *into)
{
    covary_status status = COVARY_OK;
    char          digits[SUM_BYTES + 1];

    COVARY_TRY(text_add_bytes(into, (const char *)header, sizeof *header));
    COVARY_TRY(text_add_bytes(into, (const char *)index->entries,
                              (size_t)index->n_entries * sizeof *index->entries));
    if (index->n_extra > 0) {
        COVARY_TRY(text_add_bytes(into, (const char *)index->extra, (size_t)index->n_extra));
    }
    sum_up(into->data, (int64_t)into->length, digits);
    COVARY_TRY(text_add_bytes(into, digits, SUM_BYTES));
done:
    return status;
}

void index_cache_store(covary_run *run, const format_source *source, const format_tuning *tuning,
                       const char *format, const frame_index *index)
{
    const cache_header header = make_header(source, tuning, format, index);
    text               name = {0}, temporary = {0}, contents = {0};
    struct stat        about;

    if (covary_run_rank(run) != 0 || index->cut[0] != '\0' || !is_kept(run, source, tuning) ||
        !is_settled(source, &about) || add_name(source->path, "", &name) != COVARY_OK ||
        add_name(source->path, ".XXXXXX", &temporary) != COVARY_OK ||
        pack(&header, index, &contents) != COVARY_OK) {
        goto done;
    }
    const int failure = write_file(name.data, temporary.data, about.st_mode, &contents);
    if (failure != 0) {
        log_write(run, LOG_DETAIL, "%s: the index cannot be kept there: %s", name.data,
                  strerror(failure));
    } else {
        log_write(run, LOG_DETAIL, "%s: index kept for the next run", name.data);
    }
done:
    text_release(&contents);
    text_release(&temporary);
    text_release(&name);
}
