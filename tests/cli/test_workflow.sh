#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# fit, predict, evaluate and inspect, one after another as in jobs/quickstart.sh, on 1, 2, 3 ranks.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 40
first_frames 11 "$data/dce_test.xyz" >test.xyz

for ranks in ${COVARY_TEST_RANKS:-1 2 3}; do
    remember_files
    expect_status 0 covary fit config.yaml --output fitted.h5
    expect_logged "read 40 frames of 8 atoms" "model written: fitted.h5"
    expect_files fitted.h5

    # the configuration names the output if the command line does not
    expect_status 0 covary fit config.yaml --quiet
    # (but for ranks that share cores, which is worth a warning)
    grep -v '^warning: .* cores\{0,1\} that they may use' said/err && fail "--quiet says something"
    [ -s model.h5 ] || fail "no model under the name in the configuration"

    remember_files
    expect_status 0 covary predict --model model.h5 --output annotation.h5 test.xyz
    expect_logged "annotated 11 frames: annotation.h5"
    [ -s annotation.h5 ] || fail "no annotation"
    expect_status 0 covary predict -q -m model.h5 -o twice.h5 --no-positions --batch 2 \
        test.xyz test.xyz
    expect_status 0 covary inspect --json inspected.json model.h5 annotation.h5 twice.h5 test.xyz
    expect_said "model.h5: model, fitted by covary" "training      40 frames" \
        "annotation.h5: annotation" "frames        11, all done" \
        "frames        22, all done" "holds         positions" "test.xyz: trajectory, extxyz" \
        "C2H4Cl2"
    valid_json inspected.json || fail "inspect --json is no JSON"

    expect_status 0 covary evaluate --model model.h5 --json errors.json test.xyz
    expect_said "dipole" "polarizability" "e*bohr" "bohr^3" "l = 2"
    valid_json errors.json || fail "evaluate --json is no JSON"
    grep -qiE ':[^"]*(nan|inf)' errors.json && fail "evaluate --json holds what is no number"
    error=$(relative_error errors.json dipole)
    awk -v e="$error" 'BEGIN { exit !(e > 0 && e < 1) }' ||
        fail "the relative error of the dipole is '$error'"
    expect_files annotation.h5 twice.h5 inspected.json errors.json

    remember_files
    expect_status 0 covary inspect --self-test --json tested.json model.h5
    expect_said "self-test     8 frames turned" "e*bohr: passed" "bohr^3: passed"
    valid_json tested.json || fail "inspect --self-test --json is no JSON"
    grep -q '"self_test": {"passed": true, "properties": {"dipole": {"deviation": ' tested.json ||
        fail "inspect --self-test --json holds no verdict"
    expect_files tested.json

    # results on standard output, and nothing else there
    expect_status 0 covary inspect --json - model.h5
    cp said/out inspected.json
    valid_json inspected.json || fail "inspect --json - is no JSON"
    rm -f inspected.json model.h5

    remember_files
    expect_status 0 covary fit config.yaml --dry-run
    expect_said "frames"
    expect_files

    remember_files
    expect_status 0 covary fit config.yaml --log-json log.jsonl
    awk '!/^{.*}$/ { exit 1 }' log.jsonl || fail "--log-json: a line that is no object"
    expect_files log.jsonl model.h5
done

# each solver, to the same values
ranks=2
for solver in cholesky iterative low-rank; do
    set -- --set solver.type=$solver
    # all frames are inducing ones
    [ $solver != low-rank ] || set -- "$@" --set solver.inducing=40
    expect_status 0 covary fit config.yaml --output $solver.h5 "$@"
    expect_status 0 covary inspect $solver.h5
    expect_said "solver        $solver: "
    expect_status 0 covary predict --model $solver.h5 --output by_$solver.h5 test.xyz
    expect_status 0 covary evaluate --model $solver.h5 --json errors.json test.xyz
    found=$(relative_error errors.json dipole)
    awk -v a="$found" -v b="$error" 'BEGIN { exit !(a > 0.9999 * b && a < 1.0001 * b) }' ||
        fail "$solver: the relative error of the dipole is '$found', not '$error'"
done

# what no label has is no "nan": the antisymmetric part of a polarizability
ranks=1
sed 's/kind: symmetric-tensor/kind: tensor/' config.yaml >tensor.yaml
expect_status 0 covary fit tensor.yaml --output tensor.h5
expect_status 0 covary evaluate --model tensor.h5 train.xyz
expect_said "l = 1"
grep -q nan said/out && fail "a relative error without a reference is not left out"

finish "fit, predict, evaluate and inspect work on 1, 2 and 3 ranks"
