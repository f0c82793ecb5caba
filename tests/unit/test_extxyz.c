/* SPDX-License-Identifier: BSD-3-Clause */
/* Extended XYZ in all its spellings, and what is said about files that are wrong.   ranks: 1 */
#include "core/memory.h"
#include "trajectory/format.h"

#include "support.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const dipole_keys[] = {"dipole", "mu", "REF_dipole", NULL};
static const char *const tensor_keys[] = {"polarizability", "alpha", NULL};
static const char *const energy_keys[] = {"energy", NULL};
static const char *const forces_keys[] = {"forces", "force", NULL};

static const label_request dipole = {.name = "dipole", .keys = dipole_keys, .n_components = 3};
static const label_request energy = {.name = "energy", .keys = energy_keys, .n_components = 1};
static const label_request tensor = {
    .name = "polarizability", .keys = tensor_keys, .n_components = 9, .six_as_nine = true};
static const label_request forces = {
    .name = "forces", .keys = forces_keys, .n_components = 3, .per_atom = true};

#define PROPERTIES "Properties=species:S:1:pos:R:3 "

static const char *write_file(const char *name, const char *text)
{
    static char path[512];
    FILE       *file;

    snprintf(path, sizeof path, "%s/%s", test_scratch(), name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    return path;
}

/* All frames of a text; the caller destroys the batch. */
static covary_status read_text(const char *text, const label_request *request, frames **batch)
{
    const char   *path = write_file("odd.xyz", text);
    trajectory   *opened = NULL;
    covary_status status = trajectory_open(test_run(), &path, 1, request, request != NULL, &opened);

    *batch = NULL;
    if (status == COVARY_OK) {
        assert_ok(frames_create(0, 0, batch));
        status = trajectory_read(opened, 0, trajectory_n_frames(opened), *batch);
    }
    trajectory_close(&opened);
    return status;
}

static void assert_refused(const char *text, const label_request *request, covary_status code,
                           const char *part)
{
    frames *batch;

    covary_status_clear();
    const covary_status status = read_text(text, request, &batch);
    frames_destroy(&batch);
    if (status != code || strstr(covary_status_message(), part) == NULL) {
        fail_msg("status %d, message \"%s\" instead of \"%s\"", (int)status,
                 covary_status_message(), part);
    }
}

/* One hydrogen atom at (1, 2, 3) under a given comment line. */
static frames *read_comment(const char *comment, const label_request *request)
{
    char    text[2048];
    frames *batch;

    snprintf(text, sizeof text, "1\n%s\nH 1 2 3\n", comment);
    assert_ok(read_text(text, request, &batch));
    assert_int_equal(batch->n_frames, 1);
    assert_int_equal(frames_n_atoms(batch, 0), 1);
    assert_int_equal(batch->species[0], 1);
    for (int axis = 0; axis < 3; axis++) {
        assert_true(batch->positions[axis] == axis + 1);
    }
    return batch;
}

static void assert_values(const char *comment, const label_request *request, const double *expected)
{
    frames *batch = read_comment(comment, request);

    for (int c = 0; c < request->n_components; c++) {
        assert_true(frames_label(batch, 0, 0)[c] == expected[c]);
    }
    frames_destroy(&batch);
}

static void vectors_are_read_in_every_spelling(void **state)
{
    static const char *const spellings[] = {
        "dipole=\"0.5 -1.25 2e-3\"",
        "dipole='0.5 -1.25 2e-3'",
        "dipole={0.5 -1.25 2e-3}",
        "dipole=[0.5, -1.25, 2e-3]",
        "dipole=[0.5 -1.25 2e-3]",
        "dipole = \"0.5 -1.25 2e-3\"",
        "dipole= \"  0.5  -1.25\t2e-3 \"",
        "dipole =[ 0.5,-1.25,2e-3 ]",
        "dipole=\"[0.5, -1.25, 2e-3]\"",
        "dipole=\"_JSON [0.5, -1.25, 0.002]\"",
        "dipole=_JSON [0.5, -1.25, 0.002]",
        "\"dipole\"=\"0.5 -1.25 2e-3\"",
        "dipole=\"0.5D0 -1.25d+00 2.0D-03\"",
        "dipole=\"+.5 -1.25 20.E-04\"",
        "mu=\"0.5 -1.25 2e-3\"",
        "REF_dipole=\"0.5 -1.25 2e-3\" note=\"dipole=\\\"7 8 9\\\"\"",
        "flag note='it is \"odd\"' other={a {b} c} dipole=\"0.5 -1.25 2e-3\"",
        "mu=\"7 8 9\" dipole=\"0.5 -1.25 2e-3\" REF_dipole=\"7 8 9\"",
        "dipole=\"7 8 9\" dipole=\"0.5 -1.25 2e-3\"",
        "lonely \" dipole=\"0.5 -1.25 2e-3\"",
        "=odd ==odder dipole=\"0.5 -1.25 2e-3\" unclosed=[1 2",
        "name=\"\" dipole=\"0.5 -1.25 2e-3\"",
        "Dipole=\"7 8 9\" dipole=\"0.5 -1.25 2e-3\" dipoles=\"7 8 9\"",
    };
    static const double expected[] = {0.5, -1.25, 2e-3};
    char                comment[512];

    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        if (strstr(spellings[i], "lonely") == NULL) { /* this one swallows what follows it */
            assert_values(spellings[i], &dipole, expected);
            snprintf(comment, sizeof comment, "%s %s", spellings[i], PROPERTIES);
            if (strstr(spellings[i], "unclosed") == NULL) {
                assert_values(comment, &dipole, expected);
            }
        }
        snprintf(comment, sizeof comment, "%s%s\r", PROPERTIES, spellings[i]);
        if (strstr(spellings[i], "lonely") == NULL) {
            assert_values(comment, &dipole, expected);
        }
    }
}

