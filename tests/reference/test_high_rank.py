# SPDX-License-Identifier: BSD-3-Clause
"""Tensors of rank 3 and 4 through fit, predict and evaluate.

The labels are sums over pairs of atoms, exactly covariant, in every form that files may hold: all
27 components, 10 and 15 in lexicographic order, 10 columns an atom.  Predictions must have the
shapes and symmetries of their kinds, turn and mirror with the molecule, and come near the labels;
the errors that `evaluate` reports for every irrep are computed again from the annotation.
"""
import itertools
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("h5py", "numpy", "scipy.spatial.transform")
import h5py  # noqa: E402
import numpy as np  # noqa: E402
from scipy.spatial.transform import Rotation  # noqa: E402

COVARY = os.environ["COVARY"]
DATA = os.environ["COVARY_TEST_DATA"]
MPIEXEC = os.environ["COVARY_MPIEXEC"].split()
TRAIN, TEST = 120, 20
UNIT = np.eye(3)
PERMUTATION = np.array([[[np.linalg.det(UNIT[[i, j, k]]) for k in range(3)] for j in range(3)]
                        for i in range(3)])

CONFIG = """
data: {train: [train.xyz]}
properties:
  - {name: hyperpolarizability, kind: symmetric-tensor-3, unit: e^3*bohr^3/hartree^2}
  - {name: second-hyperpolarizability, kind: symmetric-tensor-4, unit: e^4*bohr^4/hartree^3}
  - {name: derivative, kind: tensor-3, unit: none}
  - {name: atomic, kind: symmetric-tensor-3, unit: none, per_atom: true}
ridge: 1e-6
"""
SHAPES = {"hyperpolarizability": (3,) * 3, "second-hyperpolarizability": (3,) * 4,
          "derivative": (3,) * 3, "atomic": (4,) + (3,) * 3}
SYMMETRIC = [name for name in SHAPES if name != "derivative"]


def rank_of(name):
    return 4 if name.startswith("second") else 3


def run(command, status=0):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == status, "%s\n%s%s" % (" ".join(command), done.stdout, done.stderr)
    return done.stdout + done.stderr


def read_frames(path, count):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    n = int(lines[0])
    rows = [line.split() for line in lines]
    frames = [rows[f * (n + 2) + 2:(f + 1) * (n + 2)] for f in range(count)]
    return [r[0] for r in frames[0]], np.array([[r[1:4] for r in f] for f in frames], float)


def outer(*vectors):
    product = np.array(1.0)
    for vector in vectors:
        product = np.multiply.outer(product, vector)
    return product


def symmetrize(t):
    orders = list(itertools.permutations(range(t.ndim)))
    return sum(np.transpose(t, order) for order in orders) / len(orders)


def label(x):
    """-> tensors of one geometry; all weights are smooth functions of distances."""
    n = len(x)
    made = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    centre = x.mean(axis=0)
    made["derivative"] += 0.02 * np.linalg.det(x[1:4] - x[0]) * PERMUTATION  # a pseudoscalar
    for i, j in itertools.combinations(range(n), 2):
        d = np.linalg.norm(x[j] - x[i])
        u = (x[j] - x[i]) / d
        w = (1.0 + 0.3 * i - 0.1 * j) * np.exp(-d / 2.0)
        beta = w * (outer(u, u, u) + 0.3 * symmetrize(outer(UNIT, u)))
        made["hyperpolarizability"] += beta
        made["second-hyperpolarizability"] += 3.0 * w * (
            outer(u, u, u, u) + 0.5 * symmetrize(outer(UNIT, UNIT)))
        made["derivative"] += w * outer(u, u, x[i] - centre) + 0.2 * w * outer(x[j] - centre, UNIT)
        made["atomic"][i] += 0.5 * beta
        made["atomic"][j] -= 0.25 * beta
    return made


def short(t):
    rank = t.ndim
    return [t[c] for c in itertools.combinations_with_replacement(range(3), rank)]


def text_of(numbers):
    return " ".join("%.15g" % number for number in numbers)


def write_frames(path, species, positions, labels, brief):
    with open(path, "w", encoding="utf-8") as file:
        for x, made in zip(positions, labels):
            beta, gamma = made["hyperpolarizability"], made["second-hyperpolarizability"]
            file.write("%d\nProperties=species:S:1:pos:R:3:atomic:R:%d beta=\"%s\" gamma=\"%s\" "
                       "derivative=\"%s\"\n" % (
                           len(x), 10 if brief else 27,
                           text_of(short(beta) if brief else beta.ravel()),
                           text_of(gamma.ravel() if brief else short(gamma)),
                           text_of(made["derivative"].ravel())))
            for name, r, t in zip(species, x, made["atomic"]):
                file.write("%s %s %s\n" % (name, text_of(r),
                                           text_of(short(t) if brief else t.ravel())))


def turn(t, rank, rotation):
    """Every one of the last `rank` indices."""
    for _ in range(rank):  # contract the first of them, put the new one last
        t = np.moveaxis(t, t.ndim - rank, -1) @ rotation.T
    return t


def predict(ranks, source):
    run(MPIEXEC + [str(ranks), COVARY, "predict", "--model", "model.h5", "--output",
                   "annotation.h5", "--quiet", source])
    with h5py.File("annotation.h5", "r") as file:
        return {name: file["observables/%s/value" % name][:] for name in SHAPES}


