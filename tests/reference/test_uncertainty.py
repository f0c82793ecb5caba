# SPDX-License-Identifier: BSD-3-Clause
"""Predicted standard deviations against a dense Gaussian process in numpy, their coverage on
frames that were not learned from, how they turn, and the flags of frames outside of the training
domain."""
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
from scipy.linalg import cho_factor, cho_solve  # noqa: E402
from scipy.spatial.transform import Rotation  # noqa: E402

COVARY = os.environ["COVARY"]
DATA = os.environ["COVARY_TEST_DATA"]
FAR, UNCERTAIN, CLOSE = 1, 4, 16

failures = 0


def check(condition, claim):
    global failures
    if not condition:
        failures += 1
        print("FAILED: %s" % claim)


def covary(*words):
    subprocess.run([COVARY, words[0], "--quiet"] + list(words[1:]), check=True)


def read(name, n=None):
    """Symbols, and positions and energies of the first n frames."""
    lines = open(os.path.join(DATA, name)).read().splitlines()
    size = int(lines[0])
    frames = [lines[i:i + size + 2] for i in range(0, len(lines), size + 2)][:n]
    symbols = [line.split()[0] for line in frames[0][2:]]
    positions = np.array([[[float(x) for x in line.split()[1:4]] for line in frame[2:]]
                          for frame in frames])
    energies = np.array([float(frame[1].split(" energy=")[1].split()[0]) for frame in frames])
    return symbols, positions, energies


def write(path, symbols, positions, energies=None):
    with open(path, "w") as out:
        for f, frame in enumerate(positions):
            label = "" if energies is None else " energy=%.17g" % energies[f]
            out.write("%d\nProperties=species:S:1:pos:R:3%s\n" % (len(symbols), label))
            for symbol, x in zip(symbols, frame):
                out.write("%s %.17g %.17g %.17g\n" % ((symbol,) + tuple(x)))


def fit(path, train, properties, **keys):
    with open("model.yaml", "w") as out:
        out.write("data: {train: [%s]}\nproperties: [%s]\n" % (train, ", ".join(properties)))
        out.write("representation: {basis: gram, descriptor: [distances], scaling: none, "
                  "symmetry: none}\n")
        for key, value in keys.items():
            out.write("%s: %s\n" % (key, value))
    covary("fit", "model.yaml", "--output", path)


def predict(model, trajectory, **keys):
    settings = [word for key in keys for word in ("--set", "%s=%s" % (key, keys[key]))]
    covary("predict", "--model", model, "--output", "annotation.h5", *settings, trajectory)
    with h5py.File("annotation.h5") as file:
        return {name: file["observables"][name + "/value"][:] for name in file["observables"]}


def distances(positions):
    i, j = np.triu_indices(positions.shape[1], 1)
    return np.linalg.norm(positions[:, i] - positions[:, j], axis=2)


def gaussian(a, b, length):
    return np.exp(-((a[:, None] - b[None]) ** 2).sum(axis=2) / (2.0 * length ** 2))


def exact_process():
    """Variance and amplitude of a scalar from all training frames."""
    n, length, ridge = 80, 2.0, 1e-5
    symbols, positions, energies = read("dce_train.xyz", n)
    write("train.xyz", symbols, positions, energies)
    fit("scalar.h5", "train.xyz", ["{name: energy, kind: scalar, unit: hartree}"],
        kernel="{type: gaussian, length: %g}" % length, ridge=ridge, uncertainty_frames=n)
    _, test, _ = read("dce_test.xyz", 20)
    write("test.xyz", symbols, test)
    found = predict("scalar.h5", "test.xyz")

    x, t = distances(positions), distances(test)
    factor = cho_factor(gaussian(x, x, length) + ridge * np.eye(n))
    inverse = np.diag(cho_solve(factor, np.eye(n)))
    k = gaussian(x, t, length)
    variance = 1.0 + ridge - (k * cho_solve(factor, k)).sum(axis=0)
    # 95 % of the residuals of left-out frames lie within 1.96 standard deviations
    residuals = cho_solve(factor, energies - energies.mean()) / inverse
    z = np.sort(abs(residuals) * np.sqrt(inverse))
    amplitude = z[int(np.ceil(0.95 * n)) - 1] / 1.959963984540054
    expected = amplitude * np.sqrt(variance)
    worst = abs(found["energy_std"] / expected - 1.0).max()
    check(worst < 1e-7, "standard deviations are those of the dense process (%.1e)" % worst)
    covariance = predict("scalar.h5", "test.xyz", uncertainty="covariance")
    check(np.allclose(covariance["energy_covariance"], expected ** 2, rtol=2e-7),
          "the covariance of a scalar is its variance")
    check("energy_std" not in predict("scalar.h5", "test.xyz", uncertainty="none"),
          "uncertainty: none leaves it out")


