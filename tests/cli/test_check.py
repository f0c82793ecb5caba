# SPDX-License-Identifier: BSD-3-Clause
"""covary inspect --check names every mistake that is planted in labelled frames, all of them in one
go and alike on any number of ranks, and says nothing of frames without mistakes."""
import json
import os
import random
import re
import shutil
import subprocess

COVARY = os.environ["COVARY"]
DATA = os.environ["COVARY_TEST_DATA"]
MPIEXEC = os.environ["COVARY_MPIEXEC"].split()

BOHR, DEBYE = 0.529177210903, 2.541746473  # angstrom; of an e*bohr
N = 120
DIPOLE = "{name: dipole, kind: vector, unit: %s}"
POLARIZABILITY = "{name: polarizability, kind: symmetric-tensor, unit: %s}"
DEFAULT = [DIPOLE % "e*bohr", POLARIZABILITY % "bohr^3"]


class Frame:
    """A frame as read: labels and atoms may be changed."""

    def __init__(self, lines):
        self.labels = {key: [float(x) for x in value.split()]
                       for key, value in re.findall(r'(dipole|polarizability)="([^"]*)"', lines[1])}
        self.atoms = [(words[0], [float(x) for x in words[1:4]])
                      for words in (line.split() for line in lines[2:])]

    def copy(self):
        made = object.__new__(Frame)
        made.labels = {key: list(value) for key, value in self.labels.items()}
        made.atoms = [(element, list(at)) for element, at in self.atoms]
        return made

    def text(self):
        labels = " ".join('%s="%s"' % (key, " ".join("%.10f" % x for x in value))
                          for key, value in self.labels.items())
        atoms = ["%s %.8f %.8f %.8f" % (element, *at) for element, at in self.atoms]
        return "\n".join([str(len(atoms)), "Properties=species:S:1:pos:R:3 " + labels] + atoms)

    def scale(self, key, factor):
        self.labels[key] = [factor * x for x in self.labels[key]]

    def move(self, by, charge):
        """Shift the molecule; its dipole about the origin of the lab is that of an ion."""
        for _, at in self.atoms:
            for i in range(3):
                at[i] += by[i]
        centre = [sum(at[i] for _, at in self.atoms) / len(self.atoms) for i in range(3)]
        self.labels["dipole"] = [mu + charge * c / BOHR
                                 for mu, c in zip(self.labels["dipole"], centre)]


def read(name, n):
    with open(os.path.join(DATA, name), encoding="utf-8") as opened:
        lines = opened.read().splitlines()
    size = int(lines[0]) + 2
    return [Frame(lines[k * size:(k + 1) * size]) for k in range(n)]


