/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the ranks' scans to one index.
 *
 * Every rank gets every rank's summary and walks the same chain of frames through them, from the
 * start of the file.  Where no guessed chain fits (odd files only), the rank that holds the place
 * goes through its bytes again, now knowing where the first frame starts.
 */
#include "formats/extxyz_index.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "formats/extxyz_scan.h"

#include <inttypes.h>
#include <stdio.h>

enum { NOTHING = -1, SUMMARY_NUMBERS = sizeof(scan_summary) / sizeof(int64_t) };

/* The chain of one rank's range that the walk went through. */
typedef struct {
    int     chain;       /* NOTHING: no frame starts in the range */
    int64_t first_frame; /* in the file */
    int64_t line_base;   /* lines before the range */
} range_walk;

typedef struct {
    covary_run          *run;
    const format_source *source;
    int                  n_ranges; /* the first ranks scan, one range each */
    extxyz_scan          scan;
    gzip_recording       recording; /* of a compressed file */
    scan_summary        *summaries; /* [n_ranges] */
    range_walk          *walks;     /* [n_ranges] */
    int64_t              text_end;  /* lines of the file up to the last one that is not blank */
    /* the walk so far */
    int64_t next;       /* line at which a frame must start */
    int64_t n_frames;   /* found */
    int64_t last_line;  /* of the last frame */
    int64_t last_atoms; /* in the last frame */
    int64_t max_atoms;  /* in a frame before it */
} index_build;

/*
 * Compressed text has no places to start from yet: rank 0 goes through all of it and records some,
 * at most one for so many entries of the index, since each holds 32 KiB of text.
 */
static covary_status range_of_packed(index_build *build, const format_tuning *tuning)
{
    covary_status status = COVARY_OK;
    enum { SPACINGS_OF_CHUNK = 4, ENTRIES_OF_PLACE = 16 };

    if (covary_run_rank(build->run) == 0) {
        COVARY_TRY(gzip_recording_create(tuning->chunk_bytes / SPACINGS_OF_CHUNK,
                                         tuning->index_entries / ENTRIES_OF_PLACE,
                                         &build->recording));
        build->scan.packing.recording = &build->recording;
        build->scan.end = INT64_MAX; /* wherever the text ends */
    }
done:
    return status;
}

/* Local.  As many ranks scan as the file is worth, the others have empty ranges. */
static covary_status scan_range(index_build *build, const format_tuning *tuning)
{
    covary_status status = COVARY_OK;
    const int64_t bytes = build->source->bytes;
    const int     ranks = covary_run_size(build->run), rank = covary_run_rank(build->run);

    build->n_ranges = build->source->gzip ? 1 : index_ranges(build->run, bytes, tuning);
    COVARY_TRY(extxyz_scan_create(build->source, tuning, build->n_ranges, &build->scan));
    if (build->source->gzip) {
        COVARY_TRY(range_of_packed(build, tuning));
    } else if (rank < build->n_ranges) {
        build->scan.begin = index_range_start(bytes, rank, build->n_ranges);
        build->scan.end = index_range_start(bytes, rank + 1, build->n_ranges);
    }
    COVARY_TRY(MEMORY_ALLOCATE("index summaries", ranks, &build->summaries));
    COVARY_TRY(MEMORY_ALLOCATE("index walk", ranks, &build->walks));
    COVARY_TRY(extxyz_scan_guess(&build->scan));
done:
    return status;
}

/* Where ranges start in lines, and where the text of the file ends. */
static void count_lines(index_build *build)
{
    int64_t lines = 0;

    for (int range = 0; range < build->n_ranges; range++) {
        const scan_summary *summary = &build->summaries[range];
        build->walks[range] = (range_walk){.chain = NOTHING, .line_base = lines};
        if (summary->text_end > 0) {
            build->text_end = lines + summary->text_end;
        }
        lines += summary->n_lines;
    }
}

/* The guessed chain that starts at `line` of the range and holds to its end. */
static int fitting_chain(const scan_summary *summary, int64_t line)
{
    for (int c = 0; c < (int)summary->n_chains; c++) {
        if (summary->chains[c].root == line && summary->chains[c].next >= summary->text_end) {
            return c;
        }
    }
    return NOTHING;
}

static covary_status report_broken(const index_build *build, int64_t line, int64_t frame,
                                   const char *found)
{
    const char *path = build->source->path;

    if (frame == 0) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s, line %" PRId64
                           ": an XYZ file starts with the number of atoms (at least 1), not with "
                           "'%s'",
                           path, line + 1, found);
    }
    return COVARY_FAIL(COVARY_ERR_FORMAT,
                       "%s, line %" PRId64 ": frame %" PRId64
                       " must start here with its number of atoms (at least 1), but there is "
                       "'%s'; has frame %" PRId64 " as many atoms as it announces?",
                       path, line + 1, frame + 1, found, frame);
}

/* Collective: rank `range` follows the chain that starts at build->next. */
static covary_status follow(index_build *build, int range)
{
    covary_status status = COVARY_OK;
    const int64_t base = build->walks[range].line_base;

    if (covary_run_rank(build->run) == range) {
        status = extxyz_scan_follow(&build->scan, build->next - base);
        if (status == COVARY_OK && build->scan.broken) {
            status = report_broken(build, base + build->scan.broken_line,
                                   build->n_frames + build->scan.found.chains[0].n_frames,
                                   build->scan.broken_text);
        }
        build->summaries[range] = build->scan.found;
    }
    COVARY_TRY_TOGETHER(build->run, "index a trajectory again", status);
    MPI_Bcast(&build->summaries[range], SUMMARY_NUMBERS, MPI_INT64_T, range,
              covary_run_comm(build->run));
    build->walks[range].chain = 0;
done:
    return status;
}

