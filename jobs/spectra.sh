#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Infrared and Raman spectra of 1,2-dichloroethane from 12 ps of molecular dynamics, and the
# pictures of the README:
#
#   bash jobs/spectra.sh
#
# Installs what is missing (see jobs/setup.sh) and builds the release preset as quickstart.sh does;
# gnuplot draws.  Three models annotate the run: of the dipole (GFN2-xTB), of the polarizability
# (Hartree-Fock), and once more of the dipole, but in inertia axes whose signs nobody looks after.
# Every command is printed before it runs.  The files go to build/spectra; PICTURES=docs has the
# pictures copied there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh
. jobs/setup.sh

setup_ensure no
setup_has gnuplot || setup_apt_install gnuplot-nox
setup_environment
setup_configure release
setup_build release --target covary_program covary

ranks=$(setup_ranks)
results=build/spectra
run=tests/data/dce_nve_gfn2.xyz.gz
careless=(--set kernel.length=auto --set ridge=auto)
for setting in basis=inertia signs=raw weights=masses symmetry=none descriptor='[distances]'; do
    careless+=(--set "representation.$setting")
done
mkdir -p "$results"
# shellcheck disable=SC2016 # printed as it is to be typed
echo '+ export PATH=$PWD/build/release:$PATH'
export PATH=$PWD/build/release:$PATH

# annotate NAME CONFIG [SETTINGS ...]
annotate() {
    setup_show mpirun -n "$ranks" covary fit "$2" --output "$results/$1.model.h5" "${@:3}"
    setup_show mpirun -n "$ranks" covary predict --model "$results/$1.model.h5" \
        --output "$results/$1.annotation.h5" "$run"
}

annotate ir configs/ir.yaml
annotate careless configs/ir.yaml "${careless[@]}"
annotate raman configs/dce.yaml

spectra() {
    setup_show mpirun -n "$ranks" covary spectra --temperature 530 "$@"
}
spectra --parts ir --unit "dipole=e*bohr" --output "$results/own.h5" "$run"
spectra --parts ir --output "$results/predicted.h5" --compare "$results/own.h5" \
    --plot "$results/ir.png" "$results/ir.annotation.h5"
spectra --parts ir --output "$results/careless.h5" --plot "$results/careless.png" \
    "$results/careless.annotation.h5"
spectra --parts raman --range 150:3500 --output "$results/raman.h5" --plot "$results/raman.png" \
    --report "$results/raman.html" "$results/raman.annotation.h5"

if [ -n "${PICTURES:-}" ]; then
    mkdir -p "$PICTURES"
    cp "$results/ir.png" "$results/careless.png" "$results/raman.png" "$PICTURES"
fi
echo "Spectra, pictures and a page (raman.html) are in $results."
