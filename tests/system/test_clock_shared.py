# SPDX-License-Identifier: BSD-3-Clause
"""A clock file among several programs, and files that are cut off while they are in use."""

import os
import re
import unittest

from groups import GroupTest
from harness import SystemTest, host_port

WRONG_NS = -2_500_000_000
QUICK = ("--interval", "250ms..500ms", "--timeout", "200ms")
RIGHT_NS = 20_000_000


class SharedTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()
        self.server = host_port(self.daemon.addresses["udp"])
        self.mine = self.make_clock("-2.5s", name="mine")

    def launch_track(self, clock, *args):
        track = self.launch_client("track", *QUICK, "-c", clock, *args, self.server)
        self.wait_until(lambda: "next poll" in track.stdout, "it tracks", track)
        return track

    def assert_right(self, clock):
        self.assertLess(abs(self.clock_offset_ns(clock)), RIGHT_NS)


class TwoSyncsTest(SharedTest):
    def test_both_at_once_correct_it_once(self):
        again = 0
        for number in range(20):
            clock = self.make_clock("-2.5s", name=f"clock{number}")
            both = [self.launch_client("sync", "-c", clock, self.server) for _ in range(2)]
            for sync in both:
                self.assertEqual(sync.wait(), 0, sync.stderr)
                again += "measuring again" in sync.stderr
            self.assert_right(clock)
        self.assertGreater(again, 0)  # else nothing of all this was tried

    def test_a_clock_that_never_stays(self):
        """Somebody sets it all the time: measured again once, and then left alone."""
        relay = self.start_relay(self.daemon.addresses["udp"], "--delay", "100ms")
        sync = self.launch_client("sync", "-c", self.mine, "--timeout", "3s",
                                  host_port(relay.address))
        while sync.status is None:
            self.timesync("clock", "adjust", self.mine, "--offset=-2.5s")
        self.assertEqual(sync.status, 3, sync.stderr)
        self.assertIn("measuring again", sync.stderr)
        self.assertIn("during each measurement; it was left as it is", sync.stderr)
        self.assertNotIn("action", sync.stdout)
        self.assertEqual(self.clock_offset_ns(self.mine), WRONG_NS)


class KeptTest(SharedTest):
    def assert_refused(self, kept_by, pid, *args):
        result = self.timesync(*args)
        self.assertEqual(result.status, 3, result)
        self.assertEqual(result.stdout, "")
        for words in (self.mine, f"is kept by {kept_by}, pid {pid};"):
            self.assertIn(words, result.stderr)

    def test_beside_track_nobody_corrects(self):
        track = self.launch_track(self.mine)
        self.assert_refused("timesync track", track.pid, "sync", "-c", self.mine, self.server)
        self.assert_refused("timesync track", track.pid, "track", *QUICK, "-c", self.mine,
                            self.server)
        answer = self.timesync_json("sync", "-c", self.mine, self.server, status=3)
        self.assertIn("timesync track", answer["error"])
        dry = self.timesync("sync", "--dry-run", "-c", self.mine, self.server)
        self.assertEqual(dry.status, 0, dry)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertEqual(self.timesync("sync", "-c", self.mine, self.server).status, 0)

    def test_track_sees_what_is_set_by_hand(self):
        track = self.launch_track(self.mine)
        result = self.timesync("clock", "adjust", self.mine, "--step=50ms")
        self.assertEqual(result.status, 0, result)
        self.assertIn(f"is kept by timesync track, pid {track.pid}", result.stderr)
        self.wait_until(lambda: "another program has changed the local clock" in track.stderr,
                        "track sees it", track)
        polls = track.stdout.count("\n")
        self.wait_until(lambda: track.stdout.count("\n") > polls + 2, "it goes on", track)
        # It knows the new clock: 50 ms fast, less what it has slewed since.
        said = re.findall(r"local clock is ([\d.]+) ms fast", track.stdout)
        self.assertAlmostEqual(float(said[-1]), 50, delta=5)
        said = [line for line in track.stderr.splitlines() if ": clock stepped from " not in line]
        self.assertEqual(len(said), 1, track.stderr)


