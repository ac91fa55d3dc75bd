# SPDX-License-Identifier: BSD-3-Clause
"""Groups: real daemons elect a leader and bring their clocks together."""

import os
import re
import signal
import socket
import subprocess
import time
import unittest

from groups import PORT, GroupTest, monotonic
from harness import SLOWER, children, tool

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
LEASE_S = 0.5
SLEW_NS_A_SECOND = 500_000  # 500 ppm; what moves a clock more is a step
FAST = ("--lease", f"{LEASE_S}s", "--cycle", "200ms")


UNITS_S = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "days": 86400}


def steps_of(log):
    """The steps that a daemon says it made, in seconds, positive ones being forward."""
    found = re.findall(r"clock stepped ((?:[0-9.]+ [a-z]+ )+)(forward|back), from \d{4}-.* to .* UTC$",
                       log, re.M)
    sizes = [sum(float(n) * UNITS_S[unit] for n, unit in re.findall(r"(\S+) (\S+)", size))
             for size, _ in found]
    return [round(size) * (1 if way == "forward" else -1) for size, (_, way) in zip(sizes, found)]


class AgreementTest(GroupTest):
    def test_three_clocks_meet_at_their_mean(self):
        """The worked example: 14:00, 13:46 and 14:20 meet at 14:02."""
        self.start_group(["0", "-14min", "20min"], "--tolerance", "1h", *FAST)
        self.wait_for_agreement(MS)
        for i in range(3):
            self.assert_near(i, 2 * MINUTE, MS)
        log = "".join(daemon.stderr for daemon in self.daemons.values())
        steps = sorted(steps_of(log))
        self.assertEqual(steps, [-18 * 60, 2 * 60, 16 * 60], "each clock is stepped once")

    def test_a_clock_that_is_wrong_is_left_out_and_corrected(self):
        self.start_group(["0", "1h", "2ms", "-2ms"], "--max-correction", "0", *FAST)
        leader = self.wait_for_leader()
        self.wait_for_agreement(MS)
        for i in range(4):
            self.assert_near(i, 0, 4 * MS)
        self.wait_until(lambda: self.status(leader)["last_cycle"]["used"] == 4, "all count")

    def test_one_of_two_that_is_set_by_hand_follows_the_other(self):
        self.start_group(["0", "0"], *FAST)
        self.wait_for_cycles(12, "both are settled")
        before = self.offset(1)
        result = self.timesync("clock", "adjust", self.clocks[0], "--step", "900ms")
        self.assertEqual(result.status, 0, result)
        self.wait_for_agreement(20_000_000)
        self.assert_near(1, before, 20_000_000)
        self.assert_near(0, before, 40_000_000)

    def test_a_clock_that_needs_too_much_is_left_alone(self):
        self.start_group(["0", "5s", "0"], "--max-correction", "2s", *FAST)
        leader = self.wait_for_leader()

        def refused():
            status = self.status(leader)
            return (status["refused_too_large"] > 3 and
                    status["members"][1]["mean"] == "too large" and status["last_cycle"]["used"] == 2)
        self.wait_until(refused, "it is refused, said and counted", *self.daemons.values())
        self.assertIn("more than --max-correction", self.daemons[leader].stderr)
        for i, offset in enumerate((0, 5 * SECOND, 0)):
            self.assert_near(i, offset, MS)
            self.assertEqual(steps_of(self.daemons[i].stderr), [])

    def test_seven_drifting_clocks_stay_together(self):
        drifts = ["100", "-100", "37", "-61", "0", "80", "-5"]
        offsets = ["0", "5s", "-5s", "1200ms", "-30ms", "400us", "-2s"]
        self.start_group(offsets, "--tolerance", "20s", "--lease", "1s", "--cycle", "1s",
                         drifts=drifts)
        began = monotonic()
        while self.spread() >= MS and monotonic() - began < 30:
            time.sleep(0.1)
        took = monotonic() - began
        self.assertLess(took, 30)
        spreads = []
        for _ in range(50):
            spreads.append(self.spread())
            time.sleep(0.1)
        print(f"together after {took:.1f} s, then apart at most {max(spreads) / MS:.3f} ms")
        self.assertLess(max(spreads), MS)


