/* SPDX-License-Identifier: BSD-3-Clause */
/* Extended XYZ in all its spellings.   ranks: 1 */
#include "extxyz_support.h"

#include "property/symmetric.h"

#include <math.h>
#include <stdlib.h>

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
        "it's dipole=\"0.5 -1.25 2e-3\"",
        "=odd ==odder dipole=\"0.5 -1.25 2e-3\" unclosed=[1 2",
        "name=\"\" dipole=\"0.5 -1.25 2e-3\"",
        "Dipole=\"7 8 9\" dipole=\"0.5 -1.25 2e-3\" dipoles=\"7 8 9\"",
    };
    static const double expected[] = {0.5, -1.25, 2e-3};
    char                comment[512];

    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        assert_values(spellings[i], &dipole, expected);
        snprintf(comment, sizeof comment, "%s%s\r", PROPERTIES, spellings[i]);
        assert_values(comment, &dipole, expected);
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
    assert_ok(trajectory_open(test_run(), &path, 1,
                              &(trajectory_options){.requests = &dipole, .n_requests = 1},
                              &opened));
    assert_null(trajectory_label_key(opened, 0));
    assert_ok(frames_create(1, 1, &batch));
    assert_ok(trajectory_read(opened, 0, 1, batch));
    assert_string_equal(trajectory_label_key(opened, 0), "mu");
    frames_destroy(&batch);
    trajectory_close(&opened);
}

/* Frames with and without an optional label of either sort, in one file. */
static void optional_labels_may_be_missing(void **state)
{
    static const char text[] = "1\nmu=\"1 2 3\"\nH 0 0 0\n"
                               "1\nProperties=species:S:1:pos:R:3:forces:R:3\nH 0 0 0 4 5 6\n"
                               "1\n\nH 0 0 0\n";
    label_request     one_dipole = dipole, one_force = forces;
    frames           *batch;

    (void)state;
    one_dipole.optional = one_force.optional = true;
    assert_ok(read_text(text, &one_dipole, &batch));
    assert_near(frames_label(batch, 0, 0)[2], 3.0, 0.0);
    for (int i = 0; i < 3; i++) {
        assert_true(isnan(frames_label(batch, 0, 1)[i]) && isnan(frames_label(batch, 0, 2)[i]));
    }
    frames_destroy(&batch);
    assert_ok(read_text(text, &one_force, &batch));
    assert_near(frames_label(batch, 0, 1)[2], 6.0, 0.0);
    for (int i = 0; i < 3; i++) {
        assert_true(isnan(frames_label(batch, 0, 0)[i]) && isnan(frames_label(batch, 0, 2)[i]));
    }
    frames_destroy(&batch);
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
    static const int64_t steps[] = {1000, 1, 5, 3, -3};
    static const double  times[] = {0.5, (double)NAN, 2.5, (double)NAN, 7.25};
    assert_int_equal(batch->n_frames, 5);
    for (int f = 0; f < 5; f++) {
        assert_int_equal(batch->step[f], steps[f]);
        assert_true(isnan(times[f]) ? isnan(batch->time[f]) : batch->time[f] == times[f]);
    }
    frames_destroy(&batch);
}

