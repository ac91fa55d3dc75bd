# SPDX-License-Identifier: BSD-3-Clause
"""timesync track feeds chronyd with good samples only, and survives its restarts."""

import os
import re
import shutil
import socket
import struct
import time
import unittest
from pathlib import Path

import rawrpc
from fakeserver import FakeServer, stamps
from harness import SBIN, SystemTest, host_port

QUICK = ("--interval", "250ms", "--timeout", "200ms")
MS = 1_000_000
NONE, INSERT, UNKNOWN = 0, 1, 4  # of leap seconds, as timesync.x numbers them
MANUAL = Path(__file__).resolve().parent.parent.parent / "man/timesync-track.1"


def chrony(name):
    """The system's, or the one that was fetched for the tests; it is never run without -x."""
    sub = {"chronyd": "usr/sbin", "chronyc": "usr/bin"}[name]
    here = Path(os.environ["TIMESYNC_BUILD"]) / "chrony" / sub / name
    path = shutil.which(name, path=SBIN) or (str(here) if here.exists() else None)
    if not path:
        raise FileNotFoundError(f"there is no {name}: tests/bench/get-chronyd fetches one")
    return path


class FeedTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.sock = self.path("sock")

    def start_server(self, synchronised=True, leap=NONE, late_s=lambda n: 0):
        """A server that says so of its clock, and answers round n so late."""
        def answer(call, n):
            reply = stamps(call)
            time.sleep(late_s(n))
            return [reply]

        def other(call):
            if struct.unpack_from(">I", call, 20) == (rawrpc.GET_TIME,):
                return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(
                    ">qqii", time.time_ns(), MS, synchronised, leap))
            return rawrpc.accepted(rawrpc.xid_of(call))

        server = FakeServer(answer, other)
        self.addCleanup(server.close)
        return host_port(server.address)

    def listen(self):
        """Play chronyd."""
        sink = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sink.close)
        sink.bind(self.sock)
        sink.settimeout(20)
        return sink

    @staticmethod
    def sample(sink):
        """(offset, leap) of the next sample."""
        seconds, us, offset, pulse, leap, _pad, magic = struct.unpack("qqdiiii", sink.recv(100))
        if (pulse, magic) != (0, 0x534F434B) or abs(seconds + us / 1e6 - time.time()) > 60:
            raise ValueError("no sample of chronyd's")
        return offset, leap

    def feed(self, *args, count=1, status=0):
        """The fate of each poll, and the messages."""
        result = self.timesync("track", *QUICK, "--json", "--chrony-sock", self.sock, "--count",
                               str(count), *args)
        self.assertEqual(result.status, status, result)
        return [poll["chronyd"] for poll in result.json_lines], result.stderr

    def launch(self, *args):
        return self.launch_client("track", *QUICK, "--chrony-sock", self.sock, *args)


class WorthTest(FeedTest):
    def assert_nothing_came(self, sink):
        sink.setblocking(False)
        self.assertRaises(BlockingIOError, sink.recv, 100)

    def test_a_server_that_is_synchronised(self):
        sink = self.listen()
        self.assertEqual(self.feed(self.start_server(), count=2), (["fed"] * 2, ""))
        for _ in range(2):
            offset, leap = self.sample(sink)
            self.assertLess(abs(offset), 0.1)
            self.assertEqual(leap, NONE)

    def test_one_that_is_not(self):
        sink = self.listen()
        fed, said = self.feed(self.start_server(False, UNKNOWN), count=3, status=1)
        self.assertEqual(fed, ["unsynchronised"] * 3)
        self.assertEqual(said.count("no majority of the servers is synchronised"), 1)
        self.assertIn("nothing was fed to chronyd\n", said)
        self.assert_nothing_came(sink)

    def test_one_that_is_not_and_may_be_fed(self):
        sink = self.listen()
        self.assertEqual(self.feed("--allow-unsynchronised", self.start_server(False, UNKNOWN)),
                         (["fed"], ""))
        self.assertEqual(self.sample(sink)[1], NONE)

    def test_what_is_not_known_of_leap_seconds_is_not_sent_as_none(self):
        sink = self.listen()
        fed, said = self.feed(self.start_server(True, UNKNOWN), status=1)
        self.assertEqual(fed, ["leap-unknown"])
        self.assertIn("the servers do not know the leap second status, so nothing is fed to chronyd", said)
        self.assert_nothing_came(sink)

    def test_the_majority_of_those_that_know(self):
        for leaps, expected in (((INSERT, NONE, NONE), NONE), ((NONE, INSERT, INSERT), INSERT),
                                ((UNKNOWN, UNKNOWN, INSERT), INSERT)):
            with self.subTest(leaps):
                sink = self.listen()
                self.feed(*(self.start_server(True, leap) for leap in leaps))
                self.assertEqual(self.sample(sink)[1], expected)
                os.unlink(self.sock)

    def test_the_majority_says_whether_it_is_synchronised(self):
        self.listen()
        for words, expected in (((False, True, True), "fed"),
                                ((True, False, False), "unsynchronised")):
            with self.subTest(words):
                fed, _ = self.feed(*(self.start_server(word) for word in words),
                                   status=0 if expected == "fed" else 1)
                self.assertEqual(fed, [expected])

    def test_a_poll_that_is_far_worse_than_the_others(self):
        """All eight rounds of the third poll are late."""
        sink = self.listen()
        server = self.start_server(late_s=lambda n: 0.1 if 16 <= n < 24 else 0.005)
        fed, _ = self.feed(server, count=5)
        self.assertEqual(fed, ["fed", "fed", "wide", "fed", "fed"])
        self.assertEqual([abs(self.sample(sink)[0]) < 0.02 for _ in range(4)], [True] * 4)


