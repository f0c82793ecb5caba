/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parsing a frame: count line, comment line, atom lines.
 *
 * The atom lines are the inner loop of everything that reads text: one pass, driven by the layout's
 * columns, with no memory of its own.
 */
#include "formats/extxyz_frame.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "trajectory/elements.h"
#include "input/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The frame being read: its place in the batch. */
typedef struct {
    extxyz_parser *parser;
    format_labels *labels;
    frames        *batch;
    int64_t        at;    /* in the batch */
    int64_t        start; /* of its atoms in the batch */
    int64_t        n_atoms;
    slice          properties;
    slice          cp2k_step; /* begin NULL: there is none */
    bool           has_cell, has_flags;
    bool           flags[3];
} frame_place;

covary_status extxyz_parser_prepare(extxyz_parser *parser, int n_labels)
{
    covary_status status = COVARY_OK;

    if (parser->ready) {
        return COVARY_OK;
    }
    COVARY_TRY(layout_create(n_labels, &parser->layout));
    COVARY_TRY(MEMORY_ALLOCATE("label values", n_labels, &parser->values));
    COVARY_TRY(MEMORY_ALLOCATE("label ranks", n_labels, &parser->ranks));
    parser->ready = true;
done:
    if (status != COVARY_OK) {
        extxyz_parser_release(parser);
    }
    return status;
}

void extxyz_parser_release(extxyz_parser *parser)
{
    layout_release(&parser->layout);
    MEMORY_RELEASE(&parser->values);
    MEMORY_RELEASE(&parser->ranks);
    parser->ready = false;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Past the blanks; eight at a time, as how many there are depends on signs that nothing predicts.
 */
static const char *skip_blanks(const char *at, const char *end)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - at >= 8) {
        uint64_t word;

        memcpy(&word, at, sizeof word);
        word ^= 0x2020202020202020u;
        if (word != 0) {
            at += __builtin_ctzll(word) / 8;
            break;
        }
        at += 8;
    }
#endif
    while (at < end && is_space(*at)) {
        at++;
    }
    return at;
}

static int clipped(slice bytes)
{
    return (int)(bytes.end - bytes.begin < 40 ? bytes.end - bytes.begin : 40);
}

static covary_status fail_changed(const extxyz_parser *parser)
{
    return COVARY_FAIL(COVARY_ERR_IO,
                       "line %" PRId64 " is not what it was when the file was opened; read the "
                       "file when nothing writes to it",
                       parser->reader.line);
}

/* The count line.  The index has seen it: anything wrong means that the file has changed. */
static covary_status read_count(extxyz_parser *parser, int64_t *n_atoms)
{
    covary_status status = COVARY_OK;
    slice         line, word, more;

    COVARY_TRY(line_reader_next(&parser->reader, &line.begin, &line.end));
    if (line.begin == NULL || !slice_take_word(&line, false, &word) ||
        slice_take_word(&line, false, &more) ||
        number_parse_integer(word.begin, word.end, n_atoms) != word.end || *n_atoms < 1 ||
        *n_atoms > parser->max_atoms) {
        status = fail_changed(parser);
    }
done:
    return status;
}

covary_status extxyz_frame_skip(extxyz_parser *parser)
{
    covary_status status = COVARY_OK;
    int64_t       n_atoms = 0;

    COVARY_TRY(read_count(parser, &n_atoms));
    for (int64_t line = 0; line <= n_atoms; line++) {
        slice skipped;
        COVARY_TRY(line_reader_next(&parser->reader, &skipped.begin, &skipped.end));
        if (skipped.begin == NULL) {
            status = fail_changed(parser);
            goto done;
        }
    }
done:
    return status;
}

covary_status extxyz_frame_copy(extxyz_parser *parser, char **lines)
{
    covary_status status = COVARY_OK;
    int64_t       n_atoms = 0;
    text          made = {0};

    COVARY_TRY(read_count(parser, &n_atoms));
    COVARY_TRY(text_add(&made, "%" PRId64 "\n", n_atoms));
    for (int64_t line = 0; line <= n_atoms; line++) {
        slice copied;
        COVARY_TRY(line_reader_next(&parser->reader, &copied.begin, &copied.end));
        if (copied.begin == NULL) {
            status = fail_changed(parser);
            goto done;
        }
        COVARY_TRY(text_add_bytes(&made, copied.begin, (size_t)(copied.end - copied.begin)));
        COVARY_TRY(text_add_bytes(&made, "\n", 1));
    }
    *lines = made.data;
    made.data = NULL;

done:
    text_release(&made);
    return status;
}

