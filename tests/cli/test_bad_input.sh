#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Bad input ends with one message that names file, place and remedy, and with no new file.  What
# lies in the last frame is seen by the last rank alone.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 12
expect_status 0 covary fit config.yaml --output model.h5

# last_frame PROGRAM: train.xyz with the awk program applied to the lines of frame 12 (the header is
# line 2, atoms are lines 3 to 10).
last_frame() {
    awk -v start=110 "NR > start { line = NR - start; $1 } { print }" train.xyz
}

: >empty.xyz
head -n 117 train.xyz >truncated.xyz
sed '111s/^8$/7/' train.xyz >fewer_announced.xyz
{ cat train.xyz && first_frames 1 "$data/nh3_train.xyz"; } >two_molecules.xyz
last_frame 'if (line == 3) { held = $0; next }
            if (line == 8) { print; print held; next }' >order.xyz
last_frame 'if (line == 5) sub(/^[A-Z][a-z]*/, "Qq")' >element.xyz
last_frame 'if (line == 2) sub(/dipole="[^ ]*/, "dipole=\"nan")' >label_nan.xyz
last_frame 'if (line == 2) sub(/dipole="[^"]*"/, "")' >label_missing.xyz
last_frame 'if (line == 2) sub(/dipole="[^ ]* /, "dipole=\"")' >label_short.xyz
last_frame 'if (line == 4) $2 = "1.x5"' >position.xyz
printf 'no molecule at all\n' >words.xyz
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "%c", (i * i * 7 + 128) % 251 + 1 }' >noise.xyz
printf '\037\213' | cat - noise.xyz >packed.xyz
mkdir folder


for ranks in ${COVARY_TEST_RANKS:-1 2}; do
    # files that cannot be read, on the way in by each command
    expect_refusal 1 "none.xyz" "No such file" -- \
        predict --model model.h5 --output new.h5 train.xyz none.xyz
    expect_refusal 1 "empty.xyz" "is empty" -- predict --model model.h5 --output new.h5 empty.xyz
    expect_refusal 1 "truncated.xyz, frame 12 (line 111) is truncated" "8 atoms announced" \
        "remove the frame or complete the file" -- \
        predict --model model.h5 --output new.h5 truncated.xyz
    expect_refusal 1 "fewer_announced.xyz" -- \
        predict --model model.h5 --output new.h5 fewer_announced.xyz

    # frames that are not the molecule
    expect_refusal 1 "two_molecules.xyz, frame 13" "4 atoms where 8 are expected" -- \
        fit config.yaml --set "data.train=[two_molecules.xyz]" --output new.h5
    expect_refusal 1 "order.xyz, frame 12" "their order differs" "the same order" -- \
        predict --model model.h5 --output new.h5 order.xyz
    expect_refusal 1 "nh3_test.xyz, frame 1" "4 atoms where 8 are expected" -- \
        evaluate --model model.h5 --json new.json "$data/nh3_test.xyz"
    expect_refusal 1 "element.xyz, frame 12" "line 115" "unknown element" "Qq" -- \
        predict --model model.h5 --output new.h5 element.xyz
    expect_refusal 1 "position.xyz, frame 12" "line 114" "1.x5" -- \
        predict --model model.h5 --output new.h5 position.xyz

    # labels
    expect_refusal 1 "label_nan.xyz, frame 12" "label 'dipole' is not finite" -- \
        fit config.yaml --set "data.train=[label_nan.xyz]" --output new.h5
    expect_refusal 1 "label_missing.xyz, frame 12" "label 'dipole' is missing" "looked for" -- \
        fit config.yaml --set "data.train=[label_missing.xyz]" --output new.h5
    expect_refusal 1 "label_missing.xyz, frame 12" "label 'dipole' is missing" -- \
        evaluate --model model.h5 --json new.json label_missing.xyz

    # the configuration
    expect_refusal 2 "unknown key 'tempurature'" -- fit config.yaml --set tempurature=1
    expect_refusal 2 "debeye" "debye" -- fit config.yaml --set properties.0.unit=debeye

    # output
    expect_refusal 1 "nowhere/new.h5" "No such file or directory" -- \
        fit config.yaml --quiet --output nowhere/new.h5
    expect_refusal 1 "nowhere/new.h5" "No such file or directory" -- \
        predict --model model.h5 --output nowhere/new.h5 train.xyz
    expect_refusal 1 "nowhere/new.json" "No such file or directory" -- \
        evaluate --model model.h5 --json nowhere/new.json train.xyz
done

