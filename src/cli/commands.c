/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of commands, and what several of them need. */
#include "cli/commands.h"

#include "core/memory.h"
#include "core/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const command *const registry[] = {&command_fit, &command_predict, &command_evaluate,
                                          &command_inspect, NULL};

const command *const *command_registry(void)
{
    return registry;
}

void print_result(const covary_run *run, const text *result)
{
    if (covary_run_rank(run) == 0 && result->data != NULL) {
        fputs(result->data, stdout);
        fflush(stdout);
    }
}

static covary_status write_here(const char *path, const text *content)
{
    text          temporary = {0};
    covary_status status = text_add(&temporary, "%s.part-%ld", path, (long)getpid());
    FILE         *file;
    bool          written;

    if (status != COVARY_OK) {
        return status;
    }
    file = fopen(temporary.data, "w");
    written = file != NULL && fwrite(content->data, 1, content->length, file) == content->length;
    written = file != NULL && fclose(file) == 0 && written;
    if (!written || rename(temporary.data, path) != 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
        remove(temporary.data);
    }
    text_release(&temporary);
    return status;
}

covary_status write_text_file(covary_run *run, const char *path, const text *content)
{
    covary_status mine = COVARY_OK;

    if (strcmp(path, "-") == 0) {
        print_result(run, content);
        return COVARY_OK;
    }
    if (covary_run_rank(run) == 0) {
        mine = write_here(path, content);
    }
    return covary_agree(run, "write a text file", mine);
}
