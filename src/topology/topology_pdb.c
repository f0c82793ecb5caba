/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PDB: the atoms of the first model, the cell before them (CRYST1) and CONECT records.
 *
 * Columns (wwPDB, Atomic Coordinate Entry Format 3.3): serial 7-11, name 13-16, residue name 18-20
 * (18-21 in many programs), chain 22, residue number and insertion code 23-27, element 77-78.
 * Serials may be hybrid-36 (Grosse-Kunstleve), hexadecimal, or ***** past 99999; bonds to such as
 * are not there once and only once are left out.
 *
 * A name starts in column 14 if its element has one letter.  Files of programs that do not keep to
 * this are known by names of one letter in column 13; their columns say nothing.
 */
#include "core/memory.h"
#include "core/status.h"
#include "input/number.h"
#include "trajectory/elements.h"
#include "topology/topology_format.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SERIAL = 6, SERIAL_END = 11, NAME = 12, NAME_END = 16, ELEMENT = 76, ELEMENT_END = 78 };

typedef struct {
    char    text[DRAFT_TEXT]; /* as it stands in the file */
    int64_t atom;
} serial;

typedef struct {
    topology_draft *draft;
    serial         *serials; /* [atoms] */
    int64_t         n_serials, room;
    char            residue[2 * DRAFT_TEXT]; /* name, chain, number and code of the last atom */
    bool            columns_lie;             /* a one-letter name stands in column 13 */
} pdb_reading;

static bool starts_with(const char *begin, const char *end, const char *word)
{
    const size_t length = strlen(word);

    return (size_t)(end - begin) >= length && memcmp(begin, word, length) == 0;
}

static bool is_atom(const char *begin, const char *end)
{
    return starts_with(begin, end, "ATOM  ") || starts_with(begin, end, "HETATM");
}

/* The two letters in columns 13 and 14, unless they are the first of a name of four. */
static int element_of_columns(const char *begin, const draft_atom *atom)
{
    const char *name = begin + NAME;

    if (isalpha((unsigned char)name[0]) && isalpha((unsigned char)name[1]) &&
        strlen(atom->name) < 4 && !topology_is_biomolecule(atom->residue)) {
        return element_number(name, 2);
    }
    return 0;
}

static covary_status add_serial(const char *begin, const char *end, int64_t atom, pdb_reading *in)
{
    covary_status status = COVARY_OK;

    if (in->n_serials == in->room) {
        in->room = in->room > 0 ? 2 * in->room : 256;
        COVARY_TRY(MEMORY_RESIZE("serials of atoms", in->room, &in->serials));
    }
    draft_columns(begin, end, SERIAL, SERIAL_END, in->serials[in->n_serials].text);
    in->serials[in->n_serials++].atom = atom;
done:
    return status;
}

static covary_status add_atom(const char *begin, const char *end, int64_t line, pdb_reading *in)
{
    covary_status status = COVARY_OK;
    draft_atom   *atom = NULL;
    char          symbol[DRAFT_TEXT], number[DRAFT_TEXT], residue[2 * DRAFT_TEXT];

    COVARY_TRY(draft_add_atom(in->draft, line, &atom));
    COVARY_TRY(add_serial(begin, end, in->draft->n_atoms - 1, in));
    draft_columns(begin, end, NAME, NAME_END, atom->name);
    draft_columns(begin, end, 17, 21, atom->residue);
    draft_columns(begin, end, 21, 27, number); /* chain, number and insertion code */
    draft_columns(begin, end, ELEMENT, ELEMENT_END, symbol);
    atom->element = element_number(symbol, strlen(symbol));
    if (end - begin >= NAME_END) {
        atom->column_element = element_of_columns(begin, atom);
        in->columns_lie = in->columns_lie || (begin[NAME] != ' ' && strlen(atom->name) == 1);
    }
    memset(residue, 0, sizeof residue);
    memcpy(residue, atom->residue, DRAFT_TEXT);
    memcpy(residue + DRAFT_TEXT, number, DRAFT_TEXT);
    if (in->draft->n_atoms > 1) {
        atom->residue_index =
            atom[-1].residue_index + (memcmp(residue, in->residue, sizeof residue) != 0);
    }
    memcpy(in->residue, residue, sizeof residue);
done:
    return status;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(((const serial *)left)->text, ((const serial *)right)->text);
}

