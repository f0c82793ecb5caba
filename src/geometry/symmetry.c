/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From evidence to a group: rank 0 closes the permutations that were seen, the most often seen
 * first, and leaves out those with which the group would be larger than allowed.
 */
#include "geometry/symmetry.h"

#include "core/memory.h"
#include "core/status.h"
#include "geometry/bond_graph.h"
#include "geometry/symmetry_evidence.h"

#include <string.h>

enum { MAX_ORDER = 120, MAX_POWER = 64 };

/* The group so far, and what it is made from. */
typedef struct {
    int64_t            n_atoms;
    int                max_order;
    const uint8_t     *species;
    const int         *classes;
    const double      *typical; /* [n_atoms][3] a typical frame */
    permutation_group *group;
    int32_t           *images;   /* [group->n_generators + 1][n_atoms] */
    int32_t           *power;    /* [2][n_atoms] */
    int                left_out; /* permutations that were seen and left out */
    const int32_t     *first_left_out;
} closing;

/* Add one permutation to the generators unless the group gets too large; *added tells. */
static covary_status add_generator(closing *of, const int32_t *image, bool *added)
{
    covary_status      status = COVARY_OK;
    const int          n_old = of->group->n_generators;
    permutation_group *larger = NULL;

    COVARY_TRY(MEMORY_RESIZE("generators", (n_old + 1) * of->n_atoms, &of->images));
    memcpy(of->images, of->group->generators, (size_t)(n_old * of->n_atoms) * sizeof *of->images);
    memcpy(of->images + n_old * of->n_atoms, image, (size_t)of->n_atoms * sizeof *image);
    COVARY_TRY(permutation_group_generate(of->n_atoms, n_old + 1, of->images, of->max_order, added,
                                          &larger));
    if (*added) {
        permutation_group_destroy(&of->group);
        of->group = larger;
    }

done:
    return status;
}

/* The powers of a permutation that was too much: a simpler part of it may fit. */
static covary_status add_power(closing *of, const int32_t *image)
{
    covary_status status = COVARY_OK;
    int32_t      *power = of->power, *next = of->power + of->n_atoms;
    bool          added = false;

    memcpy(power, image, (size_t)of->n_atoms * sizeof *image);
    for (int k = 2; k <= MAX_POWER && !added; k++) {
        permutation_compose(of->n_atoms, power, image, next);
        memcpy(power, next, (size_t)of->n_atoms * sizeof *power);
        if (permutation_is_identity(of->n_atoms, power)) {
            break;
        }
        if (permutation_group_find(of->group, power) < 0) {
            COVARY_TRY(add_generator(of, power, &added));
        }
    }

done:
    return status;
}

static covary_status close_evidence(closing *of, const symmetry_evidence *evidence)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(permutation_group_identity(of->n_atoms, &of->group));
    COVARY_TRY(MEMORY_ALLOCATE("powers of a permutation", 2 * of->n_atoms, &of->power));
    for (int k = 0; k < evidence->count; k++) {
        const int32_t *image = evidence->images + k * of->n_atoms;
        bool           added = true;

        if (permutation_group_find(of->group, image) < 0) {
            COVARY_TRY(add_generator(of, image, &added));
        }
        if (!added) {
            COVARY_TRY(add_power(of, image));
        }
    }
    for (int k = 0; k < evidence->count; k++) {
        const int32_t *image = evidence->images + k * of->n_atoms;
        if (permutation_group_find(of->group, image) < 0) {
            of->first_left_out = of->left_out++ == 0 ? image : of->first_left_out;
        }
    }

done:
    return status;
}

/* ---- the report ---- */

static covary_status report_one(const closing *of, const int32_t *image, text *report)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(permutation_print(of->n_atoms, image, report));
    COVARY_TRY(text_add(report, ", "));
    COVARY_TRY(permutation_describe(of->n_atoms, image, of->species, of->typical, report));
    COVARY_TRY(text_add(report, "\n"));

done:
    return status;
}

/* What the bonds alone would allow, and an example that no frames realize. */
static covary_status report_bonds(const closing *of, text *report)
{
    covary_status status = COVARY_OK;
    bond_graph   *graph = NULL;
    int32_t      *generators = NULL;
    int           n_generators = 0, missing = -1;
    double        order = 1.0;
    bool          exhaustive = true;

    COVARY_TRY(bond_graph_create(of->n_atoms, of->species, of->classes, of->typical, &graph));
    COVARY_TRY(bond_graph_automorphisms(graph, &n_generators, &generators, &order, &exhaustive));
    for (int g = n_generators; g-- > 0;) {
        if (permutation_group_find(of->group, generators + g * of->n_atoms) < 0) {
            missing = g;
        }
    }
    if (missing >= 0) {
        COVARY_TRY(text_add(report,
                            "  The bonds of a typical frame allow %s%.0f; not realized by the "
                            "frames, for instance:\n    ",
                            exhaustive ? "" : "at least ", order));
        COVARY_TRY(report_one(of, generators + missing * of->n_atoms, report));
    }

done:
    MEMORY_RELEASE(&generators);
    bond_graph_destroy(&graph);
    return status;
}

