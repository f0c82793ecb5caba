/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that are there twice, and frames of nearly one geometry with labels that contradict.
 *
 * Geometries are compared by their interatomic distances, sorted among pairs of the same elements:
 * orientation, handedness and the order of equal atoms do not matter.  Frames go in the order of
 * one projection of these on a fixed direction, so that near ones are neighbours; further
 * projections tell most others apart before the distances themselves are compared.
 *
 * Labels are compared by numbers that do not turn with the molecule: the norms of their irreps,
 * and, where the order of the atoms is the same too, their contractions with the position r of each
 * atom from the centre of mass (mu r, r alpha r, ...).
 */
#include "model/preflight.h"

#include "core/memory.h"
#include "core/mix_bits.h"
#include "core/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROJECTIONS = 4, MOST_NEIGHBOURS = 1000 };

/* Numbers of one property in every frame: norms first. */
typedef struct {
    int64_t width, n_norms;
    double *values;      /* [n_frames][width]; NAN without a label */
    double  spread;      /* root of the mean variance of all */
    double  norm_spread; /* of the norms alone */
} label_numbers;

typedef struct {
    double  projections[PROJECTIONS];
    int64_t frame;
} projected;

typedef struct {
    preflight     *of;
    int64_t        n_pairs;
    int64_t       *places; /* [n_pairs] of a pair among the sorted ones */
    int64_t       *starts; /* [n_classes + 1] of pairs of the same elements */
    int64_t        n_classes;
    double        *directions;  /* [PROJECTIONS][n_pairs] of length 1 */
    double         spread;      /* of distances: root of their mean variance, angstrom */
    projected     *ordered;     /* [n_frames] */
    double        *one, *other; /* [n_pairs] */
    label_numbers *labels;      /* [properties] */
    double         tolerance;   /* of near frames, angstrom */
    int64_t       *repeated;    /* [1 + properties][n_frames] the earliest frame that a frame is a
                                   copy of, and that its label contradicts; -1: none */
} copies_check;

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int compare_projected(const void *a, const void *b)
{
    const projected *x = a, *y = b;

    return x->projections[0] != y->projections[0]
               ? (x->projections[0] > y->projections[0]) - (x->projections[0] < y->projections[0])
               : (x->frame > y->frame) - (x->frame < y->frame);
}

/* Distances of all pairs, those of equal elements together, in the order of atoms. */
static void pair_distances(const copies_check *with, int64_t frame, double *distances)
{
    const preflight *of = with->of;
    const double    *at = preflight_positions(of, frame);
    int64_t          pair = 0;

    for (int64_t a = 0; a < of->n_atoms; a++) {
        for (int64_t b = 0; b < a; b++, pair++) {
            const double x = at[3 * a] - at[3 * b], y = at[3 * a + 1] - at[3 * b + 1],
                         z = at[3 * a + 2] - at[3 * b + 2];
            distances[with->places[pair]] = sqrt(x * x + y * y + z * z);
        }
    }
}

static void sort_distances(const copies_check *with, double *distances)
{
    for (int64_t c = 0; c < with->n_classes; c++) {
        const int64_t first = with->starts[c];
        qsort(distances + first, (size_t)(with->starts[c + 1] - first), sizeof *distances,
              compare_doubles);
    }
}

/* The elements of a pair as one number. */
static int pair_code(const preflight *of, int64_t a, int64_t b)
{
    const int x = of->species[a], y = of->species[b];

    return x > y ? 256 * x + y : 256 * y + x;
}

/* Places of the pairs, those of equal elements together. */
static void class_pairs(copies_check *with)
{
    const preflight *of = with->of;
    int64_t          place = 0, pair = 0;

    for (pair = 0; pair < with->n_pairs; pair++) {
        with->places[pair] = -1;
    }
    for (int64_t a = 0; a < of->n_atoms; a++) {
        for (int64_t b = 0; b < a; b++) {
            if (with->places[a * (a - 1) / 2 + b] >= 0) {
                continue;
            }
            const int code = pair_code(of, a, b);
            with->starts[with->n_classes++] = place;
            for (int64_t c = a; c < of->n_atoms; c++) {
                for (int64_t d = 0; d < c; d++) {
                    if (pair_code(of, c, d) == code) {
                        with->places[c * (c - 1) / 2 + d] = place++;
                    }
                }
            }
        }
    }
    with->starts[with->n_classes] = place;
}

