# SPDX-License-Identifier: BSD-3-Clause
"""What a local user, a hung rpcbind or another network namespace can do to timesyncd: it serves, it
registers where it can, and it ends when it is told to."""

import os
import signal
import socket
import struct
import threading
import time
import unittest
from pathlib import Path

import rawrpc
from doctorcase import Local, register
from fakeserver import FakeStream
from harness import Daemon, SystemTest, host_port, program, tool

NOBODY = 65534
STRAY = struct.pack(">III", rawrpc.LAST_FRAGMENT | 8, 0xDEADBEEF, rawrpc.REPLY)
SOON_S = 5  # to begin, or to end; rpcbind is waited for for 2 s, or 1.25 s
ENTRIES = 400  # with a list longer than 16 KiB


def as_nobody(function):
    """Call it as an ordinary user, in another process."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            function()
            status = 0
        finally:
            os._exit(status)
    _pid, status = os.waitpid(pid, 0)
    if status != 0:
        raise RuntimeError("as nobody it failed")


def fill():
    """Register so much that rpcbind's list gets too long to be had whole."""
    rpcbind = Local()
    for i in range(ENTRIES):
        args = struct.pack(">II", 0x20000000 + i, 1)
        args += b"".join(map(rawrpc.opaque, (b"udp", b"0.0.0.0.40.1", b"")))
        rpcbind.exchange(rawrpc.call(1, args, program=rawrpc.RPCBIND_PROG, version=4))
    rpcbind.close()


def squat(netid, address):
    as_nobody(lambda: register(netid, address))


class HostileTest(SystemTest):
    def assert_serves(self, daemon):
        for netid in ("udp", "tcp"):
            self.timesync_json("query", "-t", netid, host_port(daemon.addresses[netid]))

    def assert_ends(self, daemon, status=0):
        began = time.monotonic()
        self.assertEqual(daemon.stop(), status, daemon.stderr)
        self.assert_within(SOON_S, began)

    def start_soon(self):
        began = time.monotonic()
        daemon = self.start_daemon()
        self.assert_serves(daemon)
        self.assert_within(SOON_S, began)
        return daemon


class SquatterTest(HostileTest):
    def setUp(self):
        super().setUp()
        self.start_rpcbind()

    def test_one_that_streams_nonsense_is_replaced(self):
        server = FakeStream(lambda connection: [connection.sendall(STRAY * 5000) for _ in iter(int, 1)])
        self.addCleanup(server.close)
        squat("tcp", server.address)
        daemon = self.start_soon()
        self.wait_until(daemon.says_registered, "timesyncd registers", daemon)
        self.timesync_json("query", "-t", "tcp", "127.0.0.1")
        self.assert_ends(daemon)

    def test_one_that_is_silent_keeps_nobody_from_serving(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        squat("tcp", listener.getsockname())
        daemon = self.start_soon()
        self.wait_until(lambda: f"owned by {NOBODY}" in daemon.stderr, "it is said", daemon)
        self.assert_ends(daemon)

    def test_one_that_floods_keeps_nobody_from_serving(self):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        over = threading.Event()

        def flood():
            _call, client = udp.recvfrom(65536)
            while not over.is_set():
                try:
                    udp.sendto(STRAY[4:], client)
                except OSError:
                    pass  # the client is gone
        threading.Thread(target=flood, daemon=True).start()
        self.addCleanup(over.set)
        squat("udp", udp.getsockname())
        daemon = self.start_soon()
        self.assert_ends(daemon)

    def test_a_dead_one_that_cannot_be_seen_is_said_to_be_likely(self):
        squat("udp", ("nonsense", 1))
        as_nobody(fill)
        daemon = self.start_daemon("--user", "daemon")
        self.wait_until(lambda: "rpcbind refuses to register us for udp and gives no reason: most "
                        "likely another user has registered program 542397273" in daemon.stderr,
                        "it is said", daemon)
        self.assertNotIn("File exists", daemon.stderr)
        self.assert_serves(daemon)

    def test_who_can_remove_a_dead_one_is_said_as_far_as_it_is_known(self):
        squat("udp", ("127.0.0.1", 1))
        daemon = self.start_daemon("--user", "daemon")
        self.wait_until(lambda: "udp at 127.0.0.1:1, which only user 65534 or root can remove"
                        in daemon.stderr, "it is said", daemon)
        daemon.stop()
        as_nobody(fill)
        daemon = self.start_daemon("--user", "daemon")
        self.wait_until(lambda: "udp at 0.0.0.0:1, which only its owner or root can remove"
                        in daemon.stderr, "it is said", daemon)

    def test_an_address_that_is_none_is_replaced(self):
        squat("udp", ("nonsense", 1))
        as_nobody(fill)
        daemon = self.start_soon()
        self.wait_until(daemon.says_registered, "timesyncd registers", daemon)
        self.timesync_json("query", "127.0.0.1")


class HungRpcbindTest(HostileTest):
    def test_it_serves_and_ends(self):
        rpcbind = self.start_rpcbind()
        rpcbind.send(signal.SIGSTOP)
        daemon = self.start_soon()
        self.assert_ends(daemon)

    def test_it_ends_when_rpcbind_hangs_later(self):
        rpcbind = self.start_rpcbind()
        daemon = self.start_registered_daemon()
        rpcbind.send(signal.SIGSTOP)
        self.assert_ends(daemon)
        self.assertIn("our registration remains", daemon.stderr)

    def test_it_ends_when_its_worker_hangs_too(self):
        """Its timeouts must not add up."""
        rpcbind = self.start_rpcbind()
        daemon = self.start_registered_daemon()
        children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children")
        rpcbind.send(signal.SIGSTOP)
        for child in children.read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGSTOP)
        began = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assert_within(2, began)

    def test_in_the_background(self):
        rpcbind = self.start_rpcbind()
        rpcbind.send(signal.SIGSTOP)
        pid_file = self.path("pid")
        began = time.monotonic()
        starter = self.start([program("timesyncd"), "--pid-file", pid_file, "--port", "5571"])
        self.assertEqual(starter.wait(), 0, starter.stderr)
        self.timesync_json("query", "127.0.0.1:5571")
        self.assert_within(SOON_S, began)
        began = time.monotonic()
        with open(pid_file, encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGTERM)
        self.wait_until(lambda: not os.path.exists(pid_file), "it ends")
        self.assert_within(SOON_S, began)

    def test_a_start_in_the_background_that_is_ended(self):
        """A user who ends the starting process, for example with Ctrl-C, wants no daemon."""
        self.start_rpcbind().send(signal.SIGSTOP)
        pid_file = self.path("pid")
        starter = self.start([program("timesyncd"), "--pid-file", pid_file])
        self.wait_until(lambda: os.path.exists(pid_file) and os.path.getsize(pid_file) > 0,
                        "there is a daemon, which waits for rpcbind")
        self.assertEqual(starter.stop(signal.SIGINT), 1)
        self.wait_until(lambda: not os.path.exists(pid_file), "it ends")


