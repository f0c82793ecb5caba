/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plots of a report: predictions beside references, errors, calibration.
 *
 * What gnuplot draws in black takes the colour of the page's text, and all else is of one hue that
 * is seen on white and on black, so that one drawing does for both.
 */
#include "cli/report.h"

#include "cli/gnuplot.h"
#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <stdio.h>

enum { MOST_CELLS = 72 }; /* along a side */

/* A square part of the cells, joined n by n: [first, first + n count) along both sides. */
typedef struct {
    int first, count, joined;
} window;

/* The smallest square on the diagonal that holds everything. */
static window occupied(const parity *of)
{
    window seen = {.first = PARITY_CELLS, .joined = 1};
    int    last = 0;

    for (int row = 0; row < PARITY_CELLS; row++) {
        for (int column = 0; column < PARITY_CELLS; column++) {
            if (of->counts[row * PARITY_CELLS + column] > 0.0) {
                const int low = row < column ? row : column, high = row < column ? column : row;
                seen.first = low < seen.first ? low : seen.first;
                last = high > last ? high : last;
            }
        }
    }
    seen.joined = (last - seen.first + MOST_CELLS) / MOST_CELLS;
    seen.count = (last - seen.first + seen.joined) / seen.joined;
    return seen;
}

static double joined_count(const parity *of, window part, int row, int column)
{
    double sum = 0.0;

    for (int i = 0; i < part.joined; i++) {
        for (int j = 0; j < part.joined; j++) {
            const int y = part.first + row * part.joined + i;
            const int x = part.first + column * part.joined + j;
            sum += y < PARITY_CELLS && x < PARITY_CELLS ? of->counts[y * PARITY_CELLS + x] : 0.0;
        }
    }
    return sum;
}

static covary_status begin_plot(const char *title, const char *x, const char *y, text *commands)
{
    return text_add(commands,
                    "reset\nset terminal svg size 400,380 dynamic font ',13'\n"
                    "set border 3 lw 0.8\nset tics nomirror out scale 0.6\n"
                    "set title \"%s\" noenhanced\nset xlabel \"%s\" noenhanced\n"
                    "set ylabel \"%s\" noenhanced\nset key off\n",
                    title, x, y);
}

/*
 * The more values in a cell, by their logarithm, the less one sees through it; never less than half
 * is seen of it, and gnuplot's number for colour and transparency fits 31 bits.
 */
static covary_status plot_cells(const parity *of, window part, double shift, double most,
                                text *commands)
{
    covary_status status = COVARY_OK;
    const double  cell = of->reach / (PARITY_CELLS / 2), width = part.joined * cell;
    const double  low = shift + (part.first - PARITY_CELLS / 2) * cell;

    COVARY_TRY(text_add(commands,
                        "set size square\nset xrange [%.10g:%.10g]\nset yrange [%.10g:%.10g]\n"
                        "$cells << EOD\n",
                        low, low + part.count * width, low, low + part.count * width));
    for (int row = 0; row < part.count; row++) {
        for (int column = 0; column < part.count; column++) {
            const double n = joined_count(of, part, row, column);
            if (n > 0.0) {
                const double seen = most > 1.0 ? 0.5 + 0.5 * log(n) / log(most) : 1.0;
                const int    through = (int)(255.0 * (1.0 - seen));
                COVARY_TRY(text_add(commands, "%.10g %.10g %d\n", low + (column + 0.5) * width,
                                    low + (row + 0.5) * width, through * 0x1000000 + 0x3b82d6));
            }
        }
    }
    COVARY_TRY(text_add(commands,
                        "EOD\nplot x lc rgb '#8c8c8c' lw 0.8, $cells using 1:2:(%.10g):(%.10g):3 "
                        "with boxxyerror fs solid noborder lc rgb variable\n",
                        0.5 * width, 0.5 * width));

done:
    return status;
}

static covary_status plot_parity(const reported *of, int p, int class_number, text *commands)
{
    covary_status     status = COVARY_OK;
    const comparison *compared = of->properties[p].compared;
    const property   *about = of->model->properties[p].of;
    const parity     *counts = &compared->classes[class_number];
    const double shift = comparison_is_shifted(about->kind, class_number) ? compared->shift : 0.0;
    const window part = occupied(counts);
    double       most = 0.0;
    char         title[160], x[96], y[96];

    for (int row = 0; row < part.count; row++) {
        for (int column = 0; column < part.count; column++) {
            most = fmax(most, joined_count(counts, part, row, column));
        }
    }
    snprintf(title, sizeof title, "%s; up to %.0f in a cell",
             comparison_class_name(about->kind, class_number), most);
    snprintf(x, sizeof x, "reference, %s", about->unit->name);
    snprintf(y, sizeof y, "predicted, %s", about->unit->name);
    COVARY_TRY(begin_plot(title, x, y, commands));
    COVARY_TRY(plot_cells(counts, part, shift, most, commands));

done:
    return status;
}

