#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Errors on frames that the models have not seen, as Markdown tables:
#
#   bash tests/bench/accuracy.sh                  what a configuration with only data and properties
#                                                 reaches, beside axes without symmetry
#   bash tests/bench/accuracy.sh --check          the same; fails if an error is above its bound
#   bash tests/bench/accuracy.sh --axes           axes and descriptors, a few minutes on two ranks
#   bash tests/bench/accuracy.sh --axes --check   only what has a limit there; fails above it
#
# COVARY names the program (otherwise that of the release or dev preset), RANKS the number of ranks
# (otherwise 2), WATER the coupled-cluster frames of water (otherwise
# ../shared/data/water_cc/water_monomer_1000.xyz beside the project; the rows are left out without
# the file, as with WATER=none).  Length and ridge are automatic.  An entry is the root mean square
# error relative to the root mean square of the labels; that of a polarizability counts from the
# mean trace.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=jobs/setup.sh
. "$root/jobs/setup.sh"

check=no
tables=automatic
for option in "$@"; do
    case $option in
    --check) check=yes ;;
    --axes) tables=axes ;;
    *)
        echo "usage: bash tests/bench/accuracy.sh [--axes] [--check]" >&2
        exit 2
        ;;
    esac
done

program=$(setup_program "$root")

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

# -- everything automatic, beside axes without symmetry --------------------------------------------

water=${WATER:-$root/../shared/data/water_cc/water_monomer_1000.xyz}
failed=0 # fits
broken=0 # bounds

# configure TRAIN NAME KIND UNIT KEY: config.yaml, with data and one property.
configure() {
    cat >"$scratch/config.yaml" <<TEXT
data: {train: $1}
properties: [{name: $2, kind: $3, unit: $4, key: $5}]
TEXT
}

# percent ROW: of the relative errors that evaluate printed, that of one row, e.g. "l = 2"; another
# table, of coverages, follows them.
percent() {
    awk -v row="$1" 'index($0, row) == 1 || index($0, "  " row " ") == 1 {
        for (i = 2; i <= NF; i++) if ($i == "%") print $(i - 1)
        exit }' "$scratch/out"
}

# learn TEST IRREPS [SETTING ...]: "seconds error [error of each irrep]", or nothing and a message.
learn() {
    local unseen=$1 irreps=$2 setting settings=() begin end name
    shift 2
    for setting in "$@"; do settings+=(--set "$setting"); done
    name=$(sed -n 's/.*{name: \([a-z_]*\),.*/\1/p' "$scratch/config.yaml")
    begin=$EPOCHREALTIME
    logged fit "$scratch/config.yaml" --output "$scratch/model.h5" "${settings[@]}" || return 1
    end=$EPOCHREALTIME
    logged evaluate --model "$scratch/model.h5" "$unseen" || return 1
    awk -v begin="$begin" -v end="$end" 'BEGIN { printf "%.1f", end - begin }'
    printf ' %s' "$(percent "$name ")"
    for irrep in $irreps; do
        printf ' %s' "$(percent "l = $irrep")"
    done
    echo
}

# kept ERROR BOUND: "yes", "no", or "" without a bound; no error keeps no bound.
kept() {
    [ -n "$2" ] || return 0
    awk -v error="$1" -v bound="$2" \
        'BEGIN { print (error != "" && error + 0 <= bound + 0) ? "yes" : "no" }'
}

# row TITLE AUTOMATIC AXES BOUND OTHERS SECONDS SECONDS
row() {
    local is_kept
    is_kept=$(kept "$2" "$4")
    [ "$is_kept" != no ] || broken=$((broken + 1))
    echo "| $1 | ${2:-failed} | ${3:-failed} | $4 | $is_kept | $5 | $6 | $7 |"
}

# rows MOLECULE TRAIN TEST NAME KIND UNIT KEY IRREPS BOUND OTHERS: the whole property, and its
# irreps if there are any.  BOUND is a percentage, or "a third" of the error with axes.
rows() {
    local molecule=$1 unseen=$3 name=$4 irreps=$8 bound=$9 others=${10}
    local -a automatic without
    configure "$2" "$4" "$5" "$6" "$7"
    read -r -a automatic <<<"$(learn "$unseen" "$irreps" || true)"
    read -r -a without <<<"$(learn "$unseen" "$irreps" representation.basis=eckart \
        representation.symmetry=none "representation.descriptor=[cartesians, distances]" \
        representation.scaling=standardize kernel.type=gaussian || true)"
    [ "${#automatic[@]}" -gt 1 ] || failed=$((failed + 1))
    [ "${#without[@]}" -gt 1 ] || failed=$((failed + 1))
    if [ "$bound" = "a third" ]; then
        bound=$(awk -v axes="${without[1]:-0}" 'BEGIN { printf "%.3g", axes / 3 }')
    fi
    row "$molecule $name" "${automatic[1]:-}" "${without[1]:-}" "$bound" "$others" \
        "${automatic[0]:-}" "${without[0]:-}"
    local k=2 irrep
    for irrep in $irreps; do
        row "$molecule $name, l = $irrep" "${automatic[k]:-}" "${without[k]:-}" "" "" "" ""
        k=$((k + 1))
    done
}

