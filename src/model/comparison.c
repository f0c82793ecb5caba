/* SPDX-License-Identifier: BSD-3-Clause */
/* Counting in a square that grows, and in logarithmic bins. */
#include "model/comparison.h"

#include "model/errors.h"

#include <math.h>
#include <string.h>

int comparison_class(const property_kind *kind, int component)
{
    return kind->rank == 2 && component / 3 != component % 3;
}

const char *comparison_class_name(const property_kind *kind, int class_number)
{
    if (kind->rank == 2) {
        return class_number == 0 ? "diagonal" : "off the diagonal";
    }
    return class_number > 0 ? NULL : kind->rank == 0 ? "values" : "components";
}

bool comparison_is_shifted(const property_kind *kind, int class_number)
{
    return class_number == 0 && kind->irreps[0].of.l == 0 && (kind->rank == 0 || kind->rank == 2);
}

/* Two cells become one along a side: cell i of the old ones lies in cell i / 2 + a quarter. */
static void halve(double *cells, int64_t stride)
{
    enum { HALF = PARITY_CELLS / 2, QUARTER = PARITY_CELLS / 4 };

    for (int to = HALF - 1; to >= QUARTER; to--) {
        const int64_t from = 2 * (to - QUARTER);
        cells[to * stride] = cells[from * stride] + cells[(from + 1) * stride];
    }
    for (int to = HALF; to < HALF + QUARTER; to++) {
        const int64_t from = 2 * (to - QUARTER);
        cells[to * stride] = cells[from * stride] + cells[(from + 1) * stride];
    }
    for (int cell = 0; cell < QUARTER; cell++) {
        cells[cell * stride] = cells[(PARITY_CELLS - 1 - cell) * stride] = 0.0;
    }
}

static void grow(parity *of, double reach)
{
    for (; of->reach > 0.0 && of->reach < reach; of->reach *= 2.0) {
        for (int64_t line = 0; line < PARITY_CELLS; line++) {
            halve(of->counts + line * PARITY_CELLS, 1);
        }
        for (int64_t line = 0; line < PARITY_CELLS; line++) {
            halve(of->counts + line, PARITY_CELLS);
        }
    }
    of->reach = of->reach > 0.0 ? of->reach : reach;
}

/* The least power of 2 above a size, and not less than any label is known to. */
static double reach_of(double size)
{
    int exponent;

    frexp(fmax(size, 1e-12), &exponent);
    return ldexp(1.0, exponent);
}

static void count(parity *to, double reference, double predicted)
{
    const double reach = reach_of(fmax(fabs(reference), fabs(predicted)));

    if (!isfinite(reach)) {
        return;
    }
    if (reach > to->reach) {
        grow(to, reach);
    }
    const double  cell = to->reach / (PARITY_CELLS / 2);
    const int64_t column = (int64_t)floor(reference / cell) + PARITY_CELLS / 2;
    const int64_t row = (int64_t)floor(predicted / cell) + PARITY_CELLS / 2;
    to->counts[row * PARITY_CELLS + column] += 1.0;
}

static int error_bin(double error)
{
    const double place = ERRORS_PER_DECADE * (log10(fmax(error, 1e-300)) - ERRORS_LEAST);

    return (int)fmin(fmax(floor(place), 0.0), ERRORS_BINS - 1);
}

void comparison_add(comparison *to, const property_kind *kind, const double *reference,
                    const double *predicted)
{
    double squared = 0.0;

    for (int c = 0; c < kind->n_values; c++) {
        const int    class_number = comparison_class(kind, c);
        const double shift = comparison_is_shifted(kind, class_number) ? to->shift : 0.0;
        squared += (predicted[c] - reference[c]) * (predicted[c] - reference[c]);
        if (errors_component_counts(kind, c)) {
            count(&to->classes[class_number], reference[c] - shift, predicted[c] - shift);
        }
    }
    to->errors[error_bin(sqrt(squared))] += 1.0;
}

void comparison_merge(covary_run *run, comparison *of)
{
    MPI_Comm comm = covary_run_comm(run);

    for (int k = 0; k < PARITY_CLASSES; k++) {
        parity *class_counts = &of->classes[k];
        double  reach = class_counts->reach;
        MPI_Allreduce(MPI_IN_PLACE, &reach, 1, MPI_DOUBLE, MPI_MAX, comm);
        if (reach > 0.0) {
            grow(class_counts, reach);
            MPI_Allreduce(MPI_IN_PLACE, class_counts->counts, PARITY_CELLS * PARITY_CELLS,
                          MPI_DOUBLE, MPI_SUM, comm);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, of->errors, ERRORS_BINS, MPI_DOUBLE, MPI_SUM, comm);
}
