/* SPDX-License-Identifier: BSD-3-Clause */
/* The group of particles, its positions and its box. */
#include "formats/h5md_layout.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "formats/h5md_element.h"
#include "formats/h5md_species.h"

#include <string.h>

/* Does a group of particles have positions? */
static bool has_positions(const storage *file, const char *group)
{
    char path[H5MD_PATH_BYTES];

    return h5md_join(path, "/particles", group) && h5md_join(path, path, "position") &&
           storage_exists(file, path);
}

/* The wanted group of particles, or the only one with positions. */
static covary_status choose_group(const storage *file, const char *wanted, char *path)
{
    covary_status status = COVARY_OK;
    char        **names = NULL;
    int64_t       n = 0;
    int           found = 0;
    const char   *last = NULL;
    text          list = {0};

    if (!storage_exists(file, "/particles")) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_FORMAT, "%s: has no group /particles", storage_path(file)));
    }
    COVARY_TRY(storage_children(file, "/particles", &n, &names));
    for (int64_t i = 0; i < n; i++) {
        if (has_positions(file, names[i]) && (wanted == NULL || strcmp(wanted, names[i]) == 0)) {
            last = names[i];
            found++;
        }
        if (has_positions(file, names[i])) {
            COVARY_TRY(text_add(&list, "%s%s", list.length > 0 ? ", " : "", names[i]));
        }
    }
    if (list.length == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: no group of particles has positions",
                               storage_path(file)));
    }
    if (found == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: no group of particles '%s' (there are: %s)",
                               storage_path(file), wanted, list.data));
    }
    if (found > 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: several groups of particles have positions: %s; choose one "
                               "with --particles NAME",
                               storage_path(file), list.data));
    }
    if (!h5md_join(path, "/particles", last)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: the name of a group is too long",
                               storage_path(file)));
    }
done:
    text_release(&list);
    storage_release_texts(n, &names);
    return status;
}

static covary_status find_position(const storage *file, const char *group, h5md_layout *layout)
{
    covary_status status = COVARY_OK;
    h5md_element *position = &layout->position;

    COVARY_TRY(h5md_element_find(file, group, "position", 2, position));
    layout->n_frames = position->n_samples;
    layout->n_atoms = position->width / 3;
    if (position->dims[1] != 3 || layout->n_atoms < 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: %s has %lld atoms with %lld coordinates each",
                               storage_path(file), position->value, (long long)position->dims[0],
                               (long long)position->dims[1]));
    }
    if (layout->n_frames < 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "'%s' holds no frames", storage_path(file)));
    }
    COVARY_TRY(h5md_element_length_unit(file, group, "position", position));
done:
    return status;
}

/* Velocities that were written less often than positions, or of other atoms, are as good as none.
 */
static covary_status find_velocity(const storage *file, const char *group, h5md_layout *layout)
{
    covary_status       status = COVARY_OK;
    h5md_element       *velocity = &layout->velocity;
    const h5md_element *position = &layout->position;
    char                path[H5MD_PATH_BYTES];

    if (!h5md_join(path, group, "velocity") || !storage_exists(file, path)) {
        return COVARY_OK;
    }
    COVARY_TRY(h5md_element_find(file, group, "velocity", 2, velocity));
    velocity->present = velocity->n_samples == position->n_samples &&
                        velocity->dims[0] == position->dims[0] && velocity->dims[1] == 3;
    COVARY_TRY(h5md_element_velocity_unit(file, group, "velocity", velocity));
done:
    return status;
}

/* An element beside the positions: the same for all frames, or sampled by a clock that fits. */
static covary_status check_clock(const storage *file, const h5md_layout *layout,
                                 const h5md_element *element)
{
    if (element->sampled && element->n_samples != layout->n_frames &&
        (element->step.kind == CLOCK_MISSING || layout->position.step.kind == CLOCK_MISSING ||
         element->n_samples < 1)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s: %s has %lld samples for %lld frames, and no steps tell which of "
                           "them belong together",
                           storage_path(file), element->value, (long long)element->n_samples,
                           (long long)layout->n_frames);
    }
    return COVARY_OK;
}

