/* SPDX-License-Identifier: BSD-3-Clause */
/* Which components of a part become rows, which become columns, and their tensors. */
#include "model/systems.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

void part_release(model_part *part)
{
    for (int s = 0; s < part->n_systems; s++) {
        MEMORY_RELEASE(&part->systems[s].amplitudes);
        MEMORY_RELEASE(&part->systems[s].norms);
        MEMORY_RELEASE(&part->systems[s].weights);
        MEMORY_RELEASE(&part->systems[s].places);
        MEMORY_RELEASE(&part->systems[s].map);
    }
    MEMORY_RELEASE(&part->systems);
    MEMORY_RELEASE(&part->mean);
    MEMORY_RELEASE(&part->runners_up);
    part->n_systems = 0;
}

static int part_size(const model_part *part)
{
    return 2 * part->about.l + 1;
}

/* Every component is a column. */
static covary_status plain_system(model_part *part, linear_system *system)
{
    covary_status status = MEMORY_ALLOCATE("columns", part->width, &system->map);

    system->n_rows = 1;
    system->n_tensors = 1;
    system->n_columns = part->width;
    for (int64_t c = 0; status == COVARY_OK && c < part->width; c++) {
        system->map[c] = c;
    }
    return status;
}

/* Columns that behave like component m. */
static covary_status signs_system(const model_part *part, const representation *in, int character,
                                  linear_system *system)
{
    const int     size = part_size(part);
    covary_status status = MEMORY_ALLOCATE("columns", part->width, &system->map);

    system->n_rows = 1;
    system->n_tensors = 1;
    system->character = character;
    for (int64_t c = 0; status == COVARY_OK && c < part->width; c++) {
        if (representation_character(in, part->about, (int)(c % size)) == character) {
            system->map[system->n_columns++] = c;
        }
    }
    return status;
}

static covary_status all_signs_systems(model_part *part, const representation *in)
{
    covary_status status = COVARY_OK;
    const int     size = part_size(part);

    COVARY_TRY(MEMORY_ALLOCATE("systems", size, &part->systems));
    for (int m = 0; m < size; m++) {
        const int character = representation_character(in, part->about, m);
        bool      done = false;
        for (int s = 0; s < part->n_systems; s++) {
            done = done || part->systems[s].character == character;
        }
        if (!done) {
            part->n_systems++;
            COVARY_TRY(signs_system(part, in, character, &part->systems[part->n_systems - 1]));
        }
    }

done:
    return status;
}

/* Sites (atoms, or the molecule) that stay where they are: each copy of each is a column. */
static covary_status fixed_system(const model_part *part, int64_t n_fixed, const int64_t *fixed,
                                  int64_t n_tensors, linear_system *system)
{
    const int     size = part_size(part);
    covary_status status;

    system->n_rows = size;
    system->n_tensors = n_tensors;
    system->coupled = true;
    system->n_columns = n_fixed * part->copies;
    status = MEMORY_ALLOCATE("rows and columns", size * system->n_columns, &system->map);
    for (int64_t m = 0; status == COVARY_OK && m < size; m++) {
        for (int64_t c = 0; c < system->n_columns; c++) {
            system->map[m * system->n_columns + c] =
                (fixed[c / part->copies] * part->copies + c % part->copies) * size + m;
        }
    }
    return status;
}

/* Atoms that permutations exchange: the components of all of them are rows. */
static covary_status orbit_system(const model_part *part, int64_t n_places, const int64_t *places,
                                  int64_t n_tensors, linear_system *system)
{
    covary_status status = COVARY_OK;
    const int     size = part_size(part);

    system->n_rows = (int)n_places * size;
    system->n_tensors = n_places * n_tensors;
    system->n_columns = part->copies;
    system->coupled = true;
    system->n_places = n_places;
    COVARY_TRY(MEMORY_ALLOCATE("places", n_places, &system->places));
    memcpy(system->places, places, (size_t)n_places * sizeof *places);
    COVARY_TRY(
        MEMORY_ALLOCATE("rows and columns", system->n_rows * system->n_columns, &system->map));
    for (int64_t row = 0; row < system->n_rows; row++) {
        for (int64_t c = 0; c < part->copies; c++) {
            system->map[row * part->copies + c] =
                (places[row / size] * part->copies + c) * size + row % size;
        }
    }

done:
    return status;
}

/* The atoms that the group moves `atom` to, ascending, itself included. */
static int64_t orbit_of(const permutation_group *group, int64_t atom, int64_t *members)
{
    int64_t n = 0;

    for (int64_t other = 0; other < group->n_atoms; other++) {
        bool reached = false;
        for (int k = 0; k < group->order && !reached; k++) {
            reached = group->images[k * group->n_atoms + atom] == other;
        }
        if (reached) {
            members[n++] = other;
        }
    }
    return n;
}

