/* SPDX-License-Identifier: BSD-3-Clause */
/* The hyperparameters of a model as plain tables, and back. */
#include "model/checkpoint_choice.h"

#include "core/memory.h"
#include "core/status.h"
#include "storage/storage.h"

void checkpoint_choice_release(checkpoint_choice *released)
{
    panel_destroy(&released->changed);
    MEMORY_RELEASE(&released->phases);
    MEMORY_RELEASE(&released->systems);
    storage_release_texts(released->n_parts, &released->runners_up);
    storage_release_texts(released->n_parts, &released->kernels);
    MEMORY_RELEASE(&released->parts);
    MEMORY_RELEASE(&released->solver);
    *released = (checkpoint_choice){0};
}

static void count_parts(const covary_model *model, checkpoint_choice *choice)
{
    choice->n_properties = model->n_properties;
    choice->n_parts = choice->n_systems = 0;
    for (int p = 0; p < model->n_properties; p++) {
        choice->n_parts += model->properties[p].n_parts;
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            choice->n_systems += model->properties[p].parts[k].n_systems;
        }
    }
}

static covary_status reserve_choice(checkpoint_choice *choice)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("parts", choice->n_parts * CHOICE_PART, &choice->parts));
    COVARY_TRY(MEMORY_ALLOCATE("kernels", choice->n_parts, &choice->kernels));
    COVARY_TRY(MEMORY_ALLOCATE("runners-up", choice->n_parts, &choice->runners_up));
    COVARY_TRY(MEMORY_ALLOCATE("systems", choice->n_systems * CHOICE_SYSTEM, &choice->systems));
    COVARY_TRY(MEMORY_ALLOCATE("phases", choice->n_properties * CHOICE_PHASES, &choice->phases));

done:
    return status;
}

static covary_status take_part(const model_part *part, int candidate, int64_t i, int64_t s,
                               checkpoint_choice *to)
{
    covary_status status = COVARY_OK;
    const kernel *of = &part->systems[0].of;
    int64_t      *row = to->parts + i * CHOICE_PART;

    row[CHOICE_CANDIDATE] = candidate;
    row[CHOICE_KERNEL_ORDER] = of->order;
    row[CHOICE_KERNEL_AUTO] = part->kernel_auto;
    row[CHOICE_LENGTH_AUTO] = part->length_auto;
    row[CHOICE_RIDGE_AUTO] = part->ridge_auto;
    row[CHOICE_SYSTEMS] = part->n_systems;
    COVARY_TRY(memory_copy_text(of->name, &to->kernels[i]));
    COVARY_TRY(memory_copy_text(part->runners_up ? part->runners_up : "", &to->runners_up[i]));
    for (int k = 0; k < part->n_systems; k++) {
        const linear_system *system = &part->systems[k];
        double              *numbers = to->systems + (s + k) * CHOICE_SYSTEM;

        numbers[CHOICE_LENGTH] = system->of.length;
        numbers[CHOICE_RIDGE] = system->ridge;
        numbers[CHOICE_AT_EDGE] = system->at_edge;
        numbers[CHOICE_RMSE] = system->search_rmse;
    }

done:
    return status;
}

covary_status checkpoint_choice_take(const covary_model *model, const training_set *set,
                                     checkpoint_choice *to)
{
    covary_status status = COVARY_OK;
    int64_t       i = 0, s = 0;

    count_parts(model, to);
    COVARY_TRY(reserve_choice(to));
    COVARY_TRY(memory_copy_text(model->solver, &to->solver));
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        double               *phases = to->phases + p * CHOICE_PHASES;

        phases[CHOICE_CHANGED] = (double)of->phases.n_changed;
        phases[CHOICE_DOUBTFUL] = (double)of->phases.n_doubtful;
        phases[CHOICE_BEFORE] = of->phases.before;
        phases[CHOICE_AFTER] = of->phases.after;
        for (int k = 0; k < of->n_parts; k++, i++) {
            const model_part *part = &of->parts[k];
            COVARY_TRY(take_part(part, set->described[part->representation].candidate, i, s, to));
            s += part->n_systems;
        }
    }

