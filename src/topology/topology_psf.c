/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PSF of CHARMM, X-PLOR and NAMD: atoms with masses and charges, and all bonds.
 *
 * CHARMM writes fixed columns: (I8,1X,A4,1X,A4,1X,A4,1X,A4,1X,I4 or A4,1X,2G14.6,...), with EXT
 * (I10,1X,A8,1X,A8,1X,A8,1X,A8,1X,I4 or A6,1X,2G14.6,...); names may be missing.  NAMD separates by
 * blanks.  A line that does not fit the columns is read as the latter.
 */
#include "core/status.h"
#include "input/number.h"
#include "topology/topology_format.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { WORDS = 8, PAIR = 2 };

typedef struct {
    int segment, residue_id, residue, name, type, end; /* first columns of names of `width` */
    int width;
} psf_columns;

static const psf_columns standard = {9, 14, 19, 24, 29, 34, 4};
static const psf_columns extended = {11, 20, 29, 38, 47, 52, 8};
static const psf_columns extended_type = {11, 20, 29, 38, 47, 54, 8}; /* types of six letters */

typedef struct {
    const char *begin, *end;
} word;

typedef struct {
    line_reader        reader;
    topology_draft    *draft;
    const psf_columns *columns; /* NULL: separated by blanks */
    bool               extended;
    char               residue[3][DRAFT_TEXT]; /* segment, number and name of the last atom */
} psf_reading;

static int split(const char *at, const char *end, int room, word *words)
{
    int n = 0;

    while (n < room) {
        while (at < end && (*at == ' ' || *at == '\t')) {
            at++;
        }
        if (at == end) {
            break;
        }
        words[n].begin = at;
        while (at < end && *at != ' ' && *at != '\t') {
            at++;
        }
        words[n++].end = at;
    }
    return n;
}

static void copy_word(word from, char to[DRAFT_TEXT])
{
    draft_columns(from.begin, from.end, 0, (int)(from.end - from.begin), to);
}

static bool is_number(word of, double *value)
{
    return number_parse(of.begin, of.end, value) == of.end && isfinite(*value);
}

/* Charge and mass in front of what else the line has. */
static bool read_numbers(const char *begin, const char *end, draft_atom *atom)
{
    word words[2];

    return split(begin, end, 2, words) == 2 && is_number(words[0], &atom->charge) &&
           is_number(words[1], &atom->mass);
}

/* Do the columns between the names hold blanks, and are charge and mass behind them? */
static bool read_columns(const psf_columns *columns, const char *begin, const char *end,
                         char residue[3][DRAFT_TEXT], draft_atom *atom)
{
    const int starts[] = {columns->segment, columns->residue_id, columns->residue,
                          columns->name,    columns->type,       columns->end};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (end - begin <= starts[i] || begin[starts[i] - 1] != ' ') {
            return false;
        }
    }
    if (!read_numbers(begin + columns->end, end, atom)) {
        return false;
    }
    draft_columns(begin, end, columns->segment, columns->segment + columns->width, residue[0]);
    draft_columns(begin, end, columns->residue_id, columns->residue_id + columns->width,
                  residue[1]);
    draft_columns(begin, end, columns->residue, columns->residue + columns->width, residue[2]);
    draft_columns(begin, end, columns->name, columns->name + columns->width, atom->name);
    return atom->name[0] != '\0';
}

/* Number, segment, residue number and name, name, type, charge, mass. */
static bool read_words(const char *begin, const char *end, char residue[3][DRAFT_TEXT],
                       draft_atom *atom)
{
    word words[WORDS];

    if (split(begin, end, WORDS, words) < WORDS || !is_number(words[6], &atom->charge) ||
        !is_number(words[7], &atom->mass)) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        copy_word(words[1 + i], residue[i]);
    }
    copy_word(words[4], atom->name);
    return true;
}

static covary_status add_atom(const char *begin, const char *end, int64_t line, psf_reading *in)
{
    covary_status status = COVARY_OK;
    draft_atom   *atom = NULL;
    char          residue[3][DRAFT_TEXT] = {{0}};
    bool          read = false;

    COVARY_TRY(draft_add_atom(in->draft, line, &atom));
    read = in->columns != NULL && read_columns(in->columns, begin, end, residue, atom);
    if (!read && in->extended) {
        read = read_columns(&extended_type, begin, end, residue, atom);
    }
    if (!read && !read_words(begin, end, residue, atom)) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "%s, line %" PRId64 ": number, segment, residue number, residue, "
                             "name, type, charge and mass of an atom are expected",
                             in->draft->path, line);
        goto done;
    }
    memcpy(atom->residue, residue[2], DRAFT_TEXT);
    if (in->draft->n_atoms > 1) {
        bool same = true;
        for (int i = 0; i < 3; i++) {
            same = same && strcmp(residue[i], in->residue[i]) == 0;
        }
        atom->residue_index = atom[-1].residue_index + !same;
    }
    memcpy(in->residue, residue, sizeof residue);
done:
    return status;
}

