/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinetic energies of frames, piece by piece. */
#include "spectra/temperature.h"

#include "core/constants.h"
#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "geometry/eigen3.h"
#include "geometry/vector3.h"
#include "spectra/gather.h"
#include "spectra/pieces.h"
#include "spectra/rigid.h"

#include <math.h>
#include <string.h>

enum { REACH = 4, BATCH = 64, SUM_KINETIC = 0, SUM_FREEDOM, SUM_WIDTH };

static const char phase[] = "temperature";

/* Of 1 dalton angstrom^2/fs^2, K. */
static const double per_kelvin =
    DALTON * ANGSTROM * ANGSTROM / (FEMTOSECOND * FEMTOSECOND) / BOLTZMANN;

typedef struct {
    const series *of;
    int64_t       n_rigid;
    pieces        pieces;
} work;

/* Of positions [atoms][3] of nine frames in a row, `stride` values apart, into the middle one's. */
static void differentiate(int64_t n, int64_t stride, double step, const double *middle,
                          double *velocities)
{
    static const double weights[REACH] = {4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0};

    for (int64_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int k = 0; k < REACH; k++) {
            sum += weights[k] * (middle[i + (k + 1) * stride] - middle[i - (k + 1) * stride]);
        }
        velocities[i] = sum / step;
    }
}

/* Mean over atoms, weighted by their masses. */
static void centre_of(const series *of, const double *values, double centre[3])
{
    double mass = 0.0;

    memset(centre, 0, 3 * sizeof *centre);
    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        mass += of->masses[atom];
        for (int d = 0; d < 3; d++) {
            centre[d] += of->masses[atom] * values[3 * atom + d];
        }
    }
    for (int d = 0; d < 3; d++) {
        centre[d] /= mass;
    }
}

/*
 * Twice the kinetic energy of the rotation as a whole, L . I^-1 L, and how many axes it is about:
 * two of a linear molecule, none of an atom.
 */
static double rotation_of(const series *of, const double *positions, const double *velocities,
                          const double drift[3], int *n_axes)
{
    const double line = 1e-6; /* least moment of inertia relative to the largest */
    double       centre[3], inertia[9] = {0.0}, momentum[3] = {0.0}, moments[3], axes[9];
    double       energy = 0.0;

    centre_of(of, positions, centre);
    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        const double m = of->masses[atom];
        double       x[3], v[3];
        for (int d = 0; d < 3; d++) {
            x[d] = positions[3 * atom + d] - centre[d];
            v[d] = velocities[3 * atom + d] - drift[d];
        }
        for (int d = 0; d < 3; d++) {
            const int e = (d + 1) % 3, f = (d + 2) % 3;
            momentum[d] += m * (x[e] * v[f] - x[f] * v[e]);
            inertia[4 * d] += m * (x[e] * x[e] + x[f] * x[f]);
            inertia[3 * (d < e ? d : e) + (d < e ? e : d)] -= m * x[d] * x[e];
        }
    }
    eigen3_symmetric(inertia, moments, axes);
    *n_axes = 0;
    for (int axis = 0; axis < 3; axis++) {
        if (moments[axis] > line * moments[2]) {
            const double along = vector3_dot(axes + 3 * axis, momentum);
            energy += along * along / moments[axis];
            (*n_axes)++;
        }
    }
    return energy;
}

/* Twice the kinetic energy within, and degrees of freedom, of a frame. */
static void add_frame(const work *on, const double *positions, const double *velocities,
                      double *sums)
{
    const series *of = on->of;

    double drift[3], energy = 0.0;
    int    n_axes = 0;

    centre_of(of, velocities, drift);
    for (int64_t i = 0; i < 3 * of->n_atoms; i++) {
        const double v = velocities[i] - drift[i % 3];
        energy += of->masses[i / 3] * v * v;
    }
    if (positions != NULL && !of->has[SERIES_VOLUME]) {
        energy -= rotation_of(of, positions, velocities, drift, &n_axes);
    }
    sums[SUM_KINETIC] += energy;
    sums[SUM_FREEDOM] += (double)(3 * of->n_atoms - 3 - n_axes - on->n_rigid);
}

/* Frames [first, first + count) with as many at both ends as differences need. */
static covary_status add_batch(const work *on, int64_t first, int64_t count, double *positions,
                               double *velocities, double *sums)
{
    const series *of = on->of;
    const int64_t stride = 3 * of->n_atoms;
    const bool    moving = of->has[SERIES_VELOCITY], placed = of->has[SERIES_POSITION];
    const int64_t reach = moving ? 0 : REACH;
    covary_status status = COVARY_OK;

    if (placed) {
        COVARY_TRY(
            of->read(of->source, SERIES_POSITION, first - reach, count + 2 * reach, positions));
    }
    if (moving) {
        COVARY_TRY(of->read(of->source, SERIES_VELOCITY, first, count, velocities));
    }
    for (int64_t frame = 0; frame < count; frame++) {
        double *at = placed ? positions + (frame + reach) * stride : NULL;
        double *v = velocities + frame * stride;
        if (!moving) {
            differentiate(stride, stride, of->step, at, v);
        }
        add_frame(on, at, v, sums);
    }

done:
    return status;
}

