/* SPDX-License-Identifier: BSD-3-Clause */
/* What an annotation holds: molecule, observables, provenance, frames outside of the domain. */
#include "annotation/annotation.h"
#include "cli/inspect.h"
#include "core/memory.h"
#include "core/status.h"

enum { BLOCK = 65536, N_FLAGS = 5 };

typedef struct {
    int64_t far, ambiguous, degenerate, uncertain, close, missing;
} flag_counts;

/* Each rank counts its share of the frames that are done, in blocks of bounded memory.  Local. */
static covary_status count_share(const annotation *opened, int64_t first, int64_t end,
                                 int64_t counts[N_FLAGS])
{
    covary_status status = COVARY_OK;
    uint8_t      *flags = NULL;
    const int64_t width = annotation_n_molecules(opened) > 0 ? annotation_n_molecules(opened) : 1;
    const int64_t block = BLOCK / width + 1;

    COVARY_TRY(MEMORY_ALLOCATE("flags", block * width, &flags));
    for (; first < end; first += block) {
        int64_t count = end - first < block ? end - first : block;
        COVARY_TRY(annotation_read_flags(opened, first, count, flags));
        for (int64_t i = 0; i < count * width; i++) {
            counts[0] += (flags[i] & ANNOTATION_FAR) != 0;
            counts[1] += (flags[i] & ANNOTATION_AMBIGUOUS) != 0;
            counts[2] += (flags[i] & ANNOTATION_DEGENERATE) != 0;
            counts[3] += (flags[i] & ANNOTATION_UNCERTAIN) != 0;
            counts[4] += (flags[i] & ANNOTATION_CLOSE) != 0;
        }
    }

done:
    MEMORY_RELEASE(&flags);
    return status;
}

static covary_status count_flags(covary_run *run, const annotation *opened, flag_counts *out)
{
    covary_status status = COVARY_OK;
    int64_t       n = annotation_n_complete(opened), counts[N_FLAGS] = {0};
    int           rank = covary_run_rank(run), size = covary_run_size(run);

    COVARY_TRY_TOGETHER(run, "count the flags",
                        count_share(opened, n * rank / size, n * (rank + 1) / size, counts));
    MPI_Allreduce(MPI_IN_PLACE, counts, N_FLAGS, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    *out = (flag_counts){counts[0], counts[1], counts[2],
                         counts[3], counts[4], annotation_n_frames(opened) - n};

done:
    return status;
}

static covary_status formula_of(const annotation *opened, text *into)
{
    covary_status  status = COVARY_OK;
    int64_t        n = annotation_n_atoms(opened);
    const int32_t *numbers = annotation_species(opened);
    uint8_t       *species = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("species", n, &species));
    for (int64_t atom = 0; atom < n; atom++) {
        species[atom] = (uint8_t)numbers[atom];
    }
    COVARY_TRY(formula_add(n, species, into));

done:
    MEMORY_RELEASE(&species);
    return status;
}

static const char *unit_name(const annotation_observable *of)
{
    return of->unit != NULL ? of->unit->name : "";
}

static covary_status say_progress(const annotation *opened, text *said)
{
    const int64_t n = annotation_n_frames(opened), complete = annotation_n_complete(opened);

    if (complete == n) {
        return text_add(said, "  frames        %lld, all done\n", (long long)n);
    }
    return text_add(
        said,
        "  unfinished    %lld of %lld frames (%.1f %%) are done; the command below goes "
        "on behind them\n",
        (long long)complete, (long long)n, 100.0 * (double)complete / (double)n);
}

