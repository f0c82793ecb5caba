/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The covariant kernel against its definition as a naive sum.   ranks: 1 2 3 4
 */
#include "support.h"

#include "core/memory.h"
#include "kernel/covariant.h"
#include "kernel/engine.h"

#include <math.h>
#include <string.h>

/* Frames in the memory of every rank, and what they are of. */
typedef struct {
    covariant_kernel of;
    int              classes[8];
    covariant_frames frames;
    double          *features, *tensors; /* tensors NULL: 1 */
} example;

typedef struct {
    const char *kernel;
    int         frames, dimension, sites, rows, tensors; /* tensors 0: none given */
    int         classes;                                 /* 0: all the same */
    double      scale;
} recipe;

static const recipe recipes[] = {
    {"gaussian", 37, 5, 1, 1, 0, 0, 1.0},    {"laplacian", 23, 4, 1, 1, 0, 0, 0.3},
    {"matern-5/2", 29, 5, 3, 1, 0, 0, 1.0},  {"gaussian", 19, 7, 4, 1, 0, 2, 0.25},
    {"gaussian", 31, 5, 4, 1, 1, 2, 0.25},   {"polynomial", 17, 3, 2, 1, 1, 0, 2.0},
    {"matern-3/2", 21, 6, 1, 3, 8, 0, 1.0},  {"gaussian", 13, 6, 4, 3, 8, 2, 0.5},
    {"laplacian", 11, 9, 3, 5, 36, 0, 0.5},  {"linear", 9, 5, 2, 5, 1, 2, 1.5},
    {"gaussian", 1, 3, 3, 3, 4, 3, 1.0},     {"gaussian", 2, 3, 2, 7, 5, 0, 1.0},
    {"matern-7/2", 120, 4, 2, 3, 2, 0, 0.7},
};

enum { N_RECIPES = sizeof recipes / sizeof recipes[0] };

static double *numbers(int64_t n)
{
    double *values = NULL;

    assert_ok(MEMORY_ALLOCATE("numbers", n, &values));
    return values;
}

static example make(const recipe *from, uint64_t seed)
{
    example       e = {.of = {.dimension = from->dimension,
                              .n_sites = from->sites,
                              .n_rows = from->rows,
                              .n_tensors = from->tensors > 0 ? from->tensors : 1,
                              .scale = from->scale}};
    const int64_t n = (int64_t)from->frames * from->sites;
    const int64_t size = (int64_t)from->rows * from->tensors;
    test_random   stream = {seed};

    assert_ok(kernel_parse(from->kernel, 2, &e.of.of));
    e.of.of.length = 1.5;
    e.features = numbers(n * from->dimension);
    for (int64_t i = 0; i < n * from->dimension; i++) {
        e.features[i] = 1.0 + test_normal(&stream);
    }
    if (size > 0) {
        e.tensors = numbers(n * size);
        for (int64_t i = 0; i < n * size; i++) {
            e.tensors[i] = test_normal(&stream);
        }
    }
    for (int site = 0; site < from->sites; site++) {
        e.classes[site] = from->classes > 0 ? site % from->classes : 0;
    }
    e.frames =
        (covariant_frames){.n_frames = from->frames, .features = e.features, .tensors = e.tensors};
    return e;
}

/* With the classes where they are: an example may be copied. */
static covariant_kernel kernel_of(const example *e)
{
    covariant_kernel of = e->of;

    of.classes = e->classes;
    return of;
}

static void release(example *e)
{
    MEMORY_RELEASE(&e->tensors);
    MEMORY_RELEASE(&e->features);
}

/* Phi of site `site` of a frame, row m, tensor t. */
static double tensor_of(const example *e, int64_t frame, int site, int m, int64_t t)
{
    const covariant_kernel *of = &e->of;

    return e->tensors == NULL
               ? 1.0
               : e->tensors[((frame * of->n_sites + site) * of->n_rows + m) * of->n_tensors + t];
}

