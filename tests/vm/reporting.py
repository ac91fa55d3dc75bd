# SPDX-License-Identifier: BSD-3-Clause
"""Run tests of virtual machines, class by class in the order of their names, and report each."""

import unittest


class _Result(unittest.TestResult):
    def __init__(self, add):
        super().__init__()
        self._add = add

    def addSuccess(self, test):
        super().addSuccess(test)
        self._add("passed", test.id(), "")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._add("failed", test.id(), self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._add("failed", subtest.id(), (self.failures + self.errors)[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._add("failed", test.id(), self.errors[-1][1])


def tests_of(cases, wanted):
    """The tests of these classes: those that have one of `wanted` in "CLASS.TEST", or all."""
    return [case(name) for case in cases
            for name in unittest.defaultTestLoader.getTestCaseNames(case)
            if not wanted or any(part in f"{case.__name__}.{name}" for part in wanted)]


def run(tests, add):
    """Run them; add(outcome, name, detail) is called for each."""
    unittest.TestSuite(tests).run(_Result(add))
