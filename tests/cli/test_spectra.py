# SPDX-License-Identifier: BSD-3-Clause
"""covary spectra: bands of a trajectory whose motion is known, in every output; the same bytes on
any number of ranks; what is wrong ends with one message and no file."""
import csv
import json
import math
import os
import shutil
import subprocess
import xml.etree.ElementTree

from page import Page

COVARY = os.environ["COVARY"]
MPIEXEC = os.environ["COVARY_MPIEXEC"].split()
DATA = os.environ["COVARY_TEST_DATA"]
LIGHT = 2.99792458e-5  # cm/fs
BANDS = (800.0, 1500.0)
N_FRAMES = 3000
UNITS = ["--unit", "dipole=debye", "--unit", "polarizability=angstrom^3"]


def run(*arguments, ranks=1, status=0, **environment):
    command = ([] if ranks == 1 else MPIEXEC + [str(ranks)]) + [COVARY, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          check=False, timeout=120, env={**os.environ, **environment})
    assert done.returncode == status, (arguments, done.returncode, done.stderr)
    return done


def refuse(status, words, *arguments, ranks=1, **environment):
    before = sorted(os.listdir("."))
    said = run("spectra", *arguments, ranks=ranks, status=status, **environment).stderr
    messages = [line for line in said.splitlines() if line.startswith("covary: ")]
    assert len(messages) == 1, said
    for word in words:
        assert word in messages[0], (word, messages[0])
    assert sorted(os.listdir(".")) == before, set(os.listdir(".")) - set(before)


def write(path, n=N_FRAMES, atoms="OH", keep=lambda frame: True, change=lambda frame, line: line):
    """Two atoms that swing at both frequencies, and labels that go with them."""
    with open(path, "w", encoding="utf-8") as to:
        for frame in range(n):
            if not keep(frame):
                continue
            one, other = (math.cos(2 * math.pi * LIGHT * band * frame + band) for band in BANDS)
            label = ('time=%g dipole="%.9f %.9f 0.5" alpha="%.9f %.9f 5 0 0 0"' %
                     (frame, one, 0.5 * other, 5 + 0.1 * one, 4 + 0.2 * other))
            to.write("%d\n%s\n" % (len(atoms), change(frame, label)))
            for place, atom in enumerate(atoms):
                to.write("%s %.9f %.9f 0\n" % (atom, place + 0.01 * (1 - 2 * place) * one,
                                               0.01 * (1 - 2 * place) * other))


def same(*paths):
    contents = []
    for path in paths:
        with open(path, "rb") as opened:
            contents.append(opened.read())
    assert contents[0] and all(content == contents[0] for content in contents[1:]), paths


def columns(path, delimiter=","):
    with open(path, encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened, delimiter=delimiter))
    return {name.strip(): [float(row[k]) for row in rows[1:]] for k, name in enumerate(rows[0])}


for left in os.listdir("."):
    shutil.rmtree(left, ignore_errors=True)
    if os.path.isfile(left):
        os.remove(left)
os.makedirs("out")
write("swing.xyz")

# every output of one run, and what they say
done = run("spectra", "swing.xyz", *UNITS, "--temperature", "300", "--output", "out/one.h5",
           "--csv", "out/one.csv", "--peaks", "out/bands.csv", "--json", "out/one.json",
           "--range", "0:3000",
           SOURCE_DATE_EPOCH="0")
assert "infrared" in done.stdout and "Raman" in done.stdout and "1500.1" in done.stdout, done.stdout
assert sorted(os.listdir("out")) == ["bands.csv", "one.csv", "one.h5", "one.json"]
table = columns("out/one.csv")
with open("out/one.json", encoding="utf-8") as opened:
    told = json.load(opened)
assert told["temperature"] == 300.0 and told["frames"] == N_FRAMES and told["step"] == 1.0
assert told["dipole"] == "dipole (debye)" and told["polarizability"] == "alpha (angstrom^3)"
assert told["wavenumber"] == table["wavenumber [cm^-1]"] and told["wavenumber"][-1] <= 3000.0
for name, about in told["spectra"].items():
    known = [(a, b) for a, b in zip(about["values"], table["%s [%s]" % (name, about["unit"])])
             if a is not None]
    assert known and all(a == b for a, b in known), name
