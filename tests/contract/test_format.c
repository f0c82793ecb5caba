/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every trajectory format promises, on the files of tests/data and tests/data/formats.
 * ranks: 1 2 3
 */
#include "fault_support.h"
#include "formats_support.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ATOMS_MAX = 64, SINGLES = 12, HEAD_BYTES = 4096 };

static const format_tuning tuning = {
    .chunk_bytes = 1 << 12, .share_bytes = 1 << 10, .index_entries = 16};

/* A file that a format claims by its contents. */
typedef struct {
    const char       *path;
    const format_ops *format;
    int64_t           bytes;
} sample;

static void for_files(const char *folder, void (*check)(const char *path, void *context),
                      void       *context)
{
    char           path[1024];
    struct dirent *entry;
    DIR           *opened = opendir(test_data(folder));

    assert_non_null(opened);
    while ((entry = readdir(opened)) != NULL) {
        struct stat about;
        snprintf(path, sizeof path, "%s/%s", test_data(folder), entry->d_name);
        assert_int_equal(stat(path, &about), 0);
        if (S_ISREG(about.st_mode)) {
            check(path, context);
        }
    }
    closedir(opened);
}

/* NULL: no format's. */
static const format_ops *format_of(const char *path)
{
    static char       head[HEAD_BYTES];
    FILE             *file = fopen(path, "rb");
    const format_ops *found = NULL;

    assert_non_null(file);
    const size_t length = fread(head, 1, sizeof head, file);
    assert_int_equal(fclose(file), 0);
    return format_find(test_run(), path, head, length, &found) == COVARY_OK ? found : NULL;
}

/* Elements for a file that may have none. */
static const topology *elements_of(const sample *of)
{
    static uint8_t  species[ATOMS_MAX];
    static topology elements;
    trajectory     *opened = NULL;

    assert_ok(trajectory_open_tuned(test_run(), &of->path, 1,
                                    &(trajectory_options){.without_elements = true}, &tuning,
                                    &opened));
    elements = (topology){.n_atoms = trajectory_max_atoms(opened), .species = species};
    trajectory_close(&opened);
    assert_in_range(elements.n_atoms, 1, ATOMS_MAX);
    memset(species, 6, sizeof species);
    return &elements;
}

typedef struct {
    void (*check)(const sample *of);
    int n_files;
} walk;

static void check_sample(const char *path, void *context)
{
    walk             *through = context;
    const format_ops *format = format_of(path);
    struct stat       about;

    if (format != NULL) {
        assert_int_equal(stat(path, &about), 0);
        through->check(&(sample){path, format, about.st_size});
        through->n_files++;
    }
}

static void for_samples(void (*check)(const sample *of))
{
    walk through = {.check = check};

    for_files("formats", check_sample, &through);
    assert_true(through.n_files > 5);
}

static trajectory *open_sample(const sample *of)
{
    trajectory              *opened = NULL;
    const trajectory_options options = {.topology = elements_of(of)};

    assert_ok(trajectory_open_tuned(test_run(), &of->path, 1, &options, &tuning, &opened));
    assert_string_equal(trajectory_format_name(opened), of->format->name);
    return opened;
}

static void assert_same_frame(const frames *a, int64_t f, const frames *b, int64_t g)
{
    const size_t n = (size_t)frames_n_atoms(a, f);

    assert_int_equal(frames_n_atoms(b, g), n);
    assert_int_equal(b->step[g], a->step[f]);
    assert_memory_equal(&b->time[g], &a->time[f], sizeof(double));
    assert_int_equal(b->periodic[g], a->periodic[f]);
    assert_memory_equal(b->cell + 9 * g, a->cell + 9 * f, 9 * sizeof(double));
    assert_memory_equal(frames_positions(b, g), frames_positions(a, f), 3 * n * sizeof(double));
    assert_memory_equal(frames_species(b, g), frames_species(a, f), n);
}

/* ---- the promises ---- */

