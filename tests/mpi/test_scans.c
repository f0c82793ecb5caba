/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Predictions along a scan are as smooth as the scan: through an exact crossing of two moments of
 * inertia, an exactly linear and an exactly planar geometry, and from a molecule to its mirror
 * image and back.  Every step of a scan is bisected down to the last digits of the coordinates;
 * what is left of it must be rounding.
 *
 * That is so for the frame-free basis anywhere, for Eckart axes but for lines, around which they
 * turn over at once (the prediction jumps by its error across the line, which the scan does not
 * notice), and for inertia axes of free weights with the group of signs where no symmetry binds
 * the weights.  A full torsion turns plain Eckart axes over, too, quickly if not at once: there,
 * several references are needed.   ranks: 1 2
 */
#include "oracle_models.h"

enum { STEPS = 40, HALVINGS = 40, MOST_VALUES = 16, MOST_TRAIN = 160, MOST_NUMBERS = 12 };

static const char two_properties[] = ORACLE_DIPOLE ", " ORACLE_POLARIZABILITY;

/*
 * A path of geometries, t = 0 ... 1, and what training frames are: points of the path with
 * `amplitude` of noise (angstrom) in each coordinate that `planar` leaves, turned at random.
 */
typedef struct {
    oracle_molecule about;
    void (*geometry)(double t, double *x);
    double critical; /* the t of the geometry that the scan is about */
    double amplitude;
    bool   planar; /* the plane y, z: atoms stay in it */
    int    n_train;
} scan;

/* Two moments of inertia are equal where tan^2(angle / 2) = m_O / (m_O + 2 m_H). */
static void bend_of_water(double t, double *x)
{
    const double crossing = atan(sqrt(15.999 / (15.999 + 2.0 * 1.008)));
    const double half = crossing + (t - 0.5) * 0.4, r = 0.96;
    const double geometry[9] = {
        0, 0, 0, 0, r * sin(half), r * cos(half), 0, -r * sin(half), r * cos(half)};

    memcpy(x, geometry, sizeof geometry);
}

/* H-C-N through a line. */
static void bend_of_hydrogen_cyanide(double t, double *x)
{
    const double angle = (t - 0.5) * 1.2;
    const double geometry[9] = {0, 1.07 * sin(angle), -1.07 * cos(angle), 0, 0, 0, 0, 0, 1.16};

    memcpy(x, geometry, sizeof geometry);
}

/* H-C-C-H through a line; the two bends are in different planes. */
static void bend_of_acetylene(double t, double *x)
{
    const double a = (t - 0.5) * 0.9, b = (t - 0.5) * 0.6;
    const double geometry[12] = {1.06 * sin(a),
                                 0,
                                 -0.6 - 1.06 * cos(a),
                                 0,
                                 0,
                                 -0.6,
                                 0,
                                 0,
                                 0.6,
                                 0.6 * sin(b) * 1.06,
                                 0.8 * sin(b) * 1.06,
                                 0.6 + 1.06 * cos(b)};

    memcpy(x, geometry, sizeof geometry);
}

/* The umbrella of ammonia through its plane. */
static void inversion_of_ammonia(double t, double *x)
{
    const double height = (t - 0.5) * 0.9, radius = sqrt(1.02 * 1.02 - height * height);

    memset(x, 0, 3 * sizeof *x);
    for (int k = 0; k < 3; k++) {
        x[3 * k + 3] = radius * cos(2.0 * acos(-1.0) * k / 3.0);
        x[3 * k + 4] = radius * sin(2.0 * acos(-1.0) * k / 3.0);
        x[3 * k + 5] = height;
    }
}

/* H-O-O-H around its bond: planar at 0 and 1/2, mirror images at t and 1 - t. */
static void torsion_of_hydrogen_peroxide(double t, double *x)
{
    const double angle = 2.0 * acos(-1.0) * t, out = 0.95, along = 0.15;
    const double geometry[12] = {0,
                                 0,
                                 -0.73,
                                 0,
                                 0,
                                 0.73,
                                 out,
                                 0,
                                 -0.73 - along,
                                 out * cos(angle),
                                 out * sin(angle),
                                 0.73 + along};

    memcpy(x, geometry, sizeof geometry);
}

