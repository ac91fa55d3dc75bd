# SPDX-License-Identifier: BSD-3-Clause
"""ONC RPC version 2 (RFC 5531) packed by hand, to share no bug with the C code."""

import random
import socket
import struct
from dataclasses import dataclass

TIMESYNC_PROG = 542397273
TIMESYNC_V1 = 1
NULL, GET_TIMESTAMPS, GET_TIME = 0, 1, 2

RPCBIND_PROG = 100000

CALL, REPLY = 0, 1
ACCEPTED, DENIED = 0, 1
SUCCESS, PROG_UNAVAIL, PROG_MISMATCH, PROC_UNAVAIL, GARBAGE_ARGS = range(5)
RPC_MISMATCH, AUTH_ERROR = 0, 1
AUTH_NONE, AUTH_SYS, AUTH_SHORT, AUTH_DES, RPCSEC_GSS = 0, 1, 2, 3, 6
AUTH_REJECTEDCRED = 2

LAST_FRAGMENT = 0x80000000


def new_xid():
    return random.getrandbits(32)


def opaque(data):
    """Variable-length opaque data: length, bytes, zeros up to a multiple of four."""
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def auth(flavour=AUTH_NONE, body=b""):
    return struct.pack(">I", flavour) + opaque(body)


def auth_sys(machine=b"tester", uid=0, gid=0, gids=()):
    body = struct.pack(">I", 0) + opaque(machine) + struct.pack(">II", uid, gid)
    body += struct.pack(">I", len(gids)) + b"".join(struct.pack(">I", g) for g in gids)
    return auth(AUTH_SYS, body)


def hyper(value):
    return struct.pack(">q", value)


def call(proc, args=b"", *, xid=None, program=TIMESYNC_PROG, version=TIMESYNC_V1, rpc_version=2,
         cred=auth(), verf=auth(), kind=CALL):
    """A call message. With AUTH_NONE its header is 40 bytes."""
    xid = new_xid() if xid is None else xid
    head = struct.pack(">IIIIII", xid, kind, rpc_version, program, version, proc)
    return head + cred + verf + args


def xid_of(message):
    return struct.unpack_from(">I", message)[0]


@dataclass
class Reply:
    """A reply message. `reject` and `auth_stat` are of a denied one, the rest of an accepted."""

    xid: int
    denied: bool
    stat: int = None
    results: bytes = b""
    low: int = None
    high: int = None
    reject: int = None
    auth_stat: int = None


def parse_reply(message):
    xid, kind, reply_stat = struct.unpack_from(">III", message)
    if kind != REPLY or reply_stat not in (ACCEPTED, DENIED):
        raise ValueError(f"not a reply: {message.hex()}")
    if reply_stat == DENIED:
        reject, detail = struct.unpack_from(">II", message, 12)
        return Reply(xid, True, reject=reject, auth_stat=detail)
    _flavour, verf_len = struct.unpack_from(">II", message, 12)
    at = 20 + verf_len + (-verf_len % 4)
    (stat,) = struct.unpack_from(">I", message, at)
    rest = message[at + 4:]
    reply = Reply(xid, False, stat=stat, results=rest)
    if stat == PROG_MISMATCH:
        reply.low, reply.high = struct.unpack(">II", rest)
    return reply


def accepted(xid, results=b"", stat=SUCCESS):
    """An accepted reply, for servers that the tests play themselves."""
    return struct.pack(">III", xid, REPLY, ACCEPTED) + auth() + struct.pack(">I", stat) + results


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Udp:
    """A client's UDP socket, connected to one server."""

    def __init__(self, address, timeout=5, source=None):
        self.socket = socket.socket(family_of(address[0]), socket.SOCK_DGRAM)
        self.socket.settimeout(timeout)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)

    def close(self):
        self.socket.close()

    def send(self, message):
        self.socket.send(message)

    def receive(self):
        return self.socket.recv(65536)

    def exchange(self, message):
        self.send(message)
        return self.receive()


class Tcp:
    """A client's TCP connection, with record marking (RFC 5531, section 11)."""

    def __init__(self, address, timeout=5, source=None):
        self.socket = socket.create_connection(address, timeout, source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.socket.close()

    @staticmethod
    def record(message, fragment=None):
        """The message as one record, in fragments of at most that many bytes."""
        step = fragment or max(len(message), 1)
        parts = [message[i:i + step] for i in range(0, len(message), step)] or [b""]
        marks = [len(part) for part in parts]
        marks[-1] |= LAST_FRAGMENT
        return b"".join(struct.pack(">I", m) + part for m, part in zip(marks, parts))

    def send_bytes(self, data):
        self.socket.sendall(data)

    def send(self, message):
        self.send_bytes(self.record(message))

    def _read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise ConnectionResetError("the server closed the connection")
            data += more
        return data

    def receive(self):
        message = b""
        while True:
            (mark,) = struct.unpack(">I", self._read(4))
            message += self._read(mark & ~LAST_FRAGMENT)
            if mark & LAST_FRAGMENT:
                return message

    def exchange(self, message):
        self.send(message)
        return self.receive()

    def is_closed_by_peer(self):
        """Wait until the server closes. False when it has not within the timeout."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False
