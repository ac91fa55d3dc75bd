# SPDX-License-Identifier: BSD-3-Clause
"""tests/mutants itself, on a small tree: what it finds, what it counts, and what it keeps."""

import fcntl
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from mutation.operators import mutants_of  # noqa: E402

# As much of ours as tests/mutants asks for.
MAKEFILE = """
B := build$(if $(COVERAGE),/coverage)
COUNT := $(if $(COVERAGE),-O0 --coverage,-O2)
A := $(patsubst %.c,$(B)/%.o,$(wildcard core/*.c))
programs:
$(B)/%.o: %.c
	@mkdir -p $(@D)
	gcc -iquote . $(COUNT) $(CFLAGS) -c -o $@ $<
$(B)/modules.a: $(A)
	rm -f $@; ar qcsD $@ $^
$(B)/tests/%: $(B)/tests/%.o $(B)/modules.a
	gcc $(COUNT) -o $@ $^ -lm
.SECONDARY:
"""
# Nobody asks what becomes of exactly ten.
CAP = """int cap(int n);
int cap(int n)
{
	return n > 10 ? 20 : n;
}
"""
SUM = """int sum(int n);
int sum(int n)
{
	int all = 1;

	for (int i = 0; i < n; i++) {
		all = 3 * all + i;
	}
	return all;
}
"""
TEST_CAP = "int cap(int n);\nint main(void) { return cap(9) == 9 && cap(50) == 20 ? 0 : 1; }\n"
TEST_SUM = "int sum(int n);\nint main(void) { return sum(1) == 3 && sum(2) == 10 ? 0 : 1; }\n"
BEFORE = "return n > 10 ? 20 : n;"
SURVIVORS = ["return n >= 10 ? 20 : n;", "return n > 11 ? 20 : n;"]


class MutantsTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for name in ("tests/mutants", "tests/mutation", "tests/runner"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, self.root / name)
        self.write("Makefile", MAKEFILE)
        self.write("core/cap.c", CAP)
        self.write("core/sum.c", SUM)
        self.write("tests/unit/test_cap.c", TEST_CAP)
        self.write("tests/unit/test_sum.c", TEST_SUM)

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def explain(self, *changes):
        pairs = "".join(f"- {before}\n+ {after}\n" for before, after in changes)
        self.write("tests/mutants-equivalent", f"core/cap.c cap\n{pairs}= nobody can tell\n")

    def mutants(self, *args):
        command = [self.root / "tests/mutants", "--build", self.root / "build/mutants", *args]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def last(self, done):
        """How many mutants, killed, survived, equivalent."""
        line = r"(\d+) mutants, (\d+) killed, (\d+) survived \(.* %\), (\d+) equivalent by .*"
        return [int(n) for n in re.fullmatch(line, done.stdout.splitlines()[-1]).groups()]

    def survivors(self, done):
        return re.findall(r"^\+ (.*)", done.stdout, re.M)

    def test_an_untested_branch_survives_and_what_is_tested_is_killed(self):
        done = self.mutants("core/cap.c")
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(self.survivors(done), SURVIVORS)
        self.assertIn(f"core/cap.c:4: survived (cap)\n- {BEFORE}\n+ {SURVIVORS[0]}\n", done.stdout)
        total, killed, survived, equivalent = self.last(done)
        self.assertEqual((total - killed, survived, equivalent), (2, 2, 0), done)
        self.assertGreater(killed, 5)

    def test_a_loop_without_end_is_a_kill(self):
        done = self.mutants("core/sum.c")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(self.survivors(done), [])
        results = (self.root / "build/mutants/results").read_text()
        self.assertIn('"outcome": "ran out of time"', results)
        self.assertIn('"outcome": "failed"', results)

    def test_what_no_test_runs_survives(self):
        (self.root / "tests/unit/test_cap.c").unlink()
        done = self.mutants("core/cap.c")
        total, killed, survived, _ = self.last(done)
        self.assertEqual((killed, survived), (0, total), done)

    def test_what_is_explained_is_no_survivor(self):
        self.explain(*((BEFORE, after) for after in SURVIVORS))
        done = self.mutants("core/cap.c")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(self.survivors(done), [])
        self.assertEqual(self.last(done)[2:], [0, 2])

    def test_an_explanation_of_what_is_killed_or_gone_is_an_error(self):
        pairs = [(BEFORE, after) for after in SURVIVORS]
        for wrong, what in (
            ((BEFORE, "return n < 10 ? 20 : n;"), "there is no such mutant"),
            ((BEFORE, "return n > 10 ? 21 : n;"), "does not survive"),
            (pairs[0], "is explained twice"),
        ):
            self.explain(*pairs, wrong)
            done = self.mutants("core/cap.c")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(f"tests/mutants-equivalent:6: {what}: core/cap.c cap", done.stdout)

    def test_an_explanation_without_a_reason_is_an_error(self):
        self.write("tests/mutants-equivalent", f"core/cap.c cap\n- {BEFORE}\n+ {SURVIVORS[0]}\n")
        done = self.mutants("core/cap.c")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("tests/mutants-equivalent:2: gives no reason", done.stderr)

    def test_it_goes_on_where_it_was(self):
        first = self.mutants("core/cap.c")
        results = self.root / "build/mutants/results"
        lines = results.read_text().splitlines(keepends=True)
        self.assertEqual(self.mutants("core/cap.c").stdout, first.stdout)
        self.assertEqual(results.read_text(), "".join(lines), "nothing was to be done")
        # Interrupted half-way, in the middle of a line.
        results.write_text("".join(lines[:7]) + lines[7][:20])
        self.assertEqual(self.mutants("core/cap.c").stdout, first.stdout)
        self.assertEqual(len(results.read_text().splitlines()), len(lines) + 1)
        # A better test meets the survivors.
        self.write("tests/unit/test_cap.c", TEST_CAP.replace("cap(50)", "cap(10) == 10 && cap(11)"))
        done = self.mutants("core/cap.c")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(self.survivors(done), [])
        # And a worse one what the better one has killed.
        self.write("tests/unit/test_cap.c", TEST_CAP)
        self.assertEqual(self.mutants("core/cap.c").stdout, first.stdout)

    def test_a_sample_is_the_same_for_the_same_seed(self):
        args = ("core/cap.c", "--count", "3", "--seed")
        one = self.mutants(*args, "1")
        self.assertEqual(self.mutants(*args, "1").stdout, one.stdout)
        others = {self.mutants(*args, seed).stdout for seed in ("2", "3", "4", "5")}
        self.assertGreater(len(others | {one.stdout}), 1)
        self.assertLessEqual(self.last(one)[0], 3)

    def test_the_work_tree_stays_as_it_is(self):
        def state():
            paths = [path for path in self.root.rglob("*") if path.is_file()]
            return {path: (path.read_bytes(), path.stat().st_mtime_ns)
                    for path in paths if self.root / "build" not in path.parents}  # fmt: skip

        before = state()
        self.mutants("core/cap.c")
        self.assertEqual(state(), before)

    def test_a_test_that_fails_as_it_is_ends_it(self):
        self.write("tests/unit/test_sum.c", "int sum(int n);\nint main(void) { return sum(4); }\n")
        done = self.mutants("core/cap.c")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("unit/test_sum failed as it is", done.stderr)

    def test_two_at_a_time_are_refused(self):
        (self.root / "build/mutants").mkdir(parents=True)
        with open(self.root / "build/mutants/lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.mutants("core/cap.c")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("another one is at work", done.stderr)

    def test_files_that_are_not_there_are_named(self):
        done = self.mutants("core/none.c")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("there is no core/none.c", done.stderr)


class OperatorsTest(unittest.TestCase):
    """Each kind of change, on a line of its own."""

    def changes(self, body, head="int f(int a, int *p)"):
        text = f"{head}\n{{\n{body}\n}}\n"
        return {mutant.after for mutant in mutants_of("core/a.c", text)}

    def assert_changes(self, body, *changes, **how):
        self.assertLessEqual(set(changes), self.changes(body, **how))

    def test_relations(self):
        self.assert_changes("b = a < *p;", "b = a <= *p;", "b = a >= *p;")
        self.assert_changes("b = a != *p;", "b = a == *p;")

    def test_arithmetic(self):
        self.assert_changes("a = a + *p;", "a = a - *p;")
        self.assert_changes("a = a * 5 % b;", "a = a / 5 % b;", "a = a * 5 * b;")
        self.assert_changes("a = -b;", "a = b;")
        self.assert_changes("a -= b;", "a += b;", "a = b;")
        self.assert_changes("a = b << c & d;", "a = b >> c & d;", "a = b << c | d;")
        self.assertEqual(self.changes("a = &b;"), {";"})

    def test_conditions(self):
        self.assert_changes("if (a && !b) {\n}", "if (a || !b) {", "if (!(a && !b)) {")
        self.assert_changes("if (a && !b) {\n}", "if (a && b) {")
        self.assert_changes("while (a) {\n}", "while (!(a)) {")
        self.assert_changes("for (i = 0; i < a; i++) {\n}", "for (i = 0; !(i < a); i++) {")
        self.assert_changes("b = a > 1 ? c : d;", "b = !(a > 1) ? c : d;")

    def test_constants(self):
        self.assert_changes("a = 7;", "a = 8;", "a = 6;", "a = 0;")
        self.assert_changes("a = 0x10u;", "a = 17u;", "a = 15u;", "a = 0u;")
        self.assert_changes("a = 0;", "a = 1;", "a = (-1);")
        self.assert_changes("a = true;", "a = false;")
        self.assert_changes("a = 0.5;", "a = (0.5 + 1);", "a = 0.0;")
        self.assertIn("#define MOST 5", {m.after for m in mutants_of("a.c", "#define MOST 4\n")})

    def test_statements_and_returns(self):
        self.assert_changes("f(a);\n*p = 1;", ";")
        self.assert_changes("if (a) {\nreturn g(a);\n}\nreturn 1;", "return 0;", ";")
        self.assert_changes("return g(a);", "return !(g(a));", head="static bool f(int a)")
        self.assertNotIn(";", self.changes("const struct x y = z;\nint n = 1;"))

    def test_text_that_is_no_code_stays(self):
        self.assertEqual(self.changes('/* 1 + 2 */\n// 3 < 4\ng("5 - 6");'), {";"})
        self.assertEqual(mutants_of("a.c", '#if A > 1\n#include "b.h"\n#endif\n'), [])

    def test_a_change_keeps_the_lines(self):
        text = "void f(void)\n{\n\tg(1,\n\t  2);\n}\n"
        for mutant in mutants_of("a.c", text):
            self.assertEqual(mutant.apply(text).count("\n"), text.count("\n"))


if __name__ == "__main__":
    unittest.main()