/* ---- the comment line ---- */

/* Three vectors, or the lengths of three orthogonal ones. */
static covary_status take_lattice(frame_place *place, slice value)
{
    double       *cell = place->batch->cell + 9 * place->at, numbers[9];
    const int64_t n = comment_numbers(value, 9, numbers);

    if (n != 9 && n != 3) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "Lattice must be 9 numbers (or 3 lengths), not '%.*s'", clipped(value),
                           value.begin);
    }
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(numbers[i])) {
            return COVARY_FAIL(COVARY_ERR_DATA, "Lattice is not finite");
        }
        cell[n == 9 ? i : 4 * i] = numbers[i];
    }
    place->has_cell = true;
    return COVARY_OK;
}

/* One flag stands for all three directions. */
static covary_status take_flags(frame_place *place, slice value)
{
    const int64_t n = comment_flags(value, 3, place->flags);

    if (n != 3 && n != 1) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "pbc must be three of T and F, not '%.*s'",
                           clipped(value), value.begin);
    }
    if (n == 1) {
        place->flags[1] = place->flags[2] = place->flags[0];
    }
    place->has_flags = true;
    return COVARY_OK;
}

/* In free text `time` and `step` may be anything: what is not a number is not taken. */
static covary_status take_pair(frame_place *place, slice key, slice value)
{
    extxyz_parser *parser = place->parser;
    double         time = 0.0;

    for (int l = 0; l < place->labels->n; l++) {
        const label_request *request = &place->labels->requests[l];
        const int            rank = request->per_atom ? -1 : label_key_rank(request, key);
        if (rank >= 0 && (parser->values[l].begin == NULL || rank <= parser->ranks[l])) {
            parser->values[l] = value;
            parser->ranks[l] = rank;
        }
    }
    if (slice_is(key, "Properties") || slice_is(key, "properties")) {
        place->properties = value;
    } else if (slice_is(key, "Lattice") || slice_is(key, "lattice")) {
        return take_lattice(place, value);
    } else if (slice_is(key, "pbc")) {
        return take_flags(place, value);
    } else if (slice_is(key, "step")) {
        comment_integer(value, &place->batch->step[place->at]);
    } else if (slice_is(key, "i")) {
        place->cp2k_step = value;
    } else if (slice_is(key, "time") && comment_numbers(value, 1, &time) == 1 && isfinite(time)) {
        place->batch->time[place->at] = time;
    }
    return COVARY_OK;
}

/* A cell without pbc is periodic, as ASE has it; a direction without a vector never is. */
static void set_periodic(frame_place *place)
{
    const double *cell = place->batch->cell + 9 * place->at;
    uint8_t       bits = 0;

    for (int axis = 0; axis < 3; axis++) {
        const double *vector = cell + 3 * axis;
        const bool    zero = vector[0] == 0.0 && vector[1] == 0.0 && vector[2] == 0.0;
        const bool    wanted = place->has_flags ? place->flags[axis] : place->has_cell;
        bits |= (uint8_t)((wanted && !zero) << axis);
    }
    place->batch->periodic[place->at] = bits;
}

static covary_status fail_missing(const label_request *request)
{
    char   keys[512] = "";
    size_t used = 0;

    for (int k = 0; request->keys[k] != NULL && used < sizeof keys; k++) {
        used += (size_t)snprintf(keys + used, sizeof keys - used, "%s%s", k > 0 ? ", " : "",
                                 request->keys[k]);
    }
    return COVARY_FAIL(COVARY_ERR_DATA, "label '%s' is missing %s (looked for %s; %s)",
                       request->name,
                       request->per_atom ? "among the columns" : "in the comment line", keys,
                       request->per_atom ? "one value a molecule takes per_atom: false"
                                         : "a column of the atoms takes per_atom: true");
}

/* `values` are all that the frame should have, of its atoms too. */
static covary_status miss_label(frame_place *place, int l, int64_t n_values, double *values)
{
    if (!place->labels->requests[l].optional) {
        return fail_missing(&place->labels->requests[l]);
    }
    for (int64_t i = 0; i < n_values; i++) {
        values[i] = (double)NAN;
    }
    place->labels->keys[l] = NULL;
    return COVARY_OK;
}

