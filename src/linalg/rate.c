/* SPDX-License-Identifier: BSD-3-Clause */
/* The rate of dgemm. */
#include "linalg/rate.h"

#include "core/memory.h"
#include "core/status.h"

#include <cblas.h>
#include <mpi.h>

enum { ORDER = 384, ROUNDS = 3 };

covary_status linalg_measure_rate(double *flops_per_second)
{
    covary_status status = COVARY_OK;
    double       *a = NULL, *b = NULL, *c = NULL, fastest = 0.0;

    COVARY_TRY(MEMORY_ALLOCATE("measured matrix", ORDER * ORDER, &a));
    COVARY_TRY(MEMORY_ALLOCATE("measured matrix", ORDER * ORDER, &b));
    COVARY_TRY(MEMORY_ALLOCATE("measured matrix", ORDER * ORDER, &c));
    for (int round = 0; round < ROUNDS; round++) { /* the first one warms up */
        double started = MPI_Wtime(), rate;
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, ORDER, ORDER, ORDER, 1.0, a, ORDER,
                    b, ORDER, 0.0, c, ORDER);
        rate = 2.0 * ORDER * ORDER * ORDER / (MPI_Wtime() - started);
        fastest = rate > fastest ? rate : fastest;
    }
    *flops_per_second = fastest;

done:
    MEMORY_RELEASE(&c);
    MEMORY_RELEASE(&b);
    MEMORY_RELEASE(&a);
    return status;
}
