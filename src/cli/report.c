/* SPDX-License-Identifier: BSD-3-Clause */
/* The page of a report: its sections, one after the other. */
#include "cli/report.h"

#include "cli/commands.h"
#include "cli/gnuplot.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/candidates.h"
#include "trajectory/formula.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char report_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<style>\n"
    ":root { --ink: #1b1d21; --soft: #5b616b; --paper: #ffffff; --line: #d9dce1; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  :root { --ink: #e4e6ea; --soft: #a2a8b3; --paper: #15171b; --line: #363b44; }\n}\n"
    "body { margin: 0 auto; padding: 1.5rem; max-width: 80rem; color: var(--ink);\n"
    "  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }\n"
    "h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.25rem; margin: 2rem 0 0.5rem; }\n"
    "h3 { font-size: 1rem; margin: 1rem 0 0.25rem; } p { margin: 0.25rem 0 0.75rem; }\n"
    "p, pre, th { color: var(--soft); } pre { overflow-x: auto; margin: 0; font-size: 0.85rem; }\n"
    "table { border-collapse: collapse; font-variant-numeric: tabular-nums; }\n"
    "div { overflow-x: auto; }\n"
    "th, td { padding: 0.15rem 0.9rem 0.15rem 0; text-align: right; white-space: nowrap;\n"
    "  border-bottom: 1px solid var(--line); font-weight: normal; }\n"
    "th:first-child, td:first-child, .words { text-align: left; }\n"
    "figure { margin: 0.75rem 0; display: flex; flex-wrap: wrap; gap: 0.5rem; }\n"
    "figure svg { flex: 1 1 20rem; max-width: 26rem; min-width: 0; height: auto; }\n"
    "figure.wide svg { flex-basis: 100%; max-width: 100%; }\n"
    "svg g { color: var(--ink); } svg tspan { font-family: system-ui, sans-serif; }\n"
    "svg > text { fill: var(--ink); } svg > [fill=\"white\"] { fill: var(--paper); }\n"
    "svg .grid { stroke: var(--line); }\n"
    "svg [stroke=\"black\"] { stroke: var(--ink); } svg [fill=\"black\"] { fill: var(--ink); }\n"
    "</style>\n";

covary_status report_escape(const char *plain, text *html)
{
    covary_status status = COVARY_OK;

    for (const char *at = plain; *at != '\0'; at++) {
        const char *as = *at == '&'   ? "&amp;"
                         : *at == '<' ? "&lt;"
                         : *at == '>' ? "&gt;"
                         : *at == '"' ? "&quot;"
                                      : NULL;
        COVARY_TRY(as != NULL ? text_add(html, "%s", as) : text_add_bytes(html, at, 1));
    }

done:
    return status;
}

static covary_status add_summary(const reported *of, text *html)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = of->model;

    COVARY_TRY(text_add(html, "<title>"));
    COVARY_TRY(report_escape(of->path, html));
    COVARY_TRY(text_add(html, "</title>\n</head>\n<body>\n<h1>"));
    COVARY_TRY(report_escape(of->path, html));
    COVARY_TRY(text_add(html, "</h1>\n<p>"));
    COVARY_TRY(formula_add(model->about.n_atoms, model->about.species, html));
    COVARY_TRY(text_add(html, ", learned from %lld frames; %s (%lld)</p>\n",
                        (long long)model->n_train, of->predictions, (long long)of->n_frames));
    COVARY_TRY(text_add(html, "<p>Covary %s", model->version));
    if (model->solver_reason != NULL) {
        COVARY_TRY(text_add(html, ", solver "));
        COVARY_TRY(report_escape(model->solver_reason, html));
    }
    COVARY_TRY(text_add(html, "</p>\n"));

done:
    return status;
}

