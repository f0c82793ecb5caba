#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The iterative solver where no matrix fits, beside full factors where they do, as a Markdown table:
#
#   bash tests/bench/iterative.sh [N ...]   training frames; 10000 and 100000 if none are given
#
#   FRAMES=FILE     labelled frames (dipole), the last ones to predict (otherwise frames.sh)
#   UNSEEN=4000     frames that are not learned from
#   EXACT=20000     up to as many frames also with a full factor
#   LENGTH=20, RIDGE=1e-7, TOLERANCE=1e-6 (of the residual)
#   COVARY=...      the program (otherwise that of the release or dev preset)
#   RANKS=2
#   LOGS=FOLDER     where the logs of the fits are kept
#
# The phases are those of the log: partial factor, preconditioner and conjugate gradients (with
# those of leave-one-out errors); or assembly, factorization, and solution with refinement.
# Each N takes the first N frames, so the rows of one N are fits to the same frames.  N = 100000:
# under an hour on two cores, 8 GB.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bench/../.." && pwd)
# shellcheck source=tests/bench/lib.sh
. "$bench/lib.sh"

sizes=("$@")
[ $# -gt 0 ] || sizes=(10000 100000)
unseen=${UNSEEN:-4000}
program=$(setup_program "$root")

setup_environment
scratch=$(mktemp -d "${TMPDIR:-/tmp}/covary-iterative.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

largest=0
for n in "${sizes[@]}"; do largest=$((n > largest ? n : largest)); done
frames=${FRAMES:-$scratch/frames.xyz}
if [ -z "${FRAMES:-}" ]; then
    COVARY=$program bash "$bench/frames.sh" $((largest + unseen)) "$frames" >&2
fi
lines=$(($(head -n 1 "$frames") + 2))
tail -n $((unseen * lines)) "$frames" >"$scratch/unseen.xyz"
{
    dipole_config train.xyz "${RIDGE:-1e-7}" "${LENGTH:-20}"
    echo "solver: {checkpoint: none}"
} >"$scratch/fit.yaml"

# run RANKS ...: its log is shown if it fails; $seconds, and $peak in MiB of all ranks together
run() {
    local ranks=$1 begin=${EPOCHREALTIME/,/.}
    shift
    rm -f "$scratch/peak"
    if ! mpirun -n "$ranks" /usr/bin/time -a -o "$scratch/peak" -f %M "$program" "$@" \
        >"$scratch/out" 2>"$scratch/log" </dev/null; then
        cat "$scratch/log" >&2
        exit 1
    fi
    seconds=$(awk -v a="$begin" -v b="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%.0f", b - a }')
    peak=$(awk '{ sum += $1 } END { printf "%.0f", sum / 1024 }' "$scratch/peak")
}

# field PATTERN: what stands in its first pair of parentheses in the log
field() { sed -nE "s/.*$1.*/\\1/p" "$scratch/log" | head -n 1; }
phase() {
    awk -F'  +' -v name="$1" '$1 == "time" && $2 == name { printf "%.0f", $3 }' "$scratch/log"
}

# row N SOLVER
row() {
    local n=$1 solver=$2 rank steps residual loo error fit_seconds fit_peak phases settings
    settings=(--set "solver.type=$solver")
    [ "$solver" = cholesky ] || settings+=(--set "solver.tolerance=${TOLERANCE:-1e-6}")
    head -n $((n * lines)) "$frames" >"$scratch/train.xyz"
    run "${RANKS:-2}" fit "$scratch/fit.yaml" "${settings[@]}" --verbose \
        --output "$scratch/model.h5"
    [ -z "${LOGS:-}" ] || cp "$scratch/log" "$LOGS/$solver.$n.log"
    fit_seconds=$seconds
    fit_peak=$peak
    rank=$(field 'partial factor of rank ([0-9]+)')
    steps=$(field 'conjugate gradients: ([0-9]+) steps')
    loo=$(field 'leave-one-out rmse.*\(([.0-9]+) % of the rms')
    if [ "$solver" = iterative ]; then
        residual=$(field 'steps to a residual of ([-+.0-9e]+)')
        phases="$(phase 'partial factor'), $(phase preconditioner), "
        phases+=$(phase 'conjugate gradients')
    else
        residual=$(field 'refinements ([-+.0-9e]+)')
        phases="$(phase assemble), $(phase factor), $(phase 'solve and refine')"
    fi
    run "${RANKS:-2}" evaluate --model "$scratch/model.h5" "$scratch/unseen.xyz"
    error=$(awk '$1 == "dipole" { for (i = 2; i <= NF; i++) if ($i == "%") print $(i - 1) }' \
        "$scratch/out")
    echo "| $n | $solver | ${rank:-} | ${steps:-} | $residual | $fit_seconds | $phases |" \
        "$fit_peak | $error | $loo |"
}

echo "| frames | solver | rank | steps | residual | fit, s | phases, s | memory, MiB |" \
    "error, % | leave-one-out, % |"
echo "| --: | --- | --: | --: | --: | --: | --- | --: | --: | --: |"
for n in "${sizes[@]}"; do
    [ "$n" -gt "${EXACT:-20000}" ] || row "$n" cholesky
    row "$n" iterative
done
