/* SPDX-License-Identifier: BSD-3-Clause */
/* Trajectories as a caller of the library names them: with a topology and a selection of frames. */
#ifndef COVARY_MODEL_INPUTS_H
#define COVARY_MODEL_INPUTS_H

#include "trajectory/trajectory.h"
#include <covary/model.h>

/*
 * Read the topology, if there is one, and open the trajectories; the log says what is selected.
 * Collective.
 *
 * options   in   NULL: all frames, no topology
 * requests  in   labels
 * about     out  new or NULL: the topology, for more than elements; may be NULL.  Release with
 *                topology_destroy
 */
covary_status inputs_open(covary_run *run, const char *const *paths, int n_paths,
                          const covary_input_options *options, const label_request *requests,
                          int n_requests, topology **about, trajectory **out);

#endif
