/* SPDX-License-Identifier: BSD-3-Clause */
/* What a model is: molecule, symmetry, representations, and per property the fit's quality. */
#include "cli/inspect.h"
#include "core/status.h"
#include "model/candidates.h"
#include "model/precision.h"

#include <math.h>
#include <string.h>

static const char *shape_name(molecule_shape shape)
{
    static const char *const names[] = {"point", "linear", "planar", "spatial"};

    return names[shape];
}

/* A block of lines, indented. */
static covary_status say_lines(const char *lines, const char *indent, text *said)
{
    covary_status status = COVARY_OK;

    for (const char *line = lines; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        COVARY_TRY(text_add(said, "%s%.*s\n", indent, (int)length, line));
        line += length + (line[length] == '\n');
    }

done:
    return status;
}

static covary_status say_molecule(const covary_model *model, const char *path, text *said)
{
    covary_status         status = COVARY_OK;
    const model_molecule *about = &model->about;
    const size_t          first = strcspn(model->symmetry_report, "\n");

    COVARY_TRY(
        text_add(said, "%s: model, fitted by covary %s\n  molecule      ", path, model->version));
    COVARY_TRY(formula_add(about->n_atoms, about->species, said));
    COVARY_TRY(
        text_add(said, ", %lld atoms, %s\n", (long long)about->n_atoms, shape_name(about->shape)));
    COVARY_TRY(text_add(said, "  training      %lld frames from", (long long)model->n_train));
    for (int i = 0; i < model->n_inputs; i++) {
        COVARY_TRY(text_add(said, " %s", model->inputs[i]));
    }
    COVARY_TRY(text_add(said, "\n  predictions   of %s (molecules: %s)\n",
                        model->boxes ? "every such molecule in a box" : "frames of the molecule",
                        model->boxes ? "auto" : "none"));
    COVARY_TRY(text_add(said, "  solver        %s\n", model->solver_reason));
    COVARY_TRY(text_add(said, "  symmetry      "));
    COVARY_TRY(text_add_bytes(said, model->symmetry_report, first));
    COVARY_TRY(text_add(said, first > 0 ? "\n" : "none\n"));
    if (model->symmetry_report[first] != '\0') {
        COVARY_TRY(say_lines(model->symmetry_report + first + 1, "              ", said));
    }

done:
    return status;
}

static covary_status say_representation(const representation *of, int r, int64_t n_train,
                                        text *said)
{
    covary_status status = COVARY_OK;
    const axes   *rule = representation_axes(of);

    COVARY_TRY(text_add(said, "  basis %d       ", r));
    COVARY_TRY(candidate_name(of, said));
    COVARY_TRY(text_add(said, "; %lld features, %d site%s a frame\n",
                        (long long)of->features->dimension, of->n_sites,
                        of->n_sites == 1 ? "" : "s"));
    if (of->n_train < n_train) {
        COVARY_TRY(text_add(said, "    %lld inducing frames of %lld\n", (long long)of->n_train,
                            (long long)n_train));
    }
    if (rule != NULL) {
        COVARY_TRY(text_add(said, "    %s axes%s; smallest margin in training %.3g\n",
                            rule->improper ? "improper (mirror images are covered)"
                            : of->mirrored ? "proper (also of mirror images, which are covered)"
                                           : "proper",
                            of->n_signs > 1 ? ", signs averaged by the kernel" : "",
                            of->train_margin));
    }

done:
    return status;
}

/* The Frobenius norm of the part, as the candidates were compared by. */
static double part_rmse(const model_property *of, int k)
{
    const double size = of->parts[k].about.l == 0 ? property_irrep_weight(of->of->kind, k) : 1.0;

    return sqrt(size) * of->loo_irreps[k].rmse;
}