static covary_status check_finite(const label_request *request, const char *key,
                                  const double *values)
{
    for (int c = 0; c < request->n_components; c++) {
        if (!isfinite(values[c])) {
            return COVARY_FAIL(COVARY_ERR_DATA, "label '%s' is not finite (%s, value %d is %f)",
                               request->name, key, c + 1, values[c]);
        }
    }
    return COVARY_OK;
}

/* In place: a short label is read into the start of the components. */
static void spread_short(const label_request *request, double *values)
{
    double short_values[LABEL_SHORT_MAX];

    memcpy(short_values, values, (size_t)request->n_short * sizeof *values);
    for (int c = 0; c < request->n_components; c++) {
        values[c] = short_values[request->short_places[c]];
    }
}

static covary_status set_label(frame_place *place, int l)
{
    const label_request *request = &place->labels->requests[l];
    const slice          value = place->parser->values[l];
    char                 short_form[SHORT_FORM_BYTES];
    double              *to = place->batch->labels[l].values + place->at * request->n_components;

    if (value.begin == NULL) {
        return miss_label(place, l, request->n_components, to);
    }
    const char   *key = request->keys[place->parser->ranks[l]];
    const int64_t n = comment_numbers(value, request->n_components, to);
    if (n < 0) {
        return COVARY_FAIL(COVARY_ERR_DATA, "label '%s' is not numeric (%s=%.*s)", request->name,
                           key, clipped(value), value.begin);
    }
    if (request->n_short > 0 && n == request->n_short) {
        spread_short(request, to);
    } else if (n != request->n_components) {
        return COVARY_FAIL(
            COVARY_ERR_DATA, "label '%s' has %" PRId64 " values (%s), %d are expected%s",
            request->name, n, key, request->n_components, label_short_form(request, short_form));
    }
    place->labels->keys[l] = key;
    return check_finite(request, key, to);
}

static covary_status read_comment(frame_place *place)
{
    covary_status  status = COVARY_OK;
    extxyz_parser *parser = place->parser;
    frames        *batch = place->batch;
    slice          line, key, value;

    memset(batch->cell + 9 * place->at, 0, 9 * sizeof *batch->cell);
    batch->step[place->at] = batch->in_files + place->at;
    batch->time[place->at] = (double)NAN;
    for (int l = 0; l < place->labels->n; l++) {
        parser->values[l].begin = NULL;
    }
    COVARY_TRY(line_reader_next(&parser->reader, &line.begin, &line.end));
    if (line.begin == NULL) {
        status = fail_changed(parser);
        goto done;
    }
    while (comment_next(&line, &key, &value)) {
        COVARY_TRY(take_pair(place, key, value));
    }
    set_periodic(place);
    if (place->properties.begin == NULL) { /* CP2K: i = 1, time = 0.500 (fs), E = -17.1 */
        comment_integer(place->cp2k_step, &batch->step[place->at]);
    }
    COVARY_TRY(layout_update(&parser->layout, place->properties, place->labels));
    for (int l = 0; l < place->labels->n; l++) {
        if (!place->labels->requests[l].per_atom) {
            COVARY_TRY(set_label(place, l));
        } else if (parser->layout.keys[l] == NULL) {
            const frame_label *label = &batch->labels[l];
            COVARY_TRY(miss_label(place, l, place->n_atoms * label->n_components,
                                  label->values + place->start * label->n_components));
        } else {
            place->labels->keys[l] = parser->layout.keys[l];
        }
    }
done:
    return status;
}

/* ---- the atom lines ---- */

/*
 * The element of C1, H_a or Cl2: letters, then what is none.  Two letters must be written as a
 * symbol is: CA1 may be calcium or the alpha carbon of a protein.
 */
static int element_of_name(slice word)
{
    const int64_t length = word.end - word.begin;
    int64_t       letters = 0;

    while (letters < length &&
           ((word.begin[letters] | 0x20) >= 'a' && (word.begin[letters] | 0x20) <= 'z')) {
        letters++;
    }
    if (letters < 1 || letters > 2 || (letters == 2 && word.begin[1] < 'a')) {
        return 0;
    }
    return element_number(word.begin, (size_t)letters);
}

static int element_of(slice word, bool plain)
{
    int     number = element_number(word.begin, (size_t)(word.end - word.begin));
    int64_t integer = 0;

    if (number == 0 && number_parse_integer(word.begin, word.end, &integer) == word.end) {
        return integer >= 1 && integer <= ELEMENT_MAX ? (int)integer : 0;
    }
    return number == 0 && plain ? element_of_name(word) : number;
}

