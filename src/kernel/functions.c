/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The formulas of the kernel functions, and their values over arrays.
 *
 * Arrays run in whole chunks, tails in a padded copy, so that one piece of vector code computes
 * every element: its result cannot depend on its place.
 */
#include "kernel/functions.h"

#include "kernel/microkernel.h"
#include <math.h>
#include <string.h>

static void gaussian(const kernel *of, kernel_form *form)
{
    *form = (kernel_form){.shape = FORM_GAUSSIAN, .scale = 0.5 / (of->length * of->length)};
}

/*
 * Coefficient of z^j: p!/(2p)! (2p-j)!/((p-j)! j!) 2^j, by the ratio of neighbours; all are
 * positive and c_0 = 1, so nothing cancels.
 */
static void matern(const kernel *of, kernel_form *form)
{
    const int p = of->order;

    *form = (kernel_form){.shape = FORM_DECAY,
                          .scale = (2.0 * p + 1.0) / (of->length * of->length),
                          .order = p,
                          .coefficients = {1.0}};
    for (int j = 0; j < p; j++) {
        form->coefficients[j + 1] =
            form->coefficients[j] * 2.0 * (p - j) / ((2.0 * p - j) * (j + 1.0));
    }
}

static void laplacian(const kernel *of, kernel_form *form)
{
    *form = (kernel_form){
        .shape = FORM_DECAY, .scale = 1.0 / (of->length * of->length), .coefficients = {1.0}};
}

static void polynomial(const kernel *of, kernel_form *form)
{
    *form = (kernel_form){
        .shape = FORM_POWER, .scale = 1.0 / (of->length * of->length), .order = of->order};
}

static void linear(const kernel *of, kernel_form *form)
{
    polynomial(of, form);
    form->order = 1;
}

static void evaluate_form(const kernel_form *form, int64_t n, double *values)
{
    const microkernel *micro = microkernel_best(false);
    const int64_t      rest = n % MICRO_CHUNK, whole = n - rest;
    double             tail[MICRO_CHUNK] = {0};

    micro->evaluate(form, whole, values, values);
    if (rest > 0) {
        memcpy(tail, values + whole, (size_t)rest * sizeof *values);
        micro->evaluate(form, MICRO_CHUNK, tail, tail);
        memcpy(values + whole, tail, (size_t)rest * sizeof *values);
    }
}

void kernel_evaluate(const kernel *of, int64_t n, double *values)
{
    kernel_form form;

    of->ops->form(of, &form);
    evaluate_form(&form, n, values);
}

/* dz / d log l = -z: exp(-z) sum_j c_j z^j becomes exp(-z) sum_j (c_j - (j + 1) c_j+1) z^(j+1). */
static void decay_slopes(kernel_form form, int64_t n, double *values)
{
    kernel_form slope = form;

    slope.order = form.order + 1;
    slope.coefficients[0] = 0.0;
    for (int j = 0; j <= form.order; j++) {
        const double next = j < form.order ? (j + 1) * form.coefficients[j + 1] : 0.0;

        slope.coefficients[j + 1] = form.coefficients[j] - next;
    }
    evaluate_form(&slope, n, values);
}

void kernel_slopes(const kernel *of, int64_t n, double *values)
{
    double      arguments[MICRO_CHUNK];
    kernel_form form;

    of->ops->form(of, &form);
    if (form.shape == FORM_DECAY) {
        decay_slopes(form, n, values);
        return;
    }
    const bool   is_power = form.shape == FORM_POWER;
    const double factor = is_power ? -2.0 * form.scale * form.order : 2.0 * form.scale;

    form.order = is_power ? form.order - 1 : form.order;
    for (int64_t first = 0; first < n; first += MICRO_CHUNK) {
        const int64_t count = n - first < MICRO_CHUNK ? n - first : MICRO_CHUNK;

        memcpy(arguments, values + first, (size_t)count * sizeof *values);
        if (is_power && form.order == 0) {
            for (int64_t i = 0; i < count; i++) {
                values[first + i] = 1.0;
            }
        } else {
            evaluate_form(&form, count, values + first);
        }
        for (int64_t i = 0; i < count; i++) {
            values[first + i] *= factor * arguments[i];
        }
    }
}

const kernel_ops kernel_gaussian = {
    .name = "gaussian",
    .formula = "exp(-d^2 / (2 l^2))",
    .stationary = true,
    .has_length = true,
    .form = gaussian,
};

const kernel_ops kernel_laplacian = {
    .name = "laplacian",
    .formula = "exp(-d / l)",
    .stationary = true,
    .has_length = true,
    .form = laplacian,
};

const kernel_ops kernel_matern = {
    .name = "matern",
    .formula = "matern-(2p+1)/2: exp(-z) times a polynomial of degree p in z = sqrt(2p + 1) d / l",
    .stationary = true,
    .has_length = true,
    .form = matern,
};

const kernel_ops kernel_linear = {
    .name = "linear",
    .formula = "1 + x.x' / l^2",
    .stationary = false,
    .has_length = true,
    .form = linear,
};

const kernel_ops kernel_polynomial = {
    .name = "polynomial",
    .formula = "(1 + x.x' / l^2)^degree",
    .stationary = false,
    .has_length = true,
    .form = polynomial,
};
