/* SPDX-License-Identifier: BSD-3-Clause */
/* H5MD files and those of MDTraj: of other programs, in every layout, odd ones.   ranks: 1 */
#include "h5md_support.h"

#include <math.h>

static uint8_t        other_species[H5MD_ATOMS] = {6, 1, 1, 1, 17};
static const topology other_topology = {.n_atoms = H5MD_ATOMS, .species = other_species};

static void assert_path(const h5md_variant *variant, const char *path, const topology *elements)
{
    frames *batch = NULL;

    assert_ok(read_frames(path, elements, "h5md", &batch));
    assert_int_equal(batch->n_frames, variant->fixed ? 1 : H5MD_FRAMES);
    h5md_assert_frames(variant, batch, 0);
    frames_destroy(&batch);
}

static void assert_read(const h5md_variant *variant)
{
    assert_path(variant, h5md_make("made.h5md", variant), NULL);
}

static void assert_bad(const char *path, covary_status code, const char *words)
{
    assert_refused(path, NULL, code, words);
}

/* Frames are 0.2 ps apart; all numbers are 32 bits wide. */
static void files_of_other_programs_are_read(void **state)
{
    const dce2_file mdanalysis = {DCE2_FRAMES, 400, 200.0, 2e-7, 4e-6};
    const dce2_file mdtraj = {DCE2_FRAMES, 1, 200.0, 2e-7, 4e-6};

    (void)state;
    assert_dce2_file("formats/dce2.h5md", &dce2_topology, "h5md", &mdanalysis);
    assert_dce2_file("formats/mdtraj_dce2.h5", NULL, "mdtraj", &mdtraj); /* it has elements */
}

static void every_layout_is_read(void **state)
{
    const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_IEEE_F64BE};

    (void)state;
    for (int bits = 0; bits < 96; bits++) {
        h5md_variant variant = h5md_plain();
        variant.type = types[bits % 4];
        variant.chunk = (hsize_t)(bits / 4 % 3); /* contiguous; chunks of 1 frame, of 2 */
        variant.deflate = bits / 12 & 1;
        variant.regular = bits / 12 & 2;
        variant.no_time = bits / 12 & 4;
        variant.ids = bits % 5 == 4;
        variant.kinds = variant.ids ? KINDS_SAMPLED : (h5md_kinds)(1 + bits % 3);
        variant.box = (h5md_box)(bits % 5);
        assert_read(&variant);
    }
}

static void fixed_positions_are_one_frame(void **state)
{
    h5md_variant variant = h5md_plain();

    (void)state;
    variant.fixed = true;
    variant.box = BOX_FIXED;
    assert_read(&variant);
}

static void units_are_honoured(void **state)
{
    static const struct {
        const char *length, *time;
        double      in_length, in_time;
    } units[] = {{"nm", "fs", 10.0, 1e-3},
                 {"pm", "ns", 0.01, 1e3},
                 {"angstrom", "picoseconds", 1.0, 1.0},
                 {"bohr", "us", 0.529177210903, 1e6},
                 {NULL, NULL, 1.0, 1.0}};
    h5md_variant variant = h5md_plain();

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        variant.length = units[i].length;
        variant.time = units[i].time;
        variant.in_length = units[i].in_length;
        variant.in_time = units[i].in_time;
        assert_read(&variant);
    }
    variant.length = "sigma";
    assert_bad(h5md_make("made.h5md", &variant), COVARY_ERR_FORMAT,
               "/particles/all/position/value is in 'sigma', a unit that is not known (angstrom");
    variant.length = "nm";
    variant.time = "tau";
    assert_bad(h5md_make("made.h5md", &variant), COVARY_ERR_FORMAT, "is in 'tau'");
}

static covary_status read_velocities(const h5md_variant *variant, frames **batch)
{
    static const char *const keys[] = {"velo", NULL};
    const label_request      wanted = {.name = "velocity",
                                       .keys = keys,
                                       .n_components = 3,
                                       .per_atom = true,
                                       .optional = true,
                                       .velocity = true};
    const trajectory_options options = {.requests = &wanted, .n_requests = 1};
    const char              *path = h5md_make("moving.h5md", variant);
    trajectory              *opened = NULL;

    assert_ok(trajectory_open(test_run(), &path, 1, &options, &opened));
    assert_ok(frames_create(0, 0, batch));
    const covary_status status = trajectory_read(opened, 0, H5MD_FRAMES, *batch);
    trajectory_close(&opened);
    return status;
}

