/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame around every test program. */
#include "support.h"

#include "cli/launch.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static covary_run *the_run;
static char        scratch[256];

covary_run *test_run(void)
{
    return the_run;
}

const char *test_data(const char *name)
{
    static char paths[8][1024];
    static int  next;
    char       *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", COVARY_TEST_DATA, name);
    return path;
}

const char *test_scratch(void)
{
    if (scratch[0] == '\0') {
        const char *base = getenv("TMPDIR");
        if (covary_run_rank(the_run) == 0) {
            snprintf(scratch, sizeof scratch, "%s/covary-test-XXXXXX", base ? base : "/tmp");
            if (mkdtemp(scratch) == NULL) {
                scratch[0] = '\0';
            }
        }
        MPI_Bcast(scratch, sizeof scratch, MPI_CHAR, 0, covary_run_comm(the_run));
        assert_true(scratch[0] != '\0');
    }
    return scratch;
}

const char *scratch_path(const char *name)
{
    static char paths[8][1024];
    static int  next;
    char       *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", test_scratch(), name);
    return path;
}

const char *write_bytes(const char *name, const void *bytes, size_t length)
{
    const char *path = scratch_path(name);

    MPI_Barrier(covary_run_comm(the_run)); /* nobody still reads what was there */
    if (covary_run_rank(the_run) == 0) {
        remove(path); /* some file systems wait for the disk when a file is written over */
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, length, file), length);
        assert_int_equal(fclose(file), 0);
    }
    MPI_Barrier(covary_run_comm(the_run));
    return path;
}

char *slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes;

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = calloc(*size + 1, 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static uint64_t next_random(test_random *stream)
{
    uint64_t z = (stream->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double test_uniform(test_random *stream)
{
    return (double)(next_random(stream) >> 11) * 0x1p-53;
}

double test_normal(test_random *stream)
{
    double radius = sqrt(-2.0 * log(1.0 - test_uniform(stream)));

    return radius * cos(6.283185307179586 * test_uniform(stream));
}

/* A unit quaternion of normal numbers is uniform on the sphere, hence the rotation is too. */
void test_rotation(test_random *stream, int improper, double rotation[9])
{
    double q[4], norm = 0.0, sign = improper ? -1.0 : 1.0;

    for (int i = 0; i < 4; i++) {
        q[i] = test_normal(stream);
        norm += q[i] * q[i];
    }
    norm = sqrt(norm);
    for (int i = 0; i < 4; i++) {
        q[i] /= norm;
    }
    const double w = q[0], x = q[1], y = q[2], z = q[3];
    const double r[9] = {
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
        2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y),
    };
    for (int i = 0; i < 9; i++) {
        rotation[i] = sign * r[i];
    }
}

void test_near(double a, double b, double tolerance, const char *what, const char *file, int line)
{
    if (!(fabs(a - b) <= tolerance)) {
        print_error("%s: %.17g and %.17g differ by %.3g, allowed %.3g\n", what, a, b, fabs(a - b),
                    tolerance);
        _fail(file, line);
    }
}

void test_ok(covary_status status, const char *what, const char *file, int line)
{
    if (status != COVARY_OK) {
        print_error("%s: %s\n", what, covary_status_message());
        _fail(file, line);
    }
}

void test_message(const char *part, const char *file, int line)
{
    if (strstr(covary_status_message(), part) == NULL) {
        print_error("the message \"%s\" lacks \"%s\"\n", covary_status_message(), part);
        _fail(file, line);
    }
}

static void remove_scratch(void)
{
    char command[512];

    if (scratch[0] != '\0' && covary_run_rank(the_run) == 0) {
        snprintf(command, sizeof command, "rm -rf '%s'", scratch);
        if (system(command) != 0) {
            fprintf(stderr, "%s was not removed\n", scratch);
        }
    }
}

int test_main(int argc, char **argv, const struct CMUnitTest *cases, size_t n_cases)
{
    const covary_run_options options = {.verbosity = COVARY_QUIET};
    int                      failed, rank;

    launch_prepare();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (covary_run_create(MPI_COMM_WORLD, &options, &the_run) != COVARY_OK) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    /* one report, unless another rank has something to say: its failures go to standard error */
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    if (rank != 0 && freopen("/dev/null", "w", stdout) == NULL) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    failed = _cmocka_run_group_tests("cases", cases, n_cases, NULL, NULL);
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    remove_scratch();
    covary_run_destroy(&the_run);
    if (memory_state().blocks != 0) {
        fprintf(stderr, "rank %d: %lld blocks of memory are still held\n", rank,
                (long long)memory_state().blocks);
        failed = 1;
    }
    MPI_Finalize();
    return failed != 0;
}