/* "  22 !NATOM": the number in front of a section's name; -1: another line. */
static int64_t section_of(const char *begin, const char *end, const char *name)
{
    const size_t length = strlen(name);
    word         words[2];
    int64_t      count;

    if (split(begin, end, 2, words) < 2 || (size_t)(words[1].end - words[1].begin) < length ||
        memcmp(words[1].begin, name, length) != 0 ||
        number_parse_integer(words[0].begin, words[0].end, &count) != words[0].end) {
        return -1;
    }
    return count;
}

/* Go behind the header of a section.  COVARY_ERR_FORMAT: there is none, or too many entries. */
static covary_status find_section(psf_reading *in, const char *name, int64_t least_bytes,
                                  int64_t *count)
{
    covary_status status = COVARY_OK;
    const char   *begin = NULL, *end = NULL;

    do {
        COVARY_TRY(line_reader_next(&in->reader, &begin, &end));
        *count = begin != NULL ? section_of(begin, end, name) : 0;
    } while (begin != NULL && *count < 0);
    if (begin == NULL || *count > in->draft->bytes / least_bytes) {
        status =
            COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s %s", in->draft->path,
                        begin == NULL ? "there is no section" : "the file is too short for", name);
    }
done:
    return status;
}

/* Four pairs a line. */
static covary_status read_bonds(psf_reading *in)
{
    covary_status status = COVARY_OK;
    const char   *begin = NULL, *end = NULL;
    int64_t       n_bonds = 0, pair[PAIR];

    COVARY_TRY(find_section(in, "!NBOND", 2 * PAIR, &n_bonds));
    while (in->draft->n_bonds < n_bonds) {
        const int64_t line = in->reader.line;
        word          words[4 * PAIR + 1];
        COVARY_TRY(line_reader_next(&in->reader, &begin, &end));
        int n = begin != NULL ? split(begin, end, 4 * PAIR + 1, words) : 0;
        n = n > 4 * PAIR ? 1 : n; /* an odd number is refused */
        for (int w = 0; w < n; w++) {
            const char *stop = number_parse_integer(words[w].begin, words[w].end, &pair[w % PAIR]);
            if (n % PAIR != 0 || stop != words[w].end || pair[w % PAIR] < 1 ||
                pair[w % PAIR] > in->draft->n_atoms) {
                n = 0;
            } else if (w % PAIR == 1) {
                COVARY_TRY(draft_add_bond(in->draft, pair[0] - 1, pair[1] - 1));
            }
        }
        if (n == 0) {
            status = COVARY_FAIL(COVARY_ERR_FORMAT,
                                 "%s, line %" PRId64 ": pairs of atoms from 1 to %" PRId64
                                 " are expected",
                                 in->draft->path, line, in->draft->n_atoms);
            goto done;
        }
    }
done:
    return status;
}

/* The first line tells the columns. */
static covary_status read_head(psf_reading *in)
{
    covary_status status = COVARY_OK;
    const char   *begin = NULL, *end = NULL;
    word          words[WORDS];
    bool          blanks = false;
    int           n = 0;

    COVARY_TRY(line_reader_next(&in->reader, &begin, &end));
    n = begin != NULL ? split(begin, end, WORDS, words) : 0;
    for (int w = 0; w < n; w++) {
        char text[DRAFT_TEXT];
        copy_word(words[w], text);
        in->extended = in->extended || strcmp(text, "EXT") == 0;
        blanks = blanks || strcmp(text, "NAMD") == 0;
    }
    in->columns = blanks ? NULL : in->extended ? &extended : &standard;
    in->extended = in->extended && !blanks;
done:
    return status;
}

static covary_status psf_parse(topology_draft *into)
{
    covary_status status = COVARY_OK;
    psf_reading   in = {.draft = into};
    const char   *begin = NULL, *end = NULL;
    int64_t       n_atoms = 0;

    COVARY_TRY(line_reader_open(&in.reader, into->path, into->bytes, 1 << 16));
    COVARY_TRY(read_head(&in));
    COVARY_TRY(find_section(&in, "!NATOM", 2 * WORDS, &n_atoms));
    if (n_atoms == 0) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: there are no atoms", into->path);
        goto done;
    }
    while (into->n_atoms < n_atoms) {
        const int64_t line = in.reader.line;
        COVARY_TRY(line_reader_next(&in.reader, &begin, &end));
        if (begin == NULL) {
            status = COVARY_FAIL(COVARY_ERR_FORMAT,
                                 "%s: the file ends after %" PRId64 " of %" PRId64 " atoms",
                                 into->path, into->n_atoms, n_atoms);
            goto done;
        }
        COVARY_TRY(add_atom(begin, end, line, &in));
    }
    COVARY_TRY(read_bonds(&in));

done:
    line_reader_close(&in.reader);
    return status;
}

static bool psf_probe(const char *head, size_t length)
{
    return length >= 4 && memcmp(head, "PSF", 3) == 0 && strchr(" \t\r\n", head[3]) != NULL;
}

static const char *const extensions[] = {"psf", "xpsf", NULL};

const topology_ops topology_psf = {
    .name = "PSF",
    .summary = "elements from masses and names, charges, all bonds (CHARMM, X-PLOR, NAMD, EXT)",
    .extensions = extensions,
    .probe = psf_probe,
    .parse = psf_parse,
};
