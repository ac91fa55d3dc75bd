# SPDX-License-Identifier: BSD-3-Clause
"""Many servers at once: measured at the same time, and judged together."""

import time
import unittest

from fakeserver import FakeServer
from harness import SystemTest, host_port, ns

TIMEOUT_S = 0.5
GREETINGS = 5  # calls to a silent server before it is given up
HOUR_NS = 3600 * 10**9


class ManyTest(SystemTest):
    def serve(self, offset="0", name="clock"):
        """A server whose clock is that far ahead. Its HOST:PORT."""
        clock = self.make_clock(offset, name=name)
        return host_port(self.start_lone_daemon("-c", clock).addresses["udp"])

    def silent(self):
        server = FakeServer(lambda call, n: [], lambda call: b"")
        self.addCleanup(server.close)
        return host_port(server.address)

    def query(self, *hosts, status=0):
        """The result of each server, and their combined result."""
        result = self.timesync("query", "--timeout", f"{TIMEOUT_S}s", "--json", *hosts)
        self.assertEqual(result.status, status, result)
        *answers, together = result.json_lines
        self.assertEqual(len(answers), len(hosts))
        self.assertEqual(together["servers"], len(hosts))
        return answers, together


class QueryTest(ManyTest):
    def test_the_dead_cost_one_timeout_in_all(self):
        living = [self.serve(name=f"clock{i}") for i in range(15)]
        hosts = [*living[:7], *(self.silent() for _ in range(5)), *living[7:]]
        started = time.monotonic()
        answers, together = self.query(*hosts, status=1)
        self.assert_within(2 * GREETINGS * TIMEOUT_S, started, "the dead were waited for in turn")
        for i, answer in enumerate(answers):
            if 7 <= i < 12:
                self.assertIn("error", answer)
                self.assertEqual(together["verdicts"][i]["verdict"], "unmeasured")
            else:
                self.assert_within_bound(answer)
        self.assertEqual((together["answered"], together["agreeing"]), (15, 15))
        self.assert_within_bound(together)

    def test_over_tcp(self):
        daemons = [self.start_lone_daemon("-c", self.make_clock(name=f"clock{i}"))
                   for i in range(5)]
        result = self.timesync("query", "-t", "tcp", "--json",
                               *[host_port(daemon.addresses["tcp"]) for daemon in daemons])
        self.assertEqual(result.status, 0, result)
        self.assertEqual(len(result.json_lines), 5 + 1)

    def test_through_rpcbind(self):
        self.start_rpcbind()
        self.start_registered_daemon("-c", self.make_clock())
        result = self.timesync("query", "127.0.0.1", "127.0.0.1", "::1")
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.stdout.count("result "), 3 + 1)
        self.assertIn("1 server, 1 answered, 1 agree", result.stdout)

    def test_a_liar_is_named(self):
        good = [self.serve(name=f"clock{i}") for i in range(3)]
        liar = self.serve("1h", "liar")
        answers, together = self.query(*good[:2], liar, good[2])
        self.assert_within_bound(answers[2], HOUR_NS)
        self.assertEqual([v["verdict"] for v in together["verdicts"]],
                         ["truechimer", "truechimer", "ahead", "truechimer"])
        self.assert_within_bound(together)
        result = self.timesync("query", *good[:2], liar, good[2])
        self.assertRegex(result.stdout, r"false +127\.0\.0\.1 at 127\.0\.0\.1:"
                         + liar.split(":")[1] + ".*ahead")

    def test_without_a_majority_there_is_no_result(self):
        answers, together = self.query(self.serve(), self.serve("1h", "other"), status=3)
        self.assert_within_bound(answers[0])
        self.assert_within_bound(answers[1], HOUR_NS)
        self.assertIn("error", together)
        self.assertNotIn("offset_s", together)

    def test_none_answers(self):
        _, together = self.query("127.0.0.1:9", "127.0.0.1:10", status=1)
        self.assertIn("error", together)

    def test_too_many(self):
        result = self.timesync("query", *["127.0.0.1:9"] * 65)
        self.assertEqual(result.status, 2)
        self.assertIn("65", result.stderr)
        self.assertIn("64", result.stderr)


class SyncTest(ManyTest):
    def sync(self, clock, *hosts):
        return self.timesync("sync", "--timeout", "100ms", "--json", "-c", clock, *hosts)

    def test_a_liar_does_not_move_the_clock(self):
        hosts = [self.serve(name=f"clock{i}") for i in range(3)] + [self.serve("1h", "liar")]
        clock = self.make_clock("-2.5s", name="mine")
        result = self.sync(clock, *hosts)
        self.assertEqual(result.status, 0, result)
        together = result.json_lines[-1]
        self.assert_within_bound(together, 2_500_000_000)
        self.assertEqual(together["action"], "step")
        self.assertTrue(together["applied"])
        self.assertLessEqual(abs(self.clock_offset_ns(clock)), ns(together["max_error_s"]))
        self.assert_within_bound(together["after"], -self.clock_offset_ns(clock))

    def test_without_a_majority_nothing_moves(self):
        good, ahead, behind = self.serve(), self.serve("1h", "ahead"), self.serve("-1h", "behind")
        better = self.serve(name="better")
        clock = self.make_clock("-2.5s", name="mine")
        for hosts, words in (((good, ahead), "of 2 servers no two agree: more than half must"),
                             ((good, ahead, behind), "of 3 servers no two agree: "),
                             ((good, better, ahead, behind), "of 4 servers 2 agree: more than half")):
            result = self.sync(clock, *hosts)
            self.assertEqual(result.status, 3, result)
            self.assertIn(words, result.stderr)
            self.assertIn(words, result.json_lines[-1]["error"])
            self.assertEqual(self.clock_offset_ns(clock), -2_500_000_000)

    def test_more_than_half_of_all_must_be_there(self):
        """An attacker who silences the honest servers must not decide with the remaining one."""
        one, two = self.serve(), self.serve(name="two")
        clock = self.make_clock("-2.5s", name="mine")
        result = self.sync(clock, one, "127.0.0.1:9", "127.0.0.1:10")
        self.assertEqual(result.status, 3, result)
        self.assertIn("of 3 servers only 1 answered: more than half must", result.stderr)
        self.assertEqual(self.clock_offset_ns(clock), -2_500_000_000)
        result = self.sync(clock, one, two, "127.0.0.1:9")
        self.assertEqual(result.status, 0, result)
        self.assertLess(abs(self.clock_offset_ns(clock)), 1_000_000)

    def test_none_answers(self):
        clock = self.make_clock("-2.5s", name="mine")
        result = self.sync(clock, "127.0.0.1:9", "127.0.0.1:10")
        self.assertEqual(result.status, 1, result)
        self.assertEqual(self.clock_offset_ns(clock), -2_500_000_000)


if __name__ == "__main__":
    unittest.main()
