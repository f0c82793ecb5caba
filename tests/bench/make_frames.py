# SPDX-License-Identifier: BSD-3-Clause
"""Any number of frames like those of a few files: make_frames.py N OUTPUT.xyz FRAMES.xyz ...

A smoothed bootstrap (Silverman and Young, Biometrika 74, 469 (1987)).  A new frame starts from a
random frame b of the files.  Its nearest neighbours are turned on it, and with their mean m and
their differences d to it the new frame is

    m + sqrt(1 - h^2) (b - m) + h sum_k c_k d_k,    c_k normal with variance 1 / neighbours,

which has the covariance that the frames have there; then it is turned and shifted at random.  The
output is plain extended XYZ without labels.  The same command gives the same frames.
"""
import sys

import numpy as np

SEED = 20240711
CANDIDATES = 96  # near in their inverse distances, which mirror images share
NEIGHBOURS = 16  # the nearest ones of them once turned
SMOOTHING = 0.7  # h
CHUNK = 10000  # frames held at a time
SHIFT = 1.0  # angstrom


def read_frames(paths):
    """Species of one frame and positions of all, [frames][atoms][3]."""
    species, positions = None, []
    for path in paths:
        with open(path, encoding="ascii") as text:
            while header := text.readline():
                next(text)
                rows = [next(text).split()[:4] for _ in range(int(header))]
                found = [row[0] for row in rows]
                if found != (species or found):
                    sys.exit(f"make_frames.py: {path}: frames of other atoms than the first")
                species = found
                positions.append([row[1:] for row in rows])
    return species, np.array(positions, dtype=float)


def turned_on(target, moved):
    """Frames `moved` [..][atoms][3], superposed on `target` by proper rotations (Kabsch)."""
    left, _, right = np.linalg.svd(np.swapaxes(moved, -1, -2) @ target)
    sign = np.sign(np.linalg.det(left @ right))
    left[..., :, -1] *= sign[..., None]
    return moved @ left @ right


def find_neighbours(frames):
    """Neighbours of each frame, turned on it: [frames][NEIGHBOURS][atoms][3]."""
    atoms = np.triu_indices(frames.shape[1], 1)
    features = 1.0 / np.linalg.norm(frames[:, atoms[0]] - frames[:, atoms[1]], axis=2)
    found = np.empty((len(frames), NEIGHBOURS) + frames.shape[1:])
    for frame, near in enumerate(found):
        distances = ((features - features[frame]) ** 2).sum(axis=1)
        order = np.argsort(distances, kind="stable")[1 : CANDIDATES + 1]
        turned = turned_on(frames[frame], frames[order])
        deviations = ((turned - frames[frame]) ** 2).sum(axis=(1, 2))
        near[:] = turned[np.argsort(deviations, kind="stable")[:NEIGHBOURS]]
    return found


def random_rotations(generator, n):
    """From uniformly distributed unit quaternions, [n][3][3]."""
    q = generator.normal(size=(n, 4))
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def draw(generator, frames, neighbours, n):
    """n new frames, [n][atoms][3]."""
    chosen = generator.integers(len(frames), size=n)
    near = neighbours[chosen]
    mean = near.mean(axis=1)
    factors = generator.normal(scale=NEIGHBOURS**-0.5, size=(n, NEIGHBOURS))
    drawn = mean + (1.0 - SMOOTHING**2) ** 0.5 * (frames[chosen] - mean)
    drawn += SMOOTHING * np.einsum("nk,nkax->nax", factors, near - mean[:, None])
    turned = drawn @ random_rotations(generator, n)
    return turned + generator.normal(scale=SHIFT, size=(n, 1, 3))


def main():
    total, output, paths = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    species, frames = read_frames(paths)
    frames -= frames.mean(axis=1, keepdims=True)
    neighbours = find_neighbours(frames)
    generator = np.random.default_rng(SEED)
    one = f"{len(species)}\nProperties=species:S:1:pos:R:3\n"
    one += "".join(f"{name:2s} %15.8f %15.8f %15.8f\n" for name in species)
    with open(output, "w", encoding="ascii") as text:
        for first in range(0, total, CHUNK):
            n = min(CHUNK, total - first)
            text.write(one * n % tuple(draw(generator, frames, neighbours, n).ravel()))


if __name__ == "__main__":
    main()
