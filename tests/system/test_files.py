# SPDX-License-Identifier: BSD-3-Clause
"""FIFOs, links and devices in the place of files: nothing hangs, and nothing is written through."""

import os
import subprocess
import unittest

from groups import GroupTest
from harness import SystemTest, host_port, program

QUICK = ("--interval", "250ms..500ms", "--timeout", "200ms", "--count", "2")
NOT_REGULAR = "no regular file|not a regular file"


class FifoTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.server = host_port(self.start_lone_daemon().addresses["udp"])
        self.mine = self.make_clock("5ms", name="mine")
        self.fifo = self.path("fifo")
        os.mkfifo(self.fifo)

    def assert_refused(self, *args):
        result = self.timesync(*args)
        self.assertEqual(result.status, 2, result)
        self.assertRegex(result.stderr, NOT_REGULAR)

    def test_the_client(self):
        for args in (["clock", "show", self.fifo], ["clock", "adjust", self.fifo, "--step=1s"],
                     ["query", "-c", self.fifo, self.server],
                     ["sync", "-c", self.fifo, self.server], ["report", self.fifo]):
            with self.subTest(args):
                self.assert_refused(*args)

    def test_the_log(self):
        result = self.timesync("track", *QUICK, "-c", self.mine, "--log", self.fifo, self.server)
        self.assertNotEqual(result.status, 0, result)
        self.assertIn(self.fifo, result.stderr)

    def test_the_picture(self):
        picture = self.path("picture.svg")
        os.mkfifo(picture)
        result = self.timesync("compare", "-c", self.mine, "--plot", picture, self.server)
        self.assertNotEqual(result.status, 0, result)
        self.assertRegex(result.stderr, "regular file|no gnuplot")

    def test_the_drift_file(self):
        for other in (self.fifo, "/dev/zero"):
            with self.subTest(other):
                result = self.timesync("track", *QUICK, "-c", self.mine, "--drift-file", other,
                                       self.server)
                self.assertIn(other, result.stderr)
                self.assertRegex(result.stderr, "regular file")

    def test_what_is_to_become_the_drift_file(self):
        drift, letter = self.path("drift"), self.path("letter")
        for make in (os.mkfifo, lambda path: os.symlink(letter, path)):
            with open(letter, "w", encoding="ascii") as file:
                file.write("dear reader")
            make(drift + ".new")
            result = self.timesync("track", *QUICK, "-c", self.mine, "--drift-file", drift,
                                   self.server)
            self.assertEqual((result.status, result.stderr), (0, ""), result)
            with open(letter, encoding="ascii") as file:
                self.assertEqual(file.read(), "dear reader")

    def test_the_daemon(self):
        for args in (["-c", self.fifo], ["--pid-file", self.fifo]):
            with self.subTest(args):
                daemon = self.launch_daemon("--no-rpcbind", *args)
                self.assertEqual(daemon.wait(), 1)
                self.assertRegex(daemon.stderr, NOT_REGULAR)


class GroupFilesTest(GroupTest):
    def test_key_and_state(self):
        members = self.members(2)
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        for args, key in (((), fifo), (("--group-state", fifo), None)):
            with self.subTest(args=args, key=key):
                daemon = self.start_member(0, members, *args, key=key, check=False)
                self.assertEqual(daemon.wait(), 1, daemon.stderr)
                self.assertRegex(daemon.stderr, NOT_REGULAR)

    def test_a_key_is_not_written_into_a_fifo(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        done = subprocess.run([program("timesync"), "group", "keygen", fifo], timeout=20,
                              capture_output=True, check=False)
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
