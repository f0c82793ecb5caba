# SPDX-License-Identifier: BSD-3-Clause
"""A long DCD from the frames of an XYZ file, drawn at random: make_archive.py N OUTPUT.dcd IN.xyz

The frames of the input are put in random order again and again, in float32, without a cell; step k
has the time k fs.  The same command gives the same file.  Memory does not grow with N.
"""
import struct
import sys

import numpy as np
from make_frames import read_frames

CHUNK = 100_000
AKMA_FS = 48.88821  # the time unit of DCD files


def header(n_frames, n_atoms):
    """CORD record, title, atom count."""
    control = [n_frames, 1, 1, n_frames] + [0] * 5
    cord = b"CORD" + struct.pack("<9if10i", *control, 1.0 / AKMA_FS, *[0] * 9, 24)
    title = struct.pack("<i", 1) + b"random frames".ljust(80)
    records = [cord, title, struct.pack("<i", n_atoms)]
    return b"".join(struct.pack("<i", len(r)) + r + struct.pack("<i", len(r)) for r in records)


def main():
    n_frames, output, source = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    _, positions = read_frames([source])
    n_atoms = positions.shape[1]
    rng = np.random.default_rng(20240711)
    fields = []
    for axis in range(3):
        fields += [(f"begin{axis}", "<i4"), (f"x{axis}", "<f4", (n_atoms,)), (f"end{axis}", "<i4")]
    layout = np.dtype(fields)
    with open(output, "wb") as file:
        file.write(header(n_frames, n_atoms))
        for first in range(0, n_frames, CHUNK):
            records = np.zeros(min(CHUNK, n_frames - first), layout)
            chosen = rng.integers(len(positions), size=len(records))
            for axis in range(3):
                records[f"begin{axis}"] = records[f"end{axis}"] = 4 * n_atoms
                records[f"x{axis}"] = positions[chosen, :, axis]
            file.write(records.tobytes())


main()
