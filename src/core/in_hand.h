/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file that a library reads which fails in damaged files instead of telling: for the last word
 * of a program that crashes there.
 */
#ifndef COVARY_CORE_IN_HAND_H
#define COVARY_CORE_IN_HAND_H

/*
 * Take a file in hand, and lay it down.  Files may be in hand together; the last one taken is told.
 * Local, by any thread.
 *
 * path  in  copied, as far as 1,000 bytes go
 */
void in_hand_take(const char *path);
void in_hand_lay_down(void);

/* Its path, or NULL.  Local; safe in signal handlers. */
const char *in_hand_path(void);

#endif
