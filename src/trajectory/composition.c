/* SPDX-License-Identifier: BSD-3-Clause */
/* Do frames hold the atoms that they should? */
#include "trajectory/trajectory.h"

#include "core/status.h"
#include "trajectory/elements.h"

#include <inttypes.h>
#include <string.h>

/* Are both lists the same but for their order? */
static bool same_elements(int64_t n_atoms, const uint8_t *a, const uint8_t *b)
{
    int64_t surplus[UINT8_MAX + 1] = {0};

    for (int64_t atom = 0; atom < n_atoms; atom++) {
        surplus[a[atom]]++;
        surplus[b[atom]]--;
    }
    for (int element = 0; element <= UINT8_MAX; element++) {
        if (surplus[element] != 0) {
            return false;
        }
    }
    return true;
}

static covary_status report_difference(const trajectory *from, int64_t frame, int64_t n_atoms,
                                       const uint8_t *expected, const uint8_t *found)
{
    const char *path;
    int64_t     in_file, atom = 0;

    trajectory_locate(from, frame, &path, &in_file);
    while (expected[atom] == found[atom]) {
        atom++;
    }
    return COVARY_FAIL(
        COVARY_ERR_DATA, "%s, frame %" PRId64 ", atom %" PRId64 ": %s where %s is expected; %s",
        path, in_file, atom + 1, element_symbol(found[atom]), element_symbol(expected[atom]),
        same_elements(n_atoms, expected, found)
            ? "the elements are the same but their order differs: write the atoms "
              "of every frame in the same order"
            : "the elements differ: every frame must hold the same molecule");
}

covary_status frames_check_composition(const frames *batch, const trajectory *from, int64_t n_atoms,
                                       const uint8_t *species)
{
    const char *path;
    int64_t     in_file;

    for (int64_t frame = 0; frame < batch->n_frames; frame++) {
        const uint8_t *found = frames_species(batch, frame);
        const int64_t  n_found = frames_n_atoms(batch, frame);
        if (n_found != n_atoms) {
            int64_t atom = 0;
            while (atom < n_found && atom < n_atoms && found[atom] == species[atom]) {
                atom++;
            }
            trajectory_locate(from, batch->first + frame, &path, &in_file);
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s, frame %" PRId64 ": the count differs: %" PRId64
                               " atoms where %" PRId64 " are expected (atom %" PRId64
                               ": %s, expected %s); every frame must hold the same molecule, or "
                               "be a box of molecules (--molecules auto)",
                               path, in_file, n_found, n_atoms, atom + 1,
                               atom < n_found ? element_symbol(found[atom]) : "none",
                               atom < n_atoms ? element_symbol(species[atom]) : "none");
        }
        if (memcmp(found, species, (size_t)n_atoms) != 0) {
            return report_difference(from, batch->first + frame, n_atoms, species, found);
        }
    }
    return COVARY_OK;
}
