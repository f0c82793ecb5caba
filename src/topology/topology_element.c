/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elements of atoms from masses and names.
 *
 * A mass decides together with the name: among the elements whose symbols the name begins with, one
 * of about that mass; else hydrogen that was made heavier, or a heavy atom that was made lighter
 * for it (repartitioned masses: Feenstra, Hess and Berendsen, J. Comput. Chem. 20, 786 (1999));
 * else the element of that mass, unless the name says that hydrogens are counted in (united atoms).
 *
 * A name alone is read as biomolecular force fields and the PDB mean it: C, N, O, P and S are
 * followed by a place in the residue (CA, NE2, OD1, SG), CL and BR are always elements, and CA, NA
 * or HG are metals where the residue is called the same or the name's columns say so.
 */
#include "core/status.h"
#include "trajectory/elements.h"
#include "topology/topology_format.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

static const double mass_tolerance = 0.3, exact_tolerance = 0.1;

/* The letters after leading digits: CA of 1CA2+; returns their number, at most `room`. */
static size_t letters_of(const char *name, char *letters, size_t room)
{
    size_t n = 0;

    while (isdigit((unsigned char)*name)) {
        name++;
    }
    while (n < room && isalpha((unsigned char)name[n])) {
        letters[n] = name[n];
        n++;
    }
    return n;
}

/* Ions whose names in CHARMM's force fields are no symbols. */
static int named_ion(const char *name)
{
    static const struct {
        const char *name;
        int         element;
    } ions[] = {{"SOD", 11}, {"POT", 19}, {"CLA", 17}, {"CAL", 20}, {"CES", 55},
                {"LIT", 3},  {"RUB", 37}, {"CAD", 48}, {"BAR", 56}};

    for (size_t i = 0; i < sizeof ions / sizeof ions[0]; i++) {
        if (strcasecmp(name, ions[i].name) == 0) {
            return ions[i].element;
        }
    }
    return 0;
}

/* Is the atom the only one of a residue of its own name, as ions are?  Signs and digits aside. */
static bool is_ion(const draft_atom *atom)
{
    char         name[DRAFT_TEXT] = "", residue[DRAFT_TEXT] = "";
    const size_t n = letters_of(atom->name, name, sizeof name - 1);

    return n == letters_of(atom->residue, residue, sizeof residue - 1) && n > 0 &&
           strncasecmp(name, residue, n) == 0;
}

/* Second letters that with the first make an element wherever they stand. */
static int surely_two(const char *letters, size_t n)
{
    static const char *const pairs[] = {"CL", "BR", "CU", "NI", "SI", "SE", "FE", "LI"};

    for (size_t i = 0; n >= 2 && i < sizeof pairs / sizeof pairs[0]; i++) {
        if (strncasecmp(letters, pairs[i], 2) == 0) {
            return element_number(letters, 2);
        }
    }
    return 0;
}

static int element_from_name(const draft_atom *atom)
{
    char         letters[DRAFT_TEXT] = "";
    const size_t n = letters_of(atom->name, letters, sizeof letters - 1);
    int          found = is_ion(atom) ? named_ion(atom->residue) : 0;

    if (n == 0) {
        return 0;
    }
    if (found == 0 && is_ion(atom)) {
        found = element_number(letters, n);
    }
    if (found == 0 && n >= 2 && isupper((unsigned char)letters[0]) &&
        islower((unsigned char)letters[1])) {
        found = element_number(letters, 2);
    }
    if (found == 0) {
        found = surely_two(letters, n);
    }
    if (found == 0) {
        found = atom->column_element;
    }
    if (found == 0) {
        found = element_number(letters, 1);
    }
    return found != 0 || n < 2 ? found : element_number(letters, 2);
}

/* The element of the symbol that the name begins with, of one or two letters, nearest in mass. */
static int named_by_mass(const draft_atom *atom, double tolerance)
{
    char         letters[DRAFT_TEXT] = "";
    const size_t n = letters_of(atom->name, letters, 2);
    int          best = 0;
    double       least = tolerance;

    for (size_t length = 1; length <= n; length++) {
        const int    element = element_number(letters, length);
        const double off = fabs(element_mass(element) - atom->mass);
        if (element != 0 && off < least) {
            least = off;
            best = element;
        }
    }
    return best;
}

