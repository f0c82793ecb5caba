/* SPDX-License-Identifier: BSD-3-Clause */
/* covary export */
#include "annotation/export_format.h"
#include "cli/commands.h"
#include "core/status.h"
#include <covary/export.h>

static covary_status check_usage(const arguments *given)
{
    if (given->n_files != 1) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary export needs one ANNOTATION.h5, not %d files",
                           given->n_files);
    }
    if (given->format == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "covary export needs --format NAME; see covary export --help");
    }
    if (given->output == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary export needs --output FILE");
    }
    return COVARY_OK;
}

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status               status = COVARY_OK;
    const covary_export_options options = {
        .format = given->format,
        .n_properties = given->n_properties,
        .properties = given->properties,
        .frames = given->frames,
        .times = given->times,
        .compress = given->compress,
        .chunk = given->chunk,
        .no_positions = given->no_positions,
        .batch = given->batch,
    };

    COVARY_TRY(check_usage(given));
    COVARY_TRY(covary_export(run, given->files[0], &options, given->output));

done:
    return status;
}

static covary_status more_help(text *into)
{
    covary_status status = text_add(into, "\nFormats:\n");
    text          line = {0};

    for (const export_format *const *at = export_registry(); *at != NULL && status == COVARY_OK;
         at++) {
        line.length = 0;
        COVARY_TRY(text_add(&line, "  %-9s %s", (*at)->name, (*at)->summary));
        COVARY_TRY(help_add(line.data, into));
    }
    COVARY_TRY(help_add("\nNumbers have the fewest digits that give them back.  Values are in the "
                        "units of the annotation, times in fs, positions in angstrom.  Frames that "
                        "are not predicted yet are left out.  Of boxes of molecules csv has a line "
                        "a frame and molecule, or a line a frame for properties of frames "
                        "(--property dipole_total), npy [frames][molecules], extxyz the totals and "
                        "all molecules as PROPERTY_molecules, travis the total.\n",
                        into));

done:
    text_release(&line);
    return status;
}

const command command_export = {
    .name = "export",
    .usage = "ANNOTATION.h5 --format NAME --output FILE",
    .summary = "write an annotation as extended XYZ, CSV, NumPy arrays or for TRAVIS",
    .perform = perform,
    .more_help = more_help,
};
