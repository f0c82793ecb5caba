/* SPDX-License-Identifier: BSD-3-Clause */
/* Elements: datasets, or groups of value, step and time. */
#include "formats/h5md_element.h"

#include "core/memory.h"
#include "core/status.h"
#include "trajectory/unit_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool h5md_join(char *into, const char *parent, const char *name)
{
    char      joined[H5MD_PATH_BYTES];
    const int length = snprintf(joined, sizeof joined, "%s/%s", parent, name);

    if (length < 0 || length >= H5MD_PATH_BYTES) {
        return false;
    }
    memcpy(into, joined, (size_t)length + 1);
    return true;
}

static covary_status join(const storage *file, char *into, const char *parent, const char *name)
{
    return h5md_join(into, parent, name)
               ? COVARY_OK
               : COVARY_FAIL(COVARY_ERR_FORMAT, "%s: the name of %s/%s is too long",
                             storage_path(file), parent, name);
}

/* `step` or `time` of an element; lists bound the number of samples. */
static covary_status find_clock(const storage *file, const char *group, const char *name,
                                h5md_clock *clock, int64_t *n_samples)
{
    covary_status status = COVARY_OK;
    int64_t       dims[STORAGE_MAX_RANK];
    int           rank;

    COVARY_TRY(join(file, clock->dataset, group, name));
    if (!storage_exists(file, clock->dataset)) {
        return COVARY_OK;
    }
    COVARY_TRY(storage_shape(file, clock->dataset, NULL, &rank, dims));
    if (rank == 1) {
        clock->kind = CLOCK_LISTED;
        *n_samples = dims[0] < *n_samples ? dims[0] : *n_samples;
        COVARY_TRY(storage_check_stored(file, clock->dataset));
    } else if (rank == 0) {
        clock->kind = CLOCK_REGULAR;
        COVARY_TRY(
            storage_read_rows(file, clock->dataset, STORAGE_FLOAT64, 0, 1, &clock->increment));
        if (storage_has_attribute(file, clock->dataset, "offset")) {
            COVARY_TRY(storage_get_double(file, clock->dataset, "offset", &clock->offset));
        }
    } else {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s is neither a list nor a number",
                             storage_path(file), clock->dataset);
    }
done:
    return status;
}

static covary_status find_time_unit(const storage *file, h5md_element *element)
{
    covary_status status = COVARY_OK;
    char         *word = NULL;

    if (element->time.kind != CLOCK_MISSING &&
        storage_has_attribute(file, element->time.dataset, "unit")) {
        COVARY_TRY(storage_get_text(file, element->time.dataset, "unit", &word));
    }
    if (!unit_word_time(word != NULL ? word : "ps", &element->fs)) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s is in '%s', a unit that is not known (%s)",
                        storage_path(file), element->time.dataset, word, unit_words_of_time));
    }
done:
    MEMORY_RELEASE(&word);
    return status;
}

/* Shape of `value`, of which the first dimension is samples if there are any. */
static covary_status find_shape(const storage *file, int rank, h5md_element *element)
{
    covary_status status = COVARY_OK;
    int64_t       dims[STORAGE_MAX_RANK];
    int           found;

    COVARY_TRY(storage_shape(file, element->value, NULL, &found, dims));
    COVARY_TRY(storage_check_stored(file, element->value));
    const int first = element->sampled ? 1 : 0, of_sample = found - first;
    if (rank == 0 ? of_sample < 1 || of_sample > 2 : of_sample != rank) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %d dimensions", storage_path(file),
                               element->value, found));
    }
    element->n_samples = element->sampled ? dims[0] : 1;
    element->width = 1;
    for (int d = 0; d < of_sample; d++) {
        element->dims[d] = dims[first + d];
        element->width *= dims[first + d];
    }
done:
    return status;
}

