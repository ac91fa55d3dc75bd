# SPDX-License-Identifier: BSD-3-Clause
"""Servers that talk without end, or lie about the length of their records, and the verbs that meet
them: each ends in its time, with a reason, whatever comes."""

import socket
import struct
import threading
import time
import unittest

import rawrpc
from fakeserver import FakeStream, honest, read_record
from harness import SystemTest, host_port

STRAY = struct.pack(">III", rawrpc.LAST_FRAGMENT | 8, 0xDEADBEEF, rawrpc.REPLY)
FOREIGN_CALL = struct.pack(">III", rawrpc.LAST_FRAGMENT | 8, 0xDEADBEEF, rawrpc.CALL)
EMPTY = struct.pack(">I", rawrpc.LAST_FRAGMENT)
TIMEOUT = "300ms"
LONG_S = 10  # for commands that end in a second or two, on a busy machine


def send_for_ever(octets):
    def talk(connection):
        many = octets * (65536 // len(octets))
        while True:
            connection.sendall(many)
    return talk


def drip(connection):
    connection.sendall(struct.pack(">I", rawrpc.LAST_FRAGMENT | 16000))
    while True:
        connection.sendall(b"\0")
        time.sleep(0.05)


def after_null(octets):
    """Answer the NULL calls, and any other call with these octets."""
    def talk(connection):
        while True:
            call = read_record(connection)
            if call[20:24] == bytes(4):
                connection.sendall(rawrpc.Tcp.record(honest(call)))
            else:
                connection.sendall(octets)
    return talk


HUGE = struct.pack(">I", rawrpc.LAST_FRAGMENT | 0x1000000) + b"A" * 65536
TALKS = {
    "strays": send_for_ever(STRAY), "calls": send_for_ever(FOREIGN_CALL),
    "empty records": send_for_ever(EMPTY), "empty fragments": send_for_ever(bytes(4)),
    "octet by octet": drip, "a huge record": after_null(HUGE),
    "many fragments": after_null(bytes(65536)), "strays for answers": after_null(STRAY * 5000),
}


class StreamTest(SystemTest):
    def serve(self, talk):
        server = FakeStream(talk)
        self.addCleanup(server.close)
        return host_port(server.address)

    def check(self, *args):
        """It fails, and soon, in words."""
        began = time.monotonic()
        result = self.timesync(*args)
        self.assert_within(LONG_S, began)
        self.assertEqual(result.status, 1, result)
        self.assertTrue(result.stderr or result.stdout, result)
        return result

    def test_every_verb_ends(self):
        clock = self.make_clock()
        for name, talk in TALKS.items():
            at = self.serve(talk)
            for verb in (["query"], ["sync", "-c", clock], ["doctor"]):
                transport = [] if verb == ["doctor"] else ["-t", "tcp"]
                with self.subTest(name=name, verb=verb[0]):
                    self.check(*verb, *transport, "--timeout", TIMEOUT, at)

    def test_the_reason_is_said(self):
        for name, why in (("strays", "messages that answer nothing"),
                          ("a huge record", "a record that is too long")):
            result = self.check("query", "-t", "tcp", "--timeout", TIMEOUT, self.serve(TALKS[name]))
            self.assertIn(why, result.stderr)

    def test_one_of_three_does_not_stop_the_others(self):
        good = [host_port(self.start_lone_daemon().addresses["tcp"]) for _ in range(2)]
        clock = self.make_clock("50ms")
        for name in ("strays", "octet by octet", "a huge record"):
            with self.subTest(name):
                began = time.monotonic()
                result = self.timesync("track", "-t", "tcp", "--timeout", TIMEOUT, "-c", clock,
                                       "-i", "1s..4s", "--count", "2", *good,
                                       self.serve(TALKS[name]))
                self.assertEqual(result.status, 0, result)
                self.assert_within(LONG_S, began)


class DatagramTest(SystemTest):
    def flood(self):
        """A UDP server that answers every call with strays that do not end. Where it is."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        over = threading.Event()

        def serve():
            _call, client = server.recvfrom(65536)
            while not over.is_set():
                try:
                    server.sendto(STRAY[4:], client)
                except OSError:
                    pass  # the client is gone
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self.addCleanup(over.set)
        return host_port(server.getsockname())

    def test_a_flood_of_strays_does_not_move_the_deadline(self):
        for verb in (["query"], ["sync", "-c", self.make_clock()], ["doctor"]):
            with self.subTest(verb[0]):
                began = time.monotonic()
                result = self.timesync(*verb, "--timeout", TIMEOUT, self.flood())
                self.assert_within(LONG_S, began)
                self.assertEqual(result.status, 1, result)


if __name__ == "__main__":
    unittest.main()
