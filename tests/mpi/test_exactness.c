/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Predictions turn, mirror, move and relabel with the molecule, for every basis and kind of
 * property: to 1e-12 of the property at a ridge of 1e-2, to 4 eps |Phi| |weights|_1 at a small one,
 * and also at exactly symmetric geometries, where axes of mass moments do not.   ranks: 1 3
 */
#include "oracle_models.h"
#include "symmetry_support.h"

enum { TEST = 6, MOST_FRAMES = 40, MOST_COORDINATES = 3 * ORACLE_MAX_ATOMS, MOST_OPERATIONS = 24 };

#define TENSORS_2 ORACLE_DIPOLE ", " ORACLE_POLARIZABILITY
#define EVERY_KIND                                                                                 \
    TENSORS_2 ", " ORACLE_MOMENT ", " ORACLE_GRADIENT ", " ORACLE_OCTUPOLE ", " ORACLE_MIXED       \
              ", " ORACLE_HEXADECAPOLE

#define GRAM      "basis: gram, descriptor: [distances]"
#define NO_GROUP  ", symmetry: none"
#define ALL_SIGNS "basis: inertia, signs: group" NO_GROUP
#define MASSES    "basis: inertia, weights: masses" NO_GROUP

/* A molecule at its most symmetric geometry, and how far it moves from there. */
typedef struct {
    oracle_molecule about;
    double          at_rest[MOST_COORDINATES];
    double          amplitude;
    int             n_train;
    const char     *symmetry; /* generators, as in a configuration */
    int             order;    /* of the group */
} subject;

static subject subject_of(const char *name, int n_atoms, const uint8_t *species,
                          const double *at_rest, const char *symmetry, int order)
{
    subject made = {.about = {.name = name, .n_atoms = n_atoms},
                    .amplitude = 0.06,
                    .n_train = 20,
                    .symmetry = symmetry,
                    .order = order};

    memcpy(made.about.species, species, (size_t)n_atoms);
    memcpy(made.at_rest, at_rest, 3 * (size_t)n_atoms * sizeof *at_rest);
    return made;
}

static subject subject_from(const molecule *of, const char *symmetry, int order)
{
    return subject_of(of->name, (int)of->n_atoms, of->species, of->positions, symmetry, order);
}

static subject methane(void)
{
    double at_rest[15];

    methane_geometry(at_rest);
    return subject_of("methane", 5, methane_species, at_rest, "[(2 3), (2 3 4 5)]", 24);
}

static subject benzene(void)
{
    double at_rest[36];

    benzene_geometry(at_rest);
    return subject_of("benzene", 12, benzene_species, at_rest,
                      "[(1 2 3 4 5 6)(7 8 9 10 11 12), (2 6)(3 5)(8 12)(9 11)]", 12);
}

/* Thermal frames; `line` keeps those of a line in it. */
static void draw(const subject *of, int n_frames, bool line, uint64_t seed, double *positions)
{
    const int   n = 3 * of->about.n_atoms;
    test_random stream = {seed};
    double      shaken[MOST_COORDINATES], turn[9];

    for (int frame = 0; frame < n_frames; frame++) {
        for (int i = 0; i < n; i++) {
            const double step = of->amplitude * test_normal(&stream);
            shaken[i] = of->at_rest[i] + (line && i % 3 != 2 ? 0.0 : step);
        }
        test_rotation(&stream, frame % 2, turn);
        const double shift[3] = {test_normal(&stream), test_normal(&stream), test_normal(&stream)};
        move_atoms(of->about.n_atoms, turn, shift, shaken, positions + n * frame);
    }
}

static const char *train_on(const subject *of, bool line)
{
    const char *path = scratch_path("exactness.xyz");
    double      positions[MOST_FRAMES * MOST_COORDINATES];

    assert_true(of->n_train <= MOST_FRAMES);
    draw(of, of->n_train, line, 2028, positions);
    oracle_write(path, &of->about, of->n_train, positions);
    return path;
}

/* TEST times the exactly symmetric geometry, with noise in the last digits. */
static void symmetric_frames(const subject *of, double *positions)
{
    const int   n = 3 * of->about.n_atoms;
    test_random stream = {77};

    for (int i = 0; i < TEST * n; i++) {
        positions[i] = of->at_rest[i % n] + 1e-15 * test_normal(&stream);
    }
}

