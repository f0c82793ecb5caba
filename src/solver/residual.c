/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The recomputed residual.  It goes through the prediction engine, so it also says whether the
 * model that will be used reproduces its own training targets.
 */
#include "solver/residual.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/precise_sums.h"

#include <float.h>
#include <math.h>

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

covary_status residual_create(covary_run *run, const covariant_kernel *with, double ridge,
                              const covariant_panels *train, const panel *targets,
                              residual_check *out)
{
    covary_status status = COVARY_OK;

    *out = (residual_check){
        .run = run, .with = with, .ridge = ridge, .train = train, .targets = targets};
    COVARY_TRY(panel_replicate(train->features, &out->all_features));
    if (train->tensors != NULL) {
        COVARY_TRY(panel_replicate(train->tensors, &out->all_tensors));
    }

done:
    return status;
}

void residual_release(residual_check *released)
{
    MEMORY_RELEASE(&released->all_tensors);
    MEMORY_RELEASE(&released->all_features);
}

/*
 * Every pair of frames is looked at once, for the rows of both.  The frames of all ranks are cut
 * into an odd number of blocks on a circle, the same ones on any number of ranks; the rank that has
 * a frame computes its kernel values with its own block and with the half of the others that
 * follows, which is the same work for all.
 */
typedef struct {
    const residual_check *check;
    int64_t               n_blocks;
    double               *columns; /* [width][rows of the system]: the weights */
    double               *largest; /* [width] of their magnitudes */
    double               *values;  /* a tile */
    precise_sum          *sums;    /* [rows of the system][width], of this rank's pairs */
} pass;

/* Rows of the system, or sites, of a tile of kernel values: half a MB. */
enum { TILE_ROWS = 128, TILE_COLUMNS = 512 };

/* Frames that have `count` rows of the system, or sites. */
static int64_t frames_of(const covariant_kernel *with, int64_t count)
{
    const int     n_sites = covariant_train_sites(with);
    const int64_t size = larger(with->n_rows, n_sites);

    return larger(count / size, 1);
}

static int64_t count_blocks(const residual_check *check)
{
    const int64_t size = frames_of(check->with, TILE_COLUMNS);

    return (check->train->features->n_rows + size - 1) / size | 1;
}

/* First frame of a block, or the end. */
static int64_t block_begin(const pass *p, int64_t block)
{
    return p->check->train->features->n_rows * block / p->n_blocks;
}

static void pass_release(pass *released)
{
    MEMORY_RELEASE(&released->sums);
    MEMORY_RELEASE(&released->values);
    MEMORY_RELEASE(&released->largest);
    MEMORY_RELEASE(&released->columns);
}

/* The weights by columns, and their largest magnitudes. */
static void transpose(int64_t n_rows, int64_t width, const double *weights, pass *p)
{
    for (int64_t row = 0; row < n_rows; row++) {
        for (int64_t col = 0; col < width; col++) {
            const double weight = weights[row * width + col];

            p->columns[col * n_rows + row] = weight;
            p->largest[col] = fmax(p->largest[col], fabs(weight));
        }
    }
}

static covary_status pass_fill(pass *p, const panel *weights, const double *all_weights)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *with = p->check->with;
    const int64_t           size = (int64_t)with->n_rows * with->n_rows;
    const int64_t           n_values = weights->n_rows * weights->width;

    p->n_blocks = count_blocks(p->check);
    COVARY_TRY(MEMORY_ALLOCATE("weights by columns", n_values, &p->columns));
    COVARY_TRY(MEMORY_ALLOCATE("largest weights", weights->width, &p->largest));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile",
                               frames_of(with, TILE_ROWS) * frames_of(with, TILE_COLUMNS) * size,
                               &p->values));
    COVARY_TRY(MEMORY_ALLOCATE("sums", n_values, &p->sums));
    transpose(weights->n_rows, weights->width, all_weights, p);

done:
    return status;
}

/* Frames [begin, end) of all that are of this rank, with the columns of a block. */
static covary_status add_rows(const pass *p, int64_t begin, int64_t end, int64_t block,
                              covariant_columns *columns)
{
    covary_status           status = COVARY_OK;
    const covariant_panels *train = p->check->train;
    const panel            *features = train->features, *targets = p->check->targets;
    const int64_t           n_rows = p->check->with->n_rows;
    const int64_t           step = frames_of(p->check->with, TILE_ROWS);
    const int64_t           first_col = block_begin(p, block);
    const int64_t           n_cols = block_begin(p, block + 1) - first_col;
    const bool              is_diagonal = begin >= first_col && begin < first_col + n_cols;
    const int64_t           last = smaller(end, features->first + features->n_local);

    for (int64_t row = larger(begin, features->first); row < last; row += step) {
        const int64_t          n = smaller(last - row, step);
        const covariant_frames rows = covariant_share(train, row - features->first, n);
        const precise_tile     tile = {.n_rows = n * n_rows,
                                       .n_cols = n_cols * n_rows,
                                       .values = p->values,
                                       .first_row = row * n_rows,
                                       .first_col = first_col * n_rows,
                                       .width = targets->width,
                                       .stride = targets->n_rows,
                                       .columns = p->columns,
                                       .largest = p->largest};

        COVARY_TRY(covariant_columns_tile(columns, &rows, p->values));
        precise_add(&tile, p->sums);
        if (!is_diagonal) {
            precise_add_transposed(&tile, p->sums);
        }
    }

done:
    return status;
}

