/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of units, from CODATA 2018 constants (Tiesinga, Mohr, Newell, Taylor, Rev. Mod. Phys.
 * 93, 025010 (2021)).  All functions are local.
 *
 * Polarizabilities come in two shapes, alpha itself (e^2*bohr^2/hartree, e*angstrom^2/V) and the
 * volume alpha / (4 pi epsilon_0) (bohr^3, angstrom^3).  They are one dimension here, because
 * e^2 / (4 pi epsilon_0) = hartree * bohr: 1 e^2*bohr^2/hartree is 1 bohr^3.  Likewise the Gaussian
 * units of hyperpolarizabilities, cm^5/esu and cm^7/esu^2 (often written "esu" alone), in which the
 * atomic unit is bohr^5/e and bohr^7/e^2 with e in statC = cm^(3/2) g^(1/2) / s.  No unit decides
 * whether 1/2 and 1/6 of the Taylor series belong to the numbers: predictions are as the labels.
 */
#ifndef COVARY_CORE_UNITS_H
#define COVARY_CORE_UNITS_H

#include <covary/status.h>

typedef enum {
    UNIT_NONE,
    UNIT_LENGTH,                     /* base: angstrom */
    UNIT_TIME,                       /* base: fs */
    UNIT_ENERGY,                     /* base: hartree */
    UNIT_DIPOLE,                     /* base: e*bohr */
    UNIT_POLARIZABILITY,             /* base: bohr^3 */
    UNIT_HYPERPOLARIZABILITY,        /* base: e^3*bohr^3/hartree^2 */
    UNIT_SECOND_HYPERPOLARIZABILITY, /* base: e^4*bohr^4/hartree^3 */
    UNIT_FORCE,                      /* base: hartree/bohr */
    UNIT_CHARGE,                     /* base: e */
    UNIT_VELOCITY                    /* base: angstrom/fs */
} unit_dimension;

typedef struct {
    const char    *name;      /* as in configurations: e*bohr */
    const char    *h5md_name; /* as H5MD 1.1 and MDAnalysis write it; "" without dimension */
    unit_dimension dimension;
    double         in_base; /* value of one unit in the base unit of its dimension */
} unit;

/* COVARY_ERR_CONFIG: unknown name; the message lists the nearest and all known ones. */
covary_status unit_find(const char *name, const unit **found);

/*
 * value[to] = factor * value[from].
 *
 * COVARY_ERR_CONFIG: dimensions differ; the message names units that would do.
 */
covary_status unit_factor(const unit *from, const unit *to, double *factor);

/* All units, the base of a dimension before its others, ended by an entry with name NULL. */
const unit *unit_table(void);

#endif
