/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Annotations: what is written in batches from any number of ranks is read back, byte for byte the
 * same file.   ranks: 1 2 3 5
 *
 * With COVARY_TEST_ANNOTATION=PATH the file of the first case is left there for other readers.
 */
#include "annotation_support.h"

#include "storage/storage.h"

#include <stdlib.h>
#include <unistd.h>

/* --- cases --------------------------------------------------------------------------------------
 */

static void assert_observable(const annotation *opened, int o)
{
    const annotation_observable *given = &observables()[o];
    const annotation_observable *found = annotation_observable_at(opened, o);
    int64_t                      size = row_size(given);
    double                      *values = NULL;

    assert_string_equal(found->name, given->name);
    assert_string_equal(found->kind, given->kind);
    assert_ptr_equal(found->unit, given->unit);
    assert_int_equal(found->rank, given->rank);
    assert_int_equal(found->per_atom, given->per_atom);
    assert_int_equal(annotation_find(opened, given->name), o);
    assert_ok(MEMORY_ALLOCATE("values", FRAMES * size, &values));
    assert_ok(annotation_read_values(opened, o, 0, FRAMES, values));
    for (int64_t i = 0; i < FRAMES * size; i++) {
        assert_true(values[i] == value_of(o, i / size, i % size));
    }
    MEMORY_RELEASE(&values);
}

static void assert_frames(const annotation *opened)
{
    double  positions[FRAMES * 3 * ATOMS], cell[FRAMES * 9], times[FRAMES];
    int64_t steps[FRAMES];

    assert_ok(annotation_read_positions(opened, 0, FRAMES, positions));
    assert_ok(annotation_read_cell(opened, 0, FRAMES, cell));
    assert_ok(annotation_read_steps(opened, 0, FRAMES, steps));
    assert_ok(annotation_read_times(opened, 0, FRAMES, times));
    for (int frame = 0; frame < FRAMES; frame++) {
        for (int i = 0; i < 3 * ATOMS; i++) {
            assert_true(positions[3 * ATOMS * frame + i] == (float)position_of(frame, i));
        }
        for (int i = 0; i < 9; i++) {
            assert_true(cell[9 * frame + i] == cell_of(frame, i));
        }
        assert_int_equal(steps[frame], step_of(frame));
        assert_true(times[frame] == time_of(frame));
    }
}

static void everything_comes_back(void **state)
{
    const char       *kept = getenv("COVARY_TEST_ANNOTATION");
    const char       *path = kept ? kept : scratch_path("full.h5");
    annotation_layout layout = full_layout();
    annotation       *opened = NULL;
    double            margin[FRAMES], distance[FRAMES];
    uint8_t           flags[FRAMES];

    (void)state;
    write_file(test_run(), path, &layout);
    assert_ok(annotation_open(test_run(), path, &opened));
    assert_int_equal(annotation_n_frames(opened), FRAMES);
    assert_int_equal(annotation_n_complete(opened), FRAMES);
    assert_int_equal(annotation_n_atoms(opened), ATOMS);
    for (int atom = 0; atom < ATOMS; atom++) {
        assert_int_equal(annotation_species(opened)[atom], WATER[atom]);
    }
    assert_int_equal(annotation_n_observables(opened), OBSERVABLES);
    for (int o = 0; o < OBSERVABLES; o++) {
        assert_observable(opened, o);
    }
    assert_int_equal(annotation_find(opened, "domain"), -1);
    assert_frames(opened);
    assert_ok(annotation_read_flags(opened, 3, 20, flags));
    assert_ok(annotation_read_margin(opened, 3, 20, margin));
    assert_ok(annotation_read_distance(opened, 3, 20, distance));
    for (int f = 0; f < 20; f++) {
        assert_int_equal(flags[f], flags_of(3 + f));
        assert_near(margin[f], 0.25 + 0.001 * (3 + f), 0.0);
        assert_near(distance[f], 2.0 * (3 + f), 0.0);
    }
    annotation_close(&opened);
    assert_null(opened);
}

