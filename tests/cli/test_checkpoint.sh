#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A fit that gets SIGTERM or SIGKILL between its solutions leaves its checkpoint; the same command
# goes on from it, also on another number of ranks, gives the model of an undisturbed fit byte by
# byte on the same number, and removes the checkpoint.  Another fit refuses it.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Three solutions, of 900, 300 and 1500 rows.
first_frames 300 "$data/dce_train.xyz" >train.xyz
cat >config.yaml <<'TEXT'
data: {train: [train.xyz]}
properties:
  - {name: dipole, kind: vector, unit: e*bohr}
  - {name: polarizability, kind: symmetric-tensor, unit: bohr^3}
representation: {basis: gram, descriptor: distances, scaling: none, symmetry: none}
kernel: {type: gaussian, length: 4}
ridge: 1e-4
solver: {checkpoint_minutes: 1e-9}
output: model.h5
TEXT
state=model.h5.checkpoint
process=

# interrupt SIGNAL: a fit gets it as soon as there is a checkpoint.
interrupt() {
    local command=("$COVARY")
    # shellcheck disable=SC2206 # words
    [ "$ranks" = 1 ] || command=($COVARY_MPIEXEC "$ranks" "$COVARY")
    printf 'signal %s to fit\n' "$1" >said/command
    rm -f model.h5 "$state"
    timeout -k 5 "$time_limit" "${command[@]}" fit config.yaml >said/out 2>said/err </dev/null &
    process=$!
    for _ in $(seq 2000); do
        [ ! -e "$state" ] || break
        sleep 0.01
    done
    [ -e "$state" ] || fail "no checkpoint in 20 s"
    kill "-$1" "$(own_ranks "$process" | tail -n 1)"
    checks=$((checks + 1))
    status=0
    wait "$process" || status=$?
    [ ! -e model.h5 ] || fail "SIG$1: there is a model"
    [ -e "$state" ] || fail "SIG$1: there is no checkpoint"
}

# resume: the same command, to the end.
resume() {
    expect_status 0 covary fit config.yaml
    expect_logged "going on from $state"
    [ ! -e "$state" ] || fail "the checkpoint is still there"
}

for ranks in 1 2; do
    expect_status 0 covary fit config.yaml --output "undisturbed$ranks.h5"
    interrupt TERM
    [ "$status" = 75 ] || fail "SIGTERM: exit status $status where 75 is expected"
    expect_message "stopped by a signal" "$state" "run the same command again to go on"
    [ "$(ls model.h5*)" = "$state" ] || fail "SIGTERM left: $(ls model.h5*)"
    resume
    cmp model.h5 "undisturbed$ranks.h5" || fail "another model after SIGTERM"

    interrupt KILL
    [ "$status" != 0 ] || fail "SIGKILL: exit status 0"
    resume
    cmp model.h5 "undisturbed$ranks.h5" || fail "another model after SIGKILL"
    rm -f "$state".part-*
done

# In a search the first results are kept: the others are found as if nothing had happened.
mv config.yaml solved.yaml
first_frames 80 "$data/nh3_train.xyz" >nh3.xyz
cat >config.yaml <<'TEXT'
data: {train: [nh3.xyz]}
properties: [{name: dipole, kind: vector, unit: e*bohr}]
representation: {basis: gram}
solver: {checkpoint_minutes: 1e-9}
output: model.h5
TEXT
for signal in TERM KILL; do
    [ $signal = TERM ] && ranks=2 || ranks=1
    expect_status 0 covary fit config.yaml --output "searched$ranks.h5"
    interrupt $signal
    expect_status 0 covary inspect --json said/json "$state"
    expect_said " searches"
    grep -q '"chosen": false' said/json || fail "SIG$signal came after the search"
    expect_status 0 covary fit config.yaml
    expect_logged "going on from $state: " " searches done"
    cmp model.h5 "searched$ranks.h5" || fail "another model after SIG$signal in a search"
    rm -f "$state".part-*
done
expect_status 0 covary inspect --json said/json model.h5
expect_said "dipole, l = 1: gram, distances, 6 permutations, gaussian"
valid_json said/json || fail "what inspect writes is not JSON"
grep -q '"search": \[{"property": "dipole", "l": 1, "system": 0, "full": false' said/json ||
    fail "the model does not tell its searches"
mv solved.yaml config.yaml

ranks=1
interrupt TERM
expect_status 0 covary inspect --json said/json "$state"
expect_said "checkpoint of a fit" "config.yaml" "train.xyz" "hyperparameters chosen"
valid_json said/json || fail "what inspect writes is not JSON"
grep -q '"kind": "checkpoint"' said/json || fail "inspect does not say that it is a checkpoint"

expect_refusal 2 "$state" "kernel.length is 4 there and 5 here" "solver.checkpoint=none" -- \
    fit config.yaml --set kernel.length=5
expect_refusal 1 "is not a Covary model" -- evaluate --model "$state" train.xyz
cp train.xyz before.xyz
first_frames 299 before.xyz >train.xyz
expect_refusal 1 "$state" "train.xyz has" -- fit config.yaml
mv before.xyz train.xyz
ranks=2
resume

finish "an interrupted fit goes on from its checkpoint and gives the same model"