/* Set where a file of tests/data is of the format. */
static bool has_file[64];

static void note_format(const char *path, void *context)
{
    const format_ops *found = format_of(path);

    (void)context;
    for (int i = 0; found != NULL && format_registry()[i] != NULL; i++) {
        has_file[i] = has_file[i] || format_registry()[i] == found;
    }
}

static void formats_have_names_and_files(void **state)
{
    (void)state;
    for_files(".", note_format, NULL);
    for_files("formats", note_format, NULL);
    for (int i = 0; format_registry()[i] != NULL; i++) {
        const format_ops *format = format_registry()[i];
        assert_true(format->name[0] != '\0' && format->summary[0] != '\0');
        assert_non_null(format->extensions[0]);
        if (!has_file[i]) {
            fail_msg("tests/data has no file of the format %s", format->name);
        }
        for (int other = 0; other < i; other++) {
            assert_string_not_equal(format_registry()[other]->name, format->name);
        }
    }
}

/* Nor is there a format by accident: in noise, in zeros, in nothing. */
static void other_files_are_refused(void **state)
{
    test_random       stream = {5};
    char              head[HEAD_BYTES] = {0};
    const format_ops *found = NULL;

    (void)state;
    assert_null(format_of(test_data("formats/dce2_positions.npy")));
    assert_null(format_of(test_data("formats/dce2.pdb")));
    assert_int_equal(format_find(test_run(), "zeros", head, sizeof head, &found),
                     COVARY_ERR_FORMAT);
    assert_int_equal(format_find(test_run(), "empty", head, 0, &found), COVARY_ERR_FORMAT);
    for (int again = 0; again < 200; again++) {
        for (size_t i = 0; i < sizeof head; i++) {
            head[i] = (char)(256 * test_uniform(&stream));
        }
        assert_int_equal(format_find(test_run(), "noise", head, sizeof head, &found),
                         COVARY_ERR_FORMAT);
    }
}

/* Frames are the same alone and among others, from the front and from anywhere. */
static void check_order(const sample *of)
{
    trajectory *opened = open_sample(of);
    frames     *all = NULL, *some = NULL;
    test_random stream = {13};
    const int   n = (int)trajectory_n_frames(opened);

    assert_ok(frames_create(0, 0, &all));
    assert_ok(frames_create(0, 0, &some));
    assert_ok(trajectory_read(opened, 0, n, all));
    assert_int_equal(all->n_frames, n);
    for (int again = 0; again < SINGLES; again++) {
        const int from = (int)(test_uniform(&stream) * n);
        const int count = 1 + (int)(test_uniform(&stream) * (n - from));
        assert_ok(trajectory_read(opened, from, count, some));
        assert_int_equal(some->n_frames, count);
        assert_same_frame(all, from, some, 0);
        assert_same_frame(all, from + count - 1, some, count - 1);
    }
    frames_destroy(&some);
    frames_destroy(&all);
    trajectory_close(&opened);
}

static void any_order_gives_the_same_frames(void **state)
{
    (void)state;
    for_samples(check_order);
}

/* Positions are finite and so are cells, whose bits of periodicity belong to vectors that are. */
static void check_values(const sample *of)
{
    trajectory *opened = open_sample(of);
    frames     *mine = NULL;
    int64_t     first, count;

    assert_ok(frames_create(0, 0, &mine));
    trajectory_share(opened, &first, &count);
    assert_ok(trajectory_read(opened, first, count, mine));
    for (int64_t i = 0; i < 3 * mine->atom_start[mine->n_frames]; i++) {
        assert_true(isfinite(mine->positions[i]));
    }
    for (int64_t f = 0; f < mine->n_frames; f++) {
        for (int d = 0; d < 3; d++) {
            const double *v = mine->cell + 9 * f + 3 * d;
            assert_true(isfinite(v[0]) && isfinite(v[1]) && isfinite(v[2]));
            assert_true(!(mine->periodic[f] & 1 << d) || v[0] != 0.0 || v[1] != 0.0 || v[2] != 0.0);
        }
    }
    frames_destroy(&mine);
    trajectory_close(&opened);
}

