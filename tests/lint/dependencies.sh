#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# dependencies.sh ROOT: dependencies between the folders of src go one way, as their #include lines
# show; only src/storage knows HDF5, only src/linalg knows BLACS and ScaLAPACK.
set -euo pipefail
# shellcheck source=tests/lint/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$1"

order="core storage input trajectory formats topology geometry property descriptor linalg kernel"
order="$order solver annotation model spectra cli"
files=$(project_files . | grep -E '^(src|include)/.*\.(c|h)$' || true)
need_files dependencies "$files"

# shellcheck disable=SC2086 # one word a file
findings=$(awk -v order="$order" '
    BEGIN { n = split(order, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i
            calls = "(^|[^A-Za-z0-9_])(Cblacs_|(p[sdcz]|numroc|descinit|indx)[a-z0-9]*_[ \t]*[(])" }
    FNR == 1 {
        split(FILENAME, part, "/")
        module = part[1] == "src" ? part[2] : "include"
        if (part[1] == "src" && !(module in rank))
            print FILENAME ":1: src/" module " has no place in the order: " order
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\""); split(quoted[2], path, "/"); target = path[1]
        if (module == "include")
            print FILENAME ":" FNR ": a public header includes \"" quoted[2] "\""
        else if (!(target in rank))
            print FILENAME ":" FNR ": include \"" quoted[2] "\" does not start with a folder of src"
        else if (rank[target] > rank[module])
            print FILENAME ":" FNR ": " module " includes " quoted[2] ", which comes after it"
    }
    /^[ \t]*#[ \t]*include[ \t]*[<"](hdf5|H5[A-Za-z]*|hdf5_hl)\.h/ && module != "storage" {
        print FILENAME ":" FNR ": only src/storage includes hdf5.h"
    }
    module != "linalg" && $0 ~ calls {
        print FILENAME ":" FNR ": only src/linalg calls BLACS and ScaLAPACK"
    }' $files)
finish dependencies "$findings"
