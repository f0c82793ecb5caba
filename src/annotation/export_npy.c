/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NumPy's own format, version 1.0 (NumPy enhancement proposal 1): a header that is a Python
 * literal, then the values of one property, [frames][3]... or [frames][atoms][3]..., in boxes with
 * [molecules] behind the frames, in double precision.
 */
#include "annotation/export_format.h"

#include "core/status.h"

enum { MAGIC = 10 /* bytes before the literal */, ALIGNMENT = 64 };

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define DOUBLE ">f8"
#else
#define DOUBLE "<f8"
#endif

static covary_status prepare(export_job *job)
{
    if (job->choice.n_properties == 0) {
        return COVARY_FAIL(COVARY_ERR_DATA, "%s: holds no property to export", job->path);
    }
    return COVARY_OK;
}

static covary_status begin(const export_job *job, text *into)
{
    covary_status                status = COVARY_OK;
    const annotation_observable *of = export_property(job, 0);
    const annotation            *from = job->choice.from;
    text                         literal = {0};
    size_t                       padding;

    COVARY_TRY(text_add(&literal, "{'descr': '" DOUBLE "', 'fortran_order': False, 'shape': (%lld,",
                        (long long)job->n_present));
    if (of->per_molecule) {
        COVARY_TRY(text_add(&literal, " %lld,", (long long)annotation_n_molecules(from)));
    }
    if (of->per_atom) {
        COVARY_TRY(text_add(&literal, " %lld,",
                            (long long)(of->per_molecule ? annotation_molecule_atoms(from)
                                                         : annotation_n_atoms(from))));
    }
    for (int r = 0; r < of->rank; r++) {
        COVARY_TRY(text_add(&literal, " 3,"));
    }
    COVARY_TRY(text_add(&literal, "), }"));
    padding = ALIGNMENT - 1 - (MAGIC + literal.length) % ALIGNMENT;
    COVARY_TRY(text_add(&literal, "%*s\n", (int)padding, ""));
    COVARY_TRY(text_add_bytes(into, "\x93NUMPY\x01\x00", MAGIC - 2));
    COVARY_TRY(text_add_bytes(
        into, (const char[2]){(char)(literal.length & 0xff), (char)(literal.length >> 8)}, 2));
    COVARY_TRY(text_add_bytes(into, literal.data, literal.length));
done:
    text_release(&literal);
    return status;
}

static covary_status add(const export_job *job, const export_rows *rows, int64_t row, text *into)
{
    const int64_t n = export_row_size(job->choice.from, job->choice.properties[0]);

    return text_add_bytes(into, (const char *)(rows->values[0] + row * n),
                          (size_t)n * sizeof **rows->values);
}

const export_format export_npy = {
    .name = "npy",
    .ending = ".npy",
    .summary = "an array of NumPy for each property, [frames][3]... or [frames][atoms][3]...",
    .apart = true,
    .prepare = prepare,
    .begin = begin,
    .add = add,
};
