/* SPDX-License-Identifier: BSD-3-Clause */
/* covary evaluate */
#include "cli/commands.h"

#include "cli/report.h"
#include "core/status.h"
#include "model/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static covary_status add_number(text *into, const char *key, double value, const char *after)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "\"%s\": ", key));
    COVARY_TRY(text_add_json_number(into, value));
    COVARY_TRY(text_add(into, "%s", after));

done:
    return status;
}

static covary_status add_errors(text *into, const covary_errors *errors, const char *after)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "\"n\": %lld, ", (long long)errors->n));
    COVARY_TRY(add_number(into, "rmse", errors->rmse, ", "));
    COVARY_TRY(add_number(into, "mae", errors->mae, ", "));
    COVARY_TRY(add_number(into, "max", errors->max, ", "));
    COVARY_TRY(add_number(into, "rms_reference", errors->rms_reference, ", "));
    COVARY_TRY(add_number(into, "relative_rmse", errors->relative_rmse, after));

done:
    return status;
}

static covary_status add_irreps(text *into, const covary_evaluation *evaluation, int p)
{
    covary_status status = text_add(into, "      \"irreps\": {");
    int           n = covary_evaluation_n_irreps(evaluation, p);

    for (int k = 0; k < n && status == COVARY_OK; k++) {
        int           l;
        covary_errors errors = covary_evaluation_irrep(evaluation, p, k, &l);
        COVARY_TRY(text_add(into, "\"%d\": {", l));
        COVARY_TRY(add_errors(into, &errors, k + 1 < n ? "}, " : "}"));
    }
    COVARY_TRY(text_add(into, "},\n"));

done:
    return status;
}

static covary_status add_components(text *into, const covary_evaluation *evaluation, int p)
{
    const property_kind *kind = evaluation->kinds[p];
    covary_status        status = text_add(into, "      \"components\": {");
    char                 name[COMPONENT_NAME_BYTES];

    for (int c = 0; c < kind->n_values && status == COVARY_OK; c++) {
        covary_errors errors = errors_component(&evaluation->sums[p], c);
        if (!errors_component_counts(kind, c)) {
            continue;
        }
        COVARY_TRY(
            text_add(into, "%s\"%s\": {", c > 0 ? ", " : "", errors_component_name(kind, c, name)));
        COVARY_TRY(add_errors(into, &errors, "}"));
    }
    COVARY_TRY(text_add(into, "}\n"));

done:
    return status;
}

/* Only of models that predict their errors. */
static covary_status add_calibration(text *into, const calibration *of)
{
    covary_status status = COVARY_OK;

    if (!(of->n > 0.0)) {
        return COVARY_OK;
    }
    COVARY_TRY(text_add(into, "      "));
    COVARY_TRY(add_number(into, "coverage_68", calibration_observed(of, CALIBRATION_68), ", "));
    COVARY_TRY(add_number(into, "coverage_95", calibration_observed(of, CALIBRATION_95), ",\n"));
    COVARY_TRY(text_add(into, "      \"calibration\": ["));
    for (int level = 0; level < CALIBRATION_LEVELS; level++) {
        COVARY_TRY(text_add(into, "{"));
        COVARY_TRY(add_number(into, "deviations", calibration_width(level), ", "));
        COVARY_TRY(add_number(into, "nominal", calibration_nominal(level), ", "));
        COVARY_TRY(add_number(into, "observed", calibration_observed(of, level),
                              level + 1 < CALIBRATION_LEVELS ? "}, " : "}],\n"));
    }

done:
    return status;
}

static covary_status make_json(const covary_model *model, const covary_evaluation *evaluation,
                               text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "{\n  \"frames\": %lld,\n  \"properties\": {\n",
                        (long long)evaluation->n_frames));
    for (int p = 0; p < evaluation->n_properties; p++) {
        covary_errors errors = covary_evaluation_errors(evaluation, p);
        COVARY_TRY(text_add(into, "    "));
        COVARY_TRY(text_add_json(into, covary_model_property_name(model, p)));
        COVARY_TRY(text_add(into, ": {\n      \"unit\": "));
        COVARY_TRY(text_add_json(into, covary_model_property_unit(model, p)));
        COVARY_TRY(text_add(into, ", "));
        COVARY_TRY(add_errors(into, &errors, ",\n"));
        COVARY_TRY(add_calibration(into, &evaluation->calibrations[p]));
        COVARY_TRY(add_irreps(into, evaluation, p));
        COVARY_TRY(add_components(into, evaluation, p));
        COVARY_TRY(text_add(into, "    }%s\n", p + 1 < evaluation->n_properties ? "," : ""));
    }
    COVARY_TRY(text_add(into, "  }\n}\n"));

done:
    return status;
}

static covary_status add_row(text *into, const char *name, const covary_errors *errors,
                             const char *unit_name)
{
    char relative[32] = "-";

    /* no size to compare with: no part of this l in any label */
    if (isfinite(errors->relative_rmse)) {
        snprintf(relative, sizeof relative, "%10.4g %%", 100.0 * errors->relative_rmse);
    }
    return text_add(into, "%-20s %8lld %12.5g %12.5g %12.5g %12.5g %12s  %s\n", name,
                    (long long)errors->n, errors->rmse, errors->mae, errors->max,
                    errors->rms_reference, relative, unit_name);
}

