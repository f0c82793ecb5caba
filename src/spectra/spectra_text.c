/* SPDX-License-Identifier: BSD-3-Clause */
/* Spectra as text: CSV, the files of TRAVIS, JSON, tables of bands. */
#include "spectra/spectra_set.h"

#include "core/status.h"
#include "input/number_format.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* --- CSV -------------------------------------------------------------------------------------- */

/* With a separator before it, in the fewest digits that give the value back. */
static covary_status add_number(double value, text *into)
{
    char   number[NUMBER_TEXT + 1] = ",";
    size_t length = 1 + number_format(value, number + 1);

    return text_add_bytes(into, number, length);
}

static covary_status add_columns(const spectrum *of, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, ",%s [%s],%s_error [%s]", of->name, of->unit, of->name, of->unit));
    if (of->floor != NULL) {
        COVARY_TRY(text_add(into, ",%s_floor [%s]", of->name, of->unit));
    }

done:
    return status;
}

covary_status spectra_add_csv(const covary_spectra_set *set, text *into)
{
    covary_status  status = COVARY_OK;
    const spectra *all = &set->of;
    char           number[NUMBER_TEXT];

    COVARY_TRY(text_add(into, "wavenumber [cm^-1]"));
    for (int s = 0; s < all->n_spectra; s++) {
        COVARY_TRY(add_columns(&all->spectra[s], into));
    }
    for (int64_t i = 0; i < all->n_points; i++) {
        COVARY_TRY(text_add(into, "\n"));
        COVARY_TRY(text_add_bytes(into, number, number_format(all->wavenumber[i], number)));
        for (int s = 0; s < all->n_spectra; s++) {
            const spectrum *of = &all->spectra[s];
            COVARY_TRY(add_number(of->values[i], into));
            COVARY_TRY(add_number(of->errors[i], into));
            COVARY_TRY(of->floor != NULL ? add_number(of->floor[i], into) : COVARY_OK);
        }
    }
    COVARY_TRY(text_add(into, "\n"));

done:
    return status;
}

/* --- TRAVIS ----------------------------------------------------------------------------------- */

/* How TRAVIS calls values and integrals of a family, and the factor from ours to its values. */
typedef struct {
    const char *prefix, *values, *integral;
    double      factor; /* a temperature, too, where `kelvin` */
    bool        kelvin;
} travis_units;

static const travis_units travis[] = {
    {"ir_decadic", "Spectrum (cm*km*mol^-1)", "Integral (km*mol^-1)", 0.01, false},
    {"ir", "Spectrum (cm*km*mol^-1)", "Integral (km*mol^-1)", 0.1, false},
    {"raman", "Spectrum (10^-40*m^2*cm)", "Integral (10^-40*m^2)", 1e40, false},
    {"power", "Spectrum (K*cm)", "Integral (K)", 1.0, true},
    {"", "Spectrum", "Integral", 1.0, false},
};

static const travis_units *travis_units_of(const char *name)
{
    const travis_units *units = travis;

    while (strncmp(name, units->prefix, strlen(units->prefix)) != 0) {
        units++;
    }
    return units;
}

covary_status spectra_add_travis(const covary_spectra_set *set, int index, text *into)
{
    covary_status       status = COVARY_OK;
    const spectra      *all = &set->of;
    const spectrum     *of = &all->spectra[index];
    const travis_units *units = travis_units_of(of->name);
    const double        factor = units->factor * (units->kelvin ? all->settings.temperature : 1.0);
    double              integral = 0.0;

    COVARY_TRY(text_add(into, "#Wavenumber (cm^-1); %s; %s\n", units->values, units->integral));
    for (int64_t i = 0; i < all->n_points; i++) {
        if (i > 0) { /* trapezoidal rule */
            integral += 0.5 * factor * (of->values[i - 1] + of->values[i]) *
                        (all->wavenumber[i] - all->wavenumber[i - 1]);
        }
        COVARY_TRY(text_add(into, "%.4f; %.10e; %.10e\n", all->wavenumber[i],
                            factor * of->values[i], integral));
    }

done:
    return status;
}

/* --- bands ------------------------------------------------------------------------------------ */

