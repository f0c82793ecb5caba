/* SPDX-License-Identifier: BSD-3-Clause */
/* Spreads of distances over a few frames. */
#include "spectra/rigid.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "geometry/vector3.h"

enum { FRAMES = 64, FEWEST = 8 };

static const double near = 2.0, least_spread = 0.005; /* angstrom */

/* Of [n_frames][n_atoms][3]; 0 for a pair that is not near in the first frame. */
static bool is_rigid(const double *positions, int64_t n_frames, int64_t n_atoms, int64_t a,
                     int64_t b)
{
    double first = 0.0, sum = 0.0, squares = 0.0;

    for (int64_t f = 0; f < n_frames; f++) {
        const double *x = positions + 3 * (f * n_atoms + a), *y = positions + 3 * (f * n_atoms + b);
        const double  apart[3] = {x[0] - y[0], x[1] - y[1], x[2] - y[2]};
        const double  length = sqrt(vector3_dot(apart, apart));
        if (f == 0 && length > near) {
            return false;
        }
        first = f == 0 ? length : first;
        sum += length - first;
        squares += (length - first) * (length - first);
    }
    return squares - sum * sum / (double)n_frames < least_spread * least_spread * (double)n_frames;
}

covary_status rigid_count(const series *of, int64_t *n)
{
    const int64_t n_frames = smaller(FRAMES, of->n_frames), width = 3 * of->n_atoms;
    covary_status status = COVARY_OK;
    double       *positions = NULL;

    *n = 0;
    if (!of->has[SERIES_POSITION] || n_frames < FEWEST) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_ALLOCATE("positions", n_frames * width, &positions));
    for (int64_t f = 0; f < n_frames; f++) {
        COVARY_TRY(of->read(of->source, SERIES_POSITION, f * (of->n_frames / n_frames), 1,
                            positions + f * width));
    }
    for (int64_t a = 0; a < of->n_atoms; a++) {
        for (int64_t b = 0; b < a; b++) {
            *n += is_rigid(positions, n_frames, of->n_atoms, a, b) ? 1 : 0;
        }
    }

done:
    MEMORY_RELEASE(&positions);
    return status;
}
