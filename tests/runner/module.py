# SPDX-License-Identifier: BSD-3-Clause
"""Runs one module of unittest inside its namespaces. It may use those of tests/system.

usage: module.py MODULE REPORT

REPORT gets a line of JSON when a test starts and one when it has ended; results.py reads them. The
exit status says only that all of the module was reported.
"""

import faulthandler
import json
import signal
import sys
import unittest
from pathlib import Path

from privilege import may_set_the_clock
from results import HEADING


class ReportingResult(unittest.TestResult):
    """Writes one line of JSON when a test starts and one when it has ended."""

    def __init__(self, report):
        super().__init__()
        self.report = report
        self.outcome = None

    def write(self, **record):
        print(json.dumps(record), file=self.report, flush=True)

    def end(self, test, outcome, detail=""):
        """Note the outcome of a running test; report that of a class's or module's fixture."""
        if not isinstance(test, unittest.TestCase):
            self.write(name=test.id(), outcome=outcome, detail=detail)
        elif self.outcome is None or self.outcome[0] != "failed":
            self.outcome = (outcome, detail)

    def startTest(self, test):
        super().startTest(test)
        print(f"{HEADING}{test.id()}", file=sys.stderr, flush=True)
        self.outcome = None
        self.write(running=test.id())

    def stopTest(self, test):
        super().stopTest(test)
        outcome, detail = self.outcome or ("failed", "ended without an outcome")
        self.write(name=test.id(), outcome=outcome, detail=detail)

    def addSuccess(self, test):
        self.end(test, "passed")

    def addError(self, test, err):
        self.end(test, "failed", self._exc_info_to_string(err, test))

    addFailure = addError

    def addExpectedFailure(self, test, err):
        self.end(test, "passed")

    def addUnexpectedSuccess(self, test):
        self.end(test, "failed", "passed, though it was expected to fail")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            text = self._exc_info_to_string(err, test)
            self.end(test, "failed", f"{subtest._subDescription()}\n{text}")

    def addSkip(self, test, reason):
        self.end(test, "skipped" if reason else "failed", reason or "skipped without a reason")


def run_module(source, report):
    if may_set_the_clock():
        sys.exit(f"{sys.argv[0]}: CAP_SYS_TIME is there inside the namespaces; nothing is run")
    faulthandler.register(signal.SIGTERM, chain=True)  # says where it hung
    sys.path[:1] = [str(source.parent), str(source.parents[1] / "system")]
    suite = unittest.defaultTestLoader.loadTestsFromName(source.stem)
    with open(report, "w", encoding="utf-8") as output:
        suite.run(ReportingResult(output))


if __name__ == "__main__":
    run_module(Path(sys.argv[1]), sys.argv[2])
