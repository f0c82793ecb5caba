/* SPDX-License-Identifier: BSD-3-Clause */
/* The check as a whole, and what its parts share. */
#include "model/preflight.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/candidates.h"

#include <math.h>

const double *preflight_positions(const preflight *of, int64_t frame)
{
    return of->rows + frame * of->width;
}

const double *preflight_label(const preflight *of, int64_t frame, int p)
{
    const double *values = of->rows + frame * of->width + of->columns[p];

    return isnan(values[0]) ? NULL : values;
}

void preflight_centre(const preflight *of, int64_t frame, double centre[3])
{
    const double *at = preflight_positions(of, frame);
    double        sum = 0.0;

    centre[0] = centre[1] = centre[2] = 0.0;
    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        sum += of->masses[atom];
        for (int i = 0; i < 3; i++) {
            centre[i] += of->masses[atom] * at[3 * atom + i];
        }
    }
    for (int i = 0; i < 3; i++) {
        centre[i] /= sum;
    }
}

static covary_status create_properties(preflight *of)
{
    covary_status status = COVARY_OK;
    const int     n = (int)of->config->n_properties;

    COVARY_TRY(MEMORY_ALLOCATE("properties", n, &of->properties));
    COVARY_TRY(MEMORY_ALLOCATE("columns", n + 1, &of->columns));
    for (; of->n_properties < n; of->n_properties++) {
        COVARY_TRY(property_create(&of->config->properties[of->n_properties],
                                   &of->properties[of->n_properties]));
    }

done:
    return status;
}

static covary_status create(const covary_config *config, covary_check **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(candidates_check(config));
    COVARY_TRY(MEMORY_ALLOCATE("check", 1, out));
    (*out)->of.config = config;
    COVARY_TRY(create_properties(&(*out)->of));

done:
    return status;
}

/* On rank 0. */
static covary_status compare_frames(preflight *of)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(preflight_units(of));
    COVARY_TRY(preflight_charges(of));
    COVARY_TRY(preflight_order(of));
    COVARY_TRY(preflight_geometry(of));
    COVARY_TRY(preflight_copies(of));

done:
    return status;
}

static void release_frames(preflight *of)
{
    MEMORY_RELEASE(&of->rows);
    MEMORY_RELEASE(&of->numbers);
    of->n_frames = 0;
}

covary_status covary_check_labels(covary_run *run, const covary_config *config, covary_check **out)
{
    covary_status status = COVARY_OK;
    preflight    *of;

    *out = NULL;
    COVARY_TRY_TOGETHER(run, "begin the check", create(config, out));
    of = &(*out)->of;
    timer_begin(run, "read");
    COVARY_TRY(preflight_read(run, of));
    timer_end(run, "read");
    timer_begin(run, "compare");
    COVARY_TRY_TOGETHER(run, "compare the frames",
                        of->n_frames > 0 ? compare_frames(of) : COVARY_OK);
    COVARY_TRY(preflight_outliers(run, of));
    COVARY_TRY(findings_merge(run, &of->findings));
    timer_end(run, "compare");
    release_frames(of);
    of->config = NULL;

done:
    if (status != COVARY_OK) {
        covary_check_destroy(out);
    }
    return status;
}

void covary_check_destroy(covary_check **released)
{
    covary_check *check = *released;

    if (check == NULL) {
        return;
    }
    for (int p = 0; p < check->of.n_properties; p++) {
        property_destroy(&check->of.properties[p]);
    }
    MEMORY_RELEASE(&check->of.properties);
    MEMORY_RELEASE(&check->of.columns);
    MEMORY_RELEASE(&check->of.species);
    MEMORY_RELEASE(&check->of.masses);
    release_frames(&check->of);
    trajectory_close(&check->of.from);
    findings_release(&check->of.findings);
    MEMORY_RELEASE(released);
}

int64_t covary_check_n_frames(const covary_check *check)
{
    return check->of.from == NULL ? 0 : trajectory_n_frames(check->of.from);
}

int covary_check_n_findings(const covary_check *check)
{
    return check->of.findings.n;
}

int covary_check_n_errors(const covary_check *check)
{
    int n = 0;

    while (n < check->of.findings.n && check->of.findings.list[n].kind <= FINDING_FIT) {
        n++;
    }
    return n;
}

covary_finding covary_check_finding(const covary_check *check, int index)
{
    const finding *of = &check->of.findings.list[index];

    return (covary_finding){
        .severity = of->kind <= FINDING_FIT ? COVARY_FINDING_ERROR : COVARY_FINDING_WARNING,
        .what = finding_word(of->kind),
        .property = of->property >= 0 ? check->of.properties[of->property]->name : NULL,
        .message = of->said,
        .remedy = of->remedy,
        .n_frames = of->n_frames,
        .n_listed = (int)(of->n_frames < FINDING_FRAMES ? of->n_frames : FINDING_FRAMES)};
}

void covary_check_place(const covary_check *check, int index, int k, const char **path,
                        int64_t *frame)
{
    trajectory_locate(check->of.from, check->of.findings.list[index].frames[k], path, frame);
}
