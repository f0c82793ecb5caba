/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spectra against closed forms and direct sums.
 * ranks: 1
 */
#include "spectra_support.h"

/* Long, The Raman Effect (2002), eq. 5.5: a Stokes line's cross-section, m^2/sr. */
static double cross_section(double mean, double gamma_squared, double laser)
{
    const double nu = 100.0 * BAND, nu_laser = 1e9 / laser;
    const double energy = PLANCK * LIGHT_SPEED * nu / (BOLTZMANN * TEMPERATURE);
    const double unit = 1e-40 / DALTON; /* (m^3)^2/(m^2 kg) of angstrom^6/(angstrom^2 dalton) */

    return pow(2.0 * PI, 4) * pow(nu_laser - nu, 4) * PLANCK /
           (8.0 * PI * PI * LIGHT_SPEED * nu * (1.0 - exp(-energy))) * unit *
           (45.0 * mean * mean + 7.0 * gamma_squared) / 45.0;
}

static void oscillators_have_the_intensities_of_the_double_harmonic_formulas(void **state)
{
    memory_series *from = oscillators(6, 12000, 0.5, MEAN, OFF);
    const double   gamma_squared = 3.0 * OFF * OFF;

    (void)state;
    for (int way = 0; way < 4; way++) {
        spectra_settings settings = given_temperature();
        settings.method = way % 2 == 0 ? SPECTRA_WELCH : SPECTRA_CORRELATION;
        settings.derivative = way / 2 == 0 ? SPECTRA_EXACT : SPECTRA_DIFFERENCES;
        spectra *made = compute(from, &settings);

        assert_near(area_of(made, "ir", 1300.0, 1700.0), 42.2561, 0.002 * 42.2561);
        assert_near(area_of(made, "ir_decadic", 1300.0, 1700.0), 42.2561 * 1e5 / 1e3 / log(10.0),
                    0.002 * 42.2561 * 100.0 / log(10.0));
        const double expected = cross_section(MEAN, gamma_squared, settings.laser);
        assert_near(area_of(made, "raman_unpolarized", 1300.0, 1700.0) / expected, 1.0, 0.002);
        assert_near(area_of(made, "raman_isotropic", 1300.0, 1700.0) /
                        cross_section(MEAN, 0.0, settings.laser),
                    1.0, 0.002);
        const double parallel = area_of(made, "raman_parallel", 1300.0, 1700.0);
        const double perpendicular = area_of(made, "raman_perpendicular", 1300.0, 1700.0);
        assert_near((parallel + perpendicular) / expected, 1.0, 0.002);
        assert_near(mean_between(made, spectrum_of(made, "depolarization")->values, 1495.0, 1505.0),
                    3.0 * gamma_squared / (45.0 * MEAN * MEAN + 4.0 * gamma_squared), 1e-9);
        spectra_destroy(&made);
    }
    series_destroy(&from);
}

static void a_line_is_as_wide_as_the_resolution(void **state)
{
    memory_series *from = oscillators(2, 20000, 0.5, MEAN, OFF);

    (void)state;
    for (int way = 0; way < 8; way++) {
        spectra_settings settings = given_temperature();
        settings.method = way % 2 == 0 ? SPECTRA_WELCH : SPECTRA_CORRELATION;
        settings.window = (spectra_window)(way / 2);
        settings.padding = 16;
        spectra        *made = compute(from, &settings);
        const spectrum *ir = spectrum_of(made, "ir");
        double          highest = 0.0, width = 0.0;

        for (int64_t i = 0; i < made->n_points; i++) {
            highest = fmax(highest, ir->values[i]);
        }
        for (int64_t i = 0; i < made->n_points; i++) {
            width +=
                ir->values[i] > 0.5 * highest ? made->wavenumber[1] - made->wavenumber[0] : 0.0;
        }
        assert_near(made->resolution, 10.0, 0.02);
        assert_near(width, 10.0, 0.7);
        spectra_destroy(&made);
    }
    series_destroy(&from);
}

