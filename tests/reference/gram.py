# SPDX-License-Identifier: BSD-3-Clause
"""Kernel ridge regression with the frame-free basis in plain numpy and scipy.

An independent account of the basis gram, that shares no code with the program: harmonic parts are
taken by projecting Cartesian tensors of rank l on an explicit orthonormal basis of the symmetric
traceless ones, and the kernel between frames i and j is

    K_ij = (1 / |G|) sum_{p in G} k(d_i, p d_j) B_l(X_i^T p X_j) / scale,

B_l(M) = S_l M^{(x) l} S_l^T, with centred positions X [atoms][3] of a frame and its invariant
features d.  A permutation p is an array of atoms, (p X)[a] = X[p[a]].
"""
import itertools
import math

import numpy as np
from scipy.linalg import cholesky, null_space, solve_triangular
from scipy.spatial.distance import pdist

from rpr import MASSES, evaluate_kernel


def harmonic_basis(l):
    """[2l+1][3^l], orthonormal rows that span the symmetric traceless tensors of rank l."""
    if l == 0:
        return np.ones((1, 1))
    symmetrizer = np.zeros((3**l, 3**l))
    for index in itertools.product(range(3), repeat=l):
        row = np.ravel_multi_index(index, (3,) * l)
        for order in itertools.permutations(index):
            symmetrizer[row, np.ravel_multi_index(order, (3,) * l)] += 1 / math.factorial(l)
    constraints = [np.eye(3**l) - symmetrizer]
    if l >= 2:  # the trace over the first two indices; the others follow by symmetry
        constraints.append(np.kron(np.eye(3).reshape(1, 9), np.eye(3**(l - 2))))
    return null_space(np.vstack(constraints)).T


def tensor_power(m, l):
    """m (x) m (x) ..., l factors, over the last two axes."""
    power = np.ones(m.shape[:-2] + (1, 1))
    for rank in range(1, l + 1):
        power = np.einsum("...ab,...cd->...acbd", power, m)
        power = power.reshape(m.shape[:-2] + (m.shape[-2]**rank, m.shape[-1]**rank))
    return power


def irrep_power(m, l):
    """B_l of 3 x 3 matrices [..., 3, 3]: [..., 2l+1, 2l+1]; the Wigner matrix of a rotation."""
    basis = harmonic_basis(l)
    return basis @ tensor_power(m, l) @ basis.T


def harmonic_part(values, l):
    """The part of rank l in Cartesian tensors of rank l, [frames][3]..[3] -> [frames][2l+1]."""
    return values.reshape(len(values), -1) @ harmonic_basis(l).T


def products(x, l):
    """S_l (x_a (x) x_b ...) for all ordered choices of l atoms, [frames][2l+1][atoms^l].

    products(x) products(y)^T = B_l(X^T Y).
    """
    power = np.ones((len(x), 1, 1))
    for _ in range(l):
        power = np.einsum("fpq,fai->fpaqi", power, x)
        power = power.reshape(len(x), power.shape[1] * power.shape[2], -1)
    return np.einsum("ms,fps->fmp", harmonic_basis(l), power)


def closure(generators, n_atoms):
    """All products of the permutations, the identity first."""
    group, fresh = [tuple(range(n_atoms))], [tuple(range(n_atoms))]
    while fresh:
        fresh = [tuple(p[a] for a in g) for p in fresh for g in generators]
        fresh = [p for p in dict.fromkeys(fresh) if p not in group]
        group += fresh
    return np.array(group)


def centred(x, species, centre):
    """From the `centre-of-mass` or the `centroid`."""
    if centre == "centroid":
        return x - x.mean(1, keepdims=True)
    w = np.array([MASSES[s] for s in species])
    return x - (np.einsum("i,fia->fa", w, x) / w.sum())[:, None, :]


def pair_features(name, x):
    r = np.array([pdist(frame) for frame in x])
    return {"distances": r, "inverse-distances": 1 / r, "exponential-distances": np.exp(-r)}[name]


def features(names, x):
    return np.hstack([pair_features(name, x) for name in names])


class Gram:
    """One representation on one training set: species, x [frames][atoms][3], a group of
    permutations [order][atoms], one descriptor or a list of them."""

    def __init__(self, species, x, l, group, descriptor="inverse-distances", scaling="none",
                 centre="centre-of-mass", weighted=False):
        self.species, self.l, self.group = species, l, group
        self.descriptors = [descriptor] if isinstance(descriptor, str) else descriptor
        self.centre, self.weighted = centre, weighted
        images = np.vstack([features(self.descriptors, x[:, p]) for p in group])
        self.mean = images.mean(0)
        self.factor = 1 / images.std(0) if scaling == "standardize" else np.ones(images.shape[1])
        self.sigma = np.sqrt((((images - self.mean) * self.factor)**2).sum(1).mean())
        self.rows, self.tensors = self.sites(x, group)
        self.scale = 1.0
        self.scale = np.trace(self.between(self.arguments(x), "gaussian", self.sigma)) / (
            len(x) * (2 * l + 1))

    def sites(self, x, group):
        """Features and tensors of the permuted images, [order][frames]..."""
        geometry = centred(x, self.species, self.centre)
        if self.weighted:
            geometry = geometry * np.sqrt([MASSES[s] for s in self.species])[:, None]
        rows = [(features(self.descriptors, x[:, p]) - self.mean) * self.factor for p in group]
        return rows, [products(geometry[:, p], self.l) for p in group]

    def arguments(self, x):
        """What the kernel of other frames with the training frames is made of: a pair of features
        and a product of tensors for each permutation."""
        rows, tensors = self.sites(x, self.group[:1])
        count = tensors[0].shape[-1]
        return [(rows[0], self.rows[p],
                 tensors[0].reshape(-1, count) @ self.tensors[p].reshape(-1, count).T)
                for p in range(len(self.group))]

    def between(self, arguments, kernel, length):
        """K, [frames (2l+1)][training frames (2l+1)]."""
        r = 2 * self.l + 1
        total = 0.0
        for a, b, power in arguments:
            k = evaluate_kernel(kernel, a, b, length)
            total = total + np.repeat(np.repeat(k, r, axis=0), r, axis=1) * power
        return total / (len(self.group) * self.scale)

    def solve(self, k, targets, ridge):
        """Weights of targets [frames][2l+1] by a Cholesky factor, [frames (2l+1)], and the factor
        (lower)."""
        factor = cholesky(k + ridge * np.eye(len(k)), lower=True)
        y = solve_triangular(factor, targets.reshape(-1), lower=True)
        return solve_triangular(factor, y, lower=True, trans=1), factor

    def leave_one_out(self, weights, factor):
        """Residuals of every frame under a fit without it, e_i = [(A^-1)_ii]^-1 w_i with the
        diagonal blocks of A^-1, [frames][2l+1]."""
        r = 2 * self.l + 1
        inverse_factor = solve_triangular(factor, np.eye(len(factor)), lower=True)
        columns = inverse_factor.T.reshape(-1, r, len(factor))
        blocks = np.einsum("fac,fbc->fab", columns, columns)
        return np.linalg.solve(blocks, weights.reshape(-1, r, 1))[:, :, 0]

