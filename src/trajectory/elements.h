/* SPDX-License-Identifier: BSD-3-Clause */
/* Elements, standard atomic masses (IUPAC 2021, abridged) and covalent radii (Cordero 2008). */
#ifndef COVARY_TRAJECTORY_ELEMENTS_H
#define COVARY_TRAJECTORY_ELEMENTS_H

#include <stddef.h>
#include <stdint.h>

enum { ELEMENT_MAX = 118 };

/* Atomic number of a symbol of `length` bytes ("Cl", "CL" and "cl" alike), 0 if there is none. */
int element_number(const char *symbol, size_t length);

/* Symbol, mass in u and covalent radius in angstrom of an atomic number 1 ... ELEMENT_MAX; "X" and
 * 0 outside. */
const char *element_symbol(int number);
double      element_mass(int number);
double      element_radius(int number);

#endif
