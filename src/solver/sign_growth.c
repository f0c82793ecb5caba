/* SPDX-License-Identifier: BSD-3-Clause */
/* Sequential prediction of signs, by elimination of one frame after the other. */
#include "solver/sign_growth.h"

#include "core/memory.h"
#include "core/status.h"
#include "solver/frame_blocks.h"

#include <math.h>
#include <string.h>

typedef struct {
    growth_system given;
    int64_t       n, n_rows, n_columns;
    double       *predicted; /* [n][n_columns] */
    double       *block;     /* [n_rows][n_rows] factor of a frame's S_ii */
    double       *across;    /* [n_rows][n] S between a frame and all rows */
    double       *solved;    /* [n_rows] */
} growing_system;

typedef struct {
    int64_t         n_frames;
    int             n_systems;
    growing_system *systems;
    bool           *done; /* [n_frames] */
} growth;

static void release(growth *released)
{
    for (int s = 0; released->systems != NULL && s < released->n_systems; s++) {
        MEMORY_RELEASE(&released->systems[s].solved);
        MEMORY_RELEASE(&released->systems[s].across);
        MEMORY_RELEASE(&released->systems[s].block);
        MEMORY_RELEASE(&released->systems[s].predicted);
    }
    MEMORY_RELEASE(&released->done);
    MEMORY_RELEASE(&released->systems);
}

static covary_status prepare(int n_systems, const growth_system *systems, growth *out)
{
    covary_status status = COVARY_OK;

    out->n_frames = systems[0].of->train->n_frames;
    COVARY_TRY(MEMORY_ALLOCATE("systems", n_systems, &out->systems));
    out->n_systems = n_systems;
    COVARY_TRY(MEMORY_ALLOCATE("frames done", out->n_frames, &out->done));
    for (int s = 0; s < n_systems; s++) {
        growing_system *system = &out->systems[s];
        system->given = systems[s];
        system->n_rows = systems[s].of->with->n_rows;
        system->n_columns = systems[s].of->n_columns;
        system->n = out->n_frames * system->n_rows;
        COVARY_TRY(
            MEMORY_ALLOCATE("predictions", system->n * system->n_columns, &system->predicted));
        COVARY_TRY(MEMORY_ALLOCATE("block", system->n_rows * system->n_rows, &system->block));
        COVARY_TRY(MEMORY_ALLOCATE("covariances", system->n_rows * system->n, &system->across));
        COVARY_TRY(MEMORY_ALLOCATE("solved", system->n_rows, &system->solved));
    }

done:
    return status;
}

/* S_ii of a frame, factored. */
static void factor_block(growing_system *system, int64_t frame)
{
    const int64_t n_rows = system->n_rows, first = frame * n_rows;

    for (int64_t p = 0; p < n_rows; p++) {
        for (int64_t q = 0; q <= p; q++) {
            system->block[p * n_rows + q] =
                system->given.covariance[(first + p) * system->n + first + q];
        }
    }
    frame_blocks_factor(1, (int)n_rows, system->block);
}

/* y^T S_ii^-1 f of a frame and system, or y^T S_ii^-1 y. */
static double product(growing_system *system, int64_t frame, const double *with)
{
    const int64_t n_rows = system->n_rows, first = frame * n_rows;
    double        sum = 0.0;

    factor_block(system, frame);
    for (int64_t c = 0; c < system->n_columns; c++) {
        for (int64_t p = 0; p < n_rows; p++) {
            system->solved[p] = with[(first + p) * system->n_columns + c];
        }
        frame_block_solve((int)n_rows, system->block, 1, system->solved);
        for (int64_t p = 0; p < n_rows; p++) {
            sum +=
                system->given.of->targets[(first + p) * system->n_columns + c] * system->solved[p];
        }
    }
    return system->given.share * sum;
}

/* The largest label if there is no prediction yet, then the largest log-odds; their sign. */
static int64_t choose(growth *of, bool is_first, double *sign)
{
    int64_t best = -1;
    double  most = -1.0;

    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        double sum = 0.0;
        for (int s = 0; s < of->n_systems && !of->done[frame]; s++) {
            growing_system *system = &of->systems[s];
            sum += product(system, frame, is_first ? system->given.of->targets : system->predicted);
        }
        if (!of->done[frame] && fabs(sum) > most) {
            best = frame;
            most = fabs(sum);
            *sign = sum < 0.0 ? -1.0 : 1.0;
        }
        best = best < 0 && !of->done[frame] ? frame : best; /* whatever rounding has made of it */
    }
    return best;
}

/* A row between a frame's and another row, whichever triangle it is in. */
static double entry(const growing_system *system, int64_t row, int64_t col)
{
    const double *s = system->given.covariance;

    return row >= col ? s[row * system->n + col] : s[col * system->n + row];
}

/* Predictions and covariances of all frames not done, given this one's sign. */
static void eliminate(const growth *of, growing_system *system, int64_t frame, double sign)
{
    const int64_t n = system->n, n_rows = system->n_rows, first = frame * n_rows;

    factor_block(system, frame);
    for (int64_t p = 0; p < n_rows; p++) {
        for (int64_t row = 0; row < n; row++) {
            system->across[p * n + row] = entry(system, row, first + p);
        }
    }
    for (int64_t row = 0; row < n; row++) {
        if (of->done[row / n_rows]) {
            continue;
        }
        double *covariance = system->given.covariance + row * n;
        for (int64_t p = 0; p < n_rows; p++) {
            system->solved[p] = system->across[p * n + row];
        }
        frame_block_solve((int)n_rows, system->block, 1, system->solved);
        for (int64_t p = 0; p < n_rows; p++) {
            const double  factor = system->solved[p], *column = system->across + p * n;
            const int64_t at = (first + p) * system->n_columns;
            for (int64_t c = 0; c < system->n_columns; c++) {
                system->predicted[row * system->n_columns + c] +=
                    factor * (sign * system->given.of->targets[at + c] - system->predicted[at + c]);
            }
            for (int64_t col = 0; col <= row; col++) {
                covariance[col] -= factor * column[col];
            }
        }
    }
}

covary_status sign_growth(int n_systems, const growth_system *systems, double *signs)
{
    covary_status status = COVARY_OK;
    growth        growing = {0};

    COVARY_TRY(prepare(n_systems, systems, &growing));
    for (int64_t step = 0; step < growing.n_frames; step++) {
        double        sign = 1.0;
        const int64_t frame = choose(&growing, step == 0, &sign);
        signs[frame] = step == 0 ? 1.0 : sign;
        growing.done[frame] = true;
        for (int s = 0; s < n_systems; s++) {
            eliminate(&growing, &growing.systems[s], frame, signs[frame]);
        }
    }

done:
    release(&growing);
    return status;
}
