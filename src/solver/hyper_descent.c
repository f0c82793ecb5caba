/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Coordinates of the descent: log length and log ridge in steps of the grid, so that a first step
 * along the gradient has the right size.
 */
#include "solver/hyper_descent.h"

#include "core/status.h"

#include <math.h>
#include <nlopt.h>

#define TRUST 0.05 /* largest share of rounding in an error */

/* What a point without a usable factor counts as, above the start; only larger ridges help. */
#define UNUSABLE 3.0

typedef struct {
    const hyper_slope *of;
    hyper_step         from;
    int                axes[2]; /* coordinate -> 0: length, 1: ridge */
    unsigned           n_axes;
    int                n;
    hyper_step        *steps;
    nlopt_opt          optimizer;
    covary_status      status;
} descent;

double hyper_error(int64_t first, int64_t count, const double *error, const double *doubt)
{
    double sum = 0.0, unsure = 0.0;

    for (int64_t output = first; output < first + count; output++) {
        sum += error[output];
        unsure += doubt[output];
    }
    return isfinite(sum) && unsure <= TRUST * TRUST * sum ? sqrt(sum) : INFINITY;
}

static double factor_of(const hyper_slope *of, int axis)
{
    return axis == 0 ? of->length_factor : of->ridge_factor;
}

static const double *bounds_of(const hyper_slope *of, int axis)
{
    return axis == 0 ? of->lengths : of->ridges;
}

/* NLopt asks for the slopes of a point in a call of their own. */
static covary_status try_step(descent *at, hyper_step *tried)
{
    covary_status      status = COVARY_OK;
    const hyper_slope *of = at->of;
    const hyper_step  *last = at->n > 0 ? &at->steps[at->n - 1] : NULL;

    if (last != NULL && last->length == tried->length && last->ridge == tried->ridge) {
        *tried = *last;
        return COVARY_OK;
    }

    COVARY_TRY(criterion_set_length(of->on, tried->length));
    COVARY_TRY(criterion_evaluate(of->on, tried->ridge, of->error, of->doubt));
    tried->error = hyper_error(of->first, of->count, of->error, of->doubt);
    at->steps[at->n++] = *tried;

done:
    return status;
}

/* Coordinates -> a point, within the bounds to the last bit. */
static hyper_step point_at(const descent *at, const double *x)
{
    double values[2] = {at->from.length, at->from.ridge};

    for (unsigned i = 0; i < at->n_axes; i++) {
        const double *bounds = bounds_of(at->of, at->axes[i]);
        const double  value = values[at->axes[i]] * pow(factor_of(at->of, at->axes[i]), x[i]);

        values[at->axes[i]] = fmin(fmax(value, bounds[0]), bounds[1]);
    }
    return (hyper_step){.length = values[0], .ridge = values[1]};
}

/* log error relative to that of the start, with its slopes; for NLopt. */
static double log_error(unsigned n, const double *x, double *slopes, void *data)
{
    descent   *at = data;
    hyper_step tried = point_at(at, x);
    double     by[2] = {0.0, -1.0};

    at->status = try_step(at, &tried);
    if (at->status == COVARY_OK && slopes != NULL && isfinite(tried.error)) {
        at->status = criterion_slopes(at->of->on, at->of->first, at->of->count, by);
    }
    if (at->status != COVARY_OK) {
        nlopt_force_stop(at->optimizer);
        return 0.0;
    }
    for (unsigned i = 0; i < n && slopes != NULL; i++) {
        slopes[i] = by[at->axes[i]] * log(factor_of(at->of, at->axes[i]));
    }
    return isfinite(tried.error) ? log(tried.error / at->from.error) : UNUSABLE;
}

static covary_status minimize(descent *at)
{
    covary_status status = COVARY_OK;
    double        x[2] = {0.0, 0.0}, low[2], high[2], smallest;

    for (unsigned i = 0; i < at->n_axes; i++) {
        const double *bounds = bounds_of(at->of, at->axes[i]);
        const double  value = at->axes[i] == 0 ? at->from.length : at->from.ridge;
        const double  unit = log(factor_of(at->of, at->axes[i]));

        low[i] = fmin(log(bounds[0] / value) / unit, 0.0);
        high[i] = fmax(log(bounds[1] / value) / unit, 0.0);
    }
    at->optimizer = nlopt_create(NLOPT_LD_SLSQP, at->n_axes);
    if (at->optimizer == NULL ||
        nlopt_set_min_objective(at->optimizer, log_error, at) != NLOPT_SUCCESS ||
        nlopt_set_lower_bounds(at->optimizer, low) != NLOPT_SUCCESS ||
        nlopt_set_upper_bounds(at->optimizer, high) != NLOPT_SUCCESS ||
        nlopt_set_ftol_abs(at->optimizer, 0.1 * HYPER_PLATEAU) != NLOPT_SUCCESS ||
        nlopt_set_maxeval(at->optimizer, HYPER_MOST_DESCENTS) != NLOPT_SUCCESS) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for the search of length and ridge"));
    }
    /* Where it ends does not matter: all its steps are there to choose from. */
    if (nlopt_optimize(at->optimizer, x, &smallest) == NLOPT_OUT_OF_MEMORY) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for the search of length and ridge"));
    }
    COVARY_TRY(at->status);

done:
    nlopt_destroy(at->optimizer);
    at->optimizer = NULL;
    return status;
}

static covary_status climb(descent *at)
{
    covary_status status = COVARY_OK;
    hyper_step    best = at->from;

    for (int i = 0; i < at->n; i++) {
        best = at->steps[i].error < best.error ? at->steps[i] : best;
    }
    hyper_step next = best;
    for (int i = 0; i < HYPER_MOST_CLIMBS && next.error <= (1.0 + HYPER_PLATEAU) * best.error &&
                    10.0 * next.ridge <= at->of->ridges[1];
         i++) {
        next.ridge *= 10.0;
        COVARY_TRY(try_step(at, &next));
    }

done:
    return status;
}

covary_status hyper_descend(const hyper_slope *of, hyper_step from, int *n, hyper_step *steps)
{
    covary_status status = COVARY_OK;
    descent       at = {.of = of, .from = from, .steps = steps};

    for (int axis = 0; axis < 2; axis++) {
        if (bounds_of(of, axis)[0] < bounds_of(of, axis)[1]) {
            at.axes[at.n_axes++] = axis;
        }
    }
    if (at.n_axes > 0) {
        COVARY_TRY(minimize(&at));
    }
    COVARY_TRY(climb(&at));

done:
    *n = at.n;
    return status;
}