static void depolarization_is_exact_at_its_limits(void **state)
{
    static const double parts[2][2] = {{MEAN, 0.0}, {0.0, OFF}};

    (void)state;
    for (int limit = 0; limit < 2; limit++) {
        memory_series   *from = oscillators(1, 6000, 0.5, MEAN, OFF);
        spectra_settings settings = given_temperature();
        double          *alpha = from->values[SERIES_POLARIZABILITY];

        for (int64_t f = 0; f < from->of.n_frames; f++) {
            const double q = from->values[SERIES_DIPOLE][3 * f + 1];
            alpha[9 * f] = (parts[limit][0] + parts[limit][1]) * q;
            alpha[9 * f + 4] = (parts[limit][0] - parts[limit][1]) * q;
            alpha[9 * f + 8] = parts[limit][0] * q;
        }
        spectra        *made = compute(from, &settings);
        const spectrum *ratio = spectrum_of(made, "depolarization");
        for (int64_t i = 1; i < made->n_points; i++) {
            assert_true(ratio->values[i] == (limit == 0 ? 0.0 : 0.75));
        }
        spectra_destroy(&made);
        series_destroy(&from);
    }
}

static void a_rotating_dipole_has_its_line_alone(void **state)
{
    memory_series *from = series_create(1, 30000, 0.5, 1);
    double        *dipole = series_add(from, SERIES_DIPOLE);

    (void)state;
    for (int64_t f = 0; f < from->of.n_frames; f++) {
        dipole[3 * f] = 2.0 * cos(per_fs(60.0) * 0.5 * (double)f);
        dipole[3 * f + 1] = 2.0 * sin(per_fs(60.0) * 0.5 * (double)f);
        dipole[3 * f + 2] = 1.0;
    }
    for (int way = 0; way < 2; way++) {
        spectra_settings settings = given_temperature();
        settings.method = (spectra_method)way;
        spectra        *made = compute(from, &settings);
        const spectrum *ir = spectrum_of(made, "ir");
        double          highest = 0.0;

        for (int64_t i = 0; i < made->n_points; i++) {
            highest = fmax(highest, ir->values[i]);
        }
        for (int64_t i = 0; i < made->n_points; i++) {
            if (fabs(made->wavenumber[i] - 60.0) < 1.0) {
                assert_true(ir->values[i] > 0.5 * highest);
            } else if (fabs(made->wavenumber[i] - 60.0) > 100.0) {
                assert_true(fabs(ir->values[i]) < (way == 0 ? 1e-6 : 1e-2) * highest);
            }
        }
        spectra_destroy(&made);
    }
    series_destroy(&from);
}

/* Without a window and from end to end, the sum over the spectrum is that over the frames. */
static void power_adds_up_to_the_kinetic_energy(void **state)
{
    enum { FRAMES = 1000, ATOMS = 3 };
    memory_series   *from = series_create(1, FRAMES, 1.0, 1);
    double          *velocity, energy[2] = {0.0};
    test_random      stream = {3};
    spectra_settings settings = given_temperature();

    (void)state;
    from->of.n_atoms = ATOMS;
    for (int atom = 0; atom < ATOMS; atom++) {
        from->species[atom] = atom == 0 ? 8 : 1;
        from->masses[atom] = atom == 0 ? 15.999 : 1.008;
    }
    velocity = series_add(from, SERIES_VELOCITY);
    for (int64_t i = 0; i < 3 * ATOMS * FRAMES; i++) {
        velocity[i] = 0.01 * test_normal(&stream);
        energy[i / 3 % ATOMS == 0] +=
            from->masses[i / 3 % ATOMS] * velocity[i] * velocity[i] / FRAMES;
    }
    settings.window = SPECTRA_NO_WINDOW;
    settings.padding = 1;
    settings.resolution = 0.886 / (100.0 * LIGHT_SPEED * FRAMES * FEMTOSECOND);
    settings.to = 1e6;
    spectra *made = compute(from, &settings);
    assert_int_equal(made->segment_frames, FRAMES);
    assert_near(area_of(made, "power_H", 0.0, 1e6), energy[0] / thermal_energy(TEMPERATURE), 1e-9);
    assert_near(area_of(made, "power_O", 0.0, 1e6), energy[1] / thermal_energy(TEMPERATURE), 1e-9);
    assert_near(area_of(made, "power", 0.0, 1e6),
                (energy[0] + energy[1]) / thermal_energy(TEMPERATURE), 1e-9);
    spectra_destroy(&made);
    series_destroy(&from);
}

