/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The versions of the microkernel and the choice between them.
 *
 * AVX-512 and NEON have 32 registers: 24 accumulators leave room for three vectors of rows and a
 * broadcast factor.  AVX2 and SSE2 have 16: 12 accumulators.
 */
#include "kernel/microkernel.h"

#include "kernel/arguments.h"
#include <math.h>
#include <string.h>

enum { VECTORS = 3 };

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define HAS_X86_VERSIONS
#include <immintrin.h>
#endif

/* 2^(-j / 16) for j = 0 .. 15: bits + j 2^48. */
#define TABLE_BITS                                                                                 \
    0x3ff0000000000000, 0x3fefa4afa2a490da, 0x3fef5818dcfba487, 0x3fef199bdd85529c,                \
        0x3feee89f995ad3ad, 0x3feec49182a3f090, 0x3feeace5422aa0db, 0x3feea11473eb0187,            \
        0x3feea09e667f3bcd, 0x3feeab07dd485429, 0x3feebfdad5362a27, 0x3feedea64c123422,            \
        0x3fef06fe0a31b715, 0x3fef387a6e756238, 0x3fef72b83c7d517b, 0x3fefb5586cf9890f

static bool always(void)
{
    return true;
}

#define TABLE_OF(version, text, runs, number)                                                      \
    static const microkernel version = {.name = text,                                              \
                                        .runs_here = runs,                                         \
                                        .size = sizeof(number),                                    \
                                        .lanes = LANES_##version,                                  \
                                        .arguments = arguments_##version,                          \
                                        .evaluate = evaluate_##version,                            \
                                        .exponential = exponential_##version,                      \
                                        .add = add_##version}

#ifdef HAS_X86_VERSIONS
#define VERSION              avx512_double
#define TARGET               __attribute__((target("arch=x86-64-v4")))
#define SINGLE               0
#define WIDTH                8
#define POINTS               8
#define TABLE                1
#define LARGER(a, b)         _mm512_max_pd((a), (b))
#define IF_ABOVE(x, y, a, b) _mm512_mask_mov_pd((b), _mm512_cmp_pd_mask((x), (y), _CMP_GT_OQ), (a))
#define ROOT(a)              _mm512_sqrt_pd(a)
#include "kernel/microkernel_version.h"

#define VERSION              avx512_single
#define TARGET               __attribute__((target("arch=x86-64-v4")))
#define SINGLE               1
#define WIDTH                16
#define POINTS               8
#define TABLE                0
#define LARGER(a, b)         _mm512_max_ps((a), (b))
#define IF_ABOVE(x, y, a, b) _mm512_mask_mov_ps((b), _mm512_cmp_ps_mask((x), (y), _CMP_GT_OQ), (a))
#define ROOT(a)              _mm512_sqrt_ps(a)
#include "kernel/microkernel_version.h"

#define VERSION              avx2_double
#define TARGET               __attribute__((target("arch=x86-64-v3")))
#define SINGLE               0
#define WIDTH                4
#define POINTS               4
#define TABLE                0
#define LARGER(a, b)         _mm256_max_pd((a), (b))
#define IF_ABOVE(x, y, a, b) _mm256_blendv_pd((b), (a), _mm256_cmp_pd((x), (y), _CMP_GT_OQ))
#define ROOT(a)              _mm256_sqrt_pd(a)
#include "kernel/microkernel_version.h"

#define VERSION              avx2_single
#define TARGET               __attribute__((target("arch=x86-64-v3")))
#define SINGLE               1
#define WIDTH                8
#define POINTS               4
#define TABLE                0
#define LARGER(a, b)         _mm256_max_ps((a), (b))
#define IF_ABOVE(x, y, a, b) _mm256_blendv_ps((b), (a), _mm256_cmp_ps((x), (y), _CMP_GT_OQ))
#define ROOT(a)              _mm256_sqrt_ps(a)
#include "kernel/microkernel_version.h"

static bool has_avx512(void)
{
    return __builtin_cpu_supports("x86-64-v4") != 0;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("x86-64-v3") != 0;
}

TABLE_OF(avx512_double, "AVX-512", has_avx512, double);
TABLE_OF(avx512_single, "AVX-512", has_avx512, float);
TABLE_OF(avx2_double, "AVX2", has_avx2, double);
TABLE_OF(avx2_single, "AVX2", has_avx2, float);
#endif

/* Vectors of 16 bytes, which every compiler knows: NEON, SSE2, or lane by lane. */
#ifdef __aarch64__
#define PLAIN_NAME   "NEON"
#define PLAIN_POINTS 8
#else
#define PLAIN_NAME   "plain"
#define PLAIN_POINTS 4
#endif
#define CHOOSE(mask, a, b)                                                                         \
    ((__typeof__(a))(((mask) & (__typeof__(mask))(a)) | (~(mask) & (__typeof__(mask))(b))))

#define VERSION plain_double
#define TARGET
#define SINGLE               0
#define WIDTH                2
#define POINTS               PLAIN_POINTS
#define TABLE                0
#define LARGER(a, b)         CHOOSE((a) > (b), a, b)
#define IF_ABOVE(x, y, a, b) CHOOSE((x) > (y), a, b)
#define ROOT(a)              NAMED(root)(a)
#include "kernel/microkernel_version.h"

#define VERSION plain_single
#define TARGET
#define SINGLE               1
#define WIDTH                4
#define POINTS               PLAIN_POINTS
#define TABLE                0
#define LARGER(a, b)         CHOOSE((a) > (b), a, b)
#define IF_ABOVE(x, y, a, b) CHOOSE((x) > (y), a, b)
#define ROOT(a)              NAMED(root)(a)
#include "kernel/microkernel_version.h"

TABLE_OF(plain_double, PLAIN_NAME, always, double);
TABLE_OF(plain_single, PLAIN_NAME, always, float);

static const microkernel *const doubles[] = {
#ifdef HAS_X86_VERSIONS
    &avx512_double,
    &avx2_double,
#endif
    &plain_double,
    NULL,
};

static const microkernel *const singles[] = {
#ifdef HAS_X86_VERSIONS
    &avx512_single,
    &avx2_single,
#endif
    &plain_single,
    NULL,
};

const microkernel *const *microkernel_versions(bool single)
{
    return single ? singles : doubles;
}

const microkernel *microkernel_best(bool single)
{
    const microkernel *const *version = microkernel_versions(single);

    while (!(*version)->runs_here()) {
        version++;
    }
    return *version;
}