for part in ("ir", "raman_unpolarized", "power"):
    found = [band["position"] for band in told["bands"] if band["spectrum"] == part]
    assert len(found) == 2, (part, found)
    assert all(abs(a - b) < 0.3 for a, b in zip(found, BANDS)), (part, found)
with open("out/bands.csv", encoding="utf-8", newline="") as opened:
    rows = list(csv.DictReader(opened))
assert [float(row["position [cm^-1]"]) for row in rows] == [b["position"] for b in told["bands"]]

# a given dipole of amplitude A has the area N_A pi / (6 e0 c kB T) w^2 A^2 / 2, in m/mol
SI_DEBYE, AVOGADRO, VACUUM = 3.33564095e-30, 6.02214076e23, 8.8541878128e-12
for band, amplitude in zip(BANDS, (1.0, 0.5)):
    omega = 2 * math.pi * 2.99792458e10 * band
    area = (AVOGADRO / (6 * VACUUM * 299792458.0 * 1.380649e-23 * 300.0) * omega**2 *
            (amplitude * SI_DEBYE)**2 / 4 / 299792458.0) / 1000.0
    found = min(told["bands"], key=lambda b: abs(b["position"] - band) + (b["spectrum"] != "ir"))
    assert abs(found["area"] / area - 1.0) < 0.01, (band, found["area"], area)

# on any number of ranks
for ranks in (2, 3):
    run("spectra", "swing.xyz", *UNITS, "--temperature", "300", "--csv", "out/more.csv", "--range",
        "0:3000", ranks=ranks)
    same("out/one.csv", "out/more.csv")
printed = run("spectra", "swing.xyz", *UNITS, "--csv", "-", "--temperature", "300", "--range",
              "0:3000", "--parts", "ir").stdout
assert printed.startswith("wavenumber [cm^-1],ir [m^2/mol],ir_error"), printed[:80]

# what a file holds
said = run("inspect", "out/one.h5").stdout
for word in ("spectra, written by covary", "swing.xyz, sha256:", "raman_parallel",
             "alpha (angstrom^3)",
             "300 K", "--peaks out/bands.csv"):
    assert word in said, (word, said)
known = json.loads(run("inspect", "--json", "-", "out/one.h5").stdout)
assert known["kind"] == "spectra" and known["spectra"]["ir"] == {"unit": "m^2/mol", "floor": False}

# as TRAVIS writes them
run("spectra", "swing.xyz", *UNITS, "--temperature", "300", "--range", "0:3000", "--csv",
    "out/travis.csv", "--format", "travis", "--parts", "ir,power")
travis = columns("out/travis.ir.csv", ";")
assert list(travis) == ["#Wavenumber (cm^-1)", "Spectrum (cm*km*mol^-1)", "Integral (km*mol^-1)"]
areas = sum(band["area"] for band in told["bands"] if band["spectrum"] == "ir")
assert abs(travis["Integral (km*mol^-1)"][-1] / areas - 1.0) < 1e-3
decadic = columns("out/travis.ir_decadic.csv", ";")["Integral (km*mol^-1)"][-1]
assert abs(decadic * math.log(10.0) / areas - 1.0) < 1e-3
power = columns("out/travis.power.csv", ";")["Integral (K)"][-1]
assert power > 0.0 and not os.path.exists("out/travis.csv")

# gaps and files part the trajectory, with a warning; settings by other names
write("gap.xyz", 2000, keep=lambda frame: frame != 700)
done = run("spectra", "gap.xyz", "swing.xyz", *UNITS, "--method", "correlation", "--window",
           "gaussian", "--quantum", "none", "--derivative", "differences", "--temperature", "300",
           "--output", "out/gap.h5")
assert "1 gap in time, the first before frame 701 of gap.xyz" in done.stderr, done.stderr
said = run("inspect", "out/gap.h5").stdout
assert "in 3 stretches" in said and "correlation, window gaussian, quantum correction none" in said

# what is wrong
write("nan.xyz", 20,
      change=lambda frame, line: line.replace('0.5"', 'nan"') if frame == 9 else line)
