/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sites of frames: images by permutations, mirror, signs and charts are what they say, turn with
 * the molecule, and make kernels that do not change under the operations they are averaged over.
 * The standard is the double sum over the sites of both frames in plain loops.   ranks: 1
 */
#include "molecules.h"
#include "support.h"

#include "model/systems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SITES = 128, MOST_TENSORS = 128, MOST_ROWS = 9 };

static const char *const axes_descriptors[] = {"cartesians", "distances"};
static const char *const free_descriptors[] = {"distances", "inverse-distances"};

static const irrep irreps[] = {{0, false}, {1, false}, {2, false}, {1, true}, {3, false}};

/* A way to describe a molecule. */
typedef struct {
    const molecule *of;
    const char     *basis;
    axes_signs      signs;
    bool            proper, symmetric;
    int             n_charts;
    bool            in_weights; /* inertia: weights that tell equivalent atoms apart */
} scheme;

static const char *name_of(scheme by)
{
    static char name[128];

    snprintf(name, sizeof name, "%s, %s%s%s%s, %d charts", by.of->name, by.basis,
             by.proper ? ", proper" : "", by.symmetric ? ", permuted" : "",
             by.signs == SIGNS_GROUP ? ", group of signs" : "", by.n_charts);
    return name;
}

/* Of equivalent atoms: hydrogens of ammonia and water, dichloroethane's exchange of ends. */
static permutation_group *group_of(const molecule *of)
{
    static const int32_t ammonia_images[] = {0, 2, 3, 1, 0, 2, 1, 3};
    static const int32_t water_images[] = {0, 2, 1};
    static const int32_t ends[] = {1, 0, 3, 2, 6, 7, 4, 5};
    permutation_group   *group = NULL;

    if (of == &ammonia) {
        assert_ok(permutation_group_generate(4, 2, ammonia_images, 6, NULL, &group));
    } else if (of == &water) {
        assert_ok(permutation_group_generate(3, 1, water_images, 2, NULL, &group));
    } else {
        assert_ok(permutation_group_generate(8, 1, ends, 2, NULL, &group));
    }
    return group;
}

typedef struct {
    model_molecule  about;
    representation *of;
} described;

static void make_axes(scheme by, const model_molecule *about, representation_settings *settings)
{
    double references[2 * 3 * MOLECULE_MAX_ATOMS], weights[MOLECULE_MAX_ATOMS];

    if (by.n_charts > 1) {
        memcpy(references, by.of->positions, sizeof by.of->positions);
        memcpy(references + 3 * by.of->n_atoms, by.of->positions, sizeof by.of->positions);
        dichloroethane_twist(2.0, references + 3 * by.of->n_atoms);
        assert_ok(charts_create(2, by.of->n_atoms, by.of->weights, references, !by.proper,
                                by.of->shape, NAN, false, &settings->charts));
        return;
    }
    assert_ok(axes_create(axes_find(by.basis), by.of->n_atoms, by.of->weights, about->reference,
                          !by.proper, &settings->rule));
    settings->rule->signs = by.signs;
    settings->rule->shape = by.of->shape;
    for (int64_t atom = 0; by.in_weights && atom < by.of->n_atoms; atom++) {
        weights[atom] = 1.0 + 0.5 * (double)atom;
    }
    if (by.in_weights) {
        assert_ok(axes_set_weights(settings->rule, weights));
    }
}

static described describe(scheme by)
{
    const bool              is_gram = strcmp(by.basis, "gram") == 0;
    described               made = {.about = {.n_atoms = by.of->n_atoms, .shape = by.of->shape}};
    representation_settings settings = {.basis = by.basis,
                                        .descriptors =
                                            is_gram ? free_descriptors : axes_descriptors,
                                        .n_descriptors = 2,
                                        .scaling = "none",
                                        .symmetric = by.symmetric};

    made.about.species = (uint8_t *)(uintptr_t)by.of->species;
    made.about.masses = (double *)(uintptr_t)by.of->weights;
    made.about.reference = (double *)(uintptr_t)by.of->positions;
    made.about.group = group_of(by.of);
    if (!is_gram) {
        make_axes(by, &made.about, &settings);
    }
    /* the molecule must stay where it is, so the caller keeps what this points to */
    model_molecule *kept = malloc(sizeof *kept);

    assert_non_null(kept);
    *kept = made.about;
    assert_ok(representation_create(kept, settings, &made.of));
    assert_true(made.of->n_sites <= MOST_SITES);
    return made;
}

