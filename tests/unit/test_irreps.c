/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Irreps against spherical harmonics from their recursion, and against sums over all Cartesian
 * components; tensors of geometries against the powers they are to give.   ranks: 1
 */
#include "support.h"

#include "molecules.h"
#include "property/irreps.h"
#include "property/tensors.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 81, MAX_MATRIX = 81 };

static int power_of_3(int l)
{
    return l == 0 ? 1 : 3 * power_of_3(l - 1);
}

static void draw(test_random *stream, int count, double *values)
{
    for (int k = 0; k < count; k++) {
        values[k] = test_normal(stream);
    }
}

/* P_l^m(u) without the sign (-1)^m, by the recursions in m and l. */
static double legendre(int l, int m, double u)
{
    double last = 0.0, value = 1.0;

    for (int k = 1; k <= m; k++) {
        value *= (2 * k - 1) * sqrt(1.0 - u * u);
    }
    for (int k = m + 1; k <= l; k++) {
        const double next = ((2 * k - 1) * u * value - (k + m - 1) * last) / (k - m);
        last = value;
        value = next;
    }
    return value;
}

static double factorial(int n)
{
    return n < 2 ? 1.0 : n * factorial(n - 1);
}

static double odd_factorial(int n)
{
    return n < 2 ? 1.0 : n * odd_factorial(n - 2);
}

/* sqrt(4 pi l! / (2l+1)!!) |r|^l Y_lm(r / |r|), with Y_lm ~ sin |m| phi for m < 0. */
static double scaled_harmonic(int l, int m, const double r[3])
{
    const double size = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), phi = atan2(r[1], r[0]);
    const int    n = abs(m);
    const double norm = sqrt((2 * l + 1) * factorial(l - n) / factorial(l + n) * factorial(l) /
                             odd_factorial(2 * l + 1));
    const double angle = m == 0 ? 1.0 : sqrt(2.0) * (m > 0 ? cos(n * phi) : sin(n * phi));

    return norm * pow(size, l) * legendre(l, n, r[2] / size) * angle;
}

static void polynomials_are_spherical_harmonics(void **state)
{
    test_random stream = {71};
    double      r[3], values[IRREP_MAX_SIZE];

    (void)state;
    for (int repeat = 0; repeat < 100; repeat++) {
        draw(&stream, 3, r);
        for (int l = 0; l <= IRREP_MAX_L; l++) {
            const double size = pow(r[0] * r[0] + r[1] * r[1] + r[2] * r[2], 0.5 * l);
            irrep_polynomials(l, r, values);
            for (int m = -l; m <= l; m++) {
                assert_near(values[l + m], scaled_harmonic(l, m, r), 1e-13 * (1.0 + size));
            }
        }
    }
}

/* From scipy.special.sph_harm, its complex functions made real. */
static void polynomials_at_one_point_are_those_of_scipy(void **state)
{
    static const double r[3] = {0.3, -1.1, 0.7};
    static const double expected[IRREP_MAX_L + 1][IRREP_MAX_SIZE] = {
        {1},
        {-1.1, 0.7, 0.3},
        {-0.466690475583121, -1.08894444302728, -0.130639452948436, 0.29698484809835,
         -0.791959594928933},
        {0.517, -0.565832130582914, -0.281178590934659, -0.646369553738417, 0.076685070254907,
         -0.960199979171006, -0.531},
        {0.522693332653096, 0.7238, -0.289283568246008, 0.564603329781184, -0.495852540868467,
         -0.153982726303959, -0.490905449144742, -0.7434, 0.289489516217773},
    };
    double values[IRREP_MAX_SIZE];

    (void)state;
    for (int l = 0; l <= IRREP_MAX_L; l++) {
        irrep_polynomials(l, r, values);
        assert_near(largest_difference(2 * l + 1, values, expected[l]), 0.0, 1e-13);
    }
}

/* Component c of r r ... r. */
static double product_component(int l, int c, const double r[3])
{
    return l == 0 ? 1.0 : r[c % 3] * product_component(l - 1, c / 3, r);
}

static double inner(int count, const double *a, const double *b)
{
    double sum = 0.0;

    for (int k = 0; k < count; k++) {
        sum += a[k] * b[k];
    }
    return sum;
}

static void basis_of(int l, double (*basis)[MAX_VALUES])
{
    for (int m = 0; m < 2 * l + 1; m++) {
        double unit[IRREP_MAX_SIZE] = {0.0};
        unit[m] = 1.0;
        irrep_to_cartesian(l, unit, basis[m]);
    }
}

