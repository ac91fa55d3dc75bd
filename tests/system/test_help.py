# SPDX-License-Identifier: BSD-3-Clause
"""timesync help, mistyped verbs and options, and that nothing is wider than a terminal."""

import subprocess
import unittest

from harness import SystemTest, host_port, program
from helptext import commands, help_of
from terminal import run_at_terminal, screen

NOWHERE = "127.0.0.1:9"


class HelpTest(SystemTest):
    def test_of_everything(self):
        self.assertEqual(self.timesync("help").stdout, help_of("timesync"))

    def test_of_a_verb(self):
        for command in commands("timesync"):
            with self.subTest(command):
                result = self.timesync("help", *command[1:])
                self.assertEqual((result.status, result.stdout), (0, help_of(*command)))
        self.assertEqual(self.timesync("clock", "help", "show").stdout,
                         help_of("timesync", "clock", "show"))
        self.assertEqual(self.timesync("help", "group").stdout, help_of("timesync", "group"))

    def test_of_none(self):
        for words, said in ((["tack"], "unknown verb 'tack'; did you mean 'track'?"),
                            (["nothing"], "unknown verb 'nothing'; the verbs are: query "),
                            (["clock", "create", "more"], "'more' is one argument too many")):
            result = self.timesync("help", *words)
            self.assertEqual((result.status, result.stdout), (2, ""), result)
            self.assertIn(said, result.stderr)


class MeantTest(SystemTest):
    def test_verbs(self):
        for words, said in ((["qeury"], "timesync: unknown verb 'qeury'; did you mean 'query'? "
                                        "(see 'timesync help')\n"),
                            (["hlep"], "did you mean 'help'?"),
                            (["clock", "crate"], "did you mean 'create'? (see 'timesync clock help')"),
                            (["xyzzy"], "unknown verb 'xyzzy'; the verbs are: query sync track")):
            result = self.timesync(*words)
            self.assertEqual((result.status, result.stdout), (2, ""), result)
            self.assertIn(said, result.stderr)

    def test_options(self):
        for words, said in ((["query", "--intervall=1s"],
                             "'--intervall=1s'; did you mean '--interval'? (see 'timesync query --help')"),
                            (["track", "--dirft-file", "x"], "did you mean '--drift-file'?"),
                            (["query", "--xyzzy"], "option '--xyzzy'; see 'timesync query --help'")):
            result = self.timesync(*words)
            self.assertEqual((result.status, result.stdout), (2, ""), result)
            self.assertIn(said, result.stderr)

    def test_the_daemon(self):
        done = subprocess.run([program("timesyncd"), "--no-rcpbind"], capture_output=True,
                              text=True, check=False)
        self.assertIn("did you mean '--no-rpcbind'?", done.stderr)


class WidthTest(SystemTest):
    """Nothing that is printed on a terminal of 80 columns is wider."""

    def assert_narrow(self, text, what):
        for line in text.splitlines():
            self.assertLessEqual(len(line.rstrip("\r")), 80, (what, line))

    def test_every_help(self):
        pages = [*commands("timesync"), ("timesync",), ("timesync", "clock"), ("timesync", "group"),
                 ("timesyncd",), ("lab/relay",), ("lab/barrage",), ("lab/echo",),
                 ("timesync-lab",), ("timesync-lab", "run"), ("timesync-lab", "check"),
                 ("timesync-lab", "echo")]
        for command in pages:
            self.assert_narrow(help_of(*command), command)

    def shown(self, *args, status=0, columns=80):
        got_status, got = run_at_terminal(*args, columns=columns, streams=("stdout",))
        self.assertEqual(got_status, status, got)
        return screen(got)

    def test_what_the_verbs_print(self):
        daemon = self.start_lone_daemon("--socket", self.path("socket"))
        server = host_port(daemon.addresses["udp"])
        same = host_port(daemon.addresses["udp6"])
        clock, log, series = self.make_clock("-1.234567s"), self.path("log"), self.path("series")
        mine = ("-c", clock)
        for status, args in (
                (0, ["query", *mine, server]), (0, ["query", server]),
                (3, ["query", *mine, server, same, NOWHERE]),
                (0, ["query", *mine, "-n", "21", "-m", "cristian", server]),
                (0, ["query", *mine, "--count=2", "-i250ms", "--log", series, server, same]),
                (0, ["compare", *mine, "--truth=system", "-n20", server]),
                (0, ["compare", *mine, "--truth", clock, server]),
                (0, ["sync", *mine, "--dry-run", server]),
                (0, ["sync", *mine, "--dry-run", "--slew", server]),
                (3, ["sync", *mine, "--max-change=1s", server]),
                (0, ["sync", *mine, server]),
                (0, ["track", *mine, "--count=2", "-i250ms", "--log", log, server]),
                (1, ["track", *mine, "--count=1", "-i250ms", "--log", log, NOWHERE]),
                (0, ["report", log]), (0, ["report", "--all", "--truth=system", log]),
                (0, ["report", series]), (0, ["clock", "show", clock]),
                (1, ["now", *mine]), (0, ["doctor", server]), (1, ["doctor", NOWHERE]),
                (0, ["status", "--socket", self.path("socket")])):
            with self.subTest(args):
                self.assert_narrow(self.shown(*args, status=status), args)

    def test_a_narrower_terminal(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        text = self.shown("doctor", server, columns=60)
        self.assertLessEqual(max(map(len, text.splitlines())), 60)
        self.assertRegex(text, r"(?m)^ {22}\S")

    def test_a_line_stays_one_for_programs(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        text = self.timesync("doctor", server).stdout
        self.assertGreater(max(map(len, text.splitlines())), 80)
        self.assertNotRegex(text, r"(?m)^ {22}[^ -]")


if __name__ == "__main__":
    unittest.main()
