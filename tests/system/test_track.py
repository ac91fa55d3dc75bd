# SPDX-License-Identifier: BSD-3-Clause
"""timesync track: it learns the rate, keeps the clock right, holds over, and stops in time."""

import json
import os
import signal
import unittest
from pathlib import Path

from harness import SystemTest, host_port, ns

QUICK = ("--interval", "250ms", "--timeout", "200ms")
DRIFT_PPM = 80


class TrackTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()
        self.server = host_port(self.daemon.addresses["udp"])

    def track(self, *args, server=None, status=0):
        """The lines of --json, each as what it says."""
        result = self.timesync("track", *QUICK, "--json", *args, server or self.server)
        self.assertEqual(result.status, status, result)
        return result.json_lines

    def another(self):
        """A server that is right as well, of a clock file of its own."""
        clock = self.make_clock(name=os.urandom(4).hex())
        return host_port(self.start_lone_daemon("-c", clock).addresses["udp"])

    def launch(self, *args):
        """track in the background, until stopped."""
        return self.launch_client("track", *QUICK, *args, self.server)

    def assert_right(self, clock, within_ns=200_000):
        self.assertLessEqual(abs(self.clock_offset_ns(clock)), within_ns)


class LearnTest(TrackTest):
    def test_offset_and_rate(self):
        clock = self.make_clock("-2.5s", str(DRIFT_PPM))
        polls = self.track("-c", clock, "--count", "20")
        self.assertEqual([p["event"] for p in polls], ["first"] + ["tracking"] * 19)
        self.assertEqual(polls[0]["action"], "step")
        self.assertNotIn("step", [p["action"] for p in polls[1:]])
        self.assertAlmostEqual(float(polls[-1]["rate_ppm"]), -DRIFT_PPM, delta=10)
        self.assertAlmostEqual(float(self.clock(clock)["frequency_ppm"]), -DRIFT_PPM, delta=10)
        self.assert_right(clock)

    def test_one_measurement_tells_no_rate(self):
        clock = self.make_clock("3ms", str(DRIFT_PPM))
        first, second = self.timesync("track", *QUICK, "-c", clock, "--count", "2",
                                      self.server).stdout.splitlines()
        self.assertIn("; rate unknown yet; ", first)
        self.assertNotIn("unknown", second)

    def test_every_bound_holds(self):
        """The truth lies between what the clock file is before and after."""
        clock = self.make_clock("3ms")
        for _ in range(5):
            before = self.clock_offset_ns(clock)
            (poll,) = self.track("-c", clock, "--count", "1")
            after = self.clock_offset_ns(clock)
            for offset, error in (("offset_s", "max_error_s"), ("estimate_s", "estimate_error_s")):
                found, bound = -ns(poll[offset]), ns(poll[error])
                self.assertGreaterEqual(found, min(before, after) - bound)
                self.assertLessEqual(found, max(before, after) + bound)

    def test_the_rate_is_kept_in_the_drift_file(self):
        clock, drift = self.make_clock("0", str(DRIFT_PPM)), self.path("drift")
        self.track("-c", clock, "--drift-file", drift, "--count", "20")
        kept = Path(drift).read_text(encoding="ascii")
        self.assertRegex(kept, r"^-\d+\.\d{3} ppm \+/- \d+\.\d{3}\n$")
        kept = kept.split()[0]
        self.assertAlmostEqual(float(kept), -DRIFT_PPM, delta=10)
        other = self.make_clock("0", str(DRIFT_PPM), name="other")
        polls = self.track("-c", other, "--drift-file", drift, "--count", "1")
        self.assertAlmostEqual(float(polls[0]["rate_ppm"]), float(kept), delta=1)

    def test_the_log(self):
        log = self.path("log")
        for _ in range(2):
            self.track("-c", self.make_clock(name=os.urandom(4).hex()), "--log", log,
                       "--count", "3")
        lines = Path(log).read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(lines), 6)
        self.assertEqual([json.loads(line)["event"] for line in lines],
                         ["first", "tracking", "tracking"] * 2)

    def test_a_log_that_was_cut_off_is_continued_on_a_new_line(self):
        log = Path(self.path("log"))
        log.write_text('{"time_ns":17', encoding="ascii")
        for _ in range(2):
            self.track("-c", self.make_clock(name=os.urandom(4).hex()), "--log", log,
                       "--count", "1")
        torn, *lines = log.read_text(encoding="ascii").splitlines()
        self.assertEqual(torn, '{"time_ns":17')
        self.assertEqual([json.loads(line)["event"] for line in lines], ["first"] * 2)

    def test_what_is_no_log_is_left_alone(self):
        clock = self.make_clock("-2.5s")
        before = Path(clock).read_bytes()
        result = self.timesync("track", "--count=1", "-c", clock, "--log", clock, self.server)
        self.assertEqual(result.status, 2, result)
        self.assertIn(f"'{clock}' is not a log", result.stderr)
        self.assertEqual(Path(clock).read_bytes(), before)

    def test_each_server_and_its_packets_are_in_the_log(self):
        (poll,) = self.track("-c", self.make_clock("-2.5s"), "--count", "1", self.another(),
                             "127.0.0.1:9", self.another())
        self.assertEqual([(v["host"], v["verdict"]) for v in poll["verdicts"]],
                         [("127.0.0.1", "truechimer"), ("127.0.0.1", "unmeasured"),
                          ("127.0.0.1", "truechimer"), ("127.0.0.1", "truechimer")])
        self.assertGreaterEqual(poll["rounds"]["received"], 3 * 8)


