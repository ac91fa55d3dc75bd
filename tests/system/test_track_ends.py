# SPDX-License-Identifier: BSD-3-Clause
"""timesync track ends in good order however it is ended, and by SIGHUP not at all."""

import json
import os
import pty
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

from harness import SystemTest, host_port, program

QUICK = ("--interval", "250ms", "--timeout", "200ms")
DRIFT_PPM = 50
AT_ONCE_S = 1


class EndTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.server = host_port(self.start_lone_daemon().addresses["udp"])

    def launch(self, *args, name="clock"):
        self.drift = Path(self.path(f"drift-{name}"))
        return self.launch_client("track", *QUICK, "-c", self.make_clock("0", str(DRIFT_PPM), name),
                                  "--drift-file", self.drift, *args, self.server)

    def assert_rate_kept(self):
        rate = self.drift.read_text(encoding="ascii").split()[0]
        self.assertAlmostEqual(float(rate), -DRIFT_PPM, delta=20)


class SignalTest(EndTest):
    def test_each_that_would_end_it(self):
        for signo in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
                      signal.SIGALRM, signal.SIGXCPU, signal.SIGRTMIN + 3):
            with self.subTest(signo):
                track = self.launch(name=str(int(signo)))
                self.wait_until(lambda: track.stdout.count("\n") >= 8, "it learns", track)
                self.assertEqual(track.stop(signo), 0, track.stderr)
                self.assert_rate_kept()
                self.assertEqual(f"ended by signal {int(signo)}" in track.stderr,
                                 signo not in (signal.SIGTERM, signal.SIGINT), track.stderr)

    def test_a_reader_that_goes_away(self):
        clock, drift = self.make_clock("0", str(DRIFT_PPM)), self.path("drift")
        done = subprocess.run(
            ["sh", "-c", '"$@" | head -n 4', "sh", program("timesync"), "track", *QUICK, "-c",
             clock, "--drift-file", drift, self.server], capture_output=True, text=True, timeout=60,
            check=True)
        self.assertEqual(done.stdout.count("\n"), 4, done)
        self.drift = Path(drift)
        self.assert_rate_kept()


class HangupTest(EndTest):
    def test_the_log_is_opened_anew(self):
        log, old = Path(self.path("log")), Path(self.path("log.1"))
        track = self.launch("--log", log)
        self.wait_until(lambda: track.stdout.count("\n") >= 2, "it logs", track)
        log.rename(old)
        track.send(signal.SIGHUP)
        self.wait_until(lambda: log.exists() and log.read_bytes().count(b"\n") >= 2,
                        "it logs anew", track)
        kept = old.read_bytes()
        self.assertGreaterEqual(kept.count(b"\n"), 2)
        seen = track.stdout.count("\n")
        self.wait_until(lambda: track.stdout.count("\n") >= seen + 2, "it goes on", track)
        self.assertEqual(old.read_bytes(), kept)
        self.assertEqual(track.stop(), 0, track.stderr)
        for line in (*old.read_text("ascii").splitlines(), *log.read_text("ascii").splitlines()):
            json.loads(line)

    def test_a_log_that_cannot_be_opened_anew(self):
        directory = Path(self.path("logs"))
        directory.mkdir()
        log = directory / "log"
        track = self.launch("--log", log)
        self.wait_until(lambda: track.stdout.count("\n") >= 2, "it logs", track)
        moved = directory.rename(self.path("moved"))
        track.send(signal.SIGHUP)
        self.wait_until(lambda: "cannot be reopened: No such file" in track.stderr, "it says so",
                        track)
        seen = (moved / "log").read_bytes().count(b"\n")
        self.wait_until(lambda: (moved / "log").read_bytes().count(b"\n") > seen + 1,
                        "the old one goes on", track)
        self.assertEqual(track.stop(), 0, track.stderr)

    def test_without_a_log_it_means_nothing(self):
        track = self.launch()
        self.wait_until(lambda: track.stdout.count("\n") >= 2, "it tracks", track)
        track.send(signal.SIGHUP)
        seen = track.stdout.count("\n")
        self.wait_until(lambda: track.stdout.count("\n") >= seen + 3, "it goes on", track)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assert_rate_kept()

    def on_a_terminal(self, *args):
        """track whose terminal is closed after its first poll: (the process, its pid's file)."""
        leader, follower = pty.openpty()
        track = subprocess.Popen(
            [program("timesync"), "track", *QUICK, "-c", self.make_clock(), "--drift-file",
             self.path("drift"), *args, self.server], stdin=follower, stdout=follower,
            stderr=follower, start_new_session=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, 0x540E, 0))  # TIOCSCTTY
        self.addCleanup(track.wait)
        self.addCleanup(track.kill)
        os.close(follower)
        seen = b""
        while seen.count(b"next poll") < 6:  # its rate is known then
            seen += os.read(leader, 1000)
        os.close(leader)
        return track

    def test_a_terminal_that_is_closed(self):
        self.assertIn(self.on_a_terminal().wait(20), (0, 2))  # 2: the last output is lost
        float(Path(self.path("drift")).read_text(encoding="ascii").split()[0])

    def test_a_terminal_that_is_closed_and_a_log(self):
        log = Path(self.path("log"))
        track = self.on_a_terminal("--log", str(log))
        seen = log.read_bytes().count(b"\n")
        self.wait_until(lambda: log.read_bytes().count(b"\n") > seen + 3, "the log goes on")
        self.assertIsNone(track.poll())
        track.terminate()
        track.wait(20)
        float(Path(self.path("drift")).read_text(encoding="ascii").split()[0])


class AtOnceTest(SystemTest):
    """A poll of servers that are silent takes long; the signal does not wait for its end."""

    def silent_server(self):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        self.addCleanup(server.close)
        return server

    def assert_ends_at_once(self, track, signo):
        begin = time.monotonic()
        self.assertEqual(track.stop(signo), 0, track.stderr)
        self.assert_within(AT_ONCE_S, begin)
        self.assertEqual((track.stdout, track.stderr), ("", ""))

    def test_in_the_middle_of_a_poll(self):
        for n in (1, 3):
            for signo in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(servers=n, signo=signo):
                    servers = [self.silent_server() for _ in range(n)]
                    track = self.launch_client(
                        "track", "-c", self.make_clock(name=f"{n}{int(signo)}"), "--timeout",
                        "10s", *(host_port(s.getsockname()) for s in servers))
                    for server in servers:
                        server.recv(1000)
                    self.assert_ends_at_once(track, signo)

    def test_in_the_middle_of_asking_rpcbind(self):
        """rpcbind's port is there, and nobody answers."""
        rpcbind = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rpcbind.bind(("127.0.0.1", 111))
        rpcbind.settimeout(20)
        self.addCleanup(rpcbind.close)
        track = self.launch_client("track", "-c", self.make_clock(), "--timeout", "10s",
                                   "127.0.0.1")
        rpcbind.recv(1000)
        self.assert_ends_at_once(track, signal.SIGTERM)

    def test_in_the_middle_of_a_tcp_call(self):
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(20)
        self.addCleanup(server.close)
        track = self.launch_client("track", "-c", self.make_clock(), "--timeout", "10s",
                                   "--transport", "tcp", host_port(server.getsockname()))
        connection, _ = server.accept()
        self.addCleanup(connection.close)
        connection.recv(1000)
        self.assert_ends_at_once(track, signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
