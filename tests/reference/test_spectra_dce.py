# SPDX-License-Identifier: BSD-3-Clause
"""Spectra of dichloroethane from predictions beside those of the run's own dipoles, and beside what
TRAVIS makes of the same dipoles and polarizabilities."""
import gzip
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("h5py", "numpy")
import h5py  # noqa: E402
import numpy as np  # noqa: E402

COVARY, DATA = os.environ["COVARY"], os.environ["COVARY_TEST_DATA"]
RUN = os.path.join(DATA, "dce_nve_gfn2.xyz.gz")
CONFIG = os.path.join(os.environ["COVARY_SOURCE"], "configs", "ir.yaml")
DEBYE = 2.541746  # of e*bohr
DEPTH = 2048  # frames of 1 fs: the longest lag of correlation functions

ALPHA = """
data: {train: %s/dce_train.xyz}
properties: [{name: polarizability, kind: symmetric-tensor, unit: bohr^3}]
representation: {basis: gram, descriptor: [distances, exponential-distances], scaling: standardize}
kernel: {type: matern-5/2, length: 150}
ridge: 1e-10
""" % DATA
# axes without a rule for their signs, equivalent atoms taken for different ones
CARELESS = ["representation.basis=inertia", "representation.signs=raw",
            "representation.weights=masses", "representation.symmetry=none",
            "representation.descriptor=[distances]", "kernel.length=auto", "ridge=auto"]

failures = 0


def check(condition, claim):
    global failures
    print("%s: %s" % ("ok" if condition else "FAILED", claim))
    failures += not condition


def run(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, **more)
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])


def annotate(name, config, *settings):
    words = [word for setting in settings for word in ("--set", setting)]
    run(COVARY, "fit", config, "--output", name + ".model.h5", *words)
    run(COVARY, "predict", "--model", name + ".model.h5", "--output", name + ".h5", RUN)


def spectra(name, *words):
    """Wavenumbers, spectra by name, their floors, settings."""
    run(COVARY, "spectra", "--output", "spectra.h5", *words, name)
    with h5py.File("spectra.h5") as file:
        groups = file["spectra"].items()
        return (file["wavenumber"][:], {key: group["values"][:] for key, group in groups},
                {key: group["floor"][:] for key, group in groups if "floor" in group},
                dict(file["settings"].attrs))


def overlap(a, b):
    return np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b))


def summit(x, y, i):
    """Place and height of the parabola through a maximum and its neighbours."""
    left, right = y[i - 1] - y[i], y[i + 1] - y[i]
    shift = 0.5 * (left - right) / (left + right)
    return x[i] + shift * (x[1] - x[0]), y[i] - 0.25 * (left - right) * shift


def bands(x, y, least):
    """Maxima above a height, and not mere shoulders: they fall by a fifth to both sides."""
    found = []
    for i in range(1, len(y) - 1):
        if y[i] < least or y[i] <= y[i - 1] or y[i] < y[i + 1]:
            continue
        higher = np.flatnonzero(y[:i] > y[i]), np.flatnonzero(y[i + 1:] > y[i])
        left = y[higher[0][-1] if len(higher[0]) else 0:i].min()
        right = y[i + 1:i + 2 + (higher[1][0] if len(higher[1]) else len(y))].min()
        if max(left, right) < 0.8 * y[i]:
            found.append(summit(x, y, i))
    return found


def check_infrared():
    """Predicted dipoles against those that the run was printed with."""
    x, own, _, settings = spectra(RUN, "--unit", "dipole=e*bohr", "--parts", "ir",
                                  "--temperature", "530")
    window = (x > 100) & (x < 3500)
    check(abs(settings["resolution_cm-1"] - 10) < 0.1, "the resolution is 10 cm^-1")
    annotate("gram", CONFIG)
    _, predicted, floor, _ = spectra("gram.h5", "--parts", "ir", "--temperature", "530")
    same = overlap(own["ir"][window], predicted["ir"][window])
    check(same >= 0.995, "overlap of the infrared spectra %.5f" % same)
    theirs = bands(x[window], predicted["ir"][window], 0.0)
    wanted_bands = bands(x[window], own["ir"][window], 0.05 * own["ir"][window].max())
    check(len(wanted_bands) >= 5, "%d bands over 5 %% of the strongest" % len(wanted_bands))
    for place, height in wanted_bands:
        found = min(theirs, key=lambda band: abs(band[0] - place))
        check(abs(found[0] - place) <= 2 and abs(found[1] / height - 1) <= 0.05,
              "%.1f cm^-1, of height %.3g: predicted %.1f cm^-1, %.3f of the height" %
              (place, height, found[0], found[1] / height))

    annotate("careless", CONFIG, *CARELESS)
    _, careless, noise, _ = spectra("careless.h5", "--parts", "ir", "--temperature", "530")
    low = overlap(own["ir"][window], careless["ir"][window])
    check(low < 0.5, "overlap with raw signs of inertia axes %.3f" % low)
    silent = (x > 3150) & (x < 3500)
    ratio = noise["ir"][silent].mean() / careless["ir"][silent].mean()
    check(ratio > 0.5, "where nothing vibrates, the floor stated is %.1f of what is found" % ratio)
    check(careless["ir"][silent].mean() > 20 * predicted["ir"][silent].mean(),
          "it stands %.0f times above that of the model" %
          (careless["ir"][silent].mean() / predicted["ir"][silent].mean()))
    check(floor["ir"][silent].mean() < 3 * predicted["ir"][silent].mean(),
          "the model's own floor is no higher than the spectrum")


