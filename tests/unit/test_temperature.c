/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Temperatures of motion that is known, and what spectra warn of.
 * ranks: 1
 */
#include "spectra_support.h"

#include "spectra/temperature.h"

/* Atoms about their places: water, or carbon dioxide that stays linear. */
static memory_series *molecule(bool linear, int64_t frames, double step)
{
    static const double bent_places[9] = {0, 0, 0.12, 0, 0.76, -0.47, 0, -0.76, -0.47};
    static const double line_places[9] = {0.1, 0.2, 0.3, 0.1, 0.2, 1.46, 0.1, 0.2, -0.86};
    memory_series      *made = series_create(1, frames, step, 1);
    double             *positions;
    test_random         stream = {29};

    made->of.n_atoms = 3;
    for (int atom = 0; atom < 3; atom++) {
        made->species[atom] = linear ? (atom == 0 ? 6 : 8) : (atom == 0 ? 8 : 1);
        made->masses[atom] = linear ? (atom == 0 ? 12.011 : 15.999) : (atom == 0 ? 15.999 : 1.008);
    }
    positions = series_add(made, SERIES_POSITION);
    for (int64_t i = 0; i < 9 * frames; i++) {
        const bool moves = i % 3 >= (linear ? 2 : 1);
        positions[i] = (linear ? line_places : bent_places)[i % 9] +
                       (moves ? 0.03 * test_normal(&stream) : 0.0);
    }
    return made;
}

/* Every atom as in a gas at 300 K, and the whole with a velocity and a rotation of its own. */
static void move(memory_series *in, double drift, double rotation)
{
    const double *positions = in->values[SERIES_POSITION];
    double       *velocities = in->values[SERIES_VELOCITY] == NULL ? series_add(in, SERIES_VELOCITY)
                                                                   : in->values[SERIES_VELOCITY];
    test_random   stream = {17};

    for (int64_t i = 0; i < 3 * in->of.n_frames; i++) {
        const double thermal = sqrt(thermal_energy(300.0) / in->masses[i % 3]);
        const double axis[3] = {0.6, 0.0, 0.8};
        for (int d = 0; d < 3; d++) {
            const int    e = (d + 1) % 3, f = (d + 2) % 3;
            const double cross = axis[e] * positions[3 * i + f] - axis[f] * positions[3 * i + e];
            velocities[3 * i + d] = thermal * test_normal(&stream) + drift + rotation * cross;
        }
    }
}

static void what_the_whole_does_is_no_heat(void **state)
{
    (void)state;
    for (int linear = 0; linear < 2; linear++) {
        memory_series *in = molecule(linear == 1, 20000, 1.0);
        temperature    still, moving;

        move(in, 0.0, 0.0);
        assert_ok(temperature_measure(test_run(), &in->of, &still));
        move(in, 0.3, 0.2);
        assert_ok(temperature_measure(test_run(), &in->of, &moving));
        assert_near(still.value, 300.0, 6.0);
        assert_near(moving.value, still.value, 1e-8);
        assert_true(still.error > 0.5 && still.error < 4.0);
        assert_true(fabs(still.drift) < 4.0 * still.of_drift);
        series_destroy(&in);
    }
}

/* Of a cell no rotation is left out: three degrees of freedom less, not six. */
static void a_cell_does_not_rotate(void **state)
{
    memory_series *in = molecule(false, 20000, 1.0);
    temperature    measured;

    (void)state;
    move(in, 0.3, 0.0);
    in->of.has[SERIES_POSITION] = false;
    in->of.has[SERIES_VOLUME] = true;
    assert_ok(temperature_measure(test_run(), &in->of, &measured));
    assert_near(measured.value, 300.0, 5.0);
    series_destroy(&in);
}

