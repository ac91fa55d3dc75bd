# SPDX-License-Identifier: BSD-3-Clause
"""Where results go when there is nowhere to: nothing else is hurt, and nothing is lost silently."""

import os
import signal
import subprocess
import unittest

from harness import DEADLINE_S, Result, SystemTest, host_port, program


class OutputTest(SystemTest):
    def shell(self, redirections, *argv):
        """Run a program of the project with its streams redirected by the shell."""
        done = subprocess.run(["sh", "-c", f'exec "$@" {redirections}', "sh", *argv],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=3 * DEADLINE_S, check=False)
        return Result(done.returncode, done.stdout, done.stderr)


class ClosedTest(OutputTest):
    """A file that is opened must not take the place of a stream that is closed."""

    def test_a_clock_file_is_not_printed_upon(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        for redirections in (">&-", ">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(redirections):
                clock = self.make_clock("-2.5s", name=f"clock {redirections}")
                result = self.shell(redirections, program("timesync"), "sync", "-c", clock, server)
                self.assertEqual(result.status, 0, result)
                self.assertLess(abs(self.clock_offset_ns(clock)), 10**8)

    def test_a_daemon_logs_to_none_of_its_files(self):
        pid = self.path("pid")
        daemon = self.start(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", program("timesyncd"), "-f",
                             "--no-rpcbind", "--port=5542", f"--pid-file={pid}"])
        self.wait_until(lambda: self.timesync("query", "127.0.0.1:5542").status == 0,
                        "the daemon serves", daemon)
        with open(pid, encoding="ascii") as file:
            self.assertEqual(file.read(), f"{daemon.pid}\n")
        self.assertEqual(daemon.stop(), 0)

    def test_a_daemon_in_the_background_keeps_its_sockets(self):
        pid = self.path("pid")
        result = self.shell("<&- >&- 2>&-", program("timesyncd"), "--no-rpcbind", "--port=5543",
                            f"--pid-file={pid}")
        self.assertEqual(result.status, 0, result)
        with open(pid, encoding="ascii") as file:
            self.addCleanup(os.kill, int(file.read()), signal.SIGTERM)
        for transport in ("udp", "tcp"):
            answer = self.timesync("query", f"--transport={transport}", "127.0.0.1:5543")
            self.assertEqual(answer.status, 0, answer)


class FullTest(OutputTest):
    """/dev/full is a disk that is."""

    def assert_incomplete(self, result, status=2):
        self.assertEqual(result.status, status, result)
        self.assertRegex(result.stderr, r"the output is incomplete: (No space left on device|"
                                        r"some of it could not be written)\n")

    def test_a_result_that_cannot_be_written(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        clock = self.make_clock()
        for verb in (["query", "-c", clock, server], ["query", "-c", clock, "--json", server],
                     ["query", "-c", clock, "--format=classic", server],
                     ["sync", "-c", clock, server], ["compare", "-c", clock, server],
                     ["track", "-c", clock, "--count=2", "--interval=250ms", server],
                     ["doctor", "-c", clock, server], ["clock", "show", clock], ["--help"],
                     ["query", "--help"], ["--version"]):
            with self.subTest(verb):
                self.assert_incomplete(self.shell(">/dev/full", program("timesync"), *verb))

    def test_a_refusal_stays_one(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        result = self.shell(">/dev/full", program("timesync"), "sync", "-c",
                            self.make_clock("-2.5s"), "--max-change=1s", server)
        self.assert_incomplete(result, status=3)

    def test_the_help_of_the_daemon(self):
        self.assert_incomplete(self.shell(">/dev/full", program("timesyncd"), "--help"), status=1)


if __name__ == "__main__":
    unittest.main()
