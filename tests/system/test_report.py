# SPDX-License-Identifier: BSD-3-Clause
"""timesync report: its summary of a log, and its pictures."""

import json
import re
import unittest
from pathlib import Path

from harness import host_port, ns
from terminal import run_at_terminal
from tracklog import BEGIN_S, BOUND_NS, COUNTS, MS, US, Log, ReportTest, kept, seconds

MARKS = re.compile("[ox*]")


class SummaryTest(ReportTest):
    def test_a_clock_that_was_kept(self):
        got = self.json(kept())
        for name, expected in (
                ("polls", 25), ("measured", 23), ("unanswered", 2), ("contradictions", 0),
                ("without_majority", 0), ("runs", 1), ("restarts", 0), ("converged", 1),
                ("damaged", 0), ("damaged_lines", []), ("slowest_polls", 3),
                ("slowest_s", 29.5), ("begin_ns", BEGIN_S * 10**9 + 2_500 * MS),
                ("end_ns", (BEGIN_S + 24 * 16) * 10**9),
                ("rounds", dict.fromkeys(COUNTS, 25) | {"sent": 225, "received": 200}),
                ("servers", [{"host": "alpha", "port": 5542, "polls": 25, "answered": 23,
                              "outvoted": 0}]),
                ("rate", {"last_ppm": 50.0, "least_ppm": 50.0, "most_ppm": 52.0}),
                ("corrections", {"steps": 1, "largest_step_s": 2.5, "slews": 1,
                                 "largest_slew_s": 0.001, "refused": 0, "failed": 0,
                                 "correcting": 0, "correcting_s": 0, "furthest_s": 0}),
                ("hold_over", {"times": 1, "polls": 2, "total_s": 48.0,
                               "longest_s": 48.0, "max_error_s": 0.000100002,
                               "lasts": False})):
            self.assertEqual(got[name], expected, name)

    def test_how_offsets_spread(self):
        got = self.json(kept())
        self.assertEqual(got["before"], {
            "measurements": 2, "offset_p5_s": 0.001, "offset_p50_s": 0.001,
            "offset_p95_s": 2.5, "offset_furthest_s": 2.5,
            "max_error_p50_s": seconds(BOUND_NS), "max_error_largest_s": seconds(BOUND_NS),
            "delay_least_s": seconds(150 * US), "delay_p50_s": seconds(150 * US)})
        since = got["since"]
        self.assertEqual(since["measurements"], 21)
        self.assertEqual([ns(since[f"offset_{name}_s"]) // US
                          for name in ("p5", "p50", "p95", "furthest")], [1, 10, 19, -40])

    def test_for_people(self):
        got = self.report(kept())
        for line in ("time      2026-11-21 14:06:42 UTC to 2026-11-21 14:13:04 UTC, 6 min 22 s",
                     "servers   alpha port 5542: answered 23 of 25 polls",
                     "polls     23 measured, 2 unanswered, 0 without a majority,\n"
                     "          0 contradictory and discarded",
                     "packets   225 sent, 200 received, 25 lost, 25 late, 25 duplicate;\n"
                     "          25 rounds discarded",
                     "converged after 29.500000 s, at poll 3",
                     "offset, furthest    2.500000 s slow      40.000 us fast",
                     "bound, median       100.000 us           100.000 us",
                     "rate      50.000 ppm slow without correction at the end;\n"
                     "          since convergence from 50.000 ppm slow to 52.000 ppm slow",
                     "corrected 1 step, 2.500000 s forward; 1 slew, 1.000 ms forward;\n"
                     "          0 refused, 0 failed",
                     "hold-over 1 time, 48.000000 s in all, the longest 48.000000 s;\n"
                     "          bound at most 100.002 us"):
            self.assertIn(line + "\n", got)
        self.assertLessEqual(max(map(len, got.splitlines())), 80)
        self.assertRegex(got, r"^log +/\S+/log:\n +25 polls in 1 run\n")

    def test_what_is_not_known_is_said_to_be_unknown(self):
        log = Log()
        log.measured(MS, verdicts=None, rounds=None)
        log.unanswered(verdicts=None, rounds=None, estimate_error_s=None)
        log.lines[1] = json.dumps(json.loads(log.lines[1]) | {"estimate_error_s": None})
        got = self.report(log)
        for line in ("servers   unknown", "packets   unknown", "rate      unknown",
                     "converged never", "bound at most unknown; it lasts"):
            self.assertIn(line, got)
        self.assertRegex(got, r"offset, median +1\.000 ms slow +unknown\n")
        self.assertNotIn("92233", got)

    def test_what_chronyd_was_given(self):
        log = Log()
        steering = dict.fromkeys(("event", "action", "correction_s", "phase", "estimate_s",
                                  "estimate_error_s", "rate_ppm", "frequency_ppm",
                                  "next_poll_s"))
        for _ in range(5):
            log.measured(US, **steering)
        self.assertIn("corrected unknown: the measurements were given to chronyd",
                      self.report(log))
        got = self.json(log)
        self.assertEqual((got["corrections"], got["hold_over"], got["rate"], got["runs"]),
                         (None, None, None, 1))
        self.assertEqual(got["since"]["measurements"], 5)

    def test_a_server_that_is_false_and_one_named_twice(self):
        def verdicts(*names):
            return [{"host": host, "port": 0 if verdict in ("unmeasured", "no-majority") else 123,
                     "verdict": verdict} for host, verdict in names]
        log = Log()
        log.measured(0, verdicts=verdicts(("a", "truechimer"), ("b", "ahead"), ("a", "behind")))
        log.measured(0, verdicts=verdicts(("b", "truechimer"), ("a", "truechimer"),
                                          ("a", "unmeasured")))
        log.poll(offset_s=None, delay_s=None, max_error_s=None, event="no-answer",
                 phase="holding-over", verdicts=verdicts(("b", "no-majority")))
        got = self.json(log)
        self.assertEqual([(s["host"], s["polls"], s["answered"], s["outvoted"])
                          for s in got["servers"]],
                         [("a", 2, 2, 0), ("b", 3, 3, 1), ("a", 2, 1, 1)])
        self.assertEqual([s["port"] for s in got["servers"]], [123] * 3)
        self.assertEqual((got["without_majority"], got["unanswered"]), (1, 0))
        self.assertIn("b port 123: answered 3 of 3 polls, in 1 against the majority\n", self.report(log))

    def test_a_contradiction_and_a_restart(self):
        log = Log()
        for _ in range(5):
            log.measured(US)
        log.measured(3_600_000 * MS, event="contradiction", phase="holding-over")
        log.measured(3_600_000 * MS, event="restart")
        got = self.json(log)
        self.assertEqual((got["contradictions"], got["restarts"], got["converged"]), (1, 1, 1))
        self.assertEqual((got["before"]["measurements"], got["since"]["measurements"]), (1, 5))
        self.assertEqual(got["since"]["offset_furthest_s"], seconds(US))
        self.assertIn("after 1 of 2 starts", self.report(log))