static void white_errors_have_their_floor(void **state)
{
    const double     deviation = 0.01;
    memory_series   *from = series_create(4, 8000, 0.5, 1);
    double          *dipole = series_add(from, SERIES_DIPOLE);
    double          *alpha = series_add(from, SERIES_POLARIZABILITY);
    double          *dipole_std = series_add(from, SERIES_DIPOLE_STD);
    double          *alpha_std = series_add(from, SERIES_POLARIZABILITY_STD);
    test_random      stream = {11};
    spectra_settings settings = given_temperature();
    const double     w = per_fs(1500.0) / FEMTOSECOND, error = deviation * DEBYE;

    (void)state;
    settings.resolution = 50.0;
    for (int64_t f = 0; f < from->of.n_frames; f++) {
        for (int i = 0; i < 3; i++) {
            dipole[3 * f + i] = deviation * test_normal(&stream);
            dipole_std[3 * f + i] = deviation;
            for (int j = i; j < 3; j++) {
                alpha[9 * f + 3 * i + j] = alpha[9 * f + 3 * j + i] =
                    deviation * (1 + i + j) * test_normal(&stream);
                alpha_std[9 * f + 3 * i + j] = alpha_std[9 * f + 3 * j + i] =
                    deviation * (1 + i + j);
            }
        }
    }
    spectra                 *made = compute(from, &settings);
    const spectrum          *ir = spectrum_of(made, "ir");
    static const char *const names[] = {"ir", "raman_isotropic", "raman_perpendicular"};
    for (int s = 0; s < 3; s++) {
        const spectrum *of = spectrum_of(made, names[s]);
        assert_near(mean_between(made, of->values, 500.0, 3500.0) /
                        mean_between(made, of->floor, 500.0, 3500.0),
                    1.0, 0.1);
    }
    assert_near(mean_between(made, ir->floor, 1480.0, 1520.0) /
                    (AVOGADRO /
                     (6.0 * VACUUM_PERMITTIVITY * LIGHT_SPEED * BOLTZMANN * TEMPERATURE) * w * w *
                     3.0 * error * error * 0.5 * FEMTOSECOND),
                1.0, 0.02);
    assert_null(spectrum_of(made, "depolarization")->floor);
    spectra_destroy(&made);
    series_destroy(&from);
}

/* A dipole that turns over at random times, with the frames behind flagged, upon a vibration. */
static void jumps_have_their_floor(void **state)
{
    const double     rate = 1.0 / 200.0, jump = 0.1; /* 1/fs, debye */
    memory_series   *from = series_create(4, 16000, 0.5, 1);
    double          *dipole = series_add(from, SERIES_DIPOLE);
    double          *flags = series_add(from, SERIES_FLAGS);
    test_random      stream = {5};
    spectra_settings settings = given_temperature();
    double           sign = 1.0, step = jump * DEBYE;

    (void)state;
    for (int64_t f = 0; f < from->of.n_frames; f++) {
        if (test_uniform(&stream) < rate * 0.5) {
            sign = -sign;
            flags[f] = 2.0;
        }
        dipole[3 * f] = 0.5 * jump * sign;
        dipole[3 * f + 1] = 0.02 * cos(per_fs(300.0) * 0.5 * (double)f);
    }
    spectra        *made = compute(from, &settings);
    const spectrum *ir = spectrum_of(made, "ir");
    const double    expected = AVOGADRO /
                            (6.0 * VACUUM_PERMITTIVITY * LIGHT_SPEED * BOLTZMANN * TEMPERATURE) *
                            rate / FEMTOSECOND * step * step;
    assert_near(mean_between(made, ir->values, 1000.0, 2500.0) / expected, 1.0, 0.2);
    assert_near(mean_between(made, ir->floor, 1000.0, 2500.0) / expected, 1.0, 0.2);
    assert_near(mean_between(made, ir->floor, 1000.0, 2500.0) /
                    mean_between(made, ir->values, 1000.0, 2500.0),
                1.0, 0.1);
    spectra_destroy(&made);
    series_destroy(&from);
}

