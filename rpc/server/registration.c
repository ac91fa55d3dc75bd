/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/registration.h"

#include <errno.h>
#include <rpc/rpcb_prot.h>
#include <stdio.h>
#include <string.h>

#include "rpc/server/rival.h"

#define RPCBIND_TIMEOUT (2 * NS_PER_SEC)
/* Longer than any server on this machine needs. */
#define PROBE_TIMEOUT (NS_PER_SEC / 2)

/* The process that listens on the connected socket. */
static struct registration_rpcbind identify(CLIENT *rpcbind)
{
	struct registration_rpcbind known = { .pid = 0 };
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct stat st;
	int fd;

	if (clnt_control(rpcbind, CLGET_FD, (char *)&fd) &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
		known.pid = peer.pid;
	}
	if (stat(_PATH_RPCBINDSOCK, &st) == 0) {
		known.inode = st.st_ino;
		known.made = st.st_ctim;
	}
	return known;
}

static bool is_same(const struct registration_rpcbind *a, const struct registration_rpcbind *b)
{
	return a->pid == b->pid && a->inode == b->inode && a->made.tv_sec == b->made.tv_sec &&
	       a->made.tv_nsec == b->made.tv_nsec;
}

/* A handle on rpcbind; one that was not met before is looked at first. 0 or -errno. */
static int meet(struct registration *r, CLIENT **out)
{
	struct registration_rpcbind here;
	const int rc = rpcbind_open_local(out, r->clock, RPCBIND_TIMEOUT);

	if (rc != 0) {
		return rc;
	}
	here = identify(*out);
	if (!is_same(&here, &r->rpcbind)) {
		r->rpcbind = here;
		r->registered = false;
		r->elsewhere = rpcbind_is_elsewhere(*out, r->clock, PROBE_TIMEOUT);
	}
	return 0;
}

static void fail(struct registration_result *out, int error)
{
	out->state = REGISTRATION_FAILED;
	out->error = error;
}

/*
 * The registration at a place: the port as any client is told, and the rest as far as rpcbind's
 * list can be read. 0, or -ENOENT when it cannot be known.
 */
static int find_holder(const struct registration *r, const struct registration_place *p,
		       struct rpcbind_entry *holder)
{
	struct address at;
	uint16_t port;
	CLIENT *rpcbind;
	int rc = rpcbind_open_local(&rpcbind, r->clock, PROBE_TIMEOUT);

	if (rc == 0) { /* not the caller's: too long a list would be the end of it */
		rc = rpcbind_lookup(rpcbind, r->prog, r->vers, p->netid, holder);
		clnt_destroy(rpcbind);
	}
	if (rc == 0) {
		return 0;
	}
	rc = rpcbind_port_here(&port, r->prog, r->vers, p->netid, r->clock, PROBE_TIMEOUT);
	*holder = (struct rpcbind_entry){ .vers = r->vers, .netid = p->netid };
	snprintf(holder->owner, sizeof(holder->owner), "unknown");
	if (rc == 0) {
		at = address_any(p->netid->family, port);
		address_to_uaddr(&at, holder->uaddr);
	}
	return rc == 0 ? 0 : -ENOENT;
}

/* Another address is registered there. Take the place if no live server holds it. */
static bool contest(struct registration *r, CLIENT *rpcbind, const struct registration_place *p,
		    struct registration_result *out)
{
	const int found = find_holder(r, p, &out->holder);
	int rc;

	out->netid = p->netid;
	if (found == 0 &&
	    rival_lives(r->prog, r->vers, p->netid, out->holder.uaddr, r->clock, PROBE_TIMEOUT)) {
		out->state = REGISTRATION_TAKEN;
		return false;
	}
	rc = rpcbind_unset(rpcbind, r->prog, r->vers, p->netid);
	if (rc == 0) {
		rc = rpcbind_set(rpcbind, r->prog, r->vers, p->netid, &p->at);
	}
	if (rc == -EEXIST) { /* it says no, and no more than that */
		out->state =
			out->holder.uaddr[0] != '\0' ? REGISTRATION_STALE : REGISTRATION_DENIED;
	} else if (rc != 0) {
		fail(out, rc);
	}
	return rc == 0;
}

/* See to one place. False, with the reason in `out`, when it cannot be had. */
static bool renew_place(struct registration *r, CLIENT *rpcbind, const struct registration_place *p,
			struct registration_result *out)
{
	const int rc = rpcbind_set(rpcbind, r->prog, r->vers, p->netid, &p->at);

	if (rc == 0) {
		return true;
	}
	if (rc != -EEXIST) {
		fail(out, rc);
		return false;
	}
	if (!contest(r, rpcbind, p, out)) {
		return false;
	}
	out->state = REGISTRATION_MADE;
	out->robbed = r->registered;
	return true;
}

struct registration_result registration_renew(struct registration *r)
{
	struct registration_result out = { .state = REGISTRATION_KEPT };
	CLIENT *rpcbind;
	const int rc = meet(r, &rpcbind);
	bool all = true;

	if (rc != 0) {
		r->registered = false;
		out.state = REGISTRATION_NO_RPCBIND;
		out.error = rc;
		return out;
	}
	if (r->elsewhere) {
		out.state = REGISTRATION_ELSEWHERE;
		all = false;
	}
	for (size_t i = 0; all && i < r->n; i++) {
		all = renew_place(r, rpcbind, &r->places[i], &out);
	}
	if (all && !r->registered) {
		out.state = REGISTRATION_MADE;
	}
	r->registered = all;
	clnt_destroy(rpcbind);
	return out;
}

void registration_withdraw(struct registration *r)
{
	CLIENT *rpcbind;
	int rc = meet(r, &rpcbind);

	if (rc != 0) {
		return;
	}
	for (size_t i = 0; !r->elsewhere && i < r->n && rc != -ETIMEDOUT; i++) {
		const struct registration_place *p = &r->places[i];

		/* Whether it is ours: rpcbind says yes to our address only. */
		rc = rpcbind_set(rpcbind, r->prog, r->vers, p->netid, &p->at);
		if (rc == 0) {
			rc = rpcbind_unset(rpcbind, r->prog, r->vers, p->netid);
		}
	}
	r->registered = false;
	clnt_destroy(rpcbind);
}
