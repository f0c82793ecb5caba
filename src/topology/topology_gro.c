/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GROMACS' GRO: a title, the number of atoms, one line an atom in fixed columns, the box.  There
 * are no elements, charges or bonds in it; the first of several frames is read.
 *
 * Columns (GROMACS reference manual, file formats, gro): residue number 1-5, residue name 6-10,
 * atom name 11-15, atom number 16-20, then positions of as many columns as their points are apart.
 */
#include "core/status.h"
#include "input/number.h"
#include "topology/topology_format.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_END = 15, POSITIONS = 20, LEAST_LINE = 35 }; /* three positions of 5 columns at least */

/* The whole number of a line that has nothing else; -1 if there is none. */
static int64_t count_of(const char *begin, const char *end)
{
    int64_t count = -1;

    while (begin < end && *begin == ' ') {
        begin++;
    }
    begin = number_parse_integer(begin, end, &count);
    while (begin != NULL && begin < end && *begin == ' ') {
        begin++;
    }
    return begin == end && count >= 0 ? count : -1;
}

/* Second line a number, third one an atom with points in its positions. */
static bool gro_probe(const char *head, size_t length)
{
    const char *end = head + length, *line[4] = {head};
    int         points = 0;

    for (int n = 1; n < 4; n++) {
        const char *stop = memchr(line[n - 1], '\n', (size_t)(end - line[n - 1]));
        if (stop == NULL) {
            return false;
        }
        line[n] = stop + 1;
    }
    for (const char *at = line[2] + POSITIONS; at < line[3]; at++) {
        points += *at == '.';
    }
    const char *stop = line[2] - 1;
    stop -= stop > line[1] && stop[-1] == '\r';
    return count_of(line[1], stop) > 0 && line[3] - line[2] > LEAST_LINE && points >= 3;
}

static covary_status add_atom(const char *begin, const char *end, int64_t line,
                              char residue_id[DRAFT_TEXT], topology_draft *into)
{
    covary_status status = COVARY_OK;
    draft_atom   *atom = NULL;
    char          id[DRAFT_TEXT];

    if (end - begin < LEAST_LINE) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s, line %" PRId64 ": not an atom of a GRO file",
                           into->path, line);
    }
    COVARY_TRY(draft_add_atom(into, line, &atom));
    draft_columns(begin, end, 0, 10, id); /* number and name: numbers start again after 99999 */
    draft_columns(begin, end, 5, 10, atom->residue);
    draft_columns(begin, end, 10, NAME_END, atom->name);
    if (into->n_atoms > 1) {
        atom->residue_index = atom[-1].residue_index + (strcmp(id, residue_id) != 0);
    }
    memcpy(residue_id, id, DRAFT_TEXT);
done:
    return status;
}

/*
 * The line behind the atoms: the diagonal of the cell in nm, then, unless it is a right box, the
 * others: v1(y) v1(z) v2(x) v2(z) v3(x) v3(y).
 */
static covary_status take_box(const char *begin, const char *end, int64_t line,
                              topology_draft *into)
{
    static const int at[9] = {0, 4, 8, 1, 2, 3, 5, 6, 7};
    double           nm[9] = {0};
    int              n = 0;

    for (;;) {
        while (begin != NULL && begin < end && (*begin == ' ' || *begin == '\t')) {
            begin++;
        }
        if (begin == NULL || begin == end || n == 9) {
            break;
        }
        begin = number_parse(begin, end, &nm[at[n++]]);
    }
    if (begin != end || (n != 3 && n != 9)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s, line %" PRId64 ": the three or nine numbers of a box are expected",
                           into->path, line);
    }
    for (int i = 0; i < 9; i++) {
        into->cell[i] = 10.0 * nm[i];
    }
    for (int d = 0; d < 3; d++) {
        into->periodic |= (uint8_t)(nm[4 * d] != 0.0 ? 1 << d : 0);
    }
    return COVARY_OK;
}

static covary_status gro_parse(topology_draft *into)
{
    covary_status status = COVARY_OK;
    line_reader   reader = {0};
    const char   *begin = NULL, *end = NULL;
    char          residue_id[DRAFT_TEXT] = "";
    int64_t       n_atoms = -1;

    COVARY_TRY(line_reader_open(&reader, into->path, into->bytes, 1 << 16));
    for (int line = 1; line <= 2; line++) {
        COVARY_TRY(line_reader_next(&reader, &begin, &end));
    }
    n_atoms = begin != NULL ? count_of(begin, end) : -1;
    if (n_atoms < 1 || n_atoms > into->bytes / LEAST_LINE) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "%s, line 2: the number of atoms that the file holds is expected",
                             into->path);
        goto done;
    }
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        COVARY_TRY(line_reader_next(&reader, &begin, &end));
        if (begin == NULL) {
            status = COVARY_FAIL(COVARY_ERR_FORMAT,
                                 "%s: the file ends after %" PRId64 " of %" PRId64 " atoms",
                                 into->path, atom, n_atoms);
            goto done;
        }
        COVARY_TRY(add_atom(begin, end, atom + 3, residue_id, into));
    }
    COVARY_TRY(line_reader_next(&reader, &begin, &end));
    if (begin != NULL) {
        COVARY_TRY(take_box(begin, end, n_atoms + 3, into));
    }

done:
    line_reader_close(&reader);
    return status;
}

static const char *const extensions[] = {"gro", NULL};

const topology_ops topology_gro = {
    .name = "GRO",
    .summary = "elements from names of atoms and residues; box",
    .extensions = extensions,
    .probe = gro_probe,
    .parse = gro_parse,
};
