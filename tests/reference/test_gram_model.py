# SPDX-License-Identifier: BSD-3-Clause
"""Models of the basis gram with permutations against gram.py, twice over:

- the model file alone, as src/model/model_file.c describes it, gives the program's predictions:
  weights of tensors at each training frame, features, units and permutations are read with h5py;
- a fit in numpy from the labelled frames, at the same length and ridge, gives the same predictions,
  leave-one-out errors and log marginal likelihoods.

Weights of tensors belong to products x_a x_b ... of the positions of atoms a <= b <= ..., times the
square root of the number of their orders, so their contraction needs no convention of spherical
components.
"""
import itertools
import math
import os
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("h5py", "numpy", "scipy.spatial.transform")
import h5py  # noqa: E402
import numpy as np  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gram  # noqa: E402
import rpr  # noqa: E402

COVARY = os.environ["COVARY"]
DATA = os.environ["COVARY_TEST_DATA"]
TWO_RANKS = os.environ["COVARY_MPIEXEC"].split() + ["2"]

CONFIG = """
data: {train: [train.xyz]}
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
  - {name: polarizability, kind: symmetric-tensor, unit: bohr^3}
  - {name: beta, kind: symmetric-tensor-3, unit: none}
representation:
  basis: gram
  descriptor: [%(descriptors)s]
  scaling: %(scaling)s
  symmetry: [%(symmetry)s]
kernel: {type: %(kernel)s, length: %(length)s}
ridge: %(ridge)s
"""
IRREPS = {"dipole": [1], "polarizability": [0, 2], "beta": [1, 3]}
CYCLES = {"dce": ["(1 2)(3 4)(5 7)(6 8)", "(5 6)(7 8)"], "nh3": ["(2 3)", "(2 3 4)"],
          "co2": ["(2 3)"]}
ORDERS = {"dce": 4, "nh3": 6, "co2": 2}

# molecule, training frames, descriptors, scaling, kernel, length / sigma, ridge
CASES = [
    ("dce", 90, ["distances"], "none", "gaussian", 2.0, 1e-4),
    ("dce", 60, ["distances", "exponential-distances"], "standardize", "matern-5/2", 4.0, 1e-5),
    ("nh3", 60, ["distances", "inverse-distances"], "none", "gaussian", 2.0, 1e-5),
    ("nh3", 40, ["inverse-distances"], "standardize", "matern-3/2", 4.0, 1e-4),
    ("co2", 30, ["distances"], "none", "gaussian", 2.0, 1e-6),
]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, "%s\n%s%s" % (" ".join(command), done.stdout, done.stderr)


def check_close(what, found, expected, tolerance):
    worst = np.abs(np.asarray(found) - expected).max()
    assert worst <= tolerance, "%s: off by %.2e, more than %.2e" % (what, worst, tolerance)
    return worst


# -- frames ----------------------------------------------------------------------------------------


def third_moment(frames):
    """A tensor of rank 3 that is as smooth as the dipole and has both its irreps: the part of
    dipole x polarizability that is symmetric in all indices."""
    product = np.einsum("fa,fbc->fabc", frames.dipole, frames.polarizability)
    return sum(product.transpose((0,) + order) for order in itertools.permutations((1, 2, 3))) / 6


def write_frames(path, frames, count):
    """The first `count` frames with all labels; the numbers survive."""
    with open(path, "w", encoding="utf-8") as file:
        for k in range(count):
            labels = " ".join('%s="%s"' % (name, " ".join(repr(float(v)) for v in
                                                          getattr(frames, name)[k].ravel()))
                              for name in IRREPS)
            file.write("%d\nProperties=species:S:1:pos:R:3 %s\n" % (len(frames.species), labels))
            for species, x in zip(frames.species, frames.x[k]):
                file.write("%s %r %r %r\n" % (species, *map(float, x)))


def read_frames(molecule, part, count):
    frames = rpr.Labelled(os.path.join(DATA, "%s_%s.xyz" % (molecule, part)))
    frames.beta = third_moment(frames)
    write_frames(part + ".xyz", frames, count)
    for name in ("x", *IRREPS):
        setattr(frames, name, getattr(frames, name)[:count])
    return frames


