/* SPDX-License-Identifier: BSD-3-Clause */
/* Estimators: what must hold for any samples, tried on many random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/estimate.h"
#include "tests/support/random.h"

#define LAST        (TS_LIMIT - 1)
#define CASES       50000
#define MAX_SAMPLES 12

/*
 * Two clocks: the remote one shows `local + ahead + drift` at the instant when the local one shows
 * `local`, the drift beginning at `start`.
 */
struct world {
	ts_ns start;
	dur_ns ahead;
	int64_t drift_ppb;
};

static dur_ns true_offset(const struct world *w, ts_ns local)
{
	return w->ahead + (local - w->start) * w->drift_ppb / NS_PER_SEC;
}

static ts_ns remote_at(const struct world *w, ts_ns local)
{
	return local + true_offset(w, local);
}

/* The duration of an exchange, in ns of the local clock. */
struct ways {
	dur_ns there, served, back;
};

static struct sample exchange(const struct world *w, enum sample_kind kind, ts_ns t1,
			      struct ways ways)
{
	ts_ns received = t1 + ways.there;
	ts_ns sent = received + (kind == SAMPLE_TIME ? 0 : ways.served);

	return (struct sample){
		.kind = kind,
		.t1 = t1,
		.t2 = remote_at(w, received),
		.t3 = remote_at(w, sent),
		.t4 = sent + ways.back,
	};
}

/* Ways of any lengths, each at least `least`, that take at most `room`. */
static struct ways random_ways(struct random *r, dur_ns least, dur_ns room)
{
	struct ways w = { 0, 0, 0 };

	room -= 2 * least;
	w.there = random_of_any_size(r, room);
	w.served = random_of_any_size(r, room - w.there);
	w.back = random_of_any_size(r, room - w.there - w.served);
	w.there += least;
	w.back += least;
	return w;
}

/* Both kinds are always among them. */
static enum sample_kind random_kind(struct random *r, size_t i)
{
	return i == 0 || (i > 1 && random_between(r, 0, 1)) ? SAMPLE_TIMESTAMPS : SAMPLE_TIME;
}

static bool bound_holds(const struct world *w, enum estimate_method method,
			const struct sample *samples, size_t n,
			const struct estimate_options *options)
{
	struct estimate e;

	if (estimate_make(&e, method, samples, n, options)) {
		return false;
	}
	dur_ns error = e.offset - true_offset(w, e.at);
	return error <= e.max_error && -error <= e.max_error;
}

static bool bounds_hold(const struct world *w, const struct sample *samples, size_t n,
			const struct estimate_options *options)
{
	return bound_holds(w, ESTIMATE_MEAN, samples, n, options) &&
	       bound_holds(w, ESTIMATE_CRISTIAN, samples, n, options) &&
	       bound_holds(w, ESTIMATE_NTP, samples, n, options) &&
	       bound_holds(w, ESTIMATE_MINIMUM, samples, n, options);
}

/* Clocks that keep their distance, anywhere in the accepted range. */
static bool bounds_hold_without_drift(struct random *r)
{
	ts_ns local = random_between(r, 0, LAST);
	ts_ns remote = random_between(r, 0, LAST);
	const struct world w = { .start = local, .ahead = remote - local };
	dur_ns room = LAST - (local > remote ? local : remote);
	const struct estimate_options options = {
		.min_one_way = random_between(r, 0, 1) ? random_of_any_size(r, room / 8) : 0,
	};
	struct sample samples[MAX_SAMPLES];
	size_t n = (size_t)random_between(r, 2, MAX_SAMPLES);

	for (size_t i = 0; i < n; i++) {
		dur_ns later = random_of_any_size(r, room / 2);
		struct ways ways = random_ways(r, options.min_one_way, room - later);
		samples[i] = exchange(&w, random_kind(r, i), local + later, ways);
	}
	return bounds_hold(&w, samples, n, &options);
}

/* Clocks that drift apart steadily, no faster than said: up to 500 ppm, over some hours. */
static bool bounds_hold_with_drift(struct random *r)
{
	const int64_t max_ppb = random_of_any_size(r, 500000);
	const dur_ns hour = 3600 * NS_PER_SEC;
	const ts_ns start = 1000000 * NS_PER_SEC;
	const struct world w = {
		.start = start,
		.ahead = random_between(r, -hour, hour),
		.drift_ppb = random_between(r, -max_ppb, max_ppb),
	};
	const struct estimate_options options = { .max_drift_ppb = max_ppb };
	struct sample samples[MAX_SAMPLES];
	size_t n = (size_t)random_between(r, 2, MAX_SAMPLES);

	for (size_t i = 0; i < n; i++) {
		struct ways ways = random_ways(r, 0, hour);
		/* More than the drift takes away, or the sample would be refused, as it should. */
		ways.there += ways.served / 1000 + 1;
		ts_ns t1 = start + random_of_any_size(r, hour);
		samples[i] = exchange(&w, random_kind(r, i), t1, ways);
	}
	return bounds_hold(&w, samples, n, &options);
}

