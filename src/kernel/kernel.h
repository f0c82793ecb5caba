/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel functions k(x, x') of feature rows.  Stationary ones are functions of the squared
 * distance, the others of the dot product; all but `polynomial` and `linear` have k(x, x) = 1.
 *
 *   gaussian    exp(-d^2 / (2 l^2))
 *   laplacian   exp(-d / l)                                    (also `exponential`)
 *   matern-m/2  exp(-z) p!/(2p)! sum_i (p+i)!/(i! (p-i)!) (2z)^(p-i),  m = 2p + 1,
 *               z = sqrt(m) d / l
 *   linear      1 + x.x' / l^2
 *   polynomial  (1 + x.x' / l^2)^degree
 *
 * Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eqs. 4.9 and 4.16.  The 1
 * of the last two is the bias of centred features.
 */
#ifndef COVARY_KERNEL_KERNEL_H
#define COVARY_KERNEL_KERNEL_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct kernel      kernel;
typedef struct kernel_form kernel_form; /* kernel/form.h */

typedef struct {
    const char *name; /* gaussian, laplacian, matern, linear, polynomial */
    const char *formula;
    bool        stationary; /* argument: squared distance; else: dot product */
    bool        has_length;
    void (*form)(const kernel *of, kernel_form *form);
} kernel_ops;

enum { KERNEL_LARGEST_ORDER = 50 };

struct kernel {
    const kernel_ops *ops;
    char              name[32]; /* as written: matern-5/2 */
    double            length;   /* in units of the features; 1 after kernel_parse */
    int               order;    /* matern: p of nu = p + 1/2; polynomial: degree */
};

const kernel_ops *const *kernel_registry(void); /* ended by NULL */

/*
 * From its name in the configuration; `degree` counts for `polynomial` only.  Local.
 * COVARY_ERR_CONFIG: unknown name (the message names the nearest), an order or degree out of range.
 */
covary_status kernel_parse(const char *name, int degree, kernel *out);

/* The same function with the same length?  Local. */
bool kernel_equal(const kernel *a, const kernel *b);

/*
 * Arguments -> kernel values, in place; negative squared distances count as 0, NaN stays NaN,
 * values below 1e-307 are 0.  The value of an element depends on its argument alone, not on its
 * place or on n.  Relative error a few 1e-16.  Local.
 */
void kernel_evaluate(const kernel *of, int64_t n, double *values);

/*
 * Arguments -> dk / d log l, in place: for l = exp(t), the derivative by t.  0 for arguments that
 * are 0.  Local.
 */
void kernel_slopes(const kernel *of, int64_t n, double *values);

/*
 * How far k(x, y) may be rounded, in eps, for rows of lengths x and y, where x is known to
 * eps known_to: the value, and the rounding of the product or distance times the slope.  At least
 * 1.  Local.
 */
double kernel_rounding(const kernel *of, double x, double y, double known_to);

#endif
