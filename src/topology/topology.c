/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading topologies: rank 0 finds the format, reads a draft and works out elements and molecules;
 * the others get the result.
 */
#include "trajectory/topology.h"

#include "core/disjoint_sets.h"
#include "core/memory.h"
#include "core/status.h"
#include "trajectory/elements.h"
#include "topology/topology_format.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 4096 };

static const topology_ops *const registry[] = {&topology_pdb, &topology_gro, &topology_psf,
                                               &topology_extxyz, NULL};

static bool has_extension(const char *path, const topology_ops *format)
{
    const char *dot = strrchr(path, '.');

    for (int i = 0; dot != NULL && format->extensions[i] != NULL; i++) {
        if (strcasecmp(dot + 1, format->extensions[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* By the first bytes, else by the name. */
static covary_status find_format(const char *path, const char *head, size_t length,
                                 const topology_ops **found)
{
    for (int i = 0; registry[i] != NULL; i++) {
        if (registry[i]->probe(head, length)) {
            *found = registry[i];
            return COVARY_OK;
        }
    }
    for (int i = 0; registry[i] != NULL; i++) {
        if (has_extension(path, registry[i])) {
            *found = registry[i];
            return COVARY_OK;
        }
    }
    return COVARY_FAIL(COVARY_ERR_FORMAT,
                       "'%s' is no topology that is known: give PDB, GRO, PSF or extended XYZ",
                       path);
}

static covary_status examine(const char *path, int64_t *bytes, const topology_ops **format)
{
    covary_status status = COVARY_OK;
    char          head[HEAD_BYTES];
    struct stat   about;
    int64_t       length = 0;
    int           descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0 || fstat(descriptor, &about) != 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "cannot open topology '%s': %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(about.st_mode)) {
        status = COVARY_FAIL(COVARY_ERR_IO, "'%s' is no regular file", path);
        goto done;
    }
    *bytes = about.st_size;
    COVARY_TRY(line_reader_fetch(path, descriptor, head, HEAD_BYTES, 0, &length));
    COVARY_TRY(find_format(path, head, (size_t)length, format));
done:
    if (descriptor >= 0) {
        close(descriptor);
    }
    return status;
}

/* Arrays for what the counts say. */
static covary_status reserve(topology *made, bool charges)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("elements", made->n_atoms, &made->species));
    COVARY_TRY(MEMORY_ALLOCATE("masses", made->n_atoms, &made->masses));
    COVARY_TRY(MEMORY_ALLOCATE("molecules of atoms", made->n_atoms, &made->molecule_of));
    COVARY_TRY(MEMORY_ALLOCATE("bonds", 2 * made->n_bonds, &made->bonds));
    if (charges) {
        COVARY_TRY(MEMORY_ALLOCATE("charges", made->n_atoms, &made->charges));
    }
done:
    return status;
}

/* Has every atom that shares its residue with another a bond? */
static covary_status judge_bonds(const topology_draft *draft, topology *made)
{
    covary_status status = COVARY_OK;
    bool         *has_bond = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("bonded atoms", made->n_atoms, &has_bond));
    for (int64_t i = 0; i < 2 * made->n_bonds; i++) {
        has_bond[made->bonds[i]] = true;
    }
    made->bonded = made->n_bonds > 0;
    for (int64_t a = 0; a < made->n_atoms && made->bonded; a++) {
        const draft_atom *atom = &draft->atoms[a];
        const bool        before = a > 0 && atom[-1].residue_index == atom->residue_index;
        const bool behind = a + 1 < made->n_atoms && atom[1].residue_index == atom->residue_index;
        made->bonded = has_bond[a] || (!before && !behind);
    }
done:
    MEMORY_RELEASE(&has_bond);
    return status;
}

/* Numbers of the molecules, in the order of their first atoms. */
static void find_molecules(const topology_draft *draft, topology *made)
{
    int64_t *const of = made->molecule_of;

    disjoint_sets_start(made->n_atoms, of);
    for (int64_t b = 0; b < made->n_bonds; b++) {
        disjoint_sets_join(of, made->bonds[2 * b], made->bonds[2 * b + 1]);
    }
    for (int64_t a = 1; a < made->n_atoms && !made->bonded; a++) {
        if (draft->atoms[a].residue_index == draft->atoms[a - 1].residue_index) {
            disjoint_sets_join(of, a - 1, a);
        }
    }
    made->n_molecules = disjoint_sets_number(made->n_atoms, of);
}

static covary_status settle(const topology_draft *draft, topology *made)
{
    covary_status status = COVARY_OK;
    bool          charges = true;

    made->n_atoms = draft->n_atoms;
    made->n_bonds = draft->n_bonds;
    made->periodic = draft->periodic;
    memcpy(made->cell, draft->cell, sizeof made->cell);
    for (int64_t a = 0; a < draft->n_atoms; a++) {
        charges = charges && !isnan(draft->atoms[a].charge);
    }
    COVARY_TRY(reserve(made, charges));
    for (int64_t a = 0; a < draft->n_atoms; a++) {
        const draft_atom *atom = &draft->atoms[a];
        COVARY_TRY(topology_element(draft, atom, &made->species[a]));
        made->masses[a] = isnan(atom->mass) ? element_mass(made->species[a]) : atom->mass;
        if (charges) {
            made->charges[a] = atom->charge;
        }
    }
    for (int64_t i = 0; i < 2 * draft->n_bonds; i++) {
        made->bonds[i] = draft->bonds[i];
    }
    COVARY_TRY(judge_bonds(draft, made));
    find_molecules(draft, made);
done:
    return status;
}

static covary_status read_here(const char *path, topology *made)
{
    covary_status       status = COVARY_OK;
    const topology_ops *format = NULL;
    topology_draft      draft = {.path = path};

    COVARY_TRY(examine(path, &draft.bytes, &format));
    COVARY_TRY(format->parse(&draft));
    COVARY_TRY(settle(&draft, made));
done:
    draft_release(&draft);
    return status;
}

/* Arrays of rank 0 to all, in parts that MPI can count. */
static void broadcast(covary_run *run, void *block, int64_t bytes)
{
    const int64_t part = 1 << 30;

    for (int64_t at = 0; at < bytes; at += part) {
        MPI_Bcast((char *)block + at, (int)(bytes - at < part ? bytes - at : part), MPI_BYTE, 0,
                  covary_run_comm(run));
    }
}

static covary_status share(covary_run *run, topology *made)
{
    covary_status status = COVARY_OK;
    int64_t       counts[] = {made->n_atoms, made->n_bonds,         made->n_molecules,
                              made->bonded,  made->charges != NULL, made->periodic};

    MPI_Bcast(counts, (int)(sizeof counts / sizeof counts[0]), MPI_INT64_T, 0,
              covary_run_comm(run));
    if (covary_run_rank(run) != 0) {
        made->n_atoms = counts[0];
        made->n_bonds = counts[1];
        made->n_molecules = counts[2];
        made->bonded = counts[3] != 0;
        made->periodic = (uint8_t)counts[5];
        status = reserve(made, counts[4] != 0);
    }
    COVARY_TRY_TOGETHER(run, "share a topology", status);
    broadcast(run, made->cell, sizeof made->cell);
    broadcast(run, made->species, made->n_atoms);
    broadcast(run, made->masses, made->n_atoms * (int64_t)sizeof *made->masses);
    broadcast(run, made->molecule_of, made->n_atoms * (int64_t)sizeof *made->molecule_of);
    broadcast(run, made->bonds, 2 * made->n_bonds * (int64_t)sizeof *made->bonds);
    if (made->charges != NULL) {
        broadcast(run, made->charges, made->n_atoms * (int64_t)sizeof *made->charges);
    }
done:
    return status;
}

covary_status topology_read(covary_run *run, const char *path, topology **out)
{
    covary_status status = COVARY_OK;
    topology     *made = NULL;

    *out = NULL;
    status = MEMORY_ALLOCATE("topology", 1, &made);
    if (status == COVARY_OK) {
        status = memory_copy_text(path, &made->path);
    }
    if (status == COVARY_OK && covary_run_rank(run) == 0) {
        status = read_here(path, made);
    }
    COVARY_TRY_TOGETHER(run, "read a topology", status);
    COVARY_TRY(share(run, made));
    *out = made;
    made = NULL;
done:
    topology_destroy(&made);
    return status;
}

void topology_destroy(topology **released)
{
    if (*released == NULL) {
        return;
    }
    MEMORY_RELEASE(&(*released)->path);
    MEMORY_RELEASE(&(*released)->species);
    MEMORY_RELEASE(&(*released)->masses);
    MEMORY_RELEASE(&(*released)->charges);
    MEMORY_RELEASE(&(*released)->bonds);
    MEMORY_RELEASE(&(*released)->molecule_of);
    MEMORY_RELEASE(released);
}

const char *topology_format_name(int format)
{
    return registry[format] != NULL ? registry[format]->name : NULL;
}

const char *topology_format_summary(int format)
{
    return registry[format] != NULL ? registry[format]->summary : NULL;
}