static void release(described *released)
{
    model_molecule *kept = (model_molecule *)(uintptr_t)released->of->of;

    representation_destroy(&released->of);
    permutation_group_destroy(&kept->group);
    free(kept);
}

static site_batch *sites_of(const representation *of, const double *positions)
{
    site_batch *made = NULL;
    int64_t     bad = 0;

    assert_ok(site_batch_create(of, 1, &made));
    assert_ok(sites_evaluate(made, 1, positions, &bad));
    return made;
}

/* A shaken molecule, moved by q if there is one. */
static void draw(test_random *stream, const molecule *of, const double *q, double *positions)
{
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const double        shift[3] = {test_normal(stream), 1.0, -2.0};
    double              shaken[3 * MOLECULE_MAX_ATOMS];

    molecule_shake(stream, of, 0.05, shaken);
    molecule_move(of->n_atoms, q == NULL ? identity : q, shift, shaken, positions);
}

static void permute(const representation *of, int element, const double *from, double *to)
{
    permutation_apply(of->of->n_atoms, permutation_group_image(of->of->group, element), 3, from,
                      to);
}

static const scheme schemes[] = {
    {&ammonia, "gram", SIGNS_MATCHED, false, true, 1, false},
    {&ammonia, "gram", SIGNS_MATCHED, false, false, 1, false},
    {&ammonia, "eckart", SIGNS_MATCHED, false, true, 1, false},
    {&ammonia, "eckart", SIGNS_MATCHED, true, true, 1, false},
    {&ammonia, "eckart", SIGNS_MATCHED, false, false, 1, false},
    {&water, "gram", SIGNS_MATCHED, false, true, 1, false},
    {&water, "eckart", SIGNS_MATCHED, false, true, 1, false},
    {&water, "inertia", SIGNS_GROUP, false, true, 1, false},
    {&dichloroethane, "gram", SIGNS_MATCHED, false, true, 1, false},
    {&dichloroethane, "eckart", SIGNS_MATCHED, true, true, 1, false},
    {&dichloroethane, "eckart", SIGNS_MATCHED, false, true, 2, false},
    {&dichloroethane, "eckart", SIGNS_MATCHED, true, false, 2, false},
    {&dichloroethane, "eckart", SIGNS_MATCHED, true, true, 2, false},
    {&dichloroethane, "inertia", SIGNS_MATCHED, false, true, 1, false},
    {&dichloroethane, "inertia", SIGNS_GROUP, false, false, 1, false},
    {&dichloroethane, "inertia", SIGNS_GROUP, false, true, 1, false},
    {&dichloroethane, "inertia", SIGNS_GROUP, true, false, 1, false},
    {&dichloroethane, "inertia", SIGNS_GROUP, true, true, 1, false},
    {&dichloroethane, "inertia", SIGNS_GROUP, false, true, 1, true},
};

enum { N_SCHEMES = sizeof schemes / sizeof schemes[0] };

static void counts_and_one_sidedness_follow_from_the_images(void **state)
{
    /* permutations x mirrors x signs x charts; is one sum enough? */
    static const struct {
        int  n_sites;
        bool one_sided;
    } expected[N_SCHEMES] = {
        {6, true}, {1, true},  {6, false}, {12, false}, {1, true},   {2, true},  {2, false},
        {8, true}, {2, true},  {4, false}, {4, false},  {2, false},  {8, false}, {2, false},
        {8, true}, {16, true}, {4, true},  {16, false}, {16, false},
    };

    (void)state;
    for (int k = 0; k < N_SCHEMES; k++) {
        described made = describe(schemes[k]);

        if (made.of->n_sites != expected[k].n_sites ||
            made.of->one_sided != expected[k].one_sided) {
            fail_msg("%s: %d sites, one-sided %d", name_of(schemes[k]), made.of->n_sites,
                     (int)made.of->one_sided);
        }
        assert_int_equal(representation_train_sites(made.of),
                         expected[k].one_sided ? 1 : expected[k].n_sites);
        assert_true((made.of->classes != NULL) == (schemes[k].n_charts > 1));
        for (int site = 0; made.of->classes != NULL && site < made.of->n_sites; site++) {
            assert_int_equal(made.of->classes[site], site / (made.of->n_sites / 2));
        }
        release(&made);
    }
}

