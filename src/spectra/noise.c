/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over frames of variances and of squared steps. */
#include "spectra/noise.h"

#include "annotation/annotation.h"
#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/gather.h"
#include "spectra/pieces.h"
#include "spectra/prefactor.h"

#include <math.h>
#include <string.h>

static const char phase[] = "noise of the model";

/* Values of a chunk of frames, so that memory is bounded. */
enum { CHUNK_VALUES = 1 << 17 };

typedef struct {
    const series   *of;
    const quantity *from;
    pieces          pieces;
} work;

static bool has_deviations(const series *of, const quantity *from)
{
    return (from->kind == SERIES_DIPOLE && of->has[SERIES_DIPOLE_STD]) ||
           (from->kind == SERIES_POLARIZABILITY && of->has[SERIES_POLARIZABILITY_STD]);
}

/* Variances of a row's sums of squares: the first of the mean, or of all; the second of b . b. */
static void add_variances(const quantity *from, const double *deviations, double *sums)
{
    const double *s = deviations;

    if (from->kind == SERIES_DIPOLE) {
        sums[0] += s[0] * s[0] + s[1] * s[1] + s[2] * s[2];
    } else {
        const double diagonal = s[0] * s[0] + s[4] * s[4] + s[8] * s[8];
        const double others = s[1] * s[1] + s[2] * s[2] + s[5] * s[5];
        sums[0] += diagonal / 9.0;
        sums[1] += diagonal * 2.0 / 3.0 + 2.0 * others;
    }
}

enum { VARIANCE_WIDTH = 2 };

static covary_status sum_variances(void *context, int64_t item, double *sums)
{
    const work       *on = context;
    const piece      *from = &on->pieces.of[item];
    const series_kind kind =
        on->from->kind == SERIES_DIPOLE ? SERIES_DIPOLE_STD : SERIES_POLARIZABILITY_STD;
    const int64_t width = series_width(on->of, kind), n_read = width / on->of->n_molecules;
    const int64_t most = smaller(from->count, 1 + CHUNK_VALUES / width);
    covary_status status = COVARY_OK;
    double       *read = NULL;
    int64_t       n;

    COVARY_TRY(MEMORY_ALLOCATE("standard deviations", most * width, &read));
    for (int64_t frame = 0; frame < from->count; frame += n) {
        n = smaller(most, from->count - frame);
        COVARY_TRY(on->of->read(on->of->source, kind, from->first + frame, n, read));
        for (int64_t row = 0; row < n * on->of->n_molecules; row++) {
            add_variances(on->from, read + row * n_read, sums);
        }
    }

done:
    MEMORY_RELEASE(&read);
    return status;
}

/* Steps between frames that are ambiguous or not, and their squares in both parts of a quantity. */
enum { OTHERS, AMBIGUOUS, STEP_KINDS };
enum { STEP_COUNT, STEP_SQUARES, STEP_WIDTH = 3 };

static void add_steps(const work *on, int64_t n_frames, const double *flags, const double *read,
                      double *sums)
{
    const quantity *q = on->from;

    for (int64_t i = 0; i < (n_frames - 1) * q->n_rows; i++) {
        const bool ambiguous =
            (((int64_t)flags[i] | (int64_t)flags[i + q->n_rows]) & ANNOTATION_AMBIGUOUS) != 0;
        double *to = sums + (ambiguous ? AMBIGUOUS : OTHERS) * STEP_WIDTH;
        double  before[QUANTITY_MOST], behind[QUANTITY_MOST];
        quantity_reduce(q, read + i * q->n_read, before);
        quantity_reduce(q, read + (i + q->n_rows) * q->n_read, behind);
        to[STEP_COUNT] += 1.0;
        for (int k = 0; k < q->n; k++) {
            const int part = q->total[k] == q->total[0] ? 0 : 1;
            to[STEP_SQUARES + part] += (behind[k] - before[k]) * (behind[k] - before[k]);
        }
    }
}

static bool any_ambiguous(int64_t n, const double *flags)
{
    for (int64_t i = 0; i < n; i++) {
        if (((int64_t)flags[i] & ANNOTATION_AMBIGUOUS) != 0) {
            return true;
        }
    }
    return false;
}

/*
 * Steps of a piece, with that to the first frame behind it, in chunks that have ambiguous frames:
 * most have none, and need not be read.
 */