/* Standard errors are the spread of many spectra of the same noise. */
static void errors_are_the_spread_of_spectra(void **state)
{
    enum { TIMES = 12 };
    spectra_settings settings = given_temperature();
    test_random      stream = {21};

    (void)state;
    settings.resolution = 60.0;
    settings.padding = 1;
    for (int way = 0; way < 2; way++) {
        double  squares = 0.0, errors = 0.0, sum[2000] = {0.0}, sum_squares[2000] = {0.0};
        int64_t n = 0;

        settings.method = (spectra_method)way;
        for (int time = 0; time < TIMES; time++) {
            memory_series *from = series_create(1, 20000, 1.0, 1);
            double        *dipole = series_add(from, SERIES_DIPOLE);
            for (int64_t i = 0; i < 3 * from->of.n_frames; i++) {
                dipole[i] = test_normal(&stream);
            }
            spectra        *made = compute(from, &settings);
            const spectrum *ir = spectrum_of(made, "ir");
            n = made->n_points;
            for (int64_t i = n / 2; i < n; i++) {
                sum[i] += ir->values[i] / TIMES;
                sum_squares[i] += ir->values[i] * ir->values[i] / TIMES;
                errors += ir->errors[i] * ir->errors[i];
            }
            spectra_destroy(&made);
            series_destroy(&from);
        }
        for (int64_t i = n / 2; i < n; i++) {
            squares += TIMES * (sum_squares[i] - sum[i] * sum[i]) * TIMES / (TIMES - 1);
        }
        assert_near(sqrt(errors / squares), 1.0, 0.1);
    }
}

/* S at an angular frequency per step, by the correlation function, slowly. */
static double direct_correlation(const memory_series *from, int value, double w, int64_t most)
{
    const double *x = from->values[SERIES_DIPOLE] + value;
    double        density = 0.0;

    for (int64_t lag = 0; lag <= most; lag++) {
        double sum = 0.0, n = 0.0;
        for (int64_t s = 0; s < from->of.n_stretches; s++) {
            const int64_t first = from->stretches[s].first, count = from->stretches[s].count;
            double        mean = 0.0;
            for (int64_t f = first; f < first + count; f++) {
                mean += x[3 * f] / (double)count;
            }
            for (int64_t f = first; f + lag < first + count; f++) {
                sum += (x[3 * f] - mean) * (x[3 * (f + lag)] - mean);
                n += 1.0;
            }
        }
        density += (lag == 0 ? 1.0 : 2.0) * from->of.step * sum / n *
                   pow(cos(0.5 * PI * (double)lag / (double)most), 2) * cos(w * (double)lag);
    }
    return density;
}

/* The same by segments that begin where the header of pieces.h says. */
static double direct_segments(const memory_series *from, int value, double w, int64_t length)
{
    const double *x = from->values[SERIES_DIPOLE] + value;
    double        density = 0.0, n = 0.0;

    for (int64_t s = 0; s < from->of.n_stretches; s++) {
        const int64_t spare = from->stretches[s].count - length, count = spare / (length / 2) + 1;
        for (int64_t i = 0; i < count; i++, n += 1.0) {
            const int64_t extra = i < spare % (count - 1) ? i : spare % (count - 1);
            const int64_t first = from->stretches[s].first + spare / (count - 1) * i + extra;
            double        mean = 0.0, real = 0.0, imaginary = 0.0, square = 0.0;
            for (int64_t f = 0; f < length; f++) {
                mean += x[3 * (first + f)] / (double)length;
            }
            for (int64_t f = 0; f < length; f++) {
                const double window = pow(sin(PI * (double)f / (double)length), 2);
                real += window * (x[3 * (first + f)] - mean) * cos(w * (double)f);
                imaginary += window * (x[3 * (first + f)] - mean) * sin(w * (double)f);
                square += window * window;
            }
            density += (real * real + imaginary * imaginary) * from->of.step / square;
        }
    }
    return density / n;
}

static void estimates_are_those_of_direct_sums(void **state)
{
    memory_series *from = series_create(2, 700, 0.5, 1);
    double        *dipole = series_add(from, SERIES_DIPOLE);
    test_random    stream = {13};

    (void)state;
    for (int64_t i = 0; i < 3 * from->of.n_frames; i++) {
        dipole[i] = (i < 3 ? 5.0 : dipole[i - 3]) + 0.1 * test_normal(&stream);
    }
    for (int way = 0; way < 2; way++) {
        spectra_settings settings = given_temperature();
        settings.method = (spectra_method)way;
        settings.resolution = 350.0;
        settings.padding = 2;
        spectra        *made = compute(from, &settings);
        const spectrum *ir = spectrum_of(made, "ir");
        for (int64_t i = 1; i < made->n_points; i += 5) {
            const double w = per_fs(made->wavenumber[i]) / FEMTOSECOND;
            double       density = 0.0;
            for (int value = 0; value < 3; value++) {
                density += (way == 0 ? direct_segments : direct_correlation)(
                    from, value, w * FEMTOSECOND * from->of.step, made->segment_frames);
            }
            density *= AVOGADRO /
                       (6.0 * VACUUM_PERMITTIVITY * LIGHT_SPEED * BOLTZMANN * TEMPERATURE) * w * w *
                       DEBYE * DEBYE * FEMTOSECOND;
            assert_near(ir->values[i] / density, 1.0, 1e-9);
        }
        spectra_destroy(&made);
    }
    series_destroy(&from);
}

