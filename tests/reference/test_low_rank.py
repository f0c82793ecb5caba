# SPDX-License-Identifier: BSD-3-Clause
"""Models with the solver low-rank against numpy: least squares by a QR factorization of

    [K_nm; sqrt(ridge) L^T] w = [y; 0],   L L^T = K_mm,

which squares no condition number, for the inducing frames that the model file names.  Leave-one-out
errors are those of fits without each frame, the likelihood is that of the dense covariance
K_nm K_mm^-1 K_mn + ridge.
"""
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
THREE_RANKS = os.environ["COVARY_MPIEXEC"].split() + ["3"]

CONFIG = """
data: {train: [%(data)s/nh3_train.xyz]}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
representation:
  {basis: gram, descriptor: [distances], scaling: none, symmetry: ["(2 3)", "(2 3 4)"]}
kernel: {type: %(kernel)s, length: %(length)r}
ridge: %(ridge)r
solver: {type: low-rank, inducing: %(inducing)d}
"""
GENERATORS = [[0, 2, 1, 3], [0, 2, 3, 1]]

# kernel, length / sigma, ridge, inducing frames
CASES = [("gaussian", 1.0, 1e-5, 24), ("matern-5/2", 2.0, 1e-4, 40), ("gaussian", 2.0, 1e-3, 1)]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, "%s\n%s%s" % (" ".join(command), done.stdout, done.stderr)


def check_close(what, found, expected, tolerance):
    worst = np.abs(np.asarray(found) - expected).max()
    assert worst <= tolerance, "%s: off by %.2e, more than %.2e" % (what, worst, tolerance)


def rows_of(frames):
    """Rows of the system, three a frame."""
    return (3 * np.asarray(frames)[:, None] + np.arange(3)).reshape(-1)


def least_squares(k_nm, root, ridge, y):
    system = np.vstack([k_nm, math.sqrt(ridge) * root.T])
    q, r = np.linalg.qr(system)
    return np.linalg.solve(r, q.T @ np.concatenate([y, np.zeros(len(root))]))


def leave_one_out(k, chosen, ridge, y):
    """Root mean square over frames of the residuals of fits without each, which is then no
    inducing frame either."""
    squares = 0.0
    for frame in range(len(y) // 3):
        here = rows_of([frame])
        rows = np.delete(np.arange(len(y)), here)
        columns = rows_of(chosen[chosen != frame]).astype(int)
        root = np.linalg.cholesky(k[np.ix_(columns, columns)])
        weights = least_squares(k[np.ix_(rows, columns)], root, ridge, y[rows])
        squares += ((y[here] - k[np.ix_(here, columns)] @ weights)**2).sum()
    return math.sqrt(squares / (len(y) // 3))


def log_likelihood(k_nm, k_mm, ridge, y):
    covariance = k_nm @ np.linalg.solve(k_mm, k_nm.T) + ridge * np.eye(len(y))
    _, logdet = np.linalg.slogdet(covariance)
    return -0.5 * (y @ np.linalg.solve(covariance, y) + logdet + len(y) * np.log(2 * np.pi))


def check_case(kernel, relative_length, ridge, inducing):
    train, unseen = [rpr.Labelled(os.path.join(DATA, "nh3_%s.xyz" % part))
                     for part in ("train", "test")]
    group = gram.closure(GENERATORS, 4)
    basis = gram.Gram(train.species, train.x, 1, group, ["distances"], "none", "centroid")
    length = float("%.6g" % (relative_length * basis.sigma))
    with open("fit.yaml", "w", encoding="utf-8") as config:
        config.write(CONFIG % {"data": DATA, "kernel": kernel, "length": length, "ridge": ridge,
                               "inducing": inducing})
    run(THREE_RANKS + [COVARY, "fit", "fit.yaml", "--output", "fit.h5", "--quiet"])
    run([COVARY, "predict", "--model", "fit.h5", "--output", "annotation.h5", "--quiet",
         os.path.join(DATA, "nh3_test.xyz")])
    with h5py.File("fit.h5") as model, h5py.File("annotation.h5") as annotation:
        chosen = model["representations/0/frames"][:]
        assert len(chosen) == inducing and (np.diff(chosen) > 0).all()
        assert model["representations/0/train"].shape[0] == inducing
        assert model["properties/dipole/1/0/weights"].shape[0] == inducing
        reference = gram.centred(model["molecule/reference"][:][None], None, "centroid")[0]
        basis.scale = np.trace(reference.T @ reference) / 3 / len(group)
        k = basis.between(basis.arguments(train.x), kernel, length)
        k_nm = k[:, rows_of(chosen)]
        k_mm = k_nm[rows_of(chosen)]
        root = np.linalg.cholesky(k_mm)
        y = (train.dipole @ gram.harmonic_basis(1).T).reshape(-1)
        weights = least_squares(k_nm, root, ridge, y)
        across = basis.between(basis.arguments(unseen.x), kernel, length)[:, rows_of(chosen)]
        expected = (across @ weights).reshape(-1, 3) @ gram.harmonic_basis(1)
        found = annotation["observables/dipole/value"][:]
        size = rpr.frobenius(found)
        check_close("predictions", found, expected, 1e-7 * size)
        rmse = leave_one_out(k, chosen, ridge, y)
        check_close("leave-one-out error", model["properties/dipole"].attrs["leave_one_out"][0],
                    rmse, 1e-7 * rmse)
        likelihood = log_likelihood(k_nm, k_mm, ridge, y)
        check_close("log likelihood", model["properties/dipole/1/0"].attrs["log_likelihood"],
                    likelihood, 1e-6 * abs(likelihood))
    print("%s, ridge %.0e: %d inducing frames of %d, error on unseen frames %.3g %%"
          % (kernel, ridge, inducing, len(train.x),
             100 * rpr.frobenius(found - unseen.dipole) / size), flush=True)


for each in CASES:
    check_case(*each)
