# SPDX-License-Identifier: BSD-3-Clause
"""Tiers of servers: each keeps its clock by the one above and tells its own clients how wrong it is."""

import signal
import struct
import time
import unittest

import rawrpc
from fakeserver import FakeServer, honest
from harness import SystemTest, host_port

TIERS = 4
ROOT_ERROR_NS = 1_000_000
LOOKS = 300


def root_answer(call):
    """A server of the true time, which is that of the system clock, with a claim to be modest."""
    (proc,) = struct.unpack_from(">I", call, 20)
    reply = bytearray(honest(call))
    if proc == rawrpc.GET_TIME:
        struct.pack_into(">qii", reply, len(reply) - 16, ROOT_ERROR_NS, 1, 0)
    return bytes(reply)


class TiersTest(SystemTest):
    def get_time(self, address):
        """(time before, the server's time, time after, its maximum error; None: it has none)."""
        udp = rawrpc.Udp(address, timeout=5)
        self.addCleanup(udp.close)
        message = rawrpc.call(rawrpc.GET_TIME)
        before = time.time_ns()
        reply = udp.exchange(message)
        after = time.time_ns()
        shown, max_error, sync, _ = struct.unpack(">qqii", rawrpc.parse_reply(reply).results)
        return before, shown, after, max_error if sync else None

    def start_tiers(self):
        """The addresses of the servers, from the root on."""
        root = FakeServer(lambda call, n: [honest(call)], root_answer)
        self.addCleanup(root.close)
        addresses = [root.address]
        for tier, (offset, drift) in enumerate((("900us", "60"), ("-700us", "-40"),
                                                ("500us", "20")), 2):
            clock = self.make_clock(offset, drift, name=f"tier-{tier}")
            daemon = self.start_lone_daemon("-c", clock)
            track = self.launch_client("track", "-i", "250ms", "-c", clock,
                                       host_port(addresses[-1]))
            addresses.append(daemon.addresses["udp"])
            self.wait_until(lambda: self.get_time(addresses[-1])[3] is not None,
                            f"tier {tier} is synchronised", track)
        return addresses

    def test_every_tier_is_within_its_claim(self):
        addresses = self.start_tiers()
        self.assertEqual(len(addresses), TIERS)
        least = [2**63] * TIERS
        for _ in range(LOOKS):
            for tier, address in enumerate(addresses):
                before, shown, after, max_error = self.get_time(address)
                if max_error is None:
                    continue
                least[tier] = min(least[tier], max_error)
                self.assertLessEqual(before - max_error, shown, f"tier {tier + 1}")
                self.assertLessEqual(shown, after + max_error, f"tier {tier + 1}")
            time.sleep(0.01)
        self.assertEqual(least, sorted(least))  # the claims add up
        self.assertEqual(least[0], ROOT_ERROR_NS)
        self.assertLess(least[-1], 100 * ROOT_ERROR_NS)

    def test_a_claim_outlives_a_tracker_that_is_killed_in_a_slew(self):
        """Clients rely on it for a while: the slew must not go on."""
        root = FakeServer(lambda call, n: [honest(call)], root_answer)
        self.addCleanup(root.close)
        clock = self.make_clock("-310ms", "20")
        daemon = self.start_lone_daemon("-c", clock)
        track = self.launch_client("track", "-i", "500ms", "--slew", "-c", clock,
                                   host_port(root.address))
        # In the middle of a fast slew, but so near to its end that it could do harm.
        def is_near():
            state = self.clock(clock)
            return state["frequency_ppm"] > 80_000 and state["ahead_s"] > -0.1
        self.wait_until(is_near, "the slew", track)
        max_error = self.get_time(daemon.addresses["udp"])[3]
        self.assertEqual(track.stop(signal.SIGKILL), -signal.SIGKILL)
        self.assertIsNotNone(max_error)
        for _ in range(50):
            before, shown, after, _ = self.get_time(daemon.addresses["udp"])
            self.assertLessEqual(before - max_error, shown)
            self.assertLessEqual(shown, after + max_error)
            time.sleep(0.05)
        self.assertLess(abs(self.clock(clock)["frequency_ppm"]), 1000)

    def test_without_a_root_nobody_claims_anything(self):
        """A tier that trusts servers that are not synchronised has not UTC to give."""
        top = self.start_lone_daemon("-c", self.make_clock("1s", name="top"))
        clock = self.make_clock("1s", name="below")
        daemon = self.start_lone_daemon("-c", clock)
        self.launch_client("track", "-i", "250ms", "-c", clock, "--allow-unsynchronised",
                           host_port(top.addresses["udp"]))
        self.assertEqual(self.timesync("wait", "-c", clock).status, 0)
        self.assertIsNone(self.get_time(daemon.addresses["udp"])[3])


if __name__ == "__main__":
    unittest.main()
