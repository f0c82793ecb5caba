/* SPDX-License-Identifier: BSD-3-Clause */
/* Labelled frames -> molecule -> targets in the lab. */
#include "model/training.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "geometry/reference.h"
#include "geometry/symmetry.h"
#include "trajectory/elements.h"
#include <covary/version.h>

#include <math.h>
#include <string.h>

covary_status training_read_molecule(covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    frames       *first = NULL;

    COVARY_TRY(frames_create(1, trajectory_max_atoms(set->from), &first));
    COVARY_TRY(trajectory_read(set->from, 0, 1, first));
    model->about.n_atoms = first->atom_start[1];
    COVARY_TRY(MEMORY_ALLOCATE("species", model->about.n_atoms, &model->about.species));
    memcpy(model->about.species, first->species, (size_t)model->about.n_atoms);

done:
    frames_destroy(&first);
    return status;
}

static covary_status read_share(const covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    int64_t       first, count;

    trajectory_share(set->from, &first, &count);
    COVARY_TRY(frames_create(count, count * model->about.n_atoms, &set->batch));
    COVARY_TRY(trajectory_read(set->from, first, count, set->batch));
    COVARY_TRY(frames_check_composition(set->batch, set->from, model->about.n_atoms,
                                        model->about.species));

done:
    return status;
}

static covary_status remember_inputs(const covary_config *config, covary_model *model)
{
    covary_status status = MEMORY_ALLOCATE("inputs", config->n_train, &model->inputs);

    for (unsigned i = 0; i < config->n_train && status == COVARY_OK; i++) {
        status = memory_copy_text(config->train[i], &model->inputs[i]);
        model->n_inputs += status == COVARY_OK;
    }
    return status;
}

static void log_what_was_read(covary_run *run, const covary_model *model, const training_set *set)
{
    log_write(run, LOG_INFO, "read %lld frames of %lld atoms from %d file%s (%s)",
              (long long)trajectory_n_frames(set->from), (long long)model->about.n_atoms,
              trajectory_n_files(set->from), trajectory_n_files(set->from) == 1 ? "" : "s",
              trajectory_format_name(set->from));
    for (int p = 0; p < model->n_properties; p++) {
        const char *key = trajectory_label_key(set->from, p);
        if (key != NULL && strcmp(key, model->properties[p].of->name) != 0) {
            log_write(run, LOG_INFO, "property %s is read from the label '%s'",
                      model->properties[p].of->name, key);
        }
    }
}

/* Labelled frames. */
static covary_status open_frames(covary_run *run, const covary_model *model, char *const *paths,
                                 unsigned n_paths, trajectory **out)
{
    covary_status      status = COVARY_OK;
    label_request     *requests = NULL;
    trajectory_options wanted = {.n_requests = model->n_properties};

    COVARY_TRY_TOGETHER(run, "prepare the labels", model_label_requests(model, &requests));
    wanted.requests = requests;
    COVARY_TRY(trajectory_open(run, (const char *const *)paths, (int)n_paths, &wanted, out));

done:
    MEMORY_RELEASE(&requests);
    return status;
}

static covary_status training_read(covary_run *run, const covary_config *config,
                                   covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;

    timer_begin(run, "read");
    COVARY_TRY(open_frames(run, model, config->train, config->n_train, &set->from));
    COVARY_TRY_TOGETHER(run, "read the molecule", training_read_molecule(model, set));
    COVARY_TRY_TOGETHER(run, "read the training frames", read_share(model, set));
    COVARY_TRY_TOGETHER(run, "remember the inputs", remember_inputs(config, model));
    log_what_was_read(run, model, set);

done:
    timer_end(run, "read");
    return status;
}

/* The validation set, where the configuration has one. */
static covary_status read_validation(covary_run *run, const covary_config *config,
                                     const covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;

    if (config->n_validation == 0) {
        return COVARY_OK;
    }
    timer_begin(run, "read");
    COVARY_TRY_TOGETHER(run, "reserve the validation set",
                        MEMORY_ALLOCATE("validation set", 1, &set->validation));
    COVARY_TRY(
        open_frames(run, model, config->validation, config->n_validation, &set->validation->from));
    COVARY_TRY_TOGETHER(run, "read the validation frames", read_share(model, set->validation));
    COVARY_TRY(training_pack_labels(run, model, set->validation));
    log_write(run, LOG_INFO, "validation by %lld frames",
              (long long)set->validation->targets->n_rows);

done:
    if (status != COVARY_OK) {
        covary_record_context("the validation set");
    }
    timer_end(run, "read");
    return status;
}