static const scan water_bend = {{"water", 3, {8, 1, 1}}, bend_of_water, 0.5, 0.03, true, 60};
static const scan cyanide_bend = {
    {"hydrogen cyanide", 3, {1, 6, 7}}, bend_of_hydrogen_cyanide, 0.5, 0.03, true, 60};
static const scan acetylene_bend = {
    {"acetylene", 4, {1, 6, 6, 1}}, bend_of_acetylene, 0.5, 0.04, false, 100};
static const scan ammonia_inversion = {
    {"ammonia", 4, {7, 1, 1, 1}}, inversion_of_ammonia, 0.5, 0.04, false, 80};
static const scan peroxide_torsion = {
    {"hydrogen peroxide", 4, {8, 8, 1, 1}}, torsion_of_hydrogen_peroxide, 0.5, 0.03, false, 140};

/* An orientation and a place of no meaning. */
static const double posture[9] = {0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6};
static const double place[3] = {0.3, -0.2, 0.1};

static void at(const scan *along, double t, double *x)
{
    double geometry[MOST_NUMBERS];

    along->geometry(t, geometry);
    move_atoms(along->about.n_atoms, posture, place, geometry, x);
}

/* The training file of a scan; t is spread evenly, a little beyond both ends. */
static const char *train_on(const scan *along)
{
    const char *path = scratch_path("scan.xyz");
    const int   n = 3 * along->about.n_atoms;
    double      thermal[MOST_TRAIN * MOST_NUMBERS], shaken[MOST_NUMBERS], turn[9];
    test_random stream = {2027};

    assert_true(along->n_train <= MOST_TRAIN && n <= MOST_NUMBERS);
    for (int frame = 0; frame < along->n_train; frame++) {
        along->geometry(1.1 * (frame + 0.5) / along->n_train - 0.05, shaken);
        for (int i = 0; i < n; i++) {
            shaken[i] +=
                along->planar && i % 3 == 0 ? 0.0 : along->amplitude * test_normal(&stream);
        }
        test_rotation(&stream, frame % 2, turn);
        const double shift[3] = {test_normal(&stream), test_normal(&stream), test_normal(&stream)};
        move_atoms(along->about.n_atoms, turn, shift, shaken, thermal + n * frame);
    }
    oracle_write(path, &along->about, along->n_train, thermal);
    return path;
}

/* What a scan with one model and property found. */
typedef struct {
    double jump, where;    /* the largest residual of a bisected step, and its t */
    double ratio;          /* the largest residual over what rounding explains */
    double crossing;       /* the same at the critical geometry: |y(t) - y(t -+ 1e-13)| */
    double step, expected; /* the largest step of the prediction, and of the oracle */
    double error, size;    /* the largest |y - oracle|, and |oracle| */
    double margin;         /* the smallest */
} findings;

static double difference(int64_t n, const double *a, const double *b)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sqrt(sum);
}

static void predict_at(const scan *along, double t, int p, oracle_prediction *by, double *values)
{
    double x[MOST_NUMBERS];

    at(along, t, x);
    oracle_predict(by, x);
    memcpy(values, by->into->values[p],
           (size_t)covary_model_n_values(by->model, p) * sizeof *values);
}

static void oracle_at(const scan *along, double t, int p, double *values)
{
    oracle_values all;
    double        x[MOST_NUMBERS];

    at(along, t, x);
    oracle_evaluate(along->about.n_atoms, along->about.species, x, 0.0, &all);
    memcpy(values, p == 0 ? all.dipole : all.polarizability,
           (p == 0 ? sizeof all.dipole : sizeof all.polarizability));
}

