# SPDX-License-Identifier: BSD-3-Clause
"""timesync query again and again: its formats, its log and summary, and the report on the log."""

import csv
import io
import json
import re
import signal
import statistics
import unittest
from pathlib import Path

from harness import SystemTest, host_port, ns, program

NOWHERE = "127.0.0.1:9"


class SeriesTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()
        self.server = host_port(self.daemon.addresses["udp"])
        self.mine = self.make_clock("-40ms")
        self.log = self.path("log")

    def query(self, *args, status=0):
        result = self.timesync("query", "-c", self.mine, "-i", "250ms", *args)
        self.assertEqual(result.status, status, result)
        return result

    def logged(self):
        return [json.loads(line) for line in
                Path(self.log).read_text(encoding="ascii").splitlines()]


class FormatTest(SeriesTest):
    def test_a_table(self):
        lines = self.query("--count=3", self.server).stdout.splitlines()
        self.assertRegex(lines[0], rf"^{self.server}, \d{{4}}-\d\d-\d\d, times in UTC$")
        self.assertRegex(lines[1], r"^time +local clock is +\+/- +round trip +lost$")
        rows = [line for line in lines if re.match(r"\d\d:\d\d:\d\d\.\d{3}  ", line)]
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertRegex(row, r"  (39|40)\.\d{3} ms slow +\S+ \S+ +\S+ \S+ +0$")

    def test_a_line(self):
        lines = self.query("--count=2", "--format=line", self.server).stdout.splitlines()
        for line in lines[:2]:
            self.assertRegex(line, rf"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ {self.server} "
                                   r"\S+ ms slow \+/- \S+ \S+ rtt \S+ \S+$")

    def test_comma_separated_values(self):
        result = self.query("--count=2", "--format=csv", self.server, NOWHERE, status=1)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual([(r["number"], r["host"]) for r in rows],
                         [(n, h) for n in "12" for h in ("127.0.0.1", "127.0.0.1", "together")])
        self.assertAlmostEqual(float(rows[0]["offset_s"]), 0.04, delta=0.01)
        self.assertEqual((rows[0]["rounds"], rows[0]["lost"], rows[0]["error"]), ("5", "0", ""))
        self.assertIn("refused", rows[1]["error"])
        self.assertEqual(rows[1]["offset_s"], "")
        self.assertIn("\nmean ", result.stderr)  # the summary

    def test_once_in_each_format(self):
        for name, lines in (("table", 3), ("line", 1), ("csv", 2), ("classic", 3)):
            result = self.timesync("query", "-c", self.mine, "--format", name, self.server)
            self.assertEqual((result.status, len(result.stdout.splitlines())), (0, lines), result)

    def test_no_line_wraps(self):
        """At a terminal the format for people does not either: test_help.py."""
        for args in (["--format=table"], ["--format=line"]):
            for servers in ([self.server], [self.server, NOWHERE]):
                result = self.query("--count=2", *args, *servers, status=len(servers) - 1)
                for line in result.stdout.splitlines():
                    self.assertLessEqual(len(line), 80, line)