class TrackedTest(ReportTest):
    """Logs that track itself has written."""

    def track(self, server, *args, log, status=0):
        result = self.timesync("track", "-c", self.clock_file, "--log", log, "-i", "250ms",
                               "--timeout", "100ms", *args, server)
        self.assertEqual(result.status, status, result)

    def test_what_track_logs(self):
        served = host_port(self.start_lone_daemon().addresses["udp"])
        self.clock_file, log = self.make_clock("-2.5s", "80"), self.path("log")
        self.track(served, "--count", "30", log=log)
        self.track("127.0.0.1:9", "--count", "2", log=log, status=1)
        got = self.timesync_json("report", log)
        self.assertEqual((got["polls"], got["measured"], got["unanswered"], got["runs"],
                          got["damaged"]), (32, 30, 2, 2, 0))
        self.assertEqual(got["corrections"]["steps"], 1)
        self.assertAlmostEqual(float(got["corrections"]["largest_step_s"]), 2.5, delta=0.01)
        self.assertAlmostEqual(float(got["before"]["offset_furthest_s"]), 2.5, delta=0.01)
        logged = [json.loads(line) for line in Path(log).read_text("ascii").splitlines()]
        self.assertEqual(got["rate"]["last_ppm"], logged[29]["rate_ppm"])
        self.assertLess(float(got["rate"]["last_ppm"]), 0)
        self.assertLess(abs(ns(got["since"]["offset_p50_s"])), MS)
        self.assertGreaterEqual(got["rounds"]["received"], 30 + 2 * 7)  # 8 at the start
        self.assertEqual([(s["host"], s["polls"], s["answered"]) for s in got["servers"]],
                         [("127.0.0.1", 32, 30)])

    def test_what_track_prints(self):
        served = host_port(self.start_lone_daemon().addresses["udp"])
        printed = self.timesync("track", "--json", "-c", self.make_clock(), "-i", "250ms",
                                "--count", "3", served).stdout
        self.assertEqual(self.json(printed)["polls"], 3)


