# SPDX-License-Identifier: BSD-3-Clause
"""A member whose clock another program keeps: the group follows it while it is synchronised, and never
sets it. The system clock stands for UTC."""

import os
import signal
import struct
import unittest

import rawrpc
from fakeserver import FakeServer, honest
from groups import GroupTest
from harness import host_port

MS = 1_000_000
QUICK = ("--lease", "600ms", "--cycle", "200ms")
REFERENCE_ERROR_NS = 1 * MS


def synchronised(call):
    """A server of the true time, which says how good it is."""
    (proc,) = struct.unpack_from(">I", call, 20)
    reply = bytearray(honest(call))
    if proc == rawrpc.GET_TIME:
        struct.pack_into(">qii", reply, len(reply) - 16, REFERENCE_ERROR_NS, 1, 0)
    return bytes(reply)


class ReferenceTest(GroupTest):
    def keep(self, clock):
        """Have `track` keep that clock, as a reference's is by something else."""
        server = FakeServer(lambda call, n: [honest(call)], synchronised)
        self.addCleanup(server.close)
        track = self.launch_client("track", "-i", "250ms", "-c", clock, host_port(server.address))
        self.wait_until(lambda: self.now(clock).get("state") == "synchronised", "it is kept", track)
        return track

    def now(self, clock):
        return self.timesync("now", "-c", clock, "--json").json

    def begin(self, offsets):
        """Member 0 is the reference."""
        members = self.members(len(offsets))
        for i, offset in enumerate(offsets):
            self.clocks[i] = self.make_clock(offset, name=f"clock{i}")
        self.track = self.keep(self.clocks[0])
        for i in range(len(offsets)):
            self.start_member(i, members, *QUICK, *(("--reference",) if i == 0 else ()))

    def wait_for_time(self, source):
        self.wait_until(lambda: all(self.status(i)["time"] == source for i in self.alive()),
                        source, *self.daemons.values())

    def wait_for_utc(self, i, within_ns):
        self.wait_until(lambda: abs(self.offset(i)) < within_ns, f"member {i} has UTC",
                        *self.daemons.values())

    def assert_true_claim(self, i):
        """The daemon says that its clock is synchronised, and by how much it is wrong at most."""
        udp = rawrpc.Udp(self.daemons[i].addresses["udp"], timeout=5)
        self.addCleanup(udp.close)
        reply = rawrpc.parse_reply(udp.exchange(rawrpc.call(rawrpc.GET_TIME)))
        _, max_error, is_synchronised, _ = struct.unpack(">qqii", reply.results)
        self.assertTrue(is_synchronised)
        self.assertLess(abs(self.offset(i)), max_error)
        self.assertLess(max_error, 1000 * MS)
        return max_error

    def test_follows_and_is_an_island_and_follows_again(self):
        self.begin(("0", "300ms", "-200ms"))
        leader = 2  # the highest, in the end
        self.wait_until(lambda: self.leader() == leader, "the highest leads",
                        *self.daemons.values())
        self.wait_for_time("REFERENCE")
        for i in (1, 2):
            self.wait_for_utc(i, 5 * MS)
            self.wait_until(lambda i=i: self.status(i)["max_error_s"] < 0.05, "the error is known",
                            self.daemons[i])
            self.assert_true_claim(i)
        status = self.status(leader)
        reference = status["members"][0]
        self.assertEqual((reference["mean"], reference["reference"]), ("reference", "followed"))
        self.assertEqual(status["health"], "well", status["trouble"])
        self.assertTrue(self.status(0)["reference"])
        self.assertEqual(self.status(0)["corrections"], 0)
        # Nobody keeps it any more, and its published bound is taken away.
        self.track.stop(signal.SIGKILL)
        os.remove(f"{self.clocks[0]}.bound")
        self.wait_for_time("ISLAND")
        status = self.status(leader)
        self.assertEqual(status["members"][0]["reference"], "not synchronised")
        self.assertEqual(status["health"], "degraded")
        self.assertIn("ISLAND", status["trouble"])
        text = self.timesync("group", "status", "--socket", self.socket(leader)).stdout
        self.assertRegex(text, r"(?m)^time +ISLAND for ")
        self.assertIn("no: not synchronised", text)
        before = [self.offset(i) for i in (1, 2)]
        claims = [self.assert_true_claim(i) for i in (1, 2)]
        # It comes back, and nobody jumps.
        self.keep(self.clocks[0])
        self.wait_for_time("REFERENCE")
        for i, was, claim in zip((1, 2), before, claims):
            self.assertLess(abs(self.offset(i) - was), 5 * MS, claim)
            self.assert_true_claim(i)
            self.assertIn("REFERENCE", self.daemons[i].stderr)

    def test_what_does_not_fit(self):
        daemon = self.start_member(0, self.members(1), "--reference", "--force", check=False)
        self.assertNotEqual(daemon.wait(), 0)
        self.assertIn("--reference and --force exclude each other", daemon.stderr)

    def test_a_reference_is_left_alone(self):
        """Its clock may be kept by another, may be read-only, and is never written to."""
        self.begin(("0", "0"))
        self.wait_for_time("REFERENCE")
        self.assertEqual(self.status(0)["corrections"], 0)
        self.assertIsNone(self.status(0)["corrected_ago_s"])
        self.assertGreater(self.status(1)["max_error_s"], 0)
        self.assertIsNone(self.track.status, "it has not lost its clock")


if __name__ == "__main__":
    unittest.main()
