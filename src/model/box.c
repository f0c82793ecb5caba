/* SPDX-License-Identifier: BSD-3-Clause */
/* Molecules of a box: found by rank 0, shared with all, gathered from every frame. */
#include "model/box.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/mix_bits.h"
#include "core/status.h"
#include "core/text.h"
#include "trajectory/formula.h"

#include <string.h>

void box_destroy(box **released)
{
    if (released == NULL || *released == NULL) {
        return;
    }
    MEMORY_RELEASE(&(*released)->species);
    molecule_list_destroy(&(*released)->molecules);
    MEMORY_RELEASE(released);
}

/* Dipoles that refer to the molecule itself are the same in every image. */
static covary_status check_origins(const covary_model *model)
{
    for (int p = 0; p < model->n_properties; p++) {
        const property *of = model->properties[p].of;
        if (of->shift != 0.0 && of->origin == ORIGIN_POINT) {
            return COVARY_FAIL(
                COVARY_ERR_CONFIG,
                "%s: the dipole of a charged molecule refers to a point in space, so "
                "it is not defined in a periodic box; fit it with the origin "
                "center-of-mass",
                of->name);
        }
    }
    return COVARY_OK;
}

bool box_is_wanted(const covary_model *model, const covary_input_options *options)
{
    const covary_molecules said = options == NULL ? COVARY_MOLECULES_OF_MODEL : options->molecules;

    return said == COVARY_MOLECULES_OF_MODEL ? model->boxes : said == COVARY_MOLECULES_AUTO;
}

void box_log_choice(covary_run *run, const covary_model *model, const covary_input_options *options)
{
    const bool asked = options != NULL && options->molecules != COVARY_MOLECULES_OF_MODEL;
    const bool wanted = box_is_wanted(model, options);

    if (wanted || model->boxes) {
        log_write(run, LOG_INFO, "frames are taken as %s, %s",
                  wanted ? "boxes of molecules" : "the molecule alone",
                  !asked         ? "as the model's configuration says (molecules: auto)"
                  : model->boxes ? "as asked for; the model's configuration says molecules: auto"
                                 : "as asked for; the model's configuration says molecules: none");
    }
}

static covary_status fail_without_molecules(const model_molecule *wanted, const trajectory *from,
                                            const char *others)
{
    covary_status status = COVARY_OK;
    text          formula = {0};
    const char   *path;
    int64_t       frame;

    COVARY_TRY(formula_add(wanted->n_atoms, wanted->species, &formula));
    trajectory_locate(from, 0, &path, &frame);
    status = COVARY_FAIL(COVARY_ERR_DATA,
                         "%s, frame %lld: none of the molecules is the model's (%s); by their "
                         "bonds there are %s; frames of one molecule, whatever its bonds, are "
                         "predicted with --molecules none",
                         path, (long long)frame, formula.data, others);
done:
    text_release(&formula);
    return status;
}

/* Rank 0: the molecules of the first frame. */
static covary_status find_here(covary_run *run, const model_molecule *wanted, trajectory *from,
                               const topology *about, box *made)
{
    covary_status status = COVARY_OK;
    frames       *first = NULL;
    text          others = {0};
    lattice       periodic;
    molecule_box  in = {.periodic = &periodic};

    COVARY_TRY(frames_create(1, trajectory_max_atoms(from), &first));
    COVARY_TRY(trajectory_read(from, 0, 1, first));
    made->n_atoms = in.n_atoms = frames_n_atoms(first, 0);
    in.species = frames_species(first, 0);
    in.positions = frames_positions(first, 0);
    COVARY_TRY(MEMORY_ALLOCATE("elements of a box", made->n_atoms, &made->species));
    memcpy(made->species, in.species, (size_t)made->n_atoms);
    if (about != NULL && about->bonded && about->n_atoms == in.n_atoms) {
        in.n_bonds = about->n_bonds;
        in.bonds = about->bonds;
    }
    COVARY_TRY(lattice_create(first->cell, first->periodic[0], &periodic));
    COVARY_TRY(molecules_find(wanted->n_atoms, wanted->species, wanted->reference, &in, &others,
                              &made->molecules));
    if (made->molecules->n_molecules == 0) {
        COVARY_TRY(fail_without_molecules(wanted, from, others.data));
    }
    log_write(run, LOG_INFO, "%lld molecules in every frame are predicted%s%s",
              (long long)made->molecules->n_molecules, others.length > 0 ? ", left alone: " : "",
              others.length > 0 ? others.data : "");
done:
    text_release(&others);
    frames_destroy(&first);
    return status;
}

