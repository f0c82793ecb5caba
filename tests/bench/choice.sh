#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How good automatic lengths and ridges are, for the dipoles of the sets in tests/data:
#
#   bash tests/bench/choice.sh [SET ...]      dce nh3 co2; otherwise all
#
# For each criterion of selection.criterion the leave-one-out and test errors of the fit, in percent
# of the rms, and its seconds; then the smallest of either error on a grid of lengths (steps of
# sqrt 2) and ridges (steps of 10), and the seconds of all its fits.  COVARY names the program
# (otherwise that of the release or dev preset), LENGTHS and RIDGES the powers of sqrt 2 and of 10.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/bench/lib.sh
. "$root/tests/bench/lib.sh"

program=$(setup_program "$root")
setup_environment
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
lengths=${LENGTHS:-$(seq -2 20)}
ridges=${RIDGES:-$(seq -12 -1)}

# fit SET SETTING ...: a model in a representation that suits all three molecules; "loo test".
fit() {
    local set=$1 settings=() setting
    shift
    for setting in "$@"; do
        settings+=(--set "$setting")
    done
    cat >"$scratch/config.yaml" <<TEXT
data: {train: [$root/tests/data/${set}_train.xyz]}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
representation: {basis: gram, descriptor: distances, scaling: none}
kernel: {type: matern-5/2}
solver: {type: cholesky, leave_one_out: exact, checkpoint: none}
TEXT
    "$program" fit "$scratch/config.yaml" "${settings[@]}" --quiet --output "$scratch/model.h5" \
        >"$scratch/log" 2>&1 || return 1
    "$program" inspect --json "$scratch/model.json" "$scratch/model.h5" >/dev/null 2>&1
    "$program" evaluate --model "$scratch/model.h5" --quiet --json "$scratch/test.json" \
        "$root/tests/data/${set}_test.xyz" >/dev/null 2>&1
    "$python" - "$scratch" <<'TEXT'
import json
import sys

folder = sys.argv[1]
loo = json.load(open(folder + "/model.json"))["properties"]["dipole"]["loo_relative_rmse"]
test = json.load(open(folder + "/test.json"))["properties"]["dipole"]["relative_rmse"]
print(100 * loo, 100 * test)
TEXT
}

# smaller A B: the smaller one; "-" is none.
smaller() {
    awk -v a="$1" -v b="$2" 'BEGIN { print a == "-" || b + 0 < a + 0 ? b : a }'
}

row() { printf '| %-5s | %-22s | %12.6g | %12.6g | %8.1f |\n' "$@"; }

grid() {
    local set=$1 best_loo=- best_test=- length ridge loo test begin=$EPOCHREALTIME
    for length in $lengths; do
        for ridge in $ridges; do
            read -r loo test < <(fit "$set" \
                "kernel.length=$(calculate "sqrt(2)^($length)")" "ridge=1e$ridge") || continue
            best_loo=$(smaller "$best_loo" "$loo")
            best_test=$(smaller "$best_test" "$test")
        done
    done
    row "$set" "best of the grid" "$best_loo" "$best_test" \
        "$(calculate "$EPOCHREALTIME - $begin")"
}

printf '| set   | choice by              | loo, %%       | test, %%      | seconds  |\n'
printf '| ----- | ---------------------- | ------------ | ------------ | -------- |\n'
[ $# -gt 0 ] || set -- dce nh3 co2
for set in "$@"; do
    for criterion in leave-one-out k-fold likelihood; do
        begin=$EPOCHREALTIME
        read -r loo test < <(fit "$set" "selection.criterion=$criterion")
        row "$set" "$criterion" "$loo" "$test" "$(calculate "$EPOCHREALTIME - $begin")"
    done
    grid "$set"
done
