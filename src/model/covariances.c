/* SPDX-License-Identifier: BSD-3-Clause */
/* Variances of systems -> covariance of packed values -> lab -> Cartesian components. */
#include "model/covariances.h"

#include "core/memory.h"
#include "core/status.h"
#include "solver/posterior.h"

#include <math.h>
#include <string.h>

/* Frames whose tensors are held at a time; the largest rank that has covariances. */
enum { BATCH = 32, COVARIANCE_RANK = 2 };

struct covariances {
    const covary_model *model;
    site_batch *const  *sites; /* of the last computation; borrowed */
    int64_t             n_frames;
    posterior         **by;     /* [n_variances] */
    double            **blocks; /* [n_variances][capacity][n_rows][n_rows] */
    double             *tensors, *scratch;
    double **cartesian; /* [n_properties][n_values][n_packed] of an atom (the molecule) */
    double  *packed;    /* [n_packed][n_packed], of one atom */
    double  *half;      /* [n_values][n_packed] */
};

uncertainty covariances_kind(const covary_model *model, int p)
{
    return model->uncertainty == UNCERTAINTY_COVARIANCE &&
                   model->properties[p].of->kind->rank > COVARIANCE_RANK
               ? UNCERTAINTY_STD
               : model->uncertainty;
}

int64_t covariances_n_values(const covary_model *model, int p)
{
    const int64_t n = covary_model_n_values(model, p);

    return covariances_kind(model, p) == UNCERTAINTY_COVARIANCE
               ? n * model->properties[p].of->kind->n_values
               : n;
}

/* --- buffers ---------------------------------------------------------------------------------- */

static const model_part *part_of(const covary_model *model, int v)
{
    return &model->properties[model->variances[v].property].parts[model->variances[v].part];
}

static const linear_system *system_of(const covary_model *model, int v)
{
    return &part_of(model, v)->systems[model->variances[v].system];
}

static int64_t tensors_of(const covary_model *model, int v)
{
    const linear_system *system = system_of(model, v);

    return model->representations[part_of(model, v)->representation]->n_sites * system->n_rows *
           system->n_tensors;
}

static covary_status create_posteriors(covariances *made, int64_t capacity)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = made->model;
    int64_t             tensors = 0, scratch = 0;

    COVARY_TRY(MEMORY_ALLOCATE("variances", model->n_variances, &made->by));
    COVARY_TRY(MEMORY_ALLOCATE("variances", model->n_variances, &made->blocks));
    for (int v = 0; v < model->n_variances; v++) {
        const model_variance  *of = &model->variances[v];
        const covariant_frames inducing = {of->n_frames, of->features, of->tensors};
        const model_part      *part = part_of(model, v);
        const int64_t needed = part_scratch(part, model->representations[part->representation]);
        double        ridge;
        const covariant_kernel with = variance_kernel(model, of, &ridge);

        COVARY_TRY(
            posterior_create(&with, &inducing, of->prior, of->evidence, ridge, &made->by[v]));
        COVARY_TRY(
            MEMORY_ALLOCATE("variances", capacity * with.n_rows * with.n_rows, &made->blocks[v]));
        tensors = tensors_of(model, v) > tensors ? tensors_of(model, v) : tensors;
        scratch = needed > scratch ? needed : scratch;
    }
    COVARY_TRY(MEMORY_ALLOCATE("tensors", BATCH * tensors, &made->tensors));
    COVARY_TRY(MEMORY_ALLOCATE("scratch", scratch, &made->scratch));

done:
    return status;
}

/* The linear map from the packed values of one atom (the molecule) to Cartesian components. */
static covary_status find_cartesian(const property_kind *kind, double **out)
{
    covary_status status = MEMORY_ALLOCATE("components", kind->n_values * kind->n_packed, out);
    double        packed[KIND_MAX_PACKED] = {0.0}, values[KIND_MAX_VALUES];

    for (int k = 0; status == COVARY_OK && k < kind->n_packed; k++) {
        packed[k] = 1.0;
        property_unpack(kind, packed, values);
        packed[k] = 0.0;
        for (int c = 0; c < kind->n_values; c++) {
            (*out)[c * kind->n_packed + k] = values[c];
        }
    }
    return status;
}

covary_status covariances_create(const covary_model *model, int64_t capacity, covariances **out)
{
    covary_status status = COVARY_OK;
    covariances  *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("standard deviations", 1, &made));
    made->model = model;
    COVARY_TRY(create_posteriors(made, capacity));
    COVARY_TRY(MEMORY_ALLOCATE("components", model->n_properties, &made->cartesian));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(find_cartesian(model->properties[p].of->kind, &made->cartesian[p]));
    }
    COVARY_TRY(MEMORY_ALLOCATE("covariance", KIND_MAX_PACKED * KIND_MAX_PACKED, &made->packed));
    COVARY_TRY(MEMORY_ALLOCATE("covariance", KIND_MAX_VALUES * KIND_MAX_PACKED, &made->half));
    *out = made;
    made = NULL;

