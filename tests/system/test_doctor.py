# SPDX-License-Identifier: BSD-3-Clause
"""timesync doctor: faults between a client and its server, each one really built."""

import json
import re
import signal
import socket
import struct
import time
import unittest

import rawrpc
from doctorcase import DoctorTest, register
from fakeserver import FakeServer
from harness import NETIDS, host_port

BOTH = ("127.0.0.1", "::1")


class GoodTest(DoctorTest):
    def test_a_good_host(self):
        self.provide_names(good=BOTH)
        self.start_rpcbind()
        port = self.start_registered_daemon().port
        checks = self.diagnose("good")
        self.assert_none(checks, "warning", "failure")
        self.assert_check(checks, "name", "ok", "resolves to ")
        for address in BOTH:
            for transport in ("udp", "tcp"):
                at = host_port((address, port))
                self.assert_check(checks, f"rpcbind-{transport}", "ok", f"{address} port 111")
                self.assert_check(checks, f"server-{transport}", "ok", at)
                self.assert_check(checks, "loss", "ok", f"20 probes of {at} over {transport}")
                self.assert_check(checks, "delay", "ok", f"{at} over {transport}: least ")
        for netid in NETIDS:
            self.assert_check(checks, "registration", "ok", f"{netid} port {port}")
        self.assert_check(checks, "registration", "ok", "by superuser")
        self.assert_check(checks, "families", "ok", "both")

    def test_by_port_rpcbind_is_not_asked(self):
        self.provide_names(good=BOTH)
        port = self.start_lone_daemon().port
        for args in ([f"good:{port}"], ["-p", str(port), "good"]):
            checks = self.diagnose(*args)
            self.assert_none(checks, "warning", "failure")
            self.assertEqual({c["name"] for c in checks if "rpcbind" in c["text"]}, set())

    def test_people_and_programs_are_told_the_same(self):
        self.start_rpcbind()
        checks = self.diagnose("127.0.0.1")
        result = self.doctor("127.0.0.1")
        self.assertEqual(result.status, 1)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "doctor   127.0.0.1")
        self.assertEqual(lines[-1], "result   1 failure, 0 warnings")
        said = [line.split(None, 2)[:2] for line in lines[1:-1] if "->" not in line]
        self.assertEqual(said, [[check["state"], check["name"]] for check in checks])
        self.assertIn(f"-> {checks[-1]['advice']}", result.stdout)
        self.assertIn(checks[-1]["text"], result.stdout)

    def test_several_hosts(self):
        good, bad = host_port(("127.0.0.1", self.start_lone_daemon().port)), "127.0.0.1:9"
        for hosts, status in (([good, good], 0), ([good, bad], 1), ([bad, good], 1)):
            result = self.doctor("--json", *hosts)
            self.assertEqual(result.status, status, result)
            self.assertEqual([host_port((answer["host"], answer["port"]))
                              for answer in result.json_lines], hosts)
            result = self.doctor(*hosts)
            self.assertEqual(re.findall("^doctor   (.*) port (.*)$", result.stdout, re.M),
                             [tuple(host.split(":")) for host in hosts])

    def test_the_port_that_is_named(self):
        for args, port in (["no-such-host.invalid"], None), (["-p", "9", "127.0.0.1"], 9):
            self.assertEqual(self.doctor("--json", *args).json["port"], port)

    def test_usage(self):
        for args in (["--rounds", "3"], ["[::1"], ["-4", "-6"], ["--timeout", "never"]):
            self.assertEqual(self.doctor(*args).status, 2, args)


class NameTest(DoctorTest):
    def test_a_name_that_is_not_known(self):
        self.provide_names(other=BOTH)
        self.provide("resolv.conf", "")
        checks = self.diagnose("nobody")
        self.assertEqual(len(checks), 1)
        self.assert_check(checks, "name", "failure", "nobody: no address", "/etc/hosts")

    def test_no_address_of_the_family(self):
        self.provide_names(old=["127.0.0.1"])
        self.assert_check(self.diagnose("-6", "old"), "name", "failure", "IPv6", "leave out")

    def test_a_name_server_that_is_silent(self):
        """It costs twelve seconds, for several names as for one."""
        self.provide("nsswitch.conf", "hosts: files dns\n")
        self.provide("resolv.conf", "nameserver 127.0.0.1\noptions timeout:20\n")
        self.provide_names(good=["127.0.0.1"])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 53))
            began = time.monotonic()
            result = self.doctor("-p", "9", "one.example", "two.example", "127.0.0.1")
        self.assert_within(20, began)
        self.assertEqual(result.stdout.count("the resolver has not answered within 12 s"), 2)
        self.assertEqual(result.stdout.count("refused"), 2, result)
        self.assertIn("doctor   two.example port 9\n", result.stdout)
        self.assertEqual(result.status, 1)


