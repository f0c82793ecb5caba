/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The candidates' rows of the factor of K + ridge I, whose first columns belong to the known frames
 * and the others to the picks, n_rows each:  with v_i these rows, L_p L_p^T the rest of block p,
 *
 *   c_ip = (K_ip - v_i v_p^T) L_p^-T,   v_i <- [v_i c_ip],   trace_i <- trace_i - |c_ip|^2 .
 */
#include "solver/greedy_measure.h"

#include "core/memory.h"
#include "core/status.h"
#include "linalg/dot.h"
#include "linalg/lapack.h"

#include <math.h>
#include <string.h>

enum { TILE = 32 }; /* frames */

static const greedy_system *system_at(const greedy_measure *in, int s)
{
    return &in->of->systems[s];
}

static int64_t n_known_rows(const greedy_measure *in, int s)
{
    return in->known->pivots.n * system_at(in, s)->with.n_rows;
}

/* Numbers from one row of the factor to the next. */
static int64_t stride_of(const greedy_measure *in, int s)
{
    return n_known_rows(in, s) + in->most * system_at(in, s)->with.n_rows;
}

/* Columns of the factor before pick j. */
static int64_t columns_before(const greedy_measure *in, int s, int64_t j)
{
    return n_known_rows(in, s) + j * system_at(in, s)->with.n_rows;
}

static double *rows_of(const greedy_measure *in, int s, int64_t candidate)
{
    return in->rows[s] + candidate * system_at(in, s)->with.n_rows * stride_of(in, s);
}

/* --- beginning -------------------------------------------------------------------------------- */

/* What known frames and j picks leave of a candidate's own block. */
static covary_status find_own(const greedy_measure *in, int64_t candidate, int s, int64_t j,
                              double *block)
{
    covary_status          status = COVARY_OK;
    const greedy_system   *system = system_at(in, s);
    const covariant_frames one = greedy_frames_of(in->of, in->candidates, s, candidate, 1);
    const int64_t          n = system->with.n_rows, before = columns_before(in, s, j);
    const double          *rows = rows_of(in, s, candidate);
    const int64_t          stride = stride_of(in, s);

    COVARY_TRY(covariant_tile(&system->with, &one, &one, block));
    for (int64_t m = 0; m < n; m++) {
        for (int64_t q = 0; q <= m; q++) {
            const double rest =
                block[m * n + q] - ordered_dot(before, rows + m * stride, rows + q * stride);

            block[m * n + q] = block[q * n + m] = m == q ? fmax(rest, 0.0) : rest;
        }
    }

done:
    return status;
}

static double *shared_of(const greedy_measure *in, int s, int64_t candidate)
{
    return in->shared[s] + candidate * system_at(in, s)->with.n_rows * in->known->samples[s].width;
}

static double *own_of(const greedy_measure *in, int s, int64_t candidate)
{
    const int64_t n = system_at(in, s)->with.n_rows;

    return in->own[s] + candidate * n * n;
}

/* What a candidate's label would take from the mean variance of the sample, as it is now. */
static covary_status find_gain(const greedy_measure *in, int64_t candidate, int s, double *gain)
{
    const greedy_system *system = system_at(in, s);
    const greedy_sample *sample = &in->known->samples[s];
    const covary_status  status =
        greedy_sample_gain(system->with.n_rows, system->ridge, own_of(in, s, candidate),
                           sample->width, shared_of(in, s, candidate), in->scratch, gain);

    *gain *= system->weight / (double)sample->n;
    return status;
}

/* By the mean variance: covariances, own blocks and gains of candidates whose rows are known. */
static covary_status begin_gains(greedy_measure *in, int s)
{
    covary_status  status = COVARY_OK;
    const int64_t  n = in->candidates->n, n_rows = system_at(in, s)->with.n_rows;
    greedy_sample *sample = &in->known->samples[s];
    double         gain;

    COVARY_TRY(MEMORY_ALLOCATE("covariances", n * n_rows * sample->width, &in->shared[s]));
    COVARY_TRY(MEMORY_ALLOCATE("blocks of candidates", n * n_rows * n_rows, &in->own[s]));
    for (int64_t first = 0; first < n; first += TILE) { /* whose rows stay near the processor */
        const int64_t end = n - first < TILE ? n : first + TILE;

        for (int64_t i = first; i < end; i++) {
            const covariant_frames one = greedy_frames_of(in->of, in->candidates, s, i, 1);

            COVARY_TRY(find_own(in, i, s, 0, own_of(in, s, i)));
            COVARY_TRY(greedy_sample_begin(sample, &one, n_rows, shared_of(in, s, i)));
        }
        greedy_sample_subtract((end - first) * n_rows, sample->n_terms, rows_of(in, s, first),
                               stride_of(in, s), sample->width, sample->known,
                               shared_of(in, s, first));
        for (int64_t i = first; i < end; i++) {
            COVARY_TRY(find_gain(in, i, s, &gain));
            in->values[i] += gain;
        }
    }

done:
    return status;
}

