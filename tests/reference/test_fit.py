# SPDX-License-Identifier: BSD-3-Clause
"""The program's fits against rpr.py: predictions and their errors, leave-one-out errors, log
marginal likelihoods, automatic hyperparameters.

Every case is fitted and predicted on two ranks and once more in numpy; between them the cases hold
every basis, descriptor, scaling and kernel.  Two solutions of the same system differ by rounding
of the kernel, eps |weights|_1, and of the factorization, of the order of eps n / ridge: at the
ridges used here (1e-4 and more; one case at 1e-6) both stay below 1e-9 of the predictions.
"""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wanted  # noqa: E402

wanted.require("h5py", "numpy", "scipy.spatial.transform")
import h5py  # noqa: E402
import numpy as np  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rpr  # noqa: E402

COVARY = os.environ["COVARY"]
DATA = os.environ["COVARY_TEST_DATA"]
TWO_RANKS = os.environ["COVARY_MPIEXEC"].split() + ["2"]
MOLECULES = ["dce", "nh3", "co2"]  # an asymmetric top, a symmetric one, a planar molecule
IRREPS = {"dipole": ["1"], "polarizability": ["0", "2"]}
BOTH = ["cartesians", "distances"]
TOLERANCE = 1e-8  # of the predictions' root mean square

CONFIG = """
data: {train: [%(data)s/%(molecule)s_train.xyz]}
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
  - {name: polarizability, kind: symmetric-tensor, unit: bohr^3}
representation:
  basis: %(basis)s
  axes: %(axes)s
  descriptor: [%(descriptors)s]
  scaling: %(scaling)s
  references: 1
  weights: masses
  symmetry: none
kernel: {type: %(kernel)s, length: %(length)s, degree: 3}
ridge: %(ridge)s
"""

# molecule, basis, axes, descriptors, scaling, kernel, length / sigma, ridge
CASES = [
    ("dce", "eckart", "improper", BOTH, "standardize", "gaussian", 4, 1e-4),
    ("dce", "eckart", "improper", BOTH, "none", "gaussian", 4, 1e-6),
    ("dce", "eckart", "proper", BOTH, "none", "matern-5/2", 4, 1e-4),
    ("dce", "eckart", "proper", ["distances"], "standardize", "gaussian", 4, 1e-4),
    ("dce", "inertia", "improper", BOTH, "standardize", "gaussian", 4, 1e-4),
    ("dce", "inertia", "proper", BOTH, "standardize", "matern-3/2", 4, 1e-4),
    ("dce", "inertia", "proper", ["inverse-distances"], "none", "laplacian", 2, 1e-2),
    ("dce", "inertia", "improper", ["relative-to-equilibrium"], "none", "gaussian", 4, 1e-4),
    ("dce", "eckart", "improper", ["coulomb"], "standardize", "matern-7/2", 4, 1e-4),
    ("dce", "eckart", "improper", ["exponential-distances"], "standardize", "polynomial", 2, 1e-2),
    ("dce", "eckart", "improper", ["cartesians"], "none", "linear", 1, 1e-2),
    ("nh3", "eckart", "improper", BOTH, "standardize", "gaussian", 4, 1e-4),
    ("nh3", "eckart", "proper", ["cartesians"], "none", "matern-7/2", 4, 1e-4),
    ("nh3", "eckart", "proper", ["coulomb"], "none", "polynomial", 2, 1e-2),
    ("nh3", "eckart", "improper", ["exponential-distances"], "none", "matern-5/2", 4, 1e-4),
    ("nh3", "inertia", "improper", ["cartesians"], "standardize", "gaussian", 4, 1e-3),
    ("nh3", "inertia", "proper", BOTH, "none", "laplacian", 4, 1e-2),
    ("nh3", "inertia", "proper", ["relative-to-equilibrium"], "standardize", "matern-3/2", 4, 1e-3),
    ("nh3", "inertia", "improper", ["inverse-distances"], "standardize", "linear", 1, 1e-2),
    ("co2", "eckart", "improper", BOTH, "none", "gaussian", 4, 1e-4),
    ("co2", "inertia", "improper", ["cartesians"], "none", "matern-5/2", 4, 1e-4),
    ("co2", "inertia", "proper", ["inverse-distances"], "standardize", "gaussian", 4, 1e-3),
]
# Cases whose leave-one-out errors come from fitting without each frame, and that are evaluated.
REFITTED = (0, 6, 12, 17)


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, "%s\n%s%s" % (" ".join(command), done.stdout, done.stderr)
    return done.stdout


