# SPDX-License-Identifier: BSD-3-Clause
"""Attacks over TCP: clients that hold on to what they have, or want more than there is.

Whatever they do, another client is served as before, and the daemon is afterwards as it was.
"""

import signal
import time
import unittest

import rawrpc
from attacks import AttackTest
from rawrpc import GET_TIMESTAMPS, NULL, Tcp

CALL = Tcp.record(rawrpc.call(GET_TIMESTAMPS, rawrpc.hyper(1)))
BUSY_TIMEOUT_S = 5  # of half a call
MORE_FILES = 12000
WAITING = 500  # that connect while the server has to wait for a processor


class HoldingTest(AttackTest):
    """They have a connection, and keep it."""

    def test_half_a_call_and_then_silence(self):
        daemon = self.start_lone_daemon()
        with self.attack("half a call", daemon) as bystander:
            crowd = self.crowd(daemon)
            for half in (CALL[:1], CALL[:3], CALL[:4], CALL[:20], CALL[:-1]):
                for member in crowd.join(50):
                    member.sendall(half)
            bystander.check("half a call")
            self.assertEqual(crowd.left(), 250)
            self.assert_idle(daemon)
            self.wait_until(lambda: crowd.left() == 0, "all are closed", daemon)

    def test_a_byte_now_and_then(self):
        """Each is in time, but the call never comes to an end."""
        daemon = self.start_lone_daemon()
        with self.attack("a byte now and then", daemon) as bystander:
            crowd = self.crowd(daemon)
            crowd.join(100)
            started = time.monotonic()
            for byte in CALL:
                crowd.say(bytes([byte]))
                time.sleep(0.3)
                if crowd.left() == 0:
                    break
            self.assertEqual(crowd.left(), 0)
            self.assertGreater(time.monotonic() - started, BUSY_TIMEOUT_S - 1)

    def test_ten_thousand_idle_connections(self):
        self.allow_files(MORE_FILES)
        self.files_limit = 256
        daemon = self.start_lone_daemon("--max-connections", "10000")
        with self.attack("10,000 idle connections", daemon) as bystander:
            crowd = self.crowd(daemon)
            crowd.join(10000)
            bystander.check("10,000 idle connections")
            self.assertGreater(crowd.left(), 100)
            self.assert_idle(daemon)
            crowd.leave()

    def test_ten_thousand_times_half_a_call(self):
        self.allow_files(MORE_FILES)
        self.files_limit = 256
        daemon = self.start_lone_daemon()
        with self.attack("10,000 halves of a call", daemon) as bystander:
            crowd = self.crowd(daemon)
            for _ in range(10000):
                (member,) = crowd.join()
                member.sendall(CALL[:20])
            bystander.check("10,000 halves of a call")
            crowd.leave()

    def test_who_connects_while_the_server_waits_for_its_turn(self):
        """Has a place among all the others who do, and need not try again."""
        daemon = self.start_lone_daemon()
        daemon.send_all(signal.SIGSTOP)
        crowd = self.crowd(daemon)
        crowd.join(WAITING)
        client = Tcp(daemon.addresses["tcp"])
        self.addCleanup(client.close)
        daemon.send_all(signal.SIGCONT)
        client.exchange(rawrpc.call(NULL))

    def test_who_was_served_last_goes_last(self):
        """Half a call is no reason to stay longer than a client that is about to call again."""
        daemon = self.start_lone_daemon("--max-connections", "64")
        with self.attack("half a call, all over again", daemon):
            crowd = self.crowd(daemon)
            client = Tcp(daemon.addresses["tcp"])
            self.addCleanup(client.close)
            for _ in range(100):
                client.exchange(rawrpc.call(NULL))
                for _ in range(10):
                    (member,) = crowd.join()
                    member.sendall(CALL[:20])
            client.close()
            crowd.leave()


if __name__ == "__main__":
    unittest.main()