class LeaderTest(GroupTest):
    def test_the_highest_leads(self):
        self.start_group(["0"] * 3, *FAST)
        self.wait_until(lambda: self.leader() == 2, "the highest leads", *self.daemons.values())
        status = self.status(2)
        self.assertEqual((status["leader"], status["address"]), (f"127.0.0.1:{PORT + 2}",) * 2)
        self.assertEqual([m["address"] for m in status["members"]], self.members(3))

    def test_a_killed_leader_is_replaced_and_no_clock_jumps(self):
        self.start_group(["0", "3ms", "-3ms", "0", "1ms"], *FAST)
        leader = self.wait_for_leader()
        self.wait_for_agreement(MS)
        before, began = self.offsets(), monotonic()
        self.daemons[leader].send_all(signal.SIGKILL)
        killed = monotonic()
        self.daemons[leader].wait()
        looked = []  # when a look at all began: that takes long itself on a busy machine

        def successors():
            looked.append(monotonic())
            found = self.leader()
            return found is not None and found != leader and [found]
        self.wait_until(successors, "there is another leader", *self.daemons.values())
        took = (looked[-2:-1] or [killed])[0] - killed  # it was not there yet
        self.assertLess(took, 3 * LEASE_S * SLOWER, f"{took:.2f} s")
        self.wait_for_cycles(3, "it works")
        after = self.offsets()
        slewed = (monotonic() - began) * 2 * SLEW_NS_A_SECOND  # a rate may be corrected besides
        for i, offset in enumerate(before):
            self.assertLess(abs(after[i] - offset), slewed, f"member {i} has jumped")

    def test_a_leader_that_ends_hands_over_first(self):
        self.start_group(["0"] * 3, "--lease", "5s", "--cycle", "200ms")
        leader = self.wait_for_leader()
        began = monotonic()
        self.daemons[leader].stop()
        self.wait_for_leader(other_than=leader)
        self.assert_within(4, began, "sooner than its lease ends")

    def test_a_minority_leads_nobody(self):
        self.start_group(["0", "0", "1s"], *FAST)
        self.wait_for_agreement(MS)
        for i in (0, 1):
            self.daemons[i].stop()
        self.wait_until(lambda: self.status(2)["leader"] == "none", "its lease ends")
        cycles = self.status(2)["cycles"]
        time.sleep(3 * LEASE_S)
        self.assertEqual(self.status(2)["cycles"], cycles)

    def test_an_agent_that_dies_is_replaced_and_remembers(self):
        self.start_group(["0"] * 3, *FAST)
        leader = self.wait_for_leader()
        term = self.status(leader)["term"]
        agent = self.agent_of(leader)
        os.kill(agent, signal.SIGKILL)
        self.wait_until(lambda: self.agent_of(leader) not in (None, agent), "another agent")
        self.wait_for_leader()
        self.assertGreater(self.status(leader)["term"], term)
        self.assertIn("group agent", self.daemons[leader].stderr)

    def agent_of(self, i):
        """The process id of a daemon's last child, behind its worker."""
        pids = children(self.daemons[i].pid)
        return pids[-1] if len(pids) == 2 else None

    def test_a_lost_state_is_said(self):
        members = self.start_group(["0"] * 3, *FAST)
        leader = self.wait_for_leader()
        lost, other = (leader + 1) % 3, (leader + 2) % 3
        self.assertIn("takes part as new", self.daemons[lost].stderr)
        self.daemons[lost].stop()
        self.start_member(lost, members, *FAST)
        self.wait_for_leader()
        self.assertNotIn("takes part as new", self.daemons[lost].stderr)
        self.daemons[lost].stop()
        os.remove(self.clocks[lost] + ".group")

        def change(verb):
            return self.timesync("group", verb, members[lost], "--socket", self.socket(other),
                                 "--key", self.key).status == 0
        self.wait_until(lambda: change("leave"), "it is removed")
        daemon = self.start_member(lost, members, *FAST)
        said = f"no saved state '{self.clocks[lost]}.group': takes part as new"
        self.wait_until(lambda: said in daemon.stderr, "it says so", daemon)
        self.wait_until(lambda: change("join"), "it is added")
        self.wait_for_leader()
        for i in range(3):
            self.wait_until(lambda i=i: len(self.status(i)["members"]) == 3, "all know")

    def test_a_damaged_state_is_refused(self):
        members = self.start_group(["0"] * 3, *FAST)
        self.wait_for_leader()
        self.daemons[0].stop()
        state = self.clocks[0] + ".group"
        with open(state, encoding="ascii") as file:
            text = file.read()
        with open(state, "w", encoding="ascii") as file:
            file.write(text.replace("voted ", "voted 1", 1))
        daemon = self.start_member(0, members, *FAST, check=False)
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("it is damaged", daemon.stderr)


