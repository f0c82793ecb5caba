/* SPDX-License-Identifier: BSD-3-Clause */
/* A property of a molecule: a kind with name, unit, label keys, and a dipole's origin. */
#ifndef COVARY_PROPERTY_PROPERTY_H
#define COVARY_PROPERTY_PROPERTY_H

#include "core/config.h"
#include "core/units.h"
#include "property/kind.h"

typedef enum { ORIGIN_MASS, ORIGIN_NUCLEAR_CHARGE, ORIGIN_POINT } property_origin;

typedef struct {
    char                *name;
    const property_kind *kind;
    const unit          *unit;
    bool                 per_atom;
    const char         **keys;   /* label keys, best first, ended by NULL */
    double               charge; /* e */
    property_origin      origin;
    double               point[3]; /* angstrom, lab, for ORIGIN_POINT */
} property;

/* From its configuration.  COVARY_ERR_CONFIG names the key.  Local. */
covary_status property_create(const config_property *from, property **out);
void          property_destroy(property **released);

/* Values in the lab and packed per frame of n_atoms atoms (times n_atoms if per atom). */
int64_t property_n_values(const property *of, int64_t n_atoms);
int64_t property_n_packed(const property *of, int64_t n_atoms);

/*
 * One frame's label in the lab -> packed body values, and back.  The dipole of a charged molecule
 * is taken to and from the centre of the pose: mu(c) = mu(o) - q (c - o), Jackson (3rd ed.)
 * section 4.1.
 *
 * positions  in   [n_atoms][3] angstrom, lab
 * species    in   [n_atoms] atomic numbers
 */
void property_label_to_body(const property *of, const pose *at, int64_t n_atoms,
                            const double *positions, const uint8_t *species, molecule_shape shape,
                            const double *lab, double *packed);
void property_body_to_lab(const property *of, const pose *at, int64_t n_atoms,
                          const double *positions, const uint8_t *species, molecule_shape shape,
                          const double *packed, double *lab);

#endif
