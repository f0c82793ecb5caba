/* SPDX-License-Identifier: BSD-3-Clause */
/* Which observables there are, and their values batch by batch. */
#include "model/observed.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

void observed_release(observed_table *released)
{
    MEMORY_RELEASE(&released->totals);
    MEMORY_RELEASE(&released->values);
    MEMORY_RELEASE(&released->observables);
    for (int o = 0; o < released->n; o++) {
        text_release(&released->list[o].name);
    }
    MEMORY_RELEASE(&released->list);
    *released = (observed_table){0};
}

static bool is_covariance(const covary_model *model, const observed *of)
{
    return of->uncertain && covariances_kind(model, of->property) == UNCERTAINTY_COVARIANCE;
}

static annotation_observable describe(const covary_model *model, bool boxes, const observed *one)
{
    const property       *of = model->properties[one->property].of;
    annotation_observable made = {.name = one->name.data,
                                  .unit = of->unit,
                                  .rank = of->kind->rank,
                                  .per_atom = of->per_atom,
                                  .per_molecule = boxes && !one->total};

    if (!one->uncertain) {
        made.kind = of->kind->name;
    } else if (is_covariance(model, one)) {
        made.unit = NULL;
        made.rank *= 2;
        made.description = "covariance of the errors of the components that the model expects, in "
                           "the square of the property's unit";
    } else {
        made.description = "standard deviation of the error of each component that the model "
                           "expects";
    }
    return made;
}

static covary_status add(const covary_model *model, bool boxes, observed one, observed_table *to)
{
    covary_status   status = COVARY_OK;
    const property *of = model->properties[one.property].of;
    const char *what = !one.uncertain ? "" : is_covariance(model, &one) ? "_covariance" : "_std";

    COVARY_TRY(text_add(&one.name, "%s%s%s", of->name, one.total ? "_total" : "", what));
    to->list[to->n] = one;
    to->observables[to->n] = describe(model, boxes, &one);
    to->n++;

done:
    return status;
}

covary_status observed_create(const covary_model *model, bool boxes, observed_table *out)
{
    covary_status status = COVARY_OK;
    const int     n = model->n_properties, n_kinds = model->uncertainty != UNCERTAINTY_NONE ? 4 : 2;

    COVARY_TRY(MEMORY_ALLOCATE("observables", n_kinds * n, &out->list));
    COVARY_TRY(MEMORY_ALLOCATE("observables", n_kinds * n, &out->observables));
    COVARY_TRY(MEMORY_ALLOCATE("values", n_kinds * n, &out->values));
    for (int i = 0; i < n_kinds * n; i++) {
        const observed one = {.property = i % n, .total = i / n % 2 == 1, .uncertain = i / n > 1};
        if (!one.total || (boxes && !model->properties[one.property].of->per_atom)) {
            COVARY_TRY(add(model, boxes, one, out));
        }
    }

done:
    return status;
}

/* Numbers of a molecule. */
static int64_t width_of(const covary_model *model, const observed *one)
{
    return one->uncertain ? covariances_n_values(model, one->property)
                          : covary_model_n_values(model, one->property);
}

covary_status observed_reserve(observed_table *of, const stream *from)
{
    int64_t n = 0;

    for (int o = 0; o < of->n; o++) {
        n += of->list[o].total ? width_of(from->model, &of->list[o]) : 0;
    }
    return MEMORY_ALLOCATE("totals", n * from->capacity, &of->totals);
}

/* Variances and covariances of independent molecules add like values. */
static void add_molecules(const stream *from, const observed *one, int64_t width,
                          const double *each, double *total)
{
    const bool squares = one->uncertain && !is_covariance(from->model, one);

    memset(total, 0, (size_t)width * sizeof *total);
    for (int64_t i = 0; i < from->per_frame * width; i++) {
        total[i % width] += squares ? each[i] * each[i] : each[i];
    }
    for (int64_t i = 0; squares && i < width; i++) {
        total[i] = sqrt(total[i]);
    }
}

void observed_fill(observed_table *of, const stream *from)
{
    double *total = of->totals;

    for (int o = 0; o < of->n; o++) {
        const observed *one = &of->list[o];
        const int64_t   width = width_of(from->model, one);
        const double   *each = one->uncertain ? from->results->deviations[one->property]
                                              : from->results->values[one->property];

        of->values[o] = one->total ? total : each;
        for (int64_t f = 0; one->total && f < from->batch->n_frames; f++, total += width) {
            add_molecules(from, one, width, each + f * from->per_frame * width, total);
        }
    }
}
