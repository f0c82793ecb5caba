/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Labels whose signs are drawn at random are learned as if they were not: the signs come back but
 * for a common one, and with them the weights, bit by bit.   ranks: 1 2 3 4
 */
#include "two_state.h"

#include "annotation/annotation.h"

enum { TRAIN = 90, TEST = 20, ALL = TRAIN + TEST };

typedef struct {
    double positions[3 * TWO_STATE_ATOMS * ALL];
    double signs[ALL];
    int    n_negative; /* of the training frames that differ from the first one */
} sample;

static const char with_gap[] =
    "{name: nac, kind: vector, unit: none, per_atom: true, phase: %s, gap: gap}, "
    "{name: gap, kind: scalar, unit: eV}, "
    "{name: transition, kind: vector, unit: e*bohr, phase: %s, gap: gap}";

static const char *properties_of(const char *form, const char *phase)
{
    static char made[2][1024];
    static int  next;
    char       *to = made[next++ % 2];

    snprintf(to, sizeof made[0], form, phase, phase);
    return to;
}

static void draw(sample *drawn, uint64_t seed, double amplitude)
{
    test_random stream = {seed};

    drawn->n_negative = 0;
    for (int frame = 0; frame < ALL; frame++) {
        two_state_draw(&stream, amplitude, drawn->positions + 3 * TWO_STATE_ATOMS * frame);
        drawn->signs[frame] = test_uniform(&stream) < 0.5 ? -1.0 : 1.0;
        drawn->n_negative += frame < TRAIN && drawn->signs[frame] != drawn->signs[0];
    }
}

