/* SPDX-License-Identifier: BSD-3-Clause */
/* Defaults and names of settings, and what values they may have. */
#include "spectra/settings.h"

#include "core/status.h"

#include <math.h>

const char *const spectra_method_names[] = {"welch", "correlation", NULL};
const char *const spectra_window_names[] = {"hann", "blackman", "gaussian", "none", NULL};
const char *const spectra_correction_names[] = {"harmonic", "kubo", "schofield",
                                                "standard", "none", NULL};
const char *const spectra_derivative_names[] = {"exact", "differences", NULL};

spectra_settings spectra_default_settings(void)
{
    return (spectra_settings){
        .resolution = 10.0, .padding = 4, .laser = 532.0, .refractive_index = 1.0};
}

/* From `least` to `most`, and finite. */
static covary_status check_number(const char *name, const char *unit, double value, double least,
                                  double most)
{
    if (value >= least && value <= most) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_CONFIG, "the %s of spectra is %g%s; it is from %g to %g", name,
                       value, unit, least, most);
}

covary_status settings_check(const spectra_settings *of)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(check_number("resolution", " cm^-1", of->resolution, 0.001, 1000.0));
    COVARY_TRY(check_number("zero padding", "", of->padding, 1.0, 64.0));
    COVARY_TRY(check_number("laser line", " nm", of->laser, 50.0, 2000.0));
    COVARY_TRY(check_number("refractive index", "", of->refractive_index, 0.1, 10.0));
    COVARY_TRY(check_number("lowest wavenumber", " cm^-1", of->from, 0.0, 1e6));
    if (of->temperature != 0.0) {
        COVARY_TRY(check_number("temperature", " K", of->temperature, 0.1, 1e6));
    }
    if (of->to != 0.0) {
        COVARY_TRY(check_number("highest wavenumber", " cm^-1", of->to, of->from, 1e6));
    }

done:
    return status;
}
