/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts of the solvers, phase by phase, in the order in which they work. */
#include "model/cost.h"

#include "core/status.h"
#include "linalg/block_cyclic.h"
#include "linalg/grid.h"
#include "linalg/products.h"
#include "solver/mixed_factor.h"

#include <math.h>

static const double word = sizeof(double);

/* Of the sums of recomputed residuals: eight operations a product in twice the digits, at the rate
 * of kernel evaluations, measured. */
static const double RESIDUAL_FLOPS = 8.0;
static const double PRECISE_WORDS = 3.0; /* numbers of a sum */

/* Name, and the fraction of dgemm's rate that products of matrices reach. */
static const struct {
    const char *name;
    double      efficiency;
} phases[COST_N_PHASES] = {
    [PHASE_READ] = {"read and describe", 1.0}, [PHASE_SEARCH] = {"choose", 0.6},
    [PHASE_SELECT] = {"select pivots", 0.7},   [PHASE_ASSEMBLE] = {"assemble", 0.8},
    [PHASE_FACTOR] = {"factor", 0.9},          [PHASE_SOLVE] = {"solve and refine", 0.5},
    [PHASE_LOO] = {"leave one out", 0.5},      [PHASE_KEEP] = {"keep and write", 1.0},
};

const char *cost_phase_name(cost_phase phase)
{
    return phases[phase].name;
}

double cost_pair(int64_t dimension, int64_t n_outputs)
{
    return 2.0 * (double)(dimension + n_outputs) + COST_EXP_FLOPS;
}

/* -- sizes --------------------------------------------------------------------------------------
 */

/* A system on its grid, in numbers that can be multiplied without overflow. */
typedef struct {
    double frames, rows, order, columns;
    double ranks, p, q, block;
    double local_rows, local_cols; /* of the matrix on the first process, which has most */
    double pairs;                  /* of sites, for a pair of frames */
    double features, tensors;      /* numbers a frame */
    double train_features;         /* of the sites that carry weights */
    double weights;                /* numbers a frame, as the engine has them */
} sizes;

static double steps_of(double n)
{
    return ceil(log2(n < 1.0 ? 1.0 : n));
}

/* For the square matrix of so many frames. */
static void find_grid(const cost_system *of, const cost_layout *on, int64_t n_frames, int *n_rows,
                      int *n_cols, int *block)
{
    process_grid shape = {.n_rows = on->grid_rows, .n_cols = on->grid_cols};

    if ((int64_t)shape.n_rows * shape.n_cols != on->n_ranks) {
        grid_shape((int)on->n_ranks, &shape.n_rows, &shape.n_cols);
    }
    *n_rows = shape.n_rows;
    *n_cols = shape.n_cols;
    *block = block_cyclic_block((int)on->block, n_frames * of->n_rows, of->n_rows, &shape);
}

void cost_grid(const cost_system *of, const cost_layout *on, int *n_rows, int *n_cols, int *block)
{
    find_grid(of, on, of->n_frames, n_rows, n_cols, block);
}

covary_status cost_check_cholesky(const cost_system *of, const cost_layout *on)
{
    const int64_t n = of->n_frames * of->n_rows;
    int           n_rows, n_cols, block;

    cost_grid(of, on, &n_rows, &n_cols, &block);
    return block_cyclic_check(n_rows, n_cols, n, n, block,
                              factorization_used(on->factorization)->most_local);
}

/* K_mm and B are factored, Phi is [N][m]. */
covary_status cost_check_low_rank(const cost_system *of, const cost_layout *on)
{
    covary_status status = COVARY_OK;
    const int64_t frames = cost_inducing(on, of->n_frames);
    const int64_t n = of->n_frames * of->n_rows, m = frames * of->n_rows;
    int           n_rows, n_cols, block;

    find_grid(of, on, frames, &n_rows, &n_cols, &block);
    COVARY_TRY(block_cyclic_check(n_rows, n_cols, m, m, block,
                                  factorization_used(on->factorization)->most_local));
    COVARY_TRY(block_cyclic_check_product(n_rows, n_cols, n, m, block));

done:
    return status;
}

