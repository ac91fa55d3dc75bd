/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "core/arith.h"

const char *time_text(ts_ns t, bool fraction, char buf[TIME_TEXT_MAX])
{
	const time_t seconds = (time_t)(t / NS_PER_SEC);
	char date[40], rest[24] = "";
	struct tm tm;

	if (fraction) {
		snprintf(rest, sizeof(rest), ".%09" PRId64, t % NS_PER_SEC);
	}
	if (gmtime_r(&seconds, &tm) && strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm) > 0) {
		snprintf(buf, TIME_TEXT_MAX, "%s%s UTC", date, rest);
	} else {
		snprintf(buf, TIME_TEXT_MAX, "unknown");
	}
	return buf;
}

const char *time_text_step(ts_ns now, dur_ns by, char buf[TIME_TEXT_STEP_MAX])
{
	char before[TIME_TEXT_MAX], after[TIME_TEXT_MAX];

	snprintf(buf, TIME_TEXT_STEP_MAX, "from %s to %s",
		 time_text(arith_max(now - by, 0), true, before), time_text(now, true, after));
	return buf;
}
