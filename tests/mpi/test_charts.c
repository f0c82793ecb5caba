/* SPDX-License-Identifier: BSD-3-Clause */
/* Blended Eckart axes: covariant, smooth, the same on any number of ranks.   ranks: 1 2 3 4 */
#include "support.h"

#include "core/memory.h"
#include "geometry/charts.h"
#include "geometry/eigen3.h"
#include "geometry/vector3.h"
#include "molecules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FRAMES = 120, MOST_WIDTH = 3 * MOLECULE_MAX_ATOMS };

static const double TURN = 6.283185307179586;

static void shake_and_twist(test_random *stream, const molecule *of, double amplitude, double angle,
                            double *out)
{
    molecule_shake(stream, of, amplitude, out);
    if (of == &dichloroethane) {
        dichloroethane_twist(angle, out);
    }
}

/* Dichloroethane all the way around its bond, shaken, turned and moved. */
static void make_twisted(double amplitude, double *frames)
{
    test_random stream = {41};
    double      shaken[24], q[9];

    for (int frame = 0; frame < N_FRAMES; frame++) {
        const double t[3] = {test_normal(&stream), 0, 1};
        shake_and_twist(&stream, &dichloroethane, amplitude, TURN * frame / N_FRAMES, shaken);
        test_rotation(&stream, frame % 2, q);
        molecule_move(8, q, t, shaken, frames + 24 * frame);
    }
}

static void make_shaken(const molecule *of, double amplitude, double *frames)
{
    test_random stream = {42};

    for (int frame = 0; frame < N_FRAMES; frame++) {
        molecule_shake(&stream, of, amplitude, frames + 3 * of->n_atoms * frame);
    }
}

static charts *choose(const molecule *of, int count, const double *frames, bool improper)
{
    charts *found = NULL;
    int64_t first, n_local;

    molecule_share(N_FRAMES, &first, &n_local);
    assert_ok(charts_choose(test_run(), count, n_local, of->n_atoms,
                            frames + 3 * of->n_atoms * first, of->weights, NULL, improper,
                            of->shape, &found));
    return found;
}

static charts *twisted_charts(int count, bool improper)
{
    double frames[24 * N_FRAMES];

    make_twisted(0.0, frames);
    return choose(&dichloroethane, count, frames, improper);
}

static void one_chart_is_plain_eckart(void **state)
{
    test_random stream = {1};
    double      lab[MOST_WIDTH], weight, margin;
    pose        at, plain;

    (void)state;
    for (const molecule *const *of = molecules; *of != NULL; of++) {
        charts *single = NULL;
        axes   *rule = NULL;
        assert_ok(charts_create(1, (*of)->n_atoms, (*of)->weights, (*of)->positions, true,
                                (*of)->shape, NAN, false, &single));
        assert_ok(axes_create(axes_find("eckart"), (*of)->n_atoms, (*of)->weights, (*of)->positions,
                              true, &rule));
        for (int k = 0; k < 20; k++) {
            molecule_shake(&stream, *of, 0.3, lab);
            assert_ok(charts_pose(single, lab, &at, &weight, &margin));
            assert_ok(axes_pose(rule, lab, &plain));
            assert_memory_equal(at.rotation, plain.rotation, sizeof plain.rotation);
            assert_true(weight == 1.0 && margin == plain.margin);
        }
        axes_destroy(&rule);
        charts_destroy(&single);
    }
}

/* v_r(QX + t) = v_r(X) and R_r(QX + t) = R_r(X) Q^T. */
static void weights_are_invariant(void **state)
{
    test_random stream = {2};

    (void)state;
    for (int improper = 0; improper < 2; improper++) {
        charts *of = twisted_charts(5, improper);
        for (int k = 0; k < 300; k++) {
            const double t[3] = {test_normal(&stream), test_normal(&stream), 3};
            double lab[24], moved[24], q[9], expected[9], v[CHARTS_MAX], w[CHARTS_MAX], sum = 0.0;
            double margin, margin_moved;
            pose   at[CHARTS_MAX], then[CHARTS_MAX];

            shake_and_twist(&stream, &dichloroethane, 0.05, TURN * test_uniform(&stream), lab);
            test_rotation(&stream, improper && k % 2, q);
            molecule_move(8, q, t, lab, moved);
            assert_ok(charts_pose(of, lab, at, v, &margin));
            assert_ok(charts_pose(of, moved, then, w, &margin_moved));
            assert_near(largest_difference(of->n_charts, v, w), 0.0, 1e-13);
            assert_near(margin, margin_moved, 1e-13);
            assert_true(margin > 0.0 && margin <= 1.0);
            for (int r = 0; r < of->n_charts; r++) {
                sum += v[r] * v[r];
                if (v[r] > 1e-3) {
                    matrix3_multiply(at[r].rotation, q, true, expected);
                    assert_near(largest_difference(9, then[r].rotation, expected), 0.0, 1e-11);
                }
            }
            assert_near(sum, 1.0, 1e-14);
        }
        charts_destroy(&of);
    }
}