class GroupKeepsTest(GroupTest):
    def test_the_agent_keeps_it(self):
        self.start_group(["0", "0"])
        self.wait_for_leader()
        server = host_port(self.daemons[1].addresses["udp"])
        for verb in (["sync"], ["track", *QUICK]):
            with self.subTest(verb):
                result = self.timesync(*verb, "-c", self.clocks[0], server)
                self.assertEqual(result.status, 3, result)
                self.assertRegex(result.stderr,
                                 rf"{self.clocks[0]} is kept by timesyncd's group agent, pid \d+;")
        # The agent corrects what it has learned of the rate; track would have left a slew.
        self.assertLess(abs(self.clock(self.clocks[0])["frequency_ppm"]), 50)

    def test_an_agent_leaves_it_to_track(self):
        members = self.members(2)
        server = host_port(self.start_lone_daemon().addresses["udp"])
        self.clocks[0] = self.make_clock(name="clock0")
        track = self.launch_client("track", *QUICK, "-c", self.clocks[0], server)
        self.wait_until(lambda: "next poll" in track.stdout, "it tracks", track)
        daemon = self.start_member(0, members, check=False)
        self.assertEqual(daemon.wait(), 1, daemon.stderr)
        self.assertIn(f"is kept by timesync track, pid {track.pid}", daemon.stderr)


class CutOffTest(SharedTest):
    SIZES = (0, 20, 60)

    @staticmethod
    def has_mapped(pid, path):
        with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
            return path in maps.read()

    def test_the_daemon_goes_on(self):
        for size in self.SIZES:
            with self.subTest(size):
                served = self.make_clock("1h", name=f"served{size}")
                daemon = self.start_lone_daemon("-c", served, "--workers", "2")
                server = host_port(daemon.addresses["udp"])
                self.assert_within_bound(self.timesync_json("query", server), 3600 * 10**9)
                os.truncate(served, size)
                for _ in range(4):  # of both workers, likely
                    self.assert_within_bound(self.timesync_json("query", server), 0)
                self.wait_until(lambda d=daemon: "cut off or damaged" in d.stderr, "it says so",
                                daemon)
                self.assertNotIn("ended by signal", daemon.stderr)
                self.assertEqual(daemon.stop(), 0, daemon.stderr)

    def test_track_says_so(self):
        for size in self.SIZES:
            with self.subTest(size):
                clock = self.make_clock("10ms", name=f"tracked{size}")
                track = self.launch_track(clock)
                os.truncate(clock, size)
                self.wait_until(lambda t=track: t.status is not None or
                                "cut off or damaged" in t.stderr, "it says so", track)
                self.assertIn("cut off or damaged", track.stderr)
                self.assertEqual(track.wait(), 2, track.stderr)
                self.assertIn("cannot adjust the clock: its file", track.stderr)

    def test_track_ends_when_its_clock_is_removed(self):
        """Nobody sees the clock any more, and the file that has its name now is another one."""
        for name, mend in (("removed", lambda clock: None),
                           ("replaced", lambda clock: self.make_clock("7s", name="replaced"))):
            with self.subTest(name):
                clock = self.make_clock("10ms", name=name)
                track = self.launch_track(clock)
                os.unlink(clock)
                mend(clock)
                self.assertEqual(track.wait(), 2, track.stderr)
                self.assertIn("cannot adjust the clock: its file has been removed", track.stderr)
                if os.path.exists(clock):
                    self.assertEqual(self.clock_offset_ns(clock), 7 * 10**9)

    def test_sync_says_that_its_clock_was_removed(self):
        clock = self.make_clock("10s", name="gone")
        relay = self.start_relay(self.daemon.addresses["udp"], "--delay", "200ms")
        sync = self.launch_client("sync", "-c", clock, host_port(relay.address))
        self.wait_until(lambda: self.has_mapped(sync.pid, clock), "it has the clock open", sync)
        os.unlink(clock)
        self.assertEqual(sync.wait(), 1, sync.stderr)
        self.assertIn("the local clock is lost: its file has been removed", sync.stderr)
        self.assertNotIn("stepped", sync.stdout)

    def test_a_query_says_so(self):
        for size in self.SIZES:
            with self.subTest(size):
                clock = self.make_clock("10ms", name=f"asked{size}")
                relay = self.start_relay(self.daemon.addresses["udp"], "--delay", "200ms")
                query = self.launch_client("query", "-c", clock, host_port(relay.address))
                self.wait_until(lambda q=query, c=clock: self.has_mapped(q.pid, c),
                                "it has the clock open", query)
                os.truncate(clock, size)
                self.assertEqual(query.wait(), 1, query.stderr)
                self.assertIn("the local clock is lost: its file has been cut off or damaged", query.stderr)
                self.assertNotIn("result", query.stdout)


if __name__ == "__main__":
    unittest.main()
