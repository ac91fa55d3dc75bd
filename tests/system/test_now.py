# SPDX-License-Identifier: BSD-3-Clause
"""The time with a bound: what track publishes, through libtimesync and the verbs that read it."""

import ctypes
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

from harness import SystemTest, host_port, program

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab"))

import bounded_time  # noqa: E402

READINGS = 1_000_000
QUICK = ("--interval", "250ms", "--timeout", "200ms", "--allow-unsynchronised")
UNKNOWN, HOLD_OVER, SYNCHRONISED = range(3)
LIBRARY = program("libtimesync.so.0")


class NowTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.truth_file = self.make_clock("1h", "30", name="truth")
        daemon = self.start_lone_daemon("-c", self.truth_file)
        self.server = host_port(daemon.addresses["udp"])

    def launch_track(self, clock, *args):
        return self.launch_client("track", *QUICK, "-c", clock, *args, self.server)

    def now(self, clock, status=0):
        return self.timesync_json("now", "-c", clock, status=status)

    def wait_for(self, clock, *args, status=0):
        return self.timesync_json("wait", "-c", clock, *args, status=status)


class Reader:
    """Reads a clock's bound beside the clock file that is the truth, and counts."""

    def __init__(self, clock_file, truth_file):
        self.library = ctypes.CDLL(LIBRARY)
        self.page = ctypes.c_void_p()
        assert self.library.timesync_open(ctypes.byref(self.page), os.fsencode(clock_file)) == 0
        slot = Path(truth_file).read_bytes()[40:104]  # nobody adjusts it
        _, self.real, self.value, self.drift, self.frequency, _, slew, _ = struct.unpack("8q", slot)
        assert (self.frequency, slew) == (0, 0)
        self.states = [0, 0, 0]
        self.outside = []

    def truth(self, real):
        dt = real - self.real
        return self.value + dt + dt * self.drift // 10**9

    def read(self, times):
        """So often; the truth was somewhere between what it was before and after."""
        interval = bounded_time.Interval()
        reference = ctypes.byref(interval)
        now, page, clock, real = (self.library.timesync_now, self.page, time.clock_gettime_ns,
                                  time.CLOCK_REALTIME)
        for _ in range(times):
            before = clock(real)
            state = now(page, reference)
            after = clock(real)
            self.states[state] += 1
            if (interval.earliest > self.truth(after) + 1
                    or interval.latest < self.truth(before) - 1):
                self.outside.append((state, interval.earliest - self.truth(before),
                                     interval.latest - self.truth(before), after - before))