/* Of any two neighbouring indices: equal under exchange, and of trace zero. */
static void assert_harmonic(int l, const double *tensor)
{
    for (int after = 1; 9 * after <= power_of_3(l); after *= 3) {
        for (int c = 0; c < power_of_3(l); c++) {
            const int i = c / (3 * after) % 3, j = c / after % 3;
            const int rest = c - 3 * after * i - after * j;
            double    trace = 0.0;
            assert_near(tensor[c], tensor[rest + 3 * after * j + after * i], 0.0);
            for (int k = 0; k < 3; k++) {
                trace += tensor[rest + 4 * after * k];
            }
            assert_near(trace, 0.0, 1e-15);
        }
    }
}

static void basis_tensors_are_orthonormal_symmetric_and_traceless(void **state)
{
    test_random stream = {72};
    double      basis[IRREP_MAX_SIZE][MAX_VALUES], r[3], product[MAX_VALUES];
    double      values[IRREP_MAX_SIZE];

    (void)state;
    draw(&stream, 3, r);
    for (int l = 0; l <= IRREP_MAX_L; l++) {
        const int count = power_of_3(l);
        basis_of(l, basis);
        irrep_polynomials(l, r, values);
        for (int c = 0; c < count; c++) {
            product[c] = product_component(l, c, r);
        }
        for (int m = 0; m < 2 * l + 1; m++) {
            assert_harmonic(l, basis[m]);
            assert_near(inner(count, basis[m], product), values[m], 1e-13);
            for (int other = 0; other < 2 * l + 1; other++) {
                assert_near(inner(count, basis[m], basis[other]), m == other, 1e-14);
            }
        }
    }
}

static void cartesian_components_lose_only_what_is_not_harmonic(void **state)
{
    test_random stream = {73};
    double      basis[IRREP_MAX_SIZE][MAX_VALUES], tensor[MAX_VALUES], found[IRREP_MAX_SIZE];
    double      components[IRREP_MAX_SIZE];

    (void)state;
    for (int l = 0; l <= IRREP_MAX_L; l++) {
        basis_of(l, basis);
        draw(&stream, power_of_3(l), tensor);
        irrep_from_cartesian(l, tensor, found);
        for (int m = 0; m < 2 * l + 1; m++) {
            assert_near(found[m], inner(power_of_3(l), basis[m], tensor), 1e-13);
        }
        draw(&stream, 2 * l + 1, components);
        irrep_to_cartesian(l, components, tensor);
        irrep_from_cartesian(l, tensor, found);
        assert_near(largest_difference(2 * l + 1, found, components), 0.0, 1e-14);
    }
}

/* S_m . (factor_1 x factor_2 ...) S_m' over all pairs of components. */
static double contract(int l, const double *s, const double (*factors)[9], const double *t)
{
    double sum = 0.0;

    for (int a = 0; a < power_of_3(l); a++) {
        for (int b = 0; s[a] != 0.0 && b < power_of_3(l); b++) {
            double product = s[a] * t[b];
            for (int k = 0, i = a, j = b; k < l; k++, i /= 3, j /= 3) {
                product *= factors[k][3 * (i % 3) + j % 3];
            }
            sum += product;
        }
    }
    return sum;
}

static void cofactor_matrix(const double m[9], double out[9])
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            const int p = (i + 1) % 3, q = (i + 2) % 3, s = (j + 1) % 3, t = (j + 2) % 3;
            out[3 * i + j] = m[3 * p + s] * m[3 * q + t] - m[3 * p + t] * m[3 * q + s];
        }
    }
}

/* The definition in property/irreps.h, with the cofactors in every place in turn. */
static void power_slowly(irrep of, const double m[9], double *out)
{
    const int size = 2 * of.l + 1;
    double    basis[IRREP_MAX_SIZE][MAX_VALUES], factors[IRREP_MAX_L][9], cofactors[9];

    cofactor_matrix(m, cofactors);
    if (of.l == 0) {
        out[0] = of.pseudo ? inner(3, m, cofactors) : 1.0;
        return;
    }
    basis_of(of.l, basis);
    for (int k = 0; k < size * size; k++) {
        out[k] = 0.0;
        for (int place = 0; place < (of.pseudo ? of.l : 1); place++) {
            for (int f = 0; f < of.l; f++) {
                memcpy(factors[f], of.pseudo && f == place ? cofactors : m, 9 * sizeof *m);
            }
            out[k] +=
                contract(of.l, basis[k / size], (const double(*)[9])factors, basis[k % size]) /
                (of.pseudo ? of.l : 1);
        }
    }
}

