/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Damaged trajectories and topologies: each input ends in frames or in a message, never in a crash,
 * a hang, a leak or an absurd amount of memory.
 *
 *     fuzz_formats COUNT FILE ...
 *     fuzz_formats --from FIRST COUNT FILE ...
 *     fuzz_formats --library [--from FIRST] COUNT FILE ...
 *
 * Every file is damaged COUNT times, input by input the same way in every run (numbers FIRST,
 * FIRST + 1, ...; from 0).  The input that is being read stands in /dev/shm or TMPDIR: after a
 * crash or a failure it is still there, and its name is printed.
 *
 * With --library the HDF5 library may fail, as long as that ends in a message on the file and
 * status 1; inputs are read by a process of their own, which is begun anew after such an end.
 *
 * What the formats promise is checked: positions are finite, frames read one by one are those read
 * at once, all memory is given back, and its peak stays in proportion to the file.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "cli/crash.h"
#include "core/memory.h"
#include "core/mix_bits.h"
#include "core/status.h"
#include "trajectory/elements.h"
#include "trajectory/format.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FRAMES_MAX = 2000, /* read of one input */
    SINGLES = 3,       /* frames read again alone */
    GROWTH_MAX = 4096, /* bytes that damage may add to a file */
    SECONDS_MAX = 60,  /* for one input: more is a hang */
    LIBRARY_SECONDS = 5,
    STATUS_ENDLESS = 3,
    MEMORY_FACTOR = 64 /* of the file's size, and MEMORY_BASE besides */
};
static const int64_t memory_base = INT64_C(64) << 20;

typedef struct {
    unsigned char *bytes; /* [length + GROWTH_MAX] */
    size_t         length;
} input;

typedef struct {
    covary_run *run;
    const char *seed;      /* path */
    bool        topology;  /* the seed is one */
    char        path[128]; /* of the damaged file */
    int64_t     number;    /* of the input */
    int64_t     readable;
    bool        library; /* it may fail */
    uint64_t    random;
    int64_t     fair; /* bytes of memory that files of the size of the seeds may take */
} fuzzer;

static fuzzer *current; /* for the message of a hang */

static void report(const char *what)
{
    fprintf(stderr, "%s, input %" PRId64 ": %s; it is kept as %s\n", current->seed, current->number,
            what, current->path);
    signal(SIGABRT, SIG_DFL); /* it was not the library that failed */
    abort();
}

static void report_hang(int signal_number)
{
    (void)signal_number;
    if (current->library) {
        _exit(STATUS_ENDLESS);
    }
    report("no end");
}

static uint64_t below(fuzzer *self, uint64_t n)
{
    self->random = mix_bits(self->random + UINT64_C(0x9e3779b97f4a7c15));
    return self->random % n;
}

/* ---- damage ---- */

/* Half of the damage is done near the start, where sizes and counts are. */
static size_t anywhere(fuzzer *self, const input *in)
{
    const size_t head = in->length < 400 ? in->length : 400;

    return (size_t)below(self, below(self, 2) == 0 ? head : in->length);
}

static void flip_bit(fuzzer *self, input *in)
{
    in->bytes[anywhere(self, in)] ^= (unsigned char)(1u << below(self, 8));
}

static void set_byte(fuzzer *self, input *in)
{
    static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff, ' ', '\n', '-', '9', 'e', '.'};

    in->bytes[anywhere(self, in)] = values[below(self, sizeof values)];
}

/* Numbers at the edges of what integers and floats hold, in either byte order. */
static void set_number(fuzzer *self, input *in)
{
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      UINT64_MAX,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x40000000,
                                      0x10000,
                                      0x7f800000,
                                      0x7fc00000,
                                      UINT64_C(0x7fffffffffffffff),
                                      UINT64_C(0x8000000000000000),
                                      UINT64_C(0x4000000000000000),
                                      UINT64_C(0x7ff0000000000000)};
    const uint64_t        value = values[below(self, sizeof values / sizeof values[0])];
    const size_t          size = below(self, 2) == 0 ? 4 : 8;
    const bool            big = below(self, 2) == 0;
    const size_t          at = anywhere(self, in) / 4 * 4;

    for (size_t i = 0; i < size && at + i < in->length; i++) {
        in->bytes[at + i] = (unsigned char)(value >> 8 * (big ? size - 1 - i : i));
    }
}

