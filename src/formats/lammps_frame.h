/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the text and the binary dumps of LAMMPS have in common: a box, columns with names, units,
 * and atoms in any order.  (LAMMPS documentation: dump, dump_modify, Howto_triclinic, units.)
 */
#ifndef COVARY_FORMATS_LAMMPS_FRAME_H
#define COVARY_FORMATS_LAMMPS_FRAME_H

#include "formats/extxyz_comment.h"
#include "trajectory/frames.h"

/* Units of a simulation; NULL stands for `real`, which is assumed where a file does not say. */
typedef struct {
    const char *name;
    double      length; /* angstrom; 0: none that is known (lj) */
    double      time;   /* fs */
} lammps_units;

/* By name, and by place in the table (for other ranks); NULL: there are none of that name. */
const lammps_units *lammps_units_find(slice name);
const lammps_units *lammps_units_at(int64_t place);
int64_t             lammps_units_place(const lammps_units *units);

/* COVARY_ERR_DATA: these units have no length in angstrom. */
covary_status lammps_units_check(const lammps_units *units);

/* A frame's header, in the units of the file. */
typedef struct {
    int64_t step;
    double  time; /* NAN: not in the file */
    int64_t n_atoms;
    double  cell[9], origin[3];
    uint8_t periodic; /* bits 1, 2, 4 */
} lammps_header;

/*
 * The cell of a box between the bounds lo and hi of a frame.  Those of a tilted box (tilt xy, xz,
 * yz; zero: upright) bound the whole of it and reach further than its edges.
 */
void lammps_set_box(lammps_header *header, const double bounds[6], const double tilt[3]);

typedef enum { COLUMN_OTHER, COLUMN_ID, COLUMN_ELEMENT, COLUMN_PLACE, COLUMN_IMAGE } lammps_role;

typedef struct {
    lammps_role role;
    int         component; /* of the position or the image */
} lammps_column;

/* What the columns mean; kept as long as their names stay the same. */
typedef struct {
    char          *names;
    int64_t        length;            /* of names */
    int            n_columns, n_used; /* all; up to the last one that is needed */
    lammps_column *columns;
    bool           scaled, images, ids, elements;
} lammps_layout;

/*
 * The layout for these names, separated by blanks.  Of several kinds of positions unwrapped ones
 * are taken: xu, xsu, x, xs; x and xs are unwrapped by ix, iy, iz where these are there.
 * No names at all: id type xs ys zs, as old versions wrote.
 * COVARY_ERR_FORMAT: no positions among them.
 */
covary_status lammps_layout_update(lammps_layout *layout, slice names);
void          lammps_layout_release(lammps_layout *layout);

typedef struct {
    int64_t id, row;
} lammps_rank;

/* Rows of a frame as they come; grown with lammps_rows_reserve. */
typedef struct {
    int64_t      capacity;
    int64_t     *ids;     /* [n] if there is such a column, as the others */
    double      *places;  /* [n][3] as in the file */
    double      *images;  /* [n][3] boxes passed */
    uint8_t     *species; /* [n] */
    lammps_rank *ranked;  /* [n] in the order of the ids */
} lammps_rows;

covary_status lammps_rows_reserve(lammps_rows *rows, int64_t n_atoms);
void          lammps_rows_release(lammps_rows *rows);

/*
 * Append a frame to the batch: positions in angstrom, unwrapped where that is possible, atoms in
 * the order of their ids, else of their rows.  Messages lack file and frame.
 * COVARY_ERR_DATA: a position or the box is not finite, or two atoms have the same id.
 */
covary_status lammps_place(const lammps_header *header, const lammps_layout *layout,
                           const lammps_units *units, lammps_rows *rows, frames *batch);

#endif
