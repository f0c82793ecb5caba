/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of spectra as combinations of channels. */
#include "spectra/outputs.h"

#include "core/memory.h"
#include "core/status.h"
#include "spectra/prefactor.h"
#include "trajectory/elements.h"

#include <math.h>
#include <stdio.h>

/* What a density of a channel is multiplied by. */
typedef enum { ABSORPTION, SCATTERING, POWER, RATIO } form;

/* Spectra of one unit. */
typedef struct {
    form        form;
    double      scale;
    const char *unit, *area_unit;
    double      area_factor;
} family;

typedef struct {
    const char   *name, *description;
    const family *family;
    bool          of_boxes;          /* only where there are several molecules */
    double        of[CHANNEL_POWER]; /* coefficients of channels */
} recipe;

#define LITRE_DECADIC 4.342944819032518 /* 10 / ln 10, of L/(mol cm) in m^2/mol */
#define GAMMA         1.5               /* of gamma^2 in Tr b b */

static const family napierian = {ABSORPTION, 1.0, "m^2/mol", "km/mol", 0.1};
static const family decadic = {ABSORPTION, LITRE_DECADIC, "L/(mol cm)", "L/(mol cm^2)", 1.0};
static const family scattering = {SCATTERING, 1.0, "m^2/(sr cm^-1)", "m^2/sr", 1.0};
static const family ratio = {RATIO, 1.0, "1", NULL, 0.0};
static const family power = {POWER, 1.0, "1/cm^-1", "degrees of freedom", 1.0};

/* clang-format off */
static const recipe recipes[] = {
    {"ir", "infrared molar absorption, Napierian", &napierian, false,
     {[CHANNEL_DIPOLE] = 1.0}},
    {"ir_decadic", "infrared molar absorption, decadic", &decadic, false,
     {[CHANNEL_DIPOLE] = 1.0}},
    {"ir_self", "infrared absorption by molecules alone", &napierian, true,
     {[CHANNEL_DIPOLE_SELF] = 1.0}},
    {"ir_cross", "infrared absorption by pairs of molecules", &napierian, true,
     {[CHANNEL_DIPOLE] = 1.0, [CHANNEL_DIPOLE_SELF] = -1.0}},
    {"raman_unpolarized", "Raman scattering, parallel and perpendicular", &scattering, false,
     {[CHANNEL_MEAN] = 1.0, [CHANNEL_ANISOTROPY] = GAMMA * 7.0 / 45.0}},
    {"raman_parallel", "Raman scattering, polarized as the incident light", &scattering, false,
     {[CHANNEL_MEAN] = 1.0, [CHANNEL_ANISOTROPY] = GAMMA * 4.0 / 45.0}},
    {"raman_perpendicular", "Raman scattering, polarized across the incident light", &scattering,
     false, {[CHANNEL_ANISOTROPY] = GAMMA / 15.0}},
    {"raman_isotropic", "Raman scattering, isotropic part", &scattering, false,
     {[CHANNEL_MEAN] = 1.0}},
    {"raman_anisotropic", "Raman scattering, anisotropic part", &scattering, false,
     {[CHANNEL_ANISOTROPY] = GAMMA * 7.0 / 45.0}},
    {"raman_self", "Raman scattering by molecules alone", &scattering, true,
     {[CHANNEL_MEAN_SELF] = 1.0, [CHANNEL_ANISOTROPY_SELF] = GAMMA * 7.0 / 45.0}},
    {"raman_cross", "Raman scattering by pairs of molecules", &scattering, true,
     {[CHANNEL_MEAN] = 1.0, [CHANNEL_MEAN_SELF] = -1.0,
      [CHANNEL_ANISOTROPY] = GAMMA * 7.0 / 45.0, [CHANNEL_ANISOTROPY_SELF] = -GAMMA * 7.0 / 45.0}},
    {"depolarization", "Raman depolarization ratio, perpendicular / parallel", &ratio, false, {0}},
    {"power", "power of the motion of all atoms", &power, false, {0}},
};
/* clang-format on */

enum { N_RECIPES = sizeof recipes / sizeof recipes[0] };

typedef struct {
    const recipe *recipe;
    int           element; /* place among the elements, of one element alone; else -1 */
} output;

struct outputs {
    const series           *from;
    const quantities       *of;
    const spectra_settings *settings;
    int64_t                 n_points;
    const double           *wavenumber;
    int                     n;
    output                 *list;           /* [n] */
    double                 *factors[RATIO]; /* [n_points] by form */
};

static bool has_form(const quantities *of, form needed)
{
    for (int i = 0; i < of->n; i++) {
        const series_kind kind = of->of[i].kind;
        const form        here = kind == SERIES_DIPOLE           ? ABSORPTION
                                 : kind == SERIES_POLARIZABILITY ? SCATTERING
                                                                 : POWER;
        if (here == (needed == RATIO ? SCATTERING : needed)) {
            return true;
        }
    }
    return false;
}

