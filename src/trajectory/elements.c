/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The periodic table as one list, from which all tables here are made.
 *
 * Masses: abridged standard atomic weights (Prohaska et al., Pure Appl. Chem. 94, 573 (2022)); for
 * elements without one the mass number of the longest-lived isotope, as in IUPAC's periodic table
 * of May 2022.
 *
 * Radii: single bonds, Cordero et al., Dalton Trans. 2008, 2832 (carbon sp3; the low-spin values of
 * Mn, Fe and Co); 1.60 for the elements after curium, which it does not list.
 */
#include "trajectory/elements.h"

/* clang-format off */
/* atomic number, the symbol's letters, mass in u, covalent radius in angstrom */
#define ELEMENT_LIST(X) \
    X(1, 'H', 0, 1.0080, 0.31) X(2, 'H', 'e', 4.0026, 0.28) X(3, 'L', 'i', 6.94, 1.28) \
    X(4, 'B', 'e', 9.0122, 0.96) X(5, 'B', 0, 10.81, 0.84) X(6, 'C', 0, 12.011, 0.76) \
    X(7, 'N', 0, 14.007, 0.71) X(8, 'O', 0, 15.999, 0.66) X(9, 'F', 0, 18.998, 0.57) \
    X(10, 'N', 'e', 20.180, 0.58) X(11, 'N', 'a', 22.990, 1.66) X(12, 'M', 'g', 24.305, 1.41) \
    X(13, 'A', 'l', 26.982, 1.21) X(14, 'S', 'i', 28.085, 1.11) X(15, 'P', 0, 30.974, 1.07) \
    X(16, 'S', 0, 32.06, 1.05) X(17, 'C', 'l', 35.45, 1.02) X(18, 'A', 'r', 39.95, 1.06) \
    X(19, 'K', 0, 39.098, 2.03) X(20, 'C', 'a', 40.078, 1.76) X(21, 'S', 'c', 44.956, 1.70) \
    X(22, 'T', 'i', 47.867, 1.60) X(23, 'V', 0, 50.942, 1.53) X(24, 'C', 'r', 51.996, 1.39) \
    X(25, 'M', 'n', 54.938, 1.39) X(26, 'F', 'e', 55.845, 1.32) X(27, 'C', 'o', 58.933, 1.26) \
    X(28, 'N', 'i', 58.693, 1.24) X(29, 'C', 'u', 63.546, 1.32) X(30, 'Z', 'n', 65.38, 1.22) \
    X(31, 'G', 'a', 69.723, 1.22) X(32, 'G', 'e', 72.630, 1.20) X(33, 'A', 's', 74.922, 1.19) \
    X(34, 'S', 'e', 78.971, 1.20) X(35, 'B', 'r', 79.904, 1.20) X(36, 'K', 'r', 83.798, 1.16) \
    X(37, 'R', 'b', 85.468, 2.20) X(38, 'S', 'r', 87.62, 1.95) X(39, 'Y', 0, 88.906, 1.90) \
    X(40, 'Z', 'r', 91.224, 1.75) X(41, 'N', 'b', 92.906, 1.64) X(42, 'M', 'o', 95.95, 1.54) \
    X(43, 'T', 'c', 97, 1.47) X(44, 'R', 'u', 101.07, 1.46) X(45, 'R', 'h', 102.91, 1.42) \
    X(46, 'P', 'd', 106.42, 1.39) X(47, 'A', 'g', 107.87, 1.45) X(48, 'C', 'd', 112.41, 1.44) \
    X(49, 'I', 'n', 114.82, 1.42) X(50, 'S', 'n', 118.71, 1.39) X(51, 'S', 'b', 121.76, 1.39) \
    X(52, 'T', 'e', 127.60, 1.38) X(53, 'I', 0, 126.90, 1.39) X(54, 'X', 'e', 131.29, 1.40) \
    X(55, 'C', 's', 132.91, 2.44) X(56, 'B', 'a', 137.33, 2.15) X(57, 'L', 'a', 138.91, 2.07) \
    X(58, 'C', 'e', 140.12, 2.04) X(59, 'P', 'r', 140.91, 2.03) X(60, 'N', 'd', 144.24, 2.01) \
    X(61, 'P', 'm', 145, 1.99) X(62, 'S', 'm', 150.36, 1.98) X(63, 'E', 'u', 151.96, 1.98) \
    X(64, 'G', 'd', 157.25, 1.96) X(65, 'T', 'b', 158.93, 1.94) X(66, 'D', 'y', 162.50, 1.92) \
    X(67, 'H', 'o', 164.93, 1.92) X(68, 'E', 'r', 167.26, 1.89) X(69, 'T', 'm', 168.93, 1.90) \
    X(70, 'Y', 'b', 173.05, 1.87) X(71, 'L', 'u', 174.97, 1.87) X(72, 'H', 'f', 178.49, 1.75) \
    X(73, 'T', 'a', 180.95, 1.70) X(74, 'W', 0, 183.84, 1.62) X(75, 'R', 'e', 186.21, 1.51) \
    X(76, 'O', 's', 190.23, 1.44) X(77, 'I', 'r', 192.22, 1.41) X(78, 'P', 't', 195.08, 1.36) \
    X(79, 'A', 'u', 196.97, 1.36) X(80, 'H', 'g', 200.59, 1.32) X(81, 'T', 'l', 204.38, 1.45) \
    X(82, 'P', 'b', 207.2, 1.46) X(83, 'B', 'i', 208.98, 1.48) X(84, 'P', 'o', 209, 1.40) \
    X(85, 'A', 't', 210, 1.50) X(86, 'R', 'n', 222, 1.50) X(87, 'F', 'r', 223, 2.60) \
    X(88, 'R', 'a', 226, 2.21) X(89, 'A', 'c', 227, 2.15) X(90, 'T', 'h', 232.04, 2.06) \
    X(91, 'P', 'a', 231.04, 2.00) X(92, 'U', 0, 238.03, 1.96) X(93, 'N', 'p', 237, 1.90) \
    X(94, 'P', 'u', 244, 1.87) X(95, 'A', 'm', 243, 1.80) X(96, 'C', 'm', 247, 1.69) \
    X(97, 'B', 'k', 247, 1.60) X(98, 'C', 'f', 251, 1.60) X(99, 'E', 's', 252, 1.60) \
    X(100, 'F', 'm', 257, 1.60) X(101, 'M', 'd', 258, 1.60) X(102, 'N', 'o', 259, 1.60) \
    X(103, 'L', 'r', 262, 1.60) X(104, 'R', 'f', 267, 1.60) X(105, 'D', 'b', 268, 1.60) \
    X(106, 'S', 'g', 269, 1.60) X(107, 'B', 'h', 270, 1.60) X(108, 'H', 's', 269, 1.60) \
    X(109, 'M', 't', 277, 1.60) X(110, 'D', 's', 281, 1.60) X(111, 'R', 'g', 282, 1.60) \
    X(112, 'C', 'n', 285, 1.60) X(113, 'N', 'h', 286, 1.60) X(114, 'F', 'l', 290, 1.60) \
    X(115, 'M', 'c', 290, 1.60) X(116, 'L', 'v', 293, 1.60) X(117, 'T', 's', 294, 1.60) \
    X(118, 'O', 'g', 294, 1.60)
