# SPDX-License-Identifier: BSD-3-Clause
"""The lab reads clock files by itself: it must see what timesync shows."""

import re
import sys
import time
import unittest
from pathlib import Path
from types import SimpleNamespace

from harness import SystemTest, host_port

sys.path.insert(0, str(Path(__file__).parents[2] / "lab"))

from timesync_lab import axes, pictures  # noqa: E402
from timesync_lab.clockfile import ClockFile, Line, corrects  # noqa: E402
from timesync_lab.recording import Recording, Value  # noqa: E402


class ClockFileTest(SystemTest):
    def assert_same(self, path):
        """What timesync shows lies between two readings of the lab, but for a microsecond."""
        clock = ClockFile(path)
        before = clock.line().error(time.time_ns())
        shown = self.clock(path)["ahead_s"] * 1e9
        after = clock.line().error(time.time_ns())
        self.assertLessEqual(min(before, after) - 1000, shown)
        self.assertLessEqual(shown, max(before, after) + 1000)

    def test_offsets_and_rates(self):
        for n, (offset, drift) in enumerate((("0s", "0"), ("-2.5s", "40"), ("14min", "-100000"),
                                             ("-20min", "100000"))):
            with self.subTest(offset=offset, drift=drift):
                self.assert_same(self.make_clock(offset, drift, f"clock{n}"))

    def test_a_correction_of_the_rate_and_a_slew(self):
        path = self.make_clock("1s", "50")
        for options in (["--frequency=-80"], ["--slew=-3ms"], ["--slew=1ms"], ["--step=-4s"],
                        ["--drift=100000", "--slew=500us"]):
            with self.subTest(options):
                self.assertEqual(self.timesync("clock", "adjust", *options, path).status, 0)
                self.assert_same(path)
                time.sleep(0.05)
                self.assert_same(path)

    def test_a_slew_that_is_done(self):
        path = self.make_clock("0s", "0")
        self.timesync("clock", "adjust", "--slew=100us", path)
        line = ClockFile(path).line()
        now = time.time_ns()
        self.assertEqual(line.rate_ppm(now), 500)
        self.assertEqual(line.rate_ppm(now + 10**9), 0)
        self.assertEqual(line.error(now + 10**9), 100_000)

    def test_the_time_at_which_a_clock_shows_something(self):
        line = ClockFile(self.make_clock("-20min", "100000")).line()
        real = time.time_ns() + 10**9
        self.assertAlmostEqual(line.real_at(real + line.error(real)), real, delta=1000)

    def test_steps_between_two_readings_are_told_apart(self):
        """Of two adjustments between two readings each is seen: the rates between them are no step."""
        path = self.make_clock("1s", "100000")
        clock = ClockFile(path)
        before = clock.line()
        self.assertEqual(clock.lines_since(before), [])
        self.timesync("clock", "adjust", "--frequency=50000", path)
        time.sleep(0.05)
        self.timesync("clock", "adjust", "--step=3ms", path)
        first, second = clock.lines_since(before)
        self.assertEqual([first.generation, second.generation], [1, 2])
        self.assertLess(abs(first.error(first.base_real) - before.error(first.base_real)), 10)
        stepped = second.error(second.base_real) - first.error(second.base_real)
        self.assertAlmostEqual(stepped, 3_000_000, delta=10)
        self.timesync("clock", "adjust", "--drift=1", path)
        self.assertEqual([line.generation for line in clock.lines_since(before)], [2, 3])

    def test_what_a_correction_is(self):
        path = self.make_clock("1s", "50")
        for option, expected in (("--step=1ms", True), ("--drift=70", False), ("--slew=2ms", True),
                                 ("--frequency=3", True)):
            with self.subTest(option):
                before = ClockFile(path).line()
                self.assertEqual(self.timesync("clock", "adjust", option, path).status, 0)
                self.assertEqual(corrects(before, ClockFile(path).line()), expected)

    def test_the_end_of_a_slew_is_none(self):
        now = time.time_ns()
        slewing = Line(5, now, now, 50_000, 10_000, 20_000, now + 2 * 10**9, 0)
        ended = Line(6, now + 10**9, now + 10**9 + slewing.error(now + 10**9), 50_000, 10_000, 0, 0,
                     0)
        self.assertFalse(corrects(slewing, ended))
        self.assertTrue(corrects(ended, slewing))

    def test_a_slew_by_frequency(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        path = self.make_clock("-15ms", "20")
        track = self.launch_client("track", "-i", "1s", "-c", path, server)
        self.wait_until(lambda: self.clock(path)["frequency_ppm"] > 400, "a slew", track)
        line = ClockFile(path).line()
        self.assert_same(path)
        self.assertEqual(line.rate_ppm(line.slew_until), line.rate_ppm(line.slew_until - 1)
                         - line.slew / 1000)
        track.stop()

    def test_what_is_forgotten(self):
        """A recording that goes on and on forgets all before a time, in each of its lists."""
        recording = Recording(["a"], times=[1.0, 2.0, 3.0], wall=[1, 2, 3], errors={"a": [7, 8, 9]},
                              values=[Value(at, "s", "result") for at in (1.5, 2.5)],
                              claims={"a": [(0.5, 1), (2.0, 2)]})
        recording.forget(2.0)
        self.assertEqual((recording.times, recording.wall, recording.errors),
                         ([2.0, 3.0], [2, 3], {"a": [8, 9]}))
        self.assertEqual([v.at for v in recording.values], [2.5])
        self.assertEqual(recording.claims, {"a": [(2.0, 2)]})
        recording.forget(9.0)
        self.assertEqual((recording.times, recording.values), ([], []))

    def test_claims_have_one_entry_in_the_key(self):
        """However many clocks there are: more did not fit above a narrow picture."""
        names = ["a", "b", "c", "d"]
        recording = SimpleNamespace(
            nodes=names, adjustments=[], times=[0.0, 1.0], errors={n: [1e-3, 2e-3] for n in names},
            claims={n: [(0.5, 5e-3)] for n in names})
        script = pictures.error_panel(recording, axes.Linear([5e-3]), SimpleNamespace(narrow=True))
        self.assertEqual(re.findall(r'\btitle "([^"]*)"', script), ["claimed bound", *names])

    def test_what_is_no_clock_file(self):
        path = self.path("text")
        Path(path).write_bytes(b"x" * 168)
        with self.assertRaisesRegex(ValueError, "no clock file"):
            ClockFile(path)


if __name__ == "__main__":
    unittest.main()
