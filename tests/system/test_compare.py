# SPDX-License-Identifier: BSD-3-Clause
"""timesync compare: all methods on the same samples, the truth beside them, and the pictures."""

import re
import struct
import unittest
from pathlib import Path

import rawrpc
from fakeserver import FakeServer, honest
from harness import SystemTest, host_port, ns
from terminal import ALARM, run_at_terminal

METHODS = ["mean", "cristian", "ntp", "minimum"]
TRUTH_NS = 2_500_000_000


class CompareTest(SystemTest):
    """A server 1.7 s ahead of the system clock, and a local clock 0.8 s behind it."""

    def setUp(self):
        super().setUp()
        self.served = self.make_clock("1.7s", name="served")
        self.daemon = self.start_lone_daemon("-c", self.served)
        self.server = host_port(self.daemon.addresses["udp"])
        self.mine = self.make_clock("-0.8s", name="mine")

    def compare(self, *args, clock=None, server=None):
        return self.timesync_json("compare", "-c", clock or self.mine, *args,
                                  server or self.server)

    def people(self, *args, server=None):
        result = self.timesync("compare", "-c", self.mine, *args, server or self.server)
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.stderr, "")
        return result.stdout


def rows(text):
    """method -> the rest of its row, of a table for people."""
    return {row[0]: row[1] for row in re.findall(r"^(\w+) {2,}(.*)$", text, re.M)
            if row[0] in METHODS}


class MethodsTest(CompareTest):
    def test_all_are_there_and_within_their_bounds(self):
        answer = self.compare("--truth", self.served)
        self.assertEqual([m["method"] for m in answer["methods"]], METHODS)
        self.assertEqual(ns(answer["true_offset_s"]), TRUTH_NS)
        for method in answer["methods"]:
            self.assert_within_bound(method, TRUTH_NS)
            self.assertEqual(ns(method["true_error_s"]), ns(method["offset_s"]) - TRUTH_NS)
            self.assertEqual(ns(method["offset_after_s"]), TRUTH_NS - ns(method["correction_s"]))
            self.assertIs(method["within_bound"], True)

    def test_both_procedures_are_called_in_turn(self):
        for n in (1, 5, 12):
            answer = self.compare("-n", str(n))
            procedures = [s["procedure"] for s in answer["samples"]]
            self.assertEqual(procedures, ["GET_TIMESTAMPS", "GET_TIME"] * n)
            self.assertEqual(answer["rounds"]["received"], 2 * n)

    def test_each_is_made_of_the_samples_that_are_shown(self):
        relay = self.start_relay(self.daemon.addresses["udp"], "--delay", "0..4ms")
        answer = self.compare("-n", "8", server=host_port(relay.address))
        samples = {"GET_TIMESTAMPS": [], "GET_TIME": []}
        for s in answer["samples"]:
            samples[s["procedure"]].append((ns(s["delay_s"]), ns(s["offset_s"])))
            self.assertEqual(ns(s["delay_s"]), s["t4_ns"] - s["t1_ns"] - s["t3_ns"] + s["t2_ns"])
        found = {m["method"]: (ns(m["delay_s"]), ns(m["offset_s"])) for m in answer["methods"]}
        self.assertEqual(found["ntp"], min(samples["GET_TIMESTAMPS"]))
        rtt, offset = min(samples["GET_TIME"])
        self.assertEqual(found["cristian"], (rtt, offset))
        delays = [delay for delay, _ in samples["GET_TIMESTAMPS"]]
        mean = sum(delays) / len(delays)
        self.assertAlmostEqual(found["mean"][0], mean, delta=1)
        rtt, offset = samples["GET_TIME"][0]
        self.assertAlmostEqual(found["mean"][1], offset - rtt / 2 + mean / 2, delta=3)
        self.assertLessEqual(found["minimum"][0], min(delays))
        self.assertNotEqual(found["mean"][1], found["cristian"][1])

    def test_interleaved_and_tcp(self):
        self.compare("--interleaved", "--truth", self.served)
        address = self.daemon.addresses["tcp"]
        answer = self.compare("-t", "tcp", "--truth", self.served, server=host_port(address))
        self.assertEqual(answer["transport"], "tcp")
        self.assertTrue(all(m["within_bound"] for m in answer["methods"]), answer)

    def test_a_server_that_answers_no_get_time(self):
        def all_but_get_time(call):
            (proc,) = struct.unpack_from(">I", call, 20)
            return None if proc == rawrpc.GET_TIME else honest(call)

        fake = FakeServer(lambda call, n: [honest(call)], all_but_get_time)
        self.addCleanup(fake.close)
        answer = self.compare("--timeout=20ms", server=host_port(fake.address))
        by = {m["method"]: m for m in answer["methods"]}
        for method in ("mean", "cristian"):
            self.assertIn("GET_TIME", by[method]["error"])
            self.assertNotIn("offset_s", by[method])
        for method in ("ntp", "minimum"):
            self.assertNotIn("error", by[method])
        self.assertEqual(answer["rounds"]["lost"], 10)
        table = rows(self.people("--timeout=20ms", server=host_port(fake.address)))
        self.assertRegex(table["mean"], "^unknown +GET_TIME was not answered$")
        self.assertRegex(table["ntp"], " slow ")


