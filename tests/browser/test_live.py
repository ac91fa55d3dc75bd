# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab live in a browser: real processes are parted, healed, frozen, by mouse and keyboard."""

import glob
import os
import re
import sys
import time
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "lab"), str(Path(__file__).parents[2] / "lab")]

from chromium import Browser  # noqa: E402
from harness import SystemTest, program  # noqa: E402
from labrun import running  # noqa: E402
from test_lab_words import table  # noqa: E402
from timesync_lab.clockfile import ClockFile  # noqa: E402

TEXTS = """
(() => {
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const found = [...document.querySelectorAll("[aria-label]")].map(e => e.getAttribute("aria-label"));
	while (walker.nextNode()) {
		found.push(walker.currentNode.data.trim().replace(/\\s+/g, " "));
	}
	return found;
})()
"""
ROWS = "[...document.querySelectorAll('#clocks tr')].map(r => [...r.cells].map(c => c.textContent))"


class LiveTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.tmp = self.path("tmp")
        os.mkdir(self.tmp)
        self.lab = self.start(["env", f"TMPDIR={self.tmp}", program("timesync-lab"), "live",
                               "partition"])
        found = self.wait_until(lambda: re.search(r"http://127\.0\.0\.1:\d+/\S+/", self.lab.stdout),
                                "the address is printed", self.lab)
        self.address = found[0]
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        self.browser.size(1400, 1000)
        self.browser.open(self.address)

    def leaders(self):
        """{member: what the page says of its leader}."""
        return {row[0]: row[1] for row in self.browser.evaluate(ROWS)}

    def wait_for_leaders(self, right, what):
        """Wait until `right` is true of them; they."""
        end = time.monotonic() + 20
        while not right(self.leaders()):
            if time.monotonic() > end:
                self.fail(f"{what}: {self.leaders()}\n{self.lab.stderr}")
            time.sleep(0.05)
        return self.leaders()

    @staticmethod
    def one_leader(leaders):
        """All follow the one that leads."""
        leading = [name for name, said in leaders.items() if said.startswith("leads")]
        return len(leading) == 1 and all(
            name in leading or said.startswith(f"follows {leading[0]},")
            for name, said in leaders.items())

    def generations(self, names):
        """How often clocks were adjusted, from their files."""
        (directory,) = glob.glob(f"{self.tmp}/timesync-lab-*")
        return [ClockFile(f"{directory}/{name}.clock").line().generation for name in names]

    def part_by_keyboard(self, names):
        for name in names:
            self.browser.tab_to(f"#sides input[value={name}]")
            self.browser.press(" ")
        self.browser.tab_to("#part")
        self.browser.press("Enter")

    def check_parted(self, before):
        """The minority with the leader stops, the majority goes on."""
        leader = next(name for name, said in before.items() if said.startswith("leads"))
        minority = sorted([leader, next(name for name in before if name != leader)])
        majority = [name for name in before if name not in minority]
        self.part_by_keyboard(minority)
        self.browser.until("document.querySelector('#state').textContent.includes('is parted')",
                           "the page says that the network is parted")
        self.wait_for_leaders(
            lambda now: all(now[name] == "no leader" for name in minority)
            and self.one_leader({name: now[name] for name in majority}), "the minority stops")
        old = self.generations(minority), self.generations(majority)
        self.wait_until(lambda: all(a < b for a, b in zip(old[1], self.generations(majority))),
                        "the clocks of the majority are corrected", self.lab)
        self.assertEqual(self.generations(minority), old[0])

    def check_healed(self):
        self.browser.click("#heal")
        leaders = self.wait_for_leaders(self.one_leader, "one leader after the healing")
        self.assertEqual(len(leaders), 5)

    def check_a_frozen_clock(self):
        """A click on a clock in the picture chooses it."""
        self.browser.click("[data-node=b]")
        self.browser.until("document.querySelector('#node').value === 'b'", "b is chosen")
        self.browser.click("[data-do=freeze]")
        self.browser.until(f"({ROWS})[1][1] === 'frozen'", "b is frozen")
        self.browser.click("[data-do=thaw]")
        self.browser.until(f"/leads|follows/.test(({ROWS})[1][1])", "b runs again")

    def check_a_slider(self):
        self.browser.tab_to("#delay")
        for _ in range(3):
            self.browser.press("ArrowRight")
        self.browser.until("[...document.querySelectorAll('.link-text')].every(t => "
                           "t.textContent.startsWith('5.00 ms'))", "all links have 5 ms")

    def check_methods(self):
        """Four methods have answered, each within its bound."""
        rows = self.browser.until(
            "(() => { const rows = [...document.querySelectorAll('#methods tr')]"
            ".map(r => [...r.cells].map(c => c.textContent));"
            "return rows.length === 4 && rows.every(r => r.length === 5) && rows; })()",
            "four methods")
        self.assertEqual([row[0] for row in rows], ["mean", "cristian", "ntp", "minimum"])
        self.assertEqual({row[4] for row in rows}, {"yes"})

    def check_appearance(self):
        """Nothing is wider than the window, and every text can be read."""
        drawn = self.browser.evaluate(
            "[...document.querySelectorAll('#errors .line')].map(l => l.getAttribute('points')"
            ".split(' ').length)")
        self.assertEqual(len(drawn), 5)
        self.assertGreater(min(drawn), 50)
        self.browser.size(1280)
        cut = self.browser.evaluate("[...document.querySelectorAll('.wide-table')].filter("
                                    "t => t.scrollWidth > t.clientWidth).length")
        self.assertEqual(cut, 0, "tables that are cut off in a common window")
        for width in (360, 800, 1400):
            self.browser.size(width)
            self.assertLessEqual(self.browser.too_wide(), 0, width)
            for scheme in ("light", "dark"):
                with self.subTest(width=width, scheme=scheme):
                    self.browser.scheme(scheme)
                    poor, texts = self.browser.poor_contrasts()
                    self.assertEqual(poor, [])
                    self.assertGreater(texts, 80)
        unnamed = self.browser.evaluate(
            "[...document.querySelectorAll('input, select, button')].filter(e => !e.labels?.length "
            "&& !e.textContent.trim()).map(e => e.id)")
        self.assertEqual(unnamed, [])

    def check_portuguese(self):
        """The same page in the other language: nothing is left in English, and everything fits."""
        self.browser.open(self.address + "?lang=pt")
        self.browser.until("/ lidera no mandato /.test(document.querySelector('#state').textContent)",
                           "a leader, in Portuguese")
        self.browser.until("document.querySelectorAll('#methods tr').length", "methods")
        english = {text for text, translated in table() if text != translated}
        texts = set(self.browser.evaluate(TEXTS))
        self.assertIn("Os relógios agora", texts)
        self.assertEqual(texts & english, set())
        done = self.browser.evaluate("document.querySelector('#events').innerText")
        for words in ("dividir ", "unir", "congelar b", "enlace "):
            self.assertIn(words, done)
        self.assertEqual(self.browser.evaluate("document.documentElement.lang"), "pt-BR")
        for width in (360, 1400):
            self.browser.size(width)
            self.assertLessEqual(self.browser.too_wide(), 0, width)

    def test_it(self):
        self.browser.until("/ leads in term /.test(document.querySelector('#state').textContent)",
                           "a leader")
        before = self.wait_for_leaders(self.one_leader, "one leader")
        self.check_parted(before)
        self.check_healed()
        self.check_a_frozen_clock()
        self.check_methods()
        self.check_a_slider()
        self.check_appearance()
        self.check_portuguese()
        self.assertEqual([url for url in self.browser.requests if not url.startswith(self.address)],
                         ["about:blank"] * self.browser.requests.count("about:blank"))
        self.assertEqual(self.browser.problems, [])
        self.browser.click("#end")
        self.assertEqual(self.lab.wait(), 0, self.lab.stderr)
        self.assertEqual(running(), [])
        self.assertEqual(os.listdir(self.tmp), [])
        self.browser.until("document.querySelector('#state').textContent === 'O experimento terminou.'",
                           "the page says so")


if __name__ == "__main__":
    unittest.main()
