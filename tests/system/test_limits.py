# SPDX-License-Identifier: BSD-3-Clause
"""Access and rate limits: --allow and --rate-limit."""

import socket
import struct
import subprocess
import time
import unittest

import rawrpc
from harness import DEADLINE_S, SystemTest, host_port, tool

STAMPS = rawrpc.call(rawrpc.GET_TIMESTAMPS, struct.pack(">q", 1))


class LimitsTest(SystemTest):
    def udp(self, address, timeout=0.2):
        client = rawrpc.Udp(address, timeout)
        self.addCleanup(client.close)
        return client

    def status(self, daemon_socket):
        return self.timesync_json("status", "--socket", daemon_socket)

    def start_with_socket(self, *args):
        socket = self.path("socket")
        return self.start_lone_daemon("--socket", socket, *args), socket

    def assert_wrong(self, option, value, *words):
        daemon = self.launch_daemon(option, value)
        daemon.wait()
        self.assertEqual(daemon.status, 2, daemon.stderr)
        for word in (option, *words):
            self.assertIn(word, daemon.stderr)


class AllowTest(LimitsTest):
    def test_others_get_silence(self):
        daemon, socket = self.start_with_socket("--allow", "127.0.0.2", "--allow", "::1/128")
        with self.assertRaises(TimeoutError):
            self.udp(daemon.addresses["udp"]).exchange(STAMPS)
        self.assertTrue(self.udp(daemon.addresses["udp6"]).exchange(STAMPS))
        self.assertEqual(self.status(socket)["denied"], 1)

    def test_others_get_no_connection(self):
        daemon, socket = self.start_with_socket("--allow", "::1")
        tcp = rawrpc.Tcp(daemon.addresses["tcp"])
        self.addCleanup(tcp.close)
        self.assertTrue(tcp.is_closed_by_peer())
        other = rawrpc.Tcp(daemon.addresses["tcp6"])
        self.addCleanup(other.close)
        self.assertTrue(other.exchange(STAMPS))
        status = self.status(socket)
        self.assertEqual((status["denied"], status["connections_accepted"]), (1, 1))

    def test_not_even_malformed_calls_are_looked_at(self):
        daemon, socket = self.start_with_socket("--allow", "127.0.0.2")
        client = self.udp(daemon.addresses["udp"])
        for _ in range(10):
            client.send(b"\xff" * 40)
        self.wait_until(lambda: self.status(socket)["denied"] == 10, "all are denied", daemon)
        self.assertEqual(self.status(socket)["malformed"], 0)

    def test_a_network(self):
        daemon, _ = self.start_with_socket("--allow", "127.0.0.0/8")
        self.timesync_json("query", host_port(daemon.addresses["udp"]))

    def test_what_is_no_network(self):
        self.assert_wrong("--allow", "localhost", "localhost", "192.0.2.0/24")
        self.assert_wrong("--allow", "10.0.0.0/33", "10.0.0.0/33")
        self.assert_wrong("--allow", "10.0.0.1/8", "10.0.0.1/8", "prefix")


class RateLimitTest(LimitsTest):
    BURST = 32  # at least so many calls at once, whatever the rate
    LEAK = 4  # one in so many calls beyond the limit is answered, as addresses can be forged

    def test_a_flood_is_cut_and_others_are_served(self):
        sent = 2000
        daemon, socket = self.start_with_socket("--rate-limit", "10")
        flooder = self.udp(daemon.addresses["udp"], 0.05)
        started = time.monotonic()
        for _ in range(sent):
            flooder.send(STAMPS)
        answers = 0
        try:
            while flooder.receive():
                answers += 1
        except TimeoutError:
            pass
        allowed = self.BURST + 10 * (time.monotonic() - started)
        self.assertGreaterEqual(answers, self.BURST)
        self.assertLessEqual(answers, allowed + sent / self.LEAK * 1.2)
        self.assertGreater(self.status(socket)["rate_limited"], 0)
        other = host_port(daemon.addresses["udp6"])
        self.assert_within_bound(self.timesync_json("query", "--timeout", "100ms", other))

    def test_octets_that_are_no_call_silence_nobody(self):
        """Anybody can send them with the address of somebody else."""
        daemon, socket = self.start_with_socket("--rate-limit", "1")
        forger = self.udp(daemon.addresses["udp"], 0.05)
        for octets in (bytes(8), STAMPS[:20], rawrpc.call(0, kind=rawrpc.REPLY),
                       rawrpc.call(0, rpc_version=3)):
            for _ in range(2 * self.BURST):
                forger.send(octets)
        self.wait_until(lambda: self.status(socket)["malformed"] == 8 * self.BURST, "all of them",
                        daemon)
        self.timesync_json("query", "--timeout", "100ms", host_port(daemon.addresses["udp"]))
        self.assertEqual(self.status(socket)["rate_limited"], 0)

    def test_a_flood_of_calls_with_the_address_of_a_client_leaves_it_tcp(self):
        daemon, socket = self.start_with_socket("--rate-limit", "1")
        forger = self.udp(daemon.addresses["udp"], 0.05)
        for _ in range(20 * self.BURST):
            forger.send(STAMPS)
        self.wait_until(lambda: self.status(socket)["rate_limited"] > self.BURST, "the limit",
                        daemon)
        self.timesync_json("query", "-t", "tcp", host_port(daemon.addresses["tcp"]))

    def test_over_tcp_the_connection_is_closed(self):
        daemon, socket = self.start_with_socket("--rate-limit", "1")
        tcp = rawrpc.Tcp(daemon.addresses["tcp"])
        self.addCleanup(tcp.close)
        for _ in range(self.BURST):
            tcp.exchange(STAMPS)
        tcp.send(STAMPS)
        self.assertTrue(tcp.is_closed_by_peer())
        self.assertEqual(self.status(socket)["rate_limited"], 1)

    def test_a_measurement_fits(self):
        daemon, _ = self.start_with_socket("--rate-limit", "1")
        self.timesync_json("query", host_port(daemon.addresses["udp"]))

    def test_what_is_no_rate(self):
        for value in ("0", "-1", "many", "1000001"):
            self.assert_wrong("--rate-limit", value, value)


