# SPDX-License-Identifier: BSD-3-Clause
"""Output on a terminal: styles and a line of progress, which other outputs do not get."""

import re
import unittest

from fakeserver import FakeServer
from harness import SystemTest, host_port
from terminal import ALARM, ERASE, PLAIN, STRONG, STYLE, run_at_terminal, screen


class TerminalTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.server = self.start_lone_daemon().addresses["udp"]

    def slow_server(self):
        """A server that is 20 ms away: 30 rounds of it take 600 ms and more."""
        relay = self.start_relay(self.server, "--delay-to-server", "20ms")
        return host_port(relay.address)


class StyleTest(TerminalTest):
    def test_the_result_is_strong(self):
        status, got = run_at_terminal("query", host_port(self.server))
        self.assertEqual(status, 0, got)
        (strong,) = re.findall(re.escape(STRONG) + "(.*?)" + re.escape(PLAIN), got)
        self.assertRegex(strong, r"^local clock is .*, \+/- .*s$")
        self.assertNotIn(ALARM, got)

    def test_a_refusal_is_red(self):
        args = ("sync", "-c", self.make_clock("-2.5s"), "--max-change=1s", host_port(self.server))
        for stream in ("stdout", "stderr"):
            with self.subTest(stream):
                status, got = run_at_terminal(*args, streams=(stream,))
                self.assertEqual(status, 3, got)
                self.assertIn(f"{ALARM}refused{PLAIN}: ", got)

    def test_none_when_not_wanted_or_not_understood(self):
        for variable, value in (("NO_COLOR", "1"), ("NO_COLOR", "anything"), ("TERM", "dumb"),
                                ("TERM", "")):
            with self.subTest(variable, value=value):
                status, got = run_at_terminal("query", host_port(self.server),
                                              environment={variable: value})
                self.assertEqual(status, 0, got)
                self.assertNotIn("\x1b", got)
                self.assertIn("result   local clock is", got)

    def test_an_empty_no_color_is_none(self):
        _, got = run_at_terminal("query", host_port(self.server), environment={"NO_COLOR": ""})
        self.assertIn(STRONG, got)

    def test_none_in_files_and_pipes(self):
        """Each stream by itself: the other one being a terminal does not matter."""
        for args in (["query", host_port(self.server)],
                     ["sync", "-c", self.make_clock("-2.5s"), "--max-change=1s",
                      host_port(self.server)]):
            result = self.timesync(*args, environment={"TERM": "xterm"})
            self.assertNotIn("\x1b", result.stdout + result.stderr)


class ProgressTest(TerminalTest):
    VERBS = {"query": ([], 31), "sync": (["--dry-run"], 31), "compare": ([], 60)}

    def test_it_shows_and_is_gone(self):
        server = self.slow_server()
        for verb, (options, exchanges) in self.VERBS.items():
            with self.subTest(verb):
                status, got = run_at_terminal(verb, *options, "-n30", server)
                self.assertEqual(status, 0, got)
                state = rf"127\.0\.0\.1: \d+ of {exchanges} exchanges, 0 lost"
                self.assertRegex(got, re.escape(ERASE) + state)
                self.assertNotIn("exchanges", screen(got))
                self.assertRegex(screen(got), r"\Aserver   127\.0\.0\.1 at ")

    def test_of_several_servers_it_is_one_line(self):
        servers = [self.slow_server(), self.slow_server(), "127.0.0.1:9"]
        status, got = run_at_terminal("query", "-n30", *servers, streams=("stderr",))
        self.assertEqual(status, 1, got)
        self.assertRegex(got, r"3 servers: \d+ of 62 exchanges, 0 lost")
        self.assertRegex(screen(got), r"\Atimesync query: 127\.0\.0\.1: .*refused; .*\n\Z")

    def test_losses_are_counted(self):
        relay = self.start_relay(self.server, "--drop", "40")
        status, got = run_at_terminal("query", "-n20", "--timeout=30ms",
                                      host_port(relay.address), streams=("stderr",))
        self.assertEqual(status, 0, got)
        self.assertRegex(got, r"\d+ of 21 exchanges, [1-9]\d* lost")
        self.assertEqual(screen(got), "")

    def test_a_failure_leaves_its_message_only(self):
        silent = FakeServer(lambda call, n: [])
        self.addCleanup(silent.close)
        status, got = run_at_terminal("query", "-n20", "--timeout=20ms",
                                      host_port(silent.address))
        self.assertEqual(status, 1, got)
        self.assertIn(": 0 of 21 exchanges, ", got)
        self.assertRegex(screen(got), r"\Atimesync query: 127\.0\.0\.1: only 0 of 40 .*\n\Z")

    def test_it_never_wraps(self):
        status, got = run_at_terminal("query", "-n30", self.slow_server(), columns=20,
                                      streams=("stderr",))
        self.assertEqual(status, 0, got)
        shown = [part for part in got.split(ERASE) if part]
        self.assertTrue(shown, got)
        for part in shown:
            self.assertEqual(len(part), 19, got)

    def test_no_color_does_not_forbid_it(self):
        _, got = run_at_terminal("query", "-n30", self.slow_server(),
                                 environment={"NO_COLOR": "1"})
        self.assertIn("of 31 exchanges", got)
        self.assertNotRegex(got, STYLE)

    def test_none_where_it_could_not_be_taken_back(self):
        server = self.slow_server()
        for streams, term in ((("stdout",), "xterm"), (("stdout", "stderr"), "dumb")):
            with self.subTest(streams=streams, term=term):
                status, got = run_at_terminal("query", "-n30", server, streams=streams,
                                              environment={"TERM": term})
                self.assertEqual(status, 0, got)
                self.assertNotIn("of 31 exchanges", got)
        result = self.timesync("query", "-n30", server, environment={"TERM": "xterm"})
        self.assertEqual(result.stderr, "")
        self.assertNotIn("of 31 exchanges", result.stdout)

    def test_what_is_over_at_once_shows_none(self):
        _, got = run_at_terminal("query", host_port(self.server), streams=("stderr",))
        self.assertEqual(got, "")


if __name__ == "__main__":
    unittest.main()