/* Always the half with the larger step, until the ends are neighbours. */
static void bisect(const scan *along, int p, oracle_prediction *by, double low, double high,
                   findings *found)
{
    const int64_t n = covary_model_n_values(by->model, p);
    double        y_low[MOST_VALUES], y_high[MOST_VALUES], y_mid[MOST_VALUES], rounding = 0.0;

    predict_at(along, low, p, by, y_low);
    predict_at(along, high, p, by, y_high);
    for (int k = 0; k < HALVINGS; k++) {
        const double mid = 0.5 * (low + high);

        predict_at(along, mid, p, by, y_mid);
        rounding = by->rounding[p];
        if (difference(n, y_low, y_mid) > difference(n, y_mid, y_high)) {
            high = mid;
            memcpy(y_high, y_mid, sizeof y_mid);
        } else {
            low = mid;
            memcpy(y_low, y_mid, sizeof y_mid);
        }
    }
    const double jump = difference(n, y_low, y_high);

    found->where = jump > found->jump ? low : found->where;
    found->jump = fmax(found->jump, jump);
    found->ratio = fmax(found->ratio, jump / rounding);
}

static void look_at_crossing(const scan *along, int p, oracle_prediction *by, findings *found)
{
    const int64_t n = covary_model_n_values(by->model, p);
    double        y[3][MOST_VALUES];

    for (int k = 0; k < 3; k++) {
        predict_at(along, along->critical + 1e-13 * (k - 1), p, by, y[k]);
    }
    found->crossing = fmax(difference(n, y[0], y[1]), difference(n, y[1], y[2]));
    found->ratio = fmax(found->ratio, found->crossing / by->rounding[p]);
}

static findings scan_property(const scan *along, const covary_model *model, int p)
{
    const int64_t     n = covary_model_n_values(model, p);
    oracle_prediction by = oracle_predictor(model);
    findings          found = {.margin = 1.0};
    double            y[2][MOST_VALUES], exact[2][MOST_VALUES];

    for (int k = 0; k <= STEPS; k++) {
        const double t = (double)k / STEPS;

        predict_at(along, t, p, &by, y[k % 2]);
        found.margin = fmin(found.margin, by.margin);
        oracle_at(along, t, p, exact[k % 2]);
        found.error = fmax(found.error, difference(n, y[k % 2], exact[k % 2]));
        found.size = fmax(found.size, oracle_norm(n, exact[k % 2]));
        if (k > 0) {
            found.step = fmax(found.step, difference(n, y[0], y[1]));
            found.expected = fmax(found.expected, difference(n, exact[0], exact[1]));
            bisect(along, p, &by, t - 1.0 / STEPS, t, &found);
        }
    }
    look_at_crossing(along, p, &by, &found);
    prediction_destroy(&by.into);
    return found;
}

static void report(const scan *along, const char *described, int p, const findings *found)
{
    print_error("%s, {%s}, %s: jump %.1e at %.6f, %.1e at the crossing, %.2g of rounding; steps "
                "%.2e of %.2e; error %.1e of %.2g, margin %.2g\n",
                along->about.name, described, p == 0 ? "dipole" : "polarizability", found->jump,
                found->where, found->crossing, found->ratio, found->step, found->expected,
                found->error, found->size, found->margin);
}

/* Reports what it found if that is not as expected. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            report(along, described, p, &found);                                                   \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

static covary_model *fit_scan(const char *path, const char *described)
{
    const bool gram = strstr(described, "gram") != NULL;

    return oracle_fit(path, two_properties, described, gram ? "2" : "6", "1e-9");
}

/* No jump but rounding, no step larger than that of the scan, and close to the oracle. */
static void expect_smooth(const scan *along, const char *const *descriptions)
{
    const char *path = train_on(along);

    for (; *descriptions != NULL; descriptions++) {
        const char   *described = *descriptions;
        covary_model *model = fit_scan(path, described);

        for (int p = 0; p < 2; p++) {
            const findings found = scan_property(along, model, p);

            EXPECT(found.ratio <= 4.0);
            EXPECT(found.jump <= 1e-6 * found.size);
            EXPECT(found.step <= 1.2 * found.expected);
            EXPECT(found.error <= 0.03 * found.size);
        }
        covary_model_destroy(&model);
    }
}

