/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of general tensors of rank 2 and 3 that are not symmetric in all indices, by the
 * formulas and in the layout of property/kind.h.  All functions are local.
 */
#ifndef COVARY_PROPERTY_MIXED_H
#define COVARY_PROPERTY_MIXED_H

/* Packed components 1-3 of 9 values, and what they add to the values. */
void mixed_pack_2(const double values[9], double packed[9]);
void mixed_add_2(const double packed[9], double values[9]);

/* Packed components 0, 4-9 and 10-19 of 27 values, and what they add to the values. */
void mixed_pack_3(const double values[27], double packed[27]);
void mixed_add_3(const double packed[27], double values[27]);

#endif
