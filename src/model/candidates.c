/* SPDX-License-Identifier: BSD-3-Clause */
/* From the keys of a configuration to the representations that it leaves open. */
#include "model/candidates.h"

#include "core/memory.h"
#include "core/status.h"
#include "geometry/axis_weights.h"

#include <math.h>
#include <string.h>

enum { MAX_CANDIDATES = 32, MAX_BLOCKS = 2 };

typedef struct {
    const char *basis, *scaling;
    const char *descriptors[MAX_BLOCKS];
    int         n_descriptors; /* 0: those of the configuration */
    bool        symmetric;
    int         references; /* eckart: 1, or 0 for as many as the molecule needs */
} candidate;

typedef struct {
    const covary_config  *config;
    const model_molecule *about;
    candidate             list[MAX_CANDIDATES];
    int                   n;
} candidate_list;

static bool is_auto(const char *value)
{
    return strcmp(value, "auto") == 0;
}

/*
 * Pairs of sites for each pair of frames, at most, that a choice may cost; whoever asks for a basis
 * gets it all the same.
 */
enum { MOST_PAIRS_OF_SITES = 600 };

/* Axes need the images on both sides, or all signs of each; see kernel/covariant.h. */
static bool is_cheap(const candidate_list *to, candidate made)
{
    const int64_t images = made.symmetric ? to->about->group->order : 1;

    if (!is_auto(to->config->basis) || strcmp(made.basis, "gram") == 0) {
        return true;
    }
    return (strcmp(made.basis, "inertia") == 0 ? AXES_MAX_SIGN_IMAGES * images : images * images) <=
           MOST_PAIRS_OF_SITES;
}

static void add(candidate_list *to, candidate made)
{
    if (to->n < MAX_CANDIDATES && is_cheap(to, made)) {
        to->list[to->n++] = made;
    }
}

