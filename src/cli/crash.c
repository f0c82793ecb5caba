/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handler may call nothing but what is safe in signal handlers: it writes texts that are ready,
 * and ends the process without the cleaning up that may fail once more.
 */
#include "cli/crash.h"

#include "core/in_hand.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
enum { N_CRASH_SIGNALS = sizeof crash_signals / sizeof crash_signals[0] };

static struct sigaction before[N_CRASH_SIGNALS]; /* of MPI, or of a sanitizer */

static void say(const char *words)
{
    const ssize_t written = write(STDERR_FILENO, words, strlen(words));
    (void)written; /* there is nobody else to tell */
}

static void tell(int number)
{
    const char *path = in_hand_path();

    if (path != NULL) {
        say("covary: ");
        say(path);
        say(": the HDF5 library failed in this file; it is damaged (h5dump shows how far it can be "
            "read; take another copy), or else there is an error in the library or in covary\n");
        _exit(1);
    }
    for (int s = 0; s < N_CRASH_SIGNALS; s++) {
        if (crash_signals[s] == number) {
            sigaction(number, &before[s], NULL);
        }
    }
    raise(number);
}

void crash_prepare(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = tell;
    sigemptyset(&action.sa_mask);
    for (int s = 0; s < N_CRASH_SIGNALS; s++) {
        sigaction(crash_signals[s], &action, &before[s]);
    }
}
