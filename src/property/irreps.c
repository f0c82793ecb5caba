/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Irreps through polynomials: S_m' . (M^T r ... M^T r) is a polynomial in r whose coefficients are
 * those of the tensor M^(x l) S_m', so powers of matrices are substitutions of linear forms.
 */
#include "property/irreps.h"

#include "geometry/vector3.h"
#include "property/symmetric.h"

#include <stdlib.h>
#include <string.h>

static const double ROOT_2 = 1.41421356237309504880;
static const double ROOT_1_2 = 0.70710678118654752440;
static const double ROOT_6 = 2.44948974278317809819;
static const double ROOT_1_6 = 0.40824829046386301636;
static const double ROOT_3_2 = 1.22474487139158904909;
static const double ROOT_3_20 = 0.38729833462074168851;
static const double ROOT_1_10 = 0.31622776601683793319;
static const double ROOT_2_7 = 0.53452248382484876936;
static const double ROOT_1_7 = 0.37796447300922722721;
static const double ROOT_1_14 = 0.26726124191242438468;
static const double ROOT_1_280 = 0.05976143046671968199;
static const double ROOT_1_8 = 0.35355339059327376220;

void irrep_from_cartesian(int l, const double *cartesian, double *components)
{
    const double *harmonics = symmetric_harmonics(l);
    const int     size = symmetric_size(l);
    double        mean[SYMMETRIC_MAX_SIZE];

    symmetric_average(l, cartesian, mean);
    for (int m = 0; m < 2 * l + 1; m++) {
        components[m] = 0.0;
        for (int k = 0; k < size; k++) {
            components[m] += harmonics[size * m + k] * mean[k];
        }
    }
}

void irrep_to_cartesian(int l, const double *components, double *cartesian)
{
    const double *harmonics = symmetric_harmonics(l);
    const double *multiplicity = symmetric_multiplicity(l);
    const int     size = symmetric_size(l);
    double        tensor[SYMMETRIC_MAX_SIZE];

    for (int k = 0; k < size; k++) {
        tensor[k] = 0.0;
        for (int m = 0; m < 2 * l + 1; m++) {
            tensor[k] += harmonics[size * m + k] * components[m];
        }
        tensor[k] /= multiplicity[k];
    }
    symmetric_spread(l, tensor, cartesian);
}

static void polynomials_3(const double r[3], double *values)
{
    const double x = r[0], y = r[1], z = r[2], xx = x * x, yy = y * y, zz = z * z;

    values[0] = 0.5 * y * (3.0 * xx - yy);
    values[1] = ROOT_6 * x * y * z;
    values[2] = ROOT_3_20 * y * (4.0 * zz - xx - yy);
    values[3] = ROOT_1_10 * z * (2.0 * zz - 3.0 * xx - 3.0 * yy);
    values[4] = ROOT_3_20 * x * (4.0 * zz - xx - yy);
    values[5] = ROOT_3_2 * z * (xx - yy);
    values[6] = 0.5 * x * (xx - 3.0 * yy);
}

static void polynomials_4(const double r[3], double *values)
{
    const double x = r[0], y = r[1], z = r[2], xx = x * x, yy = y * y, zz = z * z;
    const double plane = xx + yy, high = 6.0 * zz - plane, low = 4.0 * zz - 3.0 * plane;

    values[0] = ROOT_2 * x * y * (xx - yy);
    values[1] = y * z * (3.0 * xx - yy);
    values[2] = ROOT_2_7 * x * y * high;
    values[3] = ROOT_1_7 * y * z * low;
    values[4] = ROOT_1_280 * (8.0 * zz * zz - 24.0 * zz * plane + 3.0 * plane * plane);
    values[5] = ROOT_1_7 * x * z * low;
    values[6] = ROOT_1_14 * (xx - yy) * high;
    values[7] = x * z * (xx - 3.0 * yy);
    values[8] = ROOT_1_8 * (xx * xx - 6.0 * xx * yy + yy * yy);
}

void irrep_polynomials(int l, const double r[3], double *values)
{
    switch (l) {
    case 0:
        values[0] = 1.0;
        break;
    case 1:
        values[0] = r[1];
        values[1] = r[2];
        values[2] = r[0];
        break;
    case 2:
        irrep_pair(r, r, values);
        break;
    case 3:
        polynomials_3(r, values);
        break;
    default:
        polynomials_4(r, values);
    }
}

void irrep_pair(const double u[3], const double v[3], double values[5])
{
    values[0] = ROOT_1_2 * (u[0] * v[1] + u[1] * v[0]);
    values[1] = ROOT_1_2 * (u[1] * v[2] + u[2] * v[1]);
    values[2] = ROOT_1_6 * (2.0 * u[2] * v[2] - u[0] * v[0] - u[1] * v[1]);
    values[3] = ROOT_1_2 * (u[0] * v[2] + u[2] * v[0]);
    values[4] = ROOT_1_2 * (u[0] * v[0] - u[1] * v[1]);
}

/* Rows of `columns` are the columns of the matrix. */
static void transpose(const double matrix[9], double columns[3][3])
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            columns[j][i] = matrix[3 * i + j];
        }
    }
}

static void cofactors(const double columns[3][3], double out[3][3])
{
    for (int j = 0; j < 3; j++) {
        vector3_cross(columns[(j + 1) % 3], columns[(j + 2) % 3], out[j]);
    }
}