/* One more or less, in the last byte or the first of a number. */
static void nudge(fuzzer *self, input *in)
{
    in->bytes[anywhere(self, in)] += below(self, 2) == 0 ? 1 : 255;
}

static void cut_end(fuzzer *self, input *in)
{
    const size_t most = in->length > 16 && below(self, 2) == 0 ? 16 : in->length;

    in->length -= (size_t)below(self, most);
}

static void cut_piece(fuzzer *self, input *in)
{
    const size_t at = anywhere(self, in), left = in->length - at;
    const size_t n = (size_t)below(self, left < 256 ? left : 256);

    memmove(in->bytes + at, in->bytes + at + n, left - n);
    in->length -= n;
    in->length += in->length == 0;
}

static void repeat_piece(fuzzer *self, input *in)
{
    const size_t at = anywhere(self, in), left = in->length - at;
    const size_t n = (size_t)below(self, left < 64 ? left : 64);

    memmove(in->bytes + at + n, in->bytes + at, left);
    in->length += n;
}

static void move_piece(fuzzer *self, input *in)
{
    const size_t from = anywhere(self, in), to = anywhere(self, in);
    const size_t room = in->length - (from > to ? from : to);

    memmove(in->bytes + to, in->bytes + from, (size_t)below(self, room < 64 ? room + 1 : 64));
}

static void damage(fuzzer *self, input *in)
{
    static void (*const kinds[])(fuzzer *, input *) = {
        flip_bit, set_byte, set_number, nudge, cut_end, cut_piece, repeat_piece, move_piece};
    const int times = 1 + (int)below(self, 5);

    for (int i = 0; i < times; i++) {
        /* the first four leave the length alone and are the likelier ones */
        kinds[below(self, below(self, 4) == 0 ? 8 : 4)](self, in);
    }
}

/* ---- reading ---- */

static void check_frames(const frames *batch)
{
    const int64_t n = 3 * batch->atom_start[batch->n_frames];

    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(batch->positions[i])) {
            report("a position is not finite");
        }
    }
    for (int64_t i = 0; i < 9 * batch->n_frames; i++) {
        if (!isfinite(batch->cell[i])) {
            report("a cell is not finite");
        }
    }
}

static bool same_frame(const frames *all, int64_t f, const frames *alone)
{
    const int64_t n = frames_n_atoms(all, f);

    return frames_n_atoms(alone, 0) == n && all->step[f] == alone->step[0] &&
           memcmp(&all->time[f], &alone->time[0], sizeof(double)) == 0 &&
           memcmp(frames_positions(all, f), frames_positions(alone, 0),
                  (size_t)n * 3 * sizeof(double)) == 0 &&
           memcmp(all->cell + 9 * f, alone->cell, 9 * sizeof(double)) == 0;
}

/* Frames alone, from the back, are what they were among the others. */
static covary_status read_singles(fuzzer *self, trajectory *opened, const frames *all,
                                  frames *alone)
{
    covary_status status = COVARY_OK;

    for (int i = 0; i < SINGLES; i++) {
        const int64_t f = all->n_frames - 1 - (int64_t)below(self, (uint64_t)all->n_frames);
        COVARY_TRY(trajectory_read(opened, f, 1, alone));
        if (!same_frame(all, f, alone)) {
            report("a frame alone differs from the same frame among others");
        }
    }
done:
    return status;
}

