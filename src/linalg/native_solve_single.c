/* SPDX-License-Identifier: BSD-3-Clause */
/* Solutions with a factor in single precision. */
#define SINGLE
#include "linalg/native_solve_version.h"
