/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every rank has the same plan, and a fit holds the solver of its plan; rates of a machine are
 * given in the units that its description names.   ranks: 1 2 4 8
 */
#include "model_support.h"

#include "model/plan.h"
#include <covary/model.h>

enum { TRAIN = 6 }; /* fewer than the most ranks */

#define GIVEN                                                                                      \
    "machine: {dgemm: 50, engine: 40, memory_bandwidth: 8, latency: 1.5, network_bandwidth: 2, "   \
    "cores: 64, memory: 256}\n"

static covary_config *config_with(const char *rest)
{
    const model_recipe recipe = {.train = first_frames("dce_train.xyz", TRAIN, 8), .rest = rest};

    return recipe_config(&recipe);
}

/* The bytes of rank 0. */
static void expect_same_everywhere(const char *said)
{
    static char theirs[16384];
    const int   mine = (int)strlen(said) + 1;
    int         size = mine;

    MPI_Bcast(&size, 1, MPI_INT, 0, covary_run_comm(test_run()));
    assert_int_equal(mine, size);
    assert_true((size_t)size <= sizeof theirs);
    memcpy(theirs, said, (size_t)size);
    MPI_Bcast(theirs, size, MPI_CHAR, 0, covary_run_comm(test_run()));
    assert_string_equal(said, theirs);
}

static void plans_are_the_same_on_every_rank(void **unused)
{
    static const char *const rests[] = {"solver: {type: auto}\n", "solver: {type: iterative}\n",
                                        "solver: {type: low-rank, inducing: 3}\n"};
    static const char *const solvers[] = {"cholesky", "iterative", "low-rank"};
    const plan_questions     none = {0};
    char                     wanted[64];

    (void)unused;
    for (int i = 0; i < 3; i++) {
        covary_config *config = config_with(rests[i]);
        covary_model  *model = NULL;
        text           report = {0};

        assert_ok(plan_fit(test_run(), config, "elsewhere.h5", &none, &report));
        expect_same_everywhere(report.data);
        snprintf(wanted, sizeof wanted, "solver         %s: ", solvers[i]);
        assert_non_null(strstr(report.data, wanted));
        snprintf(wanted, sizeof wanted, "ranks          %d, with ", covary_run_size(test_run()));
        assert_non_null(strstr(report.data, wanted));
        assert_non_null(strstr(report.data, "MiB: elsewhere.h5"));

        assert_ok(covary_fit(test_run(), config, &model));
        assert_string_equal(model->solver, solvers[i]);
        assert_true(strstr(report.data, model->solver_reason) != NULL);
        covary_model_destroy(&model);
        text_release(&report);
        covary_config_destroy(&config);
    }
}

/* With all rates given there is nothing left that could differ from run to run. */
static void tables_are_the_same_on_every_rank(void **unused)
{
    int64_t              n_frames[] = {1000, 1000000}, n_ranks[] = {1, 1024};
    const plan_questions both = {.n_frames = 2, .n_ranks = 2, .frames = n_frames, .ranks = n_ranks};
    covary_config       *config = config_with(GIVEN);
    text                 report = {0}, again = {0};

    (void)unused;
    assert_ok(plan_fit(test_run(), config, "model.h5", &both, &report));
    expect_same_everywhere(report.data);
    assert_ok(plan_fit(test_run(), config, "model.h5", &both, &again));
    assert_string_equal(report.data, again.data);
    text_release(&again);
    text_release(&report);
    covary_config_destroy(&config);
}

static void refusals_are_the_same_on_every_rank(void **unused)
{
    const plan_questions none = {0};
    covary_config       *config = config_with("solver: {memory: 1e-6}\n");
    covary_model        *model = NULL;
    text                 report = {0};
    char                 said[512];

    (void)unused;
    assert_int_equal(plan_fit(test_run(), config, "model.h5", &none, &report), COVARY_ERR_MEMORY);
    snprintf(said, sizeof said, "%s", covary_status_message());
    expect_same_everywhere(said);
    assert_int_equal(covary_fit(test_run(), config, &model), COVARY_ERR_MEMORY);
    assert_string_equal(covary_status_message(), said);
    text_release(&report);
    covary_config_destroy(&config);
}

static void given_rates_have_the_units_that_are_named(void **unused)
{
    covary_config *config = config_with(GIVEN);
    text           report = {0};
    machine        on;

    (void)unused;
    assert_ok(machine_measure(test_run(), config, &on));
    assert_near(on.rates.dgemm, 50e9, 1.0);
    assert_near(on.rates.engine, 40e9, 1.0);
    assert_near(on.rates.memory_bandwidth, 8e9, 1.0);
    assert_near(on.rates.latency, 1.5e-6, 1e-15);
    assert_near(on.rates.network_bandwidth, 2e9, 1.0);
    assert_near(on.rates.cores, 64.0, 0.0);
    assert_near(on.rates.memory, 256.0 * 1024 * 1024 * 1024, 0.0);
    assert_ok(machine_describe(&on, &report));
    assert_string_equal(report.data,
                        "machine        dgemm                    50 Gflop/s a rank  given\n"
                        "               engine                   40 Gflop/s a rank  given\n"
                        "               memory bandwidth          8 GB/s a rank     given\n"
                        "               latency                 1.5 us a message    given\n"
                        "               network bandwidth         2 GB/s a rank     given\n"
                        "               cores                    64 a node          given\n"
                        "               memory                  256 GiB a node      given\n");
    text_release(&report);
    covary_config_destroy(&config);
}

/* A core does between 0.1 and 1000 Gflop/s, a message takes below a second, ... */
static void measured_rates_are_of_this_world(void **unused)
{
    covary_config *config = config_with(NULL);
    machine        on, nodes;

    (void)unused;
    assert_ok(machine_measure(test_run(), config, &on));
    assert_true(on.rates.dgemm > 1e8 && on.rates.dgemm < 1e12);
    assert_true(on.rates.engine > 1e7 && on.rates.engine < 1e12);
    assert_true(on.rates.memory_bandwidth > 1e7 && on.rates.memory_bandwidth < 1e12);
    assert_true(on.rates.latency > 1e-9 && on.rates.latency < 1.0);
    assert_true(on.rates.network_bandwidth > 1e6 && on.rates.network_bandwidth < 1e13);
    assert_true(on.rates.cores >= 1.0 && on.rates.memory > 1e8);
    nodes = machine_of_nodes(&on); /* what was measured within a node says nothing of a network */
    assert_true(nodes.rates.latency == machine_nominal.latency);
    assert_true(nodes.rates.network_bandwidth == machine_nominal.network_bandwidth);
    assert_true(nodes.rates.dgemm == on.rates.dgemm);
    covary_config_destroy(&config);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(plans_are_the_same_on_every_rank),
    cmocka_unit_test(tables_are_the_same_on_every_rank),
    cmocka_unit_test(refusals_are_the_same_on_every_rank),
    cmocka_unit_test(given_rates_have_the_units_that_are_named),
    cmocka_unit_test(measured_rates_are_of_this_world),
};

TEST_MAIN(cases)
