/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking at labelled frames before a fit.
 *
 * Every rank reads its share and notes what cannot be read.  The frames that hold the molecule then
 * go to rank 0, which compares them with each other and with what chemistry expects; only the
 * leave-one-out errors are work for all ranks.
 */
#ifndef COVARY_MODEL_PREFLIGHT_H
#define COVARY_MODEL_PREFLIGHT_H

#include "core/config.h"
#include "model/findings.h"
#include "property/property.h"
#include "trajectory/trajectory.h"

typedef struct {
    const covary_config *config; /* borrowed; NULL after the check */
    finding_list         findings;
    trajectory          *from; /* all files that can be read; NULL: none can */

    int        n_properties;
    property **properties;

    /* The molecule that most frames are of. */
    int64_t  n_atoms; /* 0: no frame can be read */
    uint8_t *species; /* [n_atoms] */
    double  *masses;  /* [n_atoms] u */

    /* Frames of the molecule, on rank 0; other ranks have none. */
    int64_t  n_frames;
    int64_t *numbers; /* [n_frames] counted through all files */
    double  *rows;    /* [n_frames][width] */
    int64_t  width;   /* positions [n_atoms][3], then the labels, NAN where there is none */
    int64_t *columns; /* [n_properties + 1] where the labels begin */
} preflight;

struct covary_check {
    preflight of;
};

/* Read everything, noting what cannot be read.  Collective. */
covary_status preflight_read(covary_run *run, preflight *of);

/* Positions of a frame, [n_atoms][3]; labels of a property in it, or NULL where it has none. */
const double *preflight_positions(const preflight *of, int64_t frame);
const double *preflight_label(const preflight *of, int64_t frame, int property);

/* The centre of mass of a frame. */
void preflight_centre(const preflight *of, int64_t frame, double centre[3]);

/* Each looks for one sort of mistake; on rank 0.  Local. */
covary_status preflight_units(preflight *of);
covary_status preflight_charges(preflight *of);
covary_status preflight_order(preflight *of);
covary_status preflight_geometry(preflight *of);
covary_status preflight_copies(preflight *of);

/* Labels that a quick fit to the others does not expect.  Collective. */
covary_status preflight_outliers(covary_run *run, preflight *of);

#endif