/* Frames [first, last); with their signs if `scrambled`. */
static const char *write_sample(const char *name, const sample *from, bool odd, bool scrambled,
                                int first, int last)
{
    const char *path = scratch_path(name);

    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        for (int frame = first; frame < last; frame++) {
            two_state_write(out, from->positions + 3 * TWO_STATE_ATOMS * frame, odd,
                            scrambled ? from->signs[frame] : 1.0);
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

/* All weights of property p, times `sign`, are those of the other model, bit by bit. */
static void compare_weights(const covary_model *a, const covary_model *b, int p, double sign)
{
    for (int k = 0; k < a->properties[p].n_parts; k++) {
        const model_part *one = &a->properties[p].parts[k], *other = &b->properties[p].parts[k];

        assert_int_equal(one->n_systems, other->n_systems);
        for (int s = 0; s < one->n_systems; s++) {
            const linear_system  *system = &one->systems[s];
            const representation *in = a->representations[one->representation];
            const int64_t         n =
                a->n_train * representation_train_sites(in) * system->n_columns * system->n_tensors;

            assert_true(system->of.length == other->systems[s].of.length);
            assert_true(system->ridge == other->systems[s].ridge);
            for (int64_t i = 0; i < n; i++) {
                assert_true(sign * system->weights[i] == other->systems[s].weights[i]);
            }
        }
    }
}

static double relative_error(const covary_model *model, const char *path, int p)
{
    covary_evaluation *evaluation = NULL;

    assert_ok(covary_evaluate(test_run(), model, &path, 1, NULL, &evaluation));
    const double error = covary_evaluation_errors(evaluation, p).relative_rmse;
    covary_evaluation_destroy(&evaluation);
    return error;
}

/* The same fit of labels with their own signs and with random ones. */
static void check_recovery(const model_recipe *like, bool odd, const int *arbitrary,
                           int n_arbitrary, double amplitude, double relative)
{
    static sample drawn;
    model_recipe  recipe = *like;

    draw(&drawn, 7, amplitude);
    const char *test = write_sample("test.xyz", &drawn, odd, true, TRAIN, ALL);
    recipe.train = write_sample("plain.xyz", &drawn, odd, false, 0, TRAIN);
    recipe.properties = properties_of(like->properties, "fixed");
    covary_model *plain = recipe_fit(test_run(), &recipe);
    recipe.train = write_sample("scrambled.xyz", &drawn, odd, true, 0, TRAIN);
    recipe.properties = properties_of(like->properties, "arbitrary");
    covary_model *model = recipe_fit(test_run(), &recipe);

    for (int k = 0; k < n_arbitrary; k++) {
        const int           p = arbitrary[k];
        const phase_report *phases = &model->properties[p].phases;

        if (phases->n_changed != drawn.n_negative) {
            print_error("%s: %d of %d signs; %d doubtful; %g -> %g\n",
                        covary_model_property_name(model, p), (int)phases->n_changed,
                        drawn.n_negative, (int)phases->n_doubtful, phases->before, phases->after);
        }
        assert_int_equal(phases->n_changed, drawn.n_negative);
        assert_true(phases->before > 0.7);
        assert_true(phases->after < 0.2);
        if (odd) { /* what permutations promise does not hold */
            const model_part *part = &model->properties[p].parts[0];
            assert_int_equal(model->about.group->order, 2);
            assert_false(model->representations[part->representation]->symmetric);
        }
        compare_weights(model, plain, p, drawn.signs[0]);
        assert_true(model->properties[p].loo.rmse == plain->properties[p].loo.rmse);
        const double error = relative_error(model, test, p);
        if (!(error < relative)) {
            print_error("%s: %g\n", covary_model_property_name(model, p), error);
        }
        assert_true(error < relative);
    }
    covary_model_destroy(&model);
    covary_model_destroy(&plain);
}

static void couplings_and_transitions_get_their_signs_back(void **state)
{
    const int          arbitrary[] = {0, 2};
    const model_recipe gram = {.properties = with_gap,
                               .basis = "gram",
                               .descriptor = "distances",
                               .scaling = "none",
                               .length = "1",
                               .ridge = "1e-8"};
    const model_recipe eckart = {
        .properties = with_gap, .basis = "eckart", .length = "10", .ridge = "1e-7"};

    (void)state;
    check_recovery(&gram, false, arbitrary, 2, 0.05, 0.05);
    check_recovery(&eckart, false, arbitrary, 2, 0.05, 0.1);
}

static void permutations_go_with_signs(void **state)
{
    const int          arbitrary[] = {0, 2};
    const model_recipe gram = {.properties = with_gap,
                               .basis = "gram",
                               .descriptor = "distances",
                               .scaling = "none",
                               .symmetry = "'(3 4)'",
                               .length = "1",
                               .ridge = "1e-8"};

    (void)state;
    check_recovery(&gram, false, arbitrary, 2, 0.05, 0.05);
}

static void hyperparameters_follow_the_signs(void **state)
{
    const int          arbitrary[] = {0, 2};
    const model_recipe gram = {.properties = with_gap,
                               .basis = "gram",
                               .descriptor = "distances",
                               .scaling = "none",
                               .length = "auto",
                               .ridge = "auto"};

    (void)state;
    check_recovery(&gram, false, arbitrary, 2, 0.05, 0.05);
}

/*
 * A transition between states of different symmetry vanishes where the molecule has it, and goes
 * through 0 there.  In every tenth frame it is nothing but rounding: that sign is in doubt, and it
 * does no harm to others.
 */
static void labels_that_vanish_are_in_doubt(void **state)
{
    static const char form[] = "{name: transition, kind: vector, unit: none, phase: %s}";
    static sample     drawn;
    model_recipe      recipe = {.basis = "gram",
                                .descriptor = "distances",
                                .scaling = "none",
                                .length = "auto",
                                .ridge = "auto"};
    int               n_vanishing = 0;

    (void)state;
    draw(&drawn, 11, 0.05);
    for (int frame = 5; frame < TRAIN; frame += 10, n_vanishing++) {
        memcpy(drawn.positions + 3 * TWO_STATE_ATOMS * frame, two_state_positions,
               sizeof two_state_positions);
        drawn.positions[3 * TWO_STATE_ATOMS * frame + 5] += 0.002 * frame; /* the bond CO */
    }
    recipe.train = write_sample("plain.xyz", &drawn, true, false, 0, TRAIN);
    recipe.properties = properties_of(form, "fixed");
    covary_model *plain = recipe_fit(test_run(), &recipe);
    recipe.train = write_sample("scrambled.xyz", &drawn, true, true, 0, TRAIN);
    recipe.properties = properties_of(form, "arbitrary");
    covary_model       *model = recipe_fit(test_run(), &recipe);
    const phase_report *phases = &model->properties[0].phases;

    assert_true(phases->n_doubtful >= n_vanishing);
    assert_true(phases->n_doubtful <= n_vanishing + 12);
    assert_true(llabs(phases->n_changed - drawn.n_negative) <= n_vanishing);
    assert_true(phases->before > 0.7);
    assert_near(model->properties[0].loo.rmse, plain->properties[0].loo.rmse,
                0.02 * plain->properties[0].loo.rmse);
    covary_model_destroy(&model);
    covary_model_destroy(&plain);
}

/* What a model predicts for all frames, and what became of its labels. */
static void compare_models(const sample *drawn, const covary_model *a, const covary_model *b)
{
    for (int p = 0; p < covary_model_n_properties(a); p++) {
        const int64_t n = ALL * covary_model_n_values(a, p);
        double       *one = predict_one(a, p, ALL, drawn->positions, NULL);
        double       *other = predict_one(b, p, ALL, drawn->positions, NULL);
        double        size = 0.0;

        for (int64_t i = 0; i < n; i++) {
            size = fmax(size, fabs(one[i]));
        }
        for (int64_t i = 0; i < n; i++) {
            assert_near(one[i], other[i], 1e-7 * size);
        }
        assert_int_equal(a->properties[p].phases.n_changed, b->properties[p].phases.n_changed);
        assert_int_equal(a->properties[p].phases.n_doubtful, b->properties[p].phases.n_doubtful);
        assert_true(a->properties[p].phases.after == b->properties[p].phases.after);
        assert_true(a->properties[p].gap_limit == b->properties[p].gap_limit);
        free(other);
        free(one);
    }
}

/* All ranks together find what one alone does, and the file keeps it. */
static void ranks_and_files_do_not_matter(void **state)
{
    static sample drawn;
    covary_run   *alone = run_alone();
    covary_model *read = NULL;
    model_recipe  recipe = {.properties = properties_of(with_gap, "arbitrary"),
                            .basis = "gram",
                            .descriptor = "distances",
                            .scaling = "none",
                            .length = "auto",
                            .ridge = "1e-6",
                            .rest = "selection: {frames: 50}\n"};
    const char   *path = scratch_path("phases.h5");

    (void)state;
    draw(&drawn, 3, 0.07);
    recipe.train = write_sample("scrambled.xyz", &drawn, false, true, 0, TRAIN);
    covary_model *together = recipe_fit(test_run(), &recipe);
    covary_model *single = recipe_fit(alone, &recipe);

    compare_models(&drawn, together, single);
    assert_ok(covary_model_save(test_run(), together, path));
    assert_ok(covary_model_load(test_run(), path, &read));
    compare_models(&drawn, together, read);
    assert_true(read->properties[0].phases.before == together->properties[0].phases.before);
    covary_model_destroy(&read);
    covary_model_destroy(&single);
    covary_model_destroy(&together);
    covary_run_destroy(&alone);
}

/* The quotient of product and gap is what is predicted, limited where the gap is too small. */
static void products_are_divided_by_the_gap(void **state)
{
    static sample drawn;
    prediction   *batch = NULL;
    model_recipe  recipe = {.properties = properties_of(with_gap, "arbitrary"),
                            .basis = "gram",
                            .descriptor = "distances",
                            .scaling = "none",
                            .length = "1",
                            .ridge = "1e-6"};

    (void)state;
    draw(&drawn, 3, 0.05);
    recipe.train = write_sample("scrambled.xyz", &drawn, false, true, 0, TRAIN);
    covary_model   *model = recipe_fit(test_run(), &recipe);
    model_property *nac = &model->properties[0];
    double          before[3 * TWO_STATE_ATOMS], gap;

    assert_ok(prediction_create(model, 1, &batch));
    assert_ok(prediction_compute(model, 1, drawn.positions, batch));
    memcpy(before, batch->values[0], sizeof before);
    gap = batch->values[1][0];
    assert_true(gap > nac->gap_limit && nac->gap_limit > 0.0);
    assert_int_equal(batch->flags[0] & ANNOTATION_DEGENERATE, 0);
    nac->gap_limit = 2.0 * gap;
    assert_ok(prediction_compute(model, 1, drawn.positions, batch));
    assert_int_equal(batch->flags[0] & ANNOTATION_DEGENERATE, ANNOTATION_DEGENERATE);
    for (int k = 0; k < 3 * TWO_STATE_ATOMS; k++) {
        assert_near(batch->values[0][k], 0.5 * before[k], 1e-14);
    }
    nac->gap_limit = -gap; /* gaps of the other sign */
    assert_ok(prediction_compute(model, 1, drawn.positions, batch));
    for (int k = 0; k < 3 * TWO_STATE_ATOMS; k++) {
        assert_near(batch->values[0][k], -before[k], 1e-14);
    }
    prediction_destroy(&batch);
    covary_model_destroy(&model);
}

static void gaps_of_both_signs_are_refused(void **state)
{
    const char   *path = scratch_path("gaps.xyz");
    model_recipe  recipe = {.train = path,
                            .properties = "{name: nac, kind: vector, unit: none, gap: gap}, "
                                           "{name: gap, kind: scalar, unit: eV}"};
    covary_model *model = NULL;

    (void)state;
    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        for (int frame = 0; frame < 6; frame++) {
            fprintf(out, "2\nnac=\"0 0 1\" gap=%g\nH 0 0 0\nF 0 0 %g\n", frame == 4 ? -0.5 : 0.5,
                    0.9 + 0.01 * frame);
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    covary_config *config = recipe_config(&recipe);
    assert_int_equal(covary_fit(test_run(), config, &model), COVARY_ERR_DATA);
    assert_message("gaps.xyz, frame 5: the gap 'gap' of 'nac' is -0.5");
    covary_config_destroy(&config);
}

/* Couplings that change their sign with the order of the protons need a model without symmetry. */
static void odd_couplings_are_learned_without_permutations(void **state)
{
    const int          arbitrary[] = {0, 2};
    const model_recipe gram = {.properties = with_gap,
                               .basis = "gram",
                               .descriptor = "distances",
                               .scaling = "none",
                               .symmetry = "auto",
                               .length = "1.5",
                               .ridge = "1e-9"};

    (void)state;
    check_recovery(&gram, true, arbitrary, 2, 0.05, 0.3);
}

/* Signs are found on some frames, those of the others predicted. */
static void further_frames_follow(void **state)
{
    const int          arbitrary[] = {0, 2};
    const model_recipe gram = {.properties = with_gap,
                               .basis = "gram",
                               .descriptor = "distances",
                               .scaling = "none",
                               .length = "1",
                               .ridge = "1e-8",
                               .rest = "selection: {frames: 45}\n"};

    (void)state;
    check_recovery(&gram, false, arbitrary, 2, 0.05, 0.05);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(couplings_and_transitions_get_their_signs_back),
    cmocka_unit_test(permutations_go_with_signs),
    cmocka_unit_test(hyperparameters_follow_the_signs),
    cmocka_unit_test(labels_that_vanish_are_in_doubt),
    cmocka_unit_test(odd_couplings_are_learned_without_permutations),
    cmocka_unit_test(further_frames_follow),
    cmocka_unit_test(ranks_and_files_do_not_matter),
    cmocka_unit_test(products_are_divided_by_the_gap),
    cmocka_unit_test(gaps_of_both_signs_are_refused),
};

TEST_MAIN(cases)