static void powers_are_sums_over_all_components(void **state)
{
    test_random stream = {74};
    double      m[9], found[MAX_MATRIX], expected[MAX_MATRIX];

    (void)state;
    for (int k = 0; k < 2 * (IRREP_MAX_L + 1); k++) {
        const irrep of = {k / 2, k % 2 == 1};
        draw(&stream, 9, m);
        irrep_power(of, m, found);
        power_slowly(of, m, expected);
        assert_near(largest_difference((2 * of.l + 1) * (2 * of.l + 1), found, expected), 0.0,
                    1e-12);
    }
}

static void multiply(int size, const double *a, const double *b, bool transposed, double *out)
{
    for (int k = 0; k < size * size; k++) {
        out[k] = 0.0;
        for (int j = 0; j < size; j++) {
            out[k] += a[k / size * size + j] *
                      (transposed ? b[k % size * size + j] : b[j * size + k % size]);
        }
    }
}

/* Orthogonal and a homomorphism, proper or not; the power of the same matrix; D P(r) = P(R r). */
static void wigner_matrices_turn_components(void **state)
{
    test_random stream = {75};
    double      r[9], s[9], rs[9], dr[MAX_MATRIX], ds[MAX_MATRIX], drs[MAX_MATRIX];
    double      product[MAX_MATRIX], unit[MAX_MATRIX], x[3], turned[3];
    double      before[IRREP_MAX_SIZE], after[IRREP_MAX_SIZE];

    (void)state;
    for (int k = 0; k < 40 * (IRREP_MAX_L + 1); k++) {
        const irrep  of = {k % (IRREP_MAX_L + 1), k / 40 % 2 == 1};
        const int    size = irrep_size(of);
        const double sign = of.pseudo && k % 2 == 1 ? -1.0 : 1.0;
        test_rotation(&stream, k % 2, r);
        test_rotation(&stream, k / 2 % 2, s);
        matrix3_multiply(r, s, false, rs);
        irrep_wigner(of, r, dr);
        irrep_wigner(of, s, ds);
        irrep_wigner(of, rs, drs);
        multiply(size, dr, ds, false, product);
        assert_near(largest_difference(size * size, product, drs), 0.0, 1e-13);
        irrep_power(of, r, product);
        assert_near(largest_difference(size * size, product, dr), 0.0, 1e-13);
        multiply(size, dr, dr, true, product);
        for (int i = 0; i < size * size; i++) {
            unit[i] = i % (size + 1) == 0;
        }
        assert_near(largest_difference(size * size, product, unit), 0.0, 1e-13);
        for (int point = 0; point < size; point++) { /* as many points as components */
            draw(&stream, 3, x);
            for (int i = 0; i < 3; i++) {
                turned[i] = inner(3, r + 3 * i, x);
            }
            irrep_polynomials(of.l, x, before);
            irrep_polynomials(of.l, turned, after);
            for (int m = 0; m < size; m++) {
                assert_near(sign * after[m], inner(size, dr + size * m, before), 1e-12);
            }
        }
    }
}

