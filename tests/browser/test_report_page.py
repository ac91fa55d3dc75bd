# SPDX-License-Identifier: BSD-3-Clause
"""The report in a browser: its drawings, that nothing is fetched, and that it can be read."""

import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

from chromium import Browser  # noqa: E402
from harness import SystemTest  # noqa: E402
from labrun import lab  # noqa: E402

# Of each picture that is shown: its size, and how many lines and shapes it has drawn.
PICTURES = """
[...document.querySelectorAll('figure svg')].filter(s => s.checkVisibility()).map(s => {
	const box = s.getBoundingClientRect();
	const shapes = [...s.querySelectorAll('path, polygon, use, polyline')]
		.filter(p => { const b = p.getBoundingClientRect(); return b.width + b.height > 0
			&& b.right <= box.right + 1 && b.left >= box.left - 1; });
	const smallest = Math.min(...[...s.querySelectorAll('text')].map(
		t => parseFloat(getComputedStyle(t).fontSize) * box.width / s.viewBox.baseVal.width));
	return { label: s.getAttribute('aria-label'), width: box.width, left: box.left,
		shapes: shapes.length, smallest };
})
"""
CUT = """
[...document.querySelectorAll('.wide-table')].filter(t => t.scrollWidth > t.clientWidth + 1)
	.map(t => t.innerText.slice(0, 60))
"""


SCENARIOS = ("partition", "four-methods")


class ReportPageTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        out = tempfile.TemporaryDirectory(prefix="timesync-browser-")
        cls.addClassCleanup(out.cleanup)
        cls.out = out.name
        with ThreadPoolExecutor() as pool:  # both at once: most of an experiment is waiting
            cls.done = dict(zip(SCENARIOS, pool.map(cls.run_scenario, SCENARIOS)))
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def run_scenario(cls, name):
        return lab("run", name, "--out", f"{cls.out}/{name}", "--quiet")

    def check(self, scenario, labels):
        """The pictures are drawn; everything fits and can be read, wide and narrow, light and dark."""
        self.assertEqual(self.done[scenario].returncode, 0, self.done[scenario])
        self.browser.requests.clear()
        self.browser.open(f"file://{self.out}/{scenario}/report.html")
        for width in (360, 1000, 1600):
            self.browser.size(width)
            with self.subTest(width=width):
                self.assertLessEqual(self.browser.too_wide(), 0)
                pictures = self.browser.evaluate(PICTURES)
                self.assertEqual([p["label"] for p in pictures], labels)
                for picture in pictures:
                    self.assertGreater(picture["shapes"], 10, picture)
                    self.assertGreaterEqual(picture["left"], 0)
                    self.assertLessEqual(picture["left"] + picture["width"], width)
                    self.assertGreaterEqual(picture["smallest"], 9, picture)
                if width >= 1000:
                    self.assertEqual(self.browser.evaluate(CUT), [])
            for scheme in ("light", "dark") if width < 1600 else ():
                with self.subTest(width=width, scheme=scheme):
                    self.browser.scheme(scheme)
                    poor, texts = self.browser.poor_contrasts()
                    self.assertEqual(poor, [])
                    self.assertGreater(texts, 80)
        self.assertEqual([url for url in self.browser.requests if not url.startswith("file://")], [])
        self.assertEqual(len(self.browser.requests), 1)
        self.assertEqual(self.browser.problems, [])

    def test_of_a_group(self):
        self.check("partition", ["true error of every clock over time", "clocks against their median",
                                 "largest difference of the clocks"])

    def test_of_measurements(self):
        self.check("four-methods", ["distribution of round trips", "offset against delay",
                                    "errors of results"])


if __name__ == "__main__":
    unittest.main()
