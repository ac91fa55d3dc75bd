# SPDX-License-Identifier: BSD-3-Clause
"""A bad network: rounds may be lost, but no clock is ever set by a wrong value."""

import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import SystemTest, host_port, ns

WRONG_NS = -2_500_000_000
SYNCS = 50
AT_ONCE = 10
METHODS = ("mean", "cristian", "ntp", "minimum")


class RelayTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()

    def relay(self, *args, netid="udp"):
        return self.start_relay(self.daemon.addresses[netid], *args)

    def query(self, relay, *args):
        answer = self.timesync_json("query", *args, host_port(relay.address))
        self.assert_within_bound(answer)
        self.assertEqual(answer["rounds"]["sent"],
                         answer["rounds"]["received"] + answer["rounds"]["lost"])
        return answer


class LossTest(RelayTest):
    def sync(self, relay, number):
        """One sync of a clock that is 2.5 s wrong. Whether it succeeded; either way it is right."""
        clock = self.make_clock("-2.5s", name=str(number))
        result = self.timesync("sync", "-c", clock, "--timeout=50ms", "--json",
                               host_port(relay.address))
        left = self.clock_offset_ns(clock)
        self.assertIn(result.status, (0, 1), result)
        answer = result.json
        if result.status == 1:
            self.assertGreater(answer["rounds"]["lost"], 0, answer)
            self.assertEqual(left, WRONG_NS, answer)
            return False
        self.assertLessEqual(abs(left), ns(answer["max_error_s"]), answer)
        if answer["after"]:
            self.assert_within_bound(answer["after"], -left)
        return True

    def check_syncs(self, netid):
        relay = self.relay("--drop", "30", netid=netid)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = list(pool.map(lambda n: self.sync(relay, n), range(SYNCS)))
        for way in relay.counters().values():
            self.assertGreater(way["dropped"], SYNCS)
        # Of ten rounds each comes back with a probability of 0.49: most syncs have three.
        self.assertGreater(sum(done), SYNCS // 2)

    def test_a_third_lost_each_way(self):
        self.check_syncs("udp")

    def test_a_third_lost_each_way_over_ipv6(self):
        self.check_syncs("udp6")

    def test_all_lost_is_a_failure_with_a_count(self):
        for way in ("to-server", "to-client"):
            with self.subTest(way):
                relay = self.relay(f"--drop-{way}", "100")
                clock = self.make_clock("-2.5s", name=way)
                result = self.timesync("sync", "-c", clock, "--timeout=20ms",
                                       host_port(relay.address))
                self.assertEqual(result.status, 1, result)
                self.assertRegex(result.stderr, "timed out|no answer")
                self.assertEqual(self.clock_offset_ns(clock), WRONG_NS)


class DisorderTest(RelayTest):
    def count(self, relay, key, *args):
        """How many of that kind ten queries see, all of them right."""
        return sum(self.query(relay, "--timeout=100ms", *args)["rounds"][key] for _ in range(10))

    def test_duplicates_are_counted_and_not_used(self):
        relay = self.relay("--duplicate", "100")
        self.assertGreater(self.count(relay, "duplicate"), 30)

    def test_reordered_replies_are_late(self):
        relay = self.relay("--reorder", "20")
        self.assertGreater(self.count(relay, "late"), 0)

    def test_everything_at_once(self):
        relay = self.relay("--duplicate", "30", "--reorder", "10", "--delay", "0..5ms",
                           "--drop", "5", "--seed", "3")
        self.assertGreater(self.count(relay, "duplicate"), 0)

    def test_replies_after_the_deadline_are_no_samples(self):
        relay = self.relay("--delay-to-client", "60ms")
        answer = self.timesync_json("query", "--timeout=25ms", host_port(relay.address), status=1)
        self.assertEqual(answer["rounds"]["received"], 0)


class DelayTest(RelayTest):
    def test_an_asymmetric_path_is_within_the_bound(self):
        for way in ("to-server", "to-client"):
            relay = self.relay(f"--delay-{way}", "5ms")
            for method in METHODS:
                with self.subTest(way=way, method=method):
                    answer = self.query(relay, "-m", method)
                    self.assertGreater(ns(answer["delay_s"]), 5_000_000)
                    # Half of the 5 ms; less, where a busy machine holds up the other way.
                    self.assertGreater(abs(ns(answer["offset_s"])), 100_000)

    def test_jitter_is_within_the_bound(self):
        relay = self.relay("--delay", "0..4ms")
        for method in METHODS:
            for _ in range(5):
                with self.subTest(method):
                    self.query(relay, "-m", method)


if __name__ == "__main__":
    unittest.main()