static void values_are_finite(void **state)
{
    (void)state;
    for_samples(check_values);
}

/* All formats hold the same molecules, to the digits that they keep. */
static void check_positions(const sample *of)
{
    const double digits = 0.006; /* angstrom: thousandths of a nanometre, compressed */
    trajectory  *opened;
    frames      *all = NULL;

    if (strstr(of->path, "dce2") == NULL) {
        return;
    }
    opened = open_sample(of);
    assert_ok(frames_create(0, 0, &all));
    assert_ok(trajectory_read(opened, 0, trajectory_n_frames(opened), all));
    for (int64_t f = 0; f < all->n_frames; f++) {
        assert_int_equal(frames_n_atoms(all, f), DCE2_ATOMS);
        for (int i = 0; i < 3 * DCE2_ATOMS; i++) {
            assert_near(frames_positions(all, f)[i], dce2_positions(f)[i], digits);
        }
    }
    frames_destroy(&all);
    trajectory_close(&opened);
}

static void positions_are_in_angstrom(void **state)
{
    (void)state;
    for_samples(check_positions);
}

static void check_labels(const sample *of)
{
    static const char *const keys[] = {"dipole", NULL};
    const label_request      wanted = {.name = "dipole", .keys = keys, .n_components = 3};
    trajectory              *opened = NULL;
    const trajectory_options options = {
        .requests = &wanted, .n_requests = 1, .topology = elements_of(of)};

    if (!of->format->labels) {
        assert_int_equal(trajectory_open(test_run(), &of->path, 1, &options, &opened),
                         COVARY_ERR_DATA);
        assert_message("have no labels");
    }
}

static void labels_are_refused_where_there_are_none(void **state)
{
    (void)state;
    for_samples(check_labels);
}

/* Half a file of any format is refused, or read as far as it goes, with words. */
static void check_half(const sample *of)
{
    static char     bytes[1 << 20];
    const topology *elements = elements_of(of);
    trajectory     *opened = NULL;
    FILE           *file = fopen(of->path, "rb");

    assert_non_null(file);
    const size_t half = fread(bytes, 1, sizeof bytes, file) / 2 - 3;
    assert_int_equal(fclose(file), 0);
    const char *path = write_bytes("half", bytes, half);
    assert_int_not_equal(
        trajectory_open(test_run(), &path, 1, &(trajectory_options){.topology = elements}, &opened),
        COVARY_OK);
    assert_message("half");
    assert_null(opened);
}

static void half_a_file_is_refused(void **state)
{
    (void)state;
    for_samples(check_half);
}

/* Formats that find whole frames without the end of the file, by number in the registry. */
static bool has_remedy[64];

static void assert_whole_frames(const char *const *paths, int n_paths, const char *selection,
                                const topology *elements, const frames *wanted, int64_t n)
{
    const trajectory_options options = {.topology = elements, .frames = selection};
    trajectory              *opened = NULL;
    frames                  *found = NULL;

    assert_ok(frames_create(0, 0, &found));
    assert_ok(trajectory_open(test_run(), paths, n_paths, &options, &opened));
    assert_int_equal(trajectory_n_frames(opened), n);
    assert_ok(trajectory_read(opened, 0, n, found));
    for (int64_t f = 0; f < n; f++) {
        assert_memory_equal(frames_positions(found, f),
                            frames_positions(wanted, f % wanted->n_frames),
                            3 * (size_t)frames_n_atoms(found, f) * sizeof(double));
    }
    frames_destroy(&found);
    trajectory_close(&opened);
}

/*
 * A run that was killed within a frame: the file is refused, with the selection that takes the
 * whole frames; that one does, also behind a whole file, but not before another one.
 */