static void provenance_comes_back(void **state)
{
    const char       *path = scratch_path("provenance.h5");
    annotation_layout layout = full_layout();
    annotation       *opened = NULL;

    (void)state;
    write_file(test_run(), path, &layout);
    assert_ok(annotation_open(test_run(), path, &opened));
    assert_string_equal(annotation_text(opened, "command"), layout.provenance.command);
    assert_string_equal(annotation_text(opened, "config"), layout.provenance.config);
    assert_string_equal(annotation_text(opened, "model"), "m.h5");
    assert_string_equal(annotation_text(opened, "model_checksum"), "sha256:22");
    assert_true(strlen(annotation_text(opened, "version")) > 0);
    assert_true(strlen(annotation_text(opened, "commit")) > 0);
    assert_null(annotation_text(opened, "created"));
    assert_null(annotation_text(opened, "no such text"));
    assert_int_equal(annotation_n_inputs(opened), 2);
    assert_string_equal(annotation_input_at(opened, 1)->path, "folder/b.xyz");
    assert_string_equal(annotation_input_at(opened, 1)->checksum, "sha256:11");
    assert_int_equal(annotation_input_at(opened, 1)->bytes, 5678);
    annotation_close(&opened);
}

/* Nothing but what must be there. */
static void smallest_layout_works(void **state)
{
    const char         *path = scratch_path("small.h5");
    annotation_layout   layout = {.n_frames = FRAMES, .n_atoms = ATOMS, .species = WATER};
    annotation_writer  *writer = NULL;
    annotation         *opened = NULL;
    filled_batch        filled;
    int64_t             first, count;
    uint8_t             flags[FRAMES];
    const double *const none[1] = {NULL};

    (void)state;
    share(test_run(), FRAMES, &first, &count);
    assert_ok(annotation_begin(test_run(), path, &layout, false, &writer));
    batch_fill(&filled, first, count);
    assert_ok(annotation_write(writer, &filled.batch, none, NULL, NULL, NULL));
    batch_release(&filled);
    assert_ok(annotation_commit(&writer));
    assert_ok(annotation_open(test_run(), path, &opened));
    assert_int_equal(annotation_n_observables(opened), 0);
    assert_false(annotation_has_positions(opened));
    assert_false(annotation_has_cell(opened));
    assert_false(annotation_has_time(opened));
    assert_ok(annotation_read_flags(opened, 0, FRAMES, flags));
    for (int f = 0; f < FRAMES; f++) {
        assert_int_equal(flags[f], 0);
    }
    assert_int_equal(annotation_read_margin(opened, 0, 1, (double[1]){0}), COVARY_ERR_FORMAT);
    assert_message("has no dataset /observables/domain_margin/value");
    annotation_close(&opened);
}

/* All ranks together, and every rank for itself: the files do not differ in a single byte. */
static void file_is_the_same_for_any_number_of_ranks(void **state)
{
    annotation_layout  layout = full_layout();
    covary_run        *world = test_run(), *alone = NULL;
    covary_run_options quiet = {.verbosity = COVARY_QUIET};
    const char        *together = scratch_path("together.h5");
    char               name[64];

    (void)state;
    write_file(world, together, &layout);
    assert_ok(covary_run_create(MPI_COMM_SELF, &quiet, &alone));
    snprintf(name, sizeof name, "alone%d.h5", covary_run_rank(world));
    write_file(alone, scratch_path(name), &layout);
    assert_same_file(together, scratch_path(name));
    covary_run_destroy(&alone);
}

/* Whatever frames follow must be those behind the last ones. */
static void frames_out_of_order_are_an_error(void **state)
{
    const char        *path = scratch_path("overlap.h5");
    annotation_layout  layout = full_layout();
    annotation_writer *writer = NULL;
    bool               first = covary_run_rank(test_run()) == 0;

    (void)state;
    assert_ok(annotation_begin(test_run(), path, &layout, false, &writer));
    assert_ok(write_batch(writer, 0, first ? 5 : 0));
    assert_int_equal(write_batch(writer, 4, first ? 3 : 0), COVARY_ERR_INTERNAL);
    assert_message("3 frames from 4 to 7 are written behind frame 5");
    assert_int_equal(write_batch(writer, 6, first ? 3 : 0), COVARY_ERR_INTERNAL);
    assert_int_equal(annotation_commit(&writer), COVARY_ERR_INTERNAL);
    assert_message("5 of 41 frames are written");
    assert_null(writer);
    MPI_Barrier(covary_run_comm(test_run()));
    assert_int_equal(access(path, F_OK), -1);
}

