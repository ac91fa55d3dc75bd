# SPDX-License-Identifier: BSD-3-Clause
"""The server that is graded: found or started, and its measurements."""

import functools
import math
import socket
import struct
import threading
import time
from dataclasses import dataclass

from . import oncrpc as rpc
from .marks import Wrong
from .oncrpc import NoAnswer, Udp
from .sandbox import NotPossible, fill_in, wait_for
from .table import Bad

HERE = "127.0.0.1"
HOLD_S = 0.15        # for which calls or replies are held up
LATER_S = 0.2        # between two measurements of what may be chance
START_S = 15         # to answer after the start
ROUNDS, HELD_ROUNDS, TIMES, NULLS = 10, 4, 5, 10
STAMPS, TIME = struct.Struct(">qqq"), struct.Struct(">qqii")


@dataclass(frozen=True)
class Round:
    """The times of one round, in ns; t1 and t4 of this machine, the rest as they were sent."""

    t1: int
    ts1: int
    ts2: int
    ts3: int
    t4: int

    @property
    def there(self):
        """The way there plus the offset."""
        return self.ts2 - self.t1

    @property
    def back(self):
        """The way back minus the offset."""
        return self.t4 - self.ts3


def results(exchange, shape, what):
    """The results of a successful reply."""
    reply = exchange.reply
    if reply.status != rpc.SUCCESS:
        raise Wrong("no-answer", f"{what} is answered by {reply.status_name}")
    if len(reply.body) != shape.size:
        raise Wrong("no-answer", f"{what} is answered by {len(reply.body)} octets of results, not "
                    f"{shape.size}: is the server built from timesync.x?")
    return shape.unpack(reply.body)


def hyper(value):
    """A time as an argument."""
    return struct.pack(">q", value)


def one_round(client):
    """One round, with t1 as its argument."""
    exchange = client.call(rpc.GET_TIMESTAMPS, hyper)
    return Round(exchange.t1, *results(exchange, STAMPS, "GET_TIMESTAMPS"), exchange.t4)


class Server:
    """The server that is graded, and its measurements so far."""

    def __init__(self, udp, tcp, host, timeout, sandbox):
        self.udp, self.tcp, self.host, self.timeout = udp, tcp, host, timeout
        self.sandbox = sandbox
        self.program = None   # if this grader has started it
        self.stop = None      # a command that ends it, as words

    def client(self):
        """A client over UDP."""
        return Udp(self.udp, self.timeout, self.source)

    @property
    def ended(self):
        """The complaint if it was started here and has ended by itself, or None."""
        if not self.program or self.program.running:
            return None
        said = self.program.stderr.strip().splitlines()
        return "the server has ended" + (f": {said[-1]}" if said else "")

    @functools.cached_property
    def source(self):
        """This machine's address towards the server."""
        family = socket.AF_INET6 if ":" in self.udp[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(self.udp)
            return probe.getsockname()[0]

    @functools.cached_property
    def rounds(self):
        """Rounds without a relay."""
        with self.client() as client:
            return [one_round(client) for _ in range(ROUNDS)]

    def more_rounds(self):
        """Some more of them, a while later: the machine may have been busy."""
        time.sleep(LATER_S)
        with self.client() as client:
            self.rounds.extend(one_round(client) for _ in range(ROUNDS))

    @property
    def least_delay(self):
        """The least time on the way there and back, as the server tells it."""
        return max(0, min(r.there + r.back for r in self.rounds))

    @functools.cached_property
    def times(self):
        """(t1, time, max_error, sync, leap, t4) of some GET_TIMEs."""
        with self.client() as client:
            exchanges = [client.call(rpc.GET_TIME) for _ in range(TIMES)]
        return [(e.t1, *results(e, TIME, "GET_TIME"), e.t4) for e in exchanges]

    @functools.cached_property
    def idle_round_trip(self):
        """The shortest round trip of NULL, which does nothing."""
        with self.client() as client:
            return min(client.call(rpc.NULL).round_trip for _ in range(NULLS))

    @functools.cached_property
    def resolution(self):
        """What all of its times are multiples of, in ns."""
        return math.gcd(*(t for r in self.rounds for t in (r.ts2, r.ts3))) or 1

    def held(self, way):
        """Rounds whose calls ("server") or replies ("client") were held up, all at once."""
        relay = self.sandbox.relay(self.source, self.udp, f"--delay-to-{way}", f"{HOLD_S}s")
        found = []

        def hold():
            with Udp(relay, self.timeout + HOLD_S, self.source) as client:
                found.append(one_round(client))
        in_parallel([hold] * HELD_ROUNDS)
        return found

    @functools.cached_property
    def held_there(self):
        """Rounds whose calls were held up."""
        return self.held("server")

    @functools.cached_property
    def held_back(self):
        """Rounds whose replies were held up."""
        return self.held("client")


def in_parallel(tasks, limit=None):
    """Run them in threads. The first exception is raised again. False if one has not ended."""
    errors = []

    def run(task):
        try:
            task()
        except (NoAnswer, Wrong) as error:
            errors.append(error)
    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + (limit or 60)
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    if errors:
        raise errors[0]
    return not any(thread.is_alive() for thread in threads)


# --- finding or starting it ---


def by_rpcbind(host):
    """(udp port, tcp port) of the server on a host; 0 for none."""
    return tuple(rpc.registered_port(host, protocol)
                 for protocol in (socket.IPPROTO_UDP, socket.IPPROTO_TCP))


def find(host, port, timeout, sandbox):
    """The server on a host, at a port or as rpcbind says."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port or 1, type=socket.SOCK_DGRAM)[0]
    except OSError as error:
        raise Bad(f"--server {host}: {error.strerror or error}") from None
    if port:
        udp = tcp = port
    else:
        if family != socket.AF_INET:
            raise Bad(f"--server {host}: over IPv6 give the port too: [{host}]:PORT")
        try:
            udp, tcp = by_rpcbind(host)
        except NoAnswer as error:
            raise NotPossible(f"rpcbind on {host}: {error}: give the port: {host}:PORT") from None
        if not udp and not tcp:
            raise NotPossible(f"rpcbind on {host} knows no program {rpc.PROGRAM} version "
                              f"{rpc.VERSION}")
    return Server((address[0], udp), (address[0], tcp), host, timeout, sandbox)


def free_port():
    """A port of the loopback that nothing uses, neither over UDP nor over TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            stream.bind(("127.0.0.1", 0))
            try:
                datagrams.bind(stream.getsockname())
            except OSError:
                continue
            return stream.getsockname()[1]


def answers(address):
    """Whether anything answers a NULL there."""
    try:
        with Udp(address, 0.2) as client:
            client.call(rpc.NULL)
            return True
    except NoAnswer:
        time.sleep(0.02)
        return False


def start(command, timeout, sandbox):
    """Start a server by its command, and wait until it answers, or has ended."""
    port = free_port()
    words = fill_in(command, {"port": port, "host": HERE})
    before = None if "{port}" in command else by_rpcbind(HERE)
    program = sandbox.start(words)
    udp = tcp = port
    if before is not None:
        wait_for(lambda: not program.running or by_rpcbind(HERE) != before, START_S)
        udp, tcp = by_rpcbind(HERE)
    wait_for(lambda: not program.running or answers((HERE, udp)), START_S)
    server = Server((HERE, udp), (HERE, tcp), HERE, timeout, sandbox)
    server.program = program
    return server
