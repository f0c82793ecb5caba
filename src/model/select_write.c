/* SPDX-License-Identifier: BSD-3-Clause */
/* Picked frames as extended XYZ: every rank has a share of them in the order of the picks. */
#include "model/select_problem.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "formats/extxyz_comment.h"
#include "input/number_format.h"
#include "storage/shared_file.h"
#include "trajectory/elements.h"

#include <math.h>
#include <string.h>

static covary_status add_numbers(int n, const double *values, text *into)
{
    covary_status status = COVARY_OK;
    char          digits[NUMBER_TEXT];

    for (int i = 0; i < n; i++) {
        COVARY_TRY(i > 0 ? text_add_bytes(into, " ", 1) : COVARY_OK);
        COVARY_TRY(text_add_bytes(into, digits, number_format(values[i], digits)));
    }

done:
    return status;
}

/* A frame of another format: what all formats have. */
static covary_status add_lines(const frames *one, text *into)
{
    covary_status  status = COVARY_OK;
    const int64_t  n_atoms = frames_n_atoms(one, 0);
    const uint8_t *species = frames_species(one, 0);
    bool           has_cell = false;

    for (int i = 0; i < 9; i++) {
        has_cell = has_cell || one->cell[i] != 0.0;
    }
    COVARY_TRY(text_add(into, "%lld\n", (long long)n_atoms));
    if (has_cell) {
        COVARY_TRY(text_add(into, "Lattice=\""));
        COVARY_TRY(add_numbers(9, one->cell, into));
        COVARY_TRY(text_add(into, "\" "));
    }
    COVARY_TRY(text_add(into, "Properties=species:S:1:pos:R:3 pbc=\"%c %c %c\"",
                        one->periodic[0] & 1 ? 'T' : 'F', one->periodic[0] & 2 ? 'T' : 'F',
                        one->periodic[0] & 4 ? 'T' : 'F'));
    if (isfinite(one->time[0])) {
        COVARY_TRY(text_add(into, " time="));
        COVARY_TRY(add_numbers(1, one->time, into));
    }
    COVARY_TRY(text_add(into, "\n"));
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        COVARY_TRY(text_add(into, "%s ", element_symbol(species[atom])));
        COVARY_TRY(add_numbers(3, frames_positions(one, 0) + 3 * atom, into));
        COVARY_TRY(text_add(into, "\n"));
    }

done:
    return status;
}

/* The keys of a line without those of an earlier origin. */
static covary_status add_keys(const char *begin, const char *end, text *into)
{
    covary_status status = COVARY_OK;
    slice         rest = {begin, end}, key, value;
    const char   *kept = begin; /* from here on nothing is added yet */

    while (comment_next(&rest, &key, &value)) {
        if (slice_is(key, "source_file") || slice_is(key, "source_frame")) {
            COVARY_TRY(text_add_bytes(into, kept, (size_t)(key.begin - kept)));
            kept = rest.begin < end && *rest.begin == ' ' ? rest.begin + 1 : rest.begin;
        }
    }
    COVARY_TRY(text_add_bytes(into, kept, (size_t)(end - kept)));

done:
    return status;
}

/* In quotes, as the readers of extended XYZ take them. */
static covary_status add_quoted(const char *word, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add_bytes(into, "\"", 1));
    for (; *word != '\0'; word++) {
        COVARY_TRY(*word == '"' || *word == '\\' ? text_add_bytes(into, "\\", 1) : COVARY_OK);
        COVARY_TRY(text_add_bytes(into, word, 1));
    }
    COVARY_TRY(text_add_bytes(into, "\"", 1));

done:
    return status;
}

/* Lines of a frame, its origin behind the keys of the second. */
static covary_status add_with_origin(const char *lines, const char *path, int64_t frame, text *into)
{
    covary_status status = COVARY_OK;
    const char   *keys = strchr(lines, '\n') + 1, *atoms = strchr(keys, '\n');
    const char   *end = atoms;

    while (end > keys && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    COVARY_TRY(text_add_bytes(into, lines, (size_t)(keys - lines)));
    COVARY_TRY(add_keys(keys, end, into));
    COVARY_TRY(into->data[into->length - 1] != '\n' && into->data[into->length - 1] != ' '
                   ? text_add_bytes(into, " ", 1)
                   : COVARY_OK);
    COVARY_TRY(text_add(into, "source_file="));
    COVARY_TRY(add_quoted(path, into));
    COVARY_TRY(text_add(into, " source_frame=%lld", (long long)frame));
    COVARY_TRY(text_add_bytes(into, atoms, strlen(atoms)));

done:
    return status;
}

static covary_status add_frame(trajectory *from, int64_t number, frames *one, text *into)
{
    covary_status status = COVARY_OK;
    text          made = {0};
    char         *lines = NULL;
    const char   *path;
    int64_t       frame;

    COVARY_TRY(trajectory_copy(from, number, &lines));
    if (lines == NULL) {
        COVARY_TRY(trajectory_read(from, number, 1, one));
        COVARY_TRY(add_lines(one, &made));
    }
    trajectory_locate(from, number, &path, &frame);
    COVARY_TRY(add_with_origin(lines != NULL ? lines : made.data, path, frame - 1, into));

done:
    MEMORY_RELEASE(&lines);
    text_release(&made);
    return status;
}

static covary_status add_share(covary_run *run, trajectory *from, int64_t n, const int64_t *numbers,
                               text *into)
{
    covary_status status = COVARY_OK;
    const int64_t rank = covary_run_rank(run), size = covary_run_size(run);
    frames       *one = NULL;

    COVARY_TRY(frames_create(1, trajectory_max_atoms(from), &one));
    for (int64_t i = n * rank / size; i < n * (rank + 1) / size; i++) {
        COVARY_TRY(add_frame(from, numbers[i], one, into));
    }

done:
    frames_destroy(&one);
    return status;
}

covary_status select_write(covary_run *run, trajectory *from, int64_t n, const int64_t *numbers,
                           const char *output)
{
    covary_status status = COVARY_OK;
    shared_file  *file = NULL;
    text          share = {0};

    COVARY_TRY_TOGETHER(run, "copy the frames", add_share(run, from, n, numbers, &share));
    COVARY_TRY(shared_file_create(run, output, &file));
    COVARY_TRY(shared_file_append(file, share.data, share.length));
    COVARY_TRY(shared_file_commit(&file));

done:
    shared_file_close(&file);
    text_release(&share);
    return status;
}
