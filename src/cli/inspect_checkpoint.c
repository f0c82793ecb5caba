/* SPDX-License-Identifier: BSD-3-Clause */
/* What a checkpoint holds: of which fit it is, and how far that has come. */
#include "cli/inspect.h"
#include "core/status.h"
#include "model/checkpoint_file.h"

static covary_status say_summary(const char *path, const checkpoint_summary *of, text *said)
{
    covary_status            status = COVARY_OK;
    const checkpoint_origin *origin = &of->origin;

    COVARY_TRY(text_add(said, "%s: checkpoint of a fit by covary %s (%s)\n", path, origin->version,
                        origin->commit));
    COVARY_TRY(text_add(said, "  configuration %s\n", origin->config_path));
    for (int64_t i = 0; i < origin->n_inputs; i++) {
        COVARY_TRY(text_add(said, "  %-13s %s, %s\n", i == 0 ? "files" : "", origin->inputs[i],
                            origin->sums[i]));
    }
    COVARY_TRY(text_add(said, "  done          %lld searches", (long long)of->n_searches));
    if (of->has_choice) {
        COVARY_TRY(text_add(said, ", hyperparameters chosen, %d solution%s found", of->n_solutions,
                            of->n_solutions == 1 ? "" : "s"));
    }
    COVARY_TRY(text_add(said, "\n"));
    if (of->interrupted) {
        COVARY_TRY(text_add(said, "  in progress   solution %d, after step %lld\n",
                            of->n_solutions + 1, (long long)of->step));
    }

done:
    return status;
}

static covary_status list_summary(const checkpoint_summary *of, text *json)
{
    covary_status            status = COVARY_OK;
    const checkpoint_origin *origin = &of->origin;

    COVARY_TRY(text_add(json, "\"kind\": \"checkpoint\", \"version\": "));
    COVARY_TRY(text_add_json(json, origin->version));
    COVARY_TRY(text_add(json, ", \"config\": "));
    COVARY_TRY(text_add_json(json, origin->config_path));
    COVARY_TRY(text_add(json, ", \"inputs\": ["));
    for (int64_t i = 0; i < origin->n_inputs; i++) {
        COVARY_TRY(text_add(json, "%s", i > 0 ? ", " : ""));
        COVARY_TRY(text_add_json(json, origin->inputs[i]));
    }
    COVARY_TRY(text_add(json, "], \"searches\": %lld, \"chosen\": %s, \"solutions\": %d",
                        (long long)of->n_searches, of->has_choice ? "true" : "false",
                        of->n_solutions));
    if (of->interrupted) {
        COVARY_TRY(text_add(json, ", \"step\": %lld", (long long)of->step));
    }

done:
    return status;
}

covary_status inspect_checkpoint(covary_run *run, const char *path, text *said, text *json)
{
    covary_status      status = COVARY_OK;
    checkpoint_summary found = {0};

    COVARY_TRY(checkpoint_file_summarize(run, path, &found));
    COVARY_TRY_TOGETHER(run, "describe a checkpoint", say_summary(path, &found, said));
    COVARY_TRY_TOGETHER(run, "list a checkpoint", list_summary(&found, json));

done:
    checkpoint_origin_release(&found.origin);
    return status;
}
