/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nearest images in any cell, bonds across its faces, and molecules that come out whole and in the
 * order of the reference however a box was wrapped, mixed and ordered.   ranks: 1
 */
#include "geometry/molecules.h"

#include "core/memory.h"
#include "geometry/bond_graph.h"
#include "geometry/box_bonds.h"
#include "molecules.h"

#include <stdlib.h>
#include <string.h>

static void random_cell(test_random *stream, double size, double cell[9])
{
    for (int i = 0; i < 9; i++) {
        cell[i] = size * ((i % 4 == 0 ? 1.0 : 0.0) + 0.6 * (test_uniform(stream) - 0.5));
    }
}

/* A basis of the same lattice that is written as skewed as can be. */
static void skew(test_random *stream, double cell[9])
{
    for (int n = 0; n < 4; n++) {
        const int    i = (int)(3.0 * test_uniform(stream));
        const int    j = (i + 1 + (int)(2.0 * test_uniform(stream))) % 3;
        const double times = rint(6.0 * (test_uniform(stream) - 0.5));
        for (int k = 0; k < 3; k++) {
            cell[3 * i + k] += times * cell[3 * j + k];
        }
    }
}

static double norm(const double v[3])
{
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

/* Against all images that could be nearer, in the cell as it was before it was skewed. */
static void nearest_images_are_nearest(void **state)
{
    test_random stream = {1};

    (void)state;
    for (int trial = 0; trial < 300; trial++) {
        double  cell[9], plain[9], d[3], shift[3], best = HUGE_VAL;
        lattice of;
        uint8_t periodic = (uint8_t)(trial % 8);
        random_cell(&stream, 5.0, cell);
        memcpy(plain, cell, sizeof cell);
        if (periodic == 7) {
            skew(&stream, cell);
        }
        assert_ok(lattice_create(cell, periodic, &of));
        for (int k = 0; k < 3; k++) {
            d[k] = 40.0 * (test_uniform(&stream) - 0.5);
        }
        const bool   any = lattice_nearest(&of, d, shift);
        const double found[3] = {d[0] + shift[0], d[1] + shift[1], d[2] + shift[2]};
        for (int i = 0; i < 25 * 25 * 25; i++) {
            const int n[3] = {i % 25 - 12, i / 25 % 25 - 12, i / 625 - 12};
            double    image[3] = {d[0], d[1], d[2]};
            bool      allowed = true;
            for (int k = 0; k < 3; k++) {
                allowed = allowed && (n[k] == 0 || (periodic & 1 << k) != 0);
                for (int c = 0; c < 3; c++) {
                    image[c] += n[k] * plain[3 * k + c];
                }
            }
            best = allowed ? fmin(best, norm(image)) : best;
        }
        assert_near(norm(found), best, 1e-9);
        assert_true(any || norm(shift) == 0.0);
    }
}

static void flat_cells_are_refused(void **state)
{
    const double flat[9] = {1, 0, 0, 0, 1, 0, 1, 1, 0};
    lattice      of;

    (void)state;
    assert_int_equal(lattice_create(flat, 7, &of), COVARY_ERR_DATA);
    assert_ok(lattice_create(flat, 3, &of));
    assert_int_equal(of.n, 2);
}

/* Random atoms: the same pairs as by comparing all with all. */
static void bonds_of_a_box_are_those_of_all_pairs(void **state)
{
    enum { ATOMS = 150 };
    test_random stream = {2};

    (void)state;
    for (int trial = 0; trial < 40; trial++) {
        const double size = trial % 2 ? 4.0 : 14.0;
        double       cell[9], x[3 * ATOMS];
        uint8_t      species[ATOMS];
        lattice      of;
        int64_t      n_bonds = 0, *bonds = NULL, expected = 0;
        random_cell(&stream, size, cell);
        assert_ok(lattice_create(cell, (uint8_t)(trial % 8), &of));
        for (int a = 0; a < ATOMS; a++) {
            species[a] = test_uniform(&stream) < 0.5 ? 1 : 8;
            for (int k = 0; k < 3; k++) {
                x[3 * a + k] = 3.0 * size * (test_uniform(&stream) - 0.5);
            }
        }
        assert_ok(box_bonds_find(ATOMS, species, x, &of, &n_bonds, &bonds));
        for (int a = 0; a < ATOMS; a++) {
            for (int b = a + 1; b < ATOMS; b++) {
                double d[3], shift[3], pair[6] = {0};
                for (int k = 0; k < 3; k++) {
                    d[k] = x[3 * b + k] - x[3 * a + k];
                }
                lattice_nearest(&of, d, shift);
                for (int k = 0; k < 3; k++) {
                    pair[3 + k] = d[k] + shift[k];
                }
                if (bond_graph_near((uint8_t[]){species[a], species[b]}, pair, 0, 1)) {
                    assert_true(expected < n_bonds);
                    assert_int_equal(bonds[2 * expected], a);
                    assert_int_equal(bonds[2 * expected + 1], b);
                    expected++;
                }
            }
        }
        assert_int_equal(n_bonds, expected);
        MEMORY_RELEASE(&bonds);
    }
}

/* ---- boxes of molecules ---- */

enum { COPIES = 27, BOX_MAX = COPIES * MOLECULE_MAX_ATOMS + 60 };

typedef struct {
    int64_t n_atoms;
    uint8_t species[BOX_MAX];
    double  unwrapped[3 * BOX_MAX], wrapped[3 * BOX_MAX], cell[9];
    lattice periodic;
} made_box;

/* A molecule with its atoms in the order `image`, turned, at a place of a 3 x 3 x 3 grid. */
static void add_molecule(test_random *stream, const molecule *kind, const int32_t *image, int where,
                         made_box *box)
{
    double rotation[9], at[3];

    test_rotation(stream, 0, rotation);
    for (int k = 0; k < 3; k++) {
        at[k] = 0.0;
        const int n[3] = {where % 3, where / 3 % 3, where / 9};
        for (int v = 0; v < 3; v++) {
            at[k] += n[v] / 3.0 * box->cell[3 * v + k];
        }
    }
    for (int64_t a = 0; a < kind->n_atoms; a++) {
        const int64_t from = image != NULL ? image[a] : a;
        const int64_t to = box->n_atoms++;
        box->species[to] = kind->species[from];
        for (int k = 0; k < 3; k++) {
            box->unwrapped[3 * to + k] = at[k];
            for (int j = 0; j < 3; j++) {
                box->unwrapped[3 * to + k] += rotation[3 * k + j] * kind->positions[3 * from + j];
            }
        }
    }
}

/* Every atom into any image. */
static void wrap(test_random *stream, made_box *box)
{
    memcpy(box->wrapped, box->unwrapped, sizeof box->wrapped);
    for (int64_t a = 0; a < box->n_atoms; a++) {
        for (int v = 0; v < 3; v++) {
            const double times = rint(5.0 * (test_uniform(stream) - 0.5));
            for (int k = 0; k < 3; k++) {
                box->wrapped[3 * a + k] += times * box->cell[3 * v + k];
            }
        }
    }
}

static void begin_box(double size, made_box *box)
{
    const double cell[9] = {size, 0, 0, -0.3 * size, 0.95 * size, 0, 0.2 * size, 0.25 * size, size};

    *box = (made_box){0};
    memcpy(box->cell, cell, sizeof cell);
    assert_ok(lattice_create(cell, 7, &box->periodic));
}

static molecule_list *find(const molecule *kind, const made_box *box, const double *positions,
                           text *others)
{
    molecule_list     *found = NULL;
    const molecule_box in = {.n_atoms = box->n_atoms,
                             .species = box->species,
                             .positions = positions,
                             .periodic = &box->periodic};

    assert_ok(molecules_find(kind->n_atoms, kind->species, kind->positions, &in, others, &found));
    return found;
}

/* All distances within each molecule are those of the reference. */
static void assert_whole(const molecule *kind, const molecule_list *found, const made_box *box,
                         const double *positions)
{
    double whole[3 * COPIES * MOLECULE_MAX_ATOMS];

    molecules_gather(found, &box->periodic, 0, found->n_molecules, positions, whole);
    for (int64_t m = 0; m < found->n_molecules; m++) {
        const double *x = whole + 3 * m * kind->n_atoms;
        for (int64_t i = 0; i < kind->n_atoms * kind->n_atoms; i++) {
            const int64_t a = i / kind->n_atoms, b = i % kind->n_atoms;
            double        d[3], r[3];
            for (int k = 0; k < 3; k++) {
                d[k] = x[3 * a + k] - x[3 * b + k];
                r[k] = kind->positions[3 * a + k] - kind->positions[3 * b + k];
            }
            assert_near(norm(d), norm(r), 1e-9);
        }
    }
}

static void wrapped_boxes_give_whole_molecules(void **state)
{
    static const molecule *const kinds[] = {&water, &ammonia, &carbon_dioxide, &hydrogen_fluoride};
    test_random                  stream = {3};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        made_box box;
        begin_box(18.0, &box);
        for (int m = 0; m < COPIES; m++) {
            add_molecule(&stream, kinds[i], NULL, m, &box);
        }
        wrap(&stream, &box);
        molecule_list *found = find(kinds[i], &box, box.wrapped, NULL);
        assert_int_equal(found->n_molecules, COPIES);
        assert_int_equal(found->n_others, 0);
        for (int64_t k = 0; k < box.n_atoms; k++) { /* the order of the box */
            assert_int_equal(found->atoms[k], k);
        }
        assert_whole(kinds[i], found, &box, box.wrapped);
        molecule_list_destroy(&found);
    }
}