def fit_and_predict(case, length, ridge):
    molecule, basis, axes, descriptors, scaling, kernel = case[:6]
    with open("fit.yaml", "w", encoding="utf-8") as config:
        config.write(CONFIG % {"data": DATA, "molecule": molecule, "basis": basis, "axes": axes,
                               "descriptors": ", ".join(descriptors), "scaling": scaling,
                               "kernel": kernel, "length": length, "ridge": ridge})
    run(TWO_RANKS + [COVARY, "fit", "fit.yaml", "--output", "fit.h5", "--quiet"])
    run(TWO_RANKS + [COVARY, "predict", "--model", "fit.h5", "--output", "annotation.h5",
                     "--quiet", os.path.join(DATA, molecule + "_test.xyz")])


def numpy_fit(case, train):
    molecule, basis, axes, descriptors, scaling, kernel = case[:6]
    return rpr.Fit(train, basis, axes == "improper", descriptors, scaling, kernel, degree=3)


def check_close(what, found, expected, tolerance):
    worst = np.abs(np.asarray(found) - expected).max()
    assert worst <= tolerance, "%s: off by %.2e, more than %.2e" % (what, worst, tolerance)
    return worst


def check_evaluation(molecule, predicted, test):
    """`evaluate` against the predictions in the annotation; the trace counts from its mean."""
    run(TWO_RANKS + [COVARY, "evaluate", "--model", "fit.h5", "--json", "errors.json", "--quiet",
                     os.path.join(DATA, molecule + "_test.xyz")])
    with open("errors.json", encoding="utf-8") as report:
        errors = json.load(report)["properties"]
    for name in IRREPS:
        labels = getattr(test, name)
        rmse = rpr.frobenius(predicted[name] - labels)
        if labels.ndim == 3:
            trace = np.trace(labels, axis1=1, axis2=2).mean()
            labels = labels - trace / 3 * np.eye(3)
        relative = rmse / rpr.frobenius(labels)
        check_close(name + " rmse", errors[name]["rmse"], rmse, 1e-9 * rmse)
        check_close(name + " relative rmse", errors[name]["relative_rmse"], relative,
                    1e-9 * relative)


def check_property(name, fit, refit, model, annotation, train, test, ridge):
    """-> difference of the predictions relative to their size."""
    group = model["properties/" + name]
    systems = [group[l]["0"] for l in IRREPS[name]]
    fit.solve(getattr(train, name), fit.length, ridge)
    for system in systems:
        assert system.attrs["ridge"] == ridge, "the ridge was changed to %g" % system.attrs["ridge"]

    expected = fit.predict(test.x)
    size = rpr.frobenius(expected)
    found = annotation["observables/%s/value" % name][:]
    worst = check_close(name, found, expected, TOLERANCE * size) / size

    residuals = fit.loo_by_refitting() if refit else fit.loo()
    rmse = rpr.frobenius(residuals)
    check_close(name + " leave-one-out", group.attrs["leave_one_out"][0], rmse, 1e-7 * rmse)
    likelihood = fit.log_likelihood()
    found = sum(system.attrs["log_likelihood"] for system in systems)
    check_close(name + " log likelihood", found, likelihood, 1e-8 * abs(likelihood))
    return worst


