#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# 1, 2, 3, 4 and 7 ranks give the same model and the same annotation, for prime numbers of frames
# and for fewer frames than ranks: values to rounding, the layout of the files exactly.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v h5diff >/dev/null || {
    echo "skipped: h5diff (hdf5-tools) is not installed"
    exit 77
}
small_config 53
first_frames 53 "$data/dce_test.xyz" >prime.xyz
first_frames 3 "$data/dce_test.xyz" >few.xyz

# The whole is in the same folder for all, because the annotation keeps the command line.
for ranks in 1 2 3 4 7; do
    expect_status 0 covary fit config.yaml --quiet --output model.h5
    for name in prime few; do
        expect_status 0 covary predict --quiet --model model.h5 --output $name.h5 --batch 5 \
            $name.xyz
        mv $name.h5 $name.$ranks.h5
    done
    mv model.h5 model.$ranks.h5
done

# same ONE OTHER TOLERANCE DATASET ...: at least one value, none missing, none farther apart.
same() {
    local one=$1 other=$2 tolerance=$3 dataset
    shift 3
    for dataset in "$@"; do
        checks=$((checks + 1))
        printf 'h5diff -d %s %s %s %s\n' "$tolerance" "$one" "$other" "$dataset" >said/command
        h5diff -v -d "$tolerance" "$one" "$other" "$dataset" >said/err 2>&1 ||
            fail "$dataset differs between $one and $other"
        grep -q '^dataset: ' said/err || fail "$dataset was not compared"
    done
}

for ranks in 2 3 4 7; do
    for name in prime few; do
        same $name.1.h5 $name.$ranks.h5 1e-11 /observables/dipole/value \
            /observables/polarizability/value
        [ "$(wc -c <$name.1.h5)" = "$(wc -c <$name.$ranks.h5)" ] ||
            fail "$name.h5 is of another size"
    done
    same model.1.h5 model.$ranks.h5 1e-11 /representations/0/train /properties/dipole/1/mean
    same model.1.h5 model.$ranks.h5 1e-9 /properties/dipole/1/0/weights \
        /properties/polarizability/0/0/weights /properties/polarizability/2/0/weights
    [ "$(wc -c <model.1.h5)" = "$(wc -c <model.$ranks.h5)" ] || fail "the model is of another size"
done

# A learning curve is the same to the last bit: every subset is one rank's.
for ranks in 1 3; do
    expect_status 0 covary fit config.yaml --quiet --output curve.$ranks.h5 \
        --learning-curve 10,20,40 --repeats 2 --target 0.1
    [ -s curve.$ranks.learning.h5 ] && [ ! -e curve.$ranks.h5 ] || fail "wrong files were written"
done
checks=$((checks + 1))
for ending in json svg; do
    cmp curve.1.learning.$ending curve.3.learning.$ending >/dev/null ||
        fail "the learning curve depends on the number of ranks"
done
ranks=1
expect_refusal 2 "leave none to test on" -- fit config.yaml --learning-curve 10,53
expect_refusal 2 "give ascending numbers" -- fit config.yaml --learning-curve 20,10
expect_refusal 2 "is a question to --learning-curve" -- fit config.yaml --target 1

# the tolerance tells one frame from another
h5diff -d 1e-11 prime.1.h5 prime.2.h5 /observables/dipole/value /observables/polarizability/value \
    >/dev/null 2>&1 && fail "h5diff finds everything alike"

finish "any number of ranks gives the same model and annotation"
