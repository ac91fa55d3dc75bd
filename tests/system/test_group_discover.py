# SPDX-License-Identifier: BSD-3-Clause
"""Members that find their group by rpcbind broadcast, each on a host of its own."""

import os
import sys
import time
import unittest

from groups import GROUP_PROG, GroupTest
from harness import Daemon, program, tool
from hosts import make_network

FAST = ("--lease", "500ms", "--cycle", "200ms")
MS = 1_000_000


# Answers each question for a port with all of them, for ever, and is at none.
CROWD = """
import itertools, socket, struct, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", 111))
print("ready", flush=True)
question, asker = udp.recvfrom(100)
print("asked", flush=True)
for port in itertools.cycle(range(1024, 65536)):
    udp.sendto(question[:4] + struct.pack(">6I", 1, 0, 0, 0, 0, port), asker)
    time.sleep(0.0002)
"""


class DiscoverTest(GroupTest):
    def argv(self, host, *args, key=None):
        number = host.number
        return [program("timesyncd"), "-f", "--socket", self.socket(number), "-c",
                self.clocks[number], "--group", "test", "--key", key or self.key, *FAST, *args]

    def launch(self, host, *args, offset="0", key=None):
        """A member on that host. Its clock file and its state are those of its number."""
        number = host.number
        if number not in self.clocks:
            self.clocks[number] = self.make_clock(offset, name=f"clock{number}")
        daemon = host.start(self.argv(host, *args, key=key), Daemon)
        self.daemons[number] = daemon
        self.wait_until(daemon.says_registered, "timesyncd registers", daemon)
        return daemon

    def network(self, n):
        hosts = make_network(self, n)
        for host in hosts:
            host.start_rpcbind()
        return hosts

    def members(self, i):
        return [member["address"] for member in self.status(i)["members"]]

    def wait_for_members(self, i, hosts):
        wanted = [f"{host.address}:21319" for host in hosts]
        self.wait_until(lambda: self.members(i) == wanted, f"{i} has {wanted}",
                        *self.daemons.values())

    def test_they_join_and_agree(self):
        hosts = self.network(3)
        self.launch(hosts[0], "--member", hosts[0].address, offset="1s")
        self.wait_until(lambda: self.status(1)["leads"], "it leads itself", self.daemons[1])
        # As all do who start a second later than that, at the same time.
        self.launch(hosts[1], "--discover", offset="2s")
        self.launch(hosts[2], "--discover", offset="2.5s")
        for i in (1, 2, 3):
            self.wait_for_members(i, hosts)
        self.wait_for_agreement(5 * MS)
        self.assertIn(f"joined it, by {hosts[0].address}:21319", self.daemons[2].stderr)
        for host in hosts:
            listed = host.run(tool("rpcinfo"), "-p").stdout
            self.assertRegex(listed, rf"\b{GROUP_PROG} +1 +udp +21319\b")

        for i in (1, 2, 3):
            self.assertNotIn("another group", self.daemons[i].stderr)
            self.assertEqual(self.status(i)["other_group_seen"], 0)

        # A joined group is remembered: the member does not search again.
        for i in (3, 2, 1):
            self.assertEqual(self.daemons[i].stop(), 0, self.daemons[i].stderr)
        self.assertNotRegex(hosts[0].run(tool("rpcinfo"), "-p").stdout, rf"\b{GROUP_PROG}\b")
        for host in hosts[1:]:
            self.launch(host, "--discover")
            self.assertNotIn("by broadcast", self.daemons[host.number].stderr)
        self.wait_until(lambda: {self.status(i)["leader"] for i in (2, 3)} ==
                        {f"{hosts[2].address}:21319"}, "two of the three elect one",
                        *self.daemons.values())

    def test_strangers_stay_outside(self):
        founder, stranger = self.network(2)
        another = self.path("another")
        self.timesync("group", "keygen", another)
        self.launch(founder, "--member", founder.address)
        self.wait_until(lambda: self.status(1)["leads"], "it leads itself", self.daemons[1])
        daemon = self.launch(stranger, "--discover", key=another)
        self.wait_until(lambda: "no member answers (all networks were asked)" in daemon.stderr,
                        "it gives up hope", daemon)
        self.assertEqual(self.members(1), [f"{founder.address}:21319"])
        self.assertGreater(self.status(1)["refused_mac"], 0)
        self.assertEqual(self.status(2)["leader"], "none")
        self.assertEqual(daemon.stop(), 0, daemon.stderr)

    def test_all_look_for_each_other(self):
        daemons = [self.launch(host, "--discover") for host in self.network(2)]
        for daemon in daemons:
            self.wait_until(lambda: "is started with --member and its own name" in daemon.stderr,
                            "it says that somebody has to be first", daemon)

    def test_other_lease(self):
        founder, other = self.network(2)
        self.launch(founder, "--member", founder.address)
        self.wait_until(lambda: self.status(1)["leads"], "it leads itself", self.daemons[1])
        daemon = self.launch(other, "--discover", "--lease", "2s")
        self.wait_until(lambda: "has another --lease (500 ms)" in daemon.stderr,
                        "it says what is wrong", daemon, self.daemons[1])
        self.assertEqual(self.members(1), [f"{founder.address}:21319"])
        self.assertTrue(self.status(1)["leads"])

    def test_two_founders(self):
        first, second, joiner = self.network(3)
        for host in (first, second):
            self.launch(host, "--member", host.address)
            self.wait_until(lambda: self.status(host.number)["leads"], "it leads itself",
                            self.daemons[host.number])
        self.launch(joiner, "--discover")
        self.wait_until(lambda: len(self.members(3)) == 2, "it joins one", self.daemons[3])
        time.sleep(2)
        self.assertEqual(sorted(len(self.members(i)) for i in (1, 2)), [1, 2],
                         "".join(d.stderr for d in self.daemons.values()))

    def test_two_founders_notice(self):
        first, second, stranger = self.network(3)
        another = self.path("another")
        self.timesync("group", "keygen", another)
        self.launch(stranger, "--member", stranger.address, key=another)
        for host in (first, second):
            self.launch(host, "--member", host.address)
            # The first has asked, and heard of nobody, when the second comes.
            self.wait_until(lambda: self.status(host.number)["leads"], "it leads itself",
                            self.daemons[host.number])
            time.sleep(1)
        for host, other in ((first, second), (second, first)):
            i = host.number
            said = (f"there is another group of this name and key, of 1, led by {other.address}:"
                    f"21319; ours is of 1.")
            self.wait_until(lambda: said in self.daemons[i].stderr, "it notices",
                            *self.daemons.values())
            self.assertIn(f"(here '{self.clocks[i]}.group')", self.daemons[i].stderr)
            self.assertGreater(self.status(i)["other_group_seen"], 0)
            self.assertEqual(self.members(i), [f"{host.address}:21319"], "that is all it does")
        self.assertEqual(self.status(3)["other_group_seen"], 0)

        # Do as the message says.
        self.assertEqual(self.daemons[2].stop(), 0, self.daemons[2].stderr)
        os.remove(self.clocks[2] + ".group")
        self.launch(second, "--discover")
        for i in (1, 2):
            self.wait_for_members(i, (first, second))

    def test_who_has_joined_notices(self):
        """One that leads its group, having joined it."""
        founder, joiner, other = self.network(3)
        self.launch(founder, "--member", founder.address)
        self.wait_until(lambda: self.status(1)["leads"], "it leads itself", self.daemons[1])
        self.launch(joiner, "--discover")
        self.wait_until(lambda: self.status(2)["leads"], "it leads both", *self.daemons.values())
        self.launch(other, "--member", other.address)
        for i, members in ((3, (founder, joiner)), (2, (other,))):
            said = f"key, of {len(members)}, led by {members[-1].address}:21319; ours is of "
            self.wait_until(lambda: said in self.daemons[i].stderr, "it notices",
                            *self.daemons.values())

    def test_unreachable(self):
        founder, joiner = self.network(2)
        self.launch(founder, "--member", founder.address)
        self.wait_until(lambda: self.status(1)["leads"], "it leads itself", self.daemons[1])
        for address, status in (("127.0.0.1", 3), ("0.0.0.0", 1), ("224.0.0.1", 1),
                                ("255.255.255.255", 1)):
            result = founder.timesync("group", "join", address, "--socket", self.socket(1))
            self.assertEqual(result.status, status, result)
            self.assertEqual(self.members(1), [f"{founder.address}:21319"])
        for address in ("127.0.0.1", "0.0.0.0"):
            clock = self.make_clock(name=f"clock-{address}")
            result = joiner.run(program("timesyncd"), "-f", "-c", clock, "--group", "test",
                                "--key", self.key, "--discover", "-a", address)
            self.assertEqual(result.status, 1, result)
            self.assertIn("other members cannot reach", result.stderr)

    def test_who_is_not_reached_is_not_let_in(self):
        founder, joiner = self.network(2)
        self.launch(founder, "--member", founder.address)
        self.wait_until(lambda: self.status(1)["leads"], "it leads itself", self.daemons[1])
        daemon = self.launch(joiner, "--discover", "--allow", "192.0.2.0/24")
        self.wait_until(lambda: "does not let us in: it cannot reach us" in daemon.stderr,
                        "it says what is wrong", *self.daemons.values())
        self.assertEqual(self.members(1), [f"{founder.address}:21319"])
        self.assertTrue(self.status(1)["leads"])

    def test_crowded(self):
        founder, crowd, joiner = make_network(self, 3)
        founder.start_rpcbind()
        joiner.start_rpcbind()
        asked = crowd.start([sys.executable, "-c", CROWD])
        self.wait_until(lambda: "ready" in asked.stdout, "the crowd is there", asked)
        self.launch(joiner, "--discover", "--cycle", "2s")
        self.wait_until(lambda: "asked" in asked.stdout, "the crowd answers", asked)
        self.launch(founder, "--member", founder.address)
        self.wait_for_members(3, (founder, joiner))

    def test_many_at_once(self):
        founder, *others = self.network(12)
        for host in others:  # their clocks first, so that they start all at once
            self.clocks[host.number] = self.make_clock(name=f"clock{host.number}")
        for host in others:
            self.daemons[host.number] = host.start(self.argv(host, "--discover"), Daemon)
        time.sleep(3.5)  # until they ask every 4 s, and then every 8 s and 16 s
        self.launch(founder, "--member", founder.address)
        self.wait_until(lambda: len(self.members(1)) > 1, "one is let in", self.daemons[1])
        first = time.monotonic()
        self.wait_until(lambda: len(self.members(1)) == 12, "all are let in", self.daemons[1])
        self.assert_within(7.5, first)


class OneHostTest(GroupTest):
    def test_no_network_to_ask(self):
        daemon = self.launch_daemon("--netid", "udp", "-c", self.make_clock(), "--group", "test",
                                    "--key", self.key, "--discover")
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("--discover needs an IPv4 network that can be asked by broadcast",
                      daemon.stderr)

    def test_named_or_discovered(self):
        result = self.launch_daemon("-c", self.make_clock(), "--group", "test", "--key", self.key,
                                    "--discover", "--member", "127.0.0.1")
        self.assertEqual(result.wait(), 2)
        self.assertIn("--member and --discover exclude each other", result.stderr)


if __name__ == "__main__":
    unittest.main()
