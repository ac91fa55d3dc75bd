# SPDX-License-Identifier: BSD-3-Clause
"""Attacks with datagrams: floods of calls, and of datagrams that are not calls."""

import os
import re
import signal
import subprocess
import unittest

import rawrpc
from attacks import Assault, AttackTest
from harness import host_port, program

AMPLIFICATION_LIMIT = 1.3
MANY = int(os.environ.get("ATTACK_DATAGRAMS", "500000"))
AT_ONCE = 50000
# A second: what a server can answer that shares two processors with the sender and the bystander.
# Of a flood beyond that, and of all that comes with it, a part is lost; see --rate-limit.
RATE = 50000
BUFFERED = 3000  # datagrams that come while the server has to wait for a processor
LONGEST_S = 60


def tally(text, what):
    """(datagrams, octets) that barrages say were "sent" or "received", in all."""
    counts = re.findall(rf"^barrage: {what} (\d+) datagrams of (\d+) octets$", text, re.M)
    return tuple(map(sum, zip(*(map(int, count) for count in counts))))


class DatagramAttackTest(AttackTest):
    def bombard(self, daemon, kinds, count, *args):
        """A barrage from beginning to end. Its output."""
        argv = [program("lab/barrage"), "--to", host_port(daemon.addresses["udp"]),
                "--kind", kinds, "--count", str(count), *args]
        return subprocess.run(argv, capture_output=True, text=True, timeout=LONGEST_S,
                              check=True).stdout

    def withstand(self, what, kinds, *args, count=100000):
        """At least `count` datagrams of these kinds. The output of the barrages."""
        status_socket = self.path("socket")
        daemon = self.start_lone_daemon("--socket", status_socket)
        said = self.path("said")

        def attack(n):
            with open(said, "a", encoding="ascii") as file:
                file.write(self.bombard(daemon, kinds, AT_ONCE, "--seed", str(n),
                                        "--rate", str(RATE), *args))

        with self.attack(what, daemon) as bystander:
            with Assault(attack) as assault:
                bystander.check(what)
                while assault.is_on and assault.done * AT_ONCE < count:
                    bystander.check(what)
            status = self.timesync_json("status", "--socket", status_socket)
        with open(said, encoding="ascii") as file:
            text = file.read()
        print(what, {way: tally(text, way) for way in ("sent", "received")}, status)
        self.assertGreaterEqual(tally(text, "sent")[0], count)
        return text

    def test_what_no_honest_client_sends(self):
        text = self.withstand("malformed datagrams", "random,truncated,flipped,gss,reply",
                              count=MANY)
        self.assertLess(tally(text, "received")[1], AMPLIFICATION_LIMIT * tally(text, "sent")[1])

    def test_gss(self):
        """INIT, CONTINUE_INIT, DESTROY: a server that let libtirpc look at them leaked memory."""
        self.withstand("GSS", "gss")

    def test_replies_are_never_answered(self):
        self.assertEqual(tally(self.withstand("replies", "reply"), "received"), (0, 0))

    def test_calls_from_many(self):
        self.withstand("calls", "call", "--sockets", "64")

    def test_calls_that_come_while_the_server_waits_for_its_turn(self):
        """A flood fills the socket's buffer, and there is still room for everybody else's call."""
        daemon = self.start_lone_daemon()
        client = rawrpc.Udp(daemon.addresses["udp"])
        self.addCleanup(client.close)
        client.exchange(rawrpc.call(rawrpc.NULL))
        daemon.send_all(signal.SIGSTOP)
        self.bombard(daemon, "random", BUFFERED)
        call = rawrpc.call(rawrpc.NULL)
        client.send(call)
        daemon.send_all(signal.SIGCONT)
        self.assertEqual(rawrpc.xid_of(client.receive()), rawrpc.xid_of(call))


if __name__ == "__main__":
    unittest.main()
