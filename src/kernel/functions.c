/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel functions over arrays: with the matrix products, the hot loop of prediction.
 *
 * Everything runs on chunks of a fixed number of values, tails in a padded copy, so that one piece
 * of vector code computes every element: its result cannot depend on its place.  The loops have no
 * branches and are compiled for several instruction sets, of which the loader takes the best.
 */
#include "kernel/functions.h"

#include "kernel/vectorized.h"
#include <math.h>
#include <string.h>

enum { CHUNK = 64 };

/*
 * exp(x), x <= 0: x = k ln 2 + r with |r| <= ln 2 / 2, exp(x) = 2^k (1 + r + r^2 q(r)).
 * ln 2 is split so that k times its upper part is exact (Cody and Waite, Software Manual for the
 * Elementary Functions, 1980); q interpolates (exp(r) - 1 - r) / r^2 at ten Chebyshev nodes, which
 * adds 2e-17 to the relative error.  k is read off the last bits of x / ln 2 + 3 * 2^51.
 */
static inline __attribute__((always_inline)) double exp_one(double x)
{
    static const double shift = 0x1.8p52, log2_e = 0x1.71547652b82fep0;
    static const double ln2_upper = 0x1.62e42feep-1, ln2_lower = 0x1.a39ef35793c76p-33;
    const double        clamped = x < -708.0 ? -708.0 : x;
    const double        shifted = clamped * log2_e + shift;
    const double        k = shifted - shift;
    const double        r = (clamped - k * ln2_upper) - k * ln2_lower;
    uint64_t            bits;
    double              q, power;

    q = 0x1.af38a9b0ec855p-26;
    q = q * r + 0x1.289185613a3d6p-22;
    q = q * r + 0x1.71de0dae63bb3p-19;
    q = q * r + 0x1.a019b90d2ae7ap-16;
    q = q * r + 0x1.a01a01a7c41d5p-13;
    q = q * r + 0x1.6c16c1788bd90p-10;
    q = q * r + 0x1.11111111109b3p-7;
    q = q * r + 0x1.5555555553d63p-5;
    q = q * r + 0x1.5555555555556p-3;
    q = q * r + 0x1.0000000000001p-1;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&power, &bits, sizeof power);
    return x < -708.0 ? 0.0 : power * (1.0 + (r + r * r * q));
}

static inline __attribute__((always_inline)) double not_negative(double x)
{
    return x < 0.0 ? 0.0 : x; /* NaN stays */
}

/* What a chunk needs to know: the scale of the argument and coefficients of a polynomial. */
typedef struct {
    double scale;
    int    order;
    double coefficients[KERNEL_LARGEST_ORDER + 1];
} chunk_form;

typedef void chunk_function(const chunk_form *form, double *values);

static void by_chunks(chunk_function *chunk, const chunk_form *form, int64_t n, double *values)
{
    double        tail[CHUNK] = {0};
    const int64_t whole = n - n % CHUNK;

    for (int64_t first = 0; first < whole; first += CHUNK) {
        chunk(form, values + first);
    }
    if (whole < n) {
        memcpy(tail, values + whole, (size_t)(n - whole) * sizeof *values);
        chunk(form, tail);
        memcpy(values + whole, tail, (size_t)(n - whole) * sizeof *values);
    }
}

VECTORIZED static void exp_chunk(const chunk_form *form, double *values)
{
    (void)form;
    for (int i = 0; i < CHUNK; i++) {
        values[i] = exp_one(values[i]);
    }
}

void exp_nonpositive(int64_t n, double *values)
{
    const chunk_form form = {0};

    by_chunks(exp_chunk, &form, n, values);
}

VECTORIZED static void gaussian_chunk(const chunk_form *form, double *values)
{
    const double scale = form->scale;

    for (int i = 0; i < CHUNK; i++) {
        values[i] = exp_one(-scale * not_negative(values[i]));
    }
}

static void gaussian(const kernel *of, int64_t n, double *values)
{
    const chunk_form form = {.scale = 0.5 / (of->length * of->length)};

    by_chunks(gaussian_chunk, &form, n, values);
}