static sizes measure(const cost_system *of, const cost_layout *on)
{
    const bool    has_tensors = of->n_rows > 1 || of->n_tensors > 1;
    const int64_t order = of->n_frames * of->n_rows;
    int           n_rows, n_cols, block;

    cost_grid(of, on, &n_rows, &n_cols, &block);
    return (sizes){
        .frames = (double)of->n_frames,
        .rows = of->n_rows,
        .order = (double)order,
        .columns = (double)of->n_columns,
        .ranks = (double)on->n_ranks,
        .p = n_rows,
        .q = n_cols,
        .block = block,
        .local_rows = (double)block_cyclic_count(order, block, 0, n_rows),
        .local_cols = (double)block_cyclic_count(order, block, 0, n_cols),
        .pairs = (double)of->n_sites * of->train_sites,
        .features = (double)(of->n_sites * of->dimension),
        .tensors = has_tensors ? (double)(of->n_sites * of->n_rows * of->n_tensors) : 0.0,
        .train_features = (double)(of->train_sites * of->dimension),
        .weights = (double)(of->train_sites * of->n_columns * of->n_tensors),
    };
}

/* Kernel values with their products with tensors, which are a matrix for each pair of frames. */
static double kernel_flops(const cost_system *of)
{
    const double rows = of->n_rows;
    const bool   has_tensors = of->n_rows > 1 || of->n_tensors > 1;

    return (double)of->n_sites * of->train_sites *
           (cost_pair(of->dimension, 0) +
            (has_tensors ? 2.0 * rows * rows * (double)of->n_tensors : 0.0));
}

/* Numbers a frame that every rank gets from the others. */
static void replicate(const sizes *of, double numbers, work *into)
{
    into->messages += steps_of(of->ranks);
    into->sent += of->frames * numbers * word * (of->ranks - 1.0) / of->ranks;
    into->moved += 2.0 * of->frames * numbers * word;
}

/* The weights become those of the engine, on every rank, and rank 0 writes them. */
static void keep(const sizes *of, double n_kept, work *into)
{
    replicate(of, of->weights + of->train_features, into);
    into->moved += 3.0 * n_kept * (of->weights + of->train_features) * word;
}

/*
 * Kernel values of this rank's frames with half of all, by the engine, and products of both sides
 * with the weights in twice the digits (solver/residual.c).
 */
static void residual(const cost_system *with, const sizes *of, work *into)
{
    const double frame_pairs = of->frames * of->frames / of->ranks;

    into->kernels += frame_pairs * (0.5 * kernel_flops(with) +
                                    RESIDUAL_FLOPS * of->rows * of->rows * (of->columns + 1.0));
    replicate(of, of->rows * of->columns * (1.0 + PRECISE_WORDS), into);
    into->messages += 2.0 * steps_of(of->ranks);
}

/* -- cholesky -----------------------------------------------------------------------------------
 */

int64_t cost_eliminated(int64_t n)
{
    const int64_t rows = (int64_t)(2.5 * sqrt((double)n));

    return rows < n / MIXED_SHARE ? rows : n / MIXED_SHARE;
}

static void assemble(const cost_system *with, const sizes *of, double columns, work *into)
{
    const double gathered =
        (of->frames / of->p + of->frames / of->q) * (of->features + of->tensors);

    into->kernels += of->frames / of->p * (columns / of->q) * kernel_flops(with);
    into->moved += of->local_rows * columns * of->rows / of->q * word * 3.0;
    if (of->ranks > 1.0) {
        into->messages += 2.0 * of->ranks; /* all ranks exchange with all */
        into->sent += gathered * word;
    }
}

/* L L^T of order n on the grid: see the header of the function. */
static void factor(const sizes *of, double n, work *into)
{
    const double steps = ceil(n / of->block);

    into->products += n * n * n / (3.0 * of->ranks);
    /* a block column is factored by one grid column, its products wait for the first of it */
    into->products += n * n * of->block / (2.0 * of->p) * (of->q > 1.0 ? 1.0 / of->q : 0.0);
    if (of->ranks > 1.0) {
        into->messages += steps * (2.0 + steps_of(of->p));
        into->sent += 0.5 * n * n * ((of->q > 1.0) / of->p + (of->p > 1.0) / of->q) * word;
    }
}

/* Two triangles, each read once for all columns; a block of the solution at a time. */
static void solve(const sizes *of, double n, work *into)
{
    const double steps = ceil(n / of->block);

    into->products += 2.0 * n * n * of->columns / of->ranks;
    into->moved += n * n * word / of->ranks;
    if (of->ranks > 1.0) {
        into->messages += 2.0 * steps * (steps_of(of->p) + steps_of(of->q));
        into->sent += 2.0 * n * of->columns * word * (1.0 / of->p + 1.0 / of->q);
    }
}

