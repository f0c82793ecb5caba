/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What averaging over images means: models with permutations or with the group of signs predict
 * what models without them do when all images of all frames are in the training set.  The standards
 * are fits to such sets, or elimination in extended precision with the plain kernel.   ranks: 1 2
 */
#include "model_support.h"
#include "molecules.h"
#include "oracle.h"
#include "ridge_support.h"

enum { TRAIN = 14, TEST = 6, ALL = TRAIN + TEST, ATOMS = 4, WIDTH = 3 * ATOMS, IMAGES = 6 };

/* Of ammonia's hydrogens; a frame's image k has at place a the atom images[k][a]. */
static const int images[IMAGES][ATOMS] = {{0, 1, 2, 3}, {0, 1, 3, 2}, {0, 2, 1, 3},
                                          {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}};

#define PERMUTED "['(2 3 4)', '(2 3)']"

/* Labels of every kind that permutations move or leave where it is. */
static const char per_atom[] =
    "{name: forces, kind: vector, unit: eV/angstrom, per_atom: true}, "
    "{name: charges, kind: scalar, unit: e, per_atom: true}, "
    "{name: tensors, kind: symmetric-tensor, unit: none, per_atom: true}";
static const char of_molecule[] =
    "{name: dipole, kind: vector, unit: debye}, "
    "{name: polarizability, kind: symmetric-tensor, unit: angstrom^3}";

static void draw_frames(double amplitude, double *positions)
{
    test_random  stream = {99};
    double       shaken[WIDTH], turn[9];
    const double shift[3] = {0.4, -0.2, 1.0};

    for (int frame = 0; frame < ALL; frame++) {
        molecule_shake(&stream, &ammonia, amplitude, shaken);
        test_rotation(&stream, frame % 2, turn);
        move_atoms(ATOMS, turn, shift, shaken, positions + WIDTH * frame);
    }
}

/* Of one frame, with the same formula for every atom: forces, charges, their outer products. */
static void label_atoms(const double *x, oracle_values *values, double *charges, double *tensors)
{
    double unused[WIDTH];

    oracle_evaluate(ATOMS, ammonia.species, x, 0.0, values);
    oracle_pairs(ATOMS, ammonia.species, x, 0.0, charges, unused);
    for (int atom = 0; atom < ATOMS; atom++) {
        const double *f = values->forces + 3 * atom;

        for (int c = 0; c < 9; c++) {
            tensors[9 * atom + c] = f[c / 3] * f[c % 3] + (c % 4 == 0 ? charges[atom] : 0.0);
        }
    }
}

static void write_atom(FILE *out, const double *x, const oracle_values *values, double charge,
                       const double *tensor, int atom)
{
    fprintf(out, "%s", element_symbol(ammonia.species[atom]));
    for (int c = 0; c < 3; c++) {
        fprintf(out, " %.17g", x[3 * atom + c]);
    }
    for (int c = 0; c < 3; c++) {
        fprintf(out, " %.17g", values->forces[3 * atom + c]);
    }
    fprintf(out, " %.17g", charge);
    for (int c = 0; c < 9; c++) {
        fprintf(out, " %.17g", tensor[9 * atom + c]);
    }
    fputs("\n", out);
}

/* One image of one frame with its labels, which are permuted alike, not evaluated again. */
static void write_frame(FILE *out, const double *x, const int *image)
{
    oracle_values values;
    double        charges[ATOMS], tensors[9 * ATOMS];

    label_atoms(x, &values, charges, tensors);
    fprintf(out, "%d\nProperties=species:S:1:pos:R:3:forces:R:3:charges:R:1:tensors:R:9", ATOMS);
    fprintf(out, " dipole=\"%.17g %.17g %.17g\" polarizability=\"", values.dipole[0],
            values.dipole[1], values.dipole[2]);
    for (int c = 0; c < 9; c++) {
        fprintf(out, "%s%.17g", c == 0 ? "" : " ", values.polarizability[c]);
    }
    fputs("\"\n", out);
    for (int atom = 0; atom < ATOMS; atom++) {
        write_atom(out, x, &values, charges[image[atom]], tensors, image[atom]);
    }
}

