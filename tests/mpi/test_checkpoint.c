/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fit that is stopped or fails at any point gives the same model when it is run again, to the
 * last bit on the same number of ranks; nothing but its checkpoint is left in between, and nothing
 * at the end.  On another number of ranks the model is the same to rounding.
 * ranks: 1 2
 *
 * Some of the points at which ranks agree are visited; the walk through all of them is that of
 * test_pipeline_faults.c.
 */
#include "checkpoint_support.h"

#include "model/model.h"
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static int n_agreements; /* of a fit without any interruption */

/* The model without any interruption, in reference.h5. */
static void make_reference(void)
{
    assert_ok(perform_here(fit_kept, NULL));
    n_agreements = agreements;
    assert_int_equal(count_outputs(), 1);
    copy_file("output.h5", "reference.h5");
    remove_file("output.h5");
}

/* Again, to the end, from whatever is left. */
static void finish_and_compare(int fault)
{
    const covary_status status = perform_here(fit_kept, NULL);

    if (status != COVARY_OK || !same_files("output.h5", "reference.h5") || count_outputs() != 1) {
        fail_msg("interrupted at agreement %d: %s", fault,
                 status != COVARY_OK ? covary_status_message() : "another model");
    }
    remove_file("output.h5");
}

/* Interrupt the last rank at some points, more of them near the end; how many left a checkpoint. */
static int interrupt_everywhere(const char *how, int n_points)
{
    const int     last = covary_run_size(test_run()) - 1, n = n_agreements;
    const int64_t held = memory_state().blocks;
    int           n_kept = 0;

    assert_true(n > 200);
    for (int point = 0; point < n_points; point++) {
        const double left = 1.0 - (double)point / n_points;
        const int    fault = 3 + (int)((n - 3) * (1.0 - left * left));
        char         fault_text[32];

        snprintf(fault_text, sizeof fault_text, "%d:%d%s", fault, last, how);
        const covary_status status = perform_here(fit_kept, fault_text);
        assert_true(memory_state().blocks == held);
        if (status == COVARY_OK) { /* there was no point at which to stop any more */
            assert_string_equal(how, ":stop");
            remove_file("output.h5");
            break;
        }
        assert_int_equal(status, *how == '\0' ? COVARY_ERR_INTERNAL : COVARY_STOPPED);
        const bool kept = is_there("output.h5.checkpoint");
        assert_int_equal(count_outputs(), kept);
        if (kept && status == COVARY_STOPPED) {
            assert_message("what is done is kept in");
            assert_message("run the same command again to go on");
        }
        n_kept += kept;
        finish_and_compare(fault);
    }
    return n_kept;
}

static const char *const phases[] = {
    "ridge=1e-3", "selection.frames=3",
    "properties=[{name: dipole, kind: vector, unit: e*bohr, phase: arbitrary, gap: energy}, "
    "{name: energy, kind: scalar, unit: hartree}]",
    NULL};
static const char *const low_rank[] = {"ridge=1e-3", "solver.type=low-rank", "solver.inducing=4",
                                       NULL};
static const char *const iterative[] = {"ridge=1e-3", "solver.type=iterative", "solver.rank=6",
                                        NULL};
static const char *const candidates[] = {
    "representation.basis=auto",   "representation.descriptor=distances",
    "representation.scaling=none", "kernel.type=auto",
    "selection.frames=4",          NULL};

static void a_stopped_fit_gives_the_same_model(void **unused)
{
    (void)unused;
    prepare(8, FAULT_BOTH);
    more = automatic;
    make_reference();
    assert_true(interrupt_everywhere(":stop", 6) > 0);
}

static void a_failed_fit_gives_the_same_model(void **unused)
{
    (void)unused;
    prepare(8, FAULT_BOTH);
    more = automatic;
    make_reference();
    assert_true(interrupt_everywhere("", 6) > 0);
}

static void signs_of_labels_are_kept(void **unused)
{
    (void)unused;
    prepare(6, FAULT_BOTH);
    more = phases;
    make_reference();
    assert_true(interrupt_everywhere("", 3) > 0);
}