static covary_status orbit_systems(model_part *part, const representation *in, int64_t n_tensors)
{
    covary_status            status = COVARY_OK;
    const permutation_group *group = in->of->group;
    int64_t                 *members = NULL, *fixed = NULL, n_fixed = 0;

    COVARY_TRY(MEMORY_ALLOCATE("orbit", part->n_sites, &members));
    COVARY_TRY(MEMORY_ALLOCATE("fixed atoms", part->n_sites, &fixed));
    COVARY_TRY(MEMORY_ALLOCATE("systems", part->n_sites, &part->systems));
    for (int64_t atom = 0; atom < part->n_sites; atom++) {
        const int64_t n = orbit_of(group, atom, members);
        if (n == 1) {
            fixed[n_fixed++] = atom;
        } else if (members[0] == atom) { /* each orbit once */
            part->n_systems++;
            COVARY_TRY(
                orbit_system(part, n, members, n_tensors, &part->systems[part->n_systems - 1]));
        }
    }
    if (n_fixed > 0) {
        part->n_systems++;
        COVARY_TRY(
            fixed_system(part, n_fixed, fixed, n_tensors, &part->systems[part->n_systems - 1]));
    }

done:
    MEMORY_RELEASE(&fixed);
    MEMORY_RELEASE(&members);
    return status;
}

static covary_status coupled_systems(model_part *part, const representation *in)
{
    covary_status status = COVARY_OK;
    const int64_t n_tensors = representation_n_tensors(in, part->about);
    int64_t      *all = NULL;

    if (in->n_permutations > 1 && part->n_sites > 1) {
        return orbit_systems(part, in, n_tensors);
    }
    COVARY_TRY(MEMORY_ALLOCATE("sites", part->n_sites, &all));
    for (int64_t site = 0; site < part->n_sites; site++) {
        all[site] = site;
    }
    COVARY_TRY(MEMORY_ALLOCATE("systems", 1, &part->systems));
    part->n_systems = 1;
    COVARY_TRY(fixed_system(part, part->n_sites, all, n_tensors, &part->systems[0]));

done:
    MEMORY_RELEASE(&all);
    return status;
}

covary_status part_set_systems(model_part *part, const representation *in, const kernel *of)
{
    covary_status status = COVARY_OK;
    const double  scale = in->how == COUPLING_NONE ? 1.0 : representation_scale(in, part->about);

    if (in->how == COUPLING_SIGNS) {
        COVARY_TRY(all_signs_systems(part, in));
    } else if (in->how == COUPLING_FULL) {
        COVARY_TRY(coupled_systems(part, in));
    } else {
        COVARY_TRY(MEMORY_ALLOCATE("systems", 1, &part->systems));
        part->n_systems = 1;
        COVARY_TRY(plain_system(part, &part->systems[0]));
    }
    for (int s = 0; s < part->n_systems; s++) {
        part->systems[s].of = *of;
        part->systems[s].search_rmse = NAN;
        part->systems[s].variance = -1;
        part->systems[s].scale = scale;
    }

done:
    return status;
}

covary_status part_try(const model_part *part, int r, const representation *in, const kernel *of,
                       model_part *made)
{
    covary_status status = COVARY_OK;

    *made = *part;
    made->representation = r;
    made->mean = NULL;
    made->n_systems = 0;
    made->systems = NULL;
    made->runners_up = NULL;
    COVARY_TRY(MEMORY_ALLOCATE("means", made->width, &made->mean));
    COVARY_TRY(part_set_systems(made, in, of));

done:
    return status;
}

covariant_kernel system_kernel(const linear_system *system, const representation *in)
{
    return (covariant_kernel){
        .of = system->of,
        .dimension = in->features->dimension,
        .n_sites = in->n_sites,
        .n_rows = system->n_rows,
        .n_tensors = system->n_tensors,
        .one_sided = in->one_sided,
        .classes = in->classes,
        .scale = system->scale,
    };
}

bool systems_match(const model_part *a, const linear_system *of_a, const model_part *b,
                   const linear_system *of_b)
{
    const bool same_irrep = a->about.l == b->about.l && a->about.pseudo == b->about.pseudo;

    return a->representation == b->representation && of_a->n_rows == of_b->n_rows &&
           of_a->n_tensors == of_b->n_tensors && of_a->character == of_b->character &&
           of_a->coupled == of_b->coupled && (same_irrep || !of_a->coupled) &&
           of_a->n_places == of_b->n_places &&
           (of_a->n_places == 0 ||
            memcmp(of_a->places, of_b->places, (size_t)of_a->n_places * sizeof *of_a->places) == 0);
}

