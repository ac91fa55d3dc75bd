# SPDX-License-Identifier: BSD-3-Clause
"""timesync doctor: the server's clock, and the way to it."""

import struct
import time
import unittest

import rawrpc
from doctorcase import DoctorTest
from fakeserver import FakeServer, honest, stamps
from harness import host_port, program

SYNCHRONISED, LEAP_INSERT = 1, 1


class ClockTest(DoctorTest):
    def diagnose_quality(self, max_error_ns, sync=SYNCHRONISED, leap=0):
        """Of a server that says so of its clock."""
        def answer(call):
            if call[20:24] != struct.pack(">I", rawrpc.GET_TIME):
                return honest(call)
            quality = struct.pack(">qqii", time.time_ns(), max_error_ns, sync, leap)
            return rawrpc.accepted(rawrpc.xid_of(call), quality)
        server = FakeServer(lambda call, n: [stamps(call)], answer)
        self.addCleanup(server.close)
        return self.diagnose(host_port(server.address))

    def test_unsynchronised(self):
        server = self.start_lone_daemon("-c", self.make_clock())
        checks = self.diagnose(host_port(server.addresses["udp"]))
        self.assert_check(checks, "clock", "warning", "unknown", "chronyd")
        self.assert_none(checks, "failure")

    def test_synchronised(self):
        checks = self.diagnose_quality(3_000_000)
        self.assert_check(checks, "clock", "ok", "within 3.000 ms of UTC")

    def test_synchronised_but_far_from_utc(self):
        checks = self.diagnose_quality(2_500_000_000, leap=LEAP_INSERT)
        self.assert_check(checks, "clock", "warning", "only within 2.500000 s", "chronyc tracking")
        self.assert_check(checks, "clock", "warning", "a leap second is inserted")

    def test_it_does_not_say(self):
        def answer(call):
            if call[20:24] != struct.pack(">I", rawrpc.GET_TIME):
                return honest(call)
            return rawrpc.accepted(rawrpc.xid_of(call), stat=rawrpc.PROC_UNAVAIL)
        server = FakeServer(lambda call, n: [stamps(call)], answer)
        self.addCleanup(server.close)
        checks = self.diagnose(host_port(server.address))
        self.assert_check(checks, "clock", "warning", "did not say", "Ask again")

    def test_stepped_while_it_looks(self):
        step = 3600 * 10**9
        server = FakeServer(lambda call, n: [self.stepped(call, step if n == 7 else 0)])
        self.addCleanup(server.close)
        checks = self.diagnose(host_port(server.address))
        self.assert_check(checks, "clock", "warning", "middle of 1 probe", "only one program")

    @staticmethod
    def stepped(call, step):
        """The server's clock was put back between its two stamps."""
        now = time.time_ns()
        (ts1,) = struct.unpack_from(">q", call, 40)
        return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(">qqq", ts1, now + step, now))


class PathTest(DoctorTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()

    def through(self, *faults):
        """Its report on a server behind a relay, which forwards UDP only."""
        relay = self.start_relay(self.daemon.addresses["udp"], *faults)
        checks = self.diagnose(host_port(relay.address))
        self.assertEqual(self.state_of(checks, "server-tcp") & {"ok"}, set())
        return checks, relay

    def test_some_loss(self):
        checks, relay = self.through("--drop-to-server", "25", "--seed", "4")
        dropped = relay.counters()["to server"]["dropped"]
        self.assertGreater(dropped, 0)
        self.assert_check(checks, "server-udp", "ok", "over udp")
        self.assert_check(checks, "loss", "warning", " lost, 0 answered too late", "--rounds")
        self.assert_none(checks, "failure")

    def test_most_is_lost(self):
        checks, _relay = self.through("--drop-to-client", "75", "--seed", "3")
        self.assert_check(checks, "server-udp", "ok", "over udp")
        self.assert_check(checks, "loss", "failure", "lost", "bad link")

    def test_all_is_lost(self):
        began = time.monotonic()
        checks, relay = self.through("--drop", "100")
        self.assert_within(3, began)
        self.assertGreater(relay.counters()["to server"]["dropped"], 5)
        self.assert_check(checks, "server-udp", "failure", "timed out",
                          "See whether the host is up")

    def test_all_is_lost_after_a_while(self):
        """It does not wait a second for each of the twenty: only for the rounds of a query."""
        def answer(call, n):
            return [stamps(call)] if n < 5 else []
        server = FakeServer(answer)
        self.addCleanup(server.close)
        began = time.monotonic()
        checks = self.diagnose("--timeout=1s", host_port(server.address))
        self.assert_within(20, began)
        self.assert_check(checks, "loss", "failure", "20 probes of", "bad link")
        self.assert_check(checks, "loss", "failure", ": 15 lost")

    def test_far_away(self):
        checks, _relay = self.through("--delay", "55ms")
        self.assert_check(checks, "delay", "warning", "least 11", "nearer")
        self.assert_check(checks, "loss", "ok", "none lost")

    def test_farther_than_a_tenth_of_the_timeout(self):
        """An answer that comes late to the first question is one."""
        relay = self.start_relay(self.daemon.addresses["udp"], "--delay", "60ms")
        checks = self.diagnose("--timeout=500ms", host_port(relay.address))
        self.assert_check(checks, "server-udp", "ok", "over udp within 1")
        self.assert_check(checks, "loss", "ok", "none lost")

    def test_queues_one_way(self):
        checks, _relay = self.through("--delay-to-server", "0ms..20ms")
        self.assert_check(checks, "asymmetry", "warning", "the way there takes",
                          "--method ntp or minimum")


class TwoWaysTest(DoctorTest):
    """IPv4 and IPv6 to the same port, where they need not lead to the same."""

    def setUp(self):
        super().setUp()
        self.provide_names(both=("127.0.0.1", "::1"))
        self.six = self.start_lone_daemon("--netid", "udp6", netids=["udp6"])
        self.port = self.six.addresses["udp6"][1]

    def test_different_clocks(self):
        self.start_lone_daemon("-p", str(self.port), "--netid", "udp", "-c",
                               self.make_clock("1h"), netids=["udp"])
        checks = self.diagnose(f"both:{self.port}")
        self.assert_check(checks, "asymmetry", "failure", "they are different clocks",
                          "one machine")

    def test_one_path_is_asymmetric(self):
        four = self.start_lone_daemon("--netid", "udp", netids=["udp"])
        self.start([*self.relay_to(four), "--delay-to-server", "16ms", "--delay-to-client", "2ms"])
        self.wait_until(lambda: self.timesync("query", f"127.0.0.1:{self.port}").status == 0,
                        "the relay is there")
        checks = self.diagnose(f"both:{self.port}")
        self.assert_check(checks, "asymmetry", "warning",
                          "on one of them there and back are at least that unequal", "-4, -6")
        self.assert_none(checks, "failure")

    def relay_to(self, server):
        return [program("lab/relay"), "--listen", f"127.0.0.1:{self.port}", "--to",
                host_port(server.addresses["udp"])]


if __name__ == "__main__":
    unittest.main()
