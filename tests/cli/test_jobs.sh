#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The Slurm scripts run the documented commands, hand on the exit status, and queue a stopped job
# again, a prediction once and a fit five times; srun and scontrol are played by two small scripts.
set -euo pipefail
jobs=$COVARY_SOURCE/jobs
rm -rf bin && mkdir bin
# shellcheck disable=SC2016 # expanded when they run
{
    printf '#!/bin/bash\nprintf "%%s\\n" "$*" >>calls\nexit "${SRUN_STATUS:-0}"\n' >bin/srun
    printf '#!/bin/bash\nprintf "scontrol %%s\\n" "$*" >>calls\n' >bin/scontrol
}
chmod +x bin/srun bin/scontrol
export PATH=$PWD/bin:$PATH SLURM_SUBMIT_DIR=$PWD SLURM_JOB_ID=7

failures=0
expect() { # expect STATUS CALLS SCRIPT ARGUMENTS ...
    local wanted=$1 calls=$2 status=0
    shift 2
    : >calls
    bash "$jobs/$1" "${@:2}" >output 2>&1 || status=$?
    if [ "$status" != "$wanted" ] || [ "$(cat calls)" != "$calls" ]; then
        printf '%s: status %s, wanted %s; calls:\n%s\nwanted:\n%s\n' "$*" "$status" "$wanted" \
            "$(cat calls)" "$calls"
        cat output
        failures=$((failures + 1))
    fi
}

fit='--mpi=pmix covary fit a.yaml --output a.h5 --set ridge=1e-6'
predict='--mpi=pmix covary predict --model a.h5 --output b.h5 one.xyz two words.xyz'
spectra='--mpi=pmix covary spectra --output s.h5 --plot s.svg b.h5 --temperature 300'
evaluate='--mpi=pmix covary evaluate --model a.h5 --json e.json test.xyz'

expect 0 "$fit" fit.slurm a.yaml a.h5 --set ridge=1e-6
expect 0 "$predict" predict.slurm a.h5 b.h5 one.xyz "two words.xyz"
expect 0 "$evaluate" evaluate.slurm a.h5 e.json test.xyz
expect 0 "$spectra" spectra.slurm s.h5 s.svg b.h5 --temperature 300
for script in fit.slurm predict.slurm evaluate.slurm spectra.slurm; do
    expect 1 "" "$script"
    bash -n "$jobs/$script"
done
bash -n "$jobs/spectra.sh"

export SRUN_STATUS=1
expect 1 "$evaluate" evaluate.slurm a.h5 e.json test.xyz
export SRUN_STATUS=75
expect 75 "$spectra"$'\n'"scontrol requeue 7" spectra.slurm s.h5 s.svg b.h5 --temperature 300
expect 75 "$predict"$'\n'"scontrol requeue 7" predict.slurm a.h5 b.h5 one.xyz "two words.xyz"
export SLURM_RESTART_COUNT=20
expect 75 "$predict" predict.slurm a.h5 b.h5 one.xyz "two words.xyz"
export SLURM_RESTART_COUNT=1
expect 75 "$fit"$'\n'"scontrol requeue 7" fit.slurm a.yaml a.h5 --set ridge=1e-6
export SLURM_RESTART_COUNT=5
expect 75 "$fit" fit.slurm a.yaml a.h5 --set ridge=1e-6
export SLURM_RESTART_COUNT=1 COVARY_REQUEUES=2
expect 75 "$fit"$'\n'"scontrol requeue 7" fit.slurm a.yaml a.h5 --set ridge=1e-6

[ "$failures" = 0 ] && echo "the Slurm scripts run the documented commands"
