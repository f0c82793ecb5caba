/* SPDX-License-Identifier: BSD-3-Clause */
/* Weights that keep the moments apart, the same on any number of ranks.   ranks: 1 2 3 4 */
#include "support.h"

#include "core/memory.h"
#include "geometry/axis_weights.h"
#include "geometry/vector3.h"
#include "molecules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FRAMES = 150, MOST_WIDTH = 3 * MOLECULE_MAX_ATOMS };

static const molecule methane = {"methane",
                                 SHAPE_SPATIAL,
                                 5,
                                 {6, 1, 1, 1, 1},
                                 {12.011, 1.008, 1.008, 1.008, 1.008},
                                 {0, 0, 0, 0.629, 0.629, 0.629, -0.629, -0.629, 0.629, -0.629,
                                  0.629, -0.629, 0.629, -0.629, -0.629}};

/* A regular benzene, spatial once it is shaken. */
static molecule benzene(void)
{
    molecule made = {.name = "benzene", .shape = SHAPE_SPATIAL, .n_atoms = 12};

    for (int k = 0; k < 12; k++) {
        const double radius = k < 6 ? 1.397 : 2.481, angle = k * 1.0471975511965976;
        made.species[k] = k < 6 ? 6 : 1;
        made.weights[k] = k < 6 ? 12.011 : 1.008;
        made.positions[3 * k] = radius * cos(angle);
        made.positions[3 * k + 1] = radius * sin(angle);
    }
    return made;
}

/* Shaken, turned and moved; the same on every rank. */
static void make_frames(const molecule *of, double amplitude, double *frames)
{
    test_random stream = {77};
    double      shaken[MOST_WIDTH], q[9];

    for (int frame = 0; frame < N_FRAMES; frame++) {
        const double t[3] = {test_normal(&stream), test_normal(&stream), 0};
        molecule_shake(&stream, of, amplitude, shaken);
        test_rotation(&stream, frame % 2, q);
        molecule_move(of->n_atoms, q, t, shaken, frames + frame * 3 * of->n_atoms);
    }
}

static covary_status choose(const molecule *of, const double *frames, const int32_t *orbit_of,
                            double *weights, axis_weights_report *report)
{
    int64_t first, count;

    molecule_share(N_FRAMES, &first, &count);
    return axes_choose_weights(test_run(), count, of->n_atoms, frames + first * 3 * of->n_atoms,
                               of->weights, of->shape, orbit_of, weights, report);
}

/* Least margin of the inertia rule itself over all frames. */
static double least_margin(const molecule *of, const double *frames, const double *weights)
{
    double least = 1.0;
    axes  *rule = NULL;
    pose   at;

    assert_ok(
        axes_create(axes_find("inertia"), of->n_atoms, of->weights, of->positions, true, &rule));
    assert_ok(axes_set_weights(rule, weights));
    rule->signs = SIGNS_GROUP;
    rule->shape = of->shape;
    for (int frame = 0; frame < N_FRAMES; frame++) {
        assert_ok(axes_pose(rule, frames + frame * 3 * of->n_atoms, &at));
        least = fmin(least, at.margin);
    }
    axes_destroy(&rule);
    return least;
}

static void check_weights(const molecule *of, const double *weights)
{
    double largest = 0.0, least = HUGE_VAL, sum = 0.0, total = 0.0;

    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        largest = fmax(largest, weights[atom]);
        least = fmin(least, weights[atom]);
        sum += weights[atom];
        total += of->weights[atom];
    }
    assert_true(least >= 0.0199999 * largest);
    assert_near(sum, total, 1e-13 * total);
}

static void tops_get_apart(void **state)
{
    const molecule        ring = benzene();
    const molecule *const of[] = {&ammonia, &methane, &ring, &hexagon};
    double                frames[N_FRAMES * MOST_WIDTH], weights[MOLECULE_MAX_ATOMS];
    axis_weights_report   report;

    (void)state;
    for (int m = 0; m < 4; m++) {
        make_frames(of[m], 0.04, frames);
        assert_ok(choose(of[m], frames, NULL, weights, &report));
        assert_true(report.gap_masses < 0.05 && report.n_trials > 0);
        assert_true(report.gap >= 0.2);
        assert_near(least_margin(of[m], frames, of[m]->weights), report.gap_masses, 1e-14);
        assert_near(least_margin(of[m], frames, weights), report.gap, 1e-14);
        check_weights(of[m], weights);
    }
}