covary_status h5md_element_find(const storage *file, const char *group, const char *name, int rank,
                                h5md_element *element)
{
    covary_status status = COVARY_OK;
    char          path[H5MD_PATH_BYTES];

    memset(element, 0, sizeof *element);
    COVARY_TRY(join(file, path, group, name));
    COVARY_TRY(join(file, element->value, path, "value"));
    element->sampled = storage_exists(file, element->value);
    if (!element->sampled) {
        COVARY_TRY(join(file, element->value, group, name));
    }
    COVARY_TRY(find_shape(file, rank, element));
    if (element->sampled) {
        COVARY_TRY(find_clock(file, path, "step", &element->step, &element->n_samples));
        COVARY_TRY(find_clock(file, path, "time", &element->time, &element->n_samples));
        COVARY_TRY(find_time_unit(file, element));
    }
    element->present = true;
done:
    return status;
}

/* The word for a unit, on `value` or on the group; NULL: there is none. */
static covary_status find_unit(const storage *file, const char *group, const char *name,
                               const h5md_element *element, char **word)
{
    covary_status status = COVARY_OK;
    char          path[H5MD_PATH_BYTES];

    COVARY_TRY(join(file, path, group, name));
    if (storage_has_attribute(file, element->value, "unit")) {
        COVARY_TRY(storage_get_text(file, element->value, "unit", word));
    } else if (storage_has_attribute(file, path, "unit")) {
        COVARY_TRY(storage_get_text(file, path, "unit", word));
    }
done:
    return status;
}

covary_status h5md_element_length_unit(const storage *file, const char *group, const char *name,
                                       h5md_element *element)
{
    covary_status status = COVARY_OK;
    char         *word = NULL;

    COVARY_TRY(find_unit(file, group, name, element, &word));
    if (!unit_word_length(word != NULL ? word : "angstrom", &element->scale)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: %s is in '%s', a unit that is not known (%s)",
                               storage_path(file), element->value, word, unit_words_of_length));
    }
done:
    MEMORY_RELEASE(&word);
    return status;
}

covary_status h5md_element_velocity_unit(const storage *file, const char *group, const char *name,
                                         h5md_element *element)
{
    covary_status status = COVARY_OK;
    char         *word = NULL;

    COVARY_TRY(find_unit(file, group, name, element, &word));
    if (word == NULL || !unit_word_velocity(word, &element->scale)) {
        element->scale = 0.0;
    }
done:
    MEMORY_RELEASE(&word);
    return status;
}

/* ---- reading ---- */

void h5md_reader_start(h5md_reader *reader, const storage *file, const h5md_element *element)
{
    *reader = (h5md_reader){.file = file, .element = element, .row_sample = -1};
}

void h5md_reader_stop(h5md_reader *reader)
{
    storage_rows_close(&reader->values);
    storage_rows_close(&reader->steps);
    storage_rows_close(&reader->times);
    MEMORY_RELEASE(&reader->all_steps);
    MEMORY_RELEASE(&reader->row);
}

/* Rows of a dataset that stays open. */
static covary_status read_rows(const storage *file, const char *dataset, storage_rows **rows,
                               storage_type type, int64_t first, int64_t count, void *values)
{
    covary_status status = COVARY_OK;

    if (*rows == NULL) {
        COVARY_TRY(storage_rows_open(file, dataset, rows));
    }
    COVARY_TRY(storage_rows_read(*rows, type, first, count, values));
done:
    return status;
}

covary_status h5md_reader_samples(h5md_reader *reader, int64_t first, int64_t count, double *values)
{
    const h5md_element *element = reader->element;

    return element->sampled ? read_rows(reader->file, element->value, &reader->values,
                                        STORAGE_FLOAT64, first, count, values)
                            : read_rows(reader->file, element->value, &reader->values,
                                        STORAGE_FLOAT64, 0, element->dims[0], values);
}

covary_status h5md_reader_steps(h5md_reader *reader, int64_t first, int64_t count, int64_t *steps)
{
    const h5md_clock *clock = &reader->element->step;

    if (clock->kind == CLOCK_LISTED) {
        return read_rows(reader->file, clock->dataset, &reader->steps, STORAGE_INT64, first, count,
                         steps);
    }
    for (int64_t i = 0; i < count; i++) {
        const double step = clock->offset + clock->increment * (double)(first + i);
        if (!(fabs(step) < 9e18)) {
            return COVARY_FAIL(COVARY_ERR_DATA, "%s: %s counts to %g", storage_path(reader->file),
                               clock->dataset, step);
        }
        steps[i] = clock->kind == CLOCK_MISSING ? first + i : llrint(step);
    }
    return COVARY_OK;
}

