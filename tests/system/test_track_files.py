# SPDX-License-Identifier: BSD-3-Clause
"""timesync track keeps time whatever becomes of its drift file and of its log."""

import json
import os
import resource
import subprocess
import unittest
from pathlib import Path

from harness import SystemTest, host_port, program

QUICK = ("--interval", "250ms", "--timeout", "200ms")


class FilesTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.server = host_port(self.start_lone_daemon().addresses["udp"])
        self.clock_file = self.make_clock()

    def track(self, *args, count=1, server=None, clock=None):
        return self.timesync("track", *QUICK, "--json", "-c", clock or self.clock_file, "--count",
                             str(count), *args, server or self.server)


class DriftTest(FilesTest):
    def begin_with(self, text, count=1):
        """The rate that it starts with, and its messages."""
        path = Path(self.path("drift"))
        path.write_bytes(text)
        clock = self.make_clock(name=os.urandom(4).hex())
        result = self.track("--drift-file", path, count=count, clock=clock)
        self.assertEqual(result.status, 0, result)
        return result.json_lines[0]["rate_ppm"], result.stderr

    def test_what_others_write(self):
        for text, rate in ((b"-12.345678\n", -12.346), (b"  7.5\r\n\r\n", 7.5),
                           (b"7.5 ppm\n", 7.5),
                           (b"           -2.123456             0.012345\n", 2.123)):
            with self.subTest(text):
                found, said = self.begin_with(text)
                self.assertAlmostEqual(found, rate, delta=0.01)
                self.assertEqual(said, "")

    def test_what_a_crash_leaves_is_unknown(self):
        for text in (b"", b"\n", bytes(4096), b"7.5" + bytes(9)):
            with self.subTest(text):
                found, said = self.begin_with(text, count=6)
                self.assertIsNone(found)
                self.assertRegex(said, r"drift' holds no rate: .*; starting without a rate\n\Z")
                float(Path(self.path("drift")).read_text(encoding="ascii").split()[0])

    def test_what_is_no_drift_file_is_left_alone(self):
        for text in (b"data\n", b"12,5\n", b"nan\n", b"99999999\n", b"7\0data"):
            with self.subTest(text):
                found, said = self.begin_with(text)
                self.assertIsNone(found)
                self.assertIn("is not a drift file and is left alone", said)
                self.assertEqual(Path(self.path("drift")).read_bytes(), text)

    def test_one_that_cannot_be_written_is_a_warning(self):
        path = self.path("missing/drift")
        result = self.track("--drift-file", path, count=3)
        self.assertEqual((result.status, len(result.json_lines)), (0, 3), result)
        self.assertEqual(result.stderr, f"timesync track: {path}: No such file or directory; the clock is still kept, but its rate is not saved\n")

    def test_what_is_no_regular_file_is_refused_at_once(self):
        fifo, directory = self.path("fifo"), self.path("directory")
        os.mkfifo(fifo)
        os.mkdir(directory)
        for path in (fifo, directory, "/dev/null"):
            with self.subTest(path):
                result = self.track("--drift-file", path)
                self.assertEqual(result.status, 2, result)
                self.assertIn(f"'{path}' is not a regular file", result.stderr)

    def test_a_symbolic_link_is_followed(self):
        for name, text in (("there", "3.000\n"), ("nowhere", None)):
            target, link = Path(self.path(name)), Path(self.path(f"link to {name}"))
            if text:
                target.write_text(text, encoding="ascii")
            link.symlink_to(name)
            self.assertEqual(self.track("--drift-file", link, count=6).status, 0)
            self.assertTrue(link.is_symlink())
            self.assertFalse(target.is_symlink())
            float(target.read_text(encoding="ascii").split()[0])

    def test_what_lies_in_the_way_of_the_new_file(self):
        path = self.path("drift")
        os.mkdir(path + ".new")
        result = self.track("--drift-file", path)
        self.assertEqual((result.status, len(result.json_lines)), (0, 1), result)
        self.assertIn("the clock is still kept, but its rate is not saved", result.stderr)
        os.rmdir(path + ".new")
        os.mkfifo(path + ".new")
        self.assertEqual(self.track("--drift-file", path, count=6).stderr, "")
        float(Path(path).read_text(encoding="ascii").split()[0])


class LogTest(FilesTest):
    def test_one_that_cannot_be_written(self):
        for path, why in (("/dev/full", "No space left on device"),
                          (self.path("missing/log"), "No such file or directory")):
            with self.subTest(path):
                result = self.track("--log", path, count=3)
                self.assertEqual((result.status, len(result.json_lines)), (2, 3), result)
                self.assertEqual(result.stderr, f"timesync track: {path}: {why}; the clock is still kept, but the log is incomplete\n")

    def test_a_fifo_is_not_waited_for(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        result = self.track("--log", fifo)
        self.assertEqual((result.status, len(result.json_lines)), (2, 1), result)

    def test_a_directory(self):
        result = self.track("--log", self.directory)
        self.assertEqual(result.status, 2, result)
        self.assertIn("is a directory", result.stderr)

    def test_a_disk_that_is_full_for_a_while(self):
        """Only whole lines, and it goes on when there is room: a limit plays the disk."""
        log = Path(self.path("log"))
        track = self.launch_client("track", *QUICK, "-c", self.clock_file, "--log", log,
                                   self.server)
        self.wait_until(lambda: track.stdout.count("\n") >= 1, "it logs", track)
        resource.prlimit(track.pid, resource.RLIMIT_FSIZE, (log.stat().st_size + 1500, 1 << 30))
        self.wait_until(lambda: "the log is incomplete" in track.stderr, "it is full", track)
        seen = track.stdout.count("\n")
        self.wait_until(lambda: track.stdout.count("\n") >= seen + 3, "it goes on", track)
        full = log.read_bytes()
        self.assertTrue(full.endswith(b"}\n"), full[-80:])
        resource.prlimit(track.pid, resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
        self.wait_until(lambda: "is written again" in track.stderr, "there is room", track)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertEqual(track.stderr.count("\n"), 2, track.stderr)
        self.assertTrue(log.read_bytes().startswith(full))
        self.assertGreater(len([json.loads(line) for line in log.open(encoding="ascii")]),
                           full.count(b"\n"))

    def test_one_that_is_copied_and_truncated(self):
        log = Path(self.path("log"))
        track = self.launch_client("track", *QUICK, "-c", self.clock_file, "--log", log,
                                   self.server)
        self.wait_until(lambda: track.stdout.count("\n") >= 2, "it logs", track)
        os.truncate(log, 0)
        self.wait_until(lambda: log.read_bytes().count(b"\n") >= 2, "it goes on", track)
        self.assertEqual(track.stop(), 0, track.stderr)
        for line in log.read_text(encoding="ascii").splitlines():
            json.loads(line)

    def test_standard_output_that_is_full(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [program("timesync"), "track", *QUICK, "-c", self.clock_file, "--count", "3",
                 "--log", self.path("log"), self.server], stdout=full, stderr=subprocess.PIPE,
                text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2, done)
        self.assertEqual(done.stderr.count("standard output: No space left on device"), 1, done)
        self.assertEqual(Path(self.path("log")).read_bytes().count(b"\n"), 3)


if __name__ == "__main__":
    unittest.main()
