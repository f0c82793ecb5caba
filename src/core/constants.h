/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Constants of nature, SI: CODATA 2018 (Tiesinga, Mohr, Newell, Taylor, Rev. Mod. Phys. 93, 025010
 * (2021)).
 */
#ifndef COVARY_CORE_CONSTANTS_H
#define COVARY_CORE_CONSTANTS_H

#define PI 3.14159265358979323846

/* These five are exact. */
#define LIGHT_SPEED       299792458.0     /* m/s */
#define ELEMENTARY_CHARGE 1.602176634e-19 /* C */
#define AVOGADRO          6.02214076e23   /* 1/mol */
#define BOLTZMANN         1.380649e-23    /* J/K */
#define PLANCK            6.62607015e-34  /* J s */

#define BOHR                5.29177210903e-11   /* m */
#define HARTREE             4.3597447222071e-18 /* J */
#define DALTON              1.66053906660e-27   /* kg */
#define VACUUM_PERMITTIVITY 8.8541878128e-12    /* F/m */

#define ANGSTROM    1e-10                 /* m */
#define FEMTOSECOND 1e-15                 /* s */
#define DEBYE       (1e-21 / LIGHT_SPEED) /* C m; 1e-18 statC cm */

#endif
