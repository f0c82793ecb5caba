#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# solver.leave_one_out from configuration to inspect: estimates say what they are, how sure they
# are, and agree with the exact errors; the weights are the same.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
ranks=2

cat >fit.yaml <<TEXT
data: {train: $data/nh3_train.xyz}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
representation: {basis: gram, descriptor: distances, scaling: none}
kernel: {type: gaussian, length: 1.5}
ridge: 1e-9
TEXT

# number KEY FILE: the first number of that name in a JSON file.
number() {
    sed -n "s/.*\"$1\": \([-+.e0-9]*\).*/\1/p" "$2" | head -n 1
}

# near A B E: is |A - B| below E?
near() {
    awk -v a="$1" -v b="$2" -v e="$3" 'BEGIN { d = a - b; exit !(d < e && -d < e) }'
}

expect_status 0 covary fit fit.yaml --output exact.h5
grep -q "estimated" said/err && fail "errors of few frames are estimated unasked"
expect_status 0 covary inspect exact.h5 --json exact.json
expect_said "leave-one-out rmse"
grep -q '"loo_is_estimated": false, "loo_sample": 0,' exact.json || fail "no exact errors in JSON"
near "$(number loo_standard_error exact.json)" 0 1e-30 || fail "exact errors have a standard error"
exact=$(number loo_rmse exact.json)

for solver in cholesky iterative; do
    expect_status 0 covary fit fit.yaml --output "$solver.h5" --set "solver.type=$solver" \
        --set solver.leave_one_out=estimated
    expect_logged " +- " "; estimated from "
    expect_status 0 covary inspect "$solver.h5" --json "$solver.json"
    expect_said "+-" "(estimated from "
    valid_json "$solver.json" || fail "no JSON"
    grep -q '"loo_is_estimated": true,' "$solver.json" || fail "the JSON does not tell an estimate"
    found=$(number loo_rmse "$solver.json")
    error=$(number loo_standard_error "$solver.json")
    awk -v e="$error" -v x="$exact" 'BEGIN { exit !(e > 0 && e < 0.1 * x) }' ||
        fail "$solver: a standard error of $error"
    near "$found" "$exact" "$(awk -v e="$error" 'BEGIN { print 3 * e }')" ||
        fail "$solver: an estimate of $found +- $error, where $exact is exact"
done
expect_status 0 covary evaluate --model exact.h5 --json exact_error.json "$data/nh3_test.xyz"
expect_status 0 covary evaluate --model cholesky.h5 --json error.json "$data/nh3_test.xyz"
exact=$(relative_error exact_error.json dipole)
rounding=$(awk -v e="$exact" 'BEGIN { print 1e-5 * e }')
near "$(relative_error error.json dipole)" "$exact" "$rounding" ||
    fail "the effort for leave-one-out errors changes predictions"

# lengths chosen by other frames: their error is told, and it is that of an evaluation
cat >validation.yaml <<TEXT
data: {train: $data/nh3_train.xyz, validation: $data/nh3_test.xyz}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
representation: {basis: gram, descriptor: distances, scaling: none}
kernel: {type: gaussian}
ridge: 1e-9
selection: {criterion: validation}
TEXT
expect_status 0 covary fit validation.yaml --output validation.h5
expect_logged "validation by 100 frames" "dipole: validation rmse"
expect_status 0 covary inspect validation.h5 --json validation.json
expect_said "validation rmse"
expect_status 0 covary evaluate --model validation.h5 --json error.json "$data/nh3_test.xyz"
near "$(number validation_relative_rmse validation.json)" "$(relative_error error.json dipole)" \
    1e-12 || fail "the validation error is not that of the model"
awk -v chosen="$(relative_error error.json dipole)" \
    -v given="$(relative_error exact_error.json dipole)" 'BEGIN { exit !(chosen < given) }' ||
    fail "a length that validation frames choose is worse on them than another one"

remember_files
expect_status 1 covary fit validation.yaml --output none.h5 \
    --set "data.validation=$data/co2_test.xyz"
expect_message "the validation set: " "co2_test.xyz, frame 1: the count differs"
expect_status 1 covary fit validation.yaml --output none.h5 --set data.validation=none.xyz
expect_message "none.xyz: cannot be read"
expect_status 2 covary fit fit.yaml --output none.h5 --set solver.type=iterative \
    --set solver.leave_one_out=exact
expect_message "the solver iterative has no factor for the errors of all frames"
expect_files

finish "leave-one-out errors are exact or estimated, and say which; so do those of validation"
