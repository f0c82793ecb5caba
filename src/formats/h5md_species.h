/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elements from the species of an H5MD file.
 *
 * H5MD leaves open what a species is: a number that a program gives to a kind of atom, perhaps with
 * a name (an enumeration).  Names that are symbols are elements.  Numbers without names are taken
 * for atomic numbers, unless they count the kinds: 1, 2, ... without a gap (but those that Covary
 * wrote are always atomic numbers).
 */
#ifndef COVARY_FORMATS_H5MD_SPECIES_H
#define COVARY_FORMATS_H5MD_SPECIES_H

#include "formats/h5md_layout.h"

/* Fill in names, elements and doubtful from the species of the first frame.  Local. */
covary_status h5md_species_find(const storage *file, h5md_layout *layout);

#endif