/* The sums of a piece, without the frames that have too few beside them in their stretch. */
static covary_status add_piece(void *context, int64_t item, double *sums)
{
    const work          *on = context;
    const series        *of = on->of;
    const piece         *from = &on->pieces.of[item];
    const series_stretch within = of->stretches[from->stretch];
    const int64_t        reach = of->has[SERIES_VELOCITY] ? 0 : REACH;
    const int64_t end = smaller(from->first + from->count, within.first + within.count - reach);
    int64_t       first = from->first, n;
    double       *positions = NULL, *velocities = NULL;
    covary_status status = COVARY_OK;

    first = first < within.first + reach ? within.first + reach : first;
    COVARY_TRY(MEMORY_ALLOCATE("positions", (BATCH + 2 * REACH) * 3 * of->n_atoms, &positions));
    COVARY_TRY(MEMORY_ALLOCATE("velocities", BATCH * 3 * of->n_atoms, &velocities));
    for (; first < end; first += n) {
        n = smaller(BATCH, end - first);
        COVARY_TRY(add_batch(on, first, n, positions, velocities, sums));
    }

done:
    MEMORY_RELEASE(&velocities);
    MEMORY_RELEASE(&positions);
    return status;
}

/*
 * Mean over the pieces, weighted by degrees of freedom, with its standard error; and the line
 * through them with that of its slope, from the residuals.
 */
static void summarize(const work *on, const double *sums, temperature *out)
{
    const int64_t n = on->pieces.n;
    double        total = 0.0, energy = 0.0, centre = 0.0, covariance = 0.0, square = 0.0;
    double        spread = 0.0, residual = 0.0;

    for (int64_t p = 0; p < n; p++) {
        const double freedom = sums[p * SUM_WIDTH + SUM_FREEDOM];
        total += freedom;
        energy += per_kelvin * sums[p * SUM_WIDTH + SUM_KINETIC];
        centre += freedom * (double)on->pieces.of[p].first;
    }
    out->value = energy / total;
    for (int64_t p = 0; p < n; p++) {
        const double freedom = sums[p * SUM_WIDTH + SUM_FREEDOM];
        const double at = (double)on->pieces.of[p].first - centre / total;
        const double off = per_kelvin * sums[p * SUM_WIDTH + SUM_KINETIC] - freedom * out->value;
        covariance += off * at;
        square += freedom * at * at;
        spread += off * off;
    }
    out->drift = square > 0.0 ? covariance / square * (double)on->of->n_frames : 0.0;
    for (int64_t p = 0; p < n; p++) {
        const double freedom = sums[p * SUM_WIDTH + SUM_FREEDOM];
        const double at = (double)on->pieces.of[p].first - centre / total;
        const double off = per_kelvin * sums[p * SUM_WIDTH + SUM_KINETIC] -
                           freedom * (out->value + out->drift * at / (double)on->of->n_frames);
        residual += off * off * at * at;
    }
    out->error = n > 1 ? sqrt(spread * (double)n / (double)(n - 1)) / total : NAN;
    out->of_drift = n > 2 && square > 0.0 ? sqrt(residual * (double)n / (double)(n - 2)) / square *
                                                (double)on->of->n_frames
                                          : NAN;
}

covary_status temperature_measure(covary_run *run, const series *of, temperature *out)
{
    covary_status status = COVARY_OK;
    work          on = {.of = of};
    double       *sums = NULL, freedom = 0.0;

    *out = (temperature){.value = NAN, .error = NAN, .of_drift = NAN};
    if (of->n_atoms == 0 || (!of->has[SERIES_VELOCITY] && !of->has[SERIES_POSITION])) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(run, phase, rigid_count(of, &on.n_rigid));
    COVARY_TRY_TOGETHER(run, phase, pieces_of_sample(of, &on.pieces));
    COVARY_TRY(gather_items(run, phase, on.pieces.n, SUM_WIDTH, add_piece, &on, &sums));
    for (int64_t p = 0; p < on.pieces.n; p++) {
        freedom += sums[p * SUM_WIDTH + SUM_FREEDOM];
    }
    if (freedom > 0.0) {
        summarize(&on, sums, out);
        out->n_rigid = on.n_rigid;
    }

done:
    MEMORY_RELEASE(&sums);
    pieces_release(&on.pieces);
    return status;
}
