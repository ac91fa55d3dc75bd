# SPDX-License-Identifier: BSD-3-Clause
"""Grading a server: it is called in all ways that a client may, and in some that none should.

Offsets are never guessed, as a server's clock may show anything. Only errors that no clock can
excuse are judged: by the bounds that a client uses, and by the changes when calls are held up on
the way.
"""

import functools
import signal
import socket
import struct
import time

from . import oncrpc as rpc
from .graded_server import HOLD_S, STAMPS, TIME, Round, hyper, in_parallel, one_round, results
from .marks import Check, Unjudged, Wrong
from .oncrpc import NoAnswer, Tcp, Udp
from .sandbox import wait_for

CHECKS = (
    Check("round", 5, "GET_TIMESTAMPS is answered with times"),
    Check("units", 10, "the times are nanoseconds since 1970, of a clock that runs", ("round",)),
    Check("echo", 10, "ts1 comes back as it was sent", ("round",)),
    Check("order", 5, "ts2 and ts3 are in order, and no longer apart than the round trip",
          ("round",)),
    Check("arrival", 10, "ts2 is taken when the call arrives", ("units", "order")),
    Check("departure", 10, "ts3 is taken when the reply leaves", ("units", "order")),
    Check("get-time", 10, "GET_TIME agrees with the rounds", ("units",)),
    Check("interleaved", 5, "procedure 3 is answered", ("units", "order")),
    Check("version", 5, "other versions and programs are refused", ("round",)),
    Check("procedures", 5, "NULL is answered, unknown procedures are refused", ("round",)),
    Check("arguments", 5, "bad arguments are refused", ("round",)),
    Check("clients", 5, "twenty clients are served at once", ("round",)),
    Check("tcp", 5, "TCP is served as UDP is", ("round",)),
    Check("registration", 5, "rpcbind knows the server", ("round",)),
    Check("withdrawal", 5, "the registration is withdrawn at the end", ("registration",)),
)

MS, SECOND = 10**6, 10**9
YEAR = 365 * 86400 * SECOND
TIME_MOST = 1 << 62
PAUSE_S = 0.05       # between two readings, to see that a clock runs
WORK_LEAST = 2 * MS  # time of the server that is noticed, unless an idle call takes longer
WORK_TRIES = 4       # before it is held against the server
DRIFT = 0.0012       # how far two clocks may drift apart, as core/drift_limits.h has it
CLIENTS, CLIENT_ROUNDS, CLIENTS_S = 20, 3, 5
END_S = 5            # to end after a signal
INTERLEAVED = struct.Struct(">qqqq")
SCALES = (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3))


# --- times ---


def check_round(server):
    """Is there anything?"""
    rounds = server.rounds
    if all(r.ts2 == 0 and r.ts3 == 0 for r in rounds):
        raise Wrong("empty", "ts2 and ts3 are 0")
    fastest = min(r.t4 - r.t1 for r in rounds)
    return f"GET_TIMESTAMPS is answered, at best in {fastest / 1000:.0f} us"


def judge_time(name, earlier, later, pause):
    """Judge the unit of a time that was read twice, after a `pause` of (least, most) ns: a busy machine makes
    them differ.
    """
    now, passed, (least, most) = time.time_ns(), later - earlier, pause
    for unit, scale in SCALES:
        # A whole second, or other unit, may begin in any pause.
        if abs(later * scale - now) < 10 * YEAR and (passed - 1) * scale < 2 * most:
            raise Wrong(unit, f"{name} is {later}: that would be in {unit}")
    if later < 0 or later >= TIME_MOST:
        raise Wrong("not-1970", f"{name} is {later}: times are from 0 to less than 2^62")
    if abs(later - now) > 20 * YEAR:
        if least / 2 < passed < 2 * most:
            raise Wrong("monotonic", f"{name} is {later}: that would be {later / SECOND:.0f} s "
                        f"after 1970, and looks like the time since the machine started")
        raise Wrong("not-1970", f"{name} is {later}, now is {now}")
    if later == earlier:
        raise Wrong("constant", f"{name} is {later}, and the same {least / MS:.0f} ms later")


