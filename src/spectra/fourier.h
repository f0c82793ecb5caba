/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real Fourier transforms of one length, by FFTW (Frigo and Johnson, Proc. IEEE 93, 216 (2005)).
 * Plans are estimated, not timed, so that the same numbers come out of every run.  All functions
 * are local.
 */
#ifndef COVARY_SPECTRA_FOURIER_H
#define COVARY_SPECTRA_FOURIER_H

#include <covary/status.h>
#include <stdint.h>

typedef struct fourier fourier;

/* Name and version of the library, as "fftw-3.3.10" with the instruction sets that it knows. */
const char *fourier_version(void);

/* The least even number with no prime factor above 7 that is not below n. */
int64_t fourier_length(int64_t n);

/* Transforms of `length` values, which is even.  COVARY_ERR_MEMORY, COVARY_ERR_LIBRARY. */
covary_status fourier_create(int64_t length, fourier **out);
void          fourier_destroy(fourier **released);

/* The two sides of a transform, borrowed: [length] and [length / 2 + 1][2], real and imaginary. */
double *fourier_times(fourier *of);
double *fourier_frequencies(fourier *of);

/*
 * From the times x_j to the frequencies X_k = sum_j x_j exp(-2 pi i j k / length), and without any
 * factor back, after which the frequencies are lost.
 */
void fourier_forward(fourier *of);
void fourier_backward(fourier *of);

#endif