static bool is_listed(const candidate_list *of, const char *basis, bool symmetric)
{
    for (int k = 0; k < of->n; k++) {
        if (of->list[k].symmetric == symmetric && strcmp(of->list[k].basis, basis) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * With the molecule's symmetry, and once for each basis without if that is left open: it is there
 * to show what the symmetry is worth.
 */
static void add_symmetries(candidate_list *to, candidate made)
{
    const bool given = to->config->n_permutations > 0;

    made.symmetric = to->about->group->order > 1;
    add(to, made);
    if (made.symmetric && !given && !is_listed(to, made.basis, false)) {
        made.symmetric = false;
        add(to, made);
    }
}

static void add_scalings(candidate_list *to, candidate made, const char *const *scalings)
{
    if (!is_auto(to->config->scaling)) {
        made.scaling = to->config->scaling;
        add_symmetries(to, made);
        return;
    }
    for (int k = 0; scalings[k] != NULL; k++) {
        made.scaling = scalings[k];
        add_symmetries(to, made);
    }
}

static void add_gram(candidate_list *to)
{
    static const struct {
        const char *second, *scaling; /* beside the distances */
    } choices[] = {
        {NULL, "none"},
        {"exponential-distances", "none"},
        {"exponential-distances", "standardize"},
        {"inverse-distances", "none"},
    };
    static const char *const any_scaling[] = {"none", "standardize", NULL};
    candidate                made = {.basis = "gram"};

    if (to->config->n_descriptors > 0) {
        add_scalings(to, made, any_scaling);
        return;
    }
    for (size_t k = 0; k < sizeof choices / sizeof choices[0]; k++) {
        const char *const scaling[] = {choices[k].scaling, NULL};
        made.n_descriptors = 0;
        made.descriptors[made.n_descriptors++] = "distances";
        if (choices[k].second != NULL) {
            made.descriptors[made.n_descriptors++] = choices[k].second;
        }
        add_scalings(to, made, scaling);
    }
}

static void add_axes(candidate_list *to, const char *basis, int references)
{
    static const char *const scalings[] = {"standardize", "none", NULL};
    const bool               plain = strcmp(basis, "eckart") == 0 && references == 1;
    candidate                made = {.basis = basis, .references = references};

    if (to->config->n_descriptors == 0) {
        made.descriptors[made.n_descriptors++] = "cartesians";
        if (to->about->n_atoms > 1) {
            made.descriptors[made.n_descriptors++] = "distances";
        }
    }
    if (is_auto(to->config->basis) && !plain) {
        static const char *const one[] = {"standardize", NULL};
        add_scalings(to, made, one);
    } else {
        add_scalings(to, made, scalings);
    }
}

/* Descriptors of the configuration that gram cannot have leave the axes. */
static bool needs_axes(const covary_config *config)
{
    for (unsigned k = 0; k < config->n_descriptors; k++) {
        const descriptor_ops *ops = descriptor_find(config->descriptors[k]);
        if (ops != NULL && ops->needs_axes) {
            return true;
        }
    }
    return false;
}

/* Names that nothing has, and descriptors that the basis cannot have. */
static covary_status check_descriptors(const covary_config *config)
{
    for (unsigned k = 0; k < config->n_descriptors; k++) {
        const covary_status status = descriptor_check(config->descriptors[k]);
        if (status != COVARY_OK) {
            covary_record_context("%s", config_where(config, "representation.descriptor"));
            return status;
        }
    }
    if (strcmp(config->basis, "gram") == 0 && needs_axes(config)) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "%s: representation.descriptor: cartesians need body axes, which the "
                           "basis gram does without; take distances, inverse-distances or "
                           "exponential-distances, or the basis eckart",
                           config_where(config, "representation.descriptor"));
    }
    return COVARY_OK;
}

covary_status candidates_check(const covary_config *config)
{
    covary_status status = COVARY_OK;
    kernel        unused[CANDIDATES_MAX_KERNELS];
    int           n;

    COVARY_TRY(check_descriptors(config));
    status = candidates_kernels(config, unused, &n);
    if (status != COVARY_OK) {
        covary_record_context("%s", config_where(config, "kernel.type"));
    }

done:
    return status;
}

static void list_candidates(candidate_list *to)
{
    const covary_config *config = to->config;
    const bool           open = is_auto(config->basis);

    if (strcmp(config->basis, "gram") == 0 ||
        (open && to->about->n_atoms > 1 && !needs_axes(config))) {
        add_gram(to);
    }
    if (open || strcmp(config->basis, "eckart") == 0) {
        add_axes(to, "eckart", open ? 1 : (int)config->references);
    }
    if (open && to->about->shape == SHAPE_SPATIAL) {
        add_axes(to, "eckart", config->references > 1 ? (int)config->references : 0);
    }
    if ((open && to->about->shape >= SHAPE_PLANAR) || strcmp(config->basis, "inertia") == 0) {
        add_axes(to, "inertia", 1);
    }
}

static covary_status inertia_rule(covary_run *run, const covary_config *config,
                                  const model_molecule *about, const training_set *set,
                                  bool symmetric, axes **rule)
{
    covary_status       status = COVARY_OK;
    double             *weights = NULL;
    int32_t            *orbits = NULL;
    axis_weights_report report;
    const bool          improper = strcmp(config->handedness, "improper") == 0;
    const axes_ops     *ops = axes_find("inertia");

    COVARY_TRY_TOGETHER(
        run, "define the axes",
        axes_create(ops, about->n_atoms, about->masses, about->reference, improper, rule));
    (*rule)->shape = about->shape;
    if (is_auto(config->basis) || strcmp(config->signs, "group") == 0) {
        (*rule)->signs = SIGNS_GROUP;
    } else {
        (*rule)->signs = strcmp(config->signs, "raw") == 0 ? SIGNS_RAW : SIGNS_MATCHED;
    }
    if (!is_auto(config->weights) || (*rule)->signs == SIGNS_RAW) {
        goto done;
    }
    COVARY_TRY_TOGETHER(run, "reserve the weights",
                        MEMORY_ALLOCATE("weights", about->n_atoms, &weights));
    COVARY_TRY_TOGETHER(run, "reserve the orbits",
                        MEMORY_ALLOCATE("orbits", about->n_atoms, &orbits));
    permutation_group_orbits(about->group, orbits);
    COVARY_TRY(axes_choose_weights(run, set->batch->n_frames, about->n_atoms, set->batch->positions,
                                   about->masses, about->shape, symmetric ? orbits : NULL, weights,
                                   &report));
    COVARY_TRY_TOGETHER(run, "set the weights", axes_set_weights(*rule, weights));

done:
    MEMORY_RELEASE(&orbits);
    MEMORY_RELEASE(&weights);
    return status;
}

/*
 * Do the improper Eckart axes of some training frames come near a change of hands, at which
 * predictions would jump?  They do where a molecule passes a plane.  Proper axes of a frame and of
 * its mirror image have no such place.
 */
static covary_status change_of_hands(covary_run *run, const model_molecule *about,
                                     const training_set *set, bool *near)
{
    static const double NEAR = 0.05; /* of the largest margin; ammonia at 600 K has 0.38 */
    covary_status       status = COVARY_OK;
    double              extremes[2] = {0.0, -INFINITY}; /* the largest, and minus the least */
    axes               *rule = NULL;
    pose                at;

    *near = false;
    if (about->shape != SHAPE_SPATIAL) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(run, "define the axes",
                        axes_create(axes_find("eckart"), about->n_atoms, about->masses,
                                    about->reference, true, &rule));
    rule->shape = about->shape;
    for (int64_t frame = 0; frame < set->batch->n_frames && status == COVARY_OK; frame++) {
        status = axes_pose(rule, set->batch->positions + frame * 3 * about->n_atoms, &at);
        extremes[0] = fmax(extremes[0], at.margin);
        extremes[1] = fmax(extremes[1], -at.margin);
    }
    COVARY_TRY_TOGETHER(run, "look for planes", status);
    MPI_Allreduce(MPI_IN_PLACE, extremes, 2, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    *near = -extremes[1] < NEAR * extremes[0];

done:
    axes_destroy(&rule);
    return status;
}

/* One reference is plain Eckart axes; several are blended.  Both NULL: one is enough. */
static covary_status eckart_rule(covary_run *run, const covary_config *config,
                                 const model_molecule *about, const training_set *set,
                                 int references, bool improper, axes **rule, charts **blend)
{
    covary_status status = COVARY_OK;

    if (references != 1) {
        COVARY_TRY(charts_choose(run, references, set->batch->n_frames, about->n_atoms,
                                 set->batch->positions, about->masses, about->reference, improper,
                                 about->shape, blend));
        if ((*blend)->n_charts > 1) {
            return COVARY_OK;
        }
        charts_destroy(blend);
        if (is_auto(config->basis)) {
            return COVARY_OK;
        }
    }
    COVARY_TRY_TOGETHER(run, "define the axes",
                        axes_create(axes_find("eckart"), about->n_atoms, about->masses,
                                    about->reference, improper, rule));
    (*rule)->shape = about->shape;

done:
    return status;
}

static covary_status describe(covary_run *run, const covary_config *config, covary_model *model,
                              training_set *set, const candidate *from)
{
    covary_status           status = COVARY_OK;
    representation         *made = NULL;
    representation_settings settings = {
        .basis = from->basis,
        .descriptors =
            from->n_descriptors > 0 ? from->descriptors : (const char *const *)config->descriptors,
        .n_descriptors = from->n_descriptors > 0 ? from->n_descriptors : (int)config->n_descriptors,
        .scaling = from->scaling,
        .symmetric = from->symmetric};

    if (strcmp(from->basis, "inertia") == 0) {
        COVARY_TRY(inertia_rule(run, config, &model->about, set, from->symmetric, &settings.rule));
    } else if (strcmp(from->basis, "eckart") == 0) {
        const bool mirror = strcmp(config->handedness, "improper") == 0;
        bool       near = false;
        COVARY_TRY(change_of_hands(run, &model->about, set, &near));
        settings.mirrored = mirror && near;
        COVARY_TRY(eckart_rule(run, config, &model->about, set, from->references,
                               mirror && !settings.mirrored, &settings.rule, &settings.charts));
        if (settings.rule == NULL && settings.charts == NULL) {
            return COVARY_OK; /* the plain axes are a candidate already */
        }
    }
    status = representation_create(&model->about, settings, &made);
    settings.rule = NULL;
    settings.charts = NULL;
    COVARY_TRY_TOGETHER(run, "create a representation", status);
    COVARY_TRY(training_describe(run, model, set, &made));

done:
    representation_destroy(&made);
    charts_destroy(&settings.charts);
    axes_destroy(&settings.rule);
    return status;
}

covary_status candidates_describe(covary_run *run, const covary_config *config, covary_model *model,
                                  training_set *set, int most)
{
    covary_status  status = COVARY_OK;
    candidate_list list = {.config = config, .about = &model->about};

    list_candidates(&list);
    for (int k = 0; k < list.n && model->n_representations < most; k++) {
        COVARY_TRY(describe(run, config, model, set, &list.list[k]));
    }

done:
    return status;
}

covary_status candidates_kernels(const covary_config *config, kernel *kernels, int *n_kernels)
{
    static const char *const choices[] = {"gaussian", "matern-5/2"};
    covary_status            status = COVARY_OK;

    *n_kernels = 0;
    if (!is_auto(config->kernel)) {
        *n_kernels = 1;
        return kernel_parse(config->kernel, config->degree, &kernels[0]);
    }
    for (int k = 0; k < 2; k++) {
        COVARY_TRY(kernel_parse(choices[k], config->degree, &kernels[k]));
        (*n_kernels)++;
    }

done:
    return status;
}

covary_status candidate_name(const representation *of, text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "%s", of->basis));
    if (of->n_charts > 1) {
        COVARY_TRY(text_add(into, " with %d references", of->n_charts));
    }
    for (int d = 0; d < of->features->n_ops; d++) {
        COVARY_TRY(text_add(into, "%s %s", d == 0 ? "," : " +", of->features->ops[d]->name));
    }
    if (strcmp(of->scaling, "none") != 0) {
        COVARY_TRY(text_add(into, " (%s)", of->scaling));
    }
    if (of->n_permutations > 1) {
        COVARY_TRY(text_add(into, ", %d permutations", of->n_permutations));
    }

done:
    return status;
}