static double value_of(const example *e, int64_t i, int a, int64_t j, int b)
{
    const covariant_kernel *of = &e->of;
    const double           *x = e->features + (i * of->n_sites + a) * of->dimension;
    const double           *y = e->features + (j * of->n_sites + b) * of->dimension;
    double                  value = 0.0;

    for (int64_t d = 0; d < of->dimension; d++) {
        value += of->of.ops->stationary ? (x[d] - y[d]) * (x[d] - y[d]) : x[d] * y[d];
    }
    kernel_evaluate(&of->of, 1, &value);
    return value;
}

/* The definition: element (i, m), (j, q) of K, from both frames' sites or one frame's. */
static double naive(const example *e, int64_t i, int m, int64_t j, int q, bool one_sided)
{
    const covariant_kernel *of = &e->of;
    double                  sum = 0.0;

    for (int a = 0; a < of->n_sites; a++) {
        for (int b = 0; b < (one_sided ? 1 : of->n_sites); b++) {
            double product = 0.0;

            for (int64_t t = 0; t < of->n_tensors; t++) {
                product += tensor_of(e, i, a, m, t) * tensor_of(e, j, b, q, t);
            }
            if (e->classes[a] == e->classes[b]) {
                sum += value_of(e, i, a, j, b) * product;
            }
        }
    }
    return of->scale * sum;
}

/* [frames n_rows][frames n_rows] */
static double *naive_matrix(const example *e, bool one_sided)
{
    const int     r = e->of.n_rows;
    const int64_t n = e->frames.n_frames * r;
    double       *k = numbers(n * n);

    for (int64_t row = 0; row < n; row++) {
        for (int64_t column = 0; column < n; column++) {
            k[row * n + column] =
                naive(e, row / r, (int)(row % r), column / r, (int)(column % r), one_sided);
        }
    }
    return k;
}

static double largest_of(int64_t n, const double *values)
{
    double largest = 1.0;

    for (int64_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(values[i]));
    }
    return largest;
}

static void assert_equal_matrices(int64_t n, const double *a, const double *b)
{
    const double tolerance = 1e-13 * largest_of(n, b);

    for (int64_t i = 0; i < n; i++) {
        assert_near(a[i], b[i], tolerance);
    }
}

static panel *part_of(int64_t n_frames, int64_t width, const double *all)
{
    const int64_t rank = covary_run_rank(test_run()), n_ranks = covary_run_size(test_run());
    /* uneven: the last rank has what is left */
    const int64_t share = n_frames / (n_ranks + 1);
    panel        *part = NULL;

    assert_ok(panel_create(test_run(), rank < n_ranks - 1 ? share : n_frames - share * rank, width,
                           &part));
    memcpy(part->data, all + part->first * width,
           (size_t)(part->n_local * width) * sizeof *part->data);
    return part;
}

/* The local lower triangle of an assembled matrix against the whole one. */
static void check_assembled(const process_grid *grid, const covariant_kernel *of,
                            const covariant_frames *frames, int block, const double *k)
{
    const double     ridge = 0.125;
    const int64_t    n = frames->n_frames * of->n_rows;
    const double     tolerance = 1e-13 * largest_of(n * n, k);
    covariant_panels train = {0};
    panel *features = part_of(frames->n_frames, of->n_sites * of->dimension, frames->features);
    panel *tensors =
        frames->tensors == NULL
            ? NULL
            : part_of(frames->n_frames, of->n_sites * of->n_rows * of->n_tensors, frames->tensors);
    block_cyclic *a = NULL;

    train.features = features;
    train.tensors = tensors;
    assert_ok(block_cyclic_create(grid, n, n, block, &a));
    assert_ok(covariant_assemble(of, &train, ridge, a));
    for (int64_t column = 0; column < a->local_cols; column++) {
        for (int64_t row = 0; row < a->local_rows; row++) {
            const int64_t i = block_cyclic_row(a, row), j = block_cyclic_col(a, column);

            if (i >= j) {
                assert_near(a->data[column * a->leading + row],
                            k[i * n + j] + (i == j ? ridge : 0.0), tolerance);
            }
        }
    }
    block_cyclic_destroy(&a);
    panel_destroy(&tensors);
    panel_destroy(&features);
}

