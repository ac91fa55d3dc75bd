/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/host_hint.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/parse.h"

#define DIGITS "0123456789"
#define SPACES " \t\r\n\v\f"

/* Join the parts, up to a null; text that does not fit is cut off. */
static const char *join(char buf[HOST_HINT_MAX], const char *const parts[])
{
	size_t used = 0;

	for (size_t i = 0; parts[i]; i++) {
		size_t n = strlen(parts[i]);

		n = n < HOST_HINT_MAX - 1 - used ? n : HOST_HINT_MAX - 1 - used;
		memcpy(buf + used, parts[i], n);
		used += n;
	}
	buf[used] = '\0';
	return buf;
}

#define SAY(buf, ...) join((buf), (const char *const[]){ __VA_ARGS__, NULL })

/* A part of the text that is short enough to be shown again, cut out; else "". */
static const char *cut(char out[64], const char *from, size_t n)
{
	n = n < 64 ? n : 0;
	memcpy(out, from, n);
	out[n] = '\0';
	return out;
}

static bool is_number(const char *s)
{
	return s[0] != '\0' && s[strspn(s, DIGITS)] == '\0';
}

/* If parse_host takes this, propose it. */
static const char *propose(const char *what, const char *instead, char buf[HOST_HINT_MAX])
{
	struct parse_host host;

	return parse_host(instead, &host) == 0 ? SAY(buf, what, ": ", instead) : SAY(buf, what);
}

static const char *hint_port(const char *port, char buf[HOST_HINT_MAX])
{
	char shown[64];

	if (port[0] == '\0') {
		return SAY(buf, "the port after ':' is missing");
	}
	if (is_number(port)) {
		return SAY(buf, "a port is a number from 1 to 65535");
	}
	return SAY(buf, "'", cut(shown, port, strlen(port)),
		   "' is not a port: a port is a number from 1 to 65535");
}

/* "http://host:80/path": its host and port. */
static const char *hint_url(const char *behind, char buf[HOST_HINT_MAX])
{
	char instead[64];

	return propose("this is a URL: give only its host and port",
		       cut(instead, behind, strcspn(behind, "/?#")), buf);
}

static const char *hint_brackets(const char *text, char buf[HOST_HINT_MAX])
{
	const char *close = strchr(text, ']');
	char inside[64], instead[HOST_HINT_MAX];

	if (!close) {
		return SAY(buf, "the ']' after the IPv6 address is missing");
	}
	cut(inside, text + 1, (size_t)(close - text - 1));
	if (is_number(close + 1)) {
		return propose("a ':' belongs between ']' and the port",
			       SAY(instead, "[", inside, "]:", close + 1), buf);
	}
	if (!strchr(inside, ':')) {
		return propose("brackets are for IPv6 addresses only",
			       SAY(instead, inside, close + 1), buf);
	}
	return close[1] == ':' ? hint_port(close + 2, buf)
			       : SAY(buf, "the text in brackets is not an IPv6 address");
}

static const char *hint_colons(const char *text, const char *colon, char buf[HOST_HINT_MAX])
{
	const char *const last = strrchr(text, ':');
	char instead[HOST_HINT_MAX], start[64];

	if (colon == text && last == colon) {
		return propose("the host before ':' is missing", SAY(instead, "localhost", text),
			       buf);
	}
	if (last == colon) {
		return is_number(cut(start, text, (size_t)(colon - text)))
			       ? SAY(buf, "a number is not a host")
			       : hint_port(colon + 1, buf);
	}
	if (last[1] == '\0') { /* "host:5600:" */
		return propose("there is one ':' too many at the end",
			       cut(start, text, (size_t)(last - text)), buf);
	}
	return SAY(buf, "it has more than one ':', and is not an IPv6 address");
}

static const char *hint_name(const char *text, char buf[HOST_HINT_MAX])
{
	if (text[0] == '-' || text[0] == '.') {
		return SAY(buf, "a name does not begin with '-' or '.'");
	}
	if (strlen(text) > PARSE_HOST_MAX) {
		return SAY(buf, "a name has at most 255 characters");
	}
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c > 0x7f) {
			return SAY(buf, "a name consists of ASCII letters, digits, '-', '.' and "
					"'_': write other letters in the xn-- form");
		}
	}
	return SAY(buf, "a name consists of letters, digits, '-', '.' and '_'");
}

/* Signs that are in no host and in no port. */
static const char *hint_sign(const char *text, char buf[HOST_HINT_MAX])
{
	const char *at = strchr(text, '@');
	char instead[64];

	if (text[strcspn(text, SPACES)] != '\0') {
		const char *begin = text + strspn(text, SPACES);

		return propose("there is a space in it",
			       cut(instead, begin, strcspn(begin, SPACES)), buf);
	}
	if (at) {
		return propose("give only a host, without a user",
			       cut(instead, at + 1, strlen(at + 1)), buf);
	}
	if (strchr(text, '/')) {
		return propose("give only a host, without a path or prefix",
			       cut(instead, text, strcspn(text, "/")), buf);
	}
	return strpbrk(text, ",;") ? SAY(buf, "separate several hosts by spaces") : NULL;
}

const char *host_hint(const char *text, char buf[HOST_HINT_MAX])
{
	const char *url = strstr(text, "://");
	const char *colon = strchr(text, ':');

	if (text[0] == '\0') {
		return SAY(buf, "it is empty");
	}
	if (url) {
		return hint_url(url + 3, buf);
	}
	if (hint_sign(text, buf)) {
		return buf;
	}
	if (text[0] == '[') {
		return hint_brackets(text, buf);
	}
	if (strchr(text, ']')) {
		return SAY(buf, "the '[' before the IPv6 address is missing");
	}
	if (is_number(text)) {
		return SAY(buf, "a number is not a host: is it the port, as in HOST:", text, "?");
	}
	return colon ? hint_colons(text, colon, buf) : hint_name(text, buf);
}
