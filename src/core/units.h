/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of units, from CODATA 2018 constants.  All functions are local. */
#ifndef COVARY_CORE_UNITS_H
#define COVARY_CORE_UNITS_H

#include <covary/status.h>

typedef enum {
    UNIT_NONE,
    UNIT_LENGTH,
    UNIT_TIME,
    UNIT_ENERGY,
    UNIT_DIPOLE,
    UNIT_POLARIZABILITY,
    UNIT_HYPERPOLARIZABILITY,
    UNIT_FORCE
} unit_dimension;

typedef struct {
    const char    *name;      /* as in configurations: e*bohr */
    const char    *h5md_name; /* as H5MD 1.1 and MDAnalysis write it; "" without dimension */
    unit_dimension dimension;
    double         in_base; /* value of one unit in the base unit of its dimension */
} unit;

/* COVARY_ERR_CONFIG: unknown name; the message lists the nearest and all known ones. */
covary_status unit_find(const char *name, const unit **found);

/* value[to] = factor * value[from].  COVARY_ERR_CONFIG: dimensions differ. */
covary_status unit_factor(const unit *from, const unit *to, double *factor);

/* All units, ended by an entry with name NULL. */
const unit *unit_table(void);

#endif