def travis(words, answers):
    run("travis", *words, input="\n".join(answers) + "\n" * 40, timeout=300)


def resolution_of(depth, name, *words):
    """The resolution at which correlation functions have this longest lag."""
    settings = spectra(name, "--method", "correlation", *words)[3]
    return settings["resolution_cm-1"] * settings["segment_frames"] / depth


def check_infrared_of_travis():
    """TRAVIS gives the transform of the correlation function, without w^2.  It leaves the mean
    dipole in, which an unbiased correlation function does not get rid of (overlap 0.9998)."""
    lines = gzip.open(RUN, "rt").read()
    dipoles = [match.split() for match in re.findall(r'dipole="([^"]+)"', lines)]
    dipoles = DEBYE * np.array(dipoles, dtype=float)
    np.savetxt("dipoles.txt", dipoles - dipoles.mean(axis=0))
    words = ["--unit", "dipole=e*bohr", "--parts", "ir", "--temperature", "530"]
    resolution = resolution_of(DEPTH, RUN, *words)
    x, own, _, settings = spectra(RUN, "--method", "correlation", "--resolution",
                                  repr(resolution), "--padding", "16", *words)
    check(settings["segment_frames"] == DEPTH, "a longest lag of %d frames" % DEPTH)
    travis(["-readdipole", "dipoles.txt"], ["1.0", str(DEPTH), "", "4000"])
    theirs = np.loadtxt("spectrum_dipole.csv", delimiter=";")
    place = theirs[:, 0]
    window = (place > 100) & (place < 3500)
    theirs = (place**2 * theirs[:, 1])[window]
    ours = np.interp(place[window], x, own["ir"])
    check(overlap(theirs, ours) > 0.99999, "overlap with TRAVIS %.7f" % overlap(theirs, ours))
    difference = np.abs(ours / ours.max() - theirs / theirs.max()).max()
    check(difference < 0.002, "largest difference, of the strongest band: %.4f" % difference)


def check_raman_of_travis():
    """Cross-sections, in absolute units, of a laser at 20,000 cm^-1 and 350 K.  TRAVIS takes
    differences in time, and its anisotropic spectrum has 45/7 of ours."""
    with open("alpha.yaml", "w") as file:
        file.write(ALPHA)
    annotate("alpha", "alpha.yaml")
    run(COVARY, "export", "alpha.h5", "--format", "travis", "--output", "alpha.dat")
    travis(["-ramanfrompolarizability", "alpha.dat"], ["", "", "", "", "1.0", str(DEPTH)])
    words = ["--parts", "raman", "--temperature", "350", "--laser", "500"]
    x, ours, _, _ = spectra("alpha.h5", "--method", "correlation", "--resolution",
                            repr(resolution_of(DEPTH, "alpha.h5", *words)), *words)
    for name, their_name, factor in (("unpolarized", "unpol", 1), ("parallel", "para", 1),
                                     ("perpendicular", "ortho", 1), ("isotropic", "iso", 1),
                                     ("anisotropic", "aniso", 45 / 7)):
        theirs = np.loadtxt("spectrum_raman_%s_import.csv" % their_name, delimiter=";")
        place = theirs[:, 0]
        window = (place > 200) & (place < 3500)
        theirs = 1e-40 * theirs[window, 1]  # m^2 cm
        mine = factor * np.interp(place[window], x, ours["raman_" + name])
        check(overlap(theirs, mine) > 0.999, "raman %s, overlap with TRAVIS %.5f" %
              (name, overlap(theirs, mine)))
        check(abs(theirs.sum() / mine.sum() - 1) < 0.03,
              "raman %s, TRAVIS over ours %.4f" % (name, theirs.sum() / mine.sum()))


def main():
    check_infrared()
    if shutil.which("travis") is None:
        print("without travis")
    else:
        check_infrared_of_travis()
        check_raman_of_travis()
    sys.exit(failures != 0)


main()
