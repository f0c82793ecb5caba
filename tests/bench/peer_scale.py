# SPDX-License-Identifier: BSD-3-Clause
"""The fit and the prediction of scale.sh in Python: a vector in one set of Eckart axes.

peer_scale.py fit MODEL.h5 PROPERTY TRAIN.xyz FITTED.h5 SUFFIX
    What a script of one's own does: read the text (by ASE, if it is there), compute axes and
    features in numpy, KernelRidge.fit, write what predictions need.  The reference, the masses, the
    scaling of the features and the hyperparameters are those of the model of `covary fit`.
peer_scale.py predict FITTED.h5 PROPERTY UNSEEN.xyz PREDICTED.h5 SUFFIX
    Read the text, axes and features, KernelRidge.predict, turn the values back, write them.
peer_scale.py compare MODEL.h5 PROPERTY ANNOTATION.h5 FITTED.h5 PREDICTED.h5 UNSEEN.xyz
    Features, weights and errors of both beside each other.

The first two print a sample of KernelRidge alone, the seconds from the text to the features, which
who times the process can take off, and the peak of memory.
"""
import resource
import sys
import time

import h5py
import numpy as np
from sklearn.kernel_ridge import KernelRidge

HARMONICS = [2, 0, 1]  # x, y, z among the real spherical harmonics y, z, x
BLOCK = 5000  # frames predicted at a time: their kernel is held as a whole


def read_text(path, name):
    """Positions [frames][atoms][3] and one vector label a frame."""
    positions, labels = [], []
    with open(path, encoding="ascii") as text:
        while header := text.readline():
            comment = next(text)
            labels.append(comment.split(f'{name}="', 1)[1].split('"', 1)[0].split())
            positions.append([next(text).split()[1:4] for _ in range(int(header))])
    return np.array(positions, dtype=float), np.array(labels, dtype=float)


def read_frames(path, name):
    """The same by ASE; without it, as above."""
    try:
        from ase.io import iread  # its time belongs to that of reading
    except ImportError:
        print("reader", "a few lines of Python, for want of ASE", sep="\t")
        return read_text(path, name)
    print("reader", "ASE", sep="\t")
    positions, labels = [], []
    for atoms in iread(path, index=":", format="extxyz"):
        positions.append(atoms.positions)
        results = atoms.calc.results if atoms.calc else {}
        labels.append(results[name] if name in results else atoms.info[name])
    return np.array(positions), np.array(labels)


def turn_to_axes(positions, masses, reference):
    """Positions about the centre of mass in the Eckart axes, and R with x_body = R x_lab."""
    weights = masses / masses.sum()
    centred = positions - (weights @ positions)[:, None]
    target = reference - weights @ reference
    left, _, right = np.linalg.svd(np.swapaxes(centred * masses[:, None], 1, 2) @ target)
    left[:, :, 2] *= np.linalg.det(left @ right)[:, None]
    rotations = np.swapaxes(left @ right, 1, 2)
    return centred @ np.swapaxes(rotations, 1, 2), rotations


def features_of(body, mean, scale):
    """Cartesians and distances, standardized as the model does."""
    atoms = np.triu_indices(body.shape[1], 1)
    distances = np.linalg.norm(body[:, atoms[0]] - body[:, atoms[1]], axis=2)
    return (np.concatenate([body.reshape(len(body), -1), distances], axis=1) - mean) * scale


def describe(path, name, of):
    """Features, rotations and labels of all frames of a text, in the representation `of`."""
    begin = time.perf_counter()
    positions, labels = read_frames(path, name)
    body, rotations = turn_to_axes(positions, of["weights"][:], of["reference"][:])
    features = features_of(body, of["mean"][:], of["scale"][:])
    print("described", f"{time.perf_counter() - begin:.9g}", sep="\t")
    return features, rotations, labels


def sample(name, unit, value):
    print("sample", name, unit, f"{value:.9g}", sep="\t", flush=True)


def print_peak():
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sep="\t")


def fit(model_path, name, train_path, fitted_path, suffix):
    with h5py.File(model_path) as model, h5py.File(fitted_path, "w") as fitted:
        representation, system = model["representations/0"], model["properties"][name]["1/0"]
        for kept in ("weights", "mean", "scale"):
            fitted[kept] = representation[kept][:]
        fitted["reference"] = representation["references"][0]
        features, rotations, labels = describe(train_path, name, fitted)
        targets = np.einsum("nij,nj->ni", rotations, labels)
        mean = targets.mean(axis=0)
        ridge = KernelRidge(
            kernel="rbf", gamma=0.5 / system.attrs["length"] ** 2, alpha=system.attrs["ridge"]
        )
        begin = time.perf_counter()
        ridge.fit(features, targets - mean)
        sample("KernelRidge.fit" + suffix, "1/s", 1.0 / (time.perf_counter() - begin))
        fitted["features"], fitted["dual_coef"], fitted["mean_target"] = (
            features,
            ridge.dual_coef_,
            mean,
        )
        fitted.attrs["gamma"] = ridge.gamma
    print_peak()


def predict(fitted_path, name, unseen_path, predicted_path, suffix):
    with h5py.File(fitted_path) as fitted:
        unseen, rotations, _ = describe(unseen_path, name, fitted)
        ridge = KernelRidge(kernel="rbf", gamma=fitted.attrs["gamma"])
        ridge.X_fit_, ridge.dual_coef_ = fitted["features"][:], fitted["dual_coef"][:]
        mean = fitted["mean_target"][:]
    values, seconds = np.empty((len(unseen), 3)), 0.0
    for first in range(0, len(unseen), BLOCK):
        begin = time.perf_counter()
        body = ridge.predict(unseen[first : first + BLOCK])
        seconds += time.perf_counter() - begin
        values[first : first + BLOCK] = np.einsum(
            "nji,nj->ni", rotations[first : first + BLOCK], body + mean
        )
    sample("KernelRidge.predict" + suffix, "frames/s", len(unseen) / seconds)
    with h5py.File(predicted_path, "w") as predicted:
        predicted[name] = values
    print_peak()


def errors_of(values, labels):
    return (((values - labels) ** 2).mean() / (labels**2).mean()) ** 0.5


def difference(ours, theirs):
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def compare(model_path, name, annotation_path, fitted_path, predicted_path, unseen_path):
    with h5py.File(model_path) as model, h5py.File(fitted_path) as fitted:
        of_features = difference(model["representations/0/train"][:, 0], fitted["features"][:])
        ours = model["properties"][name]["1/0/weights"][:, 0, :, 0][:, HARMONICS]
        of_weights = difference(ours, fitted["dual_coef"][:])
    if not of_features < 1e-9:
        sys.exit(f"peer_scale.py: features differ by {of_features:.1e} from those of the model")
    with h5py.File(annotation_path) as annotation, h5py.File(predicted_path) as predicted:
        values, theirs = annotation["observables"][name]["value"][:], predicted[name][:]
    labels = read_text(unseen_path, name)[1]
    print("difference", f"{of_weights:.1e}", sep="\t")
    print("error", f"{errors_of(values, labels):.6g}", sep="\t")
    print("peer error", f"{errors_of(theirs, labels):.6g}", sep="\t")


COMMANDS = {"fit": fit, "predict": predict, "compare": compare}
COMMANDS[sys.argv[1]](*sys.argv[2:])
