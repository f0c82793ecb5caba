/* SPDX-License-Identifier: BSD-3-Clause */
/* The Cholesky factorization in single precision. */
#define SINGLE
#include "linalg/native_cholesky_version.h"
