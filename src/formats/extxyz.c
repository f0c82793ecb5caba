/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The extended XYZ format, and plain XYZ with it: the table of operations and the reading cursor.
 *
 * The index gives a place near any frame; from there frames are skipped by their line counts.  A
 * cursor remembers where the last read ended, so that reading on needs no search.
 *
 * Tensors are read row by row, as written.  (ASE writes stress and virial column by column; being
 * symmetric, they are the same either way.)
 */
#include "core/memory.h"
#include "core/status.h"
#include "formats/extxyz_frame.h"
#include "formats/extxyz_index.h"
#include "trajectory/frame_index_cache.h"
#include "input/number.h"

#include <inttypes.h>

typedef struct {
    char         *path;
    int64_t       bytes, chunk_bytes;
    frame_index   index;
    gzip_map      map; /* of a compressed file, in the index */
    text_packing  packing;
    extxyz_parser parser;
    bool          opened;     /* the parser's reader */
    int64_t       cursor;     /* frame at which the reader stands; -1: nowhere */
    int64_t       next_entry; /* first entry of the index at or past the cursor */
} extxyz_file;

static void extxyz_rest(void *file)
{
    extxyz_file *self = file;

    if (self->opened) {
        line_reader_close(&self->parser.reader);
    }
    self->opened = false;
    self->cursor = -1;
}

static void extxyz_close(void **file)
{
    extxyz_file *self = *file;

    if (self == NULL) {
        return;
    }
    extxyz_rest(self);
    extxyz_parser_release(&self->parser);
    frame_index_release(&self->index);
    MEMORY_RELEASE(&self->path);
    MEMORY_RELEASE(file);
}

static covary_status create(const format_source *source, const format_tuning *tuning,
                            extxyz_file **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("XYZ file", 1, out));
    (*out)->cursor = -1;
    (*out)->bytes = source->bytes;
    (*out)->chunk_bytes = tuning->chunk_bytes;
    COVARY_TRY(memory_copy_text(source->path, &(*out)->path));
done:
    return status;
}

/* From the kept index or by a pass over the text.  Collective. */
static covary_status find_frames(covary_run *run, const format_source *source,
                                 const format_tuning *tuning, extxyz_file *self)
{
    covary_status status = COVARY_OK;
    frame_index  *index = &self->index;
    const char   *name = source->gzip ? "extxyz.gz" : "extxyz";
    bool          kept = false;

    self->packing = (text_packing){.gzip = source->gzip, .map = source->gzip ? &self->map : NULL};
    COVARY_TRY(index_cache_load(run, source, tuning, name, index, &kept));
    if (kept && source->gzip && !gzip_map_open(index->extra, index->n_extra, &self->map)) {
        frame_index_release(index);
        kept = false;
    }
    if (!kept) {
        COVARY_TRY(extxyz_index_build(run, source, tuning, index));
        index_cache_store(run, source, tuning, name, index);
        if (source->gzip && !gzip_map_open(index->extra, index->n_extra, &self->map)) {
            status = COVARY_FAIL(COVARY_ERR_INTERNAL, "%s: places in compressed data do not fit",
                                 source->path);
        }
    }
done:
    return status;
}

static covary_status extxyz_open(covary_run *run, const format_source *source,
                                 const format_tuning *tuning, void **file,
                                 format_contents *contents)
{
    covary_status status = COVARY_OK;
    extxyz_file  *self = NULL;

    COVARY_TRY_TOGETHER(run, "open an XYZ file", create(source, tuning, &self));
    COVARY_TRY(find_frames(run, source, tuning, self));
    self->parser.max_atoms = self->index.max_atoms;
    *contents = (format_contents){.elements = true};
    frame_index_tell(&self->index, contents);
done:
    if (status != COVARY_OK) {
        extxyz_close((void **)(void *)&self);
    }
    *file = self;
    return status;
}

/* Stand at an entry of the index. */
static void jump(extxyz_file *self, int64_t entry)
{
    const index_entry *to = &self->index.entries[entry];

    line_reader_seek(&self->parser.reader, to->offset, to->line + 1);
    self->cursor = to->frame;
    self->next_entry = entry;
}

