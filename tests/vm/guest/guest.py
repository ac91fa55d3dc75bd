# SPDX-License-Identifier: BSD-3-Clause
"""Shared by the tests in the guest, beside tests/system/harness.py."""

import guard  # first: this module sets the clock

import json
import re
import subprocess

import kernel
from harness import Process, Result, SystemTest, can_set_clock, program

NOBODY = 65534


class Truth(Process):
    """tests/vm/truth: a server whose clock does not follow the system clock."""

    def says(self):
        return self.stdout.endswith("\n") and json.loads(self.stdout)

    @property
    def server(self):
        return f"127.0.0.1:{self.says()['port']}"

    def slow_ns(self):
        """By how much the system clock is behind the truth, now."""
        said = self.says()
        real, raw = kernel.read_together()
        elapsed = raw - said["raw_ns"]
        return said["time_ns"] + elapsed + elapsed * said["rate_ppb"] // 10**9 - real


class GuestTest(SystemTest):
    """A test that begins with an undisciplined system clock, and may set it."""

    @classmethod
    def setUpClass(cls):
        if not can_set_clock():
            raise RuntimeError("the guest cannot set its clock")

    def setUp(self):
        super().setUp()
        kernel.undiscipline()
        self.before = kernel.ahead_ns()

    def start_truth(self, offset_ns=0, rate_ppb=0, max_error_ns=-1):
        """A server that is so far ahead at first and gains so much; negative: unsynchronised."""
        argv = [program("tests/vm/truth"), str(offset_ns), str(rate_ppb), str(max_error_ns)]
        truth = self.start(argv, Truth)
        self.wait_until(truth.says, "the true time is served", truth)
        return truth

    def timesync_as_nobody(self, *args):
        done = subprocess.run([program("timesync"), *args], user=NOBODY, group=NOBODY,
                              extra_groups=[], capture_output=True, text=True, timeout=60,
                              check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def assert_between(self, low, value, high):
        self.assertLessEqual(low, value)
        self.assertLessEqual(value, high)

    def assert_moved(self, before_ns, by_ns, within_ns=2 * kernel.READING_NS):
        """The system clock was moved by that much since kernel.ahead_ns() was `before_ns`."""
        self.assertAlmostEqual(kernel.ahead_ns() - before_ns, by_ns, delta=within_ns)

    def assert_untouched(self):
        self.assert_moved(self.before, 0)
        self.assertEqual(kernel.slew_left_ns(), 0)
        self.assertEqual(kernel.state().frequency_ppm, 0)
