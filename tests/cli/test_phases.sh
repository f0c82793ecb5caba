#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Properties between two states, from the configuration to the annotation: ammonia's dipoles over a
# gap, with signs drawn anew in every frame, are as well learned as the dipoles themselves.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# between_states FILE SEED: the gap follows from the energy (hartree, -56.16 to -56.12), the
# transition is the dipole over it with a random sign.
between_states() {
    awk -v seed="$2" 'BEGIN { srand(seed) }
        /dipole="/ {
            match($0, /energy=[-0-9.]+/)
            gap = substr($0, RSTART + 7, RLENGTH - 7) + 56.19
            match($0, /dipole="[^"]*"/)
            split(substr($0, RSTART + 8, RLENGTH - 9), mu, " ")
            sign = rand() < 0.5 ? -1 : 1
            printf "Properties=species:S:1:pos:R:3 gap=%.12g transition=\"%.12g %.12g %.12g\"\n",
                gap, sign * mu[1] / gap, sign * mu[2] / gap, sign * mu[3] / gap
            next
        }
        { print }' "$data/$1"
}

between_states nh3_train.xyz 1 >train.xyz
between_states nh3_test.xyz 2 >test.xyz

cat >states.yaml <<'TEXT'
data: {train: train.xyz}
properties:
  - {name: transition, kind: vector, unit: e*bohr, phase: arbitrary, gap: gap}
  - {name: gap, kind: scalar, unit: hartree}
representation: {basis: gram, descriptor: [distances], scaling: none}
kernel: {type: gaussian}
TEXT

for ranks in 1 3; do
    expect_status 0 covary fit states.yaml --output "states$ranks.h5"
    expect_logged "transition: " "labels have the other sign now" ", 0 are doubtful"
    expect_status 0 covary evaluate --model "states$ranks.h5" --json "errors$ranks.json" test.xyz
    expect_logged "transition: its phase is arbitrary"
    valid_json "errors$ranks.json" || fail "no JSON"
    error=$(relative_error "errors$ranks.json" transition)
    awk -v e="$error" 'BEGIN { exit !(e > 0 && e < 2e-3) }' ||
        fail "the relative error of the transition is '$error', less than 0.002 is expected"
    expect_status 0 covary inspect --json "model$ranks.json" "states$ranks.h5"
    expect_said "learned as its product with gap" "arbitrary phase: " " 0 are doubtful"
    valid_json "model$ranks.json" || fail "no JSON"
    grep -o '"signs_changed": [0-9]*' "model$ranks.json" >"changed$ranks"
    [ "$(wc -l <"changed$ranks")" = 1 ] || fail "the JSON does not tell the signs changed"
    checks=$((checks + 3))
done
cmp -s changed1 changed3 || fail "other signs on 3 ranks than on one"

# Without the phase there is nothing smooth to learn.
ranks=1
expect_status 0 covary fit states.yaml --output fixed.h5 --set properties.0.phase=fixed
expect_status 0 covary evaluate --model fixed.h5 --json fixed.json test.xyz
error=$(relative_error fixed.json transition)
awk -v e="$error" 'BEGIN { exit !(e > 0.5) }' ||
    fail "labels of random signs were learned to '$error' as if they were not random"

expect_status 0 covary predict --model states1.h5 --output states.annotation.h5 test.xyz
expect_status 0 covary inspect states.annotation.h5
expect_said "0 with gaps too small to divide by"

finish "properties between two states are learned whatever their signs"
