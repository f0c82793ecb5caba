/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Comma-separated values (RFC 4180): one line of names with units in brackets, one line a frame; a
 * line a frame and molecule, if any property is one of molecules, and what is of the frame is the
 * same in all lines of it.  A line of a frame has the domain of the worst of its molecules.
 * Components are named by their axes, dipole_x or polarizability_xy, after the atom, from 0 on, for
 * what each atom has: charges_0, forces_0_x.
 */
#include "annotation/export_format.h"

#include "core/status.h"

#include <string.h>

/* A field; quoted where a comma, a quote or a line break would end it. */
static covary_status add_field(const char *field, text *into)
{
    covary_status status = COVARY_OK;

    if (strpbrk(field, ",\"\r\n") == NULL) {
        return text_add(into, ",%s", field);
    }
    COVARY_TRY(text_add(into, ",\""));
    for (const char *at = field; *at != '\0'; at++) {
        COVARY_TRY(text_add(into, *at == '"' ? "\"\"" : "%c", *at));
    }
    COVARY_TRY(text_add(into, "\""));
done:
    return status;
}

/* _xy for component 1 of rank 2. */
static void name_component(int rank, int64_t component, char name[ANNOTATION_MAX_RANK + 2])
{
    name[0] = rank > 0 ? '_' : '\0';
    name[rank + 1] = '\0';
    for (int r = rank; r > 0; r--) {
        name[r] = "xyz"[component % 3];
        component /= 3;
    }
}

/* Are lines those of molecules? */
static bool of_molecules(const export_job *job)
{
    bool any = false;

    for (int p = 0; p < job->choice.n_properties; p++) {
        any = any || export_property(job, p)->per_molecule;
    }
    return any;
}

static covary_status add_names(const annotation_observable *of, int64_t n_values, int64_t n_atoms,
                               text *into)
{
    covary_status status = COVARY_OK;
    const int64_t n_components = of->per_atom ? n_values / n_atoms : n_values;
    const bool    has_unit = of->unit != NULL && of->unit->dimension != UNIT_NONE;
    text          name = {0};
    char          component[ANNOTATION_MAX_RANK + 2];

    for (int64_t value = 0; value < n_values; value++) {
        name.length = 0;
        name_component(of->rank, value % n_components, component);
        COVARY_TRY(text_add(&name, "%s", of->name));
        if (of->per_atom) {
            COVARY_TRY(text_add(&name, "_%lld", (long long)(value / n_components)));
        }
        COVARY_TRY(text_add(&name, has_unit ? "%s [%s]" : "%s", component,
                            has_unit ? of->unit->name : ""));
        COVARY_TRY(add_field(name.data, into));
    }
done:
    text_release(&name);
    return status;
}

static covary_status begin(const export_job *job, text *into)
{
    covary_status     status = COVARY_OK;
    const annotation *from = job->choice.from;

    COVARY_TRY(text_add(into, "frame,%sstep%s", of_molecules(job) ? "molecule," : "",
                        annotation_has_time(from) ? ",time [fs]" : ""));
    for (int p = 0; p < job->choice.n_properties; p++) {
        const annotation_observable *of = export_property(job, p);
        COVARY_TRY(add_names(
            of, export_part_size(from, job->choice.properties[p]),
            of->per_molecule ? annotation_molecule_atoms(from) : annotation_n_atoms(from), into));
    }
    COVARY_TRY(text_add(into, ",domain%s%s\n", annotation_has_margin(from) ? ",domain_margin" : "",
                        annotation_has_distance(from) ? ",domain_distance" : ""));
done:
    return status;
}

/* A comma and numbers. */
static covary_status add_values(const double *values, int64_t n, text *into)
{
    covary_status status = text_add_bytes(into, ",", 1);

    return status == COVARY_OK ? export_add_numbers(values, n, ',', into) : status;
}

/* Of a molecule; -1: of the frame. */
static covary_status add_line(const export_job *job, const export_rows *rows, int64_t row,
                              int64_t molecule, text *into)
{
    covary_status     status = COVARY_OK;
    const row_choice *choice = &job->choice;
    const row_domain  domain = export_rows_domain(rows, row, molecule);

    COVARY_TRY(export_add_integer(rows->frame[row], into));
    COVARY_TRY(text_add_bytes(into, ",", 1));
    if (molecule >= 0) {
        COVARY_TRY(export_add_integer(molecule, into));
        COVARY_TRY(text_add_bytes(into, ",", 1));
    }
    COVARY_TRY(export_add_integer(rows->step[row], into));
    COVARY_TRY(rows->time ? add_values(rows->time + row, 1, into) : COVARY_OK);
    for (int p = 0; p < choice->n_properties; p++) {
        const int64_t n = export_part_size(choice->from, choice->properties[p]);
        const int64_t part = export_property(job, p)->per_molecule ? molecule : 0;
        const int64_t size = export_row_size(choice->from, choice->properties[p]);
        COVARY_TRY(add_values(rows->values[p] + row * size + part * n, n, into));
    }
    COVARY_TRY(text_add_bytes(into, ",", 1));
    COVARY_TRY(export_add_integer(domain.flags, into));
    COVARY_TRY(rows->margin ? add_values(&domain.margin, 1, into) : COVARY_OK);
    COVARY_TRY(rows->distance ? add_values(&domain.distance, 1, into) : COVARY_OK);
    COVARY_TRY(text_add_bytes(into, "\n", 1));
done:
    return status;
}

static covary_status add(const export_job *job, const export_rows *rows, int64_t row, text *into)
{
    covary_status status = COVARY_OK;
    const int64_t n_molecules = annotation_n_molecules(job->choice.from);

    if (!of_molecules(job)) {
        return add_line(job, rows, row, -1, into);
    }
    for (int64_t molecule = 0; molecule < n_molecules && status == COVARY_OK; molecule++) {
        status = add_line(job, rows, row, molecule, into);
    }
    return status;
}

const export_format export_csv = {
    .name = "csv",
    .ending = ".csv",
    .summary =
        "comma-separated values, a line a frame (and molecule of a box), for spreadsheets and "
        "pandas",
    .begin = begin,
    .add = add,
};
