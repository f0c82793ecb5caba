# SPDX-License-Identifier: BSD-3-Clause
"""The fit and the prediction of scale.sh by scikit-learn.  A vector in one set of Eckart axes.

peer_scale.py prepare MODEL.h5 PROPERTY TRAIN.xyz UNSEEN.xyz SET.npz
    Features, targets in the axes and rotations of all frames.  The axes and features are computed
    here; those of the training frames must be the ones that `covary fit` has put into its model.
peer_scale.py fit SET.npz WEIGHTS.npy SUFFIX
    KernelRidge.fit; prints samples of its rate and the peak of memory.
peer_scale.py predict SET.npz WEIGHTS.npy SUFFIX
    KernelRidge.predict, and the values turned back; prints samples and errors.
peer_scale.py compare MODEL.h5 PROPERTY ANNOTATION.h5 SET.npz WEIGHTS.npy
    Weights of both beside each other, and the errors of an annotation of the unseen frames.
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


def describe(model, path, name):
    of = model["representations/0"]
    positions, labels = read_text(path, name)
    body, rotations = turn_to_axes(positions, of["weights"][:], of["references"][0])
    return features_of(body, of["mean"][:], of["scale"][:]), rotations, labels


def prepare(model_path, name, train_path, unseen_path, set_path):
    with h5py.File(model_path) as model:
        features, rotations, labels = describe(model, train_path, name)
        kept = model["representations/0/train"][:, 0]
        difference = np.abs(features - kept).max() / np.abs(kept).max()
        if not difference < 1e-9:
            sys.exit(f"peer_scale.py: features differ by {difference:.1e} from those of the model")
        system = model["properties"][name]["1/0"]
        unseen, unseen_rotations, unseen_labels = describe(model, unseen_path, name)
        values = np.einsum("nij,nj->ni", rotations, labels)
        np.savez(
            set_path,
            features=kept,
            mean=values.mean(axis=0),
            targets=values - values.mean(axis=0),
            unseen=unseen,
            rotations=unseen_rotations,
            labels=unseen_labels,
            gamma=0.5 / system.attrs["length"] ** 2,
            ridge=system.attrs["ridge"],
        )


def sample(name, unit, value):
    print("sample", name, unit, f"{value:.9g}", sep="\t", flush=True)


def print_peak():
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sep="\t")


def ridge_of(data):
    return KernelRidge(kernel="rbf", gamma=float(data["gamma"]), alpha=float(data["ridge"]))


def fit(set_path, weights_path, suffix):
    data = np.load(set_path)
    features, targets = data["features"], data["targets"]
    begin = time.perf_counter()
    fitted = ridge_of(data).fit(features, targets)
    sample("KernelRidge.fit" + suffix, "1/s", 1.0 / (time.perf_counter() - begin))
    np.save(weights_path, fitted.dual_coef_)
    print_peak()


def errors_of(values, labels):
    return (((values - labels) ** 2).mean() / (labels**2).mean()) ** 0.5


def predict(set_path, weights_path, suffix):
    data = np.load(set_path)
    fitted = ridge_of(data)
    fitted.X_fit_, fitted.dual_coef_ = data["features"], np.load(weights_path)
    unseen, rotations, mean = data["unseen"], data["rotations"], data["mean"]
    values, seconds = np.empty((len(unseen), 3)), 0.0
    for first in range(0, len(unseen), BLOCK):
        begin = time.perf_counter()
        body = fitted.predict(unseen[first : first + BLOCK])
        seconds += time.perf_counter() - begin
        values[first : first + BLOCK] = np.einsum(
            "nji,nj->ni", rotations[first : first + BLOCK], body + mean
        )
    sample("KernelRidge.predict" + suffix, "frames/s", len(unseen) / seconds)
    print("error", f"{errors_of(values, data['labels']):.6g}", sep="\t")
    print_peak()


def compare(model_path, name, annotation_path, set_path, weights_path):
    data, theirs = np.load(set_path), np.load(weights_path)
    with h5py.File(model_path) as model:
        ours = model["properties"][name]["1/0/weights"][:, 0, :, 0][:, HARMONICS]
    with h5py.File(annotation_path) as annotation:
        values = annotation["observables"][name]["value"][:]
    print("difference", f"{np.abs(ours - theirs).max() / np.abs(theirs).max():.1e}", sep="\t")
    print("error", f"{errors_of(values, data['labels']):.6g}", sep="\t")


COMMANDS = {"prepare": prepare, "fit": fit, "predict": predict, "compare": compare}
COMMANDS[sys.argv[1]](*sys.argv[2:])
