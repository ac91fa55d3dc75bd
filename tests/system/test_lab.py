# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab: every scenario that ships keeps its limits, and leaves a report."""

import csv
import os
import re
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

from harness import SystemTest
from labrun import lab, running

SCENARIOS = Path(__file__).parents[2] / "lab" / "scenarios"
AT_ONCE = 6  # most of an experiment is waiting
TWICE = "leader-crash"  # with one seed


class Page(HTMLParser):
    """What a report contains, and what it would fetch."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.fetched, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for key, value in attrs:
            if key in ("src", "href", "xlink:href", "data") and not value.startswith("#"):
                self.fetched.append(value)

    def handle_data(self, data):
        self.text += data


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class ShippedTest(SystemTest):
    """All scenarios run once, overlapping; each test looks at what one has left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        cls.out = tempfile.TemporaryDirectory(prefix="timesync-lab-test-")
        cls.addClassCleanup(cls.out.cleanup)
        names = [path.stem for path in sorted(SCENARIOS.glob("*.toml"))]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            runs = {name: pool.submit(cls.run_one, name, name) for name in names}
            runs["again"] = pool.submit(cls.run_one, TWICE, "again")
            cls.done = {name: run.result() for name, run in runs.items()}
        cls.names = names

    @classmethod
    def run_one(cls, name, directory):
        return lab("run", name, "--out", os.path.join(cls.out.name, directory), "--figures")

    def test_every_scenario_keeps_its_limits(self):
        self.assertGreaterEqual(len(self.names), 13)
        for name in self.names:
            with self.subTest(name):
                done = self.done[name]
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertGreaterEqual(done.stdout.count("kept      "), 2)
                self.assertNotIn("NOT KEPT", done.stdout)

    def test_every_report_is_whole(self):
        for name in self.names:
            with self.subTest(name):
                text = Path(self.out.name, name, "report.html").read_text(encoding="utf-8")
                page = Page(text)
                self.assertEqual(page.fetched, [])
                self.assertNotIn("url(http", text)
                self.assertGreaterEqual(page.tags.count("figure"), 1)
                self.assertEqual(page.tags.count("svg"), 2 * page.tags.count("figure"))
                for part in ("limits kept", "samples.csv", "To explain", "What one sees"):
                    self.assertIn(part, page.text)
                ids = re.findall(r'\bid="([^"]+)"', text)
                self.assertEqual(len(ids), len(set(ids)))

    def test_every_picture_is_a_file_too(self):
        for name in self.names:
            out = Path(self.out.name, name)
            for svg in out.glob("*.svg"):
                with self.subTest(svg):
                    self.assertIn("<svg", svg.read_text(encoding="utf-8")[:500])
                    self.assertEqual(svg.with_suffix(".png").read_bytes()[:4], b"\x89PNG")
                    self.assertEqual(svg.with_suffix(".pdf").read_bytes()[:4], b"%PDF")

    def test_samples_are_the_clocks(self):
        samples = rows(os.path.join(self.out.name, "berkeley", "samples.csv"))
        self.assertGreater(len(samples), 30)
        self.assertAlmostEqual(float(samples[0]["c_error_s"]), 1200, delta=0.01)
        errors = [float(samples[-1][f"{n}_error_s"]) for n in "abcde"]
        self.assertAlmostEqual(float(samples[-1]["spread_s"]), max(errors) - min(errors), delta=1e-6)
        self.assertIn(samples[-1]["leader"], [*"abcde"])

    def test_one_seed_gives_the_same_events(self):
        events = [[(row["planned_s"], row["what"].split()[0]) for row in
                   rows(os.path.join(self.out.name, name, "events.csv"))]
                  for name in (TWICE, "again")]
        self.assertEqual(events[0], events[1])
        self.assertEqual([what for _, what in events[0]], ["kill", "restart"])
        starts = [[rows(os.path.join(self.out.name, name, "samples.csv"))[0][f"{n}_error_s"][:6]
                   for n in "bcde"] for name in (TWICE, "again")]
        self.assertEqual(starts[0], starts[1])
        self.assertEqual(self.done["again"].returncode, 0, self.done["again"].stdout)

    def test_nothing_is_left(self):
        self.assertEqual(running(), [])


if __name__ == "__main__":
    unittest.main()
