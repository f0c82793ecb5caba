/* SPDX-License-Identifier: BSD-3-Clause */
/* The first frame of an extended or plain XYZ file: elements, columns of masses and charges, cell.
 */
#include "core/status.h"
#include "formats/extxyz_frame.h"
#include "trajectory/format.h"
#include "input/number.h"
#include "topology/topology_format.h"

#include <inttypes.h>
#include <string.h>

enum { LEAST_ATOM = 8 }; /* bytes of "H 0 0 0\n" */

/* Columns that ASE and others write; asked for if Properties has them. */
static const char *const   mass_keys[] = {"masses", "mass", NULL};
static const char *const   charge_keys[] = {"charges", "initial_charges", "charge", NULL};
static const label_request columns[] = {
    {.name = "masses", .keys = mass_keys, .n_components = 1, .per_atom = true},
    {.name = "charges", .keys = charge_keys, .n_components = 1, .per_atom = true}};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* Does Properties have one real number of one of these names? */
static bool has_column(slice properties, const label_request *request)
{
    for (const char *at = properties.begin; at < properties.end;) {
        slice part = {at, at};
        while (part.end < properties.end && *part.end != ':') {
            part.end++;
        }
        if (label_key_rank(request, part) >= 0 && properties.end - part.end >= 4 &&
            memcmp(part.end, ":R:1", 4) == 0) {
            return true;
        }
        at = part.end + 1;
    }
    return false;
}

/* The number of atoms and what columns there are, from the first two lines. */
static covary_status look(line_reader *reader, topology_draft *into, int64_t *n_atoms,
                          bool has[COLUMNS])
{
    covary_status status = COVARY_OK;
    const char   *begin = NULL, *end = NULL;
    slice         rest, key, value;

    *n_atoms = 0;
    COVARY_TRY(line_reader_next(reader, &begin, &end));
    if (begin == NULL || !comment_integer((slice){begin, end}, n_atoms) || *n_atoms < 1 ||
        *n_atoms > into->bytes / LEAST_ATOM + 1) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "%s, line 1: the number of atoms that the file holds is expected",
                             into->path);
        goto done;
    }
    COVARY_TRY(line_reader_next(reader, &begin, &end));
    rest = (slice){begin, end};
    while (begin != NULL && comment_next(&rest, &key, &value)) {
        for (int c = 0; c < COLUMNS && slice_is(key, "Properties"); c++) {
            has[c] = has_column(value, &columns[c]);
        }
    }
done:
    return status;
}

/* One atom a line, the first of which is line 3. */
static covary_status take_atoms(const frames *batch, int place[COLUMNS], topology_draft *into)
{
    covary_status status = COVARY_OK;

    for (int64_t a = 0; a < frames_n_atoms(batch, 0); a++) {
        draft_atom *atom = NULL;
        COVARY_TRY(draft_add_atom(into, a + 3, &atom));
        atom->element = batch->species[a];
        if (place[0] >= 0) {
            atom->mass = batch->labels[place[0]].values[a];
        }
        if (place[1] >= 0) {
            atom->charge = batch->labels[place[1]].values[a];
        }
    }
done:
    return status;
}

static covary_status extxyz_parse(topology_draft *into)
{
    covary_status status = COVARY_OK;
    extxyz_parser parser = {0};
    frames       *batch = NULL;
    label_request wanted[COLUMNS];
    frame_label   shapes[COLUMNS];
    const char   *found[COLUMNS];
    int           place[COLUMNS];
    bool          has[COLUMNS] = {false};
    format_labels labels = {0, wanted, found};

    COVARY_TRY(line_reader_open(&parser.reader, into->path, into->bytes, 1 << 16));
    COVARY_TRY(look(&parser.reader, into, &parser.max_atoms, has));
    for (int c = 0; c < COLUMNS; c++) {
        place[c] = has[c] ? labels.n : -1;
        wanted[labels.n] = columns[c];
        shapes[labels.n] = (frame_label){.n_components = 1, .per_atom = true};
        labels.n += has[c];
    }
    line_reader_seek(&parser.reader, 0, 1);
    COVARY_TRY(frames_create(1, parser.max_atoms, &batch));
    COVARY_TRY(frames_reset(batch, labels.n, shapes));
    COVARY_TRY(extxyz_parser_prepare(&parser, labels.n));
    status = extxyz_frame_read(&parser, &labels, batch);
    if (status != COVARY_OK) {
        covary_record_context("%s, frame 1", into->path);
        goto done;
    }
    COVARY_TRY(take_atoms(batch, place, into));
    memcpy(into->cell, batch->cell, sizeof into->cell);
    into->periodic = batch->periodic[0];

done:
    frames_destroy(&batch);
    extxyz_parser_release(&parser);
    line_reader_close(&parser.reader);
    return status;
}

static bool extxyz_probe(const char *head, size_t length)
{
    return format_extxyz.probe(head, length);
}

static const char *const extensions[] = {"xyz", "extxyz", "exyz", NULL};

const topology_ops topology_extxyz = {
    .name = "extended XYZ",
    .summary = "elements, columns of masses and charges, and cell of the first frame",
    .extensions = extensions,
    .probe = extxyz_probe,
    .parse = extxyz_parse,
};
