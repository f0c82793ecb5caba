/* SPDX-License-Identifier: BSD-3-Clause */
/* What numbers of species mean. */
#include "formats/h5md_species.h"

#include "core/memory.h"
#include "core/status.h"
#include "trajectory/elements.h"
#include "formats/h5md_element.h"

#include <string.h>

uint8_t h5md_atomic_number(const h5md_names *names, int64_t value)
{
    if (!names->named) {
        return value >= 1 && value <= ELEMENT_MAX ? (uint8_t)value : 0;
    }
    for (int i = 0; i < names->n; i++) {
        if (names->values[i] == value) {
            return names->numbers[i];
        }
    }
    return 0;
}

static covary_status find_names(const storage *file, const char *dataset, h5md_names *names)
{
    covary_status status = COVARY_OK;
    int64_t       n = 0, *values = NULL;
    char        **words = NULL;

    COVARY_TRY(storage_get_names(file, dataset, &n, &values, &words));
    names->named = n > 0;
    for (int64_t i = 0; i < n && i < H5MD_NAMES_MAX; i++) {
        names->values[i] = values[i];
        names->numbers[i] = (uint8_t)element_number(words[i], strlen(words[i]));
        names->n++;
    }
done:
    storage_release_texts(n, &words);
    MEMORY_RELEASE(&values);
    return status;
}

static covary_status written_by_covary(const storage *file, bool *ours)
{
    covary_status status = COVARY_OK;
    char         *name = NULL;

    *ours = false;
    if (storage_has_attribute(file, "/h5md/creator", "name")) {
        COVARY_TRY(storage_get_text(file, "/h5md/creator", "name", &name));
        *ours = strcmp(name, "covary") == 0;
    }
done:
    MEMORY_RELEASE(&name);
    return status;
}

/* Are these the numbers 1, 2, ... without a gap? */
static bool count_kinds(const double *values, int64_t n)
{
    bool present[ELEMENT_MAX + 1] = {false};
    int  last = 0;

    for (int64_t i = 0; i < n; i++) {
        const int value = (int)values[i];
        present[value] = true;
        last = value > last ? value : last;
    }
    while (last > 0 && present[last]) {
        last--;
    }
    return last == 0;
}

covary_status h5md_species_find(const storage *file, h5md_layout *layout)
{
    covary_status status = COVARY_OK;
    const int64_t n = layout->n_atoms;
    double       *values = NULL;
    h5md_reader   reader;
    bool          ours = false;

    h5md_reader_start(&reader, file, &layout->species);
    if (!layout->species.present) {
        return COVARY_OK;
    }
    COVARY_TRY(find_names(file, layout->species.value, &layout->names));
    COVARY_TRY(written_by_covary(file, &ours));
    COVARY_TRY(MEMORY_ALLOCATE("species", n, &values));
    COVARY_TRY(h5md_reader_samples(&reader, 0, 1, values));
    layout->elements = true;
    for (int64_t atom = 0; atom < n; atom++) {
        const bool whole = values[atom] > -1e15 && values[atom] < 1e15;
        if (!whole || h5md_atomic_number(&layout->names, (int64_t)values[atom]) == 0) {
            layout->elements = false;
        }
    }
    if (layout->elements && !layout->names.named && !ours) {
        layout->doubtful = true;
        layout->elements = !count_kinds(values, n);
    }
done:
    h5md_reader_stop(&reader);
    MEMORY_RELEASE(&values);
    return status;
}