static covary_status write_report(const closing *of, text *report)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(permutation_group_describe(of->group, of->species, of->typical, report));
    if (of->left_out > 0) {
        COVARY_TRY(text_add(report,
                            "  %d more that the frames realize would make a group of more than %d "
                            "and are left out (those seen least often), for instance:\n    ",
                            of->left_out, of->max_order));
        COVARY_TRY(report_one(of, of->first_left_out, report));
    } else {
        COVARY_TRY(report_bonds(of, report));
    }

done:
    return status;
}

/* ---- from rank 0 to all ---- */

static covary_status share_group(covary_run *run, permutation_group *decided, int64_t n_atoms,
                                 permutation_group **group)
{
    covary_status status = COVARY_OK;
    MPI_Comm      comm = covary_run_comm(run);
    int32_t      *generators = NULL;
    int           sizes[2] = {0, 0}, count = 0;

    if (decided != NULL) {
        sizes[0] = decided->n_generators;
        sizes[1] = decided->order;
    }
    MPI_Bcast(sizes, 2, MPI_INT, 0, comm);
    COVARY_TRY_TOGETHER(run, "symmetry",
                        MEMORY_ALLOCATE("generators", sizes[0] * n_atoms, &generators));
    COVARY_TRY(narrow_to_int("generators", sizes[0] * n_atoms, &count));
    if (decided != NULL) {
        memcpy(generators, decided->generators, (size_t)count * sizeof *generators);
    }
    MPI_Bcast(generators, count, MPI_INT32_T, 0, comm);
    COVARY_TRY_TOGETHER(
        run, "symmetry",
        permutation_group_generate(n_atoms, sizes[0], generators, sizes[1], NULL, group));

done:
    MEMORY_RELEASE(&generators);
    return status;
}

static covary_status share_report(covary_run *run, const text *written, text *report)
{
    covary_status status = COVARY_OK;
    char         *bytes = NULL;
    int           length = 0;

    COVARY_TRY_TOGETHER(run, "symmetry",
                        narrow_to_int("the report", (int64_t)written->length, &length));
    MPI_Bcast(&length, 1, MPI_INT, 0, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "symmetry", MEMORY_ALLOCATE("report", length, &bytes));
    if (covary_run_rank(run) == 0) {
        memcpy(bytes, written->data, (size_t)length);
    }
    MPI_Bcast(bytes, length, MPI_CHAR, 0, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "symmetry", text_add_bytes(report, bytes, (size_t)length));

done:
    MEMORY_RELEASE(&bytes);
    return status;
}

static covary_status decide(closing *of, const symmetry_evidence *evidence, text *written)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(close_evidence(of, evidence));
    COVARY_TRY(permutation_group_check(of->group, of->species, of->classes));
    COVARY_TRY(write_report(of, written));

done:
    return status;
}

covary_status symmetry_find(covary_run *run, int64_t n_local_frames, int64_t n_atoms,
                            const double *positions, const uint8_t *species, const int *classes,
                            const symmetry_options *options, permutation_group **group,
                            text *report)
{
    covary_status     status = COVARY_OK;
    frame_sample      sample = {0};
    symmetry_evidence evidence = {0};
    text              written = {0};
    closing           of = {.n_atoms = n_atoms,
                            .max_order =
                      options != NULL && options->max_order > 0 ? options->max_order : MAX_ORDER,
                            .species = species,
                            .classes = classes};

    *group = NULL;
    COVARY_TRY(frame_sample_choose(run, n_local_frames, n_atoms, positions, species, &sample));
    of.typical = sample.positions;
    COVARY_TRY(symmetry_evidence_gather(run, n_atoms, species, classes, &sample, &evidence));
    if (covary_run_rank(run) == 0) {
        status = decide(&of, &evidence, &written);
    }
    COVARY_TRY_TOGETHER(run, "symmetry", status);
    COVARY_TRY(share_group(run, of.group, n_atoms, group));
    if (report != NULL) {
        COVARY_TRY(share_report(run, &written, report));
    }

done:
    if (status != COVARY_OK) {
        permutation_group_destroy(group);
    }
    text_release(&written);
    permutation_group_destroy(&of.group);
    MEMORY_RELEASE(&of.images);
    MEMORY_RELEASE(&of.power);
    symmetry_evidence_release(&evidence);
    frame_sample_release(&sample);
    return status;
}
