/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is wrong with a host that parse_host refuses, for whoever typed it.
 */
#ifndef CORE_HOST_HINT_H
#define CORE_HOST_HINT_H

#define HOST_HINT_MAX 160

/*
 * What is wrong with `text`, as a clause, with what to type instead where that can be guessed: "a
 * ':' belongs before the port: [::1]:5600". Returns `buf`. Of a text that parse_host takes it says
 * nothing of use.
 */
const char *host_hint(const char *text, char buf[HOST_HINT_MAX]);

#endif
