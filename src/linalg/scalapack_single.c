/* SPDX-License-Identifier: BSD-3-Clause */
/* Factorization and solutions by ScaLAPACK in single precision. */
#define SINGLE
#include "linalg/scalapack_version.h"
