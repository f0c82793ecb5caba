#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# covary export: what it needs, what it says about names that do not exist, and that predictions
# exported as extended XYZ are labels to fit to.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small_config 12
first_frames 5 "$data/dce_test.xyz" >five.xyz
expect_status 0 covary fit config.yaml --quiet --output model.h5
expect_status 0 covary predict --quiet --model model.h5 --output full.h5 five.xyz
expect_status 0 covary predict --quiet --model model.h5 --no-positions --output bare.h5 five.xyz

expect_status 0 covary export --help
expect_said "extxyz" "csv" "npy" "travis" "--frames A:B:C" "--property NAME"

expect_refusal 2 "needs --format" -- export full.h5 --output out
expect_refusal 2 "needs --output" -- export full.h5 --format csv
expect_refusal 2 "one ANNOTATION.h5" -- export --format csv --output out
expect_refusal 2 "csw" "did you mean 'csv'" -- export full.h5 --format csw --output out
expect_refusal 2 "full.h5" "would be overwritten" -- export full.h5 --format csv --output ./full.h5
expect_refusal 1 "five.xyz" "not an HDF5 file" -- export five.xyz --format csv --output out
expect_refusal 1 "model.h5" "not an annotation" -- export model.h5 --format csv --output out

ranks=2
expect_refusal 2 "no property 'mu'" \
    "dipole (e*bohr), dipole_std (e*bohr)" "polarizability_std (bohr^3)" -- \
    export full.h5 --format csv --property mu --output out
expect_refusal 2 "frames 7: takes none of the 5 frames" -- \
    export full.h5 --format csv --frames 7: --output out
expect_refusal 1 "bare.h5" "holds no positions" -- export bare.h5 --format extxyz --output out
expect_refusal 1 "nowhere/out" -- export full.h5 --format csv --output nowhere/out

remember_files
expect_status 0 covary export bare.h5 --format npy --output out.npy --property dipole
expect_files out.npy
expect_status 0 covary export bare.h5 --format npy --output out.npy
expect_logged "exported 5 frames" "out.dipole.npy" "out.polarizability.npy" \
    "out.dipole_std.npy"
expect_files out.{dipole,polarizability}{,_std}.npy
expect_status 0 covary export bare.h5 --format travis --output out.dat --frames ::2
expect_logged "exported 3 frames"
expect_files out.dat
expect_refusal 1 "the property named is no polarizability" -- \
    export bare.h5 --format travis --property polarizability_std --output out.dat

ranks=1
expect_status 0 covary export full.h5 --quiet --format extxyz --output five_labelled.xyz
expect_status 0 covary evaluate --model model.h5 --json errors.json five_labelled.xyz
for property in dipole polarizability; do
    error=$(relative_error errors.json "$property")
    # positions have the precision of a float in an annotation
    awk -v error="${error:-1}" 'BEGIN { exit !(error < 1e-5) }' ||
        fail "predictions differ from themselves by $error ($property)"
done

# predictions in another format at once, and what an earlier run could not export
same() { # same FILE FILE
    checks=$((checks + 1))
    cmp -s "$1" "$2" || fail "$1 and $2 differ"
}
ranks=2
remember_files
expect_status 0 covary predict --model model.h5 --quiet --format extxyz --output now.xyz five.xyz
same now.xyz five_labelled.xyz
expect_files now.xyz
expect_status 0 covary predict --model model.h5 --quiet --output later.xyz.annotation five.xyz
expect_status 0 covary predict --model model.h5 --format extxyz --output later.xyz five.xyz
expect_logged "going on behind frame 5 of 5"
same later.xyz five_labelled.xyz
expect_files later.xyz
expect_status 0 covary predict --model model.h5 --quiet --compress 4 --output small.h5 five.xyz
expect_status 0 covary export small.h5 --quiet --format extxyz --output small.xyz
same small.xyz five_labelled.xyz
expect_files small.h5 small.xyz
boxes=(predict --model model.h5 --quiet --molecules auto)
expect_status 0 covary "${boxes[@]}" --output boxes.h5 five.xyz
expect_status 0 covary export boxes.h5 --quiet --format csv --property dipole_total \
    --output then.csv
expect_status 0 covary "${boxes[@]}" --format csv --property dipole_total --output now.csv \
    five.xyz
same now.csv then.csv
expect_files boxes.h5 then.csv now.csv
ranks=1
expect_refusal 1 "holds no positions" -- \
    predict --model model.h5 --no-positions --format extxyz --output now.xyz five.xyz
expect_refusal 2 "no property 'mu'" -- \
    predict --model model.h5 --format csv --property mu --output now.csv five.xyz
expect_refusal 2 "--compress takes a level from 0 to 9" -- \
    predict --model model.h5 --compress 10 --output now.h5 five.xyz
expect_status 0 covary predict --model model.h5 --dry-run --format csv --output now.csv five.xyz
expect_said "more, as csv; then the annotation is removed"
expect_files

finish "annotations are exported"
