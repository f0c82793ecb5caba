/* SPDX-License-Identifier: BSD-3-Clause */
/* Trajectories with their topology and the frames that are selected. */
#include "model/inputs.h"

#include "core/log.h"
#include "core/status.h"

covary_status inputs_open(covary_run *run, const char *const *paths, int n_paths,
                          const covary_input_options *options, const label_request *requests,
                          int n_requests, topology **about, trajectory **out)
{
    static const covary_input_options all = {0};
    covary_status                     status = COVARY_OK;
    topology                         *elements = NULL;
    trajectory                       *opened = NULL;
    trajectory_options                wanted = {.requests = requests, .n_requests = n_requests};

    options = options != NULL ? options : &all;
    if (options->topology != NULL) {
        COVARY_TRY(topology_read(run, options->topology, &elements));
    }
    wanted.topology = elements;
    wanted.particles = options->particles;
    wanted.frames = options->frames;
    wanted.times = options->times;
    COVARY_TRY(trajectory_open(run, paths, n_paths, &wanted, &opened));
    if (trajectory_n_frames(opened) < trajectory_n_in_files(opened)) {
        log_write(run, LOG_INFO, "%lld of %lld frames are selected",
                  (long long)trajectory_n_frames(opened), (long long)trajectory_n_in_files(opened));
    }
    *out = opened;
    opened = NULL;
    if (about != NULL) {
        *about = elements;
        elements = NULL;
    }

done:
    trajectory_close(&opened);
    topology_destroy(&elements);
    return status;
}
