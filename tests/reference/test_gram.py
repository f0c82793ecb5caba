# SPDX-License-Identifier: BSD-3-Clause
"""gram.py against what it must be: harmonic tensors against spherical harmonics and rotations,
kernels against their definition, leave-one-out errors against refits, and the errors that the
frame-free basis reaches on unseen frames of the project's data.
"""
import os
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("numpy", "scipy.spatial.transform", "scipy.special")
import numpy as np  # noqa: E402
from scipy.spatial.transform import Rotation  # noqa: E402
from scipy.special import sph_harm  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gram  # noqa: E402
import rpr  # noqa: E402

DATA = os.environ["COVARY_TEST_DATA"]
GROUPS = {  # generators
    "dce": [(0, 1, 2, 3, 5, 4, 7, 6), (1, 0, 3, 2, 6, 7, 4, 5)],  # hydrogens of both ends; ends
    "nh3": [(0, 2, 1, 3), (0, 1, 3, 2)],
    "co2": [(0, 2, 1)],
}
ORDERS = {"dce": 4, "nh3": 6, "co2": 2}
random = np.random.default_rng(20)
n_checks = 0


def check(what, error, limit):
    global n_checks
    n_checks += 1
    if not error <= limit:
        sys.exit("%s: %.3g, at most %.3g is expected" % (what, error, limit))


def largest(difference):
    return np.abs(difference).max()


def check_tensors(l):
    """Orthonormal; a representation of rotations and of products; on unit vectors the span of the
    spherical harmonics, whose sum of products is a Legendre polynomial."""
    basis = gram.harmonic_basis(l)
    check("count, l = %d" % l, abs(len(basis) - (2 * l + 1)), 0)
    check("orthonormal, l = %d" % l, largest(basis @ basis.T - np.eye(2 * l + 1)), 1e-13)
    m, turn = random.normal(size=(3, 3)), Rotation.random(random_state=l).as_matrix()
    wigner = gram.irrep_power(turn, l)
    check("rotation, l = %d" % l, largest(wigner @ wigner.T - np.eye(2 * l + 1)), 1e-13)
    check("rotation of any matrix, l = %d" % l,
          largest(gram.irrep_power(turn @ m, l) - wigner @ gram.irrep_power(m, l)), 1e-12)
    u = random.normal(size=(60, 3))
    u /= np.linalg.norm(u, axis=1)[:, None]
    mine = np.array([basis @ gram.tensor_power(v[:, None], l)[:, 0] for v in u])
    polar, around = np.arccos(u[:, 2]), np.arctan2(u[:, 1], u[:, 0])
    harmonics = np.array([sph_harm(m, l, around, polar) for m in range(-l, l + 1)]).T
    fitted = harmonics @ np.linalg.lstsq(harmonics, mine.astype(complex), rcond=None)[0]
    check("spherical harmonics, l = %d" % l, largest(fitted - mine), 1e-12)
    legendre = np.polynomial.legendre.Legendre.basis(l)(u @ u.T)
    check("Legendre, l = %d" % l, largest(mine @ mine.T / (mine[0] @ mine[0]) - legendre), 1e-12)


def check_kernel(l):
    """Products of atoms give B_l of the product of geometries; the kernel by its definition, and
    turned, mirrored and permuted frames."""
    train = rpr.Labelled(os.path.join(DATA, "nh3_train.xyz"))
    x, group = train.x[:5], gram.closure(GROUPS["nh3"], 4)
    model = gram.Gram(train.species, x, l, group, scaling="standardize")
    k = model.between(model.arguments(x), "gaussian", 2.0 * model.sigma)
    blocks = k.reshape(5, 2 * l + 1, 5, 2 * l + 1)
    place = gram.centred(x, train.species, "centre-of-mass")
    features = model.rows[0]  # the identity is the first of the group
    for i, j in ((0, 0), (1, 3), (4, 2)):
        expected = sum(np.exp(-((features[i] - model.rows[p][j])**2).sum() / (8 * model.sigma**2))
                       * gram.irrep_power(place[i].T @ place[j][image], l)
                       for p, image in enumerate(group)) / (len(group) * model.scale)
        check("definition, l = %d" % l, largest(blocks[i, :, j] - expected), 1e-11)
    check("symmetric, l = %d" % l, largest(k - k.T), 1e-11)
    check("positive, l = %d" % l, -np.linalg.eigvalsh(k).min(), 1e-11)
    for turn in (Rotation.random(random_state=7).as_matrix(), -np.eye(3), np.diag([1., 1., -1.])):
        moved = x[:, [0, 3, 1, 2]] @ turn.T + [1.0, -2.0, 3.0]
        turned = model.between(model.arguments(moved), "gaussian", 2.0 * model.sigma)
        expected = np.einsum("mk,iknl->imnl", gram.irrep_power(turn, l), blocks).reshape(k.shape)
        check("covariant, l = %d" % l, largest(turned - expected), 1e-11)


def check_leave_one_out(l):
    train = rpr.Labelled(os.path.join(DATA, "dce_train.xyz"))
    n, r = 12, 2 * l + 1
    model = gram.Gram(train.species, train.x[:n], l, gram.closure(GROUPS["dce"], 8))
    k = model.between(model.arguments(train.x[:n]), "matern-5/2", 4.0 * model.sigma)
    y = random.normal(size=(n, r))
    found = model.leave_one_out(*model.solve(k, y, 1e-6))
    for i in (0, 5, n - 1):
        mine = np.arange(n * r) // r == i
        weights, _ = model.solve(k[np.ix_(~mine, ~mine)], np.delete(y, i, 0), 1e-6)
        check("leave one out, l = %d" % l,
              largest(y[i] - k[np.ix_(mine, ~mine)] @ weights - found[i]), 1e-8 * largest(y))


def dipole_error(molecule, length, ridge, scaling, kernel):
    """Of unseen frames, relative."""
    train, unseen = (rpr.Labelled(os.path.join(DATA, "%s_%s.xyz" % (molecule, part)))
                     for part in ("train", "test"))
    group = gram.closure(GROUPS[molecule], train.x.shape[1])
    check("order, %s" % molecule, abs(len(group) - ORDERS[molecule]), 0)
    model = gram.Gram(train.species, train.x, 1, group, "distances", scaling)
    basis = gram.harmonic_basis(1)
    k = model.between(model.arguments(train.x), kernel, length * model.sigma)
    weights, _ = model.solve(k, train.dipole @ basis.T, ridge)
    k = model.between(model.arguments(unseen.x), kernel, length * model.sigma)
    return (rpr.frobenius((k @ weights).reshape(-1, 3) @ basis - unseen.dipole)
            / rpr.frobenius(unseen.dipole))


for rank in (1, 2, 3):
    check_tensors(rank)
    check_kernel(rank)
for rank in (1, 2):
    check_leave_one_out(rank)
for settings, limit in ((("dce", 8.0, 1e-6, "standardize", "matern-5/2"), 0.0125),
                        (("nh3", 4.0, 1e-12, "none", "gaussian"), 3e-5),
                        (("co2", 6.0, 1e-12, "none", "gaussian"), 1e-6)):
    error = dipole_error(*settings)
    print("%s: dipole, relative error %.3g (at most %.3g)" % (settings[0], error, limit))
    check("dipole of %s" % settings[0], error, limit)
print("%d checks passed" % n_checks)