static covary_status share(covary_run *run, box *made)
{
    covary_status  status = COVARY_OK;
    const bool     root = covary_run_rank(run) == 0;
    MPI_Comm       comm = covary_run_comm(run);
    int64_t        sizes[3] = {0};
    int            counts[2];
    molecule_list *list = made->molecules;

    if (root) {
        sizes[0] = made->n_atoms;
        sizes[1] = list->n_atoms;
        sizes[2] = list->n_molecules;
    }
    MPI_Bcast(sizes, 3, MPI_INT64_T, 0, comm);
    if (!root) {
        made->n_atoms = sizes[0];
        status = MEMORY_ALLOCATE("elements of a box", sizes[0], &made->species);
        status = status == COVARY_OK ? molecule_list_create(sizes[1], sizes[2], &made->molecules)
                                     : status;
        list = made->molecules;
    }
    COVARY_TRY_TOGETHER(run, "share the molecules of a box", status);
    COVARY_TRY(narrow_to_int("atoms of a box", sizes[0], &counts[0]));
    COVARY_TRY(narrow_to_int("atoms of molecules", sizes[1] * sizes[2], &counts[1]));
    MPI_Bcast(made->species, counts[0], MPI_UINT8_T, 0, comm);
    MPI_Bcast(list->atoms, counts[1], MPI_INT64_T, 0, comm);
    MPI_Bcast(list->order, (int)sizes[1], MPI_INT32_T, 0, comm);
    MPI_Bcast(list->parent, (int)sizes[1], MPI_INT32_T, 0, comm);
done:
    return status;
}

covary_status box_find(covary_run *run, const covary_model *model, trajectory *from,
                       const topology *about, box **out)
{
    covary_status status = COVARY_OK;
    box          *made = NULL;

    status = MEMORY_ALLOCATE("box", 1, &made);
    status = status == COVARY_OK ? check_origins(model) : status;
    if (status == COVARY_OK && covary_run_rank(run) == 0) {
        status = find_here(run, &model->about, from, about, made);
    }
    COVARY_TRY_TOGETHER(run, "find the molecules of a box", status);
    COVARY_TRY(share(run, made));
    *out = made;
    made = NULL;
done:
    box_destroy(&made);
    return status;
}

covary_status box_gather(const box *of, const frames *batch, const trajectory *from, double *whole)
{
    covary_status        status = COVARY_OK;
    const molecule_list *list = of->molecules;
    const int64_t        stride = 3 * list->n_molecules * list->n_atoms;

    for (int64_t f = 0; f < batch->n_frames; f++) {
        lattice periodic;
        status = lattice_create(batch->cell + 9 * f, batch->periodic[f], &periodic);
        if (status != COVARY_OK) {
            const char *path;
            int64_t     in_file;
            trajectory_locate(from, batch->first + f, &path, &in_file);
            covary_record_context("%s, frame %lld", path, (long long)in_file);
            return status;
        }
        molecules_gather(list, &periodic, 0, list->n_molecules, frames_positions(batch, f),
                         whole + f * stride);
    }
    return status;
}

uint64_t box_hash(const box *of)
{
    uint64_t hash = (uint64_t)of->n_atoms;

    for (int64_t i = 0; i < of->molecules->n_molecules * of->molecules->n_atoms; i++) {
        hash = mix_bits(hash ^ (uint64_t)of->molecules->atoms[i]) + 1;
    }
    return hash;
}
