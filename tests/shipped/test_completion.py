# SPDX-License-Identifier: BSD-3-Clause
"""Bash's completion offers what the programs take."""

import os
import subprocess
from pathlib import Path

from harness import SystemTest, program
from helptext import commands, help_of, options_in

SCRIPT = Path(__file__).resolve().parent.parent.parent / "dist/timesync.bash"
COMPLETE = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_timesync
printf '%s\\n' "${COMPREPLY[@]}"
"""


class CompletionTest(SystemTest):
    def complete(self, *words):
        """The completions of the last of the words, which bash has already split."""
        words = [program(words[0]), *words[1:]]
        done = subprocess.run(["bash", "-c", COMPLETE, "bash", SCRIPT, *words], text=True,
                              capture_output=True, timeout=20, check=False, cwd=self.directory)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_verbs(self):
        self.assertEqual(self.complete("timesync", ""),
                         {c[1] for c in commands("timesync")} | {"help", "--help"})
        self.assertEqual(self.complete("timesync", "clock", ""),
                         {"create", "show", "adjust", "help", "--help"})
        self.assertEqual(self.complete("timesync", "help", "que"), {"query"})
        self.assertEqual(self.complete("timesync", "que"), {"query"})

    def test_every_option_of_every_command(self):
        for command in [*commands("timesync"), ("timesyncd",), ("timesync-exporter",)]:
            with self.subTest(command):
                options = options_in(help_of(*command))
                expected = {f"--{name}" for name in options}
                self.assertEqual(self.complete(*command, "--"), expected)
                expected |= {f"-{option.short}" for option in options.values() if option.short}
                self.assertEqual(self.complete(*command, "-"), expected)

    def test_the_lab(self):
        verbs = self.complete("timesync-lab", "")
        self.assertLessEqual({"run", "list", "check", "grade", "skeleton", "--help"}, verbs)
        self.assertEqual(self.complete("timesync-lab", "gra"), {"grade"})
        self.assertEqual(self.complete("timesync-lab", "grade", "--"),
                         {"--help", "--server", "--command", "--client", "--stop", "--rubric",
                          "--timeout", "--json", "--junit"})
        Path(self.path("marks.toml")).touch()
        for words in (["grade", "--rubric", "ma"], ["run", "ma"], ["skeleton", "ma"]):
            with self.subTest(words):
                self.assertEqual(self.complete("timesync-lab", *words), {"marks.toml"})

    def test_what_an_option_takes(self):
        methods = {"mean", "cristian", "ntp", "minimum"}
        for words, expected in (
                (["timesync", "query", "-m", ""], methods),
                (["timesync", "query", "--method", ""], methods),
                (["timesync", "sync", "--method", "=", "c"], {"cristian"}),
                (["timesync", "sync", "--method", "="], methods),
                (["timesync", "query", "--transport", "t"], {"tcp"}),
                (["timesync", "sync", "--format", ""], {"people", "json", "classic"}),
                (["timesync", "query", "--format", ""],
                 {"people", "table", "line", "csv", "json", "classic"}),
                (["timesync", "query", "--rounds", ""], set()),
                (["timesyncd", "--netid", "udp6,t"], {"udp6,tcp", "udp6,tcp6"}),
                (["timesyncd", "--user", "roo"], {"root"})):
            with self.subTest(words):
                self.assertEqual(self.complete(*words), expected)

    def complete_lab(self, *words):
        """The same of timesync-lab."""
        complete = COMPLETE.replace("_timesync\n", "_timesync_lab\n")
        done = subprocess.run(["bash", "-c", complete, "bash", SCRIPT.with_name("timesync-lab.bash"),
                               program("timesync-lab"), *words], text=True, capture_output=True,
                              timeout=20, check=False, cwd=self.directory)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_the_lab(self):
        os.mkdir(self.path("cris"))
        Path(self.path("mine.toml")).touch()
        self.assertLessEqual({"run", "live", "list", "check", "--help"}, self.complete_lab(""))
        self.assertEqual(self.complete_lab("run", "cris"), {"cris", "cristian"})
        self.assertEqual(self.complete_lab("live", "m"), {"mine.toml"})
        self.assertEqual(self.complete_lab("live", "--"),
                         {"--help", "--keep", "--out", "--port", "--seed"})
        self.assertEqual(self.complete_lab("run", "--out", ""), {"cris"})
        self.assertEqual(self.complete_lab("check", "part"), {"partition"})

    def test_files(self):
        for name in ("one.clock", "two.clock"):
            Path(self.path(name)).touch()
        os.mkdir(self.path("one.directory"))
        for words in (["timesync", "clock", "show", "one"], ["timesync", "query", "-c", "one"],
                      ["timesync", "report", "one"], ["timesync", "report", "--plot", "one"],
                      ["timesync", "report", "--truth", "one"], ["timesync", "query", "--log", "one"],
                      ["timesyncd", "--clock", "one"], ["timesyncd", "--socket", "one"]):
            with self.subTest(words):
                self.assertEqual(self.complete(*words), {"one.clock", "one.directory"})

    def test_a_program_that_is_not_there(self):
        done = subprocess.run(["bash", "-c", COMPLETE, "bash", SCRIPT, "no-such-program", ""],
                              text=True, capture_output=True, timeout=20, check=False)
        self.assertEqual((done.stdout.strip(), done.stderr), ("", ""))
