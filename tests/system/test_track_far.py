# SPDX-License-Identifier: BSD-3-Clause
"""timesync track on clocks that are far off: in rate, after a pause, and beyond correction."""

import json
import signal
import unittest
from pathlib import Path

import tracklog
from harness import SystemTest, host_port, ns

OLD_FILE = Path(__file__).resolve().parents[1] / "fuzz/corpus/clock_file/old_version"
SECOND = 10**9
MS = 10**6


class FarTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.server = host_port(self.start_lone_daemon().addresses["udp"])

    def track(self, *args, status=0):
        result = self.timesync("track", "--json", *args, self.server)
        self.assertEqual(result.status, status, result)
        return result.json_lines, result.stderr

    def assert_off(self, clock, low_ns, high_ns):
        self.assertLessEqual(low_ns, self.clock_offset_ns(clock))
        self.assertLessEqual(self.clock_offset_ns(clock), high_ns)


class RateTest(FarTest):
    def test_any_rate_is_learnt_and_corrected(self):
        tracks = {}
        for ppm in (300, 515, 600, -2000, 20000, 99000, -99000):
            clock = self.make_clock(drift=str(ppm), name=f"clock{ppm}")
            tracks[ppm] = clock, self.launch_client(
                "track", "--json", "-c", clock, "-i", "500ms", "--count", "30", self.server)
        for ppm, (clock, track) in tracks.items():
            with self.subTest(ppm):
                self.assertEqual(track.wait(), 0, track.stderr)
                last = [json.loads(line) for line in track.stdout.splitlines()][-1]
                self.assertAlmostEqual(float(last["rate_ppm"]), -ppm, delta=30)
                self.assertAlmostEqual(float(self.clock(clock)["frequency_ppm"]), -ppm, delta=30)
                self.assertLess(abs(ns(last["estimate_s"]) + self.clock_offset_ns(clock)),
                                ns(last["estimate_error_s"]) + 30 * MS)

    def test_a_rate_that_cannot_be_corrected_is_the_end(self):
        fast = self.make_clock(drift="-9000", name="served")
        self.server = host_port(self.start_lone_daemon("-c", fast).addresses["udp"])
        clock, log = self.make_clock(drift="99900"), self.path("log")
        polls, said = self.track("-c", clock, "-i", "500ms", "--count", "20", "--log", log,
                                 status=3)
        self.assertEqual(polls[-1]["action"], "refuse")
        self.assertRegex(said, r"refused: the local clock runs 10[89]\d+\.\d+ ppm fast, and can be "
                               r"corrected by 100000\.000 ppm; it cannot be kept right\n\Z")
        self.assertEqual(self.timesync_json("report", log)["damaged"], 0)


