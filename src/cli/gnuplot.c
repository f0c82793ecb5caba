/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gnuplot as a program of its own: commands and drawings pass through files without names, so that
 * neither waits for the other and nothing is left behind.
 */
#include "cli/gnuplot.h"

#include "core/memory.h"
#include "core/status.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static covary_status fail_to_start(int reason)
{
    return COVARY_FAIL(COVARY_ERR_LIBRARY,
                       "gnuplot, which draws the plots, cannot be started: %s; install it (Debian, "
                       "Ubuntu: apt-get install gnuplot-nox)",
                       strerror(reason));
}

/* Run gnuplot from one file into another. */
static covary_status start(FILE *commands, FILE *drawn)
{
    char                       name[] = "gnuplot";
    char                      *words[] = {name, NULL};
    posix_spawn_file_actions_t streams;
    pid_t                      process;
    int                        reason, outcome = 0;

    posix_spawn_file_actions_init(&streams);
    posix_spawn_file_actions_adddup2(&streams, fileno(commands), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&streams, fileno(drawn), STDOUT_FILENO);
    reason = posix_spawnp(&process, name, &streams, NULL, words, environ);
    posix_spawn_file_actions_destroy(&streams);
    if (reason != 0) {
        return fail_to_start(reason);
    }
    while (waitpid(process, &outcome, 0) < 0) {
        if (errno != EINTR) {
            return fail_to_start(errno);
        }
    }
    if (!WIFEXITED(outcome) || WEXITSTATUS(outcome) == 127) {
        return fail_to_start(ENOENT);
    }
    if (WEXITSTATUS(outcome) != 0) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY, "gnuplot failed with status %d",
                           WEXITSTATUS(outcome));
    }
    return COVARY_OK;
}

static covary_status read_back(FILE *from, text *into)
{
    covary_status status = COVARY_OK;
    char          bytes[65536];
    size_t        n;

    rewind(from);
    while ((n = fread(bytes, 1, sizeof bytes, from)) > 0) {
        COVARY_TRY(text_add_bytes(into, bytes, n));
    }

done:
    return status;
}

covary_status gnuplot_run(const text *commands, text *output)
{
    covary_status status = COVARY_OK;
    FILE         *script = tmpfile(), *drawn = tmpfile();

    if (script == NULL || drawn == NULL ||
        fwrite(commands->data, 1, commands->length, script) != commands->length ||
        fflush(script) != 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "no room for temporary files: %s", strerror(errno));
        goto done;
    }
    rewind(script);
    COVARY_TRY(start(script, drawn));
    COVARY_TRY(read_back(drawn, output));

done:
    if (drawn != NULL) {
        fclose(drawn);
    }
    if (script != NULL) {
        fclose(script);
    }
    return status;
}

static covary_status try_gnuplot(const char *terminal, const char *option)
{
    covary_status status = COVARY_OK;
    text          commands = {0}, output = {0};

    COVARY_TRY(text_add(&commands, "set terminal %s\n", terminal));
    status = gnuplot_run(&commands, &output);
    if (status != COVARY_OK) {
        covary_record_remedy("or leave out %s", option);
    }

done:
    text_release(&output);
    text_release(&commands);
    return status;
}

covary_status gnuplot_check(covary_run *run, const char *terminal, const char *option)
{
    return covary_agree(run, "look for gnuplot",
                        covary_run_rank(run) == 0 ? try_gnuplot(terminal, option) : COVARY_OK);
}

/* Past an element that does not belong into a page, if one begins here. */
static const char *skip_element(const char *at)
{
    static const char *const elements[][2] = {
        {"<defs>", "</defs>"}, {"<title>", "</title>"}, {"<desc>", "</desc>"}};

    for (size_t k = 0; k < sizeof elements / sizeof elements[0]; k++) {
        if (strncmp(at, elements[k][0], strlen(elements[k][0])) == 0) {
            const char *end = strstr(at, elements[k][1]);
            return end == NULL ? at + strlen(at) : end + strlen(elements[k][1]);
        }
    }
    if (strncmp(at, " id=\"", 5) == 0) {
        const char *end = strchr(at + 5, '"');
        return end == NULL ? at + strlen(at) : end + 1;
    }
    return at;
}

/* One document without names and without the marks that no plot here uses. */
static covary_status take_document(const char *begin, const char *end, text *into)
{
    covary_status status = COVARY_OK;
    const char   *kept = begin;

    for (const char *at = begin; at < end;) {
        const char *after = skip_element(at);
        if (after == at) {
            at++;
            continue;
        }
        COVARY_TRY(text_add_bytes(into, kept, (size_t)(at - kept)));
        kept = at = after;
    }
    if (kept < end) {
        COVARY_TRY(text_add_bytes(into, kept, (size_t)(end - kept)));
    }

done:
    return status;
}

covary_status gnuplot_draw(const text *commands, text *drawn)
{
    static const char last[] = "</svg>";
    covary_status     status = COVARY_OK;
    text              output = {0};

    COVARY_TRY(gnuplot_run(commands, &output));
    for (const char *at = output.data == NULL ? NULL : strstr(output.data, "<svg"); at != NULL;) {
        const char *end = strstr(at, last);
        if (end == NULL) {
            status = COVARY_FAIL(COVARY_ERR_LIBRARY, "gnuplot has left a drawing unfinished");
            goto done;
        }
        end += strlen(last);
        COVARY_TRY(take_document(at, end, drawn));
        COVARY_TRY(text_add(drawn, "\n"));
        at = strstr(end, "<svg");
    }

done:
    text_release(&output);
    return status;
}
