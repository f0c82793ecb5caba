/* SPDX-License-Identifier: BSD-3-Clause */
/* How a program was started: alone, or as one of several by a launcher. */
#ifndef COVARY_CLI_LAUNCH_H
#define COVARY_CLI_LAUNCH_H

/*
 * Of a process that no launcher has started, tells Open MPI so: it then looks for no network and
 * starts no daemon, which takes longer than many a command.  Settings that the environment has
 * stay.  Before MPI_Init; other MPIs do not notice.
 */
void launch_prepare(void);

#endif
