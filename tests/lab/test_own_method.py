# SPDX-License-Identifier: BSD-3-Clause
"""Exercise 14: a further method, built and used as the document says.

It changes the sources, so it is typed in a copy. The copy is mounted where the tree was built, so that
make builds anew only what has changed.
"""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

from harness import SystemTest, tool
from printed import duration, results
from typed import EXERCISES, ROOT, as_ordinary_user, script, sections

BUILD = Path(os.environ["TIMESYNC_BUILD"])
LIMIT_S = 500
MS = duration("1 ms")


def left_out(directory, names):
    """What a copy does not need: other builds, the tests' programs, the history."""
    here = Path(directory)
    if here == ROOT:
        return {name for name in names if name in (".git", "tests") or
                name.startswith("build") and here / name not in (BUILD, *BUILD.parents)}
    if here in BUILD.parents and here != ROOT:
        return {name for name in names if here / name not in (BUILD, *BUILD.parents)}
    return {name for name in names if here == BUILD and name in
            ("tests", "chrony", "mutants", "lint", "vm", "bench", "sanitize", "coverage", "clang",
             "counters", "packages")}


class OwnMethodTest(SystemTest):
    def test_a_further_method(self):
        copy = Path(self.path("copy"))
        shutil.copytree(ROOT, copy, symlinks=True, ignore=left_out)
        become, owner = as_ordinary_user(BUILD)
        for path in (copy, *copy.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        here = sections(EXERCISES)
        typed = script([(name, here[name]) for name in ("Before", "14", "When")])
        build = BUILD.relative_to(ROOT)
        typed = typed.replace(" build/timesync\n", f" {build}/timesync\n")
        typed = typed.replace("$source/build", f"$source/{build}")
        mounted = f"mount --bind '{copy}' '{ROOT}' && cd '{ROOT}' && exec {' '.join(become)} bash"
        done = subprocess.run([tool("unshare"), "--mount", "sh", "-c", mounted], input=typed,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=LIMIT_S, check=False)
        self.assertNotIn("@failed", done.stdout, done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.check(done.stdout)
        self.assertNotIn("AVERAGE", (ROOT / "core/estimate.h").read_text(encoding="utf-8"))

    def check(self, output):
        """The table of compare has five methods, and the new one's bound holds."""
        rows = {}
        for line in output.splitlines():
            words = line.split()
            if words and words[0] in ("mean", "cristian", "ntp", "minimum", "average"):
                rows.setdefault(words[0], line)
        self.assertEqual(len(rows), 5, output)
        self.assertIn("average  the delay is ", output)
        self.assertIn("mine.toml: 3 nodes, ", output)  # the lab knows the method too
        ((offset, bound),) = results(output)[-1:]
        self.assertLessEqual(abs(offset - duration("3 s")), bound + duration("1 us"))


if __name__ == "__main__":
    unittest.main()
