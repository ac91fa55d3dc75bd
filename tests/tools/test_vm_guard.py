# SPDX-License-Identifier: BSD-3-Clause
"""The programs that set the clock of the virtual machine (tests/vm) run nowhere else."""

import subprocess
import sys
import unittest
from pathlib import Path

GUEST = Path(__file__).resolve().parents[1] / "vm/guest"


class GuardTest(unittest.TestCase):
    def assert_refuses(self, *argv):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, r"\A[^\n]* guest of tests/vm/run[^\n]*\n\Z")
        self.assertEqual(done.stdout, "")

    def test_the_guests_programs(self):
        self.assert_refuses(GUEST / "init")
        self.assert_refuses(sys.executable, GUEST / "tests.py", "/dev/null")

    def test_as_the_first_process_of_its_own(self):
        """As in a container."""
        self.assert_refuses("unshare", "--pid", "--fork", "--mount-proc", GUEST / "init")

    def test_each_module_alone(self):
        modules = [path.stem for path in GUEST.glob("*.py") if path.stem != "tests"]
        self.assertIn("test_setting", modules)
        for module in modules:
            with self.subTest(module):
                self.assert_refuses(sys.executable, "-c", f"import sys; "
                                    f"sys.path[:0] = [{str(GUEST)!r}, {str(GUEST.parents[1])!r} "
                                    f"+ '/system']; import {module}")


if __name__ == "__main__":
    unittest.main()
