/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Extended XYZ, as ASE, libAtoms and Covary itself read it: per frame the number of atoms, a line
 * of keys, a line an atom.  Properties are keys of the frame or columns of the atoms, row-major, in
 * their own unit, which stands beside them as <name>_unit; positions are in angstrom, times in fs.
 *
 * Of a box of molecules every atom has the index of its molecule in the column `molecule` (-1: it
 * is in none), and columns of properties of atoms are nan where there is none.  What molecules have
 * is one key of the frame, <name>_molecules, molecule after molecule, lest readers take it for the
 * frame's own value; the domain is that of the worst molecule.
 */
#include "annotation/export_format.h"

#include "core/status.h"
#include "trajectory/elements.h"

#include <math.h>
#include <string.h>

/* What a key must not be: a name that the format has already, or would take apart. */
static covary_status check_name(const char *name)
{
    static const char *const taken[] = {"Lattice", "Properties", "species", "pos",     "pbc",
                                        "frame",   "step",       "time",    "molecule"};

    if (strpbrk(name, " \t\r\n=:,\"'\\[]{}") != NULL) {
        return COVARY_FAIL(
            COVARY_ERR_DATA,
            "the property name '%s' cannot be a key of extended XYZ (blanks, quotes, "
            "brackets and = : , \\ cannot be in one)",
            name);
    }
    for (size_t t = 0; t < sizeof taken / sizeof taken[0]; t++) {
        if (strcmp(name, taken[t]) == 0) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "the property name '%s' means something else in extended XYZ", name);
        }
    }
    return COVARY_OK;
}

static covary_status prepare(export_job *job)
{
    covary_status status = COVARY_OK;

    if (!job->has_positions) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                               "%s: holds no positions, which the format extxyz needs; predict "
                               "without --no-positions, or export to csv or npy",
                               job->path));
    }
    for (int p = 0; p < job->choice.n_properties; p++) {
        COVARY_TRY(check_name(export_property(job, p)->name));
    }
done:
    return status;
}

static covary_status add_cell(const export_job *job, const double *cell, text *into)
{
    covary_status status = COVARY_OK;
    const uint8_t bits = annotation_periodic(job->choice.from);
    bool          any = false;

    for (int i = 0; cell != NULL && i < 9; i++) {
        any = any || cell[i] != 0.0;
    }
    if (any) {
        COVARY_TRY(text_add(into, "Lattice=\""));
        COVARY_TRY(export_add_numbers(cell, 9, ' ', into));
        COVARY_TRY(text_add(into, "\" "));
    }
    COVARY_TRY(text_add(into, "pbc=\"%c %c %c\" ", any && bits & 1 ? 'T' : 'F',
                        any && bits & 2 ? 'T' : 'F', any && bits & 4 ? 'T' : 'F'));
done:
    return status;
}

static int64_t values_of_atom(const export_job *job, int p)
{
    const annotation *from = job->choice.from;
    const bool        boxed = export_property(job, p)->per_molecule;

    return export_part_size(from, job->choice.properties[p]) /
           (boxed ? annotation_molecule_atoms(from) : annotation_n_atoms(from));
}

/* The list of columns. */
static covary_status add_columns(const export_job *job, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(
        text_add(into, "Properties=species:S:1:pos:R:3%s", job->place ? ":molecule:I:1" : ""));
    for (int p = 0; p < job->choice.n_properties; p++) {
        const annotation_observable *of = export_property(job, p);
        if (of->per_atom) {
            COVARY_TRY(text_add(into, ":%s:R:%lld", of->name, (long long)values_of_atom(job, p)));
        }
    }
done:
    return status;
}

static covary_status add_key(const char *name, const char *ending, const double *values, int64_t n,
                             text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, n > 1 ? " %s%s=\"" : " %s%s=", name, ending));
    COVARY_TRY(export_add_numbers(values, n, ' ', into));
    COVARY_TRY(n > 1 ? text_add_bytes(into, "\"", 1) : COVARY_OK);
done:
    return status;
}

static covary_status add_properties(const export_job *job, const export_rows *rows, int64_t row,
                                    text *into)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < job->choice.n_properties; p++) {
        const annotation_observable *of = export_property(job, p);
        const int64_t n = export_row_size(job->choice.from, job->choice.properties[p]);
        const char   *ending = of->per_molecule && !of->per_atom ? "_molecules" : "";
        if (!of->per_atom) {
            COVARY_TRY(add_key(of->name, ending, rows->values[p] + row * n, n, into));
        }
        if (of->unit != NULL && of->unit->dimension != UNIT_NONE) {
            COVARY_TRY(text_add(into, " %s%s_unit=\"%s\"", of->name, ending, of->unit->name));
        }
    }
