# SPDX-License-Identifier: BSD-3-Clause
"""timesync sync: its effect on the clock, and its output."""

import unittest

from harness import NETIDS, SystemTest, can_set_clock, host_port, ns

WRONG_NS = -2_500_000_000


class SyncTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()
        self.server = host_port(self.daemon.addresses["udp"])

    def sync(self, clock, *args, status=0):
        return self.timesync_json("sync", "-c", clock, *args, self.server, status=status)


class StepTest(SyncTest):
    def test_a_clock_that_is_far_off_ends_within_the_bound(self):
        for method in ("mean", "cristian", "ntp", "minimum"):
            with self.subTest(method):
                clock = self.make_clock("-2.5s", name=method)
                answer = self.sync(clock, "-m", method)
                self.assert_within_bound(answer, -WRONG_NS)
                self.assertEqual(answer["action"], "step")
                self.assertEqual(answer["correction_s"], answer["offset_s"])
                self.assertTrue(answer["reason"])
                left = self.clock_offset_ns(clock)
                self.assertLessEqual(abs(left), ns(answer["max_error_s"]))
                self.assert_within_bound(answer["after"], -left)

    def test_a_clock_that_drifts(self):
        clock = self.make_clock("2.5s", drift="50")
        answer = self.sync(clock)
        after = self.clock(clock)
        # 50 ppm of the second that passes, at most, between the measurement and this reading.
        self.assertLessEqual(abs(ns(after["ahead_s"])), ns(answer["max_error_s"]) + 50_000)
        self.assertEqual(after["gain_ppm"], 50)

    def test_on_every_netid(self):
        for netid in NETIDS:
            with self.subTest(netid):
                clock = self.make_clock("-2.5s", name=netid)
                transport = netid.rstrip("6")
                address = host_port(self.daemon.addresses[netid])
                answer = self.timesync_json("sync", "-c", clock, "-t", transport, address)
                self.assertLessEqual(abs(self.clock_offset_ns(clock)), ns(answer["max_error_s"]))

    def test_far_away_times(self):
        for offset in ("-20000h", "100000h"):
            with self.subTest(offset):
                clock = self.make_clock(offset, name=offset)
                answer = self.sync(clock)
                self.assertLessEqual(abs(self.clock_offset_ns(clock)), ns(answer["max_error_s"]))

    def test_step_of_what_would_be_slewed(self):
        clock = self.make_clock("50ms")
        answer = self.sync(clock, "--step")
        self.assertEqual(answer["action"], "step")
        self.assertLessEqual(abs(self.clock_offset_ns(clock)), ns(answer["max_error_s"]))

    def test_the_second_time_there_is_little_left(self):
        clock = self.make_clock("-2.5s")
        first, second = self.sync(clock), self.sync(clock)
        self.assertLessEqual(abs(ns(second["offset_s"])),
                             ns(first["max_error_s"]) + ns(second["max_error_s"]))

    def test_the_server_may_serve_a_software_clock(self):
        served = self.make_clock("1h", name="served")
        daemon = self.start_lone_daemon("-c", served)
        clock = self.make_clock("-2.5s")
        self.timesync_json("sync", "-c", clock, host_port(daemon.addresses["udp"]))
        self.assertAlmostEqual(self.clock_offset_ns(clock), self.clock_offset_ns(served),
                               delta=5_000_000)


class SlewTest(SyncTest):
    def assert_slews(self, clock, answer, amount_ns):
        self.assertEqual(answer["action"], "slew")
        self.assertLessEqual(abs(ns(answer["correction_s"]) - amount_ns), ns(answer["max_error_s"]))
        shown = self.clock(clock)
        left, offset = ns(shown["slew_left_s"]), ns(shown["ahead_s"])
        self.assertLess(0, left / amount_ns)
        self.assertLessEqual(abs(left), abs(ns(answer["correction_s"])))
        # Nothing is lost: the rest of the slew takes the clock to where it should be.
        self.assertLessEqual(abs(offset + left), ns(answer["max_error_s"]))

    def test_a_small_correction_is_slewed(self):
        for offset_ms in (50, -50):
            with self.subTest(offset_ms):
                clock = self.make_clock(f"{offset_ms}ms", name=str(offset_ms))
                self.assert_slews(clock, self.sync(clock), -offset_ms * 10**6)

    def test_slew_of_what_would_be_stepped(self):
        clock = self.make_clock("-2.5s")
        self.assert_slews(clock, self.sync(clock, "--slew"), -WRONG_NS)

    def test_people_are_told_how_long_it_takes(self):
        clock = self.make_clock("-1.2s")
        result = self.timesync("sync", "--slew", "-c", clock, self.server)
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stdout, r"40 min|39 min 59 s")

    def test_a_slew_that_takes_longer_than_can_be_said_is_refused(self):
        clock = self.make_clock("-5184000s")
        before = self.clock(clock)
        for dry_run in ([], ["--dry-run"]):
            result = self.timesync("sync", "--slew", *dry_run, "-c", clock, self.server)
            self.assertEqual(result.status, 3, result)
            self.assertIn("60 days 0 h slow, and a slew of that at 500 ppm takes more than 292 "
                          "years; --step sets it at once", result.stderr)
            self.assertNotIn("106751 days", result.stdout)
        self.assertEqual(self.sync(clock, "--slew", status=3)["action"], "refuse")
        self.assertEqual(self.clock(clock), before)