static covary_status add_row(const char *name, const covary_errors *errors, text *html)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "<tr><td>"));
    COVARY_TRY(report_escape(name, html));
    COVARY_TRY(text_add(html,
                        "</td><td>%lld</td><td>%.5g</td><td>%.5g</td><td>%.5g</td><td>%.5g"
                        "</td>",
                        (long long)errors->n, errors->rmse, errors->mae, errors->max,
                        errors->rms_reference));
    if (isfinite(errors->relative_rmse)) {
        COVARY_TRY(text_add(html, "<td>%.4g %%</td></tr>\n", 100.0 * errors->relative_rmse));
    } else {
        COVARY_TRY(text_add(html, "<td>-</td></tr>\n"));
    }

done:
    return status;
}

static covary_status add_errors(const reported *of, int p, text *html)
{
    covary_status   status = COVARY_OK;
    const property *about = of->model->properties[p].of;
    char            name[32];

    COVARY_TRY(text_add(html,
                        "<div><table>\n<tr><th>errors, %s</th><th>n</th><th>rmse</th><th>mae</th>"
                        "<th>max</th><th>rms of the labels</th><th>rmse / rms</th></tr>\n",
                        about->unit->name));
    COVARY_TRY(add_row("all", &of->properties[p].whole, html));
    if (of->properties[p].validation != NULL) {
        COVARY_TRY(add_row("validation", of->properties[p].validation, html));
    }
    for (int k = 0; k < property_n_irreps(about->kind) && property_n_irreps(about->kind) > 1; k++) {
        const int l = property_irrep(about->kind, k).of.l;
        snprintf(name, sizeof name, "l = %d%s", l, l == 0 ? " (isotropic)" : "");
        COVARY_TRY(add_row(name, &of->properties[p].irreps[k], html));
    }
    COVARY_TRY(text_add(html, "</table></div>\n"));

done:
    return status;
}

static covary_status add_properties(const reported *of, text *html)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < of->model->n_properties && of->properties != NULL; p++) {
        const property *about = of->model->properties[p].of;
        COVARY_TRY(text_add(html, "<h2>"));
        COVARY_TRY(report_escape(about->name, html));
        COVARY_TRY(text_add(html, "</h2>\n"));
        COVARY_TRY(add_errors(of, p, html));
        COVARY_TRY(report_plots(of, p, html));
    }

done:
    return status;
}

static covary_status add_curve(const reported *of, text *html)
{
    covary_status status = COVARY_OK;
    text          table = {0};

    if (of->curve == NULL) {
        return COVARY_OK;
    }
    COVARY_TRY(text_add(html, "<h2>Learning curve</h2>\n<figure>\n"));
    COVARY_TRY(learning_curve_svg(of->curve, html));
    COVARY_TRY(text_add(html, "</figure>\n<pre>"));
    COVARY_TRY(learning_curve_table(of->curve, &table));
    COVARY_TRY(report_escape(table.data, html));
    COVARY_TRY(text_add(html, "</pre>\n"));

done:
    text_release(&table);
    return status;
}

static covary_status add_symmetry(const reported *of, text *html)
{
    covary_status status = COVARY_OK;
    const char   *report = of->model->symmetry_report;

    COVARY_TRY(text_add(html, "<h2>Symmetry</h2>\n"));
    if (report == NULL || report[0] == '\0') {
        COVARY_TRY(text_add(html, "<p>No permutations of equivalent atoms.</p>\n"));
        goto done;
    }
    COVARY_TRY(text_add(html, "<pre>"));
    COVARY_TRY(report_escape(report, html));
    COVARY_TRY(text_add(html, "</pre>\n"));

done:
    return status;
}

/* "0.00146  gram, distances, gaussian" as a row of a table. */
static covary_status add_candidate(const char *line, size_t length, text *html)
{
    covary_status status = COVARY_OK;
    const size_t  number = strcspn(line, " \n");
    const size_t  blanks = number + strspn(line + number, " ");
    text          words = {0};

    COVARY_TRY(text_add_bytes(&words, line + blanks, length - blanks));
    COVARY_TRY(text_add(html, "<tr><td>%.*s</td><td class=\"words\">", (int)number, line));
    COVARY_TRY(report_escape(words.data, html));
    COVARY_TRY(text_add(html, "</td></tr>\n"));

done:
    text_release(&words);
    return status;
}

