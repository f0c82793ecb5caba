/* SPDX-License-Identifier: BSD-3-Clause */
/* Signs by descent on the likelihood, with errors from the explicit inverse. */
#include "solver/signs.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/lapack.h"
#include "solver/sign_growth.h"
#include "solver/sign_tree.h"

#include <math.h>
#include <string.h>

/* The other sign has a probability of 1 % there. */
static const double DOUBTFUL_LOG_ODDS = 4.6;

/* Rounds in which the systems get the weights that fit the signs. */
enum { REWEIGHTED = 2, LARGER_RIDGES = 10 };

typedef struct {
    const sign_system *of;
    double             ridge;    /* that of the system, or larger */
    int                n;        /* rows */
    double            *inverse;  /* [n][n] of K + ridge I, symmetric */
    double            *products; /* [n_frames][n_frames]: P */
    double             share;    /* of its P in J */
} inverted_system;

typedef struct {
    int64_t          n_frames;
    int              n_systems;
    inverted_system *systems;
    double          *similarity; /* [n_frames][n_frames] y_i^T K_ij y_j of all systems */
    double          *p;          /* [n_frames][n_frames] of all systems, by their shares */
    double          *weights;    /* of one system, [n_columns][n] */
    double          *agreement;  /* [n_frames] <label, prediction> of the last held_out */
} sign_search;

static void release(sign_search *released)
{
    for (int s = 0; released->systems != NULL && s < released->n_systems; s++) {
        MEMORY_RELEASE(&released->systems[s].products);
        MEMORY_RELEASE(&released->systems[s].inverse);
    }
    MEMORY_RELEASE(&released->agreement);
    MEMORY_RELEASE(&released->weights);
    MEMORY_RELEASE(&released->p);
    MEMORY_RELEASE(&released->similarity);
    MEMORY_RELEASE(&released->systems);
}

/* Cholesky factor of K + ridge I over a copy of K, with a larger ridge where it takes one. */
static covary_status factor(const sign_system *of, int n, const double *k, double *a, double *used)
{
    double ridge = of->ridge;

    for (int attempt = 0; attempt < LARGER_RIDGES; attempt++, ridge *= 10.0) {
        *used = ridge;
        bool sound = true;
        memcpy(a, k, (size_t)n * (size_t)n * sizeof *a);
        for (int64_t i = 0; i < n; i++) {
            a[i * n + i] += ridge;
        }
        sound = lapack_cholesky(n, a) == 0;
        for (int64_t i = 0; i < n && sound; i++) { /* LAPACK lets a NaN pass */
            sound = isfinite(a[i * n + i]);
        }
        if (sound) {
            return COVARY_OK;
        }
    }
    return COVARY_FAIL(COVARY_ERR_NUMERIC,
                       "the kernel matrix at length %g cannot be factored to find the signs of the "
                       "labels; look for frames that are not finite or repeated, or give a length",
                       of->with->of.length);
}

/* products_ij <- y_i^T M_ij y_j for a symmetric M of the system. */
static void form_products(const inverted_system *system, const double *matrix, double *products)
{
    const int64_t n = system->n, n_rows = system->of->with->n_rows, c = system->of->n_columns;
    const int64_t n_frames = system->of->train->n_frames;

    for (int64_t i = 0; i < n_frames; i++) {
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0.0;
            for (int64_t entry = 0; entry < n_rows * n_rows; entry++) {
                const int64_t row = i * n_rows + entry / n_rows, col = j * n_rows + entry % n_rows;
                const double *left = system->of->targets + row * c;
                const double *right = system->of->targets + col * c;
                double        dot = 0.0;
                for (int64_t k = 0; k < c; k++) {
                    dot += left[k] * right[k];
                }
                sum += matrix[row * n + col] * dot;
            }
            products[i * n_frames + j] = products[j * n_frames + i] = sum;
        }
    }
}

static double trace(int64_t n, const double *matrix)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        sum += matrix[i * n + i];
    }
    return sum;
}