#define GRAM "basis: gram, descriptor: [distances], scaling: none"

static void two_moments_cross_smoothly(void **state)
{
    static const char *const all[] = {
        GRAM,
        GRAM ", symmetry: none",
        "basis: eckart",
        "basis: eckart, symmetry: none",
        "basis: inertia, signs: group, symmetry: none",
        NULL,
    };

    (void)state;
    expect_smooth(&water_bend, all);
}

/* The same scan does find a jump: the axes of two moments change places. */
static void masses_jump_where_two_moments_cross(void **state)
{
    static const char described[] = "basis: inertia, weights: masses, symmetry: none";
    const scan       *along = &water_bend;
    covary_model     *model = fit_scan(train_on(along), described);

    (void)state;
    for (int p = 0; p < 2; p++) {
        const findings found = scan_property(along, model, p);

        EXPECT(found.crossing > 1e-4 && found.ratio > 100.0);
        EXPECT(found.jump > 1e-4 && fabs(found.where - along->critical) < 1e-6);
        EXPECT(found.margin < 1e-12);
    }
    covary_model_destroy(&model);
}

static void line_is_passed_smoothly(void **state)
{
    static const char *const all[] = {GRAM, GRAM ", symmetry: none", NULL};

    (void)state;
    expect_smooth(&cyanide_bend, all);
    expect_smooth(&acetylene_bend, all);
}

/* Eckart axes know no direction around a line; the scan does not notice, the flags do. */
static void eckart_axes_pass_a_line_within_a_step(void **state)
{
    static const char described[] = "basis: eckart, symmetry: none";
    const scan       *along = &cyanide_bend;
    covary_model     *model = fit_scan(train_on(along), described);

    (void)state;
    for (int p = 0; p < 2; p++) {
        const findings found = scan_property(along, model, p);

        EXPECT(found.step <= 1.2 * found.expected);
        EXPECT(found.jump <= 0.02 * found.expected && found.crossing <= 0.02 * found.expected);
        EXPECT(found.margin < 0.25 * model->representations[0]->train_margin);
    }
    covary_model_destroy(&model);
}

static void plane_is_passed_smoothly(void **state)
{
    static const char *const all[] = {
        GRAM,
        GRAM ", symmetry: none",
        "basis: eckart",
        "basis: eckart, symmetry: none",
        "basis: eckart, references: auto, symmetry: none",
        "basis: inertia, signs: group, symmetry: none",
        NULL,
    };

    (void)state;
    expect_smooth(&ammonia_inversion, all);
}

static void mirror_image_is_reached_smoothly(void **state)
{
    static const char *const all[] = {
        GRAM,
        GRAM ", symmetry: none",
        "basis: eckart, references: auto",
        "basis: eckart, references: auto, symmetry: none",
        "basis: inertia, signs: group, symmetry: none",
        NULL,
    };

    (void)state;
    expect_smooth(&peroxide_torsion, all);
}

/* Half a turn from its reference a plain chart swings, without a jump, as no frame meets it. */
static void full_torsion_needs_several_references(void **state)
{
    static const char *const all[] = {"basis: eckart", "basis: eckart, references: auto"};
    const scan              *along = &peroxide_torsion;
    const char              *path = train_on(along);
    double                   error[2], margin[2];

    (void)state;
    for (int k = 0; k < 2; k++) {
        covary_model  *model = fit_scan(path, all[k]);
        const findings found = scan_property(along, model, 0);

        assert_true((model->representations[0]->n_charts > 1) == (k > 0));
        error[k] = found.error;
        margin[k] = found.margin;
        covary_model_destroy(&model);
    }
    assert_true(error[1] < 0.3 * error[0]);
    assert_true(margin[1] > 10.0 * margin[0]);
}