/* The training frames, each with its first `n_images` images. */
static const char *write_frames(const char *name, const double *positions, int n_images)
{
    const char *path = scratch_path(name);

    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        for (int k = 0; k < n_images * TRAIN; k++) {
            write_frame(out, positions + WIDTH * (k / n_images), images[k % n_images]);
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

/* Ammonia at C3v, whose Eckart axes turn when its atoms are permuted. */
static const char *write_reference(void)
{
    const char *path = scratch_path("reference.xyz");

    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        write_frame(out, ammonia.positions, images[0]);
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

static void expect_same_predictions(const covary_model *a, const covary_model *b,
                                    const double *positions)
{
    assert_int_equal(a->n_properties, b->n_properties);
    for (int p = 0; p < a->n_properties; p++) {
        const int64_t n = ALL * covary_model_n_values(a, p);
        double       *ya = predict_one(a, p, ALL, positions, NULL);
        double       *yb = predict_one(b, p, ALL, positions, NULL);
        const double  size = largest_magnitude(n, yb);

        assert_true(size > 1e-3);
        if (largest_difference(n, ya, yb) > 1e-10 * size) {
            fail_msg("%s: off by %g of %g", covary_model_property_name(a, p),
                     largest_difference(n, ya, yb), size);
        }
        free(yb);
        free(ya);
    }
}

/* A fit with permutations against a fit without to all images of the training frames. */
static void check_permutations(model_recipe recipe)
{
    double positions[WIDTH * ALL];

    draw_frames(0.08, positions);
    recipe.train = write_frames("once.xyz", positions, 1);
    recipe.symmetry = PERMUTED;
    covary_model *averaged = recipe_fit(test_run(), &recipe);

    assert_int_equal(averaged->about.group->order, IMAGES);
    recipe.train = write_frames("augmented.xyz", positions, IMAGES);
    recipe.symmetry = NULL;
    covary_model *augmented = recipe_fit(test_run(), &recipe);

    assert_int_equal(augmented->n_train, IMAGES * averaged->n_train);
    expect_same_predictions(averaged, augmented, positions);
    covary_model_destroy(&augmented);
    covary_model_destroy(&averaged);
}

static void per_atom_properties_under_permutations_are_those_of_all_images(void **state)
{
    static const char *const scalings[] = {"none", "standardize"};

    (void)state;
    for (int k = 0; k < 2; k++) {
        check_permutations((model_recipe){.properties = per_atom,
                                          .basis = "gram",
                                          .descriptor = "distances",
                                          .scaling = scalings[k],
                                          .length = k == 0 ? "1" : "4",
                                          .ridge = "1e-3"});
    }
}

static void properties_under_permutations_are_those_of_all_images(void **state)
{
    (void)state;
    check_permutations((model_recipe){.properties = of_molecule,
                                      .basis = "gram",
                                      .descriptor = "distances, inverse-distances",
                                      .scaling = "none",
                                      .kernel = "matern-5/2",
                                      .length = "1",
                                      .ridge = "1e-3"});
}

/* Without permutations the model is another one: the comparisons above can fail. */
static void without_permutations_predictions_differ(void **state)
{
    double       positions[WIDTH * ALL];
    model_recipe recipe = {.properties = per_atom,
                           .basis = "gram",
                           .descriptor = "distances",
                           .scaling = "none",
                           .length = "1",
                           .ridge = "1e-3"};

    (void)state;
    draw_frames(0.08, positions);
    recipe.train = write_frames("once.xyz", positions, 1);
    covary_model *plain = recipe_fit(test_run(), &recipe);

    recipe.symmetry = PERMUTED;
    covary_model *averaged = recipe_fit(test_run(), &recipe);
    double       *a = predict_one(plain, 0, ALL, positions, NULL);
    double       *b = predict_one(averaged, 0, ALL, positions, NULL);

    assert_true(largest_difference(WIDTH * ALL, a, b) > 1e-4);
    free(b);
    free(a);
    covary_model_destroy(&averaged);
    covary_model_destroy(&plain);
}

/* Atoms of an orbit share a system whose rows are the components of them all. */
static void orbits_of_atoms_have_systems_of_their_own(void **state)
{
    double       positions[WIDTH * ALL];
    model_recipe recipe = {
        .properties = per_atom, .basis = "gram", .descriptor = "distances", .symmetry = PERMUTED};

    (void)state;
    draw_frames(0.08, positions);
    recipe.train = write_frames("once.xyz", positions, 1);
    covary_model *model = recipe_fit(test_run(), &recipe);

    for (int p = 0; p < 3; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            const model_part *part = &model->properties[p].parts[k];
            const int         size = 2 * part->about.l + 1;
            int               seen[ATOMS * 9] = {0};

            assert_int_equal(part->n_systems, 2);
            assert_int_equal(part->systems[0].n_places, 3);
            assert_int_equal(part->systems[1].n_places, 0); /* nitrogen */
            for (int s = 0; s < 2; s++) {
                const linear_system *system = &part->systems[s];

                assert_int_equal(system->n_rows, system->n_places > 0 ? 3 * size : size);
                for (int64_t i = 0; i < system->n_rows * system->n_columns; i++) {
                    seen[system->map[i]]++;
                }
            }
            for (int64_t i = 0; i < part->width; i++) {
                assert_int_equal(seen[i], 1);
            }
        }
    }
    covary_model_destroy(&model);
}

/*
 * The plain kernel in body axes on all sites as frames of their own, [frames n_sites] rows; the
 * targets of a part in the axes of each site, minus their mean.
 */
static training_set all_sites(const covary_model *model, int p, const model_part *part,
                              const double *positions)
{
    const representation *in = model->representations[part->representation];
    const int             size = 2 * part->about.l + 1;
    site_batch           *sites = NULL;
    int64_t               bad;
    training_set          set = {.n = ALL * in->n_sites,
                                 .dimension = in->features->dimension,
                                 .width = size,
                                 .n_sites = 1,
                                 .n_rows = 1,
                                 .n_tensors = 1,
                                 .scale = 1.0};

    assert_int_equal(part->copies * part->n_sites, 1);
    assert_ok(site_batch_create(in, ALL, &sites));
    assert_ok(sites_evaluate(sites, ALL, positions, &bad));
    set.rows = test_numbers(set.n * set.dimension);
    set.targets = test_numbers(set.n * size);
    memcpy(set.rows, sites->rows, (size_t)(set.n * set.dimension) * sizeof(double));
    for (int64_t at = 0; at < set.n; at++) {
        const double *x = positions + WIDTH * (at / in->n_sites);
        oracle_values values;
        double        packed[9], wigner[81];

        oracle_evaluate(ATOMS, ammonia.species, x, 0.0, &values);
        property_pack(model->properties[p].of->kind, p == 0 ? values.dipole : values.polarizability,
                      packed);
        irrep_wigner(part->about, sites->vectors + 9 * at, wigner);
        for (int m = 0; m < size; m++) {
            set.targets[at * size + m] = -part->mean[m];
        }
        for (int m = 0; m < size * size; m++) {
            set.targets[at * size + m / size] += wigner[m] * packed[part->first + m % size];
        }
    }
    site_batch_destroy(&sites);
    return set;
}

/* Predictions of a part of property p from all images of the training frames, against a model. */
static void check_part_against_all_images(const covary_model *model, int p, const model_part *part,
                                          const double *positions)
{
    const property_kind  *kind = model->properties[p].of->kind;
    const linear_system  *system = &part->systems[0];
    const representation *in = model->representations[part->representation];
    training_set          set = all_sites(model, p, part, positions);
    const int64_t         n_train = TRAIN * in->n_sites;
    double               *weights = test_numbers(n_train * set.width), packed[KIND_MAX_PACKED];
    double               *made = predict_one(model, p, ALL, positions, NULL), largest = 0.0;

    assert_int_equal(covary_model_n_train(model), TRAIN);
    set.n = n_train;
    solve_by_elimination(&set, &system->of, system->ridge, weights);
    for (int frame = TRAIN; frame < ALL; frame++) {
        const int64_t row = (int64_t)frame * in->n_sites; /* the first site alone */
        double        expected[9] = {0.0}, turned[9] = {0.0}, wigner[81], rotation[9];
        site_batch   *sites = NULL;
        int64_t       bad;

        assert_ok(site_batch_create(in, 1, &sites));
        assert_ok(sites_evaluate(sites, 1, positions + WIDTH * frame, &bad));
        memcpy(rotation, sites_rotation(sites, 0), sizeof rotation);
        site_batch_destroy(&sites);
        for (int64_t col = 0; col < n_train; col++) {
            for (int64_t m = 0; m < set.width; m++) {
                expected[m] += (double)kernel_entry(&set, &system->of, row, col) *
                               weights[col * set.width + m];
            }
        }
        irrep_wigner(part->about, rotation, wigner);
        property_pack(kind, made + covary_model_n_values(model, p) * frame, packed);
        for (int64_t i = 0; i < set.width * set.width; i++) { /* what was predicted, in the axes */
            turned[i / set.width] += wigner[i] * packed[part->first + i % set.width];
        }
        for (int64_t m = 0; m < set.width; m++) {
            assert_near(turned[m] - part->mean[m], expected[m], 1e-10);
            largest = fmax(largest, fabs(expected[m]));
        }
    }
    assert_true(largest > 1e-2);
    free(made);
    free(weights);
    training_release(&set);
}

static void check_against_all_images(const covary_model *model, const double *positions)
{
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            check_part_against_all_images(model, p, &model->properties[p].parts[k], positions);
        }
    }
}

