/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Panels and their exchange between ranks.
 *
 * MPI counts are 32-bit: rows travel as elements of a derived type of one row, and a gather goes in
 * rounds that bound both the counts and the buffer of the rank that everybody asks.
 */
#include "linalg/panel.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* Numbers that a rank sends in one round of a gather: 128 MiB. */
static const int64_t gather_limit = (int64_t)1 << 24;

/* Ranks may differ: what is wrong anywhere is wrong everywhere. */
static covary_status check_sizes(int64_t n_local, int64_t width, int64_t least, int64_t most)
{
    if (n_local < 0 || width < 0 || width > INT_MAX || least != most) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a panel of %" PRId64 " rows here and width %" PRId64
                           ", with widths from %" PRId64 " to %" PRId64 " over the ranks",
                           n_local, width, least, most);
    }
    return COVARY_OK;
}

covary_status panel_create(covary_run *run, int64_t n_local, int64_t width, panel **out)
{
    covary_status status = COVARY_OK;
    panel        *created = NULL;
    int64_t       before = 0, extremes[2] = {-width, width};
    MPI_Comm      comm = covary_run_comm(run);

    MPI_Allreduce(MPI_IN_PLACE, extremes, 2, MPI_INT64_T, MPI_MAX, comm);
    COVARY_TRY_TOGETHER(run, "panel", check_sizes(n_local, width, -extremes[0], extremes[1]));
    COVARY_TRY_TOGETHER(run, "panel", MEMORY_ALLOCATE("panel", 1, &created));
    created->run = run;
    created->n_local = n_local;
    created->width = width;
    MPI_Exscan(&n_local, &before, 1, MPI_INT64_T, MPI_SUM, comm);
    created->first = covary_run_rank(run) == 0 ? 0 : before; /* undefined on rank 0 */
    MPI_Allreduce(&n_local, &created->n_rows, 1, MPI_INT64_T, MPI_SUM, comm);
    COVARY_TRY_TOGETHER(run, "panel", MEMORY_ALLOCATE("panel", n_local * width, &created->data));
    *out = created;
    created = NULL;

done:
    panel_destroy(&created);
    return status;
}

void panel_destroy(panel **released)
{
    if (*released != NULL) {
        MEMORY_RELEASE(&(*released)->data);
    }
    MEMORY_RELEASE(released);
}

covary_status panel_starts(const panel *of, int64_t **starts)
{
    covary_status status = COVARY_OK;
    int64_t      *all = NULL;
    const int     n_ranks = covary_run_size(of->run);

    COVARY_TRY_TOGETHER(of->run, "panel starts",
                        MEMORY_ALLOCATE("first rows", (int64_t)n_ranks + 1, &all));
    MPI_Allgather(&of->first, 1, MPI_INT64_T, all, 1, MPI_INT64_T, covary_run_comm(of->run));
    all[n_ranks] = of->n_rows;
    *starts = all;
    all = NULL;

done:
    MEMORY_RELEASE(&all); /* memory may be short on another rank alone */
    return status;
}

static MPI_Datatype row_type(int64_t width)
{
    MPI_Datatype row;

    MPI_Type_contiguous((int)width, MPI_DOUBLE, &row);
    MPI_Type_commit(&row);
    return row;
}

covary_status panel_replicate(const panel *from, double **all)
{
    covary_status status = COVARY_OK;
    const int     n_ranks = covary_run_size(from->run);
    int64_t      *starts = NULL;
    int          *counts = NULL;
    double       *rows = NULL;
    int           n_rows;
    MPI_Datatype  row = row_type(from->width);

    COVARY_TRY(panel_starts(from, &starts));
    COVARY_TRY_TOGETHER(from->run, "panel copy",
                        narrow_to_int("rows of a panel", from->n_rows, &n_rows));
    COVARY_TRY_TOGETHER(from->run, "panel copy",
                        MEMORY_ALLOCATE("row counts", 2 * (int64_t)n_ranks, &counts));
    COVARY_TRY_TOGETHER(
        from->run, "panel copy",
        MEMORY_ALLOCATE("copy of a panel on every rank", from->n_rows * from->width, &rows));
    for (int rank = 0; rank < n_ranks; rank++) {
        counts[rank] = (int)(starts[rank + 1] - starts[rank]);
        counts[n_ranks + rank] = (int)starts[rank];
    }
    MPI_Allgatherv(from->data, (int)from->n_local, row, rows, counts, counts + n_ranks, row,
                   covary_run_comm(from->run));
    *all = rows;
    rows = NULL;

done:
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&counts);
    MEMORY_RELEASE(&starts);
    MPI_Type_free(&row);
    return status;
}

/* One gather: the counts and displacements of a round, in rows, by rank. */
typedef struct {
    const panel *from;
    int64_t     *starts;                        /* [ranks + 1] */
    int         *ask, *ask_at, *give, *give_at; /* [ranks] each */
    int          n_give;
    int64_t     *given; /* global indices that others ask this rank for */
    double      *packed;
    MPI_Datatype row;
} exchange;

