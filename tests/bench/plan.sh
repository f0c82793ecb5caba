#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Predicted and measured times of a fit, phase by phase:
#
#   bash tests/bench/plan.sh FRAMES.xyz [RANKS ...]     1 and 2 ranks if none are given
#
# Labelled frames of 1,2-dichloroethane with a dipole, as frames.sh makes them.  The times of
# `fit --dry-run` stand beside those of `fit --verbose`, and their ratio.  COVARY names the program
# (otherwise that of the release preset).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=jobs/setup.sh
. "$root/jobs/setup.sh"

if [ $# = 0 ]; then
    echo "usage: bash tests/bench/plan.sh FRAMES.xyz [RANKS ...]" >&2
    exit 2
fi
frames=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- 1 2
program=${COVARY:-$root/build/release/covary}
setup_environment
scratch=$(mktemp -d "${TMPDIR:-/tmp}/covary-plan.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/plan.yaml" <<YAML
data: {train: ["$frames"]}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
representation:
  {basis: eckart, axes: proper, symmetry: none, descriptor: distances, scaling: none}
kernel: {type: gaussian, length: 8}
ridge: 1e-8
solver: {type: cholesky, checkpoint: none}
YAML

for ranks in "$@"; do
    run=(mpirun -n "$ranks" "$program" fit "$scratch/plan.yaml")
    "${run[@]}" --dry-run >"$scratch/plan" 2>/dev/null
    "${run[@]}" --verbose --output "$scratch/model.h5" >/dev/null 2>"$scratch/log"
    printf '%s ranks, %s frames\n%-20s %12s %12s %8s\n' "$ranks" \
        "$(awk '/^frames / { print $2; exit }' "$scratch/plan")" phase predicted measured ratio
    awk 'NR == FNR { # the last number of a line is the prediction
             if ($0 ~ /^  [a-z]/ && $NF ~ /^[0-9]/) {
                 name = substr($0, 3, 17); sub(/ +$/, "", name); planned[name] = $NF
             }
             next
         }
         /^time  / {
             name = substr($0, 7, 28); sub(/ +[0-9.]* *$/, "", name); sub(/ +$/, "", name)
             if (name in planned) {
                 printf "%-20s %10.3g s %10.3g s %8.2f\n", name, planned[name], $(NF - 1),
                     planned[name] / ($(NF - 1) > 0 ? $(NF - 1) : 1e-3)
                 sums[1] += planned[name]; sums[2] += $(NF - 1)
             }
         }
         END {
             printf "%-20s %10.3g s %10.3g s %8.2f\n", "in all", sums[1], sums[2],
                 sums[1] / sums[2]
         }' "$scratch/plan" "$scratch/log"
done