done:
    covariances_destroy(&made);
    return status;
}

void covariances_destroy(covariances **released)
{
    covariances *made = *released;

    if (made == NULL) {
        return;
    }
    MEMORY_RELEASE(&made->half);
    MEMORY_RELEASE(&made->packed);
    for (int p = 0; made->cartesian != NULL && p < made->model->n_properties; p++) {
        MEMORY_RELEASE(&made->cartesian[p]);
    }
    MEMORY_RELEASE(&made->cartesian);
    MEMORY_RELEASE(&made->scratch);
    MEMORY_RELEASE(&made->tensors);
    for (int v = 0; v < made->model->n_variances; v++) {
        if (made->blocks != NULL) {
            MEMORY_RELEASE(&made->blocks[v]);
        }
        if (made->by != NULL) {
            posterior_destroy(&made->by[v]);
        }
    }
    MEMORY_RELEASE(&made->blocks);
    MEMORY_RELEASE(&made->by);
    MEMORY_RELEASE(released);
}

int64_t covariances_bytes_per_frame(const covary_model *model)
{
    int64_t doubles = 0;

    for (int v = 0; v < model->n_variances; v++) {
        const int64_t n_rows = system_of(model, v)->n_rows;
        doubles += n_rows * n_rows;
    }
    for (int p = 0; p < model->n_properties; p++) {
        doubles += covariances_n_values(model, p);
    }
    return doubles * (int64_t)sizeof(double);
}

/* --- variances -------------------------------------------------------------------------------- */

/* Of frames [first, first + n) of the batch, n <= BATCH. */
static covary_status find_blocks(covariances *with, int v, const site_batch *sites, int64_t first,
                                 int64_t n)
{
    const covary_model   *model = with->model;
    const model_part     *part = part_of(model, v);
    const linear_system  *system = system_of(model, v);
    const representation *in = sites->of;
    const int64_t         width = in->n_sites * in->features->dimension;
    covariant_frames      some = {.n_frames = n, .features = sites->rows + first * width};

    if (system_has_tensors(part, system, in)) {
        for (int64_t frame = 0; frame < n; frame++) {
            system_tensors(part, system, sites, first + frame, with->scratch,
                           with->tensors + frame * tensors_of(model, v));
        }
        some.tensors = with->tensors;
    }
    return posterior_blocks(with->by[v], &some,
                            with->blocks[v] + first * system->n_rows * system->n_rows);
}

covary_status covariances_compute(covariances *with, int64_t n_frames, site_batch *const *sites)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = with->model;

    with->sites = sites;
    with->n_frames = n_frames;
    for (int v = 0; v < model->n_variances; v++) {
        const site_batch *in = sites[part_of(model, v)->representation];
        for (int64_t first = 0; first < n_frames; first += BATCH) {
            const int64_t n = n_frames - first < BATCH ? n_frames - first : BATCH;
            COVARY_TRY(find_blocks(with, v, in, first, n));
        }
    }

done:
    return status;
}

bool covariances_exceeds(const covariances *with, int64_t frame)
{
    const covary_model *model = with->model;

    for (int v = 0; v < model->n_variances; v++) {
        const int64_t n_rows = system_of(model, v)->n_rows;
        const double *block = with->blocks[v] + frame * n_rows * n_rows;
        double        trace = 0.0;

        for (int64_t i = 0; i < n_rows; i++) {
            trace += block[i * n_rows + i];
        }
        if (!(sqrt(trace / (double)n_rows) <= model->variances[v].limit)) {
            return true;
        }
    }
    return false;
}

/* --- values ----------------------------------------------------------------------------------- */

/* What an entry of a system's map is of, and where it stands in the packed values of that. */
static int64_t place_of(const model_part *part, const kind_irrep *in, int64_t index, int64_t *site)
{
    const int64_t per_site = (int64_t)part->copies * (2 * part->about.l + 1);

    *site = index / per_site;
    return in->first + index % per_site;
}

/* The blocks of a system that are of this site. */
static void add_system(const covariances *with, const model_part *part, const kind_irrep *in,
                       const linear_system *system, int64_t frame, int64_t site, int64_t n_packed)
{
    const int64_t n_rows = system->n_rows, n_columns = system->n_columns;
    const double *block = with->blocks[system->variance] + frame * n_rows * n_rows;

    for (int64_t entry = 0; entry < n_rows * n_rows * n_columns; entry++) {
        const int64_t i = entry / n_columns / n_rows, j = entry / n_columns % n_rows;
        const int64_t column = entry % n_columns;
        int64_t       site_i, site_j;
        const int64_t a = place_of(part, in, system->map[i * n_columns + column], &site_i);
        const int64_t b = place_of(part, in, system->map[j * n_columns + column], &site_j);

        if (site_i == site && site_j == site) {
            with->packed[a * n_packed + b] +=
                system->amplitudes[column] * system->amplitudes[column] * block[i * n_rows + j];
        }
    }
}

