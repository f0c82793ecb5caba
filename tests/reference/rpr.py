# SPDX-License-Identifier: BSD-3-Clause
"""Rotate-predict-rotate kernel ridge regression in plain numpy and scipy.

An independent account of what a fit means, for planar and spatial molecules: it shares no code with
the program and takes other routes where there are any (polar decomposition, Rotation.align_vectors,
Bessel functions, distances by differences, refitting for leave-one-out errors).
"""
import itertools
import re

import numpy as np
from scipy.linalg import cho_factor, cho_solve, polar
from scipy.spatial.distance import cdist, pdist
from scipy.spatial.transform import Rotation
from scipy.special import gamma, kv

BOHR = 0.529177210903  # angstrom, CODATA 2018
NUMBERS = {"H": 1, "C": 6, "N": 7, "O": 8, "Cl": 17}
MASSES = {"H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "Cl": 35.45}  # standard, abridged


class Labelled:
    """Frames of one molecule: species, x [frames][atoms][3], dipole [frames][3], polarizability
    [frames][3][3]."""

    def __init__(self, path):
        x, dipole, polarizability = [], [], []
        lines = open(path, encoding="utf-8").read().splitlines()
        at = 0
        while at < len(lines):
            n, comment = int(lines[at]), lines[at + 1]
            rows = [line.split() for line in lines[at + 2:at + 2 + n]]
            label = {key: [float(word) for word in values.split()]
                     for key, values in re.findall(r'(\w+)="([^"]*)"', comment)
                     if key in ("dipole", "polarizability")}
            x.append([[float(word) for word in row[1:4]] for row in rows])
            dipole.append(label["dipole"])
            polarizability.append(label["polarizability"])
            self.species = [row[0] for row in rows]
            at += n + 2
        self.x = np.array(x)
        self.dipole = np.array(dipole)
        self.polarizability = np.array(polarizability).reshape(-1, 3, 3)


def centred(x, w):
    return x - (np.einsum("i,...ia->...a", w, x) / w.sum())[..., None, :]


def medoid(x):
    """Index of the frame whose distances are nearest to the mean distances."""
    d = np.array([pdist(frame) for frame in x])
    return int(np.argmin(np.linalg.norm(d - d.mean(0), axis=1)))


def principal_axes(x, w):
    """Rows: axes by ascending moment of inertia, signs as they come."""
    s = np.einsum("i,ia,ib->ab", w, x, x)
    return np.linalg.eigh(np.trace(s) * np.eye(3) - s)[1].T


def canonical_reference(x, w):
    """In its own principal axes; x and y such that the first atom off the origin is positive."""
    x = centred(x, w)
    axes = principal_axes(x, w)
    for axis in axes[:2]:
        along = x @ axis
        axis *= np.sign(along[np.abs(along) > 1e-3 * np.abs(along).max()][0])
    axes[2] = np.cross(axes[0], axes[1])
    return x @ axes.T


def inertia_axes(x, w, reference, improper):
    """Principal axes with the signs that maximize sum_i w_i (R x_i) . xref_i."""
    axes = principal_axes(x, w)
    overlap = np.einsum("i,ia,ia->a", w, x @ axes.T, reference)
    signs = [s for s in itertools.product([1, -1], repeat=3)
             if improper or np.prod(s) * np.linalg.det(axes) > 0]
    return axes * np.array(max(signs, key=lambda s: s @ overlap))[:, None]


def eckart_axes(x, w, reference, improper):
    """The rotation, or the orthogonal matrix, that brings x closest to the reference."""
    if not improper:
        return Rotation.align_vectors(reference, x, weights=w)[0].as_matrix()
    return polar(np.einsum("i,ia,ib->ab", w, reference, x))[0]


def describe(name, body, species, reference):
    """Rows of one descriptor, [frames][features]."""
    d = np.array([pdist(frame) for frame in body])
    if name == "cartesians":
        return body.reshape(len(body), -1)
    if name == "coulomb":
        z = np.array([NUMBERS[s] for s in species], float)
        i, j = np.triu_indices(len(z), 1)
        diagonal = np.tile(0.5 * z**2.4, (len(body), 1))
        return np.hstack([diagonal, z[i] * z[j] / (d / BOHR)])  # order: of no consequence
    return {"distances": d, "inverse-distances": 1 / d, "exponential-distances": np.exp(-d),
            "relative-to-equilibrium": pdist(reference) / d}[name]


def evaluate_kernel(name, a, b, length, degree=2):
    if name == "linear":
        return 1 + a @ b.T / length**2
    if name == "polynomial":
        return (1 + a @ b.T / length**2)**degree
    r = cdist(a, b) / length
    if name == "gaussian":
        return np.exp(-r**2 / 2)
    if name == "laplacian":
        return np.exp(-r)
    nu = int(name.split("-")[1].split("/")[0]) / 2
    z = np.sqrt(2 * nu) * r
    with np.errstate(invalid="ignore"):
        value = 2**(1 - nu) / gamma(nu) * z**nu * kv(nu, z)
    return np.where(z == 0, 1.0, value)


def to_body(rotation, values):
    """Lab vectors or symmetric tensors of each frame -> packed components in the body axes."""
    if values.ndim == 2:
        return np.einsum("fab,fb->fa", rotation, values)
    t = rotation @ values @ rotation.transpose(0, 2, 1)
    off = [(t[:, i, j] + t[:, j, i]) / np.sqrt(2) for i, j in ((1, 2), (0, 2), (0, 1))]
    return np.stack([t[:, 0, 0], t[:, 1, 1], t[:, 2, 2]] + off, axis=1)


def to_lab(rotation, packed):
    if packed.shape[1] == 3:
        return np.einsum("fba,fb->fa", rotation, packed)
    t = np.zeros((len(packed), 3, 3))
    for k, (i, j) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
        t[:, i, j] = t[:, j, i] = packed[:, k] / (1 if i == j else np.sqrt(2))
    return rotation.transpose(0, 2, 1) @ t @ rotation


def is_planar(x):
    """Whether each geometry lies in a plane, to 1e-7 of its extent."""
    extents = np.linalg.svd(x - x.mean(1, keepdims=True), compute_uv=False)
    return bool(np.all(extents[:, 2] <= 1e-7 * extents[:, 0]))


def in_plane(packed):
    """Without the components that the reflection z -> -z of a planar molecule forbids."""
    packed = packed.copy()
    packed[:, [2] if packed.shape[1] == 3 else [3, 4]] = 0.0
    return packed


class Fit:
    """One representation and kernel on one training set, at one length and ridge."""

    def __init__(self, train, basis, improper, descriptors, scaling, kernel, degree=2):
        self.w = np.array([MASSES[s] for s in train.species])
        self.reference = canonical_reference(train.x[medoid(train.x)], self.w)
        self.planar = is_planar(train.x)  # then both senses of z mean the same: rotations do
        self.rule = ({"inertia": inertia_axes, "eckart": eckart_axes}[basis],
                     improper and not self.planar)
        self.descriptors, self.species = descriptors, train.species
        self.kernel, self.degree = kernel, degree
        self.rotations, blocks = self.pose(train.x)
        self.mean = [block.mean(0) for block in blocks]
        self.scale = [self.factors(block, scaling) for block in blocks]
        self.rows = self.scaled(blocks)
        self.sigma = np.sqrt((self.rows**2).sum(1).mean())  # the unit of automatic lengths

    def pose(self, x):
        rule, improper = self.rule
        x = centred(x, self.w)
        rotations = np.array([rule(f, self.w, self.reference, improper) for f in x])
        body = np.einsum("fab,fib->fia", rotations, x)
        return rotations, [describe(name, body, self.species, self.reference)
                           for name in self.descriptors]

    @staticmethod
    def factors(block, scaling):
        """1 / standard deviation; 0 for features that are constant beside the others."""
        if scaling == "none":
            return np.ones(block.shape[1])
        deviation = block.std(0)
        constant = deviation <= 1e-8 * deviation.max()
        return np.where(constant, 0.0, 1 / np.where(constant, 1.0, deviation))

    def scaled(self, blocks):
        return np.hstack([(block - mean) * scale
                          for block, mean, scale in zip(blocks, self.mean, self.scale)])

    def solve(self, values, length, ridge):
        """values: labels in the lab."""
        self.length = length
        packed = to_body(self.rotations, values)
        packed = in_plane(packed) if self.planar else packed
        self.target_mean = packed.mean(0)
        self.targets = packed - self.target_mean
        self.a = evaluate_kernel(self.kernel, self.rows, self.rows, length, self.degree)
        self.a[np.diag_indices(len(self.a))] += ridge
        self.weights = cho_solve(cho_factor(self.a, lower=True), self.targets)
        return self

    def predict(self, x):
        rotations, blocks = self.pose(x)
        k = evaluate_kernel(self.kernel, self.scaled(blocks), self.rows, self.length, self.degree)
        return to_lab(rotations, k @ self.weights + self.target_mean)

    def loo_by_refitting(self):
        """Residuals of every frame, each predicted by a fit without it (and the same mean)."""
        residuals = np.empty_like(self.targets)
        for i in range(len(self.a)):
            others = np.arange(len(self.a)) != i
            weights = cho_solve(cho_factor(self.a[np.ix_(others, others)]), self.targets[others])
            residuals[i] = self.targets[i] - self.a[i, others] @ weights
        return residuals

    def loo(self):
        """The same in closed form, e = w / diag(A^-1)."""
        inverse = cho_solve(cho_factor(self.a), np.eye(len(self.a)))
        return self.weights / np.diag(inverse)[:, None]

    def log_likelihood(self):
        """Of all components, each a Gaussian process with covariance A, by eigenvalues."""
        values, vectors = np.linalg.eigh(self.a)
        z = vectors.T @ self.targets
        each = (z**2 / values[:, None]).sum(0) + np.log(2 * np.pi * values).sum()
        return -0.5 * each.sum()


def frobenius(residuals):
    """Root of the mean squared norm of rows, whatever their shape."""
    return np.sqrt((residuals.reshape(len(residuals), -1)**2).sum(1).mean())
