/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spectra from series: infrared absorption, Raman scattering and the power of the atoms' motion.
 *
 * With S(w) the Fourier transform of a classical time correlation function,
 *
 *   ir      N_A / (6 e0 c kB T n) w^2 S_dipole(w) Q(w) / Q_harmonic(w), Napierian, per mole
 *   raman   (w_L - w)^4 / c^4 Q(w) / (2 pi) [S_a(w) + 7/45 S_g(w)] 2 pi c, of a molecule
 *   power   2 c sum_i m_i S_v,i(w) / (kB T): its integral is the number of degrees of freedom
 *
 * where a is a third of the polarizability's trace, S_g that of 3/2 Tr b b with b the rest, w_L the
 * laser's frequency, n a refractive index and Q the quantum correction (McQuarrie, Statistical
 * Mechanics, chapter 21; Long, The Raman Effect, chapter 5; Thomas et al., Phys. Chem. Chem. Phys.
 * 15, 6608 (2013)).  Of a box of molecules, values are per molecule (of a mole of them).
 */
#ifndef COVARY_SPECTRA_SPECTRUM_H
#define COVARY_SPECTRA_SPECTRUM_H

#include "spectra/series.h"
#include <covary/run.h>

/* How S is estimated. */
typedef enum {
    SPECTRA_WELCH,      /* averages over windowed segments that overlap by half */
    SPECTRA_CORRELATION /* the transform of the windowed correlation function */
} spectra_method;

/* Windows fall off to both ends of a segment, or with the lag of a correlation function. */
typedef enum {
    SPECTRA_HANN,
    SPECTRA_BLACKMAN,
    SPECTRA_GAUSSIAN, /* four standard deviations to either end */
    SPECTRA_NO_WINDOW
} spectra_window;

/*
 * The factor Q(x) from the classical to the quantum spectrum, x = hbar w / (kB T) (Ramirez et al.,
 * J. Chem. Phys. 121, 3973 (2004)).
 */
typedef enum {
    SPECTRA_HARMONIC,     /* x / (1 - exp(-x)): exact for harmonic oscillators */
    SPECTRA_KUBO,         /* the same, for series that are Kubo-transformed already, as those of
                             centroids are */
    SPECTRA_SCHOFIELD,    /* exp(x / 2) */
    SPECTRA_STANDARD,     /* 2 / (1 + exp(-x)) */
    SPECTRA_NO_CORRECTION /* 1 */
} spectra_correction;

/* Where the spectrum of a time derivative comes from. */
typedef enum {
    SPECTRA_EXACT,      /* w^2 times that of the quantity */
    SPECTRA_DIFFERENCES /* central differences, divided by (sin(w dt) / (w dt))^2 */
} spectra_derivative;

/* Names in the order of the enumerations, ended by NULL. */
extern const char *const spectra_method_names[];     /* welch, correlation */
extern const char *const spectra_window_names[];     /* hann, blackman, gaussian, none */
extern const char *const spectra_correction_names[]; /* harmonic, kubo, schofield, standard, none */
extern const char *const spectra_derivative_names[]; /* exact, differences */

typedef enum { SPECTRA_IR = 1, SPECTRA_RAMAN = 2, SPECTRA_POWER = 4 } spectra_part;

typedef struct {
    unsigned           parts; /* sum of spectra_part; 0: all that the series allows */
    spectra_method     method;
    spectra_window     window;
    spectra_correction correction;
    spectra_derivative derivative;
    double             resolution;       /* cm^-1: full width at half maximum of a sharp line */
    int                padding;          /* so many times a window's length is transformed */
    double             temperature;      /* K; 0: that of the atoms' motion */
    double             laser;            /* nm */
    double             refractive_index; /* of the medium, for infrared absorption */
    double             from, to;         /* cm^-1; to 0: 4000, or less at long steps of time */
} spectra_settings;

/* Welch, Hann, harmonic, exact, 10 cm^-1, 4, 0 K, 532 nm, 1, 0 to 0 cm^-1. */
spectra_settings spectra_default_settings(void);

typedef struct {
    char        name[32];    /* ir, raman_isotropic, power_H: see spectra_compute */
    const char *description; /* in words: "infrared molar absorption, Napierian" */
    const char *unit;        /* of values: m^2/mol */
    const char *area_unit;   /* of integrals over the wavenumber: km/mol; NULL: they mean nothing */
    double      area_factor; /* area in area_unit = this times the integral over cm^-1 */
    double     *values;      /* [n_points] */
    double     *errors;      /* [n_points] standard errors; NAN if there is one block only */
    double     *floor;       /* [n_points] what a model's errors add to values, or NULL */
} spectrum;

typedef struct {
    int64_t          n_points;
    double          *wavenumber; /* [n_points] cm^-1, ascending, evenly spaced */
    int              n_spectra;
    spectrum        *spectra;
    spectra_settings settings;          /* as given, with what they leave open filled in */
    double           resolution;        /* cm^-1, reached */
    double           temperature_error; /* K, standard error; 0 of a given temperature */
    bool             temperature_measured;
    double           step;           /* fs */
    int64_t          segment_frames; /* of a window; of the longest lag */
    int64_t          n_segments;     /* over all stretches */
    int64_t          n_blocks;       /* of segments, from which standard errors are taken */
    int64_t          n_frames;       /* that take part */
    int              n_warnings;
    char           **warnings; /* [n_warnings] one line each */
} spectra;

/*
 * The spectra of a series, the same on every rank, bit by bit for any number of ranks; warnings are
 * logged, too.  Collective.
 *
 *   ir, ir_decadic                   molar absorption in m^2/mol, and / ln 10 in L/(mol cm)
 *   ir_self, ir_cross                of boxes: what molecules alone and pairs of them add to ir
 *   raman_unpolarized                scattering cross-section per solid angle and wavenumber at a
 *                                    right angle, m^2/(sr cm^-1): parallel + perpendicular
 *   raman_parallel, raman_perpendicular
 *   raman_isotropic, raman_anisotropic   the parts of S_a and of 7/45 S_g in the first
 *   raman_self, raman_cross          of boxes: of the first
 *   depolarization                   perpendicular / parallel
 *   power, power_<element>           1/cm^-1, degrees of freedom per wavenumber
 *
 * Power is that of velocities, else of positions.  Memory is bounded, however many frames there
 * are.
 *
 * COVARY_ERR_CONFIG: settings out of range; COVARY_ERR_DATA: the series lacks a part that was asked
 * for, is too short, or has no motion to take a temperature from; and what reading fails with.
 */
covary_status spectra_compute(covary_run *run, const series *of, const spectra_settings *settings,
                              spectra **out);
void          spectra_destroy(spectra **released);

#endif
