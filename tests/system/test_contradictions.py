# SPDX-License-Identifier: BSD-3-Clause
"""Exchanges that cannot all be true, and answers that are of no use: no result, and the reason."""

import struct
import threading
import time
import unittest

import rawrpc
from fakeserver import FakeServer, honest, stamps, time_reply
from harness import SystemTest, host_port

METHODS = ("mean", "cristian", "ntp", "minimum")
SECOND_NS = 10**9


def stamps_of(call, t2, t3=None):
    (ts1,) = struct.unpack_from(">q", call, 40)
    return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(">qqq", ts1, t2, t2 if t3 is None else t3))


def other(call):
    """GET_TIME cut to whole seconds."""
    (proc,) = struct.unpack_from(">I", call, 20)
    if proc == rawrpc.GET_TIME:
        now = time.time_ns() // SECOND_NS * SECOND_NS
        return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(">qqii", now, 0, 0, 0))
    return honest(call)


def ahead(call):
    (proc,) = struct.unpack_from(">I", call, 20)
    return time_reply(call, SECOND_NS) if proc == rawrpc.GET_TIME else honest(call)


class ContradictionTest(SystemTest):
    def serve(self, answer, answer_other=honest):
        server = FakeServer(answer, answer_other)
        self.addCleanup(server.close)
        return host_port(server.address)

    def assert_refused(self, words, *args):
        """By every method and verb, and the clock stays as it is."""
        clock = self.make_clock("-3s", name=f"mine{time.monotonic_ns()}")
        for method in METHODS:
            with self.subTest(method):
                answer = self.timesync_json("query", "-m", method, "-c", clock, *args, status=1)
                self.assertRegex(answer["error"], words)
                self.assertNotIn("offset_s", answer)
                result = self.timesync("sync", "-m", method, "-c", clock, *args)
                self.assertEqual(result.status, 1, result)
                self.assertRegex(result.stderr, words)
        self.assertEqual(self.timesync("compare", "-c", clock, *args).status, 1)
        result = self.timesync("track", "--count", "1", "-c", clock, *args)
        self.assertEqual(result.status, 1, result)
        self.assertRegex(result.stderr, words)
        self.assertEqual(self.clock_offset_ns(clock), -3 * SECOND_NS)

    def test_get_time_that_is_cut_off(self):
        self.assert_refused("GET_TIME says .* behind what the rounds say.*whole seconds",
                            self.serve(lambda call, n: [stamps(call)], other))

    def test_get_time_of_another_clock(self):
        self.assert_refused(r"GET_TIME says (1\.\d+ s|9\d\d\.\d+ ms) ahead of what the rounds say",
                            self.serve(lambda call, n: [stamps(call)], ahead))

    def test_stamps_in_other_units(self):
        for divide in (1000, 10**6, SECOND_NS, 1 << 62):
            with self.subTest(divide=divide):
                self.assert_refused(
                    "rounds|GET_TIME says",
                    self.serve(lambda call, n: [stamps_of(call, time.time_ns() // divide)]))

    def test_stamps_of_the_monotonic_clock(self):
        self.assert_refused("GET_TIME says .* ahead of what the rounds say",
                            self.serve(lambda call, n: [stamps_of(call, time.monotonic_ns())]))

    def test_a_server_that_is_stepped_between_two_rounds(self):
        for step in (2_500_000_000, -2_500_000_000, 150_000_000, -150_000_000):
            for method in METHODS:
                with self.subTest(step=step, method=method):
                    server = self.serve(lambda call, n: [stamps(call, step if n > 2 else 0)],
                                        lambda call: ahead_by(call, step))
                    answer = self.timesync_json("query", "-m", method, server, status=1)
                    self.assertIn("rounds 3 and 4 contradict each other", answer["error"])

    def test_the_local_clock_is_stepped(self):
        """In a round or between two of them, by much or little, forward or back."""
        relay = self.start_relay(self.start_lone_daemon().addresses["udp"],
                                 "--delay", "50ms")
        for step in ("2.5s", "-2.5s", "20ms", "-20ms"):
            for method in METHODS:
                with self.subTest(step=step, method=method):
                    clock = self.make_clock(name=f"mine{step}{method}")
                    timer = threading.Timer(0.3, self.timesync,
                                            ("clock", "adjust", "--step", step, clock))
                    timer.start()
                    answer = self.timesync_json("query", "-m", method, "-c", clock, "-n", "8",
                                                host_port(relay.address), status=1)
                    timer.join()
                    self.assertRegex(answer["error"], "the local clock was stepped "
                                     + ("back" if step[0] == "-" else "forward"))

    def test_a_clock_of_a_wild_rate_is_no_stepped_one(self):
        daemon = self.start_lone_daemon()
        relay = self.start_relay(daemon.addresses["udp"], "--delay", "20ms")
        for drift in ("100000", "-100000"):
            clock = self.make_clock(drift=drift, name=f"mine{drift}")
            for method in METHODS:
                with self.subTest(drift=drift, method=method):
                    self.timesync_json("query", "-m", method, "-c", clock,
                                       host_port(relay.address))


def ahead_by(call, step):
    (proc,) = struct.unpack_from(">I", call, 20)
    return time_reply(call, step) if proc == rawrpc.GET_TIME else honest(call)


def denied(call, why):
    return struct.pack(">IIIII", rawrpc.xid_of(call), rawrpc.REPLY, rawrpc.DENIED,
                       rawrpc.AUTH_ERROR, why)


class ReasonTest(SystemTest):
    """Over UDP anybody can send a wrong answer, so a round goes on: but what came is told."""

    def assert_reason(self, answer, words):
        server = FakeServer(answer)
        self.addCleanup(server.close)
        error = self.timesync_json("query", "--timeout", "100ms", host_port(server.address),
                                   status=1)["error"]
        self.assertIn(words, error)
        self.assertNotIn("too much is lost", error)

    def test_refusals(self):
        for answer, words in (
                (lambda call, n: [denied(call, 5)], "10 times the server refused the call: AUTH_TOOWEAK"),
                (lambda call, n: [rawrpc.accepted(rawrpc.xid_of(call), stat=rawrpc.GARBAGE_ARGS)],
                 "10 times the server refused the call: GARBAGE_ARGS"),
                (lambda call, n: [rawrpc.accepted(rawrpc.xid_of(call), stat=5)],
                 "10 times the server refused the call: SYSTEM_ERR"),
                (lambda call, n: [rawrpc.accepted(rawrpc.xid_of(call), stat=77)],
                 "a status that RPC does not define (77)"),
                (lambda call, n: [rawrpc.accepted(rawrpc.xid_of(call), stat=rawrpc.PROC_UNAVAIL)],
                 "PROC_UNAVAIL")):
            with self.subTest(words):
                self.assert_reason(answer, words)

    def test_answers_of_no_use(self):
        now = time.time_ns()
        for answer, words in (
                (lambda call, n: [rawrpc.accepted(rawrpc.xid_of(call),
                                                  struct.pack(">qqq", 1, now, now))],
                 "10 times the server repeated a ts1 that was not sent"),
                (lambda call, n: [stamps_of(call, -5)],
                 "10 times the server gave a ts2 that is out of range (-5 ns)"),
                (lambda call, n: [stamps(call)[:-4]], "of the wrong length"),
                (lambda call, n: [stamps(call) + bytes(4)], "of the wrong length"),
                (lambda call, n: [b"\xff" * 48], "datagrams came that answer no call: ")):
            with self.subTest(words):
                self.assert_reason(answer, words)

    def test_the_most_frequent_reason_beside_what_is_lost(self):
        answers = [lambda call: [stamps_of(call, -5)], lambda call: [denied(call, 5)],
                   lambda call: [denied(call, 5)], lambda call: []]
        server = FakeServer(lambda call, n: answers[n % 4](call))
        self.addCleanup(server.close)
        error = self.timesync_json("query", "--timeout", "100ms", host_port(server.address),
                                   status=1)["error"]
        self.assertIn("5 times the server refused the call: AUTH_TOOWEAK", error)
        self.assertIn("other answers of no use: 3; lost: 2", error)

    def test_late_answers(self):
        late = []

        def answer(call, n):
            time.sleep(0.15)
            late.append(n)
            return [stamps(call)]

        self.assert_reason(answer, "answers came later than --timeout allows: ")


class InterleavedTest(SystemTest):
    def query(self, answer_other):
        server = FakeServer(lambda call, n: [stamps(call)], answer_other)
        self.addCleanup(server.close)
        begun = time.monotonic()
        error = self.timesync_json("query", "--interleaved", "-n", "1000",
                                   host_port(server.address), status=1)["error"]
        self.assert_within(10, begun)
        self.assertIn("without --interleaved", error)
        return error

    def test_a_server_that_never_knows(self):
        def answer(call):
            if struct.unpack_from(">I", call, 20) == (3,):
                (ts1,) = struct.unpack_from(">q", call, 40)
                now = time.time_ns()
                return rawrpc.accepted(rawrpc.xid_of(call),
                                       struct.pack(">qqqq", ts1, now, now, 0))
            return honest(call)

        self.assertIn("never knows when its replies left", self.query(answer))

    def test_a_server_without_the_procedure(self):
        def answer(call):
            if struct.unpack_from(">I", call, 20) == (3,):
                return rawrpc.accepted(rawrpc.xid_of(call), stat=rawrpc.PROC_UNAVAIL)
            return honest(call)

        self.assertIn("no procedure GET_TIMESTAMPS_INTERLEAVED", self.query(answer))


if __name__ == "__main__":
    unittest.main()
