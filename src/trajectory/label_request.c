/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of requests, with their names and keys. */
#include "trajectory/label_request.h"

#include "core/memory.h"
#include "core/status.h"

covary_status label_request_copy(const label_request *from, label_request *to)
{
    covary_status status = COVARY_OK;
    int           n_keys = 0;
    char        **keys = NULL;

    *to = *from;
    to->name = NULL;
    to->keys = NULL;
    while (from->keys[n_keys] != NULL) {
        n_keys++;
    }
    COVARY_TRY(MEMORY_ALLOCATE("label keys", n_keys + 1, &keys));
    to->keys = (const char *const *)keys;
    for (int k = 0; k < n_keys; k++) {
        COVARY_TRY(memory_copy_text(from->keys[k], &keys[k]));
    }
    COVARY_TRY(memory_copy_text(from->name, (char **)(void *)&to->name));
done:
    return status;
}

void label_request_release(label_request *request)
{
    char **keys = (char **)(void *)request->keys;

    for (int k = 0; keys != NULL && keys[k] != NULL; k++) {
        MEMORY_RELEASE(&keys[k]);
    }
    MEMORY_RELEASE(&keys);
    MEMORY_RELEASE(&request->name);
}
