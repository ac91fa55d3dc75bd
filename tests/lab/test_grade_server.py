# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab grade: points for servers, and each mistake by its name."""

import json
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grading import FAULTY, graded, named
from harness import SystemTest

sys.path.insert(0, str(Path(__file__).parents[2] / "lab"))

from timesync_lab.grade_server import judge_time  # noqa: E402
from timesync_lab.marks import Wrong  # noqa: E402

MISTAKES = (
    "empty", "seconds", "milliseconds", "microseconds", "whole-seconds", "monotonic", "constant",
    "ts1-not-echoed", "ts2-after-ts3", "ts2-not-on-arrival", "ts2-at-departure", "ts3-before-work",
    "get-time-other-clock", "get-time-values", "no-interleaved", "prev-tx-wrong", "any-version",
    "any-procedure", "any-arguments", "one-client-at-a-time", "mixed-up", "no-tcp")
AT_ONCE = 8  # most of it is waiting


class MistakesTest(SystemTest):
    """Without rpcbind: what concerns it is not judged, and not counted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sheets = {name: pool.submit(cls.grade, name) for name in (*MISTAKES, "none")}
        cls.sheets = {name: sheet.result() for name, sheet in sheets.items()}

    @staticmethod
    def grade(mistake):
        return graded("--command", f"{sys.executable} -B {FAULTY} server {mistake} {{port}}",
                      status=0 if mistake == "none" else 1)

    def test_each_is_named_and_no_other(self):
        for mistake in MISTAKES:
            with self.subTest(mistake):
                sheet = self.sheets[mistake]
                self.assertEqual(named(sheet), [mistake], json.dumps(sheet, indent=1))
                self.assertLess(sheet["points"], sheet["most"])
                self.assertGreater(len(sheet["mistakes"][0]["text"]), 20)

    def test_without_a_mistake_it_has_all_points(self):
        sheet = self.sheets["none"]
        self.assertEqual((sheet["points"], sheet["most"], sheet["unjudged"]), (90, 90, 10), sheet)
        self.assertEqual(named(sheet), [])

    def test_an_empty_one_has_none(self):
        self.assertEqual(self.sheets["empty"]["points"], 0)


class UnitTest(unittest.TestCase):
    def test_a_unit_that_begins_in_the_pause(self):
        """A whole second, say, between two readings that are 50 ms apart."""
        for unit, scale in (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3)):
            now = time.time_ns() // scale
            passed = 50_000_000 // scale + 1
            with self.subTest(unit), self.assertRaises(Wrong) as caught:
                judge_time("ts2", now - passed, now, (50_000_000, 51_000_000))
            self.assertEqual(caught.exception.mistake, unit)


if __name__ == "__main__":
    unittest.main()
