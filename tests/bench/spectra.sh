#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Spectra of long annotations: time and memory.
#
#   bash tests/bench/spectra.sh                     # 1, 2 and 10 million frames, 1.3 GB of scratch
#   bash tests/bench/spectra.sh 100000 1000000      # so many
#
# Annotations of a molecule have dipoles and polarizabilities (bench_spectra.c).  A line each: time
# of `covary spectra` from start to end, and the most memory that any rank had.  COVARY names the
# program (otherwise that of the release preset), COVARY_PYTHON a Python.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bench/../.." && pwd)
# shellcheck source=tests/bench/lib.sh
. "$bench/lib.sh"

[ $# -gt 0 ] || set -- 1000000 2000000 10000000
program=$(setup_program "$root")
maker=$(dirname "$program")/tests/bench/bench_spectra
[ -x "$maker" ] || {
    echo "no $maker: build the release preset" >&2
    exit 1
}
setup_environment
scratch=$(mktemp -d "${TMPDIR:-/tmp}/spectra.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# Runs a rank and adds the most memory that it had, in KB, to a file.
cat >"$scratch/rank.py" <<'PYTHON'
import resource
import subprocess
import sys

status = subprocess.run(sys.argv[2:]).returncode
with open(sys.argv[1], "a") as out:
    out.write("%d\n" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
PYTHON

# measure RANKS FRAMES OPTION ...
measure() {
    local ranks=$1 frames=$2 begin took most
    shift 2
    rm -f "$scratch/memory"
    begin=$EPOCHREALTIME
    mpirun -n "$ranks" "$python" "$scratch/rank.py" "$scratch/memory" "$program" spectra \
        --temperature 300 --output "$scratch/spectra.h5" --quiet "$@" "$scratch/$frames.h5" \
        >"$scratch/log" 2>&1 </dev/null || {
        cat "$scratch/log" >&2
        exit 1
    }
    took=$(calculate "$EPOCHREALTIME - $begin")
    most=$(sort -n "$scratch/memory" | tail -1)
    printf '%11d frames  %-9s %-22s %7.2f s %6.0f MiB a rank\n' "$frames" "$(ranks_text "$ranks")" \
        "${*:-welch}" "$took" "$(calculate "$most / 1024")"
}

for frames; do
    mpirun -n 2 "$maker" "$scratch/$frames.h5" "$frames" >/dev/null </dev/null
    for ranks in 1 2; do
        measure "$ranks" "$frames"
        measure "$ranks" "$frames" --method correlation
    done
    rm -f "$scratch/$frames.h5"
done
