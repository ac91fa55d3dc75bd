# SPDX-License-Identifier: BSD-3-Clause
"""However an experiment ends, so does everything that it started."""

import os
import signal
import time
import unittest
from pathlib import Path

import processes
from harness import SystemTest, program
from labrun import running


class EndTest(SystemTest):
    def begin(self):
        tmp = self.path("tmp")
        os.mkdir(tmp)
        lab_run = self.start(["env", f"TMPDIR={tmp}", program("timesync-lab"), "run",
                              "frozen-leader", "--out", self.path("out")])
        self.wait_until(lambda: len(running()) >= 15, "the members run", lab_run)
        return lab_run, tmp

    def check_ended(self, lab_run, tmp):
        self.wait_until(lambda: not running(), "all has ended", lab_run)
        self.wait_until(lambda: not os.listdir(tmp), "the directory is gone", lab_run)

    def test_killed(self):
        lab_run, tmp = self.begin()
        lab_run.stop(signal.SIGKILL)
        self.check_ended(lab_run, tmp)

    def test_killed_while_a_member_is_frozen(self):
        lab_run, tmp = self.begin()
        frozen = next(pid for pid in running() if b"timesyncd" in processes.look(pid, "cmdline"))
        os.killpg(os.getpgid(frozen), signal.SIGSTOP)
        lab_run.stop(signal.SIGKILL)
        self.check_ended(lab_run, tmp)

    def test_interrupted(self):
        lab_run, tmp = self.begin()
        self.assertEqual(lab_run.stop(signal.SIGINT), 1)
        self.assertIn("interrupted", lab_run.stderr)
        self.check_ended(lab_run, tmp)
        self.assertNotIn("Traceback", lab_run.stderr)

    def test_interrupted_after_a_while_there_is_a_report(self):
        lab_run, tmp = self.begin()
        time.sleep(3)  # so that it has something to show
        self.assertEqual(lab_run.stop(signal.SIGTERM), 1)
        self.check_ended(lab_run, tmp)
        report = Path(self.path("out/report.html"))
        self.assertIn(str(report), lab_run.stderr)
        self.assertIn("was interrupted after", report.read_text(encoding="utf-8"))
        with open(self.path("out/samples.csv"), encoding="utf-8") as samples:
            self.assertGreater(len(samples.readlines()), 20)

    def test_interrupted_at_once_nothing_is_left(self):
        lab_run = self.start([program("timesync-lab"), "run", "frozen-leader", "--out",
                              self.path("out")])
        self.wait_until(lambda: os.path.exists(self.path("out")), "it begins", lab_run)
        self.assertEqual(lab_run.stop(signal.SIGINT), 1)
        self.assertNotIn("Traceback", lab_run.stderr)
        self.assertFalse(os.path.exists(self.path("out")))


if __name__ == "__main__":
    unittest.main()
