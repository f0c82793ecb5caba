/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of tiles of frames, pair of sites by pair of sites.
 *
 * The first pair is computed in the place of the result, so that the plain kernel, which has no
 * other pair, needs no scratch.
 */
#include "kernel/covariant_block.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"
#include "kernel/arguments.h"
#include <cblas.h>
#include <string.h>

covary_status covariant_sites_allocate(const covariant_kernel *of, int64_t n_frames, int n_sites,
                                       bool tensors, covariant_sites *out)
{
    covary_status status = COVARY_OK;
    const int64_t n = n_frames * n_sites;

    *out = (covariant_sites){.n_frames = n_frames, .n_sites = n_sites};
    COVARY_TRY(MEMORY_ALLOCATE("features of the kernel matrix", n * of->dimension, &out->features));
    COVARY_TRY(MEMORY_ALLOCATE("norms of features", n, &out->norms));
    if (tensors) {
        COVARY_TRY(MEMORY_ALLOCATE("tensors of the kernel matrix", n * of->n_rows * of->n_tensors,
                                   &out->tensors));
    }

done:
    return status;
}

void covariant_sites_release(covariant_sites *released)
{
    MEMORY_RELEASE(&released->tensors);
    MEMORY_RELEASE(&released->norms);
    MEMORY_RELEASE(&released->features);
}

void covariant_sites_order(int64_t n_frames, int n_sites, int kept, int64_t width,
                           const double *from, double *to)
{
    for (int64_t frame = 0; frame < n_frames; frame++) {
        for (int site = 0; site < kept; site++) {
            memcpy(to + (site * n_frames + frame) * width, from + (frame * n_sites + site) * width,
                   (size_t)width * sizeof *to);
        }
    }
}

void covariant_sites_centre(int64_t dimension, const double *shift, covariant_sites *sites)
{
    const int64_t n = sites->n_frames * sites->n_sites;

    for (int64_t i = 0; i < n; i++) {
        for (int64_t d = 0; d < dimension; d++) {
            sites->features[i * dimension + d] -= shift[d];
        }
    }
    points_norms(n, dimension, sites->features, sites->norms);
}

static bool is_plain(const covariant_kernel *of, const covariant_sites *sites)
{
    return of->n_sites == 1 && sites->tensors == NULL;
}

int covariant_tile_frames(const covariant_kernel *of, int rows)
{
    return rows > of->n_rows ? rows / of->n_rows : 1;
}

covary_status covariant_workspace_allocate(const covariant_kernel *of, int row_frames,
                                           int column_frames, covariant_workspace *out)
{
    covary_status status = COVARY_OK;
    const int64_t pairs = (int64_t)row_frames * column_frames;

    *out = (covariant_workspace){.evaluate = kernel_evaluate};
    COVARY_TRY(MEMORY_ALLOCATE("kernel block", pairs, &out->k));
    COVARY_TRY(
        MEMORY_ALLOCATE("products of tensors", pairs * of->n_rows * of->n_rows, &out->products));
    COVARY_TRY(MEMORY_ALLOCATE("kernel block", (int64_t)row_frames * of->n_rows, &out->expanded));

done:
    return status;
}

void covariant_workspace_release(covariant_workspace *released)
{
    MEMORY_RELEASE(&released->expanded);
    MEMORY_RELEASE(&released->products);
    MEMORY_RELEASE(&released->k);
}

static points site_points(const covariant_kernel *of, covariant_range range, int site)
{
    return points_part(site * range.of->n_frames + range.first, range.n, of->dimension,
                       range.of->features, range.of->norms);
}

static const double *site_tensors(const covariant_kernel *of, covariant_range range, int site)
{
    return range.of->tensors +
           (site * range.of->n_frames + range.first) * of->n_rows * of->n_tensors;
}

static void arguments(const covariant_kernel *of, points a, points b, double *tile, int leading)
{
    const int dimension = (int)of->dimension; /* checked by the callers */

    arguments_dots(dimension, a, b, tile, leading);
    if (of->of.ops->stationary) {
        arguments_distances(dimension, a, b, tile, tile, leading);
    }
}

VECTORIZED static void set_scaled(int n, double factor, const double *restrict k,
                                  double *restrict to)
{
    for (int i = 0; i < n; i++) {
        to[i] = factor * k[i];
    }
}

VECTORIZED static void add_scaled(int n, double factor, const double *restrict k,
                                  double *restrict to)
{
    for (int i = 0; i < n; i++) {
        to[i] += factor * k[i];
    }
}

