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
SHIPPED = ["dce2.dcd", "mdtraj_dce2.dcd", "dcd_big_endian_fixed.dcd", "dcd_xplor.dcd"]


def make_universe(n_atoms):
    return MDAnalysis.Universe.empty(n_atoms, trajectory=True)


def write_random(path, seed, **options):
    """Frames in cells of all shapes, each with its own."""
    random = np.random.default_rng(seed)
    n_atoms = int(random.integers(1, 40))
    universe = make_universe(n_atoms)
    with MDAnalysis.Writer(path, n_atoms, **options) as writer:
        for frame in range(25):
            universe.atoms.positions = random.normal(size=(n_atoms, 3)) * 10.0**(seed - 1)
            universe.dimensions = [*random.uniform(10, 30, 3), *random.uniform(70, 110, 3)]
            universe.trajectory.ts.time = 0.5 * frame
            writer.write(universe.atoms)


def assert_same_cell(found, dimensions):
    """MDAnalysis keeps lengths and angles in single precision."""
    if dimensions is None:
        assert not found.any(), found
        return
    np.testing.assert_allclose(triclinic_box(*found.reshape(3, 3)), dimensions, rtol=2e-6)


def compare(path):
    with MDAnalysis.coordinates.DCD.DCDFile(path) as header:
        n_atoms = header.header["natoms"]
    with open("topology.xyz", "w") as out:
        out.write("%d\n\n%s" % (n_atoms, "C 0 0 0\n" * n_atoms))
    printed = subprocess.run([PRINTER, "--topology", "topology.xyz", "--print", path],
                             capture_output=True, text=True, check=True)
    lines = printed.stdout.splitlines()
    universe = make_universe(n_atoms).load_new(path)
    assert len(lines) == len(universe.trajectory) * (1 + n_atoms), path
    for frame, step in enumerate(universe.trajectory):
        at = frame * (1 + n_atoms)
        values = np.array(lines[at].split()[1:], float)
        if "big_endian" not in path:  # MDAnalysis 2.4 takes DELTA as it stands there
            np.testing.assert_allclose(values[1] * 1e-3, step.time, rtol=1e-6, err_msg=path)
        assert_same_cell(values[3:], step.dimensions)
        atoms = np.array([line.split()[1:] for line in lines[at + 1:at + 1 + n_atoms]], float)
        assert np.array_equal(atoms.astype(np.float32), step.positions), (path, frame)
    print("%s: %d frames agree" % (os.path.basename(path), len(universe.trajectory)))


def main():
    if not os.path.exists(PRINTER):
        print("skipped: built without benchmarks")
        sys.exit(77)
    for name in SHIPPED:
        compare(os.path.join(os.environ["COVARY_TEST_DATA"], "formats", name))
    for seed in range(4):
        path = "random%d.dcd" % seed
        write_random(path, seed, dt=0.5, nsavc=1 + seed, istart=7 * seed)
        compare(path)


main()
