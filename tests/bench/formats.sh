#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How fast trajectories are read, beside MDAnalysis and (where it is installed) MDTraj:
#
#   bash tests/bench/formats.sh               all formats, the release preset
#   bash tests/bench/formats.sh dcd ...       these
#   BUILD=folder bash tests/bench/formats.sh  an optimized build that is there
#
# MDAnalysis writes the files: many frames of a small molecule, and fewer of a large one.  Each
# reader goes through all frames of a file in the page cache, one after the other, in turns; rates
# are those of reading alone, without the start of Python or mpirun.  REPEATS (5) turns.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$bench/../.."
# shellcheck source=tests/bench/lib.sh
. "$bench/lib.sh"

formats=(dcd lammpstrj ncdf h5md xtc trr)
[ $# = 0 ] || formats=("$@")
repeats=${REPEATS:-5}
if ! "$python" -c "import MDAnalysis" >/dev/null 2>&1; then
    echo "skipped: python3-mdanalysis is missing" >&2
    exit 77
fi

setup_environment
release_build "${BUILD:-}"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/covary-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
samples=$scratch/samples

# ours ATOMS FORMAT RANKS: frames a second, under the name of the file
ours() {
    mpirun -n "$3" "$build/tests/bench/bench_trajectory" --topology "$scratch/$1.pdb" \
        "$scratch/$1.$2" </dev/null | sed -n "s/\tframes, /\t$2, $1 atoms, /p" >>"$samples"
}

measure() {
    local atoms=$1 frames=$2 format i peer
    "$python" "$bench/peer_formats.py" write "$scratch" "$atoms" "$frames" "${formats[@]}" \
        2>/dev/null
    for format in "${formats[@]}"; do
        for ((i = 0; i < repeats; i++)); do
            ours "$atoms" "$format" 1
            "$python" "$bench/peer_formats.py" read "$scratch" "$atoms" "$format" \
                2>/dev/null >>"$samples"
            ours "$atoms" "$format" 2
        done
        for peer in MDAnalysis MDTraj; do
            peer="$peer, $format, $atoms atoms"
            if grep -q "$peer" "$samples"; then
                printf 'ratio\t%s, %s atoms, 1 rank\t%s\n' "$format" "$atoms" "$peer"
                printf 'ratio\t%s, %s atoms, 2 ranks\t%s\n' "$format" "$atoms" "$peer"
            fi
        done >>"$samples.ratios"
    done
}

measure 16 20000
measure 10000 500
cat "$samples" "$samples.ratios" | awk -f "$bench/table.awk"
