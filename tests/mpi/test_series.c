/* SPDX-License-Identifier: BSD-3-Clause */
/* Series of dipoles and polarizabilities out of annotations and trajectories.  ranks: 1 2 3 4 */
#include "annotation_support.h"
#include "spectra/series_source.h"

#include "core/status.h"
#include "core/text.h"

#include <math.h>

/* --- labelled frames --------------------------------------------------------------------------
 */

static const double debye = 2.541746473; /* per e bohr */

static double dipole_at(int64_t frame, int c)
{
    return 0.25 * (double)frame - (double)c;
}

static double voigt_at(int64_t frame, int c)
{
    return 10.0 + (double)frame + 0.5 * (double)c;
}

static double velocity_at(int64_t frame, int i)
{
    return 0.125 * (double)i - 0.5 * (double)frame;
}

/* Frames `first` to `end` at 0.5 fs, as two atoms; from `gap` on 3 fs later. */
static const char *write_labels(const char *name, int64_t first, int64_t end, int64_t gap,
                                const char *more)
{
    text        made = {0};
    const char *path;

    for (int64_t f = first; f < end; f++) {
        assert_ok(text_add(&made,
                           "2\nProperties=species:S:1:pos:R:3:velo:R:3 time=%.1f dipole=\"%g %g "
                           "%g\" alpha=\"%g %g %g %g %g %g\"%s\n",
                           0.5 * (double)f + (f >= gap ? 3.0 : 0.0), dipole_at(f, 0),
                           dipole_at(f, 1), dipole_at(f, 2), voigt_at(f, 0), voigt_at(f, 1),
                           voigt_at(f, 2), voigt_at(f, 3), voigt_at(f, 4), voigt_at(f, 5), more));
        assert_ok(text_add(&made, "O 0 0 %g %g %g %g\nH 0 1 0 %g %g %g\n", (double)f,
                           velocity_at(f, 0), velocity_at(f, 1), velocity_at(f, 2),
                           velocity_at(f, 3), velocity_at(f, 4), velocity_at(f, 5)));
    }
    path = write_bytes(name, made.data, made.length);
    text_release(&made);
    return path;
}

static const series_options in_atomic_units = {
    .dipole_unit = "e*bohr", .polarizability_unit = "bohr^3", .velocity_unit = "angstrom/ps"};

static void assert_stretches(const series *of, int64_t n, const series_stretch *expected)
{
    assert_int_equal(of->n_stretches, n);
    for (int64_t s = 0; s < n; s++) {
        assert_int_equal(of->stretches[s].first, expected[s].first);
        assert_int_equal(of->stretches[s].count, expected[s].count);
    }
}

/* `in_file` of the first frame, and of the one behind it less that. */
static void assert_labels(const series *of, int64_t first, int64_t count, int64_t in_file,
                          int64_t stride)
{
    static const int places[] = {0, 5, 4, 5, 1, 3, 4, 3, 2};
    double           dipoles[3 * 64], tensors[9 * 64], velocities[6 * 64], positions[6 * 64];

    assert_true(count <= 64);
    assert_ok(of->read(of->source, SERIES_DIPOLE, first, count, dipoles));
    assert_ok(of->read(of->source, SERIES_POLARIZABILITY, first, count, tensors));
    assert_ok(of->read(of->source, SERIES_VELOCITY, first, count, velocities));
    assert_ok(of->read(of->source, SERIES_POSITION, first, count, positions));
    for (int64_t f = 0; f < count; f++) {
        const int64_t from = in_file + (first + f) * stride;
        for (int c = 0; c < 3; c++) {
            assert_near(dipoles[3 * f + c], debye * dipole_at(from, c), 1e-6);
        }
        for (int c = 0; c < 9; c++) {
            assert_near(tensors[9 * f + c], 0.148184711 * voigt_at(from, places[c]), 1e-7);
        }
        for (int i = 0; i < 6; i++) {
            assert_near(velocities[6 * f + i], 1e-3 * velocity_at(from, i), 1e-12);
        }
        assert_near(positions[6 * f + 2], (double)from, 1e-12);
        assert_near(positions[6 * f + 4], 1.0, 1e-12);
    }
}

