/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Panels below each other, drawn by gnuplot.
 *
 * Bands are labelled with their wavenumbers, upright above their peaks, the highest first.  Labels
 * that nearly fit are moved apart, and a thin line then leads from the peak to its label; others
 * are left out.  None is set upon a higher part of the spectrum.  Geometry is in units of a drawing
 * PANEL_WIDTH wide.
 */
#include "cli/spectra_plot.h"

#include "cli/gnuplot.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/spectra_set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PANEL_WIDTH = 960,
    PANEL_HEIGHT = 310,
    PANEL_LEFT = 76,
    PANEL_RIGHT = 26,
    PANEL_TOP = 50,
    TITLE_AT = 14, /* below the upper end of the panel */
    KEY_AT = 36,
    KEY_LINE = 26,
    KEY_LETTER = 7, /* of a line of 11 points, on average */
    PANEL_BOTTOM = 50,
    LABEL_WIDTH = 14, /* of an upright number */
    LABEL_LENGTH = 40,
    MOST_LABELS = 24
};

static const double PLOT_WIDTH = PANEL_WIDTH - PANEL_LEFT - PANEL_RIGHT;
static const double PLOT_HEIGHT = PANEL_HEIGHT - PANEL_TOP - PANEL_BOTTOM;

/* What a panel shows: a main spectrum, and thin lines beside it where there is one set alone. */
typedef struct {
    const char *name, *title, *quantity, *unit;
    const char *beside[2], *beside_names[2];
} panel;

static const panel panels[] = {
    {"ir_decadic", "Infrared absorption", "molar absorption", "L mol⁻¹ cm⁻¹", {NULL}, {NULL}},
    {"raman_unpolarized",
     "Raman scattering",
     "cross-section",
     "m² sr⁻¹ cm",
     {"raman_parallel", "raman_perpendicular"},
     {"parallel", "perpendicular"}},
    {"power", "Power spectrum", "degrees of freedom", "cm", {NULL}, {NULL}},
};

enum { N_PANELS = sizeof panels / sizeof panels[0], N_COLOURS = 5 };

static const char *const colours[N_COLOURS] = {"#2f6fc4", "#d0652b", "#2a9d67", "#8b5cc4",
                                               "#7d7d7d"};

covary_status spectra_form_of(const char *path, spectra_form *form)
{
    const char *ending = strrchr(path, '.');

    *form = ending != NULL && strcmp(ending, ".png") == 0 ? DRAW_PNG : DRAW_SVG;
    if (*form == DRAW_PNG || (ending != NULL && strcmp(ending, ".svg") == 0)) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_USAGE, "--plot %s: plots are FILE.svg or FILE.png", path);
}

const char *spectra_terminal(spectra_form form)
{
    return form == DRAW_PNG ? "pngcairo" : "svg";
}

/* --- one panel -------------------------------------------------------------------------------- */

typedef struct {
    const spectra_drawing *of;
    const panel           *shown;
    double                 from, to; /* cm^-1 */
    double                 highest;  /* of all curves (spectra_highest), in their unit */
    double                 scale;    /* 10^-exponent: values are drawn times this */
    int                    exponent;
    int                    place, n; /* among the panels */
    double                 key;      /* where its next entry begins */
} view;

static const spectrum *spectrum_of(const covary_spectra_set *set, const char *name)
{
    const int index = covary_spectra_find(set, name);

    return index < 0 ? NULL : &set->of.spectra[index];
}

/* "10⁻³⁶ ", or nothing. */
static void format_exponent(int exponent, size_t size, char *into)
{
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    const int                n = abs(exponent);

    into[0] = '\0';
    if (exponent != 0) {
        snprintf(into, size, "10%s%s%s ", exponent < 0 ? "⁻" : "", n > 9 ? digits[n / 10 % 10] : "",
                 digits[n % 10]);
    }
}

