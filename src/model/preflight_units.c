/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Are labels in the unit that they are declared in?
 *
 * Two estimates from the elements and the geometry are good to some tens of percent, where units
 * differ by 1.9 and more:
 *
 *   polarizability   Molecules of nonmetals have 0.6 to 0.8 of the sum of the polarizabilities of
 *                    their free atoms (P. Schwerdtfeger, J. K. Nagle, Mol. Phys. 117, 1200 (2019)).
 *   dipole           Each polar bond has the charge 0.45 X / (1 + 0.35 X) at its ends, X the
 *                    difference of Pauling's electronegativities (A. L. Allred, J. Inorg. Nucl.
 *                    Chem. 17, 215 (1961)), twice that if it is short; bonds of carbon and hydrogen
 *                    have none.  The charges are an interpolation of bond dipoles of small
 *                    molecules.  Where these dipoles go with the labels, the factor between the two
 *                    is 0.7 to 1.1.
 *
 * Nothing is said where an estimate has no ground: other elements, ions, bonds without poles,
 * labels that do not go with the bonds.
 */
#include "model/preflight.h"

#include "core/status.h"
#include "core/units.h"
#include "geometry/bond_graph.h"
#include "trajectory/elements.h"

#include <math.h>
#include <stdio.h>

static const double BOHR = 0.529177210903; /* angstrom, CODATA 2018 */

typedef struct {
    int    element;
    double electronegativity;
    double polarizability; /* of the free atom, bohr^3 */
} element_data;

static const element_data known[] = {
    {1, 2.20, 4.507}, {5, 2.04, 20.5},  {6, 2.55, 11.3},  {7, 3.04, 7.4},   {8, 3.44, 5.3},
    {9, 3.98, 3.74},  {14, 1.90, 37.3}, {15, 2.19, 25.0}, {16, 2.58, 19.4}, {17, 3.16, 14.6},
    {34, 2.55, 28.9}, {35, 2.96, 21.0}, {53, 2.66, 32.9},
};

static const element_data *find_element(int element)
{
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        if (known[k].element == element) {
            return &known[k];
        }
    }
    return NULL;
}

static bool all_known(const preflight *of)
{
    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        if (find_element(of->species[atom]) == NULL) {
            return false;
        }
    }
    return true;
}

/* What estimates are worth: labels over estimate where nothing is wrong, and how far off it is. */
typedef struct {
    double typical;
    double least, most; /* beyond: look for another unit */
    double near;        /* another unit must come this near, as a factor */
} trust;

/*
 * `ratio` is that of the labels, taken in the declared unit, over the estimate.  NULL: the declared
 * unit is as good as any, or none explains the labels.
 */
static const unit *better_unit(const unit *declared, double ratio, trust in)
{
    const unit *best = NULL;
    double      least = log(in.near);

    if (ratio >= in.least && ratio <= in.most) {
        return NULL;
    }
    for (const unit *other = unit_table(); other->name != NULL; other++) {
        const double as_if = ratio * other->in_base / declared->in_base;
        const double off = fabs(log(as_if / in.typical));
        if (other->dimension == declared->dimension && off < least * (1.0 - 1e-9)) {
            least = off;
            best = other;
        }
    }
    return best;
}

static covary_status report(preflight *of, int p, double ratio, const char *estimate, trust in)
{
    const property *about = of->properties[p];
    const unit     *likely = better_unit(about->unit, ratio, in);
    char            remedy[FINDING_REMEDY];

    if (likely == NULL) {
        return COVARY_OK;
    }
    snprintf(remedy, sizeof remedy,
             "declare the unit that the labels have (properties.%d.unit: %s)", p, likely->name);
    return findings_begin(&of->findings, FINDING_UNIT, p, remedy,
                          "taken in %s, the labels are %.2g times what %s; taken in %s they would "
                          "be %.2g times that, as is usual",
                          about->unit->name, ratio, estimate, likely->name,
                          ratio * likely->in_base / about->unit->in_base);
}

/* The isotropic part of a label. */
static double isotropic(const property_kind *kind, const double *values)
{
    return kind->rank == 0 ? values[0] : (values[0] + values[4] + values[8]) / 3.0;
}

