/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups by closure: elements are kept in the order of discovery, with an index in lexical order
 * for finding them; each is multiplied once by every generator.
 */
#include "geometry/permutation_group.h"

#include "core/memory.h"
#include "core/status.h"
#include "trajectory/elements.h"

#include <stdlib.h>
#include <string.h>

/* Are all of 0 ... n_atoms - 1 in image once? */
static bool is_valid(int64_t n_atoms, const int32_t *image)
{
    for (int64_t a = 0; a < n_atoms; a++) {
        if (image[a] < 0 || image[a] >= n_atoms) {
            return false;
        }
        for (int64_t b = 0; b < a; b++) {
            if (image[a] == image[b]) {
                return false;
            }
        }
    }
    return true;
}

bool permutation_is_identity(int64_t n_atoms, const int32_t *image)
{
    for (int64_t a = 0; a < n_atoms; a++) {
        if (image[a] != a) {
            return false;
        }
    }
    return true;
}

void permutation_compose(int64_t n_atoms, const int32_t *left, const int32_t *right, int32_t *out)
{
    for (int64_t a = 0; a < n_atoms; a++) {
        out[a] = right[left[a]];
    }
}

void permutation_invert(int64_t n_atoms, const int32_t *image, int32_t *out)
{
    for (int64_t a = 0; a < n_atoms; a++) {
        out[image[a]] = (int32_t)a;
    }
}

void permutation_apply(int64_t n_atoms, const int32_t *image, int width, const double *x,
                       double *out)
{
    for (int64_t a = 0; a < n_atoms; a++) {
        memcpy(out + a * width, x + (int64_t)image[a] * width, (size_t)width * sizeof *out);
    }
}

