/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Charts from their references, poses and weights.
 *
 * Nothing here asks which singular value is the larger: gaps come from symmetric functions of all
 * of them, so the weights are as smooth as the poses.
 */
#include "geometry/charts.h"
#include "core/memory.h"
#include "core/status.h"
#include "geometry/principal.h"
#include "geometry/vector3.h"

#include <string.h>

/* What a chart says about one geometry. */
typedef struct {
    double gap;         /* before it is divided by the reference's */
    double square_rmsd; /* angstrom^2 */
} chart_fit;

/* The gap of M, [3][3]: see the head of charts.h. */
static double gap_of(const axes *rule, const double m[9])
{
    const double e1 = m[0] + m[4] + m[8];
    const double e2 =
        m[0] * m[4] - m[1] * m[3] + m[0] * m[8] - m[2] * m[6] + m[4] * m[8] - m[5] * m[7];
    const double e3 = matrix3_det(m);

    switch (rule->shape) {
    case SHAPE_POINT:
    case SHAPE_LINEAR:
        return 1.0;
    case SHAPE_PLANAR:
        return e2;
    case SHAPE_SPATIAL:
        break;
    }
    return rule->improper ? e3 : e1 * e2 - e3;
}

static chart_fit fit_of(const axes *rule, const pose *at, const double *positions)
{
    double m[9] = {0.0}, square = 0.0, total = 0.0;

    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        const double *x = positions + 3 * atom, *r = rule->reference + 3 * atom;
        const double  d[3] = {x[0] - at->centre[0], x[1] - at->centre[1], x[2] - at->centre[2]};
        double        body[3];
        matrix3_apply(at->rotation, d, body);
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                m[3 * i + j] += rule->weights[atom] * body[i] * r[j];
            }
            square += rule->weights[atom] * (body[i] - r[i]) * (body[i] - r[i]);
        }
        total += rule->weights[atom];
    }
    return (chart_fit){gap_of(rule, m), square / total};
}

/* The gap of the reference in its own chart, where R = 1. */
static double own_gap(const axes *rule)
{
    const pose still = {.rotation = {1, 0, 0, 0, 1, 0, 0, 0, 1}};

    return fit_of(rule, &still, rule->reference).gap;
}

covary_status charts_fit(const charts *of, int chart, const double *positions, pose *at,
                         double *gap, double *rmsd)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(axes_pose(of->rules[chart], positions, at));
    const chart_fit fit = fit_of(of->rules[chart], at, positions);
    *gap = of->scale[chart] > 0.0 ? fit.gap / of->scale[chart] : 0.0;
    *rmsd = sqrt(fit.square_rmsd);

done:
    return status;
}

/* Turn the reference of a chart to the nearest of the charts before it. */
static covary_status turn_reference(charts *made, int chart)
{
    const axes   *rule = made->rules[chart];
    double        gap, rmsd, least = HUGE_VAL;
    double       *turned = NULL;
    pose          at, best = {.margin = 0.0};
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("turned reference", 3 * rule->n_atoms, &turned));
    for (int before = 0; before < chart; before++) {
        COVARY_TRY(charts_fit(made, before, rule->reference, &at, &gap, &rmsd));
        if (rmsd < least * (1.0 - 1e-12)) {
            least = rmsd;
            best = at;
        }
    }
    pose_to_body(&best, rule->n_atoms, rule->reference, turned);
    memcpy(rule->reference, turned, 3 * (size_t)rule->n_atoms * sizeof *turned);

done:
    MEMORY_RELEASE(&turned);
    return status;
}