static void tensors_are_read_row_by_row(void **state)
{
    static const double nine[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const double six[] = {1, 6, 5, 6, 2, 4, 5, 4, 3}; /* xx yy zz yz xz xy = 1 ... 6 */

    (void)state;
    assert_values("alpha=\"1 2 3 4 5 6 7 8 9\"", &tensor, nine);
    assert_values("polarizability=[[1,2,3],[4,5,6],[7,8,9]]", &tensor, nine);
    assert_values("polarizability=\"_JSON [[1, 2, 3], [4, 5, 6], [7, 8, 9.0]]\"", &tensor, nine);
    assert_values("polarizability=\"1 2 3 4 5 6\"", &tensor, six);
}

static void label_key_is_reported(void **state)
{
    const char *path = write_file("key.xyz", "1\nmu=\"1 2 3\"\nH 0 0 0\n");
    trajectory *opened = NULL;
    frames     *batch = NULL;

    (void)state;
    assert_ok(trajectory_open(test_run(), &path, 1, &dipole, 1, &opened));
    assert_null(trajectory_label_key(opened, 0));
    assert_ok(frames_create(1, 1, &batch));
    assert_ok(trajectory_read(opened, 0, 1, batch));
    assert_string_equal(trajectory_label_key(opened, 0), "mu");
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static void cell_and_flags_are_read(void **state)
{
    static const struct {
        const char *comment;
        double      cell[9];
        int         periodic;
    } cases[] = {
        {"Lattice=\"1 2 3 4 5 6 7 8 9\"", {1, 2, 3, 4, 5, 6, 7, 8, 9}, 7},
        {"Lattice=[[1,2,3],[4,5,6],[7,8,9]] pbc=\"T F T\"", {1, 2, 3, 4, 5, 6, 7, 8, 9}, 5},
        {"Lattice=\"1 2 3 4 5 6 7 8 9\" pbc=\"F F F\"", {1, 2, 3, 4, 5, 6, 7, 8, 9}, 0},
        {"pbc=[false, true, true] Lattice=\"2 3 4\"", {2, 0, 0, 0, 3, 0, 0, 0, 4}, 6},
        {"pbc=T Lattice=\"2 0 0 0 3 0 0 0 0\"", {2, 0, 0, 0, 3, 0, 0, 0, 0}, 3},
        {"pbc=\"1 1 0\" Lattice={2 0 0 0 3 0 0 0 4}", {2, 0, 0, 0, 3, 0, 0, 0, 4}, 3},
        {"pbc=\"T T T\"", {0}, 0},
        {"pbc Lattice=\"2 0 0 0 3 0 0 0 4\"", {2, 0, 0, 0, 3, 0, 0, 0, 4}, 7},
        {"Lattice=\"0 0 0 0 0 0 0 0 0\"", {0}, 0},
        {"", {0}, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        frames *batch = read_comment(cases[i].comment, NULL);
        for (int c = 0; c < 9; c++) {
            assert_true(batch->cell[c] == cases[i].cell[c]);
        }
        assert_int_equal(batch->periodic[0], cases[i].periodic);
        frames_destroy(&batch);
    }
}

static void time_and_step_are_read_where_they_are(void **state)
{
    frames *batch;

    (void)state;
    assert_ok(read_text("1\nstep=1000 time=0.5\nH 0 0 0\n"
                        "1\n\nH 0 0 0\n"
                        "1\n i = 5, time =    2.50, E = -17.2\nH 0 0 0\n"
                        "1\nstep=x time=12:30\nH 0 0 0\n"
                        "1\nstep=-3 time=\"7.25\"\nH 0 0 0",
                        NULL, &batch));
    static const int64_t steps[] = {1000, 1, 2, 3, -3};
    static const double  times[] = {0.5, (double)NAN, 2.5, (double)NAN, 7.25};
    assert_int_equal(batch->n_frames, 5);
    for (int f = 0; f < 5; f++) {
        assert_int_equal(batch->step[f], steps[f]);
        assert_true(isnan(times[f]) ? isnan(batch->time[f]) : batch->time[f] == times[f]);
    }
    frames_destroy(&batch);
}

static void columns_may_come_in_any_order(void **state)
{
    frames *batch;

    (void)state;
    assert_ok(read_text("2\nProperties=id:I:1:forces:R:3:tag:L:1:pos:R:3:name:S:1:species:S:1\n"
                        "1 0.1 0.2 0.3 T 1 2 3 \"a b\" Cl\n"
                        "2\t0.4\t0.5\t0.6\tF\t4\t5\t6\tx\tC\n"
                        "2\nforces=\"9 9 9\" Properties=Z:I:1:pos:R:3:force:R:3\n"
                        "17 1 2 3 0.1 0.2 0.3\r\n6 4 5 6 0.4 0.5 0.6 further columns\r\n",
                        &forces, &batch));
    static const uint8_t species[] = {17, 6, 17, 6};
    assert_int_equal(batch->n_frames, 2);
    assert_int_equal(batch->atom_start[2], 4);
    assert_memory_equal(batch->species, species, sizeof species);
    for (int i = 0; i < 12; i++) {
        const double force[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
        assert_true(batch->positions[i] == i % 6 + 1);
        assert_true(batch->labels[0].values[i] == force[i % 6]);
    }
    frames_destroy(&batch);
}

static void plain_files_may_name_their_atoms(void **state)
{
    static const uint8_t species[] = {6, 1, 17, 1, 8, 1, 7, 20};
    frames              *batch;

    (void)state;
    assert_ok(read_text(" 8 \nit's a [free] \"comment\" = with {anything\n"
                        "C1 0 0 0\nH_a 0 0 1 0.3\ncl 0 0 0 x y z\nD 0 0 0\n8 0 0 0\nh 0 0 0\n"
                        "N-2 0 0 0\nCa1 0 0 0\n\n  \n\r\n",
                        NULL, &batch));
    assert_memory_equal(batch->species, species, sizeof species);
    frames_destroy(&batch);
}

static void six_columns_make_a_tensor_per_atom(void **state)
{
    static const char *const keys[] = {"shielding", NULL};
    static const double      expected[] = {1, 6, 5, 6, 2, 4, 5, 4, 3};
    const label_request      request = {.name = "shielding",
                                        .keys = keys,
                                        .n_components = 9,
                                        .six_as_nine = true,
                                        .per_atom = true};
    frames                  *batch;

    (void)state;
    assert_ok(read_text("2\nProperties=species:S:1:shielding:R:6:pos:R:3\n"
                        "H 0 0 0 0 0 0 7 8 9\nH 1 2 3 4 5 6 7 8 9\n",
                        &request, &batch));
    for (int c = 0; c < 9; c++) {
        assert_true(batch->labels[0].values[c] == 0.0);
        assert_true(batch->labels[0].values[9 + c] == expected[c]);
    }
    frames_destroy(&batch);
}

static void wrong_labels_are_named(void **state)
{
    char text[512];

    (void)state;
#define ONE(comment) "1\n" comment "\nH 0 0 0\n"
    assert_refused(ONE("dipole=\"1 2 3\"") ONE("energy=1"), &dipole, COVARY_ERR_DATA,
                   "odd.xyz, frame 2: label 'dipole' is missing (looked for dipole, mu, "
                   "REF_dipole)");
    assert_refused(ONE("mu=\"1 nan 3\""), &dipole, COVARY_ERR_DATA,
                   "frame 1: label 'dipole' is not finite (mu, value 2");
    assert_refused(ONE("dipole=\"1 1e999 3\""), &dipole, COVARY_ERR_DATA, "not finite");
    assert_refused(ONE("dipole=_JSON [1,Infinity,3]"), &dipole, COVARY_ERR_DATA, "not finite");
    assert_refused(ONE("dipole=\"1 2\""), &dipole, COVARY_ERR_DATA,
                   "label 'dipole' has 2 values (dipole), 3 are expected");
    assert_refused(ONE("dipole=\"1 2 3 4\""), &dipole, COVARY_ERR_DATA, "has 4 values");
    assert_refused(ONE("dipole=\"1 2 x\""), &dipole, COVARY_ERR_DATA,
                   "is not numeric (dipole=1 2 x");
    assert_refused(ONE("dipole=[1,2,null]"), &dipole, COVARY_ERR_DATA, "not numeric");
    assert_refused(ONE("dipole=\"0x1 2 3\""), &dipole, COVARY_ERR_DATA, "not numeric");
    assert_refused(ONE("dipole"), &dipole, COVARY_ERR_DATA, "not numeric (dipole=T)");
    assert_refused(ONE("dipole="), &dipole, COVARY_ERR_DATA, "has 0 values");
    assert_refused(ONE("alpha=\"1 2 3\""), &tensor, COVARY_ERR_DATA, "9 are expected (or 6)");
    assert_refused(ONE("energy=***"), &energy, COVARY_ERR_DATA, "not numeric (energy=***)");
    assert_refused(ONE(PROPERTIES), &forces, COVARY_ERR_DATA,
                   "label 'forces' is missing among the columns (looked for forces, force)");
    snprintf(text, sizeof text, "2\nProperties=species:S:1:pos:R:3:forces:R:3\n%s",
             "H 1 2 3 4 5 6\nH 1 2 3 4 inf 6\n");
    assert_refused(text, &forces, COVARY_ERR_DATA,
                   "frame 1: atom 2: label 'forces' is not finite (forces)");
    assert_refused("1\nProperties=species:S:1:pos:R:3:forces:R:2\nH 1 2 3 4 5\n", &forces,
                   COVARY_ERR_DATA, "label 'forces' has 2 columns, 3 are expected");
    assert_refused("1\nProperties=species:S:1:pos:R:3:forces:S:3\nH 1 2 3 4 5 6\n", &forces,
                   COVARY_ERR_DATA, "label 'forces' is not numeric");
}

static void wrong_frames_are_named(void **state)
{
    (void)state;
#define TWO "2\n" PROPERTIES "\nH 0 0 0\nO 0 0 1\n"
    assert_refused(TWO "2\n\nH 0 0 0\nXx 0 0 1\n", NULL, COVARY_ERR_FORMAT,
                   "odd.xyz, frame 2: line 8, atom 2: unknown element 'Xx'");
    assert_refused("1\n\nCA1 0 0 0\n", NULL, COVARY_ERR_FORMAT, "unknown element 'CA1'");
    assert_refused("1\n\n0 0 0 0\n", NULL, COVARY_ERR_FORMAT, "unknown element '0'");
    assert_refused("1\n\n119 0 0 0\n", NULL, COVARY_ERR_FORMAT, "unknown element '119'");
    assert_refused("1\n" PROPERTIES "\nC1 0 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "unknown element 'C1'");
    assert_refused("1\n\nH 0 1.2.3 0\n", NULL, COVARY_ERR_FORMAT,
                   "frame 1: line 3, atom 1: not a number: '1.2.3'");
    assert_refused("1\n\nH 0 0x10 0\n", NULL, COVARY_ERR_FORMAT, "not a number: '0x10'");
    assert_refused("1\n\nH 0 1,5 0\n", NULL, COVARY_ERR_FORMAT, "not a number: '1,5'");
    assert_refused("1\n\nH 0 ***** 0\n", NULL, COVARY_ERR_FORMAT, "not a number: '*****'");
    assert_refused("1\n\nH 0 nan 0\n", NULL, COVARY_ERR_DATA,
                   "frame 1: atom 1: the position is not finite");
    assert_refused("1\n\nH 0 -1e400 0\n", NULL, COVARY_ERR_DATA, "the position is not finite");
    assert_refused("1\n\nH 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "line 3, atom 1: 3 columns, 4 are expected");
    assert_refused("1\nProperties=species:S:1:pos:R:3:q:R:1\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "4 columns, 5 are expected");
    assert_refused("1\nLattice=\"1 2 3 4\"\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "Lattice must be 9 numbers");
    assert_refused("1\nLattice=\"1 0 0 0 inf 0 0 0 1\"\nH 0 0 0\n", NULL, COVARY_ERR_DATA,
                   "Lattice is not finite");
    assert_refused("1\npbc=\"T X F\"\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT, "pbc must be");
    assert_refused("1\npbc=\"T F\"\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT, "pbc must be");
    assert_refused("1\nProperties=species:S:1:pos:R\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "Properties are malformed at 'pos:R'");
    assert_refused("1\nProperties=species:S:1:pos:R:0\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "malformed");
    assert_refused("1\nProperties=species:S:1:pos:Q:3\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "malformed");
    assert_refused("1\nProperties=pos:R:3\n0 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "must contain species");
    assert_refused("1\nProperties=species:S:1\nH\n", NULL, COVARY_ERR_FORMAT,
                   "must contain pos:R:3");
    assert_refused("1\nProperties=species:S:1:pos:R:2\nH 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "must have positions as pos:R:3");
    assert_refused("1\nProperties=species:S:1:pos:R:99999999\nH 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "malformed");
}

static void wrong_counts_are_named(void **state)
{
    (void)state;
    assert_refused("3\n\nH 0 0 0\nO 0 0 1\n" TWO, NULL, COVARY_ERR_FORMAT,
                   "line 6: frame 2 must start here with its number of atoms (at least 1), but "
                   "there is 'Properties");
    assert_refused("1\n\nH 0 0 0\nO 0 0 1\n" TWO, NULL, COVARY_ERR_FORMAT,
                   "line 4: frame 2 must start here with its number of atoms (at least 1), but "
                   "there is 'O 0 0 1'");
    assert_refused(TWO "\n" TWO, NULL, COVARY_ERR_FORMAT, "line 5: frame 2 must start here");
    assert_refused(
        "0\n\n", NULL, COVARY_ERR_FORMAT,
        "line 1: an XYZ file starts with the number of atoms (at least 1), not with '0'");
    assert_refused("-5\n\n", NULL, COVARY_ERR_FORMAT, "not with '-5'");
    assert_refused(TWO "0\n\n" TWO, NULL, COVARY_ERR_FORMAT, "but there is '0'");
    assert_refused("99999999999999999999\n\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT,
                   "not with '99999999999999999999'");
    assert_refused(
        "900000000000000\n\nH 0 0 0\n", NULL, COVARY_ERR_FORMAT,
        "frame 1 (line 1) is truncated: 900000000000000 atoms announced, 1 lines follow");
    assert_refused(TWO "8\n\nH 0 0 0\nH 0 0 0\n\n\n\n\n\n\n\n", NULL, COVARY_ERR_FORMAT,
                   "frame 2 (line 5) is truncated: 8 atoms announced, 2 lines follow");
    assert_refused(TWO "8\n", NULL, COVARY_ERR_FORMAT, "8 atoms announced, 0 lines follow");
    assert_refused(TWO "8", NULL, COVARY_ERR_FORMAT, "8 atoms announced, 0 lines follow");
    assert_refused("hello\nworld\n", NULL, COVARY_ERR_FORMAT, "not with 'hello'");
    assert_refused("\n\n\n", NULL, COVARY_ERR_FORMAT, "holds no frames");
}

static covary_status open_path(const char *path)
{
    trajectory   *opened = NULL;
    covary_status status = trajectory_open(test_run(), &path, 1, NULL, 0, &opened);

    assert_true((opened == NULL) == (status != COVARY_OK));
    trajectory_close(&opened);
    return status;
}

static void wrong_files_are_named(void **state)
{
    trajectory *opened = NULL;

    (void)state;
    assert_int_equal(open_path("no/such/file.xyz"), COVARY_ERR_IO);
    assert_message("cannot open 'no/such/file.xyz': No such file");
    assert_int_equal(open_path(test_scratch()), COVARY_ERR_IO);
    assert_message("is a directory, not a trajectory file");
    assert_int_equal(open_path("/dev/null"), COVARY_ERR_IO);
    assert_message("no regular file");
    assert_int_equal(open_path(write_file("empty.xyz", "")), COVARY_ERR_FORMAT);
    assert_message("empty.xyz' is empty");
    assert_int_equal(open_path(write_file("packed.xyz.gz", "\x1f\x8b\x08")), COVARY_ERR_FORMAT);
    assert_message("is compressed; unpack it first (gunzip)");
    assert_int_equal(open_path(write_file("data.csv", "a,b\n1,2\n")), COVARY_ERR_FORMAT);
    assert_message("the format of");
    assert_message("known: extxyz");
    assert_int_equal(open_path(write_file("any.name", "1\n\nH 0 0 0\n")), COVARY_OK);
    assert_int_equal(trajectory_open(test_run(), NULL, 0, NULL, 0, &opened), COVARY_ERR_USAGE);
    if (geteuid() != 0) { /* root may read anything */
        const char *path = write_file("closed.xyz", "1\n\nH 0 0 0\n");
        assert_int_equal(chmod(path, 0), 0);
        assert_int_equal(open_path(path), COVARY_ERR_IO);
        assert_message("Permission denied");
    }
}

/* Open, change the file, read. */
static void assert_change_is_seen(const char *before, const char *after)
{
    const char *path = write_file("changing.xyz", before);
    trajectory *opened = NULL;
    frames     *batch = NULL;

    assert_ok(trajectory_open(test_run(), &path, 1, NULL, 0, &opened));
    assert_ok(frames_create(1, 1, &batch));
    write_file("changing.xyz", after);
    assert_int_equal(trajectory_read(opened, 0, trajectory_n_frames(opened), batch), COVARY_ERR_IO);
    assert_message("changing.xyz, frame ");
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static void changed_files_are_noticed(void **state)
{
#define H  "\nH 0 0 0\n"
#define HH "\nH 0 0 0\nH 0 0 0\n"
    (void)state;
    assert_change_is_seen("1\n" H "1\n" H, "1\n" H "1\n" H "1\n" H); /* grown */
    assert_change_is_seen("1\n" H "1\n" H, "1\n" H);                 /* cut off */
    assert_change_is_seen("1\n" H "1\n" H, "x\n" H "1\n" H);
    assert_change_is_seen("1\n" H "2\n" HH, "2\n" HH "1\n" H);
    assert_change_is_seen("2\n" HH "2\n" HH, "2\n" HH "9\n" HH);
    assert_change_is_seen("1\n" H "1\n" H "1\n" H, "1\n" H "1\nlonger" H "1\nH 0\n");
}

/* Lines and comments much longer than what is read at once. */
static void long_lines_are_read(void **state)
{
    const int           n_numbers = 100000;
    char               *text = malloc(4000000);
    const char         *path;
    const format_tuning tuning = {.chunk_bytes = 7, .share_bytes = 1, .index_entries = 1};
    trajectory         *opened = NULL;
    frames             *batch = NULL;
    size_t              length = 0;

    (void)state;
    assert_non_null(text);
    for (int frame = 0; frame < 3; frame++) {
        length += (size_t)sprintf(text + length, "1\nlong=\"");
        for (int i = 0; i < n_numbers; i++) {
            length += (size_t)sprintf(text + length, "%d.5 ", i);
        }
        length += (size_t)sprintf(text + length, "\" energy=%d\nH 0 0 %d\n", frame, frame);
    }
    path = write_file("long.xyz", text);
    free(text);
    assert_ok(trajectory_open_tuned(test_run(), &path, 1, &energy, 1, &tuning, &opened));
    assert_ok(frames_create(1, 1, &batch));
    assert_int_equal(trajectory_n_frames(opened), 3);
    for (int frame = 2; frame >= 0; frame--) {
        assert_ok(trajectory_read(opened, frame, 1, batch));
        assert_int_equal(batch->first, frame);
        assert_true(batch->positions[2] == frame);
        assert_true(frames_label(batch, 0, 0)[0] == frame);
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

/* Bytes that are no text at all must give a failure, not a crash or a hang. */
static void noise_is_refused(void **state)
{
    static const char alphabet[] = "0123456789 .\n\n\r\t-+eEHCl=\"'[]{}:T\\,\x01\xff";
    test_random       stream = {7};
    char              text[400];
    int               accepted = 0;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        const size_t length = 1 + (size_t)(test_uniform(&stream) * 390);
        size_t       at = round % 2 == 0 ? (size_t)sprintf(text, "1\n") : 0;
        while (at < length) {
            text[at++] = alphabet[(size_t)(test_uniform(&stream) * (sizeof alphabet - 1))];
        }
        text[at] = '\0';
        frames *batch;
        accepted += read_text(text, NULL, &batch) == COVARY_OK;
        frames_destroy(&batch);
    }
    assert_true(accepted < 300);
}

static void composition_is_checked(void **state)
{
    static const uint8_t water[] = {8, 1, 1};
    const char          *path = write_file("water.xyz", "3\n\nO 0 0 0\nH 0 0 1\nH 0 1 0\n"
                                                                 "3\n\nH 0 0 0\nO 0 0 1\nH 0 1 0\n"
                                                                 "3\n\nO 0 0 0\nH 0 0 1\nF 0 1 0\n"
                                                                 "2\n\nO 0 0 0\nH 0 0 1\n"
                                                                 "4\n\nO 0 0 0\nH 0 0 1\nH 0 0 2\nCl 0 0 3\n");
    trajectory          *opened = NULL;
    frames              *batch = NULL;

    (void)state;
    assert_ok(trajectory_open(test_run(), &path, 1, NULL, 0, &opened));
    assert_int_equal(trajectory_max_atoms(opened), 4);
    assert_ok(frames_create(1, 1, &batch));
    assert_ok(trajectory_read(opened, 0, 1, batch));
    assert_ok(frames_check_composition(batch, opened, 3, water));
    assert_ok(trajectory_read(opened, 0, 2, batch));
    assert_int_equal(frames_check_composition(batch, opened, 3, water), COVARY_ERR_DATA);
    assert_message("water.xyz, frame 2, atom 1: H where O is expected; the elements are the same "
                   "but their order differs");
    assert_ok(trajectory_read(opened, 2, 1, batch));
    assert_int_equal(frames_check_composition(batch, opened, 3, water), COVARY_ERR_DATA);
    assert_message("water.xyz, frame 3, atom 3: F where H is expected; the elements differ");
    assert_ok(trajectory_read(opened, 3, 1, batch));
    assert_int_equal(frames_check_composition(batch, opened, 3, water), COVARY_ERR_DATA);
    assert_message("frame 4: the count differs: 2 atoms where 3 are expected (atom 3: none, "
                   "expected H)");
    assert_ok(trajectory_read(opened, 4, 1, batch));
    assert_int_equal(frames_check_composition(batch, opened, 3, water), COVARY_ERR_DATA);
    assert_message("frame 5: the count differs: 4 atoms where 3 are expected (atom 4: Cl, "
                   "expected none)");
    frames_destroy(&batch);
    trajectory_close(&opened);
}

/* Numbers of the shipped data as a reader sees them in the file. */
static void shipped_data_are_read(void **state)
{
    const char         *paths[2] = {test_data("dce_train.xyz"), test_data("dce_test.xyz")};
    const label_request requests[] = {tensor, dipole, energy};
    trajectory         *opened = NULL;
    frames             *batch = NULL;
    const char         *path;
    int64_t             in_file;

    (void)state;
    assert_ok(trajectory_open(test_run(), paths, 2, requests, 3, &opened));
    assert_int_equal(trajectory_n_frames(opened), 500);
    assert_int_equal(trajectory_n_files(opened), 2);
    assert_string_equal(trajectory_format_name(opened), "extxyz");
    assert_ok(frames_create(500, 4000, &batch));
    assert_ok(trajectory_read(opened, 0, 500, batch));
    assert_int_equal(batch->atom_start[500], 4000);
    assert_true(frames_label(batch, 0, 0)[0] == 50.14082860);
    assert_true(frames_label(batch, 0, 0)[8] == 53.30320081);
    assert_true(frames_label(batch, 1, 1)[1] == -0.2539284419);
    assert_true(frames_label(batch, 2, 1)[0] == -996.7057878911);
    assert_true(frames_positions(batch, 1)[3 * 7 + 2] == 0.64960850);
    assert_int_equal(frames_species(batch, 1)[2], 17);
    trajectory_locate(opened, 349, &path, &in_file);
    assert_string_equal(path, paths[0]);
    assert_int_equal(in_file, 350);
    trajectory_locate(opened, 350, &path, &in_file);
    assert_string_equal(path, paths[1]);
    assert_int_equal(in_file, 1);
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(vectors_are_read_in_every_spelling),
    cmocka_unit_test(tensors_are_read_row_by_row),
    cmocka_unit_test(label_key_is_reported),
    cmocka_unit_test(cell_and_flags_are_read),
    cmocka_unit_test(time_and_step_are_read_where_they_are),
    cmocka_unit_test(columns_may_come_in_any_order),
    cmocka_unit_test(plain_files_may_name_their_atoms),
    cmocka_unit_test(six_columns_make_a_tensor_per_atom),
    cmocka_unit_test(wrong_labels_are_named),
    cmocka_unit_test(wrong_frames_are_named),
    cmocka_unit_test(wrong_counts_are_named),
    cmocka_unit_test(wrong_files_are_named),
    cmocka_unit_test(changed_files_are_noticed),
    cmocka_unit_test(long_lines_are_read),
    cmocka_unit_test(noise_is_refused),
    cmocka_unit_test(composition_is_checked),
    cmocka_unit_test(shipped_data_are_read),
};

TEST_MAIN(cases)
