/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of threads of OpenBLAS. */
#include "linalg/threads.h"

#include <cblas.h>
#include <stdlib.h>

void linalg_use_one_thread_by_default(void)
{
    if (getenv("OPENBLAS_NUM_THREADS") == NULL && getenv("OMP_NUM_THREADS") == NULL) {
        openblas_set_num_threads(1);
    }
}

const char *linalg_version(void)
{
    return openblas_get_config();
}
