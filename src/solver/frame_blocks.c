/* SPDX-License-Identifier: BSD-3-Clause */
/* L D L^T of the blocks of frames, by plain loops: they have a handful of rows. */
#include "solver/frame_blocks.h"

static void factor_block(int size, double *block)
{
    for (int row = 0; row < size; row++) {
        for (int col = 0; col <= row; col++) {
            double sum = block[row * size + col];

            for (int k = 0; k < col; k++) {
                sum -= block[row * size + k] * block[k * size + k] * block[col * size + k];
            }
            block[row * size + col] = row == col ? sum : sum / block[col * size + col];
        }
    }
}

void frame_blocks_factor(int64_t n_blocks, int size, double *blocks)
{
    for (int64_t i = 0; i < n_blocks; i++) {
        factor_block(size, blocks + i * size * size);
    }
}

void frame_block_solve(int size, const double *factor, int64_t stride, double *x)
{
    for (int row = 0; row < size; row++) {
        for (int col = 0; col < row; col++) {
            x[row * stride] -= factor[row * size + col] * x[col * stride];
        }
    }
    for (int row = size - 1; row >= 0; row--) {
        x[row * stride] /= factor[row * size + row];
        for (int below = row + 1; below < size; below++) {
            x[row * stride] -= factor[below * size + row] * x[below * stride];
        }
    }
}
