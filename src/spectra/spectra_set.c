/* SPDX-License-Identifier: BSD-3-Clause */
/* What a set of spectra tells. */
#include "spectra/spectra_set.h"

#include "core/memory.h"
#include "storage/storage.h"

#include <string.h>

const char *const spectra_source_names[3] = {"dipole", "polarizability", "velocity"};

static void release_arrays(spectra *of)
{
    for (int s = 0; s < of->n_spectra; s++) {
        MEMORY_RELEASE(&of->spectra[s].values);
        MEMORY_RELEASE(&of->spectra[s].errors);
        MEMORY_RELEASE(&of->spectra[s].floor);
    }
    MEMORY_RELEASE(&of->spectra);
    MEMORY_RELEASE(&of->wavenumber);
}

void covary_spectra_destroy(covary_spectra_set **released)
{
    covary_spectra_set *set = *released;

    if (set == NULL) {
        return;
    }
    if (set->computed != NULL) {
        spectra_destroy(&set->computed);
    } else {
        release_arrays(&set->of);
    }
    storage_release_texts(set->n_texts, &set->texts);
    storage_release_texts(set->n_warnings, &set->warnings);
    storage_release_texts(set->n_inputs, &set->paths);
    storage_release_texts(set->n_inputs, &set->checksums);
    for (int k = 0; k < 3; k++) {
        MEMORY_RELEASE(&set->sources[k]);
    }
    MEMORY_RELEASE(&set->bytes);
    MEMORY_RELEASE(&set->command);
    MEMORY_RELEASE(&set->created);
    MEMORY_RELEASE(&set->commit);
    MEMORY_RELEASE(&set->version);
    MEMORY_RELEASE(released);
}

int64_t covary_spectra_n_points(const covary_spectra_set *set)
{
    return set->of.n_points;
}

const double *covary_spectra_wavenumbers(const covary_spectra_set *set)
{
    return set->of.wavenumber;
}

int covary_spectra_count(const covary_spectra_set *set)
{
    return set->of.n_spectra;
}

covary_spectrum covary_spectra_at(const covary_spectra_set *set, int index)
{
    const spectrum *of = &set->of.spectra[index];

    return (covary_spectrum){.name = of->name,
                             .description = of->description,
                             .unit = of->unit,
                             .area_unit = of->area_unit,
                             .area_factor = of->area_factor,
                             .values = of->values,
                             .errors = of->errors,
                             .floor = of->floor};
}

int covary_spectra_find(const covary_spectra_set *set, const char *name)
{
    for (int s = 0; s < set->of.n_spectra; s++) {
        if (strcmp(set->of.spectra[s].name, name) == 0) {
            return s;
        }
    }
    return -1;
}

double covary_spectra_temperature(const covary_spectra_set *set)
{
    return set->of.settings.temperature;
}

double covary_spectra_resolution(const covary_spectra_set *set)
{
    return set->of.resolution;
}

int covary_spectra_n_warnings(const covary_spectra_set *set)
{
    return (int)set->n_warnings;
}

const char *covary_spectra_warning(const covary_spectra_set *set, int warning)
{
    return set->warnings[warning];
}

int spectra_main(const covary_spectra_set *set, int found[3])
{
    static const char *const names[] = {"ir", "raman_unpolarized", "power"};
    int                      n = 0;

    for (int k = 0; k < 3; k++) {
        const int index = covary_spectra_find(set, names[k]);
        if (index >= 0) {
            found[n++] = index;
        }
    }
    return n;
}

const char *spectra_formula(const char *name)
{
    static const struct {
        const char *prefix, *formula;
    } known[] = {
        {"ir_decadic", "ir / ln 10"},
        {"ir", "N_A / (6 e0 c kB T n) w^2 S_dipole(w) Q(w) / Q_harmonic(w)"},
        {"raman", "(w_L - w)^4 / c^4 Q(w) / (2 pi) [S_a(w) + 7/45 S_g(w)] 2 pi c"},
        {"depolarization", "(S_g / 15) / (S_a + 4/45 S_g)"},
        {"power", "2 c sum_i m_i S_velocity,i(w) / (kB T)"},
    };

    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        if (strncmp(name, known[k].prefix, strlen(known[k].prefix)) == 0) {
            return known[k].formula;
        }
    }
    return "";
}