def check_units(server):
    """Nanoseconds since 1970, and running."""
    with server.client() as client:
        first = one_round(client)
        time.sleep(PAUSE_S)
        second = one_round(client)
    pause = second.t1 - first.t4, second.t4 - first.t1
    if server.resolution % SECOND == 0 and abs(first.ts2 - time.time_ns()) < 20 * YEAR:
        if first.ts2 == server.rounds[0].ts2 and time_stands_still(server):
            raise Wrong("constant", f"ts2 is {first.ts2} again and again")
        raise Wrong("whole-seconds", f"ts2 is {first.ts2}: always whole seconds")
    judge_time("ts2", first.ts2, second.ts2, pause)
    judge_time("ts3", first.ts3, second.ts3, pause)
    return f"nanoseconds since 1970, in steps of {server.resolution} ns"


def time_stands_still(server):
    """Whether even a clock of whole seconds should have moved by now, and has not."""
    time.sleep(1.1)
    with server.client() as client:
        return one_round(client).ts2 == server.rounds[0].ts2


def check_echo(server):
    """ts1, whatever it is."""
    sent = [0, 1, 123456789, TIME_MOST - 1, time.time_ns()]
    with server.client() as client:
        for ts1 in sent:
            exchange = client.call(rpc.GET_TIMESTAMPS, hyper(ts1))
            back = results(exchange, STAMPS, "GET_TIMESTAMPS")[0]
            if back != ts1:
                raise Wrong("ts1-not-echoed", f"ts1 was sent as {ts1} and comes back as {back}")
    return f"ts1 comes back as it was sent, {len(sent)} different ones"


def check_order(server):
    """ts2 <= ts3, within the round trip."""
    for r in server.rounds:
        if r.ts2 > r.ts3:
            raise Wrong("ts2-after-ts3", f"ts2 lies {r.ts2 - r.ts3} ns after ts3")
        slack = 2 * server.resolution + DRIFT * (r.t4 - r.t1)
        scale = next((s for _, s in SCALES if abs(r.ts2 * s - r.t4) < YEAR), 1)
        if (r.ts3 - r.ts2) * scale > r.t4 - r.t1 + slack * scale:
            raise Wrong("ts3-not-on-departure",
                        f"ts2 and ts3 are {r.ts3 - r.ts2} ns apart in a round trip of only "
                        f"{r.t4 - r.t1} ns")
    return f"ts2 <= ts3 in {len(server.rounds)} rounds"


# --- when they are taken ---


def offset_limits(server):
    """(least, most) of the offset, by the rounds alone."""
    return max(r.ts3 - r.t4 for r in server.rounds), min(r.ts2 - r.t1 for r in server.rounds)


def known_offset(server):
    """The offset, if something else tells it: this machine's clock, or a quick GET_TIME."""
    least, most = offset_limits(server)
    if server.source == server.udp[0] and least - MS <= 0 <= most + MS:
        return 0  # its clock can be this machine's
    t1, now, _, _, _, t4 = min(server.times, key=lambda t: t[5] - t[0])
    return now - (t1 + t4) // 2 if t4 - t1 < max(WORK_LEAST, 4 * server.idle_round_trip) else None


def work_outside(server):
    """(work before ts2, work after ts3) in ns; (None, None) if only their sum is noticed."""
    noticed = max(WORK_LEAST, 3 * server.idle_round_trip) + 2 * server.resolution
    for _ in range(WORK_TRIES):
        least, most = offset_limits(server)
        if most - least < noticed:
            return 0, 0
        server.more_rounds()
    try:
        offset = known_offset(server)
    except (NoAnswer, Wrong):
        offset = None
    if offset is None:
        return None, None
    before, after = most - offset, offset - least
    return (before if before > noticed / 2 else 0), (after if after > noticed / 2 else 0)


def held_up(server, times, others, what, way, mistake):
    """Judge whether a hold-up on one way, and on no other, moves the stamp."""
    hold, slack = HOLD_S * SECOND, 2 * MS + server.resolution + server.least_delay
    if min(times) < hold - slack:
        raise Wrong(mistake, f"held up {way} by {hold / MS:.0f} ms, {what} shows only "
                    f"{min(times) / MS:.1f} ms of it")
    if min(others) > hold / 2:
        raise Wrong(mistake, f"{what} moves by {min(others) / MS:.1f} ms when the other way is "
                    f"held up")


