/* SPDX-License-Identifier: BSD-3-Clause */
/* FFTW behind a pair of buffers. */
#include "spectra/fourier.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <fftw3.h>

struct fourier {
    double   *times, *frequencies;
    fftw_plan forward, backward;
};

const char *fourier_version(void)
{
    return fftw_version;
}

int64_t fourier_length(int64_t n)
{
    static const int factors[] = {2, 3, 5, 7};

    for (int64_t length = n < 2 ? 2 : n + n % 2;; length += 2) {
        int64_t rest = length;
        for (int i = 0; i < 4; i++) {
            while (rest % factors[i] == 0) {
                rest /= factors[i];
            }
        }
        if (rest == 1) {
            return length;
        }
    }
}

covary_status fourier_create(int64_t length, fourier **out)
{
    covary_status status = COVARY_OK;
    fourier      *made = NULL;
    fftw_complex *complex_side;
    int           n;

    COVARY_TRY(narrow_to_int("the length of a Fourier transform", length, &n));
    COVARY_TRY(MEMORY_ALLOCATE("a Fourier transform", 1, &made));
    COVARY_TRY(MEMORY_ALLOCATE("times of a Fourier transform", length, &made->times));
    COVARY_TRY(
        MEMORY_ALLOCATE("frequencies of a Fourier transform", length + 2, &made->frequencies));
    complex_side = (fftw_complex *)(void *)made->frequencies;
    made->forward = fftw_plan_dft_r2c_1d(n, made->times, complex_side, FFTW_ESTIMATE);
    made->backward = fftw_plan_dft_c2r_1d(n, complex_side, made->times, FFTW_ESTIMATE);
    if (made->forward == NULL || made->backward == NULL) {
        status = COVARY_FAIL(COVARY_ERR_LIBRARY, "FFTW has no plan for %d values", n);
    }

done:
    if (status != COVARY_OK) {
        fourier_destroy(&made);
    }
    *out = made;
    return status;
}

void fourier_destroy(fourier **released)
{
    fourier *of = *released;

    if (of != NULL) {
        if (of->forward != NULL) {
            fftw_destroy_plan(of->forward);
        }
        if (of->backward != NULL) {
            fftw_destroy_plan(of->backward);
        }
        MEMORY_RELEASE(&of->times);
        MEMORY_RELEASE(&of->frequencies);
        MEMORY_RELEASE(released);
    }
}

double *fourier_times(fourier *of)
{
    return of->times;
}

double *fourier_frequencies(fourier *of)
{
    return of->frequencies;
}

void fourier_forward(fourier *of)
{
    fftw_execute(of->forward);
}

void fourier_backward(fourier *of)
{
    fftw_execute(of->backward);
}
