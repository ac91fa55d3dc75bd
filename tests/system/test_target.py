# SPDX-License-Identifier: BSD-3-Clause
"""From names to servers: invalid addresses, and the messages for silent ones."""

import signal
import socket
import subprocess
import time
import unittest

from doctorcase import DoctorTest
from harness import tool

MEASURING = (["query"], ["sync", "--dry-run"], ["compare"], ["track", "--count=1"], ["doctor"])
NO_HOSTS = {
    "0.0.0.0": "is no host",
    "::": "is no host",
    "::ffff:0.0.0.0": "is no host",
    "64:ff9b::": "is no host",
    "224.0.1.1": "multicast",
    "ff02::1%lo": "multicast",
    "::ffff:224.0.1.1": "multicast",
    "255.255.255.255": "broadcast",
    "127.255.255.255": "broadcast",
    "::ffff:127.255.255.255": "broadcast",
    "10.77.0.127": "broadcast",
    "fe80::1": "interface",
}


def ip(*args):
    subprocess.run([tool("ip"), *args], check=True)


class NoHostTest(DoctorTest):
    """Addresses at which this machine itself, or nobody in particular, would answer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ip("link", "add", "net0", "type", "veth", "peer", "name", "net1")
        ip("addr", "add", "10.77.0.1/25", "dev", "net0")
        ip("link", "set", "net0", "up")

    @classmethod
    def tearDownClass(cls):
        ip("link", "del", "net0")
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.port = self.start_lone_daemon().port
        self.own = self.make_clock("-30s")

    def refuse(self, verb, host, *words):
        result = self.run_named("timesync", *verb, f"--clock={self.own}", f"-p {self.port}", host)
        self.assertEqual(result.status, 1, result)
        for word in words:
            self.assertIn(word, result.stdout + result.stderr)
        self.assertLess(self.clock_offset_ns(self.own), -29 * 10**9)

    def test_addresses(self):
        for address, word in NO_HOSTS.items():
            with self.subTest(address):
                self.refuse(["query"], address, f"{address}: this address", word)

    def test_names_in_every_verb(self):
        self.provide_names(blocked=["0.0.0.0"], blocked6=["::"], many=["10.77.0.127"])
        for verb in MEASURING:
            for name, text in (("blocked", "leads to 0.0.0.0, which is no host; is it blocked"),
                               ("blocked6", "leads to ::, which is no host; is it blocked"),
                               ("many", "leads to 10.77.0.127, which is no host but a broadcast")):
                with self.subTest(verb=verb, name=name):
                    self.refuse(verb, name, f"{name}: the name {text}")

    def test_other_addresses_of_the_name_are_used(self):
        self.provide_names(half=["0.0.0.0", "224.0.1.1", "127.0.0.1"])
        result = self.run_named("timesync", "query", "--json", f"half:{self.port}")
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.json["address"], "127.0.0.1")
        checks = self.diagnose(f"half:{self.port}")
        self.assert_check(checks, "name", "ok", "resolves to 127.0.0.1")

    def test_a_group_s_member(self):
        self.provide_names(blocked=["0.0.0.0"])
        for place in ("blocked", "0.0.0.0", "10.77.0.127"):
            result = self.run_named("timesync", "group", "status", "--at", place)
            self.assertEqual(result.status, 1, result)
            self.assertIn("is no host", result.stderr)
            result = self.run_named("timesyncd", "-f", "--no-rpcbind", "--group=g", "--clock",
                                    self.own, "--insecure-lab", "--member", place)
            self.assertNotEqual(result.status, 0, result)
            self.assertIn("is no host", result.stderr)


class TypingErrorTest(DoctorTest):
    def test_hosts_that_lead_nowhere(self):
        self.provide("nsswitch.conf", "hosts: files\n")
        for host, hint in (("::1:5600", "if 5600 is the port, write [::1]:5600"),
                           ("fe80::1%lo:99", "if 99 is the port, write [fe80::1%lo]:99"),
                           ("127.0.0.1.", "without the dot it is an address"),
                           ("192.168.1.256", "four numbers from 0 to 255")):
            with self.subTest(host):
                result = self.run_named("timesync", "query", host)
                self.assertEqual(result.status, 1, result)
                self.assertIn(hint, result.stderr)
                self.assertIn(hint, self.run_named("timesync", "doctor", host).stdout)

    def test_hosts_that_cannot_be(self):
        for verb in (["query"], ["sync"], ["compare"], ["track"], ["doctor"],
                     ["group", "status", "--at"]):
            result = self.timesync(*verb, "[::1]5600")
            self.assertEqual(result.status, 2, result)
            self.assertIn("belongs between ']' and the port: [::1]:5600", result.stderr)


class SilentNameServerTest(DoctorTest):
    def test_signals_end_every_verb(self):
        self.provide("nsswitch.conf", "hosts: files dns\n")
        self.provide("resolv.conf", "nameserver 127.0.0.1\noptions timeout:20\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 53))
            silent.settimeout(10)
            for verb in (["query"], ["sync", "-c", self.make_clock()], ["compare"], ["doctor"], ["group", "status", "--at"]):
                for signo in (signal.SIGTERM, signal.SIGINT):
                    with self.subTest(verb=verb, signo=signo):
                        self.end_in_lookup(silent, verb, signo)

    def end_in_lookup(self, silent, verb, signo):
        client = self.start_named("timesync", *verb, "silent.example")
        silent.recv(512)
        began = time.monotonic()
        client.stop(signo)
        self.assert_within(1, began)


if __name__ == "__main__":
    unittest.main()
