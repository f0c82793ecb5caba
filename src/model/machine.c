/* SPDX-License-Identifier: BSD-3-Clause */
/* Short measurements of a machine, all ranks at once: cores share caches and memory. */
#include "model/machine.h"

#include "core/memory.h"
#include "core/node.h"
#include "core/status.h"
#include "kernel/engine.h"
#include "linalg/rate.h"
#include "model/cost.h"

#include <math.h>
#include <string.h>

#define GIGA 1e9
#define GIBI 1073741824.0

const machine_rates machine_nominal = {
    .dgemm = 40 * GIGA,
    .engine = 40 * GIGA,
    .memory_bandwidth = 8 * GIGA,
    .latency = 2e-6,
    .network_bandwidth = 1 * GIGA,
    .cores = 32,
    .memory = 128 * GIBI,
};

/* The rates in the order of machine_rates, as people know them. */
static const struct {
    const char *name, *unit;
    double      size; /* of the unit */
} list[MACHINE_N_RATES] = {
    {"dgemm", "Gflop/s a rank", GIGA},
    {"engine", "Gflop/s a rank", GIGA},
    {"memory bandwidth", "GB/s a rank", GIGA},
    {"latency", "us a message", 1e-6},
    {"network bandwidth", "GB/s a rank", GIGA},
    {"cores", "a node", 1.0},
    {"memory", "GiB a node", GIBI},
};

static double *rate(machine_rates *of, int k)
{
    return (double *)(void *)((char *)of + (size_t)k * sizeof(double));
}

/* -- measurements -------------------------------------------------------------------------------
 */

enum { ROUNDS = 3 }; /* the first one warms up */

/* Kernel values of 28 features, summed with 9 weights each. */
static covary_status measure_engine(double *flops_per_second)
{
    enum { N_TRAIN = 2048, N_ROWS = 480, DIMENSION = 28, N_OUTPUTS = 9 };
    covary_status status = COVARY_OK;
    double       *train = NULL, *weights = NULL, *out = NULL;
    engine       *with = NULL;
    engine_group  group = {.n_outputs = N_OUTPUTS};

    *flops_per_second = 0.0;
    COVARY_TRY(kernel_parse("gaussian", 0, &group.of));
    COVARY_TRY(MEMORY_ALLOCATE("measured features", N_TRAIN * DIMENSION, &train));
    COVARY_TRY(MEMORY_ALLOCATE("measured weights", N_TRAIN * N_OUTPUTS, &weights));
    COVARY_TRY(MEMORY_ALLOCATE("measured sums", N_ROWS * N_OUTPUTS, &out));
    for (int i = 0; i < N_TRAIN * DIMENSION; i++) {
        train[i] = sin((double)i);
    }
    group.weights = weights;
    COVARY_TRY(engine_create(ENGINE_DOUBLE, N_TRAIN, DIMENSION, train, 1, &group, &with));
    for (int round = 0; round < ROUNDS; round++) {
        const double started = MPI_Wtime();

        COVARY_TRY(engine_apply(with, N_ROWS, train, out, NULL));
        *flops_per_second =
            fmax(*flops_per_second, (double)N_TRAIN * N_ROWS * cost_pair(DIMENSION, N_OUTPUTS) /
                                        (MPI_Wtime() - started));
    }

done:
    engine_destroy(&with);
    MEMORY_RELEASE(&out);
    MEMORY_RELEASE(&weights);
    MEMORY_RELEASE(&train);
    return status;
}

/* a = b + c s on arrays beyond the caches (McCalpin's STREAM triad, which counts 24 bytes). */
static covary_status measure_bandwidth(double *bytes_per_second)
{
    enum { LENGTH = 4 << 20 };
    covary_status status = COVARY_OK;
    double       *a = NULL, *b = NULL, *c = NULL;

    *bytes_per_second = 0.0;
    COVARY_TRY(MEMORY_ALLOCATE("measured array", LENGTH, &a));
    COVARY_TRY(MEMORY_ALLOCATE("measured array", LENGTH, &b));
    COVARY_TRY(MEMORY_ALLOCATE("measured array", LENGTH, &c));
    for (int round = 0; round < ROUNDS; round++) {
        const double started = MPI_Wtime();

        for (int i = 0; i < LENGTH; i++) {
            a[i] = b[i] + started * c[i];
        }
        *bytes_per_second = fmax(*bytes_per_second, 24.0 * LENGTH / (MPI_Wtime() - started));
    }

done:
    MEMORY_RELEASE(&c);
    MEMORY_RELEASE(&b);
    MEMORY_RELEASE(&a);
    return status;
}

/* Seconds of one message of `count` numbers: the fastest of `turns` there and back, because in the
 * others the processor may have been elsewhere. */
