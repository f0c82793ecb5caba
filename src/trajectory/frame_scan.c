/* SPDX-License-Identifier: BSD-3-Clause */
/* From header to header, keeping evenly spread places. */
#include "trajectory/frame_scan.h"

#include "core/memory.h"
#include "core/status.h"

enum {
    GUESSES = 16,     /* that fail before a range is left to the exact pass */
    HEADER_LEAST = 32 /* bytes of the shortest frame of any format, about */
};

covary_status frame_scan_create(const format_source *source, const format_tuning *tuning,
                                const frame_finder *finder, int64_t n_ranges, frame_scan *scan)
{
    covary_status status = COVARY_OK;

    *scan = (frame_scan){.source = source, .finder = finder};
    scan->capacity = index_capacity(tuning, n_ranges, source->bytes / n_ranges, HEADER_LEAST);
    COVARY_TRY(MEMORY_ALLOCATE("index entries", scan->capacity, &scan->entries));
    COVARY_TRY(byte_window_open(&scan->window, source->path, source->bytes, tuning->chunk_bytes));
done:
    return status;
}

void frame_scan_release(frame_scan *scan)
{
    byte_window_close(&scan->window);
    MEMORY_RELEASE(&scan->entries);
}

static void add_entry(frame_scan *scan, int64_t offset)
{
    scan_chain *chain = &scan->chain;

    if (chain->n_frames % scan->stride != 0) {
        return;
    }
    if (chain->n_entries == scan->capacity) {
        chain->n_entries = index_thin_out(chain->n_entries, scan->entries);
        scan->stride *= 2;
    }
    if (chain->n_frames % scan->stride == 0) {
        scan->entries[chain->n_entries++] =
            (index_entry){.frame = chain->n_frames, .offset = offset};
    }
}

covary_status frame_scan_follow(frame_scan *scan, int64_t root)
{
    covary_status status = COVARY_OK;
    scan_chain   *chain = &scan->chain;
    frame_extent  extent;

    *chain = (scan_chain){.root = root, .next = root};
    scan->stride = 1;
    while (chain->next < scan->end) {
        COVARY_TRY(scan->finder->measure(&scan->window, chain->next, &extent));
        if (extent.bytes > scan->source->bytes - chain->next) {
            chain->truncated = extent.bytes;
            break;
        }
        if (extent.n_atoms > 0) {
            add_entry(scan, chain->next);
            chain->n_frames++;
            chain->max_atoms =
                extent.n_atoms > chain->max_atoms ? extent.n_atoms : chain->max_atoms;
        } else {
            chain->n_passed++;
        }
        chain->next += extent.bytes;
    }
done:
    return status;
}

covary_status frame_scan_guess(frame_scan *scan)
{
    covary_status status = COVARY_OK;
    int64_t       from = scan->begin, root = 0;

    for (int guess = 0; guess < GUESSES && from < scan->end; guess++) {
        COVARY_TRY(scan->finder->guess(&scan->window, from, scan->end, &root));
        if (root >= scan->end) {
            break;
        }
        status = frame_scan_follow(scan, root);
        if (status != COVARY_ERR_FORMAT) {
            goto done; /* it holds, or the file cannot be read */
        }
        status = COVARY_OK;
        from = root + 1;
    }
    scan->chain = (scan_chain){.root = -1};
done:
    return status;
}
