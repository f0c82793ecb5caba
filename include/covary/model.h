/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Models: fitted to labelled frames, kept in one HDF5 file, applied to any frame of their molecule.
 *
 * A model is whole on every rank; its file does not depend on how many ranks wrote it.
 */
#ifndef COVARY_MODEL_H
#define COVARY_MODEL_H

#include <covary/config.h>
#include <covary/export.h>
#include <covary/run.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct covary_model covary_model;

/*
 * Fit all properties of a configuration to its training files.  Collective.
 *
 * COVARY_ERR_IO, _FORMAT, _DATA: a training file is missing, malformed or lacks a label (the
 * message names file, frame and key); COVARY_ERR_CONFIG: an unknown name; COVARY_ERR_NUMERIC: the
 * system cannot be solved (the message holds a remedy); COVARY_ERR_MEMORY: the nodes cannot hold
 * it; COVARY_STOPPED: a signal.
 */
COVARY_API covary_status covary_fit(covary_run *run, const covary_config *config,
                                    covary_model **model);
COVARY_API void          covary_model_destroy(covary_model **model);

/*
 * Fit as covary_fit does and write the model to `output`.  Collective.
 *
 * A fit that takes longer than solver.checkpoint_minutes, or is stopped by a signal after its
 * hyperparameters are chosen, keeps its state in `output`.checkpoint; the same call goes on from
 * there, on any number of ranks, and removes the file once the model is written.
 *
 * COVARY_ERR_CONFIG, _DATA, _FORMAT: also a checkpoint of another fit; the message says what
 * differs.
 */
COVARY_API covary_status covary_fit_to_file(covary_run *run, const covary_config *config,
                                            const char *output);

/* Write under a temporary name, then rename.  Collective.  COVARY_ERR_IO names the file. */
COVARY_API covary_status covary_model_save(covary_run *run, const covary_model *model,
                                           const char *path);

/*
 * Collective.  COVARY_ERR_IO: the file is missing or unreadable; COVARY_ERR_FORMAT: it is no model,
 * or of another version.
 */
COVARY_API covary_status covary_model_load(covary_run *run, const char *path, covary_model **model);

/* What the model is for.  Local; names and units are borrowed. */
COVARY_API int64_t     covary_model_n_atoms(const covary_model *model);
COVARY_API int64_t     covary_model_n_train(const covary_model *model);
COVARY_API int         covary_model_n_properties(const covary_model *model);
COVARY_API const char *covary_model_property_name(const covary_model *model, int property);
COVARY_API const char *covary_model_property_unit(const covary_model *model, int property);

/*
 * Values of one property per frame: 3^rank Cartesian components, row-major, of rank 0 to 4 (1, 3,
 * 9, 27 or 81), times n_atoms if per atom.
 */
COVARY_API int64_t covary_model_n_values(const covary_model *model, int property);

/*
 * Predict frames that are in memory.  Local.
 *
 * positions  in   [n_frames][n_atoms][3] angstrom, atoms in the order of the training frames
 * values     out  per property [n_frames][covary_model_n_values]; a NULL entry is left out
 * margin     out  [n_frames] distance of the body axes to an ambiguity, 0 ... 1; may be NULL
 *
 * COVARY_ERR_NUMERIC: a position is not finite; the message names the frame.
 */
COVARY_API covary_status covary_model_predict(const covary_model *model, int64_t n_frames,
                                              const double *positions, double *const *values,
                                              double *margin);

/*
 * The precision in which kernels are evaluated.  A fit measures what single precision would add to
 * the error of each property, and only models to which it adds less than 5 % may have it.
 */
typedef enum {
    COVARY_PRECISION_DOUBLE, /* what every model starts with */
    COVARY_PRECISION_SINGLE,
    COVARY_PRECISION_AUTO /* single where the model may have it */
} covary_precision;

/*
 * For the predictions that follow.  Collective.
 *
 * COVARY_ERR_CONFIG: single precision would cost too much; the message has the figures, and the
 * model stays as it was.
 */
COVARY_API covary_status covary_model_set_precision(covary_run *run, covary_model *model,
                                                    covary_precision precision);

/* What the frames of predictions are. */
typedef enum {
    COVARY_MOLECULES_OF_MODEL, /* what the model's configuration says (molecules: none | auto) */
    /*
     * Boxes: every molecule in the first frame that is the model's is predicted in all frames, made
     * whole across periodic boundaries.
     */
    COVARY_MOLECULES_AUTO,
    COVARY_MOLECULES_NONE /* the model's molecule alone */
} covary_molecules;

/* Which frames of trajectories are taken, and what their files may lack.  Zeros: all, nothing. */
typedef struct {
    const char *topology;  /* PDB, GRO, PSF or extended XYZ: elements for formats that have none */
    const char *particles; /* of H5MD files with several groups of particles, the one to take */
    const char *frames;    /* FIRST:STOP:STRIDE as Python has it, counted through all files */
    const char *times;     /* FROM:TO, both included, each with fs (default), ps or ns behind it */
    covary_molecules molecules; /* labelled frames are never boxes, whatever the model says */
} covary_input_options;

/* Settings of covary_annotate. */
typedef struct {
    covary_input_options input;
    bool                 positions;        /* copy the positions into the annotation */
    bool                 double_positions; /* in double precision */
    int64_t              batch; /* frames per rank and step; 0: chosen from the memory it takes */
    double      flush_seconds;  /* between flushes, after which frames are safe; 0: every step */
    bool        anew;           /* remove what an earlier run has left, do not go on with it */
    const char *command;        /* command line for the provenance, or NULL */
} covary_annotate_options;

/*
 * Annotate trajectories: all ranks stream the frames in bounded memory and write one H5MD file
 * collectively.  Collective.
 *
 * The file grows as `output`.part, which readers of HDF5 can open at any time: the first
 * /covary/frames_complete frames in it are done.  It is renamed at the end.  However a run ends,
 * the same call goes on behind these frames, on any number of ranks, and ends with the same numbers
 * to the last bit as a run that was not interrupted.
 *
 * options  in  may be NULL: positions in single precision, batches of about 16 MiB, a flush every
 *              30 seconds
 * output   in  must be neither the model's file nor one of the trajectories
 *
 * COVARY_ERR_DATA: frames of another molecule; or `output`.part was begun with another model or
 * other trajectories; COVARY_ERR_USAGE: the output is an input, or `output`.part was begun with
 * other options; COVARY_ERR_FORMAT: `output`.part is damaged or of another version of Covary;
 * COVARY_ERR_IO: another run is writing it; COVARY_STOPPED: a signal.  The message says how to go
 * on.  A failure leaves `output`.part only if there are frames in it.
 */
COVARY_API covary_status covary_annotate(covary_run *run, const covary_model *model,
                                         const char *const *paths, int n_paths,
                                         const covary_annotate_options *options,
                                         const char                    *output);

/*
 * Annotate as covary_annotate does, to a file of another format or a compressed one: the annotation
 * is made as `output`.annotation, exported (covary_export) and removed.  However this ends, the
 * same call goes on from what is there.  Collective.
 *
 * wanted  in  the format; frames counted among those annotated
 *
 * The errors of both; what the format does not take is known before any prediction.
 */
COVARY_API covary_status covary_annotate_as(covary_run *run, const covary_model *model,
                                            const char *const *paths, int n_paths,
                                            const covary_annotate_options *options,
                                            const covary_export_options   *wanted,
                                            const char                    *output);

#ifdef __cplusplus
}
#endif
#endif