static void labels_have_the_units_of_the_series(void **state)
{
    const char    *path = write_labels("labels.xyz", 0, 41, 41, "");
    series_source *from = NULL;

    (void)state;
    assert_ok(series_open(test_run(), &path, 1, &in_atomic_units, &from));
    const series *of = &from->of;
    assert_near(of->step, 0.5, 1e-12);
    assert_int_equal(of->n_frames, 41);
    assert_int_equal(of->n_molecules, 1);
    assert_int_equal(of->n_atoms, 2);
    assert_int_equal(of->species[0], 8);
    assert_near(of->masses[1], 1.008, 1e-3);
    assert_stretches(of, 1, (const series_stretch[]){{0, 41}});
    assert_true(of->has[SERIES_DIPOLE] && of->has[SERIES_POLARIZABILITY]);
    assert_true(of->has[SERIES_VELOCITY] && of->has[SERIES_POSITION]);
    assert_false(of->has[SERIES_DIPOLE_STD] || of->has[SERIES_FLAGS] || of->has[SERIES_VOLUME]);
    assert_int_equal(from->n_warnings, 0);
    assert_string_equal(from->names[SERIES_POLARIZABILITY].data, "alpha (bohr^3)");
    assert_labels(of, 0, 41, 0, 1);
    series_close(&from);
}

/* With room for five frames: ranges that overlap, go back, and are longer than the room. */
static void any_range_can_be_read_in_any_order(void **state)
{
    static const int64_t ranges[][2] = {{0, 4},  {2, 4},  {4, 5},  {3, 2},  {20, 3},
                                        {21, 9}, {24, 5}, {0, 41}, {40, 1}, {38, 3}};
    const char          *path = write_labels("ranges.xyz", 0, 41, 41, "");
    series_options       options = in_atomic_units;
    series_source       *from = NULL;

    (void)state;
    options.cache_bytes = 5 * 14 * 8;
    assert_ok(series_open(test_run(), &path, 1, &options, &from));
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        assert_labels(&from->of, ranges[r][0], ranges[r][1], 0, 1);
    }
    series_close(&from);
}

static void gaps_and_files_end_stretches(void **state)
{
    const char    *paths[] = {write_labels("first.xyz", 0, 10, 10, ""),
                              write_labels("second.xyz", 10, 41, 30, "")};
    series_options options = in_atomic_units;
    series_source *from = NULL;

    (void)state;
    assert_ok(series_open(test_run(), paths, 2, &options, &from));
    assert_stretches(&from->of, 3, (const series_stretch[]){{0, 10}, {10, 20}, {30, 11}});
    assert_int_equal(from->n_warnings, 1);
    assert_non_null(strstr(from->warnings[0], "1 gap in time, the first before frame 21 of "));
    assert_non_null(strstr(from->warnings[0], "second.xyz (3 fs)"));
    assert_labels(&from->of, 5, 30, 0, 1);
    series_close(&from);

    options.frames = "3:37:4"; /* 3 7 | 11 15 19 23 27 | 31 35 */
    assert_ok(series_open(test_run(), paths, 2, &options, &from));
    assert_near(from->of.step, 2.0, 1e-12);
    assert_stretches(&from->of, 3, (const series_stretch[]){{0, 2}, {2, 5}, {7, 2}});
    assert_labels(&from->of, 0, 9, 3, 4);
    series_close(&from);

    options.step = 0.7; /* whatever the times are */
    assert_ok(series_open(test_run(), paths, 2, &options, &from));
    assert_near(from->of.step, 2.8, 1e-12);
    assert_stretches(&from->of, 2, (const series_stretch[]){{0, 2}, {2, 7}});
    series_close(&from);
}

