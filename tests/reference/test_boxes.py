# SPDX-License-Identifier: BSD-3-Clause
"""Molecules of a wrapped triclinic box against the same molecules alone, made whole by NumPy."""
import itertools
import os
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("h5py", "numpy")
import h5py  # noqa: E402
import numpy as np  # noqa: E402

try:
    import ase.io
except ImportError:
    ase = None

COVARY = os.environ["COVARY"]
DATA = os.environ["COVARY_TEST_DATA"]
FORMATS = os.path.join(DATA, "formats")
SYMBOLS = ["C", "C", "Cl", "Cl", "H", "H", "H", "H"]
BONDS = [(0, 1), (0, 2), (1, 3), (0, 4), (0, 5), (1, 6), (1, 7)]  # each after what it hangs on
CONFIG = """data: {train: [train.xyz]}
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
  - {name: polarizability, kind: symmetric-tensor, unit: bohr^3}
representation: {basis: gram, descriptor: [inverse-distances], symmetry: none}
kernel: {type: gaussian, length: 6}
ridge: 1e-3
"""


def covary(*arguments):
    subprocess.run([COVARY, "--quiet", *arguments], check=True)


def first_frames(count):
    with open(os.path.join(DATA, "dce_train.xyz")) as file:
        return "".join(itertools.islice(file, count * (len(SYMBOLS) + 2)))


def made_whole(positions, cell):
    """Every atom next to the one that it is bonded to, by trying all images around."""
    shifts = np.array(list(itertools.product(range(-3, 4), repeat=3))) @ cell
    whole = positions.copy()
    for a, b in BONDS:
        images = whole[b] + shifts
        whole[b] = images[np.argmin(np.linalg.norm(images - whole[a], axis=1))]
    return whole


def check_exports(atoms, values):
    """The box in csv, NumPy's arrays, extended XYZ and for TRAVIS, each against h5py."""
    n_frames, n_molecules = values["dipole"].shape[:2]
    covary("export", "box.h5", "--format", "csv", "--property", "dipole", "--output", "box.csv")
    lines = np.genfromtxt("box.csv", delimiter=",", skip_header=1)
    assert lines[:, 0].tolist() == np.repeat(np.arange(n_frames), n_molecules).tolist()
    assert lines[:, 1].tolist() == list(range(n_molecules)) * n_frames
    assert np.array_equal(lines[:, 4:7], values["dipole"].reshape(-1, 3))
    assert np.array_equal(lines[:, 7], values["domain"].ravel())
    assert np.array_equal(lines[:, 9], values["domain_distance"].ravel())
    covary("export", "box.h5", "--format", "npy", "--output", "box.npy")
    for name in ("dipole", "polarizability", "dipole_total", "polarizability_total"):
        assert np.array_equal(np.load("box.%s.npy" % name), values[name]), name
    covary("export", "box.h5", "--format", "travis", "--output", "box.dat")
    ratio = np.loadtxt("box.dat")[:, 2:] / values["polarizability_total"].reshape(-1, 9)
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-12)
    covary("export", "box.h5", "--format", "extxyz", "--output", "box.xyz")
    if ase is not None:
        for f, frame in enumerate(ase.io.read("box.xyz", ":")):
            each = np.reshape(frame.info["dipole_molecules"], (-1, 3))
            assert np.array_equal(each, values["dipole"][f])
            assert np.array_equal(frame.info["dipole_total"], values["dipole_total"][f])
            for m, members in enumerate(atoms):
                assert np.flatnonzero(frame.arrays["molecule"] == m).tolist() == sorted(members)
            assert frame.info["domain_distance"] == values["domain_distance"][f].max()


def main():
    with open("train.xyz", "w") as file:
        file.write(first_frames(20))
    with open("config.yaml", "w") as file:
        file.write(CONFIG)
    covary("fit", "config.yaml", "--output", "model.h5")
    covary("predict", "--model", "model.h5", "--output", "box.h5", "--molecules", "auto",
           "--topology", os.path.join(FORMATS, "dce2.psf"), "--double-positions",
           "--frames", "::25", os.path.join(FORMATS, "dce2.dcd"))
    with h5py.File("box.h5") as box:
        atoms = box["covary/molecules"][:]
        positions = box["particles/all/position/value"][:]
        cells = box["particles/all/box/edges/value"][:]
        values = {name: box["observables/%s/value" % name][:] for name in box["observables"]}
    assert atoms.tolist() == [list(range(8)), list(range(8, 16))], atoms
    with open("alone.xyz", "w") as file:
        for frame, cell in zip(positions, cells):
            for molecule in atoms:
                file.write("8\n\n")
                for symbol, x in zip(SYMBOLS, made_whole(frame[molecule], cell)):
                    file.write("%s %.17g %.17g %.17g\n" % (symbol, *x))
    covary("predict", "--model", "model.h5", "--output", "alone.h5", "alone.xyz")
    with h5py.File("alone.h5") as alone:
        for name in ("dipole", "polarizability", "domain", "domain_distance"):
            one = alone["observables/%s/value" % name][:]
            each = values[name]
            assert each.shape[:2] == (12, 2), (name, each.shape)
            np.testing.assert_allclose(each.reshape(one.shape), one, rtol=1e-9, atol=1e-9)
        for name in ("dipole", "polarizability"):
            np.testing.assert_allclose(values[name + "_total"], values[name].sum(axis=1),
                                       rtol=1e-12, atol=1e-12)
    check_exports(atoms, values)
    print("molecules of a wrapped box are predicted as if they were alone")


main()
