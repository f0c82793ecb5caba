/* SPDX-License-Identifier: BSD-3-Clause */
/* The last word of a process that crashes in a file. */
#ifndef COVARY_CLI_CRASH_H
#define COVARY_CLI_CRASH_H

/*
 * From here on a crash while a file is in hand (core/in_hand.h) ends the process with status 1 and
 * a message that names the file; any other goes the way it went before.  After MPI_Init, which sets
 * handlers of its own.
 */
void crash_prepare(void);

#endif
