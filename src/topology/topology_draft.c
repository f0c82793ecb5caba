/* SPDX-License-Identifier: BSD-3-Clause */
/* The growing lists of atoms and bonds that topology formats fill. */
#include "core/memory.h"
#include "core/status.h"
#include "topology/topology_format.h"
#include "trajectory/cell.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

/* Twice the room where one more does not fit. */
static int64_t more_room(int64_t room)
{
    return room > 0 ? 2 * room : FIRST_ROOM;
}

covary_status draft_add_atom(topology_draft *draft, int64_t line, draft_atom **added)
{
    covary_status status = COVARY_OK;

    if (draft->n_atoms == draft->atom_room) {
        COVARY_TRY(
            MEMORY_RESIZE("atoms of a topology", more_room(draft->atom_room), &draft->atoms));
        draft->atom_room = more_room(draft->atom_room);
    }
    *added = &draft->atoms[draft->n_atoms++];
    **added = (draft_atom){.mass = NAN, .charge = NAN, .line = line};
done:
    return status;
}

covary_status draft_add_bond(topology_draft *draft, int64_t a, int64_t b)
{
    covary_status status = COVARY_OK;

    if (draft->n_bonds == draft->bond_room) {
        COVARY_TRY(
            MEMORY_RESIZE("bonds of a topology", 2 * more_room(draft->bond_room), &draft->bonds));
        draft->bond_room = more_room(draft->bond_room);
    }
    draft->bonds[2 * draft->n_bonds] = a;
    draft->bonds[2 * draft->n_bonds + 1] = b;
    draft->n_bonds++;
done:
    return status;
}

static bool all_are(const double numbers[3], double value)
{
    return numbers[0] == value && numbers[1] == value && numbers[2] == value;
}

covary_status draft_set_cell(topology_draft *draft, int64_t line, const double lengths[3],
                             const double degrees[3])
{
    if (all_are(lengths, 0.0) || (all_are(lengths, 1.0) && all_are(degrees, 90.0))) {
        return COVARY_OK;
    }
    if (!cell_from_lengths(lengths, degrees, draft->cell)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s, line %" PRId64 ": no cell has the lengths %g, %g, %g and the "
                           "angles %g, %g, %g",
                           draft->path, line, lengths[0], lengths[1], lengths[2], degrees[0],
                           degrees[1], degrees[2]);
    }
    for (int d = 0; d < 3; d++) {
        draft->periodic |= (uint8_t)(lengths[d] > 0.0 ? 1 << d : 0);
    }
    return COVARY_OK;
}

void draft_release(topology_draft *draft)
{
    MEMORY_RELEASE(&draft->atoms);
    MEMORY_RELEASE(&draft->bonds);
}

void draft_columns(const char *begin, const char *end, int from, int to, char text[DRAFT_TEXT])
{
    const char *stop = end - begin > to ? begin + to : end;
    size_t      length = 0;

    begin = end - begin > from ? begin + from : end;
    while (begin < stop && (*begin == ' ' || *begin == '\t')) {
        begin++;
    }
    while (stop > begin && (stop[-1] == ' ' || stop[-1] == '\t')) {
        stop--;
    }
    length = (size_t)(stop - begin) < DRAFT_TEXT - 1 ? (size_t)(stop - begin) : DRAFT_TEXT - 1;
    memcpy(text, begin, length);
    text[length] = '\0';
}
