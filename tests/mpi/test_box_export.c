/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Annotations with molecules in other formats: every character that is expected, from any number of
 * ranks, with batches of any size.   ranks: 1 2 3 4
 */
#include "fault_support.h"
#include "units_support.h"

#include "annotation/annotation.h"

#include <covary/export.h>

enum { ATOMS = 7, MOLECULES = 2, FRAMES = 3, OBSERVABLES = 5 };

/* Two hydroxides, of which one has its atoms apart, and atoms between them. */
static const uint8_t SPECIES[ATOMS] = {8, 1, 18, 1, 8, 2, 1};
static const int64_t MEMBERS[MOLECULES * 2] = {4, 6, 0, 1};

static const int SIZES[OBSERVABLES] = {4, 6, 3, 18, 9};

/* Short in decimals, so that lines can be written down. */
static double value_of(int observable, int64_t frame, int i)
{
    return 1000.0 * observable + 100.0 * (double)frame + i + 0.5;
}

/* All frames of the file; rank 0 writes them. */
typedef struct {
    double  values[OBSERVABLES][FRAMES * 18];
    double  margin[FRAMES * MOLECULES], distance[FRAMES * MOLECULES];
    double  positions[FRAMES * 3 * ATOMS], cell[9 * FRAMES], time[FRAMES];
    int64_t starts[FRAMES + 1], step[FRAMES];
    uint8_t species[FRAMES * ATOMS], periodic[FRAMES], flags[FRAMES * MOLECULES];
} contents;

static void fill(contents *all)
{
    for (int64_t frame = 0; frame < FRAMES; frame++) {
        for (int o = 0; o < OBSERVABLES; o++) {
            for (int i = 0; i < SIZES[o]; i++) {
                all->values[o][frame * SIZES[o] + i] = value_of(o, frame, i);
            }
        }
        for (int i = 0; i < 3 * ATOMS; i++) {
            all->positions[3 * ATOMS * frame + i] = i;
        }
        for (int m = 0; m < MOLECULES; m++) {
            all->margin[MOLECULES * frame + m] = m == 0 ? 0.25 : 0.75;
            all->distance[MOLECULES * frame + m] = m == 0 ? 0.125 : 2.5;
            all->flags[MOLECULES * frame + m] = m == 0 ? ANNOTATION_AMBIGUOUS : ANNOTATION_FAR;
        }
        memcpy(all->species + ATOMS * frame, SPECIES, ATOMS);
        all->starts[frame + 1] = ATOMS * (frame + 1);
        all->step[frame] = 10 * frame;
        all->time[frame] = 0.5 * (double)frame;
    }
}

static annotation_layout layout_of(annotation_observable *list)
{
    const unit *debye = unit_named("debye"), *volume = unit_named("angstrom^3");

    list[0] = (annotation_observable){"charges", unit_named("e"), "scalar", 0, true, true, NULL};
    list[1] = (annotation_observable){"dipole", debye, "vector", 1, false, true, NULL};
    list[2] = (annotation_observable){"dipole_total", debye, "vector", 1, false, false, NULL};
    list[3] =
        (annotation_observable){"polarizability", volume, "symmetric-tensor", 2, false, true, NULL};
    list[4] = (annotation_observable){
        "polarizability_total", volume, "symmetric-tensor", 2, false, false, NULL};
    return (annotation_layout){.n_frames = FRAMES,
                               .n_atoms = ATOMS,
                               .species = SPECIES,
                               .n_observables = OBSERVABLES,
                               .observables = list,
                               .n_molecules = MOLECULES,
                               .molecule_atoms = 2,
                               .molecules = MEMBERS,
                               .positions = true,
                               .time = true,
                               .margin = true,
                               .distance = true};
}

static char        annotation_path[512];
static const char *annotated(void)
{
    static contents       all;
    annotation_observable list[OBSERVABLES];
    annotation_layout     layout = layout_of(list);
    annotation_writer    *writer = NULL;
    const double         *values[OBSERVABLES];
    frames                batch = {.n_frames = covary_run_rank(test_run()) == 0 ? FRAMES : 0,
                                   .atom_start = all.starts,
                                   .positions = all.positions,
                                   .species = all.species,
                                   .cell = all.cell,
                                   .periodic = all.periodic,
                                   .step = all.step,
                                   .time = all.time};

    for (int o = 0; o < OBSERVABLES; o++) {
        values[o] = all.values[o];
    }
    fill(&all);
    snprintf(annotation_path, sizeof annotation_path, "%s", scratch_path("boxes.h5"));
    assert_ok(annotation_begin(test_run(), annotation_path, &layout, true, &writer));
    assert_ok(annotation_write(writer, &batch, values, all.margin, all.distance, all.flags));
    assert_ok(annotation_commit(&writer));
    return annotation_path;
}

