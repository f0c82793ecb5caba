/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text dumps: sections with a name each (ITEM: TIMESTEP), of which the last one are the atoms, a
 * row each.  UNITS and TIME stand before TIMESTEP where a simulation was asked for them.
 */
#include "core/status.h"
#include "trajectory/elements.h"
#include "formats/lammps.h"
#include "input/number.h"

#include <inttypes.h>
#include <math.h>

enum {
    HEADER_BYTES = 1 << 12,     /* looked at first */
    HEADER_BYTES_MAX = 1 << 22, /* with more columns than any dump has */
    PIECE_BYTES = 1 << 16       /* searched for line ends at once */
};

/* The header being read. */
typedef struct {
    slice         rest;
    lammps_header about;
    slice         units;   /* begin NULL: not in this frame */
    slice         columns; /* their names */
    bool          has_step, has_count, has_box;
    bool          complete; /* the atoms follow; false: the bytes end within the header */
} header_reader;

static int clipped(slice bytes)
{
    return (int)(bytes.end - bytes.begin < 40 ? bytes.end - bytes.begin : 40);
}

/* The next line without its end; false if the bytes end before, as then they do for all that
 * follow.
 */
static bool take_line(header_reader *reader, slice *line)
{
    slice      *rest = &reader->rest;
    const char *end = memchr(rest->begin, '\n', (size_t)(rest->end - rest->begin));

    if (end == NULL) {
        return false;
    }
    *line = (slice){rest->begin, end};
    rest->begin = end + 1;
    if (line->end > line->begin && line->end[-1] == '\r') {
        line->end--;
    }
    return true;
}

static covary_status fail_line(const char *wanted, slice line)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT, "%s expected, not '%.*s'", wanted, clipped(line),
                       line.begin);
}

static covary_status take_integer(header_reader *reader, const char *what, int64_t *value)
{
    slice line, word, more;

    if (!take_line(reader, &line)) {
        return COVARY_OK;
    }
    if (!slice_take_word(&line, false, &word) || slice_take_word(&line, false, &more) ||
        number_parse_integer(word.begin, word.end, value) != word.end || *value < 0) {
        return fail_line(what, line);
    }
    return COVARY_OK;
}

/* So many numbers, and nothing else, in one line. */
static covary_status take_numbers(header_reader *reader, const char *what, int n, double *values)
{
    slice line;

    if (!take_line(reader, &line)) {
        return COVARY_OK;
    }
    if (comment_numbers(line, n, values) != n) {
        return fail_line(what, line);
    }
    return COVARY_OK;
}

/* ITEM: BOX BOUNDS [xy xz yz | abc origin] [pp pp pp] and three lines. */
static covary_status take_box(header_reader *reader, slice words)
{
    covary_status  status = COVARY_OK;
    lammps_header *about = &reader->about;
    double         lines[3][4] = {{0.0}}, bounds[6], tilt[3];
    int            n = 2, d = 0;
    slice          word;

    about->periodic = 7; /* LAMMPS's own default, where old versions do not say */
    while (slice_take_word(&words, false, &word)) {
        if (slice_is(word, "xy")) {
            n = 3;
        } else if (slice_is(word, "abc")) {
            n = 4;
        } else if (word.end - word.begin == 2 && strchr("pfsm", word.begin[0]) != NULL &&
                   strchr("pfsm", word.begin[1]) != NULL && d < 3) {
            about->periodic &= (uint8_t) ~(word.begin[0] != 'p' ? 1 << d : 0);
            d++;
        }
    }
    for (d = 0; d < 3; d++) {
        COVARY_TRY(take_numbers(reader, "bounds of the box", n, lines[d]));
        if (n == 4) {
            memcpy(about->cell + 3 * d, lines[d], 3 * sizeof *about->cell);
            about->origin[d] = lines[d][3];
        }
        bounds[2 * d] = lines[d][0];
        bounds[2 * d + 1] = lines[d][1];
        tilt[d] = lines[d][2];
    }
    if (n < 4) {
        lammps_set_box(about, bounds, tilt);
    }
    reader->has_box = true;
done:
    return status;
}