class PictureTest(ReportTest):
    LEGEND = "o measured, x estimated while holding over, * both; "

    def picture(self, text):
        """The contents of the picture, and its lines."""
        _, legend, rest = text.replace("\r", "").partition(self.LEGEND)
        what, *lines = rest.splitlines() if legend else [""]
        return what, lines

    def test_since_convergence(self):
        what, lines = self.picture(self.report(kept()))
        self.assertIn("since convergence", what)
        field = [line.split("|", 1)[1] for line in lines[:-3]]
        marks = "".join(MARKS.findall("".join(field)))
        self.assertIn("x", marks)
        self.assertLess(marks.count("o"), 22)
        self.assertGreater(marks.count("o"), 10)
        self.assertRegex("\n".join(lines), r"(?m)^ *20 us slower -\|")
        self.assertIn("time since 2026-11-21 14:07:12 UTC", lines[-1])
        self.assertRegex(lines[-2], r"\d min")

    def test_all(self):
        for args in (["-a"], ["--all"]):
            what, lines = self.picture(self.report(kept(), *args))
            self.assertEqual(what, "all")
            self.assertRegex(lines[0], r"\| *o$|\|o")
            self.assertRegex("\n".join(lines), r"(?m)^ *2\.0 s slower -\|")
            self.assertIn("time since 2026-11-21 14:06:42 UTC", lines[-1])

    def test_a_clock_that_never_converged_is_drawn_all_the_same(self):
        log = Log()
        for i in range(6):
            log.measured((10 - i) * MS)
        self.assertEqual(self.picture(self.report(log))[0], "all")

    def test_it_takes_three_polls(self):
        log = Log()
        for drawn in (False, False, True):
            log.measured(US)
            self.assertEqual(bool(self.picture(self.report(log))[1]), drawn)

    def test_it_fits_the_terminal(self):
        log = self.write(kept())
        for columns, rows in ((60, 20), (132, 43)):
            status, got = run_at_terminal("report", log, columns=columns, rows=rows)
            self.assertEqual(status, 0, got)
            lines = self.picture(got)[1]
            self.assertEqual(len(lines), rows - 2)
            self.assertEqual(max(len(line) for line in lines), columns)

    def plot(self, log, *args, size=()):
        """The SVG, and the output."""
        path = Path(self.path("picture.svg"))
        result = self.timesync("report", "--plot", path, *args, *size, self.write(log))
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        return path.read_text(encoding="utf-8"), result.stdout

    def texts(self, drawn):
        return re.findall("<text>([^<]+)</text>", drawn)

    def assert_texts(self, drawn, *texts):
        for text in texts:
            self.assertIn(text, self.texts(drawn))

    def test_svg_png_and_pdf(self):
        log = self.write(kept())
        for kind, beginning in {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}.items():
            path = Path(self.path(f"picture.{kind}"))
            result = self.timesync("report", "--plot", path, log)
            self.assertEqual((result.status, result.stderr), (0, ""), result)
            self.assertTrue(path.read_bytes().startswith(beginning))
            self.assertIn("hold-over 1 time", result.stdout)
            self.assertEqual(self.picture(result.stdout)[1], [])
        other = Path(self.path("other"))
        result = self.timesync("report", "--pdf", other, log)
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        self.assertTrue(other.read_bytes().startswith(b"%PDF-"))

    def test_what_is_drawn(self):
        drawn, _ = self.plot(kept())
        self.assert_texts(drawn, "Offset of the local clock", "offset, measured", "bound",
                          "estimated while holding over", "round-trip delay", "slow +, fast - (us)",
                          "duration (us)", "rate (ppm)", "14:08", "time on 2026-11-21 (UTC)",
                          "2026-11-21 14:07:12 to 14:13:04 UTC, 5 min 52 s; 23 polls since convergence")
        self.assertNotIn("true offset", drawn)
        self.assertRegex(drawn, '<rect x="0" y="0" width="900" height="620" fill="#ffffff"/>')
        # A mark for each: 21 offsets and delays, 2 estimates; and 3 in the legends.
        self.assertEqual(len(re.findall("<use [^>]*translate", drawn)), 21 + 21 + 2 + 3)

    def test_a_start_that_would_flatten_the_rest(self):
        drawn, _ = self.plot(kept(), "--all")
        self.assert_texts(drawn, "slow +, fast -, logarithmic", "100 ms", "-100 us", "0")
        drawn, _ = self.plot(kept())
        self.assertNotIn("logarithmic", drawn)

    def test_sizes(self):
        drawn, _ = self.plot(kept(), size=["--size", "380x560"])
        self.assertRegex(drawn, 'width="380" height="560"')
        self.assert_texts(drawn, "2026-11-21 14:07 to 14:13 UTC")
        for size in ("380", "x", "100x100", "9000x9000", "380x560x", "-1x-1"):
            result = self.timesync("report", "--size", size, self.write(kept()))
            self.assertEqual(result.status, 2, size)
            self.assertIn("WIDTHxHEIGHT", result.stderr)

    def test_no_text_is_outside(self):
        """Every label begins and ends on the paper, wide or narrow."""
        for width, height in ((900, 620), (380, 560)):
            drawn, _ = self.plot(kept(), size=["--size", f"{width}x{height}"])
            found = re.findall(r'<g transform="translate\(([\d.-]+),([\d.-]+)\)( rotate\(270\))?"'
                               r'[^>]*font-size="([\d.]+)"[^>]*text-anchor="(\w+)">\s*'
                               r"<text>([^<]*)</text>", drawn)
            self.assertGreater(len(found), 15)
            for x, y, turned, font, anchor, text in found:
                length = 0.56 * float(font) * len(text)
                back = {"start": 0, "middle": 0.5, "end": 1}[anchor] * length
                at = float(y) - length + back if turned else float(x) - back
                with self.subTest(text, width=width):
                    self.assertGreaterEqual(at, -1)
                    self.assertLessEqual(at + length, 1 + (height if turned else width))

    def test_only_what_there_is_is_plotted(self):
        log = Log()
        for _ in range(4):
            log.measured(US, event=None)
        drawn, _ = self.plot(log, "--json")
        self.assertIn("offset, measured", drawn)
        self.assertNotIn("holding over", drawn)
        self.assertNotIn("uncorrected rate", drawn)

    def test_there_is_nothing_to_plot(self):
        log = Log()
        log.unanswered(phase="starting")
        path = Path(self.path("picture.svg"))
        result = self.timesync("report", "--plot", path, self.write(log))
        self.assertEqual(result.status, 2, result)
        self.assertIn("picture.svg: there is nothing to draw", result.stderr)
        self.assertFalse(path.exists())


