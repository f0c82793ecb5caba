/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every test needs: cmocka with its includes, one run for the whole program, a random stream,
 * and a main that prints on rank 0 alone and fails on every rank if one fails.
 */
#ifndef COVARY_TESTS_SUPPORT_H
#define COVARY_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <covary/run.h>

/* The run of the test program, on MPI_COMM_WORLD, quiet. */
covary_run *test_run(void);

/* Path below tests/data; valid until the next call but seven. */
const char *test_data(const char *name);

/* A scratch folder of this program, the same on every rank, removed at the end. */
const char *test_scratch(void);

/* Path of a file in the scratch folder; valid until the next call but seven. */
const char *scratch_path(const char *name);

/*
 * Write `length` bytes to a file of the scratch folder, from rank 0; then every rank may read it.
 * The path is valid as long as that of scratch_path.  Collective.
 */
const char *write_bytes(const char *name, const void *bytes, size_t length);

/* The bytes of a file, with a NUL behind them; free them. */
char *slurp(const char *path, size_t *size);

/* Deterministic random numbers (splitmix64), the same on every rank for the same seed. */
typedef struct {
    uint64_t state;
} test_random;
double test_uniform(test_random *stream); /* [0, 1) */
double test_normal(test_random *stream);  /* mean 0, variance 1 */
void   test_rotation(test_random *stream, int improper, double rotation[9]); /* Haar measure */

/* Fails with both values and the place unless |a - b| <= tolerance. */
#define assert_near(a, b, tolerance) test_near((a), (b), (tolerance), #a, __FILE__, __LINE__)
void test_near(double a, double b, double tolerance, const char *what, const char *file, int line);

/* Fails with the recorded message unless the status is COVARY_OK. */
#define assert_ok(call) test_ok((call), #call, __FILE__, __LINE__)
void test_ok(covary_status status, const char *what, const char *file, int line);

/* Fails unless the last recorded message contains `part`. */
#define assert_message(part) test_message((part), __FILE__, __LINE__)
void test_message(const char *part, const char *file, int line);

/* int main(int argc, char **argv) { return test_main(argc, argv, cases, n); } */
int test_main(int argc, char **argv, const struct CMUnitTest *cases, size_t n_cases);

#define TEST_MAIN(cases)                                                                           \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return test_main(argc, argv, (cases), sizeof(cases) / sizeof(cases)[0]);                   \
    }

#endif