class ActionTest(CompareTest):
    """The correction that compare shows is the one that sync would make."""

    def test_the_same_as_sync(self):
        slow = self.make_clock("1.65s", name="slow")
        for clock, args, action in ((self.mine, [], "step"), (self.mine, ["--slew"], "slew"),
                                    (slow, [], "slew"), (slow, ["--step"], "step"),
                                    (self.mine, ["--max-change=1s"], "refuse")):
            with self.subTest(clock=clock, args=args):
                answer = self.compare(*args, clock=clock)
                self.assertEqual({m["action"] for m in answer["methods"]}, {action})
                sync = self.timesync_json("sync", "--dry-run", "-c", clock, *args, self.server,
                                          status=3 if action == "refuse" else 0)
                self.assertEqual(sync["action"], action)
                self.assertEqual({m["reason"] for m in answer["methods"]}, {sync["reason"]})

    def test_nothing_is_set(self):
        before = self.clock(self.mine), self.clock(self.served)
        self.compare("--step")
        self.assertEqual((self.clock(self.mine), self.clock(self.served)), before)

    def test_in_words(self):
        for args, word in (([], "step"), (["--slew"], r"slew for \d+ min \d+ s"),
                           (["--max-change=1s"], "refuse")):
            for row in rows(self.people(*args)).values():
                self.assertRegex(row, rf"  {word}  ")


class TruthTest(CompareTest):
    def assert_truth(self, answer, low_ns, high_ns):
        self.assertTrue(low_ns <= ns(answer["true_offset_s"]) <= high_ns, answer)
        for method in answer["methods"]:
            self.assert_within_bound(method, ns(answer["true_offset_s"]))
            self.assertIs(method["within_bound"], True)

    def test_it_is_unknown_unless_the_user_says_what_is_served(self):
        answer = self.compare()
        self.assertIsNone(answer["true_offset_s"])
        for method in answer["methods"]:
            self.assertIsNone(method["true_error_s"])
            self.assertIsNone(method["within_bound"])
        text = self.people()
        self.assertIn("truth    unknown: --truth can name", text)
        for row in rows(text).values():
            self.assertRegex(row, " unknown$")

    def test_of_clocks_that_drift(self):
        fast = self.make_clock("1.7s", drift="4000", name="fast")
        slow = self.make_clock("-0.8s", drift="-3000", name="slow")
        daemon = self.start_lone_daemon("-c", fast)
        relay = self.start_relay(daemon.addresses["udp"], "--delay", "1ms..3ms")
        answer = self.compare("--truth", fast, clock=slow, server=host_port(relay.address))
        # 7 ms a second since both were made.
        self.assert_truth(answer, TRUTH_NS + 50_000, TRUTH_NS + 200_000_000)

    def test_the_system_clock_served(self):
        server = host_port(self.start_lone_daemon().addresses["udp"])
        answer = self.compare("--truth=system", server=server)
        self.assert_truth(answer, 800_000_000, 800_000_000)
        answer = self.timesync_json("compare", "--truth=system", server)
        self.assert_truth(answer, 0, 0)
        answer = self.timesync_json("compare", "--truth", self.served, self.server)
        self.assert_truth(answer, 1_700_000_000, 1_700_000_000)

    def test_in_words(self):
        text = self.people("--truth", self.served)
        self.assertIn("truth    local clock is 2.500000 s slow, if the server serves\n         "
                      + self.served, text)
        table = rows(text)
        self.assertEqual(list(table), METHODS)
        for row in table.values():
            self.assertRegex(row, r"^2\.(500|499)\d{3} s slow +\S+ \Ss +step +(exactly right|"
                                  r"\S+ \Ss (slow|fast))$")

    def test_a_wrong_claim_does_not_go_unnoticed(self):
        answer = self.compare("--truth=system")
        self.assertEqual(ns(answer["true_offset_s"]), 800_000_000)
        self.assertEqual({m["within_bound"] for m in answer["methods"]}, {False})
        text = self.people("--truth=system")
        for row in rows(text).values():
            self.assertRegex(row, r" 1\.(699|700)\d{3} s fast !$")
        self.assertIn("\n! the true offset is beyond the bound: ", text)
        self.assertNotIn("!", self.people("--truth", self.served))
        _, got = run_at_terminal("compare", "-c", self.mine, "--truth=system", self.server)
        self.assertEqual(got.count(ALARM), len(METHODS))

    def test_a_clock_that_is_adjusted_meanwhile(self):
        relay = self.start_relay(self.daemon.addresses["udp"], "--delay", "20ms")
        for clock, offset in ((self.mine, "-0.800001s"), (self.served, "1.700001s")):
            with self.subTest(clock):
                client = self.launch_client("compare", "--json", "-n10", "-c", self.mine,
                                            "--truth", self.served, host_port(relay.address))
                before = self.received()
                self.wait_until(lambda b=before: self.received() > b + 3, "it measures", client)
                result = self.timesync("clock", "adjust", clock, f"--offset={offset}")
                self.assertEqual(result.status, 0, result)
                self.assertEqual(client.wait(), 0, client.stderr)
                self.assertIn('"true_offset_s":null', client.stdout)

    @staticmethod
    def received():
        """How many datagrams have arrived in this network namespace."""
        text = Path("/proc/net/snmp").read_text(encoding="ascii")
        return int(re.findall(r"^Udp: (\d+)", text, re.M)[0])


