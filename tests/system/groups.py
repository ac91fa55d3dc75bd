# SPDX-License-Identifier: BSD-3-Clause
"""Groups of real daemons, and what travels between them, packed by hand to share no bug with the
C code."""

import hashlib
import hmac
import os
import struct
import time

import rawrpc
from harness import SystemTest, host_port, ns

GROUP_PROG = 542397255
POLL, ADJUST, ELECTION, JOIN, LEAVE, STATUS, STEP_DOWN = range(1, 8)
CALL, REPLY = 1, 2
NOT_SENT, UNANSWERED, SLEWED, STEPPED, RIGHT, REFUSED = range(6)
PORT = 7000
HEALTH = ["well", "degraded", "lost"]
REFUSALS = ("mac", "malformed", "misdirected", "old_term", "not_leader", "replayed", "late",
            "too_large", "clock_moved")


def member_id(host, port):
    """Of IPv4: the address and 16 bits of port."""
    number = 0
    for octet in host.split("."):
        number = number << 8 | int(octet)
    return number << 16 | port


def head(sender, receiver, term, group="test"):
    return rawrpc.opaque(group.encode()) + struct.pack(">QQQ", sender, receiver, term)


def poll(sender, receiver, term, serial, once=None):
    return (head(sender, receiver, term) + struct.pack(">Q", serial) +
            (once or os.urandom(16)))


def correction(nonce, amount_ns):
    """What follows the head of an ADJUST: no delay, no turns, an island of unknown error."""
    return nonce + struct.pack(">qqqqIqqI", amount_ns, 0, 0, 0, 0, -1, 0, 0)


def stamps(now_ns):
    """What follows the head of the answer to a POLL: of a clock that is not right yet."""
    unsettled = 2
    return (struct.pack(">I", 0) + os.urandom(16) +
            struct.pack(">qqIqqqq", now_ns, now_ns, unsettled, -1, 0, 0, 0))


def status_question(sender, receiver, first=0, room=400, group="test"):
    return (head(sender, receiver, 0, group) + os.urandom(16) + struct.pack(">I", first) +
            rawrpc.opaque(bytes(room)))


class Key:
    """A key of a group, and the MACs that it makes."""

    def __init__(self, number, key):
        self.number, self.key = number, key

    @classmethod
    def of_file(cls, path):
        with open(path, encoding="ascii") as file:
            (line,) = [line for line in file if not line.startswith("#")]
        number, key = line.split()
        return cls(int(number), bytes.fromhex(key))

    def mac(self, direction, proc, body, call_mac=b""):
        numbers = struct.pack(">6I", direction, GROUP_PROG, 1, proc, self.number, len(body))
        text = b"timesync group v1" + numbers + call_mac + body
        return hmac.new(self.key, text, hashlib.sha256).digest()

    def envelope(self, proc, body):
        """The encoded arguments of a call."""
        return (struct.pack(">I", self.number) + rawrpc.opaque(body) +
                self.mac(CALL, proc, body))


def parse_envelope(data):
    """(key id, body, mac)"""
    number, length = struct.unpack_from(">II", data)
    body = data[8:8 + length]
    at = 8 + length + (-length % 4)
    return number, body, data[at:at + 32]


class Impostor:
    """One who speaks for members of the group, to one of them."""

    def __init__(self, test, key):
        self.key = key
        self.udp = rawrpc.Udp(("127.0.0.1", PORT))
        test.addCleanup(self.udp.close)

    def send(self, proc, args):
        """A call that is not to be answered."""
        self.udp.send(rawrpc.call(proc, args, program=GROUP_PROG, version=1))

    def exchange(self, proc, args):
        message = rawrpc.call(proc, args, program=GROUP_PROG, version=1)
        return rawrpc.parse_reply(self.udp.exchange(message))

    def ask(self, proc, body):
        """The body of the reply to a call, with a valid MAC."""
        args = self.key.envelope(proc, body)
        reply = self.exchange(proc, args)
        if reply.denied or reply.stat != rawrpc.SUCCESS:
            return reply
        number, answer, mac = parse_envelope(reply.results)
        if number != self.key.number or mac != self.key.mac(REPLY, proc, answer, args[-32:]):
            raise ValueError("the MAC of the reply is wrong")
        return answer