/* Random signs, the same everywhere. */
static void set_directions(copies_check *with)
{
    for (int64_t k = 0; k < PROJECTIONS * with->n_pairs; k++) {
        const double size = 0.5 + (double)(mix_bits((uint64_t)k + 1) >> 11) * 0x1p-53;
        with->directions[k] = (mix_bits((uint64_t)k + 7919) & 1 ? size : -size) /
                              sqrt((double)with->n_pairs * 13.0 / 12.0);
    }
}

static covary_status reserve(copies_check *with)
{
    covary_status    status = COVARY_OK;
    const preflight *of = with->of;

    with->n_pairs = of->n_atoms * (of->n_atoms - 1) / 2;
    COVARY_TRY(MEMORY_ALLOCATE("places of pairs", with->n_pairs, &with->places));
    COVARY_TRY(MEMORY_ALLOCATE("classes of pairs", with->n_pairs + 1, &with->starts));
    COVARY_TRY(MEMORY_ALLOCATE("directions", PROJECTIONS * with->n_pairs, &with->directions));
    COVARY_TRY(MEMORY_ALLOCATE("projections", of->n_frames, &with->ordered));
    COVARY_TRY(MEMORY_ALLOCATE("distances", with->n_pairs, &with->one));
    COVARY_TRY(MEMORY_ALLOCATE("distances", with->n_pairs, &with->other));
    COVARY_TRY(MEMORY_ALLOCATE("labels", of->n_properties, &with->labels));
    COVARY_TRY(MEMORY_ALLOCATE("copies", (1 + of->n_properties) * of->n_frames, &with->repeated));
    for (int64_t k = 0; k < (1 + of->n_properties) * of->n_frames; k++) {
        with->repeated[k] = -1;
    }
    class_pairs(with);
    set_directions(with);

done:
    return status;
}

/* Projections of all frames, and the spread of their distances. */
static covary_status project_frames(copies_check *with)
{
    covary_status status = COVARY_OK;
    const int64_t n_frames = with->of->n_frames, n_pairs = with->n_pairs;
    double       *means = NULL, variance = 0.0;

    COVARY_TRY(MEMORY_ALLOCATE("mean distances", n_pairs, &means));
    for (int64_t frame = 0; frame < n_frames; frame++) {
        projected *to = &with->ordered[frame];
        pair_distances(with, frame, with->one);
        sort_distances(with, with->one);
        to->frame = frame;
        for (int64_t k = 0; k < n_pairs; k++) {
            const double before = with->one[k] - means[k];
            means[k] += before / (double)(frame + 1);
            variance += before * (with->one[k] - means[k]);
            for (int p = 0; p < PROJECTIONS; p++) {
                to->projections[p] += with->directions[p * n_pairs + k] * with->one[k];
            }
        }
    }
    with->spread = sqrt(variance / (double)(n_pairs * n_frames));
    qsort(with->ordered, (size_t)n_frames, sizeof *with->ordered, compare_projected);

done:
    MEMORY_RELEASE(&means);
    return status;
}

/* T_ij... r_i r_j ... of one value. */
static double contract(const property_kind *kind, const double *values, const double r[3])
{
    double work[KIND_MAX_VALUES];
    int    n = kind->n_values;

    memcpy(work, values, (size_t)n * sizeof *work);
    for (int index = 0; index < kind->rank; index++) {
        n /= 3;
        for (int k = 0; k < n; k++) {
            work[k] = work[3 * k] * r[0] + work[3 * k + 1] * r[1] + work[3 * k + 2] * r[2];
        }
    }
    return work[0];
}

/* The label about the centre of mass, where its origin matters. */
static void centre_label(const preflight *of, int p, const double centre[3], double *values)
{
    const property *about = of->properties[p];

    for (int i = 0; i < 3 && about->shift != 0.0 && about->origin == ORIGIN_POINT; i++) {
        values[i] -= about->shift * (centre[i] - about->point[i]);
    }
}