/* The first bond of water is kept as long as it is, by velocities that do not stretch it. */
static void rigid_bonds_have_no_heat(void **state)
{
    memory_series *in = molecule(false, 20000, 1.0);
    const double   reduced = 1.0 / (1.0 / in->masses[0] + 1.0 / in->masses[1]);
    temperature    measured;

    (void)state;
    move(in, 0.0, 0.0);
    for (int64_t f = 0; f < in->of.n_frames; f++) {
        double *x = in->values[SERIES_POSITION] + 9 * f, *v = in->values[SERIES_VELOCITY] + 9 * f;
        double  bond[3], length = 0.0, stretching = 0.0;
        for (int d = 0; d < 3; d++) {
            bond[d] = x[3 + d] - x[d];
            length += bond[d] * bond[d];
        }
        length = sqrt(length);
        for (int d = 0; d < 3; d++) {
            x[3 + d] = x[d] + 0.96 * bond[d] / length;
            stretching += (v[3 + d] - v[d]) * bond[d] / length;
        }
        for (int d = 0; d < 3; d++) {
            v[d] += reduced / in->masses[0] * stretching * bond[d] / length;
            v[3 + d] -= reduced / in->masses[1] * stretching * bond[d] / length;
        }
    }
    assert_ok(temperature_measure(test_run(), &in->of, &measured));
    assert_int_equal(measured.n_rigid, 1);
    assert_near(measured.value, 300.0, 7.0);
    series_destroy(&in);
}

/* A diatomic molecule that vibrates at 3700 cm^-1 and rotates, seen every 1 fs. */
static void positions_do_without_velocities(void **state)
{
    memory_series *in = series_create(2, 4000, 1.0, 1);
    const double   reduced = 1.008 * 15.999 / (1.008 + 15.999);
    double        *positions;
    temperature    measured;

    (void)state;
    in->of.n_atoms = 2;
    in->masses[0] = 1.008;
    in->masses[1] = 15.999;
    positions = series_add(in, SERIES_POSITION);
    for (int64_t f = 0; f < in->of.n_frames; f++) {
        const double q = oscillator(3700.0, 400.0, 0.3, (double)f);
        const double length = 0.97 + q / sqrt(reduced), angle = per_fs(20.0) * (double)f;
        for (int atom = 0; atom < 2; atom++) {
            const double share = atom == 0 ? reduced / 1.008 : -reduced / 15.999;
            positions[6 * f + 3 * atom] = share * length * cos(angle) + 1e-3 * (double)f;
            positions[6 * f + 3 * atom + 1] = share * length * sin(angle);
        }
    }
    assert_ok(temperature_measure(test_run(), &in->of, &measured));
    assert_near(measured.value, 400.0, 2.0);
    series_destroy(&in);
}

static void nothing_that_moves_has_no_temperature(void **state)
{
    memory_series   *in = molecule(false, 3000, 0.5);
    spectra_settings settings = spectra_default_settings();
    spectra         *made = NULL;
    temperature      measured;

    (void)state;
    series_add(in, SERIES_DIPOLE);
    for (int64_t i = 9; i < 9 * in->of.n_frames; i++) {
        in->values[SERIES_POSITION][i] = in->values[SERIES_POSITION][i % 9];
    }
    assert_int_equal(spectra_compute(test_run(), &in->of, &settings, &made), COVARY_ERR_CONFIG);
    assert_message("the temperature is not known");
    in->of.has[SERIES_POSITION] = false;
    assert_ok(temperature_measure(test_run(), &in->of, &measured));
    assert_true(isnan(measured.value));
    series_destroy(&in);
}

static bool warns_of(const spectra *made, const char *part)
{
    for (int w = 0; w < made->n_warnings; w++) {
        if (strstr(made->warnings[w], part) != NULL) {
            return true;
        }
    }
    return false;
}

static void a_measured_temperature_is_used_and_judged(void **state)
{
    memory_series   *in = molecule(false, 20000, 0.5);
    double          *dipole = series_add(in, SERIES_DIPOLE);
    spectra_settings settings = spectra_default_settings();
    test_random      stream = {2};
    spectra         *made = NULL;

    (void)state;
    move(in, 0.0, 0.0);
    for (int64_t i = 0; i < 3 * in->of.n_frames; i++) {
        dipole[i] = test_normal(&stream);
    }
    settings.resolution = 60.0;
    assert_ok(spectra_compute(test_run(), &in->of, &settings, &made));
    assert_true(made->temperature_measured);
    assert_near(made->settings.temperature, 300.0, 6.0);
    assert_int_equal(made->n_warnings, 0);
    spectra_destroy(&made);

    settings.temperature = 350.0;
    assert_ok(spectra_compute(test_run(), &in->of, &settings, &made));
    assert_true(!made->temperature_measured);
    assert_true(warns_of(made, "not as at 350 K"));
    spectra_destroy(&made);

    settings.temperature = 0.0;
    for (int64_t i = 0; i < 9 * in->of.n_frames; i++) {
        in->values[SERIES_VELOCITY][i] *= 0.8 + 0.4 * (double)i / (9.0 * (double)in->of.n_frames);
    }
    assert_ok(spectra_compute(test_run(), &in->of, &settings, &made));
    assert_true(warns_of(made, "the temperature drifts from 1"));
    spectra_destroy(&made);
    series_destroy(&in);
}

