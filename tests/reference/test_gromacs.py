# SPDX-License-Identifier: BSD-3-Clause
"""XTC and TRR as the library of GROMACS's formats in MDAnalysis reads them, to the last bit."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("numpy", "MDAnalysis")
import numpy as np  # noqa: E402
from MDAnalysis.lib.formats.libmdaxdr import TRRFile, XTCFile  # noqa: E402

PRINTER = os.path.join(os.path.dirname(os.environ["COVARY"]), "tests/bench/bench_trajectory")
SHIPPED = [["dce2.xtc", "mdtraj_dce2.xtc", "dce2.trr", "mdtraj_dce2.trr"], ["xtc_water.xtc"],
           ["xtc_wide.xtc", "xtc_flat.xtc"]]  # files of as many atoms
SIZES = [9, 10, 200]
FRAMES = 12


def box(random):
    """Of any shape, sometimes none."""
    return (np.diag(random.uniform(1, 5, 3)) + np.tril(random.normal(size=(3, 3)), -1)) * (
        random.uniform() < 0.8)


def walk(random, n_atoms):
    """Atoms in groups of up to 12 neighbours, from packed to scattered: runs of all lengths."""
    group = np.cumsum(random.integers(0, 12, n_atoms) == 0)
    spread = 10.0**random.uniform(-2, 2)
    start = random.normal(size=(n_atoms + 1, 3))[group] * spread
    near = 10.0**random.uniform(-3, 0) * spread
    for _ in range(FRAMES):
        yield (start + random.normal(size=(n_atoms, 3)) * near).astype(np.float32)


def write_xtc(path, n_atoms, random):
    precision = 10.0**random.integers(1, 6)
    with XTCFile(path, "w") as out:
        for frame, x in enumerate(walk(random, n_atoms)):
            out.write(x, box(random), 7 * frame - 20, 0.3 * frame, precision)


def write_trr(path, n_atoms, random):
    with TRRFile(path, "w") as out:
        for frame, x in enumerate(walk(random, n_atoms)):
            v, f = [x if random.uniform() < 0.5 else None for _ in range(2)]
            out.write(x, v, f, box(random), 3 * frame, 0.3 * frame, 0.5, n_atoms)


def read(path):
    with (XTCFile if path.endswith("xtc") else TRRFile)(path) as peer:
        return [(f.x.copy(), f.box.copy(), f.step, f.time) for f in peer]


def compare(paths):
    """All files at once; they have the same number of atoms."""
    n_atoms = len(read(paths[0])[0][0])
    with open("topology.xyz", "w") as out:
        out.write("%d\n\n%s" % (n_atoms, "C 0 0 0\n" * n_atoms))
    lines = subprocess.run([PRINTER, "--topology", "topology.xyz", "--print", *paths],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    for path in paths:
        for x, cell, step, time in read(path):
            frame, lines = lines[:1 + n_atoms], lines[1 + n_atoms:]
            values = np.array(frame[0].split()[1:], float)
            assert values[0] == step, (path, step)
            np.testing.assert_allclose(values[1], 1e3 * time, rtol=1e-15)
            assert np.array_equal((values[3:] / 10).astype(np.float32), cell.ravel()), (path, step)
            found = np.array([line.split()[1:] for line in frame[1:]], float) / 10
            assert np.array_equal(found.astype(np.float32), x), (path, step)
        print("%s: all frames of %d atoms agree" % (os.path.basename(path), n_atoms))
    assert not lines, lines[0]


def main():
    if not os.path.exists(PRINTER):
        print("skipped: built without benchmarks")
        sys.exit(77)
    for names in SHIPPED:
        compare([os.path.join(os.environ["COVARY_TEST_DATA"], "formats", name) for name in names])
    random = np.random.default_rng(5)
    for n_atoms in SIZES:
        written = ["%d.%d.xtc" % (n_atoms, i) for i in range(15)]
        for path in written:
            write_xtc(path, n_atoms, random)
        written += ["%d.%d.trr" % (n_atoms, i) for i in range(3)]
        for path in written[-3:]:
            write_trr(path, n_atoms, random)
        compare(written)


main()
