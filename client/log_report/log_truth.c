/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/log_report/log_truth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "measure/fields.h"
#include "print/words.h"
#include "core/arith.h"
#include "os/clock_file.h"
#include "os/clock_system.h"

int log_truth_open(struct log_truth *t, const char *name, const char **why)
{
	struct clock_file_state state;
	int rc;

	*t = (struct log_truth){ .since = 0 };
	if (strcmp(name, "system") == 0) {
		t->clock = clock_system();
		return 0;
	}
	rc = clock_file_open(&t->clock, name, false, why);
	if (rc == 0) {
		clock_file_state(t->clock, &state);
		t->since = state.set_at;
	}
	return rc;
}

void log_truth_close(struct log_truth *t)
{
	clock_close(t->clock);
	t->clock = NULL;
}

bool log_truth_at(const struct log_truth *t, ts_ns at, ts_ns system_at, dur_ns *offset)
{
	if (!t->clock || system_at == 0 || system_at < t->since) {
		return false;
	}
	*offset = clock_from_kernel(t->clock, system_at) - at;
	return true;
}

void log_truth_add(struct log_truth_sum *sum, dur_ns truth, dur_ns offset, dur_ns max_error)
{
	const dur_ns error = offset - truth;

	sum->n++;
	sum->beyond += arith_abs(error) > max_error;
	sum->furthest = arith_abs(truth) > arith_abs(sum->furthest) ? truth : sum->furthest;
	sum->error = arith_abs(error) > arith_abs(sum->error) ? error : sum->error;
	sum->squares += ((double)truth / NS_PER_SEC) * ((double)truth / NS_PER_SEC);
}

static dur_ns rms(const struct log_truth_sum *sum)
{
	return (dur_ns)(sqrt(sum->squares / (double)sum->n) * NS_PER_SEC);
}

void log_truth_print(const struct log_truth_sum *sum, size_t all, int width)
{
	char root[WORDS_MAX], furthest[WORDS_MAX], error[WORDS_MAX];

	printf("%-*s", width, "truth");
	if (sum->n == 0) {
		printf("unknown: the clock was adjusted since, or the log has no system_ns\n");
		return;
	}
	printf("known at %zu of %zu measurements: the local clock was\n", sum->n, all);
	printf("%-*s%s off (root mean square), %s at worst\n", width, "",
	       words_duration(rms(sum), root), words_offset(sum->furthest, furthest));
	printf("%-*sthe measured offset was wrong by %s at most,\n", width, "",
	       words_duration(sum->error, error));
	printf("%-*sand %zu time%s by more than its bound\n", width, "", sum->beyond,
	       sum->beyond == 1 ? "" : "s");
}

json_t *log_truth_json(const struct log_truth_sum *sum)
{
	if (sum->n == 0) {
		return json_null();
	}
	return json_pack("{s:I s:I s:o s:o s:o}", "measurements", (json_int_t)sum->n,
			 "beyond_bound", (json_int_t)sum->beyond, "offset_rms_s",
			 fields_seconds(rms(sum)), "offset_furthest_s",
			 fields_seconds(sum->furthest), "error_furthest_s",
			 fields_seconds(sum->error));
}
