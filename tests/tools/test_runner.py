# SPDX-License-Identifier: BSD-3-Clause
"""tests/run itself: everything that can go wrong with a test program counts as a failure."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The output of a cmocka program for one test with the result {}.
REPORT = """cat >"$(echo "$CMOCKA_XML_FILE" | sed s/%g/tests/)" <<EOF
<testsuites><testsuite name="tests" tests="1" errors="0">
<testcase name="one">{}</testcase></testsuite></testsuites>
EOF
"""
PASSES = REPORT.format("")

MODULE = """import os, subprocess, time, unittest
class OneTest(unittest.TestCase):
    def test_one(self):
        {}
"""


class RunnerTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "tests/system").mkdir(parents=True)
        for kind in ("unit", "sim"):
            (self.root / "tests" / kind).mkdir()
            (self.root / "build/tests" / kind).mkdir(parents=True)
        shutil.copytree(ROOT / "tests/runner", self.root / "tests/runner")
        shutil.copytree(ROOT / "lab", self.root / "lab")
        shutil.copy(ROOT / "tests/run", self.root / "tests/run")

    def unit(self, script, name="one", kind="unit"):
        """A unit test program: a shell script that stands in for one."""
        (self.root / f"tests/{kind}/test_{name}.c").touch()
        program = self.root / f"build/tests/{kind}/test_{name}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def system(self, body):
        """A system test module whose one test has this body."""
        (self.root / "tests/system/test_one.py").write_text(MODULE.format(body))

    def check(self, counts, text="", args=("unit", "system"), prefix=()):
        """Run the runner: it ends with these counts, and says `text` before."""
        command = [*prefix, self.root / "tests/run", "--build", self.root / "build", *args]
        env = {name: value for name, value in os.environ.items() if "SAN_OPTIONS" not in name}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        self.assertEqual(done.stdout.splitlines()[-1:], [counts], done)
        self.assertEqual(done.returncode, 0 if " 0 failed" in counts else 1, done)
        self.assertIn(text, done.stdout)

    def test_what_passes(self):
        self.unit(PASSES)
        self.unit(PASSES, "two")
        self.system("subprocess.Popen(['sleep', '100'])")
        self.check("3 passed, 0 failed")
        self.check("1 passed, 0 failed", args=("unit", "system", "two"))

    def test_some_run_at_a_time(self):
        """Each of the two waits for the other."""
        wait = f"touch {self.root}/{{}}; until [ -e {self.root}/{{}} ]; do sleep 0.01; done\n"
        self.unit(wait.format("1", "2") + PASSES)
        self.unit(wait.format("2", "1") + PASSES, "two")
        self.check("2 passed, 0 failed", args=("unit", "--jobs", "2"))
        self.check("1 passed, 0 failed", args=("unit", "two", "--jobs", "1"))

    def test_those_that_measure_time_run_alone(self):
        """They come last, and one after the other."""
        begun = f"[ -e {self.root}/two ] && mkdir {self.root}/busy && sleep 0.2\n"
        self.unit(begun + PASSES + f"rmdir {self.root}/busy", "bound")
        self.unit(begun + PASSES + f"rmdir {self.root}/busy", "accuracy")
        self.unit(f"sleep 0.2; touch {self.root}/two\n" + PASSES, "two")
        self.check("3 passed, 0 failed", args=("unit", "--jobs", "3"))
        (self.root / "two").unlink()
        self.check("3 passed, 2 failed", args=("unit", "--jobs", "3", "--together"))

    def test_the_longest_run_first(self):
        """By what they took before; those that have failed have no duration."""
        note = f"echo {{}} >>{self.root}/order\n"
        self.unit(note.format("one") + PASSES)
        self.unit(note.format("three") + PASSES + "exit 1", "three")
        self.unit(note.format("two") + "sleep 0.3\n" + PASSES, "two")
        for _ in range(2):
            self.check("3 passed, 1 failed", args=("unit", "--jobs", "1"))
        order = (self.root / "order").read_text().split()
        self.assertEqual(order, ["one", "three", "two", "two", "one", "three"])

    def test_damaged_durations_are_forgotten(self):
        self.unit(PASSES)
        (self.root / "build/durations.json").write_text('{"unit/test_one": ')
        self.check("1 passed, 0 failed", args=("unit",))
        self.assertIn("unit/test_one", (self.root / "build/durations.json").read_text())

    def test_tools_are_a_kind_of_their_own(self):
        (self.root / "tests/tools").mkdir()
        (self.root / "tests/tools/test_one.py").write_text(MODULE.format("pass"))
        self.check("1 passed, 0 failed", "tools/test_one", args=("tools",))
        self.check("0 passed, 1 failed", "no such test program", args=("unit", "system"))

    def test_what_a_signal_ends(self):
        for name in ("one", "two", "three"):
            self.unit(f"touch {self.root}/begun; sleep 100", name)
        command = [self.root / "tests/run", "--build", self.root / "build", "unit", "--jobs", "2"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            for _ in range(1000):
                if (self.root / "begun").exists():
                    break
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 1)
        self.assertIn("ended by a signal", said)

    def test_simulations_are_unit_tests(self):
        self.unit(PASSES)
        self.unit(PASSES, "two", "sim")
        self.check("2 passed, 0 failed", "sim/test_two", args=("unit",))

    def test_unit_tests_and_simulations_count_apart(self):
        note = f'echo "${{0##*/}}=$GCOV_PREFIX" >>{self.root}/seen\n'
        self.unit(note + PASSES)
        self.unit(note + PASSES, "two", "sim")
        self.system(f"self.assertNotIn('GCOV_PREFIX', os.environ, '{self.root}')")
        counters = self.root / "counters"
        args = ("unit", "system", "--jobs", "1", "--counters", str(counters))
        self.check("3 passed, 0 failed", args=args)
        seen = (self.root / "seen").read_text().split()
        self.assertEqual(sorted(seen), [f"test_one={counters}", f"test_two={counters}"])
        ran = (counters / "ran").read_text().split()
        self.assertEqual(ran, ["unit/test_one", "sim/test_two", "system/test_one"])

    def test_nothing_to_run(self):
        self.check("0 passed, 1 failed", "no such test program")

    def test_unit_failure(self):
        self.unit(REPORT.format("<failure>5 != 6</failure>") + "exit 1")
        self.check("0 passed, 1 failed", "5 != 6")

    def test_unit_skip(self):
        self.unit(REPORT.format("<skipped/>"))
        self.check("0 passed, 1 failed", "skipped without a reason")

    def test_unit_that_is_not_built(self):
        (self.root / "tests/unit/test_one.c").touch()
        self.check("0 passed, 1 failed", "has not been built")

    def test_unit_that_runs_nothing(self):
        self.unit("exit 0")
        self.check("0 passed, 1 failed", "ran no test")

    def test_unit_that_crashes_after_its_tests(self):
        self.unit(PASSES + "kill -SEGV $$")
        self.check("1 passed, 1 failed", "ended by signal 11")

    def test_unit_that_ends_with_an_error(self):
        self.unit(PASSES + "exit 3")
        self.check("1 passed, 1 failed", "ended with exit status 3")

    def test_unit_with_a_damaged_report(self):
        self.unit("echo '<testsuites><testsuite></testsuites>' >&2")
        self.check("0 passed, 1 failed", "cannot be read")

    def test_unit_that_hangs(self):
        self.unit("echo before; sleep 100")
        self.check("0 passed, 1 failed", "| before", ("--limit", "1", "unit"))

    def test_a_sanitizers_report(self):
        self.unit(PASSES + 'echo broken >"${ASAN_OPTIONS#*log_path=}.1"')
        self.check("1 passed, 1 failed", "| broken")

    def test_undefined_behaviour_on_stderr(self):
        self.unit(PASSES + "echo 'a.c:1:2: runtime error: overflow' >&2")
        self.check("1 passed, 1 failed", "runtime error: overflow")

    def test_system_failure(self):
        self.system("print('before'); self.assertEqual(5, 6)")
        self.check("0 passed, 1 failed", "5 != 6")

    def test_system_subtest_failure(self):
        self.system("with self.subTest(n=7): self.fail()")
        self.check("0 passed, 1 failed", "(n=7)")

    def test_system_skips(self):
        self.system("self.skipTest('not here')")
        self.check("0 passed, 0 failed, 1 skipped", "not here")
        self.check("0 passed, 1 failed", "not here", ("--no-skip", "system"))
        self.system("self.skipTest('')")
        self.check("0 passed, 1 failed", "skipped without a reason")

    def test_system_that_ends_in_the_middle(self):
        self.system("os._exit(0)")
        self.check("0 passed, 1 failed", "test_one.OneTest.test_one")
        self.system("os.abort()")
        self.check("0 passed, 1 failed", "ended by signal 6")

    def test_system_that_hangs(self):
        self.system("time.sleep(100)")
        self.check("0 passed, 1 failed", "ran out of time in test_one", ("--limit", "2", "system"))

    def test_system_that_cannot_be_loaded(self):
        (self.root / "tests/system/test_one.py").write_text("import there_is_no_such_module\n")
        self.check("0 passed, 1 failed", "there_is_no_such_module")
        (self.root / "tests/system/test_one.py").write_text("")
        self.check("0 passed, 1 failed", "ran no test")

    def test_tests_cannot_set_the_clock(self):
        self.system(
            "held = [line.split()[1] for line in open('/proc/self/status') if line[:3] == 'Cap']\n"
            "        self.assertFalse(any(int(mask, 16) >> 25 & 1 for mask in held), held)"
        )
        self.check("1 passed, 0 failed")

    def test_what_a_system_test_is_given(self):
        self.system("self.assertEqual(os.environ['TIMESYNC_BUILD'], %r)" % str(self.root / "build"))
        self.check("1 passed, 0 failed")


# A plain chroot, whose root is no mount point, on a mount from which mounts spread, as those of most
# machines do; and how many mounts there are before and after.
CHROOT = """
set -e
mount -t tmpfs none /mnt
mount --make-rshared /mnt
mkdir /mnt/root
cd /mnt/root
cp -a /bin /sbin /lib* .
mkdir -p usr etc dev proc run tmp mnt lab
for directory in usr etc dev; do mount --bind /$directory $directory; done
mount --bind "$1" lab
mount -t proc proc proc
grep -c . /proc/self/mountinfo
for i in 1 2; do chroot . /lab/private-rpcbind --root rpcinfo -p >/dev/null; done
grep -c . /proc/self/mountinfo
"""


class ChrootTest(unittest.TestCase):
    def test_leaves_no_mounts(self):
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", CHROOT, "sh",
             ROOT / "lab"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
            check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        before, after = done.stdout.split()
        self.assertEqual(before, after)


if __name__ == "__main__":
    unittest.main()
