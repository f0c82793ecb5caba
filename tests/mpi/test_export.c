/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Annotations in other formats: the bytes depend neither on the number of ranks nor on the batch,
 * extended XYZ comes back through our own reader, frames that are not predicted are left out, and
 * whatever fails leaves an earlier file as it was.   ranks: 1 2 3 4
 */
#include "fault_support.h"
#include "units_support.h"

#include "annotation/annotation.h"
#include "trajectory/trajectory.h"

#include <covary/export.h>
#include <math.h>

enum { ATOMS = 3, FRAMES = 11, OBSERVABLES = 4 };

static const uint8_t WATER[ATOMS] = {8, 1, 1};

/* --- an annotation in which every value is known --------------------------------------------- */

static const annotation_observable *observables(void)
{
    static annotation_observable list[OBSERVABLES];

    list[0] = (annotation_observable){"charges", unit_named("e"), "scalar", 0, true, false, NULL};
    list[1] =
        (annotation_observable){"dipole", unit_named("debye"), "vector", 1, false, false, NULL};
    list[2] = (annotation_observable){"energy", unit_named("eV"), "scalar", 0, false, false, NULL};
    list[3] = (annotation_observable){
        "polarizability", unit_named("angstrom^3"), "symmetric-tensor", 2, false, false, NULL};
    return list;
}

static double value_of(int observable, int64_t frame, int64_t i)
{
    return 100.0 * observable + (double)frame / 7.0 - 0.01 * (double)i;
}

static double position_of(int64_t frame, int64_t i)
{
    return sin((double)(9 * frame + i));
}

static double cell_of(int64_t frame, int i)
{
    return (i % 4 == 0 ? 10.0 : 0.1) + 0.01 * (double)frame;
}

enum { SIZES = 16 };

/* All frames of the file; rank 0 writes them. */
typedef struct {
    double  values[OBSERVABLES][FRAMES * SIZES], margin[FRAMES], distance[FRAMES];
    double  positions[FRAMES * 3 * ATOMS], cell[9 * FRAMES], time[FRAMES];
    int64_t starts[FRAMES + 1], step[FRAMES];
    uint8_t species[FRAMES * ATOMS], periodic[FRAMES], flags[FRAMES];
} contents;

static void fill(contents *all)
{
    static const int sizes[OBSERVABLES] = {ATOMS, 3, 1, 9};

    for (int64_t frame = 0; frame < FRAMES; frame++) {
        for (int o = 0; o < OBSERVABLES; o++) {
            for (int i = 0; i < sizes[o]; i++) {
                all->values[o][frame * sizes[o] + i] = value_of(o, frame, i);
            }
        }
        for (int i = 0; i < 3 * ATOMS; i++) {
            all->positions[3 * ATOMS * frame + i] = position_of(frame, i);
        }
        for (int i = 0; i < 9; i++) {
            all->cell[9 * frame + i] = cell_of(frame, i);
        }
        memcpy(all->species + ATOMS * frame, WATER, ATOMS);
        all->starts[frame + 1] = ATOMS * (frame + 1);
        all->step[frame] = 10 * frame;
        all->time[frame] = 0.5 * (double)frame;
        all->margin[frame] = 0.25;
        all->distance[frame] = 1.0 / 3.0;
        all->flags[frame] = frame % 2 == 1;
    }
}

static annotation_layout layout_of(void)
{
    return (annotation_layout){.n_frames = FRAMES,
                               .n_atoms = ATOMS,
                               .species = WATER,
                               .n_observables = OBSERVABLES,
                               .observables = observables(),
                               .positions = true,
                               .cell = true,
                               .periodic = 5,
                               .time = true,
                               .margin = true,
                               .distance = true};
}

