/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is predicted for a frame depends on the frame alone, to the last bit: not on the size of its
 * batch, its place in it, or the frames beside it.  Annotations can then be continued on any number
 * of ranks.   ranks: 1
 *
 * Every kind of basis, descriptor and kernel, in double and in single precision, random partitions
 * of a random order of frames.
 */
#include "model_support.h"

#include "model/precision.h"

enum { TRAIN = 40, TEST = 60, PARTITIONS = 12 };

/* Everything that is written of a frame. */
typedef struct {
    int64_t  width; /* numbers a frame */
    double  *numbers;
    uint8_t *flags;
} outcome;

static int64_t numbers_of(const covary_model *model)
{
    int64_t n = 2;

    for (int p = 0; p < covary_model_n_properties(model); p++) {
        n += 2 * covary_model_n_values(model, p); /* values and standard deviations */
    }
    return n;
}

static outcome outcome_of(const covary_model *model, int64_t n_frames)
{
    outcome made = {.width = numbers_of(model)};

    made.numbers = calloc((size_t)(n_frames * made.width), sizeof *made.numbers);
    made.flags = calloc((size_t)n_frames, sizeof *made.flags);
    assert_non_null(made.numbers);
    assert_non_null(made.flags);
    return made;
}

static void outcome_release(outcome *released)
{
    free(released->flags);
    free(released->numbers);
}

/* Frames order[0] ... order[n - 1] in one batch; each to its own place. */
static void predict_batch(const covary_model *model, const frames *all, int64_t n,
                          const int64_t *order, prediction *batch, outcome *to)
{
    const int64_t stride = 3 * covary_model_n_atoms(model);
    double       *positions = calloc((size_t)(n * stride), sizeof *positions);

    assert_non_null(positions);
    for (int64_t f = 0; f < n; f++) {
        memcpy(positions + f * stride, frames_positions(all, order[f]),
               (size_t)stride * sizeof *positions);
    }
    assert_ok(prediction_compute(model, n, positions, batch));
    for (int64_t f = 0; f < n; f++) {
        double *row = to->numbers + order[f] * to->width;

        *row++ = batch->margin[f];
        *row++ = batch->distance[f];
        for (int p = 0; p < covary_model_n_properties(model); p++) {
            const int64_t width = covary_model_n_values(model, p);

            memcpy(row, batch->values[p] + f * width, (size_t)width * sizeof *row);
            memcpy(row + width, batch->deviations[p] + f * width, (size_t)width * sizeof *row);
            row += 2 * width;
        }
        to->flags[order[f]] = batch->flags[f];
    }
    free(positions);
}

static void shuffle(test_random *stream, int64_t n, int64_t *order)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)(test_uniform(stream) * (double)(i + 1)), kept = order[i];

        order[i] = order[j];
        order[j] = kept;
    }
}

static void assert_same(const outcome *a, const outcome *b, int64_t n)
{
    for (int64_t frame = 0; frame < n; frame++) {
        const double *x = a->numbers + frame * a->width, *y = b->numbers + frame * a->width;

        if (memcmp(x, y, (size_t)a->width * sizeof *x) != 0 || a->flags[frame] != b->flags[frame]) {
            fail_msg("frame %lld: %.17g %.17g %.17g ... and %.17g %.17g %.17g ...",
                     (long long)frame, x[0], x[1], x[2], y[0], y[1], y[2]);
        }
    }
}

static void compare_partitions(const covary_model *model, const frames *all, test_random *stream)
{
    prediction *batch = NULL;
    outcome     whole = outcome_of(model, TEST);
    int64_t     order[TEST];

    assert_ok(prediction_create_uncertain(model, TEST, &batch));
    for (int64_t f = 0; f < TEST; f++) {
        order[f] = f;
    }
    predict_batch(model, all, TEST, order, batch, &whole);
    for (int partition = 0; partition < PARTITIONS; partition++) {
        outcome parts = outcome_of(model, TEST);
        /* mostly small pieces, and large ones now and then */
        const double most = partition % 3 == 0 ? 1.0 : partition % 3 == 1 ? 6.0 : TEST;

        shuffle(stream, TEST, order);
        for (int64_t at = 0, n; at < TEST; at += n) {
            n = 1 + (int64_t)(test_uniform(stream) * most);
            n = n < TEST - at ? n : TEST - at;
            predict_batch(model, all, n, order + at, batch, &parts);
        }
        assert_same(&whole, &parts, TEST);
        outcome_release(&parts);
    }
    outcome_release(&whole);
    prediction_destroy(&batch);
}

static void check_recipe(const model_recipe *recipe, const char *test_file)
{
    test_random   stream = {.state = 20260101};
    covary_model *model = recipe_fit(test_run(), recipe);
    frames       *all = read_all(test_data(test_file), NULL, 0);

    compare_partitions(model, all, &stream);
    assert_ok(model_prepare(model, ENGINE_SINGLE));
    compare_partitions(model, all, &stream);
    frames_destroy(&all);
    covary_model_destroy(&model);
}

static void every_basis(void **state)
{
    static const model_recipe recipes[] = {
        {.basis = "eckart"},
        {.basis = "eckart", .handedness = "proper"},
        {.basis = "eckart", .symmetry = "auto"},
        {.basis = "eckart", .n_references = "3"},
        {.basis = "eckart", .n_references = "3", .symmetry = "auto"},
        {.basis = "inertia"},
        {.basis = "inertia", .signs = "raw", .symmetry = "auto"},
        {.basis = "gram", .descriptor = "distances"},
        {.basis = "gram", .descriptor = "distances", .symmetry = "auto"},
    };

    (void)state;
    for (size_t r = 0; r < sizeof recipes / sizeof recipes[0]; r++) {
        model_recipe dce = recipes[r], nh3 = recipes[r];

        dce.train = first_frames("dce_train.xyz", TRAIN, 8);
        check_recipe(&dce, "dce_test.xyz");
        nh3.train = first_frames("nh3_train.xyz", TRAIN, 4);
        check_recipe(&nh3, "nh3_test.xyz");
    }
}

static void every_descriptor(void **state)
{
    static const char *const descriptors[] = {
        "inverse-distances",
        "exponential-distances",
        "relative-to-equilibrium",
        "coulomb",
        "cartesians, distances, inverse-distances, coulomb",
    };

    (void)state;
    for (size_t d = 0; d < sizeof descriptors / sizeof descriptors[0]; d++) {
        const model_recipe recipe = {.train = first_frames("dce_train.xyz", TRAIN, 8),
                                     .descriptor = descriptors[d]};

        check_recipe(&recipe, "dce_test.xyz");
    }
}

static void every_kernel(void **state)
{
    static const char *const kernels[] = {"laplacian",  "matern-3/2", "matern-5/2",
                                          "matern-7/2", "linear",     "polynomial"};

    (void)state;
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        const model_recipe recipe = {.train = first_frames("nh3_train.xyz", TRAIN, 4),
                                     .kernel = kernels[k]};

        check_recipe(&recipe, "nh3_test.xyz");
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_basis),
    cmocka_unit_test(every_descriptor),
    cmocka_unit_test(every_kernel),
};

TEST_MAIN(cases)