/* What the known pivots leave of some frames' variance in a system, and their rows. */
static covary_status begin_tile(greedy_measure *in, int s, int64_t first, int64_t n, double *tile,
                                double *scratch)
{
    covary_status          status = COVARY_OK;
    const greedy_system   *system = system_at(in, s);
    const covariant_frames rows = greedy_frames_of(in->of, in->candidates, s, first, n);
    const int64_t          n_rows = system->with.n_rows, known = n_known_rows(in, s);

    if (known > 0) {
        COVARY_TRY(covariant_columns_tile(in->known->columns[s], &rows, tile));
        triangle_solve(in->known->factors[s], n * n_rows, tile, scratch);
    }
    for (int64_t f = 0; f < n; f++) {
        double *to = rows_of(in, s, first + f), trace;

        COVARY_TRY(greedy_prior(in->of, in->candidates, first + f, s, &trace));
        for (int64_t m = 0; m < n_rows && known > 0; m++) {
            const double *from = tile + (f * n_rows + m) * known;

            memcpy(to + m * stride_of(in, s), from, (size_t)known * sizeof *from);
            trace -= ordered_dot(known, from, from);
        }
        if (in->of->rule == GREEDY_VARIANCE) {
            in->values[first + f] += system->weight * fmax(trace, 0.0);
        }
    }

done:
    return status;
}

static covary_status begin_system(greedy_measure *in, int s)
{
    covary_status status = COVARY_OK;
    const int64_t known = n_known_rows(in, s), n_rows = system_at(in, s)->with.n_rows;
    double       *tile = NULL, *scratch = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("rows of the factor", in->candidates->n * n_rows * stride_of(in, s),
                               &in->rows[s]));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", TILE * n_rows * known, &tile));
    COVARY_TRY(MEMORY_ALLOCATE("scratch of triangles", triangle_scratch(known), &scratch));
    for (int64_t first = 0; first < in->candidates->n; first += TILE) {
        const int64_t left = in->candidates->n - first;

        COVARY_TRY(begin_tile(in, s, first, left < TILE ? left : TILE, tile, scratch));
    }
    if (in->of->rule == GREEDY_MEAN) {
        COVARY_TRY(begin_gains(in, s));
    }

done:
    MEMORY_RELEASE(&scratch);
    MEMORY_RELEASE(&tile);
    return status;
}

/* Distances to the nearest known frame; without known frames all are as far as can be. */
static void begin_distances(greedy_measure *in)
{
    bool same;

    for (int64_t i = 0; i < in->candidates->n; i++) {
        in->values[i] = INFINITY;
        in->compared[i] = true;
        for (int64_t k = 0; k < in->known->all->n && in->values[i] >= 0.0; k++) {
            const double to = greedy_distance(in->of, in->candidates, i, in->known->all, k, &same);

            in->values[i] = same ? GREEDY_OUT : fmin(in->values[i], to);
        }
    }
}

covary_status greedy_measure_begin(const greedy_problem *of, const greedy_known *known,
                                   const greedy_frames *candidates, int64_t most,
                                   greedy_measure *out)
{
    covary_status status = COVARY_OK;
    const int64_t n = candidates->n;
    int64_t       rows = 1;

    *out = (greedy_measure){.of = of, .known = known, .candidates = candidates, .most = most};
    COVARY_TRY(MEMORY_ALLOCATE("values of candidates", n, &out->values));
    COVARY_TRY(MEMORY_ALLOCATE("levels of candidates", n, &out->levels));
    COVARY_TRY(MEMORY_ALLOCATE("compared candidates", n, &out->compared));
    COVARY_TRY(MEMORY_ALLOCATE("rows of the factor", of->n_systems, &out->rows));
    COVARY_TRY(MEMORY_ALLOCATE("covariances", of->n_systems, &out->shared));
    COVARY_TRY(MEMORY_ALLOCATE("blocks of candidates", of->n_systems, &out->own));
    COVARY_TRY(MEMORY_ALLOCATE("picked frames", most, &out->pivots));
    COVARY_TRY(greedy_frames_create(of, most, &out->picked));
    out->picked.n = 0;
    for (int s = 0; s < of->n_systems; s++) {
        rows = of->systems[s].with.n_rows > rows ? of->systems[s].with.n_rows : rows;
    }
    COVARY_TRY(MEMORY_ALLOCATE("block of a frame", rows * rows, &out->block));
    COVARY_TRY(MEMORY_ALLOCATE("scratch of gains", 2 * rows * rows + rows, &out->scratch));
    if (of->rule == GREEDY_DISTANCE) {
        begin_distances(out);
        goto done;
    }
    for (int s = 0; s < of->n_systems; s++) {
        COVARY_TRY(begin_system(out, s));
    }

done:
    return status;
}