static void list_outputs(outputs *made)
{
    for (int r = 0; r < N_RECIPES; r++) {
        if (has_form(made->of, recipes[r].family->form) &&
            (made->from->n_molecules > 1 || !recipes[r].of_boxes)) {
            made->list[made->n++] = (output){&recipes[r], -1};
        }
        for (int e = 0; e < made->of->n_elements && recipes[r].family->form == POWER; e++) {
            made->list[made->n++] = (output){&recipes[r], e};
        }
    }
}

/* The factor from a density to a spectrum of a form. */
static double factor_of(const outputs *made, form of, double wavenumber)
{
    const double w = angular_frequency(wavenumber);

    switch (of) {
    case ABSORPTION:
        return prefactor_absorption(wavenumber, made->settings) / (double)made->from->n_molecules;
    case SCATTERING:
        return prefactor_scattering(wavenumber, made->settings) / (double)made->from->n_molecules;
    case POWER:
        return prefactor_power(made->settings) * (made->from->has[SERIES_VELOCITY] ? 1.0 : w * w);
    case RATIO:
        break;
    }
    return 1.0;
}

covary_status outputs_create(const series *from, const quantities *of,
                             const spectra_settings *settings, int64_t n_points,
                             const double *wavenumber, outputs **out)
{
    covary_status status = COVARY_OK;
    outputs      *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("spectra", 1, &made));
    *made = (outputs){.from = from,
                      .of = of,
                      .settings = settings,
                      .n_points = n_points,
                      .wavenumber = wavenumber};
    COVARY_TRY(MEMORY_ALLOCATE("spectra", N_RECIPES + of->n_elements, &made->list));
    list_outputs(made);
    for (int f = 0; f < RATIO; f++) {
        COVARY_TRY(MEMORY_ALLOCATE("prefactors of spectra", n_points, &made->factors[f]));
        for (int64_t point = 0; point < n_points; point++) {
            made->factors[f][point] = factor_of(made, (form)f, wavenumber[point]);
        }
    }

done:
    if (status != COVARY_OK) {
        outputs_destroy(&made);
    }
    *out = made;
    return status;
}

void outputs_destroy(outputs **released)
{
    outputs *of = *released;

    if (of != NULL) {
        for (int f = 0; f < RATIO; f++) {
            MEMORY_RELEASE(&of->factors[f]);
        }
        MEMORY_RELEASE(&of->list);
        MEMORY_RELEASE(released);
    }
}

int outputs_count(const outputs *of)
{
    return of->n;
}

void outputs_describe(const outputs *of, int which, spectrum *into)
{
    const recipe *by = of->list[which].recipe;
    const int     element = of->list[which].element;

    snprintf(into->name, sizeof into->name, "%s%s%s", by->name, element < 0 ? "" : "_",
             element < 0 ? "" : element_symbol(of->of->elements[element]));
    into->description = element < 0 ? by->description : "power of the motion of one element";
    into->unit = by->family->unit;
    into->area_unit = by->family->area_unit;
    into->area_factor = by->family->area_factor;
}

/* 3 S_g / (45 S_a + 4 S_g), such that no rounding is left at its limits; 0 without scattering. */
static double depolarization(double mean, double anisotropy)
{
    return anisotropy > 0.0 ? 0.75 / (1.0 + 11.25 / GAMMA * mean / anisotropy) : 0.0;
}

static double density_at(const outputs *of, const output *which, const double *densities,
                         int64_t point)
{
    const double *at = densities + point;
    double        sum = 0.0;

    if (which->recipe->family->form == RATIO) {
        return depolarization(at[CHANNEL_MEAN * of->n_points],
                              at[CHANNEL_ANISOTROPY * of->n_points]);
    }
    for (int c = 0; c < CHANNEL_POWER; c++) {
        sum += which->recipe->of[c] * at[c * of->n_points];
    }
    for (int e = 0; e < of->of->n_elements && which->recipe->family->form == POWER; e++) {
        sum += which->element < 0 || which->element == e ? at[(CHANNEL_POWER + e) * of->n_points]
                                                         : 0.0;
    }
    return sum;
}

void outputs_values(const outputs *of, const double *densities, double *values)
{
    for (int which = 0; which < of->n; which++) {
        const output *one = &of->list[which];
        const family *in = one->recipe->family;
        const double *factors = in->form == RATIO ? NULL : of->factors[in->form];
        double       *to = values + which * of->n_points;
        for (int64_t point = 0; point < of->n_points; point++) {
            to[point] = in->scale * (factors == NULL ? 1.0 : factors[point]) *
                        density_at(of, one, densities, point);
        }
    }
}

bool outputs_floor(const outputs *of, int which, const noise *from, double *values)
{
    const recipe *by = of->list[which].recipe;
    bool          known = by->family->form == ABSORPTION || by->family->form == SCATTERING;

    for (int c = 0; c < CHANNEL_POWER; c++) {
        known = known && by->of[c] >= 0.0 && (by->of[c] == 0.0 || from->known[c]);
    }
    for (int64_t point = 0; point < of->n_points && known; point++) {
        values[point] = 0.0;
        for (int c = 0; c < CHANNEL_POWER; c++) {
            values[point] += by->family->scale * of->factors[by->family->form][point] * by->of[c] *
                             noise_density(from, (channel)c, of->wavenumber[point], of->from->step);
        }
    }
    return known;
}
