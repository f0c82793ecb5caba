/* SPDX-License-Identifier: BSD-3-Clause */
/* From a model and its archive to the layout of the annotation. */
#include "model/annotate_layout.h"

#include "core/memory.h"
#include "core/output.h"
#include "core/status.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>

const covary_annotate_options annotate_defaults = {.positions = true, .flush_seconds = 30.0};

void annotate_layout_release(annotate_layout *held)
{
    MEMORY_RELEASE(&held->selection);
    MEMORY_RELEASE(&held->checksums);
    MEMORY_RELEASE(&held->inputs);
    observed_release(&held->observed);
}

typedef covary_status (*summing)(const char *path, int64_t *bytes, char sum[CHECKSUM_TEXT]);

/* Rank 0 reads; with NULL instead of a path there is nothing to sum. */
static covary_status sum_file(covary_run *run, summing how, const char *path, char *sum,
                              annotation_input *about)
{
    covary_status status = COVARY_OK;

    *about = (annotation_input){.path = path, .checksum = sum};
    if (path == NULL) {
        return COVARY_OK;
    }
    if (covary_run_rank(run) == 0) {
        status = how(path, &about->bytes, sum);
    }
    COVARY_TRY_TOGETHER(run, "sum the inputs", status);
    MPI_Bcast(sum, CHECKSUM_TEXT, MPI_CHAR, 0, covary_run_comm(run));
    MPI_Bcast(&about->bytes, 1, MPI_INT64_T, 0, covary_run_comm(run));

done:
    return status;
}

/* The model, and the inputs: trajectories, then the topology. */
static covary_status describe_files(covary_run *run, const covary_model *model,
                                    const char *const *paths, int n_paths, const char *elements,
                                    annotate_layout *held)
{
    covary_status          status = COVARY_OK;
    annotation_provenance *provenance = &held->layout.provenance;
    const int              n_inputs = n_paths + (elements != NULL);

    COVARY_TRY_TOGETHER(run, "reserve the checksums",
                        MEMORY_ALLOCATE("checksums", 1 + n_inputs, &held->checksums));
    COVARY_TRY_TOGETHER(run, "reserve the inputs",
                        MEMORY_ALLOCATE("inputs", n_inputs, &held->inputs));
    COVARY_TRY(
        sum_file(run, checksum_whole_file, model->path, held->checksums[0], &provenance->model));
    for (int i = 0; i < n_inputs; i++) {
        const bool last = i == n_paths;
        COVARY_TRY(sum_file(run, last ? checksum_whole_file : checksum_file,
                            last ? elements : paths[i], held->checksums[1 + i], &held->inputs[i]));
    }
    provenance->n_inputs = n_inputs;
    provenance->inputs = held->inputs;

done:
    return status;
}

/* Whatever else than model and inputs decides on the contents. */
static covary_status describe_settings(const stream *from, const covary_annotate_options *options,
                                       annotate_layout *held, annotation_provenance *provenance)
{
    covary_status status = COVARY_OK;
    const bool    single = from->model->precision == ENGINE_SINGLE;
    const char   *positions = options->double_positions ? "double" : "single";

    COVARY_TRY(trajectory_selection(from->from, &held->selection));
    held->settings[0] = (annotation_setting){"positions", options->positions ? positions : "none"};
    held->settings[1] = (annotation_setting){"precision", single ? "single" : "double"};
    held->settings[2] = (annotation_setting){"frames", held->selection};
    snprintf(held->molecules, sizeof held->molecules, "none");
    if (from->boxes != NULL) { /* lists differ if topologies do */
        snprintf(held->molecules, sizeof held->molecules, "%" PRId64 " (%016" PRIx64 ")",
                 from->per_frame, box_hash(from->boxes));
    }
    held->settings[3] = (annotation_setting){"molecules", held->molecules};
    held->settings[4] =
        (annotation_setting){"uncertainty", uncertainty_name(from->model->uncertainty)};
    provenance->n_settings = ANNOTATE_SETTINGS;
    provenance->settings = held->settings;

done:
    return status;
}

/*
 * A file has cells for all frames or for none.  Times are written even if they are NAN: MDAnalysis
 * refuses files without them.
 */
static covary_status probe_first_frame(stream *from, annotation_layout *layout)
{
    covary_status status = COVARY_OK;
    frames       *probe = from->batch;

    COVARY_TRY(trajectory_read(from->from, 0, 1, probe));
    layout->time = true;
    layout->periodic = probe->periodic[0];
    for (int i = 0; i < 9; i++) {
        layout->cell = layout->cell || probe->cell[i] != 0.0;
    }

done:
    return status;
}

static covary_status describe(const covary_model *model, stream *from,
                              const covary_annotate_options *options, annotate_layout *held)
{
    covary_status      status = COVARY_OK;
    annotation_layout *layout = &held->layout;

    *layout = (annotation_layout){
        .n_frames = trajectory_n_frames(from->from),
        .n_atoms = model->about.n_atoms,
        .species = model->about.species,
        .positions = options->positions,
        .double_positions = options->double_positions,
        .margin = true,
        .distance = true,
        .provenance = {.author = "Covary",
                       .command = options->command,
                       .config = model->config_text},
    };
    if (from->boxes != NULL) {
        layout->n_atoms = from->boxes->n_atoms;
        layout->species = from->boxes->species;
        layout->n_molecules = from->per_frame;
        layout->molecule_atoms = model->about.n_atoms;
        layout->molecules = from->boxes->molecules->atoms;
    }
    COVARY_TRY(probe_first_frame(from, layout));
    COVARY_TRY(observed_create(model, from->boxes != NULL, &held->observed));
    layout->n_observables = held->observed.n;
    layout->observables = held->observed.observables;
    COVARY_TRY(describe_settings(from, options, held, &layout->provenance));
    date_now(held->created);
    layout->provenance.created = held->created;

done:
    return status;
}

covary_status annotate_check_output(covary_run *run, const covary_model *model,
                                    const char *const *paths, int n_paths,
                                    const covary_annotate_options *options, const char *output)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(output_check(run, output, (const char *const *)&model->path, 1));
    COVARY_TRY(output_check(run, output, paths, n_paths));
    COVARY_TRY(output_check(run, output, &options->input.topology, 1));

done:
    return status;
}

covary_status annotate_open(covary_run *run, const covary_model *model, const char *const *paths,
                            int n_paths, const covary_annotate_options *options, const char *output,
                            stream **from, annotate_layout *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(annotate_check_output(run, model, paths, n_paths, options, output));
    box_log_choice(run, model, &options->input);
    COVARY_TRY(
        stream_open(run, model, paths, n_paths, &options->input, NULL, 0, options->batch, from));
    COVARY_TRY_TOGETHER(run, "lay out the annotation", describe(model, *from, options, out));
    COVARY_TRY(describe_files(run, model, paths, n_paths, options->input.topology, out));

done:
    return status;
}
