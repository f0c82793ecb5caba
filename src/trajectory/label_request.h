/* SPDX-License-Identifier: BSD-3-Clause */
/* Label requests that outlast those of the caller.  Local. */
#ifndef COVARY_TRAJECTORY_LABEL_REQUEST_H
#define COVARY_TRAJECTORY_LABEL_REQUEST_H

#include "trajectory/trajectory.h"

/* To be released after a failure too; `short_places` stays the caller's. */
covary_status label_request_copy(const label_request *from, label_request *to);
void          label_request_release(label_request *request);

#endif
