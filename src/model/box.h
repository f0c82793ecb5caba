/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that are boxes of molecules: the molecules of the model's kind are found in the first
 * frame and taken whole out of every frame, so that each is predicted as if it were alone.
 */
#ifndef COVARY_MODEL_BOX_H
#define COVARY_MODEL_BOX_H

#include "geometry/molecules.h"
#include "model/model.h"

typedef struct {
    int64_t        n_atoms; /* of a frame */
    uint8_t       *species; /* [n_atoms] of the first frame, and so of all */
    molecule_list *molecules;
} box;

/* Are frames boxes?  The caller decides, or leaves it to the model; options may be NULL.  Local. */
bool box_is_wanted(const covary_model *model, const covary_input_options *options);

/* Who has decided that, for the log; nothing where neither has asked for boxes. */
void box_log_choice(covary_run *run, const covary_model *model,
                    const covary_input_options *options);

/*
 * Find the molecules in the first frame, by the bonds of the topology if it has all, else by
 * covalent radii; the log says what else is in the box.  Collective.
 *
 * about  in  NULL: no topology
 *
 * COVARY_ERR_DATA: there are none; COVARY_ERR_CONFIG: a dipole of charged molecules that refers to
 * a point in space, so that it would depend on the image that a molecule is in.
 */
covary_status box_find(covary_run *run, const covary_model *model, trajectory *from,
                       const topology *about, box **out);
void          box_destroy(box **released);

/*
 * All molecules of a batch.  Local.
 *
 * whole  out  [frames][molecules][atoms of one][3] angstrom
 *
 * COVARY_ERR_DATA: a cell without volume; the message names file and frame.
 */
covary_status box_gather(const box *of, const frames *batch, const trajectory *from, double *whole);

/* A number that tells lists of molecules apart.  Local. */
uint64_t box_hash(const box *of);

#endif