static covary_status set_masses(const covary_config *config, const covary_model *model,
                                double *masses)
{
    for (int64_t atom = 0; atom < model->about.n_atoms; atom++) {
        masses[atom] = element_mass(model->about.species[atom]);
    }
    for (unsigned m = 0; m < config->n_masses; m++) {
        const config_mass *mass = &config->masses[m];
        int number = mass->element ? element_number(mass->element, strlen(mass->element)) : 0;
        if (mass->element != NULL && number == 0) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "%s: masses: unknown element '%s'", config->path,
                               mass->element);
        }
        if (mass->element == NULL && mass->atom > model->about.n_atoms) {
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "%s: masses: atom %lld does not exist; the molecule has %lld atoms",
                               config->path, (long long)mass->atom,
                               (long long)model->about.n_atoms);
        }
        bool used = false;
        for (int64_t atom = 0; atom < model->about.n_atoms; atom++) {
            bool meant =
                mass->element ? model->about.species[atom] == number : atom + 1 == mass->atom;
            masses[atom] = meant ? mass->mass : masses[atom];
            used = used || meant;
        }
        if (!used) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "%s: masses: the molecule has no %s",
                               config->path, mass->element);
        }
    }
    return COVARY_OK;
}

static covary_status read_reference(covary_run *run, const char *path, const covary_model *model,
                                    double *reference)
{
    covary_status status = COVARY_OK;
    trajectory   *from = NULL;
    frames       *first = NULL;

    COVARY_TRY(trajectory_open(run, &path, 1, NULL, &from));
    COVARY_TRY_TOGETHER(run, "reserve the reference",
                        frames_create(1, trajectory_max_atoms(from), &first));
    COVARY_TRY_TOGETHER(run, "read the reference", trajectory_read(from, 0, 1, first));
    COVARY_TRY_TOGETHER(
        run, "check the reference",
        frames_check_composition(first, from, model->about.n_atoms, model->about.species));
    memcpy(reference, first->positions, (size_t)(3 * model->about.n_atoms) * sizeof(double));

done:
    frames_destroy(&first);
    trajectory_close(&from);
    return status;
}

/* The least symmetric shape that any training frame has. */
static molecule_shape common_shape(covary_run *run, const covary_model *model,
                                   const training_set *set)
{
    int shape = SHAPE_POINT;

    for (int64_t frame = 0; frame < set->batch->n_frames; frame++) {
        int of_frame = geometry_shape(
            model->about.n_atoms, set->batch->positions + frame * 3 * model->about.n_atoms, 1e-7);
        shape = of_frame > shape ? of_frame : shape;
    }
    MPI_Allreduce(MPI_IN_PLACE, &shape, 1, MPI_INT, MPI_MAX, covary_run_comm(run));
    return (molecule_shape)shape;
}

static covary_status define_molecule(covary_run *run, const covary_config *config,
                                     covary_model *model, training_set *set)
{
    covary_status   status = COVARY_OK;
    model_molecule *about = &model->about;

    COVARY_TRY_TOGETHER(run, "reserve the masses",
                        MEMORY_ALLOCATE("masses", about->n_atoms, &about->masses));
    COVARY_TRY_TOGETHER(run, "reserve the reference",
                        MEMORY_ALLOCATE("reference", 3 * about->n_atoms, &about->reference));
    COVARY_TRY_TOGETHER(run, "set the masses", set_masses(config, model, about->masses));
    if (strcmp(config->reference, "auto") == 0) {
        COVARY_TRY(reference_medoid(run, set->batch->n_frames, about->n_atoms,
                                    set->batch->positions, about->reference));
    } else {
        COVARY_TRY(read_reference(run, config->reference, model, about->reference));
    }
    about->shape = common_shape(run, model, set);

done:
    return status;
}

