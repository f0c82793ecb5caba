/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strategy `iterative`: conjugate gradients on products that never form the matrix,
 * preconditioned by a partial Cholesky factor of random pivots.  Memory: that factor, n rank /
 * ranks, and the sites of all frames.
 *
 * The condition number of P^-1 A is at most 1 + tr E / ridge, E being what the factor leaves of K
 * (Diaz, Epperly, Frangella, Tropp and Webber, arXiv:2304.12465 (2023)).  Spectra of smooth kernels
 * fall so fast that far fewer steps are needed than it allows.
 */
#include "solver/ridge_solver.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/node.h"
#include "core/status.h"
#include "solver/conjugate_gradient.h"
#include "solver/frame_columns.h"
#include "solver/loo_estimate.h"
#include "solver/loo_probes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_TOLERANCE                                                                          \
    1e-6                    /* errors of predictions are then those of the exact weights to 4      \
                               digits */
#define USABLE         1e-4 /* where rounding ends the way before the tolerance */
#define MEMORY_UNKNOWN ((int64_t)1 << 30)

#define OPERATIONS_PER_BYTE 7.0  /* of dgemm while a core reads a byte of memory, as measured */
#define KERNEL_OPERATIONS   40.0 /* of dgemm while a core evaluates a kernel, distances aside */
#define LOO_DIGITS          4.5  /* as `digits`: to LOO_TOLERANCE from unit columns, as measured */

enum { MOST_STEPS = 5000, MOST_LOO_STEPS = 1000 };

typedef struct {
    preconditioner  *by;
    kernel_operator *a;
} iterative_state;

/* Where blocks of A^-1 come from. */
typedef struct {
    const ridge_problem   *problem;
    const iterative_state *state;
} loo_source;

static void iterative_destroy(void **released)
{
    iterative_state *state = *released;

    if (state != NULL) {
        kernel_operator_destroy(&state->a);
        preconditioner_destroy(&state->by);
    }
    MEMORY_RELEASE(released);
}

/* Bytes that a rank may count on, the same on every rank; a tenth is left to others.  Collective.
 */
static int64_t memory_of_rank(const ridge_problem *problem)
{
    covary_run          *run = problem->run;
    const node_resources here = node_resources_of(run);
    const int64_t        available = node_available_memory();
    int64_t              bytes = available > 0 ? available : here.memory_bytes;

    if (problem->options.memory > 0) {
        return problem->options.memory;
    }
    if (here.memory_bytes > 0 && here.memory_bytes < bytes) {
        bytes = here.memory_bytes;
    }
    bytes = bytes > 0 ? bytes / 10 * 9 / here.n_ranks : MEMORY_UNKNOWN;
    MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_INT64_T, MPI_MIN, covary_run_comm(run));
    return bytes;
}

/* What a rank of the factor has to be worth, in operations of all ranks. */
typedef struct {
    double ridge, digits; /* natural logarithm of 1 / tolerance */
    double n, columns;    /* of the system */
    double sampled;       /* columns of the frames that are left out exactly */
    double n_ranks;
    double values, multiply; /* of A: its kernel values, and their product with one column */
} cost_model;

/*
 * Steps to a tolerance, as measured with smooth kernels of 10,000 to 20,000 frames: they follow the
 * mean eigenvalue that the factor leaves, in ridges.
 */
static double steps_of(const cost_model *cost, double digits, double rank, double left)
{
    return 1.0 + 0.75 * digits * pow(fmax(left, 0.0) / ((cost->n - rank) * cost->ridge), 0.7);
}

/* One with so many columns: memory paces the two passes through the factor, unless these do. */
static double step_of(const cost_model *cost, double rank, double columns)
{
    const double pass = cost->n * rank * fmax(8.0 * OPERATIONS_PER_BYTE, 2.0 * columns);

    return cost->values + columns * cost->multiply + 2.0 * pass;
}

/*
 * The factor grows until it costs as much as the steps that it leaves to be taken, those of the
 * leave-one-out errors with them: 3 n r^2 operations for its columns and G^T G at the rate of
 * strips, and r^3 / 3 on every rank.
 */
static bool is_enough(const void *context, int64_t rank, double left)
{
    const cost_model *cost = context;
    const double      r = (double)rank;
    const double to_solve = steps_of(cost, cost->digits, r, left) * step_of(cost, r, cost->columns);
    const double to_leave_out =
        steps_of(cost, LOO_DIGITS, r, left) * step_of(cost, r, cost->sampled);

    return left <= cost->ridge ||
           to_solve + to_leave_out <= 3.0 * cost->n * r * r + cost->n_ranks * r * r * r / 3.0;
}

