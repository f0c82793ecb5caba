/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration of a fit, as read from YAML by libcyaml against one schema.
 *
 * Text that may be `auto` is resolved here: an automatic number is NAN.  Choices that need the data
 * stay words; src/model resolves them.  Defaults are filled in, and relative paths of the file are
 * already behind the file's folder.  A configuration is the same on every rank.
 */
#ifndef COVARY_CORE_CONFIG_H
#define COVARY_CORE_CONFIG_H

#include <covary/config.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char  *name; /* dipole; unique, good as an HDF5 name */
    char  *kind; /* vector; a name of property/kind.h, checked there */
    char  *unit; /* of labels and predictions; a name of core/units.h */
    char  *key;  /* label key in the files; NULL: the name and its aliases */
    bool   per_atom;
    double charge; /* of the molecule, in e; 0 unless the property is an origin-dependent dipole */
    char  *origin; /* center-of-mass | center-of-nuclear-charge | "x y z" (angstrom, lab) */
    char  *phase;  /* fixed | arbitrary: the sign may differ from frame to frame */
    char  *gap;    /* property whose product with this one is learned, or NULL */
    char  *place;  /* "dce.yaml, line 5", for messages; NULL in one that was made by hand */
} config_property;

typedef struct {     /* a mass in place of the standard one */
    char   *element; /* all atoms of the element, or NULL */
    int64_t atom;    /* one atom, counted from 1, or 0 */
    double  mass;    /* u */
} config_mass;

typedef struct {                      /* what --dry-run reckons with; NAN: auto */
    double dgemm, engine;             /* Gflop/s of a rank */
    double memory_bandwidth, latency; /* GB/s of a rank, microseconds */
    double network_bandwidth;         /* GB/s of a rank */
    double cores, memory;             /* of a node, GiB */
} config_machine;

typedef struct { /* where a key stands */
    char *key;   /* dotted: properties.0.unit */
    char *where; /* "dce.yaml, line 7" or "--set kernel.type=linear" */
    int   line;  /* 0: not in the file */
} config_place;

struct covary_config {
    char *path; /* of the file, for messages */
    char *text; /* the YAML with settings and defaults, without comments, for the model file */

    char   **train; /* data.train */
    unsigned n_train;
    char   **validation; /* data.validation */
    unsigned n_validation;

    config_property *properties;
    unsigned         n_properties;
    config_mass     *masses;
    unsigned         n_masses;

    /* representation */
    char    *basis;      /* auto | gram | eckart | inertia */
    char    *handedness; /* axes: proper | improper */
    char    *signs;      /* matched | group | raw (for tests of the tests) */
    char    *weights;    /* auto | masses: of the atoms in the inertia axes */
    char    *reference;  /* auto | path of a file whose first frame is the reference */
    int64_t  references; /* Eckart references that are blended; 0: auto */
    char   **descriptors;
    unsigned n_descriptors; /* 0: auto */
    char    *scaling;       /* auto | standardize | none */
    char    *symmetry;      /* auto | none | given */
    char   **permutations;  /* if given: each in cycle notation, "(1 2)(3 4)" */
    unsigned n_permutations;

    /* kernel and ridge */
    char  *kernel; /* auto, gaussian, laplacian, matern-5/2, ... */
    double length; /* NAN: auto */
    int    degree; /* polynomial */
    double ridge;  /* NAN: auto; relative to a kernel with k(x, x) = 1 */

    /* selection */
    char   *criterion;         /* leave-one-out | k-fold | validation | likelihood */
    int64_t folds;             /* k-fold */
    char   *fold_blocks;       /* random | time */
    int64_t selection_frames;  /* largest subset on which choices are made */
    double  selection_seconds; /* budget of the automatic choices, of a core of 10 Gflop/s */

    char   *uncertainty;        /* none | std | covariance */
    int64_t uncertainty_frames; /* training frames that it is found from; 0: auto */

    /* solver */
    char   *solver;               /* auto | cholesky | iterative | low-rank */
    double  tolerance;            /* iterative: of the residual; 0: auto */
    int64_t rank;                 /* iterative: of the preconditioner; 0: auto */
    int64_t inducing;             /* low-rank: frames that carry weights; 0: auto */
    int64_t block;                /* of the block-cyclic layout; 0: auto */
    int     grid_rows, grid_cols; /* of processes; 0: auto */
    char   *factorization;        /* native | scalapack */
    char   *precision;            /* cholesky: auto | double | mixed */
    char   *leave_one_out;        /* auto | exact | estimated */
    double  memory;               /* GiB that a rank may use; NAN: auto */
    char   *checkpoint;           /* auto | none */
    double  checkpoint_minutes;   /* between two checkpoints */

    config_machine machine;

    char *molecules; /* none | auto: frames of predictions are boxes of molecules */

    char *output; /* model file; NULL only after config_parse_text without the key */

    config_place *places;
    int64_t       n_places;
};

/*
 * Parse text that is already here, such as the one kept in a model file.  Local.  Paths are taken
 * as they are, and there is no default output.
 *
 * path  in  names the text in messages
 *
 * COVARY_ERR_CONFIG: as covary_config_load.
 */
covary_status config_parse_text(const char *path, const char *yaml_text, covary_config **config);

/* Line of a dotted key ("kernel.type", "properties.0.unit"); 0: a default or a --set.  Local. */
int config_line(const covary_config *config, const char *dotted_key);

/*
 * For messages: "dce.yaml, line 7", "--set kernel.type=linear", or the path where the key is a
 * default.  Borrowed.  Local.
 */
const char *config_where(const covary_config *config, const char *dotted_key);

#endif