static void release_pivot(const greedy_problem *of, greedy_pivot *pivot)
{
    for (int s = 0; s < of->n_systems; s++) {
        if (pivot->columns != NULL) {
            covariant_columns_destroy(&pivot->columns[s]);
        }
        if (pivot->rows != NULL) {
            MEMORY_RELEASE(&pivot->rows[s]);
        }
        if (pivot->factors != NULL) {
            MEMORY_RELEASE(&pivot->factors[s]);
        }
        if (pivot->shared != NULL) {
            MEMORY_RELEASE(&pivot->shared[s]);
        }
    }
    MEMORY_RELEASE(&pivot->shared);
    MEMORY_RELEASE(&pivot->factors);
    MEMORY_RELEASE(&pivot->rows);
    MEMORY_RELEASE(&pivot->columns);
}

void greedy_measure_release(greedy_measure *released)
{
    for (int64_t j = 0; released->pivots != NULL && j < released->most; j++) {
        release_pivot(released->of, &released->pivots[j]);
    }
    MEMORY_RELEASE(&released->pivots);
    double ***const of_systems[] = {&released->rows, &released->shared, &released->own};
    for (size_t k = 0; k < sizeof of_systems / sizeof of_systems[0]; k++) {
        for (int s = 0; *of_systems[k] != NULL && s < released->of->n_systems; s++) {
            MEMORY_RELEASE(&(*of_systems[k])[s]);
        }
        MEMORY_RELEASE(of_systems[k]);
    }
    MEMORY_RELEASE(&released->scratch);
    greedy_frames_release(&released->picked);
    MEMORY_RELEASE(&released->block);
    MEMORY_RELEASE(&released->compared);
    MEMORY_RELEASE(&released->levels);
    MEMORY_RELEASE(&released->values);
}

/* --- updates ---------------------------------------------------------------------------------- */

/* x L^-T for the rows x [n][n] of a block, in place; L as LAPACK has it. */
static void solve_block(int64_t n, const double *factor, double *x)
{
    for (int64_t row = 0; row < n; row++) {
        for (int64_t i = 0; i < n; i++) {
            double rest = x[row * n + i];

            for (int64_t k = 0; k < i; k++) {
                rest -= x[row * n + k] * factor[k * n + i];
            }
            x[row * n + i] = rest / factor[i * n + i];
        }
    }
}

/* Covariances and own block of a candidate after a pick; its new columns are in `block`. */
static void update_gain(greedy_measure *in, int64_t candidate, const greedy_pivot *by, int s)
{
    const int64_t n = system_at(in, s)->with.n_rows, width = in->known->samples[s].width;
    double       *own = own_of(in, s, candidate);

    greedy_sample_subtract(n, n, in->block, n, width, by->shared[s], shared_of(in, s, candidate));
    for (int64_t m = 0; m < n; m++) {
        for (int64_t q = 0; q < n; q++) {
            own[m * n + q] -= ordered_dot(n, in->block + m * n, in->block + q * n);
        }
        own[m * n + m] = fmax(own[m * n + m], 0.0);
    }
}

/* The candidate's next columns in a system, by pick j; returns the squares that they take away. */
static covary_status update_system(greedy_measure *in, int64_t candidate, int64_t j, int s,
                                   double *taken)
{
    covary_status          status = COVARY_OK;
    const greedy_pivot    *by = &in->pivots[j];
    const covariant_frames one = greedy_frames_of(in->of, in->candidates, s, candidate, 1);
    const int64_t          n = system_at(in, s)->with.n_rows, before = columns_before(in, s, j);
    double                *rows = rows_of(in, s, candidate);

    *taken = 0.0;
    COVARY_TRY(covariant_columns_tile(by->columns[s], &one, in->block));
    for (int64_t m = 0; m < n; m++) {
        for (int64_t q = 0; q < n; q++) {
            in->block[m * n + q] -=
                ordered_dot(before, rows + m * stride_of(in, s), by->rows[s] + q * before);
        }
    }
    solve_block(n, by->factors[s], in->block);
    for (int64_t m = 0; m < n; m++) {
        memcpy(rows + m * stride_of(in, s) + before, in->block + m * n,
               (size_t)n * sizeof *in->block);
    }
    *taken = ordered_dot(n * n, in->block, in->block);
    if (in->of->rule == GREEDY_MEAN) {
        update_gain(in, candidate, by, s);
    }

done:
    return status;
}