/* Frames that are left out exactly. */
static int64_t sample_size(const ridge_problem *problem)
{
    const covariant_kernel *with = problem->with;

    return loo_sample_by_steps(problem->train->features->n_rows, with->n_rows, with->n_tensors);
}

static cost_model cost_of(const ridge_problem *problem, const kernel_operator *a, double tolerance,
                          double ridge)
{
    const covariant_kernel *with = problem->with;
    const double            frames = (double)problem->train->features->n_rows;
    const double pairs = frames * frames * with->n_sites * (double)covariant_train_sites(with);
    const double share = covariant_train_sites(with) == with->n_sites ? 0.5 : 1.0; /* symmetric */
    double       each = 2.0 * (double)with->dimension + KERNEL_OPERATIONS;

    if (kernel_operator_stored(a) != OPERATOR_ON_THE_FLY) {
        each =
            (kernel_operator_stored(a) == OPERATOR_STORED_SINGLE ? 4.0 : 8.0) * OPERATIONS_PER_BYTE;
    }
    return (cost_model){.ridge = ridge,
                        .digits = -log(tolerance),
                        .n = frames * with->n_rows,
                        .columns = (double)problem->targets->width,
                        .sampled = (double)(sample_size(problem) * with->n_rows),
                        .n_ranks = covary_run_size(problem->run),
                        .values = share * pairs * each,
                        .multiply = 2.0 * pairs * (double)with->n_tensors};
}

/*
 * Frames whose rows fit.  Where kernel values are kept they have a third of the memory, the factor
 * another, with a quarter to spare while it grows, and the square of its rank the last one; where
 * none are kept, the factor and that square share theirs.
 */
static int64_t most_pivots(const ridge_problem *problem, const kernel_operator *a, int64_t memory)
{
    const bool    is_stored = kernel_operator_stored(a) != OPERATOR_ON_THE_FLY;
    const int64_t n_rows = problem->with->n_rows, asked = problem->options.rank;
    const double  share = (double)memory / ((is_stored ? 3.0 : 2.0) * sizeof(double));
    const double  local = (double)problem->targets->n_rows / covary_run_size(problem->run) + 128.0;
    const int64_t most = (int64_t)fmin(share / (1.25 * local), sqrt(share));
    const int64_t rank = asked > 0 && asked < most ? asked : most;

    return rank > n_rows ? (rank + (asked > 0 ? n_rows - 1 : 0)) / n_rows : 1;
}

static covary_status local_trace(const ridge_problem *problem, double *trace)
{
    covary_status          status = COVARY_OK;
    const covariant_frames here =
        covariant_share(problem->train, 0, problem->train->features->n_local);

    *trace = 0.0;
    if (here.n_frames > 0) {
        COVARY_TRY(covariant_mean_diagonal(problem->with, &here, trace));
        *trace *= (double)(here.n_frames * problem->with->n_rows);
    }

done:
    return status;
}

/* The ridge, unless it is near the rounding of K, where it says little.  Collective. */
static covary_status find_shift(const ridge_problem *problem, double ridge, double *shift)
{
    covary_status status = COVARY_OK;
    double        trace;

    COVARY_TRY_TOGETHER(problem->run, "trace of the kernel", local_trace(problem, &trace));
    MPI_Allreduce(MPI_IN_PLACE, &trace, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(problem->run));
    *shift = fmax(ridge, PRECONDITIONER_FLOOR * trace);

done:
    return status;
}

static covary_status make_preconditioner(const ridge_problem *problem, const kernel_operator *a,
                                         double ridge, double tolerance, int64_t memory,
                                         preconditioner **out)
{
    covary_status status = COVARY_OK;
    rpcholesky   *factor = NULL;
    double        shift;
    const panel  *features = problem->train->features;
    const bool    automatic = problem->options.rank == 0;

    COVARY_TRY(find_shift(problem, ridge, &shift));
    const cost_model        cost = cost_of(problem, a, tolerance, shift);
    const rpcholesky_limits limits = {.most = most_pivots(problem, a, memory),
                                      .seed = problem->options.seed,
                                      .enough = automatic ? is_enough : NULL,
                                      .context = &cost};
    COVARY_TRY(rpcholesky_create(problem->run, problem->with, problem->train, limits, &factor));
    log_write(problem->run, LOG_DETAIL,
              "partial factor of rank %lld from %lld of %lld frames leaves a trace of "
              "%.1e, %.1e ridges",
              (long long)factor->rank, (long long)factor->n_pivots, (long long)features->n_rows,
              factor->trace, factor->trace / shift);
    COVARY_TRY(preconditioner_create(problem->run, &factor, shift, out));

done:
    rpcholesky_destroy(&factor);
    return status;
}