typedef covary_status (*band_writer)(const spectrum *of, const covary_band *band, text *into);

/* Of each main spectrum: a line for itself, if there is a writer for that, then one a band. */
static covary_status add_each_band(const covary_spectra_set *set, band_writer head,
                                   band_writer each, text *into)
{
    covary_status status = COVARY_OK;
    covary_band  *bands = NULL;
    int           found[3], n;
    const int     n_found = spectra_main(set, found);

    for (int k = 0; k < n_found; k++) {
        const spectrum *of = &set->of.spectra[found[k]];
        COVARY_TRY(head != NULL ? head(of, NULL, into) : COVARY_OK);
        COVARY_TRY(covary_spectra_bands(set, found[k], spectra_least_band, &n, &bands));
        for (int b = 0; b < n; b++) {
            COVARY_TRY(each(of, &bands[b], into));
        }
        covary_bands_release(&bands);
    }

done:
    covary_bands_release(&bands);
    return status;
}

static covary_status band_head(const spectrum *of, const covary_band *band, text *into)
{
    (void)band;
    return text_add(into, "%s%s\n%10s %8s %12s %10s %12s %10s\n", into->length > 0 ? "\n" : "",
                    of->description, "cm^-1", "width", of->area_unit != NULL ? of->area_unit : "-",
                    of->unit, "error", "floor");
}

static covary_status band_row(const spectrum *of, const covary_band *band, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "%10.1f ", band->position));
    COVARY_TRY(isfinite(band->width) ? text_add(into, "%8.1f ", band->width)
                                     : text_add(into, "%8s ", "-"));
    COVARY_TRY(isfinite(band->area) ? text_add(into, "%12.4g ", band->area)
                                    : text_add(into, "%12s ", "-"));
    COVARY_TRY(text_add(into, "%10.4g ", band->height));
    COVARY_TRY(isfinite(band->error) ? text_add(into, "%12.2g ", band->error)
                                     : text_add(into, "%12s ", "-"));
    COVARY_TRY(of->floor != NULL ? text_add(into, "%10.2g%s\n", band->floor,
                                            band->height < 2.0 * band->floor ? " below" : "")
                                 : text_add(into, "%10s\n", "-"));

done:
    return status;
}

covary_status spectra_add_bands(const covary_spectra_set *set, text *into)
{
    return add_each_band(set, band_head, band_row, into);
}

static covary_status band_line(const spectrum *of, const covary_band *band, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "%s", of->name));
    COVARY_TRY(add_number(band->position, into));
    COVARY_TRY(add_number(band->width, into));
    COVARY_TRY(add_number(band->area, into));
    COVARY_TRY(text_add(into, ",%s", of->area_unit != NULL ? of->area_unit : ""));
    COVARY_TRY(add_number(band->height, into));
    COVARY_TRY(add_number(band->error, into));
    COVARY_TRY(add_number(of->floor != NULL ? band->floor : (double)NAN, into));
    COVARY_TRY(text_add(into, ",%s\n", of->unit));

done:
    return status;
}

covary_status spectra_add_bands_csv(const covary_spectra_set *set, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "spectrum,position [cm^-1],width [cm^-1],area,area_unit,height,"
                              "height_error,floor,unit\n"));
    COVARY_TRY(add_each_band(set, NULL, band_line, into));

done:
    return status;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static covary_status json_number(const char *name, double value, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, ", \"%s\": ", name));
    COVARY_TRY(text_add_json_number(into, value));

done:
    return status;
}

static covary_status json_text(const char *name, const char *value, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, ", \"%s\": ", name));
    COVARY_TRY(value != NULL ? text_add_json(into, value) : text_add(into, "null"));

done:
    return status;
}

static covary_status json_array(const char *name, const double *values, int64_t n, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, ", \"%s\": [", name));
    for (int64_t i = 0; i < n; i++) {
        COVARY_TRY(i > 0 ? text_add(into, ", ") : COVARY_OK);
        COVARY_TRY(text_add_json_number(into, values[i]));
    }
    COVARY_TRY(text_add(into, "]"));

done:
    return status;
}