/* Lines, planes, tops and points: blends of three references turn with the molecule, too. */
static void charts_of_any_shape_turn_with_the_molecule(void **state)
{
    test_random stream = {6};

    (void)state;
    for (int m = 0; molecules[m / 2] != NULL; m++) {
        const molecule *of = molecules[m / 2];
        double          references[3 * MOST_WIDTH], lab[MOST_WIDTH], moved[MOST_WIDTH];
        double          body[MOST_WIDTH], again[MOST_WIDTH], q[9], v[3], w[3], margin, same;
        charts         *made = NULL;
        pose            at[3], then[3];

        for (int r = 0; r < 3; r++) {
            molecule_shake(&stream, of, 0.05, references + 3 * of->n_atoms * r);
        }
        assert_ok(charts_create(3, of->n_atoms, of->weights, references, m % 2, of->shape, 0.05,
                                false, &made));
        for (int k = 0; k < 50; k++) {
            const double t[3] = {test_normal(&stream), 2, 3};
            molecule_shake(&stream, of, 0.05, lab);
            test_rotation(&stream, m % 2 && k % 2, q);
            molecule_move(of->n_atoms, q, t, lab, moved);
            assert_ok(charts_pose(made, lab, at, v, &margin));
            assert_ok(charts_pose(made, moved, then, w, &same));
            assert_near(largest_difference(3, v, w), 0.0, 1e-11);
            assert_near(v[0] * v[0] + v[1] * v[1] + v[2] * v[2], 1.0, 1e-14);
            assert_near(margin, same, 1e-12);
            for (int r = 0; r < 3; r++) {
                pose_to_body(&at[r], of->n_atoms, lab, body);
                pose_to_body(&then[r], of->n_atoms, moved, again);
                assert_near(v[r] * largest_difference(3 * of->n_atoms, body, again), 0.0, 1e-11);
            }
        }
        charts_destroy(&made);
    }
}

/* The gap by eigenvalues of M, as the head of charts.h has it in words. */
static double gap_by_eigenvalues(const axes *rule, const double *body)
{
    double m[9] = {0.0}, s[3], vectors[9];

    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        for (int i = 0; i < 9; i++) {
            m[i] +=
                rule->weights[atom] * body[3 * atom + i / 3] * rule->reference[3 * atom + i % 3];
        }
    }
    eigen3_symmetric(m, s, vectors);
    if (rule->shape == SHAPE_PLANAR) {
        return s[1] * s[2];
    }
    return rule->improper ? s[0] * s[1] * s[2] : (s[0] + s[1]) * (s[1] + s[2]) * (s[0] + s[2]);
}