/* Halves of solutions, one with the probes and one with the columns of the sample. */
static void leave_out_sample(const sizes *of, double n, work *into)
{
    const double columns =
        LOO_PROBES + of->rows * fmin(of->frames, (double)loo_sample_by_factor((int64_t)of->rows));

    into->products += n * n * columns / of->ranks;
    into->moved += n * n * word / of->ranks;
    if (of->ranks > 1.0) {
        into->messages += 2.0 * ceil(n / of->block) * (steps_of(of->p) + steps_of(of->q));
        into->sent += n * columns * word * (1.0 / of->p + 1.0 / of->q);
    }
}

static void leave_out_by_factor(const sizes *of, double n, loo_effort effort, work *into)
{
    if (!loo_is_exact(effort, (int64_t)n)) {
        leave_out_sample(of, n, into);
        return;
    }
    factor(of, n, into); /* pdtrtri does and sends as much */
    into->moved += n * n * (of->rows + 1.0) / 2.0 * word / of->ranks;
    into->messages += 2.0 * steps_of(of->ranks);
    into->sent += 2.0 * n * of->rows * word * (of->ranks > 1.0);
}

/* Products and bytes of the matrix in single precision; a factor of some rows comes before it. */
static void narrow(const sizes *of, cost_estimate *out)
{
    const double n = of->order, r = (double)cost_eliminated((int64_t)n);
    work        *select = &out->phases[PHASE_SELECT];
    work        *assembling = &out->phases[PHASE_ASSEMBLE];

    for (cost_phase phase = PHASE_FACTOR; phase <= PHASE_LOO; phase++) {
        out->phases[phase].products *= 0.5;
    }
    out->phases[PHASE_FACTOR].sent *= 0.5;
    select->products = 3.0 * n / of->ranks * r * r + r * r * r / 3.0; /* its pivots, then itself */
    select->sent = 2.0 * r * (of->features + of->tensors + r) * word * (of->ranks > 1.0);
    assembling->products = n * n * r / of->ranks;
    assembling->sent += (n / of->p + n / of->q) * r * word * (of->ranks > 1.0);
}

void cost_cholesky(const cost_system *with, const cost_layout *on, cost_estimate *out)
{
    const sizes  of = measure(with, on);
    const double n = of.order;
    const bool   is_mixed = solver_precision_is_mixed(on->precision, on->leave_one_out, (int64_t)n);

    *out = (cost_estimate){0};
    assemble(with, &of, 0.5 * of.frames, &out->phases[PHASE_ASSEMBLE]);
    out->phases[PHASE_ASSEMBLE].moved += of.local_rows * of.local_cols * word; /* zeroed */
    factor(&of, n, &out->phases[PHASE_FACTOR]);
    for (int step = 0; step < 2 + is_mixed; step++) { /* so many refinements but one are usual */
        solve(&of, n, &out->phases[PHASE_SOLVE]);
    }
    for (int step = 0; step < 1 + is_mixed; step++) { /* each tells what the next will leave */
        residual(with, &of, &out->phases[PHASE_SOLVE]);
    }
    replicate(&of, of.features + of.tensors, &out->phases[PHASE_SOLVE]);
    leave_out_by_factor(&of, n, on->leave_one_out, &out->phases[PHASE_LOO]);
    keep(&of, of.frames, &out->phases[PHASE_KEEP]);
    if (is_mixed) {
        narrow(&of, out);
    }

    const bool   is_single = on->precision == PRECISION_MIXED;
    const double r = is_single ? (double)cost_eliminated((int64_t)n) : 0.0;
    const double matrix = of.local_rows * of.local_cols * (is_single ? 0.5 : 1.0);
    const double sides = (of.frames / of.p + of.frames / of.q) * (of.features + of.tensors);
    const double strips = of.ranks > 1.0 ? 3.0 * (of.local_rows + of.local_cols) * of.block : 0.0;
    const double sums = of.rows * of.columns * (2.0 + PRECISE_WORDS); /* of a residual */
    const double replicated = of.frames * (of.features + of.tensors + sums);
    const double inverse = n * of.rows;
    const double eliminated = r * (n / of.ranks + r); /* and on the sides of the assembly */
    out->matrix_bytes = (int64_t)(matrix * word);
    out->solver_bytes =
        (int64_t)((matrix + eliminated +
                   fmax(fmax(2.0 * sides + r * (of.local_rows + of.local_cols), strips),
                        fmax(replicated, inverse))) *
                  word);
}

/* -- iterative ----------------------------------------------------------------------------------
 */

