/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two electronic states of formaldehyde (C O H H) that come near each other: a half difference a
 * and a coupling c of diabatic states, both functions of the distances, give
 *
 *   gap        2 sqrt(a^2 + c^2)
 *   coupling   d_i = 1/2 (a grad_i c - c grad_i a) / (a^2 + c^2), per atom; diverges as 1 / gap^2
 *   transition (c D + a t) / sqrt(a^2 + c^2), with D and t sums of distance-dependent charges
 *
 * and charges q_j that flow along all pairs give the dipole's derivatives, one tensor an atom.
 * Lengths in angstrom; all other numbers without unit.
 */
#ifndef COVARY_TESTS_TWO_STATE_H
#define COVARY_TESTS_TWO_STATE_H

#include "model_support.h"

enum { TWO_STATE_ATOMS = 4, TWO_STATE_PAIRS = 6 };

static const uint8_t two_state_species[TWO_STATE_ATOMS] = {6, 8, 1, 1};

static const double two_state_positions[3 * TWO_STATE_ATOMS] = {0, 0,    0,     0, 0,     1.21,
                                                                0, 0.94, -0.59, 0, -0.94, -0.59};

typedef struct {
    double gap, coupling[3 * TWO_STATE_ATOMS], transition[3];
    double forces[3 * TWO_STATE_ATOMS], derivatives[9 * TWO_STATE_ATOMS];
} two_state_values;

/* f = f0 + sum over pairs of slope (r - r0) + curve (r - r0)^2, and its gradient. */
typedef struct {
    double f0, slope[TWO_STATE_PAIRS], curve;
} two_state_function;

/* Pairs CO, CH, CH, OH, OH, HH.  The odd coupling changes its sign when the protons do. */
static const two_state_function two_state_difference = {
    0.35, {1.6, 0.5, 0.5, -0.3, -0.3, 0.2}, 0.5};
static const two_state_function two_state_even = {0.15, {0.4, -0.7, -0.7, 0.2, 0.2, 0.6}, 0.3};
static const two_state_function two_state_odd = {0.0, {0.0, 1.8, -1.8, 0.6, -0.6, 0.0}, 0.0};

static inline double two_state_apply(const two_state_function *of, const double *x,
                                     double *gradient)
{
    double f = of->f0;
    int    pair = 0;

    memset(gradient, 0, 3 * TWO_STATE_ATOMS * sizeof *gradient);
    for (int i = 0; i < TWO_STATE_ATOMS; i++) {
        for (int j = i + 1; j < TWO_STATE_ATOMS; j++, pair++) {
            double r2 = 0.0, rest2 = 0.0;
            for (int k = 0; k < 3; k++) {
                const double at_rest =
                    two_state_positions[3 * i + k] - two_state_positions[3 * j + k];
                r2 += (x[3 * i + k] - x[3 * j + k]) * (x[3 * i + k] - x[3 * j + k]);
                rest2 += at_rest * at_rest;
            }
            const double r = sqrt(r2), away = r - sqrt(rest2);
            const double slope = of->slope[pair] + 2.0 * of->curve * away;
            f += of->slope[pair] * away + of->curve * away * away;
            for (int k = 0; k < 3; k++) {
                gradient[3 * i + k] += slope * (x[3 * i + k] - x[3 * j + k]) / r;
                gradient[3 * j + k] -= slope * (x[3 * i + k] - x[3 * j + k]) / r;
            }
        }
    }
    return f;
}

/* q_j += s (Z_i - Z_j) exp(-r) over all i; derivatives of sum_j q_j x_j if not NULL. */
static inline void two_state_charges(const double *x, double strength, double *dipole,
                                     double *derivatives)
{
    double charge[TWO_STATE_ATOMS] = {0};

    memset(dipole, 0, 3 * sizeof *dipole);
    for (int j = 0; j < TWO_STATE_ATOMS; j++) {
        for (int i = 0; i < TWO_STATE_ATOMS; i++) {
            double d[3], r2 = 0.0;
            for (int k = 0; k < 3; k++) {
                d[k] = x[3 * i + k] - x[3 * j + k];
                r2 += d[k] * d[k];
            }
            if (i == j) {
                continue;
            }
            const double r = sqrt(r2);
            const double q = strength * (two_state_species[i] - two_state_species[j]) * exp(-r);
            charge[j] += q;
            for (int k = 0; derivatives != NULL && k < 9; k++) { /* d mu_(k/3) / d x_i(k%3) */
                derivatives[9 * i + k] -= x[3 * j + k / 3] * q * d[k % 3] / r;
                derivatives[9 * j + k] += x[3 * j + k / 3] * q * d[k % 3] / r;
            }
        }
        for (int k = 0; k < 3; k++) {
            dipole[k] += charge[j] * x[3 * j + k];
            if (derivatives != NULL) {
                derivatives[9 * j + 4 * k] += charge[j];
            }
        }
    }
}