static void assert_refused(const char *path, const series_options *options, covary_status expected,
                           const char *message)
{
    series_source *from = NULL;

    assert_int_equal(series_open(test_run(), &path, 1, options, &from), expected);
    assert_null(from);
    assert_message(message);
}

static void what_is_missing_is_named(void **state)
{
    static const char bare_text[] = "1\ntime=0\nH 0 0 0\n1\ntime=1\nH 0 0 0\n";
    static const char timeless_text[] = "1\n\nH 0 0 0\n1\n\nH 0 0 0\n";
    static const char uneven_text[] = "1\ntime=0\nH 0 0 0\n1\ntime=1\nH 0 0 0\n1\ntime=3\nH 0 0 0"
                                      "\n1\ntime=7\nH 0 0 0\n1\ntime=15\nH 0 0 0\n";
    static const char lost_text[] =
        "1\ntime=0 mu=\"1 0 0\"\nH 0 0 0\n1\ntime=1\nH 0 0 0\n1\ntime=2 "
        "mu=\"1 0 0\"\nH 0 0 0\n";
    const char    *path = write_labels("refused.xyz", 0, 12, 12, "");
    const char    *bare = write_bytes("bare.xyz", bare_text, strlen(bare_text));
    const char    *timeless = write_bytes("timeless.xyz", timeless_text, strlen(timeless_text));
    const char    *uneven = write_bytes("uneven.xyz", uneven_text, strlen(uneven_text));
    const char    *lost = write_bytes("lost.xyz", lost_text, strlen(lost_text));
    series_options options = in_atomic_units;
    series_source *from = NULL;
    double         values[9];

    (void)state;
    options.dipole_unit = NULL;
    assert_refused(path, &options, COVARY_ERR_USAGE, "--unit dipole=UNIT");
    options.dipole_unit = "bohr^3";
    assert_refused(path, &options, COVARY_ERR_CONFIG, "--unit dipole=bohr^3");
    options.dipole_unit = "e*bohr";
    options.dipole = "dipol";
    assert_refused(path, &options, COVARY_ERR_DATA, "looked for dipol;");
    options.dipole = "none";
    assert_refused(path, &options, COVARY_ERR_USAGE, "the first frame has no dipole whose unit");
    options = (series_options){
        .frames = "3:4", .dipole = "none", .velocity = "none", .polarizability = "none"};
    assert_refused(path, &options, COVARY_ERR_DATA, "of 1 frame no two do");
    options.frames = NULL;
    assert_refused(timeless, &options, COVARY_ERR_DATA, "timeless.xyz, frame 1 has no time");
    assert_refused(uneven, &options, COVARY_ERR_DATA, "not equally spaced, from 1 to 8 fs");
    assert_ok(series_open(test_run(), &bare, 1, &options, &from));
    assert_int_equal(from->n_warnings, 1);
    assert_non_null(strstr(from->warnings[0], "neither dipoles nor polarizabilities"));
    series_close(&from);
    options = (series_options){.dipole_unit = "debye"};
    assert_ok(series_open(test_run(), &lost, 1, &options, &from));
    assert_int_equal(from->of.read(from->of.source, SERIES_DIPOLE, 0, 3, values), COVARY_ERR_DATA);
    assert_message("lost.xyz, frame 2: the dipole is missing");
    series_close(&from);
    assert_refused(scratch_path("nowhere.xyz"), &options, COVARY_ERR_IO, "cannot open");
}

/* --- annotations ------------------------------------------------------------------------------
 */