static void number_sites(const preflight *of, int p, int64_t frame, const double *label,
                         double *into)
{
    const property      *about = of->properties[p];
    const property_kind *kind = about->kind;
    const int64_t        n_sites = about->per_atom ? of->n_atoms : 1;
    const double        *at = preflight_positions(of, frame);
    double               centre[3], values[KIND_MAX_VALUES], part[KIND_MAX_PACKED];

    preflight_centre(of, frame, centre);
    for (int64_t site = 0; site < n_sites; site++) {
        memcpy(values, label + site * kind->n_values, (size_t)kind->n_values * sizeof *values);
        centre_label(of, p, centre, values);
        for (int k = 0; k < kind->n_irreps; k++) {
            property_irrep_part(kind, k, values, part);
            for (int c = 0; c < property_irrep_size(kind, k); c++) {
                into[k] += part[c] * part[c] * property_irrep_weight(kind, k);
            }
        }
        for (int64_t atom = 0; atom < of->n_atoms; atom++) {
            double r[3];
            for (int i = 0; i < 3; i++) {
                r[i] = at[3 * atom + i] - centre[i];
            }
            if (!kind->axial && (!about->per_atom || atom == site)) {
                const double value = contract(kind, values, r);
                into[kind->n_irreps + atom] = about->arbitrary_phase ? fabs(value) : value;
            }
        }
    }
    for (int k = 0; k < kind->n_irreps; k++) {
        into[k] = sqrt(into[k]);
    }
}

/* Root of the mean variance of the first `width` numbers. */
static double spread_of(const label_numbers *of, int64_t n_frames, int64_t width)
{
    double variance = 0.0;

    for (int64_t k = 0; k < width; k++) {
        double  mean = 0.0, squares = 0.0;
        int64_t n = 0;
        for (int64_t frame = 0; frame < n_frames; frame++) {
            const double value = of->values[frame * of->width + k];
            if (!isnan(value)) {
                const double before = value - mean;
                mean += before / (double)++n;
                squares += before * (value - mean);
            }
        }
        variance += n > 0 ? squares / (double)n : 0.0;
    }
    return sqrt(variance / (double)width);
}

static covary_status number_labels(copies_check *with, int p)
{
    covary_status    status = COVARY_OK;
    const preflight *of = with->of;
    label_numbers   *made = &with->labels[p];

    made->n_norms = of->properties[p]->kind->n_irreps;
    made->width = made->n_norms + of->n_atoms;
    COVARY_TRY(MEMORY_ALLOCATE("labels", of->n_frames * made->width, &made->values));
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        const double *label = preflight_label(of, frame, p);
        double       *into = made->values + frame * made->width;
        if (label != NULL) {
            number_sites(of, p, frame, label, into);
        } else {
            for (int64_t k = 0; k < made->width; k++) {
                into[k] = (double)NAN;
            }
        }
    }
    made->spread = spread_of(made, of->n_frames, made->width);
    made->norm_spread = spread_of(made, of->n_frames, made->n_norms);

done:
    return status;
}

/* Root mean square of the difference of `one` and `other`. */
static double difference(const copies_check *with)
{
    double sum = 0.0;

    for (int64_t k = 0; k < with->n_pairs; k++) {
        const double d = with->one[k] - with->other[k];
        sum += d * d;
    }
    return sqrt(sum / (double)with->n_pairs);
}

/* Of two frames: with the order of their atoms, and sorted. */
static void compare_frames(copies_check *with, int64_t i, int64_t j, double *as_ordered,
                           double *as_sorted)
{
    pair_distances(with, i, with->one);
    pair_distances(with, j, with->other);
    *as_ordered = difference(with);
    sort_distances(with, with->one);
    sort_distances(with, with->other);
    *as_sorted = difference(with);
}

/* How far labels differ, in units of their spread; 0 where one has none. */
static double label_difference(const label_numbers *of, int64_t i, int64_t j, bool same_order)
{
    const int64_t width = same_order ? of->width : of->n_norms;
    const double  spread = same_order ? of->spread : of->norm_spread;
    double        sum = 0.0;

    for (int64_t k = 0; k < width; k++) {
        const double d = of->values[i * of->width + k] - of->values[j * of->width + k];
        sum += d * d;
    }
    return isnan(sum) || spread == 0.0 ? 0.0 : sqrt(sum / (double)width) / spread;
}

/* Remember the earliest frame that `frame` repeats, in row `sort` of the table. */
static void remember(copies_check *with, int sort, int64_t frame, int64_t earlier)
{
    int64_t *known = &with->repeated[sort * with->of->n_frames + frame];

    *known = *known < 0 || earlier < *known ? earlier : *known;
}

/*
 * Two frames that may be near.  Labels may differ as far as the geometries do, ten times over, and
 * by what they are rounded to.
 */