static void check_grids(const covariant_kernel *of, const covariant_frames *frames, const double *k)
{
    const int n_ranks = covary_run_size(test_run());
    const int shapes[][2] = {{1, n_ranks}, {n_ranks, 1}};

    for (int shape = 0; shape < 3; shape++) {
        process_grid *grid = NULL;

        if (shape < 2) {
            assert_ok(grid_create_shape(test_run(), shapes[shape][0], shapes[shape][1], &grid));
        } else {
            assert_ok(grid_create(test_run(), &grid));
        }
        check_assembled(grid, of, frames, of->n_rows, k);
        check_assembled(grid, of, frames, 5 * of->n_rows, k);
        check_assembled(grid, of, frames,
                        block_cyclic_default_block(frames->n_frames * of->n_rows, of->n_rows, grid),
                        k);
        grid_destroy(&grid);
    }
}

static void assembled_dense_and_tiled_matrices_are_the_definition(void **state)
{
    (void)state;
    for (int i = 0; i < N_RECIPES; i++) {
        example                e = make(&recipes[i], 100 + (uint64_t)i);
        const covariant_kernel of = kernel_of(&e);
        const int64_t          n = e.frames.n_frames * of.n_rows;
        double                *k = naive_matrix(&e, false), *other = numbers(n * n);

        assert_ok(covariant_tile(&of, &e.frames, &e.frames, other));
        assert_equal_matrices(n * n, other, k);
        assert_ok(covariant_dense(&of, &e.frames, other));
        assert_equal_matrices(n * n, other, k);
        for (int64_t row = 0; row < n; row++) {
            for (int64_t column = 0; column < row; column++) {
                assert_true(other[row * n + column] == other[column * n + row]);
            }
        }
        check_grids(&of, &e.frames, k);
        MEMORY_RELEASE(&other);
        MEMORY_RELEASE(&k);
        release(&e);
    }
}

/*
 * The sites of a frame are images of the first under cyclic shifts of its features and of its
 * tensors: then k and the tensors do not change when the sites of both frames are moved alike.
 */
static void permute_sites(example *e)
{
    const covariant_kernel *of = &e->of;
    const int64_t           size = of->n_rows * of->n_tensors;

    for (int64_t frame = 0; frame < e->frames.n_frames; frame++) {
        double *features = e->features + frame * of->n_sites * of->dimension;
        double *tensors = e->tensors + frame * of->n_sites * size;

        for (int site = 1; site < of->n_sites; site++) {
            for (int64_t d = 0; d < of->dimension; d++) {
                features[site * of->dimension + d] = features[(d + site) % of->dimension];
            }
            for (int64_t t = 0; t < size; t++) {
                const int64_t m = t / of->n_tensors;

                tensors[site * size + t] = tensors[m * of->n_tensors + (t + site) % of->n_tensors];
            }
        }
    }
}

/* n sites are images under the cyclic group of n, which moves n features and n tensors. */
static void one_side_is_enough_for_invariant_kernels(void **state)
{
    static const recipe invariant[] = {
        {"gaussian", 25, 4, 4, 3, 4, 0, 1.0},
        {"matern-5/2", 15, 3, 3, 1, 3, 0, 1.0},
        {"polynomial", 18, 5, 5, 5, 5, 0, 1.0},
    };

    (void)state;
    for (int i = 0; i < 3; i++) {
        example          e = make(&invariant[i], 200 + (uint64_t)i);
        covariant_kernel of = kernel_of(&e);
        const int64_t    n = e.frames.n_frames * of.n_rows;
        double          *k, *half, *other = numbers(n * n);

        permute_sites(&e);
        k = naive_matrix(&e, false);
        half = naive_matrix(&e, true);
        for (int64_t entry = 0; entry < n * n; entry++) {
            half[entry] *= of.n_sites;
        }
        assert_equal_matrices(n * n, half, k);
        of.one_sided = true;
        of.scale *= of.n_sites;
        assert_ok(covariant_tile(&of, &e.frames, &e.frames, other));
        assert_equal_matrices(n * n, other, k);
        assert_ok(covariant_dense(&of, &e.frames, other));
        assert_equal_matrices(n * n, other, k);
        check_grids(&of, &e.frames, k);
        MEMORY_RELEASE(&other);
        MEMORY_RELEASE(&half);
        MEMORY_RELEASE(&k);
        release(&e);
    }
}