class PauseTest(FarTest):
    """The clock falls behind by minutes while it is tracked, as that of a paused machine."""

    def pause(self, *args, by="-600s"):
        clock, log = self.make_clock(), self.path("log")
        track = self.launch_client("track", "-c", clock, "-i", "300ms", "--log", log, *args,
                                   self.server)
        self.wait_until(lambda: track.stdout.count("\n") > 4, "it tracks", track)
        self.assertEqual(self.timesync("clock", "adjust", clock, f"--step={by}").status, 0)
        return clock, log, track

    def test_it_is_slewed_and_said_how_long_that_takes(self):
        clock, log, track = self.pause()
        self.wait_until(lambda: track.stdout.count("; correcting;") > 3, "it corrects", track)
        self.assertRegex(track.stdout, r"slewing \d+ min \d+ s by 83333\.000 ppm takes about \d+ h "
                                       r".*\(--makestep would step it\); .*; correcting;")
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertNotIn("synchronised", track.stdout.partition("; correcting;")[2])
        self.assert_off(clock, -600 * SECOND, -599 * SECOND)
        self.assertLess(abs(float(self.clock(clock)["frequency_ppm"])), 200)
        report = self.timesync("report", log).stdout
        self.assertRegex(report, r"\noff bound \d+ polls, .*\n? +at most (10|9) min .* slow\n")

    def test_it_is_stepped_if_asked(self):
        clock, log, track = self.pause("--makestep", "1s")
        self.wait_until(lambda: "; stepped " in track.stdout, "it steps", track)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assert_off(clock, -MS, MS)
        self.assertEqual(self.timesync_json("report", log)["corrections"]["steps"], 1)

    def test_but_not_after_so_many_measurements(self):
        _, _, track = self.pause("--makestep", "1s,2")
        self.wait_until(lambda: "; correcting;" in track.stdout, "it corrects", track)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertNotIn("; stepped ", track.stdout)
        self.assertIn(" (--makestep steps no more: the number of measurements that it was given is "
                      "used up; a new start steps it); ", track.stdout)

    def test_nor_what_is_less(self):
        _, _, track = self.pause("--makestep", "700s")
        self.wait_until(lambda: "; correcting;" in track.stdout, "it corrects", track)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertIn(" (less than --makestep steps); ", track.stdout)

    def test_a_slew_is_no_faster_than_allowed(self):
        _, _, track = self.pause("--max-slew-rate", "1000")
        self.wait_until(lambda: "by 1000.000 ppm takes about" in track.stdout, "it slews", track)
        self.assertEqual(track.stop(), 0, track.stderr)

    def test_the_slew_of_a_killed_track_ends_by_itself(self):
        clock, _, track = self.pause()
        self.wait_until(lambda: self.clock(clock)["frequency_ppm"] > 80000, "it slews", track)
        self.assertEqual(track.stop(signal.SIGKILL), -signal.SIGKILL)
        self.wait_until(lambda: abs(self.clock(clock)["frequency_ppm"]) < 300, "the end of it")
        polls, said = self.track("-c", clock, "--count", "1")
        self.assertNotIn("slewed", said)
        self.assertLess(abs(polls[0]["frequency_ppm"]), 300)

    def test_the_slew_in_a_file_of_the_old_version_ends_with_the_next_one(self):
        """As such a file says nothing of its end. It stays of that version."""
        clock = Path(self.path("old"))
        clock.write_bytes(OLD_FILE.read_bytes())
        state = self.clock(clock)
        self.assertEqual((state["gain_ppm"], state["frequency_ppm"]), (50, 500))
        _, said = self.track("-c", clock, "--count", "1", "--max-change", "2000h")
        self.assertIn("the clock was still being slewed by 400.000 ppm, by a process that was killed: "
                      "ended that\n", said)
        self.assertLess(abs(self.clock_offset_ns(clock)), 5 * MS)
        self.assertEqual(clock.read_bytes()[12], 3)
        daemon = self.start_lone_daemon("-c", clock)
        measured = self.timesync_json("query", "-c", clock, host_port(daemon.addresses["udp"]))
        self.assert_within_bound(measured)

    def test_what_is_over_the_panic_limit_is_not_done_after_a_restart(self):
        clock, _, track = self.pause(by="-1200s")
        self.assertEqual(track.wait(), 3, track.stderr)
        again, said = self.track("-c", clock, "--count", "1", status=3)
        self.assertEqual(again[0]["action"], "refuse")
        self.assertIn("--panic allows 16 min 40 s; the clock was left as it is (--max-change "
                      "allows more in the beginning)", said)
        self.assert_off(clock, -1201 * SECOND, -1199 * SECOND)
        self.track("-c", clock, "--count", "1", "--max-change", "1h")
        self.assert_off(clock, -MS, MS)


class FailureTest(FarTest):
    def test_what_cannot_be_done_is_not_said_to_be_done(self):
        """The right to set the system clock is missing."""
        ahead = self.make_clock("50s", name="ahead")
        self.server = host_port(self.start_lone_daemon("-c", ahead).addresses["udp"])
        result = self.timesync("track", "--count", "1", self.server)
        self.assertEqual(result.status, 4, result)
        self.assertNotIn("; stepped ", result.stdout)

    def test_what_failed_is_counted_apart(self):
        log = tracklog.Log()
        log.measured(50 * SECOND, action="failed", phase="refused")
        path = self.path("log")
        Path(path).write_text(log.text, encoding="ascii")
        report = self.timesync_json("report", path)
        self.assertEqual(report["damaged"], 0)
        self.assertEqual((report["corrections"]["failed"], report["corrections"]["steps"]), (1, 0))


if __name__ == "__main__":
    unittest.main()