VECTORIZED static void laplacian_chunk(const chunk_form *form, double *values)
{
    const double scale = form->scale;

    for (int i = 0; i < CHUNK; i++) {
        values[i] = exp_one(-scale * sqrt(not_negative(values[i])));
    }
}

static void laplacian(const kernel *of, int64_t n, double *values)
{
    const chunk_form form = {.scale = 1.0 / of->length};

    by_chunks(laplacian_chunk, &form, n, values);
}

VECTORIZED static void matern_chunk(const chunk_form *form, double *values)
{
    const double scale = form->scale;
    double       z[CHUNK], sum[CHUNK];

    for (int i = 0; i < CHUNK; i++) {
        z[i] = scale * sqrt(not_negative(values[i]));
        sum[i] = form->coefficients[form->order];
    }
    for (int power = form->order - 1; power >= 0; power--) {
        const double coefficient = form->coefficients[power];

        for (int i = 0; i < CHUNK; i++) {
            sum[i] = sum[i] * z[i] + coefficient;
        }
    }
    for (int i = 0; i < CHUNK; i++) {
        /* Beyond the range of exp the sum may be infinite: 0 wins. */
        values[i] = z[i] > 708.0 ? 0.0 : exp_one(-z[i]) * sum[i];
    }
}

/*
 * Coefficient of z^j: p!/(2p)! (2p-j)!/((p-j)! j!) 2^j, by the ratio of neighbours; all are
 * positive and c_0 = 1, so nothing cancels.
 */
static void matern(const kernel *of, int64_t n, double *values)
{
    const int  p = of->order;
    chunk_form form = {.scale = sqrt(2.0 * p + 1.0) / of->length, .order = p};

    form.coefficients[0] = 1.0;
    for (int j = 0; j < p; j++) {
        form.coefficients[j + 1] =
            form.coefficients[j] * 2.0 * (p - j) / ((2.0 * p - j) * (j + 1.0));
    }
    by_chunks(matern_chunk, &form, n, values);
}

VECTORIZED static void power_chunk(const chunk_form *form, double *values)
{
    const double scale = form->scale;
    double       base[CHUNK];

    for (int i = 0; i < CHUNK; i++) {
        base[i] = 1.0 + values[i] * scale;
        values[i] = base[i];
    }
    for (int power = 1; power < form->order; power++) {
        for (int i = 0; i < CHUNK; i++) {
            values[i] *= base[i];
        }
    }
}

static void linear(const kernel *of, int64_t n, double *values)
{
    const chunk_form form = {.scale = 1.0 / (of->length * of->length), .order = 1};

    by_chunks(power_chunk, &form, n, values);
}

static void polynomial(const kernel *of, int64_t n, double *values)
{
    const chunk_form form = {.scale = 1.0 / (of->length * of->length), .order = of->order};

    by_chunks(power_chunk, &form, n, values);
}

const kernel_ops kernel_gaussian = {
    .name = "gaussian",
    .formula = "exp(-d^2 / (2 l^2))",
    .stationary = true,
    .has_length = true,
    .evaluate = gaussian,
};

const kernel_ops kernel_laplacian = {
    .name = "laplacian",
    .formula = "exp(-d / l)",
    .stationary = true,
    .has_length = true,
    .evaluate = laplacian,
};

const kernel_ops kernel_matern = {
    .name = "matern",
    .formula = "matern-(2p+1)/2: exp(-z) times a polynomial of degree p in z = sqrt(2p + 1) d / l",
    .stationary = true,
    .has_length = true,
    .evaluate = matern,
};

const kernel_ops kernel_linear = {
    .name = "linear",
    .formula = "1 + x.x' / l^2",
    .stationary = false,
    .has_length = true,
    .evaluate = linear,
};

const kernel_ops kernel_polynomial = {
    .name = "polynomial",
    .formula = "(1 + x.x' / l^2)^degree",
    .stationary = false,
    .has_length = true,
    .evaluate = polynomial,
};