class BroadcastTest(LimitsTest):
    """A call to all servers of a network, perhaps with a forged sender, is not answered."""

    def test_calls_to_many_are_not_answered(self):
        daemon, socket_path = self.start_with_socket()
        for network in ("224.0.0.0/4", "255.255.255.255"):
            subprocess.run([tool("ip"), "route", "add", network, "dev", "lo"], check=True)
            self.addCleanup(subprocess.run, [tool("ip"), "route", "del", network, "dev", "lo"],
                            check=True)
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.settimeout(DEADLINE_S)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        to_many = ("127.255.255.255", "255.255.255.255", "224.0.0.1")
        for host in to_many:
            sender.sendto(STAMPS, (host, daemon.port))
        self.wait_until(lambda: self.status(socket_path)["broadcast"] == len(to_many), "all",
                        daemon)
        sender.sendto(rawrpc.call(rawrpc.NULL, xid=77), ("127.0.0.2", daemon.port))
        reply, source = sender.recvfrom(1000)
        self.assertEqual(rawrpc.xid_of(reply), 77)
        self.assertEqual(source[0], "127.0.0.2")

    def test_no_such_address_is_served(self):
        for address in ("224.0.0.1", "255.255.255.255", "ff02::1"):
            self.assert_wrong("--address", address, address)
        daemon = self.launch_daemon("--no-rpcbind", "--address", "127.255.255.255")
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("127.255.255.255", daemon.stderr)


class NetworkTest(LimitsTest):
    """A host with one IPv6 address has its whole /64, so a /64 counts as one client."""

    ONE = [f"2001:db8:0:1::{n}" for n in range(1, 5)]
    OTHER = "2001:db8:0:2::1"

    def setUp(self):
        super().setUp()
        for address in [*self.ONE, self.OTHER]:
            self.ip("add", address)
            self.addCleanup(self.ip, "del", address)

    @staticmethod
    def ip(verb, address):
        subprocess.run([tool("ip"), "address", verb, f"{address}/128", "dev", "lo"], check=True)

    def test_connections(self):
        daemon = self.start_lone_daemon("--max-per-address", "2")
        clients = []
        for source in [self.OTHER, *self.ONE]:
            clients.append(rawrpc.Tcp(daemon.addresses["tcp6"], source=source))
            self.addCleanup(clients[-1].close)
            clients[-1].exchange(STAMPS)
        other, *first, third, fourth = clients
        self.assertTrue(all(client.is_closed_by_peer() for client in first))
        for client in (other, third, fourth):
            client.exchange(STAMPS)

    def test_calls(self):
        daemon, socket = self.start_with_socket("--rate-limit", "1")
        for source in self.ONE:
            client = rawrpc.Udp(daemon.addresses["udp6"], source=source)
            self.addCleanup(client.close)
            for _ in range(50):
                client.send(STAMPS)
        self.wait_until(lambda: self.status(socket)["rate_limited"] > 90, "they share a limit",
                        daemon)
        other = rawrpc.Udp(daemon.addresses["udp6"], source=self.OTHER)
        self.addCleanup(other.close)
        other.exchange(STAMPS)


if __name__ == "__main__":
    unittest.main()