static covary_status say(const annotation *opened, const char *path, flag_counts flags, text *said)
{
    covary_status status = COVARY_OK;
    const char   *model = annotation_text(opened, "model");
    const char   *version = annotation_text(opened, "version");
    const char   *line = annotation_text(opened, "command");

    COVARY_TRY(text_add(said, "%s: annotation (H5MD), written by covary %s\n", path,
                        version != NULL ? version : "?"));
    COVARY_TRY(text_add(said, "  molecule      "));
    COVARY_TRY(formula_of(opened, said));
    COVARY_TRY(text_add(said, ", %lld atoms\n", (long long)annotation_n_atoms(opened)));
    if (annotation_n_molecules(opened) > 0) {
        COVARY_TRY(text_add(said, "  predicted     %lld molecules of %lld atoms in every frame\n",
                            (long long)annotation_n_molecules(opened),
                            (long long)annotation_molecule_atoms(opened)));
    }
    COVARY_TRY(say_progress(opened, said));
    COVARY_TRY(text_add(said, "  holds         %s%s%s\n",
                        annotation_has_positions(opened) ? "positions " : "no positions ",
                        annotation_has_cell(opened) ? "cells " : "",
                        annotation_has_time(opened) ? "times" : ""));
    for (int o = 0; o < annotation_n_observables(opened); o++) {
        const annotation_observable *of = annotation_observable_at(opened, o);
        COVARY_TRY(text_add(said, "  %s: rank %d%s%s, %s\n", of->name, of->rank,
                            of->per_molecule ? ", per molecule" : "",
                            of->per_atom ? ", per atom" : "", unit_name(of)));
    }
    COVARY_TRY(
        text_add(said,
                 "  domain        %lld %s far from the training set, %lld with nearly "
                 "ambiguous axes, %lld with gaps too small to divide by, %lld less certain than "
                 "any training frame, %lld with atoms too close\n",
                 (long long)flags.far, annotation_n_molecules(opened) > 0 ? "molecules" : "frames",
                 (long long)flags.ambiguous, (long long)flags.degenerate,
                 (long long)flags.uncertain, (long long)flags.close));
    if (model != NULL) {
        COVARY_TRY(text_add(said, "  model         %s\n", model));
    }
    if (line != NULL) {
        COVARY_TRY(text_add(said, "  command       %s\n", line));
    }

done:
    return status;
}

static covary_status tell(const annotation *opened, flag_counts flags, text *json)
{
    covary_status status = COVARY_OK;
    int           n = annotation_n_observables(opened);

    COVARY_TRY(text_add(json,
                        "\"kind\": \"annotation\", \"format\": \"h5md\", \"frames\": %lld, "
                        "\"complete\": %lld, \"atoms\": %lld, \"formula\": \"",
                        (long long)annotation_n_frames(opened),
                        (long long)annotation_n_complete(opened),
                        (long long)annotation_n_atoms(opened)));
    COVARY_TRY(formula_of(opened, json));
    COVARY_TRY(text_add(json, "\", \"positions\": %s, \"cells\": %s, \"times\": %s",
                        annotation_has_positions(opened) ? "true" : "false",
                        annotation_has_cell(opened) ? "true" : "false",
                        annotation_has_time(opened) ? "true" : "false"));
    COVARY_TRY(text_add(json,
                        ", \"far\": %lld, \"ambiguous\": %lld, \"degenerate\": %lld, "
                        "\"uncertain\": %lld, \"close\": %lld, \"missing\": %lld",
                        (long long)flags.far, (long long)flags.ambiguous,
                        (long long)flags.degenerate, (long long)flags.uncertain,
                        (long long)flags.close, (long long)flags.missing));
    COVARY_TRY(text_add(json, ", \"molecules\": %lld, \"observables\": {",
                        (long long)annotation_n_molecules(opened)));
    for (int o = 0; o < n; o++) {
        const annotation_observable *of = annotation_observable_at(opened, o);
        COVARY_TRY(text_add_json(json, of->name));
        COVARY_TRY(text_add(
            json, ": {\"rank\": %d, \"per_atom\": %s, \"per_molecule\": %s, \"unit\": \"%s\"}%s",
            of->rank, of->per_atom ? "true" : "false", of->per_molecule ? "true" : "false",
            unit_name(of), o + 1 < n ? ", " : ""));
    }
    COVARY_TRY(text_add(json, "}"));

done:
    return status;
}

covary_status inspect_annotation(covary_run *run, const char *path, text *said, text *json)
{
    covary_status status = COVARY_OK;
    annotation   *opened = NULL;
    flag_counts   flags = {0};

    COVARY_TRY(annotation_open(run, path, &opened));
    COVARY_TRY(count_flags(run, opened, &flags));
    COVARY_TRY_TOGETHER(run, "describe the annotation", say(opened, path, flags, said));
    COVARY_TRY_TOGETHER(run, "describe the annotation", tell(opened, flags, json));

done:
    annotation_close(&opened);
    return status;
}