/* `boundary`: a word for each vector, or one for all; without it, a box with edges repeats. */
static covary_status find_boundary(const storage *file, const char *box, uint8_t *periodic)
{
    covary_status status = COVARY_OK;
    const int64_t n = storage_attribute_length(file, box, "boundary");
    char         *words[3] = {NULL, NULL, NULL};

    *periodic = 7;
    if (n == 0) {
        return COVARY_OK;
    }
    if (n != 1 && n != 3) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %lld boundaries, not 3",
                               storage_path(file), box, (long long)n));
    }
    COVARY_TRY(storage_get_texts(file, box, "boundary", (int)n, words));
    for (int d = 0; d < 3; d++) {
        if (strcmp(words[n == 1 ? 0 : d], "periodic") != 0) {
            *periodic &= (uint8_t) ~(1 << d);
        }
    }
done:
    for (int d = 0; d < 3; d++) {
        MEMORY_RELEASE(&words[d]);
    }
    return status;
}

static covary_status find_box(const storage *file, const char *group, h5md_layout *layout)
{
    covary_status status = COVARY_OK;
    h5md_element *edges = &layout->edges;
    char          box[H5MD_PATH_BYTES], path[H5MD_PATH_BYTES];

    if (!h5md_join(box, group, "box") || !h5md_join(path, box, "edges") ||
        !storage_exists(file, path)) {
        return COVARY_OK;
    }
    COVARY_TRY(h5md_element_find(file, box, "edges", 0, edges));
    if (edges->width != 3 && edges->width != 9) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: %s are neither three lengths nor three vectors",
                               storage_path(file), edges->value));
    }
    COVARY_TRY(h5md_element_length_unit(file, box, "edges", edges));
    COVARY_TRY(check_clock(file, layout, edges));
    COVARY_TRY(find_boundary(file, box, &layout->periodic));
done:
    return status;
}

/* A quantity of every atom, if there is one. */
static covary_status find_atomic(const storage *file, const char *group, const char *name,
                                 const h5md_layout *layout, h5md_element *element)
{
    covary_status status = COVARY_OK;
    char          path[H5MD_PATH_BYTES];

    if (!h5md_join(path, group, name) || !storage_exists(file, path)) {
        return COVARY_OK;
    }
    COVARY_TRY(h5md_element_find(file, group, name, 1, element));
    if (element->width != layout->n_atoms) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %lld values for %lld atoms",
                               storage_path(file), element->value, (long long)element->width,
                               (long long)layout->n_atoms));
    }
    COVARY_TRY(check_clock(file, layout, element));
done:
    return status;
}

/* An annotation has room for all frames from its beginning, and says how many are in it. */
static covary_status find_progress(const storage *file, h5md_layout *layout)
{
    static const char *const progress = "/covary/frames_complete";
    covary_status            status = COVARY_OK;
    int64_t                  there = layout->n_frames;

    if (storage_exists(file, progress)) {
        COVARY_TRY(storage_read_rows(file, progress, STORAGE_INT64, 0, 1, &there));
    }
    if (there < 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: is an annotation that is not finished, none of its %lld frames "
                               "is there",
                               storage_path(file), (long long)layout->n_frames));
    }
    layout->n_cut = there < layout->n_frames ? layout->n_frames - there : 0;
done:
    return status;
}

covary_status h5md_layout_find(const storage *file, const char *wanted, h5md_layout *layout)
{
    covary_status status = COVARY_OK;
    char          group[H5MD_PATH_BYTES];

    memset(layout, 0, sizeof *layout);
    COVARY_TRY(choose_group(file, wanted, group));
    COVARY_TRY(find_position(file, group, layout));
    COVARY_TRY(find_velocity(file, group, layout));
    COVARY_TRY(find_box(file, group, layout));
    COVARY_TRY(find_atomic(file, group, "id", layout, &layout->id));
    layout->id.present = layout->id.present && layout->id.sampled;
    COVARY_TRY(find_atomic(file, group, "species", layout, &layout->species));
    COVARY_TRY(h5md_species_find(file, layout));
    COVARY_TRY(find_progress(file, layout));
done:
    return status;
}
