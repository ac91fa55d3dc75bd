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
                self.assertEqual(result.status, 2, result)
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


class LostTest(OutputTest):
    """/dev/full is a disk that is full; a stream that is closed takes as little."""

    LOST = {">/dev/full": "No space left on device", ">&-": "Bad file descriptor"}

    def assert_lost(self, program_name, *arguments, status=2):
        for redirection, reason in self.LOST.items():
            with self.subTest(f"{program_name} {' '.join(arguments)} {redirection}"):
                result = self.shell(redirection, program(program_name), *arguments)
                self.assertEqual(result.status, status, result)
                self.assertRegex(result.stderr, f"{os.path.basename(program_name)}: cannot write "
                                                f"to standard output: ({reason}|some of it is lost)"
                                                "\n")

    def test_the_result_of_a_verb_that_measures(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        clock = self.make_clock()
        for verb in (["query"], ["query", "--json"], ["query", "--format=classic"], ["sync"],
                     ["sync", "--json"], ["sync", "--format=classic"], ["compare"],
                     ["compare", "--json"], ["track", "--count=2", "--interval=250ms"],
                     ["track", "--count=2", "--interval=250ms", "--json"], ["doctor"],
                     ["doctor", "--json"]):
            self.assert_lost("timesync", *verb, "-c", clock, server)

    def test_the_result_of_a_verb_that_shows(self):
        clock, log, socket = self.make_clock(), self.path("log"), self.path("socket")
        daemon = self.start_lone_daemon("--socket", socket)
        server = host_port(daemon.addresses["udp"])
        self.timesync("track", "--count=2", "--interval=250ms", "--log", log, "-c", clock, server)
        for verb in (["clock", "show", clock], ["report", log], ["status", "--socket", socket]):
            self.assert_lost("timesync", *verb)
            self.assert_lost("timesync", *verb, "--json")

    def test_the_help_and_the_version(self):
        for verb in ("query", "sync", "track", "report", "compare", "doctor", "discover", "status"):
            self.assert_lost("timesync", verb, "--help")
        for verb in ("create", "show", "adjust"):
            self.assert_lost("timesync", "clock", verb, "--help")
        self.assert_lost("timesync", "group", "status", "--help")
        self.assert_lost("timesync", "clock", "--help")
        for option in ("--help", "--version"):
            self.assert_lost("timesync", option)
            self.assert_lost("timesyncd", option, status=1)
        self.assert_lost("lab/relay", "--help", status=1)
        self.assert_lost("lab/barrage", "--help", status=1)

    def test_a_refusal_stays_one(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        self.assert_lost("timesync", "sync", "-c", self.make_clock("-2.5s"), "--max-change=1s",
                         server, status=3)


if __name__ == "__main__":
    unittest.main()
