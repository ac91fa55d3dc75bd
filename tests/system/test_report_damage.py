# SPDX-License-Identifier: BSD-3-Clause
"""timesync report on damaged logs, on empty ones, and on other files."""

import subprocess
import unittest

from harness import program
from tracklog import Log, ReportTest, kept, seconds


class DamageTest(ReportTest):
    def test_all_else_is_summed_up(self):
        log = kept()
        polls = self.json(log)["polls"]
        for line, why in (("{", "no JSON"), ('{"a":1,"a":2}', "no JSON"), ("[]", "not a poll"),
                          ('"text"', "not a poll"), ("{}", "not a poll"), ("\x7f\x00\x01", "no JSON"),
                          ("\x00" * 8, "no JSON"),
                          ('{"time_ns":1,"servers":1}', "not a poll"), ("x" * 70_000, "too long")):
            with self.subTest(line[:30]):
                text = "".join(f"{x}\n" for x in [*log.lines[:7], line, *log.lines[7:]])
                path = self.write(text)
                result = self.timesync("report", "--json", path)
                self.assertEqual(result.status, 0, result)
                got = result.json
                self.assertEqual((got["polls"], got["damaged"]), (polls, 1))
                self.assertEqual([d["line"] for d in got["damaged_lines"]], [8])
                self.assertIn(why, got["damaged_lines"][0]["why"])
                self.assertRegex(result.stderr, f"{path}: line 8 is .*{why}")
                self.assertIn("; 1 damaged line left out\n",
                              self.timesync("report", path).stdout)

    def test_a_field_that_track_does_not_write(self):
        wrong = {"time_ns": [None, -1, 1.5, "1", 2**62], "servers": ["1", -1],
                 "answered": [0, None], "offset_s": ["abc", "1.0", 5e9, 1e300],
                 "delay_s": [-1.0, None], "max_error_s": [-0.1, None], "event": ["other"],
                 "action": [None, "jump"], "phase": [None, ""], "correction_s": [None, " 1"],
                 "estimate_s": [None], "rate_ppm": ["1.0", 1000000], "rounds": [{"sent": 1}, 5],
                 "verdicts": [{}, [{"host": "a\u001b[31m", "port": 0, "verdict": "ahead"}],
                              [{"host": "a", "port": 70000, "verdict": "ahead"}], [1]]}
        for name, values in wrong.items():
            for value in values:
                with self.subTest(name=name, value=value):
                    log = Log()
                    log.measured(0)
                    log.measured(0, **{name: value})
                    self.assertEqual(self.timesync("report", self.write(log)).stderr.count(
                        "line 2 is not a poll of timesync track"), 1)
                    self.assertEqual(self.json(log)["polls"], 1)

    def test_a_step_out_of_time(self):
        log = Log()
        log.measured(0)
        for correction in (-4 * 10**18, 4 * 10**18):
            log.measured(0, action="step", correction_s=seconds(correction))
        result = self.timesync("report", self.write(log))
        self.assertEqual(result.stderr.count("is not a poll of timesync track"), 2)

    def test_fields_of_later_versions_are_passed_over(self):
        log = Log()
        log.measured(0, surprise=[1, 2, {"more": None}])
        self.assertEqual(self.json(log)["damaged"], 0)

    def test_a_last_line_that_was_cut_off(self):
        whole = kept().text
        for length in (1, 100, len(whole.splitlines()[-1]) - 1):
            text = whole + whole.splitlines()[-1][:length]
            result = self.timesync("report", "--json", self.write(text))
            self.assertEqual((result.status, result.json["polls"]), (0, 25), result)
            self.assertIn("line 26 is the last and was cut off", result.stderr)
        self.assertEqual(self.json(whole.rstrip("\n"))["damaged"], 0)

    def test_empty_lines_are_none(self):
        self.assertEqual(self.json("\n" + kept().text + " \r\n\n")["damaged"], 0)

    def test_many_damaged_lines(self):
        log = kept()
        for _ in range(50):
            log.raw("damaged")
        result = self.timesync("report", self.write(log))
        self.assertEqual(len(result.stderr.splitlines()), 11)
        self.assertIn("40 more lines are damaged", result.stderr)
        self.assertEqual(len(self.json(log)["damaged_lines"]), 10)

    def test_there_is_nothing_to_report(self):
        for text, word in (("", "is empty"), ("\n\n", "none of its lines"),
                           ("damaged\n" * 3, "none of its lines")):
            with self.subTest(text):
                result = self.timesync("report", self.write(text))
                self.assertEqual((result.status, result.stdout), (2, ""), result)
                self.assertRegex(result.stderr, rf"report: /\S+/log: .*{word}")
                self.assertIn(word, self.json(text, status=2)["error"])

    def test_usage(self):
        log = self.write(kept())
        for args, word in (([], "LOG is missing"), ([log, log], "one argument too many"),
                           ([self.path("none")], "none: No such file"),
                           ([self.directory], "Is a directory"), ([""], "LOG is missing"),
                           (["--plot=a.gif", log], "a.gif.*svg"), (["--rounds=3", log], "rounds")):
            with self.subTest(args):
                result = self.timesync("report", *args)
                self.assertEqual((result.status, result.stdout), (2, ""), result)
                self.assertRegex(result.stderr, word)

    def test_standard_input(self):
        done = subprocess.run([program("timesync"), "report", "-"], input=kept().text, text=True,
                              capture_output=True, timeout=20, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("log       standard input:\n          25 polls in 1 run\n", done.stdout)


if __name__ == "__main__":
    unittest.main()