/* Site (chart, k, ...) of pi_j X is site (chart, pi_k pi_j, ...) of X. */
static void sites_of_permuted_frames_are_permuted(void **state)
{
    test_random stream = {31};
    double      x[3 * MOLECULE_MAX_ATOMS], permuted[3 * MOLECULE_MAX_ATOMS];

    (void)state;
    for (int scheme_at = 0; scheme_at < N_SCHEMES; scheme_at++) {
        described             made = describe(schemes[scheme_at]);
        const representation *of = made.of;
        const int             inner = of->n_mirrors * of->n_signs;
        const int64_t         dimension = of->features->dimension, n = 3 * of->n_vectors;

        draw(&stream, schemes[scheme_at].of, NULL, x);
        site_batch *here = sites_of(of, x);

        for (int j = 0; of->symmetric && j < of->of->group->order; j++) {
            permute(of, j, x, permuted);
            site_batch *there = sites_of(of, permuted);

            for (int site = 0; site < of->n_sites; site++) {
                const int outer = site / inner, k = outer % of->n_permutations;
                int32_t   both[MOLECULE_MAX_ATOMS];

                permutation_compose(of->of->n_atoms, permutation_group_image(of->of->group, k),
                                    permutation_group_image(of->of->group, j), both);
                const int found = permutation_group_find(of->of->group, both);
                const int same = (outer - k + found) * inner + site % inner;

                assert_true(found >= 0);
                assert_true(largest_difference(dimension, there->rows + site * dimension,
                                               here->rows + same * dimension) < 1e-11);
                assert_true(largest_difference(n, there->vectors + site * n,
                                               here->vectors + same * n) < 1e-11);
                assert_near(there->amplitudes[site], here->amplitudes[same], 1e-12);
            }
            site_batch_destroy(&there);
        }
        site_batch_destroy(&here);
        release(&made);
    }
}

/* What sites are made of, one by one: the pose of the (mirrored) image, then the signs. */
static void sites_are_the_poses_of_the_images(void **state)
{
    test_random stream = {32};
    double      x[3 * MOLECULE_MAX_ATOMS], image[3 * MOLECULE_MAX_ATOMS];

    (void)state;
    for (int scheme_at = 0; scheme_at < N_SCHEMES; scheme_at++) {
        described             made = describe(schemes[scheme_at]);
        const representation *of = made.of;
        const int64_t         n_numbers = 3 * of->of->n_atoms;

        draw(&stream, schemes[scheme_at].of, NULL, x);
        site_batch *sites = sites_of(of, x);

        for (int site = 0; representation_axes(of) != NULL && site < of->n_sites; site++) {
            const int   s = site % of->n_signs, mirror = site / of->n_signs % of->n_mirrors;
            const int   k = site / of->n_signs / of->n_mirrors % of->n_permutations;
            const int   chart = site / (of->n_sites / of->n_charts);
            const axes *rule = of->charts != NULL ? of->charts->rules[chart] : of->rule;
            pose        at;

            permute(of, k, x, image);
            for (int i = 0; i < n_numbers; i++) {
                image[i] *= mirror == 1 ? -1.0 : 1.0;
            }
            assert_ok(axes_pose(rule, image, &at));
            for (int i = 0; i < 9; i++) {
                assert_near(sites->vectors[9 * site + i],
                            (mirror == 1 ? -1.0 : 1.0) * of->signs[s][i / 3] * at.rotation[i],
                            1e-14);
            }
            for (int i = 0; i < n_numbers; i++) {
                double at_body = 0.0;

                for (int c = 0; c < 3; c++) {
                    at_body += at.rotation[3 * (i % 3) + c] * (image[i / 3 * 3 + c] - at.centre[c]);
                }
                assert_near(sites->body[n_numbers * site + i], of->signs[s][i % 3] * at_body,
                            1e-12);
            }
        }
        assert_true(sites->margin[0] > 0.0 && sites->margin[0] <= 1.0);
        site_batch_destroy(&sites);
        release(&made);
    }
}

