# SPDX-License-Identifier: BSD-3-Clause
"""timesync track on the system clock of the guest."""

import json
import signal
import subprocess
import time
from pathlib import Path

import kernel
from guest import GuestTest
from harness import host_port, ns, program
from kernel import READING_NS

SECOND = 10**9
MS = 10**6
RATE_PPM = 80
MAX_ERROR_NS = 5 * MS  # the server's claim


class TrackTest(GuestTest):
    def launch(self, truth, *args, interval="2s"):
        return self.launch_client("track", "--json", "-i", interval, *args, truth.server)

    @staticmethod
    def polls(track):
        return [json.loads(line) for line in track.stdout.splitlines(keepends=True)
                if line.endswith("\n")]

    def wait_for_polls(self, track, n):
        self.wait_until(lambda: len(self.polls(track)) >= n, f"{n} polls", track)
        return self.polls(track)

    def start_right_truth(self, offset_ns=0, rate_ppm=0):
        return self.start_truth(offset_ns, rate_ppm * 1000, MAX_ERROR_NS)

    def assert_true(self, poll, truth):
        """What the poll of just now says of the clock is so, but for a slew that has begun."""
        found, bound = ns(poll["estimate_s"]), ns(poll["estimate_error_s"]) + READING_NS
        slewed = ns(poll["correction_s"]) if poll["action"] == "slew" else 0
        self.assert_between(found - max(slewed, 0) - bound, truth.slow_ns(),
                            found - min(slewed, 0) + bound)

    def assert_undisciplined(self):
        """It has its rate, and its correction is finished, but nobody vouches for it."""
        state = kernel.state()
        self.assertFalse(state.synchronised)
        self.assertEqual((state.max_error_ns, state.est_error_ns), (16 * SECOND, 16 * SECOND))
        self.assertEqual(state.tick_us, kernel.NOMINAL_TICK_US)
        self.wait_until(lambda: kernel.slew_left_ns() == 0, "the last slew ends")


