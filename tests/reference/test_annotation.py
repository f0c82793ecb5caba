# SPDX-License-Identifier: BSD-3-Clause
"""An annotation, written by test_annotation.c, as h5py, MDAnalysis and h5dump read it, and what a
killed prediction leaves, as h5py does."""
import os
import shutil
import subprocess
import sys
import time
import warnings

warnings.simplefilter("ignore")
sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("h5py", "numpy")
import h5py  # noqa: E402
import numpy as np  # noqa: E402
try:
    import MDAnalysis
except ImportError:
    MDAnalysis = None

WRITER = os.path.join(os.path.dirname(os.environ["COVARY"]), "tests/mpi_annotation")
FRAMES, ATOMS = 41, 3
FRAME = np.arange(FRAMES)
SHAPES = {"charges": (ATOMS,), "dipole": (3,), "energy": (), "forces": (ATOMS, 3),
          "polarizability": (3, 3)}
UNITS = {"dipole": "e bohr", "energy": "eV", "polarizability": "bohr3"}


def write(path, ranks):
    """The file of the test's first case, written by that many ranks."""
    environment = dict(os.environ, COVARY_TEST_ANNOTATION=os.path.abspath(path))
    command = os.environ["COVARY_MPIEXEC"].split() + [str(ranks), WRITER]
    subprocess.run(command, env=environment, check=True, capture_output=True)


def positions():
    return (FRAME[:, None] + 0.125 * np.arange(3 * ATOMS)).reshape(FRAMES, ATOMS, 3)


def observable(name):
    shape = SHAPES[name]
    size = int(np.prod(shape))
    values = 1000.0 * sorted(SHAPES).index(name) + FRAME[:, None] + 0.01 * np.arange(size)
    return values.reshape((FRAMES,) + shape)


def check_element(file, group, value, unit=None):
    """An H5MD element: value, step and time of equal length, with units."""
    element = file[group]
    assert element["value"].shape == value.shape, (group, element["value"].shape)
    assert np.array_equal(element["value"][...], value), group
    assert np.array_equal(element["step"][...], 10 * FRAME + 5), group
    assert np.array_equal(element["time"][...], 0.5 * FRAME), group
    assert element["time"].attrs["unit"] == "fs", group
    assert element["value"].attrs.get("unit") == unit, (group, element["value"].attrs.get("unit"))


def check_h5py(path):
    with h5py.File(path, "r") as file:
        assert list(file["h5md"].attrs["version"]) == [1, 1]
        assert file["h5md/author"].attrs["name"] == "A. Author"
        assert file["h5md/creator"].attrs["name"] == "covary"
        assert file["h5md/creator"].attrs["version"] == file["covary"].attrs["version"]
        assert list(file["particles/all/species"][...]) == [8, 1, 1]
        box = file["particles/all/box"]
        assert box.attrs["dimension"] == 3
        assert list(box.attrs["boundary"]) == ["periodic"] * 3
        cell = np.eye(3) * (10 + 0.01 * FRAME)[:, None, None]
        check_element(file, "particles/all/box/edges", cell, "Angstrom")
        assert file["particles/all/position/value"].dtype == np.float32
        check_element(file, "particles/all/position", positions().astype(np.float32), "Angstrom")
        for name in SHAPES:
            check_element(file, "observables/" + name, observable(name), UNITS.get(name))
            assert file["observables"][name].attrs["per_atom"] == (name in ("charges", "forces"))
        check_element(file, "observables/domain", (FRAME % 5).astype(np.uint8))
        check_element(file, "observables/domain_margin", 0.25 + 0.001 * FRAME)
        check_element(file, "observables/domain_distance", 2.0 * FRAME)
        masks = file["observables/domain/value"].attrs["flag_masks"]
        meanings = file["observables/domain/value"].attrs["flag_meanings"].split()
        assert dict(zip(meanings, masks)) == {"far": 1, "ambiguous": 2, "uncertain": 4,
                                              "degenerate": 8, "missing": 128}
        assert file["observables/dipole/step"] == file["particles/all/position/step"]
        assert list(file["covary/frames_complete"]) == [FRAMES]
        assert file["covary/settings"].attrs["precision"] == "double"
        assert file["covary/command"][()] == b"covary predict --model m.h5 a.xyz"
        assert list(file["covary/inputs/path"][...]) == [b"a.xyz", b"folder/b.xyz"]
        assert list(file["covary/inputs/bytes"][...]) == [1234, 5678]
    print("h5py agrees")