class LongListTest(HostileTest):
    """Any local user can make rpcbind's list as long as he likes."""

    def setUp(self):
        super().setUp()
        self.start_rpcbind()

    def test_it_registers_and_withdraws(self):
        as_nobody(fill)
        daemon = self.start_registered_daemon()
        self.assertEqual(len(self.registered()), 4)
        self.timesync_json("query", "127.0.0.1")
        self.assert_ends(daemon)
        self.assertEqual(self.registered(), {})

    def test_it_withdraws_when_the_list_grew_later(self):
        daemon = self.start_registered_daemon()
        as_nobody(fill)
        self.assert_ends(daemon)
        self.assertEqual(self.registered(), {})

    def test_a_living_one_is_not_robbed(self):
        first = self.start_registered_daemon()
        as_nobody(fill)
        second = self.start_daemon()
        self.wait_until(lambda: "another timesyncd, owned by unknown" in second.stderr,
                        "it is said", second)
        self.assertIn(f".{first.port >> 8}.{first.port & 255}", self.registered()["udp"])

    def test_doctor_does_without_the_list(self):
        port = self.start_registered_daemon().port
        as_nobody(fill)
        result = self.timesync("doctor", "--timeout", "300ms", "127.0.0.1")
        self.assertEqual(result.status, 0, result)
        for netid in ("udp", "tcp"):
            self.assertIn(f"{netid} port {port}", result.stdout)


class SharedRunTest(HostileTest):
    """Two network namespaces with one /run, as Mininet's hosts."""

    def start_elsewhere(self, *args):
        lo_up = 'ip link set lo up && exec "$@"'
        return self.start([tool("unshare"), "--net", "sh", "-c", lo_up, "sh", program("timesyncd"),
                           "-f", "--socket", self.path("socket"), *args], Daemon)

    def says_so(self, daemon):
        self.wait_until(lambda: "not the one of this network namespace" in daemon.stderr,
                        "it says that the rpcbind is another's", daemon)
        self.assertFalse(daemon.says_registered())

    def test_another_s_rpcbind_is_left_alone(self):
        self.start_rpcbind()
        other = self.start_elsewhere()
        self.says_so(other)
        self.assertEqual(self.registered(), {})
        self.assert_ends(other)

    def test_nobody_is_robbed(self):
        self.start_rpcbind()
        daemon = self.start_registered_daemon("--port", "5582")
        before = self.registered()
        other = self.start_elsewhere("--port", "5582")  # the same address, for rpcbind
        self.says_so(other)
        self.assert_ends(other)
        self.assertEqual(self.registered(), before)
        self.assertNotIn("had replaced our registration", daemon.stderr)

    def test_one_that_is_robbed_says_so(self):
        """By somebody who does not look first, and is gone."""
        self.start_rpcbind()
        daemon = self.start_registered_daemon()
        self.assertEqual(self.rpcinfo("-d", str(rawrpc.TIMESYNC_PROG), "1").status, 0)
        register("udp", ("0.0.0.0", 9))
        self.wait_until(lambda: "had replaced our registration with rpcbind for udp" in daemon.stderr, "it is said", daemon)
        self.timesync_json("query", "127.0.0.1")


if __name__ == "__main__":
    unittest.main()
