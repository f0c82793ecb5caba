/* SPDX-License-Identifier: BSD-3-Clause */
/* Contiguous shares of items, so that what neighbours have in common is read by one rank. */
#include "spectra/gather.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "spectra/pieces.h"

typedef struct {
    int     *counts, *starts; /* [ranks] values of a rank's items, and of those before */
    double **values;
} layout;

static covary_status work_on_share(covary_run *run, const char *phase, int64_t n_items,
                                   int64_t width, gather_function *function, void *context,
                                   double *values)
{
    const int     size = covary_run_size(run), rank = covary_run_rank(run);
    const int64_t begin = share_begin(n_items, size, rank);
    const int64_t end = share_begin(n_items, size, rank + 1);
    covary_status status = COVARY_OK;

    progress_begin(run, phase, n_items, "blocks");
    for (int64_t i = begin; i < end; i++) {
        COVARY_TRY(run_stop_if_asked(run));
        COVARY_TRY(function(context, i, values + i * width));
        progress_update(run, (i + 1 - begin) * size);
    }

done:
    progress_end(run);
    return status;
}

/* Where the values of each rank go, and room for them. */
static covary_status lay_out(int size, int64_t n_items, int64_t width, layout *of)
{
    covary_status status = COVARY_OK;
    int           n;

    COVARY_TRY(narrow_to_int("the number of values of spectra", n_items * width, &n));
    COVARY_TRY(MEMORY_ALLOCATE("counts of ranks", size, &of->counts));
    COVARY_TRY(MEMORY_ALLOCATE("counts of ranks", size, &of->starts));
    COVARY_TRY(MEMORY_ALLOCATE("values of blocks", n, of->values));
    for (int rank = 0; rank < size; rank++) {
        of->starts[rank] = (int)(share_begin(n_items, size, rank) * width);
        of->counts[rank] = (int)(share_begin(n_items, size, rank + 1) * width) - of->starts[rank];
    }

done:
    return status;
}

covary_status gather_items(covary_run *run, const char *phase, int64_t n_items, int64_t width,
                           gather_function *function, void *context, double **values)
{
    covary_status status = COVARY_OK;
    layout        to = {.values = values};

    *values = NULL;
    COVARY_TRY_TOGETHER(run, phase, lay_out(covary_run_size(run), n_items, width, &to));
    COVARY_TRY_TOGETHER(run, phase,
                        work_on_share(run, phase, n_items, width, function, context, *values));
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, *values, to.counts, to.starts, MPI_DOUBLE,
                   covary_run_comm(run));

done:
    MEMORY_RELEASE(&to.counts);
    MEMORY_RELEASE(&to.starts);
    return status;
}
