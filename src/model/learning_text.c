/* SPDX-License-Identifier: BSD-3-Clause */
/* A learning curve as a table, as JSON and as datasets. */
#include "model/learning_curve.h"

#include "core/memory.h"
#include "core/status.h"
#include "model/model_file.h"
#include "storage/storage.h"

#include <math.h>
#include <stdio.h>

static covary_status say_law(const learning_curve *of, int p, text *into)
{
    covary_status status = COVARY_OK;
    power_law     law;
    double        size, interval[2];

    if (!learning_curve_law(of, p, &law)) {
        return COVARY_OK;
    }
    COVARY_TRY(
        text_add(into, "  power law: rmse = %.4g n^-%.3g\n", exp(law.log_factor), law.exponent));
    if (!isnan(of->asked.target)) {
        power_law_size(&law, of->asked.target * of->reference[p], &size, interval);
        COVARY_TRY(text_add(into,
                            "  %.3g %% of the rms takes about %.3g frames (95 %%: %.3g to "
                            "%.3g)\n",
                            100.0 * of->asked.target, size, interval[0], interval[1]));
    }

done:
    return status;
}

covary_status learning_curve_table(const learning_curve *of, text *into)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < of->model->n_properties; p++) {
        const property *about = of->model->properties[p].of;

        COVARY_TRY(text_add(into, "%s, %s: rmse on %lld other frames, %d repeats\n", about->name,
                            about->unit->name, (long long)of->n_tested, of->asked.n_repeats));
        COVARY_TRY(text_add(into, "  %8s %12s %12s %10s\n", "frames", "rmse", "+-", "rmse/rms"));
        for (int size = 0; size < of->asked.n_sizes; size++) {
            double mean, standard_error;

            learning_curve_point(of, p, size, &mean, &standard_error);
            COVARY_TRY(text_add(into, "  %8lld %12.5g %12.2g %8.4g %%\n",
                                (long long)of->asked.sizes[size], mean, standard_error,
                                100.0 * mean / of->reference[p]));
        }
        COVARY_TRY(say_law(of, p, into));
    }

done:
    return status;
}

static covary_status add_number(text *json, const char *key, double value)
{
    covary_status status = text_add(json, ", \"%s\": ", key);

    return status == COVARY_OK ? text_add_json_number(json, value) : status;
}

static covary_status json_law(const learning_curve *of, int p, text *json)
{
    covary_status status = COVARY_OK;
    power_law     law;
    double        size, interval[2];

    if (!learning_curve_law(of, p, &law)) {
        return text_add(json, ", \"power_law\": null");
    }
    COVARY_TRY(text_add(json, ", \"power_law\": {\"factor\": "));
    COVARY_TRY(text_add_json_number(json, exp(law.log_factor)));
    COVARY_TRY(add_number(json, "exponent", law.exponent));
    if (!isnan(of->asked.target)) {
        power_law_size(&law, of->asked.target * of->reference[p], &size, interval);
        COVARY_TRY(add_number(json, "target_relative_rmse", of->asked.target));
        COVARY_TRY(add_number(json, "target_frames", size));
        COVARY_TRY(add_number(json, "target_frames_low", interval[0]));
        COVARY_TRY(add_number(json, "target_frames_high", interval[1]));
    }
    COVARY_TRY(text_add(json, "}"));

done:
    return status;
}

static covary_status json_point(const learning_curve *of, int p, int size, text *json)
{
    covary_status status = COVARY_OK;
    const int     n = of->asked.n_repeats;
    double        mean, standard_error;

    learning_curve_point(of, p, size, &mean, &standard_error);
    COVARY_TRY(text_add(json, "%s{\"frames\": %lld", size > 0 ? ", " : "",
                        (long long)of->asked.sizes[size]));
    COVARY_TRY(add_number(json, "rmse", mean));
    COVARY_TRY(add_number(json, "standard_error", standard_error));
    COVARY_TRY(text_add(json, ", \"repeats\": ["));
    for (int repeat = 0; repeat < n; repeat++) {
        COVARY_TRY(text_add(json, "%s", repeat > 0 ? ", " : ""));
        COVARY_TRY(text_add_json_number(
            json, of->errors[((int64_t)p * of->asked.n_sizes + size) * n + repeat]));
    }
    COVARY_TRY(text_add(json, "]}"));

done:
    return status;
}

covary_status learning_curve_json(const learning_curve *of, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(
        text_add(into, "{\"tested_frames\": %lld, \"properties\": {", (long long)of->n_tested));
    for (int p = 0; p < of->model->n_properties; p++) {
        const property *about = of->model->properties[p].of;

        COVARY_TRY(text_add(into, "%s", p > 0 ? ", " : ""));
        COVARY_TRY(text_add_json(into, about->name));
        COVARY_TRY(text_add(into, ": {\"unit\": \"%s\"", about->unit->name));
        COVARY_TRY(add_number(into, "rms_reference", of->reference[p]));
        COVARY_TRY(text_add(into, ", \"points\": ["));
        for (int size = 0; size < of->asked.n_sizes; size++) {
            COVARY_TRY(json_point(of, p, size, into));
        }
        COVARY_TRY(text_add(into, "]"));
        COVARY_TRY(json_law(of, p, into));
        COVARY_TRY(text_add(into, "}"));
    }
    COVARY_TRY(text_add(into, "}}\n"));

done:
    return status;
}

static covary_status save_property(storage *file, const learning_curve *of, int p)
{
    covary_status   status = COVARY_OK;
    const property *about = of->model->properties[p].of;
    const int64_t   dims[2] = {of->asked.n_sizes, of->asked.n_repeats};
    power_law       law;
    char            path[MODEL_PATH_BYTES];

    snprintf(path, sizeof path, "/%s", about->name);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 2, dims,
                           of->errors + (int64_t)p * dims[0] * dims[1]));
    COVARY_TRY(storage_set_text(file, path, "shape", "[size][repeat] root mean square error"));
    COVARY_TRY(storage_set_text(file, path, "unit", about->unit->name));
    COVARY_TRY(storage_set_double(file, path, "rms_reference", of->reference[p]));
    if (learning_curve_law(of, p, &law)) {
        COVARY_TRY(storage_set_double(file, path, "power_law_factor", exp(law.log_factor)));
        COVARY_TRY(storage_set_double(file, path, "power_law_exponent", law.exponent));
    }

done:
    return status;
}

covary_status learning_curve_save(covary_run *run, const learning_curve *of, const char *path)
{
    covary_status status = COVARY_OK;
    const int64_t n_sizes = of->asked.n_sizes;
    storage      *file = NULL;

    COVARY_TRY(storage_create(run, path, &file));
    COVARY_TRY(storage_set_text(file, "/", "format", "covary learning curve"));
    COVARY_TRY(storage_set_int64(file, "/", "format_version", 1));
    COVARY_TRY(storage_set_text(file, "/", "version", of->model->version));
    COVARY_TRY(storage_set_int64(file, "/", "tested_frames", of->n_tested));
    COVARY_TRY(storage_put(file, "/sizes", STORAGE_INT64, 1, &n_sizes, of->asked.sizes));
    COVARY_TRY(storage_put_text(file, "/config", of->model->config_text));
    for (int p = 0; p < of->model->n_properties; p++) {
        COVARY_TRY(save_property(file, of, p));
    }
    COVARY_TRY(storage_commit(&file));

done:
    storage_close(&file);
    return status;
}