static covary_status invert(const sign_system *of, inverted_system *system, double *similarity)
{
    covary_status status = COVARY_OK;
    const int64_t n_frames = of->train->n_frames;
    double       *k = NULL;

    system->of = of;
    COVARY_TRY(narrow_to_int("rows of the signs' system", n_frames * of->with->n_rows, &system->n));
    const int64_t n = system->n;
    COVARY_TRY(MEMORY_ALLOCATE("kernel matrix of the signs", n * n, &k));
    COVARY_TRY(MEMORY_ALLOCATE("inverse of the signs", n * n, &system->inverse));
    COVARY_TRY(MEMORY_ALLOCATE("products of labels", n_frames * n_frames, &system->products));
    COVARY_TRY(covariant_dense(of->with, of->train, k));
    COVARY_TRY(factor(of, system->n, k, system->inverse, &system->ridge));
    lapack_invert_factored(system->n, system->inverse);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < i; j++) { /* the lower triangle of column-major storage */
            system->inverse[i * n + j] = system->inverse[j * n + i];
        }
    }
    form_products(system, k, system->products);
    const double size = trace(n_frames, system->products);
    for (int64_t i = 0; size > 0.0 && i < n_frames * n_frames; i++) {
        similarity[i] += system->products[i] / size;
    }
    form_products(system, system->inverse, system->products);
    const double random = trace(n_frames, system->products); /* J of signs drawn at random */
    system->share = random > 0.0 ? 1.0 / random : 0.0;

done:
    MEMORY_RELEASE(&k);
    return status;
}

static covary_status prepare(int n_systems, const sign_system *systems, sign_search *search)
{
    covary_status status = COVARY_OK;
    const int64_t n = systems[0].train->n_frames;
    int64_t       most = 1;

    search->n_frames = n;
    COVARY_TRY(MEMORY_ALLOCATE("systems", n_systems, &search->systems));
    search->n_systems = n_systems;
    COVARY_TRY(MEMORY_ALLOCATE("similarities", n * n, &search->similarity));
    COVARY_TRY(MEMORY_ALLOCATE("products", n * n, &search->p));
    COVARY_TRY(MEMORY_ALLOCATE("agreements", n, &search->agreement));
    for (int s = 0; s < n_systems; s++) {
        const int64_t size = systems[s].with->n_rows * systems[s].n_columns;
        most = size > most ? size : most;
        COVARY_TRY(invert(&systems[s], &search->systems[s], search->similarity));
    }
    COVARY_TRY(MEMORY_ALLOCATE("weights", n * most, &search->weights));

done:
    return status;
}

static void add_shares(sign_search *search)
{
    const int64_t n = search->n_frames;

    memset(search->p, 0, (size_t)(n * n) * sizeof *search->p);
    for (int s = 0; s < search->n_systems; s++) {
        for (int64_t i = 0; i < n * n; i++) {
            search->p[i] += search->systems[s].share * search->systems[s].products[i];
        }
    }
}

/* The variance of a system that makes the signs most probable is J over the number of labels. */
static void set_shares(sign_search *search, const double *signs)
{
    const int64_t n = search->n_frames;

    for (int s = 0; s < search->n_systems; s++) {
        inverted_system *system = &search->systems[s];
        double           sum = 0.0;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j++) {
                sum += signs[i] * signs[j] * system->products[i * n + j];
            }
        }
        system->share = sum > 0.0 ? (double)(system->n * system->of->n_columns) / sum : 0.0;
    }
}

/* weights [n_columns][n] <- A^-1 S y */
static void multiply_inverse(const inverted_system *system, const double *signs, double *weights)
{
    const sign_system *of = system->of;
    const int64_t      n = system->n, n_columns = of->n_columns, n_rows = of->with->n_rows;

    memset(weights, 0, (size_t)(n * n_columns) * sizeof *weights);
    for (int64_t col = 0; col < n; col++) {
        for (int64_t c = 0; c < n_columns; c++) {
            const double y = signs[col / n_rows] * of->targets[col * n_columns + c];
            double      *w = weights + c * n;
            for (int64_t row = 0; row < n; row++) {
                w[row] += system->inverse[col * n + row] * y;
            }
        }
    }
}

