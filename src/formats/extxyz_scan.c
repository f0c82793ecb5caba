/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding frames by counting lines, at the speed of memchr and in bounded memory. */
#include "formats/extxyz_scan.h"

#include "core/memory.h"
#include "core/status.h"
#include "input/number.h"

#include <inttypes.h>
#include <string.h>

/* More atoms than fit any file; so that line numbers cannot overflow. */
#define ATOMS_ABSURD INT64_C(1000000000000000)

/* The line being read; it may come in pieces. */
typedef struct {
    bool    ours;   /* starts in the range */
    int64_t offset; /* of its first byte */
    int64_t length; /* so far */
    bool    blank;  /* so far */
    char    head[SCAN_HEAD];
} open_line;

static bool is_blank(const char *bytes, int64_t length)
{
    for (int64_t i = 0; i < length; i++) {
        if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* The atom count if the line is nothing else, 0 otherwise. */
static int64_t atom_count(const char *text, int64_t length)
{
    const char *at = text, *end = text + length;
    int64_t     count = 0;

    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    at = number_parse_integer(at, end, &count);
    if (at == NULL || !is_blank(at, end - at) || count < 1 || count > ATOMS_ABSURD) {
        return 0;
    }
    return count;
}

static void advance(extxyz_scan *scan, int which, int64_t line, int64_t offset, int64_t atoms)
{
    scan_chain  *chain = &scan->found.chains[which];
    index_entry *entries = scan->entries[which];

    if (chain->n_frames % chain->stride == 0 && chain->n_entries == scan->capacity) {
        chain->n_entries = index_thin_out(chain->n_entries, entries);
        chain->stride *= 2;
    }
    if (chain->n_frames % chain->stride == 0) {
        entries[chain->n_entries++] = (index_entry){chain->n_frames, line, offset};
    }
    chain->n_frames++;
    chain->max_atoms = chain->last_atoms > chain->max_atoms ? chain->last_atoms : chain->max_atoms;
    chain->last_line = line;
    chain->last_atoms = atoms;
    chain->next = line + 2 + atoms;
}

/* A chain that starts at `line`, in an unused place or that of a chain that has ended. */
static void start_chain(extxyz_scan *scan, int64_t line, int64_t offset, int64_t atoms)
{
    scan_summary *found = &scan->found;
    int           place = 0;

    while (place < found->n_chains && found->chains[place].next >= line) {
        place++;
    }
    if (place == SCAN_CHAINS) {
        return; /* if this was the right one, the ranks find out and follow it exactly */
    }
    found->n_chains += place == found->n_chains;
    found->chains[place] = (scan_chain){.root = line, .next = line, .stride = 1};
    advance(scan, place, line, offset, atoms);
}

static void guess_line(extxyz_scan *scan, int64_t offset, const char *text, int64_t length)
{
    const int64_t line = scan->found.n_lines;
    const int64_t atoms = length <= SCAN_HEAD ? atom_count(text, length) : 0;
    bool          expected = false;

    if (atoms == 0) {
        return;
    }
    for (int c = 0; c < scan->found.n_chains; c++) {
        if (scan->found.chains[c].next == line) {
            advance(scan, c, line, offset, atoms);
            expected = true;
        }
    }
    if (!expected) {
        start_chain(scan, line, offset, atoms);
    }
}

static void follow_line(extxyz_scan *scan, int64_t offset, const char *text, int64_t length)
{
    const int64_t line = scan->found.n_lines;
    const int64_t atoms = length <= SCAN_HEAD ? atom_count(text, length) : 0;

    if (scan->broken || line != scan->found.chains[0].next || line >= scan->found.text_end) {
        return;
    }
    if (atoms > 0) {
        advance(scan, 0, line, offset, atoms);
        return;
    }
    int64_t kept = length < SCAN_HEAD ? length : SCAN_HEAD;
    scan->broken = true;
    scan->broken_line = line;
    memcpy(scan->broken_text, text, (size_t)kept);
    while (kept > 0 && is_blank(scan->broken_text + kept - 1, 1)) {
        kept--;
    }
    scan->broken_text[kept] = '\0';
}

/* A line is complete (or long enough to be judged). */
static void judge(extxyz_scan *scan, bool guess, const open_line *line, const char *text)
{
    if (!line->ours) {
        return;
    }
    if (guess) {
        guess_line(scan, line->offset, text, line->length);
        if (!line->blank) {
            scan->found.text_end = scan->found.n_lines + 1;
        }
    } else {
        follow_line(scan, line->offset, text, line->length);
    }
    scan->found.n_lines++;
}

/* Add a piece to the line; its text is needed in one place only as far as the head goes. */
static void take_piece(open_line *line, const char *bytes, int64_t length)
{
    const int64_t room = SCAN_HEAD - line->length;
    const int64_t kept = length < room ? length : room;

    if (kept > 0) {
        memcpy(line->head + line->length, bytes, (size_t)kept);
    }
    line->blank = line->blank && is_blank(bytes, length);
    line->length += length;
}

/*
 * The lines in one chunk; what is left of the last one stays open.  Returns false once a line
 * starts past the range.
 */
static bool take_chunk(extxyz_scan *scan, bool guess, open_line *line, const char *bytes,
                       int64_t length, int64_t offset)
{
    const char *at = bytes, *end = bytes + length;

    while (at < end) {
        const char   *line_end = memchr(at, '\n', (size_t)(end - at));
        const int64_t piece = (line_end != NULL ? line_end : end) - at;
        const char   *text = line->length == 0 ? at : line->head;
        if (line->length == 0 && line_end != NULL) {
            line->length = piece;
            line->blank = is_blank(at, piece);
        } else {
            take_piece(line, at, piece);
        }
        if (line_end == NULL) {
            return true;
        }
        judge(scan, guess, line, text);
        at = line_end + 1;
        *line = (open_line){.ours = true, .offset = offset + (at - bytes), .blank = true};
        if (line->offset >= scan->end) {
            return false;
        }
    }
    return true;
}

static covary_status pass(extxyz_scan *scan, bool guess)
{
    covary_status status = COVARY_OK;
    char         *chunk = NULL;
    byte_source   source = {0};
    int64_t       filled = 0;
    bool          more = true;
    open_line     line = {.ours = scan->begin == 0, .blank = true};
    /* one byte early: only a line end there tells that a line starts with the range */
    int64_t offset = scan->begin == 0 ? 0 : scan->begin - 1;

    scan->found.n_lines = 0;
    if (scan->begin >= scan->end) {
        goto done;
    }
    COVARY_TRY(MEMORY_ALLOCATE("buffer for indexing", scan->chunk_bytes, &chunk));
    COVARY_TRY(byte_source_open(&source, scan->path, scan->bytes, scan->packing));
    while (more) {
        COVARY_TRY(byte_source_read(&source, chunk, scan->chunk_bytes, offset, &filled));
        if (filled == 0) {
            break;
        }
        more = take_chunk(scan, guess, &line, chunk, filled, offset);
        offset += filled;
        /* past the range only as far as it takes to judge the line that began in it */
        more = more && (offset < scan->end || line.blank || line.length <= SCAN_HEAD);
    }
    if (filled == 0 && offset < scan->end && !scan->packing.gzip) {
        status = COVARY_FAIL(COVARY_ERR_IO, "'%s' became shorter while it was read", scan->path);
        goto done;
    }
    if (line.length > 0 && line.offset < scan->end) {
        judge(scan, guess, &line, line.head);
    }
done:
    byte_source_close(&source);
    MEMORY_RELEASE(&chunk);
    return status;
}

covary_status extxyz_scan_create(const format_source *source, const format_tuning *tuning,
                                 int64_t n_ranges, extxyz_scan *scan)
{
    covary_status status = COVARY_OK;

    *scan = (extxyz_scan){.path = source->path,
                          .bytes = source->bytes,
                          .packing = {.gzip = source->gzip},
                          .chunk_bytes = tuning->chunk_bytes};
    /* no frame is shorter than 8 bytes: a small file needs no large index, nor a large buffer */
    const int64_t text_bytes = source->gzip ? INT64_MAX : source->bytes;
    if (text_bytes < scan->chunk_bytes) {
        scan->chunk_bytes = text_bytes;
    }
    scan->capacity = index_capacity(tuning, n_ranges, text_bytes / n_ranges, 8);
    for (int c = 0; c < SCAN_CHAINS; c++) {
        COVARY_TRY(MEMORY_ALLOCATE("index entries", scan->capacity, &scan->entries[c]));
    }
done:
    return status;
}

void extxyz_scan_release(extxyz_scan *scan)
{
    for (int c = 0; c < SCAN_CHAINS; c++) {
        MEMORY_RELEASE(&scan->entries[c]);
    }
}

covary_status extxyz_scan_guess(extxyz_scan *scan)
{
    scan->found = (scan_summary){0};
    return pass(scan, true);
}

covary_status extxyz_scan_follow(extxyz_scan *scan, int64_t root)
{
    scan->broken = false;
    scan->packing.recording = NULL; /* the first pass has done it */
    scan->found.n_chains = 1;
    scan->found.chains[0] = (scan_chain){.root = root, .next = root, .stride = 1};
    return pass(scan, false);
}