class TruthTest(ReportTest):
    """The true offset, by the clocks themselves."""

    def track(self, log, clock, *args):
        served = self.make_clock("0.5s", drift="20", name="served")
        server = host_port(self.start_lone_daemon("-c", served).addresses["udp"])
        result = self.timesync("track", "-c", clock, "--log", log, "-i", "250ms", "--count", "12",
                               *args, server)
        self.assertEqual(result.status, 0, result)
        return served

    def test_of_track(self):
        log = self.path("log")
        served = self.track(log, self.make_clock("-2s", drift="80"))
        got = self.timesync_json("report", "--truth", served, log)["truth"]
        self.assertEqual(got["beyond_bound"], 0)
        self.assertGreaterEqual(got["measurements"], 3)
        self.assertLess(abs(got["offset_furthest_s"]), 3)
        text = self.timesync("report", "--truth", served, log).stdout
        self.assertRegex(text, r"(?m)^truth     known at \d+ of \d+ measurements: the local clock was$")
        path = Path(self.path("picture.svg"))
        result = self.timesync("report", "--all", "--truth", served, "--plot", path, log)
        self.assertEqual((result.status, result.stderr), (0, ""), result)
        self.assertIn("<text>true offset</text>", path.read_text(encoding="utf-8"))
        self.assertIsNone(self.timesync_json("report", log)["truth"])

    def test_a_clock_that_was_adjusted_since(self):
        log = self.path("log")
        served = self.track(log, self.make_clock("-2s"))
        self.assertEqual(self.timesync("clock", "adjust", "--step", "1ms", served).status, 0)
        self.assertIsNone(self.timesync_json("report", "--truth", served, log)["truth"])
        self.assertIn("truth     unknown: the clock was adjusted since",
                      self.timesync("report", "--truth", served, log).stdout)

    def test_a_wrong_claim(self):
        log = self.path("log")
        self.track(log, self.make_clock("-2s"))
        got = self.timesync_json("report", "--truth", "system", log)["truth"]
        self.assertEqual(got["beyond_bound"], got["measurements"])

    def test_a_log_that_does_not_say_when(self):
        got = self.timesync_json("report", "--truth", "system", self.write(kept()))
        self.assertIsNone(got["truth"])

    def test_no_such_clock(self):
        result = self.timesync("report", "--truth", self.path("none"), self.write(kept()))
        self.assertEqual(result.status, 2, result)
        self.assertIn("none: there is no such file", result.stderr)


if __name__ == "__main__":
    unittest.main()