/* Atoms of one class have one mass: isotopes are not equivalent. */
static void classes_of_masses(const model_molecule *about, int *classes)
{
    for (int64_t atom = 0; atom < about->n_atoms; atom++) {
        int64_t first = 0;
        while (about->masses[first] != about->masses[atom]) {
            first++;
        }
        classes[atom] = (int)first;
    }
}

static covary_status given_symmetry(const covary_config *config, const int *classes,
                                    model_molecule *about)
{
    enum { LARGEST_GROUP = 1000 };
    covary_status status = COVARY_OK;
    int32_t      *images = NULL;
    bool          complete = false;
    const int     n = (int)config->n_permutations;

    COVARY_TRY(MEMORY_ALLOCATE("permutations", n * about->n_atoms, &images));
    for (int k = 0; k < n; k++) {
        status = permutation_parse(config->permutations[k], about->n_atoms, about->species, classes,
                                   images + k * about->n_atoms);
        if (status != COVARY_OK) {
            covary_record_context("%s: representation.symmetry",
                                  config_where(config, "representation.symmetry"));
            goto done;
        }
    }
    COVARY_TRY(permutation_group_generate(about->n_atoms, n, images, LARGEST_GROUP, &complete,
                                          &about->group));
    if (!complete) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG,
                               "%s: representation.symmetry: the permutations generate a group of "
                               "more than %d elements; give fewer of them",
                               config->path, LARGEST_GROUP));
    }

done:
    MEMORY_RELEASE(&images);
    return status;
}

static covary_status name_source(const permutation_group *group, const char *source, text *report)
{
    return group->order > 1 ? text_add(report, "  source: %s\n", source) : COVARY_OK;
}

static covary_status define_group(covary_run *run, const covary_config *config, const int *classes,
                                  const training_set *set, model_molecule *about, text *report)
{
    covary_status status = COVARY_OK;

    if (config->n_permutations > 0) {
        COVARY_TRY_TOGETHER(run, "read the permutations", given_symmetry(config, classes, about));
    } else if (strcmp(config->symmetry, "none") == 0) {
        COVARY_TRY_TOGETHER(run, "make the identity",
                            permutation_group_identity(about->n_atoms, &about->group));
    } else {
        COVARY_TRY(symmetry_find(run, set->batch->n_frames, about->n_atoms, set->batch->positions,
                                 about->species, classes, NULL, &about->group, report));
        COVARY_TRY_TOGETHER(run, "describe the permutations",
                            name_source(about->group, "the training frames", report));
        goto done;
    }
    COVARY_TRY_TOGETHER(
        run, "describe the permutations",
        about->group->order > 1
            ? permutation_group_describe(about->group, about->species, about->reference, report)
            : COVARY_OK);
    COVARY_TRY_TOGETHER(run, "describe the permutations",
                        name_source(about->group, "the configuration", report));

done:
    return status;
}

static covary_status define_symmetry(covary_run *run, const covary_config *config,
                                     covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    text          report = {0};
    int          *classes = NULL;

    COVARY_TRY_TOGETHER(run, "reserve the classes",
                        MEMORY_ALLOCATE("classes", model->about.n_atoms, &classes));
    classes_of_masses(&model->about, classes);
    COVARY_TRY(define_group(run, config, classes, set, &model->about, &report));
    COVARY_TRY_TOGETHER(
        run, "keep the report",
        memory_copy_text(report.data == NULL ? "" : report.data, &model->symmetry_report));
    if (model->symmetry_report[0] != '\0') {
        const size_t length = strlen(model->symmetry_report);
        const bool   ends = model->symmetry_report[length - 1] == '\n';
        log_write(run, LOG_INFO, "symmetry: %.*s", (int)length - ends, model->symmetry_report);
    }

done:
    MEMORY_RELEASE(&classes);
    text_release(&report);
    return status;
}

