# SPDX-License-Identifier: BSD-3-Clause
"""timesync doctor and a portmapper, which speaks version 2 only: ports, no owners, no IPv6."""

import unittest

import rawrpc
from doctorcase import DoctorTest
from fakeserver import FakePortmapper

OURS = rawrpc.TIMESYNC_PROG


class PortmapperTest(DoctorTest):
    def setUp(self):
        super().setUp()
        self.provide_names(there=["127.0.0.1"], both=["127.0.0.1", "::1"])
        self.port = self.start_lone_daemon().port

    def register(self, *netids, version=1):
        registrations = {(100000, 2, "udp"): 111, (100000, 2, "tcp"): 111}
        registrations.update({(OURS, version, netid): self.port for netid in netids})
        portmapper = FakePortmapper(registrations)
        self.addCleanup(portmapper.close)
        return portmapper

    def test_all_is_well(self):
        portmapper = self.register("udp", "tcp")
        checks = self.diagnose("there")
        self.assert_none(checks, "warning", "failure")
        self.assert_check(checks, "rpcbind-udp", "ok", "127.0.0.1 port 111 answers over udp")
        self.assert_check(checks, "rpcbind-tcp", "ok", "127.0.0.1 port 111 answers over tcp")
        (text,) = (check["text"] for check in checks if check["name"] == "registration")
        self.assertEqual(text, f"version 1 is registered: udp port {self.port}, tcp port "
                               f"{self.port}")
        self.assert_check(checks, "measurement", "ok", "against")
        self.assertEqual({version for version, _proc in portmapper.asked}, {4, 3, 2})

    def test_nothing_is_registered(self):
        self.register()
        self.assert_check(self.diagnose("there"), "registration", "failure",
                          "rpcbind knows no timesync server", "Start timesyncd there")

    def test_one_transport_only(self):
        portmapper = self.register("tcp")
        self.assert_check(self.diagnose("there"), "registration", "failure",
                          "nothing is registered on udp: the server is there over TCP only",
                          "--transport tcp")
        portmapper.registrations = {(OURS, 1, "udp"): self.port}
        self.assert_check(self.diagnose("there"), "registration", "warning",
                          "nothing is registered on tcp")

    def test_another_version_only(self):
        """A portmapper gives the port of another version; it is the server that says so."""
        self.register("udp", "tcp", version=2)
        checks = self.diagnose("there")
        self.assert_none(checks, "warning", "failure")

    def test_the_port_of_a_dead_server(self):
        portmapper = self.register("udp", "tcp")
        portmapper.registrations = {(OURS, 1, netid): 9 for netid in ("udp", "tcp")}
        self.assert_check(self.diagnose("there"), "server-udp", "failure", "127.0.0.1:9")

    def test_a_host_that_has_ipv6_too(self):
        self.register("udp", "tcp")
        checks = self.diagnose("both")
        self.assertEqual(self.state_of(checks, "measurement"), {"ok"})
        self.assert_check(checks, "rpcbind-udp", "warning", "nothing listens at ::1 port 111")
        self.assert_check(checks, "registration", "warning", "udp6, tcp6")

    def test_a_portmapper_that_is_asked_over_ipv6(self):
        self.register("udp", "tcp")
        portmapper = FakePortmapper({(OURS, 1, "udp"): self.port}, "::1")
        self.addCleanup(portmapper.close)
        checks = self.diagnose("-6", "both")
        self.assert_check(checks, "registration", "failure",
                          "it speaks no version that tells of IPv6", "-4")
        checks = self.diagnose("both")
        self.assert_check(checks, "registration", "warning", "udp6, tcp6")


if __name__ == "__main__":
    unittest.main()
