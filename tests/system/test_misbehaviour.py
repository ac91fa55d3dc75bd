# SPDX-License-Identifier: BSD-3-Clause
"""The client against servers that lie, stutter or leave: it never uses what it must not."""

import struct
import time
import unittest

import rawrpc
from fakeserver import FakeServer, honest, stamps
from harness import SystemTest, host_port

HOUR_NS = 3600 * 10**9
TS_LIMIT = 1 << 62
ROUNDS, GET_TIMES = 5, 1  # the exchanges of an undisturbed query


def forged(call, **changes):
    """A reply that says it is an hour later, with some fields changed."""
    (ts1,) = struct.unpack_from(">q", call, 40)
    now = time.time_ns() + HOUR_NS
    values = {"xid": rawrpc.xid_of(call), "ts1": ts1, "ts2": now, "ts3": now, **changes}
    return rawrpc.accepted(values.pop("xid"), struct.pack(">qqq", *values.values()))


class MisbehaviourTest(SystemTest):
    def serve(self, answer, answer_other=honest):
        server = FakeServer(answer, answer_other)
        self.addCleanup(server.close)
        return server

    def query(self, server, status=0, *args):
        return self.timesync_json("query", "--timeout", "100ms", *args, host_port(server.address),
                                  status=status)

    def assert_ignored(self, bad):
        """The result of bad(call) is not used, whether or not an honest reply follows."""
        answer = self.query(self.serve(lambda call, n: [bad(call), stamps(call)]))
        self.assert_within_bound(answer)
        self.assertEqual(answer["rounds"]["received"], ROUNDS + GET_TIMES)
        answer = self.query(self.serve(lambda call, n: [bad(call)]), 1)
        self.assertEqual(answer["rounds"]["received"], 0)

    def test_foreign_xids(self):
        self.assert_ignored(lambda call: forged(call, xid=rawrpc.xid_of(call) ^ 1))

    def test_noise(self):
        self.assert_ignored(lambda call: b"\xff" * 48)
        self.assert_ignored(lambda call: b"")
        self.assert_ignored(lambda call: stamps(call)[:4])

    def test_its_own_call_sent_back(self):
        self.assert_ignored(lambda call: call)

    def test_an_echo_that_is_not_its_own(self):
        self.query(self.serve(lambda call, n: [forged(call, ts1=1)]), 1)

    def test_timestamps_out_of_range(self):
        for ts in (-1, TS_LIMIT, -(1 << 63), (1 << 63) - 1):
            for which in ("ts2", "ts3"):
                with self.subTest(which=which, ts=ts):
                    server = self.serve(lambda call, n: [forged(call, **{which: ts})])
                    self.query(server, 1)

    def test_a_server_whose_clock_runs_backwards(self):
        server = self.serve(lambda call, n: [forged(call, ts3=time.time_ns())])
        self.query(server, 1)

    def test_a_server_that_takes_longer_than_the_round_trip(self):
        """Which only a clock can that is stepped meanwhile: it is no loss, and is not called one."""
        server = self.serve(lambda call, n: [forged(call, ts2=time.time_ns(),
                                                     ts3=time.time_ns() + 10**9)])
        answer = self.query(server, 1)
        self.assertEqual((answer["rounds"]["discarded"], answer["rounds"]["lost"]),
                         (2 * ROUNDS, 0))
        self.assertIn("the server's clock was stepped", answer["error"])

    def test_truncated_results(self):
        for length in (47, 40, 24):
            self.query(self.serve(lambda call, n: [stamps(call)[:length]]), 1)

    def test_duplicates_are_counted(self):
        answer = self.query(self.serve(lambda call, n: [stamps(call)] * 2))
        self.assert_within_bound(answer)
        self.assertEqual(answer["rounds"]["received"], ROUNDS + GET_TIMES)
        self.assertGreaterEqual(answer["rounds"]["duplicate"], ROUNDS - 1)

    def test_late_replies_are_counted(self):
        """Each odd round is answered only when the next has come."""
        kept = []

        def keep_every_other(call, n):
            if n % 2:
                late, kept[:] = [stamps(kept[0], HOUR_NS)], []
                return [*late, stamps(call)]
            kept.append(call)
            return []

        answer = self.query(self.serve(keep_every_other))
        self.assert_within_bound(answer)
        self.assertEqual(answer["rounds"]["sent"], 2 * ROUNDS + GET_TIMES)
        self.assertEqual(answer["rounds"]["received"], ROUNDS + GET_TIMES)
        self.assertEqual(answer["rounds"]["lost"], ROUNDS)
        self.assertEqual(answer["rounds"]["late"], ROUNDS)

    def test_every_call_has_another_xid(self):
        xids = []
        self.query(self.serve(lambda call, n: xids.append(rawrpc.xid_of(call)) or [stamps(call)]))
        self.query(self.serve(lambda call, n: xids.append(rawrpc.xid_of(call)) or [stamps(call)]))
        self.assertEqual(len(set(xids)), 10)
        steps = {b - a for a, b in zip(xids, xids[1:])}
        self.assertEqual(len(steps), 9, "xids can be guessed")

    def test_nothing_is_sent_twice(self):
        """A lost call is a lost round: libtirpc would send it again and call that a round trip."""
        seen = []
        self.query(self.serve(lambda call, n: seen.append(call) or []), 1)
        self.assertEqual(len(seen), len(set(seen)))

    def test_two_valid_rounds_are_too_few(self):
        answer = self.query(self.serve(lambda call, n: [stamps(call)] if n < 2 else []), 1)
        self.assertEqual(answer["rounds"]["received"], 2)
        self.assertEqual(answer["rounds"]["lost"], answer["rounds"]["sent"] - 2)

    def test_three_valid_rounds_are_enough(self):
        answer = self.query(self.serve(lambda call, n: [stamps(call)] if n < 3 else []))
        self.assertEqual(answer["rounds"]["received"], 3 + GET_TIMES)
        self.assert_within_bound(answer)

    def test_a_server_that_leaves_in_the_middle(self):
        server = self.serve(lambda call, n: [stamps(call)] if n < 2 else None)
        result = self.timesync("query", "--timeout", "100ms", host_port(server.address))
        self.assertEqual(result.status, 1, result)
        self.assertRegex(result.stderr, "refused|timed out|no answer")

    def test_a_server_of_another_version(self):
        versions = struct.pack(">II", 7, 9)

        def mismatch(call):
            return rawrpc.accepted(rawrpc.xid_of(call), versions, rawrpc.PROG_MISMATCH)

        result = self.timesync("query", host_port(self.serve(None, mismatch).address))
        self.assertEqual(result.status, 1, result)
        for word in ("version", "7", "9"):
            self.assertIn(word, result.stderr)

    def test_a_server_of_another_program(self):
        def unavailable(call):
            return rawrpc.accepted(rawrpc.xid_of(call), stat=rawrpc.PROG_UNAVAIL)

        result = self.timesync("query", host_port(self.serve(None, unavailable).address))
        self.assertEqual(result.status, 1, result)
        self.assertIn("program", result.stderr.lower())

    def test_a_server_that_refuses_the_client(self):
        def denied(call):
            return struct.pack(">IIIII", rawrpc.xid_of(call), rawrpc.REPLY, rawrpc.DENIED,
                               rawrpc.AUTH_ERROR, rawrpc.AUTH_REJECTEDCRED)

        result = self.timesync("query", host_port(self.serve(None, denied).address))
        self.assertEqual(result.status, 1, result)
        self.assertTrue(result.stderr)


if __name__ == "__main__":
    unittest.main()
