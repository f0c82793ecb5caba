#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# All benchmarks, one table of ratios (see README.md):
#
#   bash tests/bench/run.sh                 builds the release preset if it has to
#   bash tests/bench/run.sh BUILD_FOLDER    an optimized build that is there
#
# Larger sizes have scripts of their own: scale.sh, factor.sh, low_rank.sh.
#
# Three to four minutes on two cores that others use too.  The scratch folder (TMPDIR, else /tmp;
# 300 MB) is removed at the end.  Exit status 1: something could not be measured; the table says
# what.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$bench/../.."
# shellcheck source=tests/bench/lib.sh
. "$bench/lib.sh"

repeats=5
copies=280 # of the frames in tests/data: 200 MB
ase_copies=4

setup_environment
release_build "$@"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/covary-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
samples=$scratch/samples
failures=$scratch/failures
: >"$samples"
: >"$failures"

skip() { note "skipped: $1 is missing"; }

# on RANKS PROGRAM ...: as a user would start it
# shellcheck disable=SC2317 # called by take and seconds
on() {
    local ranks=$1
    shift
    mpirun -n "$ranks" "$@"
}

# take COMMAND ...: its samples; what fails is told, and the rest goes on
take() {
    if ! "$@" >>"$samples" 2>"$scratch/log"; then
        note "failed: $*"
        say "failed: $*"
        sed 's/^/  /' "$scratch/log" >&2
        echo failed >>"$failures"
    fi
}

# seconds COMMAND ...: wall time, in $elapsed; the log in $scratch/log
seconds() {
    local begin=$EPOCHREALTIME
    if ! "$@" >"$scratch/log" 2>&1; then
        note "failed: $*"
        say "failed: $*"
        sed 's/^/  /' "$scratch/log" >&2
        echo failed >>"$failures"
        return 1
    fi
    elapsed=$(calculate "${EPOCHREALTIME/,/.} - ${begin/,/.}")
}

# phase NAME: seconds that the log of the last command gives for one phase
phase() { awk -v name="$1" '$1 == "time" && $2 == name { print $3 }' "$scratch/log"; }

has_python() { "$python" -c "import $1" >/dev/null 2>&1; }

frames_of() { grep -c Properties "$1"; }

bench_text() {
    local text=$scratch/text.xyz part=$scratch/part.xyz megabytes ranks i
    say "parsing"
    for ((i = 0; i < ase_copies; i++)); do cat tests/data/dce_gfn2_train.xyz; done >"$part"
    for ((i = 0; i < copies; i++)); do cat tests/data/dce_gfn2_train.xyz; done >"$text"
    megabytes=$(calculate "$(wc -c <"$text") * 1e-6")
    wc -l "$text" >/dev/null # into the page cache
    if has_python ase; then
        take "$python" "$bench/peer_ase.py" "$part" "$repeats"
    else
        skip python3-ase
    fi
    for ((i = 0; i < repeats; i++)); do
        for ranks in 1 2; do
            seconds wc -l "$text" && sample "wc -l" MB/s "$(calculate "$megabytes / $elapsed")"
            take on "$ranks" "$build/tests/bench/bench_trajectory" "$text"
        done
    done
    for ranks in 1 2; do
        ratio "index, $(ranks_text "$ranks")" "wc -l"
        ratio "index and parse, $(ranks_text "$ranks")" "wc -l"
        if has_python ase; then
            ratio "index and parse, $(ranks_text "$ranks")" "ASE iread"
        fi
    done
}

bench_linalg() {
    local ranks
    say "linear algebra and prediction of rows"
    for ranks in 1 2; do take on "$ranks" "$build/tests/bench/bench_linalg" 2500; done
}

# predict RANKS NAME MODEL [options]: frames a second of the whole process
predict() {
    local ranks=$1 name model=$3
    name="$2, $(ranks_text "$1")"
    shift 3
    seconds on "$ranks" "$build/covary" predict --verbose --model "$scratch/$model.h5" "$@" \
        --output "$scratch/annotation.h5" "$scratch/text.xyz" || return 0
    sample "$name" frames/s "$(calculate "$frames / $elapsed")"
}

bench_predict() {
    local ranks i frames
    say "prediction"
    seconds on 2 "$build/covary" fit configs/dce.yaml --output "$scratch/axes.h5" \
        --set representation.basis=eckart --set representation.symmetry=none \
        --set representation.scaling=standardize --set kernel.type=gaussian || return 0
    seconds on 2 "$build/covary" fit configs/dce.yaml --output "$scratch/automatic.h5" || return 0
    frames=$(frames_of "$scratch/text.xyz")
    for ((i = 0; i < repeats; i++)); do
        for ranks in 1 2; do
            predict "$ranks" "predict" axes
            predict "$ranks" "predict without positions" axes --no-positions
            predict "$ranks" "predict, automatic" automatic
        done
    done
    ratio "predict, 2 ranks" "predict, 1 rank"
    ratio "predict without positions, 1 rank" "predict, 1 rank"
    ratio "predict without positions, 2 ranks" "predict, 2 ranks"
    for ranks in 1 2; do
        ratio "predict, automatic, $(ranks_text "$ranks")" "predict, $(ranks_text "$ranks")"
        ratio "predict, $(ranks_text "$ranks")" "engine frames, $(ranks_text "$ranks")"
    done
}

bench_fit() {
    local ranks threads module i sklearn=yes
    say "fit"
    dipole_config "$PWD/tests/data/dce_gfn2_train.xyz, $PWD/tests/data/dce_gfn2_test.xyz" 1e-4 \
        >"$scratch/fit.yaml"
    for module in sklearn h5py; do
        if ! has_python "$module"; then
            sklearn=no
            skip "python3-$module"
        fi
    done
    for ((i = 0; i < repeats; i++)); do
        for ranks in 1 2; do
            seconds on "$ranks" "$build/covary" fit "$scratch/fit.yaml" --verbose \
                --output "$scratch/fit.h5" || return 0
            sample "fit, whole process, $(ranks_text "$ranks")" 1/s "$(calculate "1 / $elapsed")"
            sample "fit, solve, $(ranks_text "$ranks")" 1/s "$(calculate "1 / $(phase solve)")"
            [ "$sklearn" = yes ] || continue
            threads=$(threads_text "$ranks")
            OPENBLAS_NUM_THREADS=$ranks seconds "$python" "$bench/peer_sklearn.py" \
                "$scratch/fit.h5" dipole 1 ", $threads" || continue
            grep '^sample' "$scratch/log" >>"$samples"
            sample "Python, from features, $threads" 1/s "$(calculate "1 / $elapsed")"
        done
    done
    ratio "fit, solve, 2 ranks" "fit, solve, 1 rank"
    ratio "fit, whole process, 2 ranks" "fit, whole process, 1 rank"
    [ "$sklearn" = yes ] || return 0
    grep '^note' "$scratch/log" >>"$samples" || true
    for ranks in 1 2; do
        ratio "fit, solve, $(ranks_text "$ranks")" "KernelRidge.fit, $(threads_text "$ranks")"
        ratio "fit, whole process, $(ranks_text "$ranks")" \
            "Python, from features, $(threads_text "$ranks")"
    done
}

bench_linalg
bench_text
bench_predict
bench_fit
load=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)
note "$("$build/covary" --version | head -n 1); $(setup_cores) cores, load $load at the end"
status=0
awk -f "$bench/table.awk" "$samples" || status=1
if [ -s "$failures" ]; then status=1; fi
exit "$status"
