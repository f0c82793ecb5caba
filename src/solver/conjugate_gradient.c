/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state between two steps is x, r and d: a run that goes on from them takes the same steps, as
 * z = P^-1 r and r^T z follow from r.
 */
#include "solver/conjugate_gradient.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

#define DRIFTED 0.1 /* of the residual: the search directions have lost their meaning */

enum {
    REPLACE_EVERY = 50, /* steps */
    PATIENCE = 250,     /* steps in which a column must come nearer by a tenth */
    PROGRESS_PARTS = 1000,
    LOG_EVERY = 10
};

typedef struct {
    double  norm;   /* of the right-hand side, 1 for 0 */
    double  rest;   /* |r| / norm */
    double  rho;    /* r^T z */
    double  best;   /* smallest rest so far, and when */
    double  proved; /* true rest when the recursion last claimed convergence */
    int64_t best_step;
    bool    active, restarts, is_stuck;
} column;

typedef struct {
    const cg_problem *problem;
    panel            *x, *r;  /* borrowed */
    panel            *d;      /* search directions */
    panel            *z, *q;  /* of the active columns */
    panel            *packed; /* active columns of d or r */
    int64_t           width;
    column           *columns;
    int64_t           n_active;
    int64_t          *active; /* [n_active] */
    double           *sums;   /* [2 width] */
    int64_t           step;
    cg_outcome        outcome;
} search;

static void search_release(search *s)
{
    MEMORY_RELEASE(&s->sums);
    MEMORY_RELEASE(&s->active);
    MEMORY_RELEASE(&s->columns);
    panel_destroy(&s->packed);
    panel_destroy(&s->q);
    panel_destroy(&s->z);
    panel_destroy(&s->d);
}

static covary_status allocate_columns(search *s)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("columns", s->width, &s->columns));
    COVARY_TRY(MEMORY_ALLOCATE("columns", s->width, &s->active));
    COVARY_TRY(MEMORY_ALLOCATE("sums of columns", 2 * s->width, &s->sums));

done:
    return status;
}

/* sums[c] <- a_c^T b_c over all ranks, for panels of one width. */
static void dot_columns(search *s, const panel *a, const panel *b, double *sums)
{
    memset(sums, 0, (size_t)a->width * sizeof *sums);
    for (int64_t row = 0; row < a->n_local; row++) {
        for (int64_t c = 0; c < a->width; c++) {
            sums[c] += a->data[row * a->width + c] * b->data[row * a->width + c];
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, (int)a->width, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(s->problem->run));
}

/* Active columns of a panel side by side. */
static void pack_active(const search *s, const panel *from, panel *to)
{
    for (int64_t row = 0; row < from->n_local; row++) {
        for (int64_t c = 0; c < s->n_active; c++) {
            to->data[row * s->n_active + c] = from->data[row * s->width + s->active[c]];
        }
    }
}

/* Panels for as many columns as are active. */
static covary_status fit_panels(search *s)
{
    covary_status status = COVARY_OK;
    const int64_t n_local = s->x->n_local;

    if (s->packed != NULL && s->packed->width == s->n_active) {
        return COVARY_OK;
    }
    panel_destroy(&s->packed);
    panel_destroy(&s->q);
    panel_destroy(&s->z);
    COVARY_TRY(panel_create(s->problem->run, n_local, s->n_active, &s->z));
    COVARY_TRY(panel_create(s->problem->run, n_local, s->n_active, &s->q));
    COVARY_TRY(panel_create(s->problem->run, n_local, s->n_active, &s->packed));

done:
    return status;
}

/* rest of all columns from r, and with it which ones are active. */
static void judge_columns(search *s)
{
    dot_columns(s, s->r, s->r, s->sums);
    s->n_active = 0;
    for (int64_t c = 0; c < s->width; c++) {
        column *of = &s->columns[c];

        of->rest = sqrt(s->sums[c]) / of->norm;
        of->active = !of->is_stuck && !(of->rest <= s->problem->tolerance[c]);
        if (of->active) {
            s->active[s->n_active++] = c;
        }
        if (of->rest < 0.9 * of->best) {
            of->best = of->rest;
            of->best_step = s->step;
        }
    }
}

/* residual <- b - A x of all columns; A in full precision. */
static covary_status find_residual(const search *s, panel *residual)
{
    covary_status status = COVARY_OK;
    const panel  *rhs = s->problem->rhs;

    COVARY_TRY(kernel_operator_apply_fully(s->problem->a, s->x, residual));
    for (int64_t i = 0; i < rhs->n_local * rhs->width; i++) {
        residual->data[i] = rhs->data[i] - residual->data[i];
    }

done:
    return status;
}

/*
 * What r is worth: s->sums [width] <- |r - b + A x| / norm, and r is replaced unless the state is
 * only being checked.  Columns that have drifted start again.
 */
static covary_status compare_residual(search *s, bool replace)
{
    covary_status status = COVARY_OK;
    const int64_t count = s->r->n_local * s->width;
    panel        *found = NULL, *change = NULL;

    COVARY_TRY(panel_create(s->problem->run, s->r->n_local, s->width, &found));
    COVARY_TRY(panel_create(s->problem->run, s->r->n_local, s->width, &change));
    COVARY_TRY(find_residual(s, found));
    for (int64_t i = 0; i < count; i++) {
        change->data[i] = s->r->data[i] - found->data[i];
    }
    dot_columns(s, change, change, s->sums);
    dot_columns(s, found, found, s->sums + s->width);
    for (int64_t c = 0; c < s->width; c++) {
        s->columns[c].restarts =
            s->columns[c].restarts || !(sqrt(s->sums[c]) <= DRIFTED * sqrt(s->sums[s->width + c]));
    }
    for (int64_t i = 0; i < count; i++) {
        if (replace || s->columns[i % s->width].restarts) {
            s->r->data[i] = found->data[i];
        }
    }

done:
    panel_destroy(&change);
    panel_destroy(&found);
    return status;
}

/*
 * All columns claim to be solved: their true residuals decide.  One that has not come nearer by
 * half since its last claim never will.
 */
static covary_status verify(search *s)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(compare_residual(s, true));
    judge_columns(s);
    for (int64_t k = 0; k < s->n_active; k++) {
        column *of = &s->columns[s->active[k]];

        of->is_stuck = !(of->rest < 0.5 * of->proved);
        of->proved = of->rest;
        of->restarts = true;
    }
    judge_columns(s);

done:
    return status;
}