/* clang-format on */

static const struct {
    char   symbol[3];
    double mass, radius;
} elements[ELEMENT_MAX + 1] = {[0] = {"X", 0.0, 0.0},
#define ELEMENT_ENTRY(number, first, second, mass, radius)                                         \
    [number] = {{first, second, 0}, mass, radius},
                               ELEMENT_LIST(ELEMENT_ENTRY)
#undef ELEMENT_ENTRY
};

/* Atomic numbers by first letter and second letter (0: none); deuterium and tritium are hydrogen.
 */
static const uint8_t numbers[26][27] = {
#define ELEMENT_ENTRY(number, first, second, mass, radius)                                         \
    [(first) - 'A'][(second) != 0 ? (second) - 'a' + 1 : 0] = number,
    ELEMENT_LIST(ELEMENT_ENTRY)
#undef ELEMENT_ENTRY
        ['D' - 'A'][0] = 1,
    ['T' - 'A'][0] = 1,
};

int element_number(const char *symbol, size_t length)
{
    unsigned first, second = 0;

    if (length < 1 || length > 2) {
        return 0;
    }
    first = ((unsigned char)symbol[0] | 0x20u) - 'a';
    if (length == 2) {
        second = ((unsigned char)symbol[1] | 0x20u) - 'a' + 1u;
        if (second < 1 || second > 26) {
            return 0;
        }
    }
    return first < 26 ? numbers[first][second] : 0;
}

const char *element_symbol(int number)
{
    return elements[number >= 1 && number <= ELEMENT_MAX ? number : 0].symbol;
}

double element_mass(int number)
{
    return elements[number >= 1 && number <= ELEMENT_MAX ? number : 0].mass;
}

double element_radius(int number)
{
    return elements[number >= 1 && number <= ELEMENT_MAX ? number : 0].radius;
}
