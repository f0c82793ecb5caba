/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a run, for the files of src/core that share it (run, status, log, progress). */
#ifndef COVARY_CORE_RUN_H
#define COVARY_CORE_RUN_H

#include "core/float_mode.h"
#include <covary/run.h>
#include <stdio.h>

enum { RUN_MAX_TIMERS = 32 };

typedef struct {
    const char *phase;
    double      started; /* wall time of the open interval, or < 0 */
    double      total;   /* s */
} run_timer;

typedef struct {
    const char *phase, *unit;
    int64_t     total;
    double      started, last_shown;
    bool        bar; /* redraw one line of a terminal, instead of writing new lines */
} run_progress;

struct covary_run {
    MPI_Comm           comm;
    int                rank, size;
    covary_run_options options;
    bool               handlers_set;  /* ours are installed */
    float_mode         mode_before;   /* of the thread that created the run */
    bool               crowding_told; /* the warning about too few cores is given once */
    FILE              *log_json;      /* rank 0 only */
    double             started;
    run_timer          timers[RUN_MAX_TIMERS];
    int                n_timers;
    run_progress       progress;
    int                agreements; /* counted for fault injection */
    int                fault_at, fault_rank;
    bool               fault_stops; /* the fault is a request to stop */
};

#endif