/* Without an invariant construction: sites of the row frame, site 0 of the column frame. */
static void one_sided_sums_take_the_first_site_of_the_columns(void **state)
{
    (void)state;
    for (int i = 0; i < N_RECIPES; i++) {
        example          e = make(&recipes[i], 300 + (uint64_t)i);
        covariant_kernel of = kernel_of(&e);
        const int64_t    n = e.frames.n_frames * of.n_rows;
        double          *k = naive_matrix(&e, true), *other = numbers(n * n);

        of.one_sided = true;
        assert_ok(covariant_tile(&of, &e.frames, &e.frames, other));
        assert_equal_matrices(n * n, other, k);
        check_grids(&of, &e.frames, k);
        MEMORY_RELEASE(&other);
        MEMORY_RELEASE(&k);
        release(&e);
    }
}

/* Frames [first, first + n). */
static covariant_frames some_frames(const example *e, int64_t first, int64_t n)
{
    const covariant_kernel *of = &e->of;

    return (covariant_frames){.n_frames = n,
                              .features = e->features + first * of->n_sites * of->dimension,
                              .tensors = e->tensors == NULL
                                             ? NULL
                                             : e->tensors + first * of->n_sites * of->n_rows *
                                                                of->n_tensors};
}

static void a_value_of_a_tile_has_the_bits_of_its_two_frames(void **state)
{
    (void)state;
    for (int i = 0; i < N_RECIPES; i++) {
        example                e = make(&recipes[i], 400 + (uint64_t)i);
        const covariant_kernel of = kernel_of(&e);
        const int64_t          n_frames = e.frames.n_frames, r = of.n_rows, n = n_frames * r;
        double                *whole = numbers(n * n), *part = numbers(n * n);

        memcpy(e.features, e.features + (n_frames - 1) * of.n_sites * of.dimension,
               (size_t)(of.n_sites * of.dimension) * sizeof(double)); /* a pair at distance 0 */
        assert_ok(covariant_tile(&of, &e.frames, &e.frames, whole));
        for (int64_t first = 0; first < n_frames; first += 7) {
            const int64_t          left = n_frames - first, count = left < 7 ? left : 7;
            const int64_t          above = first / 2, below = n_frames - above;
            const covariant_frames columns = some_frames(&e, first, count);
            const covariant_frames rows = some_frames(&e, above, below);

            assert_ok(covariant_tile(&of, &rows, &columns, part));
            for (int64_t row = 0; row < below * r; row++) {
                assert_memory_equal(part + row * count * r,
                                    whole + (above * r + row) * n + first * r,
                                    (size_t)(count * r) * sizeof(double));
            }
        }
        MEMORY_RELEASE(&part);
        MEMORY_RELEASE(&whole);
        release(&e);
    }
}

static void empty_tiles_are_fine(void **state)
{
    example                e = make(&recipes[7], 1);
    const covariant_kernel of = kernel_of(&e);
    const covariant_frames none = {0};

    (void)state;
    assert_ok(covariant_tile(&of, &none, &e.frames, NULL));
    assert_ok(covariant_tile(&of, &e.frames, &none, NULL));
    release(&e);
}

