/* SPDX-License-Identifier: BSD-3-Clause */
/* VECTORIZED: compile a function for several instruction sets; the loader takes the best. */
#ifndef COVARY_CORE_VECTORIZED_H
#define COVARY_CORE_VECTORIZED_H

/* Sanitizers come up later than the resolvers that choose between the versions. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 &&           \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTORIZED                                                                                 \
    __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), noinline))
#else
#define VECTORIZED __attribute__((noinline))
#endif

#endif
