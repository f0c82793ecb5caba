/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file of a checkpoint, HDF5, the same from any number of ranks:
 *
 *   /                format, format_version, version, commit
 *   /config          YAML after all settings; attribute path
 *   /inputs          names of the training files and of the reference; /checksums theirs
 *   /search          what was searched (search_path)
 *   /choice          if it is made: solver, representations, kernels and hyperparameters of all
 * parts (checkpoint_choice) /solutions/<g>   of the systems that share a matrix, in the order in
 * which they are solved: weights, loo, dual where it is not weights, [frames rows][columns]; ridge,
 *                    logdet, log_likelihood, residual
 *   /state           of the solution that was interrupted: group, step; /state/<k> its panels
 *
 * The functions are collective, but for those that release.
 */
#ifndef COVARY_MODEL_CHECKPOINT_FILE_H
#define COVARY_MODEL_CHECKPOINT_FILE_H

#include "model/checkpoint_choice.h"
#include "solver/ridge_solver.h"
#include "storage/storage.h"

/* What a fit is made from; texts may be on rank 0 alone. */
typedef struct {
    char   *config_path, *config_text, *version, *commit;
    int64_t n_inputs;
    char  **inputs, **sums; /* [n_inputs] names, and sizes with checksums */
} checkpoint_origin;

/* The state of a solver, see solver/checkpoint.h; n_panels 0: none. */
typedef struct {
    int           group;
    int64_t       step;
    int           n_panels;
    panel *const *panels;
} checkpoint_state;

typedef struct {
    const checkpoint_origin *origin;
    const search_path       *search;
    const checkpoint_choice *choice; /* NULL: it is not made */
    int                      n_solutions;
    const ridge_solution    *solutions;
    checkpoint_state         state;
} checkpoint_contents;

covary_status checkpoint_file_write(covary_run *run, const char *path,
                                    const checkpoint_contents *contents);

/* Is the HDF5 file a checkpoint?  Local. */
bool checkpoint_file_is_one(const storage *file);

/* COVARY_ERR_FORMAT: it is no checkpoint, or one of another format. */
covary_status checkpoint_file_read_origin(covary_run *run, storage *file,
                                          checkpoint_origin *origin);
void          checkpoint_origin_release(checkpoint_origin *released);

/* Was the fit interrupted behind its choice?  Local. */
bool checkpoint_file_has_choice(const storage *file);

/* `n_frames` [this rank's]; release also after a failure. */
covary_status checkpoint_file_read_choice(covary_run *run, storage *file, int64_t n_frames,
                                          checkpoint_choice *choice);

/* The number of solutions, and one of them for this rank's frames out of n_train. */
covary_status checkpoint_file_count(covary_run *run, const storage *file, int *n_solutions);
covary_status checkpoint_file_read_solution(covary_run *run, storage *file, int g, int64_t n_frames,
                                            int64_t n_train, ridge_solution *solution);

/* Of which group there is a state, at which step; *group -1: there is none. */
covary_status checkpoint_file_read_state(covary_run *run, const storage *file, int *group,
                                         int64_t *step);
/* COVARY_ERR_FORMAT: the state has other panels than these. */
covary_status checkpoint_file_read_panels(covary_run *run, const storage *file, int n_panels,
                                          panel *const *panels);

/* What a file holds, for people. */
typedef struct {
    checkpoint_origin origin;
    int64_t           n_searches;
    bool              has_choice;
    int               n_solutions;
    bool              interrupted; /* inside a solution, after so many steps */
    int64_t           step;
} checkpoint_summary;

/* Release the origin also after a failure. */
covary_status checkpoint_file_summarize(covary_run *run, const char *path,
                                        checkpoint_summary *summary);

#endif
