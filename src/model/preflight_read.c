/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading labelled frames in which anything may be wrong.
 *
 * The readers refuse what a fit could not use, with messages that say why.  Here each file is
 * opened alone, each frame read alone, and each property through a trajectory of its own, so that
 * no mistake hides another one and the messages become the findings.
 */
#include "model/preflight.h"

#include "core/memory.h"
#include "core/mix_bits.h"
#include "core/status.h"
#include "linalg/panel.h"
#include "trajectory/elements.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* This rank's share, and what is known of it. */
typedef struct {
    covary_run  *run;
    preflight   *of;
    const char **paths; /* [n_paths] files that can be opened; borrowed from the configuration */
    int          n_paths;
    int64_t      first, count;
    bool        *readable; /* [count] but for labels */
    int64_t     *places;   /* [count] of frames of the molecule, their row; else -1 */
    int64_t      n_rows;
    double      *rows; /* [n_rows][1 + width], led by the number of the frame */
    frames      *batch;
} share;

/* Is it the data that are to blame, and not the machine? */
static bool is_of_data(covary_status status)
{
    return status == COVARY_ERR_FORMAT || status == COVARY_ERR_DATA;
}

/* Files that open, in their order; the others are findings.  Collective. */
static covary_status try_files(share *mine)
{
    covary_status        status = COVARY_OK;
    const covary_config *config = mine->of->config;

    COVARY_TRY_TOGETHER(mine->run, "reserve the files",
                        MEMORY_ALLOCATE("files", config->n_train, &mine->paths));
    for (unsigned f = 0; f < config->n_train; f++) {
        const char         *path = config->train[f];
        trajectory         *opened = NULL;
        const covary_status found = trajectory_open(mine->run, &path, 1, NULL, &opened);
        trajectory_close(&opened);
        if (found == COVARY_OK) {
            mine->paths[mine->n_paths++] = path;
        } else if (!is_of_data(found) && found != COVARY_ERR_IO) {
            return found;
        } else {
            const bool mute = covary_run_rank(mine->run) != 0;
            COVARY_TRY_TOGETHER(mine->run, "note a file",
                                mute ? COVARY_OK
                                     : findings_begin(&mine->of->findings, FINDING_FILE, -1,
                                                      "repair the file, or leave it out of "
                                                      "data.train",
                                                      "%s", covary_status_message()));
        }
    }

done:
    return status;
}

/* The recorded message without the place of the frame, which findings have apart. */
static const char *without_place(const trajectory *from, int64_t frame)
{
    const char *message = covary_status_message(), *path;
    char        place[FINDING_TEXT];
    int64_t     in_file;

    trajectory_locate(from, frame, &path, &in_file);
    const int length = snprintf(place, sizeof place, "%s, frame %lld", path, (long long)in_file);
    if (length < (int)sizeof place && strncmp(message, place, (size_t)length) == 0) {
        message += length;
        message += strspn(message, ":, ");
    }
    return message;
}

/* Read one frame; *good: without a finding. */
static covary_status read_frame(share *mine, trajectory *from, int64_t frame, finding_kind kind,
                                int p, const char *remedy, bool *good)
{
    const covary_status found = trajectory_read(from, frame, 1, mine->batch);

    *good = found == COVARY_OK;
    if (!is_of_data(found)) {
        return found;
    }
    return findings_note(&mine->of->findings, kind, p, frame, remedy, without_place(from, frame));
}