/* Their weights are not the duals that the likelihood is made from. */
static void low_rank_solutions_are_kept(void **unused)
{
    (void)unused;
    prepare(8, FAULT_BOTH);
    more = low_rank;
    make_reference();
    assert_true(interrupt_everywhere("", 3) > 0);
}

/* In the midst of steps, too. */
static void iterative_solutions_are_kept(void **unused)
{
    (void)unused;
    prepare(8, FAULT_BOTH);
    more = iterative;
    make_reference();
    assert_true(interrupt_everywhere(":stop", 3) > 0);
    assert_true(interrupt_everywhere("", 3) > 0);
}

static void the_choice_of_candidates_is_kept(void **unused)
{
    (void)unused;
    prepare(6, FAULT_DIPOLE);
    more = candidates;
    make_reference();
    assert_true(interrupt_everywhere("", 3) > 0);
}

static void reading_survives_faults(void **unused)
{
    const int64_t held = memory_state().blocks;
    covary_status status = COVARY_ERR_INTERNAL;

    (void)unused;
    prepare(8, FAULT_BOTH);
    more = automatic;
    make_reference();
    make_checkpoint();
    for (int fault = 2; status != COVARY_OK; fault += 40) {
        char fault_text[32];

        snprintf(fault_text, sizeof fault_text, "%d:%d", fault, covary_run_size(test_run()) - 1);
        copy_file("kept.checkpoint", "output.h5.checkpoint");
        status = perform_here(fit_kept, fault_text);
        assert_true(memory_state().blocks == held);
        if (status != COVARY_OK) {
            assert_int_equal(status, COVARY_ERR_INTERNAL);
            assert_message("fault injected");
            assert_true(is_there("output.h5.checkpoint"));
            assert_int_equal(count_outputs(), 1);
        }
    }
    assert_true(same_files("output.h5", "reference.h5"));
    remove_file("output.h5");
}

/* A short fit writes nothing on the way, and keeps its state when it is stopped. */
static void short_fits_write_only_before_a_stop(void **unused)
{
    (void)unused;
    prepare(8, FAULT_BOTH);
    more = automatic;
    make_reference();

    static const char *const rarely[] = {"kernel.length=4", "ridge=auto",
                                         "solver.checkpoint_minutes=10", NULL};
    more = rarely;
    make_reference();
    assert_int_equal(interrupt_everywhere("", 4), 0);
    make_checkpoint();
    remove_file("output.h5.checkpoint");

    static const char *const none[] = {"kernel.length=4", "ridge=auto", "solver.checkpoint=none",
                                       NULL};
    more = none;
    make_reference();
    assert_int_equal(interrupt_everywhere("", 4), 0);
}

static void expect_close(const covary_model *a, const covary_model *b)
{
    for (int p = 0; p < a->n_properties; p++) {
        for (int k = 0; k < a->properties[p].n_parts; k++) {
            const model_part *part = &a->properties[p].parts[k];
            const model_part *other = &b->properties[p].parts[k];
            for (int s = 0; s < part->n_systems; s++) {
                const int64_t n =
                    a->n_train * part->systems[s].n_columns * part->systems[s].n_tensors *
                    representation_train_sites(a->representations[part->representation]);
                double largest = 0.0, apart = 0.0;

                assert_true(part->systems[s].ridge == other->systems[s].ridge);
                for (int64_t i = 0; i < n; i++) {
                    largest = fmax(largest, fabs(part->systems[s].weights[i]));
                    apart = fmax(apart,
                                 fabs(part->systems[s].weights[i] - other->systems[s].weights[i]));
                }
                assert_true(largest > 0.0);
                assert_true(apart <= 1e-8 * largest);
            }
        }
        assert_near(a->properties[p].loo.rmse, b->properties[p].loo.rmse, 1e-8);
    }
}

