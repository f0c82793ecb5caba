/* SPDX-License-Identifier: BSD-3-Clause */
/* Units and their values in the base unit of their dimension, all derived from constants. */
#include "core/units.h"

#include "core/constants.h"
#include "core/status.h"
#include "core/text.h"

#include <string.h>

#define HBAR             (PLANCK / (2.0 * PI))                       /* J s */
#define CALORIE          4.184                                       /* J, thermochemical */
#define ATOMIC_FIELD     (HARTREE / (ELEMENTARY_CHARGE * BOHR))      /* V/m */
#define AU_DIPOLE        (ELEMENTARY_CHARGE * BOHR)                  /* C m */
#define AU_ALPHA         (AU_DIPOLE / ATOMIC_FIELD)                  /* C^2 m^2/J */
#define AU_BETA          (AU_DIPOLE / (ATOMIC_FIELD * ATOMIC_FIELD)) /* C^3 m^3/J^2 */
#define AU_GAMMA         (AU_BETA / ATOMIC_FIELD)                    /* C^4 m^4/J^3 */
#define AU_VELOCITY      (BOHR * HARTREE / HBAR)                     /* m/s */
#define BOHR_IN_CM       (BOHR * 100.0)
#define BOHR_CUBED_IN_CM (BOHR_IN_CM * BOHR_IN_CM * BOHR_IN_CM)
#define E_IN_ESU         (ELEMENTARY_CHARGE * 10.0 * LIGHT_SPEED) /* statC */
#define AU_BETA_IN_ESU   (BOHR_CUBED_IN_CM * BOHR_IN_CM * BOHR_IN_CM / E_IN_ESU)
#define AU_GAMMA_IN_ESU  (BOHR_CUBED_IN_CM * BOHR_CUBED_IN_CM * BOHR_IN_CM / (E_IN_ESU * E_IN_ESU))
#define EV_IN_HARTREE    (ELEMENTARY_CHARGE / HARTREE)
#define BOHR_IN_ANGSTROM (BOHR / ANGSTROM)

const unit *unit_table(void)
{
    static const unit table[] = {
        {"none", "", UNIT_NONE, 1.0},
        {"1", "", UNIT_NONE, 1.0},

        {"angstrom", "Angstrom", UNIT_LENGTH, 1.0},
        {"bohr", "bohr", UNIT_LENGTH, BOHR_IN_ANGSTROM},
        {"nm", "nm", UNIT_LENGTH, 10.0},
        {"pm", "pm", UNIT_LENGTH, 0.01},

        {"fs", "fs", UNIT_TIME, 1.0},
        {"ps", "ps", UNIT_TIME, 1e3},
        {"ns", "ns", UNIT_TIME, 1e6},

        {"hartree", "hartree", UNIT_ENERGY, 1.0},
        {"eV", "eV", UNIT_ENERGY, EV_IN_HARTREE},
        {"kcal/mol", "kcal mol-1", UNIT_ENERGY, 1e3 * CALORIE / AVOGADRO / HARTREE},
        {"kJ/mol", "kJ mol-1", UNIT_ENERGY, 1e3 / AVOGADRO / HARTREE},

        {"e*bohr", "e bohr", UNIT_DIPOLE, 1.0},
        {"e*angstrom", "e Angstrom", UNIT_DIPOLE, 1.0 / BOHR_IN_ANGSTROM},
        {"debye", "debye", UNIT_DIPOLE, DEBYE / AU_DIPOLE},
        {"C*m", "C m", UNIT_DIPOLE, 1.0 / AU_DIPOLE},

        {"bohr^3", "bohr3", UNIT_POLARIZABILITY, 1.0},
        {"angstrom^3", "Angstrom3", UNIT_POLARIZABILITY,
         1.0 / (BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM)},
        {"e^2*bohr^2/hartree", "e2 bohr2 hartree-1", UNIT_POLARIZABILITY, 1.0},
        {"e^2*angstrom^2/eV", "e2 Angstrom2 eV-1", UNIT_POLARIZABILITY,
         1.0 / (BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM * EV_IN_HARTREE)},
        /* e/V is e^2/eV, so this is the same unit. */
        {"e*angstrom^2/V", "e Angstrom2 V-1", UNIT_POLARIZABILITY,
         1.0 / (BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM * EV_IN_HARTREE)},
        {"e*pm^2/V", "e pm2 V-1", UNIT_POLARIZABILITY,
         1e-4 / (BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM * EV_IN_HARTREE)},
        {"C^2*m^2/J", "C2 m2 J-1", UNIT_POLARIZABILITY, 1.0 / AU_ALPHA},

        {"e^3*bohr^3/hartree^2", "e3 bohr3 hartree-2", UNIT_HYPERPOLARIZABILITY, 1.0},
        {"e^3*angstrom^3/eV^2", "e3 Angstrom3 eV-2", UNIT_HYPERPOLARIZABILITY,
         1.0 / (BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM * EV_IN_HARTREE *
                EV_IN_HARTREE)},
        {"C^3*m^3/J^2", "C3 m3 J-2", UNIT_HYPERPOLARIZABILITY, 1.0 / AU_BETA},
        {"cm^5/esu", "cm5 esu-1", UNIT_HYPERPOLARIZABILITY, 1.0 / AU_BETA_IN_ESU},

        {"e^4*bohr^4/hartree^3", "e4 bohr4 hartree-3", UNIT_SECOND_HYPERPOLARIZABILITY, 1.0},
        {"e^4*angstrom^4/eV^3", "e4 Angstrom4 eV-3", UNIT_SECOND_HYPERPOLARIZABILITY,
         1.0 / (BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM *
                EV_IN_HARTREE * EV_IN_HARTREE * EV_IN_HARTREE)},
        {"C^4*m^4/J^3", "C4 m4 J-3", UNIT_SECOND_HYPERPOLARIZABILITY, 1.0 / AU_GAMMA},
        {"cm^7/esu^2", "cm7 esu-2", UNIT_SECOND_HYPERPOLARIZABILITY, 1.0 / AU_GAMMA_IN_ESU},

        {"hartree/bohr", "hartree bohr-1", UNIT_FORCE, 1.0},
        {"eV/angstrom", "eV Angstrom-1", UNIT_FORCE, EV_IN_HARTREE * BOHR_IN_ANGSTROM},

        /* of atoms: partial charges, Born effective charges, atomic polar tensors */
        {"e", "e", UNIT_CHARGE, 1.0},
        {"C", "C", UNIT_CHARGE, 1.0 / ELEMENTARY_CHARGE},

        {"angstrom/fs", "Angstrom fs-1", UNIT_VELOCITY, 1.0},
        {"angstrom/ps", "Angstrom ps-1", UNIT_VELOCITY, 1e-3},
        {"nm/ps", "nm ps-1", UNIT_VELOCITY, 1e-2},
        {"bohr*hartree/hbar", "bohr hartree hbar-1", UNIT_VELOCITY, AU_VELOCITY * 1e-5},

        {NULL, NULL, UNIT_NONE, 0.0},
    };

    return table;
}

