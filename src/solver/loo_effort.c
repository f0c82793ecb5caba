/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and sizes of samples. */
#include "solver/loo_effort.h"

#include <string.h>

enum {
    FACTOR_ROWS = 128,    /* of the sampled frames together, */
    FACTOR_FRAMES = 32,   /* but not fewer frames than this */
    SMALL_ROWS = 4096,    /* systems of which a larger sample costs nothing */
    SMALL_SAMPLE = 64,    /* frames */
    SAMPLE = 32,          /* frames, as long as there are not more */
    SAMPLE_OUTPUTS = 192, /* numbers that a site then needs of a product */
    FEWEST_SAMPLED = 8
};

loo_effort loo_effort_named(const char *name)
{
    return strcmp(name, "exact") == 0       ? LOO_EXACT
           : strcmp(name, "estimated") == 0 ? LOO_ESTIMATED
                                            : LOO_AUTO;
}

bool loo_is_exact(loo_effort effort, int64_t n_rows)
{
    return effort == LOO_EXACT || (effort == LOO_AUTO && n_rows <= LOO_EXACT_ROWS);
}

int64_t loo_sample_by_factor(int64_t n_rows)
{
    const int64_t size = FACTOR_ROWS / n_rows;

    return size < FACTOR_FRAMES ? FACTOR_FRAMES : size;
}

int64_t loo_sample_by_steps(int64_t n_frames, int64_t n_rows, int64_t n_tensors)
{
    const int64_t size = SAMPLE_OUTPUTS / (n_rows * n_tensors);

    if (n_frames * n_rows <= SMALL_ROWS) {
        return SMALL_SAMPLE;
    }
    return size > SAMPLE ? SAMPLE : size < FEWEST_SAMPLED ? FEWEST_SAMPLED : size;
}
