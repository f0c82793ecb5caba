#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Errors on frames that the models have not seen, for axes and descriptors, as a Markdown table:
#
#   bash tests/bench/accuracy.sh            all of it, a few minutes on two ranks
#   bash tests/bench/accuracy.sh --check    only what has a limit; fails above it
#
# COVARY names the program (otherwise that of the release or dev preset), RANKS the number of ranks
# (otherwise 2).  Length and ridge are automatic.  An entry is the root mean square error relative
# to the root mean square of the labels; that of a polarizability counts from the mean trace.  Axes
# are improper and their signs matched unless said.  Ammonia has two moments of inertia that are
# nearly equal: one frame with swapped axes can make most of an error (see the domain flags).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=jobs/setup.sh
. "$root/jobs/setup.sh"

check=no
case ${1:-} in
"") ;;
--check) check=yes ;;
*)
    echo "usage: bash tests/bench/accuracy.sh [--check]" >&2
    exit 2
    ;;
esac

program=${COVARY:-}
for preset in release dev; do
    if [ -z "$program" ] && [ -x "$root/build/$preset/covary" ]; then
        program=$root/build/$preset/covary
    fi
done
if [ -z "$program" ]; then
    echo "accuracy.sh: build the program first, or name it in COVARY" >&2
    exit 1
fi

setup_environment
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# logged COMMAND ...: on all ranks; its log is shown if it fails.
logged() {
    if ! mpirun -n "${RANKS:-2}" "$program" "$@" >"$scratch/out" 2>"$scratch/log" </dev/null; then
        cat "$scratch/log" >&2
        return 1
    fi
}

# errors MOLECULE AXES DESCRIPTORS [SETTING ...]: "dipole polarizability", in percent.
errors() {
    local molecule=$1 axes=$2 descriptors=$3 setting settings=()
    shift 3
    for setting in "$@"; do settings+=(--set "$setting"); done
    logged fit "$root/configs/$molecule.yaml" --output "$scratch/model.h5" \
        --set "representation.basis=$axes" --set "representation.descriptor=[$descriptors]" \
        "${settings[@]}"
    logged evaluate --model "$scratch/model.h5" "$root/tests/data/${molecule}_test.xyz"
    awk '$1 == "dipole" || $1 == "polarizability" {
             for (i = 2; i <= NF; i++) if ($i == "%") found[$1] = $(i - 1)
         }
         END {
             if (!("dipole" in found && "polarizability" in found)) exit 1
             print found["dipole"], found["polarizability"]
         }' "$scratch/out"
}

# within_limit MOLECULE LIMIT: Eckart axes, Cartesians and distances, dipole, in percent.
within_limit() {
    local found
    found=$(errors "$1" eckart cartesians,distances)
    echo "$1: dipole ${found% *} %, at most $2 %"
    awk -v found="${found% *}" -v limit="$2" 'BEGIN { exit !(found <= limit) }'
}

# row MOLECULE TITLE DESCRIPTORS [SETTING ...]
row() {
    local molecule=$1 title=$2 inertia eckart
    shift 2
    inertia=$(errors "$molecule" inertia "$@")
    eckart=$(errors "$molecule" eckart "$@")
    echo "| $title | ${inertia% *} | ${eckart% *} | ${inertia#* } | ${eckart#* } |"
}

if [ "$check" = yes ]; then
    within_limit dce 5.5
    within_limit nh3 0.03
    exit
fi

for molecule in dce nh3; do
    frames=$(grep -c Properties "$root/tests/data/${molecule}_train.xyz")
    unseen=$(grep -c Properties "$root/tests/data/${molecule}_test.xyz")
    echo "$molecule: $frames frames, errors in % on $unseen others"
    echo
    echo "| descriptor | dipole, inertia | dipole, eckart | polarizability, inertia |" \
        "polarizability, eckart |"
    echo "| --- | --: | --: | --: | --: |"
    for descriptor in distances inverse-distances exponential-distances relative-to-equilibrium \
        coulomb cartesians; do
        row "$molecule" "$descriptor" "$descriptor"
    done
    row "$molecule" "cartesians, distances" cartesians,distances
    row "$molecule" "the same, proper axes" cartesians,distances representation.axes=proper
    found=$(errors "$molecule" inertia distances representation.signs=raw)
    echo "| distances, raw signs | ${found% *} | | ${found#* } | |"
    echo
done
