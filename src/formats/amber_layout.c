/* SPDX-License-Identifier: BSD-3-Clause */
/* Shapes and units of the arrays of a file that follows AMBER's convention. */
#include "formats/amber_layout.h"

#include "core/memory.h"
#include "core/status.h"
#include "trajectory/unit_words.h"

#include <math.h>
#include <string.h>
#include <strings.h>

covary_status amber_follows(const array_file *file, const char *key, const char *word,
                            bool *follows)
{
    covary_status status = COVARY_OK;
    char         *said = NULL, *rest = NULL;

    *follows = false;
    COVARY_TRY(array_file_text(file, "/", key, &said));
    if (said != NULL) {
        for (char *at = strtok_r(said, " ,\t", &rest); at != NULL && !*follows;
             at = strtok_r(NULL, " ,\t", &rest)) {
            *follows = strcmp(at, word) == 0;
        }
    }
done:
    MEMORY_RELEASE(&said);
    return status;
}

typedef bool (*unit_reader)(const char *word, double *value);

static bool read_angle(const char *word, double *degrees)
{
    *degrees = strncasecmp(word, "rad", 3) == 0 ? 180.0 / 3.14159265358979323846 : 1.0;
    return strncasecmp(word, "rad", 3) == 0 || strncasecmp(word, "deg", 3) == 0;
}

/* What a stored 1 of an array means: its unit, `fallback` where it names none, and its factor. */
static covary_status find_scale(const array_file *file, const char *path, const char *name,
                                unit_reader read, const char *fallback, const char *known,
                                double *scale)
{
    covary_status status = COVARY_OK;
    char         *word = NULL;
    double        unit, factor;

    COVARY_TRY(array_file_text(file, name, "units", &word));
    if (!read(word != NULL && word[0] != '\0' ? word : fallback, &unit)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: %s are in '%s', a unit that is not known (%s)", path, name,
                               word, known));
    }
    COVARY_TRY(array_file_number(file, name, "scale_factor", 1.0, &factor));
    if (!isfinite(factor) || factor == 0.0) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_FORMAT, "%s: the scale_factor of %s is %g", path, name, factor));
    }
    *scale = unit * factor;
done:
    MEMORY_RELEASE(&word);
    return status;
}

static covary_status find_coordinates(const array_file *file, const char *path,
                                      amber_layout *layout)
{
    covary_status status = COVARY_OK;
    int64_t       dims[ARRAY_MAX_RANK];
    int           rank;

    COVARY_TRY(array_file_shape(file, "coordinates", &rank, dims));
    if ((rank != 2 && rank != 3) || dims[rank - 1] != 3 || dims[rank - 2] < 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: coordinates are not an array of frames, atoms and 3 numbers",
                               path));
    }
    layout->coordinates = rank == 3 ? ARRAY_OF_FRAMES : ARRAY_FIXED;
    layout->n_atoms = dims[rank - 2];
    layout->n_frames = rank == 3 ? dims[0] : 1;
    if (layout->n_frames < 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "'%s' holds no frames", path));
    }
done:
    return status;
}

/* Velocities of another shape than the coordinates are as good as none. */
static covary_status find_velocities(const array_file *file, const char *path, amber_layout *layout)
{
    static const char *const name = "velocities", *const usual = "angstrom/ps";
    covary_status status = COVARY_OK;
    int64_t       dims[ARRAY_MAX_RANK];
    int           rank;
    char         *word = NULL;
    double        unit;

    if (!array_file_has(file, name)) {
        return COVARY_OK;
    }
    COVARY_TRY(array_file_shape(file, name, &rank, dims));
    if (rank != (layout->coordinates == ARRAY_OF_FRAMES ? 3 : 2) || dims[rank - 1] != 3 ||
        dims[rank - 2] != layout->n_atoms || (rank == 3 && dims[0] != layout->n_frames)) {
        return COVARY_OK;
    }
    layout->velocities = layout->coordinates;
    COVARY_TRY(array_file_text(file, name, "units", &word));
    if (word == NULL || word[0] == '\0' || unit_word_velocity(word, &unit)) {
        COVARY_TRY(
            find_scale(file, path, name, unit_word_velocity, usual, usual, &layout->velocity));
    }
done:
    MEMORY_RELEASE(&word);
    return status;
}

/* An array of `width` numbers a frame (0: of one number), beside the coordinates. */
static covary_status find_beside(const array_file *file, const char *path, const char *name,
                                 int width, const amber_layout *layout, array_use *use)
{
    covary_status status = COVARY_OK;
    int64_t       dims[ARRAY_MAX_RANK];
    int           rank;

    *use = ARRAY_MISSING;
    if (!array_file_has(file, name)) {
        return COVARY_OK;
    }
    COVARY_TRY(array_file_shape(file, name, &rank, dims));
    const bool wide = width == 0 || (rank > 0 && dims[rank - 1] == width);
    const int  leading = rank - (width > 0); /* dimensions in front of these numbers */

    if (wide && leading == 1 && dims[0] == layout->n_frames) {
        *use = ARRAY_OF_FRAMES;
    } else if (wide && leading == 0) {
        *use = ARRAY_FIXED;
    } else {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s do not have the shape of %lld frames", path,
                             name, (long long)layout->n_frames);
    }
done:
    return status;
}

static covary_status find_cell(const array_file *file, const char *path,
                               const amber_defaults *defaults, amber_layout *layout)
{
    covary_status status = COVARY_OK;
    array_use     angles;

    COVARY_TRY(find_beside(file, path, "cell_lengths", 3, layout, &layout->cell));
    COVARY_TRY(find_beside(file, path, "cell_angles", 3, layout, &angles));
    if (angles != layout->cell) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: cell_lengths and cell_angles do not go together", path));
    }
    if (layout->cell != ARRAY_MISSING) {
        COVARY_TRY(find_scale(file, path, "cell_lengths", unit_word_length, defaults->length,
                              unit_words_of_length, &layout->cell_angstrom));
        COVARY_TRY(find_scale(file, path, "cell_angles", read_angle, "degree", "degree, radian",
                              &layout->cell_degree));
    }
done:
    return status;
}

covary_status amber_layout_find(const array_file *file, const char *path,
                                const amber_defaults *defaults, amber_layout *layout)
{
    covary_status status = COVARY_OK;

    *layout = (amber_layout){.n_cut = array_file_n_cut(file)};
    COVARY_TRY(find_coordinates(file, path, layout));
    COVARY_TRY(find_scale(file, path, "coordinates", unit_word_length, defaults->length,
                          unit_words_of_length, &layout->angstrom));
    COVARY_TRY(find_velocities(file, path, layout));
    COVARY_TRY(find_beside(file, path, "time", 0, layout, &layout->time));
    if (layout->time != ARRAY_MISSING) {
        COVARY_TRY(find_scale(file, path, "time", unit_word_time, defaults->time,
                              unit_words_of_time, &layout->fs));
    }
    COVARY_TRY(find_cell(file, path, defaults, layout));
done:
    return status;
}

bool amber_layout_equal(const amber_layout *a, const amber_layout *b)
{
    return a->n_frames == b->n_frames && a->n_cut == b->n_cut && a->n_atoms == b->n_atoms &&
           a->coordinates == b->coordinates && a->velocities == b->velocities &&
           a->velocity == b->velocity && a->time == b->time && a->cell == b->cell &&
           a->angstrom == b->angstrom && a->fs == b->fs && a->cell_angstrom == b->cell_angstrom &&
           a->cell_degree == b->cell_degree;
}
