/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The numbers of one version of the microkernel, by SINGLE and TABLE.  No include guard: every
 * version includes it, and undefines the names at its end.
 *
 *   REAL, BITS         the type and the integer of its size
 *   MANTISSA, BIAS     of its format
 *   SHIFT              1.5 2^MANTISSA: what is added to it is rounded to an integer, and leaves
 *                      that in the last bits
 *   STEPS              the exponential takes the argument in units of ln 2 / STEPS
 *   CUT                exponentials of arguments beyond -CUT ln 2 are 0
 *   LN2_UPPER, _LOWER  their sum is ln 2; k LN2_UPPER is exact
 *   NEAR               pairs are near below this fraction of |x|^2 + |y|^2
 */
#if SINGLE
#define REAL      float
#define BITS      int32_t
#define MANTISSA  23
#define BIAS      127
#define SHIFT     0x1.8p23f
#define CUT       100.0f
#define LN2_UPPER 0x1.62e4p-1f
#define LN2_LOWER 0x1.7f7d1cp-20f
#define NEAR      1e-4f
#else
#define REAL      double
#define BITS      int64_t
#define MANTISSA  52
#define BIAS      1023
#define SHIFT     0x1.8p52
#define CUT       1021.5
#define LN2_UPPER 0x1.62e42feep-1
#define LN2_LOWER 0x1.a39ef35793c76p-33
#define NEAR      NEAR_FRACTION
#endif

#if TABLE
#define STEPS 16
#else
#define STEPS 1
#endif
