#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# covary select: what it writes, on any number of ranks alike and as training data of the next fit,
# and what a new user mistypes.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 6
first_frames 40 "$data/dce_train.xyz" >archive.xyz
expect_status 0 covary fit config.yaml
labelled=$(grep -c 'dipole=' archive.xyz)
checks=$((checks + 1))
[ "$labelled" = 40 ] || fail "the archive has $labelled labels"

# Six of the forty frames are the model's: 34 are left, and they keep their labels.
for ranks in 1 2 3; do
    expect_status 0 covary select --model model.h5 --count 12 --output "p$ranks.xyz" \
        --json "p$ranks.json" archive.xyz
    expect_said "12 of 40 frames" "6 known" "variance of the last"
    expect_status 0 covary select --method variance --model model.h5 --count 12 \
        --output "v$ranks.xyz" archive.xyz
    expect_status 0 covary select --method distance --model model.h5 --count 50 \
        --output "d$ranks.xyz" archive.xyz
    expect_said "34 of 40 frames" "distance of the last"
    expect_logged "warning: 34 frames are selected, 50 were asked for"
    expect_status 0 covary select --model model.h5 --batch 15 --count 7 --output "b$ranks.xyz" \
        archive.xyz
    expect_said "7 of 40 frames"
done
checks=$((checks + 8))
for ranks in 2 3; do
    cmp -s p1.xyz "p$ranks.xyz" || fail "other picks"
    cmp -s p1.json "p$ranks.json" || fail "other variances"
    cmp -s v1.xyz "v$ranks.xyz" || fail "other picks by variance"
    cmp -s d1.xyz "d$ranks.xyz" || fail "other distances"
    cmp -s b1.xyz "b$ranks.xyz" || fail "other picks in batches"
done
ranks=1
valid_json p1.json || fail "p1.json is no JSON"

# origin N: the frame that pick N says it is from, without what names its origin.
origin() {
    sed -n "$((10 * ($1 - 1) + 2))p" p1.xyz | grep -q 'source_file="archive.xyz"' || return 1
    awk -v frame="$(sed -n "$((10 * ($1 - 1) + 2))s/.* source_frame=//p" p1.xyz)" \
        'NR > 10 * frame && NR <= 10 * (frame + 1)' archive.xyz
}
for pick in 1 5 12; do
    checks=$((checks + 1))
    origin $pick >expected.xyz
    sed -n "$((10 * (pick - 1) + 1)),$((10 * pick))p" p1.xyz |
        sed 's/ source_file="[^"]*" source_frame=[0-9]*$//' >found.xyz
    cmp -s expected.xyz found.xyz || fail "pick $pick is not the frame that it says"
done

# Picks are training data; picks of picks tell where they are now.
expect_status 0 covary fit config.yaml --set data.train=[p1.xyz] --output second.h5
expect_status 0 covary select --config config.yaml --count 3 --output again.xyz p1.xyz
checks=$((checks + 1))
[ "$(grep -o 'source_file="[^"]*"' again.xyz | sort -u)" = 'source_file="p1.xyz"' ] ||
    fail "the origin of a pick of picks is not where it was picked"

# Two files without labels, some of their frames; the first picks of more are the picks of fewer.
expect_status 0 covary select --config config.yaml --count 5 --frames 2::3 --output five.xyz \
    train.xyz archive.xyz
expect_status 0 covary select --config config.yaml --count 4 --frames 2::3 --output four.xyz \
    train.xyz archive.xyz
checks=$((checks + 1))
head -n 40 five.xyz | cmp -s - four.xyz || fail "picks of four are not the first of five"
expect_status 0 covary select --config config.yaml --known archive.xyz --count 5 --output none.xyz \
    train.xyz
expect_logged "warning: 0 frames are selected"
expect_status 0 covary select --config config.yaml --count 9 --output dcd.xyz \
    --topology "$data/formats/dce2.pdb" --frames :60 "$data/formats/dce2.dcd"
checks=$((checks + 1))
[ "$(grep -c 'Lattice=.* source_frame=' dcd.xyz)" = 9 ] || fail "frames of DCD without a cell"

remember_files
expect_status 0 covary select --dry-run --model model.h5 --count 12 --output dry.xyz archive.xyz
expect_said "40 in 1 file" "6, 6 of which" "up to 12 frames: dry.xyz"
expect_files

expect_refusal 2 "needs --model MODEL.h5, or --config" -- select --count 3 --output o.xyz train.xyz
expect_refusal 2 "not both" -- \
    select --model model.h5 --config config.yaml --count 3 --output o.xyz train.xyz
expect_refusal 2 "needs --count" -- select --model model.h5 --output o.xyz train.xyz
expect_refusal 2 "--count takes a whole number from 1" -- \
    select --model model.h5 --count 0 --output o.xyz train.xyz
expect_refusal 2 "needs --output" -- select --model model.h5 --count 3 train.xyz
expect_refusal 2 "needs a trajectory" -- select --model model.h5 --count 3 --output o.xyz
expect_refusal 2 "--method fps: give mean-variance, variance or distance" -- \
    select --model model.h5 --count 3 --output o.xyz --method fps train.xyz
expect_refusal 2 "fixed in the model" -- \
    select --model model.h5 --set ridge=1 --count 3 --output o.xyz train.xyz
expect_refusal 2 "archive.xyz" -- select --model model.h5 --count 3 --output archive.xyz archive.xyz
expect_refusal 2 "config.yaml" -- \
    select --config config.yaml --count 3 --output config.yaml archive.xyz
expect_refusal 2 "train.xyz" -- select --model model.h5 --count 3 --output train.xyz archive.xyz
expect_refusal 1 "nh3_test.xyz" "atoms" -- \
    select --model model.h5 --count 3 --output o.xyz "$data/nh3_test.xyz"
mv train.xyz moved.xyz
expect_refusal 1 "the training frames of the model" "train.xyz" "--known" -- \
    select --model model.h5 --count 3 --output o.xyz archive.xyz
expect_status 0 covary select --known moved.xyz --model model.h5 --count 12 --output known.xyz \
    archive.xyz
checks=$((checks + 1))
cmp -s known.xyz p1.xyz || fail "named training frames give other picks"
first_frames 5 moved.xyz >train.xyz
expect_refusal 1 "have 5 frames, it was fitted to 6" "--known" -- \
    select --model model.h5 --count 3 --output o.xyz archive.xyz

finish "selected frames are the same on any number of ranks, and what they say they are"
