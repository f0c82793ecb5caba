/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A property of a molecule: a kind with name, unit, label keys, and a dipole's origin.
 *
 * Labels are looked up under the configured key alone, or else under the name and its aliases:
 * dipole: dipole, mu, REF_dipole; polarizability: polarizability, alpha, pol, REF_polarizability;
 * hyperpolarizability: + beta; second-hyperpolarizability: + gamma; any other: NAME, REF_NAME.
 */
#ifndef COVARY_PROPERTY_PROPERTY_H
#define COVARY_PROPERTY_PROPERTY_H

#include "core/config.h"
#include "core/units.h"
#include "property/kind.h"

/*
 * To what point the dipole of a charged molecule refers in the labels and predictions.
 * center-of-mass: with the masses of the run, which are the weights of the body axes, so it is the
 * centre of the pose.
 */
typedef enum { ORIGIN_MASS, ORIGIN_NUCLEAR_CHARGE, ORIGIN_POINT } property_origin;

typedef struct {
    char                *name;
    const property_kind *kind;
    const unit          *unit;
    bool                 per_atom;
    const char         **keys;   /* label keys, best first, ended by NULL */
    double               charge; /* e */
    double               shift;  /* charge in property units per angstrom */
    property_origin      origin;
    double               point[3];        /* angstrom, lab, for ORIGIN_POINT */
    bool                 arbitrary_phase; /* the sign of a frame's label means nothing */
    char                *gap;             /* property whose product with it is learned, or NULL */
} property;

/*
 * From its configuration.  Local.
 * COVARY_ERR_CONFIG names the property and the key: unknown kind or unit, malformed origin, a
 * charge where the property is not a molecular dipole.
 */
covary_status property_create(const config_property *from, property **out);
void          property_destroy(property **released);

/* Values in the lab and packed per frame of n_atoms atoms (times n_atoms if per atom). */
int64_t property_n_values(const property *of, int64_t n_atoms);
int64_t property_n_packed(const property *of, int64_t n_atoms);

/*
 * A frame of a per-atom property is packed so that one irrep of all atoms is contiguous:
 *
 *   for irrep:  for atom:  for copy < multiplicity:  2l+1 components
 *
 * and a molecule's property as property/kind.h says.  These copy the packed value of one atom (of
 * the molecule: site 0) out of a packed frame and into it.  Local.
 */
void property_get_site(const property *of, int64_t n_atoms, int64_t site, const double *frame,
                       double *packed);
void property_set_site(const property *of, int64_t n_atoms, int64_t site, const double *packed,
                       double *frame);

/*
 * One frame's label in the lab -> packed body values, and back.  Labels that are in the axes of
 * `packed` already: a pose with the unit matrix.  The dipole of a charged molecule
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