class AbsenceTest(FeedTest):
    def test_it_is_started_before_chronyd_and_outlives_it(self):
        track = self.launch(self.start_server())
        self.wait_until(lambda: track.stdout.count("\n") >= 3, "it polls", track)
        for _ in range(2):
            sink = self.listen()
            self.sample(sink)
            self.wait_until(lambda: "fed again" in track.stderr, "it says so", track)
            sink.close()
            seen = track.stdout.count("there is no chronyd")
            self.wait_until(lambda: track.stdout.count("there is no chronyd") > seen + 1,
                            "nobody listens", track)
            os.unlink(self.sock)
        self.sample(self.listen())
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertLessEqual(track.stderr.count("no chronyd listens there"), 3, track.stderr)
        self.assertGreaterEqual(track.stdout.count("there is no chronyd"), 5)

    def test_without_one(self):
        fed, said = self.feed(self.start_server(), count=2, status=1)
        self.assertEqual(fed, ["no-chronyd"] * 2)
        self.assertEqual(said.count(f"{self.sock}: No such file or directory: no chronyd listens "
                                    f"there; waiting for it, with 'refclock SOCK {self.sock}' in "
                                    "its configuration"), 1, said)

    def test_one_that_does_not_read(self):
        sink = self.listen()
        track = self.launch(self.start_server())
        self.wait_until(lambda: "chronyd does not read its samples" in track.stderr,
                        "the queue is full", track)
        seen = track.stdout.count("\n")
        self.wait_until(lambda: track.stdout.count("\n") >= seen + 3, "it goes on", track)
        self.sample(sink)
        self.wait_until(lambda: "fed again" in track.stderr, "there is room", track)
        self.assertEqual(track.stop(), 0, track.stderr)


class ChronydTest(FeedTest):
    """A real one takes our measurements, and selects them. It runs with -x: it sets nothing."""

    def start_chronyd(self, refclock):
        conf = Path(self.path("chrony.conf"))
        conf.write_text(f"{refclock}\npidfile {self.path('pid')}\ncmdport 0\nport 0\n"
                        f"bindcmdaddress {self.path('command')}\nuser root\nmakestep 1 0\n",
                        encoding="ascii")
        chronyd = self.start([chrony("chronyd"), "-x", "-d", "-f", conf])
        self.wait_until(lambda: os.path.exists(self.sock), "chronyd listens", chronyd)
        return chronyd

    def selected(self, chronyd, *processes):
        self.wait_until(lambda: re.search("Selected source TSYN", chronyd.stdout + chronyd.stderr),
                        "chronyd selects us", chronyd, *processes)

    def test_it_selects_us_and_again_after_a_restart(self):
        refclock = f"refclock SOCK {self.sock} refid TSYN poll 0 filter 1"
        chronyd = self.start_chronyd(refclock)
        track = self.launch(self.start_server())
        self.selected(chronyd, track)
        self.assertEqual(chronyd.stop(), 0)
        self.selected(self.start_chronyd(refclock), track)
        self.assertEqual(track.stop(), 0, track.stderr)
        self.assertNotIn("stepped", track.stdout)

    def test_with_the_manuals_line_it_does_not_exaggerate(self):
        """Neither its stratum nor how near it says to be; only the poll is a quicker one here."""
        (line,) = re.findall(r"^refclock SOCK .*$", MANUAL.read_text(encoding="utf-8"), re.M)
        line, n = re.subn(r"SOCK \S+", f"SOCK {self.sock}", line)
        line, polls = re.subn(r"poll \d+", "poll 0", line)
        self.assertEqual((n, polls), (1, 1))
        for word in ("delay", "stratum", "filter"):
            self.assertIn(f" {word} ", line)
        chronyd = self.start_chronyd(line)
        track = self.launch(self.start_server())
        self.selected(chronyd, track)
        said = self.start([chrony("chronyc"), "-h", self.path("command"), "-c", "tracking"])
        self.assertEqual(said.wait(), 0, said.stderr)
        fields = said.stdout.strip().split(",")
        stratum = int(re.search(r" stratum (\d+)", line)[1])
        delay_s = float(re.search(r" delay (\S+)", line)[1])
        self.assertEqual(int(fields[2]), stratum + 1, said.stdout)
        self.assertGreaterEqual(float(fields[10]), delay_s, said.stdout)
        self.assertEqual(track.stop(), 0, track.stderr)


if __name__ == "__main__":
    unittest.main()