def generators(molecule, n_atoms):
    """Cycles, counted from 1, as permutations."""
    made = []
    for text in CYCLES[molecule]:
        image = list(range(n_atoms))
        for cycle in text.strip("()").split(")("):
            atoms = [int(word) - 1 for word in cycle.split()]
            for here, there in zip(atoms, atoms[1:] + atoms[:1]):
                image[here] = there
        made.append(image)
    return made


# -- irreps of the properties ----------------------------------------------------------------------


def embedding(name, l):
    """Orthonormal Cartesian tensors [2l+1][3^rank] that an irrep of a property consists of."""
    basis = gram.harmonic_basis(l)
    if name == "polarizability" and l == 0:
        return np.eye(3).reshape(1, 9) / np.sqrt(3)
    if name == "beta" and l == 1:
        delta = np.eye(3)
        vector = sum(np.einsum(path, basis, delta) for path in
                     ("mi,jk->mijk", "mj,ik->mijk", "mk,ij->mijk"))
        return vector.reshape(3, 27) / np.sqrt(15)
    return basis


def values_of(name, parts):
    """Cartesian values [frames][3]...[3] of irreps {l: [frames][2l+1]}."""
    flat = sum(parts[l] @ embedding(name, l) for l in parts)
    return flat.reshape((len(flat),) + (3,) * round(math.log(flat.shape[1], 3)))


# -- the model file alone --------------------------------------------------------------------------


def ascending_products(x, l):
    """S_l (x_a x_b ...) of a <= b <= ..., times the root of the number of their orders."""
    n = x.shape[1]
    every = gram.products(x, l)
    columns, factors = [], []
    for index in itertools.combinations_with_replacement(range(n), l):
        columns.append(np.ravel_multi_index(index, (n,) * l) if l > 0 else 0)
        repeats = [index.count(a) for a in set(index)]
        factors.append(math.factorial(l) / math.prod(math.factorial(r) for r in repeats))
    return every[:, :, columns] * np.sqrt(factors)


def predict_from_file(model, x):
    """{property: values} of the frames x, by what the file holds."""
    group = gram.closure(model["symmetry/generators"][:], x.shape[1])
    assert model["symmetry"].attrs["order"] == len(group)
    found = {}
    for name in IRREPS:
        parts = {}
        for l in IRREPS[name]:
            part = model["properties"][name][str(l)]
            described = model["representations/%d" % part.attrs["representation"]]
            parts[l] = predict_part(part, described, group, x, l)
        found[name] = values_of(name, parts)
    return found


def predict_part(part, described, group, x, l):
    system = part["0"]
    names = [name.decode() for name in described["descriptors"][:]]
    place = gram.centred(x, None, "centroid") / described.attrs["unit_length"]
    weights = system["weights"][:, 0, 0]  # one site and one column
    total = np.zeros((len(x), 2 * l + 1))
    for image in group:
        rows = (gram.features(names, x[:, image]) - described["mean"][:]) * described["scale"][:]
        k = rpr.evaluate_kernel(part.attrs["kernel"], rows, described["train"][:, 0],
                                system.attrs["length"])
        total += np.einsum("fmt,ft->fm", ascending_products(place[:, image], l), k @ weights)
    return total + (part["mean"][:] if l == 0 else 0)


# -- the same fit in numpy -------------------------------------------------------------------------


