# SPDX-License-Identifier: BSD-3-Clause
"""Frames with predicted labels: label_frames.py FRAMES.xyz ANNOTATION.h5 OUTPUT.xyz.

The annotation is what `covary predict` has written about these frames.  Its properties become
labels of the same names.  Frames far from what the model has learned have labels that mean little:
if they are more than one in a hundred, this ends with an error.
"""
import itertools
import sys

import h5py
import numpy as np

MOST_OUTSIDE = 0.01
CHUNK = 10000  # frames held at a time
ABOUT_DOMAIN = ("domain", "domain_distance", "domain_margin")


def label_chunk(frames, labels, output):
    """The next frames with their own labels in the comment; labels: name -> [frames][values]."""
    comment = "".join(
        " %s=\"%s\"" % (name, " ".join(["%.10f"] * values.shape[1]))
        for name, values in labels.items()
    )
    comment = "%s" + comment + "\n"
    values = np.concatenate(list(labels.values()), axis=1)
    for row in values.tolist():
        header = next(frames)
        output.write(header)
        output.write(comment % (next(frames).rstrip("\n"), *row))
        output.writelines(itertools.islice(frames, int(header)))


def main():
    frames_path, annotation_path, output_path = sys.argv[1:]
    with h5py.File(annotation_path) as annotation, open(
        frames_path, encoding="ascii"
    ) as frames, open(output_path, "w", encoding="ascii") as output:
        found = annotation["observables"]
        flags = found["domain/value"][:]
        outside = np.count_nonzero(flags) / len(flags)
        if outside > MOST_OUTSIDE:
            sys.exit(f"label_frames.py: {outside:.1%} of the frames are out of the model's domain")
        names = [name for name in found if name not in ABOUT_DOMAIN]
        for first in range(0, len(flags), CHUNK):
            n = min(CHUNK, len(flags) - first)
            labels = {
                name: found[name]["value"][first : first + n].reshape(n, -1) for name in names
            }
            label_chunk(frames, labels, output)
        distances = found["domain_distance/value"][:]
        print(
            f"{len(flags)} frames, {outside:.2%} out of the domain of the labelling model, "
            f"median distance {np.median(distances):.2f}, largest {distances.max():.2f}"
        )


main()