typedef struct {
    double deviation[ORACLE_MOST_PROPERTIES]; /* largest |op y(X) - y(op X)| over rms |y| */
    double ratio[ORACLE_MOST_PROPERTIES];     /* over 4 eps (|Phi| |weights|_1 + 4 |y|) / margin */
    double margin;
} deviations;

/* What a model promises to follow besides rotations and shifts. */
typedef struct {
    bool reflections, permutations;
} promises;

static void keep_values(const oracle_prediction *of, double values[][KIND_MAX_VALUES])
{
    for (int p = 0; p < covary_model_n_properties(of->model); p++) {
        memcpy(values[p], of->into->values[p],
               (size_t)covary_model_n_values(of->model, p) * sizeof(double));
    }
}

static void compare(const oracle_prediction *by, const double turn[9],
                    double before[][KIND_MAX_VALUES], deviations *found)
{
    for (int p = 0; p < covary_model_n_properties(by->model); p++) {
        const property_kind *kind = by->model->properties[p].of->kind;
        double               expected[KIND_MAX_VALUES], sum = 0.0;

        turn_value(kind, turn, before[p], expected);
        for (int c = 0; c < kind->n_values; c++) {
            const double d = by->into->values[p][c] - expected[c];
            sum += d * d;
        }
        assert_true(isfinite(sum));
        found->deviation[p] =
            fmax(found->deviation[p], sqrt(sum) / by->model->properties[p].loo.rms_reference);
        found->ratio[p] = fmax(found->ratio[p], sqrt(sum) / (4.0 * by->rounding[p]));
    }
}

/* Every frame under operations of its own, with permutations in turn. */
static deviations measure(const covary_model *model, promises kept, const double *positions)
{
    const permutation_group *group = model->about.group;
    const int64_t            n_atoms = model->about.n_atoms;
    oracle_prediction        by = oracle_predictor(model);
    deviations               found = {.margin = 1.0};
    test_random              stream = {2029};
    const int                n_operations = kept.permutations ? MOST_OPERATIONS / 2 : 3;
    double before[ORACLE_MOST_PROPERTIES][KIND_MAX_VALUES], image[MOST_COORDINATES],
        moved[MOST_COORDINATES], turn[9];

    for (int k = 0; k < TEST * n_operations; k++) {
        const double *x = positions + k / n_operations * 3 * n_atoms;
        const int     element = kept.permutations ? k % group->order : 0;
        const double  shift[3] = {test_normal(&stream), test_normal(&stream), test_normal(&stream)};

        test_rotation(&stream, kept.reflections && k % 2 == 1, turn);
        permutation_apply(n_atoms, permutation_group_image(group, element), 3, x, image);
        move_atoms(n_atoms, turn, shift, image, moved);
        oracle_predict(&by, x);
        keep_values(&by, before);
        oracle_predict(&by, moved);
        compare(&by, turn, before, &found);
        found.margin = fmin(found.margin, by.margin);
    }
    prediction_destroy(&by.into);
    return found;
}

static void expect_exact(const subject *of, const char *described, const covary_model *model,
                         promises kept, const double *positions, double absolute)
{
    const deviations found = measure(model, kept, positions);

    for (int p = 0; p < covary_model_n_properties(model); p++) {
        if (!(found.ratio[p] <= 1.0 && found.deviation[p] <= absolute)) {
            print_error("%s, {%s}, %s: deviation %.2e of the property, %.2g of rounding, margin "
                        "%.2g\n",
                        of->about.name, described, covary_model_property_name(model, p),
                        found.deviation[p], found.ratio[p], found.margin);
        }
        assert_true(found.ratio[p] <= 1.0);
        assert_true(found.deviation[p] <= absolute);
    }
}

/* A fit with the molecule's symmetry, unless there is to be none. */
static covary_model *fit(const subject *of, const char *path, const char *properties,
                         const char *described, bool small_ridge)
{
    char with[512];

    snprintf(with, sizeof with, "%s%s%s", described,
             strstr(described, NO_GROUP) ? "" : ", symmetry: ",
             strstr(described, NO_GROUP) ? "" : of->symmetry);
    return oracle_fit(path, properties, with, "4", small_ridge ? "1e-9" : "1e-2");
}

