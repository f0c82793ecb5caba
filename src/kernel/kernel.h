/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel functions k(x, x') of feature rows.  Stationary ones are functions of the squared
 * distance, the others of the dot product; all but `polynomial` and `linear` have k(x, x) = 1.
 */
#ifndef COVARY_KERNEL_KERNEL_H
#define COVARY_KERNEL_KERNEL_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct kernel kernel;

typedef struct {
    const char *name; /* gaussian, laplacian, matern, linear, polynomial */
    const char *formula;
    bool        stationary; /* argument: squared distance; else: dot product */
    bool        has_length;
    void (*evaluate)(const kernel *of, int64_t n, double *values); /* argument -> k, in place */
} kernel_ops;

struct kernel {
    const kernel_ops *ops;
    char              name[32]; /* as written: matern-5/2 */
    double            length;   /* in units of the features */
    int               order;    /* matern: p of nu = p + 1/2; polynomial: degree */
};

const kernel_ops *const *kernel_registry(void); /* ended by NULL */

/* From its name in the configuration.  COVARY_ERR_CONFIG names the nearest.  Local. */
covary_status kernel_parse(const char *name, int degree, kernel *out);

/* Arguments -> kernel values, in place; negative squared distances count as 0.  Local. */
void kernel_evaluate(const kernel *of, int64_t n, double *values);

#endif
