/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Subnormal numbers are taken as zero, in operands and in results.
 *
 * Kernels decay into them (exp(-x) from x = 708 on), a factor of a kernel matrix is full of them,
 * and arithmetic with them is done in microcode, many times slower; nothing that is computed here
 * needs a number below 2.2e-308.
 *
 * The mode is that of the calling thread, and a thread inherits it from the one that starts it.
 * OpenBLAS starts its threads when it is loaded, before a run can be created: more than one thread
 * a rank compute with subnormals in all but the first, and are slower where there are any.
 */
#ifndef COVARY_CORE_FLOAT_MODE_H
#define COVARY_CORE_FLOAT_MODE_H

#include <stdbool.h>

/* The mode of a thread, as the processor has it. */
typedef struct {
    unsigned long long word;
} float_mode;

float_mode float_mode_get(void);          /* Local */
void       float_mode_set(float_mode to); /* Local */

/* The same mode with subnormals taken as zero; as it is on processors without that mode.  Local. */
float_mode float_mode_without_subnormals(float_mode from);

/* Is there such a mode on this processor?  Local. */
bool float_mode_is_known(void);

#endif