class ChangeTest(GroupTest):
    def change(self, verb, member):
        """Ask any member, which with the key leads to the leader. The exit status."""
        result = self.timesync("group", verb, member, "--socket", self.socket(0), "--key", self.key)
        self.said, self.done = result.stderr, result.stdout
        return result.status

    def test_members_leave_and_join(self):
        members = self.start_group(["0"] * 4, *FAST)
        leader = self.wait_for_leader()
        gone = members[(leader or 4) - 1]
        self.wait_until(lambda: self.change("leave", gone) == 0, "it leaves")
        self.assertIn(f"{gone} is no member any more", self.done)
        self.wait_until(lambda: len(self.status(0)["members"]) == 3, "it has left")
        self.wait_until(lambda: self.change("leave", gone) == 3, "it cannot leave again")
        self.assertIn(f"leave: {gone}: ", self.said)
        self.wait_until(lambda: self.change("join", gone) == 0, "it joins again")
        for i in range(4):
            self.wait_until(lambda i=i: len(self.status(i)["members"]) == 4, "all know")

    def test_who_does_not_answer_cannot_join(self):
        """It would be one of two voters, and nobody would lead again."""
        self.start_group(["0"], *FAST)
        self.wait_for_leader()
        result = self.timesync("group", "join", "127.0.0.1:7999", "--socket", self.socket(0))
        self.assertEqual(result.status, 3, result)
        self.assertIn("it does not answer the leader", result.stderr)
        members = [*self.members(1), "127.0.0.1:7001"]
        self.start_member(1, members, "--lease", "700ms", "--cycle", "200ms")
        result = self.timesync("group", "join", members[1], "--socket", self.socket(0))
        self.assertEqual(result.status, 3, result)
        self.assertIn("another --lease", result.stderr)
        self.assertTrue(self.status(0)["leads"])
        self.assertEqual(len(self.status(0)["members"]), 1)

    def test_step_down(self):
        # A lease that no other work on the machine lets end: the leader is to be asked, not lost.
        self.start_group(["0"] * 3, "--lease", "5s", "--cycle", "200ms")
        leader = self.wait_for_leader()
        other = (leader + 1) % 3
        refused = self.timesync("group", "step-down", "--socket", self.socket(other))
        self.assertEqual(refused.status, 3, refused)
        done = self.timesync("group", "step-down", "--socket", self.socket(other), "--key",
                             self.key)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.stdout, "the leader hands over\n")
        self.wait_for_leader(other_than=leader)

    def test_status_from_elsewhere_needs_the_key(self):
        members = self.start_group(["0"], *FAST)
        self.wait_for_leader()
        status = self.status_json("--at", members[0], "--key", self.key)
        self.assertTrue(status["leads"])
        refused = self.timesync("group", "status", "--at", members[0])
        self.assertEqual(refused.status, 4, refused)
        another = self.path("another")
        self.timesync("group", "keygen", another)
        refused = self.timesync("group", "status", "--at", members[0], "--key", another)
        self.assertEqual(refused.status, 4, refused)


