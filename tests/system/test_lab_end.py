# SPDX-License-Identifier: BSD-3-Clause
"""However an experiment ends, so does everything that it started."""

import os
import signal
import unittest

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


if __name__ == "__main__":
    unittest.main()