static covary_status say_part(const model_property *of, int k, text *said)
{
    covary_status     status = COVARY_OK;
    const model_part *part = &of->parts[k];

    COVARY_TRY(text_add(said, "    l = %d%s: basis %d, kernel %s%s, leave-one-out rmse %.5g\n",
                        part->about.l, part->about.pseudo ? " (pseudo)" : "", part->representation,
                        part->systems[0].of.name, part->kernel_auto ? " (auto)" : "",
                        part_rmse(of, k)));
    for (int s = 0; s < part->n_systems; s++) {
        const linear_system *system = &part->systems[s];
        COVARY_TRY(text_add(said, "      length %.5g%s, ridge %.3g%s", system->of.length,
                            part->length_auto ? " (auto)" : "", system->ridge,
                            part->ridge_auto ? " (auto)" : ""));
        COVARY_TRY(system_name_atoms(part, s, said));
        COVARY_TRY(text_add(said, "%s\n", system->at_edge ? "; at the edge of the search" : ""));
    }
    if (part->runners_up != NULL && part->runners_up[0] != '\0') {
        COVARY_TRY(text_add(
            said, "      also tried, in order of preference, with the error of the search%s:\n",
            of->gap >= 0 ? " (times the gap)" : ""));
        COVARY_TRY(say_lines(part->runners_up, "        ", said));
    }

done:
    return status;
}

static covary_status say_phases(const model_property *of, text *said)
{
    covary_status status = COVARY_OK;

    if (of->gap >= 0) {
        COVARY_TRY(text_add(said,
                            "    learned as its product with %s, divided by no less than %.3g\n",
                            of->of->gap, of->gap_limit));
    }
    if (of->of->arbitrary_phase) {
        COVARY_TRY(text_add(said,
                            "    arbitrary phase: %lld labels got the other sign, %lld are "
                            "doubtful; error %.3g %% -> %.3g %% of the rms\n",
                            (long long)of->phases.n_changed, (long long)of->phases.n_doubtful,
                            100.0 * of->phases.before, 100.0 * of->phases.after));
    }

done:
    return status;
}

/* How well residuals of left-out frames fit their standard deviations. */
static covary_status say_calibration(const calibration *of, text *said)
{
    covary_status status = COVARY_OK;

    if (!(of->n > 0.0)) {
        return COVARY_OK;
    }
    COVARY_TRY(text_add(said, "    leave-one-out within standard deviations (of a normal error):"));
    for (int level = 0; level < CALIBRATION_LEVELS; level++) {
        COVARY_TRY(text_add(said, "%s %.2f: %.1f %% (%.1f %%)", level % 4 == 0 ? "\n     " : ",",
                            calibration_width(level), 100.0 * calibration_observed(of, level),
                            100.0 * calibration_nominal(level)));
    }
    COVARY_TRY(text_add(said, "\n"));

done:
    return status;
}

static covary_status say_uncertainty(const covary_model *model, text *said)
{
    covary_status status = COVARY_OK;
    char          size[32];

    if (model->n_variances == 0) {
        return text_add(said, "  uncertainty   none\n");
    }
    text_format_bytes((double)variance_bytes(model), sizeof size, size);
    COVARY_TRY(text_add(said, "  uncertainty   %s, from", uncertainty_name(model->uncertainty)));
    for (int v = 0; v < model->n_variances; v++) {
        COVARY_TRY(
            text_add(said, "%s %lld", v > 0 ? "," : "", (long long)model->variances[v].n_frames));
    }
    COVARY_TRY(text_add(said, " training frames: %s, %.2g times the work of a prediction\n", size,
                        variance_flops(model) / variance_prediction_flops(model)));

done:
    return status;
}

/* Of the frames that settings were chosen by, where these were given. */
static covary_status say_validation(const model_property *of, text *said)
{
    const covary_errors *errors = &of->validation;

    if (errors->n == 0) {
        return COVARY_OK;
    }
    return text_add(said, "    validation rmse %.5g, %.4g %% of the rms %.5g, %lld values\n",
                    errors->rmse, 100.0 * errors->relative_rmse, errors->rms_reference,
                    (long long)errors->n);
}