/* Where nothing is wrapped, whole molecules are the very numbers that were there. */
static void unwrapped_molecules_keep_every_bit(void **state)
{
    test_random stream = {4};
    made_box    box;
    double      whole[3 * COPIES * 3];

    (void)state;
    begin_box(18.0, &box);
    for (int m = 0; m < COPIES; m++) {
        add_molecule(&stream, &water, NULL, m, &box);
    }
    box.unwrapped[3] = -0.0; /* even the sign of a zero, along a bond of length 0.96 or so */
    molecule_list *found = find(&water, &box, box.unwrapped, NULL);
    molecules_gather(found, &box.periodic, 0, COPIES, box.unwrapped, whole);
    assert_memory_equal(whole, box.unwrapped, sizeof whole);
    molecules_gather(found, &box.periodic, 5, 3, box.unwrapped, whole);
    assert_memory_equal(whole, box.unwrapped + 45, 27 * sizeof *whole);
    molecule_list_destroy(&found);
}

/* Atoms in another order than the reference's, and other kinds in between. */
static void mixed_boxes_are_sorted_out(void **state)
{
    static const int32_t image[] = {2, 0, 3, 1};
    static const int32_t hydrogens_first[] = {1, 2, 0};
    test_random          stream = {5};
    made_box             box;
    text                 others = {0};

    (void)state;
    begin_box(18.0, &box);
    for (int m = 0; m < COPIES; m++) {
        const bool is_water = m % 3 == 1;
        add_molecule(&stream,
                     is_water     ? &water
                     : m % 9 == 2 ? &argon
                                  : &ammonia,
                     is_water || m % 9 == 2 ? NULL : image, m, &box);
    }
    wrap(&stream, &box);
    molecule_list *found = find(&ammonia, &box, box.wrapped, &others);
    assert_int_equal(found->n_molecules, 15);
    assert_int_equal(found->n_others, 12);
    assert_string_equal(others.data, "9 H2O, 3 Ar");
    for (int64_t i = 0; i < 15 * 4; i++) {
        assert_int_equal(box.species[found->atoms[i]], ammonia.species[i % 4]);
    }
    assert_whole(&ammonia, found, &box, box.wrapped);
    molecule_list_destroy(&found);
    text_release(&others);

    begin_box(18.0, &box);
    for (int m = 0; m < COPIES; m++) {
        add_molecule(&stream, &water, hydrogens_first, m, &box);
    }
    found = find(&water, &box, box.unwrapped, NULL);
    assert_int_equal(found->n_molecules, COPIES);
    for (int m = 0; m < COPIES; m++) {
        assert_int_equal(found->atoms[3 * m], 3 * m + 2);
        assert_int_equal(found->atoms[3 * m + 1], 3 * m); /* one order for all */
    }
    molecule_list_destroy(&found);
}

