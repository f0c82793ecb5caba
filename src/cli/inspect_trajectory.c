/* SPDX-License-Identifier: BSD-3-Clause */
/* What a trajectory holds, by its first and last frame, and what a topology says of it. */
#include "cli/inspect.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>

/* What is looked at together. */
typedef struct {
    const char     *path;
    trajectory     *opened;
    frames         *ends;  /* the first frame, later the last one */
    const topology *about; /* NULL: none is given */
} inspected;

/* The first frame stands for all.  Local. */
static covary_status describe_frames(const inspected *of, text *said, text *json)
{
    covary_status   status = COVARY_OK;
    const char     *format = trajectory_format_name(of->opened);
    const long long n = trajectory_n_frames(of->opened), n_atoms = of->ends->atom_start[1];
    const long long all = trajectory_n_in_files(of->opened);
    const long long most = trajectory_max_atoms(of->opened);
    const bool      elements = trajectory_has_elements(of->opened);

    COVARY_TRY(text_add(said, "%s: trajectory, %s\n  frames        %lld", of->path, format, n));
    if (n != all) {
        COVARY_TRY(text_add(said, " of %lld", all));
    }
    COVARY_TRY(text_add(said, "\n  atoms         %lld, ", n_atoms));
    if (elements) {
        COVARY_TRY(formula_add(n_atoms, of->ends->species, said));
    } else {
        COVARY_TRY(text_add(said, "elements unknown (give --topology FILE)"));
    }
    if (most != n_atoms) {
        COVARY_TRY(text_add(said, " in the first frame, up to %lld", most));
    }
    COVARY_TRY(text_add(said, "\n"));
    COVARY_TRY(text_add(json,
                        "\"kind\": \"trajectory\", \"format\": \"%s\", \"frames\": %lld, "
                        "\"frames_in_files\": %lld, \"atoms\": %lld, \"formula\": ",
                        format, n, all, most));
    if (elements) {
        COVARY_TRY(text_add(json, "\""));
        COVARY_TRY(formula_add(n_atoms, of->ends->species, json));
    }
    COVARY_TRY(text_add(json, elements ? "\"" : "null"));
    COVARY_TRY(inspect_cell(of->ends, said, json));

done:
    return status;
}

/* Volume of the first frame's cell in cubic angstrom; 0: there is none. */
static double volume_of(const frames *first)
{
    const double *a = first->cell, *b = a + 3, *c = a + 6;

    return fabs(a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
                a[2] * (b[0] * c[1] - b[1] * c[0]));
}

/* Molecules, total charge, density.  Local. */
static covary_status describe_topology(const inspected *of, text *said, text *json)
{
    static const double u_per_cubic_angstrom = 1.66053906660; /* g/cm^3, CODATA 2018 */
    covary_status       status = COVARY_OK;
    const topology     *about = of->about;
    const double        volume = volume_of(of->ends);
    double              mass = 0.0, charge = 0.0;

    for (int64_t a = 0; a < about->n_atoms; a++) {
        mass += about->masses[a];
        charge += about->charges != NULL ? about->charges[a] : 0.0;
    }
    COVARY_TRY(text_add(said, "  molecules     %lld, by %s\n", (long long)about->n_molecules,
                        about->bonded ? "bonds" : "residues"));
    COVARY_TRY(text_add(json, ", \"molecules\": %lld", (long long)about->n_molecules));
    if (about->charges != NULL) {
        charge = rint(charge * 1e6) / 1e6 + 0.0; /* as exact as charges are written, and no -0 */
        COVARY_TRY(text_add(said, "  charge        %.6g e\n", charge));
        COVARY_TRY(text_add(json, ", \"charge\": "));
        COVARY_TRY(text_add_json_number(json, charge));
    }
    if (volume > 0.0) {
        const double density = u_per_cubic_angstrom * mass / volume;
        COVARY_TRY(text_add(said, "  density       %.4g g/cm^3\n", density));
        COVARY_TRY(text_add(json, ", \"density\": "));
        COVARY_TRY(text_add_json_number(json, density));
    }

done:
    return status;
}

/* First and last time; the last frame takes the place of the first one.  Local. */
static covary_status describe_times(inspected *of, text *said, text *json)
{
    covary_status status = COVARY_OK;
    const double  first = of->ends->time[0];

    if (isnan(first)) {
        return COVARY_OK;
    }
    COVARY_TRY(trajectory_read(of->opened, trajectory_n_frames(of->opened) - 1, 1, of->ends));
    COVARY_TRY(text_add(said, "  time          %.6g to %.6g fs\n", first, of->ends->time[0]));
    COVARY_TRY(text_add(json, ", \"time\": ["));
    COVARY_TRY(text_add_json_number(json, first));
    COVARY_TRY(text_add(json, ", "));
    COVARY_TRY(text_add_json_number(json, of->ends->time[0]));
    COVARY_TRY(text_add(json, "]"));

done:
    return status;
}

covary_status inspect_trajectory(covary_run *run, const char *path,
                                 const covary_input_options *options, text *said, text *json)
{
    covary_status      status = COVARY_OK;
    topology          *about = NULL;
    inspected          of = {.path = path};
    trajectory_options wanted = {.without_elements = true,
                                 .particles = options->particles,
                                 .frames = options->frames,
                                 .times = options->times};

    if (options->topology != NULL) {
        COVARY_TRY(topology_read(run, options->topology, &about));
        wanted.topology = of.about = about;
    }
    COVARY_TRY(trajectory_open(run, &path, 1, &wanted, &of.opened));
    COVARY_TRY_TOGETHER(run, "reserve a frame",
                        frames_create(1, trajectory_max_atoms(of.opened), &of.ends));
    COVARY_TRY_TOGETHER(run, "read the first frame", trajectory_read(of.opened, 0, 1, of.ends));
    COVARY_TRY_TOGETHER(run, "describe the frames", describe_frames(&of, said, json));
    if (about != NULL) {
        COVARY_TRY_TOGETHER(run, "describe the topology", describe_topology(&of, said, json));
    }
    COVARY_TRY_TOGETHER(run, "read the last frame", describe_times(&of, said, json));

done:
    frames_destroy(&of.ends);
    trajectory_close(&of.opened);
    topology_destroy(&about);
    return status;
}
