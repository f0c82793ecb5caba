/* SPDX-License-Identifier: BSD-3-Clause */
/* Labelled frames -> poses -> features and targets. */
#include "model/training.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "geometry/reference.h"
#include "model/automatic.h"
#include "model/prediction.h"
#include "trajectory/elements.h"
#include <covary/version.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static void locate_in_message(const training_set *set, int64_t local_frame)
{
    const char *path;
    int64_t     frame;

    trajectory_locate(set->from, set->batch->first + local_frame, &path, &frame);
    covary_record_context("%s, frame %lld", path, (long long)frame);
}

/* The molecule is that of the first frame, which every rank reads for itself. */
static covary_status read_molecule(covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    frames       *first = NULL;

    COVARY_TRY(frames_create(1, trajectory_max_atoms(set->from), &first));
    COVARY_TRY(trajectory_read(set->from, 0, 1, first));
    model->n_atoms = first->atom_start[1];
    COVARY_TRY(MEMORY_ALLOCATE("species", model->n_atoms, &model->species));
    memcpy(model->species, first->species, (size_t)model->n_atoms);

done:
    frames_destroy(&first);
    return status;
}

static covary_status read_share(covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    int64_t       first, count;

    COVARY_TRY(read_molecule(model, set));
    trajectory_share(set->from, &first, &count);
    COVARY_TRY(frames_create(count, count * model->n_atoms, &set->batch));
    COVARY_TRY(trajectory_read(set->from, first, count, set->batch));
    COVARY_TRY(frames_check_composition(set->batch, set->from, model->n_atoms, model->species));

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
              (long long)trajectory_n_frames(set->from), (long long)model->n_atoms,
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

static covary_status training_read(covary_run *run, const covary_config *config,
                                   covary_model *model, training_set *set)
{
    covary_status  status = COVARY_OK;
    label_request *requests = NULL;

    timer_begin(run, "read");
    COVARY_TRY_TOGETHER(run, "prepare the labels", model_label_requests(model, &requests));
    COVARY_TRY(trajectory_open(run, (const char *const *)config->train, (int)config->n_train,
                               requests, model->n_properties, &set->from));
    COVARY_TRY_TOGETHER(run, "read the training frames", read_share(model, set));
    COVARY_TRY_TOGETHER(run, "remember the inputs", remember_inputs(config, model));
    log_what_was_read(run, model, set);

done:
    timer_end(run, "read");
    MEMORY_RELEASE(&requests);
    return status;
}

static covary_status atom_weights(const covary_config *config, const covary_model *model,
                                  double *weights)
{
    for (int64_t atom = 0; atom < model->n_atoms; atom++) {
        weights[atom] = element_mass(model->species[atom]);
    }
    for (unsigned m = 0; m < config->n_masses; m++) {
        const config_mass *mass = &config->masses[m];
        int number = mass->element ? element_number(mass->element, strlen(mass->element)) : 0;
        if (mass->element != NULL && number == 0) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "%s: masses: unknown element '%s'", config->path,
                               mass->element);
        }
        if (mass->element == NULL && mass->atom > model->n_atoms) {
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "%s: masses: atom %lld does not exist; the molecule has %lld atoms",
                               config->path, (long long)mass->atom, (long long)model->n_atoms);
        }
        bool used = false;
        for (int64_t atom = 0; atom < model->n_atoms; atom++) {
            bool meant = mass->element ? model->species[atom] == number : atom + 1 == mass->atom;
            weights[atom] = meant ? mass->mass : weights[atom];
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

    COVARY_TRY(trajectory_open(run, &path, 1, NULL, 0, &from));
    COVARY_TRY_TOGETHER(run, "reserve the reference",
                        frames_create(1, trajectory_max_atoms(from), &first));
    COVARY_TRY_TOGETHER(run, "read the reference", trajectory_read(from, 0, 1, first));
    COVARY_TRY_TOGETHER(run, "check the reference",
                        frames_check_composition(first, from, model->n_atoms, model->species));
    memcpy(reference, first->positions, (size_t)(3 * model->n_atoms) * sizeof(double));

done:
    frames_destroy(&first);
    trajectory_close(&from);
    return status;
}

/* The least symmetric shape that any training frame has. */
static molecule_shape common_shape(covary_run *run, const covary_model *model,
                                   const training_set *set)
{
    static const double tolerance = 1e-7;
    int                 shape = SHAPE_POINT;

    for (int64_t frame = 0; frame < set->batch->n_frames; frame++) {
        int of_frame = geometry_shape(
            model->n_atoms, set->batch->positions + frame * 3 * model->n_atoms, tolerance);
        shape = of_frame > shape ? of_frame : shape;
    }
    MPI_Allreduce(MPI_IN_PLACE, &shape, 1, MPI_INT, MPI_MAX, covary_run_comm(run));
    return (molecule_shape)shape;
}

