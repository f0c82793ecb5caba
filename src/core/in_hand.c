/* SPDX-License-Identifier: BSD-3-Clause */
/* The process's, like the signals that it is for. */
#include "core/in_hand.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

enum { PATH_MOST = 1000 };

static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;
static char            last[PATH_MOST + 1];
static atomic_int      n_files;

void in_hand_take(const char *path)
{
    pthread_mutex_lock(&naming);
    snprintf(last, sizeof last, "%s", path);
    atomic_fetch_add(&n_files, 1);
    pthread_mutex_unlock(&naming);
}

void in_hand_lay_down(void)
{
    atomic_fetch_sub(&n_files, 1);
}

const char *in_hand_path(void)
{
    return atomic_load(&n_files) > 0 ? last : NULL;
}
