/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measuring work against a reference, in turns, so that both see the same state of the machine.
 *
 * Every repeat prints a sample of both; table.awk makes medians, ranges and ratios of them:
 *     sample <tab> name <tab> unit <tab> rate
 *     ratio  <tab> name <tab> name of the reference
 */
#ifndef COVARY_BENCH_MEASURE_H
#define COVARY_BENCH_MEASURE_H

#include <covary/run.h>
#include <covary/status.h>

enum { MEASURE_REPEATS = 5 };

typedef covary_status measured_work(void *context);

typedef struct {
    const char    *name;
    const char    *unit;
    double         amount;  /* of the unit times seconds, done by all ranks together in one go */
    measured_work *prepare; /* before each go, not timed; may be NULL */
    measured_work *work;
    void          *context;
    int            repeats; /* 0: MEASURE_REPEATS */
} measured;

/*
 * Time `of` and `reference` (NULL: alone) `repeats` times in turns, after one go to warm up;
 * the slowest rank counts.  Rank 0 prints, with the number of ranks added to the names. Collective.
 */
covary_status measure(covary_run *run, const measured *of, const measured *reference);

/* One sample that was timed elsewhere.  Collective. */
void measure_report(covary_run *run, const char *name, const char *unit, double rate);

#endif
