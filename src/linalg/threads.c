/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of threads of OpenBLAS. */
#include "linalg/threads.h"

#include "core/node.h"

#include <cblas.h>
#include <stdlib.h>

void linalg_use_one_thread_by_default(void)
{
    if (getenv("OPENBLAS_NUM_THREADS") == NULL && getenv("OMP_NUM_THREADS") == NULL) {
        openblas_set_num_threads(1);
    }
}

int linalg_threads(void)
{
    return openblas_get_num_threads();
}

void linalg_check_threads(covary_run *run)
{
    const node_resources here = node_resources_of(run);

    node_warn_if_crowded(run, &here, linalg_threads());
}

const char *linalg_version(void)
{
    return openblas_get_config();
}