/* What a run that ended early has left, under the name of what it would have become. */
static void take_part(const char *path)
{
    char part[600];

    snprintf(part, sizeof part, "%s.part", path);
    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        assert_int_equal(rename(part, path), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

/* Frames [0, n) are predicted. */
static void write_annotation(const char *path, const annotation_layout *layout, int64_t n)
{
    static contents     all;
    annotation_writer  *writer = NULL;
    const double *const values[OBSERVABLES] = {all.values[0], all.values[1], all.values[2],
                                               all.values[3]};
    frames              batch = {.n_frames = covary_run_rank(test_run()) == 0 ? n : 0,
                                 .atom_start = all.starts,
                                 .positions = all.positions,
                                 .species = all.species,
                                 .cell = all.cell,
                                 .periodic = all.periodic,
                                 .step = all.step,
                                 .time = all.time};

    fill(&all);
    assert_ok(annotation_begin(test_run(), path, layout, true, &writer));
    assert_ok(annotation_write(writer, &batch, values, all.margin, all.distance, all.flags));
    if (n == FRAMES) {
        assert_ok(annotation_commit(&writer));
    } else {
        assert_ok(annotation_flush(writer));
        annotation_abandon(&writer);
        take_part(path);
    }
}

static char        annotation_path[512];
static const char *annotated(void)
{
    annotation_layout layout = layout_of();

    snprintf(annotation_path, sizeof annotation_path, "%s", scratch_path("annotation.h5"));
    write_annotation(annotation_path, &layout, FRAMES);
    return annotation_path;
}

/* --- files ------------------------------------------------------------------------------------ */

static void put_earlier(const char *path)
{
    if (covary_run_rank(test_run()) == 0) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs("earlier", file);
        fclose(file);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

static void assert_earlier(const char *path)
{
    size_t size;
    char  *bytes = slurp(path, &size);

    assert_string_equal(bytes, "earlier");
    free(bytes);
    MPI_Barrier(covary_run_comm(test_run()));
}

static covary_status export_to(const char *name, const covary_export_options *options)
{
    return covary_export(test_run(), annotation_path, options, scratch_path(name));
}

/* --- cases ------------------------------------------------------------------------------------ */

/* Every format, from all ranks with batches of 1, 2 and all frames, and from each rank alone. */
static void bytes_are_the_same_for_any_number_of_ranks(void **state)
{
    static const char *const formats[] = {"extxyz", "csv", "npy", "travis"};
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    const char              *dipole = "dipole";
    covary_run              *alone = NULL;
    char                     lone[64];

    (void)state;
    annotated();
    assert_ok(covary_run_create(MPI_COMM_SELF, &quiet, &alone));
    snprintf(lone, sizeof lone, "alone%d", covary_run_rank(test_run()));
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        covary_export_options options = {.format = formats[f], .frames = "1::2"};
        size_t                one, all;

        options.n_properties = strcmp(formats[f], "npy") == 0;
        options.properties = &dipole;
        assert_ok(covary_export(alone, annotation_path, &options, scratch_path(lone)));
        for (options.batch = 0; options.batch < 3; options.batch++) {
            assert_ok(export_to("together", &options));
            char *bytes = slurp(scratch_path("together"), &all);
            char *expected = slurp(scratch_path(lone), &one);
            assert_int_equal(all, one);
            assert_memory_equal(bytes, expected, one);
            free(bytes);
            free(expected);
            MPI_Barrier(covary_run_comm(test_run()));
        }
    }
    covary_run_destroy(&alone);
}

static const char *const        DIPOLE_KEYS[] = {"dipole", NULL},
                         *const ALPHA_KEYS[] = {"polarizability", NULL},
                         *const CHARGE_KEYS[] = {"charges", NULL};

static void assert_frame(const frames *batch, int64_t frame)
{
    for (int i = 0; i < 3 * ATOMS; i++) {
        /* the shortest decimal of a float is within half a unit in its last place */
        assert_true((float)frames_positions(batch, frame)[i] == (float)position_of(frame, i));
    }
    for (int i = 0; i < 9; i++) {
        assert_true(batch->cell[9 * frame + i] == cell_of(frame, i));
        assert_true(frames_label(batch, 1, frame)[i] == value_of(3, frame, i));
    }
    for (int i = 0; i < 3; i++) {
        assert_true(frames_label(batch, 0, frame)[i] == value_of(1, frame, i));
        assert_true(frames_label(batch, 2, frame)[i] == value_of(0, frame, i));
    }
    assert_int_equal(batch->step[frame], 10 * frame);
    assert_true(batch->time[frame] == 0.5 * (double)frame);
    assert_int_equal(batch->periodic[frame], 5);
    assert_memory_equal(frames_species(batch, frame), WATER, ATOMS);
}

/* Bit for bit, but for positions, which the annotation has in single precision. */
static void extended_xyz_comes_back(void **state)
{
    const covary_export_options options = {.format = "extxyz", .batch = 2};
    const label_request         requests[] = {
                {.name = "dipole", .keys = DIPOLE_KEYS, .n_components = 3},
                {.name = "polarizability", .keys = ALPHA_KEYS, .n_components = 9},
                {.name = "charges", .keys = CHARGE_KEYS, .n_components = 1, .per_atom = true}};
    const trajectory_options wanted = {.requests = requests, .n_requests = 3};
    trajectory              *opened = NULL;
    frames                  *batch = NULL;
    char                     path[512];
    const char              *paths[1] = {path};

    (void)state;
    annotated();
    assert_ok(export_to("back.xyz", &options));
    snprintf(path, sizeof path, "%s", scratch_path("back.xyz"));
    assert_ok(trajectory_open(test_run(), paths, 1, &wanted, &opened));
    assert_int_equal(trajectory_n_frames(opened), FRAMES);
    assert_ok(frames_create(FRAMES, FRAMES * ATOMS, &batch));
    assert_ok(trajectory_read(opened, 0, FRAMES, batch));
    for (int64_t frame = 0; frame < FRAMES; frame++) {
        assert_frame(batch, frame);
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

/* A number with all its digits, so that it can be looked for. */
static const char *digits(double value)
{
    static char texts[4][32];
    static int  next;
    char       *text = texts[next++ % 4];

    for (int n = 1; n < 18; n++) {
        snprintf(text, sizeof texts[0], "%.*g", n, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    return text;
}

static void lines_of_csv_are_frames(void **state)
{
    static const char *const    properties[] = {"polarizability", "charges", "charges"};
    const covary_export_options options = {
        .format = "csv", .n_properties = 3, .properties = properties, .frames = "-2:"};
    size_t size;
    char   expected[256], *bytes;

    (void)state;
    annotated();
    assert_ok(export_to("out.csv", &options));
    bytes = slurp(scratch_path("out.csv"), &size);
    assert_ptr_equal(strstr(bytes, "frame,step,time [fs],polarizability_xx [angstrom^3],"
                                   "polarizability_xy [angstrom^3],"),
                     bytes);
    assert_non_null(strstr(bytes, ",charges_0 [e],charges_1 [e],charges_2 [e],domain,"
                                  "domain_margin,domain_distance\n"));
    snprintf(expected, sizeof expected, "\n9,90,4.5,%s,%s,", digits(value_of(3, 9, 0)),
             digits(value_of(3, 9, 1)));
    assert_non_null(strstr(bytes, expected));
    snprintf(expected, sizeof expected, ",%s,0,0.25,0.3333333333333333\n",
             digits(value_of(0, 10, 2)));
    assert_non_null(strstr(bytes, expected));
    free(bytes);
}

/* Frames are 0.5 fs apart: windows narrow what --frames leaves, and count what is not predicted. */
static void windows_of_time_take_their_frames(void **state)
{
    static const struct {
        const char *frames, *times, *first; /* first line behind the names */
        int         lines;
    } cases[] = {{NULL, "1.2:3.5", "\n3,30,1.5,", 5},
                 {"1::3", "0.002ps:", "\n4,40,2.0,", 3},
                 {NULL, ":0.5", "\n0,0,0.0,", 2},
                 {"-4:", "4:4", "\n8,80,4.0,", 1}};

    (void)state;
    annotated();
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const covary_export_options options = {
            .format = "csv", .frames = cases[c].frames, .times = cases[c].times, .batch = 2};
        size_t size;
        int    lines = 0;

        assert_ok(export_to("window.csv", &options));
        char *bytes = slurp(scratch_path("window.csv"), &size);
        for (size_t i = 0; i < size; i++) {
            lines += bytes[i] == '\n';
        }
        assert_int_equal(lines, 1 + cases[c].lines);
        assert_ptr_equal(strstr(bytes, cases[c].first), strchr(bytes, '\n'));
        free(bytes);
        MPI_Barrier(covary_run_comm(test_run()));
    }
}

/* 1 angstrom^3 = 4 pi epsilon_0 (1e-10 m)^3 = 1.11265005545e-40 C m^2/V; e pm^2 = 1.602e-43 C m^2
 */
static void polarizabilities_for_travis_are_in_its_unit(void **state)
{
    const covary_export_options options = {.format = "travis", .frames = "3:4"};
    const double                factor = 1.11265005545e-40 / 1.602176634e-43;
    size_t                      size;
    char                       *bytes, *at;

    (void)state;
    annotated();
    assert_ok(export_to("out.dat", &options));
    bytes = slurp(scratch_path("out.dat"), &size);
    assert_int_equal(bytes[0], '#');
    at = strchr(bytes, '\n') + 1;
    assert_int_equal(strtol(at, &at, 10), 30);
    assert_near(strtod(at, &at), 1.5, 0.0);
    for (int i = 0; i < 9; i++) {
        double expected = factor * value_of(3, 3, i);
        assert_near(strtod(at, &at), expected, 1e-9 * fabs(expected));
    }
    assert_string_equal(at, "\n");
    free(bytes);
}

static void several_arrays_are_several_files(void **state)
{
    const covary_export_options options = {.format = "npy"};
    static const char *const    names[] = {"all.charges.npy", "all.dipole.npy", "all.energy.npy",
                                           "all.polarizability.npy"};
    static const int            sizes[] = {ATOMS, 3, 1, 9};
    static const char *const    shapes[] = {"(11, 3,)", "(11, 3,)", "(11,)", "(11, 3, 3,)"};

    (void)state;
    annotated();
    assert_ok(export_to("all.npy", &options));
    for (int o = 0; o < OBSERVABLES; o++) {
        size_t  size;
        char   *bytes = slurp(scratch_path(names[o]), &size);
        double *values = malloc((size_t)(FRAMES * sizes[o]) * sizeof *values);

        assert_int_equal(size, 128 + sizeof *values * (size_t)(FRAMES * sizes[o]));
        assert_non_null(strstr(bytes + 10, shapes[o]));
        memcpy(values, bytes + 128, size - 128);
        for (int i = 0; i < FRAMES * sizes[o]; i++) {
            assert_true(values[i] == value_of(o, i / sizes[o], i % sizes[o]));
        }
        free(values);
        free(bytes);
    }
}

static void frames_not_predicted_are_left_out(void **state)
{
    const covary_export_options options = {.format = "csv", .batch = 1};
    const covary_export_options late = {.format = "csv", .frames = "9:"};
    annotation_layout           layout = layout_of();
    size_t                      size;
    char                       *bytes;
    int                         lines = 0;

    (void)state;
    snprintf(annotation_path, sizeof annotation_path, "%s", scratch_path("unfinished.h5"));
    write_annotation(annotation_path, &layout, 8);
    assert_ok(export_to("some.csv", &options));
    bytes = slurp(scratch_path("some.csv"), &size);
    for (size_t i = 0; i < size; i++) {
        lines += bytes[i] == '\n';
    }
    assert_int_equal(lines, 1 + 8);
    assert_non_null(strstr(bytes, "\n7,70,3.5,"));
    free(bytes);
    assert_int_equal(export_to("none.csv", &late), COVARY_ERR_DATA);
    assert_message("none of the 2 frames is predicted yet");
    assert_ok(export_to("some.csv", &(covary_export_options){.format = "csv", .times = "3:"}));
    assert_int_equal(
        export_to("none.csv", &(covary_export_options){.format = "csv", .times = "4:"}),
        COVARY_ERR_USAGE);
    assert_message("times 4: takes none of the 11 frames");
}

/* Fails with these words, and the file that was there is still there. */
static void refuse(const covary_export_options *options, covary_status code, const char *words)
{
    put_earlier(scratch_path("kept"));
    assert_int_equal(export_to("kept", options), code);
    assert_message(words);
    assert_earlier(scratch_path("kept"));
}

static void what_cannot_be_exported_is_told(void **state)
{
    static const char *const mu[] = {"mu"}, *const dipole[] = {"dipole"};
    annotation_layout layout = layout_of();

    (void)state;
    annotated();
    refuse(&(covary_export_options){.format = "extxy"}, COVARY_ERR_USAGE,
           "did you mean 'extxyz'?; there are h5md, extxyz, csv, npy, travis");
    refuse(&(covary_export_options){0}, COVARY_ERR_USAGE,
           "there are h5md, extxyz, csv, npy, travis");
    refuse(&(covary_export_options){.format = "csv", .compress = 3}, COVARY_ERR_USAGE,
           "for the format h5md, not for csv");
    refuse(&(covary_export_options){.format = "h5md", .compress = 10}, COVARY_ERR_USAGE,
           "0 to 9, not 10");
    refuse(&(covary_export_options){.format = "csv", .n_properties = 1, .properties = mu},
           COVARY_ERR_USAGE, "has no property 'mu'; it holds charges (e), dipole (debye)");
    refuse(&(covary_export_options){.format = "travis", .n_properties = 1, .properties = dipole},
           COVARY_ERR_DATA, "the property named is no polarizability");
    refuse(&(covary_export_options){.format = "csv", .frames = "20:"}, COVARY_ERR_USAGE,
           "takes none of the 11 frames");
    refuse(&(covary_export_options){.format = "csv", .frames = ":4", .times = "2:"},
           COVARY_ERR_USAGE, "frames :4 times 2: takes none of the 11 frames");
    refuse(&(covary_export_options){.format = "csv", .times = "2:1"}, COVARY_ERR_USAGE, "2:1");
    assert_int_equal(covary_export(test_run(), annotation_path,
                                   &(covary_export_options){.format = "csv"}, annotation_path),
                     COVARY_ERR_USAGE);
    assert_message("would be overwritten");
    layout.time = false;
    write_annotation(annotation_path, &layout, FRAMES);
    refuse(&(covary_export_options){.format = "csv", .times = "1:"}, COVARY_ERR_DATA,
           "has no times; select by numbers of frames (--frames)");

    layout.positions = false;
    layout.n_observables = 2; /* charges and dipole */
    write_annotation(annotation_path, &layout, FRAMES);
    refuse(&(covary_export_options){.format = "extxyz"}, COVARY_ERR_DATA, "holds no positions");
    refuse(&(covary_export_options){.format = "travis"}, COVARY_ERR_DATA,
           "there is no polarizability");
    layout.n_observables = 0;
    write_annotation(annotation_path, &layout, FRAMES);
    refuse(&(covary_export_options){.format = "npy"}, COVARY_ERR_DATA, "holds no property");
    assert_int_equal(covary_export(test_run(), scratch_path("nowhere.h5"),
                                   &(covary_export_options){.format = "csv"}, "out.csv"),
                     COVARY_ERR_IO);
}

/* The same bytes in every other format as those of the annotation that it was made from. */
static void compressed_annotations_hold_the_same(void **state)
{
    static const covary_export_options copies[] = {
        {.format = "h5md"},
        {.format = "h5md", .compress = 4},
        {.format = "h5md", .compress = 9, .chunk = 2},
        {.format = "h5md", .compress = 1, .chunk = 3, .batch = 1},
    };
    const covary_export_options text = {.format = "extxyz"};
    annotation                 *opened = NULL;
    char                        copied[512], expected[512];
    size_t                      one, other;

    (void)state;
    annotated();
    snprintf(copied, sizeof copied, "%s", scratch_path("copied.h5"));
    snprintf(expected, sizeof expected, "%s", scratch_path("expected.xyz"));
    assert_ok(export_to("expected.xyz", &text));
    for (size_t c = 0; c < sizeof copies / sizeof copies[0]; c++) {
        assert_ok(covary_export(test_run(), annotation_path, &copies[c], copied));
        assert_ok(covary_export(test_run(), copied, &text, scratch_path("copied.xyz")));
        char *found = slurp(scratch_path("copied.xyz"), &one), *bytes = slurp(expected, &other);
        assert_int_equal(one, other);
        assert_memory_equal(found, bytes, one);
        free(found);
        free(bytes);
        assert_ok(annotation_open(test_run(), copied, &opened));
        assert_int_equal(annotation_n_complete(opened), FRAMES);
        assert_true(annotation_has_single_positions(opened));
        annotation_close(&opened);
    }
}

static void parts_of_annotations_are_annotations(void **state)
{
    static const char *const    properties[] = {"polarizability"};
    const covary_export_options part = {.format = "h5md",
                                        .compress = 5,
                                        .no_positions = true,
                                        .frames = "1:10:4",
                                        .n_properties = 1,
                                        .properties = properties};
    annotation                 *opened = NULL;
    double                      values[3 * 9], cell[9];
    int64_t                     steps[3];

    (void)state;
    annotated();
    assert_ok(export_to("part.h5", &part));
    assert_ok(annotation_open(test_run(), scratch_path("part.h5"), &opened));
    assert_int_equal(annotation_n_frames(opened), 3);
    assert_int_equal(annotation_n_complete(opened), 3);
    assert_int_equal(annotation_n_observables(opened), 1);
    assert_ptr_equal(annotation_observable_at(opened, 0)->unit, unit_named("angstrom^3"));
    assert_false(annotation_has_positions(opened));
    assert_ok(annotation_read_values(opened, 0, 0, 3, values));
    assert_ok(annotation_read_steps(opened, 0, 3, steps));
    assert_ok(annotation_read_cell(opened, 2, 1, cell));
    for (int frame = 0; frame < 3; frame++) {
        assert_int_equal(steps[frame], 10 * (1 + 4 * frame));
        for (int i = 0; i < 9; i++) {
            assert_true(values[9 * frame + i] == value_of(3, 1 + 4 * frame, i));
            assert_true(cell[i] == cell_of(9, i));
        }
    }
    annotation_close(&opened);
}

static covary_status export_pass(covary_run *run)
{
    const covary_export_options options = {.format = "extxyz", .batch = 3};

    return covary_export(run, annotation_path, &options, scratch_path("output.h5"));
}

static covary_status compress_pass(covary_run *run)
{
    const covary_export_options options = {
        .format = "h5md", .compress = 1, .n_properties = 1, .properties = DIPOLE_KEYS};

    return covary_export(run, annotation_path, &options, scratch_path("output.h5"));
}

static void every_agreement_may_fail(void **state)
{
    (void)state;
    if (covary_run_size(test_run()) > 3) {
        skip(); /* nothing new for many ranks */
    }
    annotated();
    fail_everywhere(export_pass, true, 8);
    fail_on_last_rank(compress_pass, true, 8);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(bytes_are_the_same_for_any_number_of_ranks),
    cmocka_unit_test(extended_xyz_comes_back),
    cmocka_unit_test(lines_of_csv_are_frames),
    cmocka_unit_test(windows_of_time_take_their_frames),
    cmocka_unit_test(polarizabilities_for_travis_are_in_its_unit),
    cmocka_unit_test(several_arrays_are_several_files),
    cmocka_unit_test(compressed_annotations_hold_the_same),
    cmocka_unit_test(parts_of_annotations_are_annotations),
    cmocka_unit_test(frames_not_predicted_are_left_out),
    cmocka_unit_test(what_cannot_be_exported_is_told),
    cmocka_unit_test(every_agreement_may_fail),
};

TEST_MAIN(cases)