ranks=1
expect_refusal 1 "none.yaml" "No such file" -- fit none.yaml
expect_refusal 1 "none.h5" "No such file" -- predict --model none.h5 --output new.h5 train.xyz
expect_refusal 1 "train.xyz" -- predict --model train.xyz --output new.h5 train.xyz
expect_refusal 1 "none.xyz" "No such file" -- inspect none.xyz
expect_refusal 1 "folder" "is a directory" -- inspect folder
expect_refusal 1 "words.xyz" "line 1" "the number of atoms" -- inspect words.xyz
expect_refusal 1 "packed.xyz" "unpack" -- predict --model model.h5 --output new.h5 packed.xyz
expect_refusal 1 "noise.xyz" "line 1" -- predict --model model.h5 --output new.h5 noise.xyz
expect_refusal 1 "label_short.xyz, frame 12" "'dipole' has 2 values" "3 are expected" -- \
    fit config.yaml --set "data.train=[label_short.xyz]" --output new.h5
expect_refusal 1 "folder" -- predict --model model.h5 --output folder train.xyz
expect_refusal 1 "/dev/full" "device" -- predict --model model.h5 --output /dev/full train.xyz
expect_refusal 1 "nowhere/new.h5" "No such file or directory" "folder" -- \
    fit config.yaml --output nowhere/new.h5
grep -q leave-one-out said/err && fail "a folder that does not exist was noticed after the fit"
expect_refusal 1 "nowhere/new.json" "No such file or directory" -- \
    evaluate --model model.h5 --json nowhere/new.json train.xyz
[ ! -s said/out ] || fail "a folder that does not exist was noticed after the evaluation"
expect_status 0 covary evaluate --model model.h5 --json /dev/null train.xyz
[ -c /dev/null ] || fail "a device was replaced by a file"
expect_refusal 1 "log.jsonl" "No such file or directory" -- \
    fit config.yaml --log-json nowhere/log.jsonl --output new.h5
expect_refusal 2 "--set kernel.type=gausian: " "unknown" "gaussian" -- \
    fit config.yaml --set kernel.type=gausian --output new.h5
expect_refusal 2 "--set representation.descriptor=distanses: " "'distances'" -- \
    fit config.yaml --set representation.descriptor=distanses --output new.h5
expect_refusal 2 "ridge" -- fit config.yaml --set ridge=-1 --output new.h5
expect_refusal 2 "cartesians need body axes" "distances" "eckart" -- \
    fit config.yaml --set representation.basis=gram --output new.h5
expect_refusal 2 "representation.symmetry" "there is no atom 9" "from 1 to 8" -- \
    fit config.yaml --set "representation.symmetry=(1 2)(3 9)" --output new.h5
expect_refusal 2 "representation.symmetry" "(C)" "(Cl)" "cannot be equivalent" -- \
    fit config.yaml --set "representation.symmetry=(1 3)" --output new.h5
expect_refusal 2 "properties.0.gap" "name of another property of kind scalar" -- \
    fit config.yaml --set properties.0.gap=gap --dry-run

# a model or annotation that is cut off, and each taken for the other
expect_status 0 covary predict --model model.h5 --output whole.h5 train.xyz
head -c 4000 model.h5 >cut.h5
expect_refusal 1 "cut.h5" -- predict --model cut.h5 --output new.h5 train.xyz
expect_refusal 1 "cut.h5" -- inspect cut.h5
expect_refusal 1 "cut.h5" -- inspect --self-test cut.h5
expect_refusal 2 "whole.h5" "only a model" -- inspect --self-test --json new.json model.h5 whole.h5
expect_refusal 2 "train.xyz" "only a model" -- inspect --self-test train.xyz
expect_refusal 1 "whole.h5" -- predict --model whole.h5 --output new.h5 train.xyz

# what was under the final name stays as it was
cp whole.h5 before.h5
expect_refusal 1 "order.xyz" -- predict --model model.h5 --output whole.h5 order.xyz
cmp -s whole.h5 before.h5 || fail "an earlier annotation was changed by a run that failed"

# no output replaces an input, whatever its name
ln -s train.xyz link.xyz
cp train.xyz train_before.xyz
cp model.h5 model_before.h5
for output in train.xyz ./train.xyz link.xyz config.yaml; do
    expect_refusal 2 "$output: is an input" "another name" -- fit config.yaml --output "$output"
done
expect_refusal 2 "train.xyz: is an input" -- predict --model model.h5 --output train.xyz link.xyz
expect_refusal 2 "model.h5: is an input" -- predict --model model.h5 --output model.h5 train.xyz
expect_refusal 2 "model.h5: is an input" -- \
    evaluate --model model.h5 --json ./model.h5 train.xyz
expect_refusal 2 "model.h5: is an input" -- inspect --json model.h5 model.h5
cmp -s train.xyz train_before.xyz || fail "an input was overwritten"
cmp -s model.h5 model_before.h5 || fail "a model was overwritten"

# a file that may not be read or written (root may everything)
if [ "$(id -u)" != 0 ]; then
    chmod 000 words.xyz
    chmod 500 folder
    expect_refusal 1 "words.xyz" "Permission denied" -- inspect words.xyz
    expect_refusal 1 "folder/new.h5" "Permission denied" -- \
        predict --model model.h5 --output folder/new.h5 train.xyz
    chmod 700 folder
fi

finish "bad input is refused with file, place and remedy"