static bool is_exact(const struct world *w, enum estimate_method method,
		     const struct sample *samples, size_t n)
{
	const struct estimate_options options = { .min_one_way = 0 };
	struct estimate e;

	return estimate_make(&e, method, samples, n, &options) == 0 && e.offset == w->ahead;
}

/* As long there as back, the same in every exchange (the mean needs that too). */
static bool symmetric_delay_is_exact(struct random *r)
{
	ts_ns local = random_between(r, 0, LAST);
	ts_ns remote = random_between(r, 0, LAST);
	const struct world w = { .start = local, .ahead = remote - local };
	dur_ns room = LAST - (local > remote ? local : remote);
	dur_ns way = random_of_any_size(r, room / 4);
	struct sample samples[MAX_SAMPLES];
	size_t n = (size_t)random_between(r, 2, MAX_SAMPLES);

	for (size_t i = 0; i < n; i++) {
		dur_ns later = random_of_any_size(r, room / 4);
		dur_ns served = random_of_any_size(r, room / 4);
		const struct ways ways = { .there = way, .served = served, .back = way };
		samples[i] = exchange(&w, random_kind(r, i), local + later, ways);
	}
	return is_exact(&w, ESTIMATE_MEAN, samples, n) &&
	       is_exact(&w, ESTIMATE_CRISTIAN, samples, n) &&
	       is_exact(&w, ESTIMATE_NTP, samples, n) && is_exact(&w, ESTIMATE_MINIMUM, samples, n);
}

static void shuffle(struct random *r, struct sample *samples, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)random_between(r, 0, (int64_t)i - 1);
		struct sample s = samples[i - 1];
		samples[i - 1] = samples[j];
		samples[j] = s;
	}
}

static bool same_result(enum estimate_method method, const struct sample *a, const struct sample *b,
			size_t n, const struct estimate_options *options)
{
	struct estimate x = { .used = 0 };
	struct estimate y = { .used = 0 };

	return estimate_make(&x, method, a, n, options) ==
		       estimate_make(&y, method, b, n, options) &&
	       x.offset == y.offset && x.delay == y.delay && x.max_error == y.max_error &&
	       x.at == y.at && x.used == y.used;
}

/*
 * Stamps from so small a range that many are equal, many delays are, and many samples are unusable
 * or contradict each other.
 */
static bool order_does_not_matter(struct random *r)
{
	const struct estimate_options options = {
		.min_one_way = random_between(r, -1, 2),
		.max_drift_ppb = random_between(r, 0, 2) * NS_PER_SEC / 2,
	};
	struct sample a[MAX_SAMPLES], b[MAX_SAMPLES];
	size_t n = (size_t)random_between(r, 0, MAX_SAMPLES);

	for (size_t i = 0; i < n; i++) {
		ts_ns t2 = random_between(r, 0, 5);
		bool time = random_between(r, 0, 1);
		a[i] = (struct sample){
			.kind = time ? SAMPLE_TIME : SAMPLE_TIMESTAMPS,
			.t1 = random_between(r, -1, 5),
			.t2 = t2,
			.t3 = time ? t2 : random_between(r, 0, 5),
			.t4 = random_between(r, 2, 8),
		};
		b[i] = a[i];
	}
	shuffle(r, b, n);
	for (int m = 0; m < ESTIMATE_METHODS; m++) {
		if (!same_result((enum estimate_method)m, a, b, n, &options)) {
			return false;
		}
	}
	return true;
}

static void bound_without_drift(void **state)
{
	(void)state;
	assert_true(random_holds("bound, no drift", bounds_hold_without_drift, CASES));
}

static void bound_with_drift(void **state)
{
	(void)state;
	assert_true(random_holds("bound, drift", bounds_hold_with_drift, CASES));
}

static void symmetry(void **state)
{
	(void)state;
	assert_true(random_holds("symmetric delay", symmetric_delay_is_exact, CASES));
}

static void permutation(void **state)
{
	(void)state;
	assert_true(random_holds("permutation", order_does_not_matter, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bound_without_drift),
		cmocka_unit_test(bound_with_drift),
		cmocka_unit_test(symmetry),
		cmocka_unit_test(permutation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