static void amplitudes_of_charts_share_one_frame(void **state)
{
    test_random stream = {33};
    described   made = describe(schemes[12]);
    double      x[24];

    (void)state;
    for (int frame = 0; frame < 20; frame++) {
        const representation *of = made.of;
        const int             per_chart = of->n_sites / 2;

        draw(&stream, &dichloroethane, NULL, x);
        dichloroethane_twist(0.3 * frame, x);
        site_batch *sites = sites_of(of, x);

        for (int site = 0; site < per_chart; site++) {
            const double a = sites->amplitudes[site], b = sites->amplitudes[site + per_chart];

            assert_near(a * a + b * b, 1.0, 1e-14);
        }
        site_batch_destroy(&sites);
    }
    release(&made);
}

/* The block of two frames by its definition, over all pairs of sites, [2l+1][2l+1]. */
static void block_by_hand(const site_batch *a, const site_batch *b, irrep about, double length,
                          double *block)
{
    const representation *of = a->of;
    const int             size = 2 * about.l + 1;
    const int64_t         dimension = of->features->dimension;
    const int64_t         n = representation_n_tensors(of, about);
    double                phi[MOST_ROWS * MOST_TENSORS], psi[MOST_ROWS * MOST_TENSORS];

    assert_true(n <= MOST_TENSORS);
    memset(block, 0, (size_t)(size * size) * sizeof *block);
    for (int i = 0; i < of->n_sites; i++) {
        sites_tensors(a, 0, i, about, phi);
        for (int j = 0; j < of->n_sites; j++) {
            double squared = 0.0;

            if (of->classes != NULL && of->classes[i] != of->classes[j]) {
                continue;
            }
            sites_tensors(b, 0, j, about, psi);
            for (int64_t d = 0; d < dimension; d++) {
                const double gap = a->rows[i * dimension + d] - b->rows[j * dimension + d];
                squared += gap * gap;
            }
            const double k = exp(-squared / (2.0 * length * length));

            for (int m = 0; m < size * size; m++) {
                for (int64_t t = 0; t < n; t++) {
                    block[m] += k * phi[m / size * n + t] * psi[m % size * n + t];
                }
            }
        }
    }
}

/* By the systems of a part and the kernel that solvers and predictions see. */
static void block_by_kernel(const site_batch *a, const site_batch *b, irrep about, double length,
                            double *block)
{
    representation *of = (representation *)(uintptr_t)a->of;
    const coupling  how = of->how;
    model_part      part = {.about = about, .copies = 1, .n_sites = 1, .width = 2 * about.l + 1};
    kernel          gaussian;
    double         *phi, *psi, *scratch;

    of->how = COUPLING_FULL; /* the other ways are this one in other axes */
    assert_ok(kernel_parse("gaussian", 0, &gaussian));
    gaussian.length = length;
    assert_ok(part_set_systems(&part, of, &gaussian));
    assert_int_equal(part.n_systems, 1);
    const linear_system   *system = &part.systems[0];
    const covariant_kernel by = system_kernel(system, of);
    const size_t           n = (size_t)(of->n_sites * system->n_rows * system->n_tensors);
    covariant_frames       rows = {1, a->rows, NULL}, columns = {1, b->rows, NULL};

    phi = calloc(n, sizeof *phi);
    psi = calloc(n, sizeof *psi);
    scratch = calloc((size_t)part_scratch(&part, of), sizeof *scratch);
    assert_true(phi != NULL && psi != NULL && scratch != NULL);
    if (system_has_tensors(&part, system, of)) {
        system_tensors(&part, system, a, 0, scratch, phi);
        system_tensors(&part, system, b, 0, scratch, psi);
        rows.tensors = phi;
        columns.tensors = psi;
    }
    assert_ok(covariant_tile(&by, &rows, &columns, block));
    free(scratch);
    free(psi);
    free(phi);
    part_release(&part);
    of->how = how;
}