static void weights_follow_their_formula(void **state)
{
    const molecule *const of[] = {&dichloroethane, &water};
    test_random           stream = {3};

    (void)state;
    for (int variant = 0; variant < 4; variant++) {
        const molecule *m = of[variant / 2];
        double          references[4 * MOST_WIDTH], lab[MOST_WIDTH], body[MOST_WIDTH];
        charts         *made = NULL;

        for (int r = 0; r < 4; r++) {
            shake_and_twist(&stream, m, 0.1, 1.5 * r, references + 3 * m->n_atoms * r);
        }
        assert_ok(charts_create(4, m->n_atoms, m->weights, references, variant % 2, m->shape, 0.4,
                                false, &made));
        for (int k = 0; k < 100; k++) {
            double v[4], u[4], margin, norm = 0.0;
            pose   at[4];
            shake_and_twist(&stream, m, 0.1, TURN * test_uniform(&stream), lab);
            assert_ok(charts_pose(made, lab, at, v, &margin));
            for (int r = 0; r < 4; r++) {
                double square = 0.0, total = 0.0;
                pose_to_body(&at[r], m->n_atoms, lab, body);
                for (int64_t i = 0; i < 3 * m->n_atoms; i++) {
                    square += m->weights[i / 3] * pow(body[i] - made->rules[r]->reference[i], 2);
                    total += m->weights[i / 3] / 3.0;
                }
                double t = gap_by_eigenvalues(made->rules[r], body) /
                           gap_by_eigenvalues(made->rules[r], made->rules[r]->reference) / 0.25;
                t = fmin(1.0, fmax(0.0, t));
                u[r] = (10 * pow(t, 3) - 15 * pow(t, 4) + 6 * pow(t, 5)) *
                       exp(-square / total / (2 * 0.4 * 0.4));
                norm += u[r] * u[r];
            }
            for (int r = 0; r < 4; r++) {
                assert_near(v[r], u[r] / sqrt(norm), 1e-11);
            }
        }
        charts_destroy(&made);
    }
}

enum { SIGNAL = 10 * CHARTS_MAX };

/* v_r and v_r R_r at one angle, or their derivatives if step > 0. */
static void signal_at(const charts *of, double angle, double step, double signal[SIGNAL])
{
    memset(signal, 0, SIGNAL * sizeof *signal);
    for (int side = step > 0.0 ? -1 : 1; side < 2; side += 2) {
        const double factor = step > 0.0 ? 0.5 * side / step : 1.0;
        double       lab[24], v[CHARTS_MAX], margin;
        pose         at[CHARTS_MAX];
        memcpy(lab, dichloroethane.positions, sizeof lab);
        dichloroethane_twist(angle + side * step, lab);
        assert_ok(charts_pose(of, lab, at, v, &margin));
        for (int r = 0; r < of->n_charts; r++) {
            signal[10 * r] += factor * v[r];
            for (int k = 0; k < 9; k++) {
                signal[10 * r + 1 + k] += factor * v[r] * at[r].rotation[k];
            }
        }
    }
}

/* The largest step around the loop that is left when intervals are halved down to `width`. */
static double largest_jump(const charts *of, double step, double width)
{
    enum { STEPS = 500 };
    double left[SIGNAL], middle[SIGNAL], right[SIGNAL], largest = 0.0;

    for (int k = 0; k < STEPS; k++) {
        double from = TURN * k / STEPS, to = TURN * (k + 1) / STEPS, difference = 0.0;
        signal_at(of, from, step, left);
        signal_at(of, to, step, right);
        difference = largest_difference(SIGNAL, left, right);
        while (to - from > width && difference > largest) {
            signal_at(of, 0.5 * (from + to), step, middle);
            const double before = largest_difference(SIGNAL, left, middle);
            const double after = largest_difference(SIGNAL, middle, right);
            if (before >= after) {
                to = 0.5 * (from + to);
                memcpy(right, middle, sizeof right);
            } else {
                from = 0.5 * (from + to);
                memcpy(left, middle, sizeof left);
            }
            difference = fmax(before, after);
        }
        largest = fmax(largest, difference);
    }
    return largest;
}

static void blend_is_smooth_around_the_bond(void **state)
{
    (void)state;
    for (int improper = 0; improper < 2; improper++) {
        charts *single = twisted_charts(1, improper), *blend = twisted_charts(6, improper);
        assert_int_equal(blend->n_charts, 6);
        assert_true(largest_jump(blend, 0.0, 1e-13) < 1e-11);
        assert_true(largest_jump(blend, 1e-6, 1e-5) < 1e-3); /* the derivative is continuous, too */
        if (improper) {
            assert_true(largest_jump(single, 0.0, 1e-13) > 1.0);
        }
        charts_destroy(&blend);
        charts_destroy(&single);
    }
}