static covary_status fail_atom(const frame_place *place, int64_t atom, const char *what, slice word)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT, "line %" PRId64 ", atom %" PRId64 ": %s '%.*s'",
                       place->parser->reader.line - 1, atom + 1, what, clipped(word), word.begin);
}

static slice word_at(const char *at, const char *end)
{
    slice word = {at, at};

    if (at < end && *at == '"' && memchr(at + 1, '"', (size_t)(end - at - 1)) != NULL) {
        word.end = (const char *)memchr(at + 1, '"', (size_t)(end - at - 1)) + 1;
    }
    while (word.end < end && !is_space(*word.end)) {
        word.end++;
    }
    return word;
}

/* Put a number where its column belongs. */
static covary_status place_number(const frame_place *place, const layout_column *column,
                                  int64_t atom, double number)
{
    double *to = place->batch->positions + 3 * (place->start + atom);

    if (column->role == COLUMN_LABEL) {
        const frame_label *label = &place->batch->labels[column->label];
        to = label->values + (place->start + atom) * label->n_components;
        for (int c = 0; column->places != NULL && c < label->n_components; c++) {
            if (column->places[c] == column->component) {
                to[c] = number;
            }
        }
    }
    if (column->places == NULL) {
        to[column->component] = number;
    }
    if (isfinite(number)) {
        return COVARY_OK;
    }
    if (column->role == COLUMN_LABEL) {
        return COVARY_FAIL(COVARY_ERR_DATA, "atom %" PRId64 ": label '%s' is not finite (%s)",
                           atom + 1, place->labels->requests[column->label].name,
                           place->parser->layout.keys[column->label]);
    }
    return COVARY_FAIL(COVARY_ERR_DATA, "atom %" PRId64 ": the position is not finite (%f)",
                       atom + 1, number);
}

static covary_status read_atom(const frame_place *place, int64_t atom, slice line)
{
    covary_status        status = COVARY_OK;
    const extxyz_layout *layout = &place->parser->layout;
    const char          *at = line.begin;

    for (int c = 0; c < layout->n_columns; c++) {
        const layout_column *column = &layout->columns[c];
        at = skip_blanks(at, line.end);
        if (at == line.end) {
            return COVARY_FAIL(COVARY_ERR_FORMAT,
                               "line %" PRId64 ", atom %" PRId64 ": %d columns, %d are expected",
                               place->parser->reader.line - 1, atom + 1, c, layout->n_columns);
        }
        if (column->role == COLUMN_SPECIES || column->role == COLUMN_SKIPPED) {
            const slice word = word_at(at, line.end);
            at = word.end;
            if (column->role == COLUMN_SPECIES) {
                const int element = element_of(word, layout->plain);
                if (element == 0) {
                    return fail_atom(place, atom, "unknown element", word);
                }
                place->batch->species[place->start + atom] = (uint8_t)element;
            }
            continue;
        }
        double      number;
        const char *after = number_parse(at, line.end, &number);
        if (after == NULL || (after < line.end && !is_space(*after))) {
            return fail_atom(place, atom, "not a number:", word_at(at, line.end));
        }
        COVARY_TRY(place_number(place, column, atom, number));
        at = after;
    }
done:
    return status;
}

covary_status extxyz_frame_read(extxyz_parser *parser, format_labels *labels, frames *batch)
{
    covary_status status = COVARY_OK;
    frame_place   place = {.parser = parser, .labels = labels, .batch = batch};

    place.at = batch->n_frames;
    place.start = batch->atom_start[place.at];
    COVARY_TRY(read_count(parser, &place.n_atoms));
    COVARY_TRY(frames_reserve(batch, place.at + 1, place.start + place.n_atoms));
    COVARY_TRY(read_comment(&place));
    for (int64_t atom = 0; atom < place.n_atoms; atom++) {
        slice line;
        COVARY_TRY(line_reader_next(&parser->reader, &line.begin, &line.end));
        if (line.begin == NULL) {
            status = fail_changed(parser);
            goto done;
        }
        COVARY_TRY(read_atom(&place, atom, line));
    }
    batch->atom_start[place.at + 1] = place.start + place.n_atoms;
    batch->n_frames++;
done:
    return status;
}
