# SPDX-License-Identifier: BSD-3-Clause
"""The live page in Portuguese: each text has a translation, and no translation is left over.

tests/browser looks at the page itself.
"""

import re
import tomllib
import unittest
from html.parser import HTMLParser
from pathlib import Path

PAGE = Path(__file__).parents[2] / "lab/timesync_lab/page"
SCENARIOS = Path(__file__).parents[2] / "lab/scenarios"
STRING = r'"((?:[^"\\]|\\.)*)"'


def flat(text):
    return " ".join(text.split())


class Texts(HTMLParser):
    """What there is to read in a page, seen or heard."""

    def __init__(self, markup):
        super().__init__()
        self.found, self._skipped = set(), False
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self._skipped = tag == "title"
        self.found |= {value for name, value in attrs if name == "aria-label"}

    def handle_data(self, data):
        if data.strip() and not self._skipped:
            self.found.add(flat(data))


def table():
    """{English: Portuguese} of words.js."""
    source = (PAGE / "words.js").read_text(encoding="utf-8")
    pairs = source.partition("fromEntries([")[2].partition("\n]);")[0]
    joined = re.sub(r'"\s*\+\s*"', "", pairs)
    found = re.findall(rf"\[{STRING},\s*{STRING}\]", joined)
    assert len(found) == joined.count("["), "a row that is not read"
    return found


def said_by_scripts():
    """Every text that a script may say."""
    found = set()
    for script in PAGE.glob("*.js"):
        source = script.read_text(encoding="utf-8")
        if script.name != "words.js":
            found |= set(re.findall(rf"\bt\({STRING}", source))
            found |= set(re.findall(rf'"((?:[A-Z{{])[^"]*[.?])"', source))
    return found


def titles():
    """Those of the scenarios that ship."""
    return [tomllib.loads(path.read_text(encoding="utf-8"))["title"]
            for path in sorted(SCENARIOS.glob("*.toml"))]


class WordsTest(unittest.TestCase):
    def test_each_title_has_a_translation(self):
        wanted = titles()
        self.assertGreater(len(wanted), 10)
        self.assertEqual(set(wanted) - {english for english, _ in table()}, set())

    def test_each_text_of_the_page_has_a_translation(self):
        wanted = Texts((PAGE / "index.html").read_text(encoding="utf-8")).found
        self.assertGreater(len(wanted), 40)
        self.assertEqual(wanted - {english for english, _ in table()}, set())

    def test_each_text_of_a_script_has_a_translation(self):
        wanted = said_by_scripts()
        self.assertGreater(len(wanted), 25)
        self.assertEqual(wanted - {english for english, _ in table()}, set())

    def test_no_translation_is_left_over_or_twice(self):
        english = [english for english, _ in table()]
        self.assertEqual(len(english), len(set(english)))
        everything = "".join(path.read_text(encoding="utf-8") for path in sorted(PAGE.iterdir())
                             if path.name != "words.js")
        everything += (PAGE.parent / "live.py").read_text(encoding="utf-8")
        everything += (PAGE.parent / "world.py").read_text(encoding="utf-8")
        everything = flat(everything) + "".join(titles())
        self.assertEqual([e for e in english if e not in everything], [])

    def test_the_same_places_are_filled_in(self):
        for english, portuguese in table():
            with self.subTest(english):
                places = [sorted(set(re.findall(r"\{\d\}", text))) for text in (english, portuguese)]
                self.assertEqual(*places)


if __name__ == "__main__":
    unittest.main()