static covary_status take_section(header_reader *reader, slice name)
{
    covary_status status = COVARY_OK;
    slice         words = name, first, second = {0};

    slice_take_word(&words, false, &first);
    if (slice_is(first, "TIMESTEP")) {
        COVARY_TRY(take_integer(reader, "a time step", &reader->about.step));
        reader->has_step = true;
    } else if (slice_is(first, "TIME")) {
        COVARY_TRY(take_numbers(reader, "a time", 1, &reader->about.time));
    } else if (slice_is(first, "UNITS")) {
        slice line = {0};
        if (take_line(reader, &line)) {
            slice_take_word(&line, false, &reader->units);
        }
    } else if (slice_is(first, "NUMBER")) {
        COVARY_TRY(take_integer(reader, "a number of atoms", &reader->about.n_atoms));
        reader->has_count = true;
    } else if (slice_is(first, "BOX") && slice_take_word(&words, false, &second) &&
               slice_is(second, "BOUNDS")) {
        COVARY_TRY(take_box(reader, words));
    } else if (slice_is(first, "ATOMS") && reader->has_step && reader->has_count &&
               reader->has_box) {
        while (words.begin < words.end && *words.begin == ' ') {
            words.begin++;
        }
        reader->columns = words;
        reader->complete = true;
    } else {
        status = fail_line("TIMESTEP, NUMBER OF ATOMS, BOX BOUNDS and then ATOMS", name);
    }
done:
    return status;
}

/*
 * Take the header off the front of reader->rest.
 * COVARY_ERR_FORMAT: no frame starts here, or its header is malformed.
 */
static covary_status take_header(header_reader *reader)
{
    static const char item[] = "ITEM:";
    const int64_t     length = sizeof item - 1;
    covary_status     status = COVARY_OK;
    slice             line;

    reader->about.time = (double)NAN;
    while (!reader->complete && take_line(reader, &line)) {
        if (line.end - line.begin < length || memcmp(line.begin, item, sizeof item - 1) != 0) {
            status = fail_line(item, line);
            goto done;
        }
        line.begin += length;
        COVARY_TRY(take_section(reader, line));
    }
done:
    return status;
}

/* ---- rows ---- */

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static slice word_at(const char *at, const char *end)
{
    slice word = {at, at};

    while (word.end < end && !is_space(*word.end)) {
        word.end++;
    }
    return word;
}

static covary_status fail_column(int64_t row, int column, slice word)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT, "row %" PRId64 ", column %d: '%.*s' is not a number",
                       row + 1, column + 1, clipped(word), word.begin);
}

/* Past the word at `at` if it is what its column needs, NULL if not. */
static const char *take_value(const lammps_column *column, const char *at, const char *end,
                              int64_t row, lammps_rows *rows)
{
    slice   word;
    int64_t image = 0;

    switch (column->role) {
    case COLUMN_PLACE:
        return number_parse(at, end, &rows->places[3 * row + column->component]);
    case COLUMN_ID:
        return number_parse_integer(at, end, &rows->ids[row]);
    case COLUMN_IMAGE:
        at = number_parse_integer(at, end, &image);
        rows->images[3 * row + column->component] = (double)image;
        return at;
    case COLUMN_ELEMENT:
        word = word_at(at, end);
        rows->species[row] = (uint8_t)element_number(word.begin, (size_t)(word.end - word.begin));
        return word.end;
    case COLUMN_OTHER:
    default:
        return word_at(at, end).end;
    }
}

static covary_status read_row(const lammps_layout *layout, slice line, int64_t row,
                              lammps_rows *rows)
{
    const char *at = line.begin;

    for (int c = 0; c < layout->n_used; c++) {
        while (at < line.end && is_space(*at)) {
            at++;
        }
        if (at == line.end) {
            return COVARY_FAIL(COVARY_ERR_FORMAT, "row %" PRId64 ": %d columns, %d are announced",
                               row + 1, c, layout->n_columns);
        }
        const char *after = take_value(&layout->columns[c], at, line.end, row, rows);
        if (after == NULL || (after < line.end && !is_space(*after))) {
            return fail_column(row, c, word_at(at, line.end));
        }
        at = after;
    }
    return COVARY_OK;
}

static covary_status read_rows(header_reader *reader, lammps_parsed *parsed)
{
    covary_status status = COVARY_OK;
    slice         line;

    for (int64_t row = 0; row < reader->about.n_atoms; row++) {
        if (!take_line(reader, &line)) {
            status = COVARY_FAIL(COVARY_ERR_FORMAT, "%" PRId64 " rows, %" PRId64 " are announced",
                                 row, reader->about.n_atoms);
            goto done;
        }
        COVARY_TRY(read_row(&parsed->layout, line, row, &parsed->rows));
    }
done:
    return status;
}