def check_mdanalysis(path):
    if MDAnalysis is None:
        print("not looked at with MDAnalysis: python3-mdanalysis is missing")
        return
    universe = MDAnalysis.Universe.empty(ATOMS)
    universe.load_new(path, format="H5MD")
    assert universe.trajectory.n_frames == FRAMES
    assert universe.trajectory.units["length"] == "Angstrom"
    assert universe.trajectory.units["time"] == "fs"
    for step in universe.trajectory:
        frame = step.frame
        assert np.array_equal(step.positions, positions()[frame].astype(np.float32))
        assert abs(step.time - 0.0005 * frame) < 1e-12  # MDAnalysis turns fs into ps
        assert np.allclose(step.dimensions, [10 + 0.01 * frame] * 3 + [90] * 3)
        assert np.array_equal(step.data["dipole"], observable("dipole")[frame])
        assert step.data["domain"] == frame % 5
    print("MDAnalysis agrees")


def check_h5dump(path):
    if shutil.which("h5dump") is None:
        print("not looked at with h5dump: hdf5-tools is missing")
        return
    dump = subprocess.run(["h5dump", "-d", "/observables/energy/value", path], check=True,
                          capture_output=True, text=True).stdout
    assert "H5T_IEEE_F64LE" in dump and "( 41 )" in dump and "2040" in dump, dump
    print("h5dump agrees")


CONFIG = """\
data: {train: [train.xyz]}
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
representation:
  {basis: eckart, references: 1, descriptor: [cartesians], scaling: standardize, symmetry: none}
kernel: {type: gaussian, length: 10}
ridge: 1e-6
"""


def begin_long_prediction():
    """A prediction under way that writes its blocks one by one."""
    data = os.environ["COVARY_TEST_DATA"]
    if os.path.exists("killed.h5.part"):  # of an earlier test
        os.remove("killed.h5.part")
    shutil.copy(os.path.join(data, "nh3_train.xyz"), "train.xyz")
    with open("config.yaml", "w") as config:
        config.write(CONFIG)
    subprocess.run([os.environ["COVARY"], "fit", "config.yaml", "--quiet", "--output", "model.h5"],
                   check=True)
    with open(os.path.join(data, "nh3_test.xyz")) as test, open("long.xyz", "w") as long:
        long.write(test.read() * 300)
    return subprocess.Popen([os.environ["COVARY"], "predict", "--quiet", "--model", "model.h5",
                             "--output", "killed.h5", "--set", "annotation.flush_seconds=0",
                             "--batch", "20", "long.xyz"])


def frames_complete(path):
    try:
        with h5py.File(path, "r") as file:
            return int(file["covary/frames_complete"][0])
    except FileNotFoundError:
        return 0


def check_killed():
    """h5py opens an annotation that is being written, and one whose program was killed."""
    running = begin_long_prediction()
    limit = time.time() + 60
    while frames_complete("killed.h5.part") == 0 and time.time() < limit:
        time.sleep(0.01)
    running.kill()
    running.wait()
    with h5py.File("killed.h5.part", "r") as file:
        n = int(file["covary/frames_complete"][0])
        dipole = file["observables/dipole/value"]
        flags = file["observables/domain/value"]
        assert 0 < n < len(dipole) == 30000, (n, len(dipole))
        assert np.all(flags[:n] & 128 == 0) and flags[-1] == 128
        assert np.all(np.linalg.norm(dipole[:n], axis=1) > 0)
        assert np.all(file["observables/domain/step"][:n] == np.arange(n))
    print("h5py opens what a killed run has left, %d frames" % n)


def main():
    if not os.path.exists(WRITER):
        print("skipped: %s is not built" % WRITER)
        sys.exit(77)
    for ranks in (1, 3):
        path = "annotation%d.h5" % ranks
        write(path, ranks)
        check_h5py(path)
        check_mdanalysis(path)
        check_h5dump(path)
    with open("annotation1.h5", "rb") as one, open("annotation3.h5", "rb") as three:
        assert one.read() == three.read(), "the file depends on the number of ranks"
    if os.path.exists(os.environ["COVARY"]):
        check_killed()


main()