static void judge(copies_check *with, int64_t i, int64_t j)
{
    static const double COPY = 1e-3; /* angstrom: of positions to three decimals */
    static const double ROUNDING = 0.05, STEEPNESS = 10.0;
    const preflight    *of = with->of;
    const int64_t       later = i > j ? i : j, earlier = i > j ? j : i;
    double              as_ordered, as_sorted;
    bool                conflict = false;

    compare_frames(with, i, j, &as_ordered, &as_sorted);
    if (!(as_sorted <= with->tolerance)) {
        return;
    }
    const double apart = with->spread > 0.0 ? as_sorted / with->spread : 0.0;
    for (int p = 0; p < of->n_properties; p++) {
        const bool same_order = as_ordered <= 2.0 * as_sorted + 1e-6;
        if (label_difference(&with->labels[p], i, j, same_order) > ROUNDING + STEEPNESS * apart) {
            remember(with, 1 + p, later, earlier);
            conflict = true;
        }
    }
    if (!conflict && as_sorted <= fmin(COPY, with->tolerance)) {
        remember(with, 0, later, earlier);
    }
}

/*
 * A projection of a difference d is of the order of |d| / sqrt(pairs): four times that is beyond
 * chance, and |d| is never exceeded.
 */
static void judge_neighbours(copies_check *with)
{
    const double  reach = fmin(4.0, sqrt((double)with->n_pairs)) * with->tolerance;
    const int64_t n = with->of->n_frames;

    for (int64_t k = 0; k < n; k++) {
        const projected *one = &with->ordered[k];
        for (int64_t m = k + 1; m < n && m <= k + MOST_NEIGHBOURS; m++) {
            const projected *other = &with->ordered[m];
            bool             near = true;
            if (other->projections[0] - one->projections[0] > reach) {
                break;
            }
            for (int p = 1; p < PROJECTIONS && near; p++) {
                near = fabs(other->projections[p] - one->projections[p]) <= reach;
            }
            if (near) {
                judge(with, one->frame, other->frame);
            }
        }
    }
}

/* One row of the table as a finding; the first frame is told with the one that it repeats. */
static covary_status report(copies_check *with, int sort)
{
    covary_status  status = COVARY_OK;
    preflight     *of = with->of;
    const int64_t *repeated = with->repeated + sort * of->n_frames;
    bool           begun = false;

    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        if (repeated[frame] < 0) {
            continue;
        }
        if (!begun) {
            const char *path;
            int64_t     in_file;
            trajectory_locate(of->from, of->numbers[repeated[frame]], &path, &in_file);
            COVARY_TRY(findings_begin(
                &of->findings, sort == 0 ? FINDING_COPIES : FINDING_CONFLICT, sort - 1,
                sort == 0 ? "keep one of each: copies make leave-one-out errors look small"
                          : "compute the labels of both again: one may be of another state, charge "
                            "or method",
                sort == 0 ? "the geometry of an earlier frame again, within 0.001 angstrom (here "
                            "of %s, frame %lld)"
                          : "nearly the geometry of an earlier frame (here of %s, frame %lld), but "
                            "another label",
                path, (long long)in_file));
            begun = true;
        }
        findings_add_frame(&of->findings, of->numbers[frame]);
    }

done:
    return status;
}

static void release(copies_check *with)
{
    for (int p = 0; with->labels != NULL && p < with->of->n_properties; p++) {
        MEMORY_RELEASE(&with->labels[p].values);
    }
    MEMORY_RELEASE(&with->labels);
    MEMORY_RELEASE(&with->repeated);
    MEMORY_RELEASE(&with->other);
    MEMORY_RELEASE(&with->one);
    MEMORY_RELEASE(&with->ordered);
    MEMORY_RELEASE(&with->directions);
    MEMORY_RELEASE(&with->starts);
    MEMORY_RELEASE(&with->places);
}

covary_status preflight_copies(preflight *of)
{
    static const double NEAR = 0.02; /* of the spread of the distances */
    covary_status       status = COVARY_OK;
    copies_check        with = {.of = of};

    if (of->n_atoms < 2) {
        return COVARY_OK;
    }
    COVARY_TRY(reserve(&with));
    COVARY_TRY(project_frames(&with));
    with.tolerance = fmax(NEAR * with.spread, 1e-9);
    for (int p = 0; p < of->n_properties; p++) {
        COVARY_TRY(number_labels(&with, p));
    }
    judge_neighbours(&with);
    for (int sort = 0; sort <= of->n_properties; sort++) {
        COVARY_TRY(report(&with, sort));
    }

done:
    release(&with);
    return status;
}