/* What a dimension measures, for messages: "dipole". */
static const char *dimension_name(unit_dimension dimension)
{
    switch (dimension) {
    case UNIT_NONE:
        return "plain number";
    case UNIT_LENGTH:
        return "length";
    case UNIT_TIME:
        return "time";
    case UNIT_ENERGY:
        return "energy";
    case UNIT_DIPOLE:
        return "dipole";
    case UNIT_POLARIZABILITY:
        return "polarizability";
    case UNIT_HYPERPOLARIZABILITY:
        return "hyperpolarizability";
    case UNIT_SECOND_HYPERPOLARIZABILITY:
        return "second hyperpolarizability";
    case UNIT_FORCE:
        return "force";
    case UNIT_CHARGE:
        return "charge";
    case UNIT_VELOCITY:
        return "velocity";
    }
    return "unknown dimension";
}

/* Names of the units of a dimension, or of all units, with ", " between. */
static covary_status list_units(const unit_dimension *dimension, text *list)
{
    covary_status status = COVARY_OK;

    for (const unit *entry = unit_table(); entry->name != NULL && status == COVARY_OK; entry++) {
        if (dimension == NULL || entry->dimension == *dimension) {
            status = text_add(list, "%s%s", list->length > 0 ? ", " : "", entry->name);
        }
    }
    return status;
}

static covary_status unknown_unit(const char *name)
{
    enum { MOST_UNITS = 64 };
    const char   *names[MOST_UNITS] = {NULL}, *near;
    text          list = {0};
    covary_status status;

    for (int i = 0; i < MOST_UNITS - 1 && unit_table()[i].name != NULL; i++) {
        names[i] = unit_table()[i].name;
    }
    near = text_nearest(name, names);
    status = list_units(NULL, &list);
    if (status == COVARY_OK) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "unknown unit '%s'%s%s%s Known units: %s", name,
                             near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                             near != NULL ? "'?" : ".", list.data);
    }
    text_release(&list);
    return status;
}

covary_status unit_find(const char *name, const unit **found)
{
    *found = NULL;
    for (const unit *entry = unit_table(); entry->name != NULL; entry++) {
        if (strcmp(entry->name, name) == 0) {
            *found = entry;
            return COVARY_OK;
        }
    }
    return unknown_unit(name);
}

covary_status unit_factor(const unit *from, const unit *to, double *factor)
{
    text          list = {0};
    covary_status status;

    if (from->dimension == to->dimension) {
        *factor = from->in_base / to->in_base;
        return COVARY_OK;
    }
    status = list_units(&from->dimension, &list);
    if (status == COVARY_OK) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG,
                             "'%s' (%s) cannot be converted to '%s' (%s); units that it can: %s",
                             from->name, dimension_name(from->dimension), to->name,
                             dimension_name(to->dimension), list.data);
    }
    text_release(&list);
    return status;
}
