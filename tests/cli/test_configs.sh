#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every configuration in configs/ is fitted as it is, on 2 ranks, and reaches its accuracy on frames
# that the model has not seen.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
ranks=2
time_limit=300 # the automatic choice, on a busy machine

# gate NAME TEST LIMIT: the largest relative error of the dipole.
gate() {
    local error
    expect_status 0 covary evaluate --model "$1.h5" --json "$1.json" "$data/$2"
    valid_json "$1.json" || fail "no JSON"
    error=$(relative_error "$1.json" dipole)
    awk -v e="$error" -v limit="$3" 'BEGIN { exit !(e > 0 && e <= limit) }' ||
        fail "$1: the relative error of the dipole is '$error', at most $3 is expected"
    echo "$1: dipole, relative error $error (at most $3)"
}

for config in "$COVARY_SOURCE"/configs/*.yaml; do
    name=$(basename "$config" .yaml)
    expect_status 0 covary fit "$config" --output "$name.h5"
    case $name in
    dce) gate dce dce_test.xyz 0.015 ;;
    nh3) gate nh3 nh3_test.xyz 4e-5 ;;
    ir) gate ir dce_gfn2_test.xyz 0.01 ;;
    cluster)
        gate cluster dce_test.xyz 0.035
        expect_status 0 covary inspect cluster.h5
        expect_said "symmetry      none"
        ;;
    *) fail "configs/$name.yaml has no gate here" ;;
    esac
done

# Data and properties are enough; what is left out is the same as `auto`.
cat >least.yaml <<TEXT
data: {train: $data/co2_train.xyz}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
TEXT
expect_status 0 covary fit least.yaml --output least.h5
gate least co2_test.xyz 5e-6
mv least.json left_out.json
expect_status 0 covary fit least.yaml --output least.h5 --set representation.basis=auto \
    --set representation.descriptor=auto --set representation.scaling=auto \
    --set representation.symmetry=auto --set representation.references=auto \
    --set kernel.type=auto --set kernel.length=auto --set ridge=auto
gate least co2_test.xyz 5e-6
cmp -s least.json left_out.json || fail "auto is not what a key that is left out means"

finish "the configurations reach their accuracy"