def check_case(index, train, test):
    case = CASES[index]
    molecule, ridge = case[0], case[7]
    fit = numpy_fit(case, train[molecule])
    fit.length = float("%.6g" % (case[6] * fit.sigma))
    fit_and_predict(case, repr(fit.length), repr(ridge))
    with h5py.File("fit.h5") as model, h5py.File("annotation.h5") as annotation:
        axes = model["representations/0"]
        check_close("reference", axes["references"][0], fit.reference, 1e-12)
        check_close("masses", model["molecule/masses"][:], fit.w, 0.0)
        check_close("weights of the axes", axes["weights"][:], fit.w, 0.0)
        worst = [check_property(name, fit, index in REFITTED, model, annotation, train[molecule],
                                test[molecule], ridge) for name in IRREPS]
        predicted = {name: annotation["observables/%s/value" % name][:] for name in IRREPS}
    if index in REFITTED:
        check_evaluation(molecule, predicted, test[molecule])
    print("%-3s %-7s %-8s %-33s %-11s %-10s ridge %.0e: dipole %.1e, polarizability %.1e"
          % (*case[:3], " + ".join(case[3]), *case[4:6], ridge, *worst), flush=True)


def irrep_part(values, l):
    """Vectors as they are; of symmetric tensors the isotropic or the traceless part."""
    if values.ndim == 2:
        return values
    trace = np.trace(values, axis1=1, axis2=2)[:, None, None] * np.eye(3) / 3
    return trace if l == 0 else values - trace


def least_loo(fit, values):
    """Least leave-one-out error over the lattice of whole steps that the search starts from,
    lengths sigma 2^-1 ... 2^8 and every second ridge of 1e-12 ... 1e-4, where rounding leaves it a
    meaning."""
    least = np.inf
    for a in range(-1, 9):
        for b in range(-12, -2, 2):
            try:
                fit.solve(values, fit.sigma * 2.0**a, 10.0**b)
                rmse = rpr.frobenius(fit.loo())
                missing = fit.targets - fit.a @ fit.weights
                fit.weights = rpr.cho_solve(rpr.cho_factor(fit.a, lower=True), missing)
                if rpr.frobenius(fit.loo()) < 0.01 * rmse:
                    least = min(least, rmse)
            except np.linalg.LinAlgError:
                pass
    return least


def check_auto(molecule, train, test):
    """`auto` finds the best point of the lattice, or a better one, and says its error rightly."""
    case = (molecule, "eckart", "improper", BOTH, "standardize", "gaussian")
    fit = numpy_fit(case, train[molecule])
    fit_and_predict(case, "auto", "auto")
    with h5py.File("fit.h5") as model:
        for name, l in ((name, l) for name in IRREPS for l in IRREPS[name]):
            values = irrep_part(getattr(train[molecule], name), int(l))
            found = model["properties"][name][l]["0"].attrs
            least = least_loo(fit, values)
            fit.solve(values, found["length"], found["ridge"])
            mine = rpr.frobenius(fit.loo())
            print("%s %s, l = %s: auto takes length %.3g sigma, ridge %.1e, leave-one-out error "
                  "%.3e; the best of the lattice has %.3e"
                  % (molecule, name, l, found["length"] / fit.sigma, found["ridge"], mine, least),
                  flush=True)
            check_close("leave-one-out at auto", found["search_rmse"], mine, 0.02 * mine)
            assert mine <= 1.03 * least, "auto missed the best point of the lattice"


def main():
    train = {m: rpr.Labelled(os.path.join(DATA, m + "_train.xyz")) for m in MOLECULES}
    test = {m: rpr.Labelled(os.path.join(DATA, m + "_test.xyz")) for m in MOLECULES}
    for index in range(len(CASES)):
        check_case(index, train, test)
    for molecule in ("dce", "nh3"):
        check_auto(molecule, train, test)


main()