/* One rank after the other has a frame of another molecule: all are told. */
static void other_molecules_are_refused_on_every_rank(void **state)
{
    annotation_layout  layout = full_layout();
    annotation_writer *writer = NULL;
    filled_batch       filled;
    int64_t            first, count;

    (void)state;
    share(test_run(), FRAMES, &first, &count);
    for (int failing = 0; failing < covary_run_size(test_run()); failing++) {
        assert_ok(annotation_begin(test_run(), scratch_path("mixed.h5"), &layout, false, &writer));
        batch_fill(&filled, first, count);
        if (covary_run_rank(test_run()) == failing) {
            filled.batch.species[1] = 17;
        }
        assert_int_equal(annotation_write(writer, &filled.batch,
                                          (const double *const *)filled.values, filled.margin,
                                          filled.distance, NULL),
                         COVARY_ERR_DATA);
        assert_message("mixed.h5.part: frame ");
        assert_message("other atoms");
        batch_release(&filled);
        annotation_abandon(&writer);
        assert_null(writer);
    }
}

static void frames_beyond_the_end_are_refused(void **state)
{
    annotation_layout  layout = full_layout();
    annotation_writer *writer = NULL;

    (void)state;
    assert_ok(annotation_begin(test_run(), scratch_path("beyond.h5"), &layout, false, &writer));
    assert_int_equal(write_batch(writer, FRAMES - 1, covary_run_rank(test_run()) == 0 ? 2 : 0),
                     COVARY_ERR_INTERNAL);
    assert_message("frames 40 to 42 of 41");
    annotation_abandon(&writer);
}

static void impossible_names_are_refused(void **state)
{
    static const char *const names[] = {"domain", "a/b", "", "..", "dipole"};
    annotation_observable    two[2] = {{.name = "dipole"}, {.name = NULL}};
    annotation_layout        layout = full_layout();
    annotation_writer       *writer = NULL;

    (void)state;
    layout.n_observables = 2;
    layout.observables = two;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        two[1].name = names[i];
        assert_int_equal(
            annotation_begin(test_run(), scratch_path("names.h5"), &layout, false, &writer),
            COVARY_ERR_DATA);
        assert_message("rename");
        assert_null(writer);
    }
}

static void other_hdf5_files_are_refused(void **state)
{
    const char *path = scratch_path("model.h5");
    storage    *file = NULL;
    annotation *opened = NULL;

    (void)state;
    assert_ok(storage_create(test_run(), path, &file));
    assert_ok(storage_make_group(file, "/h5md"));
    assert_ok(storage_commit(&file));
    assert_int_equal(annotation_open(test_run(), path, &opened), COVARY_ERR_FORMAT);
    assert_message("model.h5: is not an annotation");
    assert_null(opened);
    assert_int_equal(annotation_open(test_run(), scratch_path("absent.h5"), &opened),
                     COVARY_ERR_IO);
    assert_message("absent.h5: cannot be read");
}

static void size_is_known_beforehand(void **state)
{
    annotation_layout layout = full_layout();
    /* step, time, charges, dipole, energy, forces, polarizability, flags, margin, distance,
       positions in single precision, edges */
    int64_t row = 8 + 8 + 24 + 24 + 8 + 72 + 72 + 1 + 8 + 8 + 36 + 72;

    (void)state;
    assert_int_equal(annotation_bytes(&layout), FRAMES * row);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(everything_comes_back),
    cmocka_unit_test(provenance_comes_back),
    cmocka_unit_test(smallest_layout_works),
    cmocka_unit_test(file_is_the_same_for_any_number_of_ranks),
    cmocka_unit_test(frames_out_of_order_are_an_error),
    cmocka_unit_test(other_molecules_are_refused_on_every_rank),
    cmocka_unit_test(frames_beyond_the_end_are_refused),
    cmocka_unit_test(impossible_names_are_refused),
    cmocka_unit_test(other_hdf5_files_are_refused),
    cmocka_unit_test(size_is_known_beforehand),
};

TEST_MAIN(cases)