class FailureTest(CompareTest):
    def test_no_answer(self):
        for args in ([], ["--truth=system"]):
            result = self.timesync("compare", "--json", *args, "127.0.0.1:9")
            self.assertEqual(result.status, 1, result)
            self.assertEqual(set(result.json), {"host", "error", "rounds"})
            self.assertIn("refused", result.stderr)

    def test_usage(self):
        for args, word in ((["127.0.0.1:9", "127.0.0.1:10"], "one argument too many"),
                           (["--method=ntp", "127.0.0.1:9"], "method"),
                           (["--format=classic", "127.0.0.1:9"], "format"),
                           (["--dry-run", "127.0.0.1:9"], "dry-run"),
                           (["--plot=picture", "127.0.0.1:9"], "picture.*svg"),
                           (["--plot=picture.gif", "127.0.0.1:9"], "picture.gif.*svg"),
                           (["--truth", self.path("none"), "127.0.0.1:9"], "none"),
                           (["--truth", "", "127.0.0.1:9"], "--truth '': must be")):
            with self.subTest(args):
                result = self.timesync("compare", *args)
                self.assertEqual(result.status, 2, result)
                self.assertRegex(result.stderr, word)
                self.assertEqual(result.stdout, "")


class TextPictureTest(CompareTest):
    MARKS = re.compile("[ox*]")

    def picture(self, text):
        """The lines of the scattergram, without the line that explains it."""
        head, legend, picture = text.partition("o GET_TIMESTAMPS, x GET_TIME, * both; offset ")
        self.assertIn("method ", head)
        return picture.replace("\r", "").splitlines()[1:] if legend else []

    def test_it_takes_twenty_rounds(self):
        self.assertEqual(self.picture(self.people("-n19")), [])
        self.assertEqual(len(self.picture(self.people("-n20"))), 22)

    def test_it_fits_24_lines_of_80_characters(self):
        lines = self.picture(self.people("-n50"))
        self.assertEqual(len(lines), 22)
        for line in lines:
            self.assertLessEqual(len(line), 80)
        field = [line.split("|", 1)[1] for line in lines[:-3]]
        marks = sum(len(self.MARKS.findall(line)) for line in field)
        self.assertTrue(1 <= marks <= 100, lines)
        self.assertRegex(lines[-2], r"\d (ns|us|ms|s)\b")
        self.assertIn("round-trip delay", lines[-1])
        self.assertTrue(any(re.match(r" *\S+ (ns|us|ms|s) (slower|faster) -\|", line)
                            for line in lines), lines)

    def test_it_fits_the_terminal(self):
        for columns, rows_ in ((60, 20), (132, 43), (500, 100)):
            with self.subTest(columns=columns, rows=rows_):
                status, got = run_at_terminal("compare", "-c", self.mine, "-n50", self.server,
                                              columns=columns, rows=rows_)
                self.assertEqual(status, 0, got)
                lines = self.picture(got)
                self.assertEqual(len(lines), min(rows_ - 2, 60))
                self.assertEqual(max(len(line) for line in lines), min(columns, 200))

    def test_it_is_drawn_against_the_truth_if_that_is_known(self):
        self.assertIn("offset against the truth\n", self.people("-n20", "--truth", self.served))
        self.assertIn("offset against the result of ntp\n", self.people("-n20"))

    def test_an_asymmetric_path_shows_beside_the_truth(self):
        """20 ms more to the server: every offset is 10 ms too large, and a clock set by it fast.

        A busy machine may hold up some of the replies for as long.
        """
        relay = self.start_relay(self.daemon.addresses["udp"], "--delay-to-server", "20ms")
        text = self.people("-n20", "--truth", self.served, server=host_port(relay.address))
        for row in rows(text).values():
            self.assertRegex(row, r" step +\d+\.\d+ ms fast$")
        lines = self.picture(text)[:-3]
        labels = [line.split("-|")[0].strip() for line in lines if "-|" in line]
        self.assertIn("slower", labels[0])
        zero = [i for i, line in enumerate(lines) if re.match(" *0 -\\|", line)]
        self.assertTrue(zero or all("slower" in label for label in labels), lines)
        below = lines[zero[0] + 1:] if zero else []
        marks, faster = (len(self.MARKS.findall("".join(part))) for part in (
            [line.split("|", 1)[1] for line in lines], [line.split("|", 1)[1] for line in below]))
        self.assertGreater(marks, 4 * faster)