static covary_status update_by(greedy_measure *in, int64_t candidate, int64_t j)
{
    covary_status status = COVARY_OK;
    bool          same;
    const double  to = greedy_distance(in->of, in->candidates, candidate, &in->picked, j, &same);
    double       *value = &in->values[candidate], taken, gain, gains = 0.0;

    if (same) {
        *value = GREEDY_OUT;
        goto done;
    }
    if (in->of->rule == GREEDY_DISTANCE) {
        *value = fmin(*value, to);
        goto done;
    }
    for (int s = 0; s < in->of->n_systems; s++) {
        COVARY_TRY(update_system(in, candidate, j, s, &taken));
        if (in->of->rule == GREEDY_MEAN) {
            COVARY_TRY(find_gain(in, candidate, s, &gain));
            gains += gain;
        } else {
            *value -= system_at(in, s)->weight * taken;
        }
    }
    /* rounding may leave less than nothing */
    *value = in->of->rule == GREEDY_MEAN ? fmin(*value, gains) : fmax(*value, 0.0);

done:
    return status;
}

covary_status greedy_measure_update(greedy_measure *in, int64_t candidate)
{
    covary_status status = COVARY_OK;

    while (in->levels[candidate] < in->picked.n && in->values[candidate] >= 0.0) {
        COVARY_TRY(update_by(in, candidate, in->levels[candidate]));
        in->levels[candidate]++;
    }

done:
    return status;
}

void greedy_measure_compare(greedy_measure *in, int64_t candidate)
{
    bool same = false;

    for (int64_t k = 0; k < in->known->all->n && !same; k++) {
        greedy_distance(in->of, in->candidates, candidate, in->known->all, k, &same);
    }
    in->compared[candidate] = true;
    in->values[candidate] = same ? GREEDY_OUT : in->values[candidate];
}

/* --- picks ------------------------------------------------------------------------------------ */

/* Rows of the factor, the own block, and covariances with the sample. */
static int64_t system_message(const greedy_measure *in, int s)
{
    const int64_t n = system_at(in, s)->with.n_rows;
    const int64_t width = in->of->rule == GREEDY_MEAN ? in->known->samples[s].width : 0;

    return n * columns_before(in, s, in->picked.n) + n * n + n * width;
}

int64_t greedy_measure_message(const greedy_measure *in)
{
    int64_t count = 0;

    for (int field = 0; field < greedy_n_fields(in->of); field++) {
        count += greedy_width(in->of, field);
    }
    for (int s = 0; in->of->rule != GREEDY_DISTANCE && s < in->of->n_systems; s++) {
        count += system_message(in, s);
    }
    return count;
}

/* The rest of the candidate's own block, factored. */
static covary_status factor_own(greedy_measure *in, int64_t candidate, int s, double *block)
{
    covary_status        status = COVARY_OK;
    const greedy_system *system = system_at(in, s);

    COVARY_TRY(find_own(in, candidate, s, in->picked.n, block));
    COVARY_TRY(greedy_factor(system->with.n_rows, system->ridge, block, in->block));

done:
    return status;
}

covary_status greedy_measure_tell(greedy_measure *in, int64_t candidate, double *message)
{
    covary_status status = COVARY_OK;

    for (int field = 0; field < greedy_n_fields(in->of); field++) {
        const int64_t width = greedy_width(in->of, field);

        memcpy(message, in->candidates->fields[field] + candidate * width,
               (size_t)width * sizeof *message);
        message += width;
    }
    for (int s = 0; in->of->rule != GREEDY_DISTANCE && s < in->of->n_systems; s++) {
        const int64_t n = system_at(in, s)->with.n_rows;
        const int64_t before = columns_before(in, s, in->picked.n);

        for (int64_t m = 0; m < n; m++) {
            memcpy(message, rows_of(in, s, candidate) + m * stride_of(in, s),
                   (size_t)before * sizeof *message);
            message += before;
        }
        COVARY_TRY(factor_own(in, candidate, s, message));
        message += n * n;
        if (in->of->rule == GREEDY_MEAN) {
            const int64_t width = in->known->samples[s].width;

            memcpy(message, shared_of(in, s, candidate), (size_t)(n * width) * sizeof *message);
            message += n * width;
        }
    }

done:
    return status;
}