/* As the errors of the others are told: per frame, or per atom where the property is; "-": none. */
static covary_status add_search_error(const model_part *part, text *html)
{
    double sum = 0.0;

    for (int k = 0; k < part->n_systems; k++) {
        sum += part->systems[k].search_rmse * part->systems[k].search_rmse;
    }
    return isfinite(sum) ? text_add(html, "%.4g", sqrt(sum / (double)part->n_sites))
                         : text_add(html, "-");
}

static covary_status add_part(const reported *of, int p, const model_part *part, text *html)
{
    covary_status        status = COVARY_OK;
    const covary_model  *model = of->model;
    const linear_system *first = &part->systems[0];
    text                 name = {0};

    COVARY_TRY(candidate_name(model->representations[part->representation], &name));
    COVARY_TRY(text_add(html, "<h3>"));
    COVARY_TRY(report_escape(model->properties[p].of->name, html));
    COVARY_TRY(text_add(html,
                        ", l = %d</h3>\n<div><table>\n<tr><th>error of the search</th><th "
                        "class=\"words\">settings, in order of preference</th></tr>\n<tr><td>",
                        part->about.l));
    COVARY_TRY(add_search_error(part, html));
    COVARY_TRY(text_add(html,
                        "</td><td class=\"words\"><b>%s, %s, length %.4g, ridge %.3g</b></td>"
                        "</tr>\n",
                        name.data, first->of.name, first->of.length, first->ridge));
    for (const char *line = part->runners_up; line != NULL && *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        COVARY_TRY(add_candidate(line, length, html));
        line += length + (line[length] == '\n');
    }
    COVARY_TRY(text_add(html, "</table></div>\n"));

done:
    text_release(&name);
    return status;
}

static covary_status add_settings(const reported *of, text *html)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "<h2>Settings tried</h2>\n"));
    for (int p = 0; p < of->model->n_properties; p++) {
        const model_property *property_of = &of->model->properties[p];
        for (int k = 0; k < property_of->n_parts; k++) {
            COVARY_TRY(add_part(of, p, &property_of->parts[k], html));
        }
    }

done:
    return status;
}

static covary_status add_step(const covary_model *model, const search_step *step, text *html)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "<tr><td>"));
    COVARY_TRY(report_escape(model->properties[step->property].of->name, html));
    COVARY_TRY(text_add(html,
                        ", l = %d</td><td>%s</td><td>%lld</td><td>%lld</td><td>%.2g</td>"
                        "<td>%.4g</td><td>%.3g</td><td>",
                        step->l, step->full ? "full" : "coarse", (long long)step->n_frames,
                        (long long)step->n_solved, step->seconds, step->length, step->ridge));
    COVARY_TRY(isfinite(step->error) ? text_add(html, "%.4g", step->error) : text_add(html, "-"));
    COVARY_TRY(text_add(html, "</td><td class=\"words\">"));
    COVARY_TRY(report_escape(step->setting, html));
    COVARY_TRY(text_add(html, "</td></tr>\n"));

done:
    return status;
}

static covary_status add_search(const reported *of, text *html)
{
    covary_status      status = COVARY_OK;
    const search_path *path = &of->model->search;

    if (path->n == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(text_add(html, "<h2>Search</h2>\n<p>In its order; seconds are of a core of 10 "
                              "Gflop/s.</p>\n<div><table>\n<tr><th>part</th><th>search</th>"
                              "<th>frames</th><th>systems solved</th><th>seconds</th><th>length"
                              "</th><th>ridge</th><th>error</th><th class=\"words\">settings</th>"
                              "</tr>\n"));
    for (int64_t i = 0; i < path->n; i++) {
        COVARY_TRY(add_step(of->model, &path->steps[i], html));
    }
    COVARY_TRY(text_add(html, "</table></div>\n"));

done:
    return status;
}

static covary_status add_end(const reported *of, text *html)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "<h2>Configuration</h2>\n<pre>"));
    COVARY_TRY(report_escape(of->model->config_text, html));
    COVARY_TRY(text_add(html, "</pre>\n</body>\n</html>\n"));