def check_arrival(server):
    """ts2: held-up calls move it, held-up replies do not."""
    usual = min(r.there for r in server.rounds)
    held_up(server, [r.there - usual for r in server.held_there],
            [r.there - usual for r in server.held_back], "ts2", "on the way there",
            "ts2-not-on-arrival")
    before, after = work_outside(server)
    if before:
        raise Wrong("ts2-at-departure", f"the server works {before / MS:.1f} ms before it takes "
                    f"ts2")
    if before is None and after is None:
        raise Wrong("work-outside", "some milliseconds of the server's time are neither between "
                    "ts2 and ts3 nor on the way")
    return f"held up by {HOLD_S * 1000:.0f} ms on the way there, ts2 is as much later"


def check_departure(server):
    """ts3: the other way round."""
    usual = min(r.back for r in server.rounds)
    held_up(server, [r.back - usual for r in server.held_back],
            [r.back - usual for r in server.held_there], "ts3", "on the way back",
            "ts3-not-on-departure")
    before, after = work_outside(server)
    if after:
        raise Wrong("ts3-before-work", f"the server works {after / MS:.1f} ms after it has taken "
                    f"ts3")
    if before is None and after is None:
        raise Wrong("work-outside", "some milliseconds of the server's time are neither between "
                    "ts2 and ts3 nor on the way")
    return f"held up by {HOLD_S * 1000:.0f} ms on the way back, the reply is as much older"


def check_get_time(server):
    """GET_TIME: the same clock, and values that exist."""
    times = server.times
    pause = max(times[-1][0] - times[0][5], 1), max(times[-1][5] - times[0][0], 1)
    judge_time("time", times[0][1], times[-1][1] + (times[-1][1] == times[0][1]), pause)
    for _, _, max_error, sync, leap, _ in times:
        if not 0 <= max_error < TIME_MOST or sync not in (0, 1) or not 0 <= leap <= 4:
            raise Wrong("get-time-values", f"max_error {max_error}, sync {sync}, leap {leap}")
    least, most = offset_limits(server)
    elapsed = time.time_ns() - server.rounds[0].t1
    slack = server.resolution + 1000 + DRIFT * elapsed
    low, high = max(t[1] - t[5] for t in times), min(t[1] - t[0] for t in times)
    apart = max(low - most, least - high)
    if apart > slack:
        raise Wrong("get-time-other-clock", f"GET_TIME and GET_TIMESTAMPS differ by "
                    f"{apart / SECOND:.6f} s more than their round trips allow")
    return f"{len(times)} GET_TIMEs and {len(server.rounds)} rounds have an offset in common"


def check_interleaved(server):
    """Procedure 3: as 1, and when the previous reply left."""
    known, previous = False, None
    with server.client() as client:
        for _ in range(4):
            args = functools.partial(struct.pack, ">qq")
            prev_ts2 = previous.ts2 if previous else 0
            exchange = client.call(rpc.INTERLEAVED, lambda t1, p=prev_ts2, a=args: a(t1, p))
            if exchange.reply.status == rpc.PROC_UNAVAIL:
                raise Wrong("no-interleaved", "procedure 3 is answered by PROC_UNAVAIL")
            ts1, ts2, ts3, prev_tx = results(exchange, INTERLEAVED, "procedure 3")
            if ts1 != exchange.t1:
                raise Wrong("ts1-not-echoed", f"procedure 3: ts1 was sent as {exchange.t1} and "
                            f"comes back as {ts1}")
            judge_time("ts2 of procedure 3", ts2 - 1, ts2, (SECOND, SECOND))
            if prev_tx and not previous:
                raise Wrong("prev-tx-wrong", f"prev_tx is {prev_tx} although nothing was sent "
                            f"before")
            if prev_tx:
                known = True
                judge_prev_tx(server, previous, prev_tx)
            previous = Round(exchange.t1, ts1, ts2, ts3, exchange.t4)
    return "procedure 3 is answered, " + ("and tells when the previous reply left" if known else
                                          "with prev_tx = 0")


