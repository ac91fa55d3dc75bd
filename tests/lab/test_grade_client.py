# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab grade: points for clients, and each mistake by its name.

The clients are the one of docs/answers.md, which is right, each with one line changed as students
write it, and one in Python.
"""

import json
import re
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grading import FAULTY, checks, graded, named
from harness import SystemTest, program
from labrun import lab

ANSWERS = Path(__file__).parents[2] / "docs/answers.md"
AT_ONCE = 4  # most of it is waiting, but more would disturb each other
TS1 = "args = { now(ahead) };"
AMOUNT = "remote + one_way - local"
QUICK = "timeout = { .tv_usec = 800000 }"
RESULT = 'fprintf(stderr, "client: no result; the clock is left as it is\\n");\n\t\treturn '

# {mistake: [(the right text, the wrong one)]}
MISTAKES = {
    "seconds": [(TS1, "args = { now(ahead) / 1000000000 };")],
    "milliseconds": [(TS1, "args = { now(ahead) / 1000000 };")],
    "microseconds": [(TS1, "args = { now(ahead) / 1000 };")],
    "whole-seconds": [(TS1, "args = { now(ahead) / 1000000000 * 1000000000 };")],
    "monotonic": [("CLOCK_REALTIME", "CLOCK_MONOTONIC")],
    "one-round": [("n < ROUNDS", "n < 1"), ("n == ROUNDS", "n == 1")],
    "no-get-time": [("= get_time_1(client);", "= &(timesync_time){ now(0) };")],
    "no-lines": [("RTT_ESTIMATE %lld", "estimate: %lld")],
    "not-milliseconds": [("remote / 1000000,", "remote / 1000000000LL,")],
    "remote-time-wrong": [("remote / 1000000,", "(remote + one_way) / 1000000,")],
    "local-time-wrong": [("local / 1000000,", "(local - ahead) / 1000000,")],
    "exit-status": [(f"clock_step(argv[3], {AMOUNT});\n\treturn 0",
                     f"clock_step(argv[3], {AMOUNT});\n\treturn 3")],
    "rtt-not-halved": [("sum / n / 2", "sum / n")],
    "work-not-subtracted": [(" - (stamps->ts3 - stamps->ts2)", "")],
    "average-of-one": [("sum += delay", "sum = ROUNDS * delay")],
    "way-back-not-added": [(AMOUNT, "remote - local")],
    "wrong-sign": [(AMOUNT, "local - remote - one_way")],
    "clock-untouched": [(f"clock_step(argv[3], {AMOUNT});", "")],
    "clock-wrong": [(AMOUNT, f"({AMOUNT}) / 2")],
    "resent-as-delay": [("{ .tv_sec = 10 }", "{ .tv_usec = 200000 }"),
                        (QUICK, "timeout = { .tv_sec = 5 }")],
    "gives-up": [("tries < 2 * ROUNDS", "tries < ROUNDS")],
    "step-not-noticed": [("> 1000000)", "> 3600000000000)")],
    "no-server-unnoticed": [(RESULT + "1", RESULT + "0")],
    "hangs": [("if (!stamps ||", "while (!stamps) {\n\t\tnanosleep(&(struct timespec){ 1, 0 }, "
               "NULL);\n\t}\n\tif (!stamps ||")],
}
IN_PYTHON = ("other-reply-taken", "none")


def right_client(directory):
    """The source of the client of docs/answers.md, beside what rpcgen makes, in a directory."""
    assert lab("skeleton", str(directory)).returncode == 0
    subprocess.run(["make", "-s", "-C", directory, "client"], check=True, capture_output=True)
    beginning = (directory / "client.c").read_text(encoding="utf-8")
    (rest,) = re.findall(r"^cat >own/mine/main.c <<'END'\n(.*?)^END$",
                         ANSWERS.read_text(encoding="utf-8"), re.M | re.S)
    return beginning.partition("\nint main")[0] + "\n" + rest


class ClientTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.mine = Path(self.path("mine"))
        self.right = right_client(self.mine)

    def build(self, name, source):
        """A client from this source: its path."""
        file = self.mine / f"{name}.c"
        file.write_text(source, encoding="utf-8")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libtirpc"], check=True,
                               capture_output=True, text=True).stdout.split()
        subprocess.run(["gcc", "-w", "-o", self.mine / name, file, self.mine / "timesync_clnt.o",
                        self.mine / "timesync_xdr.o", *flags, "-lm"], check=True, timeout=60)
        return self.mine / name

    def grade(self, mistake, status=1):
        source = self.right.replace("timeout = { .tv_sec = 1 }", QUICK)
        for right, wrong in MISTAKES.get(mistake, []):
            self.assertEqual(source.count(right), 1, (mistake, right))
            source = source.replace(right, wrong)
        return graded("--timeout", "10s" if mistake == "hangs" else "60s", "--client",
                      f"{self.build(mistake, source)} {{host}} {{port}} {{clock}}", status=status)

    @staticmethod
    def grade_python(mistake):
        return graded("--client", f"{sys.executable} -B {FAULTY} client {mistake} "
                      f"{{host}} {{port}} {{clock}}", status=0 if mistake == "none" else 1)

    def test_each_mistake_is_named_and_no_other(self):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sheets = {name: pool.submit(self.grade, name) for name in MISTAKES}
            sheets |= {name: pool.submit(self.grade_python, name) for name in IN_PYTHON}
        for mistake, sheet in sheets.items():
            with self.subTest(mistake):
                sheet = sheet.result()
                self.assertEqual(named(sheet), [mistake] if mistake != "none" else [],
                                 json.dumps(sheet, indent=1))
                self.assertEqual(sheet["points"] == 100, mistake == "none")

    def test_without_a_mistake_it_has_all_points(self):
        sheet = self.grade("none", status=0)
        self.assertEqual((sheet["points"], sheet["most"], named(sheet)), (100, 100, []), sheet)

    def test_ours_has_all_points_by_every_method(self):
        for method in ("mean", "ntp"):
            with self.subTest(method):
                sheet = graded("--client", f"{program('timesync')} sync --format=classic "
                               f"--method {method} --clock {{clock}} {{host}}:{{port}}", status=0)
                self.assertEqual((sheet["points"], named(sheet)), (100, []), sheet)

    def test_one_that_does_nothing_has_none(self):
        sheet = graded("--client", f"{self.mine}/client {{host}} {{port}} {{clock}}")
        self.assertEqual((sheet["points"], named(sheet)), (0, ["no-call"]))
        self.assertEqual({c["state"] for c in checks(sheet).values()}, {"wrong", "blocked"})


if __name__ == "__main__":
    unittest.main()
