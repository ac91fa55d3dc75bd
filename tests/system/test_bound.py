# SPDX-License-Identifier: BSD-3-Clause
"""The bound of a measurement that takes long: it grows by all that may move the clocks apart."""

import time

from fakeserver import FakeServer, stamps
from harness import SystemTest, host_port, ns

PAUSE_S = 0.1  # before each answer but the first, which so has the least delay
ROUNDS = 3
QUARTZES_PPM = 200  # of the two clocks together
SLEWS_PPM = 1000  # of both


class BoundTest(SystemTest):
    @staticmethod
    def answer(call, n):
        if n > 0:
            time.sleep(PAUSE_S)
        return [stamps(call)]

    def measure(self, *args):
        """By how much the bound exceeds half the delay, and how long it all took; ns."""
        server = FakeServer(self.answer)
        self.addCleanup(server.close)
        started = time.monotonic_ns()
        out = self.timesync_json("query", "-m", "ntp", "-n", str(ROUNDS), *args,
                                 host_port(server.address))
        elapsed = time.monotonic_ns() - started
        self.assertLess(ns(out["delay_s"]), PAUSE_S * 1e9, "the first round is the best")
        return ns(out["max_error_s"]) - (ns(out["delay_s"]) + 1) // 2, elapsed

    def assert_grows_by(self, ppm, *args):
        growth, elapsed = self.measure(*args)
        slow = (ROUNDS - 1) * PAUSE_S * 1e9
        self.assertGreaterEqual(growth, int(slow * ppm / 1e6))
        self.assertLessEqual(growth, elapsed * ppm // 10**6 + 1)

    def test_the_system_clock(self):
        self.assert_grows_by(QUARTZES_PPM + SLEWS_PPM)

    def test_clock_files(self):
        for i, (drift, frequency) in enumerate(((0, 0), (300, 0), (0, 500), (0, -500),
                                                (-300, 500), (-100000, 0), (100000, 0))):
            with self.subTest(drift=drift, frequency=frequency):
                clock = self.make_clock(drift=str(drift), name=f"clock{i}")
                self.assertEqual(self.timesync("clock", "adjust", clock,
                                               f"--frequency={frequency}").status, 0)
                self.assert_grows_by(QUARTZES_PPM + SLEWS_PPM + abs(drift + frequency),
                                     "-c", clock)
