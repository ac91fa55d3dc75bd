# SPDX-License-Identifier: BSD-3-Clause
"""ONC RPC version 2 (RFC 5531) by hand: small, and able to say wrong things on purpose."""

import random
import select
import socket
import struct
import time
from dataclasses import dataclass

PROGRAM, VERSION = 542397273, 1
NULL, GET_TIMESTAMPS, GET_TIME, INTERLEAVED = range(4)

SUCCESS, PROG_UNAVAIL, PROG_MISMATCH, PROC_UNAVAIL, GARBAGE_ARGS, SYSTEM_ERR = range(6)
STATUS_NAMES = ("SUCCESS", "PROG_UNAVAIL", "PROG_MISMATCH", "PROC_UNAVAIL", "GARBAGE_ARGS",
                "SYSTEM_ERR")
DENIED = -1  # beside the numbers above

RPCBIND_PORT, RPCBIND_PROGRAM, RPCBIND_VERSION, GETPORT = 111, 100000, 2, 3

AUTH_NONE = bytes(8)
LAST_FRAGMENT = 0x80000000
MESSAGE_MOST = 65536


class NoAnswer(Exception):
    """No reply in time, or none that can be one; the text says which."""


@dataclass(frozen=True)
class Call:
    """A call that a server has received."""

    xid: int
    program: int
    version: int
    proc: int
    args: bytes


@dataclass(frozen=True)
class Reply:
    """A reply: its status (or DENIED) and the octets after that."""

    xid: int
    status: int
    body: bytes

    @property
    def status_name(self):
        """As RFC 5531 spells it."""
        if self.status == DENIED:
            return "a denial"
        known = 0 <= self.status < len(STATUS_NAMES)
        return STATUS_NAMES[self.status] if known else f"status {self.status}"


@dataclass(frozen=True)
class Exchange:
    """A call and its reply; t1 and t4 are of the system clock, in ns."""

    t1: int
    t4: int
    reply: Reply

    @property
    def round_trip(self):
        """From the call to the reply, in ns."""
        return self.t4 - self.t1


def call_message(xid, proc, args=b"", program=PROGRAM, version=VERSION):
    """A call without credentials."""
    return struct.pack(">6I", xid, 0, 2, program, version, proc) + 2 * AUTH_NONE + args


def reply_message(xid, results=b"", status=SUCCESS):
    """An accepted reply."""
    return struct.pack(">3I", xid, 1, 0) + AUTH_NONE + struct.pack(">I", status) + results


def _skip_auth(message, at):
    (length,) = struct.unpack_from(">I", message, at + 4)
    return at + 8 + length + -length % 4


def parse_call(message):
    """The call in a message; None if there is none."""
    try:
        xid, kind, rpc, program, version, proc = struct.unpack_from(">6I", message)
        at = _skip_auth(message, _skip_auth(message, 24))
    except struct.error:
        return None
    return Call(xid, program, version, proc, message[at:]) if (kind, rpc) == (0, 2) else None


def parse_reply(message):
    """The reply in a message; None if there is none."""
    try:
        xid, kind, denied = struct.unpack_from(">3I", message)
        if kind != 1:
            return None
        if denied:
            return Reply(xid, DENIED, message[12:])
        at = _skip_auth(message, 12)
        (status,) = struct.unpack_from(">I", message, at)
    except struct.error:
        return None
    return Reply(xid, status, message[at + 4:])


class Udp:
    """A client's socket, connected to a server."""

    def __init__(self, address, timeout=2.0, source=None):
        self.timeout = timeout
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _receive(self, deadline):
        """The next message, and when it came."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.socket], [], [], left)[0]:
            raise NoAnswer(f"no answer over UDP within {self.timeout:g} s")
        return self.socket.recv(MESSAGE_MOST), time.time_ns()

    def call(self, proc, args=b"", **other):
        """One call, sent once. `args` may be a function of t1. `other` as call_message has it."""
        xid = random.getrandbits(32)
        deadline = time.monotonic() + self.timeout
        try:
            t1 = time.time_ns()
            self.socket.send(call_message(xid, proc, args(t1) if callable(args) else args, **other))
            while True:
                message, t4 = self._receive(deadline)
                reply = parse_reply(message)
                if reply and reply.xid == xid:
                    return Exchange(t1, t4, reply)
        except ConnectionRefusedError:
            raise NoAnswer("nothing listens there over UDP") from None


class Tcp:
    """A client's connection, with record marks. After a call without an answer it is closed: a late
    answer would be taken for that to the next call.
    """

    def __init__(self, address, timeout=2.0):
        self.timeout, self._deadline = timeout, 0.0
        try:
            self.socket = socket.create_connection(address, timeout)
        except OSError as error:
            raise NoAnswer(f"no connection over TCP: {error.strerror or error}") from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _read(self, n):
        data = b""
        while len(data) < n:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            more = self.socket.recv(n - len(data))
            if not more:
                raise NoAnswer("the server closed the connection")
            data += more
        return data

    def _receive(self):
        message, mark = b"", 0
        while not mark & LAST_FRAGMENT:
            (mark,) = struct.unpack(">I", self._read(4))
            if len(message) + (mark & ~LAST_FRAGMENT) > MESSAGE_MOST:
                raise NoAnswer("what came over TCP is no record of a reply")
            message += self._read(mark & ~LAST_FRAGMENT)
        return message

    def call(self, proc, args=b"", fragments=1, **other):
        """One call, as Udp.call, in so many fragments."""
        try:
            return self._call(proc, args, fragments, **other)
        except NoAnswer:
            self.socket.close()
            raise

    def _call(self, proc, args, fragments, **other):
        xid = random.getrandbits(32)
        self._deadline = time.monotonic() + self.timeout
        try:
            self.socket.settimeout(self.timeout)
            t1 = time.time_ns()
            message = call_message(xid, proc, args(t1) if callable(args) else args, **other)
            step = -(-len(message) // fragments)
            parts = [message[i:i + step] for i in range(0, len(message), step)]
            self.socket.sendall(b"".join(
                struct.pack(">I", len(part) | LAST_FRAGMENT * (part is parts[-1])) + part
                for part in parts))
            reply = parse_reply(self._receive())
        except TimeoutError:
            raise NoAnswer(f"no answer over TCP within {self.timeout:g} s") from None
        except OSError as error:
            raise NoAnswer(f"no answer over TCP: {error.strerror or error}") from None
        if not reply or reply.xid != xid:
            raise NoAnswer("what came over TCP is no reply to the call")
        return Exchange(t1, time.time_ns(), reply)


def registered_port(host, protocol, timeout=1.0):
    """What rpcbind on that host knows of our program, by its version 2: 0 if nothing."""
    args = struct.pack(">4I", PROGRAM, VERSION, protocol, 0)
    address = socket.getaddrinfo(host, RPCBIND_PORT, socket.AF_INET, socket.SOCK_DGRAM)[0][4]
    with Udp(address, timeout) as udp:
        reply = udp.call(GETPORT, args, program=RPCBIND_PROGRAM, version=RPCBIND_VERSION).reply
    if reply.status != SUCCESS or len(reply.body) != 4:
        raise NoAnswer(f"rpcbind answers {reply.status_name}")
    return struct.unpack(">I", reply.body)[0]