/* z = P^-1 r, rho = r^T z and d = z + beta d of the active columns; beta is 0 after a restart. */
static covary_status turn(search *s, bool resumed)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(fit_panels(s));
    pack_active(s, s->r, s->packed);
    COVARY_TRY(preconditioner_apply(s->problem->by, s->packed, s->z));
    dot_columns(s, s->packed, s->z, s->sums);
    for (int64_t k = 0; k < s->n_active; k++) {
        column      *of = &s->columns[s->active[k]];
        const double beta = of->restarts ? 0.0 : s->sums[k] / of->rho;

        of->rho = s->sums[k];
        if (resumed && !of->restarts) {
            continue; /* d is that of the step to come */
        }
        of->restarts = false;
        for (int64_t row = 0; row < s->d->n_local; row++) {
            double *d = &s->d->data[row * s->width + s->active[k]];

            *d = s->z->data[row * s->n_active + k] + beta * *d;
        }
    }

done:
    return status;
}

/* A column without a way to go on: rounding, or A is not positive definite. */
static void give_up(search *s, int64_t c, cg_outcome why)
{
    s->columns[c].is_stuck = true;
    if (c < s->problem->n_required) {
        s->outcome = why;
    }
}

/* x and r of the active columns along d. */
static covary_status advance(search *s)
{
    covary_status status = COVARY_OK;

    pack_active(s, s->d, s->packed);
    COVARY_TRY(kernel_operator_apply(s->problem->a, s->packed, s->q));
    dot_columns(s, s->packed, s->q, s->sums);
    for (int64_t k = 0; k < s->n_active; k++) {
        const int64_t c = s->active[k];
        const double  alpha = s->columns[c].rho / s->sums[k];

        if (!(s->sums[k] > 0.0) || !isfinite(alpha)) {
            give_up(s, c, CG_INDEFINITE);
            continue;
        }
        for (int64_t row = 0; row < s->x->n_local; row++) {
            const int64_t at = row * s->width + c, from = row * s->n_active + k;

            s->x->data[at] += alpha * s->packed->data[from];
            s->r->data[at] -= alpha * s->q->data[from];
        }
    }
    s->step++;

done:
    return status;
}

static double worst_required(const search *s)
{
    double worst = 0.0;

    for (int64_t c = 0; c < s->problem->n_required; c++) {
        worst = s->columns[c].rest > worst ? s->columns[c].rest : worst;
    }
    return worst;
}

static void report(const search *s)
{
    const double worst = worst_required(s), aim = s->problem->tolerance[0];
    const double share = worst > 0.0 && worst < 1.0 ? log(worst) / log(aim) : 0.0;

    progress_update(s->problem->run, (int64_t)(share * PROGRESS_PARTS));
    if (s->step % LOG_EVERY == 0) {
        log_write(s->problem->run, LOG_DETAIL, "step %lld: relative residual %.1e, %lld columns",
                  (long long)s->step, worst, (long long)s->n_active);
    }
}

