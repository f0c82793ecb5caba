/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As test_pipeline_faults.c, for the longer fits: coupled systems under permutations, labels of
 * arbitrary sign, the choice between representations and kernel functions, and the solvers that are
 * not exact.  With the last rank alone, because the others add nothing but time.
 * ranks: 2   without sanitizers, as the walk counts blocks of memory by itself
 */
#include "fault_support.h"

static const char permuted[] = "representation.symmetry=(1 2)(3 4)(5 7)(6 8)";

static covary_status fit_gram(covary_run *run)
{
    static const char *const settings[] = {"ridge=1e-3", "representation.basis=gram",
                                           "representation.descriptor=distances", permuted};

    return fit(run, 4, settings);
}

/* Signs from some frames, those of the others predicted, and a product with the (negative) energy.
 */
static covary_status fit_phases(covary_run *run)
{
    static const char *const settings[] = {
        "ridge=1e-3", "selection.frames=3",
        "properties=[{name: dipole, kind: vector, unit: e*bohr, phase: arbitrary, gap: energy}, "
        "{name: energy, kind: scalar, unit: hartree}]"};

    return fit(run, 3, settings);
}

/* One representation for each basis, and two kernel functions. */
static covary_status fit_candidates(covary_run *run)
{
    static const char *const settings[] = {
        "representation.basis=auto", "representation.descriptor=distances",
        "representation.scaling=none", "kernel.type=auto", permuted};

    return fit(run, 5, settings);
}

static covary_status fit_iterative(covary_run *run)
{
    static const char *const settings[] = {"ridge=1e-3", "solver.type=iterative", "solver.rank=6"};

    return fit(run, 3, settings);
}

static covary_status fit_low_rank(covary_run *run)
{
    static const char *const settings[] = {"ridge=1e-3", "solver.type=low-rank",
                                           "solver.inducing=4"};

    return fit(run, 3, settings);
}

static void fit_with_permutations_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(6, FAULT_BOTH);
    fail_on_last_rank(fit_gram, true, 100);
}

static void fit_with_phases_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(4, FAULT_BOTH);
    fail_on_last_rank(fit_phases, true, 120);
}

static void fit_with_candidates_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(5, FAULT_DIPOLE);
    fail_on_last_rank(fit_candidates, true, 200);
}

static void iterative_fit_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(6, FAULT_BOTH);
    fail_on_last_rank(fit_iterative, true, 100);
}

static void low_rank_fit_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(6, FAULT_BOTH);
    fail_on_last_rank(fit_low_rank, true, 100);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(fit_with_permutations_survives_every_fault),
    cmocka_unit_test(fit_with_phases_survives_every_fault),
    cmocka_unit_test(fit_with_candidates_survives_every_fault),
    cmocka_unit_test(iterative_fit_survives_every_fault),
    cmocka_unit_test(low_rank_fit_survives_every_fault),
};

TEST_MAIN(cases)
