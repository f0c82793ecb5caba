/* SPDX-License-Identifier: BSD-3-Clause */
/* The Cholesky factorization in double precision. */
#include "linalg/native_cholesky_version.h"
