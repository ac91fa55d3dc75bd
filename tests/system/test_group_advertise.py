# SPDX-License-Identifier: BSD-3-Clause
"""Members that others reach elsewhere than where they serve: behind relays, as behind a NAT."""

import unittest

from groups import GroupTest
from harness import Relay, program

FAST = ("--lease", "500ms", "--cycle", "200ms")
PORT = 7000
MS = 1_000_000


def private(i):
    return f"127.0.7.{i + 1}"


def public(i):
    return f"127.0.8.{i + 1}:{PORT + i}"


class AdvertiseTest(GroupTest):
    def argv(self, i, members, *args):
        if i not in self.clocks:
            self.clocks[i] = self.make_clock(f"{i}s", name=f"clock{i}")
        options = [option for member in members for option in ("--member", member)]
        return ["--netid", "udp", "-a", private(i), "--socket", self.socket(i), "-c",
                self.clocks[i], "--group", "test", "--key", self.key, "--group-port",
                str(PORT + 100 + i), *options, *FAST, "--tolerance", "1h", *args]

    def test_a_group_behind_relays(self):
        members = [public(i) for i in range(3)]
        for i in range(3):
            relay = self.start([program("lab/relay"), "--listen", public(i), "--to",
                                f"{private(i)}:{PORT + 100 + i}"], Relay)
            self.wait_until(lambda relay=relay: relay.address, "the relay listens", relay)
        for i in range(3):
            self.daemons[i] = self.start_lone_daemon(
                *self.argv(i, members, "--advertise", public(i)), netids=("udp",))
        leader = self.wait_until(self.leaders_place, "there is a leader",
                                 *self.daemons.values())
        self.assertIn(leader, members)
        self.assertEqual([m["address"] for m in self.status(0)["members"]], members)
        self.wait_for_agreement(100 * MS)

    def leaders_place(self):
        places = {self.status(i)["leader"] for i in self.daemons}
        return places.pop() if len(places) == 1 and "none" not in places else None

    def refusal(self, *args):
        daemon = self.launch_daemon("--no-rpcbind", *args)
        self.assertNotEqual(daemon.wait(), 0)
        return daemon.stderr

    def test_what_is_wrong_is_said(self):
        members = [public(i) for i in range(2)]
        self.assertIn("none of the group's members is 127.0.8.9:7009",
                      self.refusal(*self.argv(0, members, "--advertise", "127.0.8.9:7009")))
        for text in ("alpha", "127.0.0.1:0", "0.0.0.0:7000", "[::1"):
            self.assertIn(f"--advertise '{text}'",
                          self.refusal(*self.argv(1, members, "--advertise", text)))
        self.assertIn("need --group", self.refusal("--advertise", "192.0.2.1"))


if __name__ == "__main__":
    unittest.main()
