#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# From a fresh clone to a trained model and an annotated trajectory:
#
#   bash jobs/quickstart.sh
#
# Installs what is missing (see jobs/setup.sh), builds the release preset, trains on the frames of
# 1,2-dichloroethane in tests/data, predicts and evaluates frames the model has not seen.  The files
# go to build/quickstart.  Every command is printed before it runs; it can be run again at any time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh
. jobs/setup.sh

setup_ensure no
setup_environment
setup_configure release
setup_build release --target covary_program covary

ranks=$(setup_ranks)
results=build/quickstart
mkdir -p "$results"
# shellcheck disable=SC2016 # printed as it is to be typed
echo '+ export PATH=$PWD/build/release:$PATH'
export PATH=$PWD/build/release:$PATH

setup_show mpirun -n "$ranks" covary fit configs/dce.yaml --output "$results/dce.model.h5"
setup_show mpirun -n "$ranks" covary predict --model "$results/dce.model.h5" \
    --output "$results/dce.annotation.h5" tests/data/dce_test.xyz
setup_show covary inspect "$results/dce.model.h5" "$results/dce.annotation.h5"
setup_show covary evaluate --model "$results/dce.model.h5" tests/data/dce_test.xyz

echo "Model and annotation are in $results."
