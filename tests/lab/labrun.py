# SPDX-License-Identifier: BSD-3-Clause
"""Running timesync-lab, for its tests."""

import csv
import os
import re
import subprocess
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import processes
from harness import SystemTest, program

SCENARIOS = Path(__file__).parents[2] / "lab" / "scenarios"
AT_ONCE = 4  # most of an experiment is waiting
LIMIT_S = 110


def lab(*args, timeout=LIMIT_S):
    return subprocess.run([program("timesync-lab"), *args], capture_output=True, text=True,
                          timeout=timeout, check=False)


def running():
    """Processes that an experiment has started."""
    return [pid for pid in processes.every()
            if b"TIMESYNC_LAB_RUN=" in processes.look(pid, "environ")]


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


class ShippedCase(SystemTest):
    """Some scenarios run once, overlapping; each test looks at what they have left."""

    TWICE = ()  # of these a second run, called "again"
    GROUPS = None  # whether those with groups or the others

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.out = tempfile.TemporaryDirectory(prefix="timesync-lab-test-")
        cls.addClassCleanup(cls.out.cleanup)
        scenarios = {path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
                     for path in sorted(SCENARIOS.glob("*.toml"))}
        cls.names = [name for name, content in scenarios.items()
                     if ("group" in content) == cls.GROUPS]
        runs = [(name, name) for name in cls.names] + [(name, "again") for name in cls.TWICE]
        # The longest first, so that none is left when all others have ended.
        runs.sort(key=lambda run: -float(scenarios[run[0]]["duration"].removesuffix("s")))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = list(pool.map(lambda run: cls.run_one(*run), runs))
        cls.done = {directory: one for (_, directory), one in zip(runs, done)}

    @classmethod
    def run_one(cls, name, directory):
        return lab("run", name, "--out", os.path.join(cls.out.name, directory), "--figures")

    def rows(self, name, file):
        """The rows of a file that an experiment has written."""
        with open(os.path.join(self.out.name, name, file), newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))

    def test_every_scenario_keeps_its_limits(self):
        self.assertGreaterEqual(len(self.names), 5)
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
                for part in ("limits kept", "samples.csv", "To explain", "What you see"):
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

    def test_nothing_is_left(self):
        self.assertEqual(running(), [])