static void runs_that_are_too_coarse_or_short_are_told(void **state)
{
    memory_series   *in = series_create(3, 2000, 5.0, 1);
    spectra_settings settings = spectra_default_settings();
    spectra         *made = NULL;

    (void)state;
    series_add(in, SERIES_DIPOLE)[300] = 1.0;
    settings.temperature = 300.0;
    in->stretches[1].count = 100;
    assert_ok(spectra_compute(test_run(), &in->of, &settings, &made));
    assert_true(warns_of(made, "frames are 5 fs apart"));
    assert_true(warns_of(made, "1 of 3 runs of frames"));
    assert_near(made->wavenumber[made->n_points - 1], 3335.6, 3.0);
    spectra_destroy(&made);

    settings.resolution = 0.1;
    assert_ok(spectra_compute(test_run(), &in->of, &settings, &made));
    assert_true(warns_of(made, "too short for a resolution of 0.1 cm^-1"));
    assert_true(warns_of(made, "only 2 independent segments"));
    assert_near(made->resolution, 1.4406 / (2000 * 5.0 * 2.99792458e-5), 0.01);
    spectra_destroy(&made);

    in->of.n_stretches = 1;
    in->stretches[0].count = 10;
    assert_int_equal(spectra_compute(test_run(), &in->of, &settings, &made), COVARY_ERR_DATA);
    assert_message("give a longer trajectory");
    series_destroy(&in);
}

static void values_that_jump_are_told(void **state)
{
    memory_series   *in = series_create(1, 20000, 0.5, 1);
    double          *dipole = series_add(in, SERIES_DIPOLE);
    spectra_settings settings = spectra_default_settings();
    test_random      stream = {6};
    spectra         *made = NULL;

    (void)state;
    for (int64_t i = 0; i < 3 * in->of.n_frames; i++) {
        dipole[i] = 0.01 * test_normal(&stream) + (i >= 3 * 12345 ? 1.0 : 0.0);
    }
    settings.temperature = 300.0;
    settings.resolution = 60.0;
    assert_ok(spectra_compute(test_run(), &in->of, &settings, &made));
    assert_int_equal(made->n_warnings, 1);
    assert_true(warns_of(made, "the dipole jumps by 1.7"));
    assert_true(warns_of(made, "to frame 12345 "));
    spectra_destroy(&made);
    series_destroy(&in);
}

static void settings_and_parts_are_checked(void **state)
{
    memory_series   *in = series_create(1, 2000, 0.5, 1);
    spectra_settings settings = spectra_default_settings();
    spectra         *made = NULL;

    (void)state;
    series_add(in, SERIES_DIPOLE);
    settings.temperature = 300.0;
    settings.resolution = 0.0;
    assert_int_equal(spectra_compute(test_run(), &in->of, &settings, &made), COVARY_ERR_CONFIG);
    assert_message("the resolution of spectra is 0");
    settings.resolution = 20.0;
    settings.parts = SPECTRA_IR | SPECTRA_RAMAN;
    assert_int_equal(spectra_compute(test_run(), &in->of, &settings, &made), COVARY_ERR_DATA);
    assert_message("a Raman spectrum needs polarizabilities");
    settings.parts = SPECTRA_IR;
    settings.from = 1e5;
    assert_int_equal(spectra_compute(test_run(), &in->of, &settings, &made), COVARY_ERR_CONFIG);
    assert_message("widen the range");
    series_destroy(&in);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(what_the_whole_does_is_no_heat),
    cmocka_unit_test(a_cell_does_not_rotate),
    cmocka_unit_test(rigid_bonds_have_no_heat),
    cmocka_unit_test(positions_do_without_velocities),
    cmocka_unit_test(nothing_that_moves_has_no_temperature),
    cmocka_unit_test(a_measured_temperature_is_used_and_judged),
    cmocka_unit_test(runs_that_are_too_coarse_or_short_are_told),
    cmocka_unit_test(values_that_jump_are_told),
    cmocka_unit_test(settings_and_parts_are_checked),
};

TEST_MAIN(cases)
