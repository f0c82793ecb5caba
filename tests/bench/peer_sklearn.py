# SPDX-License-Identifier: BSD-3-Clause
"""Samples of the same fit by scikit-learn: peer_sklearn.py MODEL.h5 PROPERTY REPEATS SUFFIX.

The property is a vector, learned in one set of axes without permutations.  Features, length and
ridge are those of a model that `covary fit` has written; the targets are what its weights solve
for, (K + ridge) w.  So the fit must give the weights back: a difference beyond rounding ends this
with an error, and its times would mean nothing.
"""
import sys
import time

import h5py
import numpy as np
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge

path, name, repeats, suffix = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
with h5py.File(path) as model:
    part = model["properties"][name]["1"]
    described = model["representations/%d" % part.attrs["representation"]]
    features = described["train"][:, 0]
    weights = part["0/weights"][:, 0, :, 0]
    length = float(part["0"].attrs["length"])
    ridge = float(part["0"].attrs["ridge"])
targets = RBF(length)(features) @ weights + ridge * weights

for _ in range(repeats):
    begin = time.perf_counter()
    fitted = KernelRidge(kernel="rbf", gamma=0.5 / length**2, alpha=ridge).fit(features, targets)
    seconds = time.perf_counter() - begin
    print("sample", "KernelRidge.fit" + suffix, "1/s", 1.0 / seconds, sep="\t", flush=True)

# Rounding in the kernel is amplified by its condition number, at most N / ridge.
tolerance = 1e-15 * len(features) / ridge * len(features) ** 0.5
difference = np.abs(fitted.dual_coef_ - weights).max() / np.abs(weights).max()
if not difference <= tolerance:
    sys.exit(f"scikit-learn's weights differ by {difference:.1e}, more than {tolerance:.1e}")
print("note", f"weights of scikit-learn and covary differ by {difference:.1e} of the largest",
      sep="\t")