class SummaryTest(SeriesTest):
    def test_it_is_that_of_the_rounds(self):
        *lines, last = self.query("--count=4", "--json", self.server).stdout.splitlines()
        lines = [json.loads(line) for line in lines]
        (summary,) = json.loads(last)["summary"]
        self.assertEqual([line["number"] for line in lines], [1, 2, 3, 4])
        delays = [s["delay_s"] for line in lines for s in line["samples"]]
        for got, values in ((summary["round_trip"], delays),
                            (summary["offset"], [line["offset_s"] for line in lines])):
            self.assertEqual(got["n"], len(values))
            self.assertAlmostEqual(got["mean_s"], statistics.mean(values), delta=2e-9)
            self.assertAlmostEqual(got["deviation_s"], statistics.stdev(values), delta=2e-9)
            self.assertEqual((got["least_s"], got["largest_s"]), (min(values), max(values)))
            self.assertEqual(got["p50_s"], sorted(values)[(len(values) - 1) // 2])
        self.assertEqual(summary["rounds"]["sent"], sum(line["rounds"]["sent"] for line in lines))

    def test_a_signal_ends_it_with_the_summary(self):
        for signo in (signal.SIGINT, signal.SIGTERM):
            client = self.launch_client("query", "-c", self.mine, "-i", "250ms", "--log", self.log,
                                        self.server)
            self.wait_until(lambda c=client: len(re.findall(" slow ", c.stdout)) >= 2,
                            "it measures", client)
            self.assertEqual(client.stop(signo), 0, client.stderr)
            self.assertRegex(client.stdout, r"\nstandard deviation +\S+ \S+ +\S+ \S+\n")
            shown = len(re.findall(r"\n\d\d:\d\d:\d\d\.", client.stdout))
            self.assertEqual(len(self.logged()), shown)
            Path(self.log).unlink()

    def test_it_goes_on_while_a_server_is_away(self):
        client = self.launch_client("query", "-c", self.mine, "-i", "250ms", self.server)
        self.wait_until(lambda: " slow " in client.stdout, "it measures", client)
        self.daemon.stop()
        self.wait_until(lambda: " unknown" in client.stdout, "it notices", client)
        self.start_lone_daemon("--port", str(self.daemon.port))
        before = client.stdout.count(" slow ")
        self.wait_until(lambda: client.stdout.count(" slow ") > before, "it goes on", client)
        self.assertEqual(client.stop(signal.SIGINT), 0, client.stderr)

    def test_nobody_answers(self):
        result = self.query("--count=2", NOWHERE, status=1)
        self.assertIn("measured 0 of 2 times", result.stdout)
        self.assertNotIn("standard deviation", result.stdout)

    def test_usage(self):
        for args, word in ((["-i", "249ms"], "from 250ms to 24h"), (["--count", "0"], "count"),
                           (["--format", "table", "--count", "x"], "count"),
                           (["--baseline", "alpha"], "HOST:PORT"),
                           (["--baseline", "127.0.0.1:7", "--count", "2"], "--baseline takes one"),
                           (["--baseline", "127.0.0.1:7", "-n", "9"], "at least"),
                           (["--log", "", self.server], "--log ''")):
            result = self.timesync("query", *args, self.server)
            self.assertEqual(result.status, 2, args)
            self.assertIn(word, result.stderr)


class LogTest(SeriesTest):
    def test_it_is_what_json_prints(self):
        printed = self.query("--count=2", "--json", "--log", self.log, self.server).json_lines
        self.assertEqual(self.logged(), printed[:-1])
        for line in printed[:-1]:
            self.assertAlmostEqual((line["system_ns"] - line["time_ns"]) / 1e6, 40, delta=0.01)

    def test_it_is_appended_to(self):
        for _ in range(2):
            self.query("--count=1", "--log", self.log, self.server)
        self.assertEqual([line["number"] for line in self.logged()], [1, 1])

    def test_one_that_cannot_be_written(self):
        result = self.query("--count=2", "--log=/dev/full", self.server, status=2)
        self.assertIn("measuring goes on, but the log is incomplete", result.stderr)

    def test_a_file_that_is_no_log(self):
        path = Path(self.path("other"))
        path.write_text("other\n", encoding="ascii")
        result = self.query("--count=2", "--log", path, self.server, status=2)
        self.assertIn("is not a log of timesync query", result.stderr)


class ReportTest(SeriesTest):
    def report(self, *args, status=0):
        result = self.timesync("report", *args, self.log)
        self.assertEqual(result.status, status, result)
        return result

    def test_the_same_summary(self):
        printed = self.query("--count=3", "--json", "--log", self.log, self.server).json_lines
        got = self.report("--json").json
        self.assertEqual(got["series"], printed[-1]["summary"])
        self.assertEqual((got["damaged"], got["truth"]), (0, None))
        self.assertEqual(got["begin_ns"], printed[0]["time_ns"])
        text = self.report().stdout
        self.assertIn("\n         3 measurements by timesync query\n", text)
        self.assertIn("\no measured\n", text)

    def test_several_servers(self):
        self.query("--count=3", "--log", self.log, self.server, NOWHERE, status=1)
        got = self.report("--json").json
        self.assertEqual([(s["host"], s["port"], s["measured"]) for s in got["series"]],
                         [("127.0.0.1", self.daemon.port, 3), ("127.0.0.1", 9, 0)])

    def test_the_truth(self):
        self.query("--count=3", "--log", self.log, self.server)
        truth = self.report("--truth=system", "--json").json["truth"]
        self.assertEqual((truth["measurements"], truth["beyond_bound"]), (3, 0))
        self.assertAlmostEqual(truth["offset_rms_s"], 0.04, delta=1e-6)
        self.assertIn("truth    known at 3 of 3 measurements", self.report("--truth=system").stdout)

    def test_the_picture(self):
        self.query("--count=3", "--log", self.log, self.server)
        path = Path(self.path("picture.svg"))
        result = self.report("--truth=system", "--plot", path, "--pdf", self.path("picture"))
        self.assertEqual(result.stderr, "")
        drawn = path.read_text(encoding="utf-8")
        for text in (self.server, "bound", "true offset", "round trip (us)", "slow +, fast - (ms)",
                     "Offset of the local clock, and round trips"):
            self.assertIn(f"<text>{text}</text>", drawn)
        # A mark for each: 3 offsets, 15 rounds, and 1 in the legend.
        self.assertEqual(len(re.findall("<use [^>]*translate", drawn)), 3 + 15 + 1)
        self.assertTrue(Path(self.path("picture")).read_bytes().startswith(b"%PDF-"))

    def test_damaged_lines(self):
        self.query("--count=2", "--log", self.log, self.server)
        one = Path(self.log).read_text(encoding="ascii").splitlines()[0]
        for wrong, why in (("{", "no JSON"), ("{}", "not a measurement of timesync query"),
                           (one.replace('"place":1', '"place":-1'), "not a measurement"),
                           (one.replace('"delay_s":', '"delay":'), "not a measurement"),
                           (one.replace('"127.0.0.1"', '"a\\u001b[1m"', 1), "not a measurement"),
                           (one[:60], "the last and was cut off")):
            with self.subTest(wrong[:40]):
                text = "\n".join([one, "", one, wrong]) + ("" if "cut" in why else "\n")
                Path(self.log).write_text(text, encoding="ascii")
                result = self.report("--json")
                self.assertEqual((result.json["damaged"], result.json["series"][0]["measured"]),
                                 (1, 2))
                self.assertRegex(result.stderr, f"line 4 is .*{why}|line 4 {why}|line 4 is {why}")

    def test_nothing_was_measured(self):
        self.query("--count=2", "--log", self.log, NOWHERE, status=1)
        self.assertIn("measured 0 of 2 times", self.report().stdout)
        result = self.report("--plot", self.path("picture.svg"), status=2)
        self.assertIn("nothing was measured", result.stderr)


class BaselineTest(SeriesTest):
    """What RPC adds to a plain echo."""

    WHERE = "127.0.0.1:5007"

    def start_echo(self):
        echo = self.start([program("lab/echo"), "--serve", self.WHERE])
        self.wait_until(lambda: "serving" in echo.stdout, "the echo serves", echo)

    def baseline(self, *args, where=WHERE, server=None, status=0):
        result = self.timesync("query", "--baseline", where, "-n", "40", *args,
                               server or self.server)
        self.assertEqual(result.status, status, result)
        return result

    def test_over_both_transports(self):
        self.start_echo()
        lines = self.baseline("--json").json_lines
        self.assertEqual([line["transport"] for line in lines], ["udp", "tcp"])
        for line in lines:
            added = line["added"]
            self.assertEqual((added["n"], line["rpc"]["lost"]), (40, 0))
            self.assertAlmostEqual(added["mean_s"], line["rpc"]["mean_s"] - line["echo"]["mean_s"],
                                   delta=5e-9)
            self.assertGreater(added["mean_error_s"], 0)
            self.assertLessEqual(added["p50_low_s"], added["p50_s"])
            self.assertLessEqual(added["p50_s"], added["p50_high_s"])
            self.assertGreater(ns(line["rpc"]["least_s"]), 0)

    def test_a_slow_server_is_seen(self):
        """20 ms on the way to the server: that is what RPC seems to add."""
        self.start_echo()
        relay = self.start_relay(self.daemon.addresses["udp"], "--delay-to-server", "20ms")
        (line,) = self.baseline("--json", "-t", "udp", "-n", "10",
                                server=host_port(relay.address)).json_lines
        self.assertGreater(line["added"]["least_s"], 0.01)
        low = line["added"]["mean_s"] - line["added"]["mean_error_s"]
        self.assertGreater(low, 0.015)

    def test_for_people(self):
        self.start_echo()
        text = self.baseline().stdout
        self.assertRegex(text, r"\nround trip +RPC +plain echo +RPC adds\nlost +0 +0 +40 pairs\n"
                               r"mean +\S+ \S+ +\S+ \S+ +\S+ \S+ \+/- \S+ \S+\n")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertEqual(line, line.rstrip())

    def test_no_echo(self):
        result = self.baseline("--json", status=1)
        self.assertEqual([set(line) for line in result.json_lines],
                         [{"host", "transport", "error"}] * 2)
        self.assertIn("refused: start 'timesync-lab echo' there", result.stderr)

    def test_one_that_is_no_echo(self):
        """A time server does not send back what it gets: over UDP it says nothing at all."""
        result = self.baseline("--timeout=20ms", where=self.server, status=1)
        self.assertRegex(result.stderr, "udp: .*too much is lost")
        self.assertRegex(result.stderr, "tcp: the plain echo at ")


if __name__ == "__main__":
    unittest.main()