static covary_status create_rule(const covary_config *config, const double *weights,
                                 const double *reference, covary_model *model)
{
    const char     *basis = automatic_basis(config);
    const axes_ops *ops = axes_find(basis);
    covary_status   status;

    if (ops == NULL) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "%s: unknown basis '%s'", config->path, basis);
    }
    if (strcmp(config->signs, "group") == 0 || config->references > 1) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "%s: 'representation.signs: group' and several "
                           "'representation.references' are not in this version",
                           config->path);
    }
    status = axes_create(ops, model->n_atoms, weights, reference,
                         strcmp(config->handedness, "improper") == 0, &model->rule);
    if (status == COVARY_OK) {
        model->rule->signs = strcmp(config->signs, "raw") == 0 ? SIGNS_RAW : SIGNS_MATCHED;
    }
    return status;
}

static covary_status training_axes(covary_run *run, const covary_config *config,
                                   covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    double       *weights = NULL, *reference = NULL;

    COVARY_TRY_TOGETHER(run, "reserve the weights",
                        MEMORY_ALLOCATE("weights", model->n_atoms, &weights));
    COVARY_TRY_TOGETHER(run, "reserve the reference",
                        MEMORY_ALLOCATE("reference", 3 * model->n_atoms, &reference));
    COVARY_TRY_TOGETHER(run, "set the masses", atom_weights(config, model, weights));
    if (strcmp(config->reference, "auto") == 0) {
        COVARY_TRY(reference_medoid(run, set->batch->n_frames, model->n_atoms,
                                    set->batch->positions, reference));
    } else {
        COVARY_TRY(read_reference(run, config->reference, model, reference));
    }
    COVARY_TRY_TOGETHER(run, "define the axes", create_rule(config, weights, reference, model));
    model->rule->shape = common_shape(run, model, set);

done:
    MEMORY_RELEASE(&reference);
    MEMORY_RELEASE(&weights);
    return status;
}

static covary_status pose_share(covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    int64_t       n = set->batch->n_frames, bad_frame = 0;

    COVARY_TRY(MEMORY_ALLOCATE("poses", n, &set->poses));
    COVARY_TRY(MEMORY_ALLOCATE("body positions", n * 3 * model->n_atoms, &set->body));
    status = pose_and_describe(model->rule, model->features, n, set->batch->positions, set->poses,
                               set->body, set->features->data, &bad_frame);
    if (status != COVARY_OK) {
        locate_in_message(set, bad_frame);
    }

done:
    return status;
}

static double smallest_margin(covary_run *run, const training_set *set)
{
    double margin = 1.0;

    for (int64_t frame = 0; frame < set->batch->n_frames; frame++) {
        margin = fmin(margin, set->poses[frame].margin);
    }
    MPI_Allreduce(MPI_IN_PLACE, &margin, 1, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
    return margin;
}

static covary_status create_features(const covary_config *config, covary_model *model)
{
    const descriptor_molecule molecule = {
        .n_atoms = model->n_atoms,
        .species = model->species,
        .weights = model->rule->weights,
        .reference = model->rule->reference,
    };
    int                n;
    const char *const *names = automatic_descriptors(config, &n);
    covary_status      status = descriptor_set_create(names, n, &molecule, &model->features);

    if (status != COVARY_OK) {
        covary_record_context("%s", config_where(config, "representation.descriptor"));
        return status;
    }
    return memory_copy_text(automatic_scaling(config), &model->scaling);
}

static covary_status training_describe(covary_run *run, const covary_config *config,
                                       covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;

    timer_begin(run, "describe");
    COVARY_TRY_TOGETHER(run, "create the descriptors", create_features(config, model));
    COVARY_TRY(panel_create(run, set->batch->n_frames, model->features->dimension, &set->features));
    COVARY_TRY_TOGETHER(run, "describe the training frames", pose_share(model, set));
    COVARY_TRY(descriptor_set_scale(run, model->features, model->scaling, set->batch->n_frames,
                                    set->features->data));
    COVARY_TRY(panel_replicate(set->features, &model->train));
    model->n_train = set->features->n_rows;
    model->train_margin = smallest_margin(run, set);

done:
    timer_end(run, "describe");
    return status;
}

static void fill_targets(const covary_model *model, training_set *set)
{
    int64_t column = 0;

    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        int64_t               n_values = property_n_values(of->of, model->n_atoms);
        for (int64_t frame = 0; frame < set->batch->n_frames; frame++) {
            property_label_to_body(of->of, &set->poses[frame], model->n_atoms,
                                   set->batch->positions + frame * 3 * model->n_atoms,
                                   model->species, model->rule->shape,
                                   set->batch->labels[p].values + frame * n_values,
                                   set->targets->data + frame * set->targets->width + column);
        }
        column += of->width;
    }
}