/* Half the mean distance of a reference to the nearest other one. */
static covary_status choose_width(charts *made)
{
    double        sum = 0.0, gap, rmsd;
    pose          at;
    covary_status status = COVARY_OK;

    for (int chart = 0; chart < made->n_charts; chart++) {
        double nearest = HUGE_VAL;
        for (int other = 0; other < made->n_charts; other++) {
            if (other != chart) {
                COVARY_TRY(
                    charts_fit(made, other, made->rules[chart]->reference, &at, &gap, &rmsd));
                nearest = fmin(nearest, rmsd);
            }
        }
        sum += nearest;
    }
    made->width = 0.5 * sum / made->n_charts;
    if (!(made->width > 1e-8)) { /* angstrom */
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA, "the references of the charts are all the same; "
                                                "ask for one"));
    }

done:
    return status;
}

covary_status charts_create(int n_charts, int64_t n_atoms, const double *masses,
                            const double *references, bool improper, molecule_shape shape,
                            double width, bool turned, charts **out)
{
    charts       *made = NULL;
    covary_status status = COVARY_OK;

    if (n_charts < 1 || n_charts > CHARTS_MAX) {
        return COVARY_FAIL(COVARY_ERR_DATA, "%d references; there may be 1 to %d", n_charts,
                           CHARTS_MAX);
    }
    COVARY_TRY(MEMORY_ALLOCATE("charts", 1, &made));
    for (int chart = 0; chart < n_charts; chart++) {
        const double *reference = references + 3 * n_atoms * chart;
        COVARY_TRY(
            axes_create(&axes_eckart, n_atoms, masses, reference, improper, &made->rules[chart]));
        made->n_charts++;
        made->rules[chart]->shape = shape;
        if (turned) {
            memcpy(made->rules[chart]->reference, reference,
                   3 * (size_t)n_atoms * sizeof *reference);
        } else if (chart > 0) {
            COVARY_TRY(turn_reference(made, chart));
        }
        made->scale[chart] = own_gap(made->rules[chart]);
    }
    if (width > 0.0) {
        made->width = width;
    } else if (n_charts > 1) {
        COVARY_TRY(choose_width(made));
    }
    *out = made;
    made = NULL;

done:
    charts_destroy(&made);
    return status;
}

void charts_destroy(charts **released)
{
    if (released == NULL || *released == NULL) {
        return;
    }
    for (int chart = 0; chart < CHARTS_MAX; chart++) {
        axes_destroy(&(*released)->rules[chart]);
    }
    MEMORY_RELEASE(released);
}

/* 0 up to 0, 1 from 1, with two continuous derivatives. */
static double smooth_step(double t)
{
    if (!(t > 0.0)) {
        return 0.0;
    }
    return t < 1.0 ? t * t * t * (10.0 + t * (6.0 * t - 15.0)) : 1.0;
}

covary_status charts_pose(const charts *of, const double *positions, pose *poses, double *weights,
                          double *margin)
{
    double        gap, rmsd[CHARTS_MAX], nearest = HUGE_VAL, norm = 0.0;
    covary_status status = COVARY_OK;

    *margin = 0.0;
    for (int chart = 0; chart < of->n_charts; chart++) {
        COVARY_TRY(charts_fit(of, chart, positions, &poses[chart], &gap, &rmsd[chart]));
        weights[chart] = of->n_charts > 1 ? smooth_step(gap / CHARTS_STEP) : 1.0;
        if (weights[chart] > 0.0) {
            nearest = fmin(nearest, rmsd[chart]);
        }
    }
    for (int chart = 0; chart < of->n_charts && of->n_charts > 1; chart++) {
        const double farther = (rmsd[chart] - nearest) * (rmsd[chart] + nearest);
        if (weights[chart] > 0.0) { /* relative to the nearest, lest all of them underflow */
            weights[chart] *= exp(-0.5 * farther / (of->width * of->width));
        }
        norm += weights[chart] * weights[chart];
    }
    for (int chart = 0; chart < of->n_charts; chart++) {
        weights[chart] /= norm > 0.0 ? sqrt(norm) : 1.0;
        *margin += weights[chart] * weights[chart] * poses[chart].margin;
    }
    *margin = fmin(*margin, 1.0);

done:
    return status;
}