static void look_at(view *on)
{
    const covary_spectra_set *first = on->of->sets[0];

    on->from = first->of.settings.from;
    on->to = first->of.settings.to;
    for (int k = 0; k < on->of->n_sets; k++) {
        const int index = covary_spectra_find(on->of->sets[k], on->shown->name);
        if (index >= 0) {
            on->highest = fmax(on->highest, spectra_highest(on->of->sets[k], index));
        }
    }
    on->highest = on->highest > 0.0 ? on->highest : 1.0;
    on->exponent = (int)floor(log10(on->highest));
    on->exponent = on->exponent >= -2 && on->exponent <= 3 ? 0 : on->exponent;
    on->scale = pow(10.0, -on->exponent);
}

/* From the left and from the top of a panel, in parts of the drawing. */
static double across(double x)
{
    return x / PANEL_WIDTH;
}

static double down(const view *on, double y)
{
    return 1.0 - (on->place + y / PANEL_HEIGHT) / on->n;
}

/* "Raman scattering" and "532 nm, 390 K, resolution 10 cm⁻¹". */
static covary_status add_title(const view *on, text *commands)
{
    covary_status  status = COVARY_OK;
    const spectra *of = &on->of->sets[0]->of;
    char           exponent[32], laser[32] = "";

    format_exponent(on->exponent, sizeof exponent, exponent);
    if (strncmp(on->shown->name, "raman", 5) == 0) {
        snprintf(laser, sizeof laser, "%.4g nm, ", of->settings.laser);
    }
    COVARY_TRY(text_add(commands,
                        "set label \"%s\" at screen %.6f, screen %.6f left noenhanced font "
                        "',14'\n",
                        on->shown->title, across(PANEL_LEFT), down(on, TITLE_AT)));
    COVARY_TRY(text_add(commands,
                        "set label \"%s%.4g K, resolution %.3g cm⁻¹\" at screen %.6f, screen %.6f "
                        "right noenhanced font ',11'\n",
                        laser, of->settings.temperature, of->resolution,
                        across(PANEL_WIDTH - PANEL_RIGHT), down(on, TITLE_AT)));
    COVARY_TRY(text_add(commands, "set ylabel \"%s / %s%s\" noenhanced offset 0.5,0\n",
                        on->shown->quantity, exponent, on->shown->unit));

done:
    return status;
}

static covary_status begin_panel(const view *on, text *commands)
{
    covary_status status = COVARY_OK;
    const double  left = on->of->reversed ? on->to : on->from;
    const double  right = on->of->reversed ? on->from : on->to;

    COVARY_TRY(text_add(commands,
                        "unset label\nunset arrow\n"
                        "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
                        "set tmargin at screen %.6f\nset bmargin at screen %.6f\n",
                        across(PANEL_LEFT), across(PANEL_WIDTH - PANEL_RIGHT), down(on, PANEL_TOP),
                        down(on, PANEL_HEIGHT - PANEL_BOTTOM)));
    COVARY_TRY(
        text_add(commands, "set xrange [%.10g:%.10g]\nset yrange [0:%.10g]\n", left, right,
                 on->scale * on->highest * 1.04 * PLOT_HEIGHT / (PLOT_HEIGHT - LABEL_LENGTH)));
    COVARY_TRY(text_add(commands, "set xlabel \"%s\" noenhanced\n",
                        on->place + 1 < on->n ? "" : "wavenumber / cm⁻¹"));
    COVARY_TRY(add_title(on, commands));

done:
    return status;
}

