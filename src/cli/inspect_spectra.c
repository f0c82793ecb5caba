/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file of spectra holds: of what, how, and how sure. */
#include "cli/inspect.h"
#include "core/status.h"
#include "spectra/spectra_set.h"

#include <inttypes.h>

static covary_status say_settings(const covary_spectra_set *set, text *said)
{
    covary_status           status = COVARY_OK;
    const spectra          *of = &set->of;
    const spectra_settings *used = &of->settings;

    COVARY_TRY(text_add(said,
                        "  frames        %" PRId64 ", %.6g fs apart, in %" PRId64
                        " stretch%s without a gap; %" PRId64 " atoms, %" PRId64 " molecule%s\n",
                        of->n_frames, of->step, set->n_stretches, set->n_stretches == 1 ? "" : "es",
                        set->n_atoms, set->n_molecules, set->n_molecules == 1 ? "" : "s"));
    COVARY_TRY(text_add(said, "  made of      "));
    for (int k = 0; k < 3; k++) {
        if (set->sources[k] != NULL) {
            COVARY_TRY(text_add(said, " %s %s", spectra_source_names[k], set->sources[k]));
        }
    }
    COVARY_TRY(text_add(
        said, "\n  settings      %s, window %s, quantum correction %s, derivative %s\n",
        spectra_method_names[used->method], spectra_window_names[used->window],
        spectra_correction_names[used->correction], spectra_derivative_names[used->derivative]));
    COVARY_TRY(text_add(said,
                        "  temperature   %.5g K%s\n  resolution    %.4g cm^-1, from %" PRId64
                        " segments of %" PRId64 " frames\n",
                        used->temperature, of->temperature_measured ? ", of the atoms' motion" : "",
                        of->resolution, of->n_segments, of->segment_frames));

done:
    return status;
}

static covary_status say(const covary_spectra_set *set, const char *path, text *said)
{
    covary_status  status = COVARY_OK;
    const spectra *of = &set->of;

    COVARY_TRY(text_add(said, "%s: spectra, written by covary %s (%s)\n", path, set->version,
                        set->commit));
    COVARY_TRY(say_settings(set, said));
    COVARY_TRY(text_add(said, "  wavenumbers   %" PRId64 ", %.5g to %.5g cm^-1\n", of->n_points,
                        of->wavenumber[0], of->wavenumber[of->n_points - 1]));
    for (int s = 0; s < of->n_spectra; s++) {
        COVARY_TRY(text_add(said, "  %s: %s, %s%s\n", of->spectra[s].name,
                            of->spectra[s].description, of->spectra[s].unit,
                            of->spectra[s].floor != NULL ? ", with the floor of a model" : ""));
    }
    for (int64_t i = 0; i < set->n_inputs; i++) {
        COVARY_TRY(text_add(said, "  %-13s %s, %s\n", i == 0 ? "files" : "", set->paths[i],
                            set->checksums[i]));
    }
    for (int64_t w = 0; w < set->n_warnings; w++) {
        COVARY_TRY(text_add(said, "  warning       %s\n", set->warnings[w]));
    }
    if (set->command != NULL) {
        COVARY_TRY(text_add(said, "  command       %s\n", set->command));
    }

done:
    return status;
}

/* The same numbers that covary spectra --json gives, without the spectra themselves. */
static covary_status tell(const covary_spectra_set *set, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(json, "\"kind\": \"spectra\", "));
    COVARY_TRY(spectra_add_json_settings(set, json));
    COVARY_TRY(text_add(json, ", \"points\": %" PRId64 ", \"spectra\": {", set->of.n_points));
    for (int s = 0; s < set->of.n_spectra; s++) {
        COVARY_TRY(text_add(json, "%s\"%s\": {\"unit\": \"%s\", \"floor\": %s}", s > 0 ? ", " : "",
                            set->of.spectra[s].name, set->of.spectra[s].unit,
                            set->of.spectra[s].floor != NULL ? "true" : "false"));
    }
    COVARY_TRY(text_add(json, "}"));

done:
    return status;
}

covary_status inspect_spectra(covary_run *run, const char *path, text *said, text *json)
{
    covary_status       status = COVARY_OK;
    covary_spectra_set *set = NULL;

    COVARY_TRY(covary_spectra_load(run, path, &set));
    COVARY_TRY_TOGETHER(run, "describe spectra", say(set, path, said));
    COVARY_TRY_TOGETHER(run, "describe spectra", tell(set, json));

done:
    covary_spectra_destroy(&set);
    return status;
}