static covary_status read_input(fuzzer *self)
{
    covary_status            status = COVARY_OK;
    trajectory              *opened = NULL;
    frames                  *all = NULL, *alone = NULL;
    const char              *path = self->path;
    const trajectory_options options = {.without_elements = true};

    COVARY_TRY(trajectory_open(self->run, &path, 1, &options, &opened));
    const int64_t n = trajectory_n_frames(opened);
    COVARY_TRY(frames_create(0, 0, &all));
    COVARY_TRY(frames_create(0, 0, &alone));
    COVARY_TRY(trajectory_read(opened, 0, n < FRAMES_MAX ? n : FRAMES_MAX, all));
    check_frames(all);
    COVARY_TRY(read_singles(self, opened, all, alone));
    self->readable++;
done:
    frames_destroy(&alone);
    frames_destroy(&all);
    trajectory_close(&opened);
    return status;
}

/* PDB, GRO and PSF by their names. */
static bool is_topology(const char *path)
{
    static const char *const extensions[] = {".pdb", ".gro", ".psf"};
    const char              *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < sizeof extensions / sizeof extensions[0]; i++) {
        if (strcmp(dot, extensions[i]) == 0) {
            return true;
        }
    }
    return false;
}

static covary_status read_topology(fuzzer *self)
{
    covary_status status = COVARY_OK;
    topology     *read = NULL;

    COVARY_TRY(topology_read(self->run, self->path, &read));
    for (int64_t a = 0; a < read->n_atoms; a++) {
        if (read->species[a] < 1 || read->species[a] > ELEMENT_MAX || read->molecule_of[a] < 0 ||
            read->molecule_of[a] >= read->n_molecules) {
            report("an atom has no element or no molecule");
        }
    }
    for (int64_t i = 0; i < 2 * read->n_bonds; i++) {
        if (read->bonds[i] < 0 || read->bonds[i] >= read->n_atoms) {
            report("a bond has no atom");
        }
    }
    self->readable++;
done:
    topology_destroy(&read);
    return status;
}

static void save(const fuzzer *self, const input *in)
{
    FILE *file = fopen(self->path, "wb");

    if (file == NULL || fwrite(in->bytes, 1, in->length, file) != in->length || fclose(file) != 0) {
        report("cannot be written");
    }
}

static void try_input(fuzzer *self, const input *seed, input *in)
{
    const memory_ledger before = memory_state();

    memcpy(in->bytes, seed->bytes, seed->length);
    in->length = seed->length;
    self->random = mix_bits((uint64_t)self->number + 1);
    damage(self, in);
    save(self, in);
    alarm(self->library ? LIBRARY_SECONDS : SECONDS_MAX);
    const covary_status status = self->topology ? read_topology(self) : read_input(self);
    if (status == COVARY_ERR_INTERNAL) {
        report(covary_status_message());
    }
    alarm(0);
    if (memory_state().blocks != before.blocks) {
        report("memory is not given back");
    }
    if (memory_state().peak_bytes > self->fair) {
        report("too much memory");
    }
}

/* ---- seeds ---- */

static covary_status load(const char *path, input *seed, input *in)
{
    covary_status status = COVARY_OK;
    struct stat   about;
    FILE         *file = fopen(path, "rb");

    if (file == NULL || fstat(fileno(file), &about) != 0 || about.st_size == 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "cannot read '%s'", path);
        goto done;
    }
    seed->length = (size_t)about.st_size;
    COVARY_TRY(MEMORY_ALLOCATE("seed", about.st_size + GROWTH_MAX, &seed->bytes));
    COVARY_TRY(MEMORY_ALLOCATE("input", about.st_size + GROWTH_MAX, &in->bytes));
    if (fread(seed->bytes, 1, seed->length, file) != seed->length) {
        status = COVARY_FAIL(COVARY_ERR_IO, "cannot read '%s'", path);
    }
done:
    if (file != NULL) {
        fclose(file);
    }
    return status;
}

/* What a process tells the one that has begun it. */
typedef struct {
    int64_t number, readable;
} progress;

