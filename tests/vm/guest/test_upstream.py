# SPDX-License-Identifier: BSD-3-Clause
"""timesyncd --upstream on the system clock of the guest."""

import os
import signal
from pathlib import Path

import kernel
from guest import GuestTest
from harness import children

SECOND = 10**9
MS = 10**6
MAX_ERROR_NS = 5 * MS  # the server's claim
CAP_SYS_TIME = 1 << 25
USER = 900


def may_set_the_clock(pid):
    """(whether it may, its user)"""
    status = dict(line.split(":\t", 1) for line in
                  Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines())
    return bool(int(status["CapPrm"], 16) & CAP_SYS_TIME), int(status["Uid"].split()[0])


def descendants(pid):
    return [pid, *(each for child in children(pid) for each in descendants(child))]


class UpstreamTest(GuestTest):
    def start_follower(self, offset_ns, *args):
        """(the truth, the daemon)"""
        truth = self.start_truth(offset_ns, 80_000, MAX_ERROR_NS)
        daemon = self.start_lone_daemon("--upstream", truth.server, "-i", "2s", "--user",
                                        "timesyncd", *args)
        self.wait_until(lambda: kernel.state().synchronised, "it claims to be right", daemon)
        return truth, daemon

    def tracker_of(self, daemon):
        """The pid of the child of a child that may set the clock."""
        for guardian in children(daemon.pid):
            for pid in children(guardian):
                if may_set_the_clock(pid)[0]:
                    return pid
        return None

    def test_it_is_kept_by_one_process_that_may(self):
        truth, daemon = self.start_follower(SECOND // 2)
        self.wait_until(lambda: daemon.stderr.count("; synchronised;") > 1
                        or abs(truth.slow_ns()) < MS, "it is right", daemon)
        self.assertLessEqual(abs(truth.slow_ns()), MS)
        state = kernel.state()
        self.assert_between(MAX_ERROR_NS, state.max_error_ns, 10 * MAX_ERROR_NS)
        able = [may_set_the_clock(pid) for pid in descendants(daemon.pid)]
        self.assertEqual({user for _, user in able}, {USER})
        self.assertEqual(sum(may for may, _ in able), 2)  # the tracker and its guardian
        now = self.timesync_json("now")
        self.assertEqual(now["state"], "synchronised")
        self.assertEqual(daemon.stop(), 0, daemon.stderr)
        self.assertFalse(kernel.state().synchronised)

    def test_the_slew_of_one_that_was_killed_ends(self):
        truth, daemon = self.start_follower(100 * MS)
        self.wait_until(lambda: kernel.state().frequency_ppm > 400, "it slews", daemon)
        pid = self.tracker_of(daemon)
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: self.tracker_of(daemon) not in (None, pid), "another one", daemon)
        self.wait_until(lambda: daemon.stderr.count("local clock is") > 1, "it polls", daemon)
        self.assertNotIn("still being slewed", daemon.stderr)  # by the guardian, before
        self.assertEqual(daemon.stop(), 0, daemon.stderr)
        self.assertLess(abs(kernel.state().frequency_ppm), 200)

    def test_the_slew_of_a_track_that_was_killed_ends(self):
        """By the process that outlives it."""
        truth = self.start_truth(100 * MS, 80_000, MAX_ERROR_NS)
        track = self.launch_client("track", "-i", "2s", truth.server)
        self.wait_until(lambda: kernel.state().frequency_ppm > 400, "it slews", track)
        track.stop(signal.SIGKILL)
        self.wait_until(lambda: kernel.state().frequency_ppm < 200, "the end of the slew")
        result = self.timesync("track", "--count", "1", truth.server)
        self.assertEqual(result.status, 0, result)
        self.assertNotIn("still being slewed", result.stderr)

    def test_beside_another_daemon(self):
        truth, daemon = self.start_follower(SECOND // 2)
        result = self.timesync("track", truth.server)
        self.assertEqual(result.status, 3, result)
        self.assertIn("the system clock is kept by timesyncd's tracker, pid", result.stderr)
        self.assertEqual(daemon.stop(), 0, daemon.stderr)
