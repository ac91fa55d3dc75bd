/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/discovery.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/bounded.h"

/* For a machine that is busy, before a question counts as held up. */
#define GRACE       NS_PER_SEC
#define NAMES_LIMIT (2 * NS_PER_SEC)
#define NOBODY      65534

/* One of the two questions. */
struct question {
	bool indirect;
	struct broadcast_answers answers;
};

struct asking {
	struct clock *clock;
	dur_ns wait;
};

/*
 * Give up what the process does not need, for it runs code that any host on the network can break
 * (see rpc/client/broadcast.h). False when a right could not be given up.
 */
static bool confine(void)
{
	const struct rlimit none = { 0, 0 };
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0)) {
		return false;
	}
	return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
	       dup2(null, STDERR_FILENO) >= 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
	       setrlimit(RLIMIT_FSIZE, &none) == 0 && setrlimit(RLIMIT_NPROC, &none) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void ask(void *record, void *context)
{
	const struct asking *a = context;
	struct question *q = record;

	if (!q->indirect) {
		broadcast_plain(&q->answers, EXCHANGE_PROGRAM, EXCHANGE_VERSION, a->clock, a->wait);
	} else if (confine()) {
		broadcast_indirect(&q->answers, EXCHANGE_PROGRAM, EXCHANGE_VERSION, a->wait);
	}
}

/* Whether the process that found it can have meant an address. */
static bool is_address(const struct address *a)
{
	return a->sa.ss_family == AF_INET && a->len == sizeof(struct sockaddr_in) &&
	       address_is_one_host(a);
}

static struct discovery_server *find(struct discovery *d, const struct address *at)
{
	for (size_t i = 0; i < d->n; i++) {
		if (address_is_same_host(at, &d->servers[i].at)) {
			return &d->servers[i];
		}
	}
	return NULL;
}

/* Whether somebody's answer to the indirect call names that host. */
static bool is_named(const struct broadcast_answers *indirect, const struct address *at)
{
	for (size_t i = 0; i < indirect->n && i < BROADCAST_MAX_ANSWERS; i++) {
		if (is_address(&indirect->from[i]) &&
		    address_is_same_host(at, &indirect->from[i])) {
			return true;
		}
	}
	return false;
}

/* A server is where an rpcbind that says so is; each host once. */
static void add(struct discovery *d, const struct address *at, bool indirect)
{
	if (address_port(at) == 0 || find(d, at)) {
		return;
	}
	d->found++;
	if (d->n < MEASURE_MAX_SERVERS) {
		d->servers[d->n++] = (struct discovery_server){ .at = *at, .indirect = indirect };
	}
}

static int by_address(const void *a, const void *b)
{
	const struct discovery_server *x = a, *y = b;
	const struct host one = address_host(&x->at), other = address_host(&y->at);

	return memcmp(&one, &other, sizeof(one));
}

void discovery_merge(struct discovery *out, const struct broadcast_answers *indirect,
		     const struct broadcast_answers *plain)
{
	out->indirect_known = indirect->ended != 0 && indirect->error == 0;
	out->error = plain->n == 0 && indirect->n == 0 ? plain->error : 0;
	out->rpcbinds = out->found = out->n = 0;
	for (size_t i = 0; i < plain->n && i < BROADCAST_MAX_ANSWERS; i++) {
		if (is_address(&plain->from[i])) {
			out->rpcbinds++;
			add(out, &plain->from[i], is_named(indirect, &plain->from[i]));
		}
	}
	qsort(out->servers, out->n, sizeof(out->servers[0]), by_address);
}

/* Ask both questions at the same time. 0 or -errno. */
static int broadcast(struct discovery *out, dur_ns wait, struct clock *clock)
{
	struct asking context = { .clock = clock, .wait = wait };
	struct question *questions = calloc(2, sizeof(*questions));
	int rc;

	if (!questions) {
		return -ENOMEM;
	}
	questions[0].indirect = true;
	rc = bounded_run(questions, 2, sizeof(*questions), ask, &context, clock, wait + GRACE);
	discovery_merge(out, &questions[0].answers, &questions[1].answers);
	free(questions);
	return rc;
}

static void find_name(void *record, void *context)
{
	struct discovery_server *s = record;
	struct parse_host host;
	char name[NI_MAXHOST];

	(void)context;
	if (getnameinfo((const struct sockaddr *)&s->at.sa, s->at.len, name, sizeof(name), NULL, 0,
			NI_NAMEREQD) == 0 &&
	    parse_host(name, &host) == 0) {
		memcpy(s->name, host.name, sizeof(s->name));
	}
}

static void measure_servers(struct discovery *d, const struct measure_options *options)
{
	const struct target_options how = { .family = AF_UNSPEC, .socktype = SOCK_DGRAM };
	struct parse_host hosts[MEASURE_MAX_SERVERS];

	memset(hosts, 0, sizeof(hosts));
	for (size_t i = 0; i < d->n; i++) {
		char address[ADDRESS_TEXT_MAX];

		address_host_text(&d->servers[i].at, address);
		memcpy(hosts[i].name, address, strlen(address) + 1);
		hosts[i].port = address_port(&d->servers[i].at);
	}
	d->jobs = measure_all(hosts, d->n, &how, options);
}

int discovery_make(struct discovery *out, dur_ns wait, const struct measure_options *options)
{
	int rc;

	memset(out, 0, sizeof(*out));
	out->networks = broadcast_networks();
	if (out->networks <= 0) {
		return 0;
	}
	rc = broadcast(out, wait, options->clock);
	if (rc == 0 && out->n > 0) {
		measure_servers(out, options);
		(void)bounded_run(out->servers, out->n, sizeof(out->servers[0]), find_name, NULL,
				  options->clock, NAMES_LIMIT);
		rc = out->jobs ? 0 : -ENOMEM;
	}
	return rc;
}

void discovery_free(struct discovery *d)
{
	measure_all_free(d->jobs, d->n);
	d->jobs = NULL;
}
