# SPDX-License-Identifier: BSD-3-Clause
"""Groups whose members lose their clock file, or the place of what they save, while they run."""

import os
import shutil
import signal
import time
import unittest

from groups import GroupTest

MS = 1_000_000
LEASE_S = 0.5
FAST = ("--lease", f"{LEASE_S}s", "--cycle", "200ms")


class TroubleTest(GroupTest):
    def test_who_has_no_clock_any_more_moves_nobody(self):
        """A file that was cut off shows the system clock's time: it must not count, nor lead."""
        members = self.start_group(["10min"] * 3, *FAST)
        leader = self.wait_for_leader()
        self.wait_for_agreement(MS)
        others = [i for i in range(3) if i != leader]
        before = {i: self.offset(i) for i in others}
        os.truncate(self.clocks[leader], 0)
        daemon = self.daemons[leader]
        self.wait_until(lambda: "does not lead, and lets nobody measure it" in daemon.stderr,
                        "it says so", daemon)
        self.wait_until(lambda: self.status(others[0])["leader"] in
                        [members[i] for i in others], "another leads")
        time.sleep(3 * LEASE_S)
        self.assertIn(self.status(others[0])["leader"], [members[i] for i in others])
        for i in others:
            self.assert_near(i, before[i], 10 * MS)
        self.assertNotIn("cannot correct", daemon.stderr)
        self.assertEqual(daemon.stderr.count("does not lead"), 1)

    def test_a_state_that_cannot_be_saved_is_said_once(self):
        directory = self.path("state")
        os.mkdir(directory)
        for i in range(3):
            self.start_member(i, self.members(3), *FAST, "--group-state", f"{directory}/{i}")
        leader = self.wait_for_leader()
        others = [self.daemons[i] for i in range(3) if i != leader]

        def those_who_say(words):
            return [daemon for daemon in others if words in daemon.stderr]
        shutil.rmtree(directory)
        self.daemons[leader].stop(signal.SIGKILL)
        self.wait_until(lambda: those_who_say("cannot save the group's state"), "it is said",
                        *others)
        time.sleep(3 * LEASE_S)
        for daemon in others:
            self.assertLessEqual(daemon.stderr.count("cannot save the group's state"), 1)
        os.mkdir(directory)
        self.wait_for_leader(other_than=leader)
        self.assertTrue(those_who_say("the group's state is saved in"))

    def test_the_slew_of_a_killed_member_ends(self):
        """By itself, at the right place: all processes that could end it are gone."""
        self.start_group(["-1500us", "0", "0"], "--lease", f"{LEASE_S}s", "--cycle", "1s")

        def frequency_ppm():
            return self.clock(self.clocks[0])["frequency_ppm"]
        self.wait_until(lambda: float(frequency_ppm()) > 400, "it is slewed", self.daemons[0])
        before, began = self.offset(0), time.monotonic()
        self.daemons[0].send_all(signal.SIGKILL)
        self.daemons[0].wait()
        self.wait_until(lambda: float(frequency_ppm()) < 100, "the slew ends")
        took = time.monotonic() - began
        ended = self.offset(0)
        self.assertGreater(ended - before, 0.1 * MS, f"{took:.1f} s")
        self.assert_near(0, self.offset(1), 0.3 * MS)
        time.sleep(0.5)
        self.assert_near(0, ended, 0.1 * MS)


if __name__ == "__main__":
    unittest.main()
