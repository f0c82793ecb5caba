/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An electrostatic toy molecule whose properties are exactly covariant, smooth and cheap: charges
 * that flow along the bonds (more the shorter they are), polarizable atoms that feel each other
 * (Thole, Chem. Phys. 59, 341 (1981), exponential damping), a Morse potential between all pairs.
 *
 * Lengths in angstrom, charges in e; polarizabilities in angstrom^3 and dipoles in e*angstrom in
 * units where the field of a charge is q / r^2.
 */
#ifndef COVARY_TESTS_ORACLE_H
#define COVARY_TESTS_ORACLE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { ORACLE_MAX_ATOMS = 12, ORACLE_MAX_SIZE = 3 * ORACLE_MAX_ATOMS };

typedef struct {
    double dipole[3], polarizability[9];
    double moment[3]; /* axial: sum_i x_i x p_i of the induced dipoles p */
    double forces[3 * ORACLE_MAX_ATOMS];
    double gradient[9]; /* of the field-like sum_i q_i x_i p_i: a tensor without symmetry */
    double octupole[27], hexadecapole[81]; /* sum_i q_i x_i x_i x_i (x_i): symmetric */
    double mixed[27];                      /* sum_i p_i x_i E_i: of rank 3, without symmetry */
} oracle_values;

static inline double oracle_polarizability(uint8_t species)
{
    return species == 1 ? 0.5 : 1.0 - 0.02 * (double)species;
}

/* [3n][3n] of p = (1 / alpha + T)^-1 E, and its inverse by Gauss-Jordan elimination in place. */
static inline void oracle_response(int n, const uint8_t *species, const double *x,
                                   double a[ORACLE_MAX_SIZE][2 * ORACLE_MAX_SIZE])
{
    const int size = 3 * n;

    memset(a, 0, sizeof(double) * ORACLE_MAX_SIZE * 2 * ORACLE_MAX_SIZE);
    for (int row = 0; row < size; row++) {
        const int i = row / 3, k = row % 3;

        a[row][row] = 1.0 / oracle_polarizability(species[i]);
        a[row][size + row] = 1.0;
        for (int col = 0; col < size; col++) {
            const int j = col / 3, l = col % 3;
            double    d[3], r2 = 0.0;

            for (int c = 0; i != j && c < 3; c++) {
                d[c] = x[3 * i + c] - x[3 * j + c];
                r2 += d[c] * d[c];
            }
            if (i != j) {
                const double r = sqrt(r2), u = r * r2 /
                                               sqrt(oracle_polarizability(species[i]) *
                                                    oracle_polarizability(species[j]));
                const double damp3 = 1.0 - exp(-0.572 * u);
                const double damp5 = 1.0 - (1.0 + 0.572 * u) * exp(-0.572 * u);

                a[row][col] = ((k == l ? damp3 : 0.0) - 3.0 * damp5 * d[k] * d[l] / r2) / (r * r2);
            }
        }
    }
    for (int step = 0; step < size; step++) { /* positive definite: no pivoting */
        const double pivot = a[step][step];

        for (int col = 0; col < 2 * size; col++) {
            a[step][col] /= pivot;
        }
        for (int row = 0; row < size; row++) {
            const double factor = a[row][step];

            for (int col = 0; row != step && col < 2 * size; col++) {
                a[row][col] -= factor * a[step][col];
            }
        }
    }
}

/* Charges that sum to `total`, and the forces of the pair potential. */
static inline void oracle_pairs(int n, const uint8_t *species, const double *x, double total,
                                double *charge, double *forces)
{
    for (int i = 0; i < n; i++) {
        charge[i] = total / n;
        memset(forces + 3 * i, 0, 3 * sizeof *forces);
        for (int j = 0; j < n; j++) {
            const double d[3] = {x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1],
                                 x[3 * i + 2] - x[3 * j + 2]};
            const double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
            const double pull = (double)species[j] - (double)species[i];

            if (i == j) {
                continue;
            }
            charge[i] += 0.1 * pull * exp(-r);
            for (int c = 0; c < 3; c++) {
                forces[3 * i + c] -= 2.0 * (1.0 - exp(1.1 - r)) * exp(1.1 - r) * d[c] / r;
            }
        }
    }
}

/* What atom i at d adds to tensors of rank 3 and 4. */
static inline void oracle_add_high_ranks(double charge, const double *d, const double *p,
                                         const double *field, oracle_values *out)
{
    for (int c = 0; c < 81; c++) {
        const double three = d[c / 9 % 3] * d[c / 3 % 3] * d[c % 3];

        out->hexadecapole[c] += charge * d[c / 27] * three;
        if (c < 27) {
            out->octupole[c] += charge * three;
            out->mixed[c] += p[c / 9] * d[c / 3 % 3] * field[c % 3];
        }
    }
}

/* Dipole and moments about the mean of the positions, as moments of a neutral molecule are. */
static inline void oracle_evaluate(int n, const uint8_t *species, const double *x, double total,
                                   oracle_values *out)
{
    double a[ORACLE_MAX_SIZE][2 * ORACLE_MAX_SIZE], charge[ORACLE_MAX_ATOMS];
    double centre[3] = {0}, field[ORACLE_MAX_SIZE] = {0}, induced[ORACLE_MAX_SIZE] = {0};

    memset(out, 0, sizeof *out);
    oracle_response(n, species, x, a);
    oracle_pairs(n, species, x, total, charge, out->forces);
    for (int row = 0; row < 3 * n; row++) {
        const int i = row / 3, k = row % 3;

        centre[k] += x[row] / n;
        for (int j = 0; j < n; j++) {
            double r2 = 0.01; /* softened */

            for (int c = 0; c < 3; c++) {
                r2 += (x[3 * i + c] - x[3 * j + c]) * (x[3 * i + c] - x[3 * j + c]);
            }
            field[row] += charge[j] * (x[row] - x[3 * j + k]) / (r2 * sqrt(r2));
        }
    }
    for (int row = 0; row < 3 * n; row++) {
        for (int col = 0; col < 3 * n; col++) {
            induced[row] += a[row][3 * n + col] * field[col];
            out->polarizability[3 * (row % 3) + col % 3] += a[row][3 * n + col];
        }
    }
    for (int i = 0; i < n; i++) {
        const double *p = induced + 3 * i;
        const double  d[3] = {x[3 * i] - centre[0], x[3 * i + 1] - centre[1],
                              x[3 * i + 2] - centre[2]};

        for (int k = 0; k < 3; k++) {
            out->dipole[k] += charge[i] * d[k] + p[k];
            out->moment[k] += d[(k + 1) % 3] * p[(k + 2) % 3] - d[(k + 2) % 3] * p[(k + 1) % 3];
            for (int l = 0; l < 3; l++) {
                out->gradient[3 * k + l] += charge[i] * d[k] * p[l];
            }
        }
        oracle_add_high_ranks(charge[i], d, p, field + 3 * i, out);
    }
}

#endif