/* Residuals of frames [first, last) when they are left out together, in place of their weights. */
static covary_status leave_out(const inverted_system *system, int64_t first, int64_t last,
                               double *weights)
{
    covary_status status = COVARY_OK;
    const int64_t n_rows = system->of->with->n_rows, n = system->n, size = (last - first) * n_rows;
    double       *block = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("block", size * size, &block));
    for (int64_t row = 0; row < size; row++) {
        memcpy(block + row * size, system->inverse + (first * n_rows + row) * n + first * n_rows,
               (size_t)size * sizeof *block);
    }
    if (lapack_cholesky((int)size, block) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_NUMERIC,
                               "a block of the inverse kernel matrix is not positive definite; "
                               "give a larger ridge"));
    }
    for (int64_t c = 0; c < system->of->n_columns; c++) {
        lapack_cholesky_solve((int)size, 1, block, weights + c * n + first * n_rows);
    }

done:
    MEMORY_RELEASE(&block);
    return status;
}

/* Squares of labels and residuals, and <label, prediction> of every frame. */
static void compare(sign_search *search, const inverted_system *system, const double *signs,
                    const double *residuals, double sums[2])
{
    const int64_t n_rows = system->of->with->n_rows, n_columns = system->of->n_columns;

    for (int64_t row = 0; row < system->n; row++) {
        for (int64_t c = 0; c < n_columns; c++) {
            const double y = signs[row / n_rows] * system->of->targets[row * n_columns + c];
            const double e = residuals[c * system->n + row];
            search->agreement[row / n_rows] += y * (y - e);
            sums[0] += y * y;
            sums[1] += e * e;
        }
    }
}

/* Groups of consecutive frames, each predicted by all others. */
static covary_status held_out(sign_search *search, int64_t n_groups, const double *signs,
                              double *relative)
{
    covary_status status = COVARY_OK;
    const int64_t n = search->n_frames;
    double        sums[2] = {0.0, 0.0};

    memset(search->agreement, 0, (size_t)n * sizeof *search->agreement);
    for (int s = 0; s < search->n_systems; s++) {
        const inverted_system *system = &search->systems[s];
        multiply_inverse(system, signs, search->weights);
        for (int64_t group = 0; group < n_groups; group++) {
            COVARY_TRY(leave_out(system, group * n / n_groups, (group + 1) * n / n_groups,
                                 search->weights));
        }
        compare(search, system, signs, search->weights, sums);
    }
    *relative = sums[0] > 0.0 ? sqrt(sums[1] / sums[0]) : 0.0;

done:
    return status;
}

static double objective(const sign_search *search, const double *signs)
{
    const int64_t n = search->n_frames;
    double        sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            sum += signs[i] * signs[j] * search->p[i * n + j];
        }
    }
    return sum;
}

/* Signs by growth, from K + ridge I. */
static covary_status grow(const sign_search *search, double *signs)
{
    covary_status  status = COVARY_OK;
    growth_system *systems = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("growing systems", search->n_systems, &systems));
    for (int s = 0; s < search->n_systems; s++) {
        const inverted_system *system = &search->systems[s];
        systems[s] = (growth_system){.of = system->of, .share = system->share};
        COVARY_TRY(
            MEMORY_ALLOCATE("covariance", (int64_t)system->n * system->n, &systems[s].covariance));
        COVARY_TRY(covariant_dense(system->of->with, system->of->train, systems[s].covariance));
        for (int64_t i = 0; i < system->n; i++) {
            systems[s].covariance[i * system->n + i] += system->ridge;
        }
    }
    COVARY_TRY(sign_growth(search->n_systems, systems, signs));

done:
    for (int s = 0; systems != NULL && s < search->n_systems; s++) {
        MEMORY_RELEASE(&systems[s].covariance);
    }
    MEMORY_RELEASE(&systems);
    return status;
}