/* The reflection x z of the torsion's geometry, in the lab. */
static void mirror_in_lab(double mirror[9])
{
    static const double flip[3] = {1.0, -1.0, 1.0};

    for (int i = 0; i < 9; i++) {
        mirror[i] = 0.0;
        for (int k = 0; k < 3; k++) {
            mirror[i] += posture[3 * (i / 3) + k] * flip[k] * posture[3 * (i % 3) + k];
        }
    }
}

/* y(0) = y(1), and y(1 - t) is the mirror image of y(t). */
static void torsion_is_a_closed_loop(void **state)
{
    static const char *const all[] = {GRAM, GRAM ", symmetry: none",
                                      "basis: eckart, references: auto",
                                      "basis: eckart, references: auto, symmetry: none",
                                      "basis: inertia, signs: group, symmetry: none"};
    const scan              *along = &peroxide_torsion;
    const char              *path = train_on(along);
    double                   mirror[9], here[MOST_VALUES], there[MOST_VALUES], image[MOST_VALUES];

    (void)state;
    mirror_in_lab(mirror);
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        covary_model     *model = fit_scan(path, all[k]);
        oracle_prediction by = oracle_predictor(model);

        for (int p = 0; p < 2; p++) {
            const int64_t n = covary_model_n_values(model, p);

            predict_at(along, 0.0, p, &by, here);
            predict_at(along, 1.0, p, &by, there);
            assert_true(difference(n, here, there) <= 4.0 * by.rounding[p]);
            for (double t = 0.05; t < 0.5; t += 0.05) {
                predict_at(along, t, p, &by, here);
                predict_at(along, 1.0 - t, p, &by, there);
                turn_value(model->properties[p].of->kind, mirror, here, image);
                assert_true(difference(n, image, there) <= 4.0 * by.rounding[p]);
            }
        }
        prediction_destroy(&by.into);
        covary_model_destroy(&model);
    }
}

/* Near planes Eckart axes are proper, and frames have a mirror image; so has a model read back. */
static void mirror_images_survive_the_file(void **state)
{
    static const char described[] = "basis: eckart, symmetry: none";
    const scan       *along = &ammonia_inversion;
    const char       *path = scratch_path("mirrored.model.h5");
    covary_model     *model = fit_scan(train_on(along), described), *back = NULL;
    double            here[MOST_VALUES], there[MOST_VALUES];

    (void)state;
    assert_int_equal(model->representations[0]->n_mirrors, 2);
    assert_false(representation_axes(model->representations[0])->improper);
    assert_ok(covary_model_save(test_run(), model, path));
    assert_ok(covary_model_load(test_run(), path, &back));
    oracle_prediction by = oracle_predictor(model), by_back = oracle_predictor(back);

    for (int p = 0; p < 2; p++) {
        predict_at(along, 0.3, p, &by, here);
        predict_at(along, 0.3, p, &by_back, there);
        assert_memory_equal(here, there, (size_t)covary_model_n_values(model, p) * sizeof *here);
    }
    prediction_destroy(&by_back.into);
    prediction_destroy(&by.into);
    covary_model_destroy(&back);
    covary_model_destroy(&model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(two_moments_cross_smoothly),
    cmocka_unit_test(masses_jump_where_two_moments_cross),
    cmocka_unit_test(line_is_passed_smoothly),
    cmocka_unit_test(eckart_axes_pass_a_line_within_a_step),
    cmocka_unit_test(plane_is_passed_smoothly),
    cmocka_unit_test(mirror_image_is_reached_smoothly),
    cmocka_unit_test(full_torsion_needs_several_references),
    cmocka_unit_test(torsion_is_a_closed_loop),
    cmocka_unit_test(mirror_images_survive_the_file),
};

TEST_MAIN(cases)
