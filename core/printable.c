/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ELLIPSIS "..."

static bool continues(unsigned char octet)
{
	return (octet & 0xc0) == 0x80;
}

/*
 * The character of UTF-8 (RFC 3629) that begins there, and of how many octets it is: at least one,
 * and never past the end of the text. False if it is invalid; surrogates and overlong encodings
 * are.
 */
static bool next_character(const char *text, uint32_t *code, size_t *octets)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	*octets = 1;
	*code = n == 1 ? s[0] : s[0] & (0x7fU >> n);
	if (n == 0 || s[0] > 0xf4) {
		return false;
	}
	for (size_t i = 1; i < n; i++) {
		if (!continues(s[i])) { /* as the end does not */
			return false;
		}
		*code = *code << 6 | (s[i] & 0x3fU);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff)) {
		return false;
	}
	*octets = n;
	return true;
}

static bool is_shown(uint32_t code)
{
	const bool control = code < ' ' || (code >= 0x7f && code < 0xa0);
	const bool separator_or_direction = code >= 0x2028 && code <= 0x202e;
	const bool isolate = code >= 0x2066 && code <= 0x2069;

	return !control && !separator_or_direction && !isolate;
}

char *printable_mask(char *text)
{
	char *to = text;
	uint32_t code;
	size_t octets;

	for (const char *from = text; *from != '\0'; from += octets) {
		if (next_character(from, &code, &octets) && is_shown(code)) {
			memmove(to, from, octets);
			to += octets;
		} else {
			*to++ = '?';
		}
	}
	*to = '\0';
	return text;
}

char *printable_copy(char *buf, size_t size, const char *text)
{
	const size_t length = strlen(text);
	size_t n = length;

	if (length >= size) {
		n = size - sizeof(ELLIPSIS);
		while (n > 0 && continues((unsigned char)text[n])) { /* no half of a character */
			n--;
		}
	}
	memcpy(buf, text, n);
	strcpy(buf + n, length >= size ? ELLIPSIS : "");
	return printable_mask(buf);
}
