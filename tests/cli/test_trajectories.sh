#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Archives of all kinds on the command line: what inspect says of them, elements from topologies,
# and selected frames, which get the answers that they get without a selection.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

formats=$data/formats
small_config 20
first_frames 9 "$data/dce_test.xyz" >whole.xyz
# frames 1, 3 and 5
awk 'NR == 1 { lines = $1 + 2 } (int((NR - 1) / lines)) % 2 && NR <= 6 * lines' whole.xyz >part.xyz
# its atoms as PDB
head -n 10 whole.xyz | tail -n 8 |
    awk '{ printf "HETATM%5d %-4s LIG A   1    %8.3f%8.3f%8.3f  1.00  0.00          %2s\n",
           NR, $1, 0, 0, 0, $1 }' >molecule.pdb

for ranks in ${COVARY_TEST_RANKS:-2}; do
    expect_status 0 covary inspect --json said/json "$formats/dce2.dcd"
    expect_said "frames        300" "atoms         16, elements unknown" "--topology" "cell"
    for member in '"formula": null' '"frames": 300' '"atoms": 16' '"format": "dcd"' \
        '"cell": \[14'; do
        grep -q "$member" said/json || fail "the JSON lacks $member"
    done
    valid_json said/json || fail "what inspect writes is not JSON"
    for topology in dce2.pdb dce2.psf; do
        expect_status 0 covary inspect --topology "$formats/$topology" --frames ::100 \
            "$formats/dce2.dcd"
        expect_said "frames        3 of 300" "C4H8Cl4" "molecules     2" "density       0.101"
    done
    expect_status 0 covary inspect --time 10ps:19ps "$formats/dce2.dcd"
    expect_said "frames        10 of 300" "time          10000 to 19000 fs"
done

ranks=1
expect_status 0 covary fit config.yaml --output model.h5
for ranks in ${COVARY_TEST_RANKS:-2}; do
    expect_status 0 covary evaluate --model model.h5 --json part.json part.xyz
    expect_status 0 covary evaluate --model model.h5 --json selected.json --frames 1:6:2 whole.xyz
    cmp part.json selected.json || fail "selected frames have other errors than the same in a file"
    expect_status 0 covary predict --model model.h5 --output selected.h5 --frames -8:-3:2 \
        --topology molecule.pdb whole.xyz
    expect_logged "3 of 9 frames are selected"
    expect_status 0 covary inspect selected.h5
    expect_said "frames        3"
    expect_status 0 covary predict --model model.h5 --output box.h5 --molecules auto \
        --topology "$formats/dce2.psf" --frames ::30 "$formats/dce2.dcd"
    expect_logged "2 molecules in every frame are predicted"
    expect_status 0 covary inspect --json said/json box.h5
    expect_said "frames        10" "2 molecules of 8 atoms" "dipole: rank 1, per molecule" \
        "dipole_total: rank 1, e*bohr"
    expect_status 0 covary export --format csv --output box.csv box.h5
done

# a model may say itself that its frames are boxes; options and settings overrule it
ranks=1
expect_status 0 covary fit config.yaml --set molecules=auto --output boxes.h5
expect_status 0 covary inspect --json said/json boxes.h5
expect_said "every such molecule in a box (molecules: auto)"
grep -q '"molecules": "auto"' said/json || fail "the JSON lacks what frames are taken as"
for ranks in ${COVARY_TEST_RANKS:-2}; do
    expect_status 0 covary predict --model boxes.h5 --output own.h5 \
        --topology "$formats/dce2.psf" --frames ::30 "$formats/dce2.dcd"
    expect_logged "as the model's configuration says (molecules: auto)" \
        "2 molecules in every frame are predicted"
    expect_status 0 covary inspect own.h5
    expect_said "2 molecules of 8 atoms" "dipole_total: rank 1, e*bohr"
    expect_status 0 covary evaluate --model boxes.h5 part.xyz
done
ranks=1
for alone in "--molecules none" "--set molecules=none"; do
    expect_refusal 1 "16 atoms where 8 are expected" -- predict --model boxes.h5 $alone \
        --output new.h5 --topology "$formats/dce2.psf" "$formats/dce2.dcd"
