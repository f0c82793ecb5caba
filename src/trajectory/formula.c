/* SPDX-License-Identifier: BSD-3-Clause */
/* Formulas from elements. */
#include "trajectory/formula.h"

#include "trajectory/elements.h"

covary_status formula_add(int64_t n_atoms, const uint8_t *species, text *into)
{
    static const int first[] = {6, 1}; /* carbon, hydrogen, then by number */
    covary_status    status = COVARY_OK;
    int64_t          counts[ELEMENT_MAX + 1] = {0};

    for (int64_t atom = 0; atom < n_atoms; atom++) {
        counts[species[atom] <= ELEMENT_MAX ? species[atom] : 0]++;
    }
    for (int pass = 0; pass < 2 + ELEMENT_MAX && status == COVARY_OK; pass++) {
        int z = pass < 2 ? first[pass] : pass - 1;
        if (counts[z] == 0) {
            continue;
        }
        status = text_add(into, counts[z] > 1 ? "%s%lld" : "%s", element_symbol(z),
                          (long long)counts[z]);
        counts[z] = 0;
    }
    return status;
}
