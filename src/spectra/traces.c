/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames read a few at a time and turned into traces. */
#include "spectra/traces.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"

#include <string.h>

enum { CHUNK_BYTES = 1 << 20, STRIP_BYTES = 1 << 26 };

struct traces {
    const series   *from;
    const quantity *of;
    double          step;                   /* fs */
    int64_t         margin;                 /* frames read at both ends of a piece */
    int64_t         capacity;               /* frames of a trace */
    int64_t         strip_rows;             /* at most */
    int64_t         chunk_frames;           /* read at once */
    int64_t         held_first, held_count; /* frames in `values`, which hold all rows */
    double         *chunk;                  /* [chunk_frames][values of a frame] */
    double         *values;                 /* [strip_rows][n][capacity] */
    double         *sums;                   /* [n][capacity] over rows */
    double         *ready;                  /* [capacity] */
};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Frames of the longest piece. */
static int64_t most_frames(const pieces *of)
{
    int64_t most = 0;

    for (int64_t p = 0; p < of->n; p++) {
        most = larger(most, of->of[p].count + of->of[p].ahead);
    }
    return most;
}

covary_status traces_create(const series *from, const quantity *of, const division *by,
                            traces **out)
{
    covary_status status = COVARY_OK;
    traces       *made = NULL;
    int64_t       row_bytes, frame_bytes;

    COVARY_TRY(MEMORY_ALLOCATE("traces", 1, &made));
    made->from = from;
    made->of = of;
    made->step = from->step;
    made->margin = of->differenced ? 1 : 0;
    made->capacity = most_frames(&by->pieces) + 2 * made->margin;
    row_bytes = of->n * made->capacity * (int64_t)sizeof(double);
    frame_bytes = of->n_rows * of->n_read * (int64_t)sizeof(double);
    made->strip_rows = smaller(of->n_rows, larger(1, STRIP_BYTES / row_bytes));
    made->chunk_frames = smaller(made->capacity, larger(1, CHUNK_BYTES / frame_bytes));
    COVARY_TRY(MEMORY_ALLOCATE("frames of a piece", made->chunk_frames * of->n_rows * of->n_read,
                               &made->chunk));
    COVARY_TRY(MEMORY_ALLOCATE("traces", made->strip_rows * of->n * made->capacity, &made->values));
    COVARY_TRY(MEMORY_ALLOCATE("sums of traces", of->n * made->capacity, &made->sums));
    COVARY_TRY(MEMORY_ALLOCATE("a trace", made->capacity, &made->ready));

done:
    if (status != COVARY_OK) {
        traces_destroy(&made);
    }
    *out = made;
    return status;
}

void traces_destroy(traces **released)
{
    traces *of = *released;

    if (of != NULL) {
        MEMORY_RELEASE(&of->ready);
        MEMORY_RELEASE(&of->sums);
        MEMORY_RELEASE(&of->values);
        MEMORY_RELEASE(&of->chunk);
        MEMORY_RELEASE(released);
    }
}

/* Rows [row, row + n_rows) of the frames in the chunk become values from `place` on. */
static void turn(traces *of, int64_t n_frames, int64_t row, int64_t n_rows, int64_t place)
{
    const quantity *q = of->of;

    for (int64_t frame = 0; frame < n_frames; frame++) {
        const double *read = of->chunk + (frame * q->n_rows + row) * q->n_read;
        double       *values = of->values + place + frame;
        for (int64_t r = 0; r < n_rows; r++, read += q->n_read, values += q->n * of->capacity) {
            double reduced[QUANTITY_MOST];
            quantity_reduce(q, read, reduced);
            for (int i = 0; i < q->n; i++) {
                values[i * of->capacity] = reduced[i];
            }
        }
    }
}