/* Floppy molecules get several charts, and with them no frame near an ambiguity. */
static void auto_takes_as_many_as_needed(void **state)
{
    const molecule *const rigid[] = {&argon,   &carbon_dioxide,           &water,
                                     &hexagon, &bromochlorofluoromethane, &ammonia};
    double                frames[N_FRAMES * MOST_WIDTH];

    (void)state;
    for (size_t m = 0; m < sizeof rigid / sizeof rigid[0]; m++) {
        make_shaken(rigid[m], 0.03, frames);
        charts *of = choose(rigid[m], 0, frames, false);
        assert_int_equal(of->n_charts, 1);
        charts_destroy(&of);
    }
    make_twisted(0.03, frames);
    for (int improper = 0; improper < 2; improper++) {
        charts *of = choose(&dichloroethane, 0, frames, improper);
        charts *single = choose(&dichloroethane, 1, frames, improper);
        double  least = 1.0, least_single = 1.0, margin, v[CHARTS_MAX];
        pose    at[CHARTS_MAX];
        assert_in_range(of->n_charts, 2, 6);
        for (int frame = 0; frame < N_FRAMES; frame++) {
            assert_ok(charts_pose(of, frames + 24 * frame, at, v, &margin));
            least = fmin(least, margin);
            assert_ok(charts_pose(single, frames + 24 * frame, at, v, &margin));
            least_single = fmin(least_single, margin);
        }
        assert_true(least > 1.5 * least_single);
        charts_destroy(&single);
        charts_destroy(&of);
    }
}

/* A bent molecule that is nearly linear in every frame: more references are no cure. */
static void auto_takes_one_where_more_do_not_help(void **state)
{
    double      frames[9 * N_FRAMES];
    molecule    bent = carbon_dioxide;
    test_random stream = {4};

    (void)state;
    bent.shape = SHAPE_PLANAR;
    make_shaken(&carbon_dioxide, 0.02, frames);
    for (int frame = 0; frame < N_FRAMES; frame++) {
        frames[9 * frame] += 0.01 * test_normal(&stream);
    }
    charts *of = choose(&bent, 0, frames, true);
    assert_int_equal(of->n_charts, 1);
    charts_destroy(&of);
}

/* Each reference lies as the rule of some earlier one would turn it. */
static void references_are_turned_to_one_another(void **state)
{
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

    (void)state;
    for (int improper = 0; improper < 2; improper++) {
        charts *of = twisted_charts(6, improper);
        for (int r = 1; r < of->n_charts; r++) {
            double least = 1.0;
            pose   at;
            for (int before = 0; before < r; before++) {
                assert_ok(axes_pose(of->rules[before], of->rules[r]->reference, &at));
                least = fmin(least, largest_difference(9, at.rotation, identity));
            }
            assert_near(least, 0.0, 1e-12);
        }
        charts_destroy(&of);
    }
}

/* References on a ring of torsions: no gap larger than twice the mean, none double. */
static void references_are_spread_out(void **state)
{
    (void)state;
    charts *of = twisted_charts(6, false);
    for (int r = 0; r < 6; r++) {
        double nearest = HUGE_VAL;
        for (int s = 0; s < 6; s++) {
            double square = 0.0, total = 0.0, body[24];
            pose   at;
            assert_ok(axes_pose(of->rules[s], of->rules[r]->reference, &at));
            pose_to_body(&at, 8, of->rules[r]->reference, body);
            for (int i = 0; i < 24; i++) {
                square +=
                    of->rules[s]->weights[i / 3] * pow(body[i] - of->rules[s]->reference[i], 2);
                total += of->rules[s]->weights[i / 3] / 3.0;
            }
            nearest = s == r ? nearest : fmin(nearest, sqrt(square / total));
        }
        assert_true(nearest > of->width && nearest < 4.0 * of->width);
    }
    charts_destroy(&of);
}

static void charts_do_not_depend_on_the_ranks(void **state)
{
    double      frames[24 * N_FRAMES];
    covary_run *run = NULL;

    (void)state;
    assert_ok(covary_run_create(MPI_COMM_SELF, NULL, &run));
    make_twisted(0.05, frames);
    for (int count = 0; count < 8; count += 3) {
        charts *of = choose(&dichloroethane, count, frames, true), *alone = NULL;
        assert_ok(charts_choose(run, count, N_FRAMES, 8, frames, dichloroethane.weights, NULL, true,
                                SHAPE_SPATIAL, &alone));
        assert_int_equal(of->n_charts, alone->n_charts);
        assert_true(of->width == alone->width);
        for (int r = 0; r < of->n_charts; r++) {
            assert_memory_equal(of->rules[r]->reference, alone->rules[r]->reference,
                                24 * sizeof(double));
        }
        charts_destroy(&alone);
        charts_destroy(&of);
    }
    covary_run_destroy(&run);
}