/* The comments of CP2K (time in fs) and of xtb; `i` means nothing in extended XYZ. */
static void comments_of_simulation_programs_are_read(void **state)
{
    frames *batch;

    (void)state;
    assert_ok(read_text("1\n i =        1, time =        0.500, E =       -17.1644474311\n"
                        "  H         0.1000000000        0.0000000000       -0.3000000000\n"
                        "1\n i =       21, E =       -17.1644474311\nH 0 0 0\n"
                        "1\n energy: -5.070544440612 gnorm: 0.000118784137 xtb: 6.5.1 (579679a)\n"
                        "H           -0.01000000000000       0.00000000000000      0.50000000\n"
                        "1\n" PROPERTIES "i=7\nH 0 0 0\n",
                        NULL, &batch));
    static const int64_t steps[] = {1, 21, 2, 3};
    for (int f = 0; f < 4; f++) {
        assert_int_equal(batch->step[f], steps[f]);
        assert_true(f == 0 ? batch->time[f] == 0.5 : isnan(batch->time[f]));
    }
    assert_true(frames_positions(batch, 0)[2] == -0.3);
    assert_true(frames_positions(batch, 2)[0] == -0.01);
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
                                        .n_short = 6,
                                        .short_places = voigt_places,
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

/* Ten values of rank 3 in a comment and fifteen of rank 4 an atom, in lexicographic order. */
static void short_forms_fill_symmetric_tensors(void **state)
{
    static const char *const keys[] = {"beta", "gamma", NULL};
    label_request            request = {.name = "beta",
                                        .keys = keys,
                                        .n_components = 27,
                                        .n_short = 10,
                                        .short_places = symmetric_places(3)};
    frames                  *batch;

    (void)state;
    batch = read_comment("beta=\"1 2 3 4 5 6 7 8 9 10\"", &request);
    const double *beta = batch->labels[0].values;
    assert_true(beta[0] == 1.0 && beta[26] == 10.0);                               /* x^3, z^3 */
    assert_true(beta[9 * 1 + 3 * 2 + 0] == 5.0 && beta[9 * 0 + 3 * 1 + 2] == 5.0); /* x y z */
    assert_true(beta[9 * 1 + 3 * 1 + 2] == 8.0 && beta[9 * 2 + 3 * 1 + 1] == 8.0); /* y^2 z */
    frames_destroy(&batch);

    request.n_components = 81;
    request.n_short = 15;
    request.short_places = symmetric_places(4);
    request.per_atom = true;
    assert_ok(read_text("2\nProperties=species:S:1:gamma:R:15:pos:R:3\n"
                        "H 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
                        "H 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0 0 0\n",
                        &request, &batch));
    const double *gamma = batch->labels[0].values + 81;
    assert_true(gamma[0] == 1.0 && gamma[80] == 15.0 && gamma[-1] == 0.0);
    assert_true(gamma[27 * 2 + 9 * 0 + 3 * 2 + 0] == 6.0);  /* x^2 z^2 */
    assert_true(gamma[27 * 2 + 9 * 1 + 3 * 2 + 1] == 13.0); /* y^2 z^2 */
    frames_destroy(&batch);
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
    assert_ok(trajectory_open_tuned(test_run(), &path, 1,
                                    &(trajectory_options){.requests = &energy, .n_requests = 1},
                                    &tuning, &opened));
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

static void composition_is_checked(void **state)
{
    static const uint8_t water[] = {8, 1, 1};
    static const char    text[] = "3\n\nO 0 0 0\nH 0 0 1\nH 0 1 0\n"
                                  "3\n\nH 0 0 0\nO 0 0 1\nH 0 1 0\n"
                                  "3\n\nO 0 0 0\nH 0 0 1\nF 0 1 0\n"
                                  "2\n\nO 0 0 0\nH 0 0 1\n"
                                  "4\n\nO 0 0 0\nH 0 0 1\nH 0 0 2\nCl 0 0 3\n";
    const char          *path = write_file("water.xyz", text);
    trajectory          *opened = NULL;
    frames              *batch = NULL;

    (void)state;
    assert_ok(trajectory_open(test_run(), &path, 1, NULL, &opened));
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

/*
 * A file that ASE wrote: nested arrays as JSON, quotes in strings, columns of every type, a
 * triclinic cell.  The numbers are ASE's own when it reads the file again.
 */
static void files_of_ase_are_read(void **state)
{
    static const double cell[] = {10, 0, 0, 1.5, 9, 0, 0.25, -2, 8};
    const char         *path = test_data("ase_written.xyz");
    const label_request requests[] = {tensor, forces, dipole};
    trajectory         *opened = NULL;
    frames             *batch = NULL;

    (void)state;
    assert_ok(trajectory_open(test_run(), &path, 1,
                              &(trajectory_options){.requests = requests, .n_requests = 3},
                              &opened));
    assert_int_equal(trajectory_n_frames(opened), 3);
    assert_ok(frames_create(3, 12, &batch));
    assert_ok(trajectory_read(opened, 0, 3, batch));
    assert_int_equal(batch->atom_start[3], 12);
    assert_memory_equal(batch->cell + 9, cell, sizeof cell);
    assert_true(batch->cell[18] == 0.0);
    assert_int_equal(batch->periodic[1], 5);
    assert_int_equal(batch->periodic[2], 0);
    assert_int_equal(batch->step[2], 200);
    assert_true(batch->time[2] == 1.0);
    assert_true(frames_label(batch, 0, 0)[5] == -1.651231796721606);
    assert_true(frames_label(batch, 1, 2)[14] == 0.00001510);
    assert_true(frames_label(batch, 2, 1)[2] == 0.8957830431894438);
    assert_true(frames_positions(batch, 2)[12] == 1.89236010);
    assert_int_equal(frames_species(batch, 2)[4], 7);
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
    assert_ok(trajectory_open(test_run(), paths, 2,
                              &(trajectory_options){.requests = requests, .n_requests = 3},
                              &opened));
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
    cmocka_unit_test(optional_labels_may_be_missing),
    cmocka_unit_test(cell_and_flags_are_read),
    cmocka_unit_test(time_and_step_are_read_where_they_are),
    cmocka_unit_test(comments_of_simulation_programs_are_read),
    cmocka_unit_test(columns_may_come_in_any_order),
    cmocka_unit_test(plain_files_may_name_their_atoms),
    cmocka_unit_test(six_columns_make_a_tensor_per_atom),
    cmocka_unit_test(short_forms_fill_symmetric_tensors),
    cmocka_unit_test(long_lines_are_read),
    cmocka_unit_test(composition_is_checked),
    cmocka_unit_test(files_of_ase_are_read),
    cmocka_unit_test(shipped_data_are_read),
};

TEST_MAIN(cases)
