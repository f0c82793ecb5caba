/* SPDX-License-Identifier: BSD-3-Clause */
/* The cursor over a binary file, and how it notices that the file is no longer what was indexed. */
#include "trajectory/framed_file.h"

#include "core/memory.h"
#include "core/status.h"
#include "trajectory/frame_index_cache.h"

#include <inttypes.h>

struct framed_file {
    const framed_format *format;
    void                *state; /* the format's */
    char                *path;
    int64_t              bytes, chunk_bytes;
    frame_index          index;
    byte_window          window;
    bool                 opened;     /* the window */
    int64_t              cursor;     /* frame that is read next; -1: nowhere */
    int64_t              place;      /* at or before it, after the frame before */
    int64_t              next_entry; /* first entry of the index at or past the cursor */
};

void framed_rest(void *file)
{
    framed_file *self = file;

    if (self->opened) {
        byte_window_close(&self->window);
    }
    self->opened = false;
    self->cursor = -1;
}

void framed_close(void **file)
{
    framed_file *self = *file;

    if (self == NULL) {
        return;
    }
    framed_rest(self);
    frame_index_release(&self->index);
    MEMORY_RELEASE(&self->path);
    MEMORY_RELEASE(file);
}

static covary_status create(const format_source *source, const format_tuning *tuning,
                            const framed_format *format, void *state, framed_file **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("trajectory file", 1, out));
    (*out)->format = format;
    (*out)->state = state;
    (*out)->cursor = -1;
    (*out)->bytes = source->bytes;
    (*out)->chunk_bytes = tuning->chunk_bytes;
    COVARY_TRY(memory_copy_text(source->path, &(*out)->path));
done:
    return status;
}

covary_status framed_open(covary_run *run, const format_source *source, const format_tuning *tuning,
                          const framed_format *format, void *state, void **file,
                          format_contents *contents)
{
    covary_status status = COVARY_OK;
    framed_file  *self = NULL;
    bool          kept = false;

    COVARY_TRY_TOGETHER(run, "open a trajectory file",
                        create(source, tuning, format, state, &self));
    COVARY_TRY(index_cache_load(run, source, tuning, format->name, &self->index, &kept));
    if (!kept) {
        COVARY_TRY(frame_index_build(run, source, tuning, &format->finder, &self->index));
        index_cache_store(run, source, tuning, format->name, &self->index);
    }
    frame_index_tell(&self->index, contents);
done:
    if (status != COVARY_OK) {
        framed_close((void **)(void *)&self);
    }
    *file = self;
    return status;
}

/* The next frame with positions from the cursor on; passes over those without. */
static covary_status measure_next(framed_file *self, frame_extent *extent)
{
    covary_status      status = COVARY_OK;
    const index_entry *entry = &self->index.entries[self->next_entry];
    bool               changed = false;

    for (;;) {
        if (self->place >= self->bytes) {
            changed = true;
            goto done;
        }
        status = self->format->finder.measure(&self->window, self->place, extent);
        changed = status == COVARY_ERR_FORMAT || /* the index had found a frame here */
                  (status == COVARY_OK && (extent->bytes > self->bytes - self->place ||
                                           extent->n_atoms > self->index.max_atoms));
        if (status != COVARY_OK || changed || extent->n_atoms > 0) {
            break;
        }
        self->place += extent->bytes;
    }
    if (self->next_entry < self->index.n_entries && entry->frame == self->cursor) {
        self->next_entry++;
        changed = changed || entry->offset != self->place;
    }
done:
    if (changed) {
        status = COVARY_FAIL(COVARY_ERR_IO, "the file has changed since it was opened; read it "
                                            "when nothing writes to it");
    }
    return status;
}

static covary_status stand_at(framed_file *self, int64_t frame)
{
    covary_status      status = COVARY_OK;
    const int64_t      near = frame_index_find(&self->index, frame);
    const index_entry *entry = &self->index.entries[near];
    frame_extent       extent;

    if (!self->opened) {
        COVARY_TRY(byte_window_open(&self->window, self->path, self->bytes, self->chunk_bytes));
        self->opened = true;
        self->cursor = -1;
    }
    if (self->cursor > frame || self->cursor < entry->frame) {
        self->cursor = entry->frame;
        self->place = entry->offset;
        self->next_entry = near;
    }
    while (self->cursor < frame) {
        COVARY_TRY(measure_next(self, &extent));
        self->place += extent.bytes;
        self->cursor++;
    }
done:
    return status;
}

covary_status framed_read(void *file, int64_t first, int64_t count, format_labels *labels,
                          frames *batch)
{
    covary_status status = COVARY_OK;
    framed_file  *self = file;
    frame_extent  extent;

    (void)labels; /* such files have none */
    COVARY_TRY(stand_at(self, first));
    while (self->cursor < first + count) {
        COVARY_TRY(measure_next(self, &extent));
        COVARY_TRY(self->format->read(self->state, &self->window, self->place, &extent, batch));
        self->place += extent.bytes;
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
