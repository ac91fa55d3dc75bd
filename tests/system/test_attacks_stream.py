# SPDX-License-Identifier: BSD-3-Clause
"""Attacks over TCP: clients that want more than there is, as fast as they can."""

import contextlib
import socket
import struct
import time
import unittest

import rawrpc
from attacks import Assault, AttackTest, Crowd
from rawrpc import GET_TIME, RPCSEC_GSS, Tcp

CALL = Tcp.record(rawrpc.call(GET_TIME))
REPLY_SIZE = 4 + 48
LISTEN = "0A"  # a state in /proc/net/tcp


class WantingTest(AttackTest):
    def assault(self, what, daemon, attack, each=16):
        """attack(crowd) over and over, each time with a new crowd."""
        def with_a_crowd(n):
            crowd = Crowd(daemon.addresses["tcp"], each * n)
            try:
                crowd.join(each)
                attack(crowd)
            finally:
                crowd.leave()

        with self.attack(what, daemon) as bystander, Assault(with_a_crowd):
            bystander.check(what)

    def assault_with(self, what, data):
        """All send that, and are thrown out for it."""
        def attack(crowd):
            crowd.say(data)
            crowd.wait_until_thrown_out()

        self.assault(what, self.start_lone_daemon(), attack)

    def test_the_longest_record_mark(self):
        self.assault_with("a mark of 2^31-1", struct.pack(">I", 0x7FFFFFFF) + bytes(100000))
        self.assault_with("a last mark of 2^31-1", struct.pack(">I", 0xFFFFFFFF) + bytes(100000))

    def test_a_hundred_thousand_empty_fragments(self):
        self.assault_with("100,000 empty fragments", bytes(4 * 100000))

    def test_gss(self):
        """INIT, CONTINUE_INIT, DESTROY (RFC 2203): refused before anything of them is read."""
        def record(procedure):
            gss = struct.pack(">IIII", 1, procedure, 0, 1) + rawrpc.opaque(bytes(8))
            return Tcp.record(rawrpc.call(0, rawrpc.opaque(bytes(200)),
                                          cred=rawrpc.auth(RPCSEC_GSS, gss)))

        self.assault_with("GSS", b"".join(map(record, range(4))) * 20 + b"\xff" * 8)

    def test_connections_that_come_and_go(self):
        """Closed at once, and some so that the server is told of it by a reset."""
        def attack(crowd):
            for n, member in enumerate(crowd.members):
                if n % 2:
                    member.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        self.assault("connections that come and go", self.start_lone_daemon(), attack)

    def test_replies_that_nobody_reads(self):
        def attack(crowd):
            for _ in range(100):
                crowd.say(CALL * 1000)

        self.assault("replies that nobody reads", self.start_lone_daemon(), attack)

    def test_what_nobody_reads_is_not_kept(self):
        """The kernel would keep megabytes for each such client."""
        path = self.path("socket")
        daemon = self.start_lone_daemon("--socket", path)
        (client,) = self.crowd(daemon).join()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        with self.assertRaises(ConnectionError):
            while True:
                with contextlib.suppress(BlockingIOError):
                    client.sendall(CALL * 100)
        answered = self.timesync_json("status", "--socket", path)["tcp_get_time"]
        self.assertLess(answered * REPLY_SIZE, 256 << 10)

    def test_what_nobody_reads_does_not_outlive_its_connection(self):
        """The kernel would keep it, and try to deliver it, long after the daemon has closed."""
        daemon = self.start_lone_daemon()
        crowd = self.crowd(daemon, room=1)
        crowd.join(20)
        for _ in range(20):
            crowd.say(CALL * 20)
            time.sleep(0.01)
        self.assertGreater(undelivered(daemon.port), 100000)
        for client in crowd.members:
            client.shutdown(socket.SHUT_WR)
        self.wait_until(lambda: undelivered(daemon.port) == 0, "nothing is kept", daemon)


def undelivered(port):
    """Octets that the kernel keeps for clients of that port of this machine."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(int(queues.split(":")[0], 16) for _, local, _, state, queues, *_ in rows
               if int(local.split(":")[1], 16) == port and state != LISTEN)


if __name__ == "__main__":
    unittest.main()
