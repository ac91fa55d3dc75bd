# SPDX-License-Identifier: BSD-3-Clause
"""A group on a network that parts and heals: each member in a network namespace of its own, all
on bridges."""

import subprocess
import time
import unittest

from groups import PORT, GroupTest
from harness import Daemon, program

MS = 1_000_000
LEASE_S = 1
N = 7
MINORITY = (4, 5, 6)  # the highest, so the leader is among them


def run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)


class PartitionTest(GroupTest):
    def setUp(self):
        super().setUp()
        for bridge in ("left", "right"):
            run("ip", "link", "add", bridge, "type", "bridge")
            self.addCleanup(run, "ip", "link", "del", bridge)
            run("ip", "link", "set", bridge, "up")
        for i in range(N):
            self.make_host(i)

    def make_host(self, i):
        name = f"host{i}"
        run("ip", "netns", "add", name)
        self.addCleanup(run, "ip", "netns", "del", name)
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", name, "master", "left", "up")
        for command in (("addr", "add", f"10.9.0.{i + 1}/24", "dev", "eth0"),
                        ("link", "set", "eth0", "up"), ("link", "set", "lo", "up")):
            run("ip", "-n", name, *command)

    def start_hosts(self, offsets):
        members = [f"10.9.0.{i + 1}:{PORT}" for i in range(N)]
        options = [option for member in members for option in ("--member", member)]
        for i, offset in enumerate(offsets):
            self.clocks[i] = self.make_clock(offset, name=f"clock{i}")
            self.daemons[i] = self.start(
                ["ip", "netns", "exec", f"host{i}", program("timesyncd"), "-f", "--no-rpcbind",
                 "--netid", "udp", "--socket", self.socket(i), "-c", self.clocks[i], "--group",
                 "test", "--key", self.key, "--group-port", str(PORT), "--lease", f"{LEASE_S}s",
                 "--cycle", "500ms", *options], Daemon)
            self.addCleanup(self._check_daemon, self.daemons[i])
        self.wait_until(lambda: all(d.addresses for d in self.daemons.values()), "all serve",
                        *self.daemons.values())

    def part(self, bridge):
        for i in MINORITY:
            run("ip", "link", "set", f"host{i}", "master", bridge)

    def leaders(self):
        """The members that may act, by number."""
        return [i for i in range(N) if self.status(i)["leads"]]

    def wait_for_leaders(self, among, what):
        def found():
            leaders = self.leaders()
            return len(leaders) == 1 and leaders[0] in among and leaders
        return self.wait_until(found, what, *self.daemons.values())[0]

    def test_four_and_three(self):
        self.start_hosts(["0"] * N)
        old = self.wait_for_leaders(MINORITY, "the highest lead")
        term = self.status(old)["term"]
        self.part("right")
        new = self.wait_for_leaders((0, 1, 2, 3), "the four have a leader, the three have none")
        self.assertGreater(self.status(new)["term"], term)
        corrections = {i: self.status(i)["corrections"] for i in MINORITY}
        self.timesync("clock", "adjust", "--step=400ms", self.clocks[0])
        self.wait_until(lambda: abs(self.offset(0)) < MS, "the four go on among themselves")
        time.sleep(LEASE_S)
        self.assertEqual({i: self.status(i)["corrections"] for i in MINORITY}, corrections)
        for i in MINORITY:
            self.assert_near(i, 0, MS)
        self.part("left")
        self.wait_for_agreement(MS)
        self.wait_for_leaders(range(N), "one leads them all")
        self.wait_until(lambda: len({self.status(i)["leader"] for i in range(N)}) == 1,
                        "all follow the same")
        self.assertGreater(self.status(old)["term"], term)


if __name__ == "__main__":
    unittest.main()