/* What a block of columns is to this rank's frames of its own block and of those before it. */
static covary_status add_block(const pass *p, int64_t block)
{
    covary_status      status = COVARY_OK;
    const panel       *features = p->check->train->features, *tensors = p->check->train->tensors;
    const int64_t      first = block_begin(p, block), n = block_begin(p, block + 1) - first;
    covariant_columns *columns = NULL;
    const covariant_frames frames = {
        .n_frames = n,
        .features = p->check->all_features + first * features->width,
        .tensors = tensors != NULL ? p->check->all_tensors + first * tensors->width : NULL};

    if (n == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(covariant_columns_create(p->check->with, &frames, &columns));
    for (int64_t back = 0; back <= p->n_blocks / 2; back++) {
        const int64_t other = (block - back + p->n_blocks) % p->n_blocks;

        COVARY_TRY(add_rows(p, block_begin(p, other), block_begin(p, other + 1), block, columns));
    }

done:
    covariant_columns_destroy(&columns);
    return status;
}

static covary_status add_pairs(const residual_check *check, const panel *weights,
                               const double *all_weights, pass *p)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(pass_fill(p, weights, all_weights));
    for (int64_t block = 0; block < p->n_blocks && check->train->features->n_local > 0; block++) {
        COVARY_TRY(add_block(p, block));
    }

done:
    return status;
}

/*
 * residual <- Y - (K + ridge I) W for the rows of this rank, as if computed with twice the digits:
 * a residual in plain double is mostly the rounding of sums of large weights of both signs, and
 * refinement with it would end at weights that depend on the process grid.
 */
static covary_status subtract_products(const residual_check *check, const panel *weights,
                                       const double *all_weights, panel *residual, double *squares)
{
    covary_status status = COVARY_OK;
    const int64_t n_sums = residual->n_local * residual->width;
    pass          p = {.check = check};
    int64_t      *starts = NULL;
    precise_sum  *sums = NULL;

    COVARY_TRY_TOGETHER(check->run, "recomputed residual",
                        add_pairs(check, weights, all_weights, &p));
    COVARY_TRY(panel_starts(weights, &starts));
    COVARY_TRY_TOGETHER(check->run, "recomputed residual", MEMORY_ALLOCATE("sums", n_sums, &sums));
    COVARY_TRY(precise_sums_scatter(check->run, starts, weights->width, p.sums, sums));
    for (int64_t entry = 0; entry < n_sums; entry++) {
        const double rest = check->targets->data[entry] - sums[entry].high;

        residual->data[entry] = (rest - check->ridge * weights->data[entry]) - sums[entry].low;
        *squares = fmax(*squares, sums[entry].squares);
    }

done:
    MEMORY_RELEASE(&sums);
    MEMORY_RELEASE(&starts);
    pass_release(&p);
    return status;
}

/* A NaN must win over every number, which neither fmax nor MPI_MAX promises. */
static double larger_magnitude(double largest, double value)
{
    const double magnitude = isnan(value) ? INFINITY : fabs(value);

    return magnitude > largest ? magnitude : largest;
}

covary_status residual_compute(const residual_check *check, const panel *weights, panel *residual,
                               double *relative, double *rounding)
{
    covary_status status = COVARY_OK;
    double       *all_weights = NULL;
    const int64_t n_entries = residual->n_local * residual->width;
    double        largest[3] = {0.0}; /* of the residual, of the targets, of sums of squares */

    COVARY_TRY(panel_replicate(weights, &all_weights));
    COVARY_TRY(subtract_products(check, weights, all_weights, residual, &largest[2]));
    for (int64_t entry = 0; entry < n_entries; entry++) {
        const double target = check->targets->data[entry];

        largest[0] = larger_magnitude(largest[0], residual->data[entry]);
        largest[1] = larger_magnitude(largest[1], target);
    }
    MPI_Allreduce(MPI_IN_PLACE, largest, 3, MPI_DOUBLE, MPI_MAX, covary_run_comm(check->run));
    *relative = largest[1] > 0.0 ? largest[0] / largest[1] : largest[0];
    *rounding = DBL_EPSILON * sqrt(largest[2]) / (largest[1] > 0.0 ? largest[1] : 1.0);

done:
    MEMORY_RELEASE(&all_weights);
    return status;
}
