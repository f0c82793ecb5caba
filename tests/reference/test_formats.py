# SPDX-License-Identifier: BSD-3-Clause
"""Trajectories as MDAnalysis reads them: the shipped ones, and others that it writes here."""
import os
import subprocess
import sys
import warnings

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

warnings.simplefilter("ignore")
wanted.require("numpy", "MDAnalysis")
import MDAnalysis  # noqa: E402
import numpy as np  # noqa: E402
from MDAnalysis.lib.mdamath import triclinic_box  # noqa: E402

PRINTER = os.path.join(os.path.dirname(os.environ["COVARY"]), "tests/bench/bench_trajectory")
SHIPPED = [["dce2.dcd", "mdtraj_dce2.dcd"], ["dcd_big_endian_fixed.dcd", "dcd_xplor.dcd"]]
N_ATOMS = 37  # of the files written here


def make_universe(n_atoms):
    return MDAnalysis.Universe.empty(n_atoms, trajectory=True)


def write_random(path, seed, **options):
    """Frames in cells of all shapes, each with its own."""
    random = np.random.default_rng(seed)
    universe = make_universe(N_ATOMS)
    with MDAnalysis.Writer(path, N_ATOMS, **options) as writer:
        for frame in range(25):
            universe.atoms.positions = random.normal(size=(N_ATOMS, 3)) * 10.0**(seed - 1)
            universe.dimensions = [*random.uniform(10, 30, 3), *random.uniform(70, 110, 3)]
            universe.trajectory.ts.time = 0.5 * frame
            writer.write(universe.atoms)


def assert_same_cell(found, dimensions):
    """MDAnalysis keeps lengths and angles in single precision."""
    if dimensions is None:
        assert not found.any(), found
        return
    np.testing.assert_allclose(triclinic_box(*found.reshape(3, 3)), dimensions, rtol=2e-6)


def compare(paths):
    """All files at once; they have the same number of atoms."""
    with MDAnalysis.coordinates.DCD.DCDFile(paths[0]) as header:
        n_atoms = header.header["natoms"]
    with open("topology.xyz", "w") as out:
        out.write("%d\n\n%s" % (n_atoms, "C 0 0 0\n" * n_atoms))
    printed = subprocess.run([PRINTER, "--topology", "topology.xyz", "--print", *paths],
                             capture_output=True, text=True, check=True)
    lines = printed.stdout.splitlines()
    for path in paths:
        universe = make_universe(n_atoms).load_new(path)
        for step in universe.trajectory:
            frame, lines = lines[:1 + n_atoms], lines[1 + n_atoms:]
            values = np.array(frame[0].split()[1:], float)
            if "big_endian" not in path:  # MDAnalysis 2.4 takes DELTA as it stands there
                np.testing.assert_allclose(values[1] * 1e-3, step.time, rtol=1e-6, err_msg=path)
            assert_same_cell(values[3:], step.dimensions)
            atoms = np.array([line.split()[1:] for line in frame[1:]], float)
            assert np.array_equal(atoms.astype(np.float32), step.positions), (path, step.frame)
        print("%s: %d frames agree" % (os.path.basename(path), len(universe.trajectory)))
    assert not lines, lines[0]


def main():
    if not os.path.exists(PRINTER):
        print("skipped: built without benchmarks")
        sys.exit(77)
    for names in SHIPPED:
        compare([os.path.join(os.environ["COVARY_TEST_DATA"], "formats", name) for name in names])
    written = ["random%d.dcd" % seed for seed in range(4)]
    for seed, path in enumerate(written):
        write_random(path, seed, dt=0.5, nsavc=1 + seed, istart=7 * seed)
    compare(written)


main()
