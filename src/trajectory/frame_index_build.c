/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the ranks' scans to one index.
 *
 * Every rank gets every rank's chain and walks through them from the start of the file.  A chain
 * that starts where the walk arrives is right, whatever guess it came from; where none does (odd
 * files only), the rank that holds the place goes through its bytes again, now knowing where the
 * first frame starts.
 */
#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "trajectory/frame_scan.h"

#include <inttypes.h>
#include <stdio.h>

enum { CHAIN_NUMBERS = sizeof(scan_chain) / sizeof(int64_t) };

typedef struct {
    covary_run          *run;
    const format_source *source;
    int                  n_ranges; /* the first ranks scan, one range each */
    frame_scan           scan;
    scan_chain          *chains;      /* [ranks] */
    int64_t              first_frame; /* of our own chain, in the file */
    int64_t              n_mine;      /* entries of our own chain that are right */
    int64_t              next;        /* the walk so far: where a frame must start */
    int64_t              truncated;   /* bytes that the frame there needs and the file has not */
} index_build;

/* Follow the chain of our range from where it is known to start.  Local. */
static covary_status follow(index_build *build, int64_t root, int64_t n_before)
{
    covary_status     status = frame_scan_follow(&build->scan, root);
    const scan_chain *chain = &build->scan.chain;
    const int64_t     frame = n_before + chain->n_frames;

    if (status == COVARY_ERR_FORMAT && frame > 0) {
        covary_record_context("%s, frame %" PRId64 " (byte %" PRId64 "): damaged, or frame %" PRId64
                              " is; `head -c %" PRId64 "` copies the %" PRId64 " frames before",
                              build->source->path, frame + 1, chain->next, frame, chain->next,
                              frame);
    } else if (status == COVARY_ERR_FORMAT) {
        covary_record_context("%s, frame 1 (byte %" PRId64 ")", build->source->path, chain->next);
    }
    return status;
}

/* Local.  As many ranks scan as the file is worth, the others have empty ranges. */
static covary_status scan_range(index_build *build, const format_tuning *tuning,
                                const frame_finder *finder)
{
    covary_status status = COVARY_OK;
    const int64_t bytes = build->source->bytes;
    const int     rank = covary_run_rank(build->run);

    build->n_ranges = index_ranges(build->run, bytes, tuning);
    COVARY_TRY(MEMORY_ALLOCATE("index chains", covary_run_size(build->run), &build->chains));
    COVARY_TRY(frame_scan_create(build->source, tuning, finder, build->n_ranges, &build->scan));
    if (rank < build->n_ranges) {
        build->scan.begin = index_range_start(bytes, rank, build->n_ranges);
        build->scan.end = index_range_start(bytes, rank + 1, build->n_ranges);
        COVARY_TRY(rank == 0 ? follow(build, 0, 0) : frame_scan_guess(&build->scan));
    }
done:
    return status;
}

/* Collective: rank `range` follows the chain that starts at build->next. */
static covary_status follow_again(index_build *build, int range, int64_t n_before)
{
    covary_status status = COVARY_OK;

    if (covary_run_rank(build->run) == range) {
        status = follow(build, build->next, n_before);
        build->chains[range] = build->scan.chain;
    }
    COVARY_TRY_TOGETHER(build->run, "index a trajectory again", status);
    MPI_Bcast(&build->chains[range], CHAIN_NUMBERS, MPI_INT64_T, range,
              covary_run_comm(build->run));
done:
    return status;
}

/* Collective, with the same outcome on every rank: all of them know all that it looks at. */
static covary_status walk(index_build *build, frame_index *index)
{
    covary_status status = COVARY_OK;
    const int64_t bytes = build->source->bytes;

    for (int range = 0; range < build->n_ranges && build->truncated == 0; range++) {
        const scan_chain *chain = &build->chains[range];
        if (build->next >= index_range_start(bytes, range + 1, build->n_ranges)) {
            continue; /* no frame starts in there */
        }
        if (chain->root != build->next) {
            COVARY_TRY(follow_again(build, range, index->n_frames));
        }
        if (covary_run_rank(build->run) == range) {
            build->first_frame = index->n_frames;
            build->n_mine = chain->n_entries;
        }
        index->n_frames += chain->n_frames;
        index->n_passed += chain->n_passed;
        index->max_atoms =
            chain->max_atoms > index->max_atoms ? chain->max_atoms : index->max_atoms;
        build->next = chain->next;
        build->truncated = chain->truncated;
    }
done:
    return status;
}

/* Local, the same on every rank: is there a whole frame, and what is behind the last one? */
static covary_status check_end(const index_build *build, frame_index *index)
{
    const char   *path = build->source->path;
    const int64_t left = build->source->bytes - build->next;

    if (build->truncated > 0 && index->n_frames > 0) {
        snprintf(index->cut, sizeof index->cut,
                 "frame %" PRId64 " is truncated: of its %" PRId64 " bytes there are %" PRId64
                 "; is the file still being written, or was the writer stopped? "
                 "`head -c %" PRId64 "` copies the %" PRId64 " whole frames before it",
                 index->n_frames + 1, build->truncated, left, build->next, index->n_frames);
        return COVARY_OK;
    }
    if (build->truncated > 0) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s, frame 1 is truncated: of its %" PRId64 " bytes there are %" PRId64
                           "; the file holds no whole frame",
                           path, build->truncated, left);
    }
    if (index->n_frames == 0) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "'%s' holds no frame with positions (%" PRId64 " without)", path,
                           index->n_passed);
    }
    return COVARY_OK;
}

covary_status frame_index_build(covary_run *run, const format_source *source,
                                const format_tuning *tuning, const frame_finder *finder,
                                frame_index *index)
{
    covary_status status = COVARY_OK;
    index_build   build = {.run = run, .source = source};

    *index = (frame_index){0};
    COVARY_TRY_TOGETHER(run, "index a trajectory", scan_range(&build, tuning, finder));
    MPI_Allgather(&build.scan.chain, CHAIN_NUMBERS, MPI_INT64_T, build.chains, CHAIN_NUMBERS,
                  MPI_INT64_T, covary_run_comm(run));
    COVARY_TRY(walk(&build, index));
    COVARY_TRY(check_end(&build, index));
    for (int64_t e = 0; e < build.n_mine; e++) {
        build.scan.entries[e].frame += build.first_frame;
    }
    COVARY_TRY(index_gather(run, build.scan.entries, build.n_mine, index));
    if (index->n_passed > 0) {
        log_write(run, LOG_INFO, "%s: %" PRId64 " frames have no positions and are passed over",
                  source->path, index->n_passed);
    }
done:
    frame_scan_release(&build.scan);
    MEMORY_RELEASE(&build.chains);
    return status;
}
