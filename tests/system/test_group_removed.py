# SPDX-License-Identifier: BSD-3-Clause
"""Members that are removed from their group, and how they learn it."""

import struct
import unittest

import rawrpc
from groups import ELECTION, PORT, GroupTest, Impostor, Key, head, member_id, monotonic, random_key

LEASE_S = 0.6
FAST = ("--lease", f"{LEASE_S}s", "--cycle", "200ms")
SAID = "this is no member of it, as it was removed"
VOTERS = 6


class RemovalTest(GroupTest):
    def change(self, verb, member, at=0):
        """Whether any member, which with the key leads to the leader, says that it is done."""
        return self.timesync("group", verb, member, "--socket", self.socket(at), "--key",
                             self.key).status == 0

    def wait_until_said(self, i, text, times=1):
        daemon = self.daemons[i]
        self.wait_until(lambda: daemon.stderr.count(text) == times, f"{i} says: {text}",
                        *self.daemons.values())

    def test_it_is_told_at_once(self):
        members = self.start_group(["0"] * 4, "--lease", "5s", "--cycle", "200ms")
        self.wait_until(lambda: self.leader() == 3, "the highest leads", *self.daemons.values())
        self.wait_until(lambda: self.change("leave", members[1]), "it is removed")
        began = monotonic()
        self.wait_until(lambda: not self.status(1)["member"], "it knows it")
        self.assert_within(4, began, "sooner than it would find out by itself")
        self.assertIn(SAID, self.daemons[1].stderr)
        self.assertIn(f"'timesync group join {members[1]}'", self.daemons[1].stderr)
        self.assertEqual(self.status(1)["leader"], members[3], "which it was told by just now")
        text = self.timesync("group", "status", "--socket", self.socket(1)).stdout
        self.assertRegex(text, r"^group +test\nNO MEMBER: .* removed")
        for i in (0, 2, 3):
            self.assertTrue(self.status(i)["member"])
            self.assertNotIn(SAID, self.daemons[i].stderr)
        text = self.timesync("group", "status", "--socket", self.socket(0)).stdout
        self.assertNotIn("NO MEMBER", text)

        self.wait_until(lambda: self.change("join", members[1]), "it is added")
        self.wait_until_said(1, "a member of it, as one of 4")
        self.assertTrue(self.status(1)["member"])

    def test_it_missed_that(self):
        """And does not even know who leads now."""
        self.start_group(["0"] * 3, *FAST)
        self.wait_until(lambda: self.leader() == 2, "the highest leads", *self.daemons.values())
        self.daemons[0].stop()
        members = self.members(4)
        self.wait_until(lambda: self.change("leave", members[0], at=1), "it is removed")
        self.start_member(3, members, *FAST)
        self.wait_until(lambda: self.change("join", members[3], at=1), "another is added")
        self.wait_until(lambda: self.leader() == 3, "that one leads", *self.daemons.values())
        for _ in range(2):  # it knows for good
            self.start_member(0, members[:3], *FAST)
            self.wait_until_said(0, SAID)
            self.wait_until(lambda: not self.status(0)["member"], "it shows that")
            self.daemons[0].stop()
        self.assertTrue(self.status(3)["leads"])

    def test_one_of_two(self):
        """The remaining member leads alone, and goes on."""
        members = self.start_group(["0"] * 2, *FAST)
        self.wait_until(lambda: self.leader() == 1, "the highest leads", *self.daemons.values())
        self.wait_until(lambda: self.change("leave", members[0], at=1), "it is removed")
        self.wait_until_said(0, SAID)
        self.assertTrue(self.status(1)["leads"])
        self.wait_until(lambda: self.status(0)["leader"] == "none", "its leader is gone")
        self.assertNotIn("no leader\n", self.daemons[0].stderr.partition(SAID)[2])


class ForgeryTest(GroupTest):
    """A member whose two fellows are played by the test; one of them leads."""

    def setUp(self):
        super().setUp()
        self.start_member(0, self.members(3), *FAST)
        self.ids = [member_id("127.0.0.1", PORT + i) for i in range(3)]
        self.impostor = Impostor(self, Key.of_file(self.key))

    def voters(self, ids, version, *, term=1, sender=2):
        """The body that brings a list of members."""
        fields = struct.pack(">IQQqQQQIQI", VOTERS, 0, 0, int(LEASE_S * 1e9), term, version, 0,
                             0, 0, 0)
        numbers = struct.pack(f">I{len(ids)}Q", len(ids), *ids)
        return head(self.ids[sender], self.ids[0], term) + fields + numbers + struct.pack(">I", 0)

    def assert_member(self, expected=True):
        self.assertEqual(self.status(0)["member"], expected)

    def test_the_leader_removes(self):
        """That the test speaks the language at all."""
        self.impostor.ask(ELECTION, self.voters(self.ids[1:], 1))
        self.assert_member(False)

    def test_strangers_do_not(self):
        body = self.voters(self.ids[1:], 1)
        reply = Impostor(self, random_key()).ask(ELECTION, body)
        self.assertTrue(reply.denied, reply)
        without_mac = struct.pack(">I", 0) + rawrpc.opaque(body) + bytes(32)
        self.assertTrue(self.impostor.exchange(ELECTION, without_mac).denied)
        self.assertEqual(self.status(0)["refused_mac"], 2)
        self.assert_member()

    def test_nor_do_others_than_the_leader(self):
        self.impostor.ask(ELECTION, self.voters(self.ids, 1, term=4))
        self.impostor.ask(ELECTION, self.voters(self.ids[1:], 9, term=4, sender=1))
        self.assert_member()
        self.impostor.ask(ELECTION, self.voters(self.ids[1:], 9, term=3))
        self.assert_member()
        self.assertEqual(self.status(0)["election_declined"], 2)

    def test_nor_does_what_was_said_before(self):
        removal = self.impostor.key.envelope(ELECTION, self.voters(self.ids[1:], 1))
        self.impostor.exchange(ELECTION, removal)
        self.assert_member(False)
        self.impostor.ask(ELECTION, self.voters(self.ids, 2))
        self.assert_member()
        self.impostor.exchange(ELECTION, removal)
        self.assert_member()


class PlacesTest(GroupTest):
    def test_they_are_given_back(self):
        """To more than can be members at a time are spoken to, one after the other."""
        daemon = self.start_member(0, self.members(1), *FAST)
        self.wait_until(lambda: self.status(0)["leads"], "it leads itself", daemon)
        self.start_member(1, self.members(2), *FAST)
        impostor = Impostor(self, Key.of_file(self.key))
        me = member_id("127.0.0.1", PORT)
        # Those with an old list are sent the new one.
        fields = struct.pack(">IQQqQQQIQIII", 0, 1, 0, int(LEASE_S * 1e9), 0, 0, 0, 0, 0, 0, 0, 0)
        for port in range(10000, 11100):
            impostor.ask(ELECTION, head(member_id("127.0.0.2", port), me, 0) + fields)
        result = self.timesync("group", "join", self.members(2)[1], "--socket", self.socket(0))
        self.assertEqual(result.status, 0, result)
        self.assertEqual([m["address"] for m in self.status(0)["members"]], self.members(2))


if __name__ == "__main__":
    unittest.main()
