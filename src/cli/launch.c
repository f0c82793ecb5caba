/* SPDX-License-Identifier: BSD-3-Clause */
/* mpirun and srun tell their processes by these variables what they need to find each other. */
#include "cli/launch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES = 1024 };

static bool is_launched(void)
{
    static const char *const signs[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_FD"};

    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
        if (getenv(signs[k]) != NULL) {
            return true;
        }
    }
    return false;
}

/*
 * What MPI-IO keeps beside an open file, such a process keeps in a folder that all of them share,
 * and the first one to end removes it: each needs a folder of its own.
 */
static void separate_folder(void)
{
    const char *place = getenv("TMPDIR");
    char        top[PATH_BYTES], below[PATH_BYTES + 8];

    snprintf(top, sizeof top, "%s/covary-mpi.%ld", place != NULL ? place : "/tmp", (long)getpid());
    snprintf(below, sizeof below, "%s/alone", top);
    setenv("OMPI_MCA_orte_top_session_dir", top, 0);
    setenv("OMPI_MCA_orte_jobfam_session_dir", below, 0);
}

void launch_prepare(void)
{
    if (is_launched()) {
        return;
    }
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0); /* no daemon: nothing is ever spawned */
    setenv("OMPI_MCA_pml", "ob1", 0);
    setenv("OMPI_MCA_btl", "self", 0);
    separate_folder();
}
