/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The versions of the microkernel and the choice between them.
 *
 * AVX-512 has 32 registers of 8 doubles, AVX2 16 of 4, SSE2 16 of 2: the accumulators fill three
 * quarters of them, the rest holds the rows and a broadcast factor.
 */
#include "kernel/microkernel.h"

#include "kernel/vectorized.h"
#include <math.h>
#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define HAS_X86_VERSIONS
#endif

#ifdef HAS_X86_VERSIONS
#define VERSION avx512
#define TARGET  __attribute__((target("arch=x86-64-v4")))
#define WIDTH   8
#define POINTS  8
#define OUTPUTS 6
#include "kernel/microkernel_version.h"

#define VERSION avx2
#define TARGET  __attribute__((target("arch=x86-64-v3")))
#define WIDTH   4
#define POINTS  2
#define OUTPUTS 2
#include "kernel/microkernel_version.h"

static bool has_avx512(void)
{
    return __builtin_cpu_supports("x86-64-v4") != 0;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("x86-64-v3") != 0;
}

static const microkernel avx512 = {"AVX-512", has_avx512, dots_avx512, sums_avx512};
static const microkernel avx2 = {"AVX2", has_avx2, dots_avx2, sums_avx2};
#endif

#define VERSION plain
#define TARGET
#define WIDTH   2
#define POINTS  1
#define OUTPUTS 1
#include "kernel/microkernel_version.h"

static bool always(void)
{
    return true;
}

static const microkernel plain = {"plain", always, dots_plain, sums_plain};

static const microkernel *const versions[] = {
#ifdef HAS_X86_VERSIONS
    &avx512,
    &avx2,
#endif
    &plain,
    NULL,
};

const microkernel *const *microkernel_versions(void)
{
    return versions;
}

const microkernel *microkernel_best(void)
{
    const microkernel *const *version = versions;

    while (!(*version)->runs_here()) {
        version++;
    }
    return *version;
}

/* Outputs that cannot overlap the inputs let the lanes stay in registers. */
VECTORIZED static void block_distances(const double *restrict point_norms,
                                       const double *restrict row_norms,
                                       const double *restrict dots, double *restrict distances,
                                       double *restrict nearest)
{
    double smallest[MICRO_LANES];

    for (int lane = 0; lane < MICRO_LANES; lane++) {
        smallest[lane] = INFINITY;
    }
    for (int point = 0; point < MICRO_POINTS; point++) {
        for (int lane = 0; lane < MICRO_LANES; lane++) {
            const int64_t at = (int64_t)point * MICRO_LANES + lane;
            const double  distance = (point_norms[point] + row_norms[lane]) - 2.0 * dots[at];

            distances[at] = distance;
            smallest[lane] = distance < smallest[lane] ? distance : smallest[lane];
        }
    }
    for (int lane = 0; lane < MICRO_LANES; lane++) {
        nearest[lane] = smallest[lane];
    }
}

void microkernel_distances(const double *point_norms, const double *row_norms, const double *dots,
                           double *distances, double *nearest)
{
    block_distances(point_norms, row_norms, dots, distances, nearest);
}
