# SPDX-License-Identifier: BSD-3-Clause
"""Groups on IPv6, where a member's id does not tell its address."""

import unittest

from groups import PORT, GroupTest

MS = 1_000_000
MINUTE = 60 * 1_000_000_000
FAST = ("--lease", "500ms", "--cycle", "200ms", "--tolerance", "1h")
LATER = 3  # the member that joins


class Ipv6Test(GroupTest):
    HOST, NETID = "::1", "udp6"

    def addresses(self, i):
        """Of all members, as one of them knows them."""
        return sorted(member["address"] for member in self.status(i)["members"])

    def wait_until_all_know(self, members):
        for i in self.alive():
            self.wait_until(lambda i=i: self.addresses(i) == sorted(members),
                            f"member {i} knows where all are", *self.daemons.values())

    def wait_until_count(self, n):
        def do():
            leader = self.leader()
            cycle = leader is not None and self.status(leader)["last_cycle"]
            return cycle and cycle["used"] == n
        self.wait_until(do, f"{n} clocks count", *self.daemons.values())

    def join(self, address):
        return self.timesync("group", "join", address, "--socket", self.socket(0), "--key",
                             self.key).status == 0

    def start_joined(self):
        """Three members with a list of three, and one that joins. The list of four."""
        self.start_group(["0"] * 3, *FAST)
        members = self.members(4)
        self.clocks[LATER] = self.make_clock("4min", name="later")
        self.start_member(LATER, members, *FAST)
        self.wait_for_leader_of(range(3))
        self.wait_until(lambda: self.join(members[LATER]), "it joins", *self.daemons.values())
        return members

    def wait_for_leader_of(self, some):
        """Before it has joined, the other one follows nobody."""
        self.wait_until(lambda: len({self.status(i)["leader"] for i in some} - {"none"}) == 1,
                        "they have a leader", *self.daemons.values())

    def test_three_clocks_meet_at_their_mean(self):
        self.start_group(["0", "-14min", "20min"], *FAST)
        self.wait_for_agreement(MS)
        for i in range(3):
            self.assert_near(i, 2 * MINUTE, MS)
        self.wait_until_all_know(self.members(3))

    def test_one_that_joins_is_known_to_all(self):
        members = self.start_joined()
        self.wait_until_all_know(members)
        self.wait_for_agreement(MS)
        self.wait_until_count(4)
        self.daemons[self.wait_for_leader()].stop()
        self.wait_until_count(3)

    def test_those_that_restart_with_their_old_list_learn_of_it(self):
        members = self.start_joined()
        self.wait_until_all_know(members)
        for i in range(3):
            self.daemons[i].stop()
        for i in range(3):
            self.start_member(i, members[:3], *FAST)
        self.wait_until_all_know(members)
        self.wait_until_count(4)

    def test_a_member_is_reached_at_its_address(self):
        self.start_group(["0"], *FAST)
        self.wait_for_leader()
        status = self.status_json("--at", f"[::1]:{PORT}", "--key", self.key)
        self.assertEqual(status["address"], f"[::1]:{PORT}")
        self.assertTrue(status["leads"])


if __name__ == "__main__":
    unittest.main()