/* Means over all frames in their order, whatever the split; then subtracted from this rank's. */
static covary_status subtract_means(covary_model *model, const double *all, training_set *set)
{
    panel  *targets = set->targets;
    int64_t column = 0;

    for (int p = 0; p < model->n_properties; p++) {
        model_property *of = &model->properties[p];
        covary_status   status = MEMORY_ALLOCATE("target means", of->width, &of->mean);
        if (status != COVARY_OK) {
            return status;
        }
        for (int64_t c = 0; c < of->width; c++) {
            for (int64_t row = 0; row < targets->n_rows; row++) {
                of->mean[c] += all[row * targets->width + column + c];
            }
            of->mean[c] /= (double)targets->n_rows;
            for (int64_t row = 0; row < targets->n_local; row++) {
                targets->data[row * targets->width + column + c] -= of->mean[c];
            }
        }
        column += of->width;
    }
    return COVARY_OK;
}

static covary_status training_targets(covary_run *run, covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    double       *all = NULL;
    int64_t       width = 0;

    for (int p = 0; p < model->n_properties; p++) {
        model->properties[p].width = property_n_packed(model->properties[p].of, model->n_atoms);
        width += model->properties[p].width;
    }
    COVARY_TRY(panel_create(run, set->batch->n_frames, width, &set->targets));
    fill_targets(model, set);
    COVARY_TRY(panel_replicate(set->targets, &all));
    COVARY_TRY_TOGETHER(run, "centre the targets", subtract_means(model, all, set));

done:
    MEMORY_RELEASE(&all);
    return status;
}

static covary_status refuse(const covary_config *config, const char *key, const char *what)
{
    return COVARY_FAIL(COVARY_ERR_CONFIG, "%s: %s is not in this version; leave '%s' out",
                       config_where(config, key), what, key);
}

/* What a configuration may say and no model can do yet. */
static covary_status refuse_unavailable(const covary_config *config)
{
    char key[64];

    if (strcmp(config->basis, "gram") == 0) {
        return refuse(config, "representation.basis", "the basis gram");
    }
    if (strcmp(config->symmetry, "given") == 0) {
        return refuse(config, "representation.symmetry", "an average over permutations");
    }
    for (unsigned p = 0; p < config->n_properties; p++) {
        if (strcmp(config->properties[p].phase, "fixed") != 0) {
            snprintf(key, sizeof key, "properties.%u.phase", p);
            return refuse(config, key, "a property of arbitrary phase");
        }
        if (config->properties[p].gap != NULL) {
            snprintf(key, sizeof key, "properties.%u.gap", p);
            return refuse(config, key, "a product with an energy gap");
        }
    }
    return COVARY_OK;
}

static covary_status begin_model(const covary_config *config, covary_model *model)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(refuse_unavailable(config));
    COVARY_TRY(memory_copy_text(config->path, &model->config_path));
    COVARY_TRY(memory_copy_text(config->text, &model->config_text));
    COVARY_TRY(memory_copy_text(COVARY_VERSION, &model->version));
    status = kernel_parse(automatic_kernel(config), config->degree, &model->type);
    if (status != COVARY_OK) {
        covary_record_context("%s", config_where(config, "kernel.type"));
        goto done;
    }
    COVARY_TRY(model_set_properties(model, (int)config->n_properties));
    for (unsigned p = 0; p < config->n_properties; p++) {
        COVARY_TRY(property_create(&config->properties[p], &model->properties[p].of));
    }

done:
    return status;
}

covary_status training_prepare(covary_run *run, const covary_config *config, covary_model *model,
                               training_set *set)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(run, "begin the model", begin_model(config, model));
    COVARY_TRY(training_read(run, config, model, set));
    COVARY_TRY(training_axes(run, config, model, set));
    COVARY_TRY(training_describe(run, config, model, set));
    COVARY_TRY(training_targets(run, model, set));

done:
    return status;
}

void training_release(training_set *set)
{
    panel_destroy(&set->targets);
    panel_destroy(&set->features);
    MEMORY_RELEASE(&set->body);
    MEMORY_RELEASE(&set->poses);
    frames_destroy(&set->batch);
    trajectory_close(&set->from);
}