covary_status lammps_text_parse(const unsigned char *bytes, int64_t length, lammps_parsed *parsed)
{
    covary_status status = COVARY_OK;
    header_reader reader = {.rest = {(const char *)bytes, (const char *)bytes + length}};

    COVARY_TRY(take_header(&reader));
    if (!reader.complete) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "its header is not complete");
        goto done;
    }
    parsed->header = reader.about;
    parsed->units = NULL;
    if (reader.units.begin != NULL) {
        parsed->units = lammps_units_find(reader.units);
        if (parsed->units == NULL) {
            status = fail_line("units that LAMMPS has", reader.units);
            goto done;
        }
    }
    COVARY_TRY(lammps_layout_update(&parsed->layout, reader.columns));
    COVARY_TRY(lammps_rows_reserve(&parsed->rows, reader.about.n_atoms));
    COVARY_TRY(read_rows(&reader, parsed));
    parsed->elements = parsed->layout.elements;
    for (int64_t row = 0; parsed->elements && row < reader.about.n_atoms; row++) {
        parsed->elements = parsed->rows.species[row] != 0;
    }
done:
    return status;
}

/* ---- where frames are ---- */

/* A line that begins a frame, or (TIMESTEP after TIME) the second one of its sections. */
bool lammps_text_probe(const char *head, size_t length)
{
    static const char *const firsts[] = {"ITEM: TIME", "ITEM: UNITS"};

    for (int i = 0; i < 2; i++) {
        const size_t n = strlen(firsts[i]);
        if (length >= n && memcmp(head, firsts[i], n) == 0) {
            return true;
        }
    }
    return false;
}

covary_status lammps_text_guess(byte_window *window, int64_t from, int64_t to, int64_t *place)
{
    covary_status        status = COVARY_OK;
    const unsigned char *bytes = NULL;
    int64_t              there = 0;

    *place = to;
    /* one byte early: a line may start with the range */
    for (int64_t at = from > 0 ? from - 1 : 0; at < to - 1; at += PIECE_BYTES) {
        COVARY_TRY(byte_window_get(window, at, PIECE_BYTES + 16, &bytes, &there));
        const unsigned char *found = bytes,
                            *end = bytes + (there < PIECE_BYTES ? there : PIECE_BYTES);
        while ((found = memchr(found, '\n', (size_t)(end - found))) != NULL) {
            found++;
            if (at + (found - bytes) >= to) {
                goto done;
            }
            if (lammps_text_probe((const char *)found, (size_t)(bytes + there - found))) {
                *place = at + (found - bytes);
                goto done;
            }
        }
    }
done:
    return status;
}

/* The header at `place`, in bytes that are valid until the window moves. */
static covary_status header_at(byte_window *window, int64_t place, header_reader *reader,
                               int64_t *header_bytes)
{
    covary_status        status = COVARY_OK;
    const unsigned char *bytes = NULL;
    int64_t              there = 0;

    for (int64_t wanted = HEADER_BYTES;; wanted *= 4) {
        COVARY_TRY(byte_window_get(window, place, wanted, &bytes, &there));
        *reader = (header_reader){.rest = {(const char *)bytes, (const char *)bytes + there}};
        COVARY_TRY(take_header(reader));
        if (reader->complete || there < wanted) {
            break;
        }
        if (wanted >= HEADER_BYTES_MAX) {
            status = COVARY_FAIL(COVARY_ERR_FORMAT, "a header of %d bytes is no header",
                                 HEADER_BYTES_MAX);
            goto done;
        }
    }
    *header_bytes = reader->complete ? reader->rest.begin - (const char *)bytes : there;
done:
    return status;
}

/* Bytes of the next n lines, and how many of the lines are there. */
static covary_status measure_lines(byte_window *window, int64_t place, int64_t n, int64_t *bytes,
                                   int64_t *lines)
{
    covary_status        status = COVARY_OK;
    const unsigned char *piece = NULL;
    int64_t              there = 1;

    *bytes = 0;
    *lines = 0;
    while (*lines < n && place + *bytes < window->file.bytes) {
        COVARY_TRY(byte_window_get(window, place + *bytes, PIECE_BYTES, &piece, &there));
        const unsigned char *at = piece, *end = piece + there, *found;
        while (*lines < n && (found = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            at = found + 1;
            ++*lines;
        }
        /* a line that goes on in the next piece is gone through there, without what is here */
        *bytes += *lines < n ? there : at - piece;
    }
done:
    return status;
}

covary_status lammps_text_measure(byte_window *window, int64_t place, frame_extent *extent)
{
    covary_status status = COVARY_OK;
    header_reader reader;
    const int64_t left = window->file.bytes - place;
    int64_t       header = 0, rows = 0, lines = 0;

    COVARY_TRY(header_at(window, place, &reader, &header));
    *extent = (frame_extent){.bytes = left + 1, .n_atoms = 1};
    if (!reader.complete || reader.about.n_atoms > left) {
        goto done; /* truncated: a row is more than one byte */
    }
    extent->n_atoms = reader.about.n_atoms;
    COVARY_TRY(measure_lines(window, place + header, extent->n_atoms, &rows, &lines));
    if (lines == extent->n_atoms) {
        extent->bytes = header + rows;
    }
done:
    return status;
}
