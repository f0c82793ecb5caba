/* SPDX-License-Identifier: BSD-3-Clause */
/* covary inspect --self-test: do the predictions of a model turn with the molecule, here and now?
 */
#include "cli/inspect.h"
#include "core/status.h"
#include "model/self_test.h"

static const char *verdict_name(self_test_verdict verdict)
{
    static const char *const names[] = {"passed", "warned", "failed", "not tested"};

    return names[verdict];
}

static covary_status say_property(const covary_model *model, int p, text *said)
{
    const model_property   *of = &model->properties[p];
    const self_test_verdict verdict = self_test_judge(model, p);

    if (verdict == SELF_TEST_NONE) {
        return text_add(said, "    %s, not tested: its origin stays where it is\n", of->of->name);
    }
    return text_add(said, "    %s, deviation %.2g, bound %.2g %s: %s\n", of->of->name,
                    of->self_test, of->self_test_bound, of->of->unit->name, verdict_name(verdict));
}

static covary_status json_property(const covary_model *model, int p, text *json)
{
    covary_status         status = COVARY_OK;
    const model_property *of = &model->properties[p];

    COVARY_TRY(text_add(json, "%s", p > 0 ? ", " : ""));
    COVARY_TRY(text_add_json(json, of->of->name));
    COVARY_TRY(text_add(json, ": {\"deviation\": "));
    COVARY_TRY(text_add_json_number(json, of->self_test));
    COVARY_TRY(text_add(json, ", \"bound\": "));
    COVARY_TRY(text_add_json_number(json, of->self_test_bound));
    COVARY_TRY(text_add(json, ", \"unit\": "));
    COVARY_TRY(text_add_json(json, of->of->unit->name));
    COVARY_TRY(text_add(json, ", \"verdict\": \"%s\"}", verdict_name(self_test_judge(model, p))));

done:
    return status;
}

static covary_status describe(const covary_model *model, bool passed, text *said, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(said, "  self-test     %lld frames turned, repeated now\n",
                        (long long)model->n_tested));
    COVARY_TRY(text_add(json, ", \"self_test\": {\"passed\": %s, \"properties\": {",
                        passed ? "true" : "false"));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(say_property(model, p, said));
        COVARY_TRY(json_property(model, p, json));
    }
    COVARY_TRY(text_add(json, "}}"));

done:
    return status;
}

covary_status inspect_self_test(covary_run *run, covary_model *model, text *said, text *json,
                                bool *passed)
{
    covary_status status = COVARY_OK;

    *passed = true;
    COVARY_TRY(self_test_measure(run, model));
    for (int p = 0; p < model->n_properties; p++) {
        *passed = *passed && self_test_judge(model, p) != SELF_TEST_FAILED;
    }
    COVARY_TRY_TOGETHER(run, "describe the self-test", describe(model, *passed, said, json));

done:
    return status;
}
