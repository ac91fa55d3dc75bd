#include "rpc/registration.h"

#include <errno.h>
#include <string.h>

#include "rpc/wire.h"

#define RPCBIND_TIMEOUT (2 * NS_PER_SEC)
/* Longer than any server on this machine needs. */
#define PROBE_TIMEOUT (NS_PER_SEC / 2)

/* What a call to a registered address of this machine says about the server behind it. */
static bool shows_life(CLIENT *client, enum clnt_stat status)
{
	struct rpc_err error;

	switch ((int)status) {
	case RPC_PROGUNAVAIL:
	case RPC_PROGVERSMISMATCH: /* another program has its port now */
		return false;
	case RPC_CANTSEND:
	case RPC_CANTRECV:
		clnt_geterr(client, &error);
		return error.re_errno != ECONNREFUSED;
	default:
		return true;
	}
}

/*
 * Whether somebody is at that registered address. One that is silent, or hangs up, may be stopped,
 * or serve other hosts than this one: it counts.
 */
static bool is_alive(const struct registration *r, const struct netid *netid, const char *uaddr)
{
	static const struct timeval stub_timeout;
	struct call_target target = {
		.socktype = netid->socktype,
		.prog = r->prog,
		.vers = r->vers,
	};
	CLIENT *client;
	bool alive;
	int rc;

	if (!address_from_uaddr(&target.to, netid->family, uaddr)) {
		return false;
	}
	if (address_is_any(&target.to)) {
		target.to = address_loopback(netid->family, address_port(&target.to));
	}
	rc = call_open(&client, &target, r->clock, PROBE_TIMEOUT);
	if (rc != 0) {
		return rc == -ETIMEDOUT;
	}
	alive = shows_life(client, clnt_call(client, NULLPROC, wire_void, NULL, wire_void, NULL,
					     stub_timeout));
	clnt_destroy(client);
	return alive;
}

static bool is_ours(const struct registration_place *p, const struct rpcbind_entry *e)
{
	char uaddr[ADDRESS_TEXT_MAX];

	return strcmp(address_to_uaddr(&p->at, uaddr), e->uaddr) == 0;
}

static void fail(struct registration_result *out, int error)
{
	out->state = REGISTRATION_FAILED;
	out->error = error;
}

/* Remove an entry that is not ours, if nobody is behind it. True when the place is free then. */
static bool clear_place(const struct registration *r, CLIENT *rpcbind, const struct netid *netid,
			struct registration_result *out)
{
	int rc;

	out->netid = netid;
	if (is_alive(r, netid, out->holder.uaddr)) {
		out->state = REGISTRATION_TAKEN;
		return false;
	}
	rc = rpcbind_unset(rpcbind, r->prog, r->vers, netid);
	if (rc == -EPERM) {
		out->state = REGISTRATION_STALE;
	} else if (rc != 0) {
		fail(out, rc);
	}
	return rc == 0;
}

/* See to one place. False, with the reason in `out`, when it cannot be had. */
static bool renew_place(const struct registration *r, CLIENT *rpcbind,
			const struct registration_place *p, struct registration_result *out)
{
	int rc = rpcbind_lookup(rpcbind, r->prog, r->vers, p->netid, &out->holder);

	if (rc == 0) {
		if (is_ours(p, &out->holder)) {
			return true;
		}
		if (!clear_place(r, rpcbind, p->netid, out)) {
			return false;
		}
	} else if (rc != -ENOENT) {
		fail(out, rc);
		return false;
	}
	rc = rpcbind_set(rpcbind, r->prog, r->vers, p->netid, &p->at);
	if (rc != 0) {
		fail(out, rc);
		return false;
	}
	out->state = REGISTRATION_MADE;
	return true;
}

struct registration_result registration_renew(const struct registration *r)
{
	struct registration_result out = { .state = REGISTRATION_KEPT };
	CLIENT *rpcbind;
	int rc = rpcbind_open_local(&rpcbind, r->clock, RPCBIND_TIMEOUT);

	if (rc != 0) {
		out.state = REGISTRATION_NO_RPCBIND;
		out.error = rc;
		return out;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (!renew_place(r, rpcbind, &r->places[i], &out)) {
			break;
		}
	}
	clnt_destroy(rpcbind);
	return out;
}

void registration_withdraw(const struct registration *r)
{
	CLIENT *rpcbind;

	if (rpcbind_open_local(&rpcbind, r->clock, RPCBIND_TIMEOUT) != 0) {
		return;
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct registration_place *p = &r->places[i];
		struct rpcbind_entry e;

		if (rpcbind_lookup(rpcbind, r->prog, r->vers, p->netid, &e) == 0 &&
		    is_ours(p, &e)) {
			(void)rpcbind_unset(rpcbind, r->prog, r->vers, p->netid);
		}
	}
	clnt_destroy(rpcbind);
}
