#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The Slurm scripts in a real Slurm of one node, started here and stopped again: a fit, an
# evaluation, and a prediction with too short a time limit, which Slurm sends SIGUSR1: it is queued
# again, goes on, and completes with the annotation of an uninterrupted run.
set -uo pipefail

skip() {
    echo "skipped: $*"
    exit 77
}
for program in slurmctld slurmd munged sbatch scontrol squeue srun; do
    command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] ||
        skip "$program is not installed (Debian: slurmctld, slurmd, slurm-client, munge)"
done
[ "$(id -u)" = 0 ] || skip "only root can start a Slurm of its own"
export PATH=$PATH:/usr/sbin

python=/usr/bin/python3 # Debian's packages belong to its own Python
[ -x "$python" ] || python=python3

# Sockets need a short path.
folder=$(mktemp -d "${TMPDIR:-/tmp}/covary-slurm-XXXXXX")
node=$(uname -n)
node=${node%%.*}
export SLURM_CONF=$folder/slurm.conf

# shellcheck disable=SC2317 # called by the trap
stop_slurm() {
    local name
    scontrol shutdown >/dev/null 2>&1
    for name in slurmctld slurmd munged; do
        [ -f "$folder/$name.pid" ] && kill "$(cat "$folder/$name.pid")" 2>/dev/null
    done
    sleep 1 # they write their last lines
    rm -rf "$folder"
}
trap stop_slurm EXIT

