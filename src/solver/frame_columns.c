/* SPDX-License-Identifier: BSD-3-Clause */
/* Unit columns of some frames, and products of columns frame by frame. */
#include "solver/frame_columns.h"

#include "core/status.h"

#include <string.h>

covary_status frame_columns_unit(covary_run *run, int64_t n_local, int64_t n_rows, int64_t n,
                                 const int64_t *frames, panel **out)
{
    const int64_t width = n * n_rows;
    covary_status status = panel_create(run, n_local, width, out);

    for (int64_t col = 0; status == COVARY_OK && col < width; col++) {
        const int64_t row = frames[col / n_rows] * n_rows + col % n_rows - (*out)->first;

        if (row >= 0 && row < n_local) {
            (*out)->data[row * width + col] = 1.0;
        }
    }
    return status;
}

void frame_columns_multiply(const panel *a, const panel *b, int64_t n_rows, double *blocks)
{
    const int64_t width = a->width, size = n_rows * n_rows;

    memset(blocks, 0, (size_t)(width * n_rows) * sizeof *blocks);
    for (int64_t row = 0; row < a->n_local; row++) {
        const double *left = a->data + row * width, *right = b->data + row * width;

        for (int64_t col = 0; col < width; col++) {
            double       *into = blocks + col / n_rows * size + col % n_rows * n_rows;
            const double *of_frame = right + col / n_rows * n_rows;

            for (int64_t k = 0; k < n_rows; k++) {
                into[k] += left[col] * of_frame[k];
            }
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, blocks, (int)(width * n_rows), MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(a->run));
}
