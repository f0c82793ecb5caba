/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Labels whose signs are drawn at random are learned as if they were not: the signs come back but
 * for a common one, and with them the weights, bit by bit.   ranks: 1 2 3 4
 */
#include "two_state.h"

#include "solver/signs.h"

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
    const char *path = scratch_file(name);

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

    assert_ok(covary_evaluate(test_run(), model, &path, 1, &evaluation));
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

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(couplings_and_transitions_get_their_signs_back),
    cmocka_unit_test(permutations_go_with_signs),
    cmocka_unit_test(hyperparameters_follow_the_signs),
};

TEST_MAIN(cases)
