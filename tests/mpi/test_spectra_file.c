/* SPDX-License-Identifier: BSD-3-Clause */
/* Spectra through the library's one call, to a file and back; failures anywhere.  ranks: 1 2 */
#include "fault_support.h"

#include "core/text.h"
#include "spectra/spectra_set.h"
#include "storage/storage.h"

#include <math.h>

enum { FRAMES = 1300 };

static const double band = 1000.0; /* cm^-1, of everything that moves */

/* Two atoms and their labels that swing at one frequency; a frame is missing. */
static const char *write_swing(const char *name, int n_frames)
{
    const double angular = 2.0 * acos(-1.0) * 2.99792458e-5 * band;
    const char  *path;
    text         made = {0};

    for (int f = 0; f < n_frames; f++) {
        const double swing = cos(angular * f);
        if (f == 7) {
            continue;
        }
        assert_ok(text_add(&made,
                           "2\nProperties=species:S:1:pos:R:3:velo:R:3 time=%d mu=\"%.9f 1 0\" "
                           "alpha=\"%.9f 3 3 0 0 0\"\nC %.9f 0 0 %.9f 0 0\nO 1 0 0 0 0 0\n",
                           f, swing, 3.0 + swing, 0.01 * swing,
                           -0.01 * angular * sin(angular * f)));
    }
    path = write_bytes(name, made.data, made.length);
    text_release(&made);
    return path;
}

static const covary_spectra_options given = {.dipole_unit = "debye",
                                             .polarizability_unit = "angstrom^3",
                                             .velocity_unit = "angstrom/fs",
                                             .resolution = 80.0,
                                             .temperature = 300.0,
                                             .from = 100.0,
                                             .to = 2000.0,
                                             .command = "covary spectra swing.xyz"};

static void assert_same_values(const double *a, const double *b, int64_t n)
{
    assert_int_equal(a == NULL, b == NULL);
    for (int64_t i = 0; a != NULL && i < n; i++) {
        assert_true(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])));
    }
}

static void what_is_written_comes_back(void **state)
{
    const char         *path = write_swing("swing.xyz", FRAMES), *file = scratch_path("out.h5");
    covary_spectra_set *made = NULL, *read = NULL;

    (void)state;
    assert_ok(covary_spectra(test_run(), &path, 1, &given, file, &made));
    assert_ok(covary_spectra_load(test_run(), file, &read));
    assert_int_equal(covary_spectra_count(read), covary_spectra_count(made));
    assert_int_equal(covary_spectra_n_points(read), covary_spectra_n_points(made));
    assert_same_values(covary_spectra_wavenumbers(read), covary_spectra_wavenumbers(made),
                       covary_spectra_n_points(made));
    for (int s = 0; s < covary_spectra_count(made); s++) {
        const covary_spectrum a = covary_spectra_at(made, s);
        const int             at = covary_spectra_find(read, a.name);
        assert_true(at >= 0);
        const covary_spectrum b = covary_spectra_at(read, at);
        assert_string_equal(a.description, b.description);
        assert_string_equal(a.unit, b.unit);
        assert_int_equal(a.area_unit == NULL, b.area_unit == NULL);
        assert_true(a.area_unit == NULL || a.area_factor == b.area_factor);
        assert_same_values(a.values, b.values, covary_spectra_n_points(made));
        assert_same_values(a.errors, b.errors, covary_spectra_n_points(made));
        assert_same_values(a.floor, b.floor, covary_spectra_n_points(made));
    }
    assert_int_equal(covary_spectra_find(made, "raman"), -1);
    assert_near(covary_spectra_temperature(read), 300.0, 0.0);
    assert_near(covary_spectra_resolution(read), covary_spectra_resolution(made), 0.0);
    assert_int_equal(covary_spectra_n_warnings(read), covary_spectra_n_warnings(made));
    assert_non_null(strstr(covary_spectra_warning(read, 0), "1 gap in time"));
    assert_int_equal(read->of.settings.method, made->of.settings.method);
    assert_int_equal(read->of.settings.padding, made->of.settings.padding);
    assert_int_equal(read->n_stretches, 2);
    assert_string_equal(read->sources[2], "velo (angstrom/fs)");
    assert_string_equal(read->command, given.command);
    assert_int_equal(strncmp(read->checksums[0], "sha256:", 7), 0);
    covary_spectra_destroy(&read);
    covary_spectra_destroy(&made);
    assert_null(made);
}

