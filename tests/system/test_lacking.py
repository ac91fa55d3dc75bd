# SPDX-License-Identifier: BSD-3-Clause
"""Kernels and sandboxes that lack useful features: it serves without, says so once, or ends."""

import os
import subprocess
import unittest

import rawrpc
from harness import NETIDS, Daemon, Result, SystemTest, host_port, program, tool
from lacking import without_leak_check

LACKING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lacking.py")
STAMPS = rawrpc.call(rawrpc.GET_TIMESTAMPS, rawrpc.hyper(1))
SERVED = {  # the missing feature: a part of the one warning
    "timestampns": "no receive timestamps",
    "timestampns=EPERM": "no receive timestamps",
    "timestamping": "--interleaved does not work",
    "timestamping=EINVAL": "--interleaved does not work",
    "pktinfo": "destination address",
    "pktinfo6": "destination address",
    "recvmmsg": "one by one",
    "recvmmsg=EPERM": "one by one",
    "sendmmsg": "one by one",
    "sendmmsg=EOPNOTSUPP": "one by one",
    "getrandom": None,
    "reuseaddr": None,
    "reuseport": None,
    "prctl=EPERM": None,
}


class LackingTest(SystemTest):
    def launch_lacking(self, what, *args):
        return self.start([LACKING, *what, "--", program("timesyncd"), "-f", "--no-rpcbind",
                           *args], Daemon)

    def serve_lacking(self, what, *args, netids=NETIDS):
        daemon = self.launch_lacking(what, *args)
        self.wait_until(lambda: daemon.status is not None or set(daemon.addresses) == set(netids),
                        f"timesyncd serves without {what}", daemon)
        self.assertIsNone(daemon.status, daemon.stderr)
        return daemon

    @staticmethod
    def run_lacking(what, *argv):
        done = subprocess.run([LACKING, *what, "--", *argv], capture_output=True, text=True,
                              timeout=60, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def assert_served(self, daemon):
        for netid, address in daemon.addresses.items():
            transport = "tcp" if netid.startswith("tcp") else "udp"
            self.timesync_json("query", "-t", transport, host_port(address))

    @staticmethod
    def warnings(daemon):
        return [line for line in daemon.stderr.splitlines()
                if ": serving " not in line and ": started: " not in line]


class DaemonTest(LackingTest):
    def test_it_serves_without(self):
        for what, words in SERVED.items():
            with self.subTest(what):
                daemon = self.serve_lacking([what], "--workers", "1")
                self.assert_served(daemon)
                self.assertEqual(daemon.stop(), 0, daemon.stderr)
                said = self.warnings(daemon)
                said.remove("timesyncd: ending: signal 15 (Terminated)")
                self.assertEqual(len(said), 1 if words else 0, said)
                self.assertIn(words or "", "".join(said))

    def test_it_says_so_once_whatever_the_number_of_workers(self):
        daemon = self.serve_lacking(["timestampns", "pktinfo", "recvmmsg"],
                                    "--workers", "3")
        self.assert_served(daemon)
        self.assertEqual(len(self.warnings(daemon)), 3, daemon.stderr)
        daemon.stop()

    def test_a_batch_one_by_one(self):
        for what in ("recvmmsg", "sendmmsg"):
            daemon = self.serve_lacking([what])
            client = rawrpc.Udp(daemon.addresses["udp"])
            self.addCleanup(client.close)
            calls = [rawrpc.call(rawrpc.GET_TIMESTAMPS, rawrpc.hyper(n), xid=n)
                     for n in range(100)]
            for call in calls:
                client.send(call)
            self.assertEqual([rawrpc.xid_of(client.receive()) for _ in calls], list(range(100)))
            daemon.stop()

    def test_interleaved_calls_are_answered_without_a_previous_timestamp(self):
        daemon = self.serve_lacking(["timestamping"])
        client = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(client.close)
        previous = bytes(8)
        for _ in range(3):
            reply = rawrpc.parse_reply(client.exchange(rawrpc.call(3, rawrpc.hyper(1) + previous)))
            previous = reply.results[8:16]
            self.assertEqual(reply.results[24:], bytes(8))
        daemon.stop()

    def test_workers_that_cannot_share_a_port(self):
        socket = self.path("socket")
        daemon = self.serve_lacking(["reuseport"], "--workers", "3", "--socket", socket)
        self.assert_served(daemon)
        self.assertEqual(self.timesync_json("status", "--socket", socket)["workers"], 1)
        self.assertIn("one worker serves instead of 3", daemon.stderr)
        daemon.stop()

    def test_ipv6_that_cannot_be_told_from_ipv4(self):
        daemon = self.serve_lacking(["v6only"], netids=["udp", "tcp"])
        self.assert_served(daemon)
        daemon.stop()

    def test_where_none_can_serve_the_start_fails_with_the_reason(self):
        for what in ("epoll_create1", "signalfd4"):
            daemon = self.launch_lacking([what])
            self.assertEqual(daemon.wait(), 1)
            self.assertRegex(daemon.stderr, "(can|cannot) serve .*: Function not implemented")
            background = self.run_lacking([what], program("timesyncd"), "--no-rpcbind")
            self.assertEqual(background.status, 1, background)
            self.assertRegex(background.stderr, "(can|cannot) serve .*: Function not implemented")

    def test_where_no_process_can_be_started_the_start_fails_with_the_reason(self):
        for how, reason in (("EAGAIN", "Resource temporarily unavailable"),
                            ("EPERM", "Operation not permitted")):
            daemon = self.launch_lacking([f"clone={how}"])
            self.assertEqual(daemon.wait(), 1)
            self.assertIn(f"cannot serve: no process can be started: {reason}", daemon.stderr)
            background = self.run_lacking([f"clone={how}"], program("timesyncd"), "--no-rpcbind")
            self.assertEqual(background.status, 1, background)
            self.assertIn(reason, background.stderr)

    def test_a_limit_that_leaves_no_process_but_the_first_two(self):
        done = subprocess.run([tool("setpriv"), "--reuid=64321", "--clear-groups",
                               tool("prlimit"), "--nproc=2", program("timesyncd"),
                               "--no-rpcbind"], capture_output=True, text=True, timeout=60,
                              check=False, env=without_leak_check(dict(os.environ)))
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("no process can be started: Resource temporarily unavailable", done.stderr)

    def test_discovery_without_netlink_says_why_and_the_unit_has_it(self):
        clock = self.make_clock()
        daemon = self.launch_lacking(["netlink"], "--clock", clock, "--group", "g",
                                     "--insecure-lab", "--discover")
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("AF_NETLINK", daemon.stderr)
        unit = os.path.join(os.path.dirname(LACKING), "../../dist/timesyncd.service")
        with open(unit, encoding="ascii") as text:
            (line,) = [line for line in text if line.startswith("RestrictAddressFamilies=")]
        self.assertIn("AF_NETLINK", line.split())

    def test_workers_that_end_at_once_end_the_daemon(self):
        daemon = self.serve_lacking(["epoll_wait=kill"], "--netid", "tcp", netids=["tcp"])
        while daemon.status is None:
            try:
                client = rawrpc.Tcp(daemon.addresses["tcp"])
                client.is_closed_by_peer()
                client.close()
            except OSError:
                pass
        self.assertEqual(daemon.status, 1, daemon.stderr)
        self.assertIn("no worker can serve here", daemon.stderr)


class ClientTest(LackingTest):
    def test_it_measures_without(self):
        daemon = self.start_lone_daemon()
        for what in ("timestampns", "getrandom", "timestamping"):
            for transport in ("udp", "tcp"):
                done = self.run_lacking([what], program("timesync"), "query", "-t", transport,
                                        host_port(daemon.addresses[transport]))
                self.assertEqual(done.status, 0, done)

    def test_interleaved_needs_stamps_and_says_so(self):
        daemon = self.start_lone_daemon()
        done = self.run_lacking(["timestamping"], program("timesync"), "query", "--interleaved",
                                host_port(daemon.addresses["udp"]))
        self.assertEqual(done.status, 1, done)
        self.assertIn("measure without --interleaved", done.stderr)


if __name__ == "__main__":
    unittest.main()