static void a_full_turn_of_dichloroethane_stays_apart(void **state)
{
    double              frames[N_FRAMES * 24], weights[8];
    axis_weights_report report;

    (void)state;
    for (int frame = 0; frame < N_FRAMES; frame++) {
        memcpy(frames + 24 * frame, dichloroethane.positions, 24 * sizeof *frames);
        dichloroethane_twist(6.283185307179586 * frame / N_FRAMES, frames + 24 * frame);
    }
    assert_ok(choose(&dichloroethane, frames, NULL, weights, &report));
    assert_true(report.gap_masses < 0.01 && report.gap >= 0.28);
    check_weights(&dichloroethane, weights);
}

/* Bits, against a run of each rank by itself on all frames. */
static void weights_do_not_depend_on_the_ranks(void **state)
{
    const molecule *const of[] = {&ammonia, &methane};
    double                frames[N_FRAMES * MOST_WIDTH];
    double                weights[MOLECULE_MAX_ATOMS], alone[MOLECULE_MAX_ATOMS];
    axis_weights_report   report, report_alone;
    covary_run           *run = NULL;

    (void)state;
    assert_ok(covary_run_create(MPI_COMM_SELF, NULL, &run));
    for (int m = 0; m < 2; m++) {
        const size_t bytes = (size_t)of[m]->n_atoms * sizeof *weights;
        make_frames(of[m], 0.07, frames);
        assert_ok(choose(of[m], frames, NULL, weights, &report));
        assert_ok(axes_choose_weights(run, N_FRAMES, of[m]->n_atoms, frames, of[m]->weights,
                                      of[m]->shape, NULL, alone, &report_alone));
        assert_memory_equal(weights, alone, bytes);
        assert_true(report.gap == report_alone.gap);
        assert_int_equal(report.n_trials, report_alone.n_trials);
    }
    covary_run_destroy(&run);
}

static void masses_stay_where_they_do(void **state)
{
    const molecule *const of[] = {&bromochlorofluoromethane, &carbon_dioxide, &argon};
    double                frames[N_FRAMES * MOST_WIDTH], weights[MOLECULE_MAX_ATOMS];
    axis_weights_report   report;

    (void)state;
    for (int m = 0; m < 3; m++) {
        make_frames(of[m], 0.02, frames);
        assert_ok(choose(of[m], frames, NULL, weights, &report));
        assert_true(report.gap >= 0.05 && report.gap == report.gap_masses);
        assert_int_equal(report.n_trials, 0);
        assert_memory_equal(weights, of[m]->weights, (size_t)of[m]->n_atoms * sizeof *weights);
    }
}

/* Equal weights for equivalent atoms; where those cannot help, whatever is best of them. */
static void orbits_share_a_weight(void **state)
{
    const int32_t       pairs[5] = {7, -1, -1, 3, 4}, all[4] = {0, 1, 1, 1};
    double              frames[N_FRAMES * MOST_WIDTH], weights[MOLECULE_MAX_ATOMS];
    axis_weights_report report;

    (void)state;
    make_frames(&methane, 0.04, frames);
    assert_ok(choose(&methane, frames, pairs, weights, &report));
    assert_true(report.gap >= 0.1);
    assert_true(weights[1] == weights[2] && weights[3] != weights[4]);
    check_weights(&methane, weights);

    make_frames(&ammonia, 0.04, frames);
    assert_ok(choose(&ammonia, frames, all, weights, &report));
    assert_true(weights[1] == weights[2] && weights[2] == weights[3]);
    assert_true(report.gap >= report.gap_masses && report.gap < 0.1);
}

static void bent_water(double angle, double *positions)
{
    memset(positions, 0, 9 * sizeof *positions);
    for (int atom = 1; atom < 3; atom++) {
        positions[3 * atom] = 0.96 * sin(0.5 * angle) * (atom == 1 ? 1.0 : -1.0);
        positions[3 * atom + 1] = 0.96 * cos(0.5 * angle);
    }
}

/*
 * What is left of the largest step of the axes (up to signs) between two angles, after bisection:
 * 0 for axes that are continuous.
 */
static double jump(const axes *rule, double from, double to)
{
    double lab[9], left[9], right[9], difference = 0.0;
    pose   at;

    for (int halving = 0; halving < 40; halving++) {
        double       step[2] = {0.0, 0.0};
        const double ends[3] = {from, 0.5 * (from + to), to};
        for (int k = 0; k < 3; k++) {
            bent_water(ends[k], lab);
            assert_ok(axes_pose(rule, lab, &at));
            memcpy(right, at.rotation, sizeof right);
            for (int axis = 0; k > 0 && axis < 3; axis++) {
                step[k - 1] += 1.0 - fabs(vector3_dot(left + 3 * axis, right + 3 * axis));
            }
            memcpy(left, right, sizeof left);
        }
        difference = fmax(step[0], step[1]);
        from = step[0] >= step[1] ? from : ends[1];
        to = step[0] >= step[1] ? ends[1] : to;
    }
    return difference;
}

