# SPDX-License-Identifier: BSD-3-Clause
"""A server has one vote, however many names lead to it; oneself has none; the dead count."""

import os
import socket
import subprocess
import time
import unittest

from fakeserver import FakeServer, stamps
from harness import SLOWER, SystemTest, host_port, ns, tool

HOUR_NS = 3600 * 10**9


class VotesTest(SystemTest):
    def provide_names(self, **names):
        """Let these be all names that there are, each with its addresses."""
        with open(self.path("hosts"), "w", encoding="ascii") as hosts:
            for name, addresses in names.items():
                hosts.writelines(f"{address} {name}\n" for address in addresses)
        os.chmod(self.directory, 0o755)
        subprocess.run([tool("mount"), "--bind", self.path("hosts"), "/etc/hosts"], check=True)
        self.addCleanup(subprocess.run, [tool("umount"), "/etc/hosts"], check=True)

    def serve(self, offset="0", name="clock", *args):
        """A daemon whose clock file is that far ahead. Its port."""
        return self.start_lone_daemon("-c", self.make_clock(offset, name=name), *args).port

    def together(self, *args, status=0):
        result = self.timesync("query", "--json", *args)
        self.assertEqual(result.status, status, result)
        return result.json_lines[-1]

    def verdicts(self, together):
        return [v["verdict"] for v in together["verdicts"]]


class DuplicateTest(VotesTest):
    def test_one_liar_by_many_names_is_no_majority(self):
        self.provide_names(one=["127.0.0.1"], two=["127.0.0.1"], six=["::1"], good=["127.0.0.1"])
        liar, good = self.serve("1h", "liar"), self.serve()
        clock = self.make_clock("-2.5s", name="mine")
        for names in ((f"one:{liar}", f"two:{liar}"), (f"one:{liar}", f"one:{liar}"),
                      (f"127.0.0.1:{liar}", f"[::1]:{liar}"), (f"six:{liar}", f"one:{liar}"),
                      (f"127.0.0.1:{liar}", f"127.0.0.2:{liar}")):
            with self.subTest(names):
                hosts = (*names, f"good:{good}")
                together = self.together("-c", clock, *hosts, status=3)
                self.assertEqual(sorted(self.verdicts(together)),
                                 ["duplicate", "no-majority", "no-majority"])
                self.assertEqual((together["servers"], together["answered"]), (2, 2))
                result = self.timesync("sync", "-c", clock, *hosts)
                self.assertEqual(result.status, 3, result)
                self.assertRegex(result.stdout, "same .*: the same server as .*, counted once")
                self.assertIn("of 2 servers no two agree", result.stderr)
                self.timesync("track", "--count", "1", "-c", clock, *hosts)
                self.assertEqual(self.clock_offset_ns(clock), -2_500_000_000)

    def test_through_rpcbind(self):
        """The server's address counts, and not how its port was found."""
        self.start_rpcbind()
        daemon = self.start_registered_daemon("-c", self.make_clock("1h"))
        together = self.together("127.0.0.1", f"127.0.0.1:{daemon.port}", "::1")
        self.assertEqual(sorted(self.verdicts(together)), ["duplicate", "duplicate", "truechimer"])
        self.assertEqual(together["servers"], 1)

    def test_a_dead_server_is_one_as_well(self):
        """Two that agree are more than half of three, though one of these is named twice."""
        one, two = self.serve(), self.serve(name="two")
        together = self.together("127.0.0.1:9", f"127.0.0.1:{one}", "127.0.0.1:9",
                                 f"127.0.0.1:{two}", status=1)
        self.assertEqual((together["servers"], together["answered"]), (3, 2))
        self.assertEqual(self.verdicts(together),
                         ["unmeasured", "truechimer", "duplicate", "truechimer"])
        self.assert_within_bound(together)


class OneselfTest(VotesTest):
    def assert_oneself(self, *args):
        """Alone it is refused, and among others it has no vote."""
        result = self.timesync("sync", *args)
        self.assertEqual(result.status, 3, result)
        self.assertIn("this machine's own daemon", result.stderr)
        result = self.timesync("track", "--count", "1", *args)
        self.assertNotEqual(result.status, 0, result)
        result = self.timesync("query", *args)
        self.assertEqual(result.status, 0, result)
        self.assertIn("this machine's own daemon", result.stdout)
        liar = self.serve("1h", f"liar{time.monotonic_ns()}")
        result = self.timesync("query", *args, f"127.0.0.1:{liar}")
        self.assertRegex(result.stdout, "oneself .* has no vote")
        self.assertIn("together 1 server, 1 answered, 1 agree", result.stdout)

    def test_a_clock_file_that_is_served(self):
        clock = self.make_clock("5s", "30")
        daemon = self.start_lone_daemon("-c", clock)
        for netid in ("udp", "udp6"):
            self.assert_oneself("-c", clock, host_port(daemon.addresses[netid]))
        self.assert_oneself("-t", "tcp", "-c", clock, host_port(daemon.addresses["tcp"]))
        self.assertEqual(round(self.clock_offset_ns(clock) / 1e9), 5)

    def test_several_workers_have_its_port(self):
        clock = self.make_clock("5s")
        self.assert_oneself("-c", clock, f"localhost:{self.start_lone_daemon('--workers', '3', '-c', clock).port}")

    def test_the_system_clock(self):
        port = self.start_lone_daemon().port
        result = self.timesync("query", f"127.0.0.1:{port}", f"127.0.0.1:{self.serve()}")
        self.assertEqual(result.stdout.count("oneself "), 1, result)
        result = self.timesync("sync", "--dry-run", f"127.0.0.1:{port}")
        self.assertEqual(result.status, 3, result)
        self.assertIn("this machine's own daemon", result.stderr)

    def test_another_clock_file_is_a_server_like_any_other(self):
        """Although the two show the same time, and the same rate."""
        mine = self.make_clock(name="mine")
        result = self.timesync("sync", "--json", "-c", mine, f"127.0.0.1:{self.serve()}")
        self.assertEqual(result.status, 0, result)
        together = self.together("-c", mine, *[f"127.0.0.1:{self.serve(name=n)}" for n in "abc"])
        self.assertEqual(self.verdicts(together), ["truechimer"] * 3)

    def test_the_system_clock_is_not_a_clock_file(self):
        mine = self.make_clock(name="mine")
        port = self.start_lone_daemon().port
        self.assertEqual(self.timesync("sync", "-c", mine, f"127.0.0.1:{port}").status, 0)

    def test_a_relay_is_a_server_like_any_other(self):
        relay = self.start_relay(self.start_lone_daemon().addresses["udp"])
        result = self.timesync("query", host_port(relay.address))
        self.assertEqual(result.status, 0, result)
        self.assertNotIn("own daemon", result.stdout)