VECTORIZED static void multiply(int n, const double *restrict by, double *restrict to)
{
    for (int i = 0; i < n; i++) {
        to[i] *= by[i];
    }
}

VECTORIZED static void add_products(int n, const double *restrict a, const double *restrict b,
                                    double *restrict to)
{
    for (int i = 0; i < n; i++) {
        to[i] += a[i] * b[i];
    }
}

/* One number a site: `phi` of the rows (NULL: 1), `factor` with that of the column. */
static void add_scalars(int n, double factor, const double *phi, const double *k, bool first,
                        double *expanded, double *to)
{
    if (phi != NULL) {
        set_scaled(n, factor, phi, expanded);
        if (first) {
            memcpy(to, k, (size_t)n * sizeof *to);
            multiply(n, expanded, to);
        } else {
            add_products(n, expanded, k, to);
        }
    } else if (first) {
        set_scaled(n, factor, k, to);
    } else {
        add_scaled(n, factor, k, to);
    }
}

static void expand(int n, int n_rows, double factor, const double *k, double *expanded)
{
    for (int i = 0; i < n; i++) {
        const double value = factor * k[i];

        for (int m = 0; m < n_rows; m++) {
            expanded[i * n_rows + m] = value;
        }
    }
}

/* Values `k` of one pair of sites, times their tensors, onto the block or in its place. */
static void add_matrices(const covariant_kernel *of, covariant_range rows, const double *phi,
                         covariant_range columns, const double *psi, bool first,
                         const covariant_workspace *with, double *out, int leading)
{
    const int n_rows = of->n_rows, n_tensors = (int)of->n_tensors;
    const int height = rows.n * n_rows;
    double   *products = first ? out : with->products;
    const int step = first ? leading : height;

    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, height, columns.n * n_rows, n_tensors, 1.0,
                phi, n_tensors, psi, n_tensors, 0.0, products, step);
    for (int j = 0; j < columns.n; j++) {
        expand(rows.n, n_rows, of->scale, with->k + (int64_t)j * rows.n, with->expanded);
        for (int q = 0; q < n_rows; q++) {
            const int64_t column = (int64_t)j * n_rows + q;

            if (first) {
                multiply(height, with->expanded, out + column * leading);
            } else {
                add_products(height, with->expanded, products + column * step,
                             out + column * leading);
            }
        }
    }
}

static void add_pair(const covariant_kernel *of, covariant_range rows, int site,
                     covariant_range columns, int train_site, bool first,
                     const covariant_workspace *with, double *out, int leading)
{
    const bool    weighed = rows.of->tensors != NULL;
    const double *phi = weighed ? site_tensors(of, rows, site) : NULL;
    const double *psi = weighed ? site_tensors(of, columns, train_site) : NULL;

    arguments(of, site_points(of, rows, site), site_points(of, columns, train_site), with->k,
              rows.n);
    with->evaluate(&of->of, (int64_t)rows.n * columns.n, with->k);
    if (weighed && of->n_rows * of->n_tensors > 1) {
        add_matrices(of, rows, phi, columns, psi, first, with, out, leading);
        return;
    }
    for (int j = 0; j < columns.n; j++) {
        add_scalars(rows.n, weighed ? of->scale * psi[j] : of->scale, phi,
                    with->k + (int64_t)j * rows.n, first, with->expanded,
                    out + (int64_t)j * leading);
    }
}

static void plain_block(const covariant_kernel *of, covariant_range rows, covariant_range columns,
                        const covariant_workspace *with, double *out, int leading)
{
    arguments(of, site_points(of, rows, 0), site_points(of, columns, 0), out, leading);
    for (int j = 0; j < columns.n; j++) {
        double *column = out + (int64_t)j * leading;

        with->evaluate(&of->of, rows.n, column);
        for (int i = 0; i < rows.n && of->scale != 1.0; i++) {
            column[i] *= of->scale;
        }
    }
}

void covariant_block(const covariant_kernel *of, covariant_range rows, covariant_range columns,
                     const covariant_workspace *with, double *out, int leading)
{
    bool first = true;

    if (is_plain(of, rows.of)) {
        plain_block(of, rows, columns, with, out, leading);
        return;
    }
    for (int site = 0; site < of->n_sites; site++) {
        for (int train_site = 0; train_site < covariant_train_sites(of); train_site++) {
            if (covariant_pair_counts(of, site, train_site)) {
                add_pair(of, rows, site, columns, train_site, first, with, out, leading);
                first = false;
            }
        }
    }
}
