/* SPDX-License-Identifier: BSD-3-Clause */
/* What the node under a rank offers. */
#ifndef COVARY_CORE_NODE_H
#define COVARY_CORE_NODE_H

#include <covary/run.h>
#include <stdint.h>

/* Memory that could be allocated now without swapping, in bytes; 0 where nothing tells.  Local. */
int64_t node_available_memory(void);

/*
 * Would `bytes` more on every rank fit into the memory of its node?  An allocation alone does not
 * tell: the system promises more than it has and ends the job later.  Collective.
 *
 * COVARY_ERR_MEMORY: names `what`, the need and the offer of the node, and the remedy.
 */
covary_status node_check_memory(covary_run *run, const char *what, int64_t bytes);

#endif