/* Hydrogen that was made heavier, or a heavy atom that lost as much for up to three of them? */
static int repartitioned(const draft_atom *atom)
{
    char         letters[DRAFT_TEXT] = "";
    const size_t n = letters_of(atom->name, letters, 1);
    const int    element = n > 0 ? element_number(letters, 1) : 0;
    const double heavier = 3.1, mass = element_mass(element);

    if (element == 1) {
        return atom->mass < mass + heavier ? element : 0;
    }
    return element > 5 && element < 17 && atom->mass < mass && atom->mass > mass - 2.99 * heavier
               ? element
               : 0;
}

/* A carbon with one to four hydrogens counted in? */
static bool is_united(const draft_atom *atom)
{
    const double hydrogens = (atom->mass - element_mass(6)) / element_mass(1);

    return toupper((unsigned char)atom->name[0]) == 'C' && hydrogens > 0.9 && hydrogens < 4.1 &&
           fabs(hydrogens - round(hydrogens)) < 0.05;
}

/* The element nearest in mass. */
static int nearest_by_mass(double mass)
{
    double least = exact_tolerance;
    int    nearest = 0;

    for (int element = 1; element <= ELEMENT_MAX; element++) {
        if (fabs(element_mass(element) - mass) < least) {
            least = fabs(element_mass(element) - mass);
            nearest = element;
        }
    }
    return nearest;
}

static int element_from_mass(const draft_atom *atom)
{
    int found = 0;

    if (toupper((unsigned char)atom->name[0]) == 'H' && !is_ion(atom)) {
        found = repartitioned(atom); /* HE1 of 4 u is no helium */
    }
    if (found == 0) {
        found = named_by_mass(atom, mass_tolerance);
    }
    if (found == 0 && named_ion(atom->name) == 0) {
        found = repartitioned(atom);
    }
    return found != 0 ? found : nearest_by_mass(atom->mass);
}

static covary_status undecided(const topology_draft *draft, const draft_atom *atom)
{
    if (!isnan(atom->mass) && atom->mass < 0.5) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "%s, line %" PRId64 ": '%s' has a mass of %g u, so it is a site of a "
                           "force field and no atom; write trajectory and topology without such "
                           "sites",
                           draft->path, atom->line, atom->name, atom->mass);
    }
    if (!isnan(atom->mass) && is_united(atom)) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "%s, line %" PRId64 ": '%s' of %g u is a carbon with its hydrogens; "
                           "models need all atoms",
                           draft->path, atom->line, atom->name, atom->mass);
    }
    return COVARY_FAIL(COVARY_ERR_DATA,
                       "%s, line %" PRId64 ": no element can be told from the name '%s' (residue "
                       "'%s'); give a topology that names elements: PDB with columns 77-78, or "
                       "extended XYZ",
                       draft->path, atom->line, atom->name, atom->residue);
}

covary_status topology_element(const topology_draft *draft, const draft_atom *atom,
                               uint8_t *element)
{
    int found = atom->element;

    if (found == 0 && !isnan(atom->mass)) {
        found = atom->mass < 0.5 || is_united(atom) ? 0 : element_from_mass(atom);
    } else if (found == 0) {
        found = element_from_name(atom);
    }
    *element = (uint8_t)found;
    return found != 0 ? COVARY_OK : undecided(draft, atom);
}

bool topology_is_biomolecule(const char *residue)
{
    static const char *const names[] = {
        "ALA", "ARG", "ASN", "ASP", "ASH",  "CYS", "CYX", "CYM", "GLN", "GLU", "GLH", "GLY",
        "HIS", "HID", "HIE", "HIP", "HSD",  "HSE", "HSP", "ILE", "LEU", "LYS", "LYN", "MET",
        "MSE", "PHE", "PRO", "SER", "THR",  "TRP", "TYR", "VAL", "ACE", "NME", "NH2", "DA",
        "DC",  "DG",  "DT",  "DU",  "A",    "C",   "G",   "U",   "T",   "ADE", "CYT", "GUA",
        "THY", "URA", "HOH", "WAT", "TIP3", "TIP", "SOL", "H2O", "SPC"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(residue, names[i]) == 0) {
            return true;
        }
    }
    return false;
}
