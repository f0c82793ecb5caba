/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading chosen frames, step by step; see export_rows.h. */
#include "annotation/export_rows.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

/* Buffers of a rank for one step, with the text that becomes of them. */
static const int64_t STEP_BYTES = INT64_C(8) << 20;

enum { TEXT_BYTES = 24 /* of a value */, FLAG_BLOCK = 65536 };

/* --- buffers ---------------------------------------------------------------------------------- */

int64_t export_part_size(const annotation *from, int observable)
{
    const annotation_observable *of = annotation_observable_at(from, observable);
    int64_t                      size = 1;

    if (of->per_atom) {
        size = of->per_molecule ? annotation_molecule_atoms(from) : annotation_n_atoms(from);
    }
    for (int r = 0; r < of->rank; r++) {
        size *= 3;
    }
    return size;
}

int64_t export_row_size(const annotation *from, int observable)
{
    const bool boxed = annotation_observable_at(from, observable)->per_molecule;

    return export_part_size(from, observable) * (boxed ? annotation_n_molecules(from) : 1);
}

/* Values of the domain in a frame. */
static int64_t domain_width(const annotation *from)
{
    return annotation_n_molecules(from) > 0 ? annotation_n_molecules(from) : 1;
}

static int64_t values_of_frame(const row_choice *choice)
{
    int64_t n = 3 + 3 * domain_width(choice->from); /* frame, step, time and the domain */

    n += choice->cells ? 9 : 0;
    for (int p = 0; p < choice->n_properties; p++) {
        n += export_row_size(choice->from, choice->properties[p]);
    }
    return n + (choice->positions ? 3 * annotation_n_atoms(choice->from) : 0);
}

/* There is at least one step, for what a format writes before the first frame. */
static int64_t count_steps(int64_t n_frames, int64_t share, int64_t n_ranks)
{
    return n_frames > 0 ? (n_frames - 1) / (share * n_ranks) + 1 : 1;
}

/* Equal shares: with the same number of steps no rank is idle in the last one. */
static void plan_steps(export_rows *rows, int64_t n_ranks)
{
    const row_choice *choice = &rows->choice;
    const int64_t     n_frames = choice->frames.count, stride = choice->frames.stride;
    const int64_t     multiple = choice->multiple > 0 ? choice->multiple : 1;
    int64_t           span = STEP_BYTES / (values_of_frame(choice) * (8 + TEXT_BYTES)), steps;

    span = span > 0 ? span : 1;
    rows->share = choice->batch > 0 ? choice->batch : (span - 1) / stride + 1;
    steps = count_steps(n_frames, rows->share, n_ranks);
    rows->share = n_frames > 0 ? (n_frames - 1) / (steps * n_ranks) + 1 : 1;
    rows->share = (rows->share + multiple - 1) / multiple * multiple;
    rows->n_steps = count_steps(n_frames, rows->share, n_ranks);
    rows->capacity = (rows->share - 1) * stride + 1;
}

static covary_status make_room(export_rows *rows)
{
    covary_status     status = COVARY_OK;
    const annotation *from = rows->choice.from;
    const int64_t     n = rows->capacity, n_domains = n * rows->width;
    const bool        positions = rows->choice.positions;

    COVARY_TRY(MEMORY_ALLOCATE("rows", n, &rows->frame));
    COVARY_TRY(MEMORY_ALLOCATE("rows", n, &rows->step));
    COVARY_TRY(MEMORY_ALLOCATE("rows", n_domains, &rows->flags));
    COVARY_TRY(annotation_has_time(from) ? MEMORY_ALLOCATE("rows", n, &rows->time) : COVARY_OK);
    COVARY_TRY(annotation_has_margin(from) ? MEMORY_ALLOCATE("rows", n_domains, &rows->margin)
                                           : COVARY_OK);
    COVARY_TRY(annotation_has_distance(from) ? MEMORY_ALLOCATE("rows", n_domains, &rows->distance)
                                             : COVARY_OK);
    COVARY_TRY(positions
                   ? MEMORY_ALLOCATE("rows", 3 * n * annotation_n_atoms(from), &rows->positions)
                   : COVARY_OK);
    COVARY_TRY(rows->choice.cells ? MEMORY_ALLOCATE("rows", 9 * n, &rows->cell) : COVARY_OK);
    COVARY_TRY(MEMORY_ALLOCATE("rows", rows->choice.n_properties, &rows->values));
    for (int p = 0; p < rows->choice.n_properties; p++) {
        COVARY_TRY(MEMORY_ALLOCATE("rows", n * export_row_size(from, rows->choice.properties[p]),
                                   &rows->values[p]));
    }
done:
    return status;
}

