#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write formats/xtc_*.xtc: what GROMACS's compression does to positions of several kinds.

    /usr/bin/python3 formats_xtc.py FOLDER      (needs MDAnalysis)

Atom a of frame f is atom a % 3 of a water molecule; tests/unit/test_xtc.c knows the formula too.
"""
import sys

import numpy as np
from MDAnalysis.lib.formats.libmdaxdr import XTCFile

FRAMES = 4
# name: atoms, grid points per nm, scale of x, y and z, box
KINDS = {
    "water": (60, 1e3, (1, 1, 1), 4.5),
    "wide": (12, 1e3, (8192, 8192, 8192), 0),  # 26 bits and more a coordinate: written apart
    "fine": (30, 1e6, (1, 1, 1), 4.5),  # three coordinates in 66 bits
    "flat": (12, 1e3, (1, 0, 0), 4.5),
    "few": (5, 1e3, (1, 1, 1), 0),  # not compressed
}


def positions(n_atoms, scale, frame):
    atoms = np.arange(n_atoms)
    molecule = (atoms // 3)[:, None]
    place = molecule * [37, 53, 11] % 64 / 16 + frame / 8
    within = np.array([[0, 0, 0], [3, 1, 0], [-1, 3, 0]])[atoms % 3] / 32
    return ((place + within) * scale).astype(np.float32)


for kind, (n_atoms, precision, scale, box) in KINDS.items():
    with XTCFile("%s/xtc_%s.xtc" % (sys.argv[1], kind), "w") as out:
        for frame in range(FRAMES):
            out.write(positions(n_atoms, scale, frame), np.eye(3, dtype=np.float32) * box,
                      10 * frame + 5, 0.5 * frame, precision)
