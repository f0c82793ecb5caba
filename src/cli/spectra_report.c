/* SPDX-License-Identifier: BSD-3-Clause */
/* The page on a set of spectra, section by section. */
#include "cli/spectra_report.h"

#include "cli/report.h"
#include "core/status.h"
#include "spectra/spectra_set.h"

#include <inttypes.h>
#include <math.h>

static covary_status add_summary(const spectra_drawing *of, text *html)
{
    covary_status             status = COVARY_OK;
    const covary_spectra_set *set = of->sets[0];
    const spectra            *in = &set->of;

    COVARY_TRY(text_add(html, "<title>"));
    COVARY_TRY(report_escape(of->names[0], html));
    COVARY_TRY(text_add(html, "</title>\n</head>\n<body>\n<h1>"));
    COVARY_TRY(report_escape(of->names[0], html));
    COVARY_TRY(text_add(
        html,
        "</h1>\n<p>%" PRId64 " frames, %.4g fs apart, in %" PRId64
        " stretch%s without a gap; %.4g K%s; resolution %.3g cm⁻¹ from %" PRId64 " segments</p>\n",
        in->n_frames, in->step, set->n_stretches, set->n_stretches == 1 ? "" : "es",
        in->settings.temperature, in->temperature_measured ? " by the atoms' motion" : "",
        in->resolution, in->n_segments));

done:
    return status;
}

static covary_status add_warnings(const spectra_drawing *of, text *html)
{
    covary_status             status = COVARY_OK;
    const covary_spectra_set *set = of->sets[0];

    for (int64_t w = 0; w < set->n_warnings; w++) {
        COVARY_TRY(text_add(html, "<p><b>Warning:</b> "));
        COVARY_TRY(report_escape(set->warnings[w], html));
        COVARY_TRY(text_add(html, "</p>\n"));
    }

done:
    return status;
}

static covary_status add_plots(const spectra_drawing *of, text *html)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "<figure class=\"wide\">\n"));
    COVARY_TRY(spectra_draw(of, DRAW_FOR_PAGE, html));
    COVARY_TRY(text_add(html, "</figure>\n<p>Shaded: one standard error over blocks of segments. "
                              "Dashed: what the errors that the model expects of itself add to "
                              "the spectrum; bands below that line cannot be trusted.</p>\n"));

done:
    return status;
}

/* To a tenth of a wavenumber, or in four digits. */
static covary_status add_wavenumber(double value, text *html)
{
    return isfinite(value) ? text_add(html, "<td>%.1f</td>", value) : text_add(html, "<td>-</td>");
}

static covary_status add_value(double value, text *html)
{
    return isfinite(value) ? text_add(html, "<td>%.4g</td>", value) : text_add(html, "<td>-</td>");
}

static covary_status add_band(const spectrum *of, const covary_band *band, text *html)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "<tr>"));
    COVARY_TRY(add_wavenumber(band->position, html));
    COVARY_TRY(add_wavenumber(band->width, html));
    COVARY_TRY(add_value(band->area, html));
    COVARY_TRY(add_value(band->height, html));
    COVARY_TRY(add_value(band->error, html));
    COVARY_TRY(add_value(of->floor != NULL ? band->floor : (double)NAN, html));
    COVARY_TRY(text_add(html, "<td class=\"words\">%s</td></tr>\n",
                        of->floor != NULL && band->height < 2.0 * band->floor
                            ? "within the noise of the model"
                            : ""));

done:
    return status;
}