static covary_status plot_errors(const reported *of, int p, text *commands)
{
    covary_status        status = COVARY_OK;
    const covary_errors *whole = &of->properties[p].whole;
    const double        *bins = of->properties[p].compared->errors;
    int                  first = ERRORS_BINS, last = 0;
    char                 x[96];

    for (int bin = 0; bin < ERRORS_BINS; bin++) {
        first = bins[bin] > 0.0 && first == ERRORS_BINS ? bin : first;
        last = bins[bin] > 0.0 ? bin : last;
    }
    snprintf(x, sizeof x, "error, %s (norm)", of->model->properties[p].of->unit->name);
    COVARY_TRY(begin_plot("errors; lines: mae and rmse", x, "values", commands));
    COVARY_TRY(text_add(commands,
                        "set logscale x\nset format x '10^{%%T}'\nset yrange [0:*]\n"
                        "set xrange [%.6g:%.6g]\n",
                        pow(10.0, ERRORS_LEAST + (double)(first - 1) / ERRORS_PER_DECADE),
                        pow(10.0, ERRORS_LEAST + (double)(last + 2) / ERRORS_PER_DECADE)));
    for (int k = 0; k < 2; k++) {
        const double at = k == 0 ? whole->mae : whole->rmse;
        if (at > 0.0) {
            COVARY_TRY(text_add(commands,
                                "set arrow from %.10g, graph 0 to %.10g, graph 1 nohead front lc "
                                "rgb '#d0652b' lw 1.4 dt %d\n",
                                at, at, k == 0 ? 1 : 2));
        }
    }
    COVARY_TRY(text_add(commands, "$bins << EOD\n"));
    for (int bin = first; bin <= last; bin++) {
        COVARY_TRY(text_add(commands, "%.10g %.10g %.10g\n",
                            pow(10.0, ERRORS_LEAST + (double)bin / ERRORS_PER_DECADE),
                            pow(10.0, ERRORS_LEAST + (double)(bin + 1) / ERRORS_PER_DECADE),
                            bins[bin]));
    }
    COVARY_TRY(text_add(commands, "EOD\nplot $bins using 1:3:1:2:(0):3 with boxxyerror fs solid "
                                  "0.75 noborder lc rgb '#3b82d6'\n"));

done:
    return status;
}

static covary_status plot_calibration(const reported *of, int p, text *commands)
{
    covary_status      status = COVARY_OK;
    const calibration *observed = of->properties[p].calibrated;

    COVARY_TRY(begin_plot("calibration", "part expected within the interval",
                          "part of the errors within it", commands));
    COVARY_TRY(
        text_add(commands, "set size square\nset xrange [0:1]\nset yrange [0:1]\n$curve << EOD\n"));
    for (int level = 0; level < CALIBRATION_LEVELS; level++) {
        COVARY_TRY(text_add(commands, "%.6g %.6g\n", calibration_nominal(level),
                            calibration_observed(observed, level)));
    }
    COVARY_TRY(text_add(commands,
                        "EOD\nplot x lc rgb '#8c8c8c' lw 0.8, $curve with lines lc rgb '#3b82d6' "
                        "lw 2, $curve using 1:2:(0.012) with circles fs solid noborder lc rgb "
                        "'#3b82d6'\n"));

done:
    return status;
}

covary_status report_plots(const reported *of, int p, text *html)
{
    covary_status            status = COVARY_OK;
    const reported_property *shown = &of->properties[p];
    const property_kind     *kind = of->model->properties[p].of->kind;
    text                     commands = {0};

    if (shown->compared == NULL) {
        return text_add(html, "<p>Leave-one-out errors were estimated from a sample of frames, so "
                              "there are no plots of single ones: covary evaluate --report has "
                              "them, or a fit with solver.leave_one_out: exact.</p>\n");
    }
    for (int k = 0; k < PARITY_CLASSES; k++) {
        if (comparison_class_name(kind, k) != NULL && shown->compared->classes[k].reach > 0.0) {
            COVARY_TRY(plot_parity(of, p, k, &commands));
        }
    }
    COVARY_TRY(plot_errors(of, p, &commands));
    if (shown->calibrated->n > 0.0) {
        COVARY_TRY(plot_calibration(of, p, &commands));
    }
    COVARY_TRY(text_add(html, "<figure>\n"));
    COVARY_TRY(gnuplot_draw(&commands, html));
    COVARY_TRY(text_add(html, "</figure>\n"));

done:
    text_release(&commands);
    return status;
}
