/* SPDX-License-Identifier: BSD-3-Clause */
/* A learning curve as SVG 1.1: relative errors over training frames, both axes logarithmic. */
#include "model/learning_curve.h"

#include "core/status.h"
#include "model/model.h"

#include <math.h>

/* Of the drawing, in its own units, and of the frame within. */
enum { WIDTH = 640, HEIGHT = 460, LEFT = 80, RIGHT = 620, TOP = 20, BOTTOM = 400 };

/* The colours of Okabe and Ito, which the colour-blind can tell apart. */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"};
enum { COLOURS = sizeof colours / sizeof colours[0] };

typedef struct {
    double low[2], high[2]; /* logarithms: frames, percent */
} plot_range;

static void include(plot_range *range, int axis, double value)
{
    if (value > 0.0 && isfinite(value)) {
        range->low[axis] = fmin(range->low[axis], log10(value));
        range->high[axis] = fmax(range->high[axis], log10(value));
    }
}

static double percent(const learning_curve *of, int p, double error)
{
    return 100.0 * error / of->reference[p];
}

static plot_range find_range(const learning_curve *of)
{
    plot_range range = {{INFINITY, INFINITY}, {-INFINITY, -INFINITY}};

    for (int p = 0; p < of->model->n_properties; p++) {
        for (int size = 0; size < of->asked.n_sizes; size++) {
            double mean, off;

            learning_curve_point(of, p, size, &mean, &off);
            include(&range, 0, (double)of->asked.sizes[size]);
            include(&range, 1, percent(of, p, mean - off));
            include(&range, 1, percent(of, p, mean + off));
        }
    }
    for (int axis = 0; axis < 2; axis++) {
        if (!(range.low[axis] <= range.high[axis])) {
            range.low[axis] = range.high[axis] = 0.0;
        }
        range.low[axis] -= 0.1;
        range.high[axis] += 0.1;
    }
    return range;
}

static double place(const plot_range *range, int axis, double value)
{
    const double share = (log10(value) - range->low[axis]) / (range->high[axis] - range->low[axis]);

    return axis == 0 ? LEFT + share * (RIGHT - LEFT) : BOTTOM - share * (BOTTOM - TOP);
}

/* At 1, 2 and 5 times powers of 10. */
static covary_status add_ticks(const plot_range *range, int axis, text *into)
{
    static const double steps[] = {1.0, 2.0, 5.0};
    covary_status       status = COVARY_OK;

    for (int power = (int)floor(range->low[axis]); power <= (int)ceil(range->high[axis]); power++) {
        for (int step = 0; step < 3; step++) {
            const double value = steps[step] * pow(10.0, power), at = place(range, axis, value);

            if (log10(value) < range->low[axis] || log10(value) > range->high[axis]) {
                continue;
            }
            if (axis == 0) {
                COVARY_TRY(text_add(into,
                                    "<path class=\"grid\" d=\"M%.1f %dV%d\"/>"
                                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n",
                                    at, TOP, BOTTOM, at, BOTTOM + 20, value));
            } else {
                COVARY_TRY(text_add(into,
                                    "<path class=\"grid\" d=\"M%d %.1fH%d\"/>"
                                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                                    LEFT, at, RIGHT, LEFT - 6, at + 4.0, value));
            }
        }
    }

done:
    return status;
}

static covary_status add_points(const learning_curve *of, const plot_range *range, int p,
                                text *into)
{
    covary_status status = COVARY_OK;

    for (int size = 0; size < of->asked.n_sizes; size++) {
        const double x = place(range, 0, (double)of->asked.sizes[size]);
        double       mean, off;

        learning_curve_point(of, p, size, &mean, &off);
        if (!(mean > 0.0 && isfinite(mean))) {
            continue;
        }
        COVARY_TRY(text_add(into, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", x,
                            place(range, 1, percent(of, p, mean))));
        if (off > 0.0 && off < mean) {
            COVARY_TRY(text_add(into, "<path d=\"M%.1f %.1fV%.1f\"/>\n", x,
                                place(range, 1, percent(of, p, mean - off)),
                                place(range, 1, percent(of, p, mean + off))));
        }
    }

done:
    return status;
}

static covary_status add_property(const learning_curve *of, const plot_range *range, int p,
                                  text *into)
{
    covary_status status = COVARY_OK;
    const char   *colour = colours[p % COLOURS];
    const double  first = (double)of->asked.sizes[0];
    const double  last = (double)of->asked.sizes[of->asked.n_sizes - 1];
    power_law     law;

    COVARY_TRY(text_add(into, "<g stroke=\"%s\" fill=\"%s\">\n", colour, colour));
    COVARY_TRY(add_points(of, range, p, into));
    if (learning_curve_law(of, p, &law)) {
        COVARY_TRY(text_add(into, "<path d=\"M%.1f %.1fL%.1f %.1f\"/>\n", place(range, 0, first),
                            place(range, 1, percent(of, p, power_law_error(&law, first))),
                            place(range, 0, last),
                            place(range, 1, percent(of, p, power_law_error(&law, last)))));
    }
    COVARY_TRY(text_add(into,
                        "<text stroke=\"none\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n"
                        "</g>\n",
                        RIGHT - 10, TOP + 18 * (p + 1), of->model->properties[p].of->name));

done:
    return status;
}

covary_status learning_curve_svg(const learning_curve *of, text *into)
{
    covary_status    status = COVARY_OK;
    const plot_range range = find_range(of);

    COVARY_TRY(text_add(into,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                        "font-family=\"sans-serif\" font-size=\"13\">\n"
                        "<style>.grid{stroke:#ddd}</style>\n"
                        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                        WIDTH, HEIGHT));
    COVARY_TRY(add_ticks(&range, 0, into));
    COVARY_TRY(add_ticks(&range, 1, into));
    COVARY_TRY(text_add(into,
                        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" "
                        "stroke=\"black\"/>\n"
                        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">training frames</text>\n"
                        "<text transform=\"translate(22 %d) rotate(-90)\" "
                        "text-anchor=\"middle\">rmse / rms, percent</text>\n",
                        LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP, (LEFT + RIGHT) / 2, BOTTOM + 44,
                        (TOP + BOTTOM) / 2));
    for (int p = 0; p < of->model->n_properties; p++) {
        COVARY_TRY(add_property(of, &range, p, into));
    }
    COVARY_TRY(text_add(into, "</svg>\n"));

done:
    return status;
}
