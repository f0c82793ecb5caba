/* SPDX-License-Identifier: BSD-3-Clause */
/* The medoid does not depend on how frames are spread over ranks.   ranks: 1 2 3 5 */
#include "support.h"

#include "core/memory.h"
#include "geometry/reference.h"
#include "molecules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FRAMES = 23, N_ATOMS = 8, WIDTH = 3 * N_ATOMS };

static void make_frames(double frames[N_FRAMES][WIDTH])
{
    test_random stream = {31};
    double      shaken[WIDTH], q[9];

    for (int frame = 0; frame < N_FRAMES; frame++) {
        const double t[3] = {test_normal(&stream), 0, 0};
        molecule_shake(&stream, &dichloroethane, 0.02 * (1 + (frame + 9) % N_FRAMES), shaken);
        test_rotation(&stream, frame % 2, q);
        molecule_move(N_ATOMS, q, t, shaken, frames[frame]);
    }
}

static double separation(const double *frame, int i, int j)
{
    double square = 0.0;

    for (int k = 0; k < 3; k++) {
        square += pow(frame[3 * i + k] - frame[3 * j + k], 2);
    }
    return sqrt(square);
}

/* Written the slow way: in one loop, on all frames. */
static int serial_medoid(double frames[N_FRAMES][WIDTH])
{
    double score[N_FRAMES] = {0.0};
    int    best = 0;

    for (int i = 0; i < N_ATOMS; i++) {
        for (int j = 0; j < i; j++) {
            double mean = 0.0;
            for (int frame = 0; frame < N_FRAMES; frame++) {
                mean += separation(frames[frame], i, j) / N_FRAMES;
            }
            for (int frame = 0; frame < N_FRAMES; frame++) {
                score[frame] += pow(separation(frames[frame], i, j) - mean, 2);
            }
        }
    }
    for (int frame = 1; frame < N_FRAMES; frame++) {
        best = score[frame] < score[best] ? frame : best;
    }
    return best;
}

static void medoid_is_that_of_all_frames(void **state)
{
    double  frames[N_FRAMES][WIDTH], reference[WIDTH];
    int64_t first, count;

    (void)state;
    make_frames(frames);
    molecule_share(N_FRAMES, &first, &count);
    const int best = serial_medoid(frames);
    assert_int_equal(best, 14); /* the least shaken one, on no rank's edge */
    assert_ok(
        reference_medoid(test_run(), count, N_ATOMS, count > 0 ? frames[first] : NULL, reference));
    assert_memory_equal(reference, frames[best], sizeof reference);
}

static void first_of_equal_frames_is_taken(void **state)
{
    double      frames[N_FRAMES][WIDTH], reference[WIDTH], q[9];
    test_random stream = {32};
    int64_t     first, count;

    (void)state;
    make_frames(frames);
    molecule_share(N_FRAMES, &first, &count);
    const double t[3] = {3, 2, 1};
    test_rotation(&stream, 1, q); /* the same distances up to rounding */
    molecule_move(N_ATOMS, q, t, frames[14], frames[5]);
    molecule_move(N_ATOMS, q, t, frames[5], frames[21]);
    assert_ok(
        reference_medoid(test_run(), count, N_ATOMS, count > 0 ? frames[first] : NULL, reference));
    assert_memory_equal(reference, frames[5], sizeof reference);
}

static void identical_frames_give_the_first(void **state)
{
    double      frames[N_FRAMES][WIDTH], reference[WIDTH], q[9];
    test_random stream = {33};
    int64_t     first, count;

    (void)state;
    molecule_share(N_FRAMES, &first, &count);
    for (int frame = 0; frame < N_FRAMES; frame++) {
        const double t[3] = {0, 0, frame};
        test_rotation(&stream, 0, q);
        molecule_move(N_ATOMS, q, t, dichloroethane.positions, frames[frame]);
    }
    assert_ok(
        reference_medoid(test_run(), count, N_ATOMS, count > 0 ? frames[first] : NULL, reference));
    assert_memory_equal(reference, frames[0], sizeof reference);
}

static void atoms_have_a_reference(void **state)
{
    const int rank = covary_run_rank(test_run());
    double    frame[3] = {1.0 + rank, 2.0, 3.0}, reference[3] = {0};

    (void)state;
    assert_ok(reference_medoid(test_run(), 1, 1, frame, reference));
    assert_true(reference[0] == 1.0 && reference[2] == 3.0);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    double        frames[N_FRAMES][WIDTH], reference[WIDTH];
    int64_t       first, count;
    memory_ledger before = memory_state();

    (void)state;
    assert_int_equal(reference_medoid(test_run(), 0, N_ATOMS, NULL, reference), COVARY_ERR_DATA);
    assert_message("no frame");
    make_frames(frames);
    molecule_share(N_FRAMES, &first, &count);
    frames[3][4] = NAN; /* of one rank only */
    assert_int_equal(
        reference_medoid(test_run(), count, N_ATOMS, count > 0 ? frames[first] : NULL, reference),
        COVARY_ERR_NUMERIC);
    assert_message("not finite");
    assert_int_equal(memory_state().blocks, before.blocks);
}

/* The first agreement is that of the run itself; from then on each one fails, on each rank. */
static void faults_are_heard_by_all_and_leak_nothing(void **state)
{
    double  frames[N_FRAMES][WIDTH], reference[WIDTH];
    int64_t first, count;

    (void)state;
    make_frames(frames);
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
            status =
                reference_medoid(run, count, N_ATOMS, count > 0 ? frames[first] : NULL, reference);
            covary_run_destroy(&run);
            assert_true(status == COVARY_OK || status == COVARY_ERR_INTERNAL);
            assert_int_equal(memory_state().blocks, before.blocks);
            faults += status != COVARY_OK;
        }
        assert_int_equal(faults, 2); /* both of its own agreements were visited */
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(medoid_is_that_of_all_frames),
    cmocka_unit_test(first_of_equal_frames_is_taken),
    cmocka_unit_test(identical_frames_give_the_first),
    cmocka_unit_test(atoms_have_a_reference),
    cmocka_unit_test(failures_are_the_same_on_every_rank),
    cmocka_unit_test(faults_are_heard_by_all_and_leak_nothing),
};

TEST_MAIN(cases)
