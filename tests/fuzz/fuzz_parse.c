/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * User input: durations, numbers, frequencies, hosts; and universal addresses from an rpcbind.
 * Every accepted text has a plain spelling, which is parsed to the same value.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/host_hint.h"
#include "core/parse.h"
#include "rpc/address.h"
#include "tests/fuzz/fuzz.h"

#define UNTOUCHED INT64_C(-77777777777)
#define MAX_TEXT  400

__extension__ typedef unsigned __int128 uint128;

/* 20 digits, times an hour in ns, fit 128 bits. */
#define MAX_DIGITS 20

static bool is_expected(int rc, int64_t value)
{
	return rc == 0 || ((rc == -EINVAL || rc == -ERANGE) && value == UNTOUCHED);
}

static uint128 unit_ns(const char *suffix)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "", NS_PER_SEC },        { "s", NS_PER_SEC }, { "ms", NS_PER_MS },
		      { "us", NS_PER_US },       { "ns", 1 },         { "min", 60 * NS_PER_SEC },
		      { "h", 3600 * NS_PER_SEC } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(suffix, units[i].name) == 0) {
			return (uint128)units[i].ns;
		}
	}
	fuzz_fail("it ends in a unit", __FILE__, __LINE__);
}

/* It is exactly what the digits say, in whole nanoseconds. */
static void check_exact(const char *text, int64_t value)
{
	uint128 digits = 0, scale = 1;
	size_t n = 0;
	bool fraction = false;

	for (text += text[0] == '-'; (*text >= '0' && *text <= '9') || *text == '.'; text++) {
		if (*text == '.') {
			fraction = true;
			continue;
		}
		digits = digits * 10U + (unsigned)(*text - '0');
		scale *= fraction ? 10U : 1U;
		if (++n > MAX_DIGITS) {
			return;
		}
	}
	FUZZ_REQUIRE(digits * unit_ns(text) == (uint128)imaxabs(value) * scale);
}

static void check_duration(const char *text)
{
	int64_t value = UNTOUCHED, again;
	int rc = parse_duration(text, &value);
	char plain[32];

	FUZZ_REQUIRE(is_expected(rc, value));
	if (rc == 0) {
		FUZZ_REQUIRE(value > -TS_LIMIT && value < TS_LIMIT);
		snprintf(plain, sizeof(plain), "%" PRId64 "ns", value);
		FUZZ_REQUIRE(parse_duration(plain, &again) == 0 && again == value);
		check_exact(text, value);
	}
}

static void check_int(const char *text, int64_t min, int64_t max)
{
	int64_t value = UNTOUCHED;
	int rc = parse_int(text, min, max, &value);
	char *end;

	FUZZ_REQUIRE(is_expected(rc, value));
	if (rc == 0) {
		FUZZ_REQUIRE(value >= min && value <= max);
		FUZZ_REQUIRE(strtoll(text, &end, 10) == value && *end == '\0');
	}
}

static void check_ppm(const char *text)
{
	int64_t value = UNTOUCHED, again;
	int rc = parse_ppm(text, &value);
	char plain[32];

	FUZZ_REQUIRE(is_expected(rc, value));
	if (rc == 0) {
		FUZZ_REQUIRE(value >= -100000000 && value <= 100000000);
		snprintf(plain, sizeof(plain), "%s%" PRId64 ".%03" PRId64 "ppm",
			 value < 0 ? "-" : "", imaxabs(value) / 1000, imaxabs(value) % 1000);
		FUZZ_REQUIRE(parse_ppm(plain, &again) == 0 && again == value);
	}
}

static void check_host(const char *text)
{
	struct parse_host host, again;
	char plain[sizeof(host.name) + 16], hint[HOST_HINT_MAX];
	int rc;

	memset(&host, 0xa5, sizeof(host));
	again = host;
	rc = parse_host(text, &host);
	if (rc != 0) {
		FUZZ_REQUIRE(rc == -EINVAL || rc == -ERANGE || rc == -ENAMETOOLONG);
		FUZZ_REQUIRE(strlen(host_hint(text, hint)) > 0);
		FUZZ_REQUIRE(memcmp(&host, &again, sizeof(host)) == 0);
		return;
	}
	FUZZ_REQUIRE(host.name[0] != '\0' && strlen(host.name) <= PARSE_HOST_MAX);
	FUZZ_REQUIRE(strstr(text, host.name) != NULL);
	snprintf(plain, sizeof(plain), strchr(host.name, ':') ? "[%s]:%u" : "%s:%u", host.name,
		 host.port == 0 ? 1U : host.port);
	FUZZ_REQUIRE(parse_host(plain, &again) == 0);
	FUZZ_REQUIRE(strcmp(again.name, host.name) == 0);
	FUZZ_REQUIRE(again.port == (host.port == 0 ? 1 : host.port));
}

static void check_uaddr(const char *text, int family)
{
	struct address a, again;
	char plain[ADDRESS_TEXT_MAX];

	if (address_from_uaddr(&a, family, text)) {
		FUZZ_REQUIRE(a.sa.ss_family == family);
		address_to_uaddr(&a, plain);
		FUZZ_REQUIRE(address_from_uaddr(&again, family, plain));
		FUZZ_REQUIRE(address_port(&again) == address_port(&a));
	}
}

static void check_address(const char *text)
{
	struct address a, again;
	char plain[ADDRESS_TEXT_MAX];

	if (address_parse(&a, text)) {
		FUZZ_REQUIRE(address_port(&a) == 0);
		address_host_text(&a, plain);
		FUZZ_REQUIRE(address_parse(&again, plain));
		FUZZ_REQUIRE(again.len == a.len && memcmp(&again.sa, &a.sa, a.len) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t n = size < MAX_TEXT ? size : MAX_TEXT;
	char *text = malloc(n + 1); /* of just this length: a sanitizer watches its end */

	FUZZ_REQUIRE(text);
	memcpy(text, data, n);
	text[n] = '\0';
	check_duration(text);
	check_int(text, INT64_MIN, INT64_MAX);
	check_int(text, -10, 65535);
	check_ppm(text);
	check_host(text);
	check_uaddr(text, AF_INET);
	check_uaddr(text, AF_INET6);
	check_address(text);
	free(text);
	return 0;
}