static covary_status check_polarizability(preflight *of, int p)
{
    static const trust in = {.typical = 0.7, .least = 0.3, .most = 1.8, .near = 1.8};
    const property    *about = of->properties[p];
    double             sum = 0.0, free_atoms = 0.0;
    int64_t            n = 0;

    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        const double *label = preflight_label(of, frame, p);
        if (label != NULL) {
            sum += isotropic(about->kind, label);
            n++;
        }
    }
    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        free_atoms += find_element(of->species[atom])->polarizability;
    }
    if (n == 0) {
        return COVARY_OK;
    }
    return report(of, p, fabs(sum) / (double)n * about->unit->in_base / free_atoms,
                  "the free atoms of the molecule have together", in);
}

/* The charge at the ends of a bond, positive at a. */
static double bond_charge(const preflight *of, int64_t a, int64_t b, double distance)
{
    static const double SHORT = 0.9; /* of the sum of radii: a double bond */
    const element_data *one = find_element(of->species[a]), *other = find_element(of->species[b]);
    const double        difference = other->electronegativity - one->electronegativity;
    const double        radii = element_radius(of->species[a]) + element_radius(of->species[b]);
    const bool          hydrogen = one->element == 1 || other->element == 1;
    const double        charge = 0.45 * difference / (1.0 + 0.35 * fabs(difference));

    if (hydrogen && one->element + other->element == 7) {
        return 0.0;
    }
    return !hydrogen && distance < SHORT * radii ? 2.0 * charge : charge;
}

/* The dipole of all bonds of a frame, e*bohr. */
static void bond_dipole(const preflight *of, int64_t frame, double dipole[3])
{
    const double *at = preflight_positions(of, frame);

    dipole[0] = dipole[1] = dipole[2] = 0.0;
    for (int64_t a = 0; a < of->n_atoms; a++) {
        for (int64_t b = 0; b < a; b++) {
            if (bond_graph_near(of->species, at, a, b)) {
                double between[3];
                for (int i = 0; i < 3; i++) {
                    between[i] = at[3 * a + i] - at[3 * b + i];
                }
                const double charge =
                    bond_charge(of, a, b, hypot(hypot(between[0], between[1]), between[2]));
                for (int i = 0; i < 3; i++) {
                    dipole[i] += charge * between[i] / BOHR;
                }
            }
        }
    }
}

static covary_status check_dipole(preflight *of, int p)
{
    static const trust  in = {.typical = 0.9, .least = 0.6, .most = 1.6, .near = 1.7};
    static const double GOES_ALONG = 0.8;
    const property     *about = of->properties[p];
    double              labels = 0.0, bonds = 0.0, both = 0.0;

    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        const double *label = preflight_label(of, frame, p);
        double        dipole[3];
        if (label == NULL) {
            continue;
        }
        bond_dipole(of, frame, dipole);
        for (int i = 0; i < 3; i++) {
            const double value = label[i] * about->unit->in_base;
            labels += value * value;
            bonds += dipole[i] * dipole[i];
            both += value * dipole[i];
        }
    }
    if (!(both >= GOES_ALONG * sqrt(labels * bonds)) || bonds == 0.0) {
        return COVARY_OK;
    }
    return report(of, p, both / bonds, "the polar bonds of the molecule suggest", in);
}

covary_status preflight_units(preflight *of)
{
    covary_status status = COVARY_OK;
    const bool    known_elements = all_known(of);

    for (int p = 0; p < of->n_properties && known_elements; p++) {
        const property *about = of->properties[p];
        const int       rank = about->kind->rank;
        if (about->per_atom || about->kind->axial || about->gap != NULL || about->arbitrary_phase) {
            continue;
        }
        if (about->unit->dimension == UNIT_POLARIZABILITY && (rank == 0 || rank == 2)) {
            COVARY_TRY(check_polarizability(of, p));
        }
        if (about->unit->dimension == UNIT_DIPOLE && rank == 1 && about->charge == 0.0) {
            COVARY_TRY(check_dipole(of, p));
        }
    }

done:
    return status;
}
