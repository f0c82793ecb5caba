/* SPDX-License-Identifier: BSD-3-Clause */
/* Dumps of LAMMPS, text and binary: every kind of box and column, damaged ones.   ranks: 1 */
#include "lammps_support.h"

static dump_made made;

static covary_status read_made(frames **batch)
{
    return read_frames(write_bytes("made.dump", made.bytes, made.length),
                       carbons(made.variant->n_atoms), "lammps", batch);
}

static void make(const dump_variant *variant, bool binary)
{
    if (binary) {
        dump_make_binary(variant, &made);
    } else {
        dump_make_text(variant, &made);
    }
}

static void assert_read(const dump_variant *variant, bool binary, double scale)
{
    frames *batch = NULL;

    make(variant, binary);
    assert_ok(read_made(&batch));
    assert_int_equal(batch->n_frames, variant->n_frames);
    dump_assert_frames(variant, batch, 0, scale);
    frames_destroy(&batch);
}

static void assert_bad(covary_status code, const char *words)
{
    assert_refused(write_bytes("made.dump", made.bytes, made.length),
                   carbons(made.variant->n_atoms), code, words);
}

/* MDTraj writes positions with three digits, cells with all. */
static void files_of_mdtraj_are_read(void **state)
{
    const dce2_file written = {60, 1, NAN, 0.0, 5.1e-4};

    (void)state;
    assert_dce2_file("formats/mdtraj_dce2.lammpstrj", &dce2_topology, "lammps", &written);
}

static void every_box_and_column_is_read(void **state)
{
    static const char *const columns[] = {"id type x y z",
                                          "id x y z ix iy iz",
                                          "zs vx ys type xs id",
                                          "ix xs iy ys iz zs id",
                                          "id xu yu zu x y z",
                                          "type zsu xsu ysu id q",
                                          "vx vy vz x y z xsu ysu zsu id"};

    (void)state;
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        for (int box = 0; box < 3; box++) {
            for (int kind = 0; kind < 4; kind++) {
                dump_variant variant = dump_plain;
                variant.columns = columns[c];
                variant.box = box;
                variant.sorted = kind == 1;
                variant.id_stride = kind == 2 ? 10 : 1;
                variant.big = kind == 3;
                variant.n_chunks = 1 + kind;
                assert_read(&variant, false, 1.0);
                assert_read(&variant, true, 1.0);
            }
        }
    }
}

/* Names of columns, byte order and flags of the bounds came with later versions. */
static void files_of_old_versions_are_read(void **state)
{
    dump_variant variant = dump_plain;

    (void)state;
    variant.named = false;
    variant.columns = "id type xs ys zs";
    assert_read(&variant, true, 1.0);
    variant.big = true;
    variant.columns = "id type xs ys zs ix iy iz";
    assert_read(&variant, true, 1.0);
    variant.columns = "id type xs ys zs vx";
    make(&variant, true);
    assert_bad(COVARY_ERR_FORMAT, "have no names");
    variant.columns = "id type xs ys zs";
    variant.bounds = NULL;
    make(&variant, false);
    char *names = strstr(made.bytes, "ATOMS id type xs ys zs");
    assert_non_null(names);
    while (names != NULL) { /* the names become blanks */
        memset(names + 5, ' ', strlen(" id type xs ys zs"));
        names = strstr(made.bytes, "ATOMS id type xs ys zs");
    }
    frames *batch = NULL;
    assert_ok(read_made(&batch));
    dump_assert_frames(&variant, batch, 0, 1.0);
    assert_int_equal(batch->periodic[0], 7);
    frames_destroy(&batch);
}

static void units_are_those_of_the_file(void **state)
{
    static const struct {
        const char *name;
        double      length, time; /* angstrom, fs */
    } units[] = {{"real", 1.0, 1.0},  {"metal", 1.0, 1e3}, {"electron", 0.529177210903, 1.0},
                 {"si", 1e10, 1e15},  {"cgs", 1e8, 1e15},  {"micro", 1e4, 1e9},
                 {"nano", 10.0, 1e6}, {NULL, 1.0, 1.0}};

    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        for (int binary = 0; binary < 2; binary++) {
            dump_variant variant = dump_plain;
            frames      *batch = NULL;
            variant.units = units[u].name;
            variant.time = true;
            assert_read(&variant, binary, units[u].length);
            assert_ok(read_made(&batch));
            assert_near(batch->time[2], units[u].time, 1e-12 * units[u].time);
            frames_destroy(&batch);
        }
    }
    dump_variant reduced = dump_plain;
    reduced.units = "lj";
    make(&reduced, false);
    assert_bad(COVARY_ERR_DATA, "lj");
    reduced.units = "furlong";
    make(&reduced, false);
    assert_bad(COVARY_ERR_FORMAT, "furlong");
}

static void directions_are_periodic_as_the_bounds_say(void **state)
{
    (void)state;
    for (int binary = 0; binary < 2; binary++) {
        dump_variant variant = dump_plain;
        frames      *batch = NULL;
        variant.bounds = "pp ff ss";
        make(&variant, binary);
        assert_ok(read_made(&batch));
        assert_int_equal(batch->periodic[1], 1);
        frames_destroy(&batch);
    }
}