class RpcbindTest(DoctorTest):
    def test_no_rpcbind(self):
        for address in BOTH:
            checks = self.diagnose(address)
            for transport in ("udp", "tcp"):
                self.assert_check(checks, f"rpcbind-{transport}", "failure",
                                  f"nothing listens at {address} port 111 over {transport}",
                                  "Start rpcbind there")
            self.assertEqual(len(checks), 3)

    def test_rpcbind_that_hangs(self):
        self.start_rpcbind().send(signal.SIGSTOP)
        began = time.monotonic()
        checks = self.diagnose("--timeout=500ms", "127.0.0.1")
        self.assert_within(3, began)
        self.assert_check(checks, "rpcbind-udp", "failure", "timed out", "firewalls")
        self.assert_check(checks, "rpcbind-tcp", "failure", "does not answer", "Restart rpcbind")

    def test_over_udp_only(self):
        """As behind a firewall that lets nothing else through."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 111))
            udp.settimeout(0.05)
            client = self.launch_client("doctor", "--json", "127.0.0.1")
            while client.status is None:
                try:
                    call, address = udp.recvfrom(65536)
                except TimeoutError:
                    continue
                empty = b"" if call[20:24] == bytes(4) else bytes(4)  # a NULL call, or the list
                udp.sendto(rawrpc.accepted(rawrpc.xid_of(call), empty), address)
        checks = json.loads(client.stdout)["checks"]
        self.assert_check(checks, "rpcbind-udp", "ok", "127.0.0.1 port 111 answers")
        self.assert_check(checks, "rpcbind-tcp", "warning", "nothing listens", "Start rpcbind")
        self.assert_check(checks, "registration", "failure", "knows no timesync server")


class RegistrationTest(DoctorTest):
    def setUp(self):
        super().setUp()
        self.provide_names(both=BOTH)
        self.start_rpcbind()

    def silent(self, socktype):
        """A port that nobody serves, though somebody has it."""
        sock = socket.socket(socket.AF_INET, socktype)
        self.addCleanup(sock.close)
        sock.bind(("127.0.0.1", 0))
        return sock

    def test_nothing_registered(self):
        checks = self.diagnose("127.0.0.1")
        self.assert_check(checks, "registration", "failure", "542397273", "Start timesyncd there")
        self.assertEqual(self.state_of(checks, "rpcbind-udp"), {"ok"})

    def test_a_stale_registration(self):
        daemon = self.start_registered_daemon()
        port = daemon.port
        self.kill_daemon(daemon)
        checks = self.diagnose("both")
        for address in BOTH:
            for transport in ("udp", "tcp"):
                self.assert_check(checks, f"server-{transport}", "failure",
                                  f"stale registration: rpcbind names {host_port((address, port))}",
                                  "rpcinfo -d 542397273 1")

    def test_a_stale_registration_whose_port_is_another_program_s(self):
        register("udp", ("127.0.0.1", 111))
        checks = self.diagnose("127.0.0.1")
        self.assert_check(checks, "server-udp", "failure", "not as a timesync server",
                          "Another program")

    def test_a_port_that_does_not_answer(self):
        """As behind a firewall, or of a server that hangs."""
        udp, tcp = self.silent(socket.SOCK_DGRAM), self.silent(socket.SOCK_STREAM)
        tcp.listen()
        register("udp", udp.getsockname())
        register("tcp", tcp.getsockname())
        began = time.monotonic()
        checks = self.diagnose("127.0.0.1")
        self.assert_within(3, began)
        self.assert_check(checks, "server-udp", "failure", "though rpcbind does",
                          f"Let udp port {udp.getsockname()[1]} through the firewalls")
        self.assert_check(checks, "server-tcp", "failure", "accepts the connection", "hangs")

    def test_connections_that_are_swallowed(self):
        tcp = self.silent(socket.SOCK_STREAM)
        tcp.listen(0)
        for _ in range(2):  # then the queue is full, and the kernel drops what asks to come in
            other = socket.socket()
            self.addCleanup(other.close)
            other.setblocking(False)
            other.connect_ex(tcp.getsockname())
        register("tcp", tcp.getsockname())
        checks = self.diagnose("--timeout=500ms", "127.0.0.1")
        self.assert_check(checks, "server-tcp", "failure", "does not answer over tcp (timed out)",
                          f"Let tcp port {tcp.getsockname()[1]} through")
        self.assert_check(checks, "registration", "failure", "registered on udp")

    def test_another_version(self):
        def refuse(call):
            versions = struct.pack(">II", 2, 3)
            return rawrpc.accepted(rawrpc.xid_of(call), versions, rawrpc.PROG_MISMATCH)
        server = FakeServer(lambda call, n: [refuse(call)], refuse)
        self.addCleanup(server.close)
        register("udp", server.address, version=2)
        checks = self.diagnose("127.0.0.1")
        self.assert_check(checks, "version", "failure", "udp port", "share a version")
        self.assert_check(checks, "version", "failure", "serves versions 2 to 3", "share a version")

    def test_one_family_only(self):
        for family, netids, dead in (("IPv4", "udp,tcp", "udp6, tcp6"),
                                     ("IPv6", "udp6,tcp6", "udp, tcp")):
            with self.subTest(family):
                daemon = self.start_daemon("--netid", netids, netids=netids.split(","))
                self.wait_until(daemon.says_registered, "timesyncd registers", daemon)
                checks = self.diagnose("both")
                self.assert_none(checks, "failure")
                self.assert_check(checks, "registration", "warning", f"registered on {dead}")
                self.assert_check(checks, "families", "warning", f"{family} works",
                                  f"Use -{family[-1]}")
                checks = self.diagnose(f"-{family[-1]}", "both")
                self.assert_none(checks, "failure", "warning")
                other = "-4" if family == "IPv6" else "-6"
                checks = self.diagnose(other, "both")
                self.assert_check(checks, "registration", "failure", "registered on")
                daemon.stop()

    def test_tcp_only(self):
        daemon = self.start_daemon("--netid", "tcp", netids=["tcp"])
        self.wait_until(daemon.says_registered, "timesyncd registers", daemon)
        checks = self.diagnose("127.0.0.1")
        self.assert_check(checks, "registration", "failure", "registered on udp", "--transport")
        self.assert_check(checks, "server-tcp", "ok", "over tcp")


if __name__ == "__main__":
    unittest.main()