/* Thermal and exactly symmetric frames, at a large and a small ridge. */
static void check(const subject *of, bool line, const char *properties,
                  const char *const *descriptions)
{
    const char *path = train_on(of, line);
    double      thermal[TEST * MOST_COORDINATES], symmetric[TEST * MOST_COORDINATES];

    draw(of, TEST, line, 2030, thermal);
    symmetric_frames(of, symmetric);
    for (; *descriptions != NULL; descriptions++) {
        const char    *described = *descriptions;
        const promises kept = {.reflections = strstr(described, "proper") == NULL,
                               .permutations = strstr(described, NO_GROUP) == NULL};

        for (int small = 0; small < 2; small++) {
            covary_model *model = fit(of, path, properties, described, small);
            const double  absolute = small ? INFINITY : 1e-12;

            assert_int_equal(model->about.group->order, kept.permutations ? of->order : 1);
            expect_exact(of, described, model, kept, thermal, absolute);
            expect_exact(of, described, model, kept, symmetric, absolute);
            covary_model_destroy(&model);
        }
    }
}

/* Some kind of property does not turn at the symmetric geometry: the test can fail. */
static void expect_failure(const subject *of, const char *properties)
{
    covary_model *model = fit(of, train_on(of, false), properties, MASSES, false);
    double        symmetric[TEST * MOST_COORDINATES], largest = 0.0;

    symmetric_frames(of, symmetric);
    const deviations found = measure(model, (promises){false, false}, symmetric);
    for (int p = 0; p < covary_model_n_properties(model); p++) {
        largest = fmax(largest, found.deviation[p]);
    }
    assert_true(largest > 1e-4);
    assert_true(found.margin < 1e-12);
    covary_model_destroy(&model);
}

static void asymmetric_top_is_exact_for_every_kind(void **state)
{
    static const char *const all[] = {GRAM,
                                      "basis: eckart",
                                      "basis: eckart, axes: proper",
                                      "basis: eckart, references: 3",
                                      ALL_SIGNS,
                                      MASSES,
                                      NULL};
    const subject            of = subject_from(&bromochlorofluoromethane, "none", 1);

    (void)state;
    check(&of, false, EVERY_KIND, all);
}

static void ammonia_is_exact_for_every_kind(void **state)
{
    static const char *const all[] = {GRAM,
                                      GRAM NO_GROUP,
                                      "basis: eckart",
                                      "basis: eckart" NO_GROUP,
                                      "basis: eckart, references: 3" NO_GROUP,
                                      ALL_SIGNS,
                                      NULL};
    const subject            of = subject_from(&ammonia, "[(2 3), (2 3 4)]", 6);

    (void)state;
    check(&of, false, EVERY_KIND, all);
    expect_failure(&of, EVERY_KIND);
}

static void methane_is_exact(void **state)
{
    static const char *const all[] = {
        GRAM, GRAM NO_GROUP, "basis: eckart", "basis: eckart" NO_GROUP, ALL_SIGNS, NULL};
    const subject of = methane();

    (void)state;
    check(&of, false, TENSORS_2 ", " ORACLE_OCTUPOLE, all);
    expect_failure(&of, TENSORS_2 ", " ORACLE_OCTUPOLE);
}

static void benzene_is_exact(void **state)
{
    static const char *const all[] = {GRAM, "basis: eckart", "basis: eckart" NO_GROUP, ALL_SIGNS,
                                      NULL};
    const subject            of = benzene();

    (void)state;
    check(&of, false, TENSORS_2, all);
    expect_failure(&of, TENSORS_2);
}

/* Linear frames, by axes as well; bent ones, at the line, without. */
static void carbon_dioxide_is_exact(void **state)
{
    static const char *const all[] = {
        GRAM, GRAM NO_GROUP, "basis: eckart", "basis: eckart" NO_GROUP, ALL_SIGNS, NULL};
    static const char *const frame_free[] = {GRAM, GRAM NO_GROUP, NULL};
    const subject            of = subject_from(&carbon_dioxide, "[(2 3)]", 2);

    (void)state;
    check(&of, true, EVERY_KIND, all);
    check(&of, false, EVERY_KIND, frame_free);
    expect_failure(&of, TENSORS_2);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(asymmetric_top_is_exact_for_every_kind),
    cmocka_unit_test(ammonia_is_exact_for_every_kind),
    cmocka_unit_test(methane_is_exact),
    cmocka_unit_test(benzene_is_exact),
    cmocka_unit_test(carbon_dioxide_is_exact),
};

TEST_MAIN(cases)
