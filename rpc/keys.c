/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/parse.h"
#include "os/entropy.h"
#include "os/files.h"
#include "os/log.h"

#define LINE_MAX_SIZE 256
#define HEX_DIGITS    ((size_t)2 * KEYS_KEY_SIZE)

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Parse 64 hexadecimal digits, and nothing after them. */
static bool parse_hex(uint8_t out[KEYS_KEY_SIZE], const char *text)
{
	if (strlen(text) != HEX_DIGITS) {
		return false;
	}
	for (size_t i = 0; i < KEYS_KEY_SIZE; i++) {
		const int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			return false;
		}
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Take in a line, without its newline. Null, or the error in it. */
static const char *take_line(struct keys *k, char *line)
{
	struct key *key = &k->key[k->n];
	char *space = strchr(line, ' ');
	int64_t id;

	if (line[0] == '\0' || line[0] == '#') {
		return NULL;
	}
	if (k->n == KEYS_MAX) {
		return "it has more than two keys";
	}
	if (!space) {
		return "a line is not 'ID KEY'";
	}
	*space = '\0';
	if (parse_int(line, 1, UINT32_MAX, &id) != 0) {
		return "the id of a key is not a number from 1 to 4294967295";
	}
	if (keys_find(k, (uint32_t)id)) {
		return "two keys have the same id";
	}
	if (!parse_hex(key->bytes, space + 1)) {
		return "a key is not 64 hexadecimal digits";
	}
	key->id = (uint32_t)id;
	k->n++;
	return NULL;
}

/* The octets with which editors of some systems begin a text of UTF-8. */
static void skip_mark(FILE *f)
{
	char mark[3];

	if (fread(mark, 1, sizeof(mark), f) != sizeof(mark) ||
	    memcmp(mark, "\xef\xbb\xbf", 3) != 0) {
		rewind(f);
	}
}

/* Without its newline, which is CR LF on some systems. */
static char *cut_end(char *line)
{
	const size_t n = strcspn(line, "\n");

	line[n > 0 && line[n - 1] == '\r' ? n - 1 : n] = '\0';
	return line;
}

static const char *take_lines(struct keys *k, FILE *f)
{
	char line[LINE_MAX_SIZE];
	const char *wrong = NULL;

	skip_mark(f);
	while (!wrong && fgets(line, sizeof(line), f)) {
		char *newline = strchr(line, '\n');

		wrong = newline || feof(f) ? take_line(k, cut_end(line)) : "a line is too long";
	}
	explicit_bzero(line, sizeof(line));
	if (!wrong && ferror(f)) {
		wrong = "it cannot be read";
	}
	return wrong ? wrong : k->n == 0 ? "it has no key" : NULL;
}

/* Whether it is a file, and nobody but root and ourselves can know or change it. */
static int check_file(int fd, const char **why)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		*why = strerror(errno);
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		*why = "it is no regular file";
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		*why = "others than its owner have access to it: chmod 0600 it, and if they may "
		       "have read it make another key";
		return -EPERM;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		*why = "it belongs to another user";
		return -EPERM;
	}
	return 0;
}

int keys_read(struct keys *out, const char *path, const char **why)
{
	const int fd = file_open_regular(path, O_RDONLY | O_NOFOLLOW, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	int rc;

	memset(out, 0, sizeof(*out));
	if (!f) {
		rc = fd < 0 ? fd : -errno;
		*why = file_error_text(rc);
		if (fd >= 0) {
			close(fd);
		}
		return rc;
	}
	rc = check_file(fd, why);
	if (rc == 0) {
		(void)setvbuf(f, NULL, _IONBF, 0); /* no buffer that keeps the text */
		*why = take_lines(out, f);
		rc = *why ? -EBADMSG : 0;
	}
	(void)fclose(f);
	if (rc != 0) {
		keys_forget(out);
	}
	return rc;
}

int keys_load(struct keys *out, const char *path)
{
	const char *why;
	const int rc = keys_read(out, path, &why);

	if (rc != 0) {
		log_error("cannot use the key file '%s': %s", path, why);
	}
	return rc;
}

/* The secret never goes through stdio, which has buffers of its own. */
static int write_key(int fd, const struct key *key)
{
	char text[LINE_MAX_SIZE];
	ssize_t written;
	int n = snprintf(text, sizeof(text),
			 "# A key of timesync: whoever has it can move the clocks that trust it.\n"
			 "%" PRIu32 " ",
			 key->id);

	for (size_t i = 0; i < KEYS_KEY_SIZE; i++) {
		text[n++] = hex_digits[key->bytes[i] >> 4];
		text[n++] = hex_digits[key->bytes[i] & 0xf];
	}
	text[n++] = '\n';
	written = write(fd, text, (size_t)n);
	explicit_bzero(text, sizeof(text));
	return written == n ? 0 : written < 0 ? -errno : -EIO;
}

int keys_create(const char *path)
{
	struct key key;
	int fd, rc = entropy_fill(&key, sizeof(key));

	if (rc != 0) {
		return rc;
	}
	key.id = key.id % INT32_MAX + 1; /* short enough to be typed */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	rc = write_key(fd, &key);
	if (rc == 0 && fsync(fd) < 0) {
		rc = -errno;
	}
	if (close(fd) < 0 && rc == 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlink(path);
	}
	explicit_bzero(&key, sizeof(key));
	return rc;
}

const struct key *keys_find(const struct keys *k, uint32_t id)
{
	for (size_t i = 0; i < k->n; i++) {
		if (k->key[i].id == id) {
			return &k->key[i];
		}
	}
	return NULL;
}

void keys_forget(struct keys *k)
{
	explicit_bzero(k, sizeof(*k));
}
