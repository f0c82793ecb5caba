# SPDX-License-Identifier: BSD-3-Clause
"""Exported annotations as ASE, csv, pandas, NumPy and TRAVIS read them, against h5py."""
import csv
import glob
import math
import os
import shutil
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")
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
try:
    import pandas
except ImportError:
    pandas = None

COVARY = os.environ["COVARY"]
MPIEXEC = os.environ["COVARY_MPIEXEC"].split()
WRITER = os.path.join(os.path.dirname(COVARY), "tests/mpi_annotation")
DATA = os.environ["COVARY_TEST_DATA"]
FRAMES, ATOMS = 41, 3
PROPERTIES = ["charges", "dipole", "energy", "forces", "polarizability"]


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert done.returncode == 0, (command, done.stderr)
    return done


def export(annotation, form, output, *more, ranks=1):
    start = MPIEXEC + [str(ranks)] if ranks > 1 else []
    run(start + [COVARY, "export", annotation, "--quiet", "--format", form, "--output", output]
        + list(more))


def same(found, expected):
    return np.array_equal(np.asarray(found, dtype=float), expected)


def check_extxyz(path, file):
    """ASE reads what h5py reads, in double precision bit for bit."""
    frames = ase.io.read(path, ":")
    assert len(frames) == FRAMES
    for f, atoms in enumerate(frames):
        assert list(atoms.numbers) == list(file["particles/all/species"][...])
        assert same(atoms.positions.astype(np.float32), file["particles/all/position/value"][f])
        assert same(atoms.cell.array, file["particles/all/box/edges/value"][f])
        assert list(atoms.pbc) == [True] * 3
        for name in PROPERTIES:
            value = file["observables/" + name + "/value"][f]
            if name in ("charges", "forces"):
                found = atoms.get_initial_charges() if name == "charges" else atoms.arrays[name]
            else:
                found = np.reshape(atoms.info[name], value.shape)
            assert same(found, value), (name, f)
        domain = file["observables/domain"]
        assert atoms.info["step"] == domain["step"][f]
        assert atoms.info["time"] == domain["time"][f]
        assert atoms.info["domain"] == domain["value"][f]
        for name in ("domain_margin", "domain_distance"):
            assert atoms.info[name] == file["observables/" + name + "/value"][f]
        assert atoms.info["dipole_unit"] == "e*bohr" and "charges_unit" not in atoms.info


def columns_of(file):
    """Header and values that the CSV file should have."""
    domain = file["observables/domain"]
    columns = {"frame": np.arange(FRAMES), "step": domain["step"][...],
               "time [fs]": domain["time"][...]}
    for name in PROPERTIES:
        group = file["observables/" + name]
        value = group["value"][...].reshape(FRAMES, -1)
        unit = group.attrs.get("unit_name")
        tail = " [%s]" % unit if unit else ""
        rank, per_atom = int(group.attrs["rank"]), bool(group.attrs["per_atom"])
        axes = [""]
        for _ in range(rank):
            axes = [a + x for a in axes for x in "xyz"]
        atoms = ["_%d" % a for a in range(ATOMS)] if per_atom else [""]
        names = [name + a + ("_" + x if x else "") + tail for a in atoms for x in axes]
        columns.update(zip(names, value.T))
    columns["domain"] = domain["value"][...]
    for name in ("domain_margin", "domain_distance"):
        columns[name] = file["observables/" + name + "/value"][...]
    return columns


def check_csv(path, file):
    expected = columns_of(file)
    with open(path, newline="") as text:
        rows = list(csv.reader(text))
    assert rows[0] == list(expected), rows[0]
    assert same(rows[1:], np.column_stack(list(expected.values())))
    digits = [field for row in rows[1:] for field in row if "." in field or "e" in field]
    assert digits and all(repr(float(field)) == field for field in digits)
    if pandas is not None:
        table = pandas.read_csv(path, float_precision="round_trip")
        assert list(table.columns) == list(expected)
        for name, values in expected.items():
            assert same(table[name], values), name
        assert table["frame"].dtype == np.int64


def check_npy(file):
    for name in PROPERTIES:
        array = np.load("all.%s.npy" % name)
        assert array.dtype == np.dtype("<f8")
        assert np.array_equal(array, file["observables/" + name + "/value"][...]), name
        with open("all.%s.npy" % name, "rb") as raw:
            assert np.lib.format.read_magic(raw) == (1, 0)