covary_status export_rows_open(covary_run *run, const row_choice *choice, export_rows **out)
{
    covary_status status = COVARY_OK;
    export_rows  *rows = NULL;

    COVARY_TRY_TOGETHER(run, "prepare to read frames", MEMORY_ALLOCATE("rows", 1, &rows));
    rows->choice = *choice;
    rows->width = domain_width(choice->from);
    plan_steps(rows, covary_run_size(run));
    COVARY_TRY_TOGETHER(run, "prepare to read frames", make_room(rows));
    *out = rows;
    rows = NULL;
done:
    export_rows_close(&rows);
    return status;
}

void export_rows_close(export_rows **closed)
{
    export_rows *rows = *closed;

    if (!rows) {
        return;
    }
    for (int p = 0; rows->values && p < rows->choice.n_properties; p++) {
        MEMORY_RELEASE(&rows->values[p]);
    }
    MEMORY_RELEASE(&rows->values);
    MEMORY_RELEASE(&rows->cell);
    MEMORY_RELEASE(&rows->positions);
    MEMORY_RELEASE(&rows->distance);
    MEMORY_RELEASE(&rows->margin);
    MEMORY_RELEASE(&rows->time);
    MEMORY_RELEASE(&rows->flags);
    MEMORY_RELEASE(&rows->step);
    MEMORY_RELEASE(&rows->frame);
    MEMORY_RELEASE(closed);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Everything between the first and the last frame of the part: one read a dataset. */
static covary_status read_span(export_rows *rows, int64_t first, int64_t n)
{
    covary_status     status = COVARY_OK;
    const row_choice *choice = &rows->choice;
    const annotation *from = choice->from;

    COVARY_TRY(annotation_read_steps(from, first, n, rows->step));
    COVARY_TRY(annotation_read_flags(from, first, n, rows->flags));
    COVARY_TRY(rows->time ? annotation_read_times(from, first, n, rows->time) : COVARY_OK);
    COVARY_TRY(rows->margin ? annotation_read_margin(from, first, n, rows->margin) : COVARY_OK);
    COVARY_TRY(rows->distance ? annotation_read_distance(from, first, n, rows->distance)
                              : COVARY_OK);
    COVARY_TRY(rows->positions ? annotation_read_positions(from, first, n, rows->positions)
                               : COVARY_OK);
    COVARY_TRY(rows->cell ? annotation_read_cell(from, first, n, rows->cell) : COVARY_OK);
    for (int p = 0; p < choice->n_properties; p++) {
        COVARY_TRY(annotation_read_values(from, choice->properties[p], first, n, rows->values[p]));
    }
done:
    return status;
}

/* Rows kept[0] < kept[1] < ... move to the front. */
static void keep(void *block, int64_t row_size, size_t value_bytes, int64_t n, const int64_t *kept)
{
    const size_t bytes = (size_t)row_size * value_bytes;
    char        *at = block;

    for (int64_t row = 0; at != NULL && row < n; row++) {
        if (kept[row] != row) {
            memmove(at + (size_t)row * bytes, at + (size_t)kept[row] * bytes, bytes);
        }
    }
}

static void keep_rows(export_rows *rows, int64_t n, const int64_t *kept)
{
    const row_choice *choice = &rows->choice;

    keep(rows->step, 1, sizeof *rows->step, n, kept);
    keep(rows->flags, rows->width, sizeof *rows->flags, n, kept);
    keep(rows->time, 1, sizeof *rows->time, n, kept);
    keep(rows->margin, rows->width, sizeof *rows->margin, n, kept);
    keep(rows->distance, rows->width, sizeof *rows->distance, n, kept);
    keep(rows->positions, 3 * annotation_n_atoms(choice->from), sizeof *rows->positions, n, kept);
    keep(rows->cell, 9, sizeof *rows->cell, n, kept);
    for (int p = 0; p < choice->n_properties; p++) {
        keep(rows->values[p], export_row_size(choice->from, choice->properties[p]),
             sizeof *rows->values[p], n, kept);
    }
    rows->n_rows = n;
}

row_domain export_rows_domain(const export_rows *rows, int64_t row, int64_t molecule)
{
    const int64_t first = row * rows->width + (molecule < 0 ? 0 : molecule);
    const int64_t end = molecule < 0 ? first + rows->width : first + 1;
    row_domain    worst = {rows->flags[first], rows->margin ? rows->margin[first] : 0.0,
                        rows->distance ? rows->distance[first] : 0.0};

    for (int64_t i = first + 1; i < end; i++) {
        worst.flags |= rows->flags[i];
        worst.margin = rows->margin ? fmin(worst.margin, rows->margin[i]) : 0.0;
        worst.distance = rows->distance ? fmax(worst.distance, rows->distance[i]) : 0.0;
    }
    return worst;
}

covary_status export_rows_read(export_rows *rows, covary_run *run, int64_t step)
{
    covary_status      status = COVARY_OK;
    const frame_range *chosen = &rows->choice.frames;
    int64_t            begin = (step * covary_run_size(run) + covary_run_rank(run)) * rows->share;
    int64_t            n = chosen->count - begin, present = 0;

    n = n < 0 ? 0 : n < rows->share ? n : rows->share;
    rows->n_rows = 0;
    if (n == 0) {
        goto done;
    }
    begin = chosen->first + begin * chosen->stride;
    COVARY_TRY(read_span(rows, begin, (n - 1) * chosen->stride + 1));
    for (int64_t i = 0; i < n; i++) {
        int64_t row = i * chosen->stride;
        if ((rows->flags[row * rows->width] & ANNOTATION_MISSING) == 0) {
            rows->frame[present++] = row;
        }
    }
    keep_rows(rows, present, rows->frame);
    for (int64_t row = 0; row < present; row++) {
        rows->frame[row] += begin;
    }
done:
    return status;
}

/* Of the chosen frames begin ... end - 1; `flags` has room for `n_rows` rows of the file. */
static covary_status count_share(const row_choice *choice, int64_t begin, int64_t end,
                                 int64_t n_rows, uint8_t *flags, int64_t *n_present)
{
    covary_status status = COVARY_OK;
    const int64_t stride = choice->frames.stride, most = (n_rows - 1) / stride + 1;
    const int64_t width = domain_width(choice->from);

    for (; begin < end; begin += most) {
        int64_t n = end - begin < most ? end - begin : most;
        COVARY_TRY(annotation_read_flags(choice->from, choice->frames.first + begin * stride,
                                         (n - 1) * stride + 1, flags));
        for (int64_t chosen = 0; chosen < n; chosen++) {
            *n_present += (flags[chosen * stride * width] & ANNOTATION_MISSING) == 0;
        }
    }
done:
    return status;
}

covary_status export_rows_count(covary_run *run, const row_choice *choice, int64_t *n_present)
{
    covary_status status = COVARY_OK;
    const int64_t rank = covary_run_rank(run), size = covary_run_size(run);
    const int64_t n = choice->frames.count;
    const int64_t width = domain_width(choice->from), n_rows = FLAG_BLOCK / width + 1;
    uint8_t      *flags = NULL;
    int64_t       mine = 0;

    COVARY_TRY_TOGETHER(run, "count the frames", MEMORY_ALLOCATE("flags", n_rows * width, &flags));
    COVARY_TRY_TOGETHER(
        run, "count the frames",
        count_share(choice, n * rank / size, n * (rank + 1) / size, n_rows, flags, &mine));
    MPI_Allreduce(&mine, n_present, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
done:
    MEMORY_RELEASE(&flags);
    return status;
}
