/* SPDX-License-Identifier: BSD-3-Clause */
/* Covary: vector and tensor properties of molecules, learned and annotated in parallel. */
#ifndef COVARY_COVARY_H
#define COVARY_COVARY_H

#include <covary/check.h>
#include <covary/config.h>
#include <covary/evaluation.h>
#include <covary/export.h>
#include <covary/model.h>
#include <covary/run.h>
#include <covary/select.h>
#include <covary/spectra.h>
#include <covary/status.h>
#include <covary/version.h>

#endif
