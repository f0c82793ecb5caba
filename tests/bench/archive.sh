#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A long archive through `covary predict`: rate against the kernel engine alone, and memory.
#
#   bash tests/bench/archive.sh                    # a million frames
#   bash tests/bench/archive.sh 10000000           # 1.2 GB of DCD, 3 GB in all
#   MODEL=m.h5 SOURCE=frames.xyz bash tests/bench/archive.sh
#
# The archive is a DCD of 1,2-dichloroethane (make_archive.py); without MODEL, the model has 2000
# training frames, or TRAIN of frames.sh.  COVARY names the program (otherwise that of the release
# preset), COVARY_PYTHON a Python with numpy.  Rows of the table: frames a second of the whole
# process, and of its phase alone, against the engine on features that are ready (bench_predict.c).
# Below it, what each rank had in memory after a quarter, a half and all of the run.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bench/../.." && pwd)
# shellcheck source=tests/bench/lib.sh
. "$bench/lib.sh"

frames=${1:-1000000}
repeats=${REPEATS:-3}
program=$(setup_program "$root")
engine=$(dirname "$program")/tests/bench/bench_predict
[ -x "$engine" ] || {
    echo "no $engine: build the release preset" >&2
    exit 1
}
setup_environment
scratch=$(mktemp -d "${TMPDIR:-/tmp}/archive.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
data=$root/tests/data
source=${SOURCE:-$data/dce_gfn2_test.xyz}

model=${MODEL:-$scratch/model.h5}
if [ -z "${MODEL:-}" ]; then
    train="$data/dce_gfn2_train.xyz, $data/dce_gfn2_test.xyz"
    if [ -n "${TRAIN:-}" ]; then
        bash "$bench/frames.sh" "$TRAIN" "$scratch/train.xyz"
        train=$scratch/train.xyz
    fi
    dipole_config "$train" 1e-6 >"$scratch/fit.yaml"
    mpirun -n 2 "$program" fit "$scratch/fit.yaml" --output "$model" --quiet </dev/null
fi
"$python" "$bench/make_archive.py" "$frames" "$scratch/archive.dcd" "$source"

# Resident memory of every rank, in KB, twice a second: lines of "PID KB".
watch_memory() {
    local process
    while sleep 0.5; do
        for process in $(pgrep -f "$program predict .*$scratch" || true); do
            # mpirun itself is no rank
            [ "$(readlink "/proc/$process/exe")" = "$(readlink -f "$program")" ] || continue
            awk -v process="$process" '$1 == "VmRSS:" { print process, $2 }' \
                "/proc/$process/status" 2>/dev/null || true
        done
    done
}

# At a quarter, a half and the end of what was seen of each rank, and the most, in MiB.
report_memory() {
    awk -v ranks="$1" '
        { of[$1, ++n[$1]] = $2 / 1024 }
        $2 / 1024 > most { most = $2 / 1024 }
        END {
            for (p in n)
                text = text sprintf("; %.0f, %.0f, %.0f", of[p, int(n[p] / 4) + 1],
                    of[p, int(n[p] / 2) + 1], of[p, n[p]])
            printf "note\tMiB of each rank of %d after a quarter, a half and all%s; most %.0f\n",
                ranks, text, most
        }' "$scratch/memory"
}

predict() {
    local ranks=$1 begin took
    : >"$scratch/memory"
    watch_memory >"$scratch/memory" &
    watcher=$!
    begin=$EPOCHREALTIME
    mpirun -n "$ranks" "$program" predict --model "$model" --topology "$source" --no-positions \
        --output "$scratch/annotation.h5" "$scratch/archive.dcd" --verbose >"$scratch/log" 2>&1 \
        </dev/null || {
        cat "$scratch/log" >&2
        exit 1
    }
    took=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
    kill "$watcher"
    wait "$watcher" 2>/dev/null || true
    awk -v n="$frames" -v ranks="$1" -v took="$took" '
        function sample(name, seconds) {
            printf "sample\t%s, %d rank%s\tframes/s\t%.6g\n", name, ranks, (ranks > 1 ? "s" : ""),
                n / seconds
        }
        BEGIN { sample("whole process", took) }
        $1 == "time" && $2 == "predict" { sample("predict", $3) }' "$scratch/log"
}

{
    for ranks in 1 2; do
        for _ in $(seq "$repeats"); do
            mpirun -n "$ranks" "$engine" "$model" "$source" | grep '^sample' | tail -n 2
            predict "$ranks"
        done
        of="$ranks rank$([ "$ranks" = 1 ] || echo s)"
        for name in "whole process" predict model; do
            printf 'ratio\t%s, %s\tengine, %s\n' "$name" "$of" "$of"
        done
        report_memory "$ranks"
    done
    printf 'note\t%s frames; model %s\n' "$frames" "${MODEL:-of the test data}"
} | awk -f "$bench/table.awk"
