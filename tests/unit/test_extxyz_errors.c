/* SPDX-License-Identifier: BSD-3-Clause */
/* What is said about XYZ files that are wrong: file, frame, line, key, remedy.   ranks: 1 */
#include "extxyz_support.h"

#include <sys/stat.h>
#include <unistd.h>

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

static void wrong_labels_are_named(void **state)
{
    char text[512];

    (void)state;
#define ONE(comment) "1\n" comment "\nH 0 0 0\n"
    assert_refused(ONE("dipole=\"1 2 3\"") ONE("energy=1"), &dipole, COVARY_ERR_DATA,
                   "odd.xyz, frame 2: label 'dipole' is missing in the comment line (looked for "
                   "dipole, mu, REF_dipole; a column of the atoms takes per_atom: true)");
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
    assert_refused(ONE("alpha=\"1 2 3 4 5 6 7\""), &tensor, COVARY_ERR_DATA, "has 7 values");
    assert_refused(ONE("energy=***"), &energy, COVARY_ERR_DATA, "not numeric (energy=***)");
    assert_refused(ONE(PROPERTIES), &forces, COVARY_ERR_DATA,
                   "label 'forces' is missing among the columns (looked for forces, force; "
                   "one value a molecule takes per_atom: false)");
    snprintf(text, sizeof text, "2\nProperties=species:S:1:pos:R:3:forces:R:3\n%s",
             "H 1 2 3 4 5 6\nH 1 2 3 4 inf 6\n");
    assert_refused(text, &forces, COVARY_ERR_DATA,
                   "frame 1: atom 2: label 'forces' is not finite (forces)");
    assert_refused("1\nProperties=species:S:1:pos:R:3:forces:R:2\nH 1 2 3 4 5\n", &forces,
                   COVARY_ERR_DATA, "label 'forces' has 2 columns, 3 are expected");
    snprintf(text, sizeof text, "1\nProperties=species:S:1:pos:R:3:alpha:R:8\n%s",
             "H 1 2 3 4 5 6 7 8 9 10 11\n");
    label_request columns = tensor;
    columns.per_atom = true;
    assert_refused(text, &columns, COVARY_ERR_DATA,
                   "label 'polarizability' has 8 columns, 9 are expected (or 6)");
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
    covary_status status = trajectory_open(test_run(), &path, 1, NULL, &opened);

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
    assert_int_equal(open_path(write_file("packed.xyz.bz2", "BZh9")), COVARY_ERR_FORMAT);
    assert_message("is compressed; unpack it first (bunzip2)");
    assert_int_equal(open_path(write_file("data.csv", "a,b\n1,2\n")), COVARY_ERR_FORMAT);
    assert_message("the format of");
    assert_message("known: extxyz");
    assert_int_equal(open_path(write_file("any.name", "1\n\nH 0 0 0\n")), COVARY_OK);
    assert_int_equal(trajectory_open(test_run(), NULL, 0, NULL, &opened), COVARY_ERR_USAGE);
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

    assert_ok(trajectory_open(test_run(), &path, 1, NULL, &opened));
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

/* Bytes that are no text at all must give a failure, not a crash or a hang. */
static void noise_is_refused(void **state)
{
    static const char alphabet[] = "0123456789 .\n\n\r\t-+eEHCl=\"'[]{}:T\\,\x01\xff";
    test_random       stream = {7};
    char              text[400];
    int               accepted = 0;

    (void)state;
    for (int round = 0; round < 1000; round++) {
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
    assert_true(accepted < 100);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(wrong_labels_are_named),    cmocka_unit_test(wrong_frames_are_named),
    cmocka_unit_test(wrong_counts_are_named),    cmocka_unit_test(wrong_files_are_named),
    cmocka_unit_test(changed_files_are_noticed), cmocka_unit_test(noise_is_refused),
};

TEST_MAIN(cases)
