# SPDX-License-Identifier: BSD-3-Clause
"""Extended XYZ files as ASE reads them, bit for bit: the shipped ones and random ones it writes."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("numpy", "ase", "ase.io")
import numpy as np  # noqa: E402
from ase import Atoms  # noqa: E402
from ase.io import read, write  # noqa: E402

PRINTER = os.path.join(os.path.dirname(os.environ["COVARY"]), "tests/bench/bench_trajectory")
SHIPPED = ["dce_train", "dce_test", "nh3_train", "nh3_test", "co2_train", "co2_test", "ase_written"]


def write_random(path, seed):
    """Frames of any size with cells, flags, columns and strings."""
    random = np.random.default_rng(seed)
    frames = []
    for frame in range(20):
        n = int(random.integers(1, 30))
        atoms = Atoms(random.integers(1, 119, n), random.normal(size=(n, 3)) * 10.0**(seed - 3))
        if frame % 3:
            atoms.set_cell(random.normal(size=(3, 3)) * 20)
            atoms.set_pbc(random.integers(0, 2, 3).astype(bool))
        atoms.info.update(step=int(random.integers(10**12)), time=float(random.normal()))
        atoms.info["note"] = 'a "quoted" text = [with {everything} in it'
        atoms.info["matrix"] = random.normal(size=(4, 2))
        atoms.arrays["charge"] = random.normal(size=n)
        atoms.arrays["chosen"] = random.integers(0, 2, n).astype(bool)
        frames.append(atoms)
    write(path, frames, format="extxyz")


def expected_lines(path):
    for frame, atoms in enumerate(read(path, ":", format="extxyz")):
        cell = np.array(atoms.cell)
        bits = sum(1 << i for i in range(3) if atoms.pbc[i] and cell[i].any())
        yield [atoms.info.get("step", frame), atoms.info.get("time", np.nan), bits, *cell.ravel()]
        for number, position in zip(atoms.numbers, atoms.positions):
            yield [number, *position]


def compare(path):
    printed = subprocess.run([PRINTER, "--print", path], capture_output=True, text=True, check=True)
    lines = printed.stdout.splitlines()
    expected = list(expected_lines(path))
    assert len(lines) == len(expected), (path, len(lines), len(expected))
    for line, values in zip(lines, expected):
        found = [float(word) for word in line.replace("frame ", "").split()]
        assert np.array_equal(found, np.array(values, float), equal_nan=True), (path, line, values)
    print("%s: %d lines agree" % (os.path.basename(path), len(lines)))


def main():
    if not os.path.exists(PRINTER):
        print("skipped: built without benchmarks")
        sys.exit(77)
    for name in SHIPPED:
        compare(os.path.join(os.environ["COVARY_TEST_DATA"], name + ".xyz"))
    for seed in range(6):
        path = "random%d.xyz" % seed
        write_random(path, seed)
        compare(path)


main()
