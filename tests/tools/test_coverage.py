# SPDX-License-Identifier: BSD-3-Clause
"""tests/coverage itself: what it counts, for which tests, and what it demands of a room."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Four lines have code.
ROOM = """int {0}(int n);
int {0}(int n)
{{
	if (n > 0) {{
		return 1;
	}}
	return 0;
}}
"""
MAIN = """int a(int n);
int b(int n);
int main(int argc, char **argv)
{
	(void)argv;
	return a(argc) + b(argc - 1) == 1 ? 0 : 1;
}
"""


class CoverageTest(unittest.TestCase):
    """A tree of two rooms that one program runs: as a unit test, or as another."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        files = {
            "core/a.c": ROOM.format("a"),
            "group/core/b.c": ROOM.format("b"),
            "group/core/unlinked.c": ROOM.format("c"),
            "tests/unit/test_one.c": MAIN,
            "tests/sim/test_two.c": MAIN,
            "tests/system/test_three.py": "",
        }
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        shutil.copy(ROOT / "tests/coverage", self.root / "tests/coverage")
        shutil.copytree(ROOT / "tests/runner", self.root / "tests/runner")
        self.build = self.root / "build"
        (self.build / "counters").mkdir(parents=True)

        objects = []
        for name in ("core/a", "group/core/b", "group/core/unlinked", "tests/unit/test_one"):
            objects.append(self.build / f"{name}.o")
            objects[-1].parent.mkdir(parents=True, exist_ok=True)
            command = ["gcc", "-O0", "--coverage", "-c", "-o", objects[-1], f"{name}.c"]
            subprocess.run(command, cwd=self.root, check=True)
        linked = [path for path in objects if path.stem != "unlinked"]
        subprocess.run(["gcc", "--coverage", "-o", self.build / "one", *linked], check=True)

    def run_as(self, *names, arguments=()):
        """Run the program as the test programs of these names."""
        for name in names:
            env = dict(os.environ)
            if not name.startswith("system/"):
                env["GCOV_PREFIX"] = str(self.build / "counters")
            subprocess.run([self.build / "one", *arguments], env=env, check=False)
        self.say_ran(*names)

    def say_ran(self, *names):
        (self.build / "counters/ran").write_text("\n".join(names))

    def coverage(self, *least):
        command = [self.root / "tests/coverage", self.build, "gcc", *least]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def assert_row(self, done, *words):
        rows = [line.replace(" %", "").split() for line in done.stdout.splitlines()]
        self.assertIn(list(words), rows, done)

    def test_each_room_by_unit_tests_and_by_all(self):
        # a(1) returns 1 and b(0) returns 0: three of four lines of each.
        self.run_as("unit/test_one", "sim/test_two")
        done = self.coverage()
        self.assertEqual(done.returncode, 0, done)
        self.assert_row(done, "core", "4", "75.0")
        self.assert_row(done, "group/core", "8", "37.5")
        self.assert_row(done, "group/core/unlinked.c", "4", "0.0")
        # a(2) returns 1 and b(1) does, too.
        self.run_as("system/test_three", arguments=("more",))
        self.say_ran("unit/test_one", "sim/test_two", "system/test_three")
        done = self.coverage()
        self.assert_row(done, "core", "4", "75.0", "75.0")
        self.assert_row(done, "group/core/b.c", "4", "75.0", "100.0")
        self.assertIn("1 of 1 unit tests, 1 of 1 simulations", done.stdout)
        self.assertIn("1 of 1 system test modules", done.stdout)

    def test_a_room_below_what_is_demanded_fails(self):
        self.run_as("unit/test_one", "sim/test_two")
        self.assertEqual(self.coverage("core=75").returncode, 0)
        done = self.coverage("core=76")
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED: unit tests and simulations run 75.0 % of", done.stdout)
        done = self.coverage("nowhere=1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no room nowhere", done.stdout)

    def test_nothing_is_demanded_of_a_part_of_the_tests(self):
        self.run_as("unit/test_one")
        done = self.coverage("core=100")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("measured with 1 of 1 unit tests, 0 of 1 simulations", done.stdout)
        self.assertIn("core=100 is asked of all unit tests and simulations only", done.stdout)

    def test_other_tests_are_not_taken_for_unit_tests(self):
        self.run_as("system/test_three")
        done = self.coverage("core=1")
        self.assert_row(done, "core", "4", "0.0", "75.0")

    def test_nothing_that_ran_is_an_error(self):
        self.run_as()
        done = self.coverage()
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing has been run", done.stderr)


if __name__ == "__main__":
    unittest.main()