static covary_status json_spectrum(const covary_spectra_set *set, int index, text *into)
{
    covary_status   status = COVARY_OK;
    const spectrum *of = &set->of.spectra[index];

    COVARY_TRY(text_add(into, "%s\n  \"%s\": {\"unit\": \"%s\"", index > 0 ? "," : "", of->name,
                        of->unit));
    COVARY_TRY(json_text("description", of->description, into));
    COVARY_TRY(json_text("area_unit", of->area_unit, into));
    COVARY_TRY(json_number("area_factor", of->area_factor, into));
    COVARY_TRY(json_array("values", of->values, set->of.n_points, into));
    COVARY_TRY(json_array("errors", of->errors, set->of.n_points, into));
    if (of->floor != NULL) {
        COVARY_TRY(json_array("floor", of->floor, set->of.n_points, into));
    }
    COVARY_TRY(text_add(into, "}"));

done:
    return status;
}

static covary_status json_band(const spectrum *of, const covary_band *band, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "%s\n  {\"spectrum\": \"%s\"",
                        into->data[into->length - 1] == '[' ? "" : ",", of->name));
    COVARY_TRY(json_number("position", band->position, into));
    COVARY_TRY(json_number("width", band->width, into));
    COVARY_TRY(json_number("area", band->area, into));
    COVARY_TRY(json_number("height", band->height, into));
    COVARY_TRY(json_number("error", band->error, into));
    COVARY_TRY(json_number("floor", of->floor != NULL ? band->floor : (double)NAN, into));
    COVARY_TRY(text_add(into, "}"));

done:
    return status;
}

covary_status spectra_add_json_settings(const covary_spectra_set *set, text *into)
{
    covary_status           status = COVARY_OK;
    const spectra_settings *used = &set->of.settings;

    COVARY_TRY(text_add(into, "\"method\": \"%s\"", spectra_method_names[used->method]));
    COVARY_TRY(json_text("window", spectra_window_names[used->window], into));
    COVARY_TRY(json_text("quantum", spectra_correction_names[used->correction], into));
    COVARY_TRY(json_text("derivative", spectra_derivative_names[used->derivative], into));
    COVARY_TRY(json_number("resolution", set->of.resolution, into));
    COVARY_TRY(json_number("temperature", used->temperature, into));
    COVARY_TRY(json_number("temperature_error", set->of.temperature_error, into));
    COVARY_TRY(json_number("laser", used->laser, into));
    COVARY_TRY(json_number("refractive_index", used->refractive_index, into));
    COVARY_TRY(json_number("step", set->of.step, into));
    COVARY_TRY(text_add(into,
                        ", \"frames\": %" PRId64 ", \"segments\": %" PRId64 ", \"blocks\": %" PRId64
                        ", \"molecules\": %" PRId64,
                        set->of.n_frames, set->of.n_segments, set->of.n_blocks, set->n_molecules));
    for (int k = 0; k < 3; k++) {
        COVARY_TRY(json_text(spectra_source_names[k], set->sources[k], into));
    }
    COVARY_TRY(text_add(into, ", \"warnings\": ["));
    for (int64_t w = 0; w < set->n_warnings; w++) {
        COVARY_TRY(text_add(into, "%s", w > 0 ? ", " : ""));
        COVARY_TRY(text_add_json(into, set->warnings[w]));
    }
    COVARY_TRY(text_add(into, "]"));

done:
    return status;
}

covary_status spectra_add_json(const covary_spectra_set *set, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "{"));
    COVARY_TRY(spectra_add_json_settings(set, into));
    COVARY_TRY(text_add(into, ",\n \"bands\": ["));
    COVARY_TRY(add_each_band(set, NULL, json_band, into));
    COVARY_TRY(text_add(into, "]"));
    COVARY_TRY(json_array("wavenumber", set->of.wavenumber, set->of.n_points, into));
    COVARY_TRY(text_add(into, ",\n \"spectra\": {"));
    for (int s = 0; s < set->of.n_spectra; s++) {
        COVARY_TRY(json_spectrum(set, s, into));
    }
    COVARY_TRY(text_add(into, "}}\n"));

done:
    return status;
}