static covary_status make_table(const covary_model *model, const covary_evaluation *evaluation,
                                text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "%-20s %8s %12s %12s %12s %12s %12s  %s\n", "property", "n", "rmse",
                        "mae", "max", "rms", "rmse/rms", "unit"));
    for (int p = 0; p < evaluation->n_properties; p++) {
        covary_errors errors = covary_evaluation_errors(evaluation, p);
        const char   *in_unit = covary_model_property_unit(model, p);
        int           n = covary_evaluation_n_irreps(evaluation, p), l;
        COVARY_TRY(add_row(into, covary_model_property_name(model, p), &errors, in_unit));
        for (int k = 0; k < n && n > 1; k++) {
            char name[32];
            errors = covary_evaluation_irrep(evaluation, p, k, &l);
            snprintf(name, sizeof name, "  l = %d%s", l, l == 0 ? " (isotropic)" : "");
            COVARY_TRY(add_row(into, name, &errors, in_unit));
        }
    }

done:
    return status;
}

/* How many components lie within one and 1.96 standard deviations. */
static covary_status add_coverage(const covary_model *model, const covary_evaluation *evaluation,
                                  text *into)
{
    covary_status status = COVARY_OK;

    if (model->uncertainty == UNCERTAINTY_NONE) {
        return COVARY_OK;
    }
    COVARY_TRY(
        text_add(into, "\n%-20s %18s %18s\n", "within", "1 std (68.3 %)", "1.96 std (95 %)"));
    for (int p = 0; p < evaluation->n_properties; p++) {
        const calibration *here = &evaluation->calibrations[p];
        COVARY_TRY(text_add(into, "%-20s %16.1f %% %16.1f %%\n",
                            covary_model_property_name(model, p),
                            100.0 * calibration_observed(here, CALIBRATION_68),
                            100.0 * calibration_observed(here, CALIBRATION_95)));
    }

done:
    return status;
}

static covary_status report(covary_run *run, const arguments *given, const covary_model *model,
                            const covary_evaluation *evaluation)
{
    covary_status status = COVARY_OK;
    text          table = {0}, json = {0};

    COVARY_TRY_TOGETHER(run, "make the table", make_table(model, evaluation, &table));
    COVARY_TRY_TOGETHER(run, "add the coverage", add_coverage(model, evaluation, &table));
    if (given->json == NULL || strcmp(given->json, "-") != 0) { /* JSON alone can be parsed */
        print_result(run, &table);
    }
    if (given->json != NULL) {
        COVARY_TRY_TOGETHER(run, "make the JSON", make_json(model, evaluation, &json));
        COVARY_TRY(write_text_file(run, given->json, &json));
    }
    if (given->report != NULL) {
        COVARY_TRY(report_evaluation(run, given->report, given->model, model, evaluation));
    }

done:
    text_release(&json);
    text_release(&table);
    return status;
}

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status              status = COVARY_OK;
    covary_model              *model = NULL;
    covary_evaluation         *evaluation = NULL;
    covary_precision           precision;
    const covary_input_options input = input_options(given);

    if (given->model == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary evaluate needs --model MODEL.h5");
    }
    if (given->n_files == 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary evaluate needs labelled frames");
    }
    COVARY_TRY(find_precision(given->precision, &precision));
    COVARY_TRY(check_text_file(run, given->json, &given->model, 1));
    COVARY_TRY(check_text_file(run, given->json, given->files, given->n_files));
    COVARY_TRY(report_check(run, given->report, &given->model, 1));
    COVARY_TRY(report_check(run, given->report, given->files, given->n_files));
    COVARY_TRY(covary_model_load(run, given->model, &model));
    COVARY_TRY(covary_model_set_precision(run, model, precision));
    COVARY_TRY(evaluate_files(run, model, given->files, given->n_files, &input,
                              given->report != NULL, &evaluation));
    COVARY_TRY(report(run, given, model, evaluation));

done:
    covary_evaluation_destroy(&evaluation);
    covary_model_destroy(&model);
    return status;
}

static covary_status more_help(text *into)
{
    return help_add(
        "\nThe table: n frames, or n atoms in all frames for a property of atoms; root mean "
        "square, "
        "mean and maximum of the Frobenius norm of the error; root mean square of the labels' "
        "norm, where an isotropic part (l = 0) counts from its mean; the ratio of the two.  In the "
        "row l = 0 the value is trace / 3 (rank 4: sum_ij T_iijj / 5), so that its error times "
        "sqrt(3) (rank 4: sqrt(5)) and those of the other rows add in squares to that of the "
        "property.  Below, how many of the Cartesian components lie within one and 1.96 of the "
        "standard "
        "deviations that the model predicts.  --json also gives components, and the whole "
        "calibration: intervals of how many standard deviations hold how many errors, for normal "
        "ones and here.\n",
        into);
}

const command command_evaluate = {
    .name = "evaluate",
    .usage = "--model MODEL.h5 [--json FILE] [--report FILE.html] LABELLED ...",
    .summary = "compare predictions with labels",
    .perform = perform,
    .more_help = more_help,
};