class TroubleTest(TrackTest):
    def test_it_holds_over_and_comes_back(self):
        clock = self.make_clock("0", str(DRIFT_PPM))
        log = self.path("log")
        track = self.launch("-c", clock, "--log", log)
        self.wait_until(lambda: track.stdout.count("\n") > 20, "it learns", track)
        port = self.daemon.port
        self.daemon.stop()
        self.wait_until(lambda: track.stdout.count("holding over") > 3, "it holds over", track)
        self.assert_right(clock)
        seen = track.stdout.count("\n")
        self.start_lone_daemon("-p", str(port))
        self.wait_until(lambda: "synchronised" in "".join(
            track.stdout.splitlines(keepends=True)[seen + 1:]), "it comes back", track)
        self.assertEqual(track.stop(), 0)
        held = [p for p in map(json.loads, Path(log).read_text(encoding="utf-8").splitlines())
                if p["phase"] == "holding-over"]
        bounds = [ns(p["estimate_error_s"]) for p in held]
        self.assertEqual(bounds, sorted(bounds), "the bound grows")
        self.assertEqual({p["event"] for p in held}, {"no-answer"})

    def test_a_server_that_goes_mad_is_not_followed(self):
        served = self.make_clock(name="served")
        server = host_port(self.start_lone_daemon("-c", served).addresses["udp"])
        clock = self.make_clock()
        track = self.launch_client("track", *QUICK, "-c", clock, "--panic", "10s", server)
        self.wait_until(lambda: track.stdout.count("\n") > 3, "it tracks", track)
        self.assertEqual(self.timesync("clock", "adjust", served, "--step", "1h").status, 0)
        self.assertEqual(track.wait(), 3, track.stderr)
        self.assertIn("refused: larger than the largest change that is allowed", track.stdout)
        self.assertRegex(track.stderr, r"refused: the local clock is 60 min 0 s slow, and --panic "
                                       r"allows 10 s; the clock was left as it is\n\Z")
        self.assert_right(clock)

    def test_a_first_correction_that_is_too_large(self):
        clock = self.make_clock("-2.5s")
        for limit in ("--max-change", "--panic"):
            result = self.timesync("track", *QUICK, "-c", clock, limit, "1s", "--slew",
                                   self.server)
            self.assertEqual(result.status, 3, result)
            self.assertIn("refused: larger than the largest change", result.stdout)
            self.assertRegex(result.stderr, r"refused: the local clock is 2\.(500000|499999) s slow, "
                             f"and {limit} allows 1 s; the clock was left as it is")

    def test_it_stops_at_once(self):
        for signo in (signal.SIGTERM, signal.SIGINT):
            track = self.launch_client("track", "-c", self.make_clock(name=str(signo)),
                                       "--interval", "1h", self.server)
            self.wait_until(lambda: track.stdout.count("\n"), "the first poll", track)
            self.assertEqual(track.stop(signo), 0)

    def test_polls_that_were_all_in_vain(self):
        liar = host_port(self.start_lone_daemon(
            "-c", self.make_clock("1h", name="liar")).addresses["udp"])
        clock = self.make_clock("-2.5s")
        for servers in (["127.0.0.1:9"], [self.server, liar]):
            with self.subTest(servers):
                result = self.timesync("track", *QUICK, "-c", clock, "--count", "2", *servers)
                self.assertEqual(result.status, 1, result)
                self.assertEqual(len(result.stdout.splitlines()), 2)
                self.assertTrue(result.stderr.endswith("no poll gave a measurement\n"), result)
                self.assertEqual(self.clock_offset_ns(clock), -2_500_000_000)
        polls = self.track("-c", clock, "--count", "2")
        self.assertEqual([p["event"] for p in polls], ["first", "tracking"])

    def test_a_liar_among_four_servers(self):
        liar = host_port(self.start_lone_daemon(
            "-c", self.make_clock("1h", name="liar")).addresses["udp"])
        clock = self.make_clock("-2.5s")
        polls = self.track("-c", clock, "--count", "3", self.another(), self.another(), liar)
        self.assertEqual([(p["servers"], p["agreeing"]) for p in polls], [(4, 3)] * 3)
        self.assert_right(clock)

    def test_without_permission_nothing_is_set(self):
        """Nor measured, printed or logged as if it had been, however small it is."""
        for offset in ("1h", "20ms", "0"):
            ahead = self.make_clock(offset, name=f"ahead{offset}")
            server = host_port(self.start_lone_daemon("-c", ahead).addresses["udp"])
            log = Path(self.path(f"log{offset}"))
            result = self.timesync("track", "--count", "2", "--log", log, server)
            self.assertEqual((result.status, result.stdout), (4, ""), result)
            self.assertIn("no permission to set the system clock, which was left as it is",
                          result.stderr)
            self.assertFalse(log.exists())

    def test_usage(self):
        for args in (["--interval", "0"], ["--interval", "5s..1s"], ["--interval", "2d"],
                     ["--interval", "249ms"], ["--interval", "100ms..4s"],
                     ["--count", "0"], ["--panic", "-1s"], ["--makestep", "0"],
                     ["--makestep", "1s,0"], ["--makestep", "1s,"], ["--makestep", "1s", "--slew"],
                     ["--max-slew-rate", "0.5"], ["--max-slew-rate", "100001"],
                     ["--chrony-sock", "x", "-c", self.make_clock(name=os.urandom(4).hex())]):
            with self.subTest(args):
                self.assertEqual(self.timesync("track", "--count", "1", *args,
                                               self.server).status, 2)


if __name__ == "__main__":
    unittest.main()
