# SPDX-License-Identifier: BSD-3-Clause
"""--report writes one page that needs nothing but itself: well-formed, with the numbers that the
program tells otherwise and a plot of each sort; without gnuplot the command ends before the work,
with the remedy."""
import json
import os
import re
import shutil
import subprocess
import sys

from page import Page

COVARY = os.environ["COVARY"]
DATA = os.environ["COVARY_TEST_DATA"]
MPIEXEC = os.environ["COVARY_MPIEXEC"].split()

CONFIG = """
data: {train: [train.xyz]}
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
  - {name: polarizability, kind: symmetric-tensor, unit: bohr^3}
representation: {basis: gram, descriptor: [distances], scaling: none}
kernel: {type: gaussian}
"""
N_TRAIN = 60


def run(*arguments, ranks=1, status=0, path=None):
    command = ([] if ranks == 1 else MPIEXEC + [str(ranks)]) + [COVARY] + list(arguments)
    environment = dict(os.environ, PATH=path) if path else None
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          check=False, env=environment)
    assert done.returncode == status, (done.returncode, done.stderr)
    return done


def check_page(path, n_plots):
    page = Page(path)
    assert not page.outside and "url(" not in page.source and "@import" not in page.source
    assert not page.names, "names would be there twice"
    assert page.source.count("<svg") == n_plots == page.source.count("</svg>")
    assert "prefers-color-scheme: dark" in page.source
    for words in ("dipole", "polarizability", "Symmetry", "Settings tried", "reference, e*bohr",
                  "off the diagonal", "calibration", "gram, distances"):
        assert words in page.words, words
    return page


def plots_with(page, title):
    return [plot for plot in re.findall(r"<svg.*?</svg>", page.source, re.S) if title in plot]


if shutil.which("gnuplot") is None:
    print("skipped: gnuplot is not installed")
    sys.exit(77)

with open(os.path.join(DATA, "dce_train.xyz"), encoding="utf-8") as shipped:
    lines = shipped.read().splitlines()
with open("train.xyz", "w", encoding="utf-8") as written:
    written.write("\n".join(lines[:10 * N_TRAIN]) + "\n")
with open("a&b.xyz", "w", encoding="utf-8") as written:
    written.write("\n".join(lines[10 * N_TRAIN:20 * N_TRAIN]) + "\n")
with open("fit.yaml", "w", encoding="utf-8") as written:
    written.write(CONFIG)

# without gnuplot nothing is begun
done = run("fit", "fit.yaml", "--output", "none.h5", "--report", "none.html", status=1,
           path="/none")
assert "gnuplot" in done.stderr and "gnuplot-nox" in done.stderr, done.stderr
assert not os.path.exists("none.h5") and not os.path.exists("none.html")
done = run("evaluate", "--model", "none.h5", "--report", "train.xyz", "train.xyz", status=2)
assert "train.xyz" in done.stderr, done.stderr

# a fit: every frame predicted without it
run("fit", "fit.yaml", "--quiet", "--output", "<m>.h5", "--report", "fit.html", ranks=2)
page = check_page("fit.html", 7)
assert "learned from %d frames" % N_TRAIN in page.words and "<m>.h5" in page.words
assert "each frame predicted without it (%d)" % N_TRAIN in page.words

# a learning curve
run("fit", "fit.yaml", "--quiet", "--output", "curve.h5", "--learning-curve", "10,20",
    "--report", "curve.html")
page = Page("curve.html")
assert not page.outside and page.source.count("<svg") == 1
assert "Learning curve" in page.words and "rmse / rms" in page.words and "Settings" in page.words

# an evaluation: the errors of the table, the same page on any number of ranks
run("evaluate", "--model", "<m>.h5", "--json", "errors.json", "--report", "alone.html", "a&b.xyz")
page = check_page("alone.html", 7)
with open("errors.json", encoding="utf-8") as written:
    report = json.load(written)
for about in report["properties"].values():
    for number in ("rmse", "mae", "max", "rms_reference"):
        assert "%.5g" % about[number] in page.words, (number, about[number])
most = int(re.search(r"components; up to (\d+) in a cell", page.words).group(1))
assert 1 <= most <= 3 * N_TRAIN
(components,) = plots_with(page, "components; up to")
assert 1 <= components.count("<polygon") <= 3 * N_TRAIN
run("evaluate", "--model", "<m>.h5", "--report", "three.html", "a&b.xyz", ranks=3)
assert plots_with(Page("three.html"), "up to") == plots_with(page, "up to")
print("pages are whole, and tell what the program tells")
