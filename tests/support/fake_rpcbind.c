/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fake_rpcbind.h"

#include <errno.h>
#include <netinet/in.h>
#include <rpc/rpc.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rpc/client/rpcbind.h"

const struct fake_registration *fake_rpcbind_find(const struct fake_rpcbind *r, uint32_t prog,
						  uint32_t vers, const char *netid)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct fake_registration *e = &r->list[i];

		if (e->prog == prog && e->vers == vers && strcmp(e->netid, netid) == 0) {
			return e;
		}
	}
	return NULL;
}

/* The arguments of SET, UNSET and GETADDR. */
static bool decode(const struct message *call, struct fake_registration *out)
{
	struct rpcb args = { .r_netid = NULL };
	uint8_t bytes[sizeof(call->bytes)];
	const size_t n = call->len - CALL_HEADER_SIZE;
	bool ok;
	XDR xdr;

	memcpy(bytes, call->bytes + CALL_HEADER_SIZE, n);
	memset(out, 0, sizeof(*out));
	xdrmem_create(&xdr, (char *)bytes, (u_int)n, XDR_DECODE);
	ok = xdr_rpcb(&xdr, &args) && xdr_getpos(&xdr) == n;
	if (ok) {
		out->prog = args.r_prog;
		out->vers = args.r_vers;
		snprintf(out->netid, sizeof(out->netid), "%s", args.r_netid);
		snprintf(out->uaddr, sizeof(out->uaddr), "%s", args.r_addr);
		snprintf(out->owner, sizeof(out->owner), "%s", args.r_owner);
	}
	xdr_free((xdrproc_t)xdr_rpcb, &args);
	return ok;
}

/* As the real one, which says yes to an existing registration. */
static bool set(struct fake_rpcbind *r, const struct fake_registration *e)
{
	const struct fake_registration *there = fake_rpcbind_find(r, e->prog, e->vers, e->netid);

	if (there && !r->refuses && strcmp(there->uaddr, e->uaddr) == 0) {
		return true;
	}
	if (r->refuses || fake_rpcbind_find(r, e->prog, e->vers, e->netid) ||
	    r->n == FAKE_RPCBIND_MAX) {
		return false;
	}
	r->list[r->n] = *e;
	strcpy(r->list[r->n++].owner, "superuser");
	return true;
}

static void unset(struct fake_rpcbind *r, const struct fake_registration *e)
{
	const struct fake_registration *there = fake_rpcbind_find(r, e->prog, e->vers, e->netid);

	if (there && !r->keeps) {
		r->list[there - r->list] = r->list[r->n - 1];
		r->n--;
	}
}

static void put_string(struct message *m, const char *s)
{
	message_opaque(m, s, strlen(s));
}

static void put_list(const struct fake_rpcbind *r, struct message *m)
{
	for (size_t i = 0; i < r->n; i++) {
		message_u32(m, 1);
		message_u32(m, r->list[i].prog);
		message_u32(m, r->list[i].vers);
		put_string(m, r->list[i].netid);
		put_string(m, r->list[i].uaddr);
		put_string(m, r->list[i].owner);
	}
	message_u32(m, 0);
}

static void put_results(struct fake_rpcbind *r, struct message *m)
{
	const struct fake_registration *there =
		fake_rpcbind_find(r, r->asked.prog, r->asked.vers, r->asked.netid);

	switch (r->asked_proc) {
	case RPCBPROC_SET:
		message_u32(m, set(r, &r->asked));
		break;
	case RPCBPROC_UNSET:
		unset(r, &r->asked);
		message_u32(m, 1); /* as the real one says in any case */
		break;
	case RPCBPROC_GETADDR:
	case RPCBPROC_GETVERSADDR:
		put_string(m, there ? there->uaddr : "");
		break;
	case RPCBPROC_DUMP:
		put_list(r, m);
		break;
	default:
		break;
	}
}

static bool has_arguments(uint32_t proc)
{
	return proc == RPCBPROC_SET || proc == RPCBPROC_UNSET || proc == RPCBPROC_GETADDR ||
	       proc == RPCBPROC_GETVERSADDR;
}

