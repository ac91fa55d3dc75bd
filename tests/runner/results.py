# SPDX-License-Identifier: BSD-3-Clause
"""The results of test programs, and how they report them."""

import json
import re
import xml.etree.ElementTree

HEADING = "=== "  # in front of a system test's name, above what it prints


class Results:
    """The single tests of one or more programs, each as (outcome, name, detail)."""

    def __init__(self):
        self.tests = []
        self.took = 0.0  # s

    def add(self, outcome, name, detail=""):
        self.tests.append((outcome, name, detail))

    def count(self, outcome):
        return sum(test[0] == outcome for test in self.tests)

    def summary(self):
        skipped = self.count("skipped")
        return f"{self.count('passed')} passed, {self.count('failed')} failed" + (
            f", {skipped} skipped" if skipped else ""
        )

    def fail_skipped(self):
        for i, (outcome, name, detail) in enumerate(self.tests):
            if outcome == "skipped":
                self.tests[i] = ("failed", name, f"skipped: {detail}")

    def add_cmocka(self, text):
        """Add the tests of cmocka's XML reports in `text`."""
        for report in re.findall(r"<testsuites>.*?</testsuites>", text, re.S):
            try:
                suites = xml.etree.ElementTree.fromstring(report)
            except xml.etree.ElementTree.ParseError as error:
                self.add("failed", "(report)", f"cmocka's cannot be read: {error}\n{report}")
                continue
            for suite in suites.iter("testsuite"):
                self.add_cmocka_suite(suite)

    def add_cmocka_suite(self, suite):
        for case in suite.iter("testcase"):
            problem = next(iter(case), None)
            if problem is None:
                self.add("passed", case.get("name"))
            elif problem.tag == "skipped":
                self.add("failed", case.get("name"), "skipped without a reason")
            else:
                self.add("failed", case.get("name"), problem.text or problem.tag)
        if int(suite.get("errors")) and suite.find("testcase") is None:
            self.add("failed", suite.get("name"), "the group's set-up failed")

    def add_unittest(self, path):
        """Add the tests that module.py wrote to `path`. The name of one that did not end."""
        running = None
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if "running" in record:
                running = record["running"]
            else:
                running = None
                self.add(record["outcome"], record["name"], record["detail"])
        return running

    def add_end(self, status, out_of_time, running):
        """Add a failure for a program that ended badly for another reason than a failed test."""
        where = f" in {running}" if running else ""
        if out_of_time:
            self.add("failed", running or "(time)", f"ran out of time{where}")
        elif status < 0 or status > 128:
            number = -status if status < 0 else status - 128
            self.add("failed", running or "(crash)", f"ended by signal {number}{where}")
        elif running or (status != 0 and not self.count("failed")):
            self.add("failed", running or "(exit)", f"ended with exit status {status}{where}")
        elif not self.tests:
            self.add("failed", "(nothing)", "ran no test")