/* The better one of two starts, each with its descent, and on from there. */
static covary_status descend(sign_search *search, double *signs)
{
    covary_status status = COVARY_OK;
    sign_tree     tree = {0};
    double       *grown = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("signs", search->n_frames, &grown));
    COVARY_TRY(sign_tree_create(search->n_frames, search->similarity, &tree));
    add_shares(search);
    sign_tree_start(&tree, search->similarity, signs);
    sign_tree_descend(&tree, search->p, signs);
    COVARY_TRY(grow(search, grown));
    sign_tree_descend(&tree, search->p, grown);
    if (objective(search, grown) < objective(search, signs)) {
        memcpy(signs, grown, (size_t)search->n_frames * sizeof *signs);
    }
    for (int round = 0; round < REWEIGHTED; round++) {
        set_shares(search, signs);
        add_shares(search);
        sign_tree_descend(&tree, search->p, signs);
    }
    set_shares(search, signs);
    add_shares(search);

done:
    MEMORY_RELEASE(&grown);
    sign_tree_release(&tree);
    return status;
}

/* Of the folds' agreement, and of the log-odds -2 s_i sum_j P_ij s_j of a sign given the others. */
static void mark_doubtful(const sign_search *search, const double *signs, uint8_t *doubtful)
{
    const int64_t n = search->n_frames;

    for (int64_t i = 0; i < n; i++) {
        double field = 0.0;
        for (int64_t j = 0; j < n; j++) {
            field += j != i ? search->p[i * n + j] * signs[j] : 0.0;
        }
        doubtful[i] = !(search->agreement[i] > 0.0 && -2.0 * signs[i] * field > DOUBTFUL_LOG_ODDS);
    }
}

covary_status signs_find(int n_systems, const sign_system *systems, double *signs,
                         uint8_t *doubtful, sign_errors *errors)
{
    covary_status status = COVARY_OK;
    sign_search   search = {0};
    const int64_t n = systems[0].train->n_frames, folds = n < SIGNS_FOLDS ? n : SIGNS_FOLDS;

    COVARY_TRY(prepare(n_systems, systems, &search));
    COVARY_TRY(held_out(&search, n, signs, &errors->loo_before));
    COVARY_TRY(descend(&search, signs));
    COVARY_TRY(held_out(&search, n, signs, &errors->loo_after));
    COVARY_TRY(held_out(&search, folds, signs, &errors->folds));
    mark_doubtful(&search, signs, doubtful);

done:
    release(&search);
    return status;
}

covary_status signs_weights(const sign_system *system, const double *signs, double *weights)
{
    covary_status status = COVARY_OK;
    const int64_t n_rows = system->with->n_rows, n_columns = system->n_columns;
    double       *k = NULL, *a = NULL, *columns = NULL, ridge;
    int           n;

    COVARY_TRY(narrow_to_int("rows of the signs' system", system->train->n_frames * n_rows, &n));
    COVARY_TRY(MEMORY_ALLOCATE("kernel matrix of the signs", (int64_t)n * n, &k));
    COVARY_TRY(MEMORY_ALLOCATE("factor of the signs", (int64_t)n * n, &a));
    COVARY_TRY(MEMORY_ALLOCATE("weights", n * n_columns, &columns));
    COVARY_TRY(covariant_dense(system->with, system->train, k));
    COVARY_TRY(factor(system, n, k, a, &ridge));
    for (int64_t i = 0; i < n * n_columns; i++) {
        columns[i % n_columns * n + i / n_columns] =
            signs[i / n_columns / n_rows] * system->targets[i];
    }
    lapack_cholesky_solve(n, (int)n_columns, a, columns);
    for (int64_t i = 0; i < n * n_columns; i++) {
        weights[i] = columns[i % n_columns * n + i / n_columns];
    }

done:
    MEMORY_RELEASE(&columns);
    MEMORY_RELEASE(&a);
    MEMORY_RELEASE(&k);
    return status;
}
