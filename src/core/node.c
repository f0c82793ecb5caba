/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the node. */
#include "core/node.h"

#include "core/status.h"

#include <stdio.h>
#include <unistd.h>

int64_t node_available_memory(void)
{
    FILE     *file = fopen("/proc/meminfo", "r");
    char      line[128];
    long long kibibytes = 0;
    bool      found = false;

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found = sscanf(line, "MemAvailable: %lld", &kibibytes) == 1;
    }
    if (file != NULL) {
        fclose(file);
    }
    if (found) {
        return (int64_t)kibibytes * 1024;
    }
#ifdef _SC_PHYS_PAGES
    return (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
#else
    return 0;
#endif
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
    MPI_Comm node;
    int64_t  needed = bytes;
    int      n_ranks;

    MPI_Comm_split_type(covary_run_comm(run), MPI_COMM_TYPE_SHARED, covary_run_rank(run),
                        MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &n_ranks);
    MPI_Allreduce(MPI_IN_PLACE, &needed, 1, MPI_INT64_T, MPI_SUM, node);
    MPI_Comm_free(&node);
    return covary_agree(run, "check the memory", judge(what, needed, n_ranks));
}