static void annotations_are_read_by_rows(void **state)
{
    const annotation_layout layout = full_layout();
    const char             *paths[] = {scratch_path("one.h5"), scratch_path("two.h5")};
    series_options          options = {0};
    series_source          *from = NULL;
    double                  values[9 * FRAMES];

    (void)state;
    write_file(test_run(), paths[0], &layout);
    write_file(test_run(), paths[1], &layout);
    assert_ok(series_open(test_run(), paths, 2, &options, &from));
    assert_near(from->of.step, 0.5, 1e-12);
    assert_stretches(&from->of, 2, (const series_stretch[]){{0, FRAMES}, {FRAMES, FRAMES}});
    assert_true(from->of.has[SERIES_VOLUME] && from->of.has[SERIES_FLAGS]);
    assert_false(from->of.has[SERIES_POSITION] || from->of.has[SERIES_DIPOLE_STD]);
    assert_ok(from->of.read(from->of.source, SERIES_POLARIZABILITY, 30, FRAMES, values));
    for (int64_t i = 0; i < 9 * FRAMES; i++) {
        assert_near(values[i], 0.148184711 * value_of(4, (30 + i / 9) % FRAMES, i % 9), 1e-5);
    }
    assert_ok(from->of.read(from->of.source, SERIES_VOLUME, 40, 2, values));
    assert_near(values[0], pow(cell_of(40, 0), 3), 1e-9);
    assert_near(values[1], pow(cell_of(0, 0), 3), 1e-9);
    assert_ok(from->of.read(from->of.source, SERIES_FLAGS, 3, 4, values));
    assert_near(values[3], flags_of(6), 0.0);
    series_close(&from);

    options.frames = "5::3"; /* 5 8 ... 38 | 0 3 ... 39 of the second file */
    assert_ok(series_open(test_run(), paths, 2, &options, &from));
    assert_near(from->of.step, 1.5, 1e-12);
    assert_stretches(&from->of, 2, (const series_stretch[]){{0, 12}, {12, 14}});
    assert_ok(from->of.read(from->of.source, SERIES_DIPOLE, 10, 4, values));
    for (int64_t i = 0; i < 12; i++) {
        static const int64_t rows[] = {35, 38, 0, 3};
        assert_near(values[i], debye * value_of(1, rows[i / 3], i % 3), 1e-4);
    }
    series_close(&from);

    options = (series_options){.dipole = "dipol"};
    assert_refused(paths[0], &options, COVARY_ERR_USAGE, "it holds dipole");
    options = (series_options){.dipole_unit = "debye"};
    assert_refused(paths[0], &options, COVARY_ERR_USAGE, "leave out --unit");
    options = (series_options){.frames = "100:"};
    assert_refused(paths[0], &options, COVARY_ERR_USAGE, "--frames 100: takes none of the 41");
    paths[1] = write_labels("beside.xyz", 0, 5, 5, "");
    options = (series_options){0};
    assert_int_equal(series_open(test_run(), paths, 2, &options, &from), COVARY_ERR_USAGE);
    assert_message("give annotations alone or trajectories alone");
}

static void unfinished_annotations_count_as_far_as_they_are_done(void **state)
{
    const annotation_layout layout = full_layout();
    const char             *path = scratch_path("begun.h5"), *part = scratch_path("begun.h5.part");
    annotation_writer      *writer = NULL;
    series_source          *from = NULL;

    (void)state;
    assert_ok(annotation_begin(test_run(), path, &layout, true, &writer));
    write_up_to(test_run(), writer, 20);
    assert_ok(annotation_flush(writer));
    annotation_abandon(&writer);
    assert_refused(path, &(series_options){0}, COVARY_ERR_IO, "only the unfinished");
    assert_ok(series_open(test_run(), &part, 1, &(series_options){0}, &from));
    assert_stretches(&from->of, 1, (const series_stretch[]){{0, 20}});
    assert_non_null(strstr(from->warnings[0], "only the first 20 of 41 frames are predicted"));
    series_close(&from);
}

/* Boxes of two molecules of one atom, without cells; covariances of their dipoles. */
enum { BOX_FRAMES = 6, BOX_OBSERVABLES = 3 };

