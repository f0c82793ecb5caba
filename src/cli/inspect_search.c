/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings that a fit has tried, in their order. */
#include "cli/inspect.h"
#include "core/status.h"

#include <math.h>

covary_status inspect_say_search(const covary_model *model, text *said)
{
    covary_status      status = COVARY_OK;
    const search_path *path = &model->search;

    if (path->n == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(text_add(said, "  search        seconds are of a core of 10 Gflop/s\n"
                              "    search frames solved seconds     length    ridge      error  "
                              "settings\n"));
    for (int64_t i = 0; i < path->n; i++) {
        const search_step *step = &path->steps[i];

        COVARY_TRY(text_add(
            said, "    %-6s %6lld %6lld %7.2g %10.4g %8.2g %10.4g  %s, l = %d: %s\n",
            step->full ? "full" : "coarse", (long long)step->n_frames, (long long)step->n_solved,
            step->seconds, step->length, step->ridge, step->error,
            model->properties[step->property].of->name, step->l, step->setting));
    }

done:
    return status;
}

static covary_status add_number(text *json, const char *key, double value)
{
    covary_status status = text_add(json, ", \"%s\": ", key);

    return status == COVARY_OK ? text_add_json_number(json, value) : status;
}

covary_status inspect_list_search(const covary_model *model, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(json, ", \"search\": ["));
    for (int64_t i = 0; i < model->search.n; i++) {
        const search_step *step = &model->search.steps[i];

        COVARY_TRY(text_add(json, "%s{\"property\": ", i > 0 ? ", " : ""));
        COVARY_TRY(text_add_json(json, model->properties[step->property].of->name));
        COVARY_TRY(text_add(json, ", \"l\": %d, \"system\": %d, \"full\": %s, \"setting\": ",
                            step->l, step->system, step->full ? "true" : "false"));
        COVARY_TRY(text_add_json(json, step->setting));
        COVARY_TRY(text_add(json, ", \"frames\": %lld, \"solved\": %lld", (long long)step->n_frames,
                            (long long)step->n_solved));
        COVARY_TRY(add_number(json, "seconds", step->seconds));
        COVARY_TRY(add_number(json, "length", step->length));
        COVARY_TRY(add_number(json, "ridge", step->ridge));
        COVARY_TRY(add_number(json, "error", step->error));
        COVARY_TRY(text_add(json, ", \"at_edge\": %s}", step->at_edge ? "true" : "false"));
    }
    COVARY_TRY(text_add(json, "]"));

done:
    return status;
}