/* As a model file gives them back. */
static void turned_references_are_taken_as_they_are(void **state)
{
    charts *of = twisted_charts(4, true), *again = NULL;
    double  references[4 * 24], lab[24], v[4], w[4], margin, same;
    pose    at[4];

    (void)state;
    for (int r = 0; r < 4; r++) {
        memcpy(references + 24 * r, of->rules[r]->reference, 24 * sizeof *references);
    }
    assert_ok(charts_create(4, 8, dichloroethane.weights, references, true, SHAPE_SPATIAL,
                            of->width, true, &again));
    for (int k = 0; k < 50; k++) {
        memcpy(lab, dichloroethane.positions, sizeof lab);
        dichloroethane_twist(0.11 * k, lab);
        assert_ok(charts_pose(of, lab, at, v, &margin));
        assert_ok(charts_pose(again, lab, at, w, &same));
        assert_memory_equal(v, w, sizeof v);
        assert_true(margin == same);
    }
    charts_destroy(&again);
    charts_destroy(&of);
}

static void a_given_first_reference_stays(void **state)
{
    double  frames[24 * N_FRAMES], first[24];
    charts *of = NULL;
    axes   *rule = NULL;
    int64_t begin, count;

    (void)state;
    make_twisted(0.0, frames);
    memcpy(first, dichloroethane.positions, sizeof first);
    dichloroethane_twist(0.3, first);
    molecule_share(N_FRAMES, &begin, &count);
    assert_ok(charts_choose(test_run(), 4, count, 8, frames + 24 * begin, dichloroethane.weights,
                            first, false, SHAPE_SPATIAL, &of));
    assert_ok(axes_create(axes_find("eckart"), 8, dichloroethane.weights, first, false, &rule));
    assert_int_equal(of->n_charts, 4);
    assert_near(largest_difference(24, of->rules[0]->reference, rule->reference), 0.0, 1e-13);
    axes_destroy(&rule);
    charts_destroy(&of);
}

static void equal_frames_make_one_chart(void **state)
{
    double      frames[24 * N_FRAMES], q[9];
    test_random stream = {5};

    (void)state;
    for (int frame = 0; frame < N_FRAMES; frame++) {
        const double t[3] = {0, 0, frame};
        test_rotation(&stream, 0, q);
        molecule_move(8, q, t, dichloroethane.positions, frames + 24 * frame);
    }
    charts *of = choose(&dichloroethane, 5, frames, false);
    assert_int_equal(of->n_charts, 1);
    charts_destroy(&of);
}

/* Where every chart is ambiguous no weight is left, and the margin says so. */
static void nothing_is_left_where_all_charts_fail(void **state)
{
    (void)state;
    for (int improper = 0; improper < 2; improper++) {
        charts *of = twisted_charts(4, improper);
        double  line[24], v[CHARTS_MAX], margin = -1.0;
        pose    at[CHARTS_MAX];
        for (int i = 0; i < 24; i++) {
            line[i] = i % 3 == 0 ? dichloroethane.positions[i] : 0.0;
        }
        assert_ok(charts_pose(of, line, at, v, &margin));
        assert_true(margin < 1e-12);
        memset(line, 0, sizeof line);
        assert_ok(charts_pose(of, line, at, v, &margin));
        assert_true(margin == 0.0);
        for (int r = 0; r < of->n_charts; r++) {
            assert_true(v[r] == 0.0);
        }
        line[3] = NAN;
        assert_int_equal(charts_pose(of, line, at, v, &margin), COVARY_ERR_NUMERIC);
        charts_destroy(&of);
    }
}

