# SPDX-License-Identifier: BSD-3-Clause
"""Logs as timesync track writes them, made by hand; shared by the tests of report."""

import json
from pathlib import Path

from harness import SystemTest

BEGIN_S = 1_795_270_000
US, MS = 1_000, 1_000_000
BOUND_NS = 100 * US
COUNTS = ("sent", "received", "lost", "late", "duplicate", "discarded")


def seconds(value_ns):
    return value_ns / 10**9


class Log:
    """A log as track writes it: a poll every 16 s, of a clock with a natural rate of -50 ppm."""

    def __init__(self):
        self.lines = []

    def poll(self, **fields):
        line = {
            "time_ns": (BEGIN_S + 16 * len(self.lines)) * 10**9, "servers": 1,
            "answered": 1, "agreeing": 1,
            "verdicts": [{"host": "alpha", "port": 5542, "verdict": "truechimer"}],
            "rounds": dict.fromkeys(COUNTS, 1) | {"sent": 9, "received": 8},
            "offset_s": seconds(0), "delay_s": seconds(150 * US),
            "max_error_s": seconds(BOUND_NS),
            "event": "tracking" if self.lines else "first", "action": "none",
            "correction_s": seconds(0), "phase": "synchronised", "estimate_s": seconds(0),
            "estimate_error_s": seconds(BOUND_NS), "rate_ppm": 50,
            "frequency_ppm": 50, "next_poll_s": seconds(16 * 10**9)} | fields
        self.lines.append(json.dumps({k: v for k, v in line.items() if v is not None}))

    def measured(self, offset_ns, **fields):
        self.poll(**{"offset_s": seconds(offset_ns), **fields})

    def unanswered(self, **fields):
        self.poll(**{"answered": 0, "agreeing": 0, "offset_s": None, "delay_s": None,
                     "max_error_s": None, "event": "no-answer", "phase": "holding-over",
                     "verdicts": [{"host": "alpha", "port": 0, "verdict": "unmeasured"}],
                     **fields})

    def raw(self, line):
        self.lines.append(line)

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


def kept():
    """2.5 s slow and stepped, 1 ms slow and slewed, and then kept, but for a hold-over."""
    log = Log()
    log.measured(2_500 * MS, action="step", correction_s=seconds(2_500 * MS))
    log.measured(MS, action="slew", correction_s=seconds(MS))
    for i in range(1, 21):
        log.measured(i * US, rate_ppm=round(50 + i / 10, 3))
    log.unanswered(estimate_s=seconds(30 * US), estimate_error_s=seconds(BOUND_NS + 1))
    log.unanswered(estimate_s=seconds(35 * US), estimate_error_s=seconds(BOUND_NS + 2))
    log.measured(-40 * US)
    return log


class ReportTest(SystemTest):
    def write(self, log, name="log"):
        path = Path(self.path(name))
        path.write_text(log if isinstance(log, str) else log.text, encoding="utf-8")
        return path

    def report(self, log, *args):
        """Its output for people, without any error message."""
        result = self.timesync("report", *args, self.write(log))
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        return result.stdout

    def json(self, log, status=0):
        return self.timesync_json("report", self.write(log), status=status)