done:
    return status;
}

/* The second line of a frame. */
static covary_status add_comment(const export_job *job, const export_rows *rows, int64_t row,
                                 text *into)
{
    covary_status    status = COVARY_OK;
    const row_domain domain = export_rows_domain(rows, row, -1);

    COVARY_TRY(add_cell(job, rows->cell ? rows->cell + 9 * row : NULL, into));
    COVARY_TRY(add_columns(job, into));
    COVARY_TRY(add_properties(job, rows, row, into));
    COVARY_TRY(text_add(into, " frame=%lld step=%lld", (long long)rows->frame[row],
                        (long long)rows->step[row]));
    if (rows->time && isfinite(rows->time[row])) {
        COVARY_TRY(add_key("time", "", rows->time + row, 1, into));
    }
    COVARY_TRY(text_add(into, " domain=%d", domain.flags));
    COVARY_TRY(rows->margin ? add_key("domain_margin", "", &domain.margin, 1, into) : COVARY_OK);
    COVARY_TRY(rows->distance ? add_key("domain_distance", "", &domain.distance, 1, into)
                              : COVARY_OK);
    COVARY_TRY(text_add_bytes(into, "\n", 1));
done:
    return status;
}

/* What an atom has of a property: those of a box are in the order of the molecules. */
static covary_status add_column(const export_job *job, const export_rows *rows, int64_t row,
                                int64_t atom, int p, text *into)
{
    covary_status status = COVARY_OK;
    const bool    boxed = export_property(job, p)->per_molecule;
    const int64_t n = values_of_atom(job, p), place = boxed ? job->place[atom] : atom;
    const int64_t size = export_row_size(job->choice.from, job->choice.properties[p]);

    if (place >= 0) {
        COVARY_TRY(text_add_bytes(into, " ", 1));
        COVARY_TRY(export_add_numbers(rows->values[p] + row * size + place * n, n, ' ', into));
    }
    for (int64_t i = 0; place < 0 && i < n; i++) {
        COVARY_TRY(text_add(into, " nan"));
    }
done:
    return status;
}

static covary_status add_atom(const export_job *job, const export_rows *rows, int64_t row,
                              int64_t atom, text *into)
{
    covary_status     status = COVARY_OK;
    const annotation *from = job->choice.from;
    const int64_t     n_atoms = annotation_n_atoms(from);
    const char       *symbol = element_symbol(annotation_species(from)[atom]);
    const double     *position = rows->positions + 3 * (row * n_atoms + atom);

    COVARY_TRY(text_add_bytes(into, symbol, strlen(symbol)));
    COVARY_TRY(text_add_bytes(into, " ", 1));
    COVARY_TRY(job->single_positions ? export_add_singles(position, 3, ' ', into)
                                     : export_add_numbers(position, 3, ' ', into));
    if (job->place != NULL) {
        const int64_t place = job->place[atom];
        COVARY_TRY(text_add_bytes(into, " ", 1));
        COVARY_TRY(
            export_add_integer(place < 0 ? -1 : place / annotation_molecule_atoms(from), into));
    }
    for (int p = 0; p < job->choice.n_properties; p++) {
        COVARY_TRY(export_property(job, p)->per_atom ? add_column(job, rows, row, atom, p, into)
                                                     : COVARY_OK);
    }
    COVARY_TRY(text_add_bytes(into, "\n", 1));
done:
    return status;
}

static covary_status add(const export_job *job, const export_rows *rows, int64_t row, text *into)
{
    covary_status status = COVARY_OK;
    const int64_t n_atoms = annotation_n_atoms(job->choice.from);

    COVARY_TRY(text_add(into, "%lld\n", (long long)n_atoms));
    COVARY_TRY(add_comment(job, rows, row, into));
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        COVARY_TRY(add_atom(job, rows, row, atom, into));
    }
done:
    return status;
}

const export_format export_extxyz = {
    .name = "extxyz",
    .ending = ".xyz",
    .summary = "extended XYZ with all properties, for ASE and as training data",
    .positions = true,
    .prepare = prepare,
    .add = add,
};
