/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_keeping.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "os/bound_publisher.h"
#include "os/clock_file.h"
#include "os/clock_system.h"
#include "os/log.h"

/* The keeper of a daemon that was killed keeps its clock until it has ended too, which is soon. */
#define KEPT_TRIES    50
#define KEPT_PAUSE_US 10000

static const char *name_of(const struct clock_keeping *k)
{
	return k->file ? k->file : "the system clock";
}

static int refuse_kept(const struct clock_keeping *k, const struct clock_keeper *by)
{
	log_error(
		"%s is kept by %s, pid %ld: only one program may correct a clock, so end that one "
		"first",
		name_of(k), clock_keeper_name(by->kind), by->pid);
	return -EBUSY;
}

static bool stays_kept(struct clock *clock, struct clock_keeper *by)
{
	for (int i = 0; i < KEPT_TRIES; i++) {
		if (!clock_is_kept(clock, by)) {
			return false;
		}
		usleep(KEPT_PAUSE_US);
	}
	return true;
}

static int check_privilege(const struct clock_keeping *k, struct clock *clock)
{
	const int rc = clock_may_adjust(clock);

	if (rc == -EPERM || rc == -EACCES) {
		log_error("no permission to set the system clock, which %s is to keep right: start "
			  "timesyncd as root, with --user NAME, or give it a clock file by --clock "
			  "FILE (see 'timesync clock create')",
			  k->keeper);
	} else if (rc != 0) {
		log_error("the clock cannot be set here: %s", strerror(-rc));
	}
	return rc;
}

/* Refuse a clock that another program steers already, unless the user asked for it. */
static int face_rival(const struct clock_keeping *k, struct clock *clock)
{
	struct clock_rival rival;
	char text[CLOCK_RIVAL_TEXT_MAX];
	int rc;

	if (!clock_has_rival(clock, &rival)) {
		return 0;
	}
	if (!k->force) {
		log_error("the system clock cannot be kept by %s: %s; only one program may correct "
			  "a clock: end that one first, or take the clock with --force",
			  k->keeper, clock_rival_text(&rival, text));
		return -EBUSY;
	}
	log_warning("%s takes the system clock, although %s", k->keeper,
		    clock_rival_text(&rival, text));
	rc = clock_take_over(clock);
	if (rc != 0) {
		log_error("cannot take the system clock: %s", clock_error_text(rc));
	}
	return rc;
}

static int open_clock(const char *file, bool writable, struct clock **out)
{
	const char *why;
	int rc = 0;

	*out = NULL;
	if (!file) {
		*out = clock_system();
	} else {
		rc = clock_file_open(out, file, writable, &why);
	}
	if (rc != 0) {
		log_error("%s: %s", file, why);
	}
	return rc;
}

int clock_keeping_read(const char *file, struct clock **out)
{
	return open_clock(file, false, out);
}

int clock_keeping_open(const struct clock_keeping *k, struct clock **out)
{
	struct clock_keeper by;
	int rc = open_clock(k->file, true, out);

	if (rc == 0) {
		rc = check_privilege(k, *out);
	}
	if (rc == 0 && stays_kept(*out, &by)) {
		rc = refuse_kept(k, &by);
	}
	return rc == 0 ? face_rival(k, *out) : rc;
}

/* A page that is there remains a page; nothing is known on a new one. */
static int give_page(const struct clock_keeping *k, uid_t uid, gid_t gid)
{
	struct bound_publisher publisher;
	char path[PATH_MAX];
	int rc = bound_page_path(k->file, path, sizeof(path));

	if (rc == 0) {
		bound_publisher_begin(&publisher, path);
		rc = bound_publisher_give(&publisher, uid, gid);
		bound_publisher_end(&publisher);
	}
	return rc;
}

void clock_keeping_give(const struct clock_keeping *k, uid_t uid, gid_t gid)
{
	int rc;

	if (!k->file && clock_system_give(uid, gid) != 0) {
		log_warning("other programs of timesync will not see that %s keeps the system "
			    "clock: /run/timesync.lock cannot be given to its user",
			    k->keeper);
	}
	rc = give_page(k, uid, gid);
	if (rc != 0) {
		log_debug("the page of the clock's bound remains ours: %s", strerror(-rc));
	}
}

int clock_keeping_begin(const struct clock_keeping *k, struct clock *clock,
			enum clock_keeper_kind as)
{
	struct clock_keeper by;
	int rc = check_privilege(k, clock);

	if (rc == 0) {
		rc = clock_keep(clock, as, &by);
		if (rc == -EBUSY) {
			return refuse_kept(k, &by);
		}
		if (rc != 0) {
			log_error("%s cannot be locked: %s", name_of(k), strerror(-rc));
		}
	}
	return rc;
}

static int end_slew(struct clock *clock)
{
	int64_t frequency_ppb, slew_ppb = 0;
	struct clock_mark mark;
	int rc = clock_mark(clock, &mark);

	if (rc == 0) {
		rc = clock_frequency_apart(clock, &frequency_ppb, &slew_ppb);
	}
	if (rc == 0 && slew_ppb != 0) {
		rc = clock_set_frequency_since(clock, &mark, frequency_ppb);
	}
	return rc;
}

static bool may_pass(int rc)
{
	return rc == -ESTALE || rc == -EBUSY;
}

int clock_keeping_end_slew(struct clock *clock)
{
	int rc = end_slew(clock);

	for (int i = 1; i < KEPT_TRIES && may_pass(rc); i++) {
		usleep(KEPT_PAUSE_US);
		rc = end_slew(clock);
	}
	return may_pass(rc) ? 0 : rc;
}