/* Random dipoles and polarizabilities of the molecules of a box; deviations that are all alike. */
static memory_series *box_of(int n_molecules, int64_t frames)
{
    memory_series *made = series_create(2, frames, 0.5, n_molecules);
    double        *dipole = series_add(made, SERIES_DIPOLE);
    double        *alpha = series_add(made, SERIES_POLARIZABILITY);
    double        *deviations = series_add(made, SERIES_DIPOLE_STD);
    test_random    stream = {9};

    for (int64_t i = 0; i < n_molecules * made->of.n_frames; i++) {
        for (int k = 0; k < 9; k++) {
            dipole[3 * i + k / 3] = test_normal(&stream);
            deviations[3 * i + k / 3] = 0.1;
            alpha[9 * i + k] = test_normal(&stream);
        }
    }
    return made;
}

/* A molecule of the box, or (-1) the sum of all, as a series of its own. */
static memory_series *taken_from(const memory_series *box, int molecule)
{
    const int64_t  n = box->of.n_molecules;
    memory_series *made = series_create(2, box->of.n_frames / 2, 0.5, 1);

    for (int k = SERIES_DIPOLE; k <= SERIES_POLARIZABILITY; k++) {
        const series_kind kind = (series_kind)k;
        double           *values = series_add(made, kind);
        const int64_t     width = series_width(&made->of, kind);
        for (int64_t i = 0; i < width * made->of.n_frames; i++) {
            for (int64_t m = 0; m < n; m++) {
                const double value = box->values[kind][(i / width * n + m) * width + i % width];
                values[i] += molecule < 0 || molecule == m ? value : 0.0;
            }
        }
    }
    return made;
}

static void molecules_add_up(void **state)
{
    enum { MOLECULES = 3 };
    static const char *const names[2][3] = {{"ir", "ir_self", "ir_cross"},
                                            {"raman_unpolarized", "raman_self", "raman_cross"}};
    memory_series           *box = box_of(MOLECULES, 3000);
    spectra_settings         settings = given_temperature();
    spectra                 *made = compute(box, &settings), *alone[MOLECULES + 1];

    (void)state;
    for (int m = 0; m <= MOLECULES; m++) {
        memory_series *one = taken_from(box, m < MOLECULES ? m : -1);
        alone[m] = compute(one, &settings);
        series_destroy(&one);
    }
    for (int kind = 0; kind < 2; kind++) {
        const double *self = spectrum_of(made, names[kind][1])->values;
        const double *cross = spectrum_of(made, names[kind][2])->values;
        for (int64_t i = 1; i < made->n_points; i++) {
            double sum = 0.0;
            for (int m = 0; m < MOLECULES; m++) {
                sum += spectrum_of(alone[m], names[kind][0])->values[i] / MOLECULES;
            }
            const double total =
                spectrum_of(alone[MOLECULES], names[kind][0])->values[i] / MOLECULES;
            assert_near(self[i] / sum, 1.0, 1e-12);
            assert_near(spectrum_of(made, names[kind][0])->values[i] / total, 1.0, 1e-12);
            assert_near(cross[i] / sum, total / sum - 1.0, 1e-12);
        }
    }
    for (int64_t i = 1; i < made->n_points; i++) {
        const double floor = spectrum_of(made, "ir")->floor[i];
        assert_near(floor / spectrum_of(alone[0], "ir")->floor[i], 1.0, 1e-12);
        assert_near(spectrum_of(made, "ir_self")->floor[i] / floor, 1.0, 0.0);
    }
    assert_null(spectrum_of(made, "ir_cross")->floor);
    for (int m = 0; m <= MOLECULES; m++) {
        spectra_destroy(&alone[m]);
    }
    spectra_destroy(&made);
    series_destroy(&box);
}

/* Rows of a larger box, of random numbers that are made when they are read; or their sum. */
typedef struct {
    int64_t first, count;
    bool    summed;
} made_rows;

