/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a DCD file says before its first frame.
 *
 * The file is a sequence of Fortran records, each between two markers that hold its length: 84
 * bytes of control numbers, titles, the number of atoms, the free atoms if others are fixed, then
 * the frames: a record with the cell (48 bytes) if there is one, records of x, y and z, and one
 * more in four dimensions.  All atoms are in the first frame, in later ones the free atoms alone.
 * (CHARMM User's Manual, node dynamc; VMD's dcdplugin.)
 */
#ifndef COVARY_FORMATS_DCD_HEADER_H
#define COVARY_FORMATS_DCD_HEADER_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool    big;          /* byte order */
    int     marker_bytes; /* 4, or 8 in files of 64-bit Fortran */
    int     version;      /* of CHARMM, 0: X-PLOR */
    bool    cells;        /* every frame has a cell */
    bool    four;         /* every frame has a fourth dimension */
    int64_t n_atoms;
    int64_t n_free; /* in frames but the first */
    int32_t first_step;
    int32_t step_stride;  /* 0: unknown */
    double  step_time;    /* fs; NAN: unknown */
    int64_t header_bytes; /* the first frame starts here */
    int64_t whole_bytes;  /* of the first frame */
    int64_t frame_bytes;  /* of every other frame */
    int64_t n_frames;     /* whole ones, as the size of the file has it */
    int64_t cut_bytes;    /* behind them, of one that is not whole */
} dcd_header;

/*
 * Read the header of a file of so many bytes, and its list of free atoms if others are fixed.
 * Local.
 *
 * free_atoms  out  NULL, or new: [n_free] ascending, from 0
 *
 * COVARY_ERR_FORMAT: damaged, without atoms, positions or a whole frame.
 */
covary_status dcd_header_read(const char *path, int64_t bytes, dcd_header *header,
                              int32_t **free_atoms);

#endif
