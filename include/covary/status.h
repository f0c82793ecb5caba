/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Status codes and the record of the last failure.
 *
 * A function that can fail returns a covary_status.  Where the trouble is seen, COVARY_FAIL records
 * one message; only the program prints it, once, from rank 0.
 */
#ifndef COVARY_STATUS_H
#define COVARY_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define COVARY_API
#else
#define COVARY_API __attribute__((visibility("default")))
#endif

/* name, what it means, exit status of the program; the order is the order of severity */
#define COVARY_STATUS_LIST(X)                                                                      \
    X(OK, "success", 0)                                                                            \
    X(STOPPED, "stopped early by a signal", 75)                                                    \
    X(ERR_USAGE, "wrong use of the command line", 2)                                               \
    X(ERR_CONFIG, "wrong configuration", 2)                                                        \
    X(ERR_IO, "a file cannot be read or written", 1)                                               \
    X(ERR_FORMAT, "a file is malformed", 1)                                                        \
    X(ERR_DATA, "the data do not fit the task", 1)                                                 \
    X(ERR_NUMERIC, "a computation has no usable result", 1)                                        \
    X(ERR_MEMORY, "out of memory", 1)                                                              \
    X(ERR_LIBRARY, "a library call failed", 1)                                                     \
    X(ERR_INTERNAL, "an internal check failed", 1)

typedef enum {
#define COVARY_STATUS_ENUM(name, text, exit_status) COVARY_##name,
    COVARY_STATUS_LIST(COVARY_STATUS_ENUM)
#undef COVARY_STATUS_ENUM
} covary_status;

/* Meaning of a code, as static text.  Local. */
COVARY_API const char *covary_status_text(covary_status status);

/* Exit status of the program for a code: 0, 1, 2 or 75.  Local. */
COVARY_API int covary_exit_status(covary_status status);

/* Message of the last failure on this rank; "" when there was none.  Borrowed until the next one.
 */
COVARY_API const char *covary_status_message(void);

/* Forget the recorded message.  Local. */
COVARY_API void covary_status_clear(void);

#ifdef __cplusplus
}
#endif
#endif