covary_status h5md_reader_times(h5md_reader *reader, int64_t first, int64_t count, double *times)
{
    covary_status     status = COVARY_OK;
    const h5md_clock *clock = &reader->element->time;

    if (clock->kind == CLOCK_LISTED) {
        COVARY_TRY(read_rows(reader->file, clock->dataset, &reader->times, STORAGE_FLOAT64, first,
                             count, times));
    }
    for (int64_t i = 0; i < count; i++) {
        times[i] =
            clock->kind == CLOCK_MISSING ? NAN
            : clock->kind == CLOCK_LISTED
                ? times[i] * reader->element->fs
                : (clock->offset + clock->increment * (double)(first + i)) * reader->element->fs;
    }
done:
    return status;
}

/* One sample, kept for the frames that follow. */
static covary_status take_sample(h5md_reader *reader, int64_t sample, double *values)
{
    covary_status status = COVARY_OK;
    const int64_t width = reader->element->width;

    if (reader->row == NULL) {
        COVARY_TRY(MEMORY_ALLOCATE("sample of an element", width, &reader->row));
    }
    if (reader->row_sample != sample) {
        reader->row_sample = -1;
        COVARY_TRY(h5md_reader_samples(reader, sample, 1, reader->row));
        reader->row_sample = sample;
    }
    memcpy(values, reader->row, (size_t)width * sizeof *values);
done:
    return status;
}

/* All steps of the samples, seen to ascend. */
static covary_status load_steps(h5md_reader *reader)
{
    covary_status status = COVARY_OK;
    const int64_t n = reader->element->n_samples;

    if (reader->all_steps != NULL) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_ALLOCATE("steps of an element", n, &reader->all_steps));
    COVARY_TRY(h5md_reader_steps(reader, 0, n, reader->all_steps));
    for (int64_t i = 1; i < n; i++) {
        if (reader->all_steps[i] < reader->all_steps[i - 1]) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA, "%s: the steps of %s do not ascend",
                                   storage_path(reader->file), reader->element->value));
        }
    }
done:
    if (status != COVARY_OK) {
        MEMORY_RELEASE(&reader->all_steps);
    }
    return status;
}

/* The last sample at or before a step; -1: there is none. */
static int64_t find_sample(const h5md_reader *reader, int64_t step)
{
    int64_t low = -1, high = reader->element->n_samples;

    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (reader->all_steps[middle] <= step) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Do samples [first, first + count) have the steps of the frames of these numbers? */
static covary_status go_together(h5md_reader *reader, int64_t n_frames, int64_t first,
                                 int64_t count, const int64_t *steps, bool *together)
{
    covary_status status = COVARY_OK;
    int64_t      *own = NULL;

    *together = reader->element->n_samples == n_frames && reader->all_steps == NULL;
    if (!*together || reader->element->step.kind == CLOCK_MISSING) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_ALLOCATE("steps of an element", count, &own));
    COVARY_TRY(h5md_reader_steps(reader, first, count, own));
    *together = memcmp(own, steps, (size_t)count * sizeof *own) == 0;
done:
    MEMORY_RELEASE(&own);
    return status;
}

covary_status h5md_reader_at(h5md_reader *reader, int64_t n_frames, int64_t first, int64_t count,
                             const int64_t *steps, double *values)
{
    covary_status status = COVARY_OK;
    const int64_t width = reader->element->width;
    bool          together = false;

    if (reader->element->sampled) {
        COVARY_TRY(go_together(reader, n_frames, first, count, steps, &together));
    }
    if (together) {
        COVARY_TRY(h5md_reader_samples(reader, first, count, values));
        return COVARY_OK;
    }
    if (reader->element->sampled) {
        COVARY_TRY(load_steps(reader));
    }
    for (int64_t i = 0; i < count; i++) {
        const int64_t sample = reader->element->sampled ? find_sample(reader, steps[i]) : 0;
        if (sample < 0) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                                   "%s, frame %lld: step %lld is before the first sample of %s",
                                   storage_path(reader->file), (long long)(first + i + 1),
                                   (long long)steps[i], reader->element->value));
        }
        COVARY_TRY(take_sample(reader, sample, values + i * width));
    }
done:
    return status;
}