static void signs_as_a_group_are_all_images_of_the_signs(void **state)
{
    double       positions[WIDTH * ALL];
    model_recipe recipe = {.properties = of_molecule,
                           .basis = "inertia",
                           .signs = "group",
                           .scaling = "none",
                           .length = "1",
                           .ridge = "1e-2"};

    (void)state;
    draw_frames(0.08, positions);
    recipe.train = write_frames("once.xyz", positions, 1);
    for (int proper = 0; proper < 2; proper++) {
        recipe.handedness = proper == 1 ? "proper" : NULL;
        covary_model *model = recipe_fit(test_run(), &recipe);

        assert_int_equal(model->representations[0]->n_sites, proper == 1 ? 4 : 8);
        assert_int_equal(model->representations[0]->how, COUPLING_SIGNS);
        assert_int_equal(model->properties[0].parts[0].n_systems, 3);
        check_against_all_images(model, positions);
        covary_model_destroy(&model);
    }
}

/* With axes that turn when atoms are permuted; permutations of ammonia are partly reflections. */
static void eckart_with_permutations_is_all_permuted_frames(void **state)
{
    double       positions[WIDTH * ALL];
    model_recipe recipe = {.properties = of_molecule,
                           .basis = "eckart",
                           .reference = write_reference(),
                           .symmetry = PERMUTED,
                           .scaling = "none",
                           .length = "1",
                           .ridge = "1e-2"};

    (void)state;
    draw_frames(0.08, positions);
    recipe.train = write_frames("once.xyz", positions, 1);
    covary_model *model = recipe_fit(test_run(), &recipe);

    assert_int_equal(model->representations[0]->n_sites, IMAGES);
    assert_int_equal(model->representations[0]->how, COUPLING_FULL);
    check_against_all_images(model, positions);
    covary_model_destroy(&model);
}