/* The order of l = 1: y z x. */
static void power_1(const double columns[3][3], double *out)
{
    static const int axis[3] = {1, 2, 0};

    for (int m = 0; m < 3; m++) {
        for (int to = 0; to < 3; to++) {
            out[3 * m + to] = columns[axis[to]][axis[m]];
        }
    }
}

/* Column m' is l = 2 of (M S_m' N^T), with S_m' written out; M = N for a natural irrep. */
static void power_2(const double m[3][3], const double n[3][3], double *out)
{
    static const int mixed[3][3] = {{0, 1, 0}, {1, 2, 1}, {0, 2, 3}}; /* axes and place */
    double           one[5], other[5], diagonal[3][5];

    for (int pair = 0; pair < 3; pair++) {
        const int i = mixed[pair][0], j = mixed[pair][1];
        irrep_pair(m[i], n[j], one);
        irrep_pair(m[j], n[i], other);
        for (int row = 0; row < 5; row++) {
            out[5 * row + mixed[pair][2]] = ROOT_1_2 * (one[row] + other[row]);
        }
    }
    for (int i = 0; i < 3; i++) {
        irrep_pair(m[i], n[i], diagonal[i]);
    }
    for (int row = 0; row < 5; row++) {
        const double xx = diagonal[0][row], yy = diagonal[1][row], zz = diagonal[2][row];
        out[5 * row + 2] = ROOT_1_6 * (2.0 * zz - xx - yy);
        out[5 * row + 4] = ROOT_1_2 * (xx - yy);
    }
}

/* Where the monomial of this place goes when divided by axis, and the exponent of that axis. */
static int divide(int rank, int place, int axis, int *exponent)
{
    const int n = symmetric_tail[place], c = place - n * (n + 1) / 2;

    *exponent = axis == 0 ? rank - n : axis == 1 ? n - c : c;
    return place - (axis == 0 ? 0 : axis == 1 ? n : n + 1);
}

typedef double substitution[SYMMETRIC_MAX_SIZE][SYMMETRIC_MAX_SIZE];

/*
 * Monomials of degree `rank` in y_i = last_i . r as polynomials in r, one factor of each taken from
 * `last`, averaged over which, and the others from `lower`.  With the forms of `lower` in `last`
 * these are the monomials themselves.
 */
static void substitute(int rank, const double last[3][3], substitution lower, substitution out)
{
    for (int place = 0; place < symmetric_size(rank); place++) {
        memset(out[place], 0, sizeof out[place]);
        for (int axis = 0; axis < 3; axis++) {
            int          exponent;
            const int    rest = divide(rank, place, axis, &exponent);
            const double share = (double)exponent / rank;
            const double form[3] = {share * last[axis][0], share * last[axis][1],
                                    share * last[axis][2]};
            if (exponent > 0) {
                symmetric_add_form(rank, form, lower[rest], out[place]);
            }
        }
    }
}

static void power_any(int l, const double columns[3][3], const double last[3][3], double *out)
{
    const double *harmonics = symmetric_harmonics(l);
    const double *multiplicity = symmetric_multiplicity(l);
    const int     size = symmetric_size(l), n_rows = 2 * l + 1;
    substitution  monomials[2] = {{{1.0}}};
    double        tensor[SYMMETRIC_MAX_SIZE];

    for (int rank = 1; rank <= l; rank++) {
        substitute(rank, rank < l ? columns : last, monomials[(rank - 1) % 2], monomials[rank % 2]);
    }
    for (int to = 0; to < n_rows; to++) {
        memset(tensor, 0, sizeof tensor);
        for (int from = 0; from < size; from++) {
            const double factor = harmonics[size * to + from];
            for (int k = 0; factor != 0.0 && k < size; k++) {
                tensor[k] += factor * monomials[l % 2][from][k];
            }
        }
        for (int k = 0; k < size; k++) {
            tensor[k] /= multiplicity[k];
        }
        for (int m = 0; m < n_rows; m++) {
            double sum = 0.0;
            for (int k = 0; k < size; k++) {
                sum += harmonics[size * m + k] * tensor[k];
            }
            out[n_rows * m + to] = sum;
        }
    }
}

void irrep_power(irrep of, const double matrix[9], double *out)
{
    double columns[3][3], cofactor[3][3];

    if (of.l == 0) {
        out[0] = of.pseudo ? matrix3_det(matrix) : 1.0;
        return;
    }
    transpose(matrix, columns);
    if (of.pseudo) {
        cofactors(columns, cofactor);
    }
    if (of.l == 1) {
        power_1(of.pseudo ? cofactor : columns, out);
    } else if (of.l == 2) {
        power_2(columns, of.pseudo ? cofactor : columns, out);
    } else {
        power_any(of.l, columns, of.pseudo ? cofactor : columns, out);
    }
}

void irrep_wigner(irrep of, const double rotation[9], double *out)
{
    const int size = irrep_size(of);

    irrep_power((irrep){of.l, false}, rotation, out);
    for (int k = 0; of.pseudo && matrix3_det(rotation) < 0.0 && k < size * size; k++) {
        out[k] = -out[k];
    }
}

/* The monomials in Y_lm have |m| + [m < 0] factors x, [m < 0] factors y and l + |m| factors z,
 * modulo 2. */
int irrep_mirror_sign(irrep of, int m, int axis)
{
    const int sine = m < 0 ? 1 : 0;
    const int odd[3] = {abs(m) + sine, sine, of.l + abs(m)};

    return (odd[axis] + (of.pseudo ? 1 : 0)) % 2 == 0 ? 1 : -1;
}