class MajorityTest(VotesTest):
    def test_the_dead_count_for_every_verb(self):
        liar, clock = self.serve("100s"), self.make_clock(name="mine")
        hosts = ("127.0.0.1:9", "127.0.0.1:10", f"127.0.0.1:{liar}")
        together = self.together("-c", clock, *hosts, status=3)
        self.assertIn("of 3 servers only 1 answered", together["error"])
        self.assertNotIn("offset_s", together)
        result = self.timesync("track", "--count", "1", "-c", clock, *hosts)
        self.assertEqual(result.status, 1, result)
        self.assertIn("too few servers answered for a majority", result.stdout)
        self.assertEqual(self.clock_offset_ns(clock), 0)

    def test_chronyd_is_fed_by_the_majority_only(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(self.path("sock"))
        sock.setblocking(False)
        result = self.timesync("track", "--count", "1", "--chrony-sock", self.path("sock"),
                               "127.0.0.1:9", "127.0.0.1:10", f"127.0.0.1:{self.serve('100s')}")
        self.assertEqual(result.status, 1, result)
        with self.assertRaises(BlockingIOError):
            sock.recv(100)

    def test_a_rate_is_not_saved_while_a_server_is_outvoted(self):
        hosts = [f"127.0.0.1:{self.serve(name=n)}" for n in "ab"]
        liar = f"127.0.0.1:{self.serve('1h', 'liar')}"
        clock, drift = self.make_clock("10ms", name="mine"), self.path("drift")
        args = ("track", "-i", "300ms", "--count", "5", "-c", clock, "--drift-file", drift)
        self.assertEqual(self.timesync(*args, *hosts, liar).status, 0)
        with self.assertRaises(FileNotFoundError):
            open(drift, encoding="ascii").close()
        self.assertEqual(self.timesync(*args, *hosts).status, 0)
        open(drift, encoding="ascii").close()


class AddressesTest(VotesTest):
    def silent(self, host, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.bind((host, port))
        return s

    def test_eight_silent_addresses_cost_what_one_does(self):
        hosts = [f"127.0.7.{i}" for i in range(1, 9)]
        port = self.silent(hosts[0], 0).getsockname()[1]
        for host in hosts[1:]:
            self.silent(host, port)
        self.provide_names(many=hosts, one=hosts[:1])
        took = []
        for name in ("one", "many"):
            begun = time.monotonic()
            result = self.timesync("query", "--timeout", "400ms", f"{name}:{port}")
            took.append(time.monotonic() - begun)
            self.assertEqual(result.status, 1, result)
        self.assertLess(took[1], 1.5 * took[0] + 0.5 * SLOWER)
        for host in hosts[:3]:
            self.assertIn(host, result.stderr)

    def test_each_addresss_reason_the_reachable_ones_first(self):
        self.provide_names(both=["2001:db8::2", "127.0.0.1"])
        result = self.timesync("query", "both:9")
        self.assertEqual(result.status, 1, result)
        self.assertRegex(result.stderr, r"both: the server at 127\.0\.0\.1:9: Connection refused.*"
                         r"Also: .*2001:db8::2.*(unreachable|assign)")

    def test_the_resolvers_order_is_kept(self):
        hosts = ["127.0.7.1", "127.0.7.2", "127.0.7.3"]
        silent = self.silent(hosts[0], 0)
        port = silent.getsockname()[1]
        for host in hosts[1:]:
            server = FakeServer(lambda call, n: [stamps(call)], host=host, port=port)
            self.addCleanup(server.close)
        self.provide_names(three=hosts)
        answer = self.timesync_json("query", f"three:{port}")
        self.assertEqual(answer["address"], hosts[1])
        self.assertLess(ns(answer["max_error_s"]), HOUR_NS)

    def test_a_server_that_is_farther_away_than_its_share(self):
        """Its answer comes after the next address has got its turn; it is not given up for that."""
        daemon = self.start_lone_daemon()
        relay = self.start_relay(daemon.addresses["udp"], "--delay", "150ms")
        port = relay.address[1]
        for host in ("127.0.7.1", "127.0.7.2", "127.0.7.3"):
            self.silent(host, port)
        self.provide_names(far=["127.0.7.1", "127.0.7.2", "127.0.7.3", "127.0.0.1"])
        answer = self.timesync_json("query", "--timeout", "800ms", f"far:{port}")
        self.assertEqual(answer["address"], "127.0.0.1")
        self.assert_within_bound(answer)


if __name__ == "__main__":
    unittest.main()
