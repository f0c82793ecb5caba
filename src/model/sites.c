/* SPDX-License-Identifier: BSD-3-Clause */
/* From frames to the features and vectors of their sites. */
#include "model/representation.h"

#include "core/memory.h"
#include "core/status.h"
#include "property/tensors.h"

#include <string.h>

covary_status site_batch_create(const representation *of, int64_t capacity, site_batch **out)
{
    covary_status status = COVARY_OK;
    site_batch   *made = NULL;
    const int64_t n = capacity * of->n_sites;

    *out = NULL;
    COVARY_TRY(MEMORY_ALLOCATE("sites", 1, &made));
    made->of = of;
    made->capacity = capacity;
    COVARY_TRY(MEMORY_ALLOCATE("body positions", n * of->of->n_atoms * 3, &made->body));
    COVARY_TRY(MEMORY_ALLOCATE("features", n * of->features->dimension, &made->rows));
    COVARY_TRY(MEMORY_ALLOCATE("vectors", n * of->n_vectors * 3, &made->vectors));
    COVARY_TRY(MEMORY_ALLOCATE("amplitudes", n, &made->amplitudes));
    COVARY_TRY(MEMORY_ALLOCATE("margins", capacity, &made->margin));
    *out = made;
    made = NULL;

done:
    site_batch_destroy(&made);
    return status;
}

void site_batch_destroy(site_batch **released)
{
    site_batch *made = released == NULL ? NULL : *released;

    if (made == NULL) {
        return;
    }
    MEMORY_RELEASE(&made->margin);
    MEMORY_RELEASE(&made->amplitudes);
    MEMORY_RELEASE(&made->vectors);
    MEMORY_RELEASE(&made->rows);
    MEMORY_RELEASE(&made->body);
    MEMORY_RELEASE(released);
}

int64_t site_bytes_per_frame(const representation *of)
{
    int64_t doubles = 3 * of->of->n_atoms + of->features->dimension + 3 * of->n_vectors + 1;

    return (of->n_sites * doubles + 1) * (int64_t)sizeof(double);
}

static void permute(const representation *of, int permutation, const double *from, double *to)
{
    permutation_apply(of->of->n_atoms, permutation_group_image(of->of->group, permutation), 3, from,
                      to);
}

/*
 * Centred positions serve as vectors, in units of their size, and as input of the descriptors.
 * Every image is centred by itself: relabelled frames then have the same images to the last bit,
 * and the kernel's large weights of both signs have no rounding to blow up.
 */
static void frame_free_sites(site_batch *into, int64_t frame, const double *positions)
{
    const representation *of = into->of;
    const int64_t         n_numbers = 3 * of->of->n_atoms;
    double               *body = into->body + frame * of->n_sites * n_numbers;
    double               *vectors = into->vectors + frame * of->n_sites * n_numbers, centre[3];

    for (int site = 0; site < of->n_sites; site++, body += n_numbers, vectors += n_numbers) {
        permute(of, site, positions, body);
        geometry_centre(of->of->n_atoms, NULL, body, centre);
        for (int64_t i = 0; i < n_numbers; i++) {
            body[i] -= centre[i % 3];
            vectors[i] = body[i] / of->unit;
        }
        into->amplitudes[frame * of->n_sites + site] = 1.0;
    }
    into->margin[frame] = 1.0;
}

/* The sites of one image (a permutation, mirrored or not) in one chart: its choices of signs. */
static void pose_sites(site_batch *into, int64_t site, const pose *at, double amplitude,
                       bool mirrored, const double *image)
{
    const representation *of = into->of;
    const int64_t         n_atoms = of->of->n_atoms;

    for (int s = 0; s < of->n_signs; s++, site++) {
        double *body = into->body + site * 3 * n_atoms, *rotation = into->vectors + site * 9;

        pose_to_body(at, n_atoms, image, body);
        for (int64_t i = 0; i < 3 * n_atoms; i++) {
            body[i] *= of->signs[s][i % 3];
        }
        for (int i = 0; i < 9; i++) {
            rotation[i] = (mirrored ? -1.0 : 1.0) * of->signs[s][i / 3] * at->rotation[i];
        }
        into->amplitudes[site] = amplitude;
    }
}

