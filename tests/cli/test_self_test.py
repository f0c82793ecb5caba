# SPDX-License-Identifier: BSD-3-Clause
"""covary inspect --self-test repeats what the fit found, and sees damage: weights that are no
numbers, test frames in which the body axes have no sense, axes with raw signs."""
import json
import math
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("h5py", "numpy")
import h5py  # noqa: E402
import numpy as np  # noqa: E402

COVARY = os.environ["COVARY"]
DATA = os.environ["COVARY_TEST_DATA"]
MPIEXEC = os.environ["COVARY_MPIEXEC"].split()

CONFIG = """
data: {train: [%s/dce_train.xyz]}
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
  - {name: polarizability, kind: symmetric-tensor, unit: bohr^3}
  - {name: shift, key: dipole, kind: vector, unit: e*bohr, charge: 1, origin: "1 2 3"}
representation:
  basis: %s
  axes: improper
  signs: %s
  references: 1
  descriptor: [%s]
  scaling: standardize
  symmetry: none
kernel: {type: gaussian, length: 20}
ridge: 1e-4
"""


def run(*arguments, ranks=1):
    command = ([] if ranks == 1 else MPIEXEC + [str(ranks)]) + [COVARY] + list(arguments)
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def fit(path, basis, signs, descriptors):
    with open("fit.yaml", "w", encoding="utf-8") as config:
        config.write(CONFIG % (DATA, basis, signs, descriptors))
    done = run("fit", "fit.yaml", "--quiet", "--output", path)
    assert done.returncode == 0, done.stderr


def repeat(path, status, ranks=1):
    """Exit status and message are checked; -> the properties in the JSON."""
    done = run("inspect", "--self-test", "--json", "report.json", path, ranks=ranks)
    assert done.returncode == status, (path, done.returncode, done.stderr)
    with open("report.json", encoding="utf-8") as report:
        found = json.load(report)["self_test"]
    assert found["passed"] == (status == 0)
    message = [line for line in done.stderr.splitlines() if line.startswith("covary: ")]
    assert len(message) == (status != 0), done.stderr
    assert all(path in line and "self-test failed" in line for line in message), message
    for name, of in found["properties"].items():
        assert any(name in line and of["verdict"] in line for line in done.stdout.splitlines())
    return found["properties"]


def check_sound():
    fit("sound.h5", "gram", "matched", "distances")
    with h5py.File("sound.h5") as model:
        stored = {name: dict(model["properties"][name].attrs) for name in model["properties"]}
    for ranks in (1, 2):
        found = repeat("sound.h5", 0, ranks)
        assert found["shift"]["verdict"] == "not tested"
        for name in ("dipole", "polarizability"):
            assert found[name]["verdict"] == "passed"
            assert 0 <= found[name]["deviation"] <= found[name]["bound"]
            assert math.isclose(found[name]["bound"], stored[name]["self_test_bound"], rel_tol=0.5)
    print("a sound model: %(deviation).1e, bound %(bound).1e %(unit)s" % found["dipole"])


def check_not_finite():
    """A maximum must not pass over what is no number."""
    shutil.copy("sound.h5", "nan.h5")
    with h5py.File("nan.h5", "r+") as model:
        model["properties/dipole/1/0/weights"][7] = np.nan
    found = repeat("nan.h5", 1)
    assert found["dipole"]["verdict"] == "failed" and found["dipole"]["deviation"] is None
    assert found["polarizability"]["verdict"] == "passed"


def check_ambiguous():
    """Improper Eckart axes of a flat frame of a molecule that is not."""
    fit("axes.h5", "eckart", "matched", "cartesians, distances")
    repeat("axes.h5", 0)
    with h5py.File("axes.h5", "r+") as model:
        frame = model["molecule/tested"][3]
        frame -= frame.mean(0)
        normal = np.linalg.svd(frame)[2][2]
        model["molecule/tested"][3] = frame - np.outer(frame @ normal, normal)
    for ranks in (1, 3):
        found = repeat("axes.h5", 1, ranks)
        assert found["polarizability"]["verdict"] == "failed"
        assert found["polarizability"]["deviation"] > 1e3 * found["polarizability"]["bound"]


def check_raw_signs():
    """These exist to show what goes wrong: no failure."""
    fit("raw.h5", "inertia", "raw", "distances")
    found = repeat("raw.h5", 0)
    assert found["dipole"]["verdict"] == "warned"
    assert found["dipole"]["deviation"] > found["dipole"]["bound"]


check_sound()
check_not_finite()
check_ambiguous()
check_raw_signs()
print("the self-test can be repeated, and sees damage")
