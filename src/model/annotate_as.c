/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Predictions in another format: an annotation, which can go on however a run ends, and then one
 * pass over it.
 */
#include "model/annotate_as.h"

#include "annotation/export_format.h"
#include "core/status.h"
#include "model/annotate_layout.h"
#include "model/box.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static covary_status check_format(const covary_model *model, const covary_annotate_options *options,
                                  const covary_export_options *wanted)
{
    covary_status  status = COVARY_OK;
    observed_table about = {0};

    COVARY_TRY(observed_create(model, box_is_wanted(model, &options->input), &about));
    COVARY_TRY(export_check(wanted, model->path ? model->path : "the model", about.n,
                            about.observables, options->positions));
done:
    observed_release(&about);
    return status;
}

covary_status annotate_as_prepare(covary_run *run, const covary_model *model,
                                  const covary_annotate_options *options,
                                  const covary_export_options *wanted, const char *output,
                                  text *name)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(run, "judge the format", check_format(model, options, wanted));
    COVARY_TRY_TOGETHER(run, "name the annotation", text_add(name, "%s.annotation", output));
done:
    return status;
}

/*
 * Rank 0: a complete annotation that an earlier run could not export becomes an unfinished one
 * again, with nothing left to predict; whether it is of this model and these files is seen then.
 */
static covary_status take_back(const char *name)
{
    covary_status status = COVARY_OK;
    text          part = {0};

    COVARY_TRY(text_add(&part, "%s.part", name));
    if (access(name, F_OK) == 0 && access(part.data, F_OK) != 0 && rename(name, part.data) != 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be renamed: %s", name, strerror(errno));
    }
done:
    text_release(&part);
    return status;
}

covary_status covary_annotate_as(covary_run *run, const covary_model *model,
                                 const char *const *paths, int n_paths,
                                 const covary_annotate_options *options,
                                 const covary_export_options *wanted, const char *output)
{
    covary_status status = COVARY_OK;
    const bool    root = covary_run_rank(run) == 0;
    text          name = {0};

    options = options == NULL ? &annotate_defaults : options;
    COVARY_TRY(annotate_as_prepare(run, model, options, wanted, output, &name));
    COVARY_TRY(annotate_check_output(run, model, paths, n_paths, options, output));
    COVARY_TRY_TOGETHER(run, "look for an annotation", root ? take_back(name.data) : COVARY_OK);
    COVARY_TRY(covary_annotate(run, model, paths, n_paths, options, name.data));
    status = covary_export(run, name.data, wanted, output);
    if (status != COVARY_OK) {
        covary_record_remedy("%s keeps the predictions: the same command goes on from there",
                             name.data);
        goto done;
    }
    if (root) {
        remove(name.data);
    }
done:
    text_release(&name);
    return status;
}