static covary_status say_property(const model_property *of, text *said)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(said, "  %s: %s, %s%s\n", of->of->name, of->of->kind->name,
                        of->of->unit->name, of->of->per_atom ? ", per atom" : ""));
    COVARY_TRY(say_phases(of, said));
    COVARY_TRY(text_add(said, "    leave-one-out rmse %.5g", of->loo.rmse));
    if (of->loo_is_estimated) {
        COVARY_TRY(text_add(said, " +- %.1g (estimated from %lld frames)", of->loo_standard_error,
                            (long long)of->loo_sample));
    }
    if (of->loo.rms_reference > 0.0) {
        COVARY_TRY(text_add(said, ", %.4g %% of the rms %.5g", 100.0 * of->loo.relative_rmse,
                            of->loo.rms_reference));
    }
    COVARY_TRY(text_add(said, "\n"));
    COVARY_TRY(say_validation(of, said));
    COVARY_TRY(say_calibration(&of->calibration, said));
    COVARY_TRY(text_add(said, "    turns with the molecule to %.2g (rounding explains %.2g)\n",
                        of->self_test, of->self_test_bound));
    COVARY_TRY(text_add(said, "    single precision adds %.2g: %s\n", of->single_error,
                        precision_suffices(of) ? "good enough" : "too much"));
    for (int k = 0; k < of->n_parts; k++) {
        COVARY_TRY(say_part(of, k, said));
    }

done:
    return status;
}

static covary_status add_number(text *json, const char *key, double value)
{
    covary_status status = text_add(json, ", \"%s\": ", key);

    return status == COVARY_OK ? text_add_json_number(json, value) : status;
}

static covary_status json_system(const linear_system *system, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(json, "{\"rows\": %d, \"columns\": %lld", system->n_rows,
                        (long long)system->n_columns));
    COVARY_TRY(add_number(json, "length", system->of.length));
    COVARY_TRY(add_number(json, "ridge", system->ridge));
    COVARY_TRY(add_number(json, "log_likelihood", system->log_likelihood));
    COVARY_TRY(text_add(json, ", \"at_edge\": %s}", system->at_edge ? "true" : "false"));

done:
    return status;
}

/* Lines as a list of strings. */
static covary_status json_lines(const char *lines, text *json)
{
    covary_status status = COVARY_OK;
    text          one = {0};

    COVARY_TRY(text_add(json, "["));
    for (const char *line = lines; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        COVARY_TRY(text_add(json, "%s", line > lines ? ", " : ""));
        COVARY_TRY(text_add(&one, "%.*s", (int)length, line));
        COVARY_TRY(text_add_json(json, one.data));
        text_release(&one);
        line += length + (line[length] == '\n');
    }
    COVARY_TRY(text_add(json, "]"));

done:
    text_release(&one);
    return status;
}

static covary_status json_part(const model_part *part, const covary_errors *loo, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(json, "\"%d\": {\"pseudo\": %s, \"representation\": %d, \"kernel\": \"%s\"",
                        part->about.l, part->about.pseudo ? "true" : "false", part->representation,
                        part->systems[0].of.name));
    COVARY_TRY(add_number(json, "loo_rmse", loo->rmse));
    COVARY_TRY(text_add(json, ", \"systems\": ["));
    for (int s = 0; s < part->n_systems; s++) {
        COVARY_TRY(text_add(json, "%s", s > 0 ? ", " : ""));
        COVARY_TRY(json_system(&part->systems[s], json));
    }
    COVARY_TRY(text_add(json, "], \"runners_up\": "));
    COVARY_TRY(json_lines(part->runners_up != NULL ? part->runners_up : "", json));
    COVARY_TRY(text_add(json, "}"));

done:
    return status;
}

