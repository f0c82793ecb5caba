/* SPDX-License-Identifier: BSD-3-Clause */
/* mpirun and srun tell their processes by these variables what they need to find each other. */
#include "cli/launch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

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

void launch_prepare(void)
{
    static const char *const settings[][2] = {
        {"OMPI_MCA_ess_singleton_isolated", "1"},   /* no daemon: nothing is ever spawned */
        {"OMPI_MCA_orte_create_session_dirs", "0"}, /* which all such processes would share */
        {"OMPI_MCA_sharedfp", "^sm"},               /* nor what lives in them */
        {"OMPI_MCA_pml", "ob1"},
        {"OMPI_MCA_btl", "self"},
    };

    for (size_t k = 0; !is_launched() && k < sizeof settings / sizeof *settings; k++) {
        setenv(settings[k][0], settings[k][1], 0);
    }
}