/* A number for the atoms of a frame in their order, exact as a double; 0: it cannot be read. */
static covary_status composition_number(share *mine, int64_t frame, double *number)
{
    const covary_status found = trajectory_read(mine->of->from, frame, 1, mine->batch);
    uint64_t            mixed = 1;

    *number = 0.0;
    if (found != COVARY_OK) {
        return is_of_data(found) ? COVARY_OK : found;
    }
    for (int64_t atom = 0; atom < frames_n_atoms(mine->batch, 0); atom++) {
        mixed = mix_bits(mixed + frames_species(mine->batch, 0)[atom]);
    }
    *number = (double)(mixed >> 12) + 1.0;
    return COVARY_OK;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The first frame of the most frequent composition; -1: no frame can be read. */
static covary_status find_typical(int64_t n, const double *numbers, int64_t *typical)
{
    covary_status status = COVARY_OK;
    double       *sorted = NULL, best = 0.0;
    int64_t       most = 0, run_length = 0;

    *typical = -1;
    COVARY_TRY(MEMORY_ALLOCATE("compositions", n, &sorted));
    memcpy(sorted, numbers, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_doubles);
    for (int64_t k = 0; k < n; k++) {
        run_length = k > 0 && sorted[k] == sorted[k - 1] ? run_length + 1 : 1;
        if (sorted[k] > 0.0 && run_length > most) {
            most = run_length;
            best = sorted[k];
        }
    }
    for (int64_t k = n - 1; k >= 0 && most > 0; k--) {
        *typical = numbers[k] == best ? k : *typical;
    }

done:
    MEMORY_RELEASE(&sorted);
    return status;
}

static covary_status take_molecule(share *mine, int64_t typical)
{
    covary_status status = COVARY_OK;
    preflight    *of = mine->of;

    COVARY_TRY(trajectory_read(of->from, typical, 1, mine->batch));
    of->n_atoms = frames_n_atoms(mine->batch, 0);
    COVARY_TRY(MEMORY_ALLOCATE("species", of->n_atoms, &of->species));
    COVARY_TRY(MEMORY_ALLOCATE("masses", of->n_atoms, &of->masses));
    memcpy(of->species, frames_species(mine->batch, 0), (size_t)of->n_atoms);
    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        of->masses[atom] = element_mass(of->species[atom]);
    }
    of->columns[0] = 3 * of->n_atoms;
    for (int p = 0; p < of->n_properties; p++) {
        of->columns[p + 1] = of->columns[p] + property_n_values(of->properties[p], of->n_atoms);
    }
    of->width = of->columns[of->n_properties];
    COVARY_TRY(MEMORY_ALLOCATE("frames", mine->count * (1 + of->width), &mine->rows));

done:
    return status;
}

/* Collective. */
static covary_status find_molecule(share *mine)
{
    covary_status status = COVARY_OK;
    panel        *numbers = NULL;
    double       *all = NULL;
    int64_t       typical = -1;

    COVARY_TRY(panel_create(mine->run, mine->count, 1, &numbers));
    for (int64_t k = 0; k < mine->count && status == COVARY_OK; k++) {
        status = composition_number(mine, mine->first + k, &numbers->data[k]);
    }
    COVARY_TRY_TOGETHER(mine->run, "look at the atoms of all frames", status);
    COVARY_TRY(panel_replicate(numbers, &all));
    COVARY_TRY_TOGETHER(mine->run, "find the molecule",
                        find_typical(numbers->n_rows, all, &typical));
    COVARY_TRY_TOGETHER(mine->run, "take the molecule",
                        typical >= 0 ? take_molecule(mine, typical) : COVARY_OK);

done:
    MEMORY_RELEASE(&all);
    panel_destroy(&numbers);
    return status;
}

/* Positions of the frames of the molecule into rows.  Local. */
static covary_status read_positions(share *mine)
{
    covary_status status = COVARY_OK;
    preflight    *of = mine->of;

    for (int64_t k = 0; k < mine->count; k++) {
        const int64_t frame = mine->first + k;
        mine->places[k] = -1;
        COVARY_TRY(read_frame(mine, of->from, frame, FINDING_POSITIONS, -1,
                              "repair the frame, or leave it out of data.train",
                              &mine->readable[k]));
        if (!mine->readable[k] || of->n_atoms == 0) {
            continue;
        }
        const covary_status found =
            frames_check_composition(mine->batch, of->from, of->n_atoms, of->species);
        if (found != COVARY_OK) {
            COVARY_TRY(findings_note(&of->findings, FINDING_COMPOSITION, -1, frame, "",
                                     without_place(of->from, frame)));
            continue;
        }
        double *row = mine->rows + mine->n_rows * (1 + of->width);
        row[0] = (double)frame;
        memcpy(row + 1, mine->batch->positions, (size_t)(3 * of->n_atoms) * sizeof *row);
        for (int64_t c = of->columns[0]; c < of->width; c++) {
            row[1 + c] = (double)NAN;
        }
        mine->places[k] = mine->n_rows++;
    }

done:
    return status;
}

/* Local. */
static covary_status read_labels(share *mine, trajectory *labelled, int p)
{
    covary_status status = COVARY_OK;
    preflight    *of = mine->of;
    bool          good;

    for (int64_t k = 0; k < mine->count; k++) {
        if (!mine->readable[k]) {
            continue;
        }
        COVARY_TRY(read_frame(mine, labelled, mine->first + k, FINDING_LABELS, p,
                              "label the frame, or leave it out of data.train; a label under "
                              "another name is named by the property's `key`",
                              &good));
        if (good && mine->places[k] >= 0) {
            double *row = mine->rows + mine->places[k] * (1 + of->width) + 1;
            memcpy(row + of->columns[p], mine->batch->labels[0].values,
                   (size_t)(of->columns[p + 1] - of->columns[p]) * sizeof *row);
        }
    }

done:
    return status;
}