static void failures_are_the_same_on_every_rank(void **state)
{
    double        frames[24 * N_FRAMES];
    charts       *of = NULL;
    int64_t       first, count;
    memory_ledger before = memory_state();

    (void)state;
    make_twisted(0.0, frames);
    molecule_share(N_FRAMES, &first, &count);
    assert_int_equal(charts_choose(test_run(), 0, 0, 8, NULL, dichloroethane.weights, NULL, true,
                                   SHAPE_SPATIAL, &of),
                     COVARY_ERR_DATA);
    assert_message("no frame");
    assert_int_equal(charts_choose(test_run(), 9, count, 8, frames + 24 * first,
                                   dichloroethane.weights, NULL, true, SHAPE_SPATIAL, &of),
                     COVARY_ERR_DATA);
    assert_message("9 references; there may be 1 to 8");
    frames[5] = NAN; /* of one rank only */
    assert_int_equal(charts_choose(test_run(), 2, count, 8, frames + 24 * first,
                                   dichloroethane.weights, NULL, true, SHAPE_SPATIAL, &of),
                     COVARY_ERR_NUMERIC);
    assert_message("training frame 1 has no finite position for atom 2");
    assert_int_equal(
        charts_create(0, 8, dichloroethane.weights, frames, true, SHAPE_SPATIAL, 0, false, &of),
        COVARY_ERR_DATA);
    memcpy(frames, dichloroethane.positions, 24 * sizeof *frames);
    memcpy(frames + 24, dichloroethane.positions, 24 * sizeof *frames);
    assert_int_equal(
        charts_create(2, 8, dichloroethane.weights, frames, true, SHAPE_SPATIAL, NAN, false, &of),
        COVARY_ERR_DATA);
    assert_message("references of the charts are all the same");
    assert_null(of);
    assert_int_equal(memory_state().blocks, before.blocks);
}

/* The first agreement is that of the run itself; from then on each one fails, on each rank. */
static void faults_are_heard_by_all_and_leak_nothing(void **state)
{
    double  frames[24 * N_FRAMES];
    int64_t first, count;

    (void)state;
    make_twisted(0.0, frames);
    molecule_share(N_FRAMES, &first, &count);
    for (int rank = 0; rank < covary_run_size(test_run()); rank++) {
        covary_status status = COVARY_ERR_INTERNAL;
        int           faults = 0;
        while (status != COVARY_OK && faults < 40) {
            covary_run   *run = NULL;
            charts       *of = NULL;
            memory_ledger before = memory_state();
            char          fault[32];
            snprintf(fault, sizeof fault, "%d:%d", faults + 2, rank);
            setenv("COVARY_FAULT", fault, 1);
            assert_ok(covary_run_create(covary_run_comm(test_run()), NULL, &run));
            unsetenv("COVARY_FAULT");
            status = charts_choose(run, 0, count, 8, frames + 24 * first, dichloroethane.weights,
                                   NULL, false, SHAPE_SPATIAL, &of);
            covary_run_destroy(&run);
            assert_true(status == COVARY_OK || status == COVARY_ERR_INTERNAL);
            assert_true((of == NULL) == (status != COVARY_OK));
            charts_destroy(&of);
            assert_int_equal(memory_state().blocks, before.blocks);
            faults += status != COVARY_OK;
        }
        assert_in_range(faults, 10, 39); /* all of its own agreements were visited */
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(one_chart_is_plain_eckart),
    cmocka_unit_test(weights_are_invariant),
    cmocka_unit_test(charts_of_any_shape_turn_with_the_molecule),
    cmocka_unit_test(weights_follow_their_formula),
    cmocka_unit_test(blend_is_smooth_around_the_bond),
    cmocka_unit_test(auto_takes_as_many_as_needed),
    cmocka_unit_test(auto_takes_one_where_more_do_not_help),
    cmocka_unit_test(references_are_turned_to_one_another),
    cmocka_unit_test(references_are_spread_out),
    cmocka_unit_test(charts_do_not_depend_on_the_ranks),
    cmocka_unit_test(turned_references_are_taken_as_they_are),
    cmocka_unit_test(a_given_first_reference_stays),
    cmocka_unit_test(equal_frames_make_one_chart),
    cmocka_unit_test(nothing_is_left_where_all_charts_fail),
    cmocka_unit_test(failures_are_the_same_on_every_rank),
    cmocka_unit_test(faults_are_heard_by_all_and_leak_nothing),
};

TEST_MAIN(cases)