static void write_boxes(const char *path)
{
    static const int64_t        members[] = {0, 1};
    static const uint8_t        species[] = {1, 1};
    const annotation_observable list[BOX_OBSERVABLES] = {
        {"dipole", unit_named("debye"), "vector", 1, false, true, NULL},
        {"dipole_covariance", NULL, NULL, 2, false, true, NULL},
        {"dipole_total", unit_named("debye"), "vector", 1, false, false, NULL}};
    const annotation_layout layout = {.n_frames = BOX_FRAMES,
                                      .n_atoms = 2,
                                      .species = species,
                                      .n_observables = BOX_OBSERVABLES,
                                      .observables = list,
                                      .n_molecules = 2,
                                      .molecule_atoms = 1,
                                      .molecules = members,
                                      .time = true};
    const int64_t           n = covary_run_rank(test_run()) == 0 ? BOX_FRAMES : 0;
    double dipoles[BOX_FRAMES * 6], covariances[BOX_FRAMES * 18], totals[BOX_FRAMES * 3];
    const double *const values[] = {dipoles, covariances, totals};
    uint8_t             flags[BOX_FRAMES * 2] = {0};
    annotation_writer  *writer = NULL;
    frames             *batch = NULL;

    for (int i = 0; i < BOX_FRAMES * 6; i++) {
        dipoles[i] = i;
    }
    for (int i = 0; i < BOX_FRAMES * 18; i++) {
        covariances[i] = i % 9 % 4 == 0 ? i * i : -1.0;
    }
    for (int i = 0; i < BOX_FRAMES * 3; i++) {
        totals[i] = -i;
    }
    flags[3] = ANNOTATION_FAR;
    assert_ok(frames_create(BOX_FRAMES, 2 * BOX_FRAMES, &batch));
    for (int64_t f = 0; f < n; f++) {
        assert_ok(frames_prepare(batch, 2));
        memcpy(batch->species + 2 * f, species, sizeof species);
        batch->time[f] = 2.0 * (double)f;
        frames_append(batch);
    }
    assert_ok(annotation_begin(test_run(), path, &layout, true, &writer));
    assert_ok(annotation_write(writer, batch, values, NULL, NULL, flags));
    assert_ok(annotation_commit(&writer));
    frames_destroy(&batch);
}

static void boxes_have_molecules_or_totals(void **state)
{
    const char    *path = scratch_path("boxes.h5");
    series_source *from = NULL;
    double         values[12];

    (void)state;
    write_boxes(path);
    assert_ok(series_open(test_run(), &path, 1, &(series_options){0}, &from));
    assert_int_equal(from->of.n_molecules, 2);
    assert_true(from->of.has[SERIES_DIPOLE_STD] && from->of.has[SERIES_FLAGS]);
    assert_ok(from->of.read(from->of.source, SERIES_DIPOLE, 1, 2, values));
    assert_near(values[11], 17.0, 1e-12);
    assert_ok(from->of.read(from->of.source, SERIES_DIPOLE_STD, 1, 1, values));
    assert_near(values[0], 18.0, 1e-12); /* xx of the first molecule */
    assert_near(values[4], 31.0, 1e-12); /* yy of the second */
    assert_ok(from->of.read(from->of.source, SERIES_FLAGS, 0, 3, values));
    assert_near(values[3], ANNOTATION_FAR, 0.0);
    assert_near(values[4], 0.0, 0.0);
    series_close(&from);

    assert_ok(
        series_open(test_run(), &path, 1, &(series_options){.dipole = "dipole_total"}, &from));
    assert_int_equal(from->of.n_molecules, 1);
    assert_false(from->of.has[SERIES_DIPOLE_STD] || from->of.has[SERIES_FLAGS]);
    assert_ok(from->of.read(from->of.source, SERIES_DIPOLE, 5, 1, values));
    assert_near(values[2], -17.0, 1e-12);
    series_close(&from);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(labels_have_the_units_of_the_series),
    cmocka_unit_test(any_range_can_be_read_in_any_order),
    cmocka_unit_test(gaps_and_files_end_stretches),
    cmocka_unit_test(what_is_missing_is_named),
    cmocka_unit_test(annotations_are_read_by_rows),
    cmocka_unit_test(unfinished_annotations_count_as_far_as_they_are_done),
    cmocka_unit_test(boxes_have_molecules_or_totals),
};

TEST_MAIN(cases)