/* Keep those of the frames held that are asked for again.  Returns how many there are. */
static int64_t keep(traces *of, int64_t first, int64_t count)
{
    const int64_t behind = first - of->held_first;
    const int64_t kept = smaller(of->held_count - behind, count);

    if (behind < 0 || kept <= 0 || of->strip_rows < of->of->n_rows) {
        return 0;
    }
    for (int64_t t = 0; t < of->of->n_rows * of->of->n; t++) {
        double *values = of->values + t * of->capacity;
        memmove(values, values + behind, (size_t)kept * sizeof *values);
    }
    return kept;
}

static covary_status load(traces *of, int64_t first, int64_t count, int64_t row, int64_t n_rows)
{
    int64_t       place = keep(of, first, count), n;
    covary_status status = COVARY_OK;

    of->held_count = 0;
    for (; place < count; place += n) {
        n = smaller(of->chunk_frames, count - place);
        COVARY_TRY(of->from->read(of->from->source, of->of->kind, first + place, n, of->chunk));
        turn(of, n, row, n_rows, place);
    }
    of->held_first = first;
    of->held_count = count;

done:
    return status;
}

/* ready [n] = central differences of values [n + 2] */
VECTORIZED static void differentiate(int64_t n, double step, const double *restrict values,
                                     double *restrict ready)
{
    const double factor = 0.5 / step;

    for (int64_t i = 0; i < n; i++) {
        ready[i] = factor * (values[i + 2] - values[i]);
    }
}

static double mean_of(int64_t n, const double *values)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        sum += values[i] - values[0];
    }
    return values[0] + sum / (double)n;
}

VECTORIZED static void subtract(int64_t n, double mean, const double *restrict values,
                                double *restrict ready)
{
    for (int64_t i = 0; i < n; i++) {
        ready[i] = values[i] - mean;
    }
}

VECTORIZED static void add(int64_t n, const double *restrict values, double *restrict sums)
{
    for (int64_t i = 0; i < n; i++) {
        sums[i] += values[i];
    }
}

/* A trace as it is transformed. */
static const double *prepare(traces *of, const piece *from, const double *values,
                             const double *mean)
{
    const int64_t n = from->count + from->ahead;

    if (of->of->differenced) {
        differentiate(n, of->step, values, of->ready);
        return of->ready;
    }
    if (of->of->centred) {
        subtract(n, mean != NULL ? *mean : mean_of(n, values), values, of->ready);
        return of->ready;
    }
    return values;
}

/* The sums over all rows. */
static void finish(traces *of, const piece *from, const double *means, traces_function *function,
                   void *context)
{
    const quantity *q = of->of;

    for (int i = 0; i < q->n && q->total[0] >= 0; i++) {
        double mean = 0.0;
        for (int64_t row = 0; row < q->n_rows && means != NULL; row++) {
            mean += means[row * q->n + i];
        }
        function(context, from, -1, i,
                 prepare(of, from, of->sums + i * of->capacity, means == NULL ? NULL : &mean));
    }
}

covary_status traces_of_piece(traces *of, const piece *from, const double *means,
                              traces_function *function, void *context)
{
    const quantity *q = of->of;
    const bool      rows_alone = q->row_channel != NULL || q->alone[0] >= 0;
    const int64_t   n = from->count + from->ahead + 2 * of->margin;
    covary_status   status = COVARY_OK;

    memset(of->sums, 0, (size_t)(q->n * of->capacity) * sizeof *of->sums);
    for (int64_t first = 0; first < q->n_rows; first += of->strip_rows) {
        const int64_t n_rows = smaller(of->strip_rows, q->n_rows - first);
        COVARY_TRY(load(of, from->first - of->margin, n, first, n_rows));
        for (int64_t row = 0; row < n_rows; row++) {
            for (int i = 0; i < q->n; i++) {
                const double *values = of->values + (row * q->n + i) * of->capacity;
                const double *mean = means == NULL ? NULL : means + (first + row) * q->n + i;
                add(n, values, of->sums + i * of->capacity);
                if (rows_alone) {
                    function(context, from, first + row, i, prepare(of, from, values, mean));
                }
            }
        }
    }
    finish(of, from, means, function, context);

done:
    return status;
}
