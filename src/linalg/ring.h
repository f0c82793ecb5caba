/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A strip of a matrix that goes around the processes of a grid's row or column while they compute.
 *
 * The strip leaves its root for the right neighbour, which passes it on: whoever owns the next
 * strip has it first.  It travels in pieces, because an MPI library may move a message only while
 * both sides call it, and then only a few of its fragments at a time: many messages make more way
 * in one call than a large one.  A number goes ahead of the strip.
 */
#ifndef COVARY_LINALG_RING_H
#define COVARY_LINALG_RING_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

enum { RING_PIECES = 256 };

typedef struct {
    MPI_Comm     comm;
    int          left, right; /* neighbours to receive from and to send to; MPI_PROC_NULL: none */
    int64_t      note;        /* the number ahead */
    int64_t      rows, cols, leading;
    MPI_Datatype type;       /* of a number */
    char        *data;       /* [cols][leading] numbers, borrowed */
    int64_t      piece_cols; /* columns of a piece, but for the last one */
    int          n_pieces;   /* with the note */
    int          n_missing;
    MPI_Request  received[RING_PIECES + 1], sent[RING_PIECES + 1];
} ring;

/*
 * Begin: the root's strip `data` and `note` go to the `data` and the `note` of all others.  Shapes
 * are the same on all processes, leading dimensions may differ.  The strip may not be changed
 * before ring_finish, nor read by others than the root before ring_arrive.  Collective over comm,
 * which no other messages use until ring_finish; does not wait.
 */
void ring_start(ring *strip, MPI_Comm comm, int root, int64_t rows, int64_t cols, MPI_Datatype type,
                void *data, int64_t leading, int64_t note);

void ring_poll(ring *strip);   /* Give it a push.  Local. */
void ring_arrive(ring *strip); /* Wait until it is here. */
void ring_finish(ring *strip); /* Wait until it has left, too; also for one of zeros. */

#endif
