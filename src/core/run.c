/* SPDX-License-Identifier: BSD-3-Clause */
/* The run: communicator, options, signal flags. */
#include "core/run.h"

#include "core/fault.h"
#include "core/memory.h"
#include "core/run_options.h"
#include "core/status.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A signal handler can reach nothing but a flag; it is the process's, like the signal itself. */
static volatile sig_atomic_t stop_requested;

static const int stop_signals[] = {SIGINT, SIGTERM, SIGUSR1};
enum { N_STOP_SIGNALS = sizeof stop_signals / sizeof stop_signals[0] };

/* The handlers that were there before, to be put back; the process's as well. */
static struct sigaction handlers_before[N_STOP_SIGNALS];

/*
 * A request to stop.  Launchers and batch systems may deliver theirs twice (to the job and to its
 * processes); only a second Ctrl-C means that waiting is over.
 */
static void note_stop(int number)
{
    if (number == SIGINT && stop_requested) {
        signal(number, SIG_DFL);
        raise(number);
    }
    stop_requested = 1;
}

static void set_signal_handlers(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = note_stop;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (int s = 0; s < N_STOP_SIGNALS; s++) {
        sigaction(stop_signals[s], &action, &handlers_before[s]);
    }
}

static void restore_signal_handlers(void)
{
    for (int s = 0; s < N_STOP_SIGNALS; s++) {
        sigaction(stop_signals[s], &handlers_before[s], NULL);
    }
}

/* Without a run there is no agreement yet: the worst code of all ranks by hand.  Collective. */
static covary_status agree_on_memory(MPI_Comm comm, covary_status mine)
{
    int worst = (int)mine;

    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MAX, comm);
    if (worst != COVARY_OK && mine == COVARY_OK) {
        return COVARY_FAIL((covary_status)worst, "another rank has no memory to start with");
    }
    return (covary_status)worst;
}

static void read_fault(covary_run *run)
{
    const char *fault = getenv("COVARY_FAULT");

    if (fault == NULL || sscanf(fault, "%d:%d", &run->fault_at, &run->fault_rank) != 2) {
        run->fault_at = 0;
        return;
    }
    run->fault_stops = strstr(fault, ":stop") != NULL;
}

bool fault_is_due(covary_run *run)
{
    run->agreements++;
    if (run->agreements != run->fault_at || run->rank != run->fault_rank) {
        return false;
    }
    if (run->fault_stops) {
        stop_requested = 1;
    }
    return !run->fault_stops;
}

static covary_status open_json_log(covary_run *run)
{
    if (run->options.log_json == NULL || run->rank != 0) {
        return COVARY_OK;
    }
    run->log_json = fopen(run->options.log_json, "w");
    if (run->log_json == NULL) {
        return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot write the log: %s", run->options.log_json,
                           strerror(errno));
    }
    return COVARY_OK;
}

const covary_run_options *run_options(const covary_run *run)
{
    return &run->options;
}

covary_status covary_run_create(MPI_Comm comm, const covary_run_options *options, covary_run **out)
{
    covary_status status = COVARY_OK;
    covary_run   *run = NULL;

    *out = NULL;
    status = agree_on_memory(comm, MEMORY_ALLOCATE("run", 1, &run));
    if (status != COVARY_OK) {
        MEMORY_RELEASE(&run); /* no communicator in it yet */
        return status;
    }
    MPI_Comm_dup(comm, &run->comm);
    MPI_Comm_rank(run->comm, &run->rank);
    MPI_Comm_size(run->comm, &run->size);
    run->started = MPI_Wtime();
    run->mode_before = float_mode_get();
    float_mode_set(float_mode_without_subnormals(run->mode_before));
    run->options.verbosity = COVARY_NORMAL;
    if (options != NULL) {
        run->options = *options;
    }
    read_fault(run);
    COVARY_TRY_TOGETHER(run, "open the log", open_json_log(run));
    if (run->options.signals) {
        stop_requested = 0;
        set_signal_handlers();
        run->handlers_set = true;
    }
    *out = run;
    run = NULL;

done:
    covary_run_destroy(&run);
    return status;
}

void covary_run_destroy(covary_run **run)
{
    if (run == NULL || *run == NULL) {
        return;
    }
    if ((*run)->handlers_set) {
        restore_signal_handlers();
    }
    if ((*run)->log_json != NULL) {
        fclose((*run)->log_json);
    }
    float_mode_set((*run)->mode_before);
    MPI_Comm_free(&(*run)->comm);
    MEMORY_RELEASE(run);
}

MPI_Comm covary_run_comm(const covary_run *run)
{
    return run->comm;
}

int covary_run_rank(const covary_run *run)
{
    return run->rank;
}

int covary_run_size(const covary_run *run)
{
    return run->size;
}

void covary_run_request_stop(covary_run *run)
{
    (void)run;
    stop_requested = 1;
}

covary_status run_stop_if_asked(const covary_run *run)
{
    (void)run;
    if (stop_requested) {
        return COVARY_FAIL(COVARY_STOPPED,
                           "stopped by a signal; nothing was written under the final name, run the "
                           "same command again");
    }
    return COVARY_OK;
}

covary_status covary_run_check_stop(covary_run *run)
{
    return covary_agree(run, "check for a stop", run_stop_if_asked(run));
}
