/* SPDX-License-Identifier: BSD-3-Clause */
/* What of the covariant kernel concerns one frame at a time. */
#include "kernel/covariant.h"

#include "core/memory.h"
#include "core/status.h"
#include "kernel/covariant_block.h"
#include <string.h>

covariant_kernel covariant_plain(const kernel *of, int64_t dimension)
{
    return (covariant_kernel){.of = *of,
                              .dimension = dimension,
                              .n_sites = 1,
                              .n_rows = 1,
                              .n_tensors = 1,
                              .one_sided = true,
                              .scale = 1.0};
}

covariant_frames covariant_share(const covariant_panels *of, int64_t first, int64_t n)
{
    const panel *features = of->features, *tensors = of->tensors;

    return (covariant_frames){.n_frames = n,
                              .features = features->data + first * features->width,
                              .tensors =
                                  tensors == NULL ? NULL : tensors->data + first * tensors->width};
}

int covariant_train_sites(const covariant_kernel *of)
{
    return of->one_sided ? 1 : of->n_sites;
}

bool covariant_pair_counts(const covariant_kernel *of, int site, int train_site)
{
    return of->classes == NULL || of->classes[site] == of->classes[train_site];
}

/* Squared distance or dot product, whichever the kernel takes. */
static double argument(const covariant_kernel *of, const double *a, const double *b)
{
    const bool stationary = of->of.ops->stationary;
    double     sum = 0.0;

    for (int64_t d = 0; d < of->dimension; d++) {
        sum += stationary ? (a[d] - b[d]) * (a[d] - b[d]) : a[d] * b[d];
    }
    return sum;
}

/* k [n_sites] <- kernel values of all sites of a frame with one of its train sites. */
static void own_values(const covariant_kernel *of, const double *features, int train_site,
                       double *k)
{
    for (int site = 0; site < of->n_sites; site++) {
        k[site] =
            argument(of, features + site * of->dimension, features + train_site * of->dimension);
    }
    kernel_evaluate(&of->of, of->n_sites, k);
    for (int site = 0; site < of->n_sites; site++) {
        k[site] = covariant_pair_counts(of, site, train_site) ? k[site] : 0.0;
    }
}

/* Trace of the block of a frame with itself, but for the scale; k [n_sites] is scratch. */
static double trace(const covariant_kernel *of, const double *features, const double *tensors,
                    double *k)
{
    const int64_t size = of->n_rows * of->n_tensors;
    double        sum = 0.0;

    for (int train_site = 0; train_site < covariant_train_sites(of); train_site++) {
        own_values(of, features, train_site, k);
        for (int site = 0; site < of->n_sites; site++) {
            double product = tensors == NULL ? 1.0 : 0.0;

            for (int64_t e = 0; e < size && tensors != NULL; e++) {
                product += tensors[site * size + e] * tensors[train_site * size + e];
            }
            sum += k[site] * product;
        }
    }
    return sum;
}

/* block [n_rows][n_rows] += by Phi_a Phi_b^T */
static void add_product(const covariant_kernel *of, double by, const double *a, const double *b,
                        double *block)
{
    const int n_rows = of->n_rows;

    for (int entry = 0; entry < n_rows * n_rows; entry++) {
        const double *row = a + entry / n_rows * of->n_tensors;
        const double *column = b + entry % n_rows * of->n_tensors;
        double        sum = 0.0;

        for (int64_t tensor = 0; tensor < of->n_tensors; tensor++) {
            sum += row[tensor] * column[tensor];
        }
        block[entry] += by * sum;
    }
}

void covariant_own_block(const covariant_kernel *of, const double *features, const double *tensors,
                         double *k, double *block)
{
    const int64_t size = of->n_rows * of->n_tensors;

    memset(block, 0, (size_t)(of->n_rows * of->n_rows) * sizeof *block);
    for (int train_site = 0; train_site < covariant_train_sites(of); train_site++) {
        own_values(of, features, train_site, k);
        for (int site = 0; site < of->n_sites; site++) {
            if (tensors == NULL) {
                block[0] += of->scale * k[site];
            } else {
                add_product(of, of->scale * k[site], tensors + site * size,
                            tensors + train_site * size, block);
            }
        }
    }
}