static void mirrors_change_signs_of_components(void **state)
{
    double d[MAX_MATRIX];

    (void)state;
    for (int k = 0; k < 2 * (IRREP_MAX_L + 1); k++) {
        const irrep of = {k / 2, k % 2 == 1};
        const int   size = irrep_size(of);
        for (int axis = 0; axis < 3; axis++) {
            double mirror[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
            mirror[4 * axis] = -1.0;
            irrep_wigner(of, mirror, d);
            for (int i = 0; i < size * size; i++) {
                const int sign = irrep_mirror_sign(of, i / size - of.l, axis);
                assert_near(d[i], i % (size + 1) == 0 ? sign : 0.0, 1e-14);
            }
        }
    }
}

/* ---- tensors of geometries ---- */

static void counts_of_tensors_are_binomial(void **state)
{
    (void)state;
    assert_int_equal(tensors_count((irrep){0, false}, 5), 1);
    assert_int_equal(tensors_count((irrep){1, false}, 5), 5);
    assert_int_equal(tensors_count((irrep){2, false}, 5), 15);
    assert_int_equal(tensors_count((irrep){3, false}, 5), 35);
    assert_int_equal(tensors_count((irrep){4, false}, 20), 8855);
    assert_int_equal(tensors_count((irrep){0, true}, 5), 10);
    assert_int_equal(tensors_count((irrep){1, true}, 5), 10);
    assert_int_equal(tensors_count((irrep){2, true}, 5), 50);
    assert_int_equal(tensors_count((irrep){3, true}, 5), 150);
    assert_int_equal(tensors_count((irrep){0, true}, 2), 0);
    assert_int_equal(tensors_count((irrep){2, true}, 1), 0);
    assert_int_equal(tensors_count((irrep){4, false}, 0), 0);
}

/* Phi of the vectors; the caller frees it. */
static double *make_phi(irrep of, int64_t n, const double *vectors)
{
    const size_t count = (size_t)(irrep_size(of) * tensors_count(of, n));
    double      *phi = calloc(count + 1, sizeof *phi);

    assert_non_null(phi);
    phi[count] = 42.0;
    tensors_evaluate(of, n, vectors, phi);
    assert_true(phi[count] == 42.0); /* not a column too many */
    return phi;
}

static void gram_of(irrep of, int64_t n, const double *phi, const double *other, double *gram)
{
    const int     size = irrep_size(of);
    const int64_t count = tensors_count(of, n);

    for (int k = 0; k < size * size; k++) {
        gram[k] = inner((int)count, phi + k / size * count, other + k % size * count);
    }
}

static void gram_of_tensors_is_the_power(void **state)
{
    test_random stream = {76};
    double      x[18], y[18], m[9], gram[MAX_MATRIX], power[MAX_MATRIX];

    (void)state;
    for (int k = 0; k < 14 * (IRREP_MAX_L + 1); k++) {
        const irrep of = {k / 14, k % 2 == 1};
        const int   n = k % 14 / 2;
        draw(&stream, 18, x);
        draw(&stream, 18, y);
        for (int i = 0; i < 9; i++) { /* X^T X' */
            m[i] = 0.0;
            for (int a = 0; a < n; a++) {
                m[i] += 0.4 * x[3 * a + i / 3] * 0.4 * y[3 * a + i % 3];
            }
        }
        for (int i = 0; i < 18; i++) {
            x[i] *= 0.4;
            y[i] *= 0.4;
        }
        double *phi = make_phi(of, n, x), *other = make_phi(of, n, y);
        gram_of(of, n, phi, other, gram);
        irrep_power(of, m, power);
        assert_near(largest_difference(irrep_size(of) * irrep_size(of), gram, power), 0.0, 1e-12);
        free(other);
        free(phi);
    }
}

/* Phi(R x) = D(R) Phi(x), column by column. */
static void tensors_turn_with_the_vectors(void **state)
{
    test_random stream = {77};
    double      x[15], turned[15], r[9], d[MAX_MATRIX];

    (void)state;
    for (int k = 0; k < 4 * (IRREP_MAX_L + 1); k++) {
        const irrep   of = {k / 4, k % 2 == 1};
        const int     size = irrep_size(of);
        const int64_t count = tensors_count(of, 5);
        draw(&stream, 15, x);
        test_rotation(&stream, k / 2 % 2, r);
        molecule_move(5, r, (const double[3]){0, 0, 0}, x, turned);
        irrep_wigner(of, r, d);
        double *phi = make_phi(of, 5, x), *moved = make_phi(of, 5, turned);
        for (int64_t i = 0; i < size * count; i++) {
            double expected = 0.0;
            for (int m = 0; m < size; m++) {
                expected += d[i / count * size + m] * phi[m * count + i % count];
            }
            assert_near(moved[i], expected, 1e-12);
        }
        free(moved);
        free(phi);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(polynomials_are_spherical_harmonics),
    cmocka_unit_test(polynomials_at_one_point_are_those_of_scipy),
    cmocka_unit_test(basis_tensors_are_orthonormal_symmetric_and_traceless),
    cmocka_unit_test(cartesian_components_lose_only_what_is_not_harmonic),
    cmocka_unit_test(powers_are_sums_over_all_components),
    cmocka_unit_test(wigner_matrices_turn_components),
    cmocka_unit_test(mirrors_change_signs_of_components),
    cmocka_unit_test(counts_of_tensors_are_binomial),
    cmocka_unit_test(gram_of_tensors_is_the_power),
    cmocka_unit_test(tensors_turn_with_the_vectors),
};

TEST_MAIN(cases)
