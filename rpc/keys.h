/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys that are shared, by a group or by a server and its clients, and the file that they are in.
 *
 * The file has a line for each key, "ID KEY", the id a number and the key 64 hexadecimal digits;
 * empty lines and those that begin with '#' are skipped, and it may have lines that end in CR LF
 * and a byte order mark. MACs are made with the first key, and accepted by any. So a key
 * is changed without a gap: add the new one after the old one everywhere, then put it first
 * everywhere, then remove the old one everywhere.
 */
#ifndef RPC_KEYS_H
#define RPC_KEYS_H

#include <stddef.h>
#include <stdint.h>

#define KEYS_MAX      2
#define KEYS_KEY_SIZE 32

struct key {
	uint32_t id;
	uint8_t bytes[KEYS_KEY_SIZE];
};

struct keys {
	size_t n; /* at least 1 */
	struct key key[KEYS_MAX];
};

/*
 * Read a key file. 0, or -errno with the reason as a clause in `why` (a static string): -EPERM when
 * others than its owner may read or write it, or it belongs to neither us nor root; -EBADMSG when
 * it is no key file; -EINVAL or -EISDIR when it is no file at all.
 */
int keys_read(struct keys *out, const char *path, const char **why);

/* The same for a daemon, which logs the reason. */
int keys_load(struct keys *out, const char *path);

/* Make a key file with one new, random key, for its owner only. 0, -EEXIST, or -errno. */
int keys_create(const char *path);

/* The key of that id, or null. */
const struct key *keys_find(const struct keys *k, uint32_t id);

/* Overwrite the keys, when they are no longer needed. */
void keys_forget(struct keys *k);

#endif