/* Where the index knows the offset of the cursor's frame, the reader must be there. */
static covary_status check_cursor(extxyz_file *self)
{
    const index_entry *entry = &self->index.entries[self->next_entry];

    if (self->next_entry == self->index.n_entries || entry->frame != self->cursor) {
        return COVARY_OK;
    }
    self->next_entry++;
    if (entry->offset != line_reader_offset(&self->parser.reader)) {
        return COVARY_FAIL(COVARY_ERR_IO,
                           "the file has changed since it was opened; read it when nothing writes "
                           "to it");
    }
    return COVARY_OK;
}

/* An offset at or behind the end of a frame, the nearest that the index knows. */
static int64_t end_of(const extxyz_file *self, int64_t frame)
{
    const int64_t next = frame_index_find(&self->index, frame) + 1;

    return next < self->index.n_entries ? self->index.entries[next].offset : INT64_MAX;
}

/* At the first of `count` frames. */
static covary_status stand_at(extxyz_file *self, int64_t frame, int64_t count)
{
    covary_status status = COVARY_OK;
    const int64_t entry = frame_index_find(&self->index, frame);

    if (!self->opened) {
        COVARY_TRY(line_reader_open_packed(&self->parser.reader, self->path, self->bytes,
                                           self->packing, self->chunk_bytes));
        self->opened = true;
        self->cursor = -1;
    }
    line_reader_limit(&self->parser.reader, end_of(self, frame + count - 1));
    if (self->cursor > frame || self->cursor < self->index.entries[entry].frame) {
        jump(self, entry);
    }
    while (self->cursor < frame) {
        COVARY_TRY(check_cursor(self));
        COVARY_TRY(extxyz_frame_skip(&self->parser));
        self->cursor++;
    }
done:
    return status;
}

static covary_status extxyz_read(void *file, int64_t first, int64_t count, format_labels *labels,
                                 frames *batch)
{
    covary_status status = COVARY_OK;
    extxyz_file  *self = file;

    COVARY_TRY(extxyz_parser_prepare(&self->parser, labels->n));
    COVARY_TRY(stand_at(self, first, count));
    while (self->cursor < first + count) {
        COVARY_TRY(check_cursor(self));
        COVARY_TRY(extxyz_frame_read(&self->parser, labels, batch));
        self->cursor++;
    }
done:
    if (status != COVARY_OK) {
        covary_record_context("%s, frame %" PRId64, self->path,
                              (self->cursor >= 0 ? self->cursor : first) + 1);
        self->cursor = -1;
    }
    return status;
}

static covary_status extxyz_copy(void *file, int64_t frame, char **lines)
{
    covary_status status = COVARY_OK;
    extxyz_file  *self = file;

    COVARY_TRY(stand_at(self, frame, 1));
    COVARY_TRY(check_cursor(self));
    COVARY_TRY(extxyz_frame_copy(&self->parser, lines));
    self->cursor++;
done:
    if (status != COVARY_OK) {
        covary_record_context("%s, frame %" PRId64, self->path, frame + 1);
        self->cursor = -1;
    }
    return status;
}

/* The first line is a number and nothing else. */
static bool extxyz_probe(const char *head, size_t length)
{
    const char *at = head, *end = head + length;
    int64_t     count;

    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    at = number_parse_integer(at, end, &count);
    while (at != NULL && at < end && (*at == ' ' || *at == '\t' || *at == '\r')) {
        at++;
    }
    return at != NULL && (at == end || *at == '\n');
}

static const char *const extensions[] = {"xyz", "extxyz", "exyz", NULL};

const format_ops format_extxyz = {
    .name = "extxyz",
    .summary = "extended XYZ (ASE, libAtoms) and plain XYZ",
    .extensions = extensions,
    .labels = true,
    .gzip = true,
    .probe = extxyz_probe,
    .open = extxyz_open,
    .read = extxyz_read,
    .copy = extxyz_copy,
    .rest = extxyz_rest,
    .close = extxyz_close,
};