def judge_prev_tx(server, previous, prev_tx):
    """A reply leaves after its ts3 and before its t4."""
    _, most = offset_limits(server)
    slack = server.resolution + MS
    if not previous.ts3 - slack <= prev_tx <= previous.t4 + most + slack:
        raise Wrong("prev-tx-wrong", f"prev_tx lies {prev_tx - previous.ts3} ns after the ts3 of "
                    f"the reply that it is of")


# --- manners ---


def refused(client, wanted, mistake, what, *args, **other):
    """A call that must be refused in this way: the reply."""
    try:
        reply = client.call(*args, **other).reply
    except NoAnswer as error:
        raise Wrong(mistake, f"{what}: {error}, where {rpc.STATUS_NAMES[wanted]} is the "
                    f"answer") from None
    if reply.status != wanted:
        raise Wrong(mistake, f"{what} is answered by {reply.status_name}, not by "
                    f"{rpc.STATUS_NAMES[wanted]}")
    return reply


def check_version(server):
    """PROG_MISMATCH and PROG_UNAVAIL."""
    with server.client() as client:
        reply = refused(client, rpc.PROG_MISMATCH, "any-version", "version 99", rpc.NULL,
                        version=99)
        low, high = struct.unpack(">II", reply.body) if len(reply.body) == 8 else (0, 0)
        if not low <= 1 <= high < 99:
            raise Wrong("any-version", f"version 99 is refused, but the versions served are said "
                        f"to be {low} to {high}")
        refused(client, rpc.PROG_UNAVAIL, "any-version", "another program", rpc.NULL,
                program=rpc.PROGRAM + 1)
    return f"PROG_MISMATCH, with versions {low} to {high}, and PROG_UNAVAIL"


def check_procedures(server):
    """NULL, and PROC_UNAVAIL."""
    with server.client() as client:
        refused(client, rpc.SUCCESS, "any-procedure", "NULL", rpc.NULL)
        refused(client, rpc.PROC_UNAVAIL, "any-procedure", "procedure 77", 77)
    return "NULL is answered, and procedure 77 by PROC_UNAVAIL"


def check_arguments(server):
    """GARBAGE_ARGS: a time out of range, and none at all.

    Arguments that are cut off are sent over TCP: over UDP libtirpc completes them from an earlier
    call, and a student cannot help that.
    """
    with server.client() as client:
        for ts1 in (-1, TIME_MOST):
            refused(client, rpc.GARBAGE_ARGS, "any-arguments", f"ts1 = {ts1}",
                    rpc.GET_TIMESTAMPS, hyper(ts1))
    try:
        tcp = Tcp(server.tcp, server.timeout)
    except NoAnswer:
        return "GARBAGE_ARGS for a time out of range"
    with tcp:
        refused(tcp, rpc.GARBAGE_ARGS, "any-arguments", "a call without its argument",
                rpc.GET_TIMESTAMPS)
    return "GARBAGE_ARGS for a time out of range and for no argument"


def rounds_of_client(client, n, echoed):
    """Some rounds of one of many clients, each with a ts1 that no other has."""
    for i in range(CLIENT_ROUNDS):
        ts1 = (n << 32) + i + 1
        back = results(client.call(rpc.GET_TIMESTAMPS, hyper(ts1)), STAMPS, "GET_TIMESTAMPS")[0]
        echoed.append(back == ts1)