/* Sodium next to water is not bonded to it; a topology may bond the hydrogens of water. */
static void ions_and_rigid_water_do_no_harm(void **state)
{
    static const molecule sodium = {"sodium", SHAPE_POINT, 1, {11}, {22.99}, {0, 0, 2.2}};
    static const int64_t  bonds[] = {0, 1, 0, 2, 1, 2};
    test_random           stream = {6};
    made_box              box;
    text                  others = {0};
    molecule_list        *found = NULL;

    (void)state;
    begin_box(18.0, &box);
    add_molecule(&stream, &water, NULL, 0, &box);
    add_molecule(&stream, &sodium, NULL, 0, &box);
    found = find(&water, &box, box.unwrapped, &others);
    assert_int_equal(found->n_molecules, 1);
    assert_string_equal(others.data, "1 Na");
    molecule_list_destroy(&found);
    const molecule_box told = {.n_atoms = box.n_atoms,
                               .species = box.species,
                               .positions = box.unwrapped,
                               .periodic = &box.periodic,
                               .n_bonds = 3,
                               .bonds = bonds};
    assert_ok(molecules_find(3, water.species, water.positions, &told, NULL, &found));
    assert_int_equal(found->n_molecules, 1);
    molecule_list_destroy(&found);
    text_release(&others);
}