class StartTest(GroupTest):
    def provide(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self.directory, 0o755)
        subprocess.run([tool("mount"), "--bind", self.path(name), f"/etc/{name}"], check=True)
        self.addCleanup(subprocess.run, [tool("umount"), f"/etc/{name}"], check=True)

    def test_a_name_server_that_is_silent(self):
        """It costs five seconds, for several names as for one, and the time is served."""
        self.provide("nsswitch.conf", "hosts: files dns\n")
        self.provide("resolv.conf", "nameserver 127.0.0.1\noptions timeout:20\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 53))
            began = time.monotonic()
            daemon = self.start_member(0, [*self.members(1), "a.example:1", "b.example:1"])
            self.assert_within(12, began)
        self.assertIn("'a.example:1' now: the resolver has not answered within 5 s", daemon.stderr)
        self.assertEqual(self.timesync("query", "-n1", f"127.0.0.1:{daemon.port}").status, 0)

    def test_a_local_socket_that_cannot_be(self):
        """The reason is told."""
        os.mkdir(f"{self.socket(0)}.group")
        daemon = self.start_member(0, self.members(1), check=False)
        self.assertNotEqual(daemon.wait(), 0)
        self.assertIn(f"'{self.socket(0)}.group': Address already in use", daemon.stderr)

    def launch(self, *args):
        return self.launch_daemon("--no-rpcbind", "-c", self.make_clock(name="c"), "--group",
                                  "test", *args)

    def test_what_is_missing(self):
        for args in ((), ("--key", self.key), ("--insecure-lab",),
                     ("--key", self.key, "--insecure-lab", "--member", "127.0.0.1")):
            with self.subTest(args):
                self.assertEqual(self.launch_daemon("--group", "test", *args).wait(), 2)

    def test_a_key_that_others_can_read(self):
        os.chmod(self.key, 0o640)
        daemon = self.launch("--key", self.key, "--member", "127.0.0.1")
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("chmod 0600", daemon.stderr)

    def test_one_that_is_no_member(self):
        daemon = self.launch("--key", self.key, "--member", "192.0.2.1")
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("none of the group's members is this machine", daemon.stderr)

    def test_a_name_that_others_cannot_reach(self):
        daemon = self.launch("--key", self.key, "--member", "127.0.1.1", "--member", "192.0.2.1")
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("127.0.1.1:21319 in the group, which other members cannot reach",
                      daemon.stderr)

    def test_insecure_says_so(self):
        clock = self.make_clock(name="c")
        daemon = self.start_lone_daemon(
            "--netid", "udp", "-c", clock, "--group", "test", "--insecure-lab", "--member",
            "127.0.0.1", "--socket", self.path("s"), *FAST, netids=("udp",))
        self.assertIn("INSECURE", daemon.stderr)
        result = self.timesync("group", "status", "--socket", self.path("s"))
        self.assertTrue(result.stdout.startswith("INSECURE"), result)
        self.assertTrue(self.status_json("--at", "127.0.0.1")["insecure"])

    def test_the_longest_path_of_a_socket(self):
        longest = self.path("s").ljust(107 - len(".group"), "s")  # unix(7) has 108, with a zero
        self.start_lone_daemon(
            "--netid", "udp", "-c", self.make_clock(name="c"), "--group", "test", "--insecure-lab",
            "--member", "127.0.0.1", "--socket", longest, *FAST, netids=("udp",))
        for verb, first in ((["group", "status"], "group "), (["status"], "running for")):
            result = self.timesync(*verb, "--socket", longest)
            self.assertIn(first, result.stdout, result)
        missing = longest[:-1] + "t"
        for verb in (["group", "status"], ["status"]):
            self.assertIn(missing, self.timesync(*verb, "--socket", missing).stderr)


if __name__ == "__main__":
    unittest.main()
