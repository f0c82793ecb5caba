#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A thousand files of three frames give the annotation of one file with all frames, on any number of
# ranks: what a rank has to do depends on frames and not on files.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 5
expect_status 0 covary fit config.yaml --output model.h5
mkdir parts
for _ in $(seq 20); do cat "$data/dce_test.xyz"; done >all.xyz
awk 'NR % 30 == 1 { file = sprintf("parts/%04d.xyz", NR / 30) }
    { print >file } NR % 30 == 0 { close(file) }' all.xyz
[ "$(find parts -type f | wc -l)" = 1000 ] || fail "there are not 1000 files"

expect_status 0 covary predict --quiet --model model.h5 --output all.h5 all.xyz
expect_status 0 covary export --quiet --format csv --output all.csv all.h5
for ranks in 1 3; do
    expect_status 0 covary predict --quiet --model model.h5 --output parts.h5 parts/*.xyz
    expect_status 0 covary export --quiet --format csv --output parts.csv parts.h5
    cmp all.csv parts.csv || fail "another annotation than of one file"
done
[ "$(wc -l <all.csv)" = 3001 ] || fail "there are not 3000 frames"

finish "many small files are as good as one"