/* Distances do not know the signs of axes, so nothing odd can be learned from them. */
static void odd_components_of_distances_alone_are_zero(void **state)
{
    double       positions[WIDTH * ALL];
    model_recipe recipe = {.properties = of_molecule,
                           .basis = "inertia",
                           .signs = "group",
                           .descriptor = "distances",
                           .length = "4",
                           .ridge = "1e-2"};

    (void)state;
    draw_frames(0.08, positions);
    recipe.train = write_frames("once.xyz", positions, 1);
    covary_model *model = recipe_fit(test_run(), &recipe);
    double       *dipoles = predict_one(model, 0, ALL, positions, NULL);

    for (int i = 0; i < 3 * ALL; i++) {
        assert_true(dipoles[i] == 0.0);
    }
    for (int k = 0; k < model->properties[1].n_parts; k++) {
        const model_part *part = &model->properties[1].parts[k];

        for (int s = 0; s < part->n_systems; s++) {
            const linear_system *system = &part->systems[s];
            double               largest = 0.0;

            for (int64_t c = 0; c < system->n_columns; c++) {
                largest = fmax(largest, system->norms[c]);
            }
            assert_true(largest > 0.0); /* of no use where odd, but learned where even */
        }
    }
    free(dipoles);
    covary_model_destroy(&model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(per_atom_properties_under_permutations_are_those_of_all_images),
    cmocka_unit_test(properties_under_permutations_are_those_of_all_images),
    cmocka_unit_test(without_permutations_predictions_differ),
    cmocka_unit_test(orbits_of_atoms_have_systems_of_their_own),
    cmocka_unit_test(signs_as_a_group_are_all_images_of_the_signs),
    cmocka_unit_test(eckart_with_permutations_is_all_permuted_frames),
    cmocka_unit_test(odd_components_of_distances_alone_are_zero),
};

TEST_MAIN(cases)
