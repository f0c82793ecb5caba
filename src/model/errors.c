/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of errors and what follows from them. */
#include "model/errors.h"

#include <math.h>

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

/* The part of l = 0 is one number: the scalar, or trace / 3. */
static void add_irrep(error_sums *sums, const property_kind *kind, int irrep,
                      const double *reference, const double *error)
{
    double of_reference[KIND_MAX_VALUES], of_error[KIND_MAX_VALUES];
    double shifted;
    int    size = property_irrep_size(kind, irrep);

    property_irrep_part(kind, irrep, reference, of_reference);
    property_irrep_part(kind, irrep, error, of_error);
    if (property_irrep_l(kind, irrep) != 0) {
        add_part(&sums->irreps[irrep], squared_norm(size, of_error),
                 squared_norm(size, of_reference));
        return;
    }
    shifted = of_reference[0] - sums->trace_shift;
    sums->trace_sum += shifted;
    add_part(&sums->irreps[irrep], of_error[0] * of_error[0], shifted * shifted);
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
    for (int irrep = 0; irrep < property_n_irreps(kind); irrep++) {
        add_irrep(sums, kind, irrep, reference, error);
    }
}

static void merge_part(MPI_Comm comm, error_part *part)
{
    double sums[4] = {part->n, part->squared, part->absolute, part->reference_squared};

    MPI_Allreduce(MPI_IN_PLACE, sums, 4, MPI_DOUBLE, MPI_SUM, comm);
    MPI_Allreduce(MPI_IN_PLACE, &part->largest, 1, MPI_DOUBLE, MPI_MAX, comm);
    part->n = sums[0];
    part->squared = sums[1];
    part->absolute = sums[2];
    part->reference_squared = sums[3];
}

void errors_merge(covary_run *run, error_sums *sums)
{
    MPI_Comm comm = covary_run_comm(run);

    merge_part(comm, &sums->whole);
    for (int irrep = 0; irrep < ERRORS_MAX_IRREPS; irrep++) {
        merge_part(comm, &sums->irreps[irrep]);
    }
    for (int c = 0; c < KIND_MAX_VALUES; c++) {
        merge_part(comm, &sums->components[c]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &sums->trace_sum, 1, MPI_DOUBLE, MPI_SUM, comm);
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
static double irrep_reference(const error_sums *sums, const property_kind *kind, int irrep)
{
    const error_part *part = &sums->irreps[irrep];

    if (property_irrep_l(kind, irrep) != 0 || part->n == 0.0) {
        return part->reference_squared;
    }
    return part->reference_squared - sums->trace_sum * sums->trace_sum / part->n;
}

covary_errors errors_irrep(const error_sums *sums, const property_kind *kind, int irrep)
{
    return errors_of(&sums->irreps[irrep], irrep_reference(sums, kind, irrep));
}

covary_errors errors_whole(const error_sums *sums, const property_kind *kind)
{
    double reference = 0.0;

    for (int irrep = 0; irrep < property_n_irreps(kind); irrep++) {
        /* |t 1|^2 = 3 t^2 for a tensor of rank 2, t^2 for a scalar */
        bool trace_part = property_irrep_l(kind, irrep) == 0 && kind->rank == 2;
        reference += (trace_part ? 3.0 : 1.0) * irrep_reference(sums, kind, irrep);
    }
    return errors_of(&sums->whole, reference);
}

covary_errors errors_component(const error_sums *sums, int component)
{
    return errors_of(&sums->components[component], sums->components[component].reference_squared);
}

const char *errors_component_name(const property_kind *kind, int component)
{
    static const char *const vector[] = {"x", "y", "z"};
    static const char *const tensor[] = {"xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"};

    if (kind->rank == 0) {
        return "value";
    }
    return kind->rank == 1 ? vector[component] : tensor[component];
}