/* Largest |residual| over the largest |target|, INFINITY if that is no number.  Collective. */
static double relative_residual(const panel *targets, const panel *residual)
{
    double largest[2] = {0.0, 0.0};

    for (int64_t i = 0; i < targets->n_local * targets->width; i++) {
        const double rest = residual->data[i];

        largest[0] = fmax(largest[0], isfinite(rest) ? fabs(rest) : INFINITY);
        largest[1] = fmax(largest[1], fabs(targets->data[i]));
    }
    MPI_Allreduce(MPI_IN_PLACE, largest, 2, MPI_DOUBLE, MPI_MAX, covary_run_comm(targets->run));
    return largest[1] > 0.0 ? largest[0] / largest[1] : largest[0];
}

/* What came of it, in the log or as a reason why there are no usable weights. */
static void judge(const ridge_problem *problem, double tolerance, const cg_result *result,
                  char trouble[static SOLVER_TROUBLE])
{
    static const char *const reasons[] = {
        [CG_STALLED] = "conjugate gradients stall at a residual of %.0e after %lld steps",
        [CG_INDEFINITE] = "not positive definite at a residual of %.0e after %lld steps",
        [CG_LIMIT] = "the residual is %.0e after %lld steps of conjugate gradients",
    };
    const bool is_usable = result->outcome != CG_LIMIT && result->relative <= USABLE;

    if (result->outcome == CG_SOLVED) {
        log_write(problem->run, LOG_INFO, "conjugate gradients: %lld steps to a residual of %.1e",
                  (long long)result->steps, result->relative);
    } else if (is_usable) {
        log_write(problem->run, LOG_WARNING,
                  "rounding ends conjugate gradients at a residual of %.1e after %lld steps, "
                  "before the tolerance of %.1e: give a larger ridge or solver.tolerance",
                  result->relative, (long long)result->steps, tolerance);
    } else {
        snprintf(trouble, SOLVER_TROUBLE, reasons[result->outcome], result->relative,
                 (long long)result->steps);
    }
}

static covary_status solve(const ridge_problem *problem, double tolerance,
                           const iterative_state *state, ridge_solution *out,
                           char trouble[static SOLVER_TROUBLE])
{
    covary_status status = COVARY_OK;
    covary_run   *run = problem->run;
    const int64_t width = problem->targets->width;
    panel        *residual = NULL;
    double       *tolerances = NULL;
    cg_result     result = {0};

    COVARY_TRY(panel_create(run, problem->targets->n_local, width, &residual));
    COVARY_TRY_TOGETHER(run, "tolerances", MEMORY_ALLOCATE("tolerances", width, &tolerances));
    for (int64_t c = 0; c < width; c++) {
        tolerances[c] = tolerance;
    }
    const cg_problem asked = {.run = run,
                              .a = state->a,
                              .by = state->by,
                              .rhs = problem->targets,
                              .tolerance = tolerances,
                              .n_required = width,
                              .most_steps = MOST_STEPS,
                              .checkpoint = problem->options.checkpoint};
    COVARY_TRY(cg_solve(&asked, out->weights, residual, &result));
    judge(problem, tolerance, &result, trouble);
    out->residual = relative_residual(problem->targets, residual);

done:
    MEMORY_RELEASE(&tolerances);
    panel_destroy(&residual);
    return status;
}

