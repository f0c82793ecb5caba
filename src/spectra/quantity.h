/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What of a series is transformed, and the channels that spectral densities are summed in.
 *
 * A polarizability is taken apart as a = Tr alpha / 3 and five numbers q with q . q = Tr b b, where
 * b is the symmetric part of alpha - a 1: a rotation mixes the five among themselves.
 */
#ifndef COVARY_SPECTRA_QUANTITY_H
#define COVARY_SPECTRA_QUANTITY_H

#include "spectra/spectrum.h"

enum { QUANTITY_MOST = 6, QUANTITIES_MOST = 3 };

/* Channels of sums over the rows of a frame and of rows alone.  That of the power of the first of
 * the elements is followed by those of the others. */
typedef enum {
    CHANNEL_DIPOLE,
    CHANNEL_DIPOLE_SELF,
    CHANNEL_MEAN,
    CHANNEL_MEAN_SELF,
    CHANNEL_ANISOTROPY,
    CHANNEL_ANISOTROPY_SELF,
    CHANNEL_POWER
} channel;

typedef struct {
    series_kind   kind;
    int64_t       n_rows;               /* of a frame: molecules or atoms */
    int           n_read;               /* values of a row in the series */
    int           n;                    /* values of a row that are transformed */
    int           total[QUANTITY_MOST]; /* channel of a value summed over rows, -1: none */
    int           alone[QUANTITY_MOST]; /* channel of a row's value, -1: none */
    const int    *row_channel;          /* [n_rows] in place of `alone` if not NULL */
    const double *weights;              /* [n_rows] of densities of rows; NULL: 1 */
    bool          centred;              /* the mean is subtracted */
    bool          differenced;          /* the trace is that of the derivative */
} quantity;

typedef struct {
    int      n, n_channels, n_elements;
    quantity of[QUANTITIES_MOST];
    int     *row_channel;             /* [atoms] of power */
    uint8_t  elements[1 + UINT8_MAX]; /* [n_elements] ascending atomic numbers with power */
} quantities;

/*
 * The quantities that the parts of the settings need.  Local; release also after a failure.
 *
 * COVARY_ERR_DATA: the series has none, or lacks one that was asked for.
 */
covary_status quantities_choose(const series *of, const spectra_settings *settings,
                                quantities *out);
void          quantities_release(quantities *released);

/* The values [n] of a row as it is read, [n_read].  Local. */
void quantity_reduce(const quantity *of, const double *read, double *values);

#endif
