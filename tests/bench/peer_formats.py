# SPDX-License-Identifier: BSD-3-Clause
"""Trajectories of other programs, and samples of how fast those read them.

peer_formats.py write FOLDER ATOMS FRAMES FORMAT ...   FOLDER/ATOMS.FORMAT and FOLDER/ATOMS.pdb
peer_formats.py read FOLDER ATOMS FORMAT               one sample a program
"""
import os
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
import MDAnalysis  # noqa: E402
from MDAnalysis.lib.mdamath import triclinic_vectors  # noqa: E402

READERS = {".lammpstrj": "LAMMPSDUMP"}  # where MDAnalysis does not know the extension


def make_universe(n_atoms):
    return MDAnalysis.Universe.empty(n_atoms, n_residues=1, atom_resindex=[0] * n_atoms,
                                     trajectory=True)


def write_topology(path, n_atoms):
    with open(path, "w") as out:
        for atom in range(n_atoms):
            out.write("HETATM%5d  C   MOL A   1    %8.3f%8.3f%8.3f  1.00  0.00           C\n"
                      % ((atom + 1) % 100000, 0, 0, 0))
        out.write("END\n")


class DumpWriter:
    """Text dumps of LAMMPS, which MDAnalysis reads but does not write: rows in any order."""

    def __init__(self, path, n_atoms):
        self.file = open(path, "w")
        self.order = np.random.default_rng(2).permutation(n_atoms)
        self.step = 0

    def write(self, atoms):
        (a, _, _), (xy, b, _), (xz, yz, c) = triclinic_vectors(atoms.universe.dimensions)
        self.file.write("ITEM: TIMESTEP\n%d\nITEM: NUMBER OF ATOMS\n%d\n"
                        "ITEM: BOX BOUNDS xy xz yz pp pp pp\n%g %g %g\n%g %g %g\n%g %g %g\n"
                        "ITEM: ATOMS id type x y z\n"
                        % (self.step, len(atoms), min(0, xy, xz, xy + xz),
                           a + max(0, xy, xz, xy + xz), xy, min(0, yz), b + max(0, yz), xz, 0, c,
                           yz))
        positions = atoms.positions
        self.file.writelines("%d 1 %g %g %g\n" % (atom + 1, *positions[atom])
                             for atom in self.order)
        self.step += 1

    def close(self):
        self.file.close()


class AtOnceWriter:
    """AMBER NetCDF and H5MD: the writers of MDAnalysis take ever longer, frame by frame."""

    def __init__(self, path, n_atoms):
        self.path, self.n_atoms, self.positions = path, n_atoms, []

    def write(self, atoms):
        self.positions.append(atoms.positions.astype("f4"))
        self.box = atoms.universe.dimensions

    def arrays(self):
        n = len(self.positions)
        return (np.array(self.positions), np.arange(n, dtype="f4"),
                np.tile(self.box[:3].astype("f8"), (n, 1)),
                np.tile(self.box[3:].astype("f8"), (n, 1)))

    def close(self):
        self.close_netcdf() if self.path.endswith(".ncdf") else self.close_h5md()

    def close_netcdf(self):
        from scipy.io import netcdf_file
        with netcdf_file(self.path, "w", version=2) as file:
            file.Conventions, file.ConventionVersion = "AMBER", "1.0"
            for name, length in (("frame", None), ("atom", self.n_atoms), ("spatial", 3),
                                 ("cell_spatial", 3), ("cell_angular", 3)):
                file.createDimension(name, length)
            names = ("coordinates", "time", "cell_lengths", "cell_angles")
            dims = (("frame", "atom", "spatial"), ("frame",), ("frame", "cell_spatial"),
                    ("frame", "cell_angular"))
            units = ("angstrom", "picosecond", "angstrom", "degree")
            for name, dim, unit, values in zip(names, dims, units, self.arrays()):
                variable = file.createVariable(name, values.dtype, dim)
                variable[:len(values)] = values
                variable.units = unit

    def close_h5md(self):
        import h5py
        positions, times, _, _ = self.arrays()
        rows = triclinic_vectors(self.box)
        with h5py.File(self.path, "w") as file:
            file.create_group("h5md").attrs["version"] = [1, 1]
            particles = file.create_group("particles/all")
            box = particles.create_group("box")
            box.attrs["dimension"] = 3
            box.attrs["boundary"] = ["periodic"] * 3
            for group, values in ((particles.create_group("position"), positions),
                                  (box.create_group("edges"), np.tile(rows, (len(times), 1, 1)))):
                group.create_dataset("value", data=values).attrs["unit"] = "Angstrom"
                group["step"] = np.arange(len(times))
                group.create_dataset("time", data=times).attrs["unit"] = "ps"


def open_writer(path, n_atoms):
    if path.endswith(".lammpstrj"):
        return DumpWriter(path, n_atoms)
    if path.endswith((".ncdf", ".h5md")):
        return AtOnceWriter(path, n_atoms)
    return MDAnalysis.Writer(path, n_atoms)


def write(folder, n_atoms, n_frames, formats):
    """A random walk of all atoms in a box: what compresses is not too easy to compress."""
    universe = make_universe(n_atoms)
    universe.dimensions = [60, 61, 62, 80, 95, 100]
    stem = os.path.join(folder, str(n_atoms))
    write_topology(stem + ".pdb", n_atoms)
    writers = [open_writer("%s.%s" % (stem, name), n_atoms) for name in formats]
    random = np.random.default_rng(1)
    positions = random.uniform(0, 60, (n_atoms, 3))
    for frame in range(n_frames):
        positions += random.normal(scale=0.05, size=positions.shape)
        universe.atoms.positions = positions
        universe.trajectory.ts.frame = frame
        universe.trajectory.ts.time = frame
        for writer in writers:
            writer.write(universe.atoms)
    for writer in writers:
        writer.close()


def read_mdanalysis(path, n_atoms):
    universe = make_universe(n_atoms)
    universe.load_new(path, format=READERS.get(os.path.splitext(path)[1]))
    return sum(1 for _ in universe.trajectory)


def read_mdtraj(path, n_atoms):
    import mdtraj
    chunks = mdtraj.iterload(path, top="%s/%d.pdb" % (os.path.dirname(path), n_atoms), chunk=1000)
    return sum(len(chunk) for chunk in chunks)


def read(folder, n_atoms, name):
    path = os.path.join(folder, "%d.%s" % (n_atoms, name))
    for peer, reader in (("MDAnalysis", read_mdanalysis), ("MDTraj", read_mdtraj)):
        begin = time.perf_counter()
        try:
            n_frames = reader(path, n_atoms)
        except (ImportError, OSError):  # MDTraj is not there, or knows no such files
            continue
        rate = n_frames / (time.perf_counter() - begin)
        print("sample", "%s, %s, %d atoms" % (peer, name, n_atoms), "frames/s", rate, sep="\t")


if sys.argv[1] == "write":
    write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
else:
    read(sys.argv[2], int(sys.argv[3]), sys.argv[4])
