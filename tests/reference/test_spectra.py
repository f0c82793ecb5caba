# SPDX-License-Identifier: BSD-3-Clause
"""Spectra of labelled trajectories against scipy.signal.welch and correlation functions of numpy,
with prefactors from scipy.constants; the kinetic temperature against a projection onto rigid
motions."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("h5py", "numpy", "scipy.signal")
import h5py  # noqa: E402
import numpy as np  # noqa: E402
from scipy import constants, signal  # noqa: E402

COVARY = os.environ["COVARY"]
MASSES = np.array([15.999, 1.008, 1.008])
WINDOW, PADDED, STEP, TEMPERATURE, LASER = 200, 800, 0.8, 320.0, 633.0
LENGTHS = (600, 1000)  # frames: whole numbers of half windows

failures = 0


def check(condition, claim):
    global failures
    if not condition:
        failures += 1
        print("FAILED: %s" % claim)


def correlated(random, n, width):
    """Noise with a memory of some ten frames."""
    steps = random.normal(size=(n + 100, width))
    return signal.lfilter([1.0], [1.0, -0.9], steps, axis=0)[100:]


def make(random, n):
    places = np.array([[0, 0, 0.12], [0, 0.76, -0.47], [0, -0.76, -0.47]])
    alpha = np.array([1.5, 0.1, 0.0, 1.4, 0.2, 1.3]) + 0.05 * correlated(random, n, 6)
    return {"positions": places + 0.02 * correlated(random, n, 9).reshape(n, 3, 3),
            "velocities": 0.01 * correlated(random, n, 9).reshape(n, 3, 3),
            "dipole": [0.3, -1.2, 0.7] + 0.1 * correlated(random, n, 3),
            "alpha": alpha[:, [0, 1, 2, 1, 3, 4, 2, 4, 5]]}


def write(path, frames):
    with open(path, "w") as out:
        for f in range(len(frames["dipole"])):
            out.write('3\nProperties=species:S:1:pos:R:3:velo:R:3 time=%.10g dipole="%s" '
                      'polarizability="%s"\n' %
                      (STEP * f, " ".join("%.17g" % x for x in frames["dipole"][f]),
                       " ".join("%.17g" % x for x in frames["alpha"][f])))
            for symbol, x, v in zip("OHH", frames["positions"][f], frames["velocities"][f]):
                out.write("%s %s\n" % (symbol, " ".join("%.17g" % y for y in (*x, *v))))


def covary(output, *words):
    subprocess.run([COVARY, "spectra", "--quiet", "--unit", "dipole=debye", "--unit",
                    "polarizability=angstrom^3", "--unit", "velocity=angstrom/fs", "--laser",
                    str(LASER), "--output", output, *words, "0.xyz", "1.xyz"], check=True,
                   stdout=subprocess.DEVNULL)
    with h5py.File(output) as result:
        spectra = {name: group["values"][:] for name, group in result["spectra"].items()}
        return result["wavenumber"][:], spectra, dict(result["settings"].attrs)


def welch(traces, detrend):
    """Two-sided density of traces [frames][width] of all trajectories, summed over the width."""
    total, n = 0.0, 0
    for trace in traces:
        segments = 2 * len(trace) // WINDOW - 1
        _, density = signal.welch(trace, fs=1.0 / STEP, window="hann", nperseg=WINDOW,
                                  noverlap=WINDOW // 2, nfft=PADDED, detrend=detrend,
                                  return_onesided=False, axis=0)
        total, n = total + segments * density.sum(axis=1), n + segments
    return (total / n)[:PADDED // 2]


def correlation(traces, detrend):
    """The same from correlation functions, of lags up to a window."""
    sums, counts = np.zeros(WINDOW + 1), np.zeros(WINDOW + 1)
    for trace in traces:
        n = len(trace)
        centred = trace - (trace.mean(axis=0) if detrend else 0.0)
        for x in centred.T:
            sums += np.correlate(x, x, "full")[n - 1:n + WINDOW]
        counts += n - np.arange(WINDOW + 1)
    lags = np.arange(WINDOW + 1)
    decayed = sums / counts * np.cos(0.5 * np.pi * lags / WINDOW)**2
    w = 2.0 * np.pi * np.arange(PADDED // 2) / PADDED
    return STEP * (2.0 * decayed @ np.cos(np.outer(lags, w)) - decayed[0])


def expected(method, runs, nu):
    """All spectra, by the formulas of their definition."""
    def estimate(traces, detrend):
        return method(traces, detrend)[:len(nu)]
    debye, fs, kt = 1e-21 / constants.c, 1e-15, constants.k * TEMPERATURE
    w = 2.0 * np.pi * constants.c * 100.0 * nu
    dipole = estimate([run["dipole"] for run in runs], "constant") * debye**2 * fs
    tensors = [run["alpha"].reshape(-1, 3, 3) for run in runs]
    means = [np.trace(t, axis1=1, axis2=2) / 3.0 for t in tensors]
    rest = [t - m[:, None, None] * np.eye(3) for t, m in zip(tensors, means)]
    s_a = estimate([m[:, None] for m in means], "constant") * 1e-60 * fs
    s_g = 1.5 * estimate([r.reshape(-1, 9) for r in rest], "constant") * 1e-60 * fs
    x = constants.hbar * w[1:] / kt
    bose = np.concatenate(([1.0], x / (1.0 - np.exp(-x))))
    raman = ((2.0 * np.pi * (1e9 / LASER - 100.0 * nu))**4 * bose / (2.0 * np.pi) *
             2.0 * np.pi * constants.c * 100.0)
    ir = constants.N_A / (6.0 * constants.epsilon_0 * constants.c * kt) * w**2 * dipole
    result = {"ir": ir, "ir_decadic": ir * 10.0 / np.log(10.0),
              "raman_isotropic": raman * s_a, "raman_anisotropic": raman * 7.0 / 45.0 * s_g,
              "raman_parallel": raman * (s_a + 4.0 / 45.0 * s_g),
              "raman_perpendicular": raman * s_g / 15.0,
              "raman_unpolarized": raman * (s_a + 7.0 / 45.0 * s_g),
              "depolarization": 3.0 * s_g / (45.0 * s_a + 4.0 * s_g)}
    unit = constants.physical_constants["atomic mass constant"][0] * 1e10 * fs
    for name, atoms in (("power", [0, 1, 2]), ("power_O", [0]), ("power_H", [1, 2])):
        root = np.sqrt(MASSES[atoms])[:, None]
        moved = [(run["velocities"][:, atoms] * root).reshape(-1, root.size * 3) for run in runs]
        result[name] = 2.0 * constants.c * 100.0 / kt * estimate(moved, False) * unit
    return result


def internal_temperature(runs):
    """Of velocities without what six rigid motions, found by least squares, explain."""
    kinetic, frames = 0.0, 0
    root = np.sqrt(MASSES)[:, None]
    for run in runs:
        for x, v in zip(run["positions"], run["velocities"]):
            rigid = [root * e for e in np.eye(3)] + [root * np.cross(e, x) for e in np.eye(3)]
            basis = np.linalg.qr(np.array(rigid).reshape(6, 9).T)[0]
            moved = (root * v).ravel()
            kinetic += moved @ moved - (basis.T @ moved) @ (basis.T @ moved)
            frames += 1
    unit = constants.physical_constants["atomic mass constant"][0] * 1e10
    return kinetic * unit / (3.0 * frames * constants.k)


random = np.random.default_rng(1)
runs = [make(random, n) for n in LENGTHS]
for f, run in enumerate(runs):
    write("%d.xyz" % f, run)
width = {"welch": 1.44056, "correlation": 1.0}  # lines, in 1 / window and 1 / longest lag
for method, estimate in (("welch", welch), ("correlation", correlation)):
    resolution = width[method] / (100.0 * constants.c * (WINDOW - 0.5) * STEP * 1e-15)
    padding = 4 if method == "welch" else 2
    nu, found, settings = covary(method + ".h5", "--method", method, "--temperature",
                                 str(TEMPERATURE), "--resolution", "%.8g" % resolution, "--padding",
                                 str(padding), "--range", "0:15000")
    check(settings["segment_frames"] == WINDOW, "%s: %s frames in a window" %
          (method, settings["segment_frames"]))
    check(abs(nu[1] * PADDED * STEP * 1e-13 * constants.c - 1.0) < 1e-9, "%s: grid" % method)
    for name, values in expected(estimate, runs, nu).items():
        error = np.abs(found[name] - values).max() / np.abs(values).max()
        check(error < 1e-8, "%s: %s differs by %.2g" % (method, name, error))
_, _, settings = covary("measured.h5", "--resolution", "200")
wanted_temperature = internal_temperature(runs)
check(abs(settings["temperature_K"] / wanted_temperature - 1.0) < 1e-6,
      "temperature: %.6g K, not %.6g K" % (settings["temperature_K"], wanted_temperature))
sys.exit(1 if failures else 0)