def check_shapes(predicted):
    for name, shape in SHAPES.items():
        assert predicted[name].shape == (TEST,) + shape, (name, predicted[name].shape)
    for name in SYMMETRIC:
        t, rank = predicted[name], rank_of(name)
        for axis in range(t.ndim - rank, t.ndim - 1):
            assert np.array_equal(t, np.swapaxes(t, axis, axis + 1)), name


def norms(t, rank):
    return np.sqrt((t.reshape(-1, 3**rank) ** 2).sum(axis=1))


def rms(t, rank):
    return np.sqrt((norms(t, rank) ** 2).mean())


def vector_and_rest(t):
    """The parts l = 1 and l = 3 of symmetric tensors of rank 3: sym(1 v) has the trace 5/3 v."""
    t = t.reshape(-1, 3, 3, 3)
    vector = np.stack([0.6 * symmetrize(outer(UNIT, v)) for v in np.einsum("fiij->fj", t)])
    return {"1": vector, "3": t - vector}


def check_report(labels, predicted):
    run(MPIEXEC + ["2", COVARY, "evaluate", "--model", "model.h5", "--json", "errors.json",
                   "--quiet", "test.xyz"])
    with open("errors.json", encoding="utf-8") as report:
        report = json.load(report)["properties"]
    assert sorted(report["hyperpolarizability"]["irreps"]) == ["1", "3"]
    assert sorted(report["second-hyperpolarizability"]["irreps"]) == ["0", "2", "4"]
    assert sorted(report["derivative"]["irreps"]) == ["0", "1", "2", "3"]
    assert len(report["hyperpolarizability"]["components"]) == 10
    assert len(report["second-hyperpolarizability"]["components"]) == 15
    assert len(report["derivative"]["components"]) == 27
    for name in SHAPES:
        rank = rank_of(name)
        rmse = rms(predicted[name] - labels[name], rank)
        assert abs(report[name]["rmse"] / rmse - 1.0) < 1e-9, name
        print("%-27s relative rmse %.2g, irreps %s" % (
            name, report[name]["relative_rmse"],
            {l: "%.2g" % e["relative_rmse"] for l, e in report[name]["irreps"].items()
             if e["relative_rmse"] is not None}))
        assert report[name]["relative_rmse"] < 0.02, name
    for name in ("hyperpolarizability", "atomic"):
        found, want = vector_and_rest(predicted[name]), vector_and_rest(labels[name])
        for l in ("1", "3"):
            errors = report[name]["irreps"][l]
            assert abs(errors["rmse"] / rms(found[l] - want[l], 3) - 1.0) < 1e-9, (name, l)
            assert abs(errors["rms_reference"] / rms(want[l], 3) - 1.0) < 1e-9, (name, l)
    name = "second-hyperpolarizability"
    found = np.einsum("fiijj->f", predicted[name]) / 5.0
    want = np.einsum("fiijj->f", labels[name]) / 5.0
    errors = report[name]["irreps"]["0"]
    assert abs(errors["rmse"] / rms(found - want, 0) - 1.0) < 1e-9
    assert abs(errors["rms_reference"] / want.std() - 1.0) < 1e-9
    component = report["derivative"]["components"]["xyz"]["rmse"]
    error = (predicted["derivative"] - labels["derivative"])[:, 0, 1, 2]
    assert abs(component / np.sqrt((error**2).mean()) - 1.0) < 1e-9


def check_turned(species, positions, labels, predicted):
    for sign in (1.0, -1.0):
        rotation = sign * Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix()
        write_frames("turned.xyz", species, positions @ rotation.T, labels, True)
        again = predict(2, "turned.xyz")
        for name in SHAPES:
            rank = rank_of(name)
            expected = turn(predicted[name], rank, rotation)
            error = np.abs(again[name] - expected).max() / np.abs(expected).max()
            assert error < 1e-9, (name, sign, error)


def stack(labels):
    return {name: np.stack([made[name] for made in labels]) for name in SHAPES}


def main():
    random = np.random.default_rng(7)
    species, positions = read_frames(os.path.join(DATA, "nh3_train.xyz"), TRAIN + TEST)
    positions -= positions.mean(axis=1, keepdims=True)
    turns = Rotation.random(len(positions), random_state=random).as_matrix()
    positions = np.einsum("fij,faj->fai", turns, positions)
    labels = [label(x) for x in positions]
    write_frames("train.xyz", species, positions[:TRAIN], labels[:TRAIN], False)
    write_frames("test.xyz", species, positions[TRAIN:], labels[TRAIN:], True)
    with open("fit.yaml", "w", encoding="utf-8") as config:
        config.write(CONFIG)
    said = run(MPIEXEC + ["2", COVARY, "fit", "fit.yaml", "--output", "model.h5"])
    assert "do not turn exactly" not in said, said
    predicted = predict(1, "test.xyz")
    check_shapes(predicted)
    check_report(stack(labels[TRAIN:]), predicted)
    check_turned(species, positions[TRAIN:], labels[TRAIN:], predicted)

    with open("test.xyz", encoding="utf-8") as file:
        text = file.read()
    with open("wrong.xyz", "w", encoding="utf-8") as file:
        file.write(text.replace("beta=\"", "beta=\"1 ", 1))
    said = run([COVARY, "evaluate", "--model", "model.h5", "wrong.xyz"], 1)
    assert "has 11 values (beta), 27 are expected (or 10)" in said, said


main()
