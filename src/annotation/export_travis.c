/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Polarizabilities as TRAVIS reads them (`travis -ramanfrompolarizability FILE`, Brehm, Thomas,
 * Gehrke, Kirchner, J. Chem. Phys. 152, 164105 (2020)): a line of names, then step, time and
 * XX XY XZ YX YY YZ ZX ZY ZZ in e pm^2/V.  With this layout the default answers to its questions
 * about the file (first column 3, one line to skip, factor 1.0) are the right ones.
 */
#include "annotation/export_format.h"

#include "core/status.h"

enum { COMPONENTS = 9 };

/* Uncertainties of a polarizability have its unit, but no kind. */
static bool fits(const annotation_observable *of)
{
    return of->kind != NULL && of->rank == 2 && !of->per_atom && !of->per_molecule &&
           of->unit != NULL && of->unit->dimension == UNIT_POLARIZABILITY;
}

static covary_status refuse(const export_job *job, const char *what)
{
    covary_status status = COVARY_OK;
    text          list = {0};

    COVARY_TRY(export_list(job, &list));
    status = COVARY_FAIL(COVARY_ERR_DATA,
                         "%s: %s; the format travis is for one tensor of rank 2 in a unit of "
                         "polarizabilities; the annotation holds %s",
                         job->path, what, list.data);
done:
    text_release(&list);
    return status;
}

/* The one that was named, or the only one there is. */
static covary_status prepare(export_job *job)
{
    int n = 0;

    for (int p = 0; p < job->choice.n_properties; p++) {
        if (fits(export_property(job, p))) {
            job->properties[n++] = job->properties[p];
        } else if (job->named) {
            return refuse(job, "the property named is no polarizability of a frame");
        }
    }
    job->choice.n_properties = n;
    return n == 1 ? COVARY_OK
                  : refuse(job, n == 0 ? "there is no polarizability"
                                       : "there is more than one polarizability; name one");
}

static covary_status begin(const export_job *job, text *into)
{
    (void)job;
    return text_add(into, "# step  time[fs]  XX XY XZ YX YY YZ ZX ZY ZZ [e*pm^2/V]\n");
}

static covary_status add(const export_job *job, const export_rows *rows, int64_t row, text *into)
{
    covary_status status = COVARY_OK;
    const unit   *target;
    double        factor, line[1 + COMPONENTS] = {0.0};

    COVARY_TRY(unit_find("e*pm^2/V", &target));
    COVARY_TRY(unit_factor(export_property(job, 0)->unit, target, &factor));
    line[0] = rows->time ? rows->time[row] : 0.0;
    for (int i = 0; i < COMPONENTS; i++) {
        line[1 + i] = factor * rows->values[0][row * COMPONENTS + i];
    }
    COVARY_TRY(export_add_integer(rows->step[row], into));
    COVARY_TRY(text_add_bytes(into, " ", 1));
    COVARY_TRY(export_add_numbers(line, 1 + COMPONENTS, ' ', into));
    COVARY_TRY(text_add_bytes(into, "\n", 1));
done:
    return status;
}

const export_format export_travis = {
    .name = "travis",
    .ending = ".dat",
    .summary = "the polarizability for `travis -ramanfrompolarizability FILE`, with its default "
               "answers about the file",
    .prepare = prepare,
    .begin = begin,
    .add = add,
};