/* A text in quotes of gnuplot. */
static covary_status add_quoted(const char *plain, text *commands)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(commands, "\""));
    for (const char *at = plain; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\' || *at == '`') {
            COVARY_TRY(text_add(commands, "%s", *at == '"' ? "'" : "/"));
        } else {
            COVARY_TRY(text_add_bytes(commands, at, 1));
        }
    }
    COVARY_TRY(text_add(commands, "\""));

done:
    return status;
}

/* An entry of the key, which is a row below the title. */
static covary_status add_key(view *on, const char *name, const char *style, text *commands)
{
    covary_status status = COVARY_OK;
    const double  line = on->key, words = line + KEY_LINE + 6;
    int           letters = 0;

    for (const char *at = name; *at != '\0'; at++) { /* not the further bytes of a letter */
        letters += ((unsigned char)*at & 0xc0) != 0x80;
    }
    COVARY_TRY(text_add(commands,
                        "set arrow from screen %.6f, screen %.6f to screen %.6f, screen %.6f "
                        "nohead %s\n",
                        across(line), down(on, KEY_AT), across(line + KEY_LINE), down(on, KEY_AT),
                        style));
    COVARY_TRY(text_add(commands, "set label "));
    COVARY_TRY(add_quoted(name, commands));
    COVARY_TRY(text_add(commands, " at screen %.6f, screen %.6f left noenhanced font ',11'\n",
                        across(words), down(on, KEY_AT)));
    on->key = words + KEY_LETTER * letters + 18;

done:
    return status;
}

/* --- labels of bands -------------------------------------------------------------------------- */

typedef struct {
    double x, y;   /* of the peak, from the lower left corner of the plot */
    double at;     /* x of the label */
    double number; /* cm^-1 */
} label;

static double x_of(const view *on, double wavenumber)
{
    const double part = (wavenumber - on->from) / (on->to - on->from);

    return PLOT_WIDTH * (on->of->reversed ? 1.0 - part : part);
}

static double y_of(const view *on, double value)
{
    return value / (1.04 * on->highest) * (PLOT_HEIGHT - LABEL_LENGTH);
}

/* The highest curve below a label. */
static double highest_below(const view *on, double x)
{
    double highest = 0.0;

    for (int k = 0; k < on->of->n_sets; k++) {
        const spectra  *in = &on->of->sets[k]->of;
        const spectrum *of = spectrum_of(on->of->sets[k], on->shown->name);
        for (int64_t i = 0; of != NULL && i < in->n_points; i++) {
            if (fabs(x_of(on, in->wavenumber[i]) - x) <= 0.5 * LABEL_WIDTH) {
                highest = fmax(highest, y_of(on, of->values[i]));
            }
        }
    }
    return highest;
}

/* Move labels apart until each has its width; those of the left edge and the right stay within. */
static void spread(label *labels, int n)
{
    for (int round = 0; round < 200; round++) {
        for (int k = 0; k + 1 < n; k++) {
            const double lacking = LABEL_WIDTH - (labels[k + 1].at - labels[k].at);
            if (lacking > 0.0) {
                labels[k].at -= 0.5 * lacking;
                labels[k + 1].at += 0.5 * lacking;
            }
        }
        for (int k = 0; k < n; k++) {
            labels[k].at = fmin(fmax(labels[k].at, 0.5 * LABEL_WIDTH + LABEL_WIDTH * k),
                                PLOT_WIDTH - 0.5 * LABEL_WIDTH - LABEL_WIDTH * (n - 1 - k));
        }
    }
}

static int by_height(const void *a, const void *b)
{
    const double one = ((const label *)a)->y, other = ((const label *)b)->y;

    return one < other ? 1 : one > other ? -1 : 0;
}

static int by_place(const void *a, const void *b)
{
    const double one = ((const label *)a)->x, other = ((const label *)b)->x;

    return one < other ? -1 : one > other ? 1 : 0;
}

/* Is there room beside the labels of higher bands, and is it not in the clouds? */
static bool fits_in(const view *on, const label *placed, int n, const label *next)
{
    bool fits = highest_below(on, next->x) < PLOT_HEIGHT - LABEL_LENGTH;

    for (int k = 0; fits && k < n; k++) {
        fits = fabs(placed[k].x - next->x) >= 0.35 * LABEL_WIDTH;
    }
    return fits;
}

/* The highest bands, from left to right. */
static covary_status list_labels(const view *on, label **labels, int *n_labels)
{
    covary_status status = COVARY_OK;
    const int     index = covary_spectra_find(on->of->sets[0], on->shown->name);
    covary_band  *bands = NULL;
    int           n = 0;

    COVARY_TRY(covary_spectra_bands(on->of->sets[0], index, spectra_least_band, &n, &bands));
    COVARY_TRY(MEMORY_ALLOCATE("labels", n, labels));
    for (int b = 0; b < n; b++) {
        const double x = x_of(on, bands[b].position);
        (*labels)[b] = (label){x, y_of(on, bands[b].height), x, bands[b].position};
    }
    qsort(*labels, (size_t)n, sizeof **labels, by_height);
    *n_labels = 0;
    for (int b = 0; b < n && *n_labels < MOST_LABELS; b++) {
        if (fits_in(on, *labels, *n_labels, &(*labels)[b])) {
            (*labels)[(*n_labels)++] = (*labels)[b];
        }
    }
    qsort(*labels, (size_t)*n_labels, sizeof **labels, by_place);
    spread(*labels, *n_labels);

done:
    covary_bands_release(&bands);
    return status;
}

static covary_status add_labels(const view *on, text *commands)
{
    covary_status status = COVARY_OK;
    label        *labels = NULL;
    int           n = 0;

    COVARY_TRY(list_labels(on, &labels, &n));
    for (int k = 0; k < n; k++) {
        const label *of = &labels[k];
        const double top = fmax(of->y, highest_below(on, of->at));
        const double base = fmin(top, PLOT_HEIGHT - LABEL_LENGTH) + 7.0;
        COVARY_TRY(text_add(commands,
                            "set label \"%.0f\" at graph %.6f, graph %.6f left rotate by 90 "
                            "noenhanced front font ',10'\n",
                            of->number, of->at / PLOT_WIDTH, base / PLOT_HEIGHT));
        if (fabs(of->at - of->x) > 2.0) {
            COVARY_TRY(text_add(commands,
                                "set arrow from graph %.6f, graph %.6f to graph %.6f, graph %.6f "
                                "nohead front lw 0.6 lc rgb '#8c8c8c'\n",
                                of->x / PLOT_WIDTH, (of->y + 1.5) / PLOT_HEIGHT,
                                of->at / PLOT_WIDTH, (base - 1.0) / PLOT_HEIGHT));
        }
    }

done:
    MEMORY_RELEASE(&labels);
    return status;
}

/* --- curves ----------------------------------------------------------------------------------- */

/* A block of data: wavenumber, value, its error, the floor; 0 for what there is not. */
static covary_status add_data(const view *on, const char *block, const covary_spectra_set *set,
                              const spectrum *of, text *commands)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(commands, "$%s << EOD\n", block));
    for (int64_t i = 0; i < set->of.n_points; i++) {
        const double error = isfinite(of->errors[i]) ? of->errors[i] : 0.0;
        COVARY_TRY(text_add(commands, "%.8g %.6g %.6g %.6g\n", set->of.wavenumber[i],
                            on->scale * of->values[i], on->scale * error,
                            of->floor != NULL ? on->scale * of->floor[i] : 0.0));
    }
    COVARY_TRY(text_add(commands, "EOD\n"));

done:
    return status;
}

/* A curve in a style, and its name in the key. */
static covary_status add_curve(view *on, const char *block, int column, const char *style,
                               const char *name, text *keys, text *plots)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(plots, "%s$%s using 1:%d with lines %s", plots->length > 0 ? ", " : "",
                        block, column, style));
    COVARY_TRY(add_key(on, name, style, keys));

done:
    return status;
}

/* What a panel is made of: entries of the key, data, and curves. */
typedef struct {
    text keys, data, plots;
} ingredients;

/* The main curve of a set with its errors, if it has it. */
static covary_status add_set(view *on, int k, ingredients *to)
{
    covary_status             status = COVARY_OK;
    const covary_spectra_set *set = on->of->sets[k];
    const spectrum           *of = spectrum_of(set, on->shown->name);
    char                      block[16], style[64];

    if (of == NULL) {
        return COVARY_OK;
    }
    snprintf(block, sizeof block, "set%d", k);
    snprintf(style, sizeof style, "lw %s lc rgb '%s'", /* others are seen upon the first */
             k > 0                ? "1"
             : on->of->n_sets > 1 ? "2.6"
                                  : "1.4",
             colours[k % N_COLOURS]);
    COVARY_TRY(add_data(on, block, set, of, &to->data));
    if (isfinite(of->errors[set->of.n_points / 2])) {
        COVARY_TRY(text_add(&to->plots,
                            "%s$%s using 1:($2-$3):($2+$3) with filledcurves fs transparent solid "
                            "0.25 noborder lc rgb '%s'",
                            to->plots.length > 0 ? ", " : "", block, colours[k % N_COLOURS]));
    }
    COVARY_TRY(add_curve(on, block, 2, style, on->of->names[k], &to->keys, &to->plots));
    if (k == 0 && of->floor != NULL) {
        COVARY_TRY(add_curve(on, block, 4, "lw 1.2 dt (6,4) lc rgb '#c0392b'", "noise of the model",
                             &to->keys, &to->plots));
    }

done:
    return status;
}

static covary_status add_beside(view *on, ingredients *to)
{
    covary_status             status = COVARY_OK;
    const covary_spectra_set *set = on->of->sets[0];
    char                      style[64];

    for (int b = 0; b < 2 && on->of->n_sets == 1; b++) {
        const char     *name = on->shown->beside[b];
        const spectrum *of = name != NULL ? spectrum_of(set, name) : NULL;
        if (of != NULL) {
            snprintf(style, sizeof style, "lw 0.8 lc rgb '%s'", colours[1 + b]);
            COVARY_TRY(add_data(on, name, set, of, &to->data));
            COVARY_TRY(
                add_curve(on, name, 2, style, on->shown->beside_names[b], &to->keys, &to->plots));
        }
    }

done:
    return status;
}

static covary_status add_panel(view *on, text *commands)
{
    covary_status status = COVARY_OK;
    ingredients   made = {.keys = {0}};

    for (int k = 0; k < on->of->n_sets; k++) {
        COVARY_TRY(add_set(on, k, &made));
    }
    COVARY_TRY(add_beside(on, &made));
    COVARY_TRY(begin_panel(on, commands));
    COVARY_TRY(add_labels(on, commands));
    COVARY_TRY(text_add_bytes(commands, made.keys.data, made.keys.length));
    COVARY_TRY(text_add_bytes(commands, made.data.data, made.data.length));
    COVARY_TRY(text_add(commands, "plot %s\n", made.plots.data));

done:
    text_release(&made.plots);
    text_release(&made.data);
    text_release(&made.keys);
    return status;
}

static covary_status begin_drawing(spectra_form form, int n, text *commands)
{
    static const char *const options[] = {
        [DRAW_FOR_PAGE] = "dynamic font ',12'",
        [DRAW_SVG] = "dynamic font 'Helvetica,12' background 'white'",
        [DRAW_PNG] = "font 'Sans,12' fontscale 1.6 linewidth 2 background 'white'",
    };
    covary_status status = COVARY_OK;
    const int     times = form == DRAW_PNG ? 2 : 1;

    COVARY_TRY(text_add(commands, "set terminal %s size %d,%d %s\n", spectra_terminal(form),
                        times * PANEL_WIDTH, times * n * PANEL_HEIGHT, options[form]));
    COVARY_TRY(text_add(commands, "set encoding utf8\nset border 3 lw 0.8\n"
                                  "set tics nomirror out scale 0.6\nset mxtics 5\n"
                                  "set key off\nset multiplot\n"));

done:
    return status;
}

covary_status spectra_draw(const spectra_drawing *of, spectra_form form, text *drawn)
{
    covary_status status = COVARY_OK;
    text          commands = {0};
    view          on[N_PANELS];
    int           n = 0;

    for (int p = 0; p < N_PANELS; p++) {
        if (spectrum_of(of->sets[0], panels[p].name) != NULL) {
            on[n] = (view){.of = of, .shown = &panels[p], .place = n, .key = PANEL_LEFT};
            n++;
        }
    }
    COVARY_TRY(begin_drawing(form, n, &commands));
    for (int p = 0; p < n; p++) {
        on[p].n = n;
        look_at(&on[p]);
        COVARY_TRY(add_panel(&on[p], &commands));
    }
    COVARY_TRY(text_add(&commands, "unset multiplot\n"));
    COVARY_TRY(form == DRAW_FOR_PAGE ? gnuplot_draw(&commands, drawn)
                                     : gnuplot_run(&commands, drawn));

done:
    text_release(&commands);
    return status;
}