done
expect_status 0 covary predict --model model.h5 --dry-run --set molecules=auto --output new.h5 \
    --topology "$formats/dce2.psf" "$formats/dce2.dcd"
expect_logged "boxes of molecules, as asked for"
expect_refusal 2 "--set molecules=all: auto or none is needed" -- predict --model model.h5 \
    --output new.h5 --set molecules=all whole.xyz

# HDF5 files tell by their content what they are; annotations are trajectories too
for ranks in ${COVARY_TEST_RANKS:-2}; do
    expect_status 0 covary inspect "$formats/dce2.h5md"
    expect_said "trajectory, h5md" "frames        300" "elements unknown"
    expect_status 0 covary inspect "$formats/mdtraj_dce2.h5"
    expect_said "trajectory, mdtraj" "C4H8Cl4" "time          0 to 59800 fs"
    expect_status 0 covary inspect --topology "$formats/dce2.pdb" "$formats/dce2.ncdf"
    expect_said "trajectory, amber" "C4H8Cl4"
    expect_status 0 covary predict --model model.h5 --double-positions --output one.h5 whole.xyz
    expect_status 0 covary predict --model model.h5 --output two.h5 --particles all one.h5
    expect_status 0 covary inspect two.h5
    expect_said "frames        9"
    for name in one two; do
        expect_status 0 covary export "$name.h5" --format csv --output "$name.csv"
    done
    cmp one.csv two.csv || fail "frames of an annotation are not those that it was made from"
done

# the same frames as a dump of LAMMPS, atoms last to first
awk 'NR % 10 == 1 {
         printf "ITEM: TIMESTEP\n%d\nITEM: NUMBER OF ATOMS\n8\n", int(NR / 10)
         print "ITEM: BOX BOUNDS ff ff ff\n-50 50\n-50 50\n-50 50\nITEM: ATOMS id element x y z"
     }
     NR % 10 == 2 { n = 8 }
     NR % 10 > 2 || NR % 10 == 0 { row[9 - n] = 9 - n " " $1 " " $2 " " $3 " " $4; n-- }
     NR % 10 == 0 { for (atom = 8; atom >= 1; atom--) print row[atom] }' whole.xyz >whole.lammpstrj
for ranks in ${COVARY_TEST_RANKS:-2}; do
    expect_status 0 covary predict --model model.h5 --output three.h5 whole.lammpstrj
    expect_status 0 covary export three.h5 --format csv --output three.csv
    cmp one.csv three.csv || fail "frames of a dump are not those that it was made from"
done
ranks=1
expect_refusal 1 "model.h5 is a model of Covary, not a trajectory" -- \
    predict --model model.h5 --output new.h5 model.h5
expect_refusal 1 "no group of particles 'water' (there are: all)" -- \
    predict --model model.h5 --output new.h5 --particles water one.h5

expect_refusal 1 "elements" "--topology FILE" -- \
    predict --model model.h5 --output new.h5 "$formats/dce2.dcd"
expect_refusal 1 "has 16 atoms, the topology 8" -- \
    predict --model model.h5 --output new.h5 --topology molecule.pdb "$formats/dce2.dcd"
expect_refusal 1 "the count differs" -- predict --model model.h5 --output new.h5 \
    --topology "$formats/dce2.pdb" "$formats/dce2.dcd"
expect_refusal 2 "--molecules all: give auto or none" -- predict --model model.h5 --output new.h5 \
    --molecules all whole.xyz
expect_refusal 2 "frames '5'" "FIRST:STOP" -- \
    predict --model model.h5 --output new.h5 --frames 5 whole.xyz
expect_refusal 2 "takes none of 9 frames" -- \
    predict --model model.h5 --output new.h5 --frames 9: whole.xyz
expect_refusal 1 "has no time" "--frames" -- \
    predict --model model.h5 --output new.h5 --time 0:5 whole.xyz
expect_refusal 1 "none.pdb" "No such file" -- inspect --topology none.pdb whole.xyz

finish "archives are inspected, and read with topologies and in part"
