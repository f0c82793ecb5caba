/* SPDX-License-Identifier: BSD-3-Clause */
/* What the node under a rank offers. */
#ifndef COVARY_CORE_NODE_H
#define COVARY_CORE_NODE_H

#include <covary/run.h>
#include <stdint.h>

/*
 * A node as its ranks see it.  Cores are those on which any of its ranks may run, so that bindings
 * and the limits of a batch system count; memory is all that its ranks may have together, whatever
 * is in use at the moment, or 0 where nothing tells.
 */
typedef struct {
    int     n_ranks; /* of this run */
    int     n_cores;
    int64_t memory_bytes;
} node_resources;

/* The node of this rank: the same on all ranks of a node.  Collective. */
node_resources node_resources_of(covary_run *run);

/* Memory that could be allocated now without swapping, in bytes; 0 where nothing tells.  Local. */
int64_t node_available_memory(void);

/*
 * The smallest limit in the memory controllers of a process: `listing` is its /proc/PID/cgroup and
 * `root` the folder of the hierarchies.  INT64_MAX: no limit.  Local.
 */
int64_t node_memory_limit(const char *listing, const char *root);

/*
 * Would `bytes` more on every rank fit into the memory of its node?  An allocation alone does not
 * tell: the system promises more than it has and ends the job later.  Collective.
 *
 * COVARY_ERR_MEMORY: names `what`, the need and the offer of the node, and the remedy.
 */
covary_status node_check_memory(covary_run *run, const char *what, int64_t bytes);

/*
 * Warn, once in a run, where the ranks of a node with `threads` threads each have fewer cores: they
 * then wait for each other in every message.  Tells whether that is so.  Collective.
 */
bool node_warn_if_crowded(covary_run *run, const node_resources *here, int threads);

#endif