static inline void two_state_evaluate(const double *x, bool odd, two_state_values *out)
{
    const two_state_function *off_diagonal = odd ? &two_state_odd : &two_state_even;
    double       grad_a[3 * TWO_STATE_ATOMS], grad_c[3 * TWO_STATE_ATOMS], first[3], second[3];
    const double a = two_state_apply(&two_state_difference, x, grad_a);
    const double c = two_state_apply(off_diagonal, x, grad_c);
    const double rho = sqrt(a * a + c * c);

    memset(out, 0, sizeof *out);
    out->gap = 2.0 * rho;
    two_state_charges(x, 0.1, first, out->derivatives);
    two_state_charges(x, 0.04, second, NULL);
    two_state_apply(&two_state_even, x, out->forces);
    for (int k = 0; k < 3 * TWO_STATE_ATOMS; k++) {
        out->coupling[k] = 0.5 * (a * grad_c[k] - c * grad_a[k]) / (rho * rho);
    }
    for (int k = 0; k < 3; k++) { /* the second term points elsewhere: from O to the first H */
        out->transition[k] =
            (c * first[k] + (odd ? 0.0 : a) * (second[k] + 0.2 * (x[k] - x[3 + k]))) / rho;
    }
}

/* Shaken and, every frame for itself, turned (every second one mirrored) and shifted. */
static inline void two_state_draw(test_random *stream, double amplitude, double *x)
{
    double shaken[3 * TWO_STATE_ATOMS], turn[9], shift[3];

    for (int k = 0; k < 3 * TWO_STATE_ATOMS; k++) {
        shaken[k] = two_state_positions[k] + amplitude * test_normal(stream);
    }
    test_rotation(stream, test_uniform(stream) < 0.5, turn);
    for (int k = 0; k < 3; k++) {
        shift[k] = 2.0 * test_normal(stream);
    }
    move_atoms(TWO_STATE_ATOMS, turn, shift, shaken, x);
}

static inline void two_state_print(FILE *out, const char *key, int n, const double *values,
                                   double factor)
{
    fprintf(out, " %s=\"", key);
    for (int i = 0; i < n; i++) {
        fprintf(out, "%s%.17g", i == 0 ? "" : " ", factor * values[i]);
    }
    fputs("\"", out);
}

/* One frame of extended XYZ; `sign` is that of couplings and transition dipoles. */
static inline void two_state_write(FILE *out, const double *x, bool odd, double sign)
{
    static const char *const symbols[TWO_STATE_ATOMS] = {"C", "O", "H", "H"};
    two_state_values         values;

    two_state_evaluate(x, odd, &values);
    fprintf(out, "%d\nProperties=species:S:1:pos:R:3:forces:R:3:nac:R:3:apt:R:9", TWO_STATE_ATOMS);
    two_state_print(out, "gap", 1, &values.gap, 1.0);
    two_state_print(out, "transition", 3, values.transition, sign);
    fputs("\n", out);
    for (int atom = 0; atom < TWO_STATE_ATOMS; atom++) {
        fprintf(out, "%s", symbols[atom]);
        for (int k = 0; k < 3; k++) {
            fprintf(out, " %.17g", x[3 * atom + k]);
        }
        for (int k = 0; k < 3; k++) {
            fprintf(out, " %.17g", values.forces[3 * atom + k]);
        }
        for (int k = 0; k < 3; k++) {
            fprintf(out, " %.17g", sign * values.coupling[3 * atom + k]);
        }
        for (int k = 0; k < 9; k++) {
            fprintf(out, " %.17g", values.derivatives[9 * atom + k]);
        }
        fputs("\n", out);
    }
}

#endif
