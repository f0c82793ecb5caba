/* SPDX-License-Identifier: BSD-3-Clause */
/* covary inspect --check: what is wrong with the labelled frames of a configuration. */
#include "cli/inspect.h"

#include "core/status.h"
#include <covary/check.h>

/* "dce.xyz, frames 3, 17, 21 and 12 more"; of several files, the first one alone. */
static covary_status say_places(const covary_check *check, int f, text *said)
{
    covary_status        status = COVARY_OK;
    const covary_finding found = covary_check_finding(check, f);
    const char          *path, *before = NULL;
    int64_t              frame;

    for (int k = 0; k < found.n_listed; k++) {
        covary_check_place(check, f, k, &path, &frame);
        if (path != before) {
            COVARY_TRY(text_add(said, "%s%s, frame%s %lld", k > 0 ? "; " : "", path,
                                found.n_listed > 1 ? "s" : "", (long long)frame));
        } else {
            COVARY_TRY(text_add(said, ", %lld", (long long)frame));
        }
        before = path;
    }
    if (found.n_frames > found.n_listed) {
        COVARY_TRY(text_add(said, " and %lld more", (long long)(found.n_frames - found.n_listed)));
    }
    COVARY_TRY(text_add(said, "%s", found.n_listed > 0 ? ": " : ""));

done:
    return status;
}

static covary_status say_finding(const covary_check *check, int f, text *said)
{
    covary_status        status = COVARY_OK;
    const covary_finding found = covary_check_finding(check, f);

    COVARY_TRY(text_add(said, "%-8s %-12s ",
                        found.severity == COVARY_FINDING_ERROR ? "error" : "warning", found.what));
    COVARY_TRY(say_places(check, f, said));
    COVARY_TRY(text_add(said, "%s%s%s\n", found.property != NULL ? found.property : "",
                        found.property != NULL ? ": " : "", found.message));
    if (found.remedy[0] != '\0') {
        COVARY_TRY(text_add(said, "%22s%s\n", "", found.remedy));
    }

done:
    return status;
}

static covary_status write_finding(const covary_check *check, int f, text *json)
{
    covary_status        status = COVARY_OK;
    const covary_finding found = covary_check_finding(check, f);
    const char          *path;
    int64_t              frame;

    COVARY_TRY(text_add(
        json, "%s\n  {\"severity\": \"%s\", \"what\": \"%s\", \"property\": ", f > 0 ? "," : "",
        found.severity == COVARY_FINDING_ERROR ? "error" : "warning", found.what));
    if (found.property != NULL) {
        COVARY_TRY(text_add_json(json, found.property));
    } else {
        COVARY_TRY(text_add(json, "null"));
    }
    COVARY_TRY(text_add(json, ", \"message\": "));
    COVARY_TRY(text_add_json(json, found.message));
    COVARY_TRY(text_add(json, ", \"remedy\": "));
    COVARY_TRY(text_add_json(json, found.remedy));
    COVARY_TRY(text_add(json, ", \"n_frames\": %lld, \"frames\": [", (long long)found.n_frames));
    for (int k = 0; k < found.n_listed; k++) {
        covary_check_place(check, f, k, &path, &frame);
        COVARY_TRY(text_add(json, "%s{\"file\": ", k > 0 ? ", " : ""));
        COVARY_TRY(text_add_json(json, path));
        COVARY_TRY(text_add(json, ", \"frame\": %lld}", (long long)frame));
    }
    COVARY_TRY(text_add(json, "]}"));

done:
    return status;
}

static covary_status describe(const char *path, const covary_check *check, text *said, text *json)
{
    covary_status status = COVARY_OK;
    const int     n = covary_check_n_findings(check), n_errors = covary_check_n_errors(check);
    const int     n_warnings = n - n_errors;

    COVARY_TRY(text_add(json,
                        "\"kind\": \"check\", \"frames\": %lld, \"errors\": %d, \"warnings\": %d, "
                        "\"findings\": [",
                        (long long)covary_check_n_frames(check), n_errors, n_warnings));
    for (int f = 0; f < n; f++) {
        COVARY_TRY(say_finding(check, f, said));
        COVARY_TRY(write_finding(check, f, json));
    }
    COVARY_TRY(text_add(json, "]"));
    COVARY_TRY(text_add(said, "%s: %lld labelled frames, %d error%s, %d warning%s\n", path,
                        (long long)covary_check_n_frames(check), n_errors, n_errors == 1 ? "" : "s",
                        n_warnings, n_warnings == 1 ? "" : "s"));

done:
    return status;
}

covary_status inspect_check(covary_run *run, const char *path, const char *const *settings,
                            int n_settings, text *said, text *json, int *n_errors)
{
    covary_status  status = COVARY_OK;
    covary_config *config = NULL;
    covary_check  *check = NULL;

    COVARY_TRY(covary_config_load(run, path, settings, n_settings, &config));
    COVARY_TRY(covary_check_labels(run, config, &check));
    COVARY_TRY_TOGETHER(run, "describe the findings", describe(path, check, said, json));
    *n_errors = covary_check_n_errors(check);

done:
    covary_check_destroy(&check);
    covary_config_destroy(&config);
    return status;
}