covary_status covariant_mean_diagonal(const covariant_kernel *of, const covariant_frames *train,
                                      double *mean)
{
    covary_status status = COVARY_OK;
    const int64_t n = train->n_frames, site_size = of->n_rows * of->n_tensors;
    double       *k = NULL, sum = 0.0;

    if (n < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "a mean diagonal of no frames");
    }
    COVARY_TRY(MEMORY_ALLOCATE("kernel of the sites of a frame", of->n_sites, &k));
    for (int64_t frame = 0; frame < n; frame++) {
        sum += trace(
            of, train->features + frame * of->n_sites * of->dimension,
            train->tensors == NULL ? NULL : train->tensors + frame * of->n_sites * site_size, k);
    }
    *mean = of->scale * sum / ((double)n * of->n_rows);

done:
    MEMORY_RELEASE(&k);
    return status;
}

/* to [n_columns][n_tensors] = scale Phi^T weights [n_rows][n_columns]. */
static void pack_site(const covariant_kernel *of, const double *tensors, int64_t n_columns,
                      const double *weights, double *to)
{
    for (int64_t column = 0; column < n_columns; column++) {
        for (int64_t tensor = 0; tensor < of->n_tensors; tensor++) {
            double sum = 0.0;

            for (int m = 0; m < of->n_rows; m++) {
                const double weight = weights[m * n_columns + column];

                sum += tensors == NULL ? weight : tensors[m * of->n_tensors + tensor] * weight;
            }
            to[column * of->n_tensors + tensor] = of->scale * sum;
        }
    }
}

void covariant_pack(const covariant_kernel *of, const covariant_frames *train, int64_t n_columns,
                    const double *weights, double *packed)
{
    const int     kept = covariant_train_sites(of);
    const int64_t site_size = of->n_rows * of->n_tensors;

    for (int64_t frame = 0; frame < train->n_frames; frame++) {
        for (int site = 0; site < kept; site++) {
            const int64_t at = frame * of->n_sites + site;

            pack_site(of, train->tensors == NULL ? NULL : train->tensors + at * site_size,
                      n_columns, weights + frame * of->n_rows * n_columns,
                      packed + (frame * kept + site) * n_columns * of->n_tensors);
        }
    }
}

/* Phi_a q_a, one component. */
static double site_value(int64_t n_tensors, const double *row, const double *numbers)
{
    double sum = 0.0;

    if (row == NULL) {
        return numbers[0];
    }
    for (int64_t tensor = 0; tensor < n_tensors; tensor++) {
        sum += row[tensor] * numbers[tensor];
    }
    return sum;
}

/*
 * The values of single sites may be far larger than their sum, because only the sum was learned.
 * It is carried in twice the digits, so that it does not depend on the order of the sites: a
 * relabelled frame has the same ones in another order.
 */
void covariant_unpack(const covariant_kernel *of, const double *tensors, int64_t n_columns,
                      const double *q, int64_t stride, double *values)
{
    const int64_t n_tensors = of->n_tensors;

    for (int64_t entry = 0; entry < of->n_rows * n_columns; entry++) {
        const int64_t m = entry / n_columns, column = entry % n_columns;
        double        high = 0.0, low = 0.0;

        for (int site = 0; site < of->n_sites; site++) {
            const double *row =
                tensors == NULL ? NULL : tensors + (site * of->n_rows + m) * n_tensors;
            const double value = site_value(n_tensors, row, q + site * stride + column * n_tensors);
            const double sum = high + value; /* Knuth's two-sum */
            const double part = sum - high;

            low += (high - (sum - part)) + (value - part);
            high = sum;
        }
        values[entry] += high + low;
    }
}