/* Also where atoms change places; not where there are fewer of them than positions. */
static void velocities_are_read(void **state)
{
    static const struct {
        const char *unit;
        double      value; /* angstrom/fs */
    } units[] = {{"Angstrom ps-1", 1e-3},
                 {"nm ps-1", 1e-2},
                 {"nanometers/picosecond", 1e-2},
                 {"angstrom/fs", 1.0},
                 {"m s-1", 1e-5}};
    h5md_variant variant = h5md_plain();
    frames      *batch = NULL;

    (void)state;
    variant.type = H5T_IEEE_F64LE;
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        variant.velocity = units[u].unit;
        variant.n_velocities = H5MD_FRAMES;
        variant.ids = u % 2 == 1;
        assert_ok(read_velocities(&variant, &batch));
        for (int f = 0; f < H5MD_FRAMES; f++) {
            for (int i = 0; i < 3 * H5MD_ATOMS; i++) {
                assert_near(frames_label(batch, 0, f)[i], units[u].value * h5md_at(f, i / 3, i % 3),
                            1e-14);
            }
        }
        frames_destroy(&batch);
    }
    variant.n_velocities = H5MD_FRAMES - 1;
    assert_ok(read_velocities(&variant, &batch));
    assert_true(isnan(frames_label(batch, 0, 0)[0]));
    frames_destroy(&batch);
    variant.n_velocities = H5MD_FRAMES;
    static const char *const bad[] = {"knots", "nm fs-2", "nm-1 fs", "nm/", ""};
    for (size_t u = 0; u < sizeof bad / sizeof bad[0]; u++) {
        variant.velocity = bad[u];
        assert_int_equal(read_velocities(&variant, &batch), COVARY_ERR_FORMAT);
        assert_message("/particles/all/velocity/value has no unit that is known");
        frames_destroy(&batch);
    }
}

static void boundaries_are_read(void **state)
{
    h5md_variant variant = h5md_plain();

    (void)state;
    variant.boundary[1] = "none";
    assert_read(&variant);
    variant.boundary[0] = NULL; /* no attribute at all: the box repeats */
    variant.boundary[1] = NULL;
    assert_read(&variant);
}

