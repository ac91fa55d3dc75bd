/* SPDX-License-Identifier: BSD-3-Clause */
#include "exporter/series.h"

#include <inttypes.h>

#include "core/arith.h"
#include "core/printable.h"

/* Longer than any path or name in a label. */
#define LABEL_MAX 4200

#define BILLION UINT64_C(1000000000)

void series_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The value of a label: a path may have any octets, and a label only UTF-8. */
static void put_label(FILE *out, const char *label, const char *value)
{
	char copy[LABEL_MAX];

	fprintf(out, "%s=\"", label);
	for (const char *p = printable_copy(copy, sizeof(copy), value); *p != '\0'; p++) {
		if (*p == '\\' || *p == '"') {
			fputc('\\', out);
		}
		fputc(*p, out);
	}
	fputc('"', out);
}

void series_begin(FILE *out, const char *name, const char *label, const char *value)
{
	fprintf(out, "%s{", name);
	put_label(out, label, value);
}

void series_label(FILE *out, const char *label, const char *value)
{
	fputc(',', out);
	put_label(out, label, value);
}

void series_count(FILE *out, uint64_t value)
{
	fprintf(out, "} %" PRIu64 "\n", value);
}

void series_billionths(FILE *out, int64_t value)
{
	const uint64_t size = arith_magnitude(value);

	fprintf(out, "} %s%" PRIu64 ".%09" PRIu64 "\n", value < 0 ? "-" : "", size / BILLION,
		size % BILLION);
}