static covary_status json_phases(const model_property *of, text *json)
{
    covary_status status = COVARY_OK;

    if (of->gap >= 0) {
        COVARY_TRY(text_add(json, ", \"gap\": "));
        COVARY_TRY(text_add_json(json, of->of->gap));
        COVARY_TRY(add_number(json, "gap_limit", of->gap_limit));
    }
    if (of->of->arbitrary_phase) {
        COVARY_TRY(text_add(json, ", \"signs_changed\": %lld, \"signs_doubtful\": %lld",
                            (long long)of->phases.n_changed, (long long)of->phases.n_doubtful));
        COVARY_TRY(add_number(json, "signs_loo_before", of->phases.before));
        COVARY_TRY(add_number(json, "signs_loo_after", of->phases.after));
    }

done:
    return status;
}

static covary_status json_calibration(const calibration *of, text *json)
{
    covary_status status = COVARY_OK;

    if (!(of->n > 0.0)) {
        return COVARY_OK;
    }
    COVARY_TRY(add_number(json, "loo_coverage_68", calibration_observed(of, CALIBRATION_68)));
    COVARY_TRY(add_number(json, "loo_coverage_95", calibration_observed(of, CALIBRATION_95)));
    COVARY_TRY(text_add(json, ", \"loo_calibration\": ["));
    for (int level = 0; level < CALIBRATION_LEVELS; level++) {
        COVARY_TRY(text_add(json, "%s{\"deviations\": %.4g", level > 0 ? ", " : "",
                            calibration_width(level)));
        COVARY_TRY(add_number(json, "nominal", calibration_nominal(level)));
        COVARY_TRY(add_number(json, "observed", calibration_observed(of, level)));
        COVARY_TRY(text_add(json, "}"));
    }
    COVARY_TRY(text_add(json, "]"));

done:
    return status;
}

static covary_status json_property(const model_property *of, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add_json(json, of->of->name));
    COVARY_TRY(text_add(json, ": {\"kind\": \"%s\", \"unit\": \"%s\", \"per_atom\": %s",
                        of->of->kind->name, of->of->unit->name,
                        of->of->per_atom ? "true" : "false"));
    COVARY_TRY(json_phases(of, json));
    COVARY_TRY(
        text_add(json, ", \"loo_is_estimated\": %s", of->loo_is_estimated ? "true" : "false"));
    COVARY_TRY(text_add(json, ", \"loo_sample\": %lld", (long long)of->loo_sample));
    COVARY_TRY(add_number(json, "loo_rmse", of->loo.rmse));
    COVARY_TRY(add_number(json, "loo_standard_error", of->loo_standard_error));
    COVARY_TRY(add_number(json, "loo_relative_rmse", of->loo.relative_rmse));
    if (of->validation.n > 0) {
        COVARY_TRY(add_number(json, "validation_rmse", of->validation.rmse));
        COVARY_TRY(add_number(json, "validation_relative_rmse", of->validation.relative_rmse));
        COVARY_TRY(text_add(json, ", \"validation_n\": %lld", (long long)of->validation.n));
    }
    COVARY_TRY(add_number(json, "self_test", of->self_test));
    COVARY_TRY(add_number(json, "self_test_bound", of->self_test_bound));
    COVARY_TRY(add_number(json, "single_precision_error", of->single_error));
    COVARY_TRY(json_calibration(&of->calibration, json));
    COVARY_TRY(text_add(json, ", \"irreps\": {"));
    for (int k = 0; k < of->n_parts; k++) {
        COVARY_TRY(text_add(json, "%s", k > 0 ? ", " : ""));
        COVARY_TRY(json_part(&of->parts[k], &of->loo_irreps[k], json));
    }
    COVARY_TRY(text_add(json, "}}"));

done:
    return status;
}

