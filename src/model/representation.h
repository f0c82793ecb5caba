/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A representation: how frames become sites, that is rows of features with tensors beside them.
 *
 * The basis says which vectors the tensors are built from (centred positions, or body axes), the
 * descriptors what the features are, and the images which sites a frame has: for every chart of the
 * axes, every permutation of equivalent atoms, the mirror image if the axes are proper, and every
 * choice of signs, in this order.  A model has one or several representations; each irrep of a
 * property is learned in one of them.
 */
#ifndef COVARY_MODEL_REPRESENTATION_H
#define COVARY_MODEL_REPRESENTATION_H

#include "descriptor/descriptor.h"
#include "geometry/axes.h"
#include "geometry/charts.h"
#include "geometry/permutation_group.h"
#include "kernel/covariant.h"
#include "kernel/engine.h"
#include "property/kind.h"

/* The molecule that all frames are of; the model owns the arrays. */
typedef struct {
    int64_t            n_atoms;
    uint8_t           *species;   /* [n_atoms] */
    double            *masses;    /* [n_atoms] u */
    double            *reference; /* [n_atoms][3] angstrom, any orientation */
    molecule_shape     shape;     /* the least symmetric one of all training frames */
    permutation_group *group;     /* of equivalent atoms; of order 1 without symmetry */
} model_molecule;

typedef enum {
    COUPLING_NONE,  /* one site and axes: every component is a column of the plain kernel */
    COUPLING_SIGNS, /* images are signs of the axes: components of equal parity share a kernel */
    COUPLING_FULL   /* the components of an irrep are rows of one system */
} coupling;

typedef struct {
    const model_molecule *of;        /* borrowed */
    char                 *basis;     /* gram, eckart, inertia */
    axes                 *rule;      /* NULL: gram, or charts */
    charts               *charts;    /* NULL: not several references */
    bool                  symmetric; /* averaged over the molecule's group */
    bool                  mirrored;  /* proper axes: averaged over the mirror image too */
    descriptor_set       *features;
    char                 *scaling;

    /* images; see above for their order */
    int      n_charts, n_permutations, n_mirrors, n_signs;
    double   signs[AXES_MAX_SIGN_IMAGES][3];
    int      n_sites;
    int     *classes;   /* [n_sites] the chart of a site; NULL: one chart */
    bool     one_sided; /* see kernel/covariant.h */
    coupling how;
    int64_t  n_vectors; /* n_atoms, or 3 */
    double   unit;      /* gram: positions are in this unit, angstrom */

    /* training */
    int64_t  n_train;        /* training frames that carry weights */
    int64_t *train_frames;   /* [n_train] which of all training frames, ascending */
    double  *train;          /* [n_train][train sites][dimension] */
    double   train_margin;   /* smallest margin in training */
    double   train_distance; /* largest distance of a training frame to the nearest other one that
                                carries weights */

    /* prediction, made by model_prepare */
    int64_t  n_outputs;
    engine **engines; /* [n_charts] */
} representation;

/* Sites of a batch of frames. */
typedef struct {
    const representation *of; /* borrowed */
    int64_t               capacity;
    double               *body;       /* [capacity][n_sites][n_atoms][3] centred, in the axes */
    double               *rows;       /* [capacity][n_sites][dimension] features */
    double               *vectors;    /* [capacity][n_sites][n_vectors][3]; axes: R row by row */
    double               *amplitudes; /* [capacity][n_sites] of the charts, else 1 */
    double               *margin;     /* [capacity] */
} site_batch;

/* What a representation is made from. */
typedef struct {
    const char        *basis;
    axes              *rule;   /* taken over, also after a failure; NULL for gram or charts */
    charts            *charts; /* likewise; NULL without several references */
    const char *const *descriptors;
    int                n_descriptors;
    const char        *scaling;
    bool               symmetric;
    bool               mirrored; /* as with any proper axes and symmetry; else of no meaning */
} representation_settings;

/*
 * Local.  Everything but the scaling of the features and the training set, which
 * representation_train adds.  COVARY_ERR_CONFIG: a descriptor that needs axes with gram.
 */
covary_status representation_create(const model_molecule *of, representation_settings settings,
                                    representation **out);
void          representation_destroy(representation **released);
void          representation_release_engines(representation *of);

int representation_train_sites(const representation *of);

/* The axes, those of the first chart if there are several; NULL for gram. */
const axes *representation_axes(const representation *of);

/* Room for the sites of up to `capacity` frames.  Local. */
covary_status site_batch_create(const representation *of, int64_t capacity, site_batch **out);
void          site_batch_destroy(site_batch **released);
int64_t       site_bytes_per_frame(const representation *of);

/*
 * Sites of frames, positions [n_frames][n_atoms][3] angstrom.  Local.
 * *bad_frame: index of the frame that the message is about, when this fails.
 */
covary_status sites_evaluate(site_batch *into, int64_t n_frames, const double *positions,
                             int64_t *bad_frame);

/* The rotation to the body axes of a frame's first site, row-major; axes bases only. */
const double *sites_rotation(const site_batch *sites, int64_t frame);

/*
 * Tensors of one site for an irrep, [2l+1][representation_n_tensors].  Too few atoms to build any
 * (a pseudoscalar takes three) have one that is 0.  Local.
 */
int64_t representation_n_tensors(const representation *of, irrep about);
void    sites_tensors(const site_batch *sites, int64_t frame, int site, irrep about, double *phi);

/*
 * Bit s is set where choice s of the signs changes the sign of component number m = 0 ... 2l of an
 * irrep.  Local.
 */
int representation_character(const representation *of, irrep about, int m);

/* The factor of the kernel of an irrep that brings its diagonal near 1.  Local. */
double representation_scale(const representation *of, irrep about);

#endif
