/* SPDX-License-Identifier: BSD-3-Clause */
/* Explains, to the user who typed it, why parse_host refuses a host. */
#ifndef CORE_HOST_HINT_H
#define CORE_HOST_HINT_H

#define HOST_HINT_MAX 160

/*
 * The fault of `text`, as a clause, with a correction where one can be guessed: "a ':' belongs
 * before the port: [::1]:5600". Returns `buf`. It is meaningless for a text that parse_host
 * accepts.
 */
const char *host_hint(const char *text, char buf[HOST_HINT_MAX]);

#endif