static void elements_are_in_the_file_or_in_the_topology(void **state)
{
    dump_variant variant = dump_plain;
    frames      *batch = NULL;
    const char  *path;

    (void)state;
    variant.columns = "element id x y z";
    make(&variant, false);
    path = write_bytes("elements.dump", made.bytes, made.length);
    assert_ok(read_frames(path, NULL, "lammps", &batch));
    for (int atom = 0; atom < variant.n_atoms; atom++) {
        assert_int_equal(frames_species(batch, 2)[atom], atom % 2 ? 17 : 1);
    }
    frames_destroy(&batch);
    memcpy(strstr(made.bytes + made.frame_starts[2], "Cl "), "Xx ", 3);
    assert_bad(COVARY_ERR_DATA, "frame 3");
    assert_message("no element");
    variant.columns = "id x y z";
    make(&variant, false);
    path = write_bytes("elements.dump", made.bytes, made.length);
    assert_int_equal(read_frames(path, NULL, "lammps", &batch), COVARY_ERR_DATA);
    assert_message("--topology");
}

/* A dump of a group that was empty for a while. */
static void frames_without_atoms_are_passed_over(void **state)
{
    (void)state;
    for (int binary = 0; binary < 2; binary++) {
        dump_variant variant = dump_plain;
        frames      *batch = NULL;
        variant.n_atoms = 0;
        variant.growth = 1;
        variant.n_frames = 2;
        make(&variant, binary);
        assert_ok(read_frames(write_bytes("empty.dump", made.bytes, made.length), carbons(1),
                              "lammps", &batch));
        assert_int_equal(batch->n_frames, 1);
        assert_int_equal(batch->step[0], 100);
        frames_destroy(&batch);
    }
}

static void replace(const char *old, const char *new)
{
    char *at = strstr(made.bytes, old);

    assert_non_null(at);
    assert_int_equal(strlen(old), strlen(new));
    memcpy(at, new, strlen(new));
}

static void malformed_text_is_refused(void **state)
{
    static const struct {
        const char   *old, *new;
        covary_status code;
        const char   *words;
    } cases[] = {{"id type x y z", "id type x y q", COVARY_ERR_FORMAT, "no positions"},
                 {"\n5 ", "\n4 ", COVARY_ERR_DATA, "the id 4"},
                 {"\n5 ", "\nx ", COVARY_ERR_FORMAT, "'x' is not a number"},
                 {"OF ATOMS\n5", "OF ATOMS\n6", COVARY_ERR_FORMAT, "frame 2"},
                 {"OF ATOMS\n5", "OF ATOMS\n-", COVARY_ERR_FORMAT, "number of atoms"},
                 {"TIMESTEP\n0", "TIMESTEP\nx", COVARY_ERR_FORMAT, "time step"},
                 {"BOX BOUNDS", "BOX BOUNCE", COVARY_ERR_FORMAT, "BOX BOUNCE"},
                 {"e+00 ", "e999 ", COVARY_ERR_DATA, "not finite"}};

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        frames *batch = NULL;
        make(&dump_plain, false);
        replace(cases[c].old, cases[c].new);
        assert_int_equal(read_made(&batch), cases[c].code);
        assert_message(cases[c].words);
        frames_destroy(&batch);
    }
}

/* At any length there are whole frames alone, or the file is refused. */
static void truncated_files_are_refused(void **state)
{
    (void)state;
    for (int binary = 0; binary < 2; binary++) {
        make(&dump_plain, binary);
        for (size_t length = made.length - 1; length > 200; length--) {
            frames      *batch = NULL;
            const size_t whole = made.length;
            made.length = length;
            if (length == made.frame_starts[1] || length == made.frame_starts[2]) {
                assert_ok(read_made(&batch));
                assert_int_equal(batch->n_frames, length == made.frame_starts[1] ? 1 : 2);
            } else {
                assert_bad(COVARY_ERR_FORMAT, length > made.frame_starts[2]   ? "frame 3"
                                              : length > made.frame_starts[1] ? "frame 2"
                                                                              : "frame 1");
                assert_message("truncated");
            }
            frames_destroy(&batch);
            made.length = whole;
        }
    }
}

/* A count of numbers in a chunk, one of the named columns, the order of bytes. */
static void malformed_binaries_are_refused(void **state)
{
    dump_variant variant = dump_plain;
    size_t       chunks;

    (void)state;
    make(&variant, true);
    chunks = made.frame_starts[1] - 8 * 5 * 5 - 2 * 4;
    made.bytes[chunks] = 11;
    assert_bad(COVARY_ERR_FORMAT, "frame 1");
    make(&variant, true);
    made.bytes[16] = 7;
    assert_bad(COVARY_ERR_FORMAT, "frame 1");
    make(&variant, true);
    memcpy(made.bytes + chunks - 4 - 13, "id id x y z q", 13);
    assert_bad(COVARY_ERR_FORMAT, "6 names for 5 columns");
    variant.columns = "id type x y vx";
    make(&variant, true);
    assert_bad(COVARY_ERR_FORMAT, "no positions");
}

static void line_ends_of_windows_are_read(void **state)
{
    static dump_made other;
    frames          *batch = NULL;

    (void)state;
    make(&dump_plain, false);
    for (size_t i = 0; i < made.length; i++) {
        if (made.bytes[i] == '\n') {
            other.bytes[other.length++] = '\r';
        }
        other.bytes[other.length++] = made.bytes[i];
    }
    assert_ok(read_frames(write_bytes("windows.dump", other.bytes, other.length), carbons(5),
                          "lammps", &batch));
    dump_assert_frames(&dump_plain, batch, 0, 1.0);
    frames_destroy(&batch);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(files_of_mdtraj_are_read),
        cmocka_unit_test(every_box_and_column_is_read),
        cmocka_unit_test(files_of_old_versions_are_read),
        cmocka_unit_test(units_are_those_of_the_file),
        cmocka_unit_test(directions_are_periodic_as_the_bounds_say),
        cmocka_unit_test(elements_are_in_the_file_or_in_the_topology),
        cmocka_unit_test(frames_without_atoms_are_passed_over),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(malformed_binaries_are_refused),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(line_ends_of_windows_are_read),
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
