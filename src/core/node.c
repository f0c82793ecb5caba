/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cores and memory of the node.  A job is often given a part of a node: its cores are in the
 * affinity of its processes, its memory in the limits of their control groups.
 */
#ifdef __linux__
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "core/node.h"

#include "core/log.h"
#include "core/run.h"
#include "core/status.h"

#include <limits.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static MPI_Comm node_comm(covary_run *run)
{
    MPI_Comm node;

    MPI_Comm_split_type(covary_run_comm(run), MPI_COMM_TYPE_SHARED, covary_run_rank(run),
                        MPI_INFO_NULL, &node);
    return node;
}

/* -- memory -------------------------------------------------------------------------------------
 */

/* A line of /proc/meminfo in bytes, or 0. */
static int64_t read_meminfo(const char *name)
{
    FILE        *file = fopen("/proc/meminfo", "r");
    char         line[128];
    long long    kibibytes = 0;
    const size_t length = strlen(name);
    bool         found = false;

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found =
            strncmp(line, name, length) == 0 && sscanf(line + length, ": %lld", &kibibytes) == 1;
    }
    if (file != NULL) {
        fclose(file);
    }
    return found ? (int64_t)kibibytes * 1024 : 0;
}

static int64_t physical_memory(void)
{
#ifdef _SC_PHYS_PAGES
    return (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
#else
    return 0;
#endif
}

/* The limit in a file that holds a number or "max". */
static int64_t read_limit(const char *path)
{
    FILE     *file = fopen(path, "r");
    long long bytes = 0;
    bool      found = file != NULL && fscanf(file, "%lld", &bytes) == 1 && bytes > 0;

    if (file != NULL) {
        fclose(file);
    }
    return found ? (int64_t)bytes : INT64_MAX;
}

/* The smallest limit of a group and of those that it is in; `group` is shortened to "". */
static int64_t read_group_limits(const char *hierarchy, char *group, const char *name)
{
    int64_t smallest = INT64_MAX;
    char    path[3 * PATH_MAX]; /* of a hierarchy, a group and a name */

    for (char *last = group + strlen(group); last != NULL; last = strrchr(group, '/')) {
        *last = '\0';
        snprintf(path, sizeof path, "%s%s/%s", hierarchy, group, name);
        const int64_t limit = read_limit(path);
        smallest = limit < smallest ? limit : smallest;
    }
    return smallest;
}

/*
 * Lines are "number:controllers:/group"; version 2 of the groups has one, "0::/group", version 1
 * one with the controller "memory".  See cgroups(7).
 */
int64_t node_memory_limit(const char *listing, const char *root)
{
    FILE   *file = fopen(listing, "r");
    char    line[PATH_MAX], hierarchy[PATH_MAX];
    int64_t smallest = INT64_MAX;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':');
        char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (group == NULL) {
            continue;
        }
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        const bool version_2 = controllers[1] == '\0';
        if (!version_2 && strcmp(controllers + 1, "memory") != 0) {
            continue;
        }
        snprintf(hierarchy, sizeof hierarchy, "%s%s", root, version_2 ? "" : "/memory");
        const int64_t limit =
            read_group_limits(hierarchy, group, version_2 ? "memory.max" : "memory.limit_in_bytes");
        smallest = limit < smallest ? limit : smallest;
    }
    if (file != NULL) {
        fclose(file);
    }
    return smallest;
}

static int64_t limited(int64_t bytes)
{
    const int64_t limit = node_memory_limit("/proc/self/cgroup", "/sys/fs/cgroup");

    return limit < bytes ? limit : bytes;
}

int64_t node_available_memory(void)
{
    const int64_t available = read_meminfo("MemAvailable");

    return limited(available > 0 ? available : physical_memory());
}

/* Judged where the sum is known; the same on all ranks of a node. */
static covary_status judge(const char *what, int64_t needed, int n_ranks)
{
    const double gibibyte = 1073741824.0;
    int64_t      available = node_available_memory();

    if (available == 0 || needed <= available) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_MEMORY,
                       "%s: %.1f GiB are needed by the %d ranks of a node that has %.1f GiB left; "
                       "use more nodes or fewer training frames",
                       what, (double)needed / gibibyte, n_ranks, (double)available / gibibyte);
}

covary_status node_check_memory(covary_run *run, const char *what, int64_t bytes)
{
    MPI_Comm node = node_comm(run);
    int64_t  needed = bytes;
    int      n_ranks;

    MPI_Comm_size(node, &n_ranks);
    MPI_Allreduce(MPI_IN_PLACE, &needed, 1, MPI_INT64_T, MPI_SUM, node);
    MPI_Comm_free(&node);
    return covary_agree(run, "check the memory", judge(what, needed, n_ranks));
}

/* -- cores --------------------------------------------------------------------------------------
 */

/* On how many cores may any rank of the node run?  Collective over the node. */
static int count_cores(MPI_Comm node)
{
    int n_cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t mine;
    int       known;

    CPU_ZERO(&mine);
    known = sched_getaffinity(0, sizeof mine, &mine) == 0; /* not beyond 1024 cores */
    MPI_Allreduce(MPI_IN_PLACE, &known, 1, MPI_INT, MPI_MIN, node);
    MPI_Allreduce(MPI_IN_PLACE, &mine, (int)sizeof mine, MPI_BYTE, MPI_BOR, node);
    n_cores = known ? CPU_COUNT(&mine) : n_cores;
#else
    (void)node;
#endif
    return n_cores > 0 ? n_cores : 1;
}

node_resources node_resources_of(covary_run *run)
{
    MPI_Comm       node = node_comm(run);
    node_resources here = {.memory_bytes = limited(physical_memory())};

    MPI_Comm_size(node, &here.n_ranks);
    here.n_cores = count_cores(node);
    MPI_Allreduce(MPI_IN_PLACE, &here.memory_bytes, 1, MPI_INT64_T, MPI_MIN, node);
    MPI_Comm_free(&node);
    return here;
}

bool node_warn_if_crowded(covary_run *run, const node_resources *here, int threads)
{
    struct {
        double load;
        int    rank;
    } worst = {(double)here->n_ranks * threads / here->n_cores, covary_run_rank(run)};
    int numbers[3] = {here->n_ranks, threads, here->n_cores};

    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_DOUBLE_INT, MPI_MAXLOC, covary_run_comm(run));
    MPI_Bcast(numbers, 3, MPI_INT, worst.rank, covary_run_comm(run));
    if (worst.load > 1.0 && !run->crowding_told) {
        run->crowding_told = true;
        log_write(run, LOG_WARNING,
                  "%d ranks of %d thread%s each share the %d core%s that they may use on a node, "
                  "and will wait for each other: start fewer ranks a node%s, or bind them to more "
                  "cores",
                  numbers[0], numbers[1], numbers[1] == 1 ? "" : "s", numbers[2],
                  numbers[2] == 1 ? "" : "s", numbers[1] > 1 ? ", set OPENBLAS_NUM_THREADS=1" : "");
    }
    return worst.load > 1.0;
}