static void datasets_may_be_linked(void **state)
{
    h5md_variant variant = h5md_plain();
    const char  *path;
    hid_t        file = h5md_begin("linked.h5md", &path);

    (void)state;
    h5md_put_all(file, &variant);
    assert_true(H5Ldelete(file, "/particles/all/box/edges/step", H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_hard(file, "/particles/all/position/step", file,
                               "/particles/all/box/edges/step", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lmove(file, "/particles/all/position/value", file, "/elsewhere", H5P_DEFAULT,
                        H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_soft("/elsewhere", file, "/particles/all/position/value", H5P_DEFAULT,
                               H5P_DEFAULT) >= 0);
    H5Fclose(file);
    assert_path(&variant, path, NULL);
}

/* A box whose first sample comes after the first frame says nothing about it. */
static void frame_before_the_first_sample_is_refused(void **state)
{
    const int64_t late[4] = {11, 20, 30, 40};
    const hsize_t four = 4;
    h5md_variant  variant = h5md_plain();
    const char   *path;
    hid_t         file = h5md_begin("late.h5md", &path);

    (void)state;
    variant.box = BOX_RARE;
    h5md_put_all(file, &variant);
    assert_true(H5Ldelete(file, "/particles/all/box/edges/step", H5P_DEFAULT) >= 0);
    h5md_put(file, "/particles/all/box/edges/step", &variant, H5T_STD_I64LE, H5T_NATIVE_INT64, 1,
             &four, late);
    H5Fclose(file);
    assert_bad(path, COVARY_ERR_DATA, "frame 1: step 10 is before the first sample");
}

static void groups_without_positions_are_passed_over(void **state)
{
    const double force[3] = {1, 2, 3};
    h5md_variant variant = h5md_plain();
    const char  *path;
    hid_t        file = h5md_begin("groups.h5md", &path);

    (void)state;
    h5md_put_all(file, &variant);
    h5md_put(file, "/particles/solvent/force", &variant, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2,
             (hsize_t[]){1, 3}, force);
    H5Fclose(file);
    assert_path(&variant, path, NULL);

    file = h5md_begin("groups.h5md", &path);
    h5md_put_all(file, &variant);
    variant.group = "solvent";
    h5md_put_all(file, &variant);
    H5Fclose(file);
    assert_bad(path, COVARY_ERR_FORMAT, "several groups of particles have positions: all, solvent");

    trajectory *opened = NULL;
    frames     *batch = NULL;
    assert_ok(trajectory_open(test_run(), &path, 1, &(trajectory_options){.particles = "solvent"},
                              &opened));
    assert_ok(frames_create(0, 0, &batch));
    assert_ok(trajectory_read(opened, 2, 3, batch));
    h5md_assert_frames(&variant, batch, 2);
    frames_destroy(&batch);
    trajectory_close(&opened);
    assert_int_equal(
        trajectory_open(test_run(), &path, 1, &(trajectory_options){.particles = "ions"}, &opened),
        COVARY_ERR_FORMAT);
    assert_message("no group of particles 'ions' (there are: all, solvent)");
}

static void assert_needs_topology(const h5md_variant *variant)
{
    const char *path = h5md_make("kinds.h5md", variant);

    assert_bad(path, COVARY_ERR_DATA, "does not say which elements its atoms are");
    assert_path(variant, path, &other_topology);
}

static void species_are_elements_only_if_they_can_be(void **state)
{
    h5md_variant variant = h5md_plain();

    (void)state;
    variant.kinds = KINDS_NONE;
    assert_needs_topology(&variant);
    variant.kinds = KINDS_NUMBERS;
    memcpy(variant.numbers, (int[5]){1, 2, 2, 2, 3}, sizeof variant.numbers); /* kinds, counted */
    assert_needs_topology(&variant);
    memcpy(variant.numbers, (int[5]){6, 1, 1, 0, 17}, sizeof variant.numbers);
    assert_needs_topology(&variant);
    memcpy(variant.numbers, (int[5]){6, 1, 1, 119, 17}, sizeof variant.numbers);
    assert_needs_topology(&variant);
    /* numbers that might be elements: a topology knows better */
    memcpy(variant.numbers, (int[5]){7, 1, 1, 1, 9}, sizeof variant.numbers);
    assert_path(&variant, h5md_make("kinds.h5md", &variant), &other_topology);
}

static void bad_values_name_file_and_frame(void **state)
{
    const hsize_t two[2] = {3, 1};
    h5md_variant  variant = h5md_plain();
    const char   *path = h5md_make("odd.h5md", &variant);
    hid_t         file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t         set = H5Dopen2(file, "/particles/all/position/value", H5P_DEFAULT);
    hid_t         space = H5Dget_space(set);
    hid_t         one = H5Screate(H5S_SCALAR);
    const double  nan = NAN;

    (void)state;
    H5Sselect_elements(space, H5S_SELECT_SET, 1, (hsize_t[3]){two[0], two[1], 2});
    assert_true(H5Dwrite(set, H5T_NATIVE_DOUBLE, one, space, H5P_DEFAULT, &nan) >= 0);
    H5Sclose(one);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
    assert_bad(path, COVARY_ERR_DATA, "odd.h5md, frame 4: the position of atom 2 is not finite");
}

/* An extent is no promise: chunks that were never written take no room in the file. */
static void announced_values_must_be_there(void **state)
{
    const hsize_t dims[3] = {H5MD_FRAMES, (hsize_t)1 << 40, 3}, chunk[3] = {1, 5, 3};
    const char   *path;
    hid_t         file = h5md_begin("absurd.h5md", &path);
    hid_t         created = H5Pcreate(H5P_DATASET_CREATE), links = H5Pcreate(H5P_LINK_CREATE);
    hid_t         space = H5Screate_simple(3, dims, NULL);

    (void)state;
    H5Pset_chunk(created, 3, chunk);
    H5Pset_create_intermediate_group(links, 1);
    H5Dclose(H5Dcreate2(file, "/particles/all/position/value", H5T_IEEE_F32LE, space, links,
                        created, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(created);
    H5Pclose(links);
    H5Fclose(file);
    assert_bad(path, COVARY_ERR_FORMAT, "announces more values than were written");
}

static void other_hdf5_files_are_refused(void **state)
{
    const double value = 1.0;
    h5md_variant variant = h5md_plain();
    const char  *path;
    char         bytes[64] = "\x89HDF\r\n\x1a\n";

    (void)state;
    hid_t file = h5md_begin("other.h5", &path);
    assert_true(H5Ldelete(file, "/h5md", H5P_DEFAULT) >= 0);
    h5md_put(file, "/density", &variant, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 0, NULL, &value);
    H5Fclose(file);
    assert_bad(path, COVARY_ERR_FORMAT, "what is in the file");
    file = h5md_begin("empty.h5", &path);
    H5Fclose(file);
    assert_bad(path, COVARY_ERR_FORMAT, "has no group /particles");
    assert_bad(write_bytes("short.h5", bytes, sizeof bytes), COVARY_ERR_FORMAT, "short.h5");
}

/* NetCDF-4 and MDTraj's files hold the same arrays; only the convention's name differs. */
static const char *make_arrays(const char *name, const char *key, const char *word,
                               const char *json)
{
    const double  time[2] = {0.5, 0.75}, positions[2][2][3] = {{{1, 2, 3}, {4, 5, 6}}, {{7}}};
    const hsize_t dims[3] = {2, 2, 3};
    h5md_variant  plain = h5md_plain();
    const char   *path, *units[] = {"nanometers"};
    hid_t         file = h5md_begin(name, &path), text = H5Tcopy(H5T_C_S1);

    h5md_text(file, "/", key, 1, &word);
    h5md_put(file, "/coordinates", &plain, H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, 3, dims, positions);
    h5md_text(file, "/coordinates", "units", 1, units);
    h5md_put(file, "/time", &plain, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1, dims, time);
    if (json != NULL) {
        H5Tset_size(text, strlen(json));
        h5md_put(file, "/topology", &plain, text, text, 0, NULL, json);
    }
    H5Tclose(text);
    H5Fclose(file);
    return path;
}

static void assert_arrays(const char *path, const topology *elements, const char *format)
{
    frames *batch = NULL;

    assert_ok(read_frames(path, elements, format, &batch));
    assert_int_equal(batch->n_frames, 2);
    assert_near(frames_positions(batch, 0)[5], 60.0, 1e-12);
    assert_near(frames_positions(batch, 1)[0], 70.0, 1e-12);
    assert_near(batch->time[1], 750.0, 1e-12);
    assert_int_equal(batch->periodic[0], 0);
    assert_int_equal(frames_species(batch, 1)[1], 17);
    frames_destroy(&batch);
}

#define TOPOLOGY(atoms) "{\"chains\": [{\"residues\": [{\"atoms\": [" atoms "]}]}]}"

static void arrays_in_hdf5_are_read(void **state)
{
    static uint8_t           two[2] = {1, 17};
    const topology           given = {.n_atoms = 2, .species = two};
    frames                  *batch = NULL;
    static const char *const odd[][2] = {
        {"{\"chains\": [", "mdtraj.h5: the topology is not JSON"},
        {"{\"bonds\": []}", "the topology has no list 'chains'"},
        {TOPOLOGY("{\"element\": \"H\"}"), "the topology has 1 atoms, a frame 2"},
        {TOPOLOGY("{\"index\": 2, \"element\": \"H\"}"), "more atoms than the 2 of a frame"},
    };

    (void)state;
    assert_arrays(make_arrays("four.nc", "Conventions", "AMBER", NULL), &given, "amber");
    assert_arrays(make_arrays("mdtraj.h5", "conventions", "Pande", NULL), &given, "mdtraj");
    assert_arrays(make_arrays("mdtraj.h5", "conventions", "Pande",
                              TOPOLOGY("{\"index\": 1, \"element\": \"Cl\"}, "
                                       "{\"index\": 0, \"element\": \"H\"}")),
                  NULL, "mdtraj");
    /* a virtual site is no element: then all come from the topology that is given */
    assert_arrays(make_arrays("mdtraj.h5", "conventions", "Pande",
                              TOPOLOGY("{\"element\": \"VS\"}, {\"element\": \"H\"}")),
                  &given, "mdtraj");
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_int_equal(read_frames(make_arrays("mdtraj.h5", "conventions", "Pande", odd[i][0]),
                                     NULL, "mdtraj", &batch),
                         COVARY_ERR_FORMAT);
        assert_message(odd[i][1]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(files_of_other_programs_are_read),
        cmocka_unit_test(every_layout_is_read),
        cmocka_unit_test(fixed_positions_are_one_frame),
        cmocka_unit_test(units_are_honoured),
        cmocka_unit_test(velocities_are_read),
        cmocka_unit_test(boundaries_are_read),
        cmocka_unit_test(datasets_may_be_linked),
        cmocka_unit_test(frame_before_the_first_sample_is_refused),
        cmocka_unit_test(groups_without_positions_are_passed_over),
        cmocka_unit_test(species_are_elements_only_if_they_can_be),
        cmocka_unit_test(bad_values_name_file_and_frame),
        cmocka_unit_test(announced_values_must_be_there),
        cmocka_unit_test(other_hdf5_files_are_refused),
        cmocka_unit_test(arrays_in_hdf5_are_read),
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
