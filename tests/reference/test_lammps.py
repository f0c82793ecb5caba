# SPDX-License-Identifier: BSD-3-Clause
"""Dumps of LAMMPS as ASE reads them: text and binary, upright and tilted, rows in any order."""
import os
import struct
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("numpy", "ase", "ase.io")
import numpy as np  # noqa: E402
from ase.io import read  # noqa: E402

PRINTER = os.path.join(os.path.dirname(os.environ["COVARY"]), "tests/bench/bench_trajectory")
COLUMNS = ["id type x y z", "id type xs ys zs", "vx id xu yu zu type", "xsu type ysu zsu id"]


class Frame:
    """Random atoms in a random box: what a dump tells of them, and its bounds."""

    def __init__(self, random, n_atoms, tilted):
        self.cell = np.diag(random.uniform(8, 20, 3))
        if tilted:
            self.cell[1, 0], self.cell[2, 0], self.cell[2, 1] = random.uniform(-4, 4, 3)
        self.origin = random.uniform(-5, 5, 3)
        self.scaled = random.uniform(0, 1, (n_atoms, 3))
        self.positions = self.origin + self.scaled @ self.cell
        self.order = random.permutation(n_atoms)
        self.tilts = [self.cell[1, 0], self.cell[2, 0], self.cell[2, 1]]
        xy, xz, yz = self.tilts
        self.low = self.origin + [min(0, xy, xz, xy + xz), min(0, yz), 0]
        self.high = self.origin + np.diag(self.cell) + [max(0, xy, xz, xy + xz), max(0, yz), 0]

    def row(self, atom, columns):
        values = {"id": atom + 1, "type": 1, "vx": 0.5}
        for d, letter in enumerate("xyz"):
            values[letter] = values[letter + "u"] = self.positions[atom, d]
            values[letter + "s"] = values[letter + "su"] = self.scaled[atom, d]
        return [values[name] for name in columns.split()]


def write_text(path, frames, columns, tilted):
    with open(path, "w") as out:
        for step, frame in enumerate(frames):
            out.write("ITEM: TIMESTEP\n%d\nITEM: NUMBER OF ATOMS\n%d\nITEM: BOX BOUNDS %spp pp pp\n"
                      % (step, len(frame.order), "xy xz yz " if tilted else ""))
            for d in range(3):
                bounds = [frame.low[d], frame.high[d]] + [frame.tilts[d]] * tilted
                out.write(" ".join("%.16e" % bound for bound in bounds) + "\n")
            out.write("ITEM: ATOMS %s\n" % columns)
            for atom in frame.order:
                out.write(" ".join(repr(float(v)) if isinstance(v, float) else str(v)
                                   for v in frame.row(atom, columns)) + "\n")


def write_binary(path, frames, columns, tilted):
    with open(path, "wb") as out:
        for step, frame in enumerate(frames):
            names = columns.encode()
            out.write(struct.pack("=q8sii", -8, b"DUMPATOM", 1, 2))
            out.write(struct.pack("=qqi6i", step, len(frame.order), int(tilted), *[0] * 6))
            out.write(struct.pack("=6d", *np.ravel(list(zip(frame.low, frame.high)))))
            out.write(struct.pack("=3d", *frame.tilts) if tilted else b"")
            out.write(struct.pack("=iib", len(names.split()), 0, 0))
            out.write(struct.pack("=i", len(names)) + names)
            halves = np.array_split(frame.order, 2)
            out.write(struct.pack("=i", len(halves)))
            for half in halves:
                numbers = np.array([frame.row(atom, columns) for atom in half], float).ravel()
                out.write(struct.pack("=i", len(numbers)) + numbers.tobytes())


def print_frames(paths, n_atoms):
    """Lines of all frames of all files, read as one trajectory."""
    with open("topology.xyz", "w") as out:
        out.write("%d\n\n%s" % (n_atoms, "C 0 0 0\n" * n_atoms))
    printed = subprocess.run([PRINTER, "--topology", "topology.xyz", "--print", *paths],
                             capture_output=True, text=True, check=True)
    return printed.stdout.splitlines()


def compare(expected, n_atoms):
    """ASE keeps the origin of the box apart where coordinates are scaled."""
    lines = print_frames([path for path, _, _ in expected], n_atoms)
    assert len(lines) == sum(len(frames) for _, frames, _ in expected) * (1 + n_atoms)
    for path, frames, scaled in expected:
        for step, atoms in enumerate(frames):
            frame, lines = lines[:1 + n_atoms], lines[1 + n_atoms:]
            header = np.array(frame[0].split()[1:], float)
            assert header[0] == step and header[2] == 7, (path, frame[0])
            np.testing.assert_allclose(header[3:].reshape(3, 3), atoms.cell[:], atol=1e-12)
            found = np.array([line.split()[1:] for line in frame[1:]], float)
            shift = atoms.get_celldisp().ravel() if scaled else 0.0
            np.testing.assert_allclose(found, atoms.positions + shift, atol=1e-11, err_msg=path)
        print("%s: %d frames agree" % (os.path.basename(path), len(frames)))


def main():
    if not os.path.exists(PRINTER):
        print("skipped: built without benchmarks")
        sys.exit(77)
    random = np.random.default_rng(3)
    n_atoms, expected = 23, []
    for kind, columns in enumerate(COLUMNS):
        for tilted in (False, True):
            frames = [Frame(random, n_atoms, tilted) for _ in range(10)]
            text = "kind%d%d.lammpstrj" % (kind, tilted)
            binary = "kind%d%d.lammpsbin" % (kind, tilted)
            write_text(text, frames, columns, tilted)
            write_binary(binary, frames, columns, tilted)
            scaled = "xs" in columns
            expected.append((text, read(text, ":", format="lammps-dump-text"), scaled))
            expected.append((binary, read(binary, ":", format="lammps-dump-binary",
                                          colnames=columns.split()), scaled))
    compare(expected, n_atoms)
    shipped = os.path.join(os.environ["COVARY_TEST_DATA"], "formats", "mdtraj_dce2.lammpstrj")
    compare([(shipped, read(shipped, ":", format="lammps-dump-text"), False)], 16)


main()