class PlotTest(CompareTest):
    BEGINNINGS = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}

    def plot(self, path, *args, environment=None):
        return self.timesync("compare", "-c", self.mine, "--plot", path, *args, self.server,
                             environment=environment)

    def fake_gnuplot(self, script):
        """A PATH where gnuplot is that script; none at all if it is null."""
        directory = Path(self.path("bin"))
        directory.mkdir(exist_ok=True)
        if script:
            program = directory / "gnuplot"
            program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
            program.chmod(0o755)
        return {"PATH": str(directory)}

    def test_svg_and_png(self):
        for kind, beginning in self.BEGINNINGS.items():
            path = Path(self.path(f"picture.{kind}"))
            result = self.plot(path, "-n30")
            self.assertEqual((result.status, result.stderr), (0, ""), result)
            self.assertTrue(path.read_bytes().startswith(beginning))
            self.assertIn("method ", result.stdout)
            self.assertNotIn("o GET_TIMESTAMPS", result.stdout)
        drawn = Path(self.path("picture.svg")).read_text(encoding="utf-8")
        for text in ("round-trip delay (", "than the result of ntp (", "GET_TIMESTAMPS"):
            self.assertIn(text, drawn)
        self.assertGreaterEqual(drawn.count("<use "), 60)  # a mark a sample

    def test_beside_json(self):
        path = Path(self.path("picture.svg"))
        result = self.plot(path, "--json")
        self.assertEqual(len(result.json["samples"]), 10)
        self.assertTrue(path.exists())

    def test_a_name_is_never_taken_for_a_command(self):
        for name in ("a b'c\";`touch x`$(touch x).svg", "-e.svg", "|touch x.svg", "%d.svg"):
            with self.subTest(name):
                result = self.plot(Path(self.path(name)))
                self.assertEqual(result.status, 0, result)
                self.assertTrue(Path(self.path(name)).read_bytes().startswith(b"<?xml"))
        self.assertFalse(Path(self.path("x")).exists() or Path("x").exists())

    def test_without_gnuplot_its_package_is_named(self):
        path = Path(self.path("picture.svg"))
        result = self.plot(path, environment=self.fake_gnuplot(None))
        self.assertEqual(result.status, 2, result)
        self.assertRegex(result.stderr, r"picture\.svg: .*gnuplot.*package gnuplot-nox")
        self.assertEqual(list(rows(result.stdout)), METHODS)
        self.assertFalse(path.exists())

    def test_a_failure_leaves_the_old_picture(self):
        path = Path(self.path("picture.svg"))
        path.write_bytes(b"old")
        result = self.plot(path, environment=self.fake_gnuplot("echo half; exit 1"))
        self.assertEqual(result.status, 2, result)
        self.assertIn("gnuplot failed", result.stderr)
        self.assertEqual(path.read_bytes(), b"old")

    def test_what_gnuplot_writes_replaces_the_old_picture(self):
        path = Path(self.path("picture.svg"))
        path.write_bytes(b"a longer old one")
        result = self.plot(path, environment=self.fake_gnuplot("echo new"))
        self.assertEqual(result.status, 0, result)
        self.assertEqual(path.read_bytes(), b"new\n")

    def test_a_place_that_cannot_be_written(self):
        result = self.plot(Path(self.path("none/picture.svg")))
        self.assertEqual(result.status, 2, result)
        self.assertRegex(result.stderr, "none/picture.svg: .*No such file")


if __name__ == "__main__":
    unittest.main()