/* Collective, with the same outcome on every rank: all of them know all that it looks at. */
static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static covary_status walk(index_build *build)
{
    covary_status status = COVARY_OK;

    for (int range = 0; range < build->n_ranges && build->next < build->text_end; range++) {
        range_walk   *here = &build->walks[range];
        const int64_t line = build->next - here->line_base;
        if (line >= build->summaries[range].n_lines) {
            continue;
        }
        if (line < 0) { /* the range before ended in blank lines, yet there is text after them */
            status = report_broken(build, build->next, build->n_frames, "");
            goto done;
        }
        here->chain = fitting_chain(&build->summaries[range], line);
        if (here->chain == NOTHING) {
            COVARY_TRY(follow(build, range));
        }
        const scan_chain *chain = &build->summaries[range].chains[here->chain];
        here->first_frame = build->n_frames;
        build->n_frames += chain->n_frames;
        build->max_atoms = larger(build->max_atoms, larger(build->last_atoms, chain->max_atoms));
        build->last_line = here->line_base + chain->last_line;
        build->last_atoms = chain->last_atoms;
        build->next = here->line_base + chain->next;
    }
done:
    return status;
}

/* Is there a whole frame, and what is behind the last one? */
static covary_status check_end(const index_build *build, frame_index *index)
{
    const char   *path = build->source->path;
    const int64_t there = build->text_end - build->last_line - 2;

    *index = (frame_index){.n_frames = build->n_frames, .max_atoms = build->max_atoms};
    if (build->n_frames == 0) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "'%s' holds no frames", path);
    }
    if (build->next <= build->text_end) {
        index->max_atoms = larger(build->max_atoms, build->last_atoms);
        return COVARY_OK;
    }
    snprintf(index->cut, sizeof index->cut,
             "frame %" PRId64 " (line %" PRId64 ") is truncated: %" PRId64
             " atoms announced, %" PRId64 " lines follow; remove the frame or complete the file",
             build->n_frames, build->last_line + 1, build->last_atoms, there > 0 ? there : 0);
    index->n_frames--;
    return index->n_frames > 0 ? COVARY_OK
                               : COVARY_FAIL(COVARY_ERR_FORMAT, "%s, %s", path, index->cut);
}

/* Entries of our own range in terms of the file; returns how many there are. */
static int64_t place_entries(index_build *build, int rank, const index_entry **mine)
{
    const range_walk *here = &build->walks[rank];

    if (rank >= build->n_ranges || here->chain == NOTHING) {
        *mine = NULL;
        return 0;
    }
    const int64_t n = build->summaries[rank].chains[here->chain].n_entries;
    for (int64_t e = 0; e < n; e++) {
        index_entry *entry = &build->scan.entries[here->chain][e];
        entry->frame += here->first_frame;
        entry->line += here->line_base;
    }
    *mine = build->scan.entries[here->chain];
    return n;
}

/* Rank 0's places in compressed text to everybody.  Collective. */
static covary_status share_places(index_build *build, frame_index *index)
{
    covary_status status = COVARY_OK;
    const bool    first = covary_run_rank(build->run) == 0;
    int           length = 0;

    if (first) {
        status = gzip_recording_pack(&build->recording, &index->extra, &index->n_extra);
    }
    if (status == COVARY_OK) {
        status = narrow_to_int("places in compressed data", index->n_extra, &length);
    }
    COVARY_TRY_TOGETHER(build->run, "pack places in compressed data", status);
    MPI_Bcast(&length, 1, MPI_INT, 0, covary_run_comm(build->run));
    COVARY_TRY_TOGETHER(build->run, "share places in compressed data",
                        first ? COVARY_OK : MEMORY_ALLOCATE("index", length, &index->extra));
    MPI_Bcast(index->extra, length, MPI_BYTE, 0, covary_run_comm(build->run));
    index->n_extra = length;
done:
    return status;
}

covary_status extxyz_index_build(covary_run *run, const format_source *source,
                                 const format_tuning *tuning, frame_index *index)
{
    covary_status      status = COVARY_OK;
    index_build        build = {.run = run, .source = source};
    const index_entry *mine = NULL;
    int64_t            n_mine = 0;

    *index = (frame_index){0};
    COVARY_TRY_TOGETHER(run, "index a trajectory", scan_range(&build, tuning));
    MPI_Allgather(&build.scan.found, SUMMARY_NUMBERS, MPI_INT64_T, build.summaries, SUMMARY_NUMBERS,
                  MPI_INT64_T, covary_run_comm(run));
    count_lines(&build);
    COVARY_TRY(walk(&build));
    COVARY_TRY(check_end(&build, index));
    n_mine = place_entries(&build, covary_run_rank(run), &mine);
    COVARY_TRY(index_gather(run, mine, n_mine, index));
    if (source->gzip) {
        COVARY_TRY(share_places(&build, index));
    }
done:
    extxyz_scan_release(&build.scan);
    gzip_recording_release(&build.recording);
    MEMORY_RELEASE(&build.summaries);
    MEMORY_RELEASE(&build.walks);
    return status;
}
