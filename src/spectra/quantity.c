/* SPDX-License-Identifier: BSD-3-Clause */
/* Which quantities a series has, and their channels. */
#include "spectra/quantity.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

/* Is a part asked for, or taken because it is there?  A missing one that is asked for is an error.
 */
static covary_status wants(const spectra_settings *settings, spectra_part part, bool there,
                           const char *name, const char *lacking, bool *wanted)
{
    *wanted = there && (settings->parts == 0 || (settings->parts & (unsigned)part) != 0);
    if ((settings->parts & (unsigned)part) != 0 && !there) {
        return COVARY_FAIL(COVARY_ERR_DATA, "%s needs %s in every frame; there are none", name,
                           lacking);
    }
    return COVARY_OK;
}

static void set_channels(quantity *of, int first, int count, int total, int alone)
{
    for (int i = first; i < first + count; i++) {
        of->total[i] = total;
        of->alone[i] = of->n_rows > 1 ? alone : -1;
    }
}

static void add_dipole(const series *from, bool differenced, quantities *to)
{
    quantity *added = &to->of[to->n++];

    *added = (quantity){.kind = SERIES_DIPOLE,
                        .n_rows = from->n_molecules,
                        .n_read = 3,
                        .n = 3,
                        .centred = !differenced,
                        .differenced = differenced};
    set_channels(added, 0, 3, CHANNEL_DIPOLE, CHANNEL_DIPOLE_SELF);
}

static void add_polarizability(const series *from, bool differenced, quantities *to)
{
    quantity *added = &to->of[to->n++];

    *added = (quantity){.kind = SERIES_POLARIZABILITY,
                        .n_rows = from->n_molecules,
                        .n_read = 9,
                        .n = 6,
                        .centred = !differenced,
                        .differenced = differenced};
    set_channels(added, 0, 1, CHANNEL_MEAN, CHANNEL_MEAN_SELF);
    set_channels(added, 1, 5, CHANNEL_ANISOTROPY, CHANNEL_ANISOTROPY_SELF);
}

/* A channel for each element. */
static covary_status add_motion(const series *from, bool differenced, quantities *to)
{
    const bool    moving = from->has[SERIES_VELOCITY];
    quantity     *added = &to->of[to->n++];
    int           place[1 + UINT8_MAX];
    covary_status status = COVARY_OK;

    for (int number = 0; number <= UINT8_MAX; number++) {
        place[number] = -1;
    }
    for (int64_t atom = 0; atom < from->n_atoms; atom++) {
        place[from->species[atom]] = 0;
    }
    for (int number = 0; number <= UINT8_MAX; number++) {
        if (place[number] == 0) {
            place[number] = to->n_elements;
            to->elements[to->n_elements++] = (uint8_t)number;
        }
    }
    COVARY_TRY(MEMORY_ALLOCATE("channels of atoms", from->n_atoms, &to->row_channel));
    for (int64_t atom = 0; atom < from->n_atoms; atom++) {
        to->row_channel[atom] = CHANNEL_POWER + place[from->species[atom]];
    }
    *added = (quantity){.kind = moving ? SERIES_VELOCITY : SERIES_POSITION,
                        .n_rows = from->n_atoms,
                        .n_read = 3,
                        .n = 3,
                        .row_channel = to->row_channel,
                        .weights = from->masses,
                        .centred = !moving && !differenced,
                        .differenced = !moving && differenced};
    set_channels(added, 0, 3, -1, -1);

done:
    return status;
}

covary_status quantities_choose(const series *of, const spectra_settings *settings, quantities *out)
{
    const bool    differences = settings->derivative == SPECTRA_DIFFERENCES;
    const bool    motion = of->has[SERIES_VELOCITY] || of->has[SERIES_POSITION];
    covary_status status = COVARY_OK;
    bool          ir, raman, power;

    *out = (quantities){0};
    COVARY_TRY(wants(settings, SPECTRA_IR, of->has[SERIES_DIPOLE], "an infrared spectrum",
                     "dipoles", &ir));
    COVARY_TRY(wants(settings, SPECTRA_RAMAN, of->has[SERIES_POLARIZABILITY], "a Raman spectrum",
                     "polarizabilities", &raman));
    COVARY_TRY(wants(settings, SPECTRA_POWER, motion && of->n_atoms > 0, "a power spectrum",
                     "velocities or positions", &power));
    if (ir) {
        add_dipole(of, differences, out);
    }
    if (raman) {
        add_polarizability(of, differences, out);
    }
    if (power) {
        COVARY_TRY(add_motion(of, differences, out));
    }
    if (out->n == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                               "spectra need dipoles, polarizabilities, velocities or positions; "
                               "there are none of them"));
    }
    out->n_channels = CHANNEL_POWER + out->n_elements;

done:
    return status;
}

void quantities_release(quantities *released)
{
    MEMORY_RELEASE(&released->row_channel);
}

void quantity_reduce(const quantity *of, const double *read, double *values)
{
    const double half = sqrt(0.5), sixth = sqrt(1.0 / 6.0);

    if (of->kind != SERIES_POLARIZABILITY) {
        memcpy(values, read, (size_t)of->n * sizeof *values);
        return;
    }
    values[0] = (read[0] + read[4] + read[8]) / 3.0;
    values[1] = half * (read[0] - read[4]);
    values[2] = sixth * (2.0 * read[8] - (read[0] + read[4]));
    values[3] = half * (read[1] + read[3]);
    values[4] = half * (read[2] + read[6]);
    values[5] = half * (read[5] + read[7]);
}
