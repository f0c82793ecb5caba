/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do dipoles have the charge and the origin that they are declared to have?
 *
 * Where frames lie at different places, the dipole of an ion about a fixed point goes with its
 * centre: mu = mu_0 + q (c - o), so that the slope of the labels over the centres is the charge,
 * Jackson (3rd ed.) section 4.1.  About a point of the molecule itself the slope is 0.
 */
#include "model/preflight.h"

#include "core/status.h"

#include <math.h>
#include <stdio.h>

/* Sums over the components of all labelled frames, of deviations from their means. */
typedef struct {
    int64_t n;
    double  centres, labels, both; /* angstrom, and the unit of the labels */
} scatter;

/* The mean centre and label of the labelled frames; returns their number. */
static int64_t means_of(const preflight *of, int p, double centre[3], double label[3])
{
    int64_t n = 0;

    for (int i = 0; i < 3; i++) {
        centre[i] = label[i] = 0.0;
    }
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        const double *values = preflight_label(of, frame, p);
        double        at[3];
        if (values == NULL) {
            continue;
        }
        preflight_centre(of, frame, at);
        n++;
        for (int i = 0; i < 3; i++) {
            centre[i] += (at[i] - centre[i]) / (double)n;
            label[i] += (values[i] - label[i]) / (double)n;
        }
    }
    return n;
}

static scatter scatter_of(const preflight *of, int p)
{
    scatter sums = {0};
    double  centre[3], label[3], at[3];

    sums.n = means_of(of, p, centre, label);
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        const double *values = preflight_label(of, frame, p);
        if (values == NULL) {
            continue;
        }
        preflight_centre(of, frame, at);
        for (int i = 0; i < 3; i++) {
            const double c = at[i] - centre[i], mu = values[i] - label[i];
            sums.centres += c * c;
            sums.labels += mu * mu;
            sums.both += c * mu;
        }
    }
    return sums;
}

static covary_status report(preflight *of, int p, double charge)
{
    const property *about = of->properties[p];
    const double    found = rint(charge);
    char            remedy[FINDING_REMEDY];

    if (found == 0.0) {
        snprintf(remedy, sizeof remedy,
                 "remove the property's `charge` if the molecule is neutral; else give the origin "
                 "that moves with it (properties.%d.origin: center-of-mass)",
                 p);
        return findings_begin(&of->findings, FINDING_CHARGE, p, remedy,
                              "the labels do not move with the molecule (%.3g e), while a charge "
                              "of %g e about a fixed point is declared",
                              charge, about->charge);
    }
    snprintf(remedy, sizeof remedy,
             "give the charge and the point that the labels refer to: properties.%d.charge: %g, "
             "properties.%d.origin: \"0 0 0\"",
             p, found, p);
    return findings_begin(&of->findings, FINDING_CHARGE, p, remedy,
                          "the labels move with the molecule as those of a charge of %.3g e about "
                          "a fixed point do; declared are %g e%s",
                          charge, about->charge,
                          about->charge == 0.0            ? ""
                          : about->origin == ORIGIN_POINT ? " about a fixed point"
                                                          : " about a point of the molecule");
}

/* Centres must lie apart, and slopes explain the labels and be near whole charges. */
static covary_status check_dipole(preflight *of, int p)
{
    static const double LEAST_SPREAD = 0.2; /* angstrom */
    static const double GOES_ALONG = 0.5;   /* correlation */
    static const double NEAR_WHOLE = 0.2;   /* e */
    const property     *about = of->properties[p];
    const double        in_base = about->unit->in_base, bohr = 0.529177210903;
    const double        expected = about->origin == ORIGIN_POINT ? about->charge : 0.0;
    const scatter       sums = scatter_of(of, p);

    if (sums.n < 4 || sums.centres < 3.0 * (double)sums.n * LEAST_SPREAD * LEAST_SPREAD) {
        return COVARY_OK;
    }
    const double charge = sums.both / sums.centres * in_base * bohr;
    const double along = sums.both / sqrt(sums.centres * sums.labels);
    const bool   whole = fabs(charge - rint(charge)) < NEAR_WHOLE;
    const bool   other = fabs(charge - expected) > 0.5;
    if (!whole || !other || (rint(charge) != 0.0 && !(fabs(along) > GOES_ALONG))) {
        return COVARY_OK;
    }
    return report(of, p, charge);
}

covary_status preflight_charges(preflight *of)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < of->n_properties; p++) {
        const property *about = of->properties[p];
        if (about->unit->dimension == UNIT_DIPOLE && about->kind->rank == 1 &&
            !about->kind->axial && !about->per_atom && !about->arbitrary_phase &&
            about->gap == NULL) {
            COVARY_TRY(check_dipole(of, p));
        }
    }

done:
    return status;
}