static void mean_diagonal_is_that_of_the_matrix(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * N_RECIPES; i++) {
        example          e = make(&recipes[i / 2], 500 + (uint64_t)i);
        covariant_kernel of = kernel_of(&e);
        const int64_t    n = e.frames.n_frames * of.n_rows;
        double          *k = naive_matrix(&e, i % 2 == 1), mean = NAN, expected = 0.0;

        of.one_sided = i % 2 == 1;
        for (int64_t row = 0; row < n; row++) {
            expected += k[row * n + row] / (double)n;
        }
        assert_ok(covariant_mean_diagonal(&of, &e.frames, &mean));
        assert_near(mean, expected, 1e-13 * largest_of(n * n, k));
        e.frames.n_frames = 0;
        assert_int_equal(covariant_mean_diagonal(&of, &e.frames, &mean), COVARY_ERR_INTERNAL);
        MEMORY_RELEASE(&k);
        release(&e);
    }
}

/* Outputs q of all sites, [frames][n_sites][outputs], by an engine a class. */
static double *apply_engines(const example *e, const covariant_kernel *of, int64_t n_outputs,
                             const double *packed)
{
    const int     kept = covariant_train_sites(of);
    const int64_t n_points = e->frames.n_frames * of->n_sites, dimension = of->dimension;
    double       *q = numbers(n_points * n_outputs), *out = numbers(n_points * n_outputs);
    double       *train = numbers(n_points * dimension), *weights = numbers(n_points * n_outputs);

    for (int class = 0; class < 8; class ++) {
        engine_group group = {.of = of->of, .n_outputs = n_outputs, .weights = weights};
        engine      *with = NULL;
        int64_t      n = 0;

        for (int64_t point = 0; point < e->frames.n_frames * kept; point++) {
            if (e->classes[point % kept] != class) {
                continue;
            }
            memcpy(train + n * dimension,
                   e->features + (point / kept * of->n_sites + point % kept) * dimension,
                   (size_t)dimension * sizeof *train);
            memcpy(weights + n * n_outputs, packed + point * n_outputs,
                   (size_t)n_outputs * sizeof *weights);
            n++;
        }
        if (n == 0) {
            continue;
        }
        assert_ok(engine_create(ENGINE_DOUBLE, n, dimension, train, 1, &group, &with));
        assert_ok(engine_apply(with, n_points, e->features, out, NULL));
        for (int64_t entry = 0; entry < n_points * n_outputs; entry++) {
            if (e->classes[entry / n_outputs % of->n_sites] == class) {
                q[entry] = out[entry];
            }
        }
        engine_destroy(&with);
    }
    MEMORY_RELEASE(&weights);
    MEMORY_RELEASE(&train);
    MEMORY_RELEASE(&out);
    return q;
}

static void packed_weights_and_engines_give_the_product_with_the_matrix(void **state)
{
    enum { COLUMNS = 2 };

    (void)state;
    for (int i = 0; i < 2 * N_RECIPES; i++) {
        example          e = make(&recipes[i / 2], 600 + (uint64_t)i);
        covariant_kernel of = kernel_of(&e);
        const int64_t    r = of.n_rows, n = e.frames.n_frames * r;
        const int64_t    n_outputs = COLUMNS * of.n_tensors;
        double          *k = naive_matrix(&e, i % 2 == 1), *weights = numbers(n * COLUMNS);
        double          *packed = numbers(e.frames.n_frames * of.n_sites * n_outputs);
        double          *values = numbers(n * COLUMNS), *q;
        const double     largest = largest_of(n * n, k) * (double)n;

        of.one_sided = i % 2 == 1;
        for (int64_t entry = 0; entry < n * COLUMNS; entry++) {
            weights[entry] = sin((double)entry);
        }
        covariant_pack(&of, &e.frames, COLUMNS, weights, packed);
        q = apply_engines(&e, &of, n_outputs, packed);
        for (int64_t frame = 0; frame < e.frames.n_frames; frame++) {
            const covariant_frames one = some_frames(&e, frame, 1);

            covariant_unpack(&of, one.tensors, COLUMNS, q + frame * of.n_sites * n_outputs,
                             n_outputs, values + frame * r * COLUMNS);
        }
        for (int64_t row = 0; row < n; row++) {
            for (int column = 0; column < COLUMNS; column++) {
                double expected = 0.0;

                for (int64_t j = 0; j < n; j++) {
                    expected += k[row * n + j] * weights[j * COLUMNS + column];
                }
                assert_near(values[row * COLUMNS + column], expected, 1e-14 * largest);
            }
        }
        MEMORY_RELEASE(&q);
        MEMORY_RELEASE(&values);
        MEMORY_RELEASE(&packed);
        MEMORY_RELEASE(&weights);
        MEMORY_RELEASE(&k);
        release(&e);
    }
}