/* One diagonal block of the covariance, of `size` rows: B <- M B M^T. */
static void turn_block(int size, const double *matrix, int64_t stride, double *block)
{
    double half[IRREP_MAX_SIZE * IRREP_MAX_SIZE];

    for (int e = 0; e < size * size; e++) {
        half[e] = 0.0;
        for (int k = 0; k < size; k++) {
            half[e] += matrix[e / size * size + k] * block[k * stride + e % size];
        }
    }
    for (int e = 0; e < size * size; e++) {
        double sum = 0.0;
        for (int k = 0; k < size; k++) {
            sum += half[e / size * size + k] * matrix[e % size * size + k];
        }
        block[e / size * stride + e % size] = sum;
    }
}

/* with->packed <- covariance in the lab of the packed values of one site. */
static void find_packed(const covariances *with, int p, int64_t frame, int64_t site)
{
    const model_property *of = &with->model->properties[p];
    const property_kind  *kind = of->of->kind;
    const int64_t         n_packed = kind->n_packed;

    memset(with->packed, 0, (size_t)(n_packed * n_packed) * sizeof *with->packed);
    for (int k = 0; k < of->n_parts; k++) {
        const model_part *part = &of->parts[k];
        const kind_irrep  in = property_irrep(kind, k);
        const int         size = 2 * part->about.l + 1;
        double            matrix[IRREP_MAX_SIZE * IRREP_MAX_SIZE];

        for (int s = 0; s < part->n_systems; s++) {
            add_system(with, part, &in, &part->systems[s], frame, site, n_packed);
        }
        if (part_turn(part, with->sites[part->representation], frame, matrix)) {
            for (int copy = 0; copy < part->copies; copy++) {
                const int64_t first = in.first + copy * size;
                turn_block(size, matrix, n_packed, with->packed + first * n_packed + first);
            }
        }
    }
}

static double dot(int64_t n, const double *a, const double *b)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* Cartesian components: T C T^T, or the roots of its diagonal. */
static void find_values(const covariances *with, int p, double *out)
{
    const property_kind *kind = with->model->properties[p].of->kind;
    const int64_t        n = kind->n_packed, n_values = kind->n_values;
    const double        *to = with->cartesian[p];

    for (int64_t e = 0; e < n_values * n; e++) {
        with->half[e] = dot(n, to + e / n * n, with->packed + e % n * n);
    }
    if (covariances_kind(with->model, p) == UNCERTAINTY_STD) {
        for (int64_t c = 0; c < n_values; c++) {
            out[c] = sqrt(fmax(dot(n, with->half + c * n, to + c * n), 0.0));
        }
        return;
    }
    for (int64_t e = 0; e < n_values * n_values; e++) {
        out[e] = dot(n, with->half + e / n_values * n, to + e % n_values * n);
    }
}

/* Of a product with the gap -> of what it is predicted for. */
static void divide(const covariances *with, int p, int64_t frame, double *const *values,
                   double *const *out)
{
    const covary_model   *model = with->model;
    const model_property *of = &model->properties[p];
    const int64_t n = covary_model_n_values(model, p), width = covariances_n_values(model, p);
    const int64_t each = of->of->kind->n_values;
    const double *y = values[p] + frame * n;
    double       *to = out[p] + frame * width, by, variance = out[of->gap][frame];
    bool          limited;

    by = fabs(model_divisor(of, values[of->gap][frame], &limited));
    variance *= covariances_kind(model, of->gap) == UNCERTAINTY_STD ? variance : 1.0;
    variance = limited ? 0.0 : variance;
    if (covariances_kind(model, p) == UNCERTAINTY_STD) {
        for (int64_t v = 0; v < n; v++) {
            to[v] = sqrt(to[v] * to[v] + y[v] * y[v] * variance) / by;
        }
        return;
    }
    for (int64_t e = 0; e < width; e++) {
        const int64_t first = e / (each * each) * each;
        const double *a = y + first + e / each % each, *b = y + first + e % each;
        to[e] = (to[e] + *a * *b * variance) / (by * by);
    }
}

void covariances_write(const covariances *with, double *const *values, double *const *out)
{
    const covary_model *model = with->model;

    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        const int64_t         n_sites = of->of->per_atom ? model->about.n_atoms : 1;
        const int64_t         width = covariances_n_values(model, p);
        for (int64_t i = 0; i < with->n_frames * n_sites; i++) {
            find_packed(with, p, i / n_sites, i % n_sites);
            find_values(with, p, out[p] + i * (width / n_sites));
        }
    }
    for (int64_t i = 0; i < with->n_frames * model->n_properties; i++) {
        const int p = (int)(i % model->n_properties);
        if (model->properties[p].gap >= 0) {
            divide(with, p, i / model->n_properties, values, out);
        }
    }
}
