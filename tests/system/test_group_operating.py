# SPDX-License-Identifier: BSD-3-Clause
"""What an operator of a group is told, and can do."""

import subprocess
import unittest

from groups import PORT, GroupTest
from harness import program

MS = 1_000_000
FAST = ("--lease", "500ms", "--cycle", "200ms")


class SettingsTest(GroupTest):
    def says(self, daemon, words):
        self.wait_until(lambda: words in daemon.stderr, f"it says '{words}'", daemon)

    def test_another_cycle_and_tolerance_are_said_by_both(self):
        members = self.members(3)
        self.start_member(0, members, *FAST)
        self.start_member(1, members, "--lease", "500ms", "--cycle", "300ms", "--tolerance", "2s")
        self.start_member(2, members, *FAST)
        # Whoever leads, and a busy machine may change that.
        by_others = [self.daemons[0], self.daemons[2]]
        for words in (f"{members[1]} has another --cycle: 300 ms, and ours is 200 ms",
                      f"{members[1]} has another --tolerance"):
            self.wait_until(lambda: any(words in d.stderr for d in by_others),
                            "another member says so", *by_others)
        self.says(self.daemons[1], " has another --cycle: 200 ms, and ours is 300 ms")
        leader, status, unlike = self.wait_until(self.unlike, "a leader tells",
                                                 *self.daemons.values())
        self.assertEqual(set(unlike.values()), {"cycle and tolerance"})
        self.assertLessEqual(set(unlike), {members[0], members[2]} if leader == 1 else {members[1]})
        self.assertEqual(status["health"], "degraded")
        address = next(iter(unlike))
        self.assertIn(f"{address} has another cycle and tolerance", status["trouble"])
        text = self.timesync("group", "status", "--socket", self.socket(leader))
        self.assertEqual(text.status, 1, text)
        self.assertIn("ANOTHER cycle and tolerance", text.stdout)

    def unlike(self):
        """(number, status, {address: in what other members are unlike}) of a leader that knows some."""
        for i in range(3):
            status = self.status(i)
            unlike = {m["address"]: m["unlike"] for m in status["members"] if m.get("unlike")}
            if status["leads"] and unlike:
                return i, status, unlike
        return None

    def test_another_lease_is_said_by_both(self):
        members = self.members(3)
        self.start_member(0, members, "--lease", "700ms", "--cycle", "200ms")
        for i in (1, 2):
            self.start_member(i, members, *FAST)
        self.says(self.daemons[0], " has another --lease: 500 ms, and ours is 700 ms")
        leader = self.wait_until(lambda: [i for i in (1, 2) if self.status(i)["leads"]],
                                 "there is a leader")[0]
        self.says(self.daemons[leader], f"{members[0]} has another --lease: 700 ms")


class HealthTest(GroupTest):
    def exit_status(self, i, *args):
        return self.timesync("group", "status", "--socket", self.socket(i), *args).status

    def test_the_exit_status_tells(self):
        members = self.start_group(["0", "20ms", "-30ms"], *FAST)
        self.wait_for_agreement(5 * MS)
        leader = 2  # from then on nobody takes over
        self.wait_until(lambda: self.leader() == leader, "the highest leads")
        self.wait_until(lambda: self.exit_status(leader) == 0, "it is well")
        follower = next(i for i in range(3) if i != leader)
        self.wait_until(lambda: self.exit_status(follower) == 0, "by a follower, too")
        self.assertEqual(self.exit_status(leader, "--max-spread", "1ns"), 1)
        self.assertEqual(self.exit_status(leader, "--max-spread", "1s"), 0)
        told = self.timesync("group", "status", "--socket", self.socket(follower), "--max-spread",
                             "1s")
        self.assertEqual(told.status, 3, told)
        self.assertIn("only the leader knows the spread", told.stderr)
        self.assertEqual(self.exit_status(follower, "--max-spread", "1s", "--key", self.key), 0)
        self.assertEqual(self.exit_status(follower, "--max-spread", "1ns", "--key", self.key), 1)
        status = self.status(leader)
        self.assertLess(status["leader_for_s"], 60)
        self.assertIsNotNone(status["spread_s"])
        self.daemons[follower].stop()
        self.wait_until(lambda: self.exit_status(leader) == 1, "one is missing")
        self.assertIn(f"{members[follower]} does not answer", self.status(leader)["trouble"])

    def test_each_correction_is_logged_with_its_reason(self):
        members = self.start_group(["0", "20ms", "-30ms"], *FAST)
        leader = self.wait_for_leader()
        follower = next(i for i in range(3) if i != leader)
        daemon = self.daemons[follower]
        self.wait_until(lambda: f"as the leader {members[leader]} has decided in term" in
                        daemon.stderr, "it says why", daemon)
        daemon = self.daemons[leader]
        self.wait_until(lambda: "as this leader has decided in term" in daemon.stderr,
                        "the leader does", daemon)