class Refit:
    """All irreps of all properties at one length and ridge."""

    def __init__(self, case, train, group):
        self.kernel, self.ridge, self.train = case[4], case[6], train
        self.representations = {
            l: gram.Gram(train.species, train.x, l, group, case[2], case[3], "centroid")
            for l in range(4)}
        self.length = float("%.6g" % (case[5] * self.representations[0].sigma))
        self.solved = {}

    def set_scales(self, reference):
        """Kernels have a mean diagonal of 1 at the reference, apart from the permutations."""
        x = gram.centred(reference[None], None, "centroid")[0]
        for l, representation in self.representations.items():
            order = len(representation.group)
            trace = np.trace(gram.irrep_power(x.T @ x, l)) / (2 * l + 1)
            representation.scale = trace / order

    def solve(self, name):
        """-> leave-one-out residuals {l: [frames][2l+1]} and log likelihoods {l: number}."""
        residuals, likelihoods = {}, {}
        labels = getattr(self.train, name).reshape(len(self.train.x), -1)
        for l in IRREPS[name]:
            representation = self.representations[l]
            targets = labels @ embedding(name, l).T
            mean = targets.mean(0) if l == 0 else 0.0
            k = representation.between(representation.arguments(self.train.x), self.kernel,
                                       self.length)
            weights, factor = representation.solve(k, targets - mean, self.ridge)
            residuals[l] = representation.leave_one_out(weights, factor)
            likelihoods[l] = (-0.5 * (targets - mean).reshape(-1) @ weights
                              - np.log(np.diag(factor)).sum()
                              - 0.5 * len(factor) * np.log(2 * np.pi))
            self.solved[name, l] = weights, mean
        return residuals, likelihoods

    def predict(self, name, x):
        parts = {}
        for l in IRREPS[name]:
            representation = self.representations[l]
            weights, mean = self.solved[name, l]
            k = representation.between(representation.arguments(x), self.kernel, self.length)
            parts[l] = (k @ weights).reshape(len(x), -1) + mean
        return values_of(name, parts)


def check_refit(refit, name, model, predicted, x):
    group = model["properties"][name]
    residuals, likelihoods = refit.solve(name)
    expected = refit.predict(name, x)
    worst = check_close(name + " refitted", predicted, expected, 1e-6 * rpr.frobenius(expected))
    rmse = math.sqrt(sum(rpr.frobenius(residuals[l])**2 for l in residuals))
    check_close(name + " leave-one-out", group.attrs["leave_one_out"][0], rmse, 1e-6 * rmse)
    for k, l in enumerate(IRREPS[name]):
        of_irrep = rpr.frobenius(residuals[l]) / (math.sqrt(3) if l == 0 else 1)  # trace / 3
        check_close("%s leave-one-out, l = %d" % (name, l),
                    group.attrs["leave_one_out_%d" % k][0], of_irrep, 1e-6 * of_irrep)
        attributes = group[str(l)]["0"].attrs
        assert attributes["ridge"] == refit.ridge
        check_close("%s log likelihood, l = %d" % (name, l), attributes["log_likelihood"],
                    likelihoods[l], 1e-7 * abs(likelihoods[l]))
    return worst / rpr.frobenius(expected)


def check_case(case):
    molecule, count, descriptors, scaling, kernel, _, ridge = case
    train, unseen = read_frames(molecule, "train", count), read_frames(molecule, "test", 20)
    group = gram.closure(generators(molecule, train.x.shape[1]), train.x.shape[1])
    assert len(group) == ORDERS[molecule]
    refit = Refit(case, train, group)
    with open("fit.yaml", "w", encoding="utf-8") as config:
        config.write(CONFIG % {"descriptors": ", ".join(descriptors), "scaling": scaling,
                               "symmetry": ", ".join('"%s"' % c for c in CYCLES[molecule]),
                               "kernel": kernel, "length": repr(refit.length),
                               "ridge": repr(ridge)})
    run(TWO_RANKS + [COVARY, "fit", "fit.yaml", "--output", "fit.h5", "--quiet"])
    run(TWO_RANKS + [COVARY, "predict", "--model", "fit.h5", "--output", "annotation.h5", "--quiet",
                     "test.xyz"])
    by_file, by_fit = [], []
    with h5py.File("fit.h5") as model, h5py.File("annotation.h5") as annotation:
        refit.set_scales(model["molecule/reference"][:])
        stored = predict_from_file(model, unseen.x)
        for name in IRREPS:
            found = annotation["observables/%s/value" % name][:]
            size = rpr.frobenius(found)
            by_file.append(check_close(name, found, stored[name], 1e-8 * size) / size)
            by_fit.append(check_refit(refit, name, model, found, unseen.x))
            relative = rpr.frobenius(found - getattr(unseen, name)) / size
            assert relative < 0.5, "%s of %s is not learned: %.2g" % (name, molecule, relative)
    print("%-3s %-33s %-11s %-10s ridge %.0e: from the file %.1e, refitted %.1e"
          % (molecule, " + ".join(descriptors), scaling, kernel, ridge, max(by_file), max(by_fit)),
          flush=True)


for each in CASES:
    check_case(each)