done:
    return status;
}

covary_status checkpoint_choice_take_signs(covary_run *run, const covary_model *model,
                                           const training_set *set, checkpoint_choice *to)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(panel_create(run, set->batch->n_frames, model->n_properties, &to->changed));
    for (int64_t i = 0; i < to->changed->n_local * model->n_properties; i++) {
        to->changed->data[i] = set->changed[i];
    }

done:
    return status;
}

static covary_status damaged(const char *path, const char *what)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s", path, what);
}

static covary_status restore_part(const checkpoint_choice *choice, const char *path,
                                  const covary_model *model, int64_t i, int64_t s, model_part *part)
{
    covary_status  status = COVARY_OK;
    const int64_t *row = choice->parts + i * CHOICE_PART;
    model_part     made = {0};
    kernel         of;

    if (row[CHOICE_CANDIDATE] < 0 || row[CHOICE_CANDIDATE] >= model->n_representations) {
        return damaged(path, "a representation that this fit does not try");
    }
    COVARY_TRY(kernel_parse(choice->kernels[i], (int)row[CHOICE_KERNEL_ORDER], &of));
    COVARY_TRY(part_try(part, (int)row[CHOICE_CANDIDATE],
                        model->representations[row[CHOICE_CANDIDATE]], &of, &made));
    if (row[CHOICE_SYSTEMS] != made.n_systems || s + made.n_systems > choice->n_systems) {
        COVARY_TRY(damaged(path, "another number of systems than this fit has"));
    }
    made.kernel_auto = row[CHOICE_KERNEL_AUTO] != 0;
    made.length_auto = row[CHOICE_LENGTH_AUTO] != 0;
    made.ridge_auto = row[CHOICE_RIDGE_AUTO] != 0;
    COVARY_TRY(memory_copy_text(choice->runners_up[i], &made.runners_up));
    for (int k = 0; k < made.n_systems; k++) {
        const double *numbers = choice->systems + (s + k) * CHOICE_SYSTEM;

        made.systems[k].of.length = numbers[CHOICE_LENGTH];
        made.systems[k].ridge = numbers[CHOICE_RIDGE];
        made.systems[k].at_edge = numbers[CHOICE_AT_EDGE] != 0.0;
        made.systems[k].search_rmse = numbers[CHOICE_RMSE];
    }
    part_release(part);
    *part = made;
    made = (model_part){0};

done:
    part_release(&made);
    return status;
}

static covary_status restore_parts(const checkpoint_choice *choice, const char *path,
                                   covary_model *model)
{
    covary_status     status = COVARY_OK;
    checkpoint_choice wanted = {0};
    int64_t           i = 0, s = 0;

    count_parts(model, &wanted);
    if (choice->n_parts != wanted.n_parts || choice->n_properties != wanted.n_properties) {
        return damaged(path, "another number of properties or irreps than this fit has");
    }
    for (int p = 0; p < model->n_properties; p++) {
        model_property *of = &model->properties[p];
        const double   *phases = choice->phases + p * CHOICE_PHASES;

        of->phases = (phase_report){.n_changed = (int64_t)phases[CHOICE_CHANGED],
                                    .n_doubtful = (int64_t)phases[CHOICE_DOUBTFUL],
                                    .before = phases[CHOICE_BEFORE],
                                    .after = phases[CHOICE_AFTER]};
        for (int k = 0; k < of->n_parts; k++, i++) {
            COVARY_TRY(restore_part(choice, path, model, i, s, &of->parts[k]));
            s += of->parts[k].n_systems;
        }
    }

done:
    return status;
}

covary_status checkpoint_choice_restore(const checkpoint_choice *choice, const char *path,
                                        covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(restore_parts(choice, path, model));
    for (int64_t frame = 0; frame < set->batch->n_frames; frame++) {
        for (int p = 0; p < model->n_properties; p++) {
            if (choice->changed->data[frame * model->n_properties + p] != 0.0) {
                training_change_sign(model, set, p, frame);
            }
        }
    }

done:
    return status;
}