def check(frames, status, properties=None, ranks=1, more_files=()):
    """Findings, as (what, property) -> finding; every text names what the JSON has."""
    with open("frames.xyz", "w", encoding="utf-8") as written:
        written.write("\n".join(frame.text() for frame in frames) + "\n")
    with open("check.yaml", "w", encoding="utf-8") as written:
        written.write("data: {train: [%s]}\nproperties:\n" % ", ".join(["frames.xyz", *more_files]))
        written.writelines("  - %s\n" % line for line in properties or DEFAULT)
    command = ([] if ranks == 1 else MPIEXEC + [str(ranks)]) + [COVARY]
    done = subprocess.run(command + ["inspect", "--check", "--json", "check.json", "check.yaml"],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    with open("check.json", encoding="utf-8") as written:
        report = json.load(written)
    assert report["errors"] + report["warnings"] == len(report["findings"]), report
    assert (report["errors"] > 0) == (status == 1), report
    found = {}
    for finding in report["findings"]:
        assert finding["message"] in done.stdout and finding["remedy"] in done.stdout, finding
        found.setdefault((finding["what"], finding["property"]), finding)
    return found, done.stdout


def places(finding):
    return [place["frame"] for place in finding["frames"]]


def plant_frames(frames):
    """Mistakes of single frames; frames count from 1."""
    del frames[4].labels["dipole"]
    del frames[9].labels["dipole"]
    frames[19].labels["polarizability"][4] = float("nan")
    frames[24].atoms[2][1][0] = float("inf")
    frames[29].atoms[0], frames[29].atoms[7] = frames[29].atoms[7], frames[29].atoms[0]
    frames[34].atoms[0], frames[34].atoms[1] = frames[34].atoms[1], frames[34].atoms[0]
    frames[39].atoms[6][1][:] = [x + 0.1 for x in frames[39].atoms[7][1]]
    frames[44].atoms[5][1][1] += 14.0  # the other side of a box
    frames[49].scale("polarizability", 1.3)
    frames.append(frames[59].copy())
    frames.append(frames[69].copy())
    frames[-1].scale("dipole", 0.7)
    frames.append(read("nh3_train.xyz", 1)[0])


def expect_frames():
    frames = read("dce_train.xyz", N)
    plant_frames(frames)
    found, text = check(frames, 1, more_files=["none.xyz"])
    assert "none.xyz" in found["file", None]["message"]
    assert places(found["labels", "dipole"]) == [5, 10]
    assert "is missing" in found["labels", "dipole"]["message"]
    assert places(found["labels", "polarizability"]) == [20]
    assert "not finite" in found["labels", "polarizability"]["message"]
    assert places(found["positions", None]) == [25]
    assert places(found["composition", None]) == [30], "another order of elements"
    assert "order differs" in found["composition", None]["message"]
    assert "4 atoms where 8 are expected" in text, "another molecule"
    assert places(found["atom-order", None]) == [35]
    assert "than in frames.xyz, frame 1" in found["atom-order", None]["message"]
    assert "frames.xyz, frame 40: atoms overlap: atom 7 (H) and atom 8 (H)" in text
    assert "frames.xyz, frame 45: the molecule is torn apart" in text and "atom 6 (H)" in text
    assert places(found["copies", None]) == [N + 1]
    assert "frame 60" in found["copies", None]["message"]
    assert places(found["conflict", "dipole"]) == [N + 2]
    assert "frame 70" in found["conflict", "dipole"]["message"]
    assert 50 in places(found["outlier", "polarizability"])
    assert ("unit", "dipole") not in found and ("charge", "dipole") not in found
    shutil.copy("check.json", "alone.json")
    check(frames, 1, more_files=["none.xyz"], ranks=3)
    with open("alone.json", encoding="utf-8") as one, open("check.json", encoding="utf-8") as three:
        assert one.read() == three.read(), "the findings depend on the number of ranks"


def expect_units():
    frames = read("dce_train.xyz", N)
    for frame in frames:
        frame.scale("dipole", DEBYE)
        frame.scale("polarizability", BOHR ** 3)
    found, _ = check(frames, 0)
    assert set(found) == {("unit", "dipole"), ("unit", "polarizability")}, found
    assert "properties.0.unit: debye" in found["unit", "dipole"]["remedy"]
    assert "properties.1.unit: angstrom^3" in found["unit", "polarizability"]["remedy"]
    found, _ = check(frames, 0, [DIPOLE % "debye", POLARIZABILITY % "angstrom^3"])
    assert not found, found
    frames = read("nh3_train.xyz", N)
    found, _ = check(frames, 0, [DIPOLE % "debye", POLARIZABILITY % "angstrom^3"])
    assert "properties.0.unit: e*bohr" in found["unit", "dipole"]["remedy"]
    assert "properties.1.unit: bohr^3" in found["unit", "polarizability"]["remedy"]
    for frame in frames:
        frame.scale("dipole", BOHR)
    found, _ = check(frames, 0, [DIPOLE % "e*bohr"])
    assert "properties.0.unit: e*angstrom" in found["unit", "dipole"]["remedy"]


def expect_charges():
    charged = '{name: dipole, kind: vector, unit: e*bohr, charge: %d, origin: "0 0 0"}'
    chance = random.Random(1)
    neutral = read("dce_train.xyz", N)
    ions = read("dce_train.xyz", N)
    for of_neutral, of_ion in zip(neutral, ions):
        by = [chance.uniform(-3.0, 3.0) for _ in range(3)]
        of_neutral.move(by, 0)
        of_ion.move(by, 1)
    found, _ = check(ions, 0, [DIPOLE % "e*bohr"])
    assert "charge: 1," in found["charge", "dipole"]["remedy"], found
    found, _ = check(neutral, 0, [charged % -1])
    assert "do not move" in found["charge", "dipole"]["message"], found
    found, _ = check(ions, 0, [charged % 1])
    assert not found, found


def expect_nothing():
    for name in ("dce_train.xyz", "nh3_train.xyz"):
        found, text = check(read(name, N), 0)
        assert not found and "0 errors, 0 warnings" in text, (name, found)
    found, _ = check(read("co2_train.xyz", 50), 0)
    assert not found, found
    found, _ = check(read("dce_gfn2_train.xyz", 500), 0, [DIPOLE % "e*bohr"])
    assert not found, found


expect_frames()
expect_units()
expect_charges()
expect_nothing()
print("every planted mistake was named")