def coverage(molecule, length):
    """Held-out components within 1.96 standard deviations."""
    fit("model.h5", os.path.join(DATA, molecule + "_train.xyz"),
        ["{name: dipole, kind: vector, unit: e*bohr}",
         "{name: polarizability, kind: symmetric-tensor, unit: bohr^3}"],
        kernel="{type: matern-5/2, length: %g}" % length, ridge=1e-10, uncertainty_frames=100)
    covary("evaluate", "--model", "model.h5", "--json", "errors.json",
           os.path.join(DATA, molecule + "_test.xyz"))
    with open("errors.json") as file:
        errors = json.load(file)["properties"]
    for name in ("dipole", "polarizability"):
        held = errors[name]["coverage_95"]
        check(0.92 <= held <= 0.98, "%s, %s: %.3f within 95 %%" % (molecule, name, held))
        observed = [level["observed"] for level in errors[name]["calibration"]]
        check(observed == sorted(observed) and errors[name]["coverage_68"] < held,
              "%s, %s: wider intervals hold more" % (molecule, name))


def turned():
    """Covariances of a turned frame are the turned ones, and hold the standard deviations."""
    symbols, test, _ = read("dce_test.xyz", 8)
    write("test.xyz", symbols, test)
    turns = Rotation.random(8, random_state=5).as_matrix()
    write("turned.xyz", symbols, np.einsum("fij,faj->fai", turns, test))
    before = predict("model.h5", "test.xyz", uncertainty="covariance")
    after = predict("model.h5", "turned.xyz", uncertainty="covariance")
    std = predict("model.h5", "test.xyz")
    vector, tensor = before["dipole_covariance"], before["polarizability_covariance"]
    expected = np.einsum("fia,fjb,fab->fij", turns, turns, vector)
    check(np.allclose(after["dipole_covariance"], expected, rtol=0, atol=1e-6 * vector.max()),
          "covariances of vectors turn")
    expected = np.einsum("fia,fjb,fkc,fld,fabcd->fijkl", turns, turns, turns, turns, tensor,
                         optimize=True)
    check(np.allclose(after["polarizability_covariance"], expected, rtol=0,
                      atol=1e-6 * tensor.max()), "covariances of tensors turn")
    check(np.allclose(np.einsum("fijij->fij", tensor), std["polarizability_std"] ** 2, rtol=1e-9),
          "standard deviations are roots of the diagonal")


def turn_about(positions, centre, axis, atoms, angle):
    turn = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
    positions[atoms] = centre + (positions[atoms] - centre) @ turn.T


def distort(frame, kind):
    """C C Cl Cl H H H H: atoms 0, 2, 4, 5 and 1, 3, 6, 7 belong together."""
    x = frame.copy()
    if kind == "stretched bond":
        x[2] += 0.8 * (x[2] - x[0]) / np.linalg.norm(x[2] - x[0])
    elif kind == "bent angle":
        turn_about(x, x[0], np.cross(x[2] - x[0], x[1] - x[0]), [2], np.radians(-50.0))
    elif kind == "atoms too close":
        x[4] = x[5] + 0.9 * (x[4] - x[5]) / np.linalg.norm(x[4] - x[5])
    else:  # Cl-C-C-Cl alone
        turn_about(x, x[1], x[1] - x[0], [3], np.radians(80.0))
    return x


def domain():
    """1 % of a trajectory pulled out of the training domain."""
    kinds = ["stretched bond", "bent angle", "atoms too close", "twisted dihedral"]
    fit("model.h5", os.path.join(DATA, "dce_train.xyz"),
        ["{name: dipole, kind: vector, unit: e*bohr}"],
        kernel="{type: matern-5/2, length: 60}", ridge=1e-10)
    symbols, test, _ = read("dce_test.xyz")
    whole = np.concatenate([test] * 54)
    moved = np.arange(50, len(whole), 101)
    for n, frame in enumerate(moved):
        whole[frame] = distort(whole[frame], kinds[n % 4])
    write("long.xyz", symbols, whole)
    flags = predict("model.h5", "long.xyz")["domain"]
    others = np.setdiff1d(np.arange(len(whole)), moved)
    for k, kind in enumerate(kinds):
        share = (flags[moved[k::4]] != 0).mean()
        check(share >= 0.95, "%s: %.2f found" % (kind, share))
    check((flags[others] != 0).mean() <= 0.01,
          "false alarms: %.4f" % (flags[others] != 0).mean())
    check((flags[moved[2::4]] & CLOSE != 0).all(), "atoms too close are called so")
    report = subprocess.run([COVARY, "inspect", "annotation.h5"], capture_output=True, text=True,
                            check=True).stdout
    check("%d with atoms too close" % (flags & CLOSE != 0).sum() in report,
          "inspect counts the flags")
    return flags[moved], kinds


exact_process()
coverage("nh3", 100.0)
coverage("dce", 60.0)
turned()
domain()
print("%d failures" % failures)
sys.exit(1 if failures else 0)