fail() {
    echo "FAILED: $*"
    tail -n 15 "$folder"/*.log covary-*.log 2>/dev/null
    exit 1
}

start_slurm() {
    mkdir "$folder/state" "$folder/spool"
    head -c 1024 /dev/urandom >"$folder/munge.key"
    chmod 400 "$folder/munge.key"
    chmod 755 "$folder"
    cat >"$SLURM_CONF" <<CONF
ClusterName=covary
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$((20000 + $$ % 10000))
SlurmdPort=$((30000 + $$ % 10000))
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
KillWait=2
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE OverSubscribe=NO State=UP
CONF
    munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
        --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" \
        --seed-file="$folder/munge.seed" >/dev/null 2>&1 || skip "munged does not start here"
    slurmctld -f "$SLURM_CONF" >/dev/null 2>&1 || skip "slurmctld does not start here"
    controller_started=$SECONDS
    slurmd -f "$SLURM_CONF" -N "$node" >/dev/null 2>&1 || skip "slurmd does not start here"
    for _ in $(seq 100); do
        [ "$(sinfo -h -o %T 2>/dev/null)" = idle ] && break
        sleep 0.2
    done
    srun --mpi=list 2>&1 | grep -q pmix || skip "this Slurm does not speak PMIx"
    [ "$(sinfo -h -o %T 2>/dev/null)" = idle ] ||
        skip "the node does not come up: $(sinfo -h -o '%T %E' 2>&1)"
}

# submit NAME OPTIONS ...: the number of the job, in `job`
submit() {
    job=$(sbatch --parsable --ntasks-per-node=2 --job-name="$1" "${@:2}") || fail "sbatch $*"
}

state() { squeue -h -j "$job" -o %T 2>/dev/null; }

# Jobs that are queued again wait for two minutes; a few seconds are enough for the node to forget
# the end of the job before.
wait_for_job() {
    local limit=$((SECONDS + 400)) now before=''
    while [ "$SECONDS" -lt "$limit" ]; do
        now=$(state)
        if [ "$now" = PENDING ] && [ "$before" = RUNNING ]; then
            scontrol update JobId="$job" StartTime=now+5 >/dev/null 2>&1
        fi
        case $now in '' | COMPLETED | FAILED | CANCELLED | TIMEOUT) return ;; esac
        before=$now
        sleep 0.5
    done
    fail "job $job does not end; it is $now"
}

expect_completed() {
    wait_for_job
    scontrol show job "$job" | grep -q 'JobState=COMPLETED' ||
        fail "$1: $(scontrol show job "$job" | grep -o 'JobState=[A-Z]*')"
}

rm -rf work && mkdir -p work/build/release && cd work || exit 1
ln -s "$COVARY" build/release/covary
cp "$COVARY_TEST_DATA"/nh3_train.xyz "$COVARY_TEST_DATA"/nh3_test.xyz .
cat >nh3.yaml <<'YAML'
data:
  train: [nh3_train.xyz]
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
representation:
  {basis: eckart, references: 1, descriptor: [cartesians], scaling: standardize, symmetry: none}
kernel: {type: gaussian, length: 10}
ridge: 1e-6
YAML
jobs=$COVARY_SOURCE/jobs
start_slurm

submit fit "$jobs/fit.slurm" nh3.yaml model.h5
expect_completed "a fit"
[ -s model.h5 ] || fail "the fit left no model"
submit evaluate "$jobs/evaluate.slurm" model.h5 errors.json nh3_test.xyz
expect_completed "an evaluation"
grep -q relative_rmse errors.json || fail "the evaluation left no errors"

# Frames for 25 s on this machine.  With --signal=USR1@25, a limit of one minute means a signal from
# the 5th second on, when the controller looks at the limits next, which it does every 30 s.
pieces=()
for _ in $(seq 100); do pieces+=(nh3_test.xyz); done
settings=(--set annotation.batch=4)
predict=(srun --mpi=pmix -n 2 "$COVARY" predict --model model.h5 "${settings[@]}")
"${predict[@]}" --output short.h5 nh3_test.xyz >short.log 2>&1 || fail "$(cat short.log)"
begin=${EPOCHREALTIME/[.,]/}
"${predict[@]}" --output middle.h5 "${pieces[@]}" >short.log 2>&1 || fail "$(cat short.log)"
repeats=$((25000000 / (${EPOCHREALTIME/[.,]/} - begin) + 1))

# The same frames again and again: every piece of the long annotation must be the short one.
same_data() {
    "$python" - "$1" <<'PYTHON'
import sys
import h5py
import numpy as np
with h5py.File("short.h5") as short, h5py.File(sys.argv[1]) as long:
    for name in ("dipole", "domain", "domain_margin", "domain_distance"):
        piece, whole = (f[f"observables/{name}/value"][()] for f in (short, long))
        pieces = len(whole) // len(piece)
        assert len(whole) == pieces * len(piece)
        assert whole.tobytes() == np.concatenate([piece] * pieces).tobytes(), name
PYTHON
}

# submit_prediction NAME OUTPUT OPTIONS ...
submit_prediction() {
    submit "$1" "${@:3}" "$jobs/predict.slurm" model.h5 "$2" "${settings[@]}" \
        long.xyz
}

# Started 20 s behind the controller's last look, it comes in the middle.  A machine that others
# leave in the meantime can be faster than measured: then once more, longer.
restarts=0
for _ in 1 2 3; do
    for _ in $(seq "$repeats"); do cat "${pieces[@]}"; done >long.xyz
    sleep $(((50 - (SECONDS - controller_started) % 30) % 30))
    submit_prediction limit limit.h5 --time=00:01:00 --signal=USR1@25
    expect_completed "a prediction with too short a time"
    restarts=$(scontrol show job "$job" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p')
    [ "${restarts:-0}" = 0 ] || break
    repeats=$((repeats * 3))
done
[ "${restarts:-0}" -ge 1 ] || fail "the time limit did not stop the job"
[ "$(echo limit.h5*)" = limit.h5 ] || fail "left behind: $(echo limit.h5*)"

if "$python" -c 'import h5py' 2>/dev/null; then
    same_data limit.h5 || fail "the annotation is not that of an uninterrupted run"
else
    echo "python3-h5py is not installed: the annotation is not compared"
fi
echo "a fit, an evaluation, and a prediction queued again $restarts time(s), in a real Slurm"