def check_clients(server):
    """Twenty at once: over TCP too, with one that is connected and says nothing."""
    echoed = []

    def datagrams(n):
        with Udp(server.udp, CLIENTS_S, server.source) as client:
            rounds_of_client(client, n, echoed)

    def stream(n):
        with Tcp(server.tcp, CLIENTS_S) as client:
            rounds_of_client(client, n, echoed)
    over_tcp = tcp_answers(server)
    tasks = [functools.partial(datagrams, n) for n in range(CLIENTS)]
    if over_tcp:
        tasks += [functools.partial(stream, CLIENTS + n) for n in range(CLIENTS)]
    silent = Tcp(server.tcp, server.timeout) if over_tcp else None
    try:
        ended = in_parallel(tasks, CLIENTS_S + 1)
    except NoAnswer as error:
        raise Wrong("one-client-at-a-time", f"one of {len(tasks)} clients: {error}") from None
    finally:
        if silent:
            silent.socket.close()
    if not ended:
        raise Wrong("one-client-at-a-time", f"{len(tasks)} clients were not served within "
                    f"{CLIENTS_S} s")
    if True in echoed and False in echoed:
        raise Wrong("mixed-up", f"{echoed.count(False)} of {len(echoed)} answers were those to "
                    f"another client")
    both = " over UDP and as many over TCP" if over_tcp else " over UDP"
    return f"{CLIENTS} clients{both} are served at once"


def tcp_answers(server):
    """Whether a call over TCP is answered."""
    try:
        with Tcp(server.tcp, server.timeout) as client:
            return client.call(rpc.GET_TIMESTAMPS, hyper).reply.status == rpc.SUCCESS
    except NoAnswer:
        return False


def check_tcp(server):
    """The same over TCP, also in fragments."""
    try:
        with Tcp(server.tcp, server.timeout) as client:
            for fragments in (1, 3):
                exchange = client.call(rpc.GET_TIMESTAMPS, hyper, fragments=fragments)
                times = results(exchange, STAMPS, "GET_TIMESTAMPS over TCP")
                if times[1] == 0:
                    raise Wrong("no-tcp", "over TCP ts2 is 0")
            results(client.call(rpc.GET_TIME), TIME, "GET_TIME over TCP")
    except NoAnswer as error:
        raise Wrong("no-tcp", str(error)) from None
    return "several calls on one connection are answered, also in fragments"


# --- rpcbind ---


def ports(server):
    """{protocol: port} of what rpcbind knows."""
    try:
        return {name: rpc.registered_port(server.host, protocol) for name, protocol in
                (("udp", socket.IPPROTO_UDP), ("tcp", socket.IPPROTO_TCP))}
    except (NoAnswer, OSError):
        raise Unjudged(f"no rpcbind answers on {server.host}") from None


def check_registration(server):
    """rpcbind names the ports that answer."""
    wanted = {"udp": server.udp[1], "tcp": server.tcp[1]}
    wait_for(lambda: ports(server) == wanted, 2)
    known = ports(server)
    for name, port in known.items():
        if port != wanted[name]:
            raise Wrong("not-registered", f"the server is at {name} port {wanted[name]}, rpcbind "
                        f"knows {f'port {port}' if port else 'nothing of it'}")
    return f"rpcbind knows udp port {known['udp']} and tcp port {known['tcp']}"


def check_withdrawal(server):
    """After its end rpcbind knows nothing of it."""
    if server.program:
        server.program.signal(signal.SIGTERM)
        if not wait_for(lambda: not server.program.running, END_S):
            raise Wrong("does-not-end", f"SIGTERM was sent, and the server runs {END_S} s later")
    elif server.stop:
        server.sandbox.start(server.stop).wait(END_S)
    else:
        raise Unjudged("the server was not started here: use --command, or --stop")
    if not wait_for(lambda: not any(ports(server).values()), END_S):
        raise Wrong("not-withdrawn", "rpcbind still knows the server after its end")
    return "rpcbind knows nothing of the server after its end"


def answered(function):
    """A check that fails, instead of raising, when there is no answer."""
    def check(server):
        try:
            return function(server)
        except NoAnswer as error:
            raise Wrong("no-answer", server.ended or str(error)) from None
    return check


FUNCTIONS = {name: answered(function) for name, function in {
    "round": check_round, "units": check_units, "echo": check_echo, "order": check_order,
    "arrival": check_arrival, "departure": check_departure, "get-time": check_get_time,
    "interleaved": check_interleaved, "version": check_version, "procedures": check_procedures,
    "arguments": check_arguments, "clients": check_clients, "tcp": check_tcp,
    "registration": check_registration, "withdrawal": check_withdrawal}.items()}