int64_t cost_default_rank(int64_t n)
{
    const int64_t rank = (int64_t)(30.0 * sqrt((double)n));

    return rank < n ? rank : n;
}

double cost_iterations(double tolerance)
{
    return COST_ITERATIONS * (tolerance > 0.0 ? log(tolerance) / log(1e-6) : 1.0);
}

/* Columns of A^-1 for the frames whose leave-one-out errors are exact. */
static double sampled_columns(const cost_system *with)
{
    const int64_t size = loo_sample_by_steps(with->n_frames, with->n_rows, with->n_tensors);

    return (double)with->n_rows * fmin((double)with->n_frames, (double)size);
}

/* Pairs of this rank whose kernel values are needed. */
static double needed_pairs(const cost_system *with, const sizes *of)
{
    const double both = with->train_sites == with->n_sites ? 0.5 : 1.0;

    return both * of->frames * of->frames / of->ranks * of->pairs;
}

/* Values anew, or kept from memory. */
static void take_values(const cost_system *with, const cost_layout *on, const sizes *of,
                        double steps, work *into)
{
    const double pairs = needed_pairs(with, of);

    if (pairs * word <= (double)on->memory / 3.0) {
        into->moved += steps * pairs * word;
    } else {
        into->kernels += steps * pairs * cost_pair(with->dimension, 0);
    }
}

/* All pairs, two passes through the factor and its square, and weights and sums of all frames, a
 * step. */
static void iterate(const cost_system *with, const cost_layout *on, const sizes *of, double r,
                    double steps, double columns, work *into)
{
    const double local = of->order / of->ranks;

    take_values(with, on, of, steps, into);
    into->kernels += steps * of->frames * of->frames / of->ranks * of->pairs * 2.0 * columns *
                     (double)with->n_tensors;
    into->products += steps * (4.0 * local * r + 2.0 * r * r) * columns;
    into->moved += steps * (2.0 * local * r + r * r) * word;
    into->messages += steps * 6.0 * steps_of(of->ranks);
    into->sent += steps * 2.0 * of->order * columns * word * (of->ranks > 1.0);
}

void cost_iterative(const cost_system *with, const cost_layout *on, cost_estimate *out)
{
    const sizes  of = measure(with, on);
    const double n = of.order, local = n / of.ranks;
    const double r = (double)(on->rank > 0 ? on->rank : cost_default_rank((int64_t)n));
    const double batch = 64.0; /* rows of the system whose columns are computed at once */
    work        *select = &out->phases[PHASE_SELECT], *solving = &out->phases[PHASE_SOLVE];

    *out = (cost_estimate){0};
    select->kernels = of.frames / of.ranks * (r / of.rows) * kernel_flops(with);
    select->products = local * r * r;
    select->messages = 4.0 * ceil(r / batch) * steps_of(of.ranks);
    select->sent = r * (of.features + of.tensors + r / 2.0) * word * (of.ranks > 1.0);
    /* G^T G and its factor, which the preconditioner needs, on every rank */
    select->products += local * r * r + r * r * r / 3.0;
    select->sent += 2.0 * r * r * word * (of.ranks > 1.0);

    replicate(&of, of.features + of.tensors, solving);
    solving->kernels +=
        needed_pairs(with, &of) * cost_pair(with->dimension, 0); /* kept, or of the last residual */
    iterate(with, on, &of, r, cost_iterations(on->tolerance), of.columns, solving);
    out->phases[PHASE_LOO].products = (4.0 * local * r + 2.0 * r * r) * LOO_PROBES;
    iterate(with, on, &of, r, cost_iterations(LOO_TOLERANCE), sampled_columns(with),
            &out->phases[PHASE_LOO]);
    keep(&of, of.frames, &out->phases[PHASE_KEEP]);

    /* panels of the steps; weights as the operator has them and sums, of all ranks and this one */
    const double columns = fmax(of.columns, sampled_columns(with));
    const double weights = (double)(with->train_sites * with->n_tensors) * columns;
    const double replicated = of.frames * (of.train_features + weights * (2.0 + 1.0 / of.ranks));
    const double chunk = 128.0; /* frames, of which a rank has whole ones (solver/rpcholesky.c) */
    const double padded = of.rows * chunk * ceil(of.frames / of.ranks / chunk);
    out->matrix_bytes = (int64_t)((padded * r + r * r) * word);
    out->solver_bytes =
        out->matrix_bytes + (int64_t)((0.25 * padded * r /* spare while the factor grows */
                                       + replicated + 8.0 * local * columns) *
                                      word);
}

