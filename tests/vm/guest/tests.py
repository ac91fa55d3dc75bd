# SPDX-License-Identifier: BSD-3-Clause
"""Runs the tests of the guest, or those that the kernel's command line names.

usage: tests.py REPORT

REPORT gets lines of JSON, as tests/runner/module.py writes them, and in the end {"ended": true}.
"""

import faulthandler
import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Behind this directory, as tests of the system may have the names of these.
sys.path += [str(HERE.parents[1] / "runner"), str(HERE.parents[1] / "system")]

from guard import names_wanted
from module import ReportingResult


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def main():
    faulthandler.dump_traceback_later(120, repeat=True)  # to the console: says where it hangs
    wanted = names_wanted()
    found = flatten(unittest.defaultTestLoader.discover(str(HERE)))
    suite = unittest.TestSuite(
        test for test in found if not wanted or any(name in test.id() for name in wanted)
    )
    with open(sys.argv[1], "w", encoding="utf-8") as report:
        suite.run(ReportingResult(report))
        print(json.dumps({"ended": True}), file=report, flush=True)


if __name__ == "__main__":
    main()