class RecoveryTest(GroupTest):
    def test_a_majority_that_is_gone(self):
        members = self.start_group(["0"] * 3, *FAST)
        leader = self.wait_for_leader()
        left = next(i for i in range(3) if i != leader)
        recover = ("group", "recover", "--socket", self.socket(left))
        told = self.timesync(*recover, "--yes")
        self.assertEqual(told.status, 3, told)
        self.assertIn("nothing to recover from: a majority of the members is there", told.stderr)
        gone = [i for i in range(3) if i != left]
        for i in gone:
            self.daemons[i].stop()
        daemon = self.daemons[left]
        self.wait_until(lambda: "1 of 3 members answers, 2 are needed; start those" in
                        daemon.stderr, "it says so", daemon)
        status = self.status(left)
        self.assertEqual((status["health"], status["answering"], status["needed"]), ("lost", 1, 2))
        self.assertIn("no leader: 1 of 3 members answers, 2 are needed", status["trouble"])
        refused = subprocess.run([program("timesync"), *recover], input="another\n", text=True,
                                 capture_output=True, check=False, timeout=20)
        self.assertEqual(refused.returncode, 3, refused)
        self.assertIn("nothing was changed", refused.stderr)
        self.assertEqual(len(self.status(left)["members"]), 3)
        done = subprocess.run([program("timesync"), *recover], input="test\n", text=True,
                              capture_output=True, check=False, timeout=20)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn(f"stay:     {members[left]}\nremoved:  ", done.stdout)
        self.wait_until(lambda: self.status(left)["leads"], "it leads itself", daemon)
        self.start_member(gone[0], members, *FAST)
        again = self.daemons[gone[0]]
        self.wait_until(lambda: "this is no member of it" in again.stderr, "it is told", again)
        joined = self.timesync("group", "join", members[gone[0]], "--socket", self.socket(left))
        self.assertEqual(joined.status, 0, joined)
        self.wait_until(lambda: self.status(gone[0])["corrections"] > 0, "both are a group", again)


class DoctorTest(GroupTest):
    def test_it_sees_a_member_and_does_not_send_for_chronyd(self):
        daemon = self.start_lone_daemon(
            "--netid", "udp", "-a", "127.0.0.1", "-c", self.make_clock(), "--group", "test",
            "--insecure-lab", "--member", "127.0.0.1", "--socket", self.path("s"), *FAST,
            netids=("udp",))
        told = self.timesync("doctor", f"127.0.0.1:{daemon.port}")
        self.assertIn("is a member of a group, at 127.0.0.1:21319", told.stdout)
        self.assertNotIn("chronyd", told.stdout)
        lone = self.start_lone_daemon("--netid", "udp", "-a", "127.0.0.2", netids=("udp",))
        told = self.timesync("doctor", f"127.0.0.2:{lone.port}")
        self.assertNotIn("group", told.stdout)


class NamesTest(GroupTest):
    UNKNOWN = f"nobody.invalid:{PORT + 2}"

    def test_with_a_saved_list_a_name_that_is_unknown_is_no_obstacle(self):
        members = self.start_group(["0"] * 3, *FAST)
        self.wait_for_leader()
        self.daemons[0].stop()
        self.start_member(0, [*members[:2], self.UNKNOWN], *FAST)
        self.assertIn("cannot find the group's member 'nobody.invalid:7002' now",
                      self.daemons[0].stderr)
        self.wait_until(lambda: self.status(0)["corrections"] > 0, "it takes part",
                        self.daemons[0])

    def test_without_one_it_waits(self):
        daemon = self.start_member(0, [self.members(1)[0], self.UNKNOWN], *FAST)
        self.wait_until(lambda: daemon.stderr.count("'nobody.invalid:7002' now") >= 2,
                        "it tries again", daemon)
        self.assertIn("takes part as soon as the addresses of all members are known",
                      daemon.stderr)

    def test_a_list_that_was_saved_and_differs_is_said(self):
        members = self.start_group(["0"] * 2, *FAST)
        self.wait_for_leader()
        self.daemons[0].stop()
        other = f"127.0.0.1:{PORT + 5}"
        self.start_member(0, [members[0], other], *FAST)
        self.assertRegex(self.daemons[0].stderr,
                         rf"is in force, not --member: only --member has {other}; only the saved "
                         rf"list has {members[1]}; 'timesync group join'")


if __name__ == "__main__":
    unittest.main()
