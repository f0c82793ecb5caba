/* SPDX-License-Identifier: BSD-3-Clause */
/* Time of the slowest rank, in turns with a reference. */
#include "measure.h"

#include "core/status.h"

#include <stdio.h>

static const char *ranks_text(covary_run *run, char text[32])
{
    const int n = covary_run_size(run);

    snprintf(text, 32, ", %d rank%s", n, n == 1 ? "" : "s");
    return text;
}

void measure_report(covary_run *run, const char *name, const char *unit, double rate)
{
    char ranks[32];

    if (covary_run_rank(run) == 0) {
        printf("sample\t%s%s\t%s\t%.9g\n", name, ranks_text(run, ranks), unit, rate);
        fflush(stdout);
    }
}

static covary_status go(covary_run *run, const measured *of, bool report)
{
    covary_status status = COVARY_OK;
    MPI_Comm      comm = covary_run_comm(run);
    double        begin, mine, slowest;

    if (of->prepare != NULL) {
        COVARY_TRY_TOGETHER(run, "prepare a benchmark", of->prepare(of->context));
    }
    MPI_Barrier(comm);
    begin = MPI_Wtime();
    status = of->work(of->context);
    mine = MPI_Wtime() - begin;
    COVARY_TRY_TOGETHER(run, "run a benchmark", status);
    MPI_Allreduce(&mine, &slowest, 1, MPI_DOUBLE, MPI_MAX, comm);
    if (report) {
        measure_report(run, of->name, of->unit, of->amount / slowest);
    }

done:
    return status;
}

covary_status measure(covary_run *run, const measured *of, const measured *reference)
{
    covary_status status = COVARY_OK;
    const int     repeats = of->repeats > 0 ? of->repeats : MEASURE_REPEATS;
    char          ranks[32];

    ranks_text(run, ranks);
    for (int repeat = -1; repeat < repeats; repeat++) {
        COVARY_TRY(go(run, of, repeat >= 0));
        if (reference != NULL) {
            COVARY_TRY(go(run, reference, repeat >= 0));
        }
    }
    if (reference != NULL && covary_run_rank(run) == 0) {
        printf("ratio\t%s%s\t%s%s\n", of->name, ranks, reference->name, ranks);
    }

done:
    return status;
}