class TruthTest(NowTest):
    def test_the_truth_is_never_outside(self):
        """While the clock is slewed, after its tracker was killed in a slew, and with another."""
        mine = self.make_clock("3599.95s", "-80")
        track = self.launch_track(mine)
        self.wait_for(mine)
        reader = Reader(mine, self.truth_file)
        for _ in range(4):
            reader.read(READINGS // 5)
            track.stop(signal.SIGKILL)
            self.assertEqual(self.now(mine)["state"], "synchronised")
            reader.read(READINGS // 20)
            track = self.launch_track(mine)
        self.wait_for(mine)
        reader.read(READINGS // 20)
        track.stop()
        self.assertEqual(reader.outside, [])
        self.assertGreaterEqual(sum(reader.states), READINGS)
        self.assertGreater(reader.states[SYNCHRONISED], READINGS // 2)
        self.assertEqual(reader.states[UNKNOWN], 0)

    def test_a_step_of_the_clock_by_hand(self):
        """It moves the clock, and not the truth."""
        mine = self.make_clock("1h")
        track = self.launch_track(mine)
        self.wait_for(mine, "--max-error=1s")
        reader = Reader(mine, self.truth_file)
        self.assertEqual(self.timesync("clock", "adjust", "--step=100ms", mine).status, 0)
        reader.read(1000)
        self.wait_until(lambda: "another program" in track.stderr, "the step is noticed", track)
        line = self.wait_for(mine)  # it is slewed back, which takes minutes
        self.assertGreater(line["clock_error_s"], 0.09)
        reader.read(1000)
        self.assertEqual(reader.outside, [])


class StatesTest(NowTest):
    def test_from_nothing_to_hold_over(self):
        mine = self.make_clock("1h", "50")
        result = self.timesync("now", "-c", mine)
        self.assertEqual(result.status, 1)
        self.assertIn("nobody has published the bound of this clock", result.stderr)
        self.assertEqual(self.timesync("track", *QUICK, "-c", mine, "--count", "8",
                                       self.server).status, 0)
        before = self.now(mine)
        self.assertEqual(before["state"], "hold-over")
        self.assertLess(before["earliest_ns"], before["clock_ns"])
        self.assertLess(before["clock_ns"], before["latest_ns"])
        time.sleep(0.5)
        after = self.now(mine)
        self.assertGreater(after["max_error_s"], before["max_error_s"] + 0.0002)  # 500 ppm
        text = self.timesync("now", "-c", mine)
        self.assertEqual(text.status, 0)
        self.assertRegex(text.stdout, r"^state     hold-over\nearliest  2\d{3}-.* UTC\nlatest  ")

    def test_servers_that_are_not_synchronised(self):
        """UTC is not known then, unless their time is said to be the true one."""
        mine = self.make_clock("1h")
        self.assertEqual(self.timesync("track", "-c", mine, "--count", "1", self.server).status, 0)
        line = self.now(mine, status=1)
        self.assertEqual((line["state"], line["earliest_ns"], line["max_error_s"]),
                         ("unknown", None, None))
        self.assertIn("with an unknown error", self.timesync("now", "-c", mine).stdout)

    def test_silent_servers(self):
        """While they are silent the bound grows, and the clock is in hold-over."""
        mine = self.make_clock("1h")
        daemon = self.start_lone_daemon("-c", self.truth_file)
        track = self.launch_client("track", *QUICK, "-c", mine,
                                   host_port(daemon.addresses["udp"]))
        self.wait_for(mine)
        daemon.stop()
        self.wait_until(lambda: self.now(mine)["state"] == "hold-over", "hold-over", track)
        self.wait_for(mine, "--timeout=300ms", status=1)

    def test_a_page_that_cannot_be_made(self):
        """It is said once, and the clock is kept nevertheless."""
        mine = self.make_clock("1h")
        os.mkdir(f"{mine}.bound")
        result = self.timesync("track", *QUICK, "-c", mine, "--count", "3", self.server)
        self.assertEqual(result.status, 0)
        self.assertEqual(result.stderr.count("programs cannot learn the bound of the clock"), 1)
        self.assertEqual(self.timesync("now", "-c", mine).status, 2)

    def test_a_page_of_another_program(self):
        mine = self.make_clock()
        Path(f"{mine}.bound").write_bytes(b"something else entirely" * 20)
        result = self.timesync("now", "-c", mine)
        self.assertEqual(result.status, 2)


class WaitTest(NowTest):
    def test_until_the_clock_is_good(self):
        """The tracker is started while somebody waits for it already."""
        mine = self.make_clock("3599.999s", "80")
        waiting = self.launch_client("wait", "--json", "-c", mine, "--max-error=200us")
        time.sleep(0.2)
        self.assertIsNone(waiting.status)
        self.launch_track(mine)
        self.assertEqual(waiting.wait(), 0)
        line = self.now(mine)
        self.assertLess(line["clock_error_s"], 0.001)

    def test_giving_up(self):
        mine = self.make_clock("1h")
        result = self.timesync("wait", "-c", mine, "--timeout=100ms")
        self.assertEqual(result.status, 1)
        self.assertIn("nobody has published", result.stderr)
        track = self.launch_track(mine)
        self.wait_for(mine)
        result = self.timesync("wait", "-c", mine, "--max-error=1ns", "--timeout=100ms")
        self.assertEqual(result.status, 1)
        self.assertRegex(result.stderr, r"gave up after 100 ms: the clock is right to within "
                                        r"\S+ [mu]s, which is more than --max-error 1 ns\n")
        track.stop()
        result = self.timesync("wait", "-c", mine, "--timeout=100ms")
        self.assertEqual(result.status, 1)
        self.assertIn("gave up after 100 ms: the clock is not synchronised, its state is hold-over\n",
                      result.stderr)


class LibraryTest(NowTest):
    def test_a_program_links_with_it(self):
        """Only with its header and the library."""
        shutil.copy(ROOT / "lib/timesync_now.h", self.directory)
        binary, library = self.path("bounded"), Path(LIBRARY)
        subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I",
                        self.directory, "-o", binary, ROOT / "tests/foreign/bounded.c",
                        f"-L{library.parent}", "-ltimesync", f"-Wl,-rpath,{library.parent}"],
                       check=True, timeout=60)
        mine = self.make_clock("1h")
        command = [binary, mine]
        none = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((none.returncode, none.stdout), (1, "No such file or directory\n"))
        self.launch_track(mine)
        line = self.wait_for(mine)
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        state, earliest, latest = map(int, said.stdout.split())
        self.assertEqual(state, SYNCHRONISED)
        self.assertLess(line["earliest_ns"], latest)
        self.assertLess(earliest, latest)

    def test_it_exports_its_functions_only(self):
        symbols = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True,
                                 text=True, timeout=60, check=True).stdout
        self.assertEqual({line.split()[2] for line in symbols.splitlines()},
                         {"timesync_open", "timesync_now", "timesync_close"})

    def test_python(self):
        mine = self.make_clock("1h")
        self.launch_track(mine)
        self.wait_for(mine, "--max-error=10ms")
        done = subprocess.run([ROOT / "lab/bounded_time.py", mine], capture_output=True, text=True,
                              timeout=60, check=False, env={**os.environ, "LIBTIMESYNC": LIBRARY})
        self.assertEqual(done.returncode, 0, done)
        self.assertRegex(done.stdout, r"^synchronised, right to within \d+\.\d us\n\d+ is past")

    def test_python_says_what_is_wrong(self):
        mine = self.make_clock()
        for library, args, words in ((LIBRARY, [mine], "start 'timesync track' for it"),
                                     (LIBRARY, [self.path("none")], "'timesync track'"),
                                     (LIBRARY, [mine, mine], "usage:"),
                                     (LIBRARY, ["--help"], "usage:"),
                                     (self.path("nothing.so"), [mine], "install libtimesync")):
            with self.subTest(words):
                done = subprocess.run([ROOT / "lab/bounded_time.py", *args], capture_output=True,
                                      text=True, timeout=60, check=False,
                                      env={**os.environ, "LIBTIMESYNC": library})
                self.assertEqual(done.returncode, 1)
                self.assertIn(words, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