/* -- low-rank -----------------------------------------------------------------------------------
 */

int64_t cost_default_inducing(int64_t n_frames)
{
    const int64_t quarter = n_frames / 4;
    const int64_t most = quarter < 1000 ? 1000 : quarter < 10000 ? quarter : 10000;

    return most < n_frames ? most : n_frames;
}

int64_t cost_inducing(const cost_layout *on, int64_t n_frames)
{
    const int64_t most = on->inducing > 0 ? on->inducing : cost_default_inducing(n_frames);

    return most < n_frames ? most : n_frames;
}

void cost_low_rank(const cost_system *with, const cost_layout *on, cost_estimate *out)
{
    const sizes  of = measure(with, on);
    const double frames = (double)cost_inducing(on, with->n_frames);
    const double n = of.order, m = frames * of.rows;
    work        *select = &out->phases[PHASE_SELECT], *factoring = &out->phases[PHASE_FACTOR];

    *out = (cost_estimate){0};
    select->kernels = of.frames * frames / of.ranks * of.pairs * cost_pair(with->dimension, 0);
    select->products = of.frames * frames * frames / of.ranks;
    select->messages = 4.0 * ceil(frames / 64.0) * steps_of(of.ranks);
    select->sent = frames * (of.features + frames / 2.0) * word * (of.ranks > 1.0);

    assemble(with, &of, frames, &out->phases[PHASE_ASSEMBLE]);
    factor(&of, m, factoring); /* of K_mm and of B */
    factor(&of, m, factoring);
    factoring->products += 2.0 * n * m * m / of.ranks; /* Phi and its Gram matrix */
    factoring->sent += 2.0 * (n * m / of.p + m * m / of.q) * word * (of.ranks > 1.0);
    factoring->messages += 2.0 * ceil(m / of.block) * (steps_of(of.p) + steps_of(of.q));
    for (int step = 0; step < 2; step++) {
        solve(&of, m, &out->phases[PHASE_SOLVE]);
        out->phases[PHASE_SOLVE].products += 4.0 * n * m * of.columns / of.ranks;
        out->phases[PHASE_SOLVE].moved += 2.0 * n * m * word / of.ranks;
    }
    out->phases[PHASE_LOO].products = (n + 3.0 * m) * m * m / of.ranks;
    out->phases[PHASE_LOO].sent = (n * m / of.p + m * m / of.q) * word * (of.ranks > 1.0);
    out->phases[PHASE_LOO].moved = n * m * (of.rows + 1.0) / 2.0 * word / of.ranks;
    keep(&of, frames, &out->phases[PHASE_KEEP]);

    const double phi = of.local_rows * ceil(m / of.q), square = ceil(m / of.p) * ceil(m / of.q);
    const double sides = (of.frames / of.p + frames / of.q) * (of.features + of.tensors);
    out->matrix_bytes = (int64_t)((phi + 4.0 * square) * word); /* two for leave-one-out errors */
    out->solver_bytes = out->matrix_bytes + (int64_t)((2.0 * sides + 2.0 * n * of.rows) * word);
}

/* -- sums ---------------------------------------------------------------------------------------
 */

void cost_add(cost_estimate *to, const cost_estimate *more)
{
    for (int phase = 0; phase < COST_N_PHASES; phase++) {
        work       *sum = &to->phases[phase];
        const work *next = &more->phases[phase];

        sum->products += next->products;
        sum->kernels += next->kernels;
        sum->moved += next->moved;
        sum->messages += next->messages;
        sum->sent += next->sent;
    }
    to->matrix_bytes =
        more->matrix_bytes > to->matrix_bytes ? more->matrix_bytes : to->matrix_bytes;
    to->solver_bytes =
        more->solver_bytes > to->solver_bytes ? more->solver_bytes : to->solver_bytes;
}

double cost_phase_seconds(const cost_estimate *of, cost_phase phase, const machine_rates *on)
{
    const work *done = &of->phases[phase];

    return done->products / (phases[phase].efficiency * on->dgemm) + done->kernels / on->engine +
           done->moved / on->memory_bandwidth + done->messages * on->latency +
           done->sent / on->network_bandwidth;
}

double cost_seconds(const cost_estimate *of, const machine_rates *on)
{
    double seconds = 0.0;

    for (int phase = 0; phase < COST_N_PHASES; phase++) {
        seconds += cost_phase_seconds(of, (cost_phase)phase, on);
    }
    return seconds;
}