/* What all ranks began, the first rank finishes alone. */
static void another_number_of_ranks_goes_on(void **unused)
{
    const int     rank = covary_run_rank(test_run());
    covary_model *whole = NULL, *resumed = NULL;
    MPI_Comm      one;

    (void)unused;
    MPI_Comm_split(covary_run_comm(test_run()), rank == 0 ? 0 : MPI_UNDEFINED, rank, &one);
    prepare(8, FAULT_BOTH);
    more = automatic;
    make_reference();
    make_checkpoint();
    if (rank == 0) {
        assert_ok(perform_on(one, fit_kept, NULL));
    }
    assert_int_equal(count_outputs(), 1);
    assert_ok(covary_model_load(test_run(), scratch_path("reference.h5"), &whole));
    assert_ok(covary_model_load(test_run(), scratch_path("output.h5"), &resumed));
    expect_close(whole, resumed);
    covary_model_destroy(&resumed);
    remove_file("output.h5");

    covary_model_destroy(&whole);
    if (rank == 0) {
        MPI_Comm_free(&one);
    }
}

static void expect_refusal(covary_status wanted, const char *said)
{
    assert_int_equal(perform_here(fit_kept, NULL), wanted);
    assert_message(said);
    assert_message("output.h5.checkpoint");
    assert_message("solver.checkpoint=none");
    assert_int_equal(count_outputs(), 1);
}

static void a_checkpoint_of_another_fit_is_refused(void **unused)
{
    static const char *const shorter[] = {"kernel.length=3", "ridge=auto", NULL};
    static const char *const ignoring[] = {"kernel.length=3", "ridge=auto",
                                           "solver.checkpoint=none", NULL};
    /* keys that say where and how fast, not what */
    static const char *const elsewhere[] = {"kernel.length=4",
                                            "ridge=auto",
                                            "solver.memory=1",
                                            "solver.block=24",
                                            "solver.factorization=scalapack",
                                            "machine.dgemm=3",
                                            NULL};

    (void)unused;
    prepare(8, FAULT_BOTH);
    more = automatic;
    make_checkpoint();
    more = shorter;
    expect_refusal(COVARY_ERR_CONFIG, "kernel.length is 4 there and 3 here");
    more = ignoring;
    assert_ok(perform_here(fit_kept, NULL));
    assert_true(is_there("output.h5.checkpoint")); /* it is not ours */
    remove_file("output.h5");
    more = elsewhere;
    assert_ok(perform_here(fit_kept, NULL));
    assert_false(is_there("output.h5.checkpoint"));
    remove_file("output.h5");
    more = automatic;
    make_checkpoint();
    prepare(9, FAULT_BOTH);
    more = automatic;
    expect_refusal(COVARY_ERR_DATA, "train.xyz has");
    remove_file("output.h5.checkpoint");
}

/* Leave out the last `bytes` bytes. */
static void cut(const char *name, int64_t bytes)
{
    struct stat about;

    if (covary_run_rank(test_run()) == 0) {
        assert_int_equal(stat(scratch_path(name), &about), 0);
        assert_int_equal(truncate(scratch_path(name), about.st_size - bytes), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

static void what_is_no_checkpoint_is_refused(void **unused)
{
    (void)unused;
    prepare(8, FAULT_BOTH);
    more = automatic;
    make_reference();
    copy_file("reference.h5", "output.h5.checkpoint");
    expect_refusal(COVARY_ERR_FORMAT, "is not a checkpoint of Covary");
    copy_file("train.xyz", "output.h5.checkpoint");
    expect_refusal(COVARY_ERR_FORMAT, "is not an HDF5 file");
    remove_file("output.h5.checkpoint");
    make_checkpoint();
    cut("output.h5.checkpoint", 4096);
    expect_refusal(COVARY_ERR_FORMAT, "is the file complete?");
    remove_file("output.h5.checkpoint");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(a_stopped_fit_gives_the_same_model),
    cmocka_unit_test(a_failed_fit_gives_the_same_model),
    cmocka_unit_test(signs_of_labels_are_kept),
    cmocka_unit_test(low_rank_solutions_are_kept),
    cmocka_unit_test(iterative_solutions_are_kept),
    cmocka_unit_test(the_choice_of_candidates_is_kept),
    cmocka_unit_test(reading_survives_faults),
    cmocka_unit_test(short_fits_write_only_before_a_stop),
    cmocka_unit_test(another_number_of_ranks_goes_on),
    cmocka_unit_test(a_checkpoint_of_another_fit_is_refused),
    cmocka_unit_test(what_is_no_checkpoint_is_refused),
};

TEST_MAIN(cases)
