# SPDX-License-Identifier: BSD-3-Clause
"""The bounds hold on a bad network: the measurements of docs/accuracy.md on a small scale."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from harness import SystemTest, host_port, ns

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "tests/bench"))

from methods import METHODS, SETTINGS, Answer, Network, outside, percentile  # noqa: E402

RUNS = 20
MS = 1_000_000
# A busy machine makes some rounds slow: these look for the quickest, the mean has to take them all.
CHOOSY = ("cristian", "ntp", "minimum")


class BoundTest(SystemTest):
    def answers(self, name):
        """method -> the answers of RUNS queries in that setting."""
        (setting,) = (s for s in SETTINGS if s.name == name)
        with Network(Path(os.environ["TIMESYNC_BUILD"]), setting) as network:
            found = {method: network.queries(method, RUNS) for method in METHODS}
        return {method: [a for a in answers if a] for method, answers in found.items()}

    def check(self, name, least=RUNS):
        """All errors are within their bounds, of at least so many answers to each method."""
        found = self.answers(name)
        for method, answers in found.items():
            with self.subTest(method):
                self.assertGreaterEqual(len(answers), least)
                for answer in answers:
                    self.assertLessEqual(abs(answer.error), answer.bound)
        return found

    def test_direct(self):
        found = self.check("direct")
        for method in CHOOSY:
            self.assertLess(percentile([a.bound for a in found[method]], 50), MS)

    def test_clean(self):
        found = self.check("clean")
        for method in CHOOSY:
            self.assertLess(percentile([a.bound for a in found[method]], 50), 2 * MS)

    def test_jitter(self):
        found = self.check("jitter")
        # The round trip takes 5 ms on average, so the quickest of five takes less.
        self.assertGreater(percentile([a.bound for a in found["mean"]], 50), MS)
        self.assertGreater(max(abs(a.error) for a in found["mean"]), MS / 2)

    def test_loss(self):
        found = self.check("loss", least=RUNS * 3 // 4)
        for answers in found.values():
            self.assertGreater(sum(a.lost for a in answers), RUNS)

    def test_asymmetry(self):
        found = self.check("asymmetry")
        for answers in found.values():
            self.assertTrue(all(a.bound >= 5 * MS for a in answers))
        for method in CHOOSY:
            median = percentile([a.error for a in found[method]], 50)
            self.assertTrue(-4.5 * MS < median < -1.5 * MS, median)

    def test_of_clocks_that_drift(self):
        """With --truth the program knows the truth of clocks for which it changes all the time."""
        served = self.make_clock("1.7s", drift="300", name="served")
        mine = self.make_clock("-0.8s", drift="-200", name="mine")
        daemon = self.start_lone_daemon("-c", served)
        for setting in SETTINGS:
            relay = self.start_relay(daemon.addresses["udp"], *(setting.relay or []))
            for _ in range(5):
                with self.subTest(setting.name):
                    answer = self.timesync_json("compare", "-n10", "-c", mine, "--truth", served,
                                                "--timeout=50ms", host_port(relay.address))
                    self.assertGreater(ns(answer["true_offset_s"]), 2500 * MS)
                    for method in answer["methods"]:
                        self.assert_within_bound(method, ns(answer["true_offset_s"]))


class DocumentTest(SystemTest):
    def tables(self, text):
        """setting -> method -> the figures, of the document."""
        tables = {}
        for title, body in re.findall(r"^## (\w+): (.*?)(?=^## |\Z)", text, re.M | re.S):
            rows = [line.strip("| ").split(" | ") for line in body.splitlines()
                    if line.startswith("| ")]
            tables[title.lower()] = {row[0]: [float(cell.replace(",", "")) for cell in row[1:]]
                                     for row in rows[1:]}
        return tables

    def check(self, text):
        tables = self.tables(text)
        self.assertEqual(list(tables), [s.name for s in SETTINGS])
        for rows in tables.values():
            self.assertEqual(list(rows), list(METHODS))
            for p5, median, p95, largest, bound, beyond, _ in rows.values():
                self.assertTrue(p5 <= median <= p95)
                self.assertTrue(largest >= max(abs(p5), abs(p95)))
                self.assertGreater(bound, 0)
                self.assertEqual(beyond, 0)

    def test_the_document_has_every_method_in_every_setting(self):
        text = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8")
        self.check(text)
        self.assertIn("1,000 queries for each method in each setting", text)

    def test_it_can_be_made_again(self):
        done = subprocess.run([sys.executable, ROOT / "tests/bench/methods.py", "--runs", "3",
                               "--build", os.environ["TIMESYNC_BUILD"]], text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.check(done.stdout)

    def test_an_error_beyond_its_bound_would_be_counted(self):
        self.assertEqual(outside([Answer(5, 5, 0, 6), Answer(-5, 5, 0, 6)]), 0)
        self.assertEqual(outside([Answer(6, 5, 0, 6), Answer(0, 5, 0, 6), Answer(-6, 5, 0, 6)]), 2)

    def test_percentiles(self):
        values = list(range(100, 0, -1))
        self.assertEqual([percentile(values, p) for p in (5, 50, 95)], [5, 50, 95])
        self.assertEqual([percentile([7], p) for p in (5, 50, 95)], [7, 7, 7])


if __name__ == "__main__":
    unittest.main()