/* The same atoms bonded in another way are another molecule; a pair of molecules is none. */
static void isomers_are_left_alone(void **state)
{
    static const molecule nitrous = {
        "N2O", SHAPE_LINEAR, 3, {7, 7, 8}, {14.0, 14.0, 16.0}, {0, 0, 0, 0, 0, 1.13, 0, 0, 2.31}};
    static const molecule other = {"NON",     SHAPE_LINEAR,       3,
                                   {7, 7, 8}, {14.0, 14.0, 16.0}, {0, 0, -1.2, 0, 0, 1.2, 0, 0, 0}};
    static const molecule apart = {"two", SHAPE_LINEAR, 2, {1, 9}, {1, 19}, {0, 0, 0, 0, 0, 9}};
    test_random           stream = {7};
    made_box              box;
    text                  others = {0};
    molecule_list        *found = NULL;

    (void)state;
    begin_box(18.0, &box);
    add_molecule(&stream, &nitrous, NULL, 0, &box);
    add_molecule(&stream, &other, NULL, 1, &box);
    found = find(&nitrous, &box, box.unwrapped, &others);
    assert_int_equal(found->n_molecules, 1);
    assert_string_equal(others.data, "1 N2O");
    molecule_list_destroy(&found);
    text_release(&others);
    const molecule_box in = {.n_atoms = box.n_atoms,
                             .species = box.species,
                             .positions = box.unwrapped,
                             .periodic = &box.periodic};
    assert_int_equal(molecules_find(2, apart.species, apart.positions, &in, NULL, &found),
                     COVARY_ERR_DATA);
    assert_message("not held together by bonds");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(nearest_images_are_nearest),
    cmocka_unit_test(flat_cells_are_refused),
    cmocka_unit_test(bonds_of_a_box_are_those_of_all_pairs),
    cmocka_unit_test(wrapped_boxes_give_whole_molecules),
    cmocka_unit_test(unwrapped_molecules_keep_every_bit),
    cmocka_unit_test(mixed_boxes_are_sorted_out),
    cmocka_unit_test(ions_and_rigid_water_do_no_harm),
    cmocka_unit_test(isomers_are_left_alone),
};

TEST_MAIN(cases)
