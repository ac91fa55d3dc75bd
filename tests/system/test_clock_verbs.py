# SPDX-License-Identifier: BSD-3-Clause
"""timesync clock create, show and adjust; and the files that every program must refuse."""

import os
import time
import unittest

from harness import SystemTest, host_port, ns

SECOND_NS = 10**9


class ClockVerbTest(SystemTest):
    def adjust(self, path, *args):
        result = self.timesync("clock", "adjust", path, *args)
        self.assertEqual(result.status, 0, result)


class CreateAndShowTest(ClockVerbTest):
    def test_a_new_clock_is_the_system_clock(self):
        path = self.path("clock")
        self.assertEqual(self.timesync("clock", "create", path).status, 0)
        self.assertEqual(self.clock_offset_ns(path), 0)

    def test_offset_is_positive_when_it_is_ahead(self):
        for text, value in (("2.5s", 2_500_000_000), ("-2.5s", -2_500_000_000), ("10ns", 10),
                            ("-3us", -3000), ("1.000000001", SECOND_NS + 1),
                            ("1h", 3600 * SECOND_NS)):
            with self.subTest(text):
                shown = self.clock(self.make_clock(text, name=text))
                self.assertEqual(ns(shown["ahead_s"]), value)
                self.assertEqual(ns(shown["slew_left_s"]), 0)
                self.assertEqual(float(shown["gain_ppm"]), 0)

    def test_drift(self):
        for text, ppm in (("50", 50), ("-0.25", -0.25), ("0.001", 0.001)):
            with self.subTest(text):
                shown = self.clock(self.make_clock(drift=text, name=text))
                self.assertEqual(float(shown["gain_ppm"]), ppm)

    def test_a_drifting_clock_gains_what_it_should(self):
        before_create = time.clock_gettime_ns(time.CLOCK_REALTIME)
        path = self.make_clock(drift="100000")
        after_create = time.clock_gettime_ns(time.CLOCK_REALTIME)
        for _ in range(5):
            before = time.clock_gettime_ns(time.CLOCK_REALTIME)
            offset = self.clock_offset_ns(path)
            after = time.clock_gettime_ns(time.CLOCK_REALTIME)
            self.assertLessEqual((before - after_create) // 10, offset)
            self.assertLessEqual(offset, (after - before_create) // 10 + 1)

    def test_words_for_people(self):
        result = self.timesync("clock", "show", self.make_clock("-2.5s", drift="50"))
        self.assertEqual(result.status, 0, result)
        for word in (r"2\.(5|499)", "behind|slow", r"50(\.000)? ppm"):
            self.assertRegex(result.stdout, word)

    def test_an_existing_file_is_left_alone(self):
        path = self.path("letter")
        with open(path, "w", encoding="ascii") as file:
            file.write("dear reader")
        result = self.timesync("clock", "create", path)
        self.assertNotEqual(result.status, 0)
        self.assertIn(path, result.stderr)
        self.assertIn("exist", result.stderr)
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "dear reader")

    def test_where_no_file_can_be(self):
        result = self.timesync("clock", "create", self.path("no-such-directory/clock"))
        self.assertNotEqual(result.status, 0)
        self.assertIn("no-such-directory", result.stderr)
        self.assertEqual(os.listdir(self.directory), [])

    def test_names_that_no_file_can_have(self):
        for args, word in ((["create", ""], "FILE is missing"),
                           (["show", ""], "FILE is missing"),
                           (["show", "x" * 300], "too long"),
                           (["show", "/dev/null/clock"], "not a directory")):
            with self.subTest(args):
                result = self.timesync("clock", *args)
                self.assertEqual(result.status, 2, result)
                self.assertIn(word, result.stderr)

    def test_usage(self):
        path = self.path("clock")
        for args in (["create"], ["show"], ["adjust"], ["frobnicate", path], [],
                     ["create", path, "--offset=soon"], ["create", path, "--drift=fast"],
                     ["create", path, "--drift=100001"], ["create", path, path], ["adjust", path],
                     ["create", path, "--offset=-1000000h"]):
            with self.subTest(args):
                result = self.timesync("clock", *args)
                self.assertEqual(result.status, 2, result)
                self.assertTrue(result.stderr)
        self.assertEqual(os.listdir(self.directory), [])


class AdjustTest(ClockVerbTest):
    def setUp(self):
        super().setUp()
        self.clock_path = self.make_clock("1s")

    def test_offset_puts_it_there(self):
        self.adjust(self.clock_path, "--offset=-250ms")
        self.assertEqual(self.clock_offset_ns(self.clock_path), -250_000_000)

    def test_step_adds(self):
        self.adjust(self.clock_path, "--step=-400ms")
        self.adjust(self.clock_path, "--step=1ns")
        self.assertEqual(self.clock_offset_ns(self.clock_path), 600_000_001)

    def test_drift_does_not_jump(self):
        self.adjust(self.clock_path, "--drift=-100")
        shown = self.clock(self.clock_path)
        self.assertEqual(float(shown["gain_ppm"]), -100)
        self.assertAlmostEqual(ns(shown["ahead_s"]), SECOND_NS, delta=2_000_000)

    def test_frequency_is_apart_from_the_rate(self):
        self.adjust(self.clock_path, "--drift=80", "--frequency=-79.999")
        shown = self.clock(self.clock_path)
        self.assertEqual((shown["gain_ppm"], shown["frequency_ppm"]), (80, -79.999))
        people = self.timesync("clock", "show", self.clock_path)
        self.assertIn("corrected by -79.999 ppm", people.stdout)
        before = self.clock_offset_ns(self.clock_path)
        time.sleep(0.1)
        self.assertLess(self.clock_offset_ns(self.clock_path) - before, 1000)  # 8000 without it
        for ppm in ("100000.001", "-100001"):
            refused = self.timesync("clock", "adjust", self.clock_path, f"--frequency={ppm}")
            self.assertEqual(refused.status, 2, refused)
            self.assertIn("at most 100000", refused.stderr)
        self.assertEqual(self.clock(self.clock_path)["frequency_ppm"], -79.999)

    def test_a_change_that_fails_is_named_and_so_are_those_before_it(self):
        refused = self.timesync("clock", "adjust", self.clock_path, "--offset=2s", "--drift=3",
                                "--slew=1000000h", "--step=-1000000h")
        self.assertEqual(refused.status, 2, refused)
        self.assertIn("--step: the clock would leave the range that it can show; --drift has been "
                      "done; --offset has been done\n", refused.stderr)
        shown = self.clock(self.clock_path)
        self.assertEqual(float(shown["gain_ppm"]), 3)
        self.assertAlmostEqual(ns(shown["ahead_s"]), 2 * SECOND_NS, delta=SECOND_NS // 100)
        self.assertEqual(shown["slew_left_s"], 0)

    def test_slew_is_gradual_and_arrives(self):
        self.adjust(self.clock_path, "--slew=100us")  # 0.2 s at 500 ppm
        shown = self.clock(self.clock_path)
        self.assertLessEqual(0, ns(shown["slew_left_s"]))
        total = ns(shown["ahead_s"]) + ns(shown["slew_left_s"])
        self.assertAlmostEqual(total, SECOND_NS + 100_000, delta=2)
        self.wait_until(lambda: ns(self.clock(self.clock_path)["slew_left_s"]) == 0,
                        "the slew ends")
        self.assertEqual(self.clock_offset_ns(self.clock_path), SECOND_NS + 100_000)

    def test_the_running_daemon_sees_it(self):
        daemon = self.start_lone_daemon("-c", self.clock_path)
        server = host_port(daemon.addresses["udp"])
        self.assert_within_bound(self.timesync_json("query", server), SECOND_NS)
        self.adjust(self.clock_path, "--offset=-1h")
        self.assert_within_bound(self.timesync_json("query", server), -3600 * SECOND_NS)


class DamagedFileTest(SystemTest):
    """Refused by every program with a reason, and never written to."""

    def damaged(self):
        with open(self.make_clock("1s", name="good"), "rb") as file:
            good = file.read()
        yield "empty", b""
        yield "truncated", good[:len(good) // 2]
        yield "one byte short", good[:-1]
        yield "foreign", b"#!/bin/sh\necho hello\n" * 100
        yield "zeros", bytes(len(good))
        yield "first byte", bytes([good[0] ^ 1]) + good[1:]

    def assert_refused(self, argv, path, content):
        result = self.timesync(*argv)
        self.assertNotEqual(result.status, 0, result)
        self.assertIn(path, result.stderr)
        self.assertEqual(result.stdout, "")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), content)

    def test_damaged_files(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        for what, content in self.damaged():
            path = self.path(what)
            with open(path, "wb") as file:
                file.write(content)
            for argv in (["clock", "show", path], ["clock", "adjust", path, "--step=1s"],
                         ["query", "-c", path, server], ["sync", "-c", path, server]):
                with self.subTest(what=what, argv=argv):
                    self.assert_refused(argv, path, content)
            with self.subTest(what=what, program="timesyncd"):
                daemon = self.launch_daemon("--no-rpcbind", "-c", path)
                self.assertEqual(daemon.wait(), 1)
                self.assertIn(path, daemon.stderr)

    def test_no_file(self):
        path = self.path("missing")
        for argv in (["clock", "show", path], ["clock", "adjust", path, "--step=1s"],
                     ["query", "-c", path, "127.0.0.1:9"], ["sync", "-c", path, "127.0.0.1:9"]):
            with self.subTest(argv):
                result = self.timesync(*argv)
                self.assertNotEqual(result.status, 0)
                self.assertIn(path, result.stderr)
                self.assertFalse(os.path.exists(path))

    def test_a_directory(self):
        result = self.timesync("clock", "show", self.directory)
        self.assertNotEqual(result.status, 0)
        self.assertIn(self.directory, result.stderr)


if __name__ == "__main__":
    unittest.main()