done:
    return status;
}

static covary_status make_page(const reported *of, text *html)
{
    static covary_status (*const sections[])(const reported *, text *) = {
        add_summary, add_properties, add_curve, add_symmetry, add_settings, add_search, add_end};
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(html, "%s", report_head));
    for (size_t k = 0; k < sizeof sections / sizeof sections[0]; k++) {
        COVARY_TRY(sections[k](of, html));
    }

done:
    return status;
}

covary_status report_check(covary_run *run, const char *path, const char *const *inputs,
                           int n_inputs)
{
    covary_status status = COVARY_OK;

    if (path == NULL) {
        return COVARY_OK;
    }
    COVARY_TRY(check_text_file(run, path, inputs, n_inputs));
    COVARY_TRY(gnuplot_check(run, "svg", "--report"));

done:
    return status;
}

static covary_status write_page(covary_run *run, const char *path, const reported *of)
{
    covary_status status = COVARY_OK;
    text          html = {0};

    COVARY_TRY_TOGETHER(run, "make the report",
                        covary_run_rank(run) == 0 ? make_page(of, &html) : COVARY_OK);
    COVARY_TRY(write_text_file(run, path, &html));

done:
    text_release(&html);
    return status;
}

covary_status report_fit(covary_run *run, const char *path, const char *model_path,
                         const covary_model *model)
{
    covary_status      status = COVARY_OK;
    reported_property *shown = NULL;

    COVARY_TRY_TOGETHER(run, "begin the report",
                        MEMORY_ALLOCATE("report", model->n_properties, &shown));
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        shown[p].whole = of->loo;
        memcpy(shown[p].irreps, of->loo_irreps, sizeof shown[p].irreps);
        shown[p].compared = of->compared;
        shown[p].calibrated = &of->calibration;
        shown[p].validation = of->validation.n > 0 ? &of->validation : NULL;
    }
    const reported page = {.model = model,
                           .path = model_path,
                           .predictions = "each frame predicted without it",
                           .n_frames = model->n_train,
                           .properties = shown};
    COVARY_TRY(write_page(run, path, &page));

done:
    MEMORY_RELEASE(&shown);
    return status;
}

covary_status report_evaluation(covary_run *run, const char *path, const char *model_path,
                                const covary_model *model, const covary_evaluation *evaluation)
{
    covary_status      status = COVARY_OK;
    reported_property *shown = NULL;
    int                l;

    COVARY_TRY_TOGETHER(run, "begin the report",
                        MEMORY_ALLOCATE("report", model->n_properties, &shown));
    for (int p = 0; p < model->n_properties; p++) {
        shown[p].whole = covary_evaluation_errors(evaluation, p);
        for (int k = 0; k < covary_evaluation_n_irreps(evaluation, p); k++) {
            shown[p].irreps[k] = covary_evaluation_irrep(evaluation, p, k, &l);
        }
        shown[p].compared = evaluation->compared[p];
        shown[p].calibrated = &evaluation->calibrations[p];
    }
    const reported page = {.model = model,
                           .path = model_path,
                           .predictions = "predictions of labelled frames",
                           .n_frames = evaluation->n_frames,
                           .properties = shown};
    COVARY_TRY(write_page(run, path, &page));

done:
    MEMORY_RELEASE(&shown);
    return status;
}

covary_status report_curve(covary_run *run, const char *path, const char *model_path,
                           const learning_curve *curve)
{
    const reported page = {.model = curve->model,
                           .path = model_path,
                           .predictions = "subsets of them, tested on others",
                           .n_frames = curve->n_tested,
                           .curve = curve};

    return write_page(run, path, &page);
}
