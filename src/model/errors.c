/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of errors and what follows from them. */
#include "model/errors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double squared_norm(int n, const double *values)
{
    double sum = 0.0;

    for (int c = 0; c < n; c++) {
        sum += values[c] * values[c];
    }
    return sum;
}

static void add_part(error_part *part, double error_squared, double reference_squared)
{
    double error = sqrt(error_squared);

    part->n += 1.0;
    part->squared += error_squared;
    part->absolute += error;
    part->largest = fmax(part->largest, error);
    part->reference_squared += reference_squared;
}

static bool is_scalar(const property_kind *kind, int k)
{
    return property_irrep(kind, k).of.l == 0;
}

double errors_shift(const property_kind *kind, const double *packed)
{
    return is_scalar(kind, 0) ? packed[0] / sqrt(property_irrep_weight(kind, 0)) : 0.0;
}

/* The part of l = 0, always the first, is one number: the scalar, trace / 3 and so on. */
static void add_irrep(error_sums *sums, const property_kind *kind, int k, const double *reference,
                      const double *error)
{
    double    of_reference[KIND_MAX_IRREP_SIZE], of_error[KIND_MAX_IRREP_SIZE];
    double    shifted;
    const int size = property_irrep_size(kind, k);

    property_irrep_part(kind, k, reference, of_reference);
    property_irrep_part(kind, k, error, of_error);
    if (!is_scalar(kind, k)) {
        add_part(&sums->irreps[k], squared_norm(size, of_error), squared_norm(size, of_reference));
        return;
    }
    shifted = of_reference[0] - sums->trace_shift;
    sums->trace_sum += shifted;
    add_part(&sums->irreps[k], of_error[0] * of_error[0], shifted * shifted);
}

void errors_add(error_sums *sums, const property_kind *kind, const double *reference,
                const double *predicted)
{
    double error[KIND_MAX_VALUES];

    for (int c = 0; c < kind->n_values; c++) {
        error[c] = predicted[c] - reference[c];
        add_part(&sums->components[c], error[c] * error[c], reference[c] * reference[c]);
    }
    add_part(&sums->whole, squared_norm(kind->n_values, error), 0.0);
    for (int k = 0; k < property_n_irreps(kind); k++) {
        add_irrep(sums, kind, k, reference, error);
    }
}

enum { N_PARTS = 1 + KIND_MAX_IRREPS + KIND_MAX_VALUES };

static error_part *part_of(error_sums *sums, int part)
{
    if (part == 0) {
        return &sums->whole;
    }
    return part <= KIND_MAX_IRREPS ? &sums->irreps[part - 1]
                                   : &sums->components[part - 1 - KIND_MAX_IRREPS];
}

/* All numbers in one reduction of sums and one of maxima. */
void errors_merge(covary_run *run, error_sums *sums)
{
    MPI_Comm comm = covary_run_comm(run);
    double   added[4 * N_PARTS + 1], largest[N_PARTS];

    for (int p = 0; p < N_PARTS; p++) {
        const error_part *part = part_of(sums, p);
        const double numbers[4] = {part->n, part->squared, part->absolute, part->reference_squared};
        memcpy(added + 4 * p, numbers, sizeof numbers);
        largest[p] = part->largest;
    }
    added[4 * N_PARTS] = sums->trace_sum;
    MPI_Allreduce(MPI_IN_PLACE, added, 4 * N_PARTS + 1, MPI_DOUBLE, MPI_SUM, comm);
    MPI_Allreduce(MPI_IN_PLACE, largest, N_PARTS, MPI_DOUBLE, MPI_MAX, comm);
    for (int p = 0; p < N_PARTS; p++) {
        const double *numbers = added + 4 * p;
        *part_of(sums, p) = (error_part){.n = numbers[0],
                                         .squared = numbers[1],
                                         .absolute = numbers[2],
                                         .largest = largest[p],
                                         .reference_squared = numbers[3]};
    }
    sums->trace_sum = added[4 * N_PARTS];
}

static covary_errors errors_of(const error_part *part, double reference_squared)
{
    double        n = part->n > 0.0 ? part->n : 1.0;
    covary_errors errors = {
        .n = (int64_t)part->n,
        .rmse = sqrt(part->squared / n),
        .mae = part->absolute / n,
        .max = part->largest,
        .rms_reference = sqrt(fmax(reference_squared, 0.0) / n),
    };

    errors.relative_rmse = errors.rms_reference > 0.0 ? errors.rmse / errors.rms_reference : NAN;
    return errors;
}

/* Sum of squares of an irrep's reference; that of l = 0 about its mean. */
static double irrep_reference(const error_sums *sums, const property_kind *kind, int k)
{
    const error_part *part = &sums->irreps[k];

    if (!is_scalar(kind, k) || part->n == 0.0) {
        return part->reference_squared;
    }
    return part->reference_squared - sums->trace_sum * sums->trace_sum / part->n;
}

covary_errors errors_irrep(const error_sums *sums, const property_kind *kind, int k)
{
    return errors_of(&sums->irreps[k], irrep_reference(sums, kind, k));
}

covary_errors errors_whole(const error_sums *sums, const property_kind *kind)
{
    double reference = 0.0;

    for (int k = 0; k < property_n_irreps(kind); k++) {
        reference += property_irrep_weight(kind, k) * irrep_reference(sums, kind, k);
    }
    return errors_of(&sums->whole, reference);
}

covary_errors errors_component(const error_sums *sums, int component)
{
    return errors_of(&sums->components[component], sums->components[component].reference_squared);
}

const char *errors_component_name(const property_kind *kind, int component,
                                  char name[COMPONENT_NAME_BYTES])
{
    snprintf(name, COMPONENT_NAME_BYTES, "value");
    for (int index = kind->rank - 1; index >= 0; index--, component /= 3) {
        name[index] = "xyz"[component % 3];
    }
    name[kind->rank > 0 ? kind->rank : (int)strlen(name)] = '\0';
    return name;
}

bool errors_component_counts(const property_kind *kind, int component)
{
    for (; kind->symmetric && component >= 3; component /= 3) {
        if (component % 3 < component / 3 % 3) { /* indices that do not ascend */
            return false;
        }
    }
    return true;
}