static double exchange(covary_run *run, int partner, int count, int turns, double *numbers)
{
    const bool first = covary_run_rank(run) == 0;
    double     fastest = INFINITY;

    for (int turn = 0; turn < turns; turn++) {
        const double started = MPI_Wtime();

        if (first) {
            MPI_Send(numbers, count, MPI_DOUBLE, partner, 0, covary_run_comm(run));
        }
        MPI_Recv(numbers, count, MPI_DOUBLE, partner, 0, covary_run_comm(run), MPI_STATUS_IGNORE);
        if (!first) {
            MPI_Send(numbers, count, MPI_DOUBLE, partner, 0, covary_run_comm(run));
        }
        fastest = fmin(fastest, 0.5 * (MPI_Wtime() - started));
    }
    return fastest;
}

/* Between the first and the last rank, which are as far from each other as any. */
static covary_status measure_network(covary_run *run, machine_rates *rates)
{
    enum { LARGE = 1 << 17, SMALL_TURNS = 200, LARGE_TURNS = 8 };
    covary_status status = COVARY_OK;
    const int     rank = covary_run_rank(run), last = covary_run_size(run) - 1;
    double       *numbers = NULL, times[2] = {0.0, 0.0};

    COVARY_TRY_TOGETHER(run, "measure the network",
                        MEMORY_ALLOCATE("measured message", LARGE, &numbers));
    if (rank == 0 || rank == last) {
        const int partner = last - rank;

        exchange(run, partner, 1, SMALL_TURNS / 10, numbers);
        times[0] = exchange(run, partner, 1, SMALL_TURNS, numbers);
        exchange(run, partner, LARGE, 1, numbers);
        times[1] = exchange(run, partner, LARGE, LARGE_TURNS, numbers);
    }
    MPI_Allreduce(MPI_IN_PLACE, times, 2, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    rates->latency = times[0];
    rates->network_bandwidth =
        LARGE * (double)sizeof *numbers / fmax(times[1] - times[0], 0.5 * times[1]);

done:
    MEMORY_RELEASE(&numbers);
    return status;
}

static covary_status measure_rank(machine_rates *rates)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(linalg_measure_rate(&rates->dgemm));
    COVARY_TRY(measure_engine(&rates->engine));
    COVARY_TRY(measure_bandwidth(&rates->memory_bandwidth));

done:
    return status;
}

covary_status machine_measure(covary_run *run, const covary_config *config, machine *out)
{
    covary_status        status = COVARY_OK;
    const node_resources node = node_resources_of(run);
    const double         given[MACHINE_N_RATES] = {
                config->machine.dgemm * GIGA,
                config->machine.engine * GIGA,
                config->machine.memory_bandwidth * GIGA,
                config->machine.latency * 1e-6,
                config->machine.network_bandwidth * GIGA,
                config->machine.cores,
                config->machine.memory * GIBI,
    };
    double slowest[3];
    int    ranks_here = node.n_ranks;

    *out = (machine){.rates = machine_nominal};
    COVARY_TRY_TOGETHER(run, "measure the machine", measure_rank(&out->rates));
    memcpy(slowest, &out->rates, sizeof slowest);
    MPI_Allreduce(MPI_IN_PLACE, slowest, 3, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
    memcpy(&out->rates, slowest, sizeof slowest);
    out->rates.cores = node.n_cores;
    out->rates.memory = (double)node.memory_bytes;
    MPI_Allreduce(MPI_IN_PLACE, &out->rates.cores, 2, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
    MPI_Allreduce(MPI_IN_PLACE, &ranks_here, 1, MPI_INT, MPI_MIN, covary_run_comm(run));
    out->spans_nodes = ranks_here < covary_run_size(run);
    if (covary_run_size(run) > 1) {
        COVARY_TRY(measure_network(run, &out->rates));
    } else {
        out->sources[3] = out->sources[4] = RATE_ASSUMED;
    }
    for (int k = 0; k < MACHINE_N_RATES; k++) {
        if (!isnan(given[k])) {
            *rate(&out->rates, k) = given[k];
            out->sources[k] = RATE_GIVEN;
        }
    }

done:
    return status;
}

machine machine_of_nodes(const machine *here)
{
    machine of = *here;

    for (int k = 3; k <= 4 && !here->spans_nodes; k++) {
        if (of.sources[k] == RATE_MEASURED) {
            *rate(&of.rates, k) =
                k == 3 ? machine_nominal.latency : machine_nominal.network_bandwidth;
            of.sources[k] = RATE_ASSUMED;
        }
    }
    return of;
}

covary_status machine_describe(const machine *of, text *report)
{
    static const char *const sources[] = {"measured", "given", "assumed"};
    covary_status            status = COVARY_OK;
    machine_rates            rates = of->rates;

    for (int k = 0; k < MACHINE_N_RATES && status == COVARY_OK; k++) {
        status = text_add(report, "%s%-18s %8.3g %-15s %s\n",
                          k == 0 ? "machine        " : "               ", list[k].name,
                          *rate(&rates, k) / list[k].size, list[k].unit, sources[of->sources[k]]);
    }
    return status;
}