static double largest(int64_t count, const double *numbers)
{
    const double zeros[MOST_ROWS * MOST_ROWS] = {0.0};

    return largest_difference(count, numbers, zeros);
}

/* The kernel between two frames is the double sum; where it is one-sided, one sum is as good. */
static void kernels_are_the_double_sum(void **state)
{
    test_random stream = {34};
    double      x[24], y[24], by_hand[MOST_ROWS * MOST_ROWS], made_block[MOST_ROWS * MOST_ROWS];

    (void)state;
    for (int scheme_at = 0; scheme_at < N_SCHEMES; scheme_at++) {
        described made = describe(schemes[scheme_at]);

        draw(&stream, schemes[scheme_at].of, NULL, x);
        draw(&stream, schemes[scheme_at].of, NULL, y);
        site_batch *a = sites_of(made.of, x), *b = sites_of(made.of, y);

        for (size_t k = 0; k < sizeof irreps / sizeof irreps[0]; k++) {
            const int    size = 2 * irreps[k].l + 1, n = size * size;
            const double one_sum = made.of->one_sided ? made.of->n_sites : 1.0;
            const double factor = representation_scale(made.of, irreps[k]) / one_sum;

            block_by_hand(a, b, irreps[k], 1.0, by_hand);
            block_by_kernel(a, b, irreps[k], 1.0, made_block);
            for (int i = 0; i < n; i++) {
                by_hand[i] *= factor;
            }
            if (largest_difference(n, by_hand, made_block) > 1e-12 * (1.0 + largest(n, by_hand))) {
                fail_msg("%s, l = %d: off by %g of %g", name_of(schemes[scheme_at]), irreps[k].l,
                         largest_difference(n, by_hand, made_block), largest(n, by_hand));
            }
        }
        site_batch_destroy(&b);
        site_batch_destroy(&a);
        release(&made);
    }
}

/* The claim of one_sided cannot be made of axes that one of several equivalent atoms decides. */
static void one_sum_is_not_enough_without_invariance(void **state)
{
    static const int two_sided[] = {9, 10, 18};
    test_random      stream = {35};
    double           x[24], y[24], all[9], one[9];

    (void)state;
    for (int k = 0; k < 3; k++) {
        described made = describe(schemes[two_sided[k]]);

        draw(&stream, schemes[two_sided[k]].of, NULL, x);
        draw(&stream, schemes[two_sided[k]].of, NULL, y);
        site_batch *a = sites_of(made.of, x), *b = sites_of(made.of, y);

        assert_false(made.of->one_sided);
        block_by_kernel(a, b, irreps[1], 1.0, all);
        made.of->one_sided = true;
        block_by_kernel(a, b, irreps[1], 1.0, one);
        assert_true(largest_difference(9, all, one) > 1e-6 * largest(9, all));
        site_batch_destroy(&b);
        site_batch_destroy(&a);
        release(&made);
    }
}