static covary_status attempt(const ridge_problem *problem, void **made, ridge_solution *out,
                             char trouble[static SOLVER_TROUBLE])
{
    covary_status    status = COVARY_OK;
    covary_run      *run = problem->run;
    iterative_state *state = NULL;
    const double     tolerance =
        problem->options.tolerance > 0.0 ? problem->options.tolerance : DEFAULT_TOLERANCE;

    if (!(out->ridge > 0.0)) {
        snprintf(trouble, SOLVER_TROUBLE, "conjugate gradients need a ridge to be preconditioned");
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(run, "iterative solution", MEMORY_ALLOCATE("solution", 1, &state));
    const int64_t memory = memory_of_rank(problem);
    COVARY_TRY(kernel_operator_create(problem->with, problem->train, out->ridge, OPERATOR_AUTOMATIC,
                                      memory / 3, &state->a));
    COVARY_TRY(make_preconditioner(problem, state->a, out->ridge, tolerance, memory, &state->by));
    COVARY_TRY(solve(problem, tolerance, state, out, trouble));

done:
    *made = state;
    return status;
}

/* The preconditioner is near to A (solver/loo_probes.h). */
static covary_status approximate_blocks(void *context, double *blocks)
{
    covary_status         status = COVARY_OK;
    const loo_source     *from = context;
    const ridge_problem  *problem = from->problem;
    const preconditioner *by = from->state->by;
    const panel          *targets = problem->targets;
    const int64_t         n_local = targets->n_local, n_small = by->factor->rank * LOO_PROBES;
    panel                *probes = NULL, *solved = NULL;
    double               *small = NULL;

    COVARY_TRY(panel_create(problem->run, n_local, LOO_PROBES, &probes));
    COVARY_TRY(panel_create(problem->run, n_local, LOO_PROBES, &solved));
    COVARY_TRY_TOGETHER(problem->run, "leave-one-out",
                        MEMORY_ALLOCATE("probes of the preconditioner", n_small, &small));
    loo_signs(problem->options.seed, probes->first * LOO_PROBES, n_local * LOO_PROBES,
              probes->data);
    loo_signs(problem->options.seed, targets->n_rows * LOO_PROBES, n_small, small);
    COVARY_TRY(preconditioner_root(by, small, probes, solved));
    loo_probe_blocks(solved, problem->with->n_rows, blocks);

done:
    MEMORY_RELEASE(&small);
    panel_destroy(&solved);
    panel_destroy(&probes);
    return status;
}

/* blocks <- E^T X + X^T R, see solver/frame_columns.h. */
static covary_status combine_blocks(const ridge_problem *problem, const panel *unit, const panel *x,
                                    const panel *residual, double *blocks)
{
    covary_status status = COVARY_OK;
    const int64_t n_rows = problem->with->n_rows, count = unit->width * n_rows;
    double       *correction = NULL;

    COVARY_TRY_TOGETHER(problem->run, "leave-one-out",
                        MEMORY_ALLOCATE("corrections of blocks", count, &correction));
    frame_columns_multiply(unit, x, n_rows, blocks);
    frame_columns_multiply(x, residual, n_rows, correction);
    for (int64_t k = 0; k < count; k++) {
        blocks[k] += correction[k];
    }

done:
    MEMORY_RELEASE(&correction);
    return status;
}

static covary_status exact_blocks(void *context, int64_t n, const int64_t *frames, double *blocks)
{
    covary_status        status = COVARY_OK;
    const loo_source    *from = context;
    const ridge_problem *problem = from->problem;
    const int64_t        n_rows = problem->with->n_rows, n_local = problem->targets->n_local;
    panel               *unit = NULL, *x = NULL, *residual = NULL;
    double              *tolerances = NULL;
    cg_result            result;

    COVARY_TRY(frame_columns_unit(problem->run, n_local, n_rows, n, frames, &unit));
    COVARY_TRY(panel_create(problem->run, n_local, unit->width, &x));
    COVARY_TRY(panel_create(problem->run, n_local, unit->width, &residual));
    COVARY_TRY_TOGETHER(problem->run, "leave-one-out",
                        MEMORY_ALLOCATE("tolerances", unit->width, &tolerances));
    for (int64_t col = 0; col < unit->width; col++) {
        tolerances[col] = LOO_TOLERANCE;
    }
    const cg_problem asked = {.run = problem->run,
                              .a = from->state->a,
                              .by = from->state->by,
                              .rhs = unit,
                              .tolerance = tolerances,
                              .most_steps = MOST_LOO_STEPS};
    COVARY_TRY(cg_solve(&asked, x, residual, &result));
    COVARY_TRY(combine_blocks(problem, unit, x, residual, blocks));

done:
    MEMORY_RELEASE(&tolerances);
    panel_destroy(&residual);
    panel_destroy(&x);
    panel_destroy(&unit);
    return status;
}

static covary_status leave_one_out(const ridge_problem *problem, void *made, ridge_solution *out)
{
    static const inverse_blocks blocks = {.approximate = approximate_blocks, .exact = exact_blocks};
    const covariant_kernel     *with = problem->with;
    loo_source                  from = {.problem = problem, .state = made};
    const loo_problem           asked = {.run = problem->run,
                                         .by = &blocks,
                                         .context = &from,
                                         .n_rows = with->n_rows,
                                         .ridge = out->ridge,
                                         .size = sample_size(problem),
                                         .seed = problem->options.seed};
    covary_status               status;

    timer_begin(problem->run, "leave one out");
    status = loo_estimate(&asked, out->weights, out->loo, &out->loo_sampling);
    timer_end(problem->run, "leave one out");
    return status;
}

const solver_ops solver_iterative = {
    .name = "iterative",
    .summary = "conjugate gradients preconditioned by randomly pivoted Cholesky",
    .attempt = attempt,
    .leave_one_out = leave_one_out,
    .destroy = iterative_destroy,
};
