# SPDX-License-Identifier: BSD-3-Clause
"""Commands to a relay that runs: links of single clients, changed in the middle."""

import socket
import subprocess
import time
import unittest

from harness import SystemTest, program

HERE, THERE = "127.0.9.1", "127.0.9.2"


class ControlTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.server = self.udp("127.0.0.1")
        self.relay = subprocess.Popen(
            [program("lab/relay"), "--listen", "127.0.0.1", "--to",
             f"127.0.0.1:{self.server.getsockname()[1]}", "--control"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        host, port = self.relay.stdout.readline().split()[-1].rsplit(":", 1)
        self.address = (host, int(port))

    def end(self):
        if self.relay.poll() is None:
            self.relay.kill()
        self.relay.wait()
        for stream in (self.relay.stdin, self.relay.stdout, self.relay.stderr):
            stream.close()

    def udp(self, host):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind((host, 0))
        sock.settimeout(0.3)
        return sock

    def command(self, text):
        """The lines before the last, and whether it was done."""
        self.relay.stdin.write(text + "\n")
        self.relay.stdin.flush()
        lines = []
        while not lines or lines[-1] not in ("relay: done", "relay: refused"):
            lines.append(self.relay.stdout.readline().strip())
        return lines[:-1], lines[-1] == "relay: done"

    def do(self, text):
        self.assertTrue(self.command(text)[1], text)

    def passes(self, client):
        """Whether a datagram of the client arrives; if so, how it is seen, after how long."""
        started = time.monotonic()
        client.sendto(b"x", self.address)
        try:
            _, sender = self.server.recvfrom(10)
        except TimeoutError:
            return None
        return sender[0], time.monotonic() - started

    def test_the_server_sees_the_clients_own_address(self):
        self.assertEqual(self.passes(self.udp(HERE))[0], HERE)

    def test_each_client_has_a_link_of_its_own(self):
        here, there = self.udp(HERE), self.udp(THERE)
        self.do(f"{HERE} --drop 100")
        self.assertIsNone(self.passes(here))
        self.assertIsNotNone(self.passes(there))
        self.do(f"{HERE} --delay-to-server 60ms")
        self.assertGreater(self.passes(here)[1], 0.06)
        self.assertLess(self.passes(there)[1], 0.06)
        self.do("* --drop-to-server 100")
        self.assertIsNone(self.passes(there))
        self.assertIsNotNone(self.passes(here))
        self.do(f"{HERE} default")
        self.assertIsNone(self.passes(here))

    def test_counters(self):
        self.passes(self.udp(HERE))
        lines, done = self.command("counters")
        self.assertTrue(done)
        self.assertRegex(lines[0], "^relay: to server: received 1 sent 1 dropped 0 ")
        self.assertRegex(lines[2], r"^relay: late: mean_ns \d+ most_ns \d+$")

    def test_what_is_wrong_changes_nothing(self):
        here = self.udp(HERE)
        self.do(f"{HERE} --drop 100")
        for text in ("frobnicate", f"{HERE} --drop 101", f"{HERE} --delay normal:1ms",
                     f"{HERE} --delay pareto:1ms,1ms,0", f"{HERE} --delay trace:/nowhere",
                     f"{HERE} more", "alpha --drop 0", f"{HERE} --drop"):
            with self.subTest(text):
                self.assertFalse(self.command(text)[1])
        self.assertIsNone(self.passes(here))

    def test_it_ends_with_its_commands(self):
        self.relay.stdin.close()
        self.assertEqual(self.relay.wait(5), 0)

    def test_a_command_in_pieces(self):
        for piece in (f"{HERE} --dr", "op 10", "0\ncounters\n"):
            self.relay.stdin.write(piece)
            self.relay.stdin.flush()
            time.sleep(0.05)
        self.assertEqual(self.relay.stdout.readline().strip(), "relay: done")
        self.assertIsNone(self.passes(self.udp(HERE)))

    def test_a_command_without_end(self):
        self.relay.stdin.write("x" * 5000)
        self.relay.stdin.flush()
        self.relay.wait(5)
        self.assertIn("longer than", self.relay.stderr.read())


if __name__ == "__main__":
    unittest.main()
