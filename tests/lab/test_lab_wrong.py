# SPDX-License-Identifier: BSD-3-Clause
"""Complaints about a scenario name the file, the key and the allowed values."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import types
import unittest
from pathlib import Path
from unittest import mock

from harness import SystemTest, program
from labrun import LIMIT_S, lab

sys.path.insert(0, str(Path(__file__).parents[2] / "lab"))

from timesync_lab import programs, scenario  # noqa: E402
from timesync_lab.claims import Claims  # noqa: E402
from timesync_lab.table import Bad  # noqa: E402


class WrongTest(SystemTest):
    GOOD = """
title = "t"
question = "q"
duration = "2s"
[[node]]
name = "s"
role = "server"
[[node]]
name = "c"
role = "client"
"""

    def complaint(self, text):
        path = self.path("bad.toml")
        Path(path).write_text(text, encoding="utf-8")
        with self.assertRaises(Bad) as caught:
            scenario.load(path)
        self.assertIn(path, str(caught.exception))
        return str(caught.exception)

    def test_a_missing_library_is_said_once(self):
        """Without it nobody can read what members claim of their clocks."""
        path, said, claims = self.path("clock"), io.StringIO(), Claims()
        Path(f"{path}.bound").touch()
        with (mock.patch.object(programs, "library", return_value=self.path("nothing.so")),
              contextlib.redirect_stderr(said)):
            for _ in range(3):
                self.assertIsNone(claims.bound(types.SimpleNamespace(path=path)))
        self.assertRegex(said.getvalue(), "^timesync-lab: .* is not recorded: .*nothing.so.*\n$")

    def test_it_is_said_on_standard_error(self):
        path = self.path("bad.toml")
        Path(path).write_text("title = 1\n", encoding="utf-8")
        for verb in ("check", "run"):
            done = lab(verb, path)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, "^timesync-lab: .*bad.toml: title: 1: must be a text\n$")

    def test_bad_scenarios(self):
        for extra, words in (
                ("[[nodes]]\n", ["nodes", "did you mean 'node'?"]),
                ("[[event]]\nat = \"1s\"\ndo = \"explode\"\n", ["[[event]] 1", "explode", "freeze"]),
                ("[[event]]\nat = \"3s\"\ndo = \"heal\"\n", ["3.0 s", "duration"]),
                ("[[event]]\nat = \"1s\"\ndo = \"kill\"\nnode = \"x\"\n", ["'x' is no node", "s, c"]),
                ("[[link]]\nbetween = \"*\"\ndelay = \"fast\"\n", ["fast", "pareto:"]),
                ("[[link]]\nbetween = \"*\"\nloss = 101\n", ["loss", "0 to 100"]),
                ("[[link]]\nbetween = \"*\"\ndelay = \"trace:nowhere\"\n", ["nowhere"]),
                ("[[measure]]\nname = \"m\"\nnode = \"c\"\nserver = \"c\"\n", ["'c' is a client"]),
                ("[[measure]]\nname = \"m\"\nnode = \"c\"\nserver = \"s\"\nmethod = \"guess\"\n",
                 ["guess", "mean, cristian, ntp, minimum"]),
                ("[[measure]]\nname = \"m\"\nnode = \"c\"\nserver = \"s\"\nmethod = \"cristain\"\n",
                 ["did you mean 'cristian'?"]),
                ("[[measure]]\nname = \"m\"\nnode = \"c\"\nserver = \"s\"\nverb = \"qury\"\n",
                 ["did you mean 'query'?"]),
                ("[[event]]\nat = \"1s\"\ndo = \"kill\"\nnode = \"leadr\"\n",
                 ["did you mean 'leader'?"]),
                ("[[node]]\nname = \"s\"\n", ["two nodes"]),
                ("[[node]]\nname = \"Q!\"\n", ["Q!", "lower-case"]),
                ("[[node]]\nname = \"q\"\nclock = \"noon\"\n", ["clock", "noon", "2.5s"]),
                ("[[node]]\nname = \"q\"\ndrift = \"1e9\"\n", ["drift", "100000"]),
                ("[[node]]\nname = \"q\"\ndrift = nan\n", ["drift", "100000"]),
                ("[[node]]\nname = \"q\"\ndrift = \"inf\"\n", ["drift", "100000"]),
                ("[[node]]\nname = \"q\"\ndrift = \"random(nan, 1)\"\n", ["drift", "100000"]),
                ("[[node]]\nname = \"q\"\nclock = nan\n", ["clock", "31 years"]),
                ("[[node]]\nname = \"q\"\nclock = -inf\n", ["clock", "31 years"]),
                ("[[node]]\nname = \"q\"\nclock = \"99999999999h\"\n", ["clock", "31 years"]),
                ("[group]\ntolerance = \"-1s\"\n", ["tolerance", "negative"]),
                ("[[event]]\nat = \"1s\"\ndo = \"kill\"\nnode = \"c\"\n",
                 ["kill", "'c' is a client"]),
                ("[[event]]\nat = \"1s\"\ndo = \"join\"\nnode = \"s\"\n",
                 ["join", "'s' is a server"]),
                ("[[event]]\nat = \"1s\"\ndo = \"step\"\nnode = \"c\"\nby = inf\n", ["by", "31 years"]),
                (f"[[node]]\nname = \"q\"\nclock = 1{400 * '0'}\n", ["clock", "smaller"]),
                (f"[[node]]\nname = \"q\"\ndrift = 1{400 * '0'}\n", ["drift", "rate"]),
                (f"[[link]]\nbetween = \"*\"\ndelay = 1{400 * '0'}\n", ["delay", "1min"]),
                ("[[link]]\nbetween = \"*\"\ndelay = \"\u0663ms\"\n", ["delay", "1min"]),
                ("[[link]]\nbetween = \"*\"\ndelay = \"pareto:1ms,1ms,1_0\"\n", ["delay", "TAIL"]),
                ("[[link]]\nbetween = \"*\"\ndelay = \"trace:/dev/zero\"\n", ["no regular file"]),
                ("[[link]]\nbetween = \"*\"\ndelay = \"trace:a\\u0000b\"\n", ["delay", "null"]),
                ("[[measure]]\nname = \"m\"\nverb = \"commit\"\nnode = \"c\"\n", ["two nodes"]),
                ("[[measure]]\nname = \"m\"\nnode = [\"c\", \"s\"]\nserver = \"s\"\n", ["one node"]),
                ("[[limit]]\nfigure = \"spread.end\"\n", ["min, max or below"]),
                ("= 3", ["no TOML", "line"])):
            with self.subTest(extra):
                said = self.complaint(self.GOOD + extra)
                for word in words:
                    self.assertIn(word, said)

    def test_a_relay_is_told_words_on_one_line(self):
        path = self.path("broken.toml")
        Path(path).write_text(
            self.GOOD + "[[link]]\nbetween = \"*\"\ndelay = \"normal: 1ms\\t,\\n2ms\\n\"\n",
            encoding="utf-8")
        self.assertEqual(scenario.load(path).links[0].rules["delay"], "normal:1ms,2ms")

    def test_what_check_takes_can_be_run(self):
        """The largest amounts that are allowed, all at once."""
        path = self.path("large.toml")
        Path(path).write_text(
            "title = \"t\"\nquestion = \"q\"\nduration = \"1s\"\n" + "".join(
                f"[[node]]\nname = \"n{n}\"\nrole = \"server\"\nclock = {clock}\ndrift = {drift}\n"
                for n, (clock, drift) in enumerate(((1e9, 100000), (-1e9, -100000)))),
            encoding="utf-8")
        self.assertEqual(lab("check", path).returncode, 0)
        done = lab("run", path, "--out", self.path("out"), "--quiet")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_bad_traces(self):
        link = self.GOOD + "[[link]]\nbetween = \"*\"\ndelay = \"trace:t\"\n"
        for text, words in (("", "no delays"), ("# none\n", "no delays"), ("1ms\nfast\n", "line 2"),
                            ("2min\n", "line 1"), ("-1ms\n", "line 1"), (" 1ms\n", "line 1")):
            with self.subTest(text):
                Path(self.path("t")).write_text(text, encoding="utf-8")
                self.assertIn(words, self.complaint(link))
        Path(self.path("t")).write_text("# two\n1ms\n\n2.5ms\n", encoding="utf-8")
        Path(self.path("good.toml")).write_text(link, encoding="utf-8")
        self.assertEqual(lab("check", self.path("good.toml")).returncode, 0)

    def test_the_traces_are_what_their_generator_makes(self):
        root = Path(__file__).parents[2]
        for way in ("there", "back"):
            made = subprocess.run([root / "lab/wan_trace.py", way, "1"], capture_output=True,
                                  text=True, timeout=LIMIT_S, check=True).stdout
            shipped = (root / f"lab/scenarios/wan-day-{way}.trace").read_text(encoding="utf-8")
            self.assertEqual(made, shipped)

    def test_missing_keys(self):
        self.assertIn("'title' is missing", self.complaint("question = \"q\"\n"))
        self.assertIn("[[node]]", self.complaint("title=\"t\"\nquestion=\"q\"\nduration=\"2s\"\n"))

    def test_the_documents_have_every_scenario_and_no_other(self):
        root = Path(__file__).parents[2]
        shipped = {path.stem for path in (root / "lab/scenarios").glob("*.toml")}
        for language in ("lab.md", "lab.pt.md"):
            with self.subTest(language):
                text = (root / "docs" / language).read_text(encoding="utf-8")
                self.assertEqual(set(re.findall(r"^### ([a-z-]+):", text, re.M)), shipped)
                commands = re.findall(r"^    timesync-lab (?:run|check) (\S+)", text, re.M)
                self.assertEqual(set(commands) - {"mine.toml"}, shipped)
        self.assertEqual(lab("check", *sorted(shipped)).returncode, 0)
        listed = lab("list")
        self.assertEqual({line.split()[0] for line in listed.stdout.splitlines()}, shipped)

    def test_a_copy_of_a_scenario(self):
        root = Path(__file__).parents[2]
        mine = Path(self.path("mine.toml"))
        mine.write_text((root / "lab/scenarios/partition.toml").read_text(encoding="utf-8"),
                        encoding="utf-8")
        self.assertEqual(lab("check", str(mine)).returncode, 0)

    def test_the_programs_are_found_in_a_tree_of_any_name_and_installed(self):
        """A clone is a directory named "timesync", as is the one that an installation makes."""
        lab_directory = Path(__file__).parents[2] / "lab"
        for tree, found, in_source in (("home/timesync", "build/timesync", True),
                                       ("home/share/timesync", "build/timesync", True),
                                       ("usr/share/timesync", "../../bin/timesync", False)):
            with self.subTest(tree):
                root = Path(self.path(tree))
                shutil.copytree(lab_directory, root / "lab")
                if in_source:
                    (root / "Makefile").touch()
                (root / found).parent.mkdir(parents=True)
                os.symlink(program("timesync"), root / found)
                where = subprocess.run(
                    [sys.executable, "-c", "from timesync_lab import programs\n"
                     "print(programs.ours('timesync'))"], cwd=root / "lab", capture_output=True,
                    text=True, timeout=LIMIT_S, env={"PATH": "", "PYTHONPATH": str(root / "lab")})
                self.assertEqual(where.stderr, "")
                self.assertEqual(os.path.realpath(Path(where.stdout.strip()).parent),
                                 os.path.realpath((root / found).parent))

    def test_no_such_scenario(self):
        done = lab("run", "nothing")
        self.assertEqual(done.returncode, 2)
        self.assertIn("berkeley", done.stderr)

    def test_a_mistyped_word(self):
        for words, meant in ((["rnu", "cristian"], "unknown verb 'rnu'; did you mean 'run'?"),
                             (["run", "cristain"], "'cristain'; did you mean 'cristian'?"),
                             (["live", "partitoin"], "did you mean 'partition'?"),
                             (["check", "four"], "did you mean 'four-methods'?"),
                             (["run", "cristian", "--figurs"],
                              "run: unknown option '--figurs'; did you mean '--figures'?"),
                             (["grade", "--comand=true"], "did you mean '--command'?"),
                             (["grade", "--cleint", "x"], "did you mean '--client'?"),
                             (["xyzzy"], "it is one of run, live, "),
                             (["run"], "SCENARIO; see 'timesync-lab run --help'")):
            with self.subTest(words):
                done = lab(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(meant, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_nothing_is_overwritten(self):
        Path(self.path("mine")).write_text("x", encoding="utf-8")
        done = lab("run", "cristian", "--out", self.directory)
        self.assertEqual(done.returncode, 2)
        self.assertIn("not empty", done.stderr)

    def test_a_limit_that_is_not_kept(self):
        path = self.path("one.toml")
        Path(path).write_text(self.GOOD + "[[limit]]\nfigure = \"error.c.end\"\nmin = 1\n",
                              encoding="utf-8")
        done = lab("run", path, "--out", self.path("out"), "--quiet")
        self.assertEqual(done.returncode, 1)
        self.assertIn("NOT KEPT  error.c.end", done.stdout)
        self.assertTrue(os.path.exists(self.path("out/report.html")))

    def test_without_gnuplot_it_says_which_package(self):
        path = self.path("one.toml")
        Path(path).write_text(self.GOOD, encoding="utf-8")
        bare = self.path("bin")
        os.mkdir(bare)
        for name in ("setpriv", "python3"):
            os.symlink(f"/usr/bin/{name}", os.path.join(bare, name))
        done = subprocess.run(["/usr/bin/python3", program("timesync-lab"), "run", path, "--out",
                               self.path("out")], capture_output=True, text=True, timeout=LIMIT_S,
                              check=False, env={**os.environ, "PATH": bare})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("gnuplot-nox", done.stderr)
        self.assertIn("gnuplot-nox", Path(self.path("out/report.html")).read_text(encoding="utf-8"))

    def test_a_limit_of_a_figure_that_there_is_not(self):
        """It costs neither the report nor the other verdicts."""
        path = self.path("misspelled.toml")
        Path(path).write_text(self.GOOD + "[[limit]]\nfigure = \"error.end.mox\"\nmax = 1\n"
                              "[[limit]]\nfigure = \"error.c.end\"\nbelow = \"error.d.end\"\n"
                              "[[limit]]\nfigure = \"error.c.end\"\nmax = 1\n", encoding="utf-8")
        done = lab("run", path, "--out", self.path("out"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("NOT KEPT  error.end.mox: there is no figure 'error.end.mox'; did you mean "
                      "'error.end.max'?", done.stdout)
        self.assertIn("NOT KEPT  error.c.end: there is no figure 'error.d.end'", done.stdout)
        self.assertRegex(done.stdout, "kept      error.c.end: ")
        self.assertIn("--figures prints those", done.stderr)
        with open(self.path("out/report.html"), encoding="utf-8") as report:
            self.assertIn("there is no figure &#x27;error.end.mox&#x27;", report.read())


if __name__ == "__main__":
    unittest.main()
