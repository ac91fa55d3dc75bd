# SPDX-License-Identifier: BSD-3-Clause
"""timesync check: one line, a status and performance data as monitoring plugins have them."""

import re
import subprocess

from harness import DEADLINE_S, SystemTest, host_port, program

LINE = re.compile(r"TIMESYNC (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+)(?: \| ([^|\n]+))?\n")
NAMES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
# 'label'=value[UOM];[warn];[crit];[min];[max] of the plugins' guidelines
DATUM = re.compile(r"(\w+)=(-?[\d.]+)(s?)(?:;([-:\d.]*)){0,4}")


class CheckTest(SystemTest):
    def check(self, *args):
        """(status, text, {label: value}) of the one line that is printed."""
        result = self.timesync("check", *args)
        line = LINE.fullmatch(result.stdout)
        self.assertTrue(line, result)
        self.assertEqual(NAMES[result.status], line[1], result)
        data = {}
        for word in (line[3] or "").split():
            datum = DATUM.fullmatch(word)
            self.assertTrue(datum, word)
            data[datum[1]] = float(datum[2])
        return result.status, line[2], data

    def server(self, *args, name="served", offset="0"):
        clock = self.make_clock(offset, name=name)
        return host_port(self.start_lone_daemon("-c", clock, *args).addresses["udp"])

    def test_limits(self):
        server = self.server("--local", "1ms")
        for offset, status in (("0", 0), ("-50ms", 1), ("50ms", 1), ("-2s", 2), ("2s", 2)):
            with self.subTest(offset):
                clock = self.make_clock(offset, name=f"at{offset}")
                got, text, data = self.check("-c", clock, server)
                self.assertEqual(got, status)
                self.assertIn("by 1 of 1 server", text)
                self.assertEqual(set(data), {"offset", "max_error", "servers"})
                ahead = float(offset.removesuffix("s").removesuffix("m")) / (
                    1000 if "m" in offset else 1)
                self.assertLessEqual(abs(data["offset"] + ahead), data["max_error"])

    def test_limits_of_ones_own(self):
        server = self.server("--local", "0")
        clock = self.make_clock("-50ms", name="slow")
        self.assertEqual(self.check("-c", clock, "--warn=1s", "--crit=2s", server)[0], 0)
        self.assertEqual(self.check("-c", clock, "--warn=1ms", "--crit=2ms", server)[0], 2)

    def test_servers_that_are_not_synchronised_are_warned_of(self):
        server = self.server()
        clock = self.make_clock(name="mine")
        status, text, _ = self.check("-c", clock, server)
        self.assertEqual(status, 1)
        self.assertIn("not synchronised itself", text)
        self.assertEqual(self.check("-c", clock, "--allow-unsynchronised", server)[0], 0)

    def test_a_bound_that_is_too_large_decides_nothing(self):
        clock = self.make_clock(name="served")
        daemon = self.start_lone_daemon("-c", clock, "--local", "0")
        relay = self.start_relay(daemon.addresses["udp"], "--delay", "50ms")
        mine = self.make_clock(name="mine")
        status, text, _ = self.check("-c", mine, "--crit", "20ms", host_port(relay.address))
        self.assertEqual(status, 3, text)
        self.assertIn("too inexact", text)

    def test_a_server_that_claims_little_decides_little(self):
        server = self.server("--local", "10s")
        for offset, wanted in (("0", 3), ("5s", 3), ("20s", 2)):
            with self.subTest(offset):
                clock = self.make_clock(offset, name=f"at{offset}")
                status, text, _ = self.check("-c", clock, server)
                self.assertEqual(status, wanted, text)
                self.assertEqual("by its own claim" in text, wanted == 3, text)

    def test_a_line_that_is_lost(self):
        server = self.server("--local", "1ms")
        clock = self.make_clock(name="mine")
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([program("timesync"), "check", "-c", clock, server], stdout=full,
                                  stderr=subprocess.PIPE, timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 3, done)

    def test_no_answer_is_critical(self):
        status, text, data = self.check("--timeout=200ms", "127.0.0.1:9")
        self.assertEqual((status, data), (2, {}))
        self.assertIn("127.0.0.1", text)

    def test_servers_that_contradict_each_other_are_critical(self):
        servers = [self.server(name="one"), self.server(name="two", offset="1h")]
        self.assertEqual(self.check("-c", self.make_clock(name="mine"), *servers)[0], 2)

    def test_what_servers_admit_is_no_contradiction(self):
        """Two clocks 40 ms apart: by their servers' word off by up to 30 ms, or by only 10 ms."""
        for admitted, status in (("30ms", 0), ("10ms", 2)):
            servers = [self.server("--local", admitted, name=f"{name}-{admitted}", offset=offset)
                       for name, offset in (("one", "-20ms"), ("two", "20ms"))]
            mine = self.make_clock(name=f"mine-{admitted}")
            with self.subTest(admitted):
                self.assertEqual(self.check("-c", mine, *servers)[0], status)
                result = self.timesync("query", "-c", mine, *servers)
                self.assertEqual(result.status, 3 if status else 0, result)
                self.assertEqual("claims " in result.stdout, status == 0, result)

    def test_a_majority_decides(self):
        servers = [self.server("--local", "0", name=name, offset=offset)
                   for name, offset in (("one", "0"), ("two", "0"), ("three", "1h"))]
        status, text, data = self.check("-c", self.make_clock(name="mine"), *servers)
        self.assertEqual(status, 0)
        self.assertIn("by 2 of 3 servers", text)
        self.assertEqual(data["servers"], 3)

    def test_what_cannot_be_checked_is_unknown(self):
        for args in (["--warn", "1s", "--crit", "1ms"], ["--warn", "soon"], ["--nonsense"],
                     ["-c", self.path("none")], ["a b:c"]):
            with self.subTest(args):
                self.assertEqual(self.check(*args)[0], 3)

    def test_a_name_cannot_end_the_text_early(self):
        status, text, _ = self.check("--timeout=100ms", "a|b")
        self.assertIn(status, (2, 3))
        self.assertNotIn("|", text)