static covary_status read_made(void *source, series_kind kind, int64_t first, int64_t count,
                               double *values)
{
    const made_rows *rows = source;
    const int64_t    n_rows = rows->summed ? 1 : rows->count;

    assert_int_equal(kind, SERIES_DIPOLE);
    memset(values, 0, (size_t)(3 * n_rows * count) * sizeof *values);
    for (int64_t frame = 0; frame < count; frame++) {
        for (int64_t i = 0; i < 3 * rows->count; i++) {
            test_random stream = {(uint64_t)((first + frame) * 100000 + 3 * rows->first + i)};
            values[3 * n_rows * frame + (rows->summed ? i % 3 : i)] += test_uniform(&stream) - 0.5;
        }
    }
    return COVARY_OK;
}

static spectra *compute_made(made_rows rows)
{
    const series_stretch stretch = {0, 9700};
    spectra_settings     settings = given_temperature();
    spectra             *made = NULL;
    const series         from = {.step = 0.5,
                                 .n_frames = stretch.count,
                                 .n_stretches = 1,
                                 .stretches = &stretch,
                                 .n_molecules = rows.summed ? 1 : rows.count,
                                 .has = {[SERIES_DIPOLE] = true},
                                 .source = &rows,
                                 .read = read_made};

    settings.padding = 1;
    assert_ok(spectra_compute(test_run(), &from, &settings, &made));
    return made;
}

/* The larger box does not fit into the memory that traces take. */
static void rows_in_strips_are_those_of_smaller_boxes(void **state)
{
    enum { BOXES = 3, ROWS = 100 };
    spectra *all = compute_made((made_rows){0, BOXES * ROWS, false});
    spectra *sum = compute_made((made_rows){0, BOXES * ROWS, true}), *parts[BOXES];

    (void)state;
    for (int box = 0; box < BOXES; box++) {
        parts[box] = compute_made((made_rows){(int64_t)box * ROWS, ROWS, false});
    }
    for (int64_t i = 1; i < all->n_points; i++) {
        double self = 0.0;
        for (int box = 0; box < BOXES; box++) {
            self += spectrum_of(parts[box], "ir_self")->values[i] / BOXES;
        }
        assert_near(spectrum_of(all, "ir_self")->values[i] / self, 1.0, 1e-12);
        assert_near(spectrum_of(all, "ir")->values[i] /
                        (spectrum_of(sum, "ir")->values[i] / (BOXES * ROWS)),
                    1.0, 1e-9);
    }
    for (int box = 0; box < BOXES; box++) {
        spectra_destroy(&parts[box]);
    }
    spectra_destroy(&all);
    spectra_destroy(&sum);
}

/* One degree of freedom, from positions by w^2 or by differences. */
static void power_follows_from_positions(void **state)
{
    memory_series *from = series_create(3, 8000, 0.5, 1);
    double        *position;

    (void)state;
    from->of.n_atoms = 1;
    from->species[0] = 6;
    from->masses[0] = 12.011;
    position = series_add(from, SERIES_POSITION);
    for (int64_t f = 0; f < from->of.n_frames; f++) {
        position[3 * f] =
            3.0 +
            oscillator(BAND, TEMPERATURE, 0.4 * (double)(f / 8000), 0.5 * (double)f) / sqrt(12.011);
    }
    for (int way = 0; way < 2; way++) {
        spectra_settings settings = given_temperature();
        settings.derivative = (spectra_derivative)way;
        spectra *made = compute(from, &settings);
        assert_near(area_of(made, "power", 1300.0, 1700.0), 1.0, 0.002);
        assert_near(area_of(made, "power_C", 1300.0, 1700.0), 1.0, 0.002);
        spectra_destroy(&made);
    }
    series_destroy(&from);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(oscillators_have_the_intensities_of_the_double_harmonic_formulas),
    cmocka_unit_test(a_line_is_as_wide_as_the_resolution),
    cmocka_unit_test(depolarization_is_exact_at_its_limits),
    cmocka_unit_test(a_rotating_dipole_has_its_line_alone),
    cmocka_unit_test(power_adds_up_to_the_kinetic_energy),
    cmocka_unit_test(white_errors_have_their_floor),
    cmocka_unit_test(jumps_have_their_floor),
    cmocka_unit_test(errors_are_the_spread_of_spectra),
    cmocka_unit_test(estimates_are_those_of_direct_sums),
    cmocka_unit_test(molecules_add_up),
    cmocka_unit_test(rows_in_strips_are_those_of_smaller_boxes),
    cmocka_unit_test(power_follows_from_positions),
};

TEST_MAIN(cases)
