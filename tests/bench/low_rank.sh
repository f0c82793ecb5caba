#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Error, rate and size of models on more and more inducing frames, beside the exact model, as a
# Markdown table:
#
#   bash tests/bench/low_rank.sh [M ...]   inducing frames; 50, 100, 200, ... if none are given
#
#   FRAMES=FILE    labelled frames (dipole), e.g. of frames.sh; otherwise the 2000 of
#                  tests/data/dce_gfn2_*.xyz, the last 500 of which are not learned from
#   UNSEEN=2000    the last frames of FRAMES, which are not learned from
#   BASIS=eckart   the basis: eckart with Cartesians and distances, or gram with distances
#   SETTINGS=...   further settings, as in SETTINGS="ridge=1e-7 kernel.length=12"
#   EXACT=no       without the exact model; length and ridge are then those of the first row
#   AUTO=no        without the row of the automatic number
#   COVARY=...     the program (otherwise that of the release or dev preset)
#   RANKS=2        ranks of the fits; predictions run on one
#
# Length and ridge are chosen once.  About a minute with the frames of the project.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=jobs/setup.sh
. "$root/jobs/setup.sh"

predicted=20000 # frames that the rate is measured with: copies of the unseen ones
sizes=("$@")
program=$(setup_program "$root")

setup_environment
scratch=$(mktemp -d "${TMPDIR:-/tmp}/covary-low-rank.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

frames_of() { grep -c Properties "$1"; }

if [ -n "${FRAMES:-}" ]; then
    unseen=${UNSEEN:-2000}
    lines=$(($(wc -l <"$FRAMES") / $(frames_of "$FRAMES"))) # of a frame
    tail -n $((unseen * lines)) "$FRAMES" >"$scratch/unseen.xyz"
    head -n -$((unseen * lines)) "$FRAMES" >"$scratch/train.xyz"
else
    cp "$root/tests/data/dce_gfn2_train.xyz" "$scratch/train.xyz"
    cp "$root/tests/data/dce_gfn2_test.xyz" "$scratch/unseen.xyz"
fi
train=$(frames_of "$scratch/train.xyz")
unseen=$(frames_of "$scratch/unseen.xyz")
for ((copy = 0; copy < predicted; copy += unseen)); do
    cat "$scratch/unseen.xyz"
done >"$scratch/many.xyz"
many=$(frames_of "$scratch/many.xyz")
if [ ${#sizes[@]} = 0 ]; then
    for ((m = 50; m < train; m *= 2)); do sizes+=("$m"); done
fi

descriptor="cartesians, distances"
[ "${BASIS:-eckart}" != gram ] || descriptor=distances
cat >"$scratch/fit.yaml" <<TEXT
data: {train: train.xyz}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
representation: {basis: ${BASIS:-eckart}, descriptor: [$descriptor], scaling: auto, symmetry: none}
kernel: {type: gaussian}
uncertainty: none
TEXT
settings=()
for setting in ${SETTINGS:-}; do settings+=(--set "$setting"); done

# run RANKS ...: its log is shown if it fails.
run() {
    local ranks=$1
    shift
    if ! mpirun -n "$ranks" "$program" "$@" >"$scratch/out" 2>"$scratch/log" </dev/null; then
        cat "$scratch/log" >&2
        exit 1
    fi
}

# phase NAME: seconds that the log of the last run gives for it.
phase() { awk -v name="$1" '$1 == "time" && $2 == name { print $3 }' "$scratch/log"; }

# number KEY: the first one of that key in the last JSON.
number() { grep -o "\"$1\": [-+0-9.e]*" "$scratch/model.json" | head -n 1 | sed 's/.*: //'; }

# row NAME SETTING ...: fit, evaluate, predict.
row() {
    local name=$1 begin seconds error loo rate size setting given=()
    shift
    for setting in "$@"; do given+=(--set "$setting"); done
    begin=${EPOCHREALTIME/,/.}
    run "${RANKS:-2}" fit "$scratch/fit.yaml" --output "$scratch/model.h5" \
        "${settings[@]}" "${given[@]}"
    seconds=$(awk -v a="$begin" -v b="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%.1f", b - a }')
    run 1 inspect "$scratch/model.h5" --json "$scratch/model.json"
    loo=$(awk -v e="$(number loo_relative_rmse)" 'BEGIN { printf "%.3f", 100 * e }')
    if [ "$chosen" = no ]; then
        settings+=(--set "kernel.length=$(number length)" --set "ridge=$(number ridge)")
        chosen=yes
    fi
    run 1 evaluate --model "$scratch/model.h5" "$scratch/unseen.xyz"
    error=$(awk '$1 == "dipole" { for (i = 2; i <= NF; i++) if ($i == "%") print $(i - 1) }' \
        "$scratch/out")
    run 1 predict --model "$scratch/model.h5" --output "$scratch/predicted.h5" --verbose \
        "$scratch/many.xyz"
    rate=$(awk -v n="$many" -v s="$(phase predict)" 'BEGIN { printf "%.0f", n / s }')
    size=$(wc -c <"$scratch/model.h5" | awk '{ printf "%.2f", $1 / 1048576 }')
    [ "$name" != auto ] || name="auto: $(number weighted_frames)"
    echo "| $name | $error | $loo | $rate | $size | $seconds |"
}

echo "$train training frames, $unseen unseen ones, basis ${BASIS:-eckart}"
echo
echo "| inducing frames | error, % | leave-one-out, % | frames/s | model, MiB | fit, s |"
echo "| --- | --: | --: | --: | --: | --: |"
chosen=no
[ "${EXACT:-yes}" = no ] || row exact solver.type=cholesky
for m in "${sizes[@]}"; do row "$m" solver.type=low-rank "solver.inducing=$m"; done
[ "${AUTO:-yes}" = no ] || row auto solver.type=low-rank
