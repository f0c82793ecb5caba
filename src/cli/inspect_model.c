/* SPDX-License-Identifier: BSD-3-Clause */
/* What a model is: molecule, axes, features, and per property the fit's quality. */
#include "cli/inspect.h"
#include "core/status.h"
#include "model/model.h"

static const char *shape_name(molecule_shape shape)
{
    static const char *const names[] = {"point", "linear", "planar", "spatial"};

    return names[shape];
}

static covary_status say_molecule(const covary_model *model, const char *path, text *said)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(
        text_add(said, "%s: model, fitted by covary %s\n  molecule      ", path, model->version));
    COVARY_TRY(inspect_formula(model->n_atoms, model->species, said));
    COVARY_TRY(text_add(said, ", %lld atoms, %s\n", (long long)model->n_atoms,
                        shape_name(model->rule->shape)));
    COVARY_TRY(text_add(said, "  training      %lld frames from", (long long)model->n_train));
    for (int i = 0; i < model->n_inputs; i++) {
        COVARY_TRY(text_add(said, " %s", model->inputs[i]));
    }
    COVARY_TRY(text_add(said, "\n  axes          %s, %s; smallest margin in training %.3g\n",
                        model->rule->ops->name,
                        model->rule->improper ? "improper (mirror images are covered)" : "proper",
                        model->train_margin));
    COVARY_TRY(text_add(said, "  features      %lld:", (long long)model->features->dimension));
    for (int d = 0; d < model->features->n_ops; d++) {
        COVARY_TRY(text_add(said, " %s", model->features->ops[d]->name));
    }
    COVARY_TRY(
        text_add(said, "; scaling %s\n  kernel        %s\n", model->scaling, model->type.name));

done:
    return status;
}

static covary_status say_property(const model_property *of, text *said)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(said, "  %-13s %s, %s%s\n", of->of->name, of->of->kind->name,
                        of->of->unit->name, of->of->per_atom ? ", per atom" : ""));
    COVARY_TRY(text_add(said, "    length %.5g%s, ridge %.3g%s%s\n", of->length,
                        of->length_auto ? " (auto)" : "", of->ridge,
                        of->ridge_auto ? " (auto)" : "",
                        of->at_edge ? "; at the edge of the search" : ""));
    COVARY_TRY(text_add(said, "    leave-one-out rmse %.5g, %.4g %% of the rms %.5g\n",
                        of->loo.rmse, 100.0 * of->loo.relative_rmse, of->loo.rms_reference));
    COVARY_TRY(text_add(said, "    turns with the molecule to %.2g (rounding explains %.2g)\n",
                        of->self_test, of->self_test_bound));

done:
    return status;
}

static covary_status add_number(text *json, const char *key, double value)
{
    covary_status status = text_add(json, ", \"%s\": ", key);

    return status == COVARY_OK ? text_add_json_number(json, value) : status;
}

static covary_status json_property(const model_property *of, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add_json(json, of->of->name));
    COVARY_TRY(text_add(json, ": {\"kind\": \"%s\", \"unit\": \"%s\", \"per_atom\": %s",
                        of->of->kind->name, of->of->unit->name,
                        of->of->per_atom ? "true" : "false"));
    COVARY_TRY(add_number(json, "length", of->length));
    COVARY_TRY(add_number(json, "ridge", of->ridge));
    COVARY_TRY(add_number(json, "loo_rmse", of->loo.rmse));
    COVARY_TRY(add_number(json, "loo_relative_rmse", of->loo.relative_rmse));
    COVARY_TRY(add_number(json, "log_likelihood", of->log_likelihood));
    COVARY_TRY(add_number(json, "weights_norm1", of->weights_norm1));
    COVARY_TRY(add_number(json, "self_test", of->self_test));
    COVARY_TRY(add_number(json, "self_test_bound", of->self_test_bound));
    COVARY_TRY(text_add(json, "}"));

done:
    return status;
}

static covary_status json_model(const covary_model *model, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(json, "\"kind\": \"model\", \"version\": "));
    COVARY_TRY(text_add_json(json, model->version));
    COVARY_TRY(text_add(json, ", \"formula\": \""));
    COVARY_TRY(inspect_formula(model->n_atoms, model->species, json));
    COVARY_TRY(text_add(json,
                        "\", \"atoms\": %lld, \"frames\": %lld, \"basis\": \"%s\", \"improper\": "
                        "%s, \"shape\": \"%s\", \"features\": %lld, \"descriptors\": [",
                        (long long)model->n_atoms, (long long)model->n_train,
                        model->rule->ops->name, model->rule->improper ? "true" : "false",
                        shape_name(model->rule->shape), (long long)model->features->dimension));
    for (int d = 0; d < model->features->n_ops; d++) {
        COVARY_TRY(text_add(json, "%s\"%s\"", d > 0 ? ", " : "", model->features->ops[d]->name));
    }
    COVARY_TRY(text_add(json, "], \"scaling\": \"%s\", \"kernel\": \"%s\"", model->scaling,
                        model->type.name));
    COVARY_TRY(add_number(json, "margin", model->train_margin));
    COVARY_TRY(text_add(json, ", \"properties\": {"));
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
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(say_property(&model->properties[p], said));
    }
    COVARY_TRY(json_model(model, json));

done:
    return status;
}

covary_status inspect_model(covary_run *run, const char *path, text *said, text *json)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;

    COVARY_TRY(covary_model_load(run, path, &model));
    COVARY_TRY_TOGETHER(run, "describe the model", describe(model, path, said, json));

done:
    covary_model_destroy(&model);
    return status;
}