class LearnTest(TrackTest):
    def test_offset_and_rate(self):
        truth = self.start_right_truth(SECOND // 2, RATE_PPM)
        track = self.launch(truth)
        for number in range(1, 9):
            poll = self.wait_for_polls(track, number)[-1]
            self.assertEqual((poll["event"], poll["action"] == "step"),
                             ("first", True) if number == 1 else ("tracking", False))
            self.assert_true(poll, truth)
        self.assertAlmostEqual(float(poll["rate_ppm"]), RATE_PPM, delta=10)
        self.assertLessEqual(abs(truth.slow_ns()), MS)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assert_undisciplined()
        frequency = float(self.polls(track)[-1]["frequency_ppm"])
        self.assertAlmostEqual(kernel.state().frequency_ppm, frequency, delta=0.001)
        slow = truth.slow_ns()
        time.sleep(5)
        self.assertLessEqual(abs(truth.slow_ns() - slow), 5 * 10 * 1000 + READING_NS)

    def test_a_slew_of_many_polls(self):
        """Each slew begins at once and has ended before the next poll, also while the kernel is
        idle: then it looks at the time when it is asked to, and not every second.
        """
        truth = self.start_right_truth(10 * MS)
        track = self.launch(truth, interval="2500ms")
        for number in range(1, 6):
            time.sleep(2)
            poll = self.wait_for_polls(track, number)[-1]
            self.assertEqual(poll["event"], "first" if number == 1 else "tracking")
            self.assertEqual(poll["action"], "slew")
            self.assertEqual(kernel.slew_left_ns(), 0)
            self.assert_true(poll, truth)
        before = truth.slow_ns()
        time.sleep(1.5)  # in the middle of a slew
        self.assertAlmostEqual(before - truth.slow_ns(), 1.5 * MS / 2, delta=MS // 5)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assert_undisciplined()
        frequency = float(self.polls(track)[-1]["frequency_ppm"])
        self.assertAlmostEqual(kernel.state().frequency_ppm, frequency, delta=0.001)

    def test_a_rate_that_takes_ticks(self):
        """2000 ppm are more than the kernel's frequency reaches."""
        truth = self.start_right_truth(rate_ppm=2000)
        track = self.launch(truth, interval="1s")
        self.wait_until(lambda: self.polls(track)[-1:] and abs(
            (self.polls(track)[-1]["rate_ppm"] or 0) - 2000) < 10, "it learns the rate", track)
        self.wait_for_polls(track, len(self.polls(track)) + 5)
        self.assert_true(self.polls(track)[-1], truth)
        self.assertEqual(track.stop(), 0, track.stderr)
        state = kernel.state()
        self.assertEqual(state.tick_us, kernel.NOMINAL_TICK_US + 20)
        slow = truth.slow_ns()
        time.sleep(5)
        self.assertLessEqual(abs(truth.slow_ns() - slow), 5 * 10 * 1000 + READING_NS)

    def test_the_drift_file(self):
        drift = self.path("drift")
        Path(drift).write_text(f"{RATE_PPM}.125\n", encoding="ascii")
        track = self.launch(self.start_right_truth(rate_ppm=RATE_PPM), "--drift-file", drift)
        poll = self.wait_for_polls(track, 1)[0]
        self.assertEqual(poll["frequency_ppm"], RATE_PPM + 0.125)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertAlmostEqual(kernel.state().frequency_ppm, RATE_PPM + 0.125, delta=0.001)
        rate = Path(drift).read_text(encoding="ascii").split()[0]
        self.assertAlmostEqual(float(rate), RATE_PPM, delta=10)


class LimitTest(TrackTest):
    def test_far_by_an_unsynchronised_server(self):
        result = self.timesync("track", "--count", "1", "--max-change", "48h",
                               self.start_truth(25 * 3600 * SECOND).server)
        self.assertEqual(result.status, 3, result)
        self.assertIn("--allow-unsynchronised", result.stderr)
        self.assert_untouched()


class ClaimTest(TrackTest):
    """The clock's own claim, and the one that timesyncd serves."""

    def served(self, daemon):
        return self.timesync_json("query", host_port(daemon.addresses["udp"]))["server"]

    def test_it_is_claimed_and_taken_back(self):
        daemon = self.start_lone_daemon()
        self.assertEqual(self.served(daemon)["sync"], "unsynchronised")
        truth = self.start_right_truth(20 * MS)
        track = self.launch(truth, interval="5s")
        self.wait_for_polls(track, 1)
        state, slow = kernel.state(), abs(truth.slow_ns())
        self.assertTrue(state.synchronised)
        self.assert_between(MAX_ERROR_NS + slow - MS, state.max_error_ns,
                            MAX_ERROR_NS + slow + 3 * MS)
        self.assertLessEqual(state.est_error_ns, state.max_error_ns)
        served = self.served(daemon)
        self.assertEqual(served["sync"], "synchronised")
        self.assertGreaterEqual(ns(served["max_error_s"]), state.max_error_ns)
        self.assertEqual(track.stop(signal.SIGINT), 0, track.stderr)
        self.assert_undisciplined()
        self.assertEqual(self.served(daemon)["sync"], "unsynchronised")

    def test_every_end_takes_it_back(self):
        for signo in (signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR1, signal.SIGALRM):
            with self.subTest(signo):
                track = self.launch(self.start_right_truth())
                self.wait_for_polls(track, 1)
                self.assertTrue(kernel.state().synchronised)
                self.assertEqual(track.stop(signo), 0, track.stderr)
                self.assert_undisciplined()

    def test_a_reader_that_goes_away_takes_it_back(self):
        truth, drift = self.start_right_truth(), self.path("drift")
        with subprocess.Popen([program("timesync"), "track", "-i", "2s", "--drift-file", drift,
                               truth.server], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as track:
            for _ in range(8):  # by then it knows the rate
                track.stdout.readline()
            track.stdout.close()
            track.wait(60)
        self.assert_undisciplined()
        float(Path(drift).read_text(encoding="ascii").split()[0])

    def test_not_by_a_server_that_is_not_synchronised(self):
        track = self.launch(self.start_truth())
        for number in (1, 2):
            self.wait_for_polls(track, number)
            self.assertFalse(kernel.state().synchronised)

    def test_without_servers_it_grows(self):
        truth = self.start_right_truth()
        track = self.launch(truth, "--timeout", "100ms")
        self.wait_for_polls(track, 2)
        truth.send(signal.SIGSTOP)
        seen = len(self.polls(track))
        self.wait_until(lambda: [p["phase"] for p in self.polls(track)[seen:]].count(
            "holding-over") > 1, "it holds over", track)
        state, poll = kernel.state(), self.polls(track)[-1]
        self.assertTrue(state.synchronised)
        self.assertGreaterEqual(state.max_error_ns, MAX_ERROR_NS + ns(poll["estimate_error_s"]))
        self.assertEqual(kernel.state().frequency_ppm, state.frequency_ppm)
        truth.send(signal.SIGCONT)

    def test_killed_it_is_left_to_the_kernel(self):
        track = self.launch(self.start_right_truth(), interval="1h")
        self.wait_for_polls(track, 1)
        track.stop(signal.SIGKILL)
        before = kernel.state()
        time.sleep(3)
        after = kernel.state()
        self.assertTrue(after.synchronised)
        self.assert_between(MS, after.max_error_ns - before.max_error_ns, 3 * MS)


class UntouchedTest(TrackTest):
    def test_a_correction_over_the_limit(self):
        server = self.start_right_truth(2 * SECOND).server
        result = self.timesync("track", "--max-change", "1s", server)
        self.assertEqual(result.status, 3, result)
        self.assertIn("refused", result.stdout)
        self.assert_untouched()
        self.assertFalse(kernel.state().synchronised)

    def test_without_the_privilege(self):
        for offset_ns in (2 * SECOND, 20 * MS, 0):
            with self.subTest(offset_ns):
                server = self.start_right_truth(offset_ns).server
                result = self.timesync_as_nobody("track", "--count", "2", server)
                self.assertEqual(result.status, 4, result)
                self.assertIn("no permission to set the system clock", result.stderr)
                self.assertEqual(result.stdout, "")
                self.assert_untouched()
                self.assertFalse(kernel.state().synchronised)


class SharedTest(TrackTest):
    def test_sync_beside_track(self):
        truth = self.start_right_truth(SECOND // 2)
        track = self.launch(truth)
        self.wait_for_polls(track, 1)
        for verb in ("sync", "track"):
            with self.subTest(verb):
                result = self.timesync(verb, truth.server)
                self.assertEqual(result.status, 3, result)
                self.assertIn(f"the system clock is kept by timesync track, pid {track.pid};",
                              result.stderr)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertEqual(self.timesync("sync", truth.server).status, 0)

    def test_beside_another_daemon(self):
        truth = self.start_right_truth(SECOND // 2)
        config = self.path("chrony.conf")
        Path(config).write_text(f"cmdport 0\nbindcmdaddress /\npidfile {self.path('pid')}\n",
                                encoding="ascii")
        chronyd = self.start(["/usr/sbin/chronyd", "-d", "-u", "root", "-f", config])
        self.wait_until(lambda: "chronyd version" in chronyd.stderr, "chronyd runs", chronyd)
        result = self.timesync("track", "--count", "1", truth.server)
        self.assertEqual(result.status, 3, result)
        self.assertIn(f"cannot be tracked: chronyd, pid {chronyd.pid}, steers it", result.stderr)
        self.assert_untouched()
        result = self.timesync("track", "--count", "1", "--force", truth.server)
        self.assertEqual(result.status, 0, result)
        self.assertIn("stepped", result.stdout)

    def test_a_step_by_somebody_else(self):
        truth = self.start_right_truth(SECOND // 2)
        track = self.launch(truth)
        self.wait_for_polls(track, 2)
        time.clock_settime_ns(time.CLOCK_REALTIME,
                              time.clock_gettime_ns(time.CLOCK_REALTIME) - 50 * MS)
        self.wait_until(lambda: "another program has changed the local clock" in track.stderr,
                        "track sees it", track)
        number = len(self.polls(track))
        poll = self.wait_for_polls(track, number + 2)[-1]
        self.assert_true(poll, truth)
        self.assertEqual(track.stop(), 0, track.stderr)

    def test_a_clock_that_follows_ours(self):
        server = self.start_lone_daemon("-c", self.make_clock("300ms")).addresses["udp"]
        result = self.timesync("track", "-i", "2s", "--count", "9", host_port(server))
        self.assertEqual(result.status, 3, result)
        self.assertIn("the server's clock follows it", result.stderr)
        self.assertEqual(result.stdout.count("; stepped "), 1, result)


class BoundTest(TrackTest):
    """What programs are told of the system clock, also those of other users."""

    @staticmethod
    def true_ns(truth):
        return time.clock_gettime_ns(time.CLOCK_REALTIME) + truth.slow_ns()

    def now(self, truth):
        """As nobody reads it, with the truth inside."""
        before = self.true_ns(truth)
        result = self.timesync_as_nobody("now", "--json")
        after = self.true_ns(truth)
        self.assertEqual(result.status, 0, result)
        line = result.json
        self.assertLessEqual(line["earliest_ns"], after + READING_NS, line)
        self.assertGreaterEqual(line["latest_ns"], before - READING_NS, line)
        return line

    def test_the_truth_is_inside(self):
        """During a slew, after a step by somebody else, and when track was killed."""
        truth = self.start_truth(20 * MS, RATE_PPM * 1000, 1000)
        self.assertEqual(self.timesync_as_nobody("now").status, 1)
        track = self.launch(truth, interval="1s")
        self.assertEqual(self.timesync("wait", "--timeout", "20s").status, 0)
        for _ in range(10):
            self.assertEqual(self.now(truth)["state"], "synchronised")
        time.clock_settime_ns(time.CLOCK_REALTIME,
                              time.clock_gettime_ns(time.CLOCK_REALTIME) - SECOND)
        line = self.now(truth)
        self.assertGreater(line["clock_error_s"], 0.9)
        self.assertEqual(self.timesync("wait", "--timeout", "30s").status, 0)
        self.now(truth)
        track.stop(signal.SIGKILL)
        self.assertEqual(self.now(truth)["state"], "synchronised")
        self.wait_until(lambda: self.now(truth)["state"] == "hold-over", "hold-over")
        time.sleep(3)
        self.now(truth)
