# SPDX-License-Identifier: BSD-3-Clause
"""The fault relay itself: the other tests believe what it does to datagrams."""

import re
import socket
import time
import unittest

from harness import SystemTest, program
from rawrpc import Udp

LOOPBACKS = ("127.0.0.1", "::1")
MAX_CLIENTS = 256
MS = 1_000_000


class RelayTest(SystemTest):
    def serve(self, host="127.0.0.1"):
        """A socket to be the server behind the relay."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.settimeout(5)
        server.bind((host, 0))
        return server

    def relay(self, server, *args):
        return self.start_relay(server.getsockname()[:2], *args)

    def client(self, relay):
        client = Udp(relay.address)
        self.addCleanup(client.close)
        return client


class HonestTest(RelayTest):
    def test_round_trips_of_each_client(self):
        for host in LOOPBACKS:
            with self.subTest(host):
                server = self.serve(host)
                relay = self.relay(server)
                clients = [self.client(relay) for _ in range(5)]
                for n, client in enumerate(clients):
                    client.send(b"call %d" % n)
                for _ in clients:
                    data, sender = server.recvfrom(100)
                    server.sendto(data.replace(b"call", b"reply"), sender)
                for n, client in enumerate(clients):
                    self.assertEqual(client.receive(), b"reply %d" % n)
                counters = relay.counters()
                for way in ("to server", "to client"):
                    self.assertEqual((counters[way]["received"], counters[way]["sent"]), (5, 5))
                self.assertEqual(relay.status, 0)

    def test_any_size(self):
        server = self.serve()
        client = self.client(self.relay(server))
        for size in (0, 1, 48, 1500, 65507):
            client.send(bytes(size))
            self.assertEqual(len(server.recv(65536)), size)

    def test_more_clients_than_places(self):
        """The one that has been idle longest makes room."""
        server = self.serve()
        relay = self.relay(server)
        first_senders = set()
        for n in range(MAX_CLIENTS + 50):
            client = self.client(relay)
            client.send(b"x")
            data, sender = server.recvfrom(100)
            server.sendto(data, sender)
            self.assertEqual(client.receive(), b"x")
            first_senders.add(sender)
        self.assertGreater(len(first_senders), MAX_CLIENTS)

    def test_a_server_that_is_not_there_is_silence(self):
        server = self.serve()
        relay = self.relay(server)
        server.close()
        client = self.client(relay)
        for _ in range(3):
            client.send(b"x")
        self.assertEqual(relay.counters()["to client"]["received"], 0)
        self.assertEqual(relay.status, 0)


class FaultsTest(RelayTest):
    COUNT = 100  # few enough for the buffer of a socket

    def arrivals(self, *args, end="-1"):
        """The numbers 0 to COUNT-1 are sent: what arrives, in order, before an `end` does."""
        server = self.serve()
        server.settimeout(0.1)
        client = self.client(self.relay(server, *args))
        for n in range(self.COUNT):
            client.send(b"%d" % n)
        arrived = []
        while end not in arrived:
            try:
                arrived.append(server.recv(100).decode())
            except TimeoutError:
                client.send(end.encode())
        return [int(n) for n in arrived[:arrived.index(end)]]

    def test_a_seed_decides_the_same_each_time(self):
        one, again, other = (self.arrivals("--drop=30", f"--seed={seed}") for seed in (7, 7, 8))
        self.assertEqual(one, again)
        self.assertNotEqual(one, other)

    def test_drop(self):
        arrived = self.arrivals("--drop-to-server=30")
        self.assertEqual(arrived, sorted(set(arrived)))
        self.assertAlmostEqual(len(arrived), self.COUNT * 0.7, delta=self.COUNT * 0.15)
        self.assertEqual(self.arrivals("--drop-to-client=100"), list(range(self.COUNT)))

    def test_duplicate(self):
        arrived = self.arrivals("--duplicate=30")
        self.assertEqual(set(arrived), set(range(self.COUNT)))
        self.assertAlmostEqual(len(arrived), self.COUNT * 1.3, delta=self.COUNT * 0.15)

    def test_reorder(self):
        """A packet that is held back comes right after the next one, and none is lost."""
        arrived = self.arrivals("--reorder=30")
        self.assertNotEqual(arrived, sorted(arrived))
        self.assertLessEqual(set(range(self.COUNT - 1)), set(arrived))
        self.assertEqual(len(arrived), len(set(arrived)))
        self.assertTrue(all(abs(n - place) <= 1 for place, n in enumerate(arrived)), arrived)

    def test_what_nothing_follows_is_not_held_for_ever(self):
        server = self.serve()
        client = self.client(self.relay(server, "--reorder=100"))
        client.send(b"alone")
        self.assertEqual(server.recv(100), b"alone")

    @staticmethod
    def way_there_and_back(server, client):
        """How long a datagram took each way, in ns."""
        started = time.monotonic_ns()
        client.send(b"x")
        data, sender = server.recvfrom(100)
        arrived = time.monotonic_ns()
        server.sendto(data, sender)
        client.receive()
        return arrived - started, time.monotonic_ns() - arrived

    def test_delay(self):
        """None is sent too early. On a busy machine any may be late, but not all."""
        server = self.serve()
        relay = self.relay(server, "--delay-to-server=5ms", "--delay-to-client=10ms..20ms")
        client = self.client(relay)
        there, back = [], []

        def some_are_quick():
            for way, took in zip((there, back), self.way_there_and_back(server, client)):
                way.append(took)
            return len(there) >= 20 and min(there) < 10 * MS and min(back) < 25 * MS
        self.wait_until(some_are_quick, "each way a datagram is not late", relay)
        self.assertGreaterEqual(min(there), 5 * MS)
        self.assertGreaterEqual(min(back), 10 * MS)
        relay.counters()
        drawn = {way: (int(least), int(most)) for way, least, most in re.findall(
            r"^relay: delays (to \w+): least_ns (\d+) most_ns (\d+)$", relay.stdout, re.M)}
        self.assertEqual(drawn["to server"], (5 * MS, 5 * MS))
        least, most = drawn["to client"]
        self.assertTrue(10 * MS <= least < most <= 20 * MS, drawn)
        self.assertGreater(most - least, 5 * MS)
        self.assertLessEqual(least, min(back))


class OptionsTest(SystemTest):
    def test_what_is_wrong_is_said(self):
        both = ["--listen", "127.0.0.1", "--to", "127.0.0.1:5"]
        for args, word in (([], "--to"), (["--listen", "127.0.0.1"], "--to"),
                           ([*both, "--drop", "101"], "101"), ([*both, "--drop", "x"], "x"),
                           ([*both, "--delay", "5ms..1ms"], "5ms..1ms"),
                           ([*both, "--delay", "-1ms"], "-1ms"), ([*both, "--seed", "x"], "x"),
                           (["--listen", "[::1", "--to", "127.0.0.1:5"], "[::1"),
                           (["--listen", "127.0.0.1", "--to", "127.0.0.1"], "--to"),
                           ([*both, "--frobnicate"], "frobnicate"), ([*both, "more"], "more")):
            with self.subTest(args):
                relay = self.start([program("lab/relay"), *args])
                self.assertEqual(relay.wait(), 2)
                self.assertIn(word, relay.stderr)
                self.assertEqual(relay.stdout, "")

    def test_help(self):
        relay = self.start([program("lab/relay"), "--help"])
        self.assertEqual(relay.wait(), 0)
        self.assertIn("--reorder", relay.stdout)


if __name__ == "__main__":
    unittest.main()
