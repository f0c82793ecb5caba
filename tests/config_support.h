/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations from text in a scratch file, for tests of what is read and what is refused. */
#ifndef COVARY_TESTS_CONFIG_SUPPORT_H
#define COVARY_TESTS_CONFIG_SUPPORT_H

#include "support.h"

#include "core/config.h"

#include <stdio.h>
#include <string.h>

#define MINIMAL                                                                                    \
    "data: {train: frames.xyz}\n"                                                                  \
    "properties: [{name: dipole, kind: vector, unit: e*bohr}]\n"

/* Write `yaml` to case.yaml in the scratch folder, on rank 0, and load it everywhere. */
static covary_status load(const char *yaml, const char *const *settings, int n_settings,
                          covary_config **config)
{
    char path[512];

    snprintf(path, sizeof path, "%s/case.yaml", test_scratch());
    if (covary_run_rank(test_run()) == 0) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fputs(yaml, file);
        assert_int_equal(fclose(file), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return covary_config_load(test_run(), path, settings, n_settings, config);
}

/* Loading fails, and the message is "<scratch>/<expected>..." or, for a setting, "<expected>...".
 */
static void refuse(const char *yaml, const char *setting, const char *expected)
{
    const char    *settings[] = {setting};
    covary_config *config = (covary_config *)&settings; /* must become NULL */
    char           message[1024];

    if (load(yaml, settings, setting != NULL, &config) != COVARY_ERR_CONFIG) {
        fail_msg("not refused: %s %s", yaml, setting != NULL ? setting : "");
    }
    assert_null(config);
    snprintf(message, sizeof message, "%s%s%s", setting == NULL ? test_scratch() : "",
             setting == NULL ? "/" : "", expected);
    if (strncmp(covary_status_message(), message, strlen(message)) != 0) {
        fail_msg("the message \"%s\" does not begin with \"%s\"", covary_status_message(), message);
    }
}

#endif
