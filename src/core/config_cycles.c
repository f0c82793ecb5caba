/* SPDX-License-Identifier: BSD-3-Clause */
/* Permutations as text: are the cycles well formed?  Whether the atoms exist is seen later. */
#include "core/config_check.h"

#include <string.h>

#define EXAMPLE "such as \"(1 2)(3 4)\", with atoms counted from 1"

enum { LARGEST_ATOM = 2147483647, MOST_DIGITS = 10 };

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " ");
}

/* The atom at *at, and *at behind it; 0: there is none. */
static int64_t read_atom(const char **at)
{
    size_t  length = strspn(*at, "0123456789");
    int64_t atom = 0;

    if (length > MOST_DIGITS) {
        return 0;
    }
    for (size_t i = 0; i < length; i++) {
        atom = 10 * atom + (*(*at)++ - '0');
    }
    return atom <= LARGEST_ATOM ? atom : 0;
}

/* Is `atom` among the atoms from `from` to `end`? */
static bool is_before(const char *from, const char *end, int64_t atom)
{
    while (from < end) {
        const char *at = from;
        if (read_atom(&at) == atom) {
            return true;
        }
        from = at > from ? at : from + 1;
    }
    return false;
}

/* What is wrong with a cycle, or NULL; *at goes from behind its "(" to behind its ")". */
static const char *cycle_problem(const char *whole, const char **at)
{
    int n_atoms = 0;

    for (*at = skip_blanks(*at); **at != ')'; *at = skip_blanks(*at)) {
        const char *begin = *at;
        int64_t     atom = read_atom(at);
        if (atom == 0 || (**at != ' ' && **at != ')')) {
            return "cycles of atoms with blanks between them, " EXAMPLE;
        }
        if (is_before(whole, begin, atom)) {
            return "cycles without a common atom, " EXAMPLE;
        }
        n_atoms++;
    }
    *at = skip_blanks(*at + 1);
    return n_atoms < 2 ? "cycles of two or more atoms, " EXAMPLE : NULL;
}

const char *cycles_problem(const char *value)
{
    const char *at = skip_blanks(value), *problem = NULL;

    if (*at == '\0') {
        return "cycles of atoms, " EXAMPLE;
    }
    while (*at != '\0' && problem == NULL) {
        if (*at != '(') {
            return "cycles in brackets, " EXAMPLE;
        }
        at++;
        problem = cycle_problem(value, &at);
    }
    return problem;
}