static void check_killed(const sample *of)
{
    static char     bytes[1 << 20];
    const topology *elements = elements_of(of);
    trajectory     *opened = open_sample(of);
    const int64_t   n = trajectory_n_frames(opened);
    frames         *all = NULL;
    FILE           *file = fopen(of->path, "rb");
    char            selection[32], remedy[64];
    covary_status   status;
    int             format = 0;

    assert_ok(frames_create(0, 0, &all));
    assert_ok(trajectory_read(opened, 0, n, all));
    trajectory_close(&opened);
    assert_non_null(file);
    const size_t length = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    const char *const cut[2] = {write_bytes("killed", bytes, length - length / (size_t)(2 * n)),
                                of->path};
    const char *const behind[2] = {of->path, cut[0]};
    status =
        trajectory_open(test_run(), cut, 1, &(trajectory_options){.topology = elements}, &opened);
    snprintf(selection, sizeof selection, ":%d", (int)n - 1);
    snprintf(remedy, sizeof remedy, "; --frames %s takes", selection);
    if (status == COVARY_ERR_FORMAT && n > 1 && strstr(covary_status_message(), remedy) != NULL) {
        while (format_registry()[format] != of->format) {
            format++;
        }
        has_remedy[format] = true;
        assert_message("killed");
        assert_whole_frames(cut, 1, selection, elements, all, n - 1);
        assert_whole_frames(cut, 1, ":-1", elements, all, n - 1);
        assert_whole_frames(behind, 2, ":-1", elements, all, 2 * n - 1);
        assert_int_equal(trajectory_open(test_run(), cut, 2,
                                         &(trajectory_options){.topology = elements}, &opened),
                         COVARY_ERR_FORMAT);
        assert_message("only the last trajectory file may end so");
    } else {
        assert_int_not_equal(status, COVARY_OK);
    }
    frames_destroy(&all);
}

static void whole_frames_of_killed_runs_are_read(void **state)
{
    static const char *const with[] = {"extxyz", "dcd", "lammps", "lammps-binary",
                                       "xtc",    "trr", "amber"};
    char                     plain[1024];

    (void)state;
    memset(has_remedy, 0, sizeof has_remedy);
    for_samples(check_killed);
    snprintf(plain, sizeof plain, "%s", test_data("dce_test.xyz")); /* the others are compressed */
    check_killed(&(sample){.path = plain, .format = &format_extxyz});
    for (size_t w = 0; w < sizeof with / sizeof with[0]; w++) {
        int format = 0;
        while (strcmp(format_registry()[format]->name, with[w]) != 0) {
            format++;
        }
        if (!has_remedy[format]) {
            fail_msg("a truncated file of the format %s has no remedy", with[w]);
        }
    }
}

/* Opened and closed again, on a run of its own. */
static const sample   *opened_sample;
static const topology *opened_elements;

static covary_status open_and_close(covary_run *run)
{
    const trajectory_options options = {.topology = opened_elements};
    trajectory              *opened = NULL;
    const covary_status      status =
        trajectory_open_tuned(run, &opened_sample->path, 1, &options, &tuning, &opened);

    trajectory_close(&opened);
    return status;
}

/* A rank that fails at any of the points at which they agree while they open a file. */
static void check_faults(const sample *of)
{
    opened_sample = of;
    opened_elements = elements_of(of);
    fail_on_ranks(open_and_close, false, 2, 0, 1);
}

static void opening_fails_on_every_rank_or_none(void **state)
{
    (void)state;
    for_samples(check_faults);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(formats_have_names_and_files),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(any_order_gives_the_same_frames),
        cmocka_unit_test(values_are_finite),
        cmocka_unit_test(positions_are_in_angstrom),
        cmocka_unit_test(labels_are_refused_where_there_are_none),
        cmocka_unit_test(half_a_file_is_refused),
        cmocka_unit_test(whole_frames_of_killed_runs_are_read),
        cmocka_unit_test(opening_fails_on_every_rank_or_none),
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
