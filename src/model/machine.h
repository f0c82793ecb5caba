/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a machine does in a second: the figures that turn counted work (model/cost.h) into time.
 * Each is measured here and now, given by the configuration (`machine:`), or assumed.
 */
#ifndef COVARY_MODEL_MACHINE_H
#define COVARY_MODEL_MACHINE_H

#include "core/config.h"
#include "core/text.h"

typedef struct {
    double dgemm;             /* flop/s of a rank */
    double engine;            /* flop/s of a rank in kernel evaluations, an exp being 28 */
    double memory_bandwidth;  /* bytes/s of a rank while all others of its node work too */
    double latency;           /* s of a message */
    double network_bandwidth; /* bytes/s of a rank */
    double cores;             /* of a node */
    double memory;            /* bytes of a node */
} machine_rates;

enum { MACHINE_N_RATES = sizeof(machine_rates) / sizeof(double) };

typedef enum { RATE_MEASURED, RATE_GIVEN, RATE_ASSUMED } rate_source;

typedef struct {
    machine_rates rates;
    rate_source   sources[MACHINE_N_RATES]; /* in the order of the rates */
    bool          spans_nodes;              /* the ranks of this run are on several */
} machine;

/*
 * A fixed machine, in which choices are made that may not depend on measurements; a core of a
 * server and a network of 100 Gbit/s that a dozen ranks share.
 */
extern const machine_rates machine_nominal;

/*
 * Measure what the configuration does not give, in less than a second.  The slowest rank counts.
 * Between ranks there is nothing to measure where there is one only.  Collective.
 */
covary_status machine_measure(covary_run *run, const covary_config *config, machine *out);

/*
 * The same with the nominal network in place of one that was measured within a node: what runs on
 * several nodes can expect.  Local.
 */
machine machine_of_nodes(const machine *here);

/* A line for each rate with its source.  Local. */
covary_status machine_describe(const machine *of, text *report);

#endif