/* L^-1 times the covariances [n][width] of a pick, in panels. */
static covary_status add_shared(int64_t n, const double *factor, int64_t width,
                                const double *covariances, double **panels)
{
    covary_status status = COVARY_OK;
    double       *solved = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("covariances of a pick", n * width, &solved));
    COVARY_TRY(MEMORY_ALLOCATE("covariances of a pick", n * width, panels));
    for (int64_t i = 0; i < n; i++) {
        for (int64_t r = 0; r < width; r++) {
            double rest = covariances[i * width + r];

            for (int64_t k = 0; k < i; k++) {
                rest -= factor[k * n + i] * solved[k * width + r];
            }
            solved[i * width + r] = rest / factor[i * n + i];
        }
    }
    greedy_sample_pack(n, width, solved, *panels);

done:
    MEMORY_RELEASE(&solved);
    return status;
}

static covary_status add_system(greedy_measure *in, int s, const double *message,
                                greedy_pivot *pivot)
{
    covary_status          status = COVARY_OK;
    const greedy_system   *system = system_at(in, s);
    const int64_t          n = system->with.n_rows, before = columns_before(in, s, in->picked.n);
    const covariant_frames one = greedy_frames_of(in->of, &in->picked, s, in->picked.n, 1);

    COVARY_TRY(MEMORY_ALLOCATE("rows of a picked frame", n * before, &pivot->rows[s]));
    COVARY_TRY(MEMORY_ALLOCATE("block of a picked frame", n * n, &pivot->factors[s]));
    memcpy(pivot->rows[s], message, (size_t)(n * before) * sizeof *message);
    memcpy(pivot->factors[s], message + n * before, (size_t)(n * n) * sizeof *message);
    COVARY_TRY(covariant_columns_create(&system->with, &one, &pivot->columns[s]));
    if (in->of->rule == GREEDY_MEAN) {
        COVARY_TRY(add_shared(n, pivot->factors[s], in->known->samples[s].width,
                              message + n * before + n * n, &pivot->shared[s]));
    }

done:
    return status;
}

covary_status greedy_measure_add(greedy_measure *in, int64_t number, const double *message)
{
    covary_status status = COVARY_OK;
    const int64_t j = in->picked.n;
    const int     n_systems = in->of->n_systems;
    greedy_pivot *pivot = &in->pivots[j];

    for (int field = 0; field < greedy_n_fields(in->of); field++) {
        const int64_t width = greedy_width(in->of, field);

        memcpy(in->picked.fields[field] + j * width, message, (size_t)width * sizeof *message);
        message += width;
    }
    in->picked.numbers[j] = number;
    if (in->of->rule != GREEDY_DISTANCE) {
        COVARY_TRY(MEMORY_ALLOCATE("picked frame", n_systems, &pivot->shared));
        COVARY_TRY(MEMORY_ALLOCATE("picked frame", n_systems, &pivot->columns));
        COVARY_TRY(MEMORY_ALLOCATE("picked frame", n_systems, &pivot->rows));
        COVARY_TRY(MEMORY_ALLOCATE("picked frame", n_systems, &pivot->factors));
        for (int s = 0; s < n_systems; s++) {
            COVARY_TRY(add_system(in, s, message, pivot));
            message += system_message(in, s);
        }
    }
    in->picked.n++;

done:
    return status;
}

covary_status greedy_factor(int64_t n, double ridge, double *a, double *diagonal)
{
    for (int64_t i = 0; i < n; i++) {
        diagonal[i] = a[i * n + i];
    }
    for (double more = 0.0; more<2e-6; more = more> 0.0 ? 10.0 * more : 1e-15) {
        for (int64_t i = 0; i < n; i++) {
            a[i * n + i] = diagonal[i] * (1.0 + more) + ridge;
            for (int64_t j = 0; j < i; j++) { /* the other triangle keeps the matrix */
                a[j * n + i] = a[i * n + j];
            }
        }
        if (lapack_cholesky((int)n, a) == 0) {
            return COVARY_OK;
        }
    }
    return COVARY_FAIL(COVARY_ERR_NUMERIC,
                       "the kernel of %lld rows is not positive definite: its length may be far "
                       "too large, or its ridge too small",
                       (long long)n);
}