/* With masses the two axes in the plane trade places near 87 degrees. */
static void axes_pass_a_crossing_of_the_masses(void **state)
{
    double              frames[N_FRAMES * 9], weights[3];
    axis_weights_report report;
    axes               *rule = NULL;
    const double        low = 1.2, high = 2.3;

    (void)state;
    for (int frame = 0; frame < N_FRAMES; frame++) {
        bent_water(low + (high - low) * frame / (N_FRAMES - 1), frames + 9 * frame);
    }
    assert_ok(choose(&water, frames, NULL, weights, &report));
    assert_true(report.gap_masses < 0.02 && report.gap >= 0.1);
    assert_ok(axes_create(axes_find("inertia"), 3, water.weights, frames, false, &rule));
    rule->signs = SIGNS_GROUP;
    assert_true(jump(rule, low, high) > 0.9);
    assert_ok(axes_set_weights(rule, weights));
    assert_true(jump(rule, low, high) < 1e-12);
    axes_destroy(&rule);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    double              frames[N_FRAMES * 12], weights[4];
    const double        massless[4] = {14, 1, 0, 1};
    axis_weights_report report;
    int64_t             first, count;
    memory_ledger       before = memory_state();

    (void)state;
    molecule_share(N_FRAMES, &first, &count);
    assert_int_equal(axes_choose_weights(test_run(), 0, 4, NULL, ammonia.weights, SHAPE_SPATIAL,
                                         NULL, weights, &report),
                     COVARY_ERR_DATA);
    assert_message("no frame");
    make_frames(&ammonia, 0.04, frames);
    assert_int_equal(axes_choose_weights(test_run(), count, 4, frames + 12 * first, massless,
                                         SHAPE_SPATIAL, NULL, weights, &report),
                     COVARY_ERR_DATA);
    assert_message("atom 3 has the weight 0");
    frames[3 * 12 + 4] = NAN; /* of one rank only */
    assert_int_equal(choose(&ammonia, frames, NULL, weights, &report), COVARY_ERR_NUMERIC);
    assert_message("training frame 4 has no finite position for atom 2");
    assert_int_equal(memory_state().blocks, before.blocks);
}

/* The first agreement is that of the run itself; from then on each one fails, on each rank. */
static void faults_are_heard_by_all_and_leak_nothing(void **state)
{
    double              frames[N_FRAMES * 12], weights[4];
    axis_weights_report report;
    int64_t             first, count;

    (void)state;
    make_frames(&ammonia, 0.04, frames);
    molecule_share(N_FRAMES, &first, &count);
    for (int rank = 0; rank < covary_run_size(test_run()); rank++) {
        covary_status status = COVARY_ERR_INTERNAL;
        int           faults = 0;
        while (status != COVARY_OK && faults < 20) {
            covary_run   *run = NULL;
            memory_ledger before = memory_state();
            char          fault[32];
            snprintf(fault, sizeof fault, "%d:%d", faults + 2, rank);
            setenv("COVARY_FAULT", fault, 1);
            assert_ok(covary_run_create(covary_run_comm(test_run()), NULL, &run));
            unsetenv("COVARY_FAULT");
            status = axes_choose_weights(run, count, 4, frames + 12 * first, ammonia.weights,
                                         SHAPE_SPATIAL, NULL, weights, &report);
            covary_run_destroy(&run);
            assert_true(status == COVARY_OK || status == COVARY_ERR_INTERNAL);
            assert_int_equal(memory_state().blocks, before.blocks);
            faults += status != COVARY_OK;
        }
        assert_int_equal(faults, 5); /* all of its own agreements were visited */
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(tops_get_apart),
    cmocka_unit_test(a_full_turn_of_dichloroethane_stays_apart),
    cmocka_unit_test(weights_do_not_depend_on_the_ranks),
    cmocka_unit_test(masses_stay_where_they_do),
    cmocka_unit_test(orbits_share_a_weight),
    cmocka_unit_test(axes_pass_a_crossing_of_the_masses),
    cmocka_unit_test(failures_are_the_same_on_every_rank),
    cmocka_unit_test(faults_are_heard_by_all_and_leak_nothing),
};

TEST_MAIN(cases)
