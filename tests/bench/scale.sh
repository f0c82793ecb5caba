#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Fits of thousands of frames and predictions with them, beside Python with scikit-learn's
# KernelRidge on as many cores, and two ranks beside one:
#
#   bash tests/bench/scale.sh [N ...]      training frames; 5000 and 10000 if none are given
#
#   FRAMES=FILE     labelled frames, the last ones to predict (otherwise made by frames.sh)
#   UNSEEN=100000   frames to predict
#   REPEATS=3       turns of Covary and Python, at every N
#   SOLVER=auto     solver.type of the fits
#   PEERS=no        without Python
#   COVARY=...      the program (otherwise that of the release preset)
#
# At N = 10000, about two minutes a turn, half a minute of it for ASE to read the text;
# scikit-learn needs 24 N^2 bytes.  The frames are those of frames.sh and go with everything else
# into TMPDIR, else /tmp (1 GB), until the end.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bench/../.." && pwd)
# shellcheck source=tests/bench/lib.sh
. "$bench/lib.sh"

sizes=("$@")
[ $# -gt 0 ] || sizes=(5000 10000)
unseen=${UNSEEN:-100000}
repeats=${REPEATS:-3}
peers=${PEERS:-yes}
program=${COVARY:-$root/build/release/covary}
settings=()
[ -z "${SOLVER:-}" ] || settings=(--set "solver.type=$SOLVER")
if [ ! -x "$program" ]; then
    echo "scale.sh: build the program first, or name it in COVARY" >&2
    exit 1
fi
if [ "$peers" = yes ] && ! "$python" -c "import sklearn, h5py" >/dev/null 2>&1; then
    echo "scale.sh: scikit-learn and h5py are missing; PEERS=no does without" >&2
    exit 1
fi

setup_environment
scratch=$(mktemp -d "${TMPDIR:-/tmp}/covary-scale.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
samples=$scratch/samples
: >"$samples"

rounded() { awk "BEGIN { printf \"%.$2f\", $1 }"; }

# seconds COMMAND ...: wall time, in $elapsed; what it says in $scratch/log
seconds() {
    local begin=$EPOCHREALTIME
    if ! "$@" >"$scratch/log" 2>&1; then
        say "failed: $*"
        sed 's/^/  /' "$scratch/log" >&2
        exit 1
    fi
    elapsed=$(calculate "${EPOCHREALTIME/,/.} - ${begin/,/.}")
}

# told KEY: what the last command gives for it, in a line of two fields
told() { awk -F'\t' -v key="$1" '$1 == key { print $2 }' "$scratch/log"; }

# phase NAME: seconds that the log of the last command gives for one phase
phase() { awk -v name="$1" '$1 == "time" && $2 == name { print $3 }' "$scratch/log"; }

# covary RANKS ...: each rank notes its peak of memory, in KB, with the pages that ranks share
# shellcheck disable=SC2317 # called by seconds
covary() {
    local ranks=$1
    shift
    rm -f "$scratch/peak"
    mpirun -n "$ranks" /usr/bin/time -a -o "$scratch/peak" -f %M "$program" "$@" --verbose
}

# peak: of the last command, all ranks together, in KB
peak() { awk '{ sum += $1 } END { print sum }' "$scratch/peak"; }

measure_covary() {
    local n=$1 ranks=$2 of
    of="$n, $(ranks_text "$ranks")"
    seconds covary "$ranks" fit "$scratch/fit.yaml" "${settings[@]}" --output "$scratch/model.h5"
    sample "fit $of" 1/s "$(calculate "1 / $elapsed")"
    sample "solve $of" 1/s "$(calculate "1 / $(phase solve)")"
    fit_peak[ranks]=$(peak)
    seconds covary "$ranks" predict --model "$scratch/model.h5" --no-positions \
        --output "$scratch/annotation.h5" "$scratch/unseen.xyz"
    sample "predict $of" frames/s "$(calculate "$unseen / $elapsed")"
    sample "phase predict $of" frames/s "$(calculate "$unseen / $(phase predict)")"
}

# peer COMMAND THREADS ...
# shellcheck disable=SC2317 # called by seconds
peer() {
    local command=$1 threads=$2
    shift 2
    OPENBLAS_NUM_THREADS=$threads "$python" "$bench/peer_scale.py" "$command" "$@"
}

# peer_samples OF UNIT AMOUNT: of the process as a whole, and from finished features on
peer_samples() {
    grep '^sample' "$scratch/log" >>"$samples"
    sample "Python, text to file, $1" "$2" "$(calculate "$3 / $elapsed")"
    sample "Python, features to file, $1" "$2" "$(calculate "$3 / ($elapsed - $(told described))")"
}

# measure_peer N THREADS
measure_peer() {
    local of
    of="$1, $(threads_text "$2")"
    seconds peer fit "$2" "$scratch/model.h5" dipole "$scratch/train.xyz" "$scratch/fitted.h5" \
        " $of"
    peer_samples "fit $of" 1/s 1
    peer_peak=$(told peak)
    reader=$(told reader)
    seconds peer predict "$2" "$scratch/fitted.h5" dipole "$scratch/unseen.xyz" \
        "$scratch/predicted.h5" " $of"
    peer_samples "predict $of" frames/s "$unseen"
}

rows() {
    local n=$1 ranks what of threads
    for what in fit solve predict "phase predict"; do
        ratio "$what $n, 2 ranks" "$what $n, 1 rank"
    done
    [ "$peers" = yes ] || return 0
    for ranks in 1 2; do
        of="$n, $(ranks_text "$ranks")"
        threads="$n, $(threads_text "$ranks")"
        for what in fit predict; do
            ratio "$what $of" "Python, text to file, $what $threads"
            ratio "$what $of" "Python, features to file, $what $threads"
        done
        ratio "solve $of" "KernelRidge.fit $threads"
        ratio "phase predict $of" "KernelRidge.predict $threads"
    done
}

note_peak() {
    local n=$1 whose=$2 kilobytes=$3
    note "N = $n: peak of the fit, $whose: $(rounded "$kilobytes / 1024" 0) MiB, $(
        rounded "$kilobytes * 1024 / ($n * $n * 8)" 3) of the matrix"
}

measure_size() {
    local n=$1 turn ranks fit_peak=() peer_peak
    head -n $((n * lines)) "$frames" >"$scratch/train.xyz"
    for ((turn = 1; turn <= repeats; turn++)); do
        for ranks in 1 2; do
            say "N = $n, $(ranks_text "$ranks"), turn $turn of $repeats"
            measure_covary "$n" "$ranks"
            [ "$peers" = yes ] || continue
            measure_peer "$n" "$ranks"
        done
    done
    for ranks in 1 2; do note_peak "$n" "$(ranks_text "$ranks")" "${fit_peak[ranks]}"; done
    if [ "$peers" = yes ]; then
        note_peak "$n" scikit-learn "$peer_peak"
        seconds "$python" "$bench/peer_scale.py" compare "$scratch/model.h5" dipole \
            "$scratch/annotation.h5" "$scratch/fitted.h5" "$scratch/predicted.h5" \
            "$scratch/unseen.xyz"
        note "N = $n: weights differ by $(told difference) of the largest; error on $unseen unseen$(
            ) frames, of the rms: $(told error), scikit-learn $(told "peer error")"
    fi
    rows "$n"
}

largest=0
for n in "${sizes[@]}"; do largest=$((n > largest ? n : largest)); done
frames=${FRAMES:-$scratch/frames.xyz}
if [ -z "${FRAMES:-}" ]; then
    say "making $((largest + unseen)) frames"
    COVARY=$program bash "$bench/frames.sh" $((largest + unseen)) "$frames" >&2
fi
lines=$(($(head -n 1 "$frames") + 2))
tail -n $((unseen * lines)) "$frames" >"$scratch/unseen.xyz"
dipole_config train.xyz 1e-6 >"$scratch/fit.yaml"
for n in "${sizes[@]}"; do measure_size "$n"; done
[ "$peers" = no ] || note "Python reads the text by $reader; features to file: the same process$(
    ) without the time of text, axes and features"
note "$("$program" --version | head -n 1); $(setup_cores) cores, load $(
    cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown) at the end"
awk -f "$bench/table.awk" "$samples"