class RefusalTest(SyncTest):
    def test_beyond_max_change_nothing_moves(self):
        clock = self.make_clock("-2.5s")
        for limit in ("1s", "2.4s", "100ms"):
            with self.subTest(limit):
                answer = self.sync(clock, f"--max-change={limit}", status=3)
                self.assertEqual(answer["action"], "refuse")
                self.assertTrue(answer["reason"])
                self.assertEqual(self.clock_offset_ns(clock), WRONG_NS)
        result = self.timesync("sync", "-c", clock, "--max-change=1s", self.server)
        self.assertEqual(result.status, 3, result)
        self.assertRegex(result.stderr, "refused.*change")
        self.assertEqual(self.clock_offset_ns(clock), WRONG_NS)

    def test_neither_force_overrides_max_change(self):
        clock = self.make_clock("-2.5s")
        for force in ("--step", "--slew"):
            self.sync(clock, force, "--max-change=1s", status=3)
            self.assertEqual(self.clock_offset_ns(clock), WRONG_NS)

    def test_within_max_change_it_moves(self):
        clock = self.make_clock("-2.5s")
        self.assertEqual(self.sync(clock, "--max-change=2.6s")["action"], "step")

    def test_dry_run_moves_nothing(self):
        for offset, action in (("-2.5s", "step"), ("50ms", "slew")):
            with self.subTest(action):
                clock = self.make_clock(offset, name=action)
                before = self.clock(clock)
                answer = self.sync(clock, "--dry-run")
                self.assertIs(answer["dry_run"], True)
                self.assertIn(action, answer["action"])
                self.assertEqual(ns(answer["correction_s"]), ns(answer["offset_s"]))
                self.assertEqual(self.clock(clock), before)

    def test_dry_run_keeps_the_refusal(self):
        clock = self.make_clock("-2.5s")
        self.sync(clock, "--dry-run", "--max-change=1s", status=3)

    def test_no_answer_moves_nothing(self):
        clock = self.make_clock("-2.5s")
        self.daemon.stop()
        result = self.timesync("sync", "-c", clock, "--timeout=50ms", self.server)
        self.assertEqual(result.status, 1, result)
        self.assertEqual(self.clock_offset_ns(clock), WRONG_NS)


class SystemClockTest(SystemTest):
    """Without a clock file it is the system's, which nobody here may set."""

    def setUp(self):
        super().setUp()
        if can_set_clock():
            self.fail("CAP_SYS_TIME is not dropped")

    def sync(self, offset, *args):
        """Against a server that is ahead by `offset`."""
        name = offset + "".join(args)
        daemon = self.start_lone_daemon("-c", self.make_clock(offset, name=name))
        return self.timesync("sync", *args, host_port(daemon.addresses["udp"]))

    def test_no_permission_is_said_before_anything_is_measured(self):
        for offset in ("2.5s", "50ms"):
            with self.subTest(offset):
                result = self.sync(offset)
                self.assertEqual(result.status, 4, result)
                self.assertEqual(result.stdout, "")
                self.assertIn("no permission to set the system clock", result.stderr)
        # Nobody is asked: that address would not answer.
        result = self.timesync("sync", "127.0.0.1:9")
        self.assertEqual(result.status, 4, result)

    def test_no_permission_in_json(self):
        result = self.sync("2.5s", "--json")
        self.assertEqual(result.status, 4, result)
        self.assertIn("no permission", result.json["error"])

    def test_far_by_an_unsynchronised_server(self):
        for ahead in ("25h", "-25h"):
            with self.subTest(ahead):
                result = self.sync(ahead, "--dry-run")
                self.assertEqual(result.status, 3, result)
                self.assertIn("--allow-unsynchronised", result.stderr)
                result = self.sync(ahead, "--dry-run", "--allow-unsynchronised")
                self.assertEqual(result.status, 0, result)
                self.assertIn("would step", result.stdout)
        self.assertEqual(self.sync("23h", "--dry-run").status, 0)

    def test_more_than_the_kernel_slews_would_be_refused(self):
        result = self.sync("1h", "--slew", "--dry-run")
        self.assertEqual(result.status, 3, result)
        self.assertIn("can be slewed by 35 min 45 s at most; --step sets it at once",
                      result.stderr)
        self.assertIn("would slew", self.sync("2140s", "--slew", "--dry-run").stdout)

    def test_dry_run_needs_no_permission(self):
        self.assertEqual(self.sync("2.5s", "--dry-run").status, 0)


class WordsTest(SyncTest):
    def test_each_round_the_mean_the_bound_and_the_result(self):
        clock = self.make_clock("-2.5s")
        result = self.timesync("sync", "-c", clock, self.server)
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stdout, r"local clock is 2\.(500|499)\d{3} s slow")
        self.assertIn("+/-", result.stdout)
        for word in ("mean", "step", "after|now|left"):
            self.assertRegex(result.stdout, word)
        for n in range(1, 6):
            self.assertRegex(result.stdout, rf"(?m)^round {n} ")

    def test_classic_is_three_lines(self):
        clock = self.make_clock("-2.5s")
        result = self.timesync("sync", "-c", clock, "--format=classic", self.server)
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stdout,
                         r"\AREMOTE_TIME \d+\nLOCAL_TIME \d+\nRTT_ESTIMATE \d+\n\Z")
        self.assertLess(abs(self.clock_offset_ns(clock)), 10**8)


if __name__ == "__main__":
    unittest.main()