def check_slices(annotation):
    for part in ("-1:", ":-30", "::7", "-20:-1:4"):
        export(annotation, "csv", "slice.csv", "--frames=" + part, "--property", "energy",
               "--batch", "2")
        bounds = [int(bound) if bound else None for bound in part.split(":")]
        with open("slice.csv", newline="") as text:
            frames = [int(row[0]) for row in list(csv.reader(text))[1:]]
        assert frames == list(range(FRAMES))[slice(*bounds)], (part, frames)


def stretched(path, wavenumber, step, n_frames):
    """A molecule of which one C-Cl bond vibrates, step in fs."""
    with open(os.path.join(DATA, "dce_test.xyz")) as file:
        n_atoms = int(file.readline())
        file.readline()
        atoms = [file.readline().split()[:4] for _ in range(n_atoms)]
    rest = np.array([[float(x) for x in atom[1:]] for atom in atoms])
    bond = rest[2] - rest[0]  # chlorine and its carbon
    phase = 2.0 * math.pi * wavenumber * 2.99792458e-5 * step
    with open(path, "w") as file:
        for frame in range(n_frames):
            moved = rest.copy()
            moved[2] += 0.03 * math.cos(phase * frame) * bond / np.linalg.norm(bond)
            file.write("%d\nstep=%d time=%r\n" % (n_atoms, frame, step * frame))
            for atom, place in zip(atoms, moved):
                file.write("%s %.8f %.8f %.8f\n" % (atom[0], *place))


CONFIG = """data: {train: [%s]}
properties: [{name: polarizability, kind: symmetric-tensor, unit: bohr^3}]
representation: {basis: eckart, references: 1, descriptor: [cartesians, distances],
  scaling: standardize, symmetry: none}
kernel: {type: gaussian, length: 4}
ridge: 1e-2
output: model.h5
"""


def check_travis():
    """The Raman spectrum that TRAVIS makes has its line where the bond vibrates."""
    wavenumber, step = 700.0, 2.0
    with open("config.yaml", "w") as file:
        file.write(CONFIG % os.path.join(DATA, "dce_train.xyz"))
    run([COVARY, "fit", "config.yaml", "--quiet", "--output", "model.h5"])
    stretched("vibration.xyz", wavenumber, step, 1024)
    run([COVARY, "predict", "--quiet", "--model", "model.h5", "--output", "vibration.h5",
         "vibration.xyz"])
    export("vibration.h5", "travis", "vibration.dat", ranks=2)
    with h5py.File("vibration.h5", "r") as file:
        expected = file["observables/polarizability/value"][...].reshape(-1, 9)
    found = np.loadtxt("vibration.dat")
    e, hartree, bohr = 1.602176634e-19, 4.3597447222071e-18, 5.29177210903e-11
    factor = e * e * bohr**2 / hartree / (e * 1e-24)
    assert np.allclose(found[:, 2:], factor * expected, rtol=1e-12, atol=0.0)
    assert np.array_equal(found[:, 0], np.arange(1024))
    assert np.array_equal(found[:, 1], step * np.arange(1024))
    if shutil.which("travis") is None:
        return "without travis"
    # all answers but the time step are the default ones
    run(["travis", "-ramanfrompolarizability", "vibration.dat"],
        input="\n\n\n\n%g\n" % step + "\n" * 40, timeout=100)
    spectrum = np.loadtxt("spectrum_raman_iso_import.csv", delimiter=";")
    spectrum = spectrum[spectrum[:, 0] > 200.0]
    peak = spectrum[np.argmax(spectrum[:, 1]), 0]
    assert abs(peak - wavenumber) < 5.0, peak
    return "and TRAVIS, which has the line at %.0f cm^-1" % peak


def main():
    for left in glob.glob("*.npy") + glob.glob("*.csv"):
        os.remove(left)
    run(MPIEXEC + ["1", WRITER],
        env=dict(os.environ, COVARY_TEST_ANNOTATION=os.path.abspath("annotation.h5")))
    for ranks in (1, 3):
        with h5py.File("annotation.h5", "r") as file:
            export("annotation.h5", "csv", "all.csv", ranks=ranks)
            check_csv("all.csv", file)
            export("annotation.h5", "npy", "all.npy", ranks=ranks)
            check_npy(file)
            export("annotation.h5", "extxyz", "all.xyz", ranks=ranks)
            if ase is not None:
                check_extxyz("all.xyz", file)
    check_slices("annotation.h5")
    print("as h5py: csv, NumPy%s%s %s" % (", pandas" if pandas else "", ", ASE" if ase else "",
                                          check_travis()))


main()
