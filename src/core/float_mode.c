/* SPDX-License-Identifier: BSD-3-Clause */
/* The control register of floating-point arithmetic: MXCSR of x86, FPCR of AArch64. */
#include "core/float_mode.h"

#if defined(__x86_64__)

#include <immintrin.h>

/* Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, sections 10.2.3.3-4 */
#define FLUSH_TO_ZERO      0x8000u
#define DENORMALS_ARE_ZERO 0x0040u
#define SUBNORMALS_AS_ZERO (FLUSH_TO_ZERO | DENORMALS_ARE_ZERO)

float_mode float_mode_get(void)
{
    return (float_mode){.word = _mm_getcsr()};
}

void float_mode_set(float_mode to)
{
    _mm_setcsr((unsigned)to.word);
}

bool float_mode_is_known(void)
{
    return true;
}

#elif defined(__aarch64__)

/* Arm Architecture Reference Manual, FPCR: bit FZ covers operands and results */
#define SUBNORMALS_AS_ZERO (1ull << 24)

float_mode float_mode_get(void)
{
    float_mode mode;

    __asm__ volatile("mrs %0, fpcr" : "=r"(mode.word));
    return mode;
}

void float_mode_set(float_mode to)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(to.word));
}

bool float_mode_is_known(void)
{
    return true;
}

#else

#define SUBNORMALS_AS_ZERO 0ull

float_mode float_mode_get(void)
{
    return (float_mode){0};
}

void float_mode_set(float_mode to)
{
    (void)to;
}

bool float_mode_is_known(void)
{
    return false;
}

#endif

float_mode float_mode_without_subnormals(float_mode from)
{
    return (float_mode){.word = from.word | SUBNORMALS_AS_ZERO};
}