/* A few frames, evenly spaced, stay with the model. */
static covary_status keep_tested(covary_run *run, covary_model *model, const training_set *set)
{
    enum { TESTED_FRAMES = 8 };
    covary_status status = COVARY_OK;
    panel        *positions = NULL;
    int64_t      *wanted = NULL, stride = 3 * model->about.n_atoms;

    model->n_tested = model->n_train < TESTED_FRAMES ? model->n_train : TESTED_FRAMES;
    COVARY_TRY(panel_create(run, set->batch->n_frames, stride, &positions));
    COVARY_TRY_TOGETHER(run, "reserve the tested frames",
                        MEMORY_ALLOCATE("tested", model->n_tested * stride, &model->tested));
    COVARY_TRY_TOGETHER(run, "reserve their numbers",
                        MEMORY_ALLOCATE("tested", model->n_tested, &wanted));
    for (int64_t k = 0; k < model->n_tested; k++) {
        wanted[k] = k * model->n_train / model->n_tested;
    }
    memcpy(positions->data, set->batch->positions,
           (size_t)(set->batch->n_frames * stride) * sizeof(double));
    COVARY_TRY(panel_gather(positions, model->n_tested, wanted, model->tested));

done:
    MEMORY_RELEASE(&wanted);
    panel_destroy(&positions);
    return status;
}

covary_status training_begin(const covary_config *config, covary_model *model)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(memory_copy_text(config->path, &model->config_path));
    COVARY_TRY(memory_copy_text(config->text, &model->config_text));
    COVARY_TRY(memory_copy_text(COVARY_VERSION, &model->version));
    model->boxes = strcmp(config->molecules, "auto") == 0;
    COVARY_TRY(model_set_properties(model, (int)config->n_properties));
    for (unsigned p = 0; p < config->n_properties; p++) {
        COVARY_TRY(property_create(&config->properties[p], &model->properties[p].of));
    }

done:
    return status;
}

covary_status training_define(covary_run *run, const covary_config *config, covary_model *model,
                              training_set *set)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(define_molecule(run, config, model, set));
    COVARY_TRY(define_symmetry(run, config, model, set));
    COVARY_TRY_TOGETHER(run, "define the parts", model_set_parts(model));

done:
    return status;
}

covary_status training_pack(covary_run *run, covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(training_set_gap_limits(run, model, set));
    COVARY_TRY(training_pack_labels(run, model, set));
    model->n_train = set->targets->n_rows;
    COVARY_TRY_TOGETHER(
        run, "reserve the signs",
        MEMORY_ALLOCATE("signs", set->batch->n_frames * model->n_properties, &set->changed));
    COVARY_TRY(keep_tested(run, model, set));

done:
    return status;
}

covary_status training_prepare(covary_run *run, const covary_config *config, covary_model *model,
                               training_set *set)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(run, "begin the model", training_begin(config, model));
    COVARY_TRY(training_read(run, config, model, set));
    COVARY_TRY(training_define(run, config, model, set));
    COVARY_TRY(training_pack(run, model, set));
    COVARY_TRY(read_validation(run, config, model, set));

done:
    return status;
}

static void release_described(described_set *released)
{
    panel_destroy(&released->features);
    site_batch_destroy(&released->sites);
}

void training_release(training_set *set)
{
    for (int r = 0; r < set->n_described; r++) {
        release_described(&set->described[r]);
    }
    for (int p = 0; p < set->n_loo; p++) {
        panel_destroy(&set->loo[p]);
    }
    MEMORY_RELEASE(&set->loo);
    MEMORY_RELEASE(&set->described);
    MEMORY_RELEASE(&set->changed);
    panel_destroy(&set->targets);
    frames_destroy(&set->batch);
    trajectory_close(&set->from);
    training_release_validation(set);
}

void training_release_validation(training_set *set)
{
    if (set->validation != NULL) {
        training_release(set->validation);
    }
    MEMORY_RELEASE(&set->validation);
}

static void drop(covary_model *model, training_set *set, int r)
{
    release_described(&set->described[r]);
    representation_destroy(&model->representations[r]);
    set->n_described--;
    model->n_representations--;
    for (int k = r; k < set->n_described; k++) {
        set->described[k] = set->described[k + 1];
        model->representations[k] = model->representations[k + 1];
    }
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            model->properties[p].parts[k].representation -=
                model->properties[p].parts[k].representation > r;
        }
    }
}

static bool is_used(const covary_model *model, int r)
{
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            if (model->properties[p].parts[k].representation == r) {
                return true;
            }
        }
    }
    return false;
}

void training_drop_unused(covary_model *model, training_set *set)
{
    training_release_validation(set);
    for (int r = model->n_representations - 1; r >= 0; r--) {
        if (!is_used(model, r)) {
            drop(model, set, r);
        }
    }
}
