/* SPDX-License-Identifier: BSD-3-Clause */
/* Strips that go around, piece by piece. */
#include "linalg/ring.h"

/* A library may look at a few dozen fragments in one call: some MB in all of these. */
enum { POLLS = 4 };

/* Numbers of a piece where the strip is small enough: 64 KiB. */
static const int64_t piece_size = 8192;

/* Piece 0 is the note; neighbours keep the order of equal tags, so strips do not mix. */
static void post(ring *strip, int piece, bool is_sent)
{
    const int64_t first = (piece - 1) * strip->piece_cols;
    const int64_t rest = strip->cols - first;
    const int64_t cols = rest < strip->piece_cols ? rest : strip->piece_cols;
    MPI_Datatype  type;
    void         *place = &strip->note;
    int           size;

    if (piece == 0) {
        MPI_Type_contiguous(1, MPI_INT64_T, &type);
    } else {
        MPI_Type_vector((int)cols, (int)strip->rows, (int)strip->leading, strip->type, &type);
        MPI_Type_size(strip->type, &size);
        place = strip->data + first * strip->leading * size;
    }
    MPI_Type_commit(&type);
    if (is_sent) {
        MPI_Isend(place, 1, type, strip->right, piece, strip->comm, &strip->sent[piece]);
    } else {
        MPI_Irecv(place, 1, type, strip->left, piece, strip->comm, &strip->received[piece]);
    }
    MPI_Type_free(&type);
}

static void cut(ring *strip)
{
    const int64_t most = strip->cols > 0 ? (strip->cols - 1) / RING_PIECES + 1 : 1;
    const int64_t few = strip->rows > 0 ? piece_size / strip->rows : 0;

    strip->piece_cols = few > most ? few : most;
    strip->n_pieces =
        strip->rows > 0 ? (int)((strip->cols + strip->piece_cols - 1) / strip->piece_cols) + 1 : 1;
}

void ring_start(ring *strip, MPI_Comm comm, int root, int64_t rows, int64_t cols, MPI_Datatype type,
                void *data, int64_t leading, int64_t note)
{
    int size, rank;

    MPI_Comm_size(comm, &size);
    MPI_Comm_rank(comm, &rank);
    strip->comm = comm;
    strip->left = rank == root ? MPI_PROC_NULL : (rank + size - 1) % size;
    strip->right = (rank + 1) % size == root ? MPI_PROC_NULL : (rank + 1) % size;
    strip->note = note;
    strip->rows = rows;
    strip->cols = cols;
    strip->leading = leading;
    strip->type = type;
    strip->data = data;
    cut(strip);
    strip->n_missing = rank == root ? 0 : strip->n_pieces;
    for (int piece = 0; piece < strip->n_pieces; piece++) {
        strip->received[piece] = strip->sent[piece] = MPI_REQUEST_NULL;
        post(strip, piece, rank == root);
    }
}

static void pass_on(ring *strip, int n_arrived, const int *arrived)
{
    for (int i = 0; i < n_arrived; i++) {
        post(strip, arrived[i], true);
    }
    strip->n_missing -= n_arrived;
}

void ring_poll(ring *strip)
{
    int arrived[RING_PIECES + 1], n_arrived = 0, is_done = 0;

    for (int time = 0; time < POLLS && strip->n_missing > 0; time++) {
        MPI_Testsome(strip->n_pieces, strip->received, &n_arrived, arrived, MPI_STATUSES_IGNORE);
        pass_on(strip, n_arrived, arrived);
    }
    for (int time = 0; time < POLLS && strip->n_missing == 0 && !is_done; time++) {
        MPI_Testall(strip->n_pieces, strip->sent, &is_done, MPI_STATUSES_IGNORE);
    }
}

void ring_arrive(ring *strip)
{
    int arrived[RING_PIECES + 1], n_arrived = 0;

    while (strip->n_missing > 0) {
        MPI_Waitsome(strip->n_pieces, strip->received, &n_arrived, arrived, MPI_STATUSES_IGNORE);
        pass_on(strip, n_arrived, arrived);
    }
}

void ring_finish(ring *strip)
{
    ring_arrive(strip);
    MPI_Waitall(strip->n_pieces, strip->sent, MPI_STATUSES_IGNORE);
}
