#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A full disk ends fit, predict, evaluate, export and spectra with one message that names the file;
# an earlier file under that name stays, nothing else does.  The disk is a small file system in
# memory; without the right to mount one, only the device that is always full is tried.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 12
expect_status 0 covary fit config.yaml --output model.h5
for _ in 1 2 3 4 5 6; do cat "$data/dce_test.xyz"; done >many.xyz
expect_status 0 covary predict --quiet --model model.h5 --output many.h5 many.xyz

for ranks in 1 2; do
    if [ -c /dev/full ]; then
        expect_refusal 1 "/dev/full" "No space left" -- \
            evaluate --model model.h5 --json /dev/full train.xyz
    fi
done

disk=$PWD/disk
mkdir disk
if mount -t tmpfs -o size=160k tmpfs "$disk" 2>/dev/null; then
    trap 'umount "$disk"' EXIT
    for ranks in 1 2; do
        echo earlier >disk/new.h5
        expect_refusal 1 "disk/new.h5" "No space left" -- \
            predict --model model.h5 --output disk/new.h5 many.xyz
        expect_refusal 1 "disk/new.h5" "No space left" -- \
            export many.h5 --format extxyz --output disk/new.h5
        expect_refusal 1 "disk/new.h5" "No space left" -- \
            spectra many.h5 --quiet --step 1 --temperature 300 --output disk/new.h5
        [ "$(cat disk/new.h5)" = earlier ] || fail "the earlier file was changed"
        head -c 150k many.xyz >disk/filling
        expect_refusal 1 "disk/model.h5" "No space left" -- \
            fit config.yaml --quiet --output disk/model.h5
        head -c 160k many.xyz >disk/filling 2>/dev/null
        expect_refusal 1 "disk/errors.json" "No space left" -- \
            evaluate --model model.h5 --json disk/errors.json train.xyz
        rm -f disk/filling
    done

    # The blocks of an annotation are taken when it begins.  Where a file system cannot do that, the
    # disk may be full later: here because zeros were made holes.
    mount -o remount,size=2m "$disk"
    export SOURCE_DATE_EPOCH=0 # the only contents that depend on the clock
    predict=(predict --quiet --model model.h5 --output disk/new.h5 --batch 4
        --set annotation.flush_seconds=0 many.xyz)
    rm -f disk/*
    ranks=1
    expect_status 0 covary "${predict[@]}"
    mv disk/new.h5 wanted.h5
    for ranks in 1 2; do
        COVARY_FAULT=1000:0 expect_status 1 covary "${predict[@]}"
        mv disk/new.h5.part kept
        cp --sparse=always kept disk/new.h5.part
        head -c 2m /dev/zero >disk/filling 2>/dev/null
        expect_status 1 covary "${predict[@]}"
        expect_message "disk/new.h5.part: " "(the file system is full)" "the same command goes on"
        [ "$(complete disk/new.h5.part)" -ge "$(complete kept)" ] || fail "frames are lost"
        rm -f disk/filling
        expect_status 0 covary "${predict[@]}"
        cmp disk/new.h5 wanted.h5 || fail "another file than on a disk with room"
        rm -f disk/* kept
    done
    how="on a full disk"
else
    how="on a full device (no right to mount a small disk)"
fi

finish "what cannot be written $how is one message"