static int compare_images(int64_t n_atoms, const int32_t *a, const int32_t *b)
{
    for (int64_t i = 0; i < n_atoms; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

/* A set of permutations that grows. */
typedef struct {
    int64_t  n_atoms;
    int      count, capacity;
    int32_t *images; /* [capacity][n_atoms] in the order of discovery */
    int     *sorted; /* [capacity] which image comes where in lexical order */
} image_set;

static void image_set_release(image_set *set)
{
    MEMORY_RELEASE(&set->images);
    MEMORY_RELEASE(&set->sorted);
    set->count = set->capacity = 0;
}

/* Place of `image` in lexical order: of the first element that is not less. */
static int image_set_place(const image_set *set, const int32_t *image, bool *present)
{
    int low = 0, high = set->count;

    *present = false;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const int order =
            compare_images(set->n_atoms, set->images + set->sorted[middle] * set->n_atoms, image);
        if (order == 0) {
            *present = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static covary_status image_set_add(image_set *set, const int32_t *image)
{
    covary_status status = COVARY_OK;
    bool          present;
    const int     place = image_set_place(set, image, &present);

    if (present) {
        return COVARY_OK;
    }
    if (set->count == set->capacity) {
        const int64_t capacity = set->capacity < 8 ? 16 : 2 * (int64_t)set->capacity;
        COVARY_TRY(MEMORY_RESIZE("permutations", capacity * set->n_atoms, &set->images));
        COVARY_TRY(MEMORY_RESIZE("order of permutations", capacity, &set->sorted));
        COVARY_TRY(narrow_to_int("permutations", capacity, &set->capacity));
    }
    memcpy(set->images + set->count * set->n_atoms, image, (size_t)set->n_atoms * sizeof *image);
    memmove(set->sorted + place + 1, set->sorted + place,
            (size_t)(set->count - place) * sizeof *set->sorted);
    set->sorted[place] = set->count++;

done:
    return status;
}

/*
 * Close `set`, emptied first, under the generators: finite, so products are enough.  Stops with
 * more than max_order elements where the group has more.
 */
static covary_status close_set(int n_generators, const int32_t *const *generators, int max_order,
                               image_set *set)
{
    covary_status status = COVARY_OK;
    const int64_t n_atoms = set->n_atoms;
    int32_t      *product = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("a permutation", n_atoms, &product));
    set->count = 0;
    for (int64_t a = 0; a < n_atoms; a++) {
        product[a] = (int32_t)a;
    }
    COVARY_TRY(image_set_add(set, product));
    for (int element = 0; element < set->count && set->count <= max_order; element++) {
        for (int g = 0; g < n_generators && set->count <= max_order; g++) {
            permutation_compose(n_atoms, generators[g], set->images + element * n_atoms, product);
            COVARY_TRY(image_set_add(set, product));
        }
    }

done:
    MEMORY_RELEASE(&product);
    return status;
}

/* Simplicity of a permutation: what a reader would rather see as a generator. */
typedef struct {
    int     element; /* of the group */
    int64_t moved;   /* atoms */
    int64_t longest; /* cycle */
} simplicity;

static simplicity simplicity_of(const permutation_group *group, int element)
{
    const int32_t *image = permutation_group_image(group, element);
    simplicity     of = {.element = element};

    for (int64_t a = 0; a < group->n_atoms; a++) {
        int64_t length = 1;
        for (int32_t b = image[a]; b != a; b = image[b]) {
            length++;
        }
        of.moved += length > 1;
        of.longest = length > of.longest ? length : of.longest;
    }
    return of;
}

static int by_simplicity(const void *left, const void *right)
{
    const simplicity *a = left, *b = right;

    if (a->moved != b->moved) {
        return a->moved < b->moved ? -1 : 1;
    }
    if (a->longest != b->longest) {
        return a->longest < b->longest ? -1 : 1;
    }
    return a->element - b->element;
}

/* Leave out generators that the others generate, the last (least simple) ones first. */
static covary_status drop_redundant(int order, const int32_t **chosen, int *n_chosen,
                                    image_set *set)
{
    covary_status  status = COVARY_OK;
    const int32_t *without[32] = {NULL};

    for (int drop = *n_chosen - 1; drop >= 0; drop--) {
        int kept = 0;
        for (int g = 0; g < *n_chosen; g++) {
            if (g != drop) {
                without[kept++] = chosen[g];
            }
        }
        COVARY_TRY(close_set(kept, without, order, set));
        if (set->count == order) {
            memcpy(chosen, without, (size_t)kept * sizeof *without);
            *n_chosen = kept;
        }
    }

done:
    return status;
}

/*
 * Generators from the elements alone: the simplest element that is not yet generated, again and
 * again (each at least doubles the order, so 31 are enough), and then only those that are needed.
 */
static covary_status choose_generators(permutation_group *group)
{
    covary_status  status = COVARY_OK;
    const int64_t  n_atoms = group->n_atoms;
    image_set      set = {.n_atoms = n_atoms};
    simplicity    *simple = NULL;
    const int32_t *chosen[32] = {NULL};
    int            n_chosen = 0;
    bool           present;

    COVARY_TRY(MEMORY_ALLOCATE("order of generators", group->order, &simple));
    for (int element = 0; element < group->order; element++) {
        simple[element] = simplicity_of(group, element);
    }
    qsort(simple, (size_t)group->order, sizeof *simple, by_simplicity);
    COVARY_TRY(close_set(0, chosen, group->order, &set));
    for (int k = 0; k < group->order && set.count < group->order; k++) {
        const int32_t *image = permutation_group_image(group, simple[k].element);
        image_set_place(&set, image, &present);
        if (!present) {
            chosen[n_chosen++] = image;
            COVARY_TRY(close_set(n_chosen, chosen, group->order, &set));
        }
    }
    COVARY_TRY(drop_redundant(group->order, chosen, &n_chosen, &set));
    COVARY_TRY(MEMORY_ALLOCATE("generators", n_chosen * n_atoms, &group->generators));
    for (int g = 0; g < n_chosen; g++) {
        memcpy(group->generators + g * n_atoms, chosen[g], (size_t)n_atoms * sizeof *chosen[g]);
    }
    group->n_generators = n_chosen;

done:
    MEMORY_RELEASE(&simple);
    image_set_release(&set);
    return status;
}

static covary_status group_from_set(const image_set *set, permutation_group **group)
{
    covary_status      status = COVARY_OK;
    const int64_t      n_atoms = set->n_atoms;
    permutation_group *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("permutation group", 1, &made));
    made->n_atoms = n_atoms;
    made->order = set->count;
    COVARY_TRY(MEMORY_ALLOCATE("permutations", set->count * n_atoms, &made->images));
    for (int k = 0; k < set->count; k++) {
        memcpy(made->images + k * n_atoms, set->images + set->sorted[k] * n_atoms,
               (size_t)n_atoms * sizeof *made->images);
    }
    COVARY_TRY(choose_generators(made));
    *group = made;
    made = NULL;

done:
    permutation_group_destroy(&made);
    return status;
}

covary_status permutation_group_generate(int64_t n_atoms, int n_generators,
                                         const int32_t *generators, int max_order, bool *complete,
                                         permutation_group **group)
{
    covary_status   status = COVARY_OK;
    image_set       set = {.n_atoms = n_atoms};
    const int32_t **rows = NULL;

    *group = NULL;
    COVARY_TRY(MEMORY_ALLOCATE("generators", n_generators, &rows));
    for (int g = 0; g < n_generators; g++) {
        rows[g] = generators + g * n_atoms;
        if (!is_valid(n_atoms, rows[g])) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                                   "generator %d is no permutation of %lld atoms: every atom must "
                                   "appear once",
                                   g + 1, (long long)n_atoms));
        }
    }
    COVARY_TRY(close_set(n_generators, rows, max_order, &set));
    if (complete != NULL) {
        *complete = set.count <= max_order;
    }
    if (set.count <= max_order) {
        COVARY_TRY(group_from_set(&set, group));
    } else if (complete == NULL) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                               "the permutations generate a group of more than %d; give fewer, or "
                               "raise the largest order",
                               max_order));
    }