static void find_stalled(search *s)
{
    for (int64_t k = 0; k < s->n_active; k++) {
        if (s->step - s->columns[s->active[k]].best_step > PATIENCE) {
            give_up(s, s->active[k], CG_STALLED);
        }
    }
}

/* Kept before a stop as well as when it is due. */
static covary_status keep_state(search *s)
{
    const solver_checkpoint *to = s->problem->checkpoint;
    panel *const             panels[] = {s->x, s->r, s->d};
    const covary_status      stop = covary_run_check_stop(s->problem->run);

    if (to != NULL && (stop == COVARY_OK || stop == COVARY_STOPPED)) {
        const covary_status kept = to->keep(to->context, stop != COVARY_OK, 3, panels, s->step);

        return stop != COVARY_OK ? stop : kept;
    }
    return stop;
}

static covary_status take_steps(search *s)
{
    covary_status status = COVARY_OK;

    while (s->n_active > 0 && s->outcome == CG_SOLVED && s->step < s->problem->most_steps) {
        COVARY_TRY(advance(s));
        if (s->step % REPLACE_EVERY == 0) {
            COVARY_TRY(compare_residual(s, true));
        }
        judge_columns(s);
        find_stalled(s);
        if (s->n_active == 0) {
            COVARY_TRY(verify(s));
        }
        if (s->n_active > 0) {
            COVARY_TRY(turn(s, false));
        }
        report(s);
        COVARY_TRY(keep_state(s));
    }

done:
    return status;
}

static void find_norms(search *s)
{
    dot_columns(s, s->problem->rhs, s->problem->rhs, s->sums);
    for (int64_t c = 0; c < s->width; c++) {
        s->columns[c] = (column){.norm = s->sums[c] > 0.0 ? sqrt(s->sums[c]) : 1.0,
                                 .best = INFINITY,
                                 .proved = INFINITY,
                                 .best_step = s->step};
    }
}

/* From x = 0, or from the state of an interrupted run. */
static covary_status begin(search *s)
{
    covary_status            status = COVARY_OK;
    const solver_checkpoint *from = s->problem->checkpoint;
    panel *const             panels[] = {s->x, s->r, s->d};
    const size_t             bytes = (size_t)(s->r->n_local * s->width) * sizeof *s->r->data;
    bool                     found = false;

    memset(s->x->data, 0, bytes);
    memcpy(s->r->data, s->problem->rhs->data, bytes);
    if (from != NULL) {
        COVARY_TRY(from->restore(from->context, 3, panels, &s->step, &found));
    }
    find_norms(s);
    for (int64_t c = 0; c < s->width; c++) {
        s->columns[c].restarts = !found;
    }
    if (found) {
        log_write(s->problem->run, LOG_INFO, "conjugate gradients go on from step %lld",
                  (long long)s->step);
        COVARY_TRY(compare_residual(s, false));
    }
    judge_columns(s);
    if (s->n_active > 0) {
        COVARY_TRY(turn(s, found));
    }

done:
    return status;
}

/* The true residual in the end, of whatever was reached. */
static covary_status finish(search *s, cg_result *result)
{
    covary_status status = COVARY_OK;

    if (s->outcome != CG_SOLVED || s->n_active > 0) {
        COVARY_TRY(find_residual(s, s->r));
        judge_columns(s);
    }
    result->relative = worst_required(s);
    result->steps = s->step;
    result->outcome = s->outcome;
    for (int64_t c = 0; c < s->problem->n_required && s->outcome == CG_SOLVED; c++) {
        if (!(s->columns[c].rest <= s->problem->tolerance[c])) {
            result->outcome = s->columns[c].is_stuck ? CG_STALLED : CG_LIMIT;
        }
    }

done:
    return status;
}

covary_status cg_solve(const cg_problem *problem, panel *x, panel *residual, cg_result *result)
{
    covary_status status = COVARY_OK;
    covary_run   *run = problem->run;
    search        s = {.problem = problem, .x = x, .r = residual, .width = x->width};

    timer_begin(run, "conjugate gradients");
    progress_begin(run, "conjugate gradients", PROGRESS_PARTS, "parts");
    COVARY_TRY(panel_create(run, x->n_local, x->width, &s.d));
    COVARY_TRY_TOGETHER(run, "conjugate gradients", allocate_columns(&s));
    COVARY_TRY(begin(&s));
    COVARY_TRY(take_steps(&s));
    COVARY_TRY(finish(&s, result));

done:
    search_release(&s);
    progress_end(run);
    timer_end(run, "conjugate gradients");
    return status;
}