static covary_status json_representation(const representation *of, text *json)
{
    covary_status status = COVARY_OK;
    const axes   *rule = representation_axes(of);

    COVARY_TRY(text_add(json,
                        "{\"basis\": \"%s\", \"improper\": %s, \"references\": %d, "
                        "\"permutations\": %d, \"sites\": %d, \"features\": %lld, "
                        "\"weighted_frames\": %lld, \"descriptors\": [",
                        of->basis, rule == NULL || rule->improper ? "true" : "false", of->n_charts,
                        of->n_permutations, of->n_sites, (long long)of->features->dimension,
                        (long long)of->n_train));
    for (int d = 0; d < of->features->n_ops; d++) {
        COVARY_TRY(text_add(json, "%s\"%s\"", d > 0 ? ", " : "", of->features->ops[d]->name));
    }
    COVARY_TRY(text_add(json, "], \"scaling\": \"%s\"", of->scaling));
    COVARY_TRY(add_number(json, "margin", of->train_margin));
    COVARY_TRY(text_add(json, "}"));

done:
    return status;
}

static covary_status json_model(const covary_model *model, text *json)
{
    covary_status         status = COVARY_OK;
    const model_molecule *about = &model->about;

    COVARY_TRY(text_add(json, "\"kind\": \"model\", \"version\": "));
    COVARY_TRY(text_add_json(json, model->version));
    COVARY_TRY(text_add(json, ", \"formula\": \""));
    COVARY_TRY(formula_add(about->n_atoms, about->species, json));
    COVARY_TRY(text_add(json,
                        "\", \"atoms\": %lld, \"frames\": %lld, \"shape\": \"%s\", "
                        "\"permutations\": %d, \"symmetry\": ",
                        (long long)about->n_atoms, (long long)model->n_train,
                        shape_name(about->shape), about->group->order));
    COVARY_TRY(text_add_json(json, model->symmetry_report));
    COVARY_TRY(text_add(json, ", \"molecules\": \"%s\"", model->boxes ? "auto" : "none"));
    COVARY_TRY(text_add(json, ", \"solver\": {\"type\": \"%s\", \"reason\": ", model->solver));
    COVARY_TRY(text_add_json(json, model->solver_reason));
    COVARY_TRY(text_add(json, "}"));
    COVARY_TRY(text_add(json, ", \"uncertainty\": \"%s\", \"uncertainty_frames\": [",
                        uncertainty_name(model->uncertainty)));
    for (int v = 0; v < model->n_variances; v++) {
        COVARY_TRY(
            text_add(json, "%s%lld", v > 0 ? ", " : "", (long long)model->variances[v].n_frames));
    }
    COVARY_TRY(text_add(json, "]"));
    COVARY_TRY(text_add(json, ", \"representations\": ["));
    for (int r = 0; r < model->n_representations; r++) {
        COVARY_TRY(text_add(json, "%s", r > 0 ? ", " : ""));
        COVARY_TRY(json_representation(model->representations[r], json));
    }
    COVARY_TRY(text_add(json, "], \"properties\": {"));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(text_add(json, "%s", p > 0 ? ", " : ""));
        COVARY_TRY(json_property(&model->properties[p], json));
    }
    COVARY_TRY(text_add(json, "}"));

done:
    return status;
}

static covary_status describe(const covary_model *model, const char *path, text *said, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(say_molecule(model, path, said));
    COVARY_TRY(say_uncertainty(model, said));
    for (int r = 0; r < model->n_representations; r++) {
        COVARY_TRY(say_representation(model->representations[r], r, model->n_train, said));
    }
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(say_property(&model->properties[p], said));
    }
    COVARY_TRY(inspect_say_search(model, said));
    COVARY_TRY(json_model(model, json));
    COVARY_TRY(inspect_list_search(model, json));

done:
    return status;
}

covary_status inspect_model(covary_run *run, const char *path, bool self_test, text *said,
                            text *json, bool *passed)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;

    COVARY_TRY(covary_model_load(run, path, &model));
    COVARY_TRY_TOGETHER(run, "describe the model", describe(model, path, said, json));
    *passed = true;
    if (self_test) {
        COVARY_TRY(inspect_self_test(run, model, said, json, passed));
    }

done:
    covary_model_destroy(&model);
    return status;
}