/* image <- the positions permuted, and inverted at the origin. */
static void form_image(const representation *of, int permutation, bool mirrored,
                       const double *positions, double *image)
{
    permute(of, permutation, positions, image);
    for (int64_t i = 0; mirrored && i < 3 * of->of->n_atoms; i++) {
        image[i] = -image[i];
    }
}

static covary_status axes_sites(site_batch *into, int64_t frame, const double *positions,
                                double *image)
{
    covary_status         status = COVARY_OK;
    const representation *of = into->of;
    const int             per_chart = of->n_permutations * of->n_mirrors * of->n_signs;
    pose                  poses[CHARTS_MAX];
    double                weights[CHARTS_MAX], margin;

    for (int k = 0; k < of->n_permutations * of->n_mirrors; k++) {
        const bool mirrored = k % of->n_mirrors == 1;

        form_image(of, k / of->n_mirrors, mirrored, positions, image);
        if (of->charts != NULL) {
            COVARY_TRY(charts_pose(of->charts, image, poses, weights, &margin));
        } else {
            COVARY_TRY(axes_pose(of->rule, image, &poses[0]));
            weights[0] = 1.0;
            margin = poses[0].margin;
        }
        into->margin[frame] = k == 0 || margin < into->margin[frame] ? margin : into->margin[frame];
        for (int c = 0; c < of->n_charts; c++) {
            pose_sites(into, frame * of->n_sites + c * per_chart + k * of->n_signs, &poses[c],
                       weights[c], mirrored, image);
        }
    }

done:
    return status;
}

covary_status sites_evaluate(site_batch *into, int64_t n_frames, const double *positions,
                             int64_t *bad_frame)
{
    covary_status         status = COVARY_OK;
    const representation *of = into->of;
    const int64_t         stride = 3 * of->of->n_atoms;
    double               *image = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("permuted frame", stride, &image));
    for (int64_t frame = 0; frame < n_frames; frame++) {
        *bad_frame = frame;
        if (representation_axes(of) == NULL) {
            frame_free_sites(into, frame, positions + frame * stride);
        } else {
            COVARY_TRY(axes_sites(into, frame, positions + frame * stride, image));
        }
    }
    status = descriptor_set_evaluate(of->features, n_frames * of->n_sites, into->body, into->rows,
                                     bad_frame);
    if (status != COVARY_OK) {
        *bad_frame /= of->n_sites;
    }

done:
    MEMORY_RELEASE(&image);
    return status;
}

const double *sites_rotation(const site_batch *sites, int64_t frame)
{
    return sites->vectors + frame * sites->of->n_sites * 9;
}

/* D(R^T), of whose columns only what the molecule's shape allows is kept. */
static void axes_tensors(const model_molecule *of, const double rotation[9], double amplitude,
                         irrep about, double *phi)
{
    const int n = 2 * about.l + 1;
    double    back[9], row[IRREP_MAX_SIZE];

    for (int i = 0; i < 9; i++) {
        back[i] = rotation[3 * (i % 3) + i / 3];
    }
    irrep_wigner(about, back, phi);
    for (int m = 0; m < n; m++) { /* the projection is symmetric, so it acts on rows as well */
        memcpy(row, phi + m * n, (size_t)n * sizeof *row);
        irrep_project(about, of->shape, row);
        for (int k = 0; k < n; k++) {
            phi[m * n + k] = amplitude * row[k];
        }
    }
}

void sites_tensors(const site_batch *sites, int64_t frame, int site, irrep about, double *phi)
{
    const representation *of = sites->of;
    const int64_t         index = frame * of->n_sites + site;
    const double         *vectors = sites->vectors + index * of->n_vectors * 3;

    if (representation_axes(of) == NULL) {
        memset(phi, 0, (size_t)(2 * about.l + 1) * sizeof *phi); /* where there are none */
        tensors_evaluate(about, of->n_vectors, vectors, phi);
    } else {
        axes_tensors(of->of, vectors, sites->amplitudes[index], about, phi);
    }
}
