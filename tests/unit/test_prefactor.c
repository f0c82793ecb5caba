/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Quantum corrections and prefactors against values by hand, and lengths of transforms.
 * ranks: 1
 */
#include "spectra_support.h"

#include "spectra/fourier.h"
#include "spectra/prefactor.h"

static const double NU = 1000.0; /* cm^-1 */

/* The temperature at which hbar w / (kB T) is x. */
static double temperature_at(double x)
{
    return PLANCK * LIGHT_SPEED * 100.0 * NU / (BOLTZMANN * x);
}

static void corrections_have_their_values(void **state)
{
    (void)state;
    assert_near(quantum_correction(SPECTRA_HARMONIC, NU, temperature_at(1.0)), 1.5819767068693265,
                1e-14);
    assert_near(quantum_correction(SPECTRA_KUBO, NU, temperature_at(1.0)), 1.5819767068693265,
                1e-14);
    assert_near(quantum_correction(SPECTRA_SCHOFIELD, NU, temperature_at(1.0)), 1.6487212707001282,
                1e-14);
    assert_near(quantum_correction(SPECTRA_STANDARD, NU, temperature_at(1.0)), 1.4621171572600098,
                1e-14);
    assert_near(quantum_correction(SPECTRA_NO_CORRECTION, NU, temperature_at(1.0)), 1.0, 0.0);
}

/* Emission is absorption times the Boltzmann factor. */
static void corrections_obey_detailed_balance(void **state)
{
    (void)state;
    for (double x = 0.1; x < 20.0; x *= 3.0) {
        for (int c = SPECTRA_HARMONIC; c <= SPECTRA_STANDARD; c++) {
            const double up = quantum_correction((spectra_correction)c, NU, temperature_at(x));
            const double down = quantum_correction((spectra_correction)c, -NU, temperature_at(x));
            assert_near(up / down / exp(x), 1.0, 1e-12);
        }
    }
    for (int c = SPECTRA_HARMONIC; c <= SPECTRA_NO_CORRECTION; c++) {
        assert_near(quantum_correction((spectra_correction)c, 0.0, 300.0), 1.0, 0.0);
    }
}

static void absorption_goes_with_temperature_medium_and_correction(void **state)
{
    spectra_settings settings = spectra_default_settings();
    double           plain;

    (void)state;
    settings.temperature = temperature_at(1.0);
    plain = prefactor_absorption(NU, &settings);
    settings.refractive_index = 1.33;
    assert_near(prefactor_absorption(NU, &settings) / plain, 1.0 / 1.33, 1e-14);
    settings.refractive_index = 1.0;
    settings.correction = SPECTRA_SCHOFIELD;
    assert_near(prefactor_absorption(NU, &settings) / plain,
                1.6487212707001282 / 1.5819767068693265, 1e-14);
    settings.correction = SPECTRA_HARMONIC;
    settings.temperature *= 2.0;
    assert_near(prefactor_absorption(NU, &settings) / plain, 0.5, 1e-14);
    assert_near(prefactor_absorption(2.0 * NU, &settings) / plain, 2.0, 1e-14);
}

/* The fourth power of the scattered light's wavenumber. */
static void scattering_goes_with_the_laser(void **state)
{
    spectra_settings settings = spectra_default_settings();
    double           green;

    (void)state;
    settings.temperature = 300.0;
    green = prefactor_scattering(NU, &settings);
    settings.laser = 1064.0;
    assert_near(green / prefactor_scattering(NU, &settings),
                pow((1e7 / 532.0 - NU) / (1e7 / 1064.0 - NU), 4), 1e-11);
}

static void lengths_of_transforms_have_small_factors(void **state)
{
    static const int64_t wanted[][2] = {{1, 2},   {2, 2},   {11, 12},     {13, 14},
                                        {22, 24}, {97, 98}, {1025, 1050}, {19207, 19208}};

    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_int_equal(fourier_length(wanted[i][0]), wanted[i][1]);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(corrections_have_their_values),
    cmocka_unit_test(corrections_obey_detailed_balance),
    cmocka_unit_test(absorption_goes_with_temperature_medium_and_correction),
    cmocka_unit_test(scattering_goes_with_the_laser),
    cmocka_unit_test(lengths_of_transforms_have_small_factors),
};

TEST_MAIN(cases)