/* The atom of a serial; -1 if there is none, or several. */
static int64_t find_serial(const pdb_reading *in, const char *begin, const char *end, int column)
{
    serial        wanted = {{0}, 0};
    const serial *found = NULL, *last = in->serials + in->n_serials;

    draft_columns(begin, end, column, column + 5, wanted.text);
    if (wanted.text[0] != '\0' && in->n_serials > 0) {
        found = bsearch(&wanted, in->serials, (size_t)in->n_serials, sizeof wanted, by_text);
    }
    if (found == NULL || (found > in->serials && by_text(found - 1, found) == 0) ||
        (found + 1 < last && by_text(found, found + 1) == 0)) {
        return -1;
    }
    return found->atom;
}

/* One line: an atom and up to four to which it is bonded; double bonds are named twice. */
static covary_status add_bonds(const char *begin, const char *end, pdb_reading *in)
{
    covary_status status = COVARY_OK;
    const int64_t from = find_serial(in, begin, end, SERIAL);

    for (int column = SERIAL_END; from >= 0 && column < SERIAL_END + 20; column += 5) {
        const int64_t to = find_serial(in, begin, end, column);
        if (to >= 0 && to != from) {
            COVARY_TRY(draft_add_bond(in->draft, from, to));
        }
    }
done:
    return status;
}

/* CRYST1: lengths in columns 7-33, 9 each, and angles in 34-54, 7 each. */
static covary_status take_cell(const char *begin, const char *end, int64_t line,
                               topology_draft *into)
{
    static const int edges[7] = {6, 15, 24, 33, 40, 47, 54};
    double           numbers[6] = {0};
    char             text[DRAFT_TEXT];

    for (int i = 0; i < 6; i++) {
        draft_columns(begin, end, edges[i], edges[i + 1], text);
        const char *stop = text + strlen(text);
        if (number_parse(text, stop, &numbers[i]) != stop) {
            return COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s, line %" PRId64 ": columns %d to %d of CRYST1 hold '%s', not a "
                               "number",
                               into->path, line, edges[i] + 1, edges[i + 1], text);
        }
    }
    return draft_set_cell(into, line, numbers, numbers + 3);
}

/* Atoms up to the end of the first model, CONECT records to the end of the file. */
static covary_status read_records(line_reader *reader, pdb_reading *in)
{
    covary_status status = COVARY_OK;
    const char   *begin = NULL, *end = NULL;
    bool          first_model = true, sorted = false;

    for (;;) {
        const int64_t line = reader->line;
        COVARY_TRY(line_reader_next(reader, &begin, &end));
        if (begin == NULL) {
            break;
        }
        if (first_model && is_atom(begin, end)) {
            COVARY_TRY(add_atom(begin, end, line, in));
        } else if (in->n_serials == 0 && starts_with(begin, end, "CRYST1")) {
            COVARY_TRY(take_cell(begin, end, line, in->draft));
        } else if (in->n_serials > 0 &&
                   (starts_with(begin, end, "END") || starts_with(begin, end, "MODEL "))) {
            first_model = false; /* some programs write END and no ENDMDL */
        } else if (in->n_serials > 0 && starts_with(begin, end, "CONECT")) {
            if (!sorted) {
                qsort(in->serials, (size_t)in->n_serials, sizeof *in->serials, by_text);
                sorted = true;
                first_model = false;
            }
            COVARY_TRY(add_bonds(begin, end, in));
        }
    }
done:
    return status;
}

static covary_status pdb_parse(topology_draft *into)
{
    covary_status status = COVARY_OK;
    line_reader   reader = {0};
    pdb_reading   in = {.draft = into};

    COVARY_TRY(line_reader_open(&reader, into->path, into->bytes, 1 << 16));
    COVARY_TRY(read_records(&reader, &in));
    if (into->n_atoms == 0) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: no ATOM or HETATM record", into->path);
        goto done;
    }
    for (int64_t atom = 0; in.columns_lie && atom < into->n_atoms; atom++) {
        into->atoms[atom].column_element = 0;
    }

done:
    MEMORY_RELEASE(&in.serials);
    line_reader_close(&reader);
    return status;
}

/* The first line is a record of the format. */
static bool pdb_probe(const char *head, size_t length)
{
    static const char *const records[] = {"HEADER", "TITLE ", "CRYST1", "REMARK", "ATOM  ",
                                          "HETATM", "MODEL ", "COMPND", "AUTHOR", "EXPDTA",
                                          "SEQRES", "OBSLTE", "CAVEAT"};

    for (size_t r = 0; r < sizeof records / sizeof records[0]; r++) {
        if (starts_with(head, head + length, records[r])) {
            return true;
        }
    }
    return false;
}

static const char *const extensions[] = {"pdb", "ent", "pdb1", NULL};

const topology_ops topology_pdb = {
    .name = "PDB",
    .summary =
        "elements from columns 77-78, else from names; bonds from CONECT; cell; the first model",
    .extensions = extensions,
    .probe = pdb_probe,
    .parse = pdb_parse,
};