/* Collective. */
static covary_status read_property(share *mine, int p)
{
    covary_status            status = COVARY_OK;
    const property          *about = mine->of->properties[p];
    const label_request      request = {.name = about->name,
                                        .keys = about->keys,
                                        .n_components = about->kind->n_values,
                                        .n_short = about->kind->n_short,
                                        .short_places = about->kind->short_places,
                                        .per_atom = about->per_atom};
    const trajectory_options wanted = {.requests = &request, .n_requests = 1};
    trajectory              *labelled = NULL;
    const covary_status      found =
        trajectory_open(mine->run, mine->paths, mine->n_paths, &wanted, &labelled);

    if (is_of_data(found)) {
        const bool mute = covary_run_rank(mine->run) != 0;
        COVARY_TRY_TOGETHER(mine->run, "note a property",
                            mute ? COVARY_OK
                                 : findings_begin(&mine->of->findings, FINDING_LABELS, p, "", "%s",
                                                  covary_status_message()));
        goto done;
    }
    COVARY_TRY(found);
    COVARY_TRY_TOGETHER(mine->run, "read the labels", read_labels(mine, labelled, p));

done:
    trajectory_close(&labelled);
    return status;
}

/* All frames of the molecule to rank 0.  Collective. */
static covary_status collect(share *mine)
{
    covary_status status = COVARY_OK;
    preflight    *of = mine->of;
    panel        *local = NULL;
    int64_t      *wanted = NULL, n = 0;
    double       *rows = NULL;

    COVARY_TRY(panel_create(mine->run, mine->n_rows, 1 + of->width, &local));
    memcpy(local->data, mine->rows, (size_t)(mine->n_rows * (1 + of->width)) * sizeof *local->data);
    n = covary_run_rank(mine->run) == 0 ? local->n_rows : 0;
    COVARY_TRY_TOGETHER(mine->run, "reserve the rows", MEMORY_ALLOCATE("rows", n, &wanted));
    COVARY_TRY_TOGETHER(mine->run, "reserve the frames",
                        MEMORY_ALLOCATE("frames", n * (1 + of->width), &rows));
    COVARY_TRY_TOGETHER(mine->run, "reserve their labels",
                        MEMORY_ALLOCATE("frames", n * of->width, &of->rows));
    COVARY_TRY_TOGETHER(mine->run, "reserve their numbers",
                        MEMORY_ALLOCATE("frames", n, &of->numbers));
    for (int64_t k = 0; k < n; k++) {
        wanted[k] = k;
    }
    COVARY_TRY(panel_gather(local, n, wanted, rows));
    for (int64_t k = 0; k < n; k++) {
        const double *row = rows + k * (1 + of->width);
        of->numbers[k] = (int64_t)row[0];
        memcpy(of->rows + k * of->width, row + 1, (size_t)of->width * sizeof *row);
    }
    of->n_frames = n;

done:
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&wanted);
    panel_destroy(&local);
    return status;
}

static covary_status reserve(share *mine)
{
    covary_status status = COVARY_OK;

    trajectory_share(mine->of->from, &mine->first, &mine->count);
    COVARY_TRY(MEMORY_ALLOCATE("readable frames", mine->count, &mine->readable));
    COVARY_TRY(MEMORY_ALLOCATE("frames of the molecule", mine->count, &mine->places));
    COVARY_TRY(frames_create(1, trajectory_max_atoms(mine->of->from), &mine->batch));

done:
    return status;
}

covary_status preflight_read(covary_run *run, preflight *of)
{
    covary_status status = COVARY_OK;
    share         mine = {.run = run, .of = of};

    COVARY_TRY(try_files(&mine));
    if (mine.n_paths == 0) {
        goto done;
    }
    COVARY_TRY(trajectory_open(run, mine.paths, mine.n_paths, NULL, &of->from));
    COVARY_TRY_TOGETHER(run, "reserve the frames", reserve(&mine));
    COVARY_TRY(find_molecule(&mine));
    COVARY_TRY_TOGETHER(run, "read the positions", read_positions(&mine));
    for (int p = 0; p < of->n_properties; p++) {
        COVARY_TRY(read_property(&mine, p));
    }
    if (of->n_atoms > 0) {
        COVARY_TRY(collect(&mine));
    }

done:
    frames_destroy(&mine.batch);
    MEMORY_RELEASE(&mine.rows);
    MEMORY_RELEASE(&mine.places);
    MEMORY_RELEASE(&mine.readable);
    MEMORY_RELEASE(&mine.paths);
    return status;
}
