#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# predict --dry-run tells what predict then does, writes nothing, and fails where predict would: on
# another molecule, without room on disk, beside what another model has begun.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 6
expect_status 0 covary fit config.yaml --output model.h5
predict=(predict --model model.h5 --output new.h5 --batch 20)

for ranks in 1 3; do
    remember_files
    expect_status 0 covary "${predict[@]}" --dry-run "$data/dce_test.xyz" train.xyz
    expect_said "frames      156 of 8 atoms, in 2 files (extxyz)" "memory " "time " \
        "/observables/polarizability/value            72 bytes a frame" \
        "/particles/all/position/value                96 bytes a frame"
    expect_files
done
expect_said "ranks       3, of 52 to 52 frames each, in 3 steps of up to 20 a rank"

# The bytes of the columns are those of the file but for its directory of some pages.
bytes=$(sed -n 's/^output *\([0-9]*\) bytes.*/\1/p' said/out)
expect_status 0 covary "${predict[@]}" "$data/dce_test.xyz" train.xyz
size=$(wc -c <new.h5)
[ "$size" -ge "${bytes:-0}" ] && [ "$size" -le $((${bytes:-0} + 65536)) ] ||
    fail "$bytes bytes were foreseen, there are $size"
rm new.h5

expect_refusal 1 "nh3_test.xyz" "atoms" -- "${predict[@]}" --dry-run "$data/nh3_test.xyz"

# What an interrupted run has left: here one that a fault ends after some of its 150 steps.
ranks=1
export COVARY_FAULT=1000:0
covary "${predict[@]}" --batch 1 --set annotation.flush_seconds=0 "$data/dce_test.xyz"
unset COVARY_FAULT
if [ ! -e new.h5.part ]; then fail "no unfinished file to go on with"; fi
expect_status 0 covary "${predict[@]}" --dry-run "$data/dce_test.xyz"
expect_said "begun       new.h5.part has" "the run goes on there"
expect_refusal 1 "new.h5.part: was begun with 1 input files, here are 2" "--restart" -- \
    "${predict[@]}" --dry-run "$data/dce_test.xyz" train.xyz
expect_status 0 covary "${predict[@]}" --dry-run --restart "$data/dce_test.xyz" train.xyz

disk=$PWD/disk
mkdir disk
if mount -t tmpfs -o size=20k tmpfs "$disk" 2>/dev/null; then
    trap 'umount "$disk"' EXIT
    expect_refusal 1 "disk/new.h5: needs" "free on that disk" "--no-positions" -- \
        predict --model model.h5 --output disk/new.h5 --dry-run "$data/dce_test.xyz"
fi

finish "the plan of a prediction is what is done"