bool system_has_tensors(const model_part *part, const linear_system *system,
                        const representation *in)
{
    const bool scalar = part->about.l == 0 && !part->about.pseudo && system->n_places == 0;

    return in->how == COUPLING_SIGNS || (in->how == COUPLING_FULL && (!scalar || in->n_charts > 1));
}

/* The tensors of atom image[a] of the frame are those of the place a that it takes. */
static void place_tensors(const model_part *part, const linear_system *system, const int32_t *image,
                          const double *phi, double *tensors)
{
    const int     size = part_size(part);
    const int64_t n = system->n_tensors / system->n_places;

    memset(tensors, 0, (size_t)(system->n_rows * system->n_tensors) * sizeof *tensors);
    for (int64_t place = 0; place < system->n_places; place++) {
        int64_t atom = 0;
        while (system->places[atom] != image[system->places[place]]) {
            atom++;
        }
        for (int m = 0; m < size; m++) {
            memcpy(tensors + (atom * size + m) * system->n_tensors + place * n, phi + m * n,
                   (size_t)n * sizeof *phi);
        }
    }
}

void system_tensors(const model_part *part, const linear_system *system, const site_batch *sites,
                    int64_t frame, double *scratch, double *tensors)
{
    const representation *in = sites->of;
    const int64_t         count = system->n_rows * system->n_tensors;
    const int             per_permutation = in->n_mirrors * in->n_signs;

    for (int site = 0; site < in->n_sites; site++, tensors += count) {
        const int permutation = site / per_permutation % in->n_permutations;
        if (in->how == COUPLING_SIGNS) {
            tensors[0] = system->character >> site & 1 ? -1.0 : 1.0;
        } else if (system->n_places == 0) {
            sites_tensors(sites, frame, site, part->about, tensors);
        } else {
            sites_tensors(sites, frame, site, part->about, scratch);
            place_tensors(part, system, permutation_group_image(in->of->group, permutation),
                          scratch, tensors);
        }
    }
}

int64_t part_scratch(const model_part *part, const representation *in)
{
    return part_size(part) * representation_n_tensors(in, part->about);
}

/* Values of every site and copy <- D(R) values, projected before or after. */
static void turn_part(const model_part *part, const model_molecule *of, const double rotation[9],
                      bool project_first, double *values)
{
    const int size = part_size(part);
    double    wigner[IRREP_MAX_SIZE * IRREP_MAX_SIZE], turned[IRREP_MAX_SIZE];

    irrep_wigner(part->about, rotation, wigner);
    for (double *value = values; value < values + part->width; value += size) {
        if (project_first) {
            irrep_project(part->about, of->shape, value);
        }
        for (int m = 0; m < size; m++) {
            turned[m] = 0.0;
            for (int k = 0; k < size; k++) {
                turned[m] += wigner[m * size + k] * value[k];
            }
        }
        memcpy(value, turned, (size_t)size * sizeof *value);
        if (!project_first) {
            irrep_project(part->about, of->shape, value);
        }
    }
}

void part_to_axes(const model_part *part, const site_batch *sites, int64_t frame, double *values)
{
    if (sites->of->how != COUPLING_FULL) {
        turn_part(part, sites->of->of, sites_rotation(sites, frame), false, values);
    }
}

bool part_turn(const model_part *part, const site_batch *sites, int64_t frame, double *matrix)
{
    const int  size = part_size(part);
    model_part one = *part; /* a single copy of a single site */
    double     column[IRREP_MAX_SIZE];

    if (sites->of->how == COUPLING_FULL) {
        return false;
    }
    one.width = size;
    for (int k = 0; k < size; k++) {
        memset(column, 0, sizeof column);
        column[k] = 1.0;
        part_to_lab(&one, sites, frame, column);
        for (int m = 0; m < size; m++) {
            matrix[m * size + k] = column[m];
        }
    }
    return true;
}

void part_to_lab(const model_part *part, const site_batch *sites, int64_t frame, double *values)
{
    double back[9];

    if (sites->of->how == COUPLING_FULL) {
        return;
    }
    for (int i = 0; i < 9; i++) {
        back[i] = sites_rotation(sites, frame)[3 * (i % 3) + i / 3];
    }
    turn_part(part, sites->of->of, back, true, values);
}

covary_status system_name_atoms(const model_part *part, int s, text *into)
{
    covary_status        status = COVARY_OK;
    const linear_system *system = &part->systems[s];

    if (part->n_sites == 1 || part->n_systems == 1 || !system->coupled) {
        return COVARY_OK;
    }
    if (system->n_places == 0) {
        return text_add(into, ", other atoms");
    }
    COVARY_TRY(text_add(into, ", atom%s", system->n_places == 1 ? "" : "s"));
    for (int64_t i = 0; i < system->n_places; i++) {
        COVARY_TRY(text_add(into, " %lld", (long long)system->places[i] + 1));
    }

done:
    return status;
}