# molecule NAME TITLE DIPOLE_BOUND POLARIZABILITY_BOUND: of the project's own data.
molecule() {
    local train=$root/tests/data/$1_train.xyz unseen=$root/tests/data/$1_test.xyz
    rows "$2" "$train" "$unseen" dipole vector "e*bohr" dipole "" "$3" ""
    rows "$2" "$train" "$unseen" polarizability symmetric-tensor "bohr^3" polarizability "0 2" \
        "$4" ""
}

# The first 200 frames of water, of 5 lines each, teach; the other 800 test.
water_rows() {
    local train=$scratch/water_train.xyz unseen=$scratch/water_test.xyz
    head -n 1000 "$water" >"$train"
    tail -n +1001 "$water" >"$unseen"
    rows water "$train" "$unseen" dipole vector "e*bohr" mu "" 0.12 "0.149 (TENSOAP)"
    rows water "$train" "$unseen" polarizability symmetric-tensor "bohr^3" alpha "0 2" 0.05 ""
    rows water "$train" "$unseen" hyperpolarizability symmetric-tensor-3 "e^3*bohr^3/hartree^2" \
        beta "1 3" 0.1 ""
}

automatic_tables() {
    echo "| errors in % on unseen frames | everything automatic | axes without symmetry | bound |" \
        "kept | others | automatic fit, s | axes fit, s |"
    echo "| --- | --: | --: | --: | --- | --: | --: | --: |"
    molecule dce DCE 1.5 "a third"
    molecule nh3 NH3 0.004 0.004
    molecule co2 CO2 0.0005 0.0003
    if [ -r "$water" ]; then
        water_rows
    else
        echo
        echo "skipped: water, for want of $water"
    fi
}

# -- axes and descriptors ----------------------------------------------------------------------
#
# Axes are improper, their signs matched and inertia axes those of the masses unless said; no
# permutations.  Ammonia has two moments of inertia that are nearly equal: one frame with swapped
# axes can make most of an error (see the domain flags).

# errors MOLECULE AXES DESCRIPTORS [SETTING ...]: "dipole polarizability", in percent.
errors() {
    local molecule=$1 axes=$2 descriptors=$3 setting settings=()
    shift 3
    for setting in "$@"; do settings+=(--set "$setting"); done
    logged fit "$root/configs/$molecule.yaml" --output "$scratch/model.h5" \
        --set "representation.basis=$axes" --set "representation.descriptor=[$descriptors]" \
        --set representation.scaling=standardize --set representation.weights=masses \
        --set representation.symmetry=none --set kernel.type=gaussian \
        "${settings[@]}"
    logged evaluate --model "$scratch/model.h5" "$root/tests/data/${molecule}_test.xyz"
    printf '%s %s\n' "$(percent "dipole ")" "$(percent "polarizability ")"
}

# within_limit MOLECULE LIMIT: Eckart axes, Cartesians and distances, dipole, in percent.
within_limit() {
    local found
    found=$(errors "$1" eckart cartesians,distances)
    echo "$1: dipole ${found% *} %, at most $2 %"
    awk -v found="${found% *}" -v limit="$2" \
        'BEGIN { exit !(found != "" && found + 0 <= limit + 0) }'
}

# axes_row MOLECULE TITLE DESCRIPTORS [SETTING ...]
axes_row() {
    local molecule=$1 title=$2 inertia eckart
    shift 2
    inertia=$(errors "$molecule" inertia "$@")
    eckart=$(errors "$molecule" eckart "$@")
    echo "| $title | ${inertia% *} | ${eckart% *} | ${inertia#* } | ${eckart#* } |"
}

axes_tables() {
    local molecule frames unseen descriptor found
    for molecule in dce nh3; do
        frames=$(grep -c Properties "$root/tests/data/${molecule}_train.xyz")
        unseen=$(grep -c Properties "$root/tests/data/${molecule}_test.xyz")
        echo "$molecule: $frames frames, errors in % on $unseen others"
        echo
        echo "| descriptor | dipole, inertia | dipole, eckart | polarizability, inertia |" \
            "polarizability, eckart |"
        echo "| --- | --: | --: | --: | --: |"
        for descriptor in distances inverse-distances exponential-distances \
            relative-to-equilibrium coulomb cartesians; do
            axes_row "$molecule" "$descriptor" "$descriptor"
        done
        axes_row "$molecule" "cartesians, distances" cartesians,distances
        axes_row "$molecule" "the same, proper axes" cartesians,distances representation.axes=proper
        found=$(errors "$molecule" inertia distances representation.signs=raw)
        echo "| distances, raw signs | ${found% *} | | ${found#* } | |"
        echo
    done
}

case $tables,$check in
automatic,*) automatic_tables ;;
axes,no) axes_tables ;;
axes,yes)
    within_limit dce 5.5
    within_limit nh3 0.03
    ;;
esac
if [ "$failed" != 0 ] || { [ "$check" = yes ] && [ "$broken" != 0 ]; }; then
    echo "accuracy.sh: $failed fits failed, $broken bounds are not kept" >&2
    exit 1
fi