static covary_status exchange_begin(exchange *x, const panel *from)
{
    const int64_t n_ranks = covary_run_size(from->run);
    covary_status status = COVARY_OK;

    x->from = from;
    x->row = row_type(from->width);
    COVARY_TRY(panel_starts(from, &x->starts));
    COVARY_TRY_TOGETHER(from->run, "panel gather",
                        MEMORY_ALLOCATE("exchange counts", 4 * n_ranks, &x->ask));
    x->ask_at = x->ask + n_ranks;
    x->give = x->ask_at + n_ranks;
    x->give_at = x->give + n_ranks;

done:
    return status;
}

static void exchange_end(exchange *x)
{
    MEMORY_RELEASE(&x->packed);
    MEMORY_RELEASE(&x->given);
    MEMORY_RELEASE(&x->ask);
    MEMORY_RELEASE(&x->starts);
    MPI_Type_free(&x->row);
}

/* Who owns what is asked for in this round, and who asks this rank for how much. */
static void exchange_count(exchange *x, int n_asked, const int64_t *asked)
{
    const int n_ranks = covary_run_size(x->from->run);
    int       owner = 0;

    memset(x->ask, 0, (size_t)n_ranks * sizeof *x->ask);
    for (int i = 0; i < n_asked; i++) {
        while (asked[i] >= x->starts[owner + 1]) {
            owner++;
        }
        x->ask[owner]++;
    }
    MPI_Alltoall(x->ask, 1, MPI_INT, x->give, 1, MPI_INT, covary_run_comm(x->from->run));
    x->n_give = 0;
    for (int rank = 0; rank < n_ranks; rank++) {
        x->ask_at[rank] = rank == 0 ? 0 : x->ask_at[rank - 1] + x->ask[rank - 1];
        x->give_at[rank] = x->n_give;
        x->n_give += x->give[rank];
    }
}

static covary_status exchange_buffers(exchange *x)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_RESIZE("indices asked for", x->n_give, &x->given));
    COVARY_TRY(MEMORY_RESIZE("rows asked for", x->n_give * x->from->width, &x->packed));

done:
    return status;
}

static covary_status exchange_round(exchange *x, int64_t n_asked, const int64_t *asked,
                                    double *rows)
{
    covary_status status = COVARY_OK;
    const panel  *from = x->from;
    const size_t  row_bytes = (size_t)from->width * sizeof *rows;
    MPI_Comm      comm = covary_run_comm(from->run);

    exchange_count(x, (int)n_asked, asked);
    COVARY_TRY_TOGETHER(from->run, "panel gather", exchange_buffers(x));
    MPI_Alltoallv(asked, x->ask, x->ask_at, MPI_INT64_T, x->given, x->give, x->give_at, MPI_INT64_T,
                  comm);
    for (int i = 0; i < x->n_give; i++) {
        memcpy(x->packed + i * from->width, from->data + (x->given[i] - from->first) * from->width,
               row_bytes);
    }
    MPI_Alltoallv(x->packed, x->give, x->give_at, x->row, rows, x->ask, x->ask_at, x->row, comm);

done:
    return status;
}

static covary_status check_wanted(const panel *from, int64_t n_wanted, const int64_t *wanted)
{
    for (int64_t i = 0; i < n_wanted; i++) {
        if (wanted[i] < (i == 0 ? 0 : wanted[i - 1]) || wanted[i] >= from->n_rows) {
            return COVARY_FAIL(COVARY_ERR_INTERNAL,
                               "row %" PRId64 " is asked for out of order or outside a panel of "
                               "%" PRId64 " rows",
                               wanted[i], from->n_rows);
        }
    }
    return COVARY_OK;
}

covary_status panel_gather_limited(const panel *from, int64_t n_wanted, const int64_t *wanted,
                                   int64_t limit, double *rows)
{
    covary_status status = COVARY_OK;
    exchange      x = {0};
    const int64_t width = from->width > 0 ? from->width : 1;
    /* At worst all ranks ask the same owner. */
    const int64_t share = limit / width / covary_run_size(from->run);
    const int64_t step = share > 0 ? share : 1;
    int64_t       rounds = (n_wanted + step - 1) / step;

    COVARY_TRY(exchange_begin(&x, from));
    COVARY_TRY_TOGETHER(from->run, "panel gather", check_wanted(from, n_wanted, wanted));
    MPI_Allreduce(MPI_IN_PLACE, &rounds, 1, MPI_INT64_T, MPI_MAX, covary_run_comm(from->run));
    for (int64_t round = 0; round < rounds; round++) {
        const int64_t begin = round * step < n_wanted ? round * step : n_wanted;
        const int64_t end = begin + step < n_wanted ? begin + step : n_wanted;

        COVARY_TRY(exchange_round(&x, end - begin, wanted + begin, rows + begin * from->width));
    }

done:
    exchange_end(&x);
    return status;
}

covary_status panel_gather(const panel *from, int64_t n_wanted, const int64_t *wanted, double *rows)
{
    return panel_gather_limited(from, n_wanted, wanted, gather_limit, rows);
}
