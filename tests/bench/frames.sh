#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Labelled frames of 1,2-dichloroethane, as many as wanted, as extended XYZ:
#
#   bash tests/bench/frames.sh N OUTPUT.xyz
#
# Geometries like those in tests/data (make_frames.py); dipole and polarizability predicted by a
# model of configs/dce.yaml, so the labels have no noise.  COVARY names the program (otherwise that
# of the release or dev preset), RANKS the number of ranks (otherwise 2), COVARY_PYTHON a Python
# with numpy and h5py.  Under a minute for the model, then about one for a million frames.
set -euo pipefail
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bench/../.." && pwd)
# shellcheck source=tests/bench/lib.sh
. "$bench/lib.sh"

if [ $# != 2 ]; then
    echo "usage: bash tests/bench/frames.sh N OUTPUT.xyz" >&2
    exit 2
fi
frames=$1
output=$2
program=$(setup_program "$root")

setup_environment
scratch=$(mktemp -d "$(dirname "$output")/frames.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

covary() { mpirun -n "${RANKS:-2}" "$program" "$@" --quiet </dev/null; }

data=$root/tests/data
"$python" "$bench/make_frames.py" "$frames" "$scratch/plain.xyz" \
    "$data"/dce_{train,test,gfn2_train,gfn2_test}.xyz
covary fit "$root/configs/dce.yaml" --output "$scratch/model.h5"
covary predict --model "$scratch/model.h5" --no-positions --output "$scratch/annotation.h5" \
    "$scratch/plain.xyz"
"$python" "$bench/label_frames.py" "$scratch/plain.xyz" "$scratch/annotation.h5" "$output"