static void try_inputs(fuzzer *self, int64_t first, int64_t end, const input *seed, input *in,
                       progress *told)
{
    for (self->number = first; self->number < end; self->number++) {
        told->number = self->number;
        told->readable = self->readable;
        try_input(self, seed, in);
    }
    told->readable = self->readable;
}

/* The same, going on in another process behind inputs that the library fails in. */
static covary_status try_apart(fuzzer *self, int64_t first, int64_t end, const input *seed,
                               input *in)
{
    covary_status status = COVARY_OK;
    int64_t       n_failed = 0, n_endless = 0;
    progress     *told =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (told == MAP_FAILED) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "no page to share");
    }
    while (first < end) {
        int         outcome = 0;
        const pid_t process = fork();

        if (process == 0) {
            try_inputs(self, first, end, seed, in, told);
            _exit(0);
        }
        if (process < 0 || waitpid(process, &outcome, 0) != process) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO, "no process for the inputs"));
        }
        const int ended = WIFEXITED(outcome) ? WEXITSTATUS(outcome) : -1;
        self->number = told->number;
        self->readable = told->readable;
        if (ended != 0 && ended != 1 && ended != STATUS_ENDLESS) {
            report("not even a message");
        }
        n_failed += ended == 1;
        n_endless += ended == STATUS_ENDLESS;
        first = ended == 0 ? end : told->number + 1;
    }
    printf("%s: the library failed in %" PRId64 ", found no end in %" PRId64 "\n", self->seed,
           n_failed, n_endless);
done:
    munmap(told, sizeof *told);
    return status;
}

static covary_status fuzz_file(fuzzer *self, int64_t first, int64_t count)
{
    covary_status status = COVARY_OK;
    input         seed = {0}, in = {0};
    progress      told;

    self->readable = 0;
    COVARY_TRY(load(self->seed, &seed, &in));
    self->topology = is_topology(self->seed);
    const int64_t fair = memory_base + MEMORY_FACTOR * (int64_t)seed.length;
    self->fair = fair > self->fair ? fair : self->fair;
    if (self->library) {
        COVARY_TRY(try_apart(self, first, first + count, &seed, &in));
    } else {
        try_inputs(self, first, first + count, &seed, &in, &told);
    }
    remove(self->path);
    printf("%s: %" PRId64 " inputs, %" PRId64 " still readable\n", self->seed, count,
           self->readable);
done:
    MEMORY_RELEASE(&seed.bytes);
    MEMORY_RELEASE(&in.bytes);
    return status;
}

int main(int argc, char **argv)
{
    covary_status            status = COVARY_OK;
    fuzzer                   self = {0};
    const covary_run_options options = {.verbosity = COVARY_QUIET};
    int64_t                  first = 0;
    int                      at = 1;
    const char              *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");

    MPI_Init(&argc, &argv);
    if (at < argc && strcmp(argv[at], "--library") == 0) {
        self.library = true;
        crash_prepare();
        at++;
    }
    if (at + 1 < argc && strcmp(argv[at], "--from") == 0) {
        first = strtoll(argv[at + 1], NULL, 10);
        at += 2;
    }
    if (argc < at + 2) {
        fprintf(stderr, "usage: fuzz_formats [--library] [--from FIRST] COUNT FILE ...\n");
        MPI_Finalize();
        return 2;
    }
    current = &self;
    signal(SIGALRM, report_hang);
    snprintf(self.path, sizeof self.path, "%s/covary-fuzz-%ld", folder ? folder : "/tmp",
             (long)getpid());
    COVARY_TRY(covary_run_create(MPI_COMM_WORLD, &options, &self.run));
    for (int file = at + 1; file < argc; file++) {
        self.seed = argv[file];
        COVARY_TRY(fuzz_file(&self, first, strtoll(argv[at], NULL, 10)));
    }
done:
    if (status != COVARY_OK) {
        fprintf(stderr, "%s\n", covary_status_message());
    }
    covary_run_destroy(&self.run);
    MPI_Finalize();
    return status != COVARY_OK;
}