/* The file that an export gives, with any batch. */
static void expect_text(const char *from, covary_export_options options, const char *expected)
{
    for (options.batch = 0; options.batch < 3; options.batch++) {
        size_t size;

        assert_ok(covary_export(test_run(), from, &options, scratch_path("out")));
        char *bytes = slurp(scratch_path("out"), &size);
        assert_string_equal(bytes, expected);
        free(bytes);
        MPI_Barrier(covary_run_comm(test_run()));
    }
}

/* --- cases ------------------------------------------------------------------------------------ */

static const char *const DIPOLES[] = {"dipole", "dipole_total", "charges"};

static const char molecule_lines[] =
    "frame,molecule,step,time [fs],dipole_x [debye],dipole_y [debye],dipole_z [debye],"
    "dipole_total_x [debye],dipole_total_y [debye],dipole_total_z [debye],charges_0 [e],"
    "charges_1 [e],domain,domain_margin,domain_distance\n"
    "0,0,0,0.0,1000.5,1001.5,1002.5,2000.5,2001.5,2002.5,0.5,1.5,2,0.25,0.125\n"
    "0,1,0,0.0,1003.5,1004.5,1005.5,2000.5,2001.5,2002.5,2.5,3.5,1,0.75,2.5\n"
    "2,0,20,1.0,1200.5,1201.5,1202.5,2200.5,2201.5,2202.5,200.5,201.5,2,0.25,0.125\n"
    "2,1,20,1.0,1203.5,1204.5,1205.5,2200.5,2201.5,2202.5,202.5,203.5,1,0.75,2.5\n";

static void lines_of_csv_are_molecules(void **state)
{
    (void)state;
    expect_text(annotated(),
                (covary_export_options){
                    .format = "csv", .n_properties = 3, .properties = DIPOLES, .frames = "::2"},
                molecule_lines);
}

/* With the domain of the worst molecule. */
static void lines_of_totals_are_frames(void **state)
{
    (void)state;
    expect_text(annotated(),
                (covary_export_options){
                    .format = "csv", .n_properties = 1, .properties = DIPOLES + 1, .frames = "1:"},
                "frame,step,time [fs],dipole_total_x [debye],dipole_total_y [debye],"
                "dipole_total_z [debye],domain,domain_margin,domain_distance\n"
                "1,10,0.5,2100.5,2101.5,2102.5,3,0.25,2.5\n"
                "2,20,1.0,2200.5,2201.5,2202.5,3,0.25,2.5\n");
}

static void extended_xyz_tells_molecules(void **state)
{
    (void)state;
    expect_text(
        annotated(),
        (covary_export_options){
            .format = "extxyz", .n_properties = 3, .properties = DIPOLES, .frames = "1:2"},
        "7\n"
        "pbc=\"F F F\" Properties=species:S:1:pos:R:3:molecule:I:1:charges:R:1"
        " dipole_molecules=\"1100.5 1101.5 1102.5 1103.5 1104.5 1105.5\""
        " dipole_molecules_unit=\"debye\""
        " dipole_total=\"2100.5 2101.5 2102.5\" dipole_total_unit=\"debye\" charges_unit=\"e\""
        " frame=1 step=10 time=0.5 domain=3 domain_margin=0.25 domain_distance=2.5\n"
        "O 0.0 1.0 2.0 1 102.5\n"
        "H 3.0 4.0 5.0 1 103.5\n"
        "Ar 6.0 7.0 8.0 -1 nan\n"
        "H 9.0 10.0 11.0 -1 nan\n"
        "O 12.0 13.0 14.0 0 100.5\n"
        "He 15.0 16.0 17.0 -1 nan\n"
        "H 18.0 19.0 20.0 0 101.5\n");
}

