# SPDX-License-Identifier: BSD-3-Clause
"""The status of a running group."""

import re
import subprocess
import unittest

from groups import PORT, GroupTest

MS = 1_000_000
FAST = ("--lease", "500ms", "--cycle", "200ms")


class StatusTest(GroupTest):
    def test_the_last_whole_cycle_is_shown_while_the_next_one_runs(self):
        """A member that is down makes each cycle last a third of the time."""
        members = self.members(4)
        for i in range(3):
            self.start_member(i, members, "--lease", "1s", "--cycle", "300ms")
        leader = self.wait_for_leader()
        self.wait_until(lambda: self.status(leader)["cycles"] > 1, "a cycle has ended")
        self.wait_for_agreement(MS)
        for _ in range(30):
            status = self.status(leader)
            means = [member["mean"] for member in status["members"]]
            self.assertEqual(means, ["in", "in", "in", "no answer"])
            self.assertEqual(status["last_cycle"]["used"], 3)
        text = self.timesync("group", "status", "--socket", self.socket(leader)).stdout
        self.assertRegex(text, rf"(?m)^  127.0.0.1:{PORT + 3} +never +no answer$")

    def test_without_a_leader_a_change_says_that_there_is_none(self):
        members = self.members(3)
        self.start_member(0, members, *FAST)
        told = self.timesync("group", "leave", members[1], "--socket", self.socket(0), "--key",
                             self.key)
        self.assertEqual(told.status, 3, told)
        self.assertIn("the group has no leader now: try again", told.stderr)

    def test_who_does_not_answer_is_said_with_what_to_look_at(self):
        for args, wanted in ((("--socket", self.path("none")), "running with this --socket?"),
                             (("--at", "127.0.0.1:9"), "running there, at that port?")):
            told = self.timesync("group", "status", *args)
            self.assertEqual(told.status, 1, told)
            self.assertIn("; is timesyncd --group " + wanted, told.stderr)

    def test_watched_objects_come_one_by_one(self):
        self.start_group(["0"], *FAST)
        self.wait_for_leader()
        watch = self.launch_client("group", "status", "--watch", "--json", "--socket",
                                   self.socket(0))
        self.wait_until(lambda: watch.stdout.count("\n") >= 1, "the first object is there", watch)
        self.assertIsNone(watch.status)

    def test_the_group_s_sockets_have_as_much_room_as_the_workers(self):
        daemon = self.start_group(["0"], *FAST) and self.daemons[0]
        listed = subprocess.run(["ss", "-Hlunm"], text=True, check=True, capture_output=True)
        rooms = re.findall(rf":({PORT}|{daemon.port})\b(?s:.*?)skmem:\(r\d+,rb(\d+)",
                           listed.stdout)
        self.assertEqual({int(port) for port, _ in rooms}, {PORT, daemon.port})
        self.assertEqual(len({room for _, room in rooms}), 1, rooms)


if __name__ == "__main__":
    unittest.main()
