/* SPDX-License-Identifier: BSD-3-Clause */
/* Labels -> targets, times their gaps, with signs that may change. */
#include "model/training.h"

#include "core/memory.h"
#include "core/status.h"

/* Of the mean gap: what predicted gaps must not fall below. */
static const double SMALLEST_GAP = 1e-4;

int64_t training_column(const covary_model *model, int index)
{
    int64_t column = 0;

    for (int p = 0; p < index; p++) {
        column += model->properties[p].width;
    }
    return column;
}

double training_gap(const covary_model *model, const training_set *set, int p, int64_t frame)
{
    const int gap = model->properties[p].gap;

    return gap < 0 ? 1.0 : set->batch->labels[gap].values[frame];
}

static void multiply_target(const covary_model *model, training_set *set, int p, int64_t frame,
                            double factor)
{
    double *packed = set->targets->data + frame * set->targets->width + training_column(model, p);

    for (int64_t c = 0; c < model->properties[p].width; c++) {
        packed[c] *= factor;
    }
}

void training_change_sign(const covary_model *model, training_set *set, int p, int64_t frame)
{
    bool *changed = set->changed + frame * model->n_properties + p;

    multiply_target(model, set, p, frame, -1.0);
    *changed = !*changed;
}

/* A gap of 0, or of another sign than others, would divide by 0 on the way. */
static covary_status check_gap(const covary_model *model, const training_set *set, int p,
                               double other)
{
    for (int64_t frame = 0; frame < set->batch->n_frames; frame++) {
        const double gap = training_gap(model, set, p, frame);
        if (!(gap * other > 0.0)) {
            const char *path;
            int64_t     local;
            trajectory_locate(
                set->from, set->numbers != NULL ? set->numbers[frame] : set->batch->first + frame,
                &path, &local);
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s, frame %lld: the gap '%s' of '%s' is %g, that of other "
                               "frames %g; gaps must not be 0 and have one sign",
                               path, (long long)local, model->properties[p].of->gap,
                               model->properties[p].of->name, gap, other);
        }
    }
    return COVARY_OK;
}

/* The limit below which predicted gaps are not divided by, from the mean of all gaps. */
static covary_status set_gap_limit(covary_run *run, covary_model *model, const training_set *set,
                                   int p)
{
    covary_status status = COVARY_OK;
    panel        *gaps = NULL;
    double       *all = NULL, sum = 0.0;

    COVARY_TRY(panel_create(run, set->batch->n_frames, 1, &gaps));
    for (int64_t frame = 0; frame < gaps->n_local; frame++) {
        gaps->data[frame] = training_gap(model, set, p, frame);
    }
    COVARY_TRY(panel_replicate(gaps, &all));
    COVARY_TRY_TOGETHER(run, "check the gaps", check_gap(model, set, p, all[0]));
    for (int64_t frame = 0; frame < gaps->n_rows; frame++) {
        sum += all[frame];
    }
    model->properties[p].gap_limit = SMALLEST_GAP * sum / (double)gaps->n_rows;

done:
    MEMORY_RELEASE(&all);
    panel_destroy(&gaps);
    return status;
}

covary_status training_set_gap_limits(covary_run *run, covary_model *model, const training_set *set)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < model->n_properties; p++) {
        if (model->properties[p].gap >= 0) {
            COVARY_TRY(set_gap_limit(run, model, set, p));
        }
    }

done:
    return status;
}

static void pack_labels(const covary_model *model, training_set *set)
{
    for (int p = 0; p < model->n_properties; p++) {
        const int64_t n = covary_model_n_values(model, p), column = training_column(model, p);
        for (int64_t frame = 0; frame < set->batch->n_frames; frame++) {
            model_pack(model, p, set->batch->positions + frame * 3 * model->about.n_atoms,
                       set->batch->labels[p].values + frame * n,
                       set->targets->data + frame * set->targets->width + column);
            multiply_target(model, set, p, frame, training_gap(model, set, p, frame));
        }
    }
}

/* The limit has the sign of the gaps. */
static covary_status check_gaps(const covary_model *model, const training_set *set)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < model->n_properties && status == COVARY_OK; p++) {
        if (model->properties[p].gap >= 0) {
            status = check_gap(model, set, p, model->properties[p].gap_limit / SMALLEST_GAP);
        }
    }
    return status;
}

covary_status training_pack_labels(covary_run *run, const covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(panel_create(run, set->batch->n_frames, training_column(model, model->n_properties),
                            &set->targets));
    COVARY_TRY_TOGETHER(run, "check the gaps", check_gaps(model, set));
    pack_labels(model, set);

done:
    return status;
}
