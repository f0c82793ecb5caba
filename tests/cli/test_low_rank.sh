#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The solver low-rank from configuration to predictions: the model says on which frames its weights
# are, is smaller than the exact one and nearly as good; what cannot be is refused before the fit.
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
train=$(grep -c Properties "$data/nh3_train.xyz")

# error MODEL: of the dipole on unseen frames, relative.
error() {
    expect_status 0 covary evaluate --model "$1" --json error.json "$data/nh3_test.xyz"
    relative_error error.json dipole
}

expect_status 0 covary fit fit.yaml --output exact.h5
expect_status 0 covary fit fit.yaml --output model.h5 --set solver.type=low-rank \
    --set solver.inducing=60
expect_logged "60 inducing frames of $train"
expect_status 0 covary inspect model.h5 --self-test --json model.json
expect_said "60 inducing frames of $train" "passed"
valid_json model.json || fail "no JSON"
grep -q '"weighted_frames": 60,' model.json || fail "the JSON does not tell the inducing frames"
expect_status 0 covary inspect exact.h5 --json exact.json
grep -q "\"weighted_frames\": $train," exact.json || fail "an exact model has weights on all frames"
[ "$(wc -c <model.h5)" -lt "$(wc -c <exact.h5)" ] || fail "the model on fewer frames is no smaller"
exact=$(error exact.h5)
found=$(error model.h5)
awk -v a="$found" -v b="$exact" 'BEGIN { exit !(a > 0 && a < 0.01 && a < 100 * b) }' ||
    fail "the error on unseen frames is $found, of the exact model $exact"

expect_status 0 covary fit fit.yaml --dry-run --set solver.type=low-rank --set solver.inducing=60
expect_said "low-rank: " "as asked for" "select pivots"

remember_files
expect_status 2 covary fit fit.yaml --output none.h5 --set solver.type=low-rank \
    --set solver.inducing=$((train + 1))
expect_message "'solver.inducing' is $((train + 1)), but there are $train training frames"
expect_status 2 covary fit fit.yaml --output none.h5 --set solver.inducing=60
expect_message "'solver.inducing' is for the solver low-rank"
expect_status 2 covary fit fit.yaml --output none.h5 --set solver.type=low-rank \
    --set solver.inducing=0
expect_message "it must be auto | a whole number from 1"
expect_files

finish "models on inducing frames"
