#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Help and version; what is mistyped on the command line ends with status 2 and the nearest right
# word.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 5

for ranks in ${COVARY_TEST_RANKS:-1 2}; do
    expect_status 0 covary --help
    expect_said "Usage:" "covary fit" "covary predict" "covary evaluate" "covary select" \
        "covary spectra" "covary inspect" "Exit status"
    [ "$(grep -c Usage: said/out)" = 1 ] || fail "the help comes more than once"
    expect_status 0 covary --version
    expect_said "covary 0." "HDF5" "OpenBLAS"
    expect_refusal 2 "no command given" "--help" --
    expect_refusal 2 "unknown command 'fitt'" "'fit'" -- fitt config.yaml
    expect_refusal 2 "unknown option '--outptu'" "'--output'" -- fit config.yaml --outptu m.h5
    expect_refusal 2 "ridg" "'ridge'" -- fit config.yaml --set ridg=1
done

ranks=1
# no daemon of MPI is started, and its folder is gone in the end
mkdir temporary
OPAL_BINDIR=/nonexistent TMPDIR=$PWD/temporary \
    expect_status 0 covary inspect "$data/formats/dce2.ncdf"
checks=$((checks + 1))
[ -z "$(ls -A temporary)" ] || fail "left behind: $(ls -A temporary)"

for name in fit predict evaluate select export spectra inspect; do
    expect_status 0 covary $name --help
    expect_said "covary $name" "--help" "--log-json"
    wide=$(awk 'length > 100' said/out)
    checks=$((checks + 1))
    [ -z "$wide" ] || fail "wider than 100 columns: $wide"
done
expect_status 0 covary fit --help
expect_said "representation" "ridge" "kernel" "properties"
expect_status 0 covary inspect --help
expect_said "--self-test" "--json FILE"
expect_refusal 2 "unknown option '--self-tset'" "'--self-test'" -- inspect --self-tset model.h5
expect_refusal 2 "unknown option '--self-test'" -- evaluate --self-test --model m.h5 train.xyz
expect_refusal 2 "--self-test takes no value" -- inspect --self-test=model.h5

expect_refusal 2 "unknown command 'prdict'" "'predict'" -- prdict --model m.h5
expect_refusal 2 "unknown option '--jsno'" "'--json'" -- evaluate --jsno e.json
expect_refusal 2 "unknown option '--model'" -- fit config.yaml --model m.h5
expect_refusal 2 "--output needs a value" -- fit config.yaml --output
expect_refusal 2 "--quiet takes no value" -- fit config.yaml --quiet=yes
expect_refusal 2 "--batch takes a whole number from 1" "'none'" -- \
    predict --model m.h5 --output a.h5 --batch none train.xyz
expect_refusal 2 "--precision half: give double, single or auto" -- \
    predict --model m.h5 --output a.h5 --precision half train.xyz
expect_refusal 2 "--precision half: give double, single or auto" -- \
    evaluate --model m.h5 --precision half train.xyz
expect_refusal 2 "covary fit takes one configuration" -- fit
expect_refusal 2 "covary fit takes one configuration" -- fit config.yaml config.yaml
expect_refusal 2 "needs --model" -- predict --output a.h5 train.xyz
expect_refusal 2 "needs --output" -- predict --model m.h5 train.xyz
expect_refusal 2 "needs a trajectory" -- predict --model m.h5 --output a.h5
expect_refusal 2 "needs --model" -- evaluate train.xyz
expect_refusal 2 "needs labelled frames" -- evaluate --model m.h5
expect_refusal 2 "needs a file" -- inspect
expect_refusal 2 "unknown key 'tpe' in 'kernel'" "'type'" -- fit config.yaml --set kernel.tpe=3
expect_refusal 2 "KEY=VALUE" -- \
    predict --model m.h5 --output a.h5 --set annotation.batch train.xyz
expect_refusal 2 "annotation.bach" "annotation.batch" -- \
    predict --model m.h5 --output a.h5 --set annotation.bach=3 train.xyz

finish "wrong usage is refused with the nearest right word"