static void arrays_have_a_dimension_of_molecules(void **state)
{
    static const char *const files[] = {"all.charges.npy", "all.dipole.npy", "all.dipole_total.npy",
                                        "all.polarizability.npy", "all.polarizability_total.npy"};
    static const char *const shapes[] = {"(3, 2, 2,)", "(3, 2, 3,)", "(3, 3,)", "(3, 2, 3, 3,)",
                                         "(3, 3, 3,)"};

    (void)state;
    annotated();
    assert_ok(covary_export(test_run(), annotation_path,
                            &(covary_export_options){.format = "npy", .batch = 1},
                            scratch_path("all.npy")));
    for (int o = 0; o < OBSERVABLES; o++) {
        size_t size;
        double values[FRAMES * 18];
        char  *bytes = slurp(scratch_path(files[o]), &size);

        assert_non_null(strstr(bytes + 10, shapes[o]));
        assert_int_equal(size, 128 + sizeof *values * (size_t)(FRAMES * SIZES[o]));
        memcpy(values, bytes + 128, size - 128);
        for (int i = 0; i < FRAMES * SIZES[o]; i++) {
            assert_true(values[i] == value_of(o, i / SIZES[o], i % SIZES[o]));
        }
        free(bytes);
    }
}

/* The one polarizability of a frame is the sum. */
static void totals_are_for_travis(void **state)
{
    static const char *const    each[] = {"polarizability"};
    const covary_export_options chosen = {.format = "travis", .frames = "2:"};
    const covary_export_options named = {.format = "travis", .n_properties = 1, .properties = each};
    const double factor = 1.11265005545e-40 / 1.602176634e-43; /* angstrom^3 in e pm^2/V */
    size_t       size;

    (void)state;
    annotated();
    assert_ok(covary_export(test_run(), annotation_path, &chosen, scratch_path("out.dat")));
    char *bytes = slurp(scratch_path("out.dat"), &size), *at = strchr(bytes, '\n') + 1;
    assert_int_equal(strtol(at, &at, 10), 20);
    assert_near(strtod(at, &at), 1.0, 0.0);
    for (int i = 0; i < 9; i++) {
        const double expected = factor * value_of(4, 2, i);
        assert_near(strtod(at, &at), expected, 1e-9 * expected);
    }
    assert_string_equal(at, "\n");
    free(bytes);
    assert_int_equal(covary_export(test_run(), annotation_path, &named, scratch_path("named.dat")),
                     COVARY_ERR_DATA);
    assert_message("is no polarizability of a frame");
    assert_message("polarizability_total (angstrom^3)");
}

/* All there is comes back, also through a copy of the copy that has fewer frames. */
static void copies_keep_the_molecules(void **state)
{
    static const covary_export_options copies[] = {
        {.format = "h5md"},
        {.format = "h5md", .compress = 4, .chunk = 2, .batch = 1},
        {.format = "h5md", .compress = 1, .frames = "::2"},
    };
    const covary_export_options lines = {.format = "csv", .n_properties = 3, .properties = DIPOLES};
    covary_export_options       every = lines;

    (void)state;
    annotated();
    every.frames = "::2";
    for (int c = 0; c < 3; c++) {
        char        copy[600];
        annotation *opened = NULL;

        snprintf(copy, sizeof copy, "%s.copy%d", annotation_path, c);
        assert_ok(covary_export(test_run(), annotation_path, &copies[c], copy));
        assert_ok(annotation_open(test_run(), copy, &opened));
        assert_int_equal(annotation_n_molecules(opened), MOLECULES);
        assert_int_equal(annotation_n_observables(opened), OBSERVABLES);
        assert_memory_equal(annotation_molecules(opened), MEMBERS, sizeof MEMBERS);
        assert_int_equal(annotation_n_complete(opened), c == 2 ? 2 : FRAMES);
        annotation_close(&opened);
        if (c < 2) {
            expect_text(copy, every, molecule_lines);
        }
    }
}

static covary_status export_pass(covary_run *run)
{
    const covary_export_options options = {.format = "extxyz", .batch = 2};

    return covary_export(run, annotation_path, &options, scratch_path("output.h5"));
}

static void every_agreement_may_fail(void **state)
{
    (void)state;
    if (covary_run_size(test_run()) > 2) {
        skip(); /* nothing new for many ranks */
    }
    annotated();
    fail_on_last_rank(export_pass, true, 8);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(lines_of_csv_are_molecules),
    cmocka_unit_test(lines_of_totals_are_frames),
    cmocka_unit_test(extended_xyz_tells_molecules),
    cmocka_unit_test(arrays_have_a_dimension_of_molecules),
    cmocka_unit_test(totals_are_for_travis),
    cmocka_unit_test(copies_keep_the_molecules),
    cmocka_unit_test(every_agreement_may_fail),
};

TEST_MAIN(cases)