done:
    MEMORY_RELEASE(&rows);
    image_set_release(&set);
    return status;
}

covary_status permutation_group_identity(int64_t n_atoms, permutation_group **group)
{
    return permutation_group_generate(n_atoms, 0, NULL, 1, NULL, group);
}

void permutation_group_destroy(permutation_group **group)
{
    if (group != NULL && *group != NULL) {
        MEMORY_RELEASE(&(*group)->images);
        MEMORY_RELEASE(&(*group)->generators);
        MEMORY_RELEASE(group);
    }
}

const int32_t *permutation_group_image(const permutation_group *group, int element)
{
    return group->images + element * group->n_atoms;
}

int permutation_group_find(const permutation_group *group, const int32_t *image)
{
    int low = 0, high = group->order - 1;

    while (low <= high) {
        const int middle = low + (high - low) / 2;
        const int order =
            compare_images(group->n_atoms, permutation_group_image(group, middle), image);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    return -1;
}

bool permutation_group_equal(const permutation_group *a, const permutation_group *b)
{
    return a->n_atoms == b->n_atoms && a->order == b->order &&
           memcmp(a->images, b->images, (size_t)(a->order * a->n_atoms) * sizeof *a->images) == 0;
}

void permutation_group_orbits(const permutation_group *group, int32_t *orbit)
{
    for (int64_t a = 0; a < group->n_atoms; a++) {
        orbit[a] = (int32_t)a;
        for (int element = 0; element < group->order; element++) {
            const int32_t to = permutation_group_image(group, element)[a];
            orbit[a] = to < orbit[a] ? to : orbit[a];
        }
    }
}

covary_status permutation_group_check(const permutation_group *group, const uint8_t *species,
                                      const int *classes)
{
    for (int g = 0; g < group->n_generators; g++) {
        for (int64_t a = 0; a < group->n_atoms; a++) {
            const int32_t b = group->generators[g * group->n_atoms + a];
            if (species[a] != species[b]) {
                return COVARY_FAIL(COVARY_ERR_DATA,
                                   "a permutation puts atom %d (%s) in the place of atom %lld "
                                   "(%s); only atoms of one element can be equivalent",
                                   b + 1, element_symbol(species[b]), (long long)a + 1,
                                   element_symbol(species[a]));
            }
            if (classes != NULL && classes[a] != classes[b]) {
                return COVARY_FAIL(COVARY_ERR_DATA,
                                   "a permutation puts atom %d in the place of atom %lld, but the "
                                   "two %s are different (isotopes, weights)",
                                   b + 1, (long long)a + 1, element_symbol(species[a]));
            }
        }
    }
    return COVARY_OK;
}