/* Blocks that split a frame, a panel of other frames, tensors that are missing or too wide. */
static void wrong_shapes_are_refused(void **state)
{
    example                e = make(&recipes[7], 7); /* 13 frames of 3 rows */
    const covariant_kernel of = kernel_of(&e);
    const int64_t          width = (int64_t)of.n_sites * of.n_rows * of.n_tensors;
    panel                 *features = part_of(13, of.n_sites * of.dimension, e.features);
    panel                 *tensors = part_of(13, width, e.tensors);
    panel                 *few = part_of(12, width, e.tensors);
    const covariant_panels good = {features, tensors}, bad[] = {
                                                           {features, NULL},
                                                           {features, features},
                                                           {features, few},
                                                           {tensors, tensors},
                                                       };
    process_grid *grid = NULL;
    block_cyclic *a = NULL;

    (void)state;
    assert_ok(grid_create(test_run(), &grid));
    assert_ok(block_cyclic_create(grid, 39, 39, 6, &a));
    assert_ok(covariant_assemble(&of, &good, 0.0, a));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(covariant_assemble(&of, &bad[i], 0.0, a), COVARY_ERR_INTERNAL);
    }
    block_cyclic_destroy(&a);
    assert_ok(block_cyclic_create(grid, 39, 39, 4, &a));
    assert_int_equal(covariant_assemble(&of, &good, 0.0, a), COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&a);
    assert_ok(block_cyclic_create(grid, 36, 36, 6, &a));
    assert_int_equal(covariant_assemble(&of, &good, 0.0, a), COVARY_ERR_INTERNAL);
    block_cyclic_destroy(&a);
    grid_destroy(&grid);
    panel_destroy(&few);
    panel_destroy(&tensors);
    panel_destroy(&features);
    release(&e);
}

/* Larger than a tile of assembly in both directions. */
static void large_matrices_are_walked_whole(void **state)
{
    static const recipe large = {"gaussian", 230, 3, 2, 3, 4, 0, 1.0};
    example             e = make(&large, 8);
    covariant_kernel    of = kernel_of(&e);
    double             *k = naive_matrix(&e, false), *dense = numbers(690 * 690);

    (void)state;
    check_grids(&of, &e.frames, k);
    assert_ok(covariant_dense(&of, &e.frames, dense));
    assert_equal_matrices(690 * 690, dense, k);
    MEMORY_RELEASE(&dense);
    MEMORY_RELEASE(&k);
    release(&e);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(assembled_dense_and_tiled_matrices_are_the_definition),
    cmocka_unit_test(one_side_is_enough_for_invariant_kernels),
    cmocka_unit_test(one_sided_sums_take_the_first_site_of_the_columns),
    cmocka_unit_test(a_value_of_a_tile_has_the_bits_of_its_two_frames),
    cmocka_unit_test(empty_tiles_are_fine),
    cmocka_unit_test(mean_diagonal_is_that_of_the_matrix),
    cmocka_unit_test(packed_weights_and_engines_give_the_product_with_the_matrix),
    cmocka_unit_test(wrong_shapes_are_refused),
    cmocka_unit_test(large_matrices_are_walked_whole),
};

TEST_MAIN(cases)