/* K(Q pi X, X') = D(Q) K(X, X'), reflections where improper axes or mirror images allow them. */
static void kernels_turn_with_their_first_frame(void **state)
{
    test_random stream = {36};
    double      x[24], y[24], moved[24], permuted[24], q[9], d[MOST_ROWS * MOST_ROWS];
    double      before[MOST_ROWS * MOST_ROWS], after[MOST_ROWS * MOST_ROWS];

    (void)state;
    for (int trial = 0; trial < 4 * N_SCHEMES; trial++) {
        const scheme by = schemes[trial / 4];
        described    made = describe(by);
        const bool   mirrors = !by.proper || made.of->n_mirrors == 2;

        test_rotation(&stream, mirrors && trial % 2 == 1, q);
        draw(&stream, by.of, NULL, x);
        draw(&stream, by.of, NULL, y);
        permute(made.of, by.symmetric ? trial % made.of->of->group->order : 0, x, permuted);
        molecule_move(by.of->n_atoms, q, (double[]){0.3, 1.0, -2.0}, permuted, moved);
        site_batch *a = sites_of(made.of, x), *b = sites_of(made.of, y);
        site_batch *turned = sites_of(made.of, moved);

        for (size_t k = 0; k < sizeof irreps / sizeof irreps[0]; k++) {
            const int size = 2 * irreps[k].l + 1;

            block_by_kernel(a, b, irreps[k], 1.0, before);
            block_by_kernel(turned, b, irreps[k], 1.0, after);
            irrep_wigner(irreps[k], q, d);
            for (int i = 0; i < size * size; i++) {
                for (int m = 0; m < size; m++) {
                    after[i] -= d[i / size * size + m] * before[m * size + i % size];
                }
            }
            if (largest(size * size, after) > 1e-11 * (1.0 + largest(size * size, before))) {
                fail_msg("%s, l = %d%s: off by %g of %g", name_of(by), irreps[k].l,
                         irreps[k].pseudo ? " pseudo" : "", largest(size * size, after),
                         largest(size * size, before));
            }
        }
        site_batch_destroy(&turned);
        site_batch_destroy(&b);
        site_batch_destroy(&a);
        release(&made);
    }
}

static void cartesians_need_axes(void **state)
{
    permutation_group            *group = group_of(&water);
    const model_molecule          about = {.n_atoms = 3,
                                           .species = (uint8_t *)(uintptr_t)water.species,
                                           .masses = (double *)(uintptr_t)water.weights,
                                           .reference = (double *)(uintptr_t)water.positions,
                                           .shape = SHAPE_PLANAR,
                                           .group = group};
    const representation_settings settings = {
        .basis = "gram", .descriptors = axes_descriptors, .n_descriptors = 2, .scaling = "none"};
    representation *made = (representation *)-1;

    (void)state;
    assert_int_equal(representation_create(&about, settings, &made), COVARY_ERR_CONFIG);
    assert_null(made);
    assert_message("cartesians");
    assert_message("gram");
    permutation_group_destroy(&group);
}

/* A pseudoscalar takes three vectors: two atoms have a tensor that is 0, not none. */
static void too_few_atoms_have_a_tensor_of_zeros(void **state)
{
    static const irrep            pseudoscalar = {0, true};
    static double                 positions[6] = {0.0, 0.0, 0.0, 0.3, 0.4, 0.5};
    static double                 masses[2] = {1.0, 1.0};
    static uint8_t                species[2] = {1, 1};
    static const int32_t          same[] = {0, 1};
    permutation_group            *group = NULL;
    representation               *made = NULL;
    const representation_settings settings = {
        .basis = "gram", .descriptors = free_descriptors, .n_descriptors = 2, .scaling = "none"};
    double phi[1] = {7.0};

    (void)state;
    assert_ok(permutation_group_generate(2, 1, same, 1, NULL, &group));
    const model_molecule about = {.n_atoms = 2,
                                  .shape = SHAPE_LINEAR,
                                  .species = species,
                                  .masses = masses,
                                  .reference = positions,
                                  .group = group};
    assert_ok(representation_create(&about, settings, &made));
    site_batch *sites = sites_of(made, positions);
    assert_int_equal(representation_n_tensors(made, pseudoscalar), 1);
    sites_tensors(sites, 0, 0, pseudoscalar, phi);
    assert_true(phi[0] == 0.0);
    site_batch_destroy(&sites);
    representation_destroy(&made);
    permutation_group_destroy(&group);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(counts_and_one_sidedness_follow_from_the_images),
    cmocka_unit_test(sites_of_permuted_frames_are_permuted),
    cmocka_unit_test(sites_are_the_poses_of_the_images),
    cmocka_unit_test(amplitudes_of_charts_share_one_frame),
    cmocka_unit_test(kernels_are_the_double_sum),
    cmocka_unit_test(one_sum_is_not_enough_without_invariance),
    cmocka_unit_test(kernels_turn_with_their_first_frame),
    cmocka_unit_test(cartesians_need_axes),
    cmocka_unit_test(too_few_atoms_have_a_tensor_of_zeros),
};

TEST_MAIN(cases)
