/* SPDX-License-Identifier: BSD-3-Clause */
/* Output files, judged before the work. */
#include "core/output.h"

#include "core/status.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static covary_status check_folder(const char *path)
{
    covary_status status = COVARY_OK;
    text          folder = {0};
    const char   *slash = strrchr(path, '/');

    COVARY_TRY(slash ? text_add_bytes(&folder, path, (size_t)(slash - path) + 1)
                     : text_add(&folder, "."));
    if (access(folder.data, W_OK | X_OK) != 0) {
        status = COVARY_FAIL(COVARY_ERR_IO,
                             "%s: cannot be written: %s; give a file in a folder that can be", path,
                             strerror(errno));
    }

done:
    text_release(&folder);
    return status;
}

static covary_status check_name(const char *path)
{
    struct stat seen;

    if (path[0] == '\0') {
        return COVARY_FAIL(COVARY_ERR_IO, "the name of the output file is empty");
    }
    if (stat(path, &seen) == 0) {
        if (S_ISDIR(seen.st_mode)) {
            return COVARY_FAIL(COVARY_ERR_IO, "%s: is a folder; give the name of a file", path);
        }
        if (!S_ISREG(seen.st_mode)) {
            return COVARY_FAIL(
                COVARY_ERR_IO,
                "%s: is a device, which no file may replace; give the name of a file", path);
        }
    }
    return check_folder(path);
}

static covary_status check_inputs(const char *path, const char *const *inputs, int n_inputs)
{
    struct stat mine, other;

    if (stat(path, &mine) != 0) {
        return COVARY_OK;
    }
    for (int i = 0; i < n_inputs; i++) {
        if (inputs[i] != NULL && stat(inputs[i], &other) == 0 && mine.st_dev == other.st_dev &&
            mine.st_ino == other.st_ino) {
            return COVARY_FAIL(COVARY_ERR_USAGE,
                               "%s: is an input ('%s') and would be overwritten; give the output "
                               "another name",
                               path, inputs[i]);
        }
    }
    return COVARY_OK;
}

covary_status output_check_here(const char *path, const char *const *inputs, int n_inputs)
{
    covary_status status = check_name(path);

    return status == COVARY_OK ? check_inputs(path, inputs, n_inputs) : status;
}

covary_status output_check(covary_run *run, const char *path, const char *const *inputs,
                           int n_inputs)
{
    covary_status mine = COVARY_OK;

    if (covary_run_rank(run) == 0) {
        mine = output_check_here(path, inputs, n_inputs);
    }
    return covary_agree(run, "check the output", mine);
}