write("lost.xyz", 900, change=lambda frame, line: line if frame != 800 else "time=800")
write("three.xyz", 50, "OHH")
refuse(2, ["needs annotations"])
refuse(2, ["--unit dipole=UNIT", "debye"], "swing.xyz")
refuse(2, ["--unit dipole=deby", "'debye'"], "swing.xyz", "--unit", "dipole=deby")
refuse(2, ["--unit dipole=bohr^3", "cannot be converted"], "swing.xyz", "--unit", "dipole=bohr^3")
refuse(2, ["--unit mu=debye", "NAME=UNIT"], "swing.xyz", "--unit", "mu=debye")
refuse(1, ["label 'dipole' is missing", "swing.xyz"], "swing.xyz", "--dipole", "mu")
refuse(2, ["unknown method 'welsh'", "'welch'"], "swing.xyz", *UNITS, "--method", "welsh")
refuse(2, ["unknown window 'han'", "'hann'"], "swing.xyz", *UNITS, "--window", "han")
refuse(2, ["unknown part 'ri'", "ir, raman, power"], "swing.xyz", *UNITS, "--parts", "power,ri")
refuse(2, ["unknown quantum correction"], "swing.xyz", *UNITS, "--quantum", "wigner")
refuse(2, ["--range 5-6", "FROM:TO"], "swing.xyz", *UNITS, "--range", "5-6")
refuse(2, ["--temperature takes a number above 0"], "swing.xyz", "--temperature", "-3")
refuse(2, ["--format belongs to --csv"], "swing.xyz", *UNITS, "--format", "csv")
refuse(2, ["--format cvs", "csv or travis"], "swing.xyz", *UNITS, "--csv", "c", "--format", "cvs")
refuse(2, ["swing.xyz", "input"], "swing.xyz", *UNITS, "--output", "swing.xyz")
refuse(2, ["swing.xyz", "input"], "swing.xyz", *UNITS, "--json", "swing.xyz")
refuse(1, ["nowhere"], "swing.xyz", *UNITS, "--output", "nowhere/one.h5")
refuse(1, ["nowhere.xyz", "cannot open"], "nowhere.xyz")
refuse(1, ["of 1 frame no two"], "swing.xyz", *UNITS, "--frames", "7:8")
refuse(1, ["nan.xyz, frame 10", "not finite"], "nan.xyz", *UNITS)
refuse(1, ["lost.xyz, frame 801", "dipole is missing"], "lost.xyz", *UNITS, "--resolution", "60",
       ranks=2)
refuse(1, ["three.xyz", "3 atoms"], "swing.xyz", "three.xyz", *UNITS)
refuse(1, ["swing.xyz"], "swing.xyz", *UNITS, "--compare", "swing.xyz")
refuse(75, ["stopped by a signal"], "swing.xyz", *UNITS, "--output", "stopped.h5", ranks=2,
       COVARY_FAULT="6:1:stop")
if os.path.exists("/dev/full"):
    refuse(1, ["/dev/full", "No space left"], "swing.xyz", *UNITS, "--csv", "/dev/full")

# drawings
if shutil.which("gnuplot") is None:
    print("skipped behind the tables: gnuplot is not installed")
else:
    done = run("spectra", "swing.xyz", *UNITS, "--temperature", "300", "--range", "0:3000",
               "--plot", "out/one.svg", "--report", "out/a&b.html", "--compare", "out/gap.h5",
               "--reversed",
               "--output", "out/one.h5")
    words = [found.text for found in xml.etree.ElementTree.parse("out/one.svg").iter()
             if found.text and found.text.strip()]
    for word in ("Infrared absorption", "Raman scattering", "Power spectrum", "800", "1500", "one",
                 "gap"):
        assert any(word == text.strip() for text in words), (word, words)
    ticks = [text.strip() for text in words if text.strip() in ("500", "2500")]
    assert ticks[:2] == ["2500", "500"] or ticks[:2] == ["500", "2500"]
    page = Page("out/a&b.html")
    assert not page.outside and not page.names and page.source.count("<svg") == 1
    for word in ("Infrared absorption", "1500.1", "harmonic", "swing.xyz", "sha256:",
                 "alpha (angstrom^3)"):
        assert word in page.words, word
    run("spectra", "swing.xyz", *UNITS, "--temperature", "300", "--plot", "out/one.png")
    with open("out/one.png", "rb") as opened:
        assert opened.read(8) == b"\x89PNG\r\n\x1a\n"
    refuse(2, ["--plot one.pdf", ".svg or FILE.png"], "swing.xyz", *UNITS, "--plot", "one.pdf")
    refuse(1, ["gnuplot", "gnuplot-nox", "leave out --plot"], "swing.xyz", *UNITS, "--plot",
           "none.svg", PATH="/none")

print("covary spectra writes what it computes, and refuses what it should")
