# SPDX-License-Identifier: BSD-3-Clause
"""Samples of how fast ASE reads an extended XYZ file: peer_ase.py FILE REPEATS."""
import os
import sys
import time

from ase.io import iread


def seconds_to_read(path):
    begin = time.perf_counter()
    for atoms in iread(path, index=":", format="extxyz"):
        atoms.positions
    return time.perf_counter() - begin


path, repeats = sys.argv[1], int(sys.argv[2])
size = os.path.getsize(path) * 1e-6
for _ in range(repeats):
    print("sample", "ASE iread", "MB/s", size / seconds_to_read(path), sep="\t", flush=True)
