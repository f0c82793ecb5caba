/* SPDX-License-Identifier: BSD-3-Clause */
/* Mean and longest step of pieces. */
#include "spectra/jumps.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/gather.h"
#include "spectra/pieces.h"

#include <math.h>

enum { CHUNK_VALUES = 1 << 17, COUNT = 0, SUM, MOST, FRAME, WIDTH };

typedef struct {
    const series   *from;
    const quantity *of;
    pieces          pieces;
} work;

static double step_length(const quantity *of, const double *before, const double *behind)
{
    double x[QUANTITY_MOST], y[QUANTITY_MOST], square = 0.0;

    quantity_reduce(of, before, x);
    quantity_reduce(of, behind, y);
    for (int k = 0; k < of->n; k++) {
        square += (y[k] - x[k]) * (y[k] - x[k]);
    }
    return sqrt(square);
}

static covary_status add_piece(void *context, int64_t item, double *values)
{
    const work     *on = context;
    const quantity *q = on->of;
    const piece    *from = &on->pieces.of[item];
    const int64_t   width = q->n_rows * q->n_read, end = from->first + from->count;
    const int64_t   most = smaller(from->count, 2 + CHUNK_VALUES / width);
    covary_status   status = COVARY_OK;
    double         *read = NULL;
    int64_t         n;

    COVARY_TRY(MEMORY_ALLOCATE("frames of a piece", most * width, &read));
    for (int64_t first = from->first; first + 1 < end; first += n - 1) {
        n = smaller(most, end - first);
        COVARY_TRY(on->from->read(on->from->source, q->kind, first, n, read));
        for (int64_t row = 0; row < (n - 1) * q->n_rows; row++) {
            const double *before = read + row * q->n_read;
            const double  length = step_length(q, before, before + width);
            values[COUNT] += 1.0;
            values[SUM] += length;
            if (length > values[MOST]) {
                values[MOST] = length;
                values[FRAME] = (double)(first + row / q->n_rows + 1);
            }
        }
    }

done:
    MEMORY_RELEASE(&read);
    return status;
}

covary_status steps_measure(covary_run *run, const series *from, const quantity *of, steps *out)
{
    covary_status status = COVARY_OK;
    work          on = {.from = from, .of = of};
    double       *values = NULL, count = 0.0, sum = 0.0;

    *out = (steps){0};
    COVARY_TRY_TOGETHER(run, "jumps", pieces_of_sample(from, &on.pieces));
    COVARY_TRY(gather_items(run, "jumps", on.pieces.n, WIDTH, add_piece, &on, &values));
    for (int64_t p = 0; p < on.pieces.n; p++) {
        const double *of_piece = values + p * WIDTH;
        count += of_piece[COUNT];
        sum += of_piece[SUM];
        if (of_piece[MOST] > out->most) {
            out->most = of_piece[MOST];
            out->frame = (int64_t)of_piece[FRAME];
        }
    }
    out->mean = count > 0.0 ? sum / count : 0.0;

done:
    MEMORY_RELEASE(&values);
    pieces_release(&on.pieces);
    return status;
}