static covary_status add_table(const covary_spectra_set *set, int index, text *html)
{
    covary_status   status = COVARY_OK;
    const spectrum *of = &set->of.spectra[index];
    covary_band    *bands = NULL;
    int             n = 0;

    COVARY_TRY(covary_spectra_bands(set, index, spectra_least_band, &n, &bands));
    COVARY_TRY(text_add(html, "<h2>"));
    COVARY_TRY(report_escape(of->description, html));
    COVARY_TRY(text_add(html, "</h2>\n<p>"));
    COVARY_TRY(report_escape(spectra_formula(of->name), html));
    COVARY_TRY(text_add(html,
                        "</p>\n<div><table>\n<tr><th>band, cm⁻¹</th><th>width, cm⁻¹</th><th>area, "
                        "%s</th><th>height, %s</th><th>standard error</th><th>noise of the "
                        "model</th><th class=\"words\"></th></tr>\n",
                        of->area_unit != NULL ? of->area_unit : "-", of->unit));
    for (int b = 0; b < n; b++) {
        COVARY_TRY(add_band(of, &bands[b], html));
    }
    COVARY_TRY(text_add(html, "</table></div>\n"));

done:
    covary_bands_release(&bands);
    return status;
}

static covary_status add_tables(const spectra_drawing *of, text *html)
{
    covary_status status = COVARY_OK;
    int           found[3];
    const int     n = spectra_main(of->sets[0], found);

    for (int k = 0; k < n; k++) {
        COVARY_TRY(add_table(of->sets[0], found[k], html));
    }

done:
    return status;
}

static covary_status add_pair(const char *name, const char *value, text *html)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "<tr><td>%s</td><td class=\"words\">", name));
    COVARY_TRY(report_escape(value, html));
    COVARY_TRY(text_add(html, "</td></tr>\n"));

done:
    return status;
}

static covary_status add_settings(const spectra_drawing *of, text *html)
{
    covary_status             status = COVARY_OK;
    const covary_spectra_set *set = of->sets[0];
    const spectra_settings   *used = &set->of.settings;

    COVARY_TRY(text_add(html, "<h2>Settings</h2>\n<div><table>\n"));
    COVARY_TRY(add_pair("method", spectra_method_names[used->method], html));
    COVARY_TRY(add_pair("window", spectra_window_names[used->window], html));
    COVARY_TRY(add_pair("quantum correction", spectra_correction_names[used->correction], html));
    COVARY_TRY(add_pair("derivative", spectra_derivative_names[used->derivative], html));
    for (int k = 0; k < 3; k++) {
        if (set->sources[k] != NULL) {
            COVARY_TRY(add_pair(spectra_source_names[k], set->sources[k], html));
        }
    }
    COVARY_TRY(text_add(html,
                        "<tr><td>laser</td><td class=\"words\">%.6g nm</td></tr>\n<tr><td>"
                        "refractive index</td><td class=\"words\">%.6g</td></tr>\n"
                        "<tr><td>zero padding</td><td class=\"words\">%d</td></tr>\n",
                        used->laser, used->refractive_index, used->padding));
    COVARY_TRY(text_add(html, "</table></div>\n"));

done:
    return status;
}

static covary_status add_inputs(const spectra_drawing *of, text *html)
{
    covary_status             status = COVARY_OK;
    const covary_spectra_set *set = of->sets[0];

    COVARY_TRY(text_add(html, "<h2>Inputs</h2>\n<pre>"));
    for (int64_t i = 0; i < set->n_inputs; i++) {
        COVARY_TRY(report_escape(set->paths[i], html));
        COVARY_TRY(text_add(html, "  %" PRId64 " bytes  %s\n", set->bytes[i], set->checksums[i]));
    }
    COVARY_TRY(text_add(html, "\nCovary %s (%s), %s\n", set->version, set->commit, set->created));
    COVARY_TRY(set->command != NULL ? report_escape(set->command, html) : COVARY_OK);
    COVARY_TRY(text_add(html, "</pre>\n</body>\n</html>\n"));

done:
    return status;
}

covary_status spectra_report(const spectra_drawing *of, text *html)
{
    static covary_status (*const sections[])(const spectra_drawing *, text *) = {
        add_summary, add_warnings, add_plots, add_tables, add_settings, add_inputs};
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "%s", report_head));
    for (size_t k = 0; k < sizeof sections / sizeof sections[0]; k++) {
        COVARY_TRY(sections[k](of, html));
    }

done:
    return status;
}