class GroupTest(SystemTest):
    """Daemons of a group on one loopback address, each with a clock file of its own."""

    HOST, NETID = "127.0.0.1", "udp"

    def setUp(self):
        super().setUp()
        self.key = self.path("key")
        result = self.timesync("group", "keygen", self.key)
        self.assertEqual(result.status, 0, result)
        self.daemons, self.clocks = {}, {}

    def members(self, n):
        return [host_port((self.HOST, PORT + i)) for i in range(n)]

    def socket(self, i):
        return self.path(f"socket{i}")

    def start_member(self, i, members, *args, key=None, check=True):
        """Member `i` of them, which are HOST:PORT."""
        if i not in self.clocks:
            self.clocks[i] = self.make_clock(name=f"clock{i}")
        host, port = members[i].rsplit(":", 1)
        start = self.start_lone_daemon if check else self.launch_daemon
        kwargs = {"netids": (self.NETID,)} if check else {}
        options = [option for member in members for option in ("--member", member)]
        self.daemons[i] = start(
            "--netid", self.NETID, "-a", host.strip("[]"), "--socket", self.socket(i), "-c",
            self.clocks[i], "--group", "test", "--key", key or self.key, "--group-port", port,
            *options, *args, **kwargs)
        return self.daemons[i]

    def start_group(self, offsets, *args, drifts=None):
        members = self.members(len(offsets))
        for i, offset in enumerate(offsets):
            drift = drifts[i] if drifts else "0"
            self.clocks[i] = self.make_clock(offset, drift, name=f"clock{i}")
        for i in range(len(offsets)):
            self.start_member(i, members, *args)
        return members

    def status_json(self, *args):
        """What a member says, however its group does: the exit status is about that."""
        result = self.timesync("group", "status", *args, "--json")
        self.assertEqual(result.status, HEALTH.index(result.json["health"]), result)
        return result.json

    def status(self, i):
        return self.status_json("--socket", self.socket(i))

    def alive(self):
        return [i for i, daemon in self.daemons.items() if daemon.status is None]

    def leader(self):
        """The member whom all that are alive obey, by its number; None if they do not agree."""
        leaders = {self.status(i)["leader"] for i in self.alive()}
        if len(leaders) != 1 or "none" in leaders:
            return None
        number = int(leaders.pop().rsplit(":", 1)[1]) - PORT
        return number if number in self.alive() and self.status(number)["leads"] else None

    def wait_for_leader(self, other_than=None):
        def found():
            leader = self.leader()
            return leader is not None and leader != other_than and [leader]
        return self.wait_until(found, "there is a leader", *self.daemons.values())[0]

    def wait_for_cycles(self, n, what):
        """Wait until the group has ended so many more, whoever leads them."""
        def cycles():
            return sum(self.status(i)["cycles"] for i in self.alive())
        before = cycles()
        self.wait_until(lambda: cycles() >= before + n, what, *self.daemons.values())

    def offset(self, i):
        return self.clock_offset_ns(self.clocks[i])

    def offsets(self):
        return [self.offset(i) for i in sorted(self.clocks)]

    def spread(self):
        offsets = self.offsets()
        return max(offsets) - min(offsets)

    def wait_for_agreement(self, within_ns):
        self.wait_until(lambda: self.spread() < within_ns, "the clocks agree",
                        *self.daemons.values())

    def assert_near(self, i, truth_ns, within_ns):
        self.assertLess(abs(self.offset(i) - truth_ns), within_ns, f"member {i}")


def seconds(value):
    return ns(value) / 1e9


def monotonic():
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def random_key():
    return Key(int.from_bytes(os.urandom(3), "big") + 1, os.urandom(32))