/* PMAPPROC_GETPORT, or NULL. */
static void put_port(struct fake_rpcbind *r, const struct message *call, struct message *m)
{
	const uint8_t *args = call->bytes + CALL_HEADER_SIZE;
	const bool tcp = r->asked_proc != NULLPROC && message_get_u32(args, 8) == IPPROTO_TCP;
	const struct fake_registration *there =
		r->asked_proc == NULLPROC
			? NULL
			: fake_rpcbind_find(r, message_get_u32(args, 0), message_get_u32(args, 4),
					    tcp ? "tcp" : "udp");
	struct address a;

	if (r->asked_proc != NULLPROC) {
		message_u32(m, there && address_from_uaddr(&a, AF_INET, there->uaddr)
				       ? address_port(&a)
				       : 0);
	}
}

/* A mark that claims 16 MiB, and some of them. */
static void claim_too_much(struct fake_server *s)
{
	struct message m = { .len = 0 };

	message_u32(&m, RECORD_LAST_FRAGMENT | 0x1000000);
	s->replied = true;
	sockets_send(s->connection, m.bytes, sizeof(m.bytes));
}

static void answer(struct fake_server *s, const struct message *call, void *arg)
{
	struct fake_rpcbind *r = arg;
	const uint32_t xid = message_get_u32(call->bytes, CALL_XID_AT);
	struct message reply = message_reply(xid, r->accept_stat);

	r->asked_proc = message_get_u32(call->bytes, CALL_PROC_AT);
	r->asked_vers = message_get_u32(call->bytes, CALL_VERS_AT);
	if (r->unheard > 0) {
		r->unheard--;
		return;
	}
	if (r->hangs_up) {
		fake_server_hang_up(s);
		return;
	}
	if (r->long_list && r->asked_proc == RPCBPROC_DUMP) {
		claim_too_much(s);
		return;
	}
	if (r->asked_vers > (r->speaks ? r->speaks : RPCBVERS4)) {
		message_set_u32(&reply, REPLY_ACCEPT_STAT_AT, PROG_MISMATCH);
		message_u32(&reply, PMAPVERS);
		message_u32(&reply, r->speaks);
	} else if (r->asked_vers == PMAPVERS) {
		put_port(r, call, &reply);
	} else if (has_arguments(r->asked_proc) && !decode(call, &r->asked)) {
		message_set_u32(&reply, REPLY_ACCEPT_STAT_AT, GARBAGE_ARGS);
	} else if (r->raw) {
		memcpy(reply.bytes + reply.len, r->raw->bytes, r->raw->len);
		reply.len += r->raw->len;
	} else if (r->accept_stat == SUCCESS) {
		put_results(r, &reply);
	}
	fake_server_reply_in(s, &reply, r->fragments);
}

void fake_rpcbind_open(struct fake_rpcbind *r, const char *path)
{
	memset(r, 0, sizeof(*r));
	r->fragments = 1;
	fake_server_open(&r->server, path, answer, r);
}

void fake_rpcbind_close(struct fake_rpcbind *r)
{
	fake_server_close(&r->server);
}

void fake_rpcbind_add(struct fake_rpcbind *r, uint32_t prog, uint32_t vers, const char *netid,
		      const char *uaddr, const char *owner)
{
	struct fake_registration *e = &r->list[r->n++];

	e->prog = prog;
	e->vers = vers;
	snprintf(e->netid, sizeof(e->netid), "%s", netid);
	snprintf(e->uaddr, sizeof(e->uaddr), "%s", uaddr);
	snprintf(e->owner, sizeof(e->owner), "%s", owner);
}

/* Let `a` be that address of IPv4, mapped into IPv6 if `a` is one of IPv6. */
static void redirect(struct address *a, const struct address *to)
{
	if (a->sa.ss_family == AF_INET6) {
		(void)address_parse(a, "::ffff:127.0.0.1");
		address_set_port(a, address_port(to));
	} else {
		*a = *to;
	}
}

int fake_rpcbind_connect(const struct fake_rpcbind *r, int fd, const struct sockaddr *to,
			 socklen_t len)
{
	struct address a = { .len = len };
	int type;
	socklen_t type_len = sizeof(type);

	memcpy(&a.sa, to, len);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0) {
		return -1;
	}
	if (address_port(&a) == RPCBIND_PORT || a.sa.ss_family == AF_UNIX) {
		if (!r) {
			errno = a.sa.ss_family == AF_UNIX ? ENOENT : ECONNREFUSED;
			return -1;
		}
		if (a.sa.ss_family == AF_UNIX) {
			a = r->server.local_at;
		} else {
			redirect(&a,
				 type == SOCK_DGRAM ? &r->server.dgram_at : &r->server.stream_at);
		}
	}
	return (int)syscall(SYS_connect, fd, &a.sa, a.len);
}