/* The same on any number of ranks: rank 0's are compared with the others'. */
static void bands_are_where_they_should_be(void **state)
{
    static const char *const names[] = {"ir", "ir_decadic", "raman_unpolarized", "power"};
    const char              *path = write_swing("bands.xyz", FRAMES);
    covary_spectra_set      *made = NULL;
    covary_band             *bands = NULL;
    int                      n = 0;

    (void)state;
    assert_ok(covary_spectra(test_run(), &path, 1, &given, NULL, &made));
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        assert_ok(
            covary_spectra_bands(made, covary_spectra_find(made, names[k]), 0.05, &n, &bands));
        assert_int_equal(n, 1);
        assert_near(bands[0].position, band, 6.0); /* the factor w^2 weighs the upper side more */
        assert_near(bands[0].width, 80.0, 8.0);
        assert_true(bands[0].floor == 0.0 && bands[0].area > 0.0);
        covary_bands_release(&bands);
    }
    covary_spectra_destroy(&made);
}

static void other_files_are_no_spectra(void **state)
{
    const char         *path = write_swing("swing.xyz", 5), *file = scratch_path("later.h5");
    const char         *listed[] = {"a"};
    const int64_t       two = 2;
    storage            *made = NULL;
    covary_spectra_set *read = NULL;

    (void)state;
    assert_int_equal(covary_spectra_load(test_run(), path, &read), COVARY_ERR_FORMAT);
    assert_int_equal(covary_spectra_load(test_run(), scratch_path("none.h5"), &read),
                     COVARY_ERR_IO);
    assert_ok(storage_create(test_run(), file, &made));
    assert_ok(storage_put_texts(made, "/names", 1, listed));
    assert_ok(storage_commit(&made));
    assert_int_equal(covary_spectra_load(test_run(), file, &read), COVARY_ERR_FORMAT);
    assert_message("later.h5: holds no spectra");
    assert_ok(storage_create(test_run(), file, &made));
    assert_ok(storage_set_text(made, "/", "format", "covary spectra"));
    assert_ok(storage_set_int64(made, "/", "format_version", two));
    assert_ok(storage_commit(&made));
    assert_int_equal(covary_spectra_load(test_run(), file, &read), COVARY_ERR_FORMAT);
    assert_message("version 2, this program reads version 1; compute them again");
    assert_null(read);
}

static covary_status compute(covary_run *run)
{
    const char *path = scratch_path("swing.xyz");

    return covary_spectra(run, &path, 1, &given, scratch_path("output.h5"), NULL);
}

static covary_status load(covary_run *run)
{
    covary_spectra_set *read = NULL;
    covary_status       status = covary_spectra_load(run, scratch_path("kept.h5"), &read);

    covary_spectra_destroy(&read);
    return status;
}

static void any_failing_agreement_stops_all(void **state)
{
    const char *path = write_swing("swing.xyz", 150);

    (void)state;
    assert_ok(covary_spectra(test_run(), &path, 1, &given, scratch_path("kept.h5"), NULL));
    fail_on_ranks(compute, true, 20, covary_run_size(test_run()) - 1, 17);
    fail_on_ranks(load, false, 20, covary_run_size(test_run()) - 1, 11);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(what_is_written_comes_back),
    cmocka_unit_test(bands_are_where_they_should_be),
    cmocka_unit_test(other_files_are_no_spectra),
    cmocka_unit_test(any_failing_agreement_stops_all),
};

TEST_MAIN(cases)
