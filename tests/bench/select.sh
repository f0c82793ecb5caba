#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Picked training frames beside random ones, as a Markdown table:
#
#   bash tests/bench/select.sh            every set of tests/data, about ten minutes on two ranks
#   bash tests/bench/select.sh nh3 co2    these alone
#
# Of the training frames of each set, 100 (of the 50 of carbon dioxide 25) are picked without a look
# at their labels, or drawn at random; everything else is automatic.  Entries are errors on the test
# frames in % of the root mean square of the labels: root mean square / largest; of random frames
# the mean of REPEATS draws (otherwise 10).  COVARY names the program, RANKS the number of ranks
# (otherwise 2).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=jobs/setup.sh
. "$root/jobs/setup.sh"

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

# draw SEED COUNT FILE: so many frames at random.
draw() {
    awk -v seed="$1" -v count="$2" '
        NR == 1 { lines = $1 + 2 }
        { line[NR] = $0 }
        END {
            srand(seed)
            total = NR / lines
            for (i = 0; i < total; i++) order[i] = i
            for (i = 0; i < count; i++) {
                j = i + int(rand() * (total - i))
                frame = order[j]
                order[j] = order[i]
                for (l = 1; l <= lines; l++) print line[frame * lines + l]
            }
        }' "$3"
}

# errors SET PROPERTY FRAMES: "rmse max" of a model of these frames, in % of the rms.
errors() {
    logged fit "$scratch/config.yaml" --set "data.train=[$3]" --output "$scratch/model.h5"
    logged evaluate --model "$scratch/model.h5" "$root/tests/data/$1_test.xyz"
    awk -v name="$2" '$1 == name { print $7, 100 * $5 / $6; exit }' "$scratch/out"
}

# row SET COUNT NAME KIND UNIT
row() {
    local train=$root/tests/data/$1_train.xyz method
    cat >"$scratch/config.yaml" <<TEXT
data: {train: $train}
properties: [{name: $3, kind: $4, unit: $5}]
TEXT
    printf '| %s, %s of %s frames' "$1 $3" "$2" "$(grep -c Properties "$train")"
    for method in mean-variance variance distance; do
        logged select --config "$scratch/config.yaml" --count "$2" --method $method \
            --output "$scratch/$method.xyz" "$train"
        errors "$1" "$3" "$scratch/$method.xyz" | awk '{ printf " | %.3g / %.3g", $1, $2 }'
    done
    for repeat in $(seq "${REPEATS:-10}"); do
        draw "$repeat" "$2" "$train" >"$scratch/random.xyz"
        errors "$1" "$3" "$scratch/random.xyz"
    done | awk '{ rmse += $1; max += $2 } END { printf " | %.3g / %.3g |\n", rmse / NR, max / NR }'
}

[ $# -gt 0 ] || set -- dce dce_gfn2 nh3 co2
echo "| errors in % on unseen frames | by mean variance | by variance | by distance | at random |"
echo "| --- | --: | --: | --: | --: |"
for name in "$@"; do
    count=100
    [ "$name" != co2 ] || count=25
    row "$name" "$count" dipole vector "e*bohr"
    [ "$name" = dce_gfn2 ] || row "$name" "$count" polarizability symmetric-tensor "bohr^3"
done