static covary_status sum_steps(void *context, int64_t item, double *sums)
{
    const work          *on = context;
    const quantity      *q = on->from;
    const piece         *from = &on->pieces.of[item];
    const series_stretch within = on->of->stretches[from->stretch];
    const int64_t        last = smaller(from->first + from->count, within.first + within.count - 1);
    const int64_t        most = 2 + CHUNK_VALUES / (q->n_rows * q->n_read);
    covary_status        status = COVARY_OK;
    double              *flags = NULL, *read = NULL;
    int64_t              n;

    COVARY_TRY(MEMORY_ALLOCATE("flags", most * q->n_rows, &flags));
    COVARY_TRY(MEMORY_ALLOCATE("frames of a piece", most * q->n_rows * q->n_read, &read));
    for (int64_t first = from->first; first < last; first += n - 1) {
        n = smaller(most, last - first + 1);
        COVARY_TRY(on->of->read(on->of->source, SERIES_FLAGS, first, n, flags));
        if (any_ambiguous(n * q->n_rows, flags)) {
            COVARY_TRY(on->of->read(on->of->source, q->kind, first, n, read));
            add_steps(on, n, flags, read, sums);
        }
    }

done:
    MEMORY_RELEASE(&read);
    MEMORY_RELEASE(&flags);
    return status;
}

/* Sums of all items in their order. */
static covary_status add_up(covary_run *run, work *on, gather_function *function, int64_t width,
                            double *sums)
{
    covary_status status = COVARY_OK;
    double       *values = NULL;

    COVARY_TRY(gather_items(run, phase, on->pieces.n, width, function, on, &values));
    memset(sums, 0, (size_t)width * sizeof *sums);
    for (int64_t i = 0; i < on->pieces.n * width; i++) {
        sums[i % width] += values[i];
    }

done:
    MEMORY_RELEASE(&values);
    return status;
}

static int64_t n_frames_of(const pieces *of)
{
    int64_t n = 0;

    for (int64_t p = 0; p < of->n; p++) {
        n += of->of[p].count;
    }
    return n;
}

/* Into the channels of the parts of a quantity: of sums over rows and of rows alone, alike. */
static void set_channels(const quantity *from, double *values, int part, double value)
{
    for (int k = 0; k < from->n; k++) {
        if ((from->total[k] == from->total[0] ? 0 : 1) == part) {
            values[from->total[k]] = value;
            values[from->total[k] + 1] = value;
        }
    }
}

static covary_status measure_white(covary_run *run, work *on, noise *out)
{
    covary_status status = COVARY_OK;
    double        sums[VARIANCE_WIDTH];

    COVARY_TRY_TOGETHER(run, phase, pieces_of_sample(on->of, &on->pieces));
    COVARY_TRY(add_up(run, on, sum_variances, VARIANCE_WIDTH, sums));
    for (int part = 0; part < 2; part++) {
        set_channels(on->from, out->white, part,
                     sums[part] * on->of->step / (double)n_frames_of(&on->pieces));
    }

done:
    pieces_release(&on->pieces);
    return status;
}

static covary_status measure_jumps(covary_run *run, work *on, noise *out)
{
    covary_status status = COVARY_OK;
    double        sums[STEP_KINDS * STEP_WIDTH], *others = sums, *ambiguous = sums + STEP_WIDTH;

    COVARY_TRY_TOGETHER(run, phase, pieces_of_all(on->of, &on->pieces));
    COVARY_TRY(add_up(run, on, sum_steps, (int64_t)STEP_KINDS * STEP_WIDTH, sums));
    for (int part = 0; part < 2 && others[STEP_COUNT] > 0.0; part++) {
        const double usual = others[STEP_SQUARES + part] / others[STEP_COUNT];
        const double excess = ambiguous[STEP_SQUARES + part] - ambiguous[STEP_COUNT] * usual;
        set_channels(on->from, out->jumps, part,
                     fmax(excess, 0.0) / ((double)n_frames_of(&on->pieces) * on->of->step));
    }

done:
    pieces_release(&on->pieces);
    return status;
}

covary_status noise_measure(covary_run *run, const series *of, const quantities *from, noise *out)
{
    covary_status status = COVARY_OK;

    memset(out, 0, sizeof *out);
    for (int i = 0; i < from->n; i++) {
        work       on = {.of = of, .from = &from->of[i]};
        const bool deviations = has_deviations(of, on.from);
        const bool property = on.from->total[0] >= 0;
        if (deviations) {
            COVARY_TRY(measure_white(run, &on, out));
        }
        if (property && of->has[SERIES_FLAGS]) {
            COVARY_TRY(measure_jumps(run, &on, out));
        }
        for (int k = 0; k < on.from->n && property; k++) {
            const int at = on.from->total[k];
            out->known[at] = out->known[at + 1] = deviations || out->jumps[at] > 0.0;
        }
    }

done:
    return status;
}

double noise_density(const noise *of, channel at, double wavenumber, double step)
{
    const double slope = 2.0 / step * sin(0.5 * step * angular_frequency(wavenumber));

    return of->white[at] + (slope > 0.0 ? of->jumps[at] / (slope * slope) : 0.0);
}
